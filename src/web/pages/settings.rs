//! What the browser keeps for its reader: colours, contrast, the terminal for screen readers. The server keeps none of it.

use askama::Template;
use axum::extract::State;

use super::frame::{Frame, Section};
use super::show::{Shown, page};
use crate::base::Timestamp;
use crate::web::Site;

/// The page at `/settings`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings.html")]
pub struct SettingsPage {
    pub frame: Frame,
}

/// `GET /settings`.
///
/// # Errors
/// When the template cannot be rendered.
pub async fn show(State(site): State<Site>) -> Shown {
    page(&SettingsPage {
        frame: Frame::landing("Settings", Section::Settings, site.clock().now()),
    })
}

impl SettingsPage {
    /// The page.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::landing("Settings", Section::Settings, Timestamp(0)),
        }
    }
}
