//! Marks an answer: what is right, what is not, and the author's explanation beside each.

use super::{Accept, Answer, Choice, Form, Item, Near, Question, Stage};

/// A marked answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    pub right: bool,
    /// Each choice, item or stage: choices and stages in the order in which they are asked, items in that of the answer.
    /// Empty for a short answer.
    pub parts: Vec<Part>,
    /// What this very answer comes from, where the author knows.
    pub said: Option<String>,
    /// The explanation of the question as a whole.
    pub why: Option<String>,
    /// The right short answer.
    pub expected: Option<String>,
}

/// What became of a choice, an item or a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Key of the choice or item, word of the stage.
    pub key: String,
    pub fit: Fit,
    /// Where an item belongs, from 1.
    pub belongs: Option<usize>,
    pub why: Option<String>,
}

/// How a part of the answer is, held against what is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Chosen, and right; an item at its place.
    Right,
    /// Chosen, and wrong; an item at another's place.
    Wrong,
    /// Right, and not chosen.
    Missed,
    /// Not chosen, rightly.
    Rest,
}

impl Fit {
    fn of(chosen: bool, right: bool) -> Self {
        match (chosen, right) {
            (true, true) => Self::Right,
            (true, false) => Self::Wrong,
            (false, true) => Self::Missed,
            (false, false) => Self::Rest,
        }
    }
}

/// Marks an answer; `None` where it cannot be one to this question: it is of another kind, or names what the question
/// does not have, as answers to an earlier version of a question may.
#[must_use]
pub fn grade(question: &Question, answer: &Answer) -> Option<Marked> {
    match (&question.form, answer) {
        (Form::Single { choices }, Answer::One(key)) => chosen(choices, |choice| choice.key == *key, 1),
        (Form::Multiple { choices }, Answer::Several(keys)) => {
            chosen(choices, |choice| keys.contains(&choice.key), keys.len())
        }
        (Form::Order { items, why }, Answer::Sequence(keys)) => ordered(items, why.as_ref(), keys),
        (Form::Short { accept, near, why }, Answer::Words(text)) => Some(worded(accept, near, why, text)),
        (Form::Loop { stage, why, others }, Answer::Place(place)) => Some(Marked {
            right: place == stage,
            parts: Stage::ALL
                .into_iter()
                .map(|one| Part {
                    key: one.word().to_owned(),
                    fit: Fit::of(one == *place, one == *stage),
                    belongs: None,
                    why: if one == *stage {
                        Some(why.clone())
                    } else {
                        others.get(&one).cloned()
                    },
                })
                .collect(),
            said: None,
            why: None,
            expected: None,
        }),
        _ => None,
    }
}

fn chosen(choices: &[Choice], is_chosen: impl Fn(&Choice) -> bool, named: usize) -> Option<Marked> {
    let parts: Vec<Part> = choices
        .iter()
        .map(|choice| Part {
            key: choice.key.clone(),
            fit: Fit::of(is_chosen(choice), choice.right),
            belongs: None,
            why: Some(choice.why.clone()),
        })
        .collect();
    let known = choices.iter().filter(|choice| is_chosen(choice)).count();
    (known == named).then(|| Marked {
        right: parts.iter().all(|part| matches!(part.fit, Fit::Right | Fit::Rest)),
        parts,
        said: None,
        why: None,
        expected: None,
    })
}

fn ordered(items: &[Item], why: Option<&String>, keys: &[String]) -> Option<Marked> {
    if keys.len() != items.len() {
        return None;
    }
    let mut seen = vec![false; items.len()];
    let mut parts = Vec::with_capacity(items.len());
    for (place, key) in keys.iter().enumerate() {
        let at = items.iter().position(|item| item.key == *key)?;
        if std::mem::replace(&mut seen[at], true) {
            return None;
        }
        parts.push(Part {
            key: key.clone(),
            fit: Fit::of(true, at == place),
            belongs: Some(at + 1),
            why: Some(items[at].why.clone()),
        });
    }
    let right = parts.iter().all(|part| part.fit == Fit::Right);
    Some(Marked {
        right,
        parts,
        said: None,
        why: why.filter(|_| !right).cloned(),
        expected: None,
    })
}

fn worded(accept: &Accept, near: &[Near], why: &str, text: &str) -> Marked {
    let (right, expected) = match accept {
        Accept::Words(words) => (
            words.iter().any(|word| normal(word) == normal(text)),
            words.first().cloned().unwrap_or_default(),
        ),
        Accept::Number { value, within } => (is_near(text, *value, *within), value.to_string()),
    };
    let said = near
        .iter()
        .filter(|_| !right)
        .find(|near| {
            normal(&near.text) == normal(text)
                || matches!(accept, Accept::Number { .. })
                    && numbers(&near.text)
                        .first()
                        .is_some_and(|value| is_near(text, *value, 0.0))
        })
        .map(|near| near.why.clone());
    Marked {
        right,
        parts: Vec::new(),
        said,
        why: Some(why.to_owned()),
        expected: Some(expected),
    }
}

/// Without case, and without outer and doubled spaces.
#[must_use]
pub fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether a text is a number near enough to `value`. What is exactly at the edge counts, whatever binary fractions
/// make of it.
#[must_use]
pub fn is_near(text: &str, value: f64, within: f64) -> bool {
    let slack = 1e-9 * value.abs().max(1.0);
    numbers(text).iter().any(|read| (read - value).abs() <= within + slack)
}

/// The numbers that a person may mean: `0,82` is written with a decimal comma, `1,000` or `1 000` in groups of three,
/// `82 %` is 0.82 or 82. Empty where it is no number.
fn numbers(text: &str) -> Vec<f64> {
    let bare: String = text
        .trim()
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '\'' | '’'))
        .map(|c| if matches!(c, '−' | '–') { '-' } else { c })
        .collect();
    let (bare, percent) = match bare.strip_suffix('%') {
        Some(bare) => (bare, true),
        None => (bare.as_str(), false),
    };
    // Rust also reads `inf` and `nan`.
    if !bare.chars().any(|c| c.is_ascii_digit()) || bare.len() > 40 {
        return Vec::new();
    }
    let mut groups = bare.split(',').skip(1).peekable();
    let grouped = groups.peek().is_some()
        && groups.all(|group| {
            let digits = group.split('.').next().unwrap_or_default();
            digits.len() == 3 && digits.chars().all(|c| c.is_ascii_digit())
        });
    let mut readings = vec![bare.replacen(',', ".", 1)];
    if grouped {
        readings.push(bare.replace(',', ""));
    }
    let mut numbers: Vec<f64> = readings
        .iter()
        .filter_map(|reading| reading.parse::<f64>().ok())
        .filter(|number| number.is_finite())
        .collect();
    if percent {
        numbers.extend(numbers.clone().iter().map(|number| number / 100.0));
    }
    numbers
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples;
    use super::*;

    fn fits(marked: &Marked) -> Vec<Fit> {
        marked.parts.iter().map(|part| part.fit).collect()
    }

    #[test]
    fn one_of_several() {
        let question = samples::single();
        let right = grade(&question, &Answer::One("c1".into())).unwrap();
        assert!(right.right);
        assert_eq!(fits(&right), [Fit::Rest, Fit::Right, Fit::Rest]);
        let wrong = grade(&question, &Answer::One("c0".into())).unwrap();
        assert!(!wrong.right);
        assert_eq!(fits(&wrong), [Fit::Wrong, Fit::Missed, Fit::Rest]);
        assert_eq!(wrong.parts[0].why.as_deref(), Some("why 0"));
    }

    #[test]
    fn an_answer_to_something_else_is_none() {
        assert_eq!(grade(&samples::single(), &Answer::One("gone".into())), None);
        assert_eq!(grade(&samples::single(), &Answer::Words("c1".into())), None);
        let several = |keys: &[&str]| Answer::Several(keys.iter().map(ToString::to_string).collect());
        let multiple = samples::multiple(&[true, false]);
        assert_eq!(grade(&multiple, &several(&["c0", "gone"])), None);
        let sequence = |keys: &[&str]| Answer::Sequence(keys.iter().map(ToString::to_string).collect());
        for wrong in [&["i0", "i1"][..], &["i0", "i1", "i1"], &["i0", "i1", "i3"]] {
            assert_eq!(grade(&samples::order(3), &sequence(wrong)), None);
        }
    }

    #[test]
    fn an_order_is_right_as_a_whole() {
        let question = samples::order(3);
        let sequence = |keys: [&str; 3]| Answer::Sequence(keys.map(str::to_owned).to_vec());
        let right = grade(&question, &sequence(["i0", "i1", "i2"])).unwrap();
        assert!(right.right);
        assert_eq!(right.why, None);
        let wrong = grade(&question, &sequence(["i0", "i2", "i1"])).unwrap();
        assert_eq!(fits(&wrong), [Fit::Right, Fit::Wrong, Fit::Wrong]);
        assert_eq!(wrong.parts[1].belongs, Some(3));
        assert_eq!(wrong.why.as_deref(), Some("usually from haste"));
    }

    #[test]
    fn words_are_compared_as_people_mean_them() {
        let question = samples::short(Accept::Words(vec!["Data  leakage".into(), "leak".into()]));
        let says = |text: &str| grade(&question, &Answer::Words(text.into())).unwrap();
        for right in ["data leakage", "  DATA\tleakage ", "Leak"] {
            assert!(says(right).right, "{right}");
        }
        let wrong = says("0.96 ");
        assert_eq!(wrong.said.as_deref(), Some("that is the leaky one"));
        assert_eq!(wrong.expected.as_deref(), Some("Data  leakage"));
        assert_eq!(says("<script>").said, None);
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let question = samples::short(Accept::Number {
            value: 0.82,
            within: 0.01,
        });
        let says = |text: &str| grade(&question, &Answer::Words(text.into())).unwrap();
        for right in ["0.82", ".82", "0,83", " 0.81 ", "82 %", "8.2e-1", "+0.82"] {
            assert!(says(right).right, "{right}");
        }
        for wrong in ["0.84", "", "inf", "NaN", "0.8.2", "82", "-0.82", "about 0.82"] {
            assert!(!says(wrong).right, "{wrong}");
        }
        assert!(says("0,960").said.is_some());
        assert!(is_near("1,000", 1000.0, 0.0) && is_near("12 000", 12_000.0, 0.0));
        assert!(is_near("−3", -3.0, 0.0) && is_near("1,234,567.5", 1_234_567.5, 0.0));
        assert!(!is_near("1,00", 100.0, 0.0));
    }

    #[test]
    fn a_place_on_the_loop() {
        let marked = grade(&samples::place(), &Answer::Place(Stage::Monitor)).unwrap();
        assert!(!marked.right);
        let part = |stage: Stage| marked.parts.iter().find(|part| part.key == stage.word()).unwrap();
        assert_eq!(part(Stage::Monitor).fit, Fit::Wrong);
        assert_eq!(part(Stage::Monitor).why.as_deref(), Some("too late"));
        assert_eq!(part(Stage::Validate).fit, Fit::Missed);
        assert_eq!(part(Stage::Data).why, None);
        assert!(grade(&samples::place(), &Answer::Place(Stage::Validate)).unwrap().right);
    }

    proptest! {
        #[test]
        fn several_are_right_only_as_a_set(right in prop::collection::vec(any::<bool>(), 1..7), chosen in prop::collection::vec(any::<bool>(), 7)) {
            let question = samples::multiple(&right);
            let keys = (0..right.len()).filter(|at| chosen[*at]).map(|at| format!("c{at}")).collect();
            let marked = grade(&question, &Answer::Several(keys)).unwrap();
            prop_assert_eq!(marked.right, right[..] == chosen[..right.len()]);
            prop_assert_eq!(marked.right, marked.parts.iter().all(|part| matches!(part.fit, Fit::Right | Fit::Rest)));
            prop_assert_eq!(marked.parts.len(), right.len());
        }

        #[test]
        fn only_one_order_is_right(keys in Just((0..5).map(|at| format!("i{at}")).collect::<Vec<_>>()).prop_shuffle()) {
            let marked = grade(&samples::order(5), &Answer::Sequence(keys.clone())).unwrap();
            prop_assert_eq!(marked.right, keys.is_sorted());
            for (part, key) in marked.parts.iter().zip(&keys) {
                prop_assert_eq!(&part.key, key);
            }
        }

        #[test]
        fn any_text_can_be_marked(text in ".{0,60}") {
            let number = samples::short(Accept::Number { value: 3.0, within: 0.5 });
            let marked = grade(&number, &Answer::Words(text.clone())).unwrap();
            prop_assert!(!(marked.right && marked.said.is_some()));
            prop_assert_eq!(normal(&normal(&text)), normal(&text));
        }

        #[test]
        fn a_number_within_is_right(value in -1e6_f64..1e6, within in 0.0_f64..10.0, part in -1.0_f64..1.0) {
            prop_assert!(is_near(&(value + within * part).to_string(), value, within));
            prop_assert!(!is_near(&(value + within + 0.1).to_string(), value, within));
        }
    }
}
