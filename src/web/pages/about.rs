//! About: version, licence, and what is built in.

use askama::Template;
use axum::extract::State;

use super::frame::{Frame, Section};
use super::show::{Shown, page};
use crate::base::Timestamp;
use crate::web::Site;

/// The page at `/about`.
#[derive(Clone, Debug, Template)]
#[template(path = "about.html")]
pub struct AboutPage {
    pub frame: Frame,
    pub version: &'static str,
    /// Name and text of each notice that comes with the built scripts.
    pub notices: Vec<(String, String)>,
}

/// `GET /about`.
///
/// # Errors
/// When the template cannot be rendered.
pub async fn show(State(site): State<Site>) -> Shown {
    page(&AboutPage {
        frame: Frame::landing("About", Section::Elsewhere, site.clock().now()),
        version: crate::web::VERSION,
        notices: crate::web::assets::notices(),
    })
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
