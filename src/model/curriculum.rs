//! The four months: weeks, lessons, exit gates.

use serde::{Deserialize, Serialize};

use super::lab::LabId;
use super::lesson::LessonBody;

/// The whole course.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Curriculum {
    pub title: String,
    /// One or two sentences for the home page.
    pub summary: String,
    pub months: Vec<Month>,
    pub weeks: Vec<Week>,
}

/// A month and the gate at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Month {
    pub number: u8,
    pub title: String,
    /// What must be shown to leave it.
    pub gate: String,
}

/// A week; number 17 is the capstone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Week {
    pub number: u8,
    pub month: u8,
    /// The folder's name: `w01-lifecycle`.
    pub slug: String,
    pub title: String,
    pub summary: String,
    pub outcomes: Vec<String>,
    /// Where on the loop it is: `data`, `train`, `validate`, `package`, `deploy`, `monitor`, `retrain`.
    pub stages: Vec<String>,
    /// Titles of the lessons, in order; those that are written have a body.
    pub lessons: Vec<Lesson>,
    pub labs: Vec<PlannedLab>,
}

/// A lab of a week, written or still planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedLab {
    pub title: String,
    /// `Some` where it can be started.
    pub id: Option<LabId>,
    pub minutes: u32,
}

/// A lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// In the address: `/weeks/1/<slug>`.
    pub slug: String,
    pub title: String,
    /// `None` where it is not written yet.
    pub body: Option<LessonBody>,
}
