//! How far a person is: from attempts and lessons that were read to weeks, months and the next step. Pure.

use std::collections::BTreeMap;

use super::curriculum::week_name;
use super::home::{Continue, MonthRow, Place, Stop};
use crate::content::Catalogue;
use crate::lab::Attempt;
use crate::model::LabId;
use crate::model::curriculum::Week;
use crate::store::LessonRead;
use crate::web::reading::key;

/// What a person has done.
pub struct Done<'a> {
    pub attempts: &'a [Attempt],
    pub read: &'a [LessonRead],
}

/// The best attempt at a lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Best {
    pub achieved: usize,
    pub tasks: usize,
    pub live: bool,
}

impl Best {
    /// Whether every task was achieved.
    #[must_use]
    pub fn passed(self) -> bool {
        self.tasks > 0 && self.achieved == self.tasks
    }

    /// `running, 3 of 6`, `passed 6 of 6`, `3 of 6`.
    #[must_use]
    pub fn note(self) -> String {
        let Self { achieved, tasks, live } = self;
        match (live, self.passed()) {
            (true, _) => format!("running, {achieved} of {tasks}"),
            (false, true) => format!("passed {achieved} of {tasks}"),
            (false, false) => format!("{achieved} of {tasks}"),
        }
    }
}

impl Done<'_> {
    /// The best attempt at each lab that was attempted.
    #[must_use]
    pub fn best(&self) -> BTreeMap<LabId, Best> {
        let mut best: BTreeMap<LabId, Best> = BTreeMap::new();
        for attempt in self.attempts {
            let entry = best.entry(attempt.lab.clone()).or_insert(Best {
                achieved: 0,
                tasks: attempt.score.tasks,
                live: false,
            });
            entry.live |= attempt.state.is_live();
            if attempt.score.achieved >= entry.achieved {
                entry.achieved = attempt.score.achieved;
                entry.tasks = attempt.score.tasks;
            }
        }
        best
    }

    fn opened(&self, week: u8, slug: &str) -> Option<&LessonRead> {
        let key = key(week, slug);
        self.read.iter().find(|read| read.lesson == key)
    }

    /// How far a week is.
    #[must_use]
    pub fn place(&self, week: &Week, best: &BTreeMap<LabId, Best>) -> Place {
        let labs: Vec<_> = week
            .labs
            .iter()
            .map(|lab| lab.id.as_ref().and_then(|id| best.get(id)))
            .collect();
        let passed = !labs.is_empty() && labs.iter().all(|best| best.is_some_and(|best| best.passed()));
        let begun = labs.iter().any(Option::is_some)
            || week
                .lessons
                .iter()
                .any(|lesson| self.opened(week.number, &lesson.slug).is_some());
        match (passed, begun) {
            (true, _) => Place::Done,
            (false, true) => Place::Here,
            (false, false) => Place::Ahead,
        }
    }

    /// The one next step: the lesson that is being read, the first that was not, or the first lab that is not passed.
    #[must_use]
    pub fn next(&self, catalogue: &Catalogue) -> Option<Continue> {
        let written = || {
            catalogue.curriculum.weeks.iter().flat_map(|week| {
                week.lessons
                    .iter()
                    .filter_map(move |lesson| Some((week, lesson, lesson.body.as_ref()?)))
            })
        };
        let current = self
            .read
            .iter()
            .rev()
            .filter(|read| read.finished.is_none())
            .find_map(|read| written().find(|(week, lesson, _)| key(week.number, &lesson.slug) == read.lesson));
        let fresh = || written().find(|(week, lesson, _)| self.opened(week.number, &lesson.slug).is_none());
        if let Some((week, lesson, body)) = current.or_else(fresh) {
            let began = !self.read.is_empty() || !self.attempts.is_empty();
            return Some(Continue {
                place: format!("{} · {}", week_name(week.number), week.title),
                title: lesson.title.clone(),
                note: format!("{} min", body.minutes),
                href: format!("/weeks/{}/{}", week.number, lesson.slug),
                verb: if began { "Continue" } else { "Start week 1" },
            });
        }
        let best = self.best();
        let (week, lab) = catalogue
            .curriculum
            .weeks
            .iter()
            .flat_map(|week| week.labs.iter().map(move |lab| (week, lab)))
            .find(|(_, lab)| {
                lab.id.as_ref().is_some_and(|id| {
                    catalogue.labs.contains_key(id) && !best.get(id).is_some_and(|best| best.passed())
                })
            })?;
        Some(Continue {
            place: format!("{} · {}", week_name(week.number), week.title),
            title: lab.title.clone(),
            note: format!("lab, {} min", lab.minutes),
            href: format!("/labs/{}", lab.id.as_ref()?),
            verb: "To the lab",
        })
    }

    /// The map.
    #[must_use]
    pub fn months(&self, catalogue: &Catalogue) -> Vec<MonthRow> {
        let best = self.best();
        catalogue
            .curriculum
            .months
            .iter()
            .map(|month| {
                let weeks: Vec<_> = catalogue
                    .curriculum
                    .weeks
                    .iter()
                    .filter(|week| week.month == month.number)
                    .collect();
                let stops: Vec<_> = weeks.iter().map(|week| self.stop(week, &best)).collect();
                let done = stops.iter().filter(|stop| stop.place == Place::Done).count();
                MonthRow {
                    number: month.number,
                    title: month.title.clone(),
                    note: format!("Month {} · {done} of {} weeks done", month.number, stops.len()),
                    gate_open: !stops.is_empty() && done == stops.len(),
                    stops,
                    gate: month.gate.clone(),
                }
            })
            .collect()
    }

    fn stop(&self, week: &Week, best: &BTreeMap<LabId, Best>) -> Stop {
        let tried = week.labs.iter().find_map(|lab| best.get(lab.id.as_ref()?));
        Stop {
            href: format!("/weeks/{}", week.number),
            title: week.title.clone(),
            place: self.place(week, best),
            note: tried.map_or_else(
                || {
                    let lessons = match week.lessons.len() {
                        1 => "1 lesson".to_owned(),
                        many => format!("{many} lessons"),
                    };
                    let minutes: u32 = week.labs.iter().map(|lab| lab.minutes).sum();
                    if minutes == 0 {
                        lessons
                    } else {
                        format!("{lessons}, lab {minutes} min")
                    }
                },
                |best| format!("lab {}", best.note()),
            ),
        }
    }

    /// Stages of the loop that a week which is done belongs to.
    #[must_use]
    pub fn stages<'c>(&self, catalogue: &'c Catalogue) -> Vec<&'c str> {
        let best = self.best();
        catalogue
            .curriculum
            .weeks
            .iter()
            .filter(|week| self.place(week, &best) == Place::Done)
            .flat_map(|week| week.stages.iter().map(String::as_str))
            .collect()
    }
}
