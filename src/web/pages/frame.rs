//! What every page has around its content: title, navigation, what makes it live.

use crate::base::Timestamp;
use serde::Serialize;

/// The part of the site that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    Curriculum,
    Labs,
    Progress,
    Settings,
    /// The page of results, which has its own field.
    Search,
    /// Errors and the like.
    Elsewhere,
}

/// What makes a page live: the address of the event stream and the last event that the page contains already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Live {
    /// Id of the last event before this was rendered.
    pub last: i64,
    /// Set on pages of one session: its id and its state's word.
    pub session: Option<(String, &'static str)>,
}

/// What the layout needs to know.
#[derive(Clone, Debug, Serialize)]
pub struct Frame {
    /// Of the page, state first; the layout adds the product's name.
    pub title: String,
    pub section: Section,
    /// The server's clock when this was rendered, in microseconds.
    pub now: i64,
    pub live: Option<Live>,
    /// Whether this address is the section's own page.
    pub landing: bool,
}

impl Frame {
    /// A page within a section.
    #[must_use]
    pub fn new(title: impl Into<String>, section: Section, now: Timestamp) -> Self {
        Self {
            title: title.into(),
            section,
            now: now.0,
            live: None,
            landing: false,
        }
    }

    /// The page that the navigation leads to.
    #[must_use]
    pub fn landing(title: impl Into<String>, section: Section, now: Timestamp) -> Self {
        Self {
            landing: true,
            ..Self::new(title, section, now)
        }
    }

    /// The same with live updates.
    #[must_use]
    pub fn live(self, live: Live) -> Self {
        Self {
            live: Some(live),
            ..self
        }
    }
}
