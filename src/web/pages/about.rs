//! About: version, licence, and what is built in.

use axum::extract::State;
use serde::Serialize;

use super::frame::{Frame, Section};
use super::show::{Shown, page};
use crate::base::Timestamp;
use crate::web::Site;
use crate::web::templates::View;

/// The page at `/about`.
#[derive(Clone, Debug, Serialize)]
pub struct AboutPage {
    pub frame: Frame,
    pub version: &'static str,
    /// Name and text of each notice that comes with the built scripts.
    pub notices: Vec<(String, String)>,
}

impl View for AboutPage {
    const TEMPLATE: &'static str = "about.html";
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
