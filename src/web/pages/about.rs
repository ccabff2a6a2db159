//! About: version, licence, and what is built in.

use askama::Template;

use super::frame::{Frame, Section};
use crate::base::Timestamp;

/// The page at `/about`.
#[derive(Clone, Debug, Template)]
#[template(path = "about.html")]
pub struct AboutPage {
    pub frame: Frame,
    pub version: &'static str,
    /// Name and text of each notice that comes with the built scripts.
    pub notices: Vec<(String, String)>,
}

impl AboutPage {
    /// A page with one notice.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::landing("About", Section::Elsewhere, Timestamp(0)),
            version: crate::web::VERSION,
            notices: vec![("lab.js".into(), "MIT License".into())],
        }
    }
}
