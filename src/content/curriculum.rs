//! Reads `curriculum/`: course, weeks, lessons.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalogue::LessonEntry;
use super::diagnostic::{Diagnostic, Severity};
use super::figure;
use super::glossary::{self, Glossary};
use super::lesson::{self, Written};
use super::quiz::{self, QuizEntry};
use super::raw::{RawCourse, RawPlannedLab, RawWeek};
use super::source::{Folder, Source};
use super::yaml::{self, At};
use crate::base::nearest;
use crate::model::LabId;
use crate::model::curriculum::{Curriculum, Lesson, Month, PlannedLab, Week};
use crate::model::lesson::LessonBody;

/// Where on the loop a week can be.
const STAGES: &[&str] = &["data", "train", "validate", "package", "deploy", "monitor", "retrain"];

/// Pictures are named in lower case, as addresses are.
const SVG: &str = ".svg";

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Course {
    pub curriculum: Curriculum,
    pub lessons: BTreeMap<(u8, String), Arc<LessonEntry>>,
    pub figures: BTreeMap<(u8, String), Arc<str>>,
    pub glossary: Arc<Glossary>,
    pub quizzes: BTreeMap<(u8, String), Arc<QuizEntry>>,
    pub broken_quizzes: BTreeSet<(u8, String)>,
    pub found: Vec<Diagnostic>,
}

/// Reads the curriculum. `labs` are the titles and minutes of the labs that are there, broken ones without.
pub(super) fn course(folder: &Folder, labs: &BTreeMap<LabId, Option<(String, u32)>>) -> Course {
    let mut reader = Reader {
        folder,
        labs,
        course: Course::default(),
    };
    reader.course.found.clone_from(&folder.problems);
    let (terms, found) = glossary::read(folder);
    reader.course.glossary = Arc::new(Glossary::new(&terms));
    reader.course.found.extend(found);
    reader.months();
    reader.weeks();
    reader
        .course
        .found
        .extend(glossary::untaught(&terms, &reader.course.curriculum));
    reader.course
}

struct Reader<'f> {
    folder: &'f Folder,
    labs: &'f BTreeMap<LabId, Option<(String, u32)>>,
    course: Course,
}

impl Reader<'_> {
    fn error<T>(&mut self, source: &Source, at: &At<T>, message: String, help: impl Into<String>) {
        let mut diagnostic = Diagnostic::about("curriculum", Severity::Error, source.file.clone(), message).help(help);
        if let Some(span) = at.span.clone() {
            diagnostic = diagnostic.at(&source.text, span);
        }
        self.course.found.push(diagnostic);
    }

    fn about(&mut self, path: &str, message: impl Into<String>, help: &str) {
        let file = format!("{}/{path}", self.folder.name);
        self.course
            .found
            .push(Diagnostic::about("curriculum", Severity::Error, file, message).help(help));
    }

    fn read<T: serde::de::DeserializeOwned>(&mut self, path: &str) -> Option<(T, Source)> {
        match self
            .folder
            .read(path)
            .and_then(|source| Ok((yaml::parse(&source)?, source)))
        {
            Ok(read) => Some(read),
            Err(diagnostic) => {
                self.course
                    .found
                    .push(diagnostic.help("docs/curriculum-format.md says what stands in it"));
                None
            }
        }
    }

    fn months(&mut self) {
        let Some((raw, source)) = self.read::<RawCourse>("course.yaml") else {
            return;
        };
        self.course.curriculum.title.clone_from(&raw.title.value);
        self.course.curriculum.summary.clone_from(&raw.summary.value);
        for month in raw.months {
            if self
                .course
                .curriculum
                .months
                .iter()
                .any(|other| other.number == month.number.value)
            {
                self.error(
                    &source,
                    &month.number,
                    format!("month {} stands here twice", month.number.value),
                    "number them",
                );
            }
            self.course.curriculum.months.push(Month {
                number: month.number.value,
                title: month.title.value,
                gate: month.gate.value,
            });
        }
        self.course.curriculum.months.sort_by_key(|month| month.number);
    }

    fn weeks(&mut self) {
        let mut slugs: Vec<&str> = self
            .folder
            .files
            .keys()
            .filter_map(|path| path.split_once('/').map(|(folder, _)| folder))
            .collect();
        slugs.dedup();
        slugs.retain(|slug| *slug != glossary::FOLDER);
        for slug in slugs {
            let Some(number) = week_number(slug) else {
                self.about(
                    slug,
                    "is no week",
                    "name it w01-<slug> to w16-<slug>, or w17-<slug> for the capstone",
                );
                continue;
            };
            if self.course.curriculum.weeks.iter().any(|week| week.number == number) {
                self.about(slug, format!("week {number} is there twice"), "rename one of them");
                continue;
            }
            if let Some((raw, source)) = self.read::<RawWeek>(&format!("{slug}/week.yaml")) {
                let week = self.week(number, slug, &raw, &source);
                self.course.curriculum.weeks.push(week);
            }
        }
        self.course.curriculum.weeks.sort_by_key(|week| week.number);
    }

    fn week(&mut self, number: u8, slug: &str, raw: &RawWeek, source: &Source) -> Week {
        if !self.course.curriculum.months.is_empty()
            && !self
                .course
                .curriculum
                .months
                .iter()
                .any(|month| month.number == raw.month.value)
        {
            self.error(
                source,
                &raw.month,
                format!("there is no month {}", raw.month.value),
                "course.yaml names the months",
            );
        }
        for stage in raw.stages.iter().filter(|stage| !STAGES.contains(&stage.as_str())) {
            let help = match nearest(stage, STAGES.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("stages are: {}", STAGES.join(", ")),
            };
            self.error(source, stage, format!("there is no stage `{}`", stage.value), help);
        }
        let mut lessons: Vec<Lesson> = Vec::new();
        for lesson in &raw.lessons {
            if !super::build::is_slug(&lesson.slug) || lessons.iter().any(|other| other.slug == lesson.slug.value) {
                let message = format!("`{}` is no slug of its own", lesson.slug.value);
                self.error(
                    source,
                    &lesson.slug,
                    message,
                    "lower-case letters, digits and hyphens, each slug once",
                );
                continue;
            }
            let path = format!("{slug}/{}.md", lesson.slug.value);
            let (body, written) = if self.folder.has(&path) {
                self.lesson(&path).unzip()
            } else {
                (None, None)
            };
            let lesson = Lesson {
                slug: lesson.slug.value.clone(),
                title: lesson.title.value.clone(),
                body,
            };
            if let Some(written) = written {
                let entry = LessonEntry::new(number, slug, lesson.clone(), written, self.course.glossary.clone());
                self.course
                    .lessons
                    .insert((number, lesson.slug.clone()), Arc::new(entry));
            }
            lessons.push(lesson);
        }
        self.quizzes(number, slug, &lessons);
        self.strays(slug, &lessons);
        self.figures(number, slug);
        Week {
            number,
            month: raw.month.value,
            slug: slug.to_owned(),
            title: raw.title.value.clone(),
            summary: raw.summary.value.clone(),
            outcomes: raw.outcomes.iter().map(|outcome| outcome.value.clone()).collect(),
            stages: raw.stages.iter().map(|stage| stage.value.clone()).collect(),
            lessons,
            labs: raw.labs.iter().filter_map(|lab| self.planned(lab, source)).collect(),
        }
    }

    /// The questions of the week's lessons.
    fn quizzes(&mut self, number: u8, slug: &str, lessons: &[Lesson]) {
        let prefix = format!("{slug}/");
        let named: Vec<String> = self
            .folder
            .under(slug)
            .filter_map(|path| path.strip_prefix(&prefix)?.strip_suffix(quiz::ENDING))
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect();
        for name in named {
            let path = format!("{slug}/{name}{}", quiz::ENDING);
            if !lessons.iter().any(|lesson| lesson.slug == name) {
                let message = format!("week.yaml has no lesson `{name}`");
                self.about(
                    &path,
                    message,
                    "name it as the lesson that asks it, or add the lesson to `lessons`",
                );
                continue;
            }
            let (read, found) = match self.folder.read(&path) {
                Ok(source) => {
                    let (read, found) = quiz::read(source.clone());
                    (read.map(|read| QuizEntry::new(number, &name, read, source)), found)
                }
                Err(diagnostic) => (None, vec![*diagnostic]),
            };
            self.course.found.extend(found);
            match read {
                Some(entry) => {
                    self.course.quizzes.insert((number, name), Arc::new(entry));
                }
                None => {
                    self.course.broken_quizzes.insert((number, name));
                }
            }
        }
    }

    /// Lessons that no week names are not shown: better said.
    fn strays(&mut self, slug: &str, lessons: &[Lesson]) {
        let prefix = format!("{slug}/");
        let strays: Vec<String> = self
            .folder
            .under(slug)
            .filter_map(|path| path.strip_prefix(&prefix)?.strip_suffix(".md"))
            .filter(|name| !name.contains('/') && !lessons.iter().any(|lesson| lesson.slug == *name))
            .map(str::to_owned)
            .collect();
        for stray in strays {
            self.about(
                &format!("{slug}/{stray}.md"),
                format!("week.yaml has no lesson `{stray}`"),
                "add it to `lessons`, or rename the file",
            );
        }
    }

    /// Pictures are served as files; one that could run anything is refused.
    fn figures(&mut self, number: u8, slug: &str) {
        let paths: Vec<String> = self
            .folder
            .under(&format!("{slug}/figures"))
            .map(str::to_owned)
            .collect();
        for path in paths {
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            match self.folder.read(&path) {
                Err(diagnostic) => self.course.found.push(*diagnostic),
                Ok(source) => match figure::what_runs(&source.text) {
                    Some(what) => self.about(
                        &path,
                        format!("a picture with {what}"),
                        "pictures are drawings only: take it out",
                    ),
                    None if !name.ends_with(SVG) || path.matches('/').count() != 2 => {
                        self.about(
                            &path,
                            "is no picture of a lesson",
                            "pictures are SVG, right in `figures/`",
                        );
                    }
                    None => {
                        self.course.figures.insert((number, name), source.text);
                    }
                },
            }
        }
    }

    fn planned(&mut self, raw: &At<RawPlannedLab>, source: &Source) -> Option<PlannedLab> {
        let title = raw.title.as_ref().map(|title| title.value.clone());
        let minutes = raw.minutes.as_ref().map(|minutes| minutes.value);
        let Some(id) = &raw.id else {
            let (Some(title), Some(minutes)) = (title, minutes) else {
                let help = "give `id` of a lab that is there, or `title` and `minutes` of one that is planned";
                self.error(source, raw, "this does not say which lab".into(), help);
                return None;
            };
            return Some(PlannedLab {
                title,
                id: None,
                minutes,
            });
        };
        let lab = LabId(id.value.clone());
        match self.labs.get(&lab) {
            Some(Some((own_title, own_minutes))) => Some(PlannedLab {
                title: title.unwrap_or_else(|| own_title.clone()),
                id: Some(lab),
                minutes: minutes.unwrap_or(*own_minutes),
            }),
            // It cannot be started now; what is wrong with it is said where it is.
            Some(None) => Some(PlannedLab {
                title: title.unwrap_or_else(|| id.value.clone()),
                id: None,
                minutes: minutes.unwrap_or(0),
            }),
            None => {
                let help = match nearest(id, self.labs.keys().map(|id| id.0.as_str())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "leave `id` out for a lab that is planned".into(),
                };
                self.error(source, id, format!("there is no lab `{}`", id.value), help);
                None
            }
        }
    }

    fn lesson(&mut self, path: &str) -> Option<(LessonBody, Written)> {
        match self.folder.read(path) {
            Ok(source) => {
                let (read, found) = lesson::read(source);
                self.course.found.extend(found);
                read
            }
            Err(diagnostic) => {
                self.course.found.push(*diagnostic);
                None
            }
        }
    }
}

/// The number in `w01-slug`.
fn week_number(slug: &str) -> Option<u8> {
    let rest = slug.strip_prefix('w')?;
    let (number, name) = rest.split_once('-')?;
    let number = (number.len() == 2).then(|| number.parse().ok()).flatten()?;
    ((1..=17).contains(&number) && super::build::is_id(name)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_named_by_number() {
        assert_eq!(week_number("w01-lifecycle"), Some(1));
        assert_eq!(week_number("w17-capstone"), Some(17));
        for wrong in ["w1-a", "w00-a", "w18-a", "01-a", "w01", "w01-", "w01-A"] {
            assert_eq!(week_number(wrong), None, "{wrong}");
        }
    }
}
