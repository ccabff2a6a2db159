//! Finds the fences of code in a lesson, says what becomes of each, and what is wrong with how it is written.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use super::console;
use super::info::{self, Info};
use crate::content::diagnostic::{Diagnostic, Severity};
use crate::content::markdown;
use crate::content::source::Source;
use crate::model::lesson::{Block, BlockUse, Exchange, Interpreter, Printed};

/// The fence whose text a script before it prints.
pub(in crate::content) const OUTPUT: &str = "output";

/// The blocks of a lesson whose Markdown begins at byte `from` of its file.
pub(super) fn blocks(source: &Source, from: usize) -> (Vec<Block>, Vec<Diagnostic>) {
    let mut reader = Reader {
        source,
        blocks: Vec::new(),
        after_script: false,
        found: Vec::new(),
    };
    let mut open: Option<Fence> = None;
    for (event, range) in Parser::new_ext(&source.text[from..], markdown::OPTIONS).into_offset_iter() {
        let range = range.start + from..range.end + from;
        match (event, &mut open) {
            (Event::Start(Tag::CodeBlock(kind)), _) => {
                open = Some(Fence {
                    info: match kind {
                        CodeBlockKind::Fenced(info) => Some(info.into_string()),
                        CodeBlockKind::Indented => None,
                    },
                    place: range,
                    text: String::new(),
                    lines: Vec::new(),
                });
            }
            (Event::Text(text), Some(fence)) => fence.add(&text, range.start),
            (Event::End(TagEnd::CodeBlock), _) => {
                if let Some(fence) = open.take() {
                    reader.fence(fence);
                }
            }
            (Event::Text(_) | Event::Code(_), None) => reader.after_script = false,
            _ => {}
        }
    }
    (reader.blocks, reader.found)
}

/// A block as it stands in the file.
struct Fence {
    /// `None` where it is indented instead of fenced.
    info: Option<String>,
    place: Range<usize>,
    text: String,
    /// Bytes of the file, without line breaks.
    lines: Vec<Range<usize>>,
}

impl Fence {
    fn add(&mut self, text: &str, mut at: usize) {
        for piece in text.split_inclusive('\n') {
            if self.text.is_empty() || self.text.ends_with('\n') {
                self.lines.push(at..at);
            }
            at += piece.len();
            if let Some(line) = self.lines.last_mut() {
                line.end = at - usize::from(piece.ends_with('\n'));
            }
            self.text.push_str(piece);
        }
    }
}

struct Reader<'s> {
    source: &'s Source,
    blocks: Vec<Block>,
    /// Whether nothing but a script stands before what comes.
    after_script: bool,
    found: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn error(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        let diagnostic = Diagnostic::about("blocks", Severity::Error, self.source.file.clone(), message)
            .help(help)
            .at(&self.source.text, span);
        self.found.push(diagnostic);
    }

    fn fence(&mut self, fence: Fence) {
        let Some(text) = &fence.info else {
            let message = "code that is indented instead of fenced";
            self.error(self.first_line(&fence.place), message, "put it between lines of ```");
            return;
        };
        let (info, wrong) = info::read(text);
        let first = self.first_line(&fence.place);
        let info_at = self.source.text[first.clone()]
            .find(text.as_str())
            .filter(|_| !text.is_empty())
            .map(|at| first.start + at);
        for wrong in wrong {
            let span = info_at.map_or(first.clone(), |at| at + wrong.span.start..at + wrong.span.end);
            self.error(span, wrong.message, wrong.help);
        }
        if info.language == OUTPUT && info.file.is_none() && info.norun.is_none() {
            self.output(&fence, first);
            return;
        }
        let use_of = self.use_of(&info, &fence, first);
        self.after_script = matches!(use_of, BlockUse::Script { .. });
        self.blocks.push(Block {
            language: info.language,
            use_of,
            line: self.line_of(&fence),
            text: fence.text,
        });
    }

    fn use_of(&mut self, info: &Info, fence: &Fence, first: Range<usize>) -> BlockUse {
        if let Some(file) = &info.file {
            if let Some(line) = self.line_of_file(file) {
                let message = format!("`{file}` is written a second time");
                let help = format!("the block at line {line} writes it: name another file, or change it by a command");
                self.error(first, message, help);
            }
            return BlockUse::File(file.clone());
        }
        if let Some(reason) = &info.norun {
            return BlockUse::Shown(reason.clone());
        }
        match info.language.as_str() {
            "console" => BlockUse::Console(self.exchanges(fence)),
            "python" => script(Interpreter::Python),
            "bash" => script(Interpreter::Bash),
            _ => BlockUse::Unsaid,
        }
    }

    fn line_of_file(&self, file: &str) -> Option<usize> {
        self.blocks
            .iter()
            .find(|block| matches!(&block.use_of, BlockUse::File(name) if name == file))
            .map(|block| block.line)
    }

    /// What the script before it prints.
    fn output(&mut self, fence: &Fence, first: Range<usize>) {
        let printed = self.printed(fence, 0..fence.lines.len());
        let slot = match self.blocks.last_mut().map(|block| &mut block.use_of) {
            Some(BlockUse::Script { output, .. }) if self.after_script && output.is_none() => output,
            _ => {
                let help = "put it right after the `python` or `bash` block that prints it, or write a `console` block";
                self.error(first, "nothing that runs stands right before this output", help);
                return;
            }
        };
        if printed.exit != 0 {
            let help = "show it with a `console` block: `$ python FILE`, what it prints, `(exit N)`";
            self.error(first, "a script that is run alone must end with 0", help);
            return;
        }
        *slot = Some(printed);
        self.after_script = false;
    }

    fn exchanges(&mut self, fence: &Fence) -> Vec<Exchange> {
        let kinds = console::lines(&fence.text);
        let mut exchanges: Vec<Exchange> = Vec::new();
        let mut at = 0;
        if kinds.first() != Some(&console::Line::Command) {
            let place = fence.lines.first().cloned().unwrap_or(self.first_line(&fence.place));
            let message = if kinds.is_empty() {
                "a console block without a command"
            } else {
                "output stands before the first command"
            };
            self.error(place, message, "begin with a command: `$ ls`");
        }
        while at < kinds.len() {
            let begins = at;
            at += 1;
            while matches!(kinds.get(at), Some(console::Line::More | console::Line::Loose)) {
                if kinds[at] == console::Line::Loose {
                    let help =
                        "lines that go on with a command (after a backslash, in a here-document) begin with `> `";
                    self.error(fence.lines[at].clone(), "the command above is not finished", help);
                }
                at += 1;
            }
            let command = (begins..at)
                .map(|line| {
                    let text = &self.source.text[fence.lines[line].clone()];
                    &text[kinds[line].prompt(text)..]
                })
                .collect::<Vec<_>>()
                .join("\n");
            let output_at = at;
            while kinds.get(at) == Some(&console::Line::Output) {
                at += 1;
            }
            if kinds[begins] == console::Line::Command {
                exchanges.push(Exchange {
                    command,
                    line: self.line_at(fence.lines[begins].start),
                    output: self.printed(fence, output_at..at),
                });
            }
        }
        exchanges
    }

    /// Lines of a block as output.
    fn printed(&self, fence: &Fence, which: Range<usize>) -> Printed {
        let text = &self.source.text;
        let mut lines: Vec<String> = fence.lines[which.clone()]
            .iter()
            .map(|place| text[place.clone()].to_owned())
            .collect();
        let exit = lines.last().and_then(|line| {
            let code: i32 = line
                .trim_end()
                .strip_prefix("(exit ")?
                .strip_suffix(')')?
                .parse()
                .ok()?;
            (code != 0).then_some(code)
        });
        if exit.is_some() {
            lines.pop();
        }
        let (start, prefix_of) = if let Some(place) = fence.lines.get(which.start) {
            (self.line_start(place.start), place.start)
        } else {
            // Behind the line before, or behind the fence that opens.
            let before = fence.lines.last().map_or(fence.place.start, |place| place.start);
            (self.line_end(before), before)
        };
        let end = match which.end.checked_sub(1) {
            Some(last) if last >= which.start => self.line_end(fence.lines[last].start),
            _ => start,
        };
        Printed {
            lines,
            exit: exit.unwrap_or(0),
            place: start..end,
            prefix: text[self.line_start(prefix_of)..prefix_of].to_owned(),
            line: self.line_at(start),
        }
    }

    fn line_start(&self, at: usize) -> usize {
        self.source.text[..at].rfind('\n').map_or(0, |before| before + 1)
    }

    /// Behind the line break.
    fn line_end(&self, at: usize) -> usize {
        let text = &self.source.text;
        text[at..].find('\n').map_or(text.len(), |length| at + length + 1)
    }

    fn first_line(&self, place: &Range<usize>) -> Range<usize> {
        let end = self.line_end(place.start);
        place.start..place.start + self.source.text[place.start..end].trim_end().len()
    }

    fn line_at(&self, at: usize) -> usize {
        self.source.text[..at].matches('\n').count() + 1
    }

    fn line_of(&self, fence: &Fence) -> usize {
        match fence.lines.first() {
            Some(line) => self.line_at(line.start),
            None => self.line_at(fence.place.start) + 1,
        }
    }
}

fn script(interpreter: Interpreter) -> BlockUse {
    BlockUse::Script {
        interpreter,
        output: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Block>, Vec<String>) {
        let source = Source {
            file: "l.md".into(),
            text: text.into(),
        };
        let (blocks, found) = blocks(&source, 0);
        (blocks, found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn each_block_has_its_use() {
        let (blocks, found) = read(
            "```python file=a.py\nprint(1)\n```\n\n```console\n$ python a.py\n1\n$ false\n(exit 1)\n```\n\n\
             ```python\nprint(2)\n```\n\n```output\n2\n```\n\n> ```bash\n> echo a\n> ```\n>\n> ```output\n> a\n> b\n> ```\n\n\
             ```yaml norun=\"why\"\na: 1\n```\n\n```json\n{}\n```\n",
        );
        assert_eq!(found, Vec::<String>::new());
        let uses: Vec<&BlockUse> = blocks.iter().map(|block| &block.use_of).collect();
        assert!(matches!(uses[0], BlockUse::File(name) if name == "a.py"));
        let BlockUse::Console(exchanges) = uses[1] else {
            panic!()
        };
        assert_eq!(exchanges[0].command, "python a.py");
        assert_eq!(
            (exchanges[0].line, &exchanges[0].output.lines[..]),
            (6, &["1".to_owned()][..])
        );
        assert_eq!((exchanges[1].output.exit, exchanges[1].output.lines.len()), (1, 0));
        let BlockUse::Script {
            output: Some(output), ..
        } = uses[2]
        else {
            panic!()
        };
        assert_eq!(output.lines, ["2"]);
        let BlockUse::Script {
            output: Some(output), ..
        } = uses[3]
        else {
            panic!()
        };
        assert_eq!(
            (output.lines.join(","), output.prefix.as_str(), output.line),
            ("a,b".into(), "> ", 25)
        );
        assert!(matches!(uses[4], BlockUse::Shown(reason) if reason == "why"));
        assert_eq!(uses[5], &BlockUse::Unsaid);
    }

    #[test]
    fn output_knows_its_place_in_the_file() {
        let text = "- list\n\n  ```console\n  $ a\n  one\n  two\n  $ b\n  $ c\n  (exit 2)\n  ```\n\n```bash\ntrue\n```\n\n```output\n```\n";
        let (blocks, found) = read(text);
        assert_eq!(found, Vec::<String>::new());
        let BlockUse::Console(exchanges) = &blocks[0].use_of else {
            panic!()
        };
        let places: Vec<&str> = exchanges.iter().map(|one| &text[one.output.place.clone()]).collect();
        assert_eq!(places, ["  one\n  two\n", "", "  (exit 2)\n"]);
        assert_eq!(&text[exchanges[1].output.place.start..][..5], "  $ c");
        assert!(exchanges.iter().all(|one| one.output.prefix == "  "));
        let BlockUse::Script {
            output: Some(output), ..
        } = &blocks[1].use_of
        else {
            panic!()
        };
        assert_eq!(&text[output.place.start..], "```\n");
    }

    #[test]
    fn what_is_written_wrongly_is_told_with_its_place() {
        for (text, place, words) in [
            ("```output\na\n```\n", "l.md:1:1", "right before"),
            (
                "```bash\ntrue\n```\n\nText.\n\n```output\na\n```\n",
                "l.md:7:1",
                "right before",
            ),
            (
                "```bash\ntrue\n```\n```output\na\n(exit 3)\n```\n",
                "l.md:4:1",
                "must end with 0",
            ),
            ("```console\na\n```\n", "l.md:2:1", "before the first command"),
            ("```console\n```\n", "l.md:1:1", "without a command"),
            ("```console\n$ a \\\nb\n```\n", "l.md:3:1", "not finished"),
            ("```python fil=a.py\n```\n", "l.md:1:11", "has no `fil`"),
            ("> ```python file=/a\n> ```\n", "l.md:1:13", "stay in the workspace"),
            ("```sh file=a\n```\n```sh file=a\n```\n", "l.md:3:1", "a second time"),
            ("text\n\n    indented\n", "l.md:3:5", "indented"),
        ] {
            let (_, found) = read(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(
                found[0].starts_with(place) && found[0].contains(words),
                "{text}: {}",
                found[0]
            );
        }
    }
}
