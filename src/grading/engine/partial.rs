//! `match`: whether an observation holds everything that a pattern names.

use serde_json::Value;

use crate::grading::text;

/// Differences that are told; more would not help a reader.
const TOLD: usize = 4;

/// Where `seen` lacks something of `pattern`, a line a difference; empty where it matches.
///
/// Maps: every key of the pattern must match. Lists: same length, element by element. Everything else: equality,
/// with numbers compared by value (`1` equals `1.0`).
#[must_use]
pub fn differences(pattern: &Value, seen: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", pattern, seen, &mut found);
    found
}

fn compare(path: &str, pattern: &Value, seen: &Value, found: &mut Vec<String>) {
    if found.len() >= TOLD {
        return;
    }
    match (pattern, seen) {
        (Value::Object(wanted), Value::Object(map)) => {
            for (key, value) in wanted {
                let inner = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                match map.get(key) {
                    Some(other) => compare(&inner, value, other, found),
                    None if found.len() < TOLD => found.push(format!("{} is absent", text::safe(&inner, 120))),
                    None => return,
                }
            }
        }
        (Value::Array(wanted), Value::Array(items)) if wanted.len() == items.len() => {
            for (index, (value, other)) in wanted.iter().zip(items).enumerate() {
                compare(&format!("{path}[{index}]"), value, other, found);
            }
        }
        (Value::Array(wanted), Value::Array(items)) => found.push(format!(
            "{} has {} elements, not {}",
            name(path),
            items.len(),
            wanted.len()
        )),
        _ if equal(pattern, seen) => {}
        _ => found.push(format!("{} is {}", name(path), text::compact(seen))),
    }
}

fn name(path: &str) -> String {
    if path.is_empty() {
        "it".to_owned()
    } else {
        text::safe(path, 120)
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b
                || match (a.as_i64(), b.as_i64(), a.as_f64(), b.as_f64()) {
                    (Some(a), Some(b), _, _) => a == b,
                    (_, _, Some(a), Some(b)) => a.total_cmp(&b).is_eq(),
                    _ => false,
                }
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::grading::engine::tests::any_json;

    #[test]
    fn matches_what_is_named() {
        let seen = json!({"a": {"b": 1, "c": 2}, "list": ["x", "y"]});
        assert!(differences(&json!({"a": {"b": 1.0}}), &seen).is_empty());
        assert_eq!(differences(&json!({"a": {"d": 1}}), &seen), ["a.d is absent"]);
        assert_eq!(differences(&json!({"a": {"b": 3}}), &seen), ["a.b is 1"]);
        assert_eq!(
            differences(&json!({"list": ["x"]}), &seen),
            ["list has 2 elements, not 1"]
        );
        assert_eq!(differences(&json!({"list": ["y", "y"]}), &seen), ["list[0] is x"]);
        assert_eq!(differences(&json!([]), &json!(3)), ["it is 3"]);
    }

    proptest! {
        #[test]
        fn everything_matches_itself(value in any_json()) {
            prop_assert_eq!(differences(&value, &value), Vec::<String>::new());
        }
    }
}
