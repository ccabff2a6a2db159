//! Runs a trial: does what the machine says, looks at what is watched, and puts everything back.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::acts;
use super::fingerprint::fingerprint;
use super::journal::{Journal, Refusal, RestoreReport};
use super::machine::{Acted, Machine, Phase};
use super::restore::{self, restore_after_crash};
use super::{Entry, TrialOutcome};
use crate::base::Clock;
use crate::grading::ProbeContext;
use crate::grading::probe::observe;
use crate::model::check::Probe;
use crate::model::{Act, Observation, TaskId, Trial};

/// Told about each entry of the timeline as it comes, with the phase that it came in.
pub type Progress<'a> = &'a (dyn Fn(&Entry, Phase) + Send + Sync);

/// Pauses between two looks at what is watched.
const FILE_PAUSE: Duration = Duration::from_millis(100);
const HTTP_PAUSE: Duration = Duration::from_millis(200);
const OTHER_PAUSE: Duration = Duration::from_secs(1);

/// Looks that wait to be taken in.
const BACKLOG: usize = 32;

/// Runs a trial of `task` to its end, which comes at the first violation, when everything is decided, at the
/// deadline, or soon after `cancel`. Files that its acts touched are always put back before it returns; if the future
/// is dropped, or the server killed, [`super::restore_after_crash`] does it.
///
/// No check of the session should be looked at, and no other trial of it may run, until it is over.
pub async fn run(
    task: &TaskId,
    trial: &Trial,
    context: &ProbeContext,
    clock: &Clock,
    cancel: &CancellationToken,
    progress: Progress<'_>,
) -> TrialOutcome {
    let mut run = Run {
        machine: Machine::new(trial, &context.parameters, clock.now()),
        clock,
        told: 0,
        progress,
    };
    // An earlier one may have something left that only a sandbox can do.
    let _ = restore_after_crash(context).await;
    let begun = Journal::begin(context.folder.root(), task, &context.workspace, &trial.restore).await;
    let mut journal = match begun {
        Ok(journal) => journal,
        Err(Refusal::Impossible(why) | Refusal::Fault(why)) => {
            run.machine.stop(&why, clock.now());
            let report = RestoreReport {
                task: task.clone(),
                complete: true,
                acts_left: false,
                put_back: 0,
                notes: Vec::new(),
                fault: Some(why),
            };
            return run.finish(report, String::new());
        }
    };
    let (sender, mut looks) = mpsc::channel(BACKLOG);
    let mut watchers = JoinSet::new();
    for (name, probe) in &trial.watch {
        watchers.spawn(watch(name.clone(), probe.clone(), context.clone(), sender.clone()));
    }
    drop(sender);
    run.first_looks(trial, &mut looks, cancel).await;
    while let Phase::Acting(_) | Phase::Watching(_) = run.machine.phase() {
        match run.machine.act().cloned() {
            Some(act) => run.act(&act, context, &mut journal, &mut looks, cancel).await,
            None => run.watch(&mut looks, cancel).await,
        }
        run.tell();
    }
    watchers.shutdown().await;
    let report = restore::finish(journal.restore().await, context, false).await;
    let state = fingerprint(trial, &context.workspace).await;
    run.finish(report, state)
}

struct Run<'a> {
    machine: Machine,
    clock: &'a Clock,
    /// Entries that were told already.
    told: usize,
    progress: Progress<'a>,
}

type Looks = mpsc::Receiver<(String, Observation)>;

impl Run<'_> {
    /// Waits until everything that is watched was looked at once, so that a change by the first act can be seen.
    async fn first_looks(&mut self, trial: &Trial, looks: &mut Looks, cancel: &CancellationToken) {
        let mut missing: Vec<&String> = trial.watch.keys().collect();
        while !missing.is_empty() {
            tokio::select! {
                () = cancel.cancelled() => break,
                look = looks.recv() => match look {
                    Some((name, observation)) => {
                        missing.retain(|other| **other != name);
                        self.machine.observed(&name, &observation, self.clock.now());
                    }
                    None => break,
                },
            }
        }
        self.tell();
    }

    /// Does an act, and takes in what is watched meanwhile.
    async fn act(
        &mut self,
        act: &Act,
        context: &ProbeContext,
        journal: &mut Journal,
        looks: &mut Looks,
        cancel: &CancellationToken,
    ) {
        if cancel.is_cancelled() {
            return self.machine.cancel(self.clock.now());
        }
        // An act that changes files is never broken off between its journal and its end.
        if let Some(acted) = acts::change(act, &context.lab_folder, &context.workspace, journal).await {
            return self.machine.acted(acted, self.clock.now());
        }
        let doing = elsewhere(act, context);
        tokio::pin!(doing);
        let number = self.machine.phase();
        while self.machine.phase() == number {
            tokio::select! {
                () = cancel.cancelled() => self.machine.cancel(self.clock.now()),
                acted = &mut doing => self.machine.acted(acted, self.clock.now()),
                Some((name, observation)) = looks.recv() => {
                    self.machine.observed(&name, &observation, self.clock.now());
                }
            }
            self.tell();
        }
    }

    /// Takes in what is watched until something is decided.
    async fn watch(&mut self, looks: &mut Looks, cancel: &CancellationToken) {
        let now = self.clock.now();
        self.machine.tick(now);
        let Some(deadline) = self.machine.deadline() else {
            return;
        };
        tokio::select! {
            () = cancel.cancelled() => self.machine.cancel(self.clock.now()),
            Some((name, observation)) = looks.recv() => {
                self.machine.observed(&name, &observation, self.clock.now());
            }
            () = tokio::time::sleep(deadline.since(now)) => self.machine.tick(self.clock.now()),
        }
    }

    /// Tells what is new on the timeline.
    fn tell(&mut self) {
        let phase = self.machine.phase();
        for entry in self.machine.timeline().iter().skip(self.told) {
            (self.progress)(entry, phase);
        }
        self.told = self.machine.timeline().len();
    }

    fn finish(mut self, report: RestoreReport, fingerprint: String) -> TrialOutcome {
        self.machine.restored(report, self.clock.now());
        self.tell();
        self.machine
            .outcome(fingerprint)
            .expect("a machine that was stopped and restored is finished")
    }
}

/// Does an act that changes no file from outside.
pub(super) async fn elsewhere(act: &Act, context: &ProbeContext) -> Acted {
    let probe = match act {
        Act::Wait(time) => {
            tokio::time::sleep(*time).await;
            return Acted::Done;
        }
        Act::Command { probe, .. } => Probe::Command(probe.clone()),
        Act::Referee { probe, .. } => Probe::Referee(probe.clone()),
        Act::Http { probe, .. } => Probe::Http(probe.clone()),
        Act::Put { .. } | Act::Write { .. } | Act::Remove { .. } | Act::Move { .. } | Act::FlipByte { .. } => {
            return Acted::Fault("not an act of this kind".to_owned());
        }
    };
    match observe(&probe, context).await {
        Observation::Fault(why) => Acted::Fault(why),
        observation => Acted::Saw(observation),
    }
}

/// Looks at something again and again, until nobody listens.
async fn watch(name: String, probe: Probe, context: ProbeContext, out: mpsc::Sender<(String, Observation)>) {
    let pause = match probe {
        Probe::File(_) => FILE_PAUSE,
        Probe::Http(_) => HTTP_PAUSE,
        Probe::Command(_) | Probe::Referee(_) => OTHER_PAUSE,
    };
    loop {
        let observation = observe(&probe, &context).await;
        if out.send((name.clone(), observation)).await.is_err() {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}
