//! The environment is that of a lab that has one, and a lesson that runs Python has one.

use super::Subject;
use crate::base::nearest;
use crate::model::LabId;
use crate::model::lesson::{BlockUse, Interpreter};

pub(super) fn check(subject: &mut Subject<'_>) {
    let (raw, body, catalogue) = (subject.raw, subject.body, subject.catalogue);
    let Some(written) = &raw.environment else {
        let runs_python = body.blocks.iter().any(|block| match &block.use_of {
            BlockUse::Script { interpreter, .. } => *interpreter == Interpreter::Python,
            BlockUse::Console(exchanges) => exchanges
                .iter()
                .any(|exchange| exchange.command.split_whitespace().next() == Some("python")),
            _ => false,
        });
        if runs_python {
            let help = "add `environment:` with the lab in whose Python environment they run";
            subject.error(
                "environment",
                raw.minutes.span.clone(),
                "blocks run Python, and no environment is named",
                help,
            );
        }
        return;
    };
    let id = LabId(written.value.clone());
    if catalogue.broken.contains_key(&id) {
        return;
    }
    match catalogue.lab(&id) {
        None => {
            let help = match nearest(&id.0, catalogue.labs.keys().map(|id| id.0.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a lab that is there".into(),
            };
            subject.error(
                "environment",
                written.span.clone(),
                format!("there is no lab `{id}`"),
                help,
            );
        }
        Some(entry) if entry.lab.needs.environment.is_none() => {
            let help = "name a lab that has one, or leave `environment` out";
            subject.error(
                "environment",
                written.span.clone(),
                format!("lab `{id}` has no Python environment"),
                help,
            );
        }
        Some(_) => {}
    }
}
