//! What every page has around its content: title, navigation, what makes it live.

use crate::base::Timestamp;

/// The part of the site that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Curriculum,
    Labs,
    Progress,
    Settings,
    /// Errors and the like.
    Elsewhere,
}

/// What makes a page live: the address of the event stream and the last event that the page contains already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Id of the last event before this was rendered.
    pub last: i64,
    /// Set on pages of one session: its id and its state's word.
    pub session: Option<(String, &'static str)>,
}

/// What the layout needs to know.
#[derive(Clone, Debug)]
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

/// A link of the main navigation.
#[derive(Clone, Debug)]
pub struct NavLink {
    pub text: &'static str,
    pub href: &'static str,
    pub current: bool,
    landing: bool,
}

impl NavLink {
    /// Value of `aria-current`: the page itself, or a page below it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.landing { "page" } else { "true" }
    }
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

    /// The main navigation.
    #[must_use]
    pub fn links(&self) -> [NavLink; 3] {
        [
            ("Curriculum", "/", Section::Curriculum),
            ("Labs", "/labs", Section::Labs),
            ("Progress", "/history", Section::Progress),
        ]
        .map(|(text, href, section)| NavLink {
            text,
            href,
            current: self.section == section,
            landing: self.landing,
        })
    }
}
