//! What stands after a fence: a language, then attributes `file=NAME` and `norun="REASON"`.

use std::ops::Range;

use crate::base::nearest;

/// The attributes that there are.
const KNOWN: [&str; 2] = ["file", "norun"];
/// The longest name of a file.
const LONGEST_NAME: usize = 120;

/// What was read; what is wrong is left out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::content) struct Info {
    /// In lower case; empty where there is none.
    pub language: String,
    pub file: Option<String>,
    pub norun: Option<String>,
}

/// What is wrong with it, at bytes of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::content) struct Wrong {
    pub span: Range<usize>,
    pub message: String,
    pub help: String,
}

/// Reads the text after a fence.
pub(in crate::content) fn read(text: &str) -> (Info, Vec<Wrong>) {
    let mut info = Info::default();
    let mut wrong = Vec::new();
    let mut at = 0;
    let (word, end) = word(text, at);
    info.language = word
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '#'))
        .take(32)
        .collect::<String>()
        .to_lowercase();
    at = end;
    while let Some(found) = attribute(text, at) {
        at = found.span.end;
        match take(&mut info, &found) {
            Ok(()) => {}
            Err((message, help)) => wrong.push(Wrong {
                span: found.span,
                message,
                help,
            }),
        }
    }
    if info.file.is_some() && info.norun.is_some() {
        wrong.push(Wrong {
            span: 0..text.len(),
            message: "a block that is written to a file is not run, so it has no reason to give".into(),
            help: "leave `norun=` out".into(),
        });
    }
    (info, wrong)
}

struct Attribute<'t> {
    span: Range<usize>,
    name: &'t str,
    value: Option<Value<'t>>,
}

enum Value<'t> {
    Whole(&'t str),
    /// Its quotation mark is never closed.
    Open,
}

/// The word from there on, and where it ends.
fn word(text: &str, from: usize) -> (&str, usize) {
    let start = from + (text[from..].len() - text[from..].trim_start().len());
    let end = text[start..]
        .find(char::is_whitespace)
        .map_or(text.len(), |length| start + length);
    (&text[start..end], end)
}

fn attribute(text: &str, from: usize) -> Option<Attribute<'_>> {
    let start = from + (text[from..].len() - text[from..].trim_start().len());
    let rest = &text[start..];
    if rest.is_empty() {
        return None;
    }
    let name_ends = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
    let name = &rest[..name_ends];
    let Some(value) = rest[name_ends..].strip_prefix('=') else {
        return Some(Attribute {
            span: start..start + name_ends,
            name,
            value: None,
        });
    };
    let value_at = start + name_ends + 1;
    let (value, end) = if let Some(quoted) = value.strip_prefix('"') {
        match quoted.find('"') {
            Some(length) => (Value::Whole(&quoted[..length]), value_at + length + 2),
            None => (Value::Open, text.len()),
        }
    } else {
        let length = value.find(char::is_whitespace).unwrap_or(value.len());
        (Value::Whole(&value[..length]), value_at + length)
    };
    Some(Attribute {
        span: start..end,
        name,
        value: Some(value),
    })
}

fn take(info: &mut Info, found: &Attribute<'_>) -> Result<(), (String, String)> {
    let name = found.name;
    let slot = match name {
        "file" => &mut info.file,
        "norun" => &mut info.norun,
        _ => {
            let help = match nearest(name, KNOWN) {
                Some(near) => format!("did you mean `{near}=`?"),
                None => "a block can have `file=NAME` and `norun=\"REASON\"`".into(),
            };
            return Err((format!("a block of code has no `{name}`"), help));
        }
    };
    let value = match found.value {
        None => return Err((format!("`{name}` has no value"), example(name))),
        Some(Value::Open) => {
            return Err((
                format!("the quotation mark of `{name}=` is never closed"),
                "close it on the same line".into(),
            ));
        }
        Some(Value::Whole(value)) => value.trim(),
    };
    if value.is_empty() {
        return Err((format!("`{name}` has no value"), example(name)));
    }
    if slot.is_some() {
        return Err((format!("`{name}` stands here twice"), "remove one of them".into()));
    }
    if name == "file"
        && let Some(what) = no_name(value)
    {
        return Err((format!("`{value}` {what}"), example(name)));
    }
    *slot = Some(value.to_owned());
    Ok(())
}

fn example(name: &str) -> String {
    match name {
        "file" => "name a file of the workspace: `file=leaks.py`".into(),
        _ => "say why it does not run: `norun=\"an excerpt of the lab's compose file\"`".into(),
    }
}

/// Why this is no name of a file in the workspace.
fn no_name(path: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    if path.len() > LONGEST_NAME {
        Some("is longer than a name may be")
    } else if !path.chars().all(plain) {
        Some("has more in it than letters, digits, `.`, `_`, `-` and `/`")
    } else if path.starts_with('/') || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        Some("does not stay in the workspace")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read() {
        let (info, wrong) = read("Python file=src/leaks.py");
        assert_eq!(
            (info.language.as_str(), info.file.as_deref()),
            ("python", Some("src/leaks.py"))
        );
        assert!(wrong.is_empty());
        let (info, wrong) = read("yaml norun=\"an excerpt, with = in it\"");
        assert_eq!(info.norun.as_deref(), Some("an excerpt, with = in it"));
        assert!(wrong.is_empty());
        assert_eq!(read("").0, Info::default());
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (text, place, words) in [
            ("python fil=a.py", "fil=a.py", "did you mean `file=`?"),
            ("python file", "file", "file=leaks.py"),
            ("python file=", "file=", "file=leaks.py"),
            ("python file=../a", "file=../a", "file=leaks.py"),
            ("python file=/etc/passwd", "file=/etc/passwd", "file=leaks.py"),
            ("python file=a//b", "file=a//b", "file=leaks.py"),
            ("python file=\"a b\"", "file=\"a b\"", "file=leaks.py"),
            ("yaml norun=\"open", "norun=\"open", "close it"),
            ("yaml norun=\"\"", "norun=\"\"", "say why"),
            ("yaml file=a file=b", "file=b", "remove one"),
            ("yaml file=a norun=b", "yaml file=a norun=b", "leave `norun=` out"),
            ("python {.numberLines}", "{.numberLines}", "can have"),
        ] {
            let (_, wrong) = read(text);
            assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
            assert_eq!(&text[wrong[0].span.clone()], place);
            assert!(wrong[0].help.contains(words), "{text}: {}", wrong[0].help);
        }
    }
}
