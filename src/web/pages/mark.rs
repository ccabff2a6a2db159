//! The states of tasks and sessions as shape and word, never as colour alone.
#![expect(unused_qualifications, reason = "the template's macro writes them")]

use askama::Template;

/// A shape. The word stands beside it in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/mark.html")]
pub enum Mark {
    /// A check: true now.
    Passed,
    /// A cross: not true yet.
    NotYet,
    /// A ring: being looked at.
    Checking,
    /// A bar: waits for something else.
    Waits,
    /// A wrench: the platform's fault, which costs nothing.
    OurFault,
    /// Half a check: achieved, and broken now.
    Broken,
    /// A star: a trial that was survived.
    Star,
    /// Two bars: stands still.
    Paused,
    /// A clock: in progress.
    Clock,
    /// A dot: not begun.
    Dot,
}

impl Mark {
    /// Every shape.
    pub const ALL: [Self; 10] = [
        Self::Passed,
        Self::NotYet,
        Self::Checking,
        Self::Waits,
        Self::OurFault,
        Self::Broken,
        Self::Star,
        Self::Paused,
        Self::Clock,
        Self::Dot,
    ];

    /// The class that gives the colour.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Passed | Self::Star => "pass",
            Self::NotYet => "fail",
            Self::Checking | Self::Broken | Self::Clock => "wait",
            Self::Waits | Self::Paused | Self::Dot => "hold",
            Self::OurFault => "ours",
        }
    }
}
