//! `halfway config`: the reference of all that can be configured, made from the types that are read.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::CommandFactory as _;
use serde_json::{Map, Value};

use crate::app::config::Config;

const HEAD: &str = "\
# Configuration

One TOML file: `halfway.toml` in the working directory, or the one that `--config` names. Then the environment, then the
command line. Everything has a default; a key that is not known is refused with file and line. Relative paths start at the
file's folder. A length of time is a number with its unit: `30s`, `20m`, `2h`.

This page is what `halfway config` prints.
";

pub(super) fn run() -> ExitCode {
    print!("{}", reference());
    ExitCode::SUCCESS
}

/// The whole page.
fn reference() -> String {
    let schema = schemars::generate::SchemaSettings::draft07()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Config>()
        .to_value();
    let mut page = HEAD.to_owned();
    table(&mut page, "", &schema);
    page.push_str("\n## Environment and command line\n\n| Option | Variable | Meaning |\n|---|---|---|\n");
    let command = super::Cli::command();
    let serve = command
        .get_subcommands()
        .find(|one| one.get_name() == "serve")
        .into_iter()
        .flat_map(clap::Command::get_arguments);
    for argument in command.get_arguments().chain(serve) {
        let (Some(long), Some(variable)) = (argument.get_long(), argument.get_env()) else {
            continue;
        };
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            page,
            "| `--{long}` | `{}` | {} |",
            variable.to_string_lossy(),
            cell(&help)
        );
    }
    page.push_str(
        "| | `HALFWAY_LOG` | What is logged, as tracing's filters are written: `debug`, `halfway::web=trace,info` |\n",
    );
    page
}

/// The keys of a table, then the tables in it.
fn table(page: &mut String, path: &str, schema: &Value) {
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    let (tables, keys): (Vec<_>, Vec<_>) = properties.iter().partition(|(_, one)| one["properties"].is_object());
    if !keys.is_empty() {
        if !path.is_empty() {
            let _ = writeln!(page, "\n## `[{path}]`");
        }
        if let Some((_, meaning)) = schema["description"].as_str().and_then(|text| text.split_once(": ")) {
            let _ = writeln!(page, "\n{}", sentence(meaning));
        }
        page.push_str("\n| Key | Default | Meaning |\n|---|---|---|\n");
        let defaults = schema["default"].as_object().cloned().unwrap_or_default();
        for (key, one) in keys {
            let _ = writeln!(
                page,
                "| `{key}` | {} | {} |",
                default(&defaults, key, one),
                meaning(one)
            );
        }
    }
    for (name, one) in tables {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        table(page, &path, one);
    }
}

fn default(defaults: &Map<String, Value>, key: &str, one: &Value) -> String {
    match defaults.get(key).unwrap_or(&one["default"]) {
        Value::Null => "unset".to_owned(),
        value => format!("`{value}`"),
    }
}

fn meaning(one: &Value) -> String {
    let mut text = cell(one["description"].as_str().unwrap_or_default());
    // An enumeration says its words, each with what it does.
    let choices = one["oneOf"].as_array().or_else(|| one["anyOf"].as_array());
    let mut words: Vec<String> = Vec::new();
    for choice in choices.into_iter().flatten().chain([one]) {
        let said = choice["description"].as_str().filter(|_| choice != one).map(cell);
        let listed = choice["enum"].as_array().into_iter().flatten();
        for word in listed.chain(choice.get("const")) {
            words.push(match &said {
                Some(said) => format!("`{word}`: {said}"),
                None => format!("`{word}`"),
            });
        }
    }
    if !words.is_empty() {
        let _ = write!(
            text,
            " One of {}.",
            words.join("; ").replace(".;", ";").trim_end_matches('.')
        );
    }
    text
}

fn cell(text: &str) -> String {
    text.replace(['\n', '|'], " ")
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_uppercase(), letters.as_str().replace('\n', " "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_DOCS=1 cargo test --lib cli::config` writes it.
    #[test]
    fn the_committed_reference_is_what_is_read() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == reference(),
            "docs/configuration.md is out of date: run UPDATE_DOCS=1 cargo test --lib cli::config"
        );
    }

    #[test]
    fn every_key_says_what_it_means() {
        for line in reference().lines().filter(|line| line.starts_with("| `")) {
            let meaning = line.trim_end_matches('|').rsplit('|').next().unwrap().trim();
            assert!(meaning.len() > 10, "{line}");
        }
    }
}
