//! Puts what was printed into a lesson in place of what it shows. Nothing but lines of output changes. Pure.

use std::ops::Range;

use crate::model::lesson::Printed;

/// Lines that take the place of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the file.
    pub place: Range<usize>,
    /// With what stands before each line, and line breaks.
    pub text: String,
}

impl Edit {
    /// What would show these lines; the sentence says why they cannot be shown.
    ///
    /// # Errors
    /// Where a lesson that showed them would read otherwise.
    pub(super) fn of(shown: &Printed, printed: &[String], in_console: bool) -> Result<Self, String> {
        for line in printed {
            if line.chars().any(|c| c.is_control() && c != '\t') {
                return Err("it prints control characters, which a lesson cannot show: switch colours off".into());
            }
            if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
                return Err("it prints a line that would end the block".into());
            }
            if in_console && (line.starts_with("$ ") || line == "$") {
                return Err("it prints a line that would be read as a command".into());
            }
        }
        let mut text = String::new();
        let exit = (shown.exit != 0).then(|| format!("(exit {})", shown.exit));
        for line in printed.iter().chain(&exit) {
            text.push_str(format!("{}{line}", shown.prefix).trim_end());
            text.push('\n');
        }
        Ok(Self {
            place: shown.place.clone(),
            text,
        })
    }
}

/// The text with all edits; places that do not fit the text are left alone.
#[must_use]
pub fn apply<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> String {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| edit.place.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        if edit.place.start < at || text.get(edit.place.clone()).is_none() {
            continue;
        }
        out.push_str(&text[at..edit.place.start]);
        out.push_str(&edit.text);
        at = edit.place.end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(place: Range<usize>, prefix: &str, exit: i32) -> Printed {
        Printed {
            lines: Vec::new(),
            exit,
            place,
            prefix: prefix.into(),
            line: 1,
        }
    }

    #[test]
    fn only_output_changes() {
        let text = "> ```console\n> $ a\n> old\n> $ b\n> ```\n";
        let old = text.find("> old").unwrap();
        let none = text.find("> ```\n").unwrap();
        let edits = [
            Edit::of(
                &printed(none..none, "> ", 2),
                &["oh".into(), String::new(), "no".into()],
                true,
            )
            .unwrap(),
            Edit::of(&printed(old..old + 6, "> ", 0), &["new".into()], true).unwrap(),
        ];
        assert_eq!(
            apply(text, &edits),
            "> ```console\n> $ a\n> new\n> $ b\n> oh\n>\n> no\n> (exit 2)\n> ```\n"
        );
        assert_eq!(apply(text, []), text);
    }

    #[test]
    fn what_would_read_otherwise_is_refused() {
        for line in ["$ rm", "```", "  ```x", "\u{1b}[31mred"] {
            assert!(Edit::of(&printed(0..0, "", 0), &[line.into()], true).is_err(), "{line}");
        }
        assert!(Edit::of(&printed(0..0, "", 0), &["$ rm".into()], false).is_ok());
    }

    #[test]
    fn places_that_do_not_fit_are_left_alone() {
        let edit = |place| Edit {
            place,
            text: "x".into(),
        };
        assert_eq!(apply("aé", &[edit(2..3), edit(1..9)]), "aé");
        assert_eq!(apply("abc", &[edit(0..2), edit(1..3)]), "xc");
    }
}
