//! `course.yaml`, `week.yaml`, and a lesson's front matter.

use serde::Deserialize;

use super::super::yaml::At;

/// `curriculum/course.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCourse {
    pub title: At<String>,
    pub summary: At<String>,
    pub months: Vec<RawMonth>,
}

/// A month.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMonth {
    pub number: At<u8>,
    pub title: At<String>,
    pub gate: At<String>,
}

/// `curriculum/wNN-slug/week.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawWeek {
    pub title: At<String>,
    pub month: At<u8>,
    pub summary: At<String>,
    pub outcomes: At<Vec<At<String>>>,
    #[serde(default)]
    pub stages: Vec<At<String>>,
    pub lessons: Vec<RawLesson>,
    #[serde(default)]
    pub labs: Vec<At<RawPlannedLab>>,
}

/// A lesson of a week.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLesson {
    pub slug: At<String>,
    pub title: At<String>,
}

/// A lab of a week: `id` where it is there, else `title` and `minutes`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPlannedLab {
    pub id: Option<At<String>>,
    pub title: Option<At<String>>,
    pub minutes: Option<At<u32>>,
}

/// Between the `---` lines of a lesson.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFrontMatter {
    pub minutes: At<u32>,
    pub objectives: At<Vec<RawObjective>>,
    #[serde(default)]
    pub prerequisites: Vec<At<String>>,
    pub environment: Option<At<String>>,
    #[serde(default)]
    pub versions: Vec<RawVersion>,
    #[serde(default)]
    pub sources: Vec<RawSource>,
}

/// What a reader can do afterwards; that `asked` and `practised` are there is a rule of lint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawObjective {
    pub does: At<String>,
    pub asked: Option<At<String>>,
    pub practised: Option<At<String>>,
}

/// A page that the lesson rests on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSource {
    pub title: At<String>,
    pub url: At<String>,
}

/// A tool whose facts were checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawVersion {
    pub tool: At<String>,
    pub version: At<String>,
    pub checked: At<String>,
}
