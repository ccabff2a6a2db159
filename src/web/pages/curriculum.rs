//! What several pages say of the curriculum: names of weeks and their neighbours, and the loop with the twin that each
//! stage has on the loop of software.

use super::home::Stage;
use super::week::Step;
use crate::content::Catalogue;

/// The number of the capstone.
const CAPSTONE: u8 = 17;

/// `Week 3`, or `Capstone`.
#[must_use]
pub fn week_name(number: u8) -> String {
    if number == CAPSTONE {
        "Capstone".to_owned()
    } else {
        format!("Week {number}")
    }
}

/// The week that follows.
#[must_use]
pub fn week_after(catalogue: &Catalogue, number: u8) -> Option<Step> {
    catalogue
        .curriculum
        .weeks
        .iter()
        .filter(|week| week.number > number)
        .min_by_key(|week| week.number)
        .map(|week| Step {
            title: format!("{}: {}", week_name(week.number), week.title),
            href: format!("/weeks/{}", week.number),
        })
}

/// The week that comes before.
#[must_use]
pub fn week_before(catalogue: &Catalogue, number: u8) -> Option<Step> {
    catalogue
        .curriculum
        .weeks
        .iter()
        .filter(|week| week.number < number)
        .max_by_key(|week| week.number)
        .map(|week| Step {
            title: format!("{}: {}", week_name(week.number), week.title),
            href: format!("/weeks/{}", week.number),
        })
}

const STAGES: [(&str, &str, Option<&str>, u32); 7] = [
    ("data", "Data", Some("Code"), 95),
    ("train", "Train", None, 235),
    ("validate", "Validate", Some("Build, test"), 380),
    ("package", "Package", Some("Package"), 525),
    ("deploy", "Deploy", Some("Deploy"), 670),
    ("monitor", "Monitor", None, 800),
    ("retrain", "Retrain", None, 920),
];

/// The stages in order; those that are named in `done` are filled.
#[must_use]
pub fn stages(done: &[&str]) -> Vec<Stage> {
    STAGES
        .into_iter()
        .map(|(key, name, twin, x)| Stage {
            name,
            twin,
            done: done.contains(&key),
            x,
        })
        .collect()
}
