//! Every block of code is run, written to a file, or says why not.

use super::Subject;
use crate::model::lesson::BlockUse;

pub(super) fn check(subject: &mut Subject<'_>) {
    let text = subject.entry.text();
    for block in &subject.body.blocks {
        if block.use_of != BlockUse::Unsaid {
            continue;
        }
        // The fence stands on the line above.
        let start: usize = text
            .split_inclusive('\n')
            .take(block.line.saturating_sub(2))
            .map(str::len)
            .sum();
        let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
        let (what, help) = match block.language.as_str() {
            "" => (
                "a block without a language".to_owned(),
                "say which: `console`, `python`, `bash`, or one with `norun=\"REASON\"`".to_owned(),
            ),
            "sh" | "shell" | "zsh" => (
                format!("`{}` is not run", block.language),
                "write `bash`, which is, or say why not by `norun=\"REASON\"`".to_owned(),
            ),
            other => (
                format!("a block of `{other}` that is neither written nor run"),
                "write it to a file by `file=NAME`, or say why not by `norun=\"REASON\"`".to_owned(),
            ),
        };
        subject.error("blocks", Some(start..end), what, help);
    }
}
