//! One check: an observation becomes a verdict, and words for it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::evaluate::{Expression, Failure, Scope, longest_list, scope};
use super::partial;
use crate::grading::text;
use crate::model::check::{Assertion, Check, Probe};
use crate::model::{Finding, Observation, Say, Verdict};

/// What the latest observation of a check comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    pub verdict: Verdict,
    /// Why not `pass`.
    pub findings: Vec<Finding>,
    /// What was seen, where, in a line or some: the evidence, should it pass.
    pub evidence: Vec<String>,
    /// The platform's fault, for the operator.
    pub fault: Option<String>,
}

/// What a learner reads when the platform is at fault; the cause goes to the operator.
const OUR_FAULT: &str = "The grader itself failed here. This costs nothing, and the operator is told.";

/// A check, ready to be applied.
#[derive(Clone, Debug)]
pub struct Judge {
    assertion: Compiled,
    expected: String,
    seen: Option<Expression>,
    say: Vec<(Expression, String)>,
    place: String,
}

#[derive(Clone, Debug)]
enum Compiled {
    That(Expression),
    Match(Value),
    Each(Quantifier, Expression),
}

#[derive(Clone, Copy, Debug)]
enum Quantifier {
    All,
    Any,
    None,
    Count {
        at_least: Option<u64>,
        at_most: Option<u64>,
    },
}

/// What an assertion comes to.
enum Outcome {
    Holds,
    /// It does not; the words, where there are some, replace the compact form of the observation.
    Broken(Option<String>),
    Fault(String),
}

impl Judge {
    /// Prepares a check. An expression that does not compile gives `error` whenever it is applied.
    pub fn new(check: &Check) -> Self {
        Self {
            assertion: match &check.assertion {
                Assertion::That(that) => Compiled::That(Expression::new(that)),
                Assertion::Match(pattern) => Compiled::Match(pattern.clone()),
                Assertion::All(each) => Compiled::Each(Quantifier::All, Expression::new(each)),
                Assertion::Any(each) => Compiled::Each(Quantifier::Any, Expression::new(each)),
                Assertion::None(each) => Compiled::Each(Quantifier::None, Expression::new(each)),
                Assertion::Count {
                    r#where,
                    at_least,
                    at_most,
                } => Compiled::Each(
                    Quantifier::Count {
                        at_least: *at_least,
                        at_most: *at_most,
                    },
                    Expression::new(r#where),
                ),
            },
            expected: check.expected.clone().unwrap_or_else(|| expected(&check.assertion)),
            seen: check.seen.as_deref().map(Expression::new),
            say: compile_say(&check.say),
            place: place(&check.probe),
        }
    }

    /// Applies the check to an observation.
    pub fn assess(&self, observation: &Observation, params: &Value) -> Assessment {
        match observation {
            Observation::Value(it) => self.assess_value(it, params),
            Observation::Absent(what) => self.assess_absent(what, params),
            Observation::Unreadable(why) => self.not_pass(Verdict::Fail, why, None),
            Observation::Blocked(why) => self.not_pass(Verdict::Blocked, why, None),
            Observation::Pending(why) => self.not_pass(Verdict::Pending, why, None),
            Observation::Fault(why) => self.error(why.clone()),
        }
    }

    fn assess_value(&self, it: &Value, params: &Value) -> Assessment {
        let names = scope(it, params);
        match self.apply(it, params) {
            Outcome::Holds => self.pass(&self.seen(&names).unwrap_or_else(|| text::compact(it))),
            Outcome::Broken(words) => {
                let seen = self.seen(&names).or(words).unwrap_or_else(|| text::compact(it));
                self.not_pass(Verdict::Fail, &seen, say(&self.say, &names))
            }
            Outcome::Fault(why) => self.error(why),
        }
    }

    /// Nothing is there. To expressions it is `null`, so that `it == null` asks for just that; to the quantifiers it is
    /// an empty list.
    fn assess_absent(&self, what: &str, params: &Value) -> Assessment {
        let names = scope(&Value::Null, params);
        let holds = match &self.assertion {
            Compiled::That(that) => matches!(that.holds(&names), Ok(true)),
            Compiled::Match(pattern) => pattern.is_null(),
            Compiled::Each(quantifier, _) => quantifier.verdict(0, 0).is_ok(),
        };
        if holds {
            return self.pass(what);
        }
        self.not_pass(Verdict::Fail, what, say(&self.say, &names))
    }

    fn apply(&self, it: &Value, params: &Value) -> Outcome {
        match &self.assertion {
            Compiled::That(that) => outcome(that.holds(&scope(it, params))),
            Compiled::Match(pattern) => {
                let differences = partial::differences(pattern, it);
                if differences.is_empty() {
                    Outcome::Holds
                } else {
                    Outcome::Broken(Some(differences.join("; ")))
                }
            }
            Compiled::Each(quantifier, each) => {
                let Value::Array(items) = it else {
                    return Outcome::Broken(Some(format!("not a list, but {}", text::compact(it))));
                };
                if items.len() > longest_list() {
                    return Outcome::Broken(Some(format!(
                        "a list of {} elements, more than the {} that are looked at",
                        items.len(),
                        longest_list()
                    )));
                }
                let mut hits = 0;
                let mut first_miss: Option<(usize, Option<String>)> = None;
                let mut first_hit = None;
                for (index, item) in items.iter().enumerate() {
                    let missed = match each.holds_of_one(&scope(item, params), items.len()) {
                        Ok(true) => {
                            hits += 1;
                            first_hit.get_or_insert(index);
                            continue;
                        }
                        Ok(false) => None,
                        // An element that cannot be judged must not count as one of which it is not true.
                        Err(Failure::Unfit(words)) if quantifier.is_negative() => {
                            let element = text::compact(item);
                            return Outcome::Broken(Some(format!("it cannot be told of {element}: {words}")));
                        }
                        Err(Failure::Absent(words) | Failure::Unfit(words)) => Some(words),
                        Err(Failure::Fault(why)) => return Outcome::Fault(why),
                    };
                    first_miss.get_or_insert((index, missed));
                }
                let Err(words) = quantifier.verdict(hits, items.len()) else {
                    return Outcome::Holds;
                };
                let example = match quantifier {
                    Quantifier::All => first_miss.map(|(index, words)| {
                        let why = words.map(|words| format!(" ({words})")).unwrap_or_default();
                        format!("the first that is not: {}{why}", text::compact(&items[index]))
                    }),
                    Quantifier::None => first_hit.map(|index| format!("the first: {}", text::compact(&items[index]))),
                    Quantifier::Any | Quantifier::Count { .. } => None,
                };
                Outcome::Broken(Some(match example {
                    Some(example) => format!("{words}; {example}"),
                    None => words,
                }))
            }
        }
    }

    fn seen(&self, names: &Scope<'_>) -> Option<String> {
        self.seen.as_ref()?.text(names).ok()
    }

    fn pass(&self, seen: &str) -> Assessment {
        Assessment {
            verdict: Verdict::Pass,
            findings: Vec::new(),
            evidence: vec![text::safe(&format!("{}: {seen}", self.place), text::LINE)],
            fault: None,
        }
    }

    fn not_pass(&self, verdict: Verdict, seen: &str, say: Option<String>) -> Assessment {
        Assessment {
            verdict,
            findings: vec![Finding {
                expected: self.expected.clone(),
                seen: text::safe(seen, text::LINE),
                place: self.place.clone(),
                say,
            }],
            evidence: Vec::new(),
            fault: None,
        }
    }

    fn error(&self, why: String) -> Assessment {
        Assessment {
            fault: Some(why),
            ..self.not_pass(Verdict::Error, OUR_FAULT, None)
        }
    }

    /// It holds, but not for long enough yet.
    pub fn settling(&self, stable_for: Duration) -> Finding {
        Finding {
            expected: self.expected.clone(),
            seen: format!("true now; it must stay so for {}", duration(stable_for)),
            place: self.place.clone(),
            say: None,
        }
    }

    /// Nobody has looked yet.
    pub fn unseen(&self) -> Finding {
        Finding {
            expected: self.expected.clone(),
            seen: "not looked at yet".to_owned(),
            place: self.place.clone(),
            say: None,
        }
    }
}

impl Quantifier {
    /// Whether it can be satisfied by things that are not so.
    fn is_negative(self) -> bool {
        match self {
            Self::All | Self::Any => false,
            Self::None => true,
            Self::Count { at_most, .. } => at_most.is_some(),
        }
    }

    /// Whether `hits` of `all` elements are enough and not too many; else what is wrong.
    fn verdict(self, hits: usize, all: usize) -> Result<(), String> {
        let hits_number = u64::try_from(hits).unwrap_or(u64::MAX);
        let fits = match self {
            Self::All => hits == all && all > 0,
            Self::Any => hits > 0,
            Self::None => hits == 0,
            Self::Count { at_least, at_most } => {
                at_least.is_none_or(|least| hits_number >= least) && at_most.is_none_or(|most| hits_number <= most)
            }
        };
        if fits {
            Ok(())
        } else if all == 0 {
            Err("an empty list".to_owned())
        } else {
            Err(format!("{hits} of {all}"))
        }
    }
}

/// A failure of the learner's data breaks an assertion; one of ours is a fault.
fn outcome(result: Result<bool, Failure>) -> Outcome {
    match result {
        Ok(true) => Outcome::Holds,
        Ok(false) => Outcome::Broken(None),
        Err(Failure::Absent(words) | Failure::Unfit(words)) => Outcome::Broken(Some(words)),
        Err(Failure::Fault(why)) => Outcome::Fault(why),
    }
}

/// Prepares a lab's own words.
pub fn compile_say(say: &[Say]) -> Vec<(Expression, String)> {
    say.iter()
        .map(|say| (Expression::new(&say.when), say.text.clone()))
        .collect()
}

/// The first of the lab's own words that applies.
pub fn say(say: &[(Expression, String)], names: &Scope<'_>) -> Option<String> {
    say.iter()
        .find(|(when, _)| matches!(when.holds(names), Ok(true)))
        .map(|(_, text)| text.clone())
}

/// What an assertion expects, where the author gave no words: the assertion itself.
fn expected(assertion: &Assertion) -> String {
    let words = match assertion {
        Assertion::That(that) => that.clone(),
        Assertion::Match(pattern) => text::compact(pattern),
        Assertion::All(each) => format!("all: {each}"),
        Assertion::Any(each) => format!("at least one: {each}"),
        Assertion::None(each) => format!("none: {each}"),
        Assertion::Count {
            r#where: each,
            at_least,
            at_most,
        } => {
            let number = match (at_least, at_most) {
                (Some(least), Some(most)) if least == most => format!("exactly {least}"),
                (Some(least), Some(most)) => format!("{least} to {most}"),
                (Some(least), None) => format!("at least {least}"),
                (None, Some(most)) => format!("at most {most}"),
                (None, None) => "any number".to_owned(),
            };
            format!("{number}: {each}")
        }
    };
    text::safe(words.trim(), text::LINE)
}

/// Where a probe looks, as a learner would say it.
pub fn place(probe: &Probe) -> String {
    let words = match probe {
        Probe::File(file) => file.path.clone(),
        Probe::Command(command) => command.run.join(" "),
        Probe::Http(http) => format!("{} http://localhost:{}{}", http.method, http.port, http.path),
        Probe::Referee(referee) => match referee.learner.as_slice() {
            [] => referee.watches.join(", "),
            commands => {
                let lines: Vec<_> = commands.iter().map(|command| command.run.join(" ")).collect();
                lines.join("; ")
            }
        },
    };
    text::safe(&words, 200)
}

/// A duration in the largest units that fit: `90 s` → `1 min 30 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, 0) => format!("{} ms", duration.as_millis()),
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
