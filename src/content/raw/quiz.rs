//! `<lesson>.quiz.yaml`. One shape for all kinds, so that a key of another kind can be told by its place.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::super::yaml::At;
use crate::model::Stage;

/// The questions of a lesson.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Halfway quiz", rename = "Quiz")]
pub struct RawQuiz {
    /// 3 to 5, in the order in which they are asked.
    pub questions: At<Vec<At<RawQuestion>>>,
}

/// A question.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Question", extend("allOf" = json!([
    { "if": { "properties": { "kind": { "enum": ["single", "multiple"] } } }, "then": { "required": ["choices"] } },
    { "if": { "properties": { "kind": { "const": "order" } } }, "then": { "required": ["items"] } },
    { "if": { "properties": { "kind": { "const": "short" } } },
      "then": { "required": ["why"], "oneOf": [{ "required": ["accept"] }, { "required": ["number"] }] } },
    { "if": { "properties": { "kind": { "const": "loop" } } }, "then": { "required": ["stage", "why"] } },
])))]
pub struct RawQuestion {
    /// Unique in the lesson: lower-case letters, digits and hyphens. Answers are kept under it, so it stays.
    pub id: At<String>,
    pub kind: At<RawKind>,
    /// What is asked, in Markdown.
    pub ask: At<String>,
    /// Of `single` and `multiple`.
    #[schemars(length(min = 2, max = 8))]
    pub choices: Option<At<Vec<At<RawChoice>>>>,
    /// Of `order`: in the right order; learners see them shuffled.
    #[schemars(length(min = 3, max = 8))]
    pub items: Option<At<Vec<At<RawItem>>>>,
    /// Of `short`: right answers, compared without case and without outer and doubled spaces.
    pub accept: Option<At<Vec<At<String>>>>,
    /// Of `short`: the right number.
    pub number: Option<At<RawNumber>>,
    /// Of `short`: frequent wrong answers with their explanation.
    pub near: Option<At<Vec<At<RawNear>>>>,
    /// Of `loop`: the right place.
    pub stage: Option<At<Stage>>,
    /// Of `loop`: why not there.
    pub others: Option<At<BTreeMap<Stage, At<String>>>>,
    /// Of `order`: what a wrong order usually comes from. Of `short` and `loop`: the explanation.
    pub why: Option<At<String>>,
}

/// How a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Kind")]
pub enum RawKind {
    /// One choice is right.
    Single,
    /// One or more choices are right.
    Multiple,
    /// Items are put in order.
    Order,
    /// A word, a phrase or a number is written.
    Short,
    /// A place on the loop is chosen.
    Loop,
}

/// Something to choose.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Choice")]
pub struct RawChoice {
    /// Markdown of one line.
    pub text: At<String>,
    /// Why it is right, or which misconception it is; required.
    pub why: Option<At<String>>,
    #[serde(default)]
    pub right: bool,
}

/// A step to be put in order.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Item")]
pub struct RawItem {
    /// Markdown of one line.
    pub text: At<String>,
    /// Why it stands where it does; required.
    pub why: Option<At<String>>,
}

/// A number and how far an answer may be from it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Number")]
pub struct RawNumber {
    pub value: At<f64>,
    #[schemars(range(min = 0.0))]
    pub within: At<f64>,
}

/// A frequent wrong answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Near")]
pub struct RawNear {
    pub text: At<String>,
    /// What it comes from.
    pub why: At<String>,
}
