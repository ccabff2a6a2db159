//! `halfway lab schema`.

use std::process::ExitCode;

use crate::content::schema::lab_schema;

#[expect(clippy::unnecessary_wraps, reason = "has the shape of every command")]
pub(super) fn run() -> anyhow::Result<ExitCode> {
    print!("{}", lab_schema());
    Ok(ExitCode::SUCCESS)
}
