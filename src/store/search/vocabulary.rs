//! All words of the index, and the nearest of them to one that was mistyped. Pure.

use std::cmp::Reverse;

use crate::base::nearest::distance;

/// The words, in order.
#[derive(Debug, Default)]
pub(super) struct Vocabulary(Vec<Known>);

#[derive(Debug)]
struct Known {
    word: Box<str>,
    length: usize,
    /// A bit for each letter that is in it: most words are told apart by these alone.
    letters: u64,
    /// How many rows have it.
    rows: i64,
}

impl Vocabulary {
    /// Words with the number of rows that have them, in the order of their bytes.
    pub fn new(words: Vec<(String, i64)>) -> Self {
        Self(
            words
                .into_iter()
                .map(|(word, rows)| Known {
                    length: word.chars().count(),
                    letters: letters(&word),
                    word: word.into(),
                    rows,
                })
                .collect(),
        )
    }

    /// Whether any word begins so.
    pub fn begins(&self, with: &str) -> bool {
        let at = self.0.partition_point(|known| *known.word < *with);
        self.0.get(at).is_some_and(|known| known.word.starts_with(with))
    }

    /// The word that was meant: one step away for four letters or more, two for eight or more; of several the nearest,
    /// then the most frequent. With `goes_on`, also the beginning of a word with the same first letter.
    pub fn nearest(&self, word: &str, goes_on: bool) -> Option<&str> {
        let length = word.chars().count();
        let most = match length {
            0..4 => return None,
            4..8 => 1,
            _ => 2,
        };
        let own = letters(word);
        let whole = self
            .0
            .iter()
            .filter(|known| known.length.abs_diff(length) <= most && differ(known.letters ^ own) <= 2 * most)
            .map(|known| (distance(word, &known.word), known))
            .filter(|(steps, _)| *steps <= most)
            .min_by_key(|(steps, known)| (*steps, Reverse(known.rows)))
            .map(|(_, known)| &*known.word);
        if whole.is_some() || !goes_on {
            return whole;
        }
        let first = word.chars().next()?;
        let from = self.0.partition_point(|known| known.word.chars().next() < Some(first));
        self.0[from..]
            .iter()
            .take_while(|known| known.word.starts_with(first))
            .filter(|known| known.length > length && differ(own & !known.letters) <= most)
            .map(|known| (beginning(word, length, known), known))
            .filter(|(steps, _)| *steps <= most)
            .min_by_key(|(steps, known)| (*steps, Reverse(known.rows)))
            .map(|(_, known)| &*known.word)
    }
}

/// The distance to the nearest of the beginnings that have about as many letters.
fn beginning(word: &str, length: usize, known: &Known) -> usize {
    (length.saturating_sub(1)..=length + 1)
        .map(|end| {
            let end = known
                .word
                .char_indices()
                .nth(end)
                .map_or(known.word.len(), |(at, _)| at);
            distance(word, &known.word[..end])
        })
        .min()
        .unwrap_or(usize::MAX)
}

fn differ(bits: u64) -> usize {
    bits.count_ones() as usize
}

/// A replaced letter changes at most two of these bits.
fn letters(word: &str) -> u64 {
    word.chars().fold(0, |bits, c| {
        let bit = match c {
            'a'..='z' => u32::from(c) - u32::from('a'),
            '0'..='9' => 26 + u32::from(c) - u32::from('0'),
            other => 36 + u32::from(other) % 28,
        };
        bits | 1 << bit
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let mut words = [
            "kind",
            "king",
            "leak",
            "leakage",
            "split",
            "threshold",
            "train",
            "übung",
        ]
        .map(|word| (word.to_owned(), 1));
        words[1].1 = 9;
        words.sort();
        Vocabulary::new(words.into())
    }

    #[test]
    fn a_typo_is_forgiven() {
        let vocabulary = vocabulary();
        for (typed, meant) in [
            ("laek", Some("leak")),
            ("leakgae", Some("leakage")),
            ("splt", Some("split")),
            ("thresold", Some("threshold")),
            ("treshhold", Some("threshold")),
            ("kinx", Some("king")),
            ("trian", Some("train")),
            ("lek", None),
            ("zebra", None),
            ("leeeaak", None),
            ("ubung", Some("übung")),
        ] {
            assert_eq!(vocabulary.nearest(typed, false), meant, "{typed}");
        }
    }

    #[test]
    fn a_typo_is_forgiven_before_the_word_is_whole() {
        let vocabulary = vocabulary();
        assert_eq!(vocabulary.nearest("thers", false), None);
        assert_eq!(vocabulary.nearest("thers", true), Some("threshold"));
        assert_eq!(vocabulary.nearest("lekaag", true), Some("leakage"));
        assert!(vocabulary.begins("thres") && !vocabulary.begins("thers"));
    }
}
