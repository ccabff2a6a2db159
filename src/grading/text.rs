//! Text that came from a learner's work, made safe and short enough to be shown.
//!
//! Never decides anything: it escapes what could deceive or disturb a reader and cuts what is too long.

use std::fmt::Write as _;

use serde_json::Value;

/// Longest line that a finding or an evidence shows, in characters.
pub const LINE: usize = 400;

/// Longest single string inside a compact value, in characters.
const INNER: usize = 120;

/// Elements of a list, and keys of a map, that a compact value shows.
const ITEMS: usize = 12;

/// Depth to which a compact value is shown.
const DEPTH: usize = 4;

/// `text` with control characters and direction overrides written out (`\n`, `\u{202e}`), and at most `longest`
/// characters; what is cut off is marked by `…`.
#[must_use]
pub fn safe(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len().min(longest.saturating_mul(2)));
    for (length, character) in text.chars().enumerate() {
        if length >= longest {
            out.push('…');
            break;
        }
        push_safe(&mut out, character);
    }
    out
}

/// As [`safe`], but line breaks stay: for text of several lines that is shown as such.
#[must_use]
pub fn safe_lines(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len().min(longest.saturating_mul(2)));
    for (length, character) in text.chars().enumerate() {
        if length >= longest {
            out.push('…');
            break;
        }
        if character == '\n' {
            out.push('\n');
        } else {
            push_safe(&mut out, character);
        }
    }
    out
}

fn push_safe(out: &mut String, character: char) {
    match character {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if is_deceptive(character) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        }
        _ => out.push(character),
    }
}

/// Control characters, direction marks and overrides (Unicode's `Bidi_Control`), invisible joiners, tags, and the
/// separators that browsers break lines at.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A value as a person would jot it down: strings bare when alone, few elements, one line, at most [`LINE`] characters.
#[must_use]
pub fn compact(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::String(text) => safe(text.trim_end_matches('\n'), LINE),
        _ => {
            let mut out = String::new();
            write_value(&mut out, value, DEPTH);
            cut(out)
        }
    }
}

/// `text` cut to [`LINE`] characters; it must be safe already.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LINE) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn write_value(out: &mut String, value: &Value, depth: usize) {
    if out.len() > LINE * 4 {
        out.push('…');
        return;
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => {
            let _ = write!(out, "{flag}");
        }
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(text) => {
            out.push('"');
            out.push_str(&safe(text, INNER));
            out.push('"');
        }
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Object(map) if map.is_empty() => out.push_str("{}"),
        Value::Array(items) if depth == 0 => {
            let _ = write!(out, "[{} elements]", items.len());
        }
        Value::Object(map) if depth == 0 => {
            let _ = write!(out, "{{{} keys}}", map.len());
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().take(ITEMS).enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_value(out, item, depth - 1);
            }
            if items.len() > ITEMS {
                let _ = write!(out, ", … {} more", items.len() - ITEMS);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().take(ITEMS).enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.push_str(&safe(key, INNER));
                out.push_str(": ");
                write_value(out, item, depth - 1);
            }
            if map.len() > ITEMS {
                let _ = write!(out, ", … {} more", map.len() - ITEMS);
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn shows_what_would_deceive() {
        assert_eq!(safe("a\u{1b}[31mb\u{202e}c\n", 99), "a\\u{1b}[31mb\\u{202e}c\\n");
        assert_eq!(safe("abcdef", 3), "abc…");
        assert_eq!(safe_lines("a\nb\u{7}", 99), "a\nb\\u{7}");
    }

    #[test]
    fn is_compact() {
        assert_eq!(
            compact(&json!({"auc": 0.5, "names": ["a", "b"]})),
            "{auc: 0.5, names: [\"a\", \"b\"]}"
        );
        assert_eq!(compact(&json!("hello\n")), "hello");
        assert_eq!(compact(&json!("")), "an empty text");
        assert!(compact(&json!(vec![1; 40])).ends_with(", … 28 more]"));
    }

    proptest! {
        #[test]
        fn is_safe_and_capped(text in ".*", longest in 0_usize..50) {
            let shown = safe(&text, longest);
            prop_assert!(!shown.chars().any(is_deceptive));
            prop_assert!(shown.chars().count() <= longest * 10 + 1);
        }
    }
}
