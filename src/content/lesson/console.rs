//! A block of commands and their output, as a terminal shows them: `$ ` begins a command, `> ` goes on with one that is
//! not finished, everything else is output.

use std::collections::VecDeque;
use std::iter::Peekable;
use std::str::Chars;

/// What a line of such a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::content) enum Line {
    /// `$ …`
    Command,
    /// `> …` after a command that is not finished.
    More,
    /// A command is not finished, and this does not go on with it as it should.
    Loose,
    Output,
}

impl Line {
    /// How many bytes its prompt has.
    pub fn prompt(self, line: &str) -> usize {
        match self {
            Self::Command | Self::More => line.trim_end_matches('\n').len().min(2),
            Self::Loose | Self::Output => 0,
        }
    }
}

/// What each line is.
pub(in crate::content) fn lines(text: &str) -> Vec<Line> {
    let mut command = String::new();
    let mut open = false;
    let mut out = Vec::new();
    for line in text.lines() {
        let is_at = |prompt: &str| line.starts_with(prompt) || line == prompt.trim_end();
        let kind = if open && is_at("> ") {
            Line::More
        } else if open && !is_at("$ ") {
            Line::Loose
        } else if is_at("$ ") {
            command.clear();
            Line::Command
        } else {
            Line::Output
        };
        if kind != Line::Output {
            if kind != Line::Command {
                command.push('\n');
            }
            command.push_str(&line[kind.prompt(line)..]);
            open = is_unfinished(&command);
        }
        out.push(kind);
    }
    out
}

/// Whether bash would ask for another line: a quotation mark is open, a here-document has no end, or the line ends in
/// a backslash.
fn is_unfinished(command: &str) -> bool {
    let mut chars = command.chars().peekable();
    let mut documents: VecDeque<Document> = VecDeque::new();
    let mut at_word = true;
    while let Some(c) = chars.next() {
        let begins_word = std::mem::replace(&mut at_word, c.is_whitespace() || matches!(c, ';' | '|' | '&' | '('));
        match c {
            '\\' if chars.next().is_none() => return true,
            '\'' if !chars.by_ref().any(|c| c == '\'') => return true,
            '"' if !skip_double(&mut chars) => return true,
            '#' if begins_word => while chars.next_if(|c| *c != '\n').is_some() {},
            '<' if chars.next_if_eq(&'<').is_some() && chars.next_if_eq(&'<').is_none() => {
                documents.extend(Document::read(&mut chars));
            }
            '\n' => {
                while let Some(document) = documents.pop_front() {
                    if !document.skip(&mut chars) {
                        return true;
                    }
                }
            }
            _ => {}
        }
    }
    !documents.is_empty()
}

/// To the end of a text in double quotation marks; `false` where there is none.
fn skip_double(chars: &mut Peekable<Chars<'_>>) -> bool {
    while let Some(c) = chars.next() {
        match c {
            '"' => return true,
            '\\' => {
                chars.next();
            }
            _ => {}
        }
    }
    false
}

/// A here-document that a command asks for.
struct Document {
    end: String,
    /// `<<-`: tabs before the end do not count.
    tabs: bool,
}

impl Document {
    /// After `<<`. A digit is a shift of arithmetic, and no document.
    fn read(chars: &mut Peekable<Chars<'_>>) -> Option<Self> {
        let tabs = chars.next_if_eq(&'-').is_some();
        while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        if chars.peek().is_none_or(char::is_ascii_digit) {
            return None;
        }
        let mut end = String::new();
        while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !";|&<>()".contains(*c)) {
            if !matches!(c, '\'' | '"' | '\\') {
                end.push(c);
            }
        }
        Some(Self { end, tabs })
    }

    /// To the line that ends it; `false` where there is none.
    fn skip(&self, chars: &mut Peekable<Chars<'_>>) -> bool {
        while chars.peek().is_some() {
            let line: String = chars.by_ref().take_while(|c| *c != '\n').collect();
            let line = if self.tabs {
                line.trim_start_matches('\t')
            } else {
                &line
            };
            if line == self.end {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_go_on_where_bash_would_ask_for_more() {
        use Line::{Command, Loose, More, Output};
        for (text, expected) in [
            ("$ ls\na\n> b\n$ pwd\n", &[Command, Output, Output, Command][..]),
            ("$ ls \\\n> -l\ntotal 0\n", &[Command, More, Output]),
            ("$ cat <<'EOF' > a\n> $ x\n> EOF\nout\n", &[Command, More, More, Output]),
            ("$ cat <<-A <<B\n> \tA\n> B\nout\n", &[Command, More, More, Output]),
            ("$ python -c 'import os\n> print(1)'\n1\n", &[Command, More, Output]),
            ("$ echo \"a\\\"b\n>\n> c\"\na\"b\n", &[Command, More, More, Output]),
            ("$ echo $((1<<2)) # it's\n4\n", &[Command, Output]),
            ("$ cat <<< word\nword\n", &[Command, Output]),
            ("$ echo a\\\\\na\\\n", &[Command, Output]),
            ("$ ls \\\n  -l\n", &[Command, Loose]),
            ("$ cat <<EOF\n$ ls\n", &[Command, Command]),
            ("$\n", &[Command]),
            ("out\n", &[Output]),
        ] {
            assert_eq!(lines(text), expected, "{text}");
        }
    }
}
