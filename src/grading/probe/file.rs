//! The `file` probe: a path of the workspace, read beneath its root, regular files only, under caps.

use serde_json::{Map, Number, Value, json};

use super::refused;
use crate::model::Observation;
use crate::model::check::{FileForm, FileProbe};
use crate::sandbox::{EntryKind, Workspace};

/// Largest file that is read, in bytes.
const LARGEST: u64 = 8 << 20;

/// Largest file that is hashed, in bytes.
const LARGEST_HASHED: u64 = 1 << 30;

/// Entries of a tree, and rows of a table.
const MOST: usize = 10_000;

/// Columns of a table.
const COLUMNS: usize = 1_000;

/// Cells of a table, and nodes of a document.
const NODES: usize = 400_000;

/// Looks at a path.
pub(super) async fn observe(probe: &FileProbe, workspace: &Workspace) -> Observation {
    let path = &probe.path;
    match probe.form {
        FileForm::Tree => return tree(path, workspace).await,
        FileForm::Hash => {
            return match workspace.hash(path, LARGEST_HASHED).await {
                Ok((size, hash)) => Observation::Value(json!({"sha256": hash.to_string(), "size": size})),
                Err(error) => refused(&error),
            };
        }
        FileForm::Text | FileForm::Json | FileForm::Yaml | FileForm::Csv => {}
    }
    let content = match workspace.read(path, LARGEST).await {
        Ok(content) => content,
        Err(error) => return refused(&error),
    };
    let executable = content.mode & 0o111 != 0;
    let (form, path) = (probe.form, path.clone());
    // Parsing megabytes takes a while.
    let parsed = tokio::task::spawn_blocking(move || {
        let text = match std::str::from_utf8(&content.bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(error) => return Err(format!("{path} is not UTF-8 (byte {})", error.valid_up_to())),
        };
        match form {
            FileForm::Json => parse_json(text).map_err(|why| format!("{path} is not JSON: {why}")),
            FileForm::Yaml => parse_yaml(text).map_err(|why| format!("{path} is not YAML: {why}")),
            FileForm::Csv => parse_csv(text).map_err(|why| format!("{path} is not CSV: {why}")),
            FileForm::Text | FileForm::Hash | FileForm::Tree => {
                Ok(json!({"text": text, "size": content.bytes.len(), "executable": executable}))
            }
        }
    });
    match parsed.await {
        Ok(Ok(value)) => Observation::Value(value),
        Ok(Err(why)) => Observation::Unreadable(why),
        Err(error) => Observation::Fault(format!("a parser gave up: {error}")),
    }
}

async fn tree(path: &str, workspace: &Workspace) -> Observation {
    let entries = match workspace.tree(path, MOST).await {
        Ok(entries) => entries,
        Err(error) => return refused(&error),
    };
    let mut list: Vec<Value> = entries
        .into_iter()
        .map(|entry| {
            let kind = match entry.kind {
                EntryKind::File => "file",
                EntryKind::Directory => "directory",
                EntryKind::Symlink => "symlink",
                EntryKind::Special => "special",
            };
            json!({"path": entry.name, "kind": kind, "size": entry.size})
        })
        .collect();
    list.sort_by(|a, b| a["path"].as_str().cmp(&b["path"].as_str()));
    Observation::Value(Value::Array(list))
}

/// JSON, with the line and column of what is wrong. `NaN` and its like are no JSON.
fn parse_json(text: &str) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// YAML 1.2 with budgets against documents that grow when they are read.
fn parse_yaml(text: &str) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    let value: Value = serde_saphyr::from_str(text).map_err(|error| first_line(&error.to_string()))?;
    if count(&value) > NODES {
        return Err("it has too many values".to_owned());
    }
    Ok(value)
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// A table with a header: a list of maps, numbers where a cell is one.
fn parse_csv(text: &str) -> Result<Value, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
    let names: Vec<String> = reader
        .headers()
        .map_err(|error| error.to_string())?
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    if names.iter().all(String::is_empty) {
        return Err("line 1: there is no header".to_owned());
    }
    if names.len() > COLUMNS {
        return Err(format!("line 1: more than {COLUMNS} columns"));
    }
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            return Err(format!("line 1: two columns have the name {name:?}"));
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| csv_error(&error))?;
        if rows.len() >= MOST || (rows.len() + 1) * names.len() > NODES {
            return Err(format!("more than {} rows", rows.len()));
        }
        let row: Map<String, Value> = names.iter().cloned().zip(record.iter().map(cell)).collect();
        rows.push(Value::Object(row));
    }
    Ok(Value::Array(rows))
}

fn csv_error(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos: Some(position),
            expected_len,
            len,
        } => format!("line {}: {len} cells, not {expected_len}", position.line()),
        _ => error.to_string(),
    }
}

/// A number where the text is one and nothing is lost by that (`007` stays a text); what is not finite stays a text.
fn cell(text: &str) -> Value {
    let trimmed = text.trim();
    let digits = trimmed.trim_start_matches(['-', '+']);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits[1..].starts_with(['.', 'e', 'E']);
    let plain = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    if plain && !leading_zero {
        if let Ok(number) = trimmed.parse::<i64>() {
            return Value::from(number);
        }
        if let Some(number) = trimmed.parse::<f64>().ok().and_then(Number::from_f64) {
            return Value::Number(number);
        }
    }
    Value::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_are_numbers_where_they_are() {
        assert_eq!(cell("12"), json!(12));
        assert_eq!(cell("-0.5"), json!(-0.5));
        assert_eq!(cell("1e3"), json!(1000.0));
        assert_eq!(cell("007"), json!("007"));
        assert_eq!(cell("nan"), json!("nan"));
        assert_eq!(cell("inf"), json!("inf"));
        assert_eq!(cell("1e999"), json!("1e999"));
        assert_eq!(cell(""), json!(""));
        assert_eq!(cell(" a "), json!(" a "));
    }

    #[test]
    fn tables_say_what_is_wrong() {
        assert_eq!(parse_csv("a,b\n1,x\n").unwrap(), json!([{"a": 1, "b": "x"}]));
        assert_eq!(parse_csv("a,b\n1\n").unwrap_err(), "line 2: 1 cells, not 2");
        assert_eq!(
            parse_csv("a,a\n").unwrap_err(),
            "line 1: two columns have the name \"a\""
        );
        assert!(parse_csv("").is_err());
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for (name, last) in ('b'..='i').zip('a'..='h') {
            let list = vec![format!("*{last}"); 10].join(",");
            bomb.extend([
                name.to_string().as_str(),
                ": &",
                name.to_string().as_str(),
                " [",
                list.as_str(),
                "]\n",
            ]);
        }
        assert!(parse_yaml(&bomb).is_err());
        assert!(parse_json(&"[".repeat(100_000)).is_err());
        assert!(parse_yaml(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn parsers_never_panic(text in ".*") {
            let _ = (parse_json(&text), parse_yaml(&text), parse_csv(&text));
        }
    }
}
