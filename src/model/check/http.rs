//! The `http` probe: a request to a server of the learner's.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The request. Observed as `{status, headers, body, json}`; headers have lower-case names; `json` where the body is JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpProbe {
    /// On the sandbox's loopback.
    pub port: u16,
    pub path: String,
    pub method: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub timeout: Duration,
}
