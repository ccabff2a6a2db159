//! A lab for one attempt: its parameters filled in everywhere but in expressions, which read `params`.

use super::template::{fill_text, fill_value};
use crate::model::check::{CommandProbe, FileProbe, HttpProbe, LearnerCommand, RefereeProbe};
use crate::model::{
    Act, Assertion, Check, Hold, Lab, Offset, Parameters, Probe, Say, SetupStep, Task, TaskWork, Trial,
};

/// The lab with its parameters filled in.
#[must_use]
pub fn fill(lab: &Lab, parameters: &Parameters) -> Lab {
    let filler = Filler(parameters);
    Lab {
        setup: lab.setup.iter().map(|step| filler.step(step)).collect(),
        tasks: lab.tasks.iter().map(|task| filler.task(task)).collect(),
        story: filler.text(&lab.story),
        ..lab.clone()
    }
}

struct Filler<'p>(&'p Parameters);

impl Filler<'_> {
    fn text(&self, text: &str) -> String {
        fill_text(text, self.0)
    }

    fn texts(&self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    fn some(&self, text: Option<&String>) -> Option<String> {
        text.map(|text| self.text(text))
    }

    fn step(&self, step: &SetupStep) -> SetupStep {
        SetupStep {
            title: self.text(&step.title),
            run: self.texts(&step.run),
            timeout: step.timeout,
        }
    }

    fn task(&self, task: &Task) -> Task {
        Task {
            title: self.text(&task.title),
            work: match &task.work {
                TaskWork::Checks(checks) => TaskWork::Checks(checks.iter().map(|check| self.check(check)).collect()),
                TaskWork::Trial(trial) => TaskWork::Trial(Box::new(self.trial(trial))),
            },
            hints: self.texts(&task.hints),
            text: self.text(&task.text),
            ..task.clone()
        }
    }

    fn check(&self, check: &Check) -> Check {
        Check {
            probe: self.probe(&check.probe),
            assertion: match &check.assertion {
                Assertion::Match(value) => Assertion::Match(fill_value(value, self.0)),
                other => other.clone(),
            },
            expected: self.some(check.expected.as_ref()),
            say: self.say(&check.say),
            ..check.clone()
        }
    }

    fn say(&self, says: &[Say]) -> Vec<Say> {
        says.iter()
            .map(|say| Say {
                when: say.when.clone(),
                text: self.text(&say.text),
            })
            .collect()
    }

    fn probe(&self, probe: &Probe) -> Probe {
        match probe {
            Probe::File(file) => Probe::File(FileProbe {
                path: self.text(&file.path),
                form: file.form,
            }),
            Probe::Command(command) => Probe::Command(self.command(command)),
            Probe::Http(http) => Probe::Http(self.http(http)),
            Probe::Referee(referee) => Probe::Referee(self.referee(referee)),
        }
    }

    fn command(&self, command: &CommandProbe) -> CommandProbe {
        CommandProbe {
            run: self.texts(&command.run),
            timeout: command.timeout,
        }
    }

    fn http(&self, http: &HttpProbe) -> HttpProbe {
        HttpProbe {
            path: self.text(&http.path),
            headers: http
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), self.text(value)))
                .collect(),
            body: self.text(&http.body),
            ..http.clone()
        }
    }

    fn referee(&self, referee: &RefereeProbe) -> RefereeProbe {
        RefereeProbe {
            watches: self.texts(&referee.watches),
            prepare: referee.prepare.as_ref().map(|run| self.texts(run)),
            learner: referee
                .learner
                .iter()
                .map(|command| LearnerCommand {
                    id: command.id.clone(),
                    run: self.texts(&command.run),
                    timeout: command.timeout,
                })
                .collect(),
            judge: self.texts(&referee.judge),
            timeout: referee.timeout,
        }
    }

    fn trial(&self, trial: &Trial) -> Trial {
        Trial {
            act: trial.act.iter().map(|act| self.act(act)).collect(),
            watch: trial
                .watch
                .iter()
                .map(|(name, probe)| (name.clone(), self.probe(probe)))
                .collect(),
            within: trial.within,
            hold: trial
                .hold
                .iter()
                .map(|hold| Hold {
                    expected: self.some(hold.expected.as_ref()),
                    say: self.say(&hold.say),
                    ..hold.clone()
                })
                .collect(),
            restore: trial.restore.iter().map(|act| self.act(act)).collect(),
        }
    }

    fn act(&self, act: &Act) -> Act {
        match act {
            Act::Put { from, to } => Act::Put {
                from: self.text(from),
                to: self.text(to),
            },
            Act::Write { path, text } => Act::Write {
                path: self.text(path),
                text: self.text(text),
            },
            Act::Remove { path } => Act::Remove { path: self.text(path) },
            Act::Move { from, to } => Act::Move {
                from: self.text(from),
                to: self.text(to),
            },
            Act::FlipByte { path, at } => Act::FlipByte {
                path: self.text(path),
                at: match at {
                    Offset::Drawn(text) => match self.text(text).parse() {
                        Ok(at) => Offset::At(at),
                        Err(_) => at.clone(),
                    },
                    Offset::At(_) => at.clone(),
                },
            },
            Act::Command { probe, bind } => Act::Command {
                probe: self.command(probe),
                bind: bind.clone(),
            },
            Act::Referee { probe, bind } => Act::Referee {
                probe: self.referee(probe),
                bind: bind.clone(),
            },
            Act::Http { probe, bind } => Act::Http {
                probe: self.http(probe),
                bind: bind.clone(),
            },
            Act::Wait(time) => Act::Wait(*time),
        }
    }
}
