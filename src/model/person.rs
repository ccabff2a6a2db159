//! Who learns.

use serde::{Deserialize, Serialize};

use crate::base::{PersonId, Timestamp};

/// A person that rows belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    pub role: PersonRole,
    pub created: Timestamp,
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersonRole {
    Learner,
    Instructor,
    Operator,
}
