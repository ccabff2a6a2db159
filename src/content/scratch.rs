//! The scratch workspace beside a lesson: a lab without tasks that is made of the lesson. It begins empty, has the Python
//! environment that the lesson's blocks run in, and nothing in it is graded.

use std::sync::Arc;

use super::catalogue::{Catalogue, LessonEntry, Roots};
use crate::model::lab::Environment;
use crate::model::{Egress, Lab, LabId, Limits, Needs};

/// The lab's id is `scratch-w01-<slug>`.
#[must_use]
pub fn id(week: u8, slug: &str) -> LabId {
    LabId(format!("{}w{week:02}-{slug}", LabId::SCRATCH))
}

/// The lesson that a scratch workspace belongs to, where it is written.
#[must_use]
pub fn lesson<'c>(catalogue: &'c Catalogue, id: &LabId) -> Option<&'c Arc<LessonEntry>> {
    let (week, slug) = id.0.strip_prefix(LabId::SCRATCH)?.strip_prefix('w')?.split_once('-')?;
    let number = (week.len() == 2).then(|| week.parse().ok()).flatten()?;
    catalogue.lesson(number, slug)
}

/// The scratch workspace as a lab, where its lesson is written and its environment is there.
#[must_use]
pub(super) fn lab(catalogue: &Catalogue, roots: &Roots, id: &LabId) -> Option<Lab> {
    let entry = lesson(catalogue, id)?;
    let body = entry.lesson.body.as_ref()?;
    let (environment, limits) = match &body.environment {
        None => (None, Limits::default()),
        Some(lab) => {
            let lab = &catalogue.lab(lab)?.lab;
            let environment = lab.needs.environment.as_ref().map(|environment| Environment {
                // Joined to this lab's own folder it stays what it is.
                requirements: std::path::absolute(lab.folder.join(&environment.requirements))
                    .unwrap_or_else(|_| lab.folder.join(&environment.requirements)),
            });
            (environment, lab.limits.clone())
        }
    };
    Some(Lab {
        id: id.clone(),
        // A week's folder has nothing that a workspace would begin with.
        folder: roots.curriculum.join(&entry.folder),
        hash: entry.hash(),
        title: format!("Scratch workspace: {}", entry.lesson.title),
        week: entry.week,
        minutes: body.minutes,
        summary: "A terminal and an editor beside the lesson. Nothing in it is graded.".to_owned(),
        needs: Needs {
            environment,
            ..Needs::default()
        },
        egress: Egress::None,
        limits,
        parameters: [].into(),
        setup: Vec::new(),
        services: Vec::new(),
        tasks: Vec::new(),
        story: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::content::Library;

    #[test]
    fn a_lesson_makes_a_lab_without_tasks() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let library = Library::open(Roots::beneath(root));
        let (week, slug) = (1, "features-labels-splits-leakage");
        let id = id(week, slug);
        assert_eq!(id.0, "scratch-w01-features-labels-splits-leakage");
        assert!(id.is_scratch());
        let lab = library.lab(&id).unwrap();
        assert!(lab.tasks.is_empty());
        let requirements = &lab.needs.environment.as_ref().unwrap().requirements;
        assert!(lab.folder.join(requirements).is_file());
        assert!(!lab.folder.join("workspace").exists());
        for wrong in [
            "scratch-w01-nothing",
            "scratch-w1-a",
            "scratch-",
            "w01-a",
            "scratch-wxx-a",
        ] {
            assert!(library.lab(&LabId(wrong.into())).is_none(), "{wrong}");
        }
    }
}
