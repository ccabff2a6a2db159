//! The direction of the tree, and what only one room may name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Rooms from left to right: a room may use only those to its left. Rooms of one rank do not use each other.
const RANKS: &[&[&str]] = &[
    &["base"],
    &["model"],
    &["expr"],
    &["content", "store", "sandbox"],
    &["grading"],
    &["lab"],
    &["proof"],
    &["web"],
    &["app"],
    &["cli"],
];

/// Edges that go against the ranks, each with its reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Names that belong to certain rooms alone, and why.
const RESERVED: &[(&str, &[&str], &str)] = &[
    ("axum", &["web"], "only pages and routes know HTTP's server side"),
    ("minijinja", &["web"], "only pages have templates"),
    ("sqlx", &["store"], "all SQL stands in one room"),
    ("cel", &["expr"], "the crate is wrapped in one place"),
];

/// Reading the clock or drawing randomness, by what it looks like in the code.
const CLOCK_AND_CHANCE: &[&str] = &[
    "SystemTime::now",
    "time::Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "Uuid::new_v4",
    "Uuid::now_v7",
    "rand::rng",
    "rand::random",
    "thread_rng",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Every file with its room and its code, comments left out.
fn files() -> Vec<(PathBuf, String, String)> {
    let mut paths = Vec::new();
    rust_files(&source(), &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(source()).unwrap();
            let room = inside.components().next().unwrap().as_os_str().to_str().unwrap();
            let room = room.trim_end_matches(".rs").to_owned();
            let code = std::fs::read_to_string(&path)
                .unwrap()
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            (path, room, code)
        })
        .collect()
}

fn rank(room: &str) -> Option<usize> {
    RANKS.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms that a file names as `crate::room`, also in braces.
fn named_rooms(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0_u32;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' | ':' if depth == 0 => {
                        named.insert(std::mem::take(&mut word));
                    }
                    c if depth == 0 && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ => {}
                }
            }
            named.insert(word);
        } else {
            named.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    named.retain(|room| rank(room).is_some());
    named
}

#[test]
fn every_room_has_a_rank() {
    for (path, room, _) in files() {
        assert!(
            rank(&room).is_some() || ["lib", "main"].contains(&room.as_str()),
            "{} is in no known room",
            path.display()
        );
    }
}

#[test]
fn dependencies_point_left() {
    let mut wrong = Vec::new();
    for (path, room, code) in files() {
        let Some(own) = rank(&room) else { continue };
        for named in named_rooms(&code) {
            let excepted = EXCEPTIONS.iter().any(|(from, to, _)| *from == room && *to == named);
            if named != room && rank(&named).is_some_and(|other| other >= own) && !excepted {
                wrong.push(format!("{} uses crate::{named}", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "against the direction of the tree:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn reserved_names_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (path, room, code) in files() {
        for (name, rooms, why) in RESERVED {
            let used = code
                .match_indices(&format!("{name}::"))
                .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'));
            if used && !rooms.contains(&room.as_str()) {
                wrong.push(format!("{} names {name}: {why}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_base_reads_the_clock_and_draws() {
    let mut wrong = Vec::new();
    for (path, room, code) in files() {
        if room == "base" {
            continue;
        }
        for forbidden in CLOCK_AND_CHANCE {
            // tokio's instant is for timeouts, stands still with the test's clock, and is named in full.
            let code = code.replace("tokio::time::Instant::now", "");
            if code.contains(forbidden) {
                wrong.push(format!("{} uses {forbidden}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_this_test_sees_edges() {
    let code = "use crate::{base::{Clock, Random}, store};\nlet x = crate::model::Lab;\nmycrate::lab::x";
    assert_eq!(named_rooms(code), ["base", "model", "store"].map(str::to_owned).into());
}
