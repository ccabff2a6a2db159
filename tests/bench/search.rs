//! Full-text search over ten thousand generated lessons and labs: words as frequent as in prose, queries as people type
//! them, typing errors included.

use std::time::Instant;

use halfway::store::search::{Answered, SearchIndex, SearchKind, SearchPage, SearchSection};

use crate::report::Measurement;

const LESSONS: usize = 8_000;
const LABS: usize = 2_000;
const SECTIONS: usize = 4;
const WORDS: usize = 20_000;
const QUERIES: usize = 3_000;
/// As many as the page of results asks for.
const MOST: usize = 50;

/// The slowest search but one in a hundred, and what is between.
pub async fn search() -> Vec<Measurement> {
    let mut text = Text::new();
    let pages = (0..LESSONS + LABS).map(|number| page(&mut text, number)).collect();
    let from = Instant::now();
    let index = SearchIndex::fill(pages).await.expect("the index is filled");
    let filled = from.elapsed().as_secs_f64();
    let mut took = Vec::with_capacity(QUERIES);
    let mut corrected = 0_u32;
    let mut found = 0_u32;
    for number in 0..QUERIES {
        let query = query(&mut text, number);
        let from = Instant::now();
        let results = index.search(&query, MOST).await.expect("a search does not fail");
        took.push(from.elapsed().as_secs_f64() * 1e3);
        found += u32::from(!results.hits.is_empty());
        corrected += u32::from(matches!(results.answered, Answered::Corrected(_)));
    }
    took.sort_by(f64::total_cmp);
    let queries = f64::from(u32::try_from(QUERIES).unwrap());
    vec![
        Measurement::new("search, 10,000 lessons and labs, p99", took[QUERIES * 99 / 100], "ms").at_most(20.0),
        Measurement::new("search, 10,000 lessons and labs, p50", took[QUERIES / 2], "ms"),
        Measurement::new("search, slowest", took[QUERIES - 1], "ms"),
        Measurement::new("search, answered with a hit", 100.0 * f64::from(found) / queries, "%"),
        Measurement::new(
            "search, with a typing error forgiven",
            100.0 * f64::from(corrected) / queries,
            "%",
        ),
        Measurement::new("search, filling the index", filled, "s"),
    ]
}

fn page(text: &mut Text, number: usize) -> SearchPage {
    let is_lab = number >= LESSONS;
    SearchPage {
        kind: if is_lab { SearchKind::Lab } else { SearchKind::Lesson },
        address: format!("/{number}"),
        title: text.words(4),
        also: String::new(),
        place: "Week 1".to_owned(),
        text: text.words(60),
        sections: (0..SECTIONS)
            .map(|section| SearchSection {
                id: Some(format!("s-{section}")),
                heading: text.words(3),
                text: text.words(120),
            })
            .collect(),
    }
}

/// Frequent words, rare words, several, one that goes on, one that is mistyped.
fn query(text: &mut Text, number: usize) -> String {
    match number % 6 {
        0 => text.words(1),
        1 => text.words(2),
        2 => text.words(3),
        3 => text.any().chars().take(2 + number / 6 % 4).collect(),
        4 => mistyped(text),
        _ => format!("{} {}", text.words(1), mistyped(text)),
    }
}

/// A word of some length with two letters swapped.
fn mistyped(text: &mut Text) -> String {
    let mut letters: Vec<char> = text.any().chars().collect();
    let at = 1 + usize::try_from(text.next() % 3).unwrap_or(0);
    if at + 1 < letters.len() {
        letters.swap(at, at + 1);
    }
    letters.into_iter().collect()
}

/// Prose of made-up words, the same each time.
struct Text {
    state: u64,
    words: Vec<String>,
    /// Up to each word, the sum of the frequencies: the n-th is 1/n as frequent as the first.
    sums: Vec<f64>,
}

impl Text {
    fn new() -> Self {
        let mut text = Self {
            state: 0x9e37_79b9_7f4a_7c15,
            words: Vec::new(),
            sums: Vec::new(),
        };
        let syllables = [
            "ba", "de", "ki", "lo", "mu", "ra", "se", "ti", "vo", "zan", "per", "lin", "tor", "mek", "dra", "plo",
            "qui", "fen", "gar", "hus", "ent", "ing", "ath", "or",
        ];
        let mut sum = 0.0;
        let mut rank = 0.0;
        while text.words.len() < WORDS {
            let length = 2 + text.next() % 3;
            let word: String = (0..length)
                .map(|_| syllables[usize::try_from(text.next() % syllables.len() as u64).unwrap_or(0)])
                .collect();
            rank += 1.0;
            sum += 1.0 / rank;
            text.words.push(word);
            text.sums.push(sum);
        }
        text
    }

    /// Xorshift.
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    /// A word, as frequent as it is in prose.
    fn word(&mut self) -> &str {
        #[expect(clippy::cast_precision_loss, reason = "a draw between zero and one")]
        let drawn = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let at = self.sums.partition_point(|sum| *sum < drawn * self.sums[WORDS - 1]);
        &self.words[at.min(WORDS - 1)]
    }

    /// A word, each as likely as the next.
    fn any(&mut self) -> String {
        let at = usize::try_from(self.next() % WORDS as u64).unwrap_or(0);
        self.words[at].clone()
    }

    fn words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.word().to_owned()).collect::<Vec<_>>().join(" ")
    }
}
