//! What expressions of a trial see, and what its acts are called.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::base::Timestamp;
use crate::grading::engine::{Scope, duration, place};
use crate::grading::text;
use crate::model::{Act, Probe};

/// What expressions see: the bound and watched names, `params`, and `act.time`, when the latest act was done, in
/// seconds since 1970 with a fraction.
pub(super) fn names<'a>(bound: &'a BTreeMap<String, Value>, params: &'a Value, acted: Option<Timestamp>) -> Scope<'a> {
    let mut names = Scope::new().with("params", params);
    for (name, value) in bound {
        names = names.with(name.as_str(), value);
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 keep within 2^53 until the year 2255"
    )]
    let act = acted.map_or_else(|| json!({}), |at| json!({"time": at.0 as f64 / 1e6}));
    names.own("act", act)
}

pub(super) fn binding(act: &Act) -> Option<&str> {
    match act {
        Act::Command { bind, .. } => bind.as_deref(),
        Act::Referee { bind, .. } | Act::Http { bind, .. } => Some(bind),
        _ => None,
    }
}

/// An act in words for the learner.
pub(super) fn describe(act: &Act) -> String {
    let words = match act {
        Act::Put { to, .. } => format!("put {to}"),
        Act::Write { path, .. } => format!("write {path}"),
        Act::Remove { path } => format!("remove {path}"),
        Act::Move { from, to } => format!("move {from} to {to}"),
        Act::FlipByte { path, .. } => format!("flip a bit of {path}"),
        Act::Command { probe, .. } => format!("run {}", probe.run.join(" ")),
        Act::Referee { probe, .. } => format!("run {}", place(&Probe::Referee(probe.clone()))),
        Act::Http { probe, .. } => place(&Probe::Http(probe.clone())),
        Act::Wait(time) => format!("wait {}", duration(*time)),
    };
    text::safe(&words, text::LINE)
}
