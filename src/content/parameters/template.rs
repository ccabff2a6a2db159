//! `${name}` in texts: found after the YAML was read, so that no value can change a document's shape.

use std::ops::Range;

use serde_json::Value;

use crate::model::Parameters;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    Text(&'t str),
    /// `${name}` and where it stands.
    Name(&'t str, Range<usize>),
    /// `$${`: a literal `${`.
    Escaped,
    /// `${` that no name and `}` follow.
    Broken(Range<usize>),
}

/// The parts of a text.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${").map(|found| at + found) {
        if text[..found].ends_with('$') && found > at {
            if found - 1 > at {
                pieces.push(Piece::Text(&text[at..found - 1]));
            }
            pieces.push(Piece::Escaped);
            at = found + 2;
            continue;
        }
        if found > at {
            pieces.push(Piece::Text(&text[at..found]));
        }
        let rest = &text[found + 2..];
        let name = rest
            .find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
            .map_or(rest, |end| &rest[..end]);
        if !name.is_empty() && rest[name.len()..].starts_with('}') {
            let end = found + 2 + name.len() + 1;
            pieces.push(Piece::Name(name, found..end));
            at = end;
        } else {
            pieces.push(Piece::Broken(found..found + 2 + name.len()));
            at = found + 2;
        }
    }
    if at < text.len() {
        pieces.push(Piece::Text(&text[at..]));
    }
    pieces
}

/// The text with its parameters filled in; what is no parameter stays as it is.
#[must_use]
pub fn fill_text(text: &str, parameters: &Parameters) -> String {
    if !text.contains("${") {
        return text.to_owned();
    }
    let mut filled = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Escaped => filled.push_str("${"),
            Piece::Broken(span) => filled.push_str(&text[span.start..span.start + 2]),
            Piece::Name(name, span) => match parameters.get(name) {
                Some(Value::String(value)) => filled.push_str(value),
                Some(value) => filled.push_str(&value.to_string()),
                None => filled.push_str(&text[span]),
            },
        }
    }
    filled
}

/// A JSON value with its texts filled in; a text that is nothing but a parameter becomes its value, a number a number.
pub fn fill_value(value: &Value, parameters: &Parameters) -> Value {
    match value {
        Value::String(text) => match pieces(text).as_slice() {
            [Piece::Name(name, _)] => parameters.get(*name).cloned().unwrap_or_else(|| value.clone()),
            _ => Value::String(fill_text(text, parameters)),
        },
        Value::Array(list) => list.iter().map(|item| fill_value(item, parameters)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), fill_value(value, parameters)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parameters() -> Parameters {
        [("seed".to_owned(), json!(7)), ("name".to_owned(), json!("amber-otter"))].into()
    }

    #[test]
    fn names_are_filled_in() {
        for (text, wanted) in [
            ("--seed=${seed}", "--seed=7"),
            ("${name}${name}", "amber-otteramber-otter"),
            ("$${seed} ${other} ${", "${seed} ${other} ${"),
            ("$$${seed}", "$${seed}"),
            ("a ${HOME} é", "a ${HOME} é"),
            ("no", "no"),
        ] {
            assert_eq!(fill_text(text, &parameters()), wanted, "{text}");
        }
        assert_eq!(
            fill_value(&json!({"a": ["${seed}", "x${seed}"], "${seed}": null}), &parameters()),
            json!({"a": [7, "x7"], "${seed}": null})
        );
    }

    proptest! {
        #[test]
        fn any_text_can_be_filled(text in "[$ {}a-zé]{0,20}") {
            drop(fill_text(&text, &parameters()));
        }
    }
}
