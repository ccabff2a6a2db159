//! Every requirement of a Python environment is pinned and hash-locked.

use super::{Diagnostic, Severity, Subject};

pub(super) fn check(subject: &mut Subject<'_>) {
    if subject.built.lab.needs.environment.is_none() {
        return;
    }
    let Ok(source) = subject.folder.read("environment/requirements.txt") else {
        return;
    };
    let mut start = 0;
    let mut found = Vec::new();
    // A requirement goes on over lines that end in a backslash.
    for requirement in source.text.replace("\\\n", "\u{1}\u{1}").split('\n') {
        let end = start + requirement.len();
        let shown = requirement.trim_start();
        if !shown.is_empty() && !shown.starts_with(['#', '-']) {
            let name = shown.split(['\u{1}', ' ', ';']).next().unwrap_or_default();
            let what = if !requirement.contains("--hash=sha256:") {
                Some("has no hash")
            } else if !name.contains("==") {
                Some("is not pinned to one version")
            } else {
                None
            };
            if let Some(what) = what {
                found.push(
                    Diagnostic::about(
                        "hash-locked",
                        Severity::Error,
                        source.file.clone(),
                        format!("`{name}` {what}"),
                    )
                    .at(&source.text, start..start + name.len())
                    .help("make the file with `uv pip compile --universal --generate-hashes`"),
                );
            }
        }
        start = end + 1;
    }
    subject.found.extend(found);
}
