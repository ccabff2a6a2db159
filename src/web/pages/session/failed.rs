//! A session that could not be made: the failing step, its last lines, Retry.

use serde::Serialize;

use crate::base::Timestamp;
use crate::lab::SessionView;
use crate::web::pages::fill;
use crate::web::pages::frame::{Frame, Live, Section};
use crate::web::pages::parts::{StepList, StepOutput};
use crate::web::pages::time::Times;
use crate::web::templates::View;

/// `GET /sessions/{id}` while `failed`.
#[derive(Clone, Debug, Serialize)]
pub struct FailedPage {
    pub frame: Frame,
    pub id: String,
    pub lab: String,
    pub lab_href: String,
    /// In words for the learner.
    pub reason: String,
    pub steps: StepList,
    /// Of the step that failed.
    pub output: StepOutput,
    /// Whether the workspace exists and can be downloaded.
    pub workspace: bool,
}

impl View for FailedPage {
    const TEMPLATE: &'static str = "session/failed.html";
}

/// From what `lab` tells.
#[must_use]
pub fn fill(view: &SessionView, times: &Times, last: i64) -> FailedPage {
    FailedPage {
        frame: Frame::new(super::title(view), Section::Labs, times.now()).live(super::live(view, last)),
        id: view.session.id.to_string(),
        lab: view.title.clone(),
        lab_href: format!("/labs/{}", view.session.lab),
        reason: view
            .session
            .reason
            .clone()
            .unwrap_or_else(|| "One of its steps did not succeed.".to_owned()),
        steps: fill::steps(&view.steps),
        output: fill::output(&view.steps),
        workspace: view.session.ready.is_some(),
    }
}

impl FailedPage {
    /// A failed second step.
    #[must_use]
    pub fn sample() -> Self {
        let made = super::provisioning::ProvisioningPage::sample();
        Self {
            frame: Frame::new("Failed · Inherited notebook", Section::Labs, Timestamp(0)).live(Live {
                last: 9,
                session: Some((made.id.clone(), "failed")),
            }),
            id: made.id,
            lab: made.lab,
            lab_href: made.lab_href,
            reason: "“Plant the notebook” ended with exit code 1.".into(),
            steps: made.steps,
            output: made.output,
            workspace: true,
        }
    }
}
