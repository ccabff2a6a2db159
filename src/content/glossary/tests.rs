use std::fs;

use super::super::{Library, Roots};

/// A curriculum of one week with these files in its glossary.
fn library(files: &[(&str, &str)]) -> (tempfile::TempDir, Library) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (path, text) in [
        ("labs/.keep", ""),
        (
            "curriculum/course.yaml",
            "title: T\nsummary: S.\nmonths: [{ number: 1, title: M, gate: G }]\n",
        ),
        (
            "curriculum/w01-first/week.yaml",
            "title: First\nmonth: 1\nsummary: S.\noutcomes: [O]\nlessons:\n  - { slug: leaks, title: Leaks }\n",
        ),
        (
            "curriculum/w01-first/leaks.md",
            "---\nminutes: 5\nobjectives: [{ does: Find a leak. }]\n---\nA target leak hides. So does another leak.\n\n## A leak\n",
        ),
    ] {
        write(root, path, text);
    }
    for (name, text) in files {
        write(root, &format!("curriculum/glossary/{name}"), text);
    }
    let library = Library::open(Roots::beneath(root));
    (folder, library)
}

fn write(root: &std::path::Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// What the author of a glossary is told.
fn told(files: &[(&str, &str)]) -> String {
    let (_folder, library) = library(files);
    let told: Vec<String> = library
        .catalogue()
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.file.contains("glossary"))
        .map(|diagnostic| diagnostic.render(false).trim_end().to_owned())
        .collect();
    told.join("\n\n")
}

const LEAK: (&str, &str) = (
    "leak.md",
    "---\nterm: Leak\nalso: [target leak]\nshort: Something gets through.\ntaught: w01/leaks\nsee: [wall]\n---\nIt *drips*.\n",
);
const WALL: (&str, &str) = (
    "wall.md",
    "---\nterm: Wall\nshort: Something that stands.\n---\nBricks.\n",
);

#[test]
fn terms_are_read_and_linked_once_a_lesson() {
    let (folder, library) = library(&[LEAK, WALL]);
    let catalogue = library.catalogue();
    assert_eq!(told(&[LEAK, WALL]), "");
    let leak = catalogue.glossary.term("leak").unwrap();
    assert_eq!(
        (leak.short.as_str(), leak.markdown.as_str()),
        ("Something gets through.", "It *drips*.")
    );
    assert_eq!(leak.taught, Some((1, "leaks".into())));
    let lesson = catalogue.lesson(1, "leaks").unwrap();
    let html = &lesson.rendered().html;
    assert!(html.starts_with("<p>A <span class=\"termed\"><a class=\"term\" href=\"/glossary/leak\" aria-describedby=\"term-leak\">target leak</a>"), "{html}");
    assert_eq!(html.matches("/glossary/").count(), 1);
    assert_eq!(lesson.terms(), ["leak"]);

    write(
        folder.path(),
        "curriculum/glossary/wall.md",
        &WALL.1.replace("Bricks", "Stones"),
    );
    assert!(library.refresh());
    assert_eq!(library.catalogue().glossary.term("wall").unwrap().markdown, "Stones.");
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_a_way_out() {
    let with = |from: &str, to: &str| LEAK.1.replace(from, to);
    let long = with("Something gets", &format!("Something {}gets", "very ".repeat(40)));
    let cases = [
        ("unknown see", with("[wall]", "[wal, mountain, leak]")),
        ("unknown lesson", with("w01/leaks", "w01/leak")),
        ("no lesson", with("w01/leaks", "leaks")),
        ("words twice", with("[target leak]", "[LEAK, wall]")),
        ("no sentence", with("Something gets through.", "\" \"")),
        ("long sentence", long),
        ("marked sentence", with("gets through", "**gets** through")),
        ("no text", with("It *drips*.\n", "")),
        ("no word", with("[target leak]", "[\"?\"]")),
        ("wrong key", with("short:", "shrt:")),
        ("no front matter", "Leak\n".into()),
        ("not closed", "---\nterm: Leak\n".into()),
    ];
    let all: Vec<String> = cases
        .iter()
        .map(|(what, text)| format!("=== {what}\n{}", told(&[("leak.md", text), WALL])))
        .chain([format!(
            "=== no term\n{}",
            told(&[("sub/Leak.md", "x"), ("notes.txt", "x")])
        )])
        .collect();
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn a_broken_term_leaves_the_others_alone() {
    let (_folder, library) = library(&[("wall.md", "---\nterm: [\n---\n"), LEAK, ("door.md", WALL.1)]);
    let catalogue = library.catalogue();
    assert!(catalogue.has_errors());
    assert!(catalogue.glossary.term("door").is_some());
    assert!(catalogue.glossary.term("wall").is_none());
}
