//! Reads `curriculum/glossary/`: one file a term.
//!
//! A term with an error is left out and said; the others are served. That a term is taught where it says is judged once
//! the weeks are read.

use std::collections::{BTreeMap, HashMap};

use super::build::is_slug;
use super::diagnostic::{Diagnostic, Severity};
use super::lesson;
use super::markdown::{Terms, leading_word};
use super::raw::RawTerm;
use super::source::{Folder, Source};
use super::yaml::At;
use crate::base::nearest;
use crate::model::curriculum::Curriculum;
use crate::model::glossary::Term;

/// The folder's name below the curriculum.
pub(super) const FOLDER: &str = "glossary";
/// The longest sentence that a tip shows, in characters.
const LONGEST_SHORT: usize = 160;
/// The longest word or phrase, in characters.
const LONGEST_WORD: usize = 60;

/// All terms that are without errors.
#[derive(Clone, Debug, Default)]
pub struct Glossary {
    terms: BTreeMap<String, Term>,
    words: Terms,
}

impl Glossary {
    pub(super) fn new(read: &[ReadTerm]) -> Self {
        let terms: BTreeMap<String, Term> = read
            .iter()
            .map(|read| (read.term.slug.clone(), read.term.clone()))
            .collect();
        Self {
            words: Terms::new(terms.values()),
            terms,
        }
    }

    /// The term of that slug.
    #[must_use]
    pub fn term(&self, slug: &str) -> Option<&Term> {
        self.terms.get(slug)
    }

    /// All terms, by slug.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.terms.values()
    }

    /// The words that texts are searched for.
    #[must_use]
    pub fn words(&self) -> &Terms {
        &self.words
    }
}

/// A term, and what is still needed to judge it.
#[derive(Debug)]
pub(super) struct ReadTerm {
    pub term: Term,
    raw: RawTerm,
    source: Source,
}

/// Reads all terms, in the order of their slugs.
pub(super) fn read(folder: &Folder) -> (Vec<ReadTerm>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut terms = Vec::new();
    for path in folder.under(FOLDER) {
        let slug = path
            .strip_prefix(FOLDER)
            .and_then(|path| path.strip_prefix('/'))
            .and_then(|name| name.strip_suffix(".md"))
            .filter(|slug| is_slug(slug));
        let Some(slug) = slug else {
            found.push(
                about(&format!("{}/{path}", folder.name), "is no term".into())
                    .help("terms are `glossary/<slug>.md`; the slug has lower-case letters, digits and hyphens"),
            );
            continue;
        };
        match folder.read(path).and_then(|source| term(slug, source)) {
            Ok(term) => terms.push(term),
            Err(diagnostic) => found.push(*diagnostic),
        }
    }
    let terms = sound(terms, &mut found);
    (terms, found)
}

fn about(file: &str, message: String) -> Diagnostic {
    Diagnostic::about("glossary", Severity::Error, file, message)
}

fn wrong<T>(source: &Source, at: &At<T>, message: String, help: impl Into<String>) -> Diagnostic {
    let diagnostic = about(&source.file, message).help(help);
    match &at.span {
        Some(span) => diagnostic.at(&source.text, span.clone()),
        None => diagnostic,
    }
}

fn term(slug: &str, source: Source) -> Result<ReadTerm, Box<Diagnostic>> {
    let (raw, body): (RawTerm, usize) = lesson::front_of(&source, "term and short")?;
    let term = Term {
        slug: slug.to_owned(),
        term: raw.term.trim().to_owned(),
        also: raw.also.iter().map(|word| word.trim().to_owned()).collect(),
        short: raw.short.trim().to_owned(),
        taught: raw.taught.as_ref().and_then(|lesson| address(lesson)),
        see: raw.see.iter().map(|slug| slug.value.clone()).collect(),
        markdown: source.text[body..].trim().to_owned(),
        source: source.file.clone(),
    };
    Ok(ReadTerm { term, raw, source })
}

/// The terms without errors; what is wrong with the others.
fn sound(terms: Vec<ReadTerm>, found: &mut Vec<Diagnostic>) -> Vec<ReadTerm> {
    let slugs: Vec<String> = terms.iter().map(|term| term.term.slug.clone()).collect();
    let mut words: HashMap<String, String> = HashMap::new();
    let mut kept = Vec::new();
    for term in terms {
        let mut wrongs = term.alone();
        wrongs.extend(term.taken(&mut words));
        wrongs.extend(term.strangers(&slugs));
        if wrongs.is_empty() {
            kept.push(term);
        }
        found.extend(wrongs);
    }
    // What was left out is nowhere to go to.
    let left: Vec<String> = kept.iter().map(|term| term.term.slug.clone()).collect();
    for term in &mut kept {
        term.term.see.retain(|slug| left.contains(slug));
    }
    kept
}

impl ReadTerm {
    fn wrong<T>(&self, at: &At<T>, message: String, help: impl Into<String>) -> Diagnostic {
        wrong(&self.source, at, message, help)
    }

    /// What is wrong with it whatever the others say.
    fn alone(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for word in std::iter::once(&self.raw.term).chain(&self.raw.also) {
            if leading_word(word.trim()).is_empty() || word.trim().contains(char::is_control) {
                let help = "a term is a word or a few on one line, and begins with a letter or digit";
                found.push(self.wrong(word, format!("`{}` is no term", word.trim()), help));
            } else if word.chars().count() > LONGEST_WORD {
                let help = format!("a term has at most {LONGEST_WORD} characters");
                found.push(self.wrong(word, "this is too long for a term".into(), help));
            }
        }
        let short = &self.raw.short;
        let length = short.trim().chars().count();
        if length == 0 || short.trim().contains(char::is_control) {
            let help = "say in one sentence what it is: it is shown beside each link";
            found.push(self.wrong(short, "the sentence is missing, or has several lines".into(), help));
        } else if length > LONGEST_SHORT {
            let help = format!("say it in at most {LONGEST_SHORT} characters; the rest belongs below the front matter");
            found.push(self.wrong(short, format!("this has {length} characters"), help));
        } else if ["`", "**", "]("].iter().any(|mark| short.contains(mark)) {
            let help = "write it as plain text: a tip shows marks as they are";
            found.push(self.wrong(short, "there is Markdown in the sentence".into(), help));
        }
        if self.term.markdown.is_empty() {
            let end = self.source.text.trim_end().len();
            found.push(
                about(&self.source.file, "there is no text below the front matter".into())
                    .at(&self.source.text, end.saturating_sub(3)..end)
                    .help("explain the term in one to three short paragraphs"),
            );
        }
        if let Some(taught) = &self.raw.taught
            && self.term.taught.is_none()
        {
            let help = "write it as `w01/<slug of the lesson>`";
            found.push(self.wrong(taught, format!("`{}` is no lesson's name", taught.value), help));
        }
        found
    }

    /// Its words that are another's already.
    fn taken(&self, words: &mut HashMap<String, String>) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for word in std::iter::once(&self.raw.term).chain(&self.raw.also) {
            let plain = word.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            match words.get(&plain) {
                Some(other) if *other == self.term.slug => found.push(self.wrong(
                    word,
                    format!("`{}` stands here twice", word.trim()),
                    "remove one of them; capitals do not make another word",
                )),
                Some(other) => found.push(self.wrong(
                    word,
                    format!("`{}` is linked to `{other}` already", word.trim()),
                    format!("leave it to one of them: glossary/{other}.md, or this"),
                )),
                None => {
                    words.insert(plain, self.term.slug.clone());
                }
            }
        }
        found
    }

    /// Terms that it names and that are not there.
    fn strangers(&self, slugs: &[String]) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for slug in &self.raw.see {
            if slug.value == self.term.slug {
                found.push(self.wrong(slug, "a term does not refer to itself".into(), "take it out"));
            } else if !slugs.contains(&slug.value) {
                let help = match nearest(slug, slugs.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write curriculum/glossary/{}.md, or take it out", slug.value),
                };
                found.push(self.wrong(slug, format!("there is no term `{}`", slug.value), help));
            }
        }
        found
    }
}

/// The terms whose lesson no week has.
pub(super) fn untaught(terms: &[ReadTerm], curriculum: &Curriculum) -> Vec<Diagnostic> {
    let lessons: Vec<String> = curriculum
        .weeks
        .iter()
        .flat_map(|week| {
            week.lessons
                .iter()
                .map(move |lesson| format!("w{:02}/{}", week.number, lesson.slug))
        })
        .collect();
    terms
        .iter()
        .filter_map(|term| {
            let (week, slug) = term.term.taught.as_ref()?;
            let name = format!("w{week:02}/{slug}");
            let taught = term.raw.taught.as_ref()?;
            if lessons.contains(&name) {
                return None;
            }
            let help = match nearest(&name, lessons.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "leave `taught` out where no lesson teaches it".into(),
            };
            Some(term.wrong(taught, format!("there is no lesson `{}`", taught.value), help))
        })
        .collect()
}

/// `w01/slug` as week and slug.
fn address(name: &str) -> Option<(u8, String)> {
    let (week, slug) = name.trim().strip_prefix('w')?.split_once('/')?;
    let week = (week.len() == 2).then(|| week.parse().ok()).flatten()?;
    is_slug(slug).then(|| (week, slug.to_owned()))
}

#[cfg(test)]
mod tests;
