//! Error pages: what happened, what is safe, the way out, and a reference that the log has.

use serde::Serialize;

use super::frame::{Frame, Section};
use crate::base::Timestamp;
use crate::web::templates::View;

/// Any page with a status of 400 and above.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorPage {
    pub frame: Frame,
    /// `Not found`.
    pub title: String,
    /// What happened, in words for the reader.
    pub what: String,
    /// Where to go: text and address.
    pub ways: Vec<(String, String)>,
    /// As in the log.
    pub reference: String,
}

impl View for ErrorPage {
    const TEMPLATE: &'static str = "error.html";
}

/// The same where the site's own styles and scripts cannot be had: under another name, in a service's tab.
#[derive(Clone, Debug, Serialize)]
pub struct PlainErrorPage<'a>(pub &'a ErrorPage);

impl View for PlainErrorPage<'_> {
    const TEMPLATE: &'static str = "error_plain.html";
}

impl ErrorPage {
    /// A page that was not found.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::new("Not found", Section::Elsewhere, Timestamp(0)),
            title: "Not found".into(),
            what: "There is no page at this address.".into(),
            ways: vec![("Home".into(), "/".into())],
            reference: "7k3m9qx2".into(),
        }
    }
}
