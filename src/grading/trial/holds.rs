//! One condition of a trial, and what is known of it so far.

use super::tracks::{Tone, Track};
use crate::base::Timestamp;
use crate::grading::engine::{Expression, Failure, Scope, compile_say, say};
use crate::grading::text;
use crate::model::trial::HoldKind;
use crate::model::{Finding, Hold};

/// A condition, ready to be applied.
#[derive(Debug)]
pub(super) struct Condition {
    pub kind: HoldKind,
    pub expected: String,
    that: Expression,
    seen: Option<Expression>,
    say: Vec<(Expression, String)>,
    /// How often it could be told.
    pub told: usize,
    /// Met for good.
    pub settled: bool,
    /// Why it could not be told the last time.
    pub untold: Option<String>,
    pub track: Track,
}

/// What one look at a condition comes to.
pub(super) enum Look {
    Fine,
    /// An `eventually` or a plain condition that has just been met.
    Met,
    Broken(Finding),
    Fault(String),
}

impl Condition {
    pub fn new(hold: &Hold) -> Self {
        let expected = hold.expected.clone().unwrap_or_else(|| match hold.kind {
            HoldKind::Once => hold.that.clone(),
            HoldKind::Never => format!("never: {}", hold.that),
            HoldKind::Always => format!("always: {}", hold.that),
            HoldKind::Eventually(within) => {
                format!("within {}: {}", crate::grading::engine::duration(within), hold.that)
            }
        });
        let expected = text::safe(&expected, text::LINE);
        Self {
            kind: hold.kind,
            track: Track::new(expected.clone()),
            expected,
            that: Expression::new(&hold.that),
            seen: hold.seen.as_deref().map(Expression::new),
            say: compile_say(&hold.say),
            told: 0,
            settled: false,
            untold: None,
        }
    }

    pub fn uses(&self, name: &str) -> bool {
        self.that.uses(name)
    }

    /// Looks at it. `names` holds what is bound, `facts` says that in words.
    pub fn look(&mut self, names: &Scope<'_>, facts: &str, began: Timestamp, now: Timestamp) -> Look {
        if self.settled {
            return Look::Fine;
        }
        let result = self.that.holds(names);
        let tone = match (&result, self.kind) {
            (Ok(holds), HoldKind::Never) => tone(!holds),
            (Ok(holds), _) => tone(*holds),
            (Err(_), _) => Tone::Unknown,
        };
        self.track.mark(began, now, tone, "");
        match (result, self.kind) {
            (Err(Failure::Fault(why)), _) => Look::Fault(why),
            (Ok(false), HoldKind::Never | HoldKind::Eventually(_)) | (Ok(true), HoldKind::Always) => {
                self.told += 1;
                Look::Fine
            }
            (Ok(true), HoldKind::Once | HoldKind::Eventually(_)) => {
                self.told += 1;
                self.settled = true;
                Look::Met
            }
            (Err(Failure::Absent(why)), HoldKind::Never | HoldKind::Eventually(_))
            | (Err(Failure::Unfit(why)), HoldKind::Eventually(_)) => {
                self.untold = Some(why);
                Look::Fine
            }
            (Ok(_), _) => Look::Broken(self.finding(names, facts)),
            (Err(Failure::Absent(why) | Failure::Unfit(why)), _) => {
                let facts = if facts.is_empty() {
                    why
                } else {
                    format!("{facts} ({why})")
                };
                Look::Broken(self.finding(names, &facts))
            }
        }
    }

    /// What is told where the condition is broken.
    pub fn finding(&self, names: &Scope<'_>, facts: &str) -> Finding {
        let seen = self.seen.as_ref().and_then(|seen| seen.text(names).ok());
        Finding {
            expected: self.expected.clone(),
            seen: text::safe(seen.as_deref().unwrap_or(facts), text::LINE),
            place: "trial".to_owned(),
            say: say(&self.say, names),
        }
    }
}

fn tone(good: bool) -> Tone {
    if good { Tone::Good } else { Tone::Bad }
}
