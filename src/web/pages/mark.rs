//! The states of tasks and sessions as shape and word, never as colour alone.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::web::templates::View;

/// A shape. The word stands beside it in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub fn class(self) -> &'static str {
        match self {
            Self::Passed | Self::Star => "pass",
            Self::NotYet => "fail",
            Self::Checking | Self::Broken | Self::Clock => "wait",
            Self::Waits | Self::Paused | Self::Dot => "hold",
            Self::OurFault => "ours",
        }
    }

    /// The shape's name in the template.
    #[must_use]
    pub fn shape(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NotYet => "not-yet",
            Self::Checking => "checking",
            Self::Waits => "waits",
            Self::OurFault => "our-fault",
            Self::Broken => "broken",
            Self::Star => "star",
            Self::Paused => "paused",
            Self::Clock => "clock",
            Self::Dot => "dot",
        }
    }
}

impl View for Mark {
    const TEMPLATE: &'static str = "parts/mark.html";
}

/// A template sees `mark.class` and `mark.shape`, and draws it with `mark|icon`.
impl Serialize for Mark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut mark = serializer.serialize_struct("Mark", 2)?;
        mark.serialize_field("class", self.class())?;
        mark.serialize_field("shape", self.shape())?;
        mark.end()
    }
}
