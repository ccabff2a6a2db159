//! Which questions a page asks, under which names, and what was answered to each. Pure.

use std::time::Duration;

use crate::base::Timestamp;
use crate::content::{Catalogue, QuizEntry};
use crate::model::Question;
use crate::model::quiz::{Marked, grade};
use crate::store::QuizTry;
use crate::web::quizzes::Answered;
use crate::web::reading::key;

/// Where answers of the page `/review` were given.
pub const REVIEW: &str = "review";

/// How long an answer to a question that came back stays on the page that asked it.
const SHOWN_IN_LESSON: Duration = Duration::from_hours(20);
const SHOWN_IN_REVIEW: Duration = Duration::from_hours(1);

/// Most questions of one review: a few minutes.
const MOST_REVIEWED: usize = 5;

/// A question on a page.
#[derive(Clone, Debug)]
pub struct Asked<'c> {
    pub entry: &'c QuizEntry,
    /// With HTML in place of Markdown.
    pub question: &'c Question,
    /// Of its fields: the question's id, and before it the lesson where that is another than the page's.
    pub name: String,
    /// Whether it came back from another lesson.
    pub visiting: bool,
    /// Whether it is due, so that it is asked anew.
    pub due: bool,
    /// All answers, oldest first.
    pub tries: &'c [QuizTry],
}

impl<'c> Asked<'c> {
    fn own(entry: &'c QuizEntry, question: &'c Question, answered: &'c Answered) -> Self {
        Self {
            entry,
            question,
            name: question.id.clone(),
            visiting: false,
            due: false,
            tries: answered.tries(entry.week, &entry.slug, &question.id),
        }
    }

    fn visiting(entry: &'c QuizEntry, question: &'c Question, answered: &'c Answered) -> Self {
        Self {
            name: format!("{}/{}", key(entry.week, &entry.slug), question.id),
            visiting: true,
            ..Self::own(entry, question, answered)
        }
    }

    fn due(entry: &'c QuizEntry, question: &'c Question, answered: &'c Answered) -> Self {
        Self {
            due: true,
            ..Self::visiting(entry, question, answered)
        }
    }

    /// Its id on the page.
    #[must_use]
    pub fn id(&self) -> String {
        format!("q-{}", self.name.replace('/', "-"))
    }

    /// The last answer and how it is marked, where it is one to the question as it is asked now.
    #[must_use]
    pub fn current(&self) -> Option<(&'c QuizTry, Marked)> {
        let last = self.tries.last().filter(|last| last.hash == self.question.hash)?;
        Some((last, grade(self.question, last.answer.as_ref()?)?))
    }

    /// The answer that is shown: none where the question is due.
    #[must_use]
    pub fn shown(&self) -> Option<(&'c QuizTry, Marked)> {
        self.current().filter(|_| !self.due)
    }

    /// The last answer to an earlier version of the question, where there is none to this one.
    #[must_use]
    pub fn outdated(&self) -> Option<&'c QuizTry> {
        match self.current() {
            Some(_) => None,
            None => self.tries.last(),
        }
    }
}

/// What a lesson asks: its own questions, and from the second week on one of an earlier week that is due.
#[must_use]
pub fn in_lesson<'c>(
    catalogue: &'c Catalogue,
    answered: &'c Answered,
    week: u8,
    slug: &str,
    now: Timestamp,
) -> Vec<Asked<'c>> {
    let mut asked: Vec<Asked<'c>> = catalogue
        .quiz(week, slug)
        .into_iter()
        .flat_map(|entry| {
            entry
                .html()
                .questions
                .iter()
                .map(move |question| Asked::own(entry, question, answered))
        })
        .collect();
    asked.extend(from_before(catalogue, answered, week, slug, now));
    asked
}

/// One question of an earlier week: the one that was answered here a while ago, else the one that is longest due, and
/// rather of the last four weeks than of one before.
fn from_before<'c>(
    catalogue: &'c Catalogue,
    answered: &'c Answered,
    week: u8,
    slug: &str,
    now: Timestamp,
) -> Option<Asked<'c>> {
    if let Some(here) = answered_at(catalogue, answered, &key(week, slug), now, SHOWN_IN_LESSON).pop() {
        return Some(here);
    }
    let mut due = answered.due(catalogue, now);
    due.retain(|one| one.entry.week < week);
    let recent = due.iter().position(|one| one.entry.week + 4 >= week).unwrap_or(0);
    let one = due.get(recent)?;
    Some(Asked::due(one.entry, one.question, answered))
}

/// Questions that came back and were answered at `place` not longer than `within` ago, in the order of their answers.
fn answered_at<'c>(
    catalogue: &'c Catalogue,
    answered: &'c Answered,
    place: &str,
    now: Timestamp,
    within: Duration,
) -> Vec<Asked<'c>> {
    let mut here: Vec<(Timestamp, Asked<'c>)> = answered
        .scheduled(catalogue)
        .into_iter()
        .filter_map(|one| {
            let asked = Asked::visiting(one.entry, one.question, answered);
            let last = asked.tries.last()?;
            let stays = last.place == place && key(asked.entry.week, &asked.entry.slug) != place;
            (stays && now.since(last.at) < within).then_some((last.at, asked))
        })
        .collect();
    here.sort_by_key(|(at, _)| *at);
    here.into_iter().map(|(_, asked)| asked).collect()
}

/// What the page `/review` asks: what was just answered there, then what is due.
#[must_use]
pub fn in_review<'c>(catalogue: &'c Catalogue, answered: &'c Answered, now: Timestamp) -> Vec<Asked<'c>> {
    let mut asked = answered_at(catalogue, answered, REVIEW, now, SHOWN_IN_REVIEW);
    let due = answered.due(catalogue, now);
    let open = due
        .iter()
        .map(|one| Asked::due(one.entry, one.question, answered))
        .filter(|due| asked.iter().all(|known| known.name != due.name))
        .take(MOST_REVIEWED)
        .collect::<Vec<_>>();
    asked.extend(open);
    asked
}

/// The question that a form's name of another lesson stands for, where it was answered before: what is asked may have
/// changed between the page and its form.
#[must_use]
pub fn visiting<'c>(catalogue: &'c Catalogue, answered: &'c Answered, name: &str) -> Option<Asked<'c>> {
    let (lesson, id) = name.rsplit_once('/')?;
    let (week, slug) = lesson.split_once('/')?;
    let entry = catalogue.quiz(week.parse().ok()?, slug)?;
    let asked = Asked::visiting(entry, entry.html().question(id)?, answered);
    (asked.name == name && !asked.tries.is_empty()).then_some(asked)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::content::{Library, Roots};
    use crate::model::Answer;

    const NOW: Timestamp = Timestamp(1_795_608_000_000_000);

    /// One lesson in each of these weeks, each with one question.
    fn content(weeks: &[u8]) -> Arc<Catalogue> {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: String, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("labs/.keep".into(), "");
        write(
            "curriculum/course.yaml".into(),
            "title: T\nsummary: S\nmonths:\n  - { number: 1, title: M, gate: G }\n",
        );
        for week in weeks {
            let at = format!("curriculum/w{week:02}-week");
            write(
                format!("{at}/week.yaml"),
                "title: W\nmonth: 1\nsummary: S\noutcomes: [O]\nlessons:\n  - { slug: one, title: One }\n",
            );
            write(format!("{at}/one.md"), "---\nminutes: 5\nobjectives: []\n---\nText.\n");
            write(
                format!("{at}/one.quiz.yaml"),
                "questions:\n  - { id: a, kind: short, ask: Which?, accept: [x], why: So. }\n",
            );
        }
        let catalogue = Library::open(Roots::beneath(folder.path())).catalogue();
        assert_eq!(catalogue.quizzes.len(), weeks.len(), "{:?}", catalogue.diagnostics);
        catalogue
    }

    fn tried(catalogue: &Catalogue, week: u8, days_ago: u64, place: &str) -> QuizTry {
        QuizTry {
            lesson: format!("{week}/one"),
            question: "a".into(),
            at: NOW.before(Duration::from_hours(24 * days_ago)),
            hash: catalogue.quiz(week, "one").unwrap().quiz.questions[0].hash.clone(),
            answer: Some(Answer::Words("x".into())),
            right: true,
            place: place.into(),
        }
    }

    fn names(asked: &[Asked<'_>]) -> Vec<String> {
        asked.iter().map(|one| one.name.clone()).collect()
    }

    #[test]
    fn a_lesson_asks_one_question_of_an_earlier_week_and_rather_a_recent_one() {
        let catalogue = content(&[1, 4, 6, 7]);
        let rows = [(1, 20), (4, 9), (6, 3), (7, 30)].map(|(week, days)| tried(&catalogue, week, days, "x"));
        let answered = Answered::new(rows.to_vec(), true);
        let at = |week: u8| names(&in_lesson(&catalogue, &answered, week, "one", NOW));
        assert_eq!(at(6), ["a", "4/one/a"], "week 1 is due longer, and too far back");
        assert_eq!(at(4), ["a", "1/one/a"]);
        let asked = in_lesson(&catalogue, &answered, 4, "one", NOW);
        assert!(
            asked[1].shown().is_none() && asked[1].current().is_some(),
            "it is asked anew"
        );
        assert_eq!(at(1), ["a"], "the first week asks nothing back");
        assert_eq!(
            names(&in_review(&catalogue, &answered, NOW)),
            ["7/one/a", "1/one/a", "4/one/a"]
        );
        let off = Answered::new(rows.to_vec(), false);
        assert_eq!(names(&in_lesson(&catalogue, &off, 6, "one", NOW)), ["a"]);
        assert_eq!(names(&in_review(&catalogue, &off, NOW)), Vec::<String>::new());
    }

    #[test]
    fn what_was_answered_where_it_came_back_stays_there_for_a_while() {
        let catalogue = content(&[1, 2, 3]);
        let mut rows = vec![tried(&catalogue, 1, 9, "1/one"), tried(&catalogue, 2, 9, "2/one")];
        rows.push(tried(&catalogue, 1, 0, "3/one"));
        let answered = Answered::new(rows.clone(), true);
        assert_eq!(
            names(&in_lesson(&catalogue, &answered, 3, "one", NOW)),
            ["a", "1/one/a"]
        );
        let later = NOW.after(Duration::from_hours(21));
        assert_eq!(
            names(&in_lesson(&catalogue, &answered, 3, "one", later)),
            ["a", "2/one/a"]
        );
        rows.push(tried(&catalogue, 2, 0, REVIEW));
        let answered = Answered::new(rows, true);
        let review = in_review(&catalogue, &answered, NOW);
        assert_eq!(names(&review), ["2/one/a"]);
        assert!(review[0].shown().is_some());
        assert_eq!(names(&in_review(&catalogue, &answered, later)), Vec::<String>::new());
    }

    #[test]
    fn a_name_of_another_lesson_stands_for_a_question_that_was_answered_there() {
        let catalogue = content(&[1, 2]);
        let answered = Answered::new(vec![tried(&catalogue, 1, 0, "1/one")], true);
        assert!(visiting(&catalogue, &answered, "1/one/a").is_some());
        for name in [
            "",
            "a",
            "/",
            "//",
            "1/one/b",
            "2/one/a",
            "01/one/a",
            "256/one/a",
            "1/one/a/b",
            "-1/one/a",
        ] {
            assert!(visiting(&catalogue, &answered, name).is_none(), "{name}");
        }
    }

    #[test]
    fn answers_to_another_version_are_not_shown_as_answers_to_this_one() {
        let catalogue = content(&[1]);
        let mut row = tried(&catalogue, 1, 0, "1/one");
        row.hash = "other".into();
        let answered = Answered::new(vec![row], true);
        let asked = in_lesson(&catalogue, &answered, 1, "one", NOW);
        assert!(asked[0].current().is_none() && asked[0].outdated().is_some());
        assert_eq!(answered.score(catalogue.quiz(1, "one").unwrap()).answered, 0);
    }
}
