//! Trials: acts, watches, holds.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::raw::{RawAct, RawHold, RawTrial, RawWatch};
use super::super::yaml::At;
use super::Builder;
use crate::expr::Wanted;
use crate::model::trial::HoldKind;
use crate::model::{Act, Hold, Offset, Probe, Trial};

impl Builder<'_> {
    /// A trial.
    pub fn trial(&mut self, raw: &At<RawTrial>) -> Trial {
        if raw.act.is_empty() {
            self.error(
                "trials",
                raw,
                "nothing is done: this is a check, not a trial",
                "add an `act`, or use `checks`",
            );
        }
        if raw.hold.is_empty() {
            self.error("trials", &raw.hold, "nothing must hold", "add what must be true");
        }
        let act: Vec<Act> = raw.act.iter().filter_map(|act| self.act(act)).collect();
        let restore: Vec<Act> = raw.restore.iter().filter_map(|act| self.act(act)).collect();
        let mut watch = BTreeMap::new();
        for (name, raw) in &raw.watch {
            self.bound_name(name, raw);
            if let Some(probe) = self.watch(raw) {
                watch.insert(name.clone(), probe);
            }
        }
        let bound: Vec<String> = act.iter().filter_map(binds).cloned().collect();
        for (at, name) in bound.iter().enumerate() {
            if watch.contains_key(name) || bound[..at].contains(name) {
                self.error(
                    "trials",
                    raw,
                    format!("`{name}` is bound twice"),
                    "give each observation its own name",
                );
            }
        }
        let names: Vec<&str> = watch
            .keys()
            .chain(&bound)
            .map(String::as_str)
            .chain(["params", "act"])
            .collect();
        let hold: Vec<Hold> = raw.hold.iter().filter_map(|hold| self.hold(hold, &names)).collect();
        if watch.is_empty()
            && let Some(at) = raw.hold.iter().find(|hold| hold.that.is_none())
        {
            let message = "nothing is watched, so this is looked at once only";
            self.error("trials", at, message, "add what to watch, or use `that`");
        }
        Trial {
            act,
            watch,
            within: self.duration(raw.within.as_ref(), Duration::from_secs(30)),
            hold,
            restore,
        }
    }

    fn act(&mut self, raw: &At<RawAct>) -> Option<Act> {
        let given = [
            ("put", raw.put.is_some()),
            ("write", raw.write.is_some()),
            ("remove", raw.remove.is_some()),
            ("move", raw.r#move.is_some()),
            ("flip_byte", raw.flip_byte.is_some()),
            ("command", raw.command.is_some()),
            ("referee", raw.referee.is_some()),
            ("http", raw.http.is_some()),
            ("wait", raw.wait.is_some()),
        ];
        if !self.exactly_one(raw, "an act does one thing", &given) {
            return None;
        }
        if let Some(put) = &raw.put {
            let from = self.path(&put.from);
            if !from.contains("${") && !self.folder.has(&from) {
                self.missing(&put.from, &from);
            }
            return Some(Act::Put {
                from,
                to: self.path(&put.to),
            });
        }
        if let Some(write) = &raw.write {
            return Some(Act::Write {
                path: self.path(&write.path),
                text: self.any_text(&write.text),
            });
        }
        if let Some(remove) = &raw.remove {
            return Some(Act::Remove {
                path: self.path(&remove.path),
            });
        }
        if let Some(r#move) = &raw.r#move {
            return Some(Act::Move {
                from: self.path(&r#move.from),
                to: self.path(&r#move.to),
            });
        }
        if let Some(flip) = &raw.flip_byte {
            let text = self.text(&flip.at);
            let at = match text.parse() {
                Ok(at) => Offset::At(at),
                Err(_) if text.starts_with("${") => Offset::Drawn(text),
                Err(_) => {
                    let message = format!("`{text}` is no place in a file");
                    self.error(
                        "trials",
                        &flip.at,
                        message,
                        "write a number of bytes from the start, or a parameter",
                    );
                    return None;
                }
            };
            return Some(Act::FlipByte {
                path: self.path(&flip.path),
                at,
            });
        }
        if let Some(wait) = &raw.wait {
            return Some(Act::Wait(self.duration(Some(wait), Duration::ZERO)));
        }
        if let Some(command) = &raw.command {
            return Some(Act::Command {
                bind: command.r#as.as_ref().map(|name| self.bound(name)),
                probe: self.command(command),
            });
        }
        if let Some(referee) = &raw.referee {
            let probe = self.referee(referee);
            let bind = self.must_bind(referee, referee.r#as.as_ref())?;
            return Some(Act::Referee { probe, bind });
        }
        let http = raw.http.as_ref()?;
        let probe = self.http(http);
        let bind = self.must_bind(http, http.r#as.as_ref())?;
        Some(Act::Http { probe, bind })
    }

    fn must_bind<T>(&mut self, at: &At<T>, name: Option<&At<String>>) -> Option<String> {
        if let Some(name) = name {
            return Some(self.bound(name));
        }
        self.error(
            "trials",
            at,
            "what is seen here has no name",
            "add `as: name`, so that `hold` can speak of it",
        );
        None
    }

    fn watch(&mut self, raw: &At<RawWatch>) -> Option<Probe> {
        let given = [
            ("file", raw.file.is_some()),
            ("command", raw.command.is_some()),
            ("http", raw.http.is_some()),
        ];
        if !self.exactly_one(raw, "a name stands for one observation", &given) {
            return None;
        }
        if let Some(file) = &raw.file {
            return Some(Probe::File(self.file(file)));
        }
        if let Some(command) = &raw.command {
            return Some(Probe::Command(self.command(command)));
        }
        raw.http.as_ref().map(|http| Probe::Http(self.http(http)))
    }

    fn hold(&mut self, raw: &At<RawHold>, names: &[&str]) -> Option<Hold> {
        let given = [
            ("that", raw.that.is_some()),
            ("never", raw.never.is_some()),
            ("always", raw.always.is_some()),
            ("eventually", raw.eventually.is_some()),
        ];
        if !self.exactly_one(raw, "a hold says one thing", &given) {
            return None;
        }
        let (kind, that) = match (&raw.that, &raw.never, &raw.always, &raw.eventually) {
            (Some(text), ..) => (HoldKind::Once, text),
            (_, Some(text), ..) => (HoldKind::Never, text),
            (_, _, Some(text), _) => (HoldKind::Always, text),
            (.., Some(eventually)) => {
                let within = self.duration(Some(&eventually.within), Duration::ZERO);
                (HoldKind::Eventually(within), &eventually.that)
            }
            _ => return None,
        };
        Some(Hold {
            kind,
            that: self.expression(that, names, Wanted::Bool),
            expected: raw.expected.as_ref().map(|text| self.text(text)),
            seen: raw.seen.as_ref().map(|text| self.expression(text, names, Wanted::Text)),
            say: self.say_texts(&raw.say, names),
        })
    }
}

fn binds(act: &Act) -> Option<&String> {
    match act {
        Act::Command { bind, .. } => bind.as_ref(),
        Act::Referee { bind, .. } | Act::Http { bind, .. } => Some(bind),
        _ => None,
    }
}
