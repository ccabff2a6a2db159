//! Every objective is asked by a question of the lesson and practised by a task or by the lesson's own example.

use super::Subject;
use crate::base::nearest;
use crate::model::lesson::{BlockUse, Practice};

pub(super) fn check(subject: &mut Subject<'_>) {
    let (raw, body, catalogue) = (subject.raw, subject.body, subject.catalogue);
    let quiz = catalogue.quiz(subject.entry.week, &subject.entry.lesson.slug);
    for objective in raw.objectives.iter() {
        match &objective.asked {
            None => subject.error(
                "asked",
                objective.does.span.clone(),
                "no question asks for this objective",
                "add `asked:` with the id of a question in the lesson's quiz",
            ),
            Some(id) => {
                if let Some(quiz) = quiz
                    && quiz.quiz.question(id).is_none()
                {
                    let known = quiz.quiz.questions.iter().map(|question| question.id.as_str());
                    let help = match nearest(id, known.clone()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("there are: {}", known.collect::<Vec<_>>().join(", ")),
                    };
                    let message = format!("the lesson's quiz has no question `{}`", id.value);
                    subject.error("asked", id.span.clone(), message, help);
                }
            }
        }
        if objective.practised.is_none() {
            let help = "add `practised:` with `lab/task`, or `example` for the lesson's own runnable exercise";
            subject.error(
                "practised",
                objective.does.span.clone(),
                "this objective is not practised",
                help,
            );
        }
    }
    let runs = body
        .blocks
        .iter()
        .any(|block| matches!(block.use_of, BlockUse::Console(_) | BlockUse::Script { .. }));
    for (objective, written) in body.objectives.iter().zip(raw.objectives.iter()) {
        let at = written.practised.as_ref().and_then(|at| at.span.clone());
        match &objective.practised {
            Some(Practice::Example) if !runs => subject.error(
                "practised",
                at,
                "the lesson has no block that runs",
                "add a `console`, `python` or `bash` block, or name a task of a lab",
            ),
            Some(Practice::Task { lab, task }) => {
                // What is wrong with a broken lab is said where it is.
                if catalogue.broken.contains_key(lab) {
                    continue;
                }
                let Some(found) = catalogue.lab(lab) else {
                    let help = match nearest(&lab.0, catalogue.labs.keys().map(|id| id.0.as_str())) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "name a lab that is there".into(),
                    };
                    subject.error("practised", at, format!("there is no lab `{lab}`"), help);
                    continue;
                };
                if found.lab.task(task).is_none() {
                    let known: Vec<&str> = found.lab.tasks.iter().map(|task| task.id.0.as_str()).collect();
                    let help = match nearest(&task.0, known.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("its tasks are: {}", known.join(", ")),
                    };
                    subject.error("practised", at, format!("lab `{lab}` has no task `{task}`"), help);
                }
            }
            _ => {}
        }
    }
}
