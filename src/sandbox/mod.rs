//! Places where learners' and labs' code runs: what a driver is, the drivers, and the handles that they hand out.
//!
//! The only room that starts sandboxes and speaks to their agents. Everything in it is idempotent, so that a restart
//! of the server is a reconcile. It never grades, never knows what a lab teaches, and takes every file, archive and
//! answer that comes out of a sandbox for hostile.

pub mod agent_binary;
pub mod agent_client;
pub mod driver;
pub mod egress;
pub mod error;
pub mod fake;
pub mod folder;
pub mod guarantees;
pub mod process;
pub mod python;
pub mod runner;
pub mod workspace;

pub use agent_client::{AgentClient, AgentStream, TerminalFrame, TerminalStream};
pub use driver::{Driver, DriverKind, Finding, NoLog, Owned, Sandbox, SandboxSpec, SandboxState, StepLog, Usage};
pub use egress::EgressConfig;
pub use error::SandboxError;
pub use folder::SessionFolder;
pub use guarantees::Guarantees;
pub use process::{FormChoice, ProcessConfig, ProcessDriver};
pub use python::{PythonEnvironment, PythonEnvironments};
pub use runner::{Bind, Captured, OnOutput, OutputStream, Place, RunLimits, RunOutput, RunSpec, Runner};
pub use workspace::{Caps, Content, Copied, Entry, EntryKind, Expect, FileHash, Workspace, WorkspaceError};
