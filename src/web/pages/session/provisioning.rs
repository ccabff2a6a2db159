//! While a session waits or is set up: step n of m, what it prints, cancel, and the instructions to read meanwhile.

use serde::Serialize;

use crate::base::Timestamp;
use crate::lab::SessionView;
use crate::model::SessionState;
use crate::web::pages::fill;
use crate::web::pages::frame::{Frame, Live, Section};
use crate::web::pages::mark::Mark;
use crate::web::pages::parts::{SessionStateView, StepList, StepOutput, StepView};
use crate::web::pages::time::{Times, span};
use crate::web::templates::{SafeHtml, View};
use crate::web::texts;

/// `GET /sessions/{id}` while `queued` or `provisioning`.
#[derive(Clone, Debug, Serialize)]
pub struct ProvisioningPage {
    pub frame: Frame,
    pub id: String,
    pub lab: String,
    pub lab_href: String,
    pub state: SessionStateView,
    /// Whether the page loads itself again where there is no JavaScript.
    pub refresh: bool,
    /// `2nd in the queue, about 3 min`.
    pub queue: Option<String>,
    /// When it was asked for, in microseconds.
    pub since: i64,
    /// `12 s`.
    pub elapsed: String,
    /// `40 s`: what it took here before.
    pub usual: Option<String>,
    pub steps: StepList,
    pub output: StepOutput,
    /// HTML.
    pub story: SafeHtml,
    /// Title, and what must be true.
    pub tasks: Vec<(String, SafeHtml)>,
}

impl View for ProvisioningPage {
    const TEMPLATE: &'static str = "session/provisioning.html";
}

/// From what `lab` tells; `last` is the newest event that it contains.
#[must_use]
pub fn fill(view: &SessionView, times: &Times, last: i64, refresh: bool) -> ProvisioningPage {
    let since = view.session.created;
    ProvisioningPage {
        frame: Frame::new(super::title(view), Section::Labs, times.now()).live(super::live(view, last)),
        id: view.session.id.to_string(),
        lab: view.title.clone(),
        lab_href: format!("/labs/{}", view.session.lab),
        state: fill::state(view),
        refresh,
        queue: (view.session.state == SessionState::Queued).then(|| {
            view.session
                .reason
                .clone()
                .unwrap_or_else(|| "It waits until this server has room, and then goes on by itself.".to_owned())
        }),
        since: since.0,
        elapsed: span(times.now().since(since)),
        usual: view.usual.map(span),
        steps: fill::steps(&view.steps),
        output: fill::output(&view.steps),
        story: texts::markdown(&view.story),
        tasks: view
            .tasks
            .iter()
            .map(|task| (task.title.clone(), texts::markdown(&task.text)))
            .collect(),
    }
}

impl ProvisioningPage {
    /// The second of three steps.
    #[must_use]
    pub fn sample() -> Self {
        let id = "0190b6a4-0000-7000-8000-000000000001";
        Self {
            frame: Frame::new("Step 2 of 3 · Inherited notebook", Section::Labs, Timestamp(0)).live(Live {
                last: 7,
                session: Some((id.into(), "provisioning")),
            }),
            id: id.into(),
            lab: "Inherited notebook".into(),
            lab_href: "/labs/inherited-notebook".into(),
            state: SessionStateView {
                mark: Mark::Clock,
                word: "Step 2 of 3".into(),
            },
            refresh: true,
            queue: None,
            since: 0,
            elapsed: "12 s".into(),
            usual: Some("40 s".into()),
            steps: StepList {
                steps: vec![
                    StepView {
                        title: "Make the workspace".into(),
                        mark: Mark::Passed,
                        word: "Done",
                        took: Some("0.1 s".into()),
                    },
                    StepView {
                        title: "Plant the notebook".into(),
                        mark: Mark::Clock,
                        word: "Running",
                        took: None,
                    },
                    StepView {
                        title: "Start the sandbox".into(),
                        mark: Mark::Dot,
                        word: "Waits",
                        took: None,
                    },
                ],
            },
            output: StepOutput {
                title: "Plant the notebook".into(),
                output: "planting\n".into(),
            },
            story: SafeHtml::rendered("<p>A data scientist left.</p>".into()),
            tasks: vec![(
                "Training runs".into(),
                SafeHtml::rendered("<p>One command makes the model.</p>".into()),
            )],
        }
    }
}
