//! `halfway version`.

use std::process::ExitCode;

#[expect(clippy::unnecessary_wraps, reason = "has the shape of every command")]
pub(super) fn run() -> anyhow::Result<ExitCode> {
    println!("halfway {}", crate::web::VERSION);
    Ok(ExitCode::SUCCESS)
}
