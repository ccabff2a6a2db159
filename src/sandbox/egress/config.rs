//! What configuration decides about egress.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Table `[sandbox.egress]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct EgressConfig {
    /// Hosts that the policy `registries` opens. Unset: those that this machine's own pip, uv, npm, go and cargo are
    /// set to.
    pub registries: Option<Vec<String>>,
    /// Hosts (`name` or `name:port`) that may be reached though their address is private or loopback.
    pub private: Vec<String>,
}
