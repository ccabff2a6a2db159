//! Asks before something goes that cannot be undone: what goes, what stays, and the verb on the button.

use askama::Template;

use crate::base::Timestamp;
use crate::web::pages::frame::{Frame, Section};

/// `GET /sessions/{id}/end` and `GET /sessions/{id}/reset`.
#[derive(Clone, Debug, Template)]
#[template(path = "session/confirm.html")]
pub struct ConfirmPage {
    pub frame: Frame,
    pub title: String,
    pub goes: Vec<String>,
    pub stays: Vec<String>,
    pub verb: &'static str,
    /// Where the form is sent.
    pub action: String,
    pub cancel: String,
}

impl ConfirmPage {
    /// The end of a session.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::new("End the lab? · Inherited notebook", Section::Labs, Timestamp(0)),
            title: "End “Inherited notebook”?".into(),
            goes: vec!["terminals and all that runs in them".into()],
            stays: vec!["what you achieved".into(), "an archive of your files".into()],
            verb: "End the lab",
            action: "/sessions/0190b6a4-0000-7000-8000-000000000001/end".into(),
            cancel: "/sessions/0190b6a4-0000-7000-8000-000000000001".into(),
        }
    }
}
