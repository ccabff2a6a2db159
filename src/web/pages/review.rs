//! The questions that came back: those that are due, the schedule of all others, and the switch.

use axum::extract::{RawQuery, State};
use axum::response::Html;
use serde::Serialize;
use serde_json::json;

use super::curriculum::week_name;
use super::frame::{Frame, Section};
use super::quiz::asked::{self, REVIEW};
use super::quiz::fields::Fields;
use super::quiz::view::{Page, QuizView, Sent};
use super::quiz::{self, Taken};
use super::show::{Shown, Wants, page};
use super::time::Moment;
use crate::base::Timestamp;
use crate::content::{Catalogue, markdown};
use crate::model::quiz::Next;
use crate::web::identity::Who;
use crate::web::quizzes::Answered;
use crate::web::templates::{SafeHtml, View};
use crate::web::{Failure, Site};

const HREF: &str = "/review";

/// The page at `/review`.
#[derive(Clone, Debug, Serialize)]
pub struct ReviewPage {
    pub frame: Frame,
    /// Whether questions come back.
    pub enabled: bool,
    /// The questions that are due; `None` where none is.
    pub quiz: Option<SafeHtml>,
    /// Why there is nothing to answer now.
    pub nothing: String,
    pub schedule: Vec<Line>,
}

impl View for ReviewPage {
    const TEMPLATE: &'static str = "review.html";
}

/// A question of the schedule.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Its first words.
    pub ask: String,
    /// `Week 1, Metrics and thresholds`.
    pub lesson: String,
    pub href: String,
    /// When it comes back; `None` where it does not.
    pub due: Option<Moment>,
    /// `now`, `in 4 days`, `settled`.
    pub word: String,
    /// How often it was right in a row when it was due, of how often.
    pub steps: String,
}

/// `GET /review`.
///
/// # Errors
/// When the database fails.
pub async fn show(State(site): State<Site>, Who(person): Who, RawQuery(query): RawQuery) -> Shown {
    let answered = site.quizzes().of(site.store(), person).await?;
    let catalogue = site.catalogue();
    let retry = quiz::retries(query.as_deref());
    let html = questions(&site, &catalogue, &answered, &retry, None)?;
    page(&fill(&site, &catalogue, &answered, html))
}

/// `POST /review`.
///
/// # Errors
/// As for the questions of a lesson.
pub async fn answer(State(site): State<Site>, Who(person): Who, wants: Wants, fields: Fields) -> Shown {
    let catalogue = site.catalogue();
    let answered = site.quizzes().of(site.store(), person).await?;
    let now = site.clock().now();
    let asked = asked::in_review(&catalogue, &answered, now);
    let asked = quiz::with_visitors(asked, &catalogue, &answered, &fields);
    match quiz::take(&site, person, &asked, REVIEW, &fields).await? {
        Taken::Kept(answered) => {
            let html = questions(&site, &catalogue, &answered, &[], None)?.unwrap_or_default();
            Ok(wants.stay("/review#quiz", json!({ "html": { "quiz": html } })))
        }
        Taken::Refused(problems) => {
            let sent = Sent {
                fields: &fields,
                problems: &problems,
            };
            let html = questions(&site, &catalogue, &answered, &[], Some(sent))?;
            if wants.json() {
                let html = html.unwrap_or_default();
                return Ok(quiz::refusal(axum::Json(json!({ "html": { "quiz": html } }))));
            }
            Ok(quiz::refusal(Html(fill(&site, &catalogue, &answered, html).render()?)))
        }
    }
}

/// `POST /review/switch`: `on` says whether questions come back.
///
/// # Errors
/// Where the form does not say.
pub async fn switch(State(site): State<Site>, Who(person): Who, wants: Wants, fields: Fields) -> Shown {
    let enabled = match fields.all("on").collect::<Vec<_>>()[..] {
        ["yes"] => true,
        ["no"] => false,
        _ => {
            return Err(
                Failure::bad_request("The form does not say on or off. Use the button on the page.")
                    .way("Review", HREF),
            );
        }
    };
    let now = site.clock().now();
    site.quizzes().enable_review(site.store(), person, enabled, now).await?;
    Ok(wants.go(HREF))
}

fn questions(
    site: &Site,
    catalogue: &Catalogue,
    answered: &Answered,
    retry: &[String],
    sent: Option<Sent<'_>>,
) -> Result<Option<String>, Failure> {
    let now = site.clock().now();
    let asked = asked::in_review(catalogue, answered, now);
    let asked = match sent {
        Some(sent) => quiz::with_visitors(asked, catalogue, answered, sent.fields),
        None => asked,
    };
    let page = Page {
        title: "Due now",
        href: HREF,
        action: HREF,
        retry,
        sent,
        review: answered.review,
    };
    QuizView::new(catalogue, &asked, page, &site.times())
        .map(|view| Ok(view.render()?))
        .transpose()
}

fn fill(site: &Site, catalogue: &Catalogue, answered: &Answered, quiz: Option<String>) -> ReviewPage {
    let times = site.times();
    let schedule: Vec<Line> = answered
        .scheduled(catalogue)
        .into_iter()
        .map(|one| {
            let title = catalogue
                .lesson(one.entry.week, &one.entry.slug)
                .map_or(one.entry.slug.as_str(), |entry| entry.lesson.title.as_str());
            let ask = one
                .entry
                .quiz
                .question(&one.question.id)
                .map(|question| markdown::plain(&question.ask))
                .unwrap_or_default();
            Line {
                ask: shortened(&ask),
                lesson: format!("{}, {title}", week_name(one.entry.week)),
                href: format!("/weeks/{}/{}#q-{}", one.entry.week, one.entry.slug, one.question.id),
                due: one.due().map(|at| times.day(at)),
                word: word(one.next, times.now()),
                steps: steps(one.next),
            }
        })
        .collect();
    let nothing = if !answered.review {
        "Questions do not come back: you switched it off. Your answers are kept."
    } else if schedule.is_empty() {
        "A question that you answered in a lesson comes back here after some days. There is none yet."
    } else {
        "Nothing is due now. The next one is at the top of the schedule."
    };
    ReviewPage {
        frame: Frame::new("Review", Section::Progress, times.now()),
        enabled: answered.review,
        quiz: quiz.map(SafeHtml::rendered),
        nothing: nothing.to_owned(),
        schedule,
    }
}

fn word(next: Next, now: Timestamp) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match next {
        Next::Settled => "settled".into(),
        Next::Due { at, .. } if at <= now => "now".into(),
        Next::Due { at, .. } => match at.since(now).as_secs().div_ceil(DAY) {
            0 | 1 => "within a day".into(),
            days => format!("in {days} days"),
        },
    }
}

fn steps(next: Next) -> String {
    let all = crate::model::quiz::review::DAYS_AFTER_RIGHT.len() + 1;
    match next {
        Next::Due { step, .. } => format!("{step} of {all}"),
        Next::Settled => format!("{all} of {all}"),
    }
}

/// The first words of a text.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 90;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST).collect();
    let end = start.rfind(' ').unwrap_or(start.len());
    format!("{}…", &start[..end])
}

impl ReviewPage {
    /// A page with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        let times = super::time::Times::utc(Timestamp(0));
        Self {
            frame: Frame::new("Review", Section::Progress, Timestamp(0)),
            enabled: true,
            quiz: Some(SafeHtml::rendered(
                "<section class=\"quiz\" id=\"quiz\" tabindex=\"-1\" aria-labelledby=\"quiz-title\"><h2 id=\"quiz-title\">Due \
                 now</h2></section>"
                    .into(),
            )),
            nothing: "Nothing is due now.".into(),
            schedule: vec![Line {
                ask: "Which finds the leak?".into(),
                lesson: "Week 1, Metrics and thresholds".into(),
                href: "/weeks/1/metrics-and-thresholds#q-late".into(),
                due: Some(times.day(Timestamp(0))),
                word: "in 5 days".into(),
                steps: "1 of 4".into(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn days_are_counted_as_people_do() {
        let now = Timestamp(1_700_000_000_000_000);
        let due = |hours: u64| {
            word(
                Next::Due {
                    at: now.after(Duration::from_hours(hours)),
                    step: 0,
                },
                now,
            )
        };
        assert_eq!(
            [due(0), due(3), due(24), due(25), due(120)],
            ["now", "within a day", "within a day", "in 2 days", "in 5 days"]
        );
        assert_eq!(word(Next::Settled, now), "settled");
    }

    #[test]
    fn long_texts_end_at_a_word() {
        let short = shortened(&"words ".repeat(40));
        assert!(short.ends_with("words…") && short.chars().count() <= 91, "{short}");
        assert_eq!(shortened("ü"), "ü");
        assert_eq!(shortened(&"ü".repeat(100)).chars().count(), 91);
    }
}
