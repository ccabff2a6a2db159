//! What the browser keeps for its reader: colours, contrast, the terminal for screen readers. The server keeps none of it.

use askama::Template;

use super::frame::{Frame, Section};
use crate::base::Timestamp;

/// The page at `/settings`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings.html")]
pub struct SettingsPage {
    pub frame: Frame,
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
