//! The plain types of the domain. No IO, no clock, no parsing of files: `content` makes them, the rooms to the right use them.

pub mod check;
pub mod curriculum;
pub mod glossary;
pub mod lab;
pub mod lesson;
pub mod person;
pub mod quiz;
pub mod session;
pub mod trial;
pub mod verdict;

pub use check::{Assertion, Check, Probe, Say};
pub use lab::{
    Egress, Guarantee, Lab, LabId, Limits, Needs, ParameterSpec, Parameters, Service, SetupStep, Task, TaskId, TaskWork,
};
pub use person::{Person, PersonRole};
pub use quiz::{Answer, Question, Quiz, Stage};
pub use session::{LabSession, SessionState, Step, StepState};
pub use trial::{Act, Hold, Offset, Trial};
pub use verdict::{Award, Finding, Observation, TaskLevel, Verdict};
