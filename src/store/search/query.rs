//! What a reader typed, as words. Pure: whatever is typed becomes an expression that FTS5 takes.

use std::fmt;

use super::vocabulary::Vocabulary;

/// The most words that are looked for; the rest is left out.
const MOST_WORDS: usize = 12;
/// Letters of a word that count.
const LONGEST: usize = 48;

/// Words that are in every question and in every text.
const FILLERS: &[&str] = &[
    "a", "an", "and", "are", "do", "does", "for", "how", "i", "in", "is", "of", "on", "or", "the", "to", "what",
    "when", "why", "with",
];

/// Words to be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// Letters and digits, in lower case.
    words: Vec<String>,
    typed: String,
}

/// Words of letters and digits in lower case, with single spaces between them.
pub(super) fn plain(text: &str) -> String {
    words(text).collect::<Vec<_>>().join(" ")
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(LONGEST).collect::<String>().to_lowercase())
}

impl Query {
    /// Takes the words out of a text; operators and quotes of FTS5 are no letters.
    pub fn parse(text: &str) -> Self {
        let all: Vec<String> = words(text).take(MOST_WORDS).collect();
        let telling = |word: &String| word.chars().count() > 1 && !FILLERS.contains(&word.as_str());
        let mut kept: Vec<String> = Vec::new();
        let some_tell = all.iter().any(telling);
        for word in &all {
            if (!some_tell || telling(word)) && !kept.contains(word) {
                kept.push(word.clone());
            }
        }
        Self {
            words: kept,
            typed: all.join(" "),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub fn has_several(&self) -> bool {
        self.words.len() > 1
    }

    /// As [`plain`] gives it.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// All words, in any order.
    pub fn all(&self) -> String {
        self.joined(" AND ")
    }

    /// Any of the words.
    pub fn any(&self) -> String {
        self.joined(" OR ")
    }

    fn joined(&self, by: &str) -> String {
        self.words
            .iter()
            .map(|word| expression(word))
            .collect::<Vec<_>>()
            .join(by)
    }

    /// The same with the nearest known word for each that no text has; `None` where that changes nothing.
    pub fn corrected(&self, vocabulary: &Vocabulary) -> Option<Self> {
        let last = self.words.len().checked_sub(1)?;
        let words: Vec<String> = self
            .words
            .iter()
            .enumerate()
            .map(|(at, word)| {
                if vocabulary.begins(stem(word)) {
                    return word.clone();
                }
                vocabulary
                    .nearest(word, at == last)
                    .map_or_else(|| word.clone(), str::to_owned)
            })
            .collect();
        (words != self.words).then(|| Self {
            typed: words.join(" "),
            words,
        })
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(" "))
    }
}

/// A word as FTS5 looks for it: quoted, and as the beginning of a word where it is more than a letter.
fn expression(word: &str) -> String {
    if word.chars().count() < 2 {
        return format!("\"{word}\"");
    }
    match word.strip_suffix("ies") {
        Some(short) if short.chars().count() > 1 => format!("(\"{word}\"* OR \"{short}y\"*)"),
        _ => format!("\"{}\"*", stem(word)),
    }
}

/// The word without the ending of a plural.
fn stem(word: &str) -> &str {
    if word.chars().count() < 4 || ["ss", "is", "us"].iter().any(|end| word.ends_with(end)) {
        return word;
    }
    for end in ["sses", "xes", "ches", "shes"] {
        if word.ends_with(end) {
            return &word[..word.len() - 2];
        }
    }
    word.strip_suffix('s').unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_and_quotes_are_no_words() {
        for (typed, wanted) in [
            ("leak", "\"leak\"*"),
            ("Data  LEAKS", "\"data\"* AND \"leak\"*"),
            ("\"a b\" OR NEAR(x, 5) -y ^z title:q*", "\"near\"* AND \"title\"*"),
            ("what is the threshold?", "\"threshold\"*"),
            ("what is", "\"what\"* AND \"is\"*"),
            ("queries", "(\"queries\"* OR \"query\"*)"),
            ("classes analysis boxes", "\"class\"* AND \"analysis\"* AND \"box\"*"),
            ("c", "\"c\""),
            ("leak Leak", "\"leak\"*"),
            (
                "'; drop table sections; --",
                "\"drop\"* AND \"table\"* AND \"section\"*",
            ),
        ] {
            assert_eq!(Query::parse(typed).all(), wanted, "{typed}");
        }
        for nothing in ["", " ", "\"", "*", "()", "\0", "😀"] {
            assert!(Query::parse(nothing).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn what_is_huge_is_bounded() {
        let huge = "word ".repeat(10_000) + &"x".repeat(1_000_000);
        assert!(Query::parse(&huge).all().len() < 2_000);
        assert!(Query::parse(&"xyz".repeat(100_000)).all().len() < 100);
    }
}
