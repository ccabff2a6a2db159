//! Progress: what was passed and when, week by week as a picture, the time that labs took, and what is due again.

use std::time::Duration;

use axum::extract::State;
use serde::Serialize;

use super::curriculum::week_name;
use super::frame::{Frame, Section};
use super::progress::{Best, Done};
use super::show::{Shown, page};
use super::time::{Moment, Times, span};
use crate::base::Timestamp;
use crate::content::Catalogue;
use crate::web::Site;
use crate::web::identity::Who;
use crate::web::quizzes::{Answered, Scheduled};
use crate::web::reading::key;
use crate::web::templates::View;

/// How many lines of what was done are shown.
const LINES: usize = 60;

/// The page at `/progress`.
#[derive(Clone, Debug, Serialize)]
pub struct OverviewPage {
    pub frame: Frame,
    /// Whether nothing was done yet.
    pub empty: bool,
    /// What it comes to: `Lessons read`, `3 of 31`.
    pub facts: Vec<(&'static str, String)>,
    pub weeks: Vec<WeekBar>,
    /// What was passed, the latest first.
    pub passed: Vec<PassedLine>,
    /// How many more there are than are shown.
    pub more: usize,
    /// Questions of earlier weeks; `None` where the person has switched them off.
    pub due: Option<Due>,
}

/// A week in the picture and in its table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WeekBar {
    /// `1`, `C` for the capstone.
    pub label: String,
    /// `Week 1`.
    pub name: String,
    pub title: String,
    pub href: String,
    pub read: usize,
    pub lessons: usize,
    pub achieved: usize,
    /// Tasks of the labs that are written.
    pub tasks: usize,
    /// Whether the week is done.
    pub done: bool,
}

/// Something that was passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassedLine {
    pub at: Moment,
    /// `Lesson`, `Task`.
    pub kind: &'static str,
    pub title: String,
    pub href: String,
    /// The lab of a task, the week of a lesson.
    pub place: String,
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Due {
    pub questions: usize,
    /// When the next one comes, where none is due.
    pub next: Option<Moment>,
}

/// `GET /progress`.
///
/// # Errors
/// When the database fails.
pub async fn show(State(site): State<Site>, Who(person): Who) -> Shown {
    let attempts = site.labs().history(person).await?;
    let read = site.reading().of(site.store(), person).await?;
    let catalogue = site.catalogue();
    let done = Done {
        attempts: &attempts,
        read: &read,
    };
    let answered = site.quizzes().of(site.store(), person).await?;
    let times = site.times();
    let due = answered.review.then(|| due(&answered, &catalogue, &times));
    page(&fill(&done, &catalogue, &times, due))
}

fn due(answered: &Answered, catalogue: &Catalogue, times: &Times) -> Due {
    let now = times.now();
    // In the order of time.
    let scheduled = answered.scheduled(catalogue);
    let coming = scheduled.iter().filter_map(Scheduled::due).find(|at| *at > now);
    Due {
        questions: scheduled.iter().filter(|one| one.next.is_due(now)).count(),
        next: coming.map(|at| times.moment(at)),
    }
}

/// From what a person has done.
#[must_use]
pub fn fill(done: &Done<'_>, catalogue: &Catalogue, times: &Times, due: Option<Due>) -> OverviewPage {
    let weeks = weeks(done, catalogue);
    let mut passed = passed(done, catalogue);
    passed.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let more = passed.len().saturating_sub(LINES);
    let sum = |of: fn(&WeekBar) -> usize| weeks.iter().map(of).sum::<usize>();
    let best = done.best();
    let labs = best.values().filter(|best| best.passed()).count();
    let time: Duration = done.attempts.iter().filter_map(|attempt| attempt.used).sum();
    let mut facts = vec![
        (
            "Lessons read",
            format!("{} of {}", sum(|week| week.read), sum(|week| week.lessons)),
        ),
        (
            "Tasks achieved",
            format!("{} of {}", sum(|week| week.achieved), sum(|week| week.tasks)),
        ),
        ("Labs passed", format!("{labs} of {}", catalogue.labs.len())),
        ("Time in labs", span(time)),
    ];
    let minutes = reading_minutes(done, catalogue);
    if minutes > 0 {
        facts.push(("Reading", format!("about {}", span(Duration::from_mins(minutes)))));
    }
    OverviewPage {
        frame: Frame::landing("Progress", Section::Progress, times.now()),
        empty: passed.is_empty() && done.attempts.is_empty() && done.read.is_empty(),
        facts,
        weeks,
        passed: passed
            .into_iter()
            .take(LINES)
            .map(|(at, line)| PassedLine {
                at: times.moment(at),
                ..line
            })
            .collect(),
        more,
        due,
    }
}

/// As the lessons that were finished say of themselves: nobody is watched while reading.
fn reading_minutes(done: &Done<'_>, catalogue: &Catalogue) -> u64 {
    catalogue
        .curriculum
        .weeks
        .iter()
        .flat_map(|week| week.lessons.iter().map(move |lesson| (week, lesson)))
        .filter(|(week, lesson)| {
            let key = key(week.number, &lesson.slug);
            done.read
                .iter()
                .any(|read| read.lesson == key && read.finished.is_some())
        })
        .filter_map(|(_, lesson)| Some(u64::from(lesson.body.as_ref()?.minutes)))
        .sum()
}

fn weeks(done: &Done<'_>, catalogue: &Catalogue) -> Vec<WeekBar> {
    let best = done.best();
    catalogue
        .curriculum
        .weeks
        .iter()
        .map(|week| {
            let labs: Vec<(usize, Option<&Best>)> = week
                .labs
                .iter()
                .filter_map(|lab| {
                    let id = lab.id.as_ref()?;
                    Some((catalogue.labs.get(id)?.lab.tasks.len(), best.get(id)))
                })
                .collect();
            let name = week_name(week.number);
            WeekBar {
                label: name.strip_prefix("Week ").unwrap_or("C").to_owned(),
                title: week.title.clone(),
                href: format!("/weeks/{}", week.number),
                read: week
                    .lessons
                    .iter()
                    .filter(|lesson| {
                        let key = key(week.number, &lesson.slug);
                        done.read
                            .iter()
                            .any(|read| read.lesson == key && read.finished.is_some())
                    })
                    .count(),
                lessons: week.lessons.len(),
                achieved: labs
                    .iter()
                    .filter_map(|(tasks, best)| Some(best.as_ref()?.achieved.min(*tasks)))
                    .sum(),
                tasks: labs.iter().map(|(tasks, _)| tasks).sum(),
                done: done.place(week, &best) == super::home::Place::Done,
                name,
            }
        })
        .collect()
}

/// The first award of each task of each lab, and every lesson that was finished; the moment's text is put in later.
fn passed(done: &Done<'_>, catalogue: &Catalogue) -> Vec<(Timestamp, PassedLine)> {
    let nothing = || Moment {
        exact: String::new(),
        text: String::new(),
    };
    let mut lines = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    // Attempts come the latest first.
    for attempt in done.attempts.iter().rev() {
        let lab = catalogue.labs.get(&attempt.lab);
        for award in &attempt.awards {
            if !seen.insert((attempt.lab.clone(), award.task.clone())) {
                continue;
            }
            let task = lab.and_then(|entry| entry.lab.tasks.iter().find(|task| task.id == award.task));
            lines.push((
                award.at,
                PassedLine {
                    at: nothing(),
                    kind: "Task",
                    title: task.map_or_else(|| award.task.to_string(), |task| task.title.clone()),
                    href: format!("/sessions/{}/finish", attempt.session),
                    place: attempt.title.clone(),
                },
            ));
        }
    }
    for week in &catalogue.curriculum.weeks {
        for lesson in &week.lessons {
            let key = key(week.number, &lesson.slug);
            let finished = done
                .read
                .iter()
                .find(|read| read.lesson == key)
                .and_then(|read| read.finished);
            if let Some(at) = finished {
                lines.push((
                    at,
                    PassedLine {
                        at: nothing(),
                        kind: "Lesson",
                        title: lesson.title.clone(),
                        href: format!("/weeks/{}/{}", week.number, lesson.slug),
                        place: week_name(week.number),
                    },
                ));
            }
        }
    }
    lines
}

impl View for OverviewPage {
    const TEMPLATE: &'static str = "overview.html";
}

impl OverviewPage {
    /// A page with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        let moment = Moment {
            exact: "2026-11-24T14:02:00Z".into(),
            text: "14:02".into(),
        };
        let bar = |label: &str, read, achieved| WeekBar {
            label: label.into(),
            name: format!("Week {label}"),
            title: "ML lifecycle for operators".into(),
            href: format!("/weeks/{label}"),
            read,
            lessons: 5,
            achieved,
            tasks: 6,
            done: achieved == 6,
        };
        Self {
            frame: Frame::landing("Progress", Section::Progress, Timestamp(0)),
            empty: false,
            facts: vec![("Lessons read", "3 of 10".into()), ("Time in labs", "1 h 5 min".into())],
            weeks: vec![
                bar("1", 5, 6),
                WeekBar {
                    lessons: 0,
                    tasks: 0,
                    ..bar("2", 0, 0)
                },
            ],
            passed: vec![PassedLine {
                at: moment.clone(),
                kind: "Task",
                title: "Training runs from a clean process".into(),
                href: "/sessions/0190b6a4-0000-7000-8000-000000000001/finish".into(),
                place: "Inherited notebook".into(),
            }],
            more: 3,
            due: Some(Due {
                questions: 0,
                next: Some(moment),
            }),
        }
    }
}
