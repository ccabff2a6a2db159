//! What the browser keeps for its reader: colours, contrast, the terminal for screen readers. The server keeps none of it.

use axum::extract::State;
use serde::Serialize;

use super::frame::{Frame, Section};
use super::show::{Shown, page};
use crate::base::Timestamp;
use crate::web::Site;
use crate::web::templates::View;

/// The page at `/settings`.
#[derive(Clone, Debug, Serialize)]
pub struct SettingsPage {
    pub frame: Frame,
}

impl View for SettingsPage {
    const TEMPLATE: &'static str = "settings.html";
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
