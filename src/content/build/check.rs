//! Checks: probes, assertions, words.

use std::time::Duration;

use super::super::raw::{RawCheck, RawCommand, RawCount, RawFile, RawHttp, RawLearner, RawReferee, RawSay};
use super::super::yaml::At;
use super::Builder;
use crate::expr::Wanted;
use crate::model::check::{CommandProbe, FileProbe, HttpProbe, LearnerCommand, RefereeProbe};
use crate::model::{Assertion, Check, Probe, Say};

/// The names of a check's expressions.
const NAMES: &[&str] = &["it", "params"];

impl Builder<'_> {
    /// A check; `None` where it has no probe or no assertion.
    pub fn check(&mut self, raw: &At<RawCheck>) -> Option<Check> {
        let probe = self.check_probe(raw);
        let assertion = self.assertion(raw);
        let expected = raw.expected.as_ref().map(|text| self.text(text));
        let seen = raw.seen.as_ref().map(|text| self.expression(text, NAMES, Wanted::Text));
        let stable_for = raw
            .stable_for
            .as_ref()
            .map(|time| self.duration(Some(time), Duration::ZERO));
        let say = self.say_texts(&raw.say, NAMES);
        Some(Check {
            probe: probe?,
            assertion: assertion?,
            expected,
            seen,
            stable_for,
            say,
        })
    }

    fn check_probe(&mut self, raw: &At<RawCheck>) -> Option<Probe> {
        let given = [
            ("file", raw.file.is_some()),
            ("command", raw.command.is_some()),
            ("http", raw.http.is_some()),
            ("referee", raw.referee.is_some()),
        ];
        if !self.exactly_one(raw, "a check looks at one thing", &given) {
            return None;
        }
        self.unbound(raw.command.as_ref().and_then(|probe| probe.r#as.as_ref()));
        self.unbound(raw.http.as_ref().and_then(|probe| probe.r#as.as_ref()));
        self.unbound(raw.referee.as_ref().and_then(|probe| probe.r#as.as_ref()));
        if let Some(file) = &raw.file {
            return Some(Probe::File(self.file(file)));
        }
        if let Some(command) = &raw.command {
            return Some(Probe::Command(self.command(command)));
        }
        if let Some(http) = &raw.http {
            return Some(Probe::Http(self.http(http)));
        }
        let referee = raw.referee.as_ref()?;
        if referee.watches.is_empty() {
            let help = "name the learner's files that it depends on, as `watches: [train.py]`";
            self.error("checks", referee, "nothing says when the referee runs again", help);
        }
        Some(Probe::Referee(self.referee(referee)))
    }

    /// Says so where `as` binds a name that nothing uses.
    fn unbound(&mut self, bound: Option<&At<String>>) {
        if let Some(name) = bound {
            self.error("checks", name, "a check's observation is always `it`", "leave `as` out");
        }
    }

    /// Whether exactly one of these keys is given.
    pub fn exactly_one<T>(&mut self, at: &At<T>, what: &str, given: &[(&str, bool)]) -> bool {
        let names: Vec<&str> = given
            .iter()
            .filter(|(_, there)| *there)
            .map(|(name, _)| *name)
            .collect();
        if names.len() == 1 {
            return true;
        }
        let all: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
        let found = if names.is_empty() {
            "none is given".to_owned()
        } else {
            format!("here are {}", names.join(" and "))
        };
        self.error(
            "checks",
            at,
            format!("{what}, and {found}"),
            format!("give exactly one of {}", all.join(", ")),
        );
        false
    }

    fn assertion(&mut self, raw: &At<RawCheck>) -> Option<Assertion> {
        let given = [
            ("that", raw.that.is_some()),
            ("match", raw.r#match.is_some()),
            ("all", raw.all.is_some()),
            ("any", raw.any.is_some()),
            ("none", raw.none.is_some()),
            ("count", raw.count.is_some()),
        ];
        if !self.exactly_one(raw, "a check asserts one thing", &given) {
            return None;
        }
        if let Some(text) = &raw.that {
            return Some(Assertion::That(self.expression(text, NAMES, Wanted::Bool)));
        }
        if let Some(text) = &raw.all {
            return Some(Assertion::All(self.expression(text, NAMES, Wanted::Bool)));
        }
        if let Some(text) = &raw.any {
            return Some(Assertion::Any(self.expression(text, NAMES, Wanted::Bool)));
        }
        if let Some(text) = &raw.none {
            return Some(Assertion::None(self.expression(text, NAMES, Wanted::Bool)));
        }
        if let Some(value) = &raw.r#match {
            self.check_match(value, &value.value);
            return Some(Assertion::Match(value.value.clone()));
        }
        self.count(raw.count.as_ref()?)
    }

    fn check_match(&mut self, at: &At<serde_json::Value>, value: &serde_json::Value) {
        use serde_json::Value;
        match value {
            Value::String(text) => {
                for (_, message, help) in self.template_errors(text) {
                    self.error("parameters", at, message, help);
                }
            }
            Value::Array(list) => list.iter().for_each(|item| self.check_match(at, item)),
            Value::Object(map) => map.values().for_each(|item| self.check_match(at, item)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn count(&mut self, raw: &At<RawCount>) -> Option<Assertion> {
        let r#where = self.expression(&raw.r#where, NAMES, Wanted::Bool);
        let (at_least, at_most) = match (raw.exactly, raw.at_least, raw.at_most) {
            (Some(exactly), None, None) => (Some(exactly), Some(exactly)),
            (None, at_least, at_most) if at_least.is_some() || at_most.is_some() => (at_least, at_most),
            _ => {
                self.error(
                    "checks",
                    raw,
                    "this does not say how many",
                    "give `exactly`, or `at_least` and `at_most`",
                );
                return None;
            }
        };
        if let (Some(low), Some(high)) = (at_least, at_most)
            && low > high
        {
            self.error(
                "checks",
                raw,
                format!("at least {low} and at most {high} is never so"),
                "swap them",
            );
        }
        Some(Assertion::Count {
            r#where,
            at_least,
            at_most,
        })
    }

    /// The lab's own words, over these names.
    pub fn say_texts(&mut self, raw: &[RawSay], names: &[&str]) -> Vec<Say> {
        raw.iter()
            .map(|say| Say {
                when: self.expression(&say.when, names, Wanted::Bool),
                text: self.text(&say.text),
            })
            .collect()
    }

    /// A file probe.
    pub fn file(&mut self, raw: &At<RawFile>) -> FileProbe {
        FileProbe {
            path: self.path(&raw.path),
            form: raw.r#as,
        }
    }

    /// A command probe.
    pub fn command(&mut self, raw: &At<RawCommand>) -> CommandProbe {
        CommandProbe {
            run: self.argv(&raw.run, &[]),
            timeout: self.duration(raw.timeout.as_ref(), Duration::from_secs(10)),
        }
    }

    /// An HTTP probe.
    pub fn http(&mut self, raw: &At<RawHttp>) -> HttpProbe {
        if raw.port.value == 0 {
            self.error(
                "checks",
                &raw.port,
                "0 is no port",
                "write the port that the learner's server listens on",
            );
        }
        let path = raw.path.as_ref().map_or_else(|| "/".to_owned(), |path| self.text(path));
        if let (Some(at), false) = (&raw.path, path.starts_with('/') || path.starts_with("${")) {
            self.error(
                "checks",
                at,
                format!("`{path}` does not begin with `/`"),
                "write it as `/health`",
            );
        }
        let method = raw
            .method
            .as_ref()
            .map_or_else(|| "GET".to_owned(), |method| method.value.clone());
        if let Some(at) = &raw.method
            && !["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&method.as_str())
        {
            self.error(
                "checks",
                at,
                format!("`{method}` is no method"),
                "methods are in capitals: GET, POST, PUT, DELETE",
            );
        }
        for (name, value) in &raw.headers {
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                self.error(
                    "checks",
                    value,
                    format!("`{name}` is no header"),
                    "write it as `Content-Type`",
                );
            }
            if value.contains(['\r', '\n']) {
                self.error("checks", value, "a header has one line", "remove the line break");
            }
        }
        HttpProbe {
            port: raw.port.value,
            path,
            method,
            headers: raw
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), self.any_text(value)))
                .collect(),
            body: raw.body.as_ref().map(|body| self.any_text(body)).unwrap_or_default(),
            timeout: self.duration(raw.timeout.as_ref(), Duration::from_secs(2)),
        }
    }

    /// A referee probe.
    pub fn referee(&mut self, raw: &At<RawReferee>) -> RefereeProbe {
        let mut ids: Vec<String> = Vec::new();
        let learner = raw
            .learner
            .iter()
            .map(|command| {
                let command = self.learner_command(command);
                if ids.contains(&command.id) {
                    self.error(
                        "ids",
                        &raw.learner,
                        format!("two commands are `{}`", command.id),
                        "give each its own id",
                    );
                }
                ids.push(command.id.clone());
                command
            })
            .collect();
        RefereeProbe {
            watches: raw.watches.iter().map(|path| self.path(path)).collect(),
            prepare: raw.prepare.as_ref().map(|run| self.argv(run, &["checks"])),
            learner,
            judge: self.argv(&raw.judge, &["checks"]),
            timeout: self.duration(raw.timeout.as_ref(), Duration::from_mins(1)),
        }
    }

    fn learner_command(&mut self, raw: &At<RawLearner>) -> LearnerCommand {
        LearnerCommand {
            id: self.id(&raw.id),
            run: self.argv(&raw.run, &[]),
            timeout: self.duration(raw.timeout.as_ref(), Duration::from_mins(1)),
        }
    }
}
