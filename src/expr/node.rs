//! An expression as it is evaluated: names of functions resolved, constant patterns compiled, spans kept.

use std::ops::Range;

use regex::Regex;
use serde_json::Value;

use super::functions::Function;

/// A node and where it stands in the text.
#[derive(Debug)]
pub(super) struct Node {
    pub span: Range<usize>,
    pub kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Literal(Value),
    Name(String),
    /// `operand.key`
    Select(Box<Node>, String),
    /// `has(operand.key)`
    Has(Box<Node>, String),
    /// `operand[index]`
    Index(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    /// Condition, then, else.
    Choose(Box<Node>, Box<Node>, Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Call(Function, Vec<Node>),
    /// `text.matches('constant')`
    Matches(Box<Node>, Box<Regex>),
    /// `list.exists(name, condition)` and its kin.
    Each {
        each: Each,
        list: Box<Node>,
        name: String,
        condition: Option<Box<Node>>,
        /// What `map` makes of an element.
        result: Option<Box<Node>>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Binary {
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Each {
    Exists,
    All,
    ExistsOne,
    Filter,
    Map,
}

impl Each {
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "exists" => Self::Exists,
            "all" => Self::All,
            "exists_one" => Self::ExistsOne,
            "filter" => Self::Filter,
            "map" => Self::Map,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::All => "all",
            Self::ExistsOne => "exists_one",
            Self::Filter => "filter",
            Self::Map => "map",
        }
    }
}

impl Node {
    /// The nodes right below this one.
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Literal(_) | Kind::Name(_) => vec![],
            Kind::Select(a, _) | Kind::Has(a, _) | Kind::Not(a) | Kind::Negate(a) | Kind::Matches(a, _) => vec![a],
            Kind::Index(a, b) | Kind::And(a, b) | Kind::Or(a, b) | Kind::Binary(_, a, b) => vec![a, b],
            Kind::Choose(a, b, c) => vec![a, b, c],
            Kind::List(items) | Kind::Call(_, items) => items.iter().collect(),
            Kind::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
            Kind::Each {
                list,
                condition,
                result,
                ..
            } => std::iter::once(list)
                .chain(condition)
                .chain(result)
                .map(Box::as_ref)
                .collect(),
        }
    }

    /// Whether the name is used where it is not bound by a list function.
    pub fn uses(&self, wanted: &str) -> bool {
        match &self.kind {
            Kind::Name(name) => name == wanted,
            Kind::Each { list, name, .. } if name == wanted => list.uses(wanted),
            _ => self.children().into_iter().any(|child| child.uses(wanted)),
        }
    }

    /// The keys that are taken from a name where it is not bound by a list function.
    pub fn selections(&self, wanted: &str) -> Vec<(&str, Range<usize>)> {
        match &self.kind {
            Kind::Select(operand, key) | Kind::Has(operand, key) if matches!(&operand.kind, Kind::Name(name) if name == wanted) =>
            {
                vec![(key, self.span.clone())]
            }
            Kind::Each { list, name, .. } if name == wanted => list.selections(wanted),
            _ => self
                .children()
                .into_iter()
                .flat_map(|child| child.selections(wanted))
                .collect(),
        }
    }

    /// The path as an author would write it: `it.rows[0].name`.
    pub fn path(&self) -> String {
        match &self.kind {
            Kind::Name(name) => name.clone(),
            Kind::Select(operand, key) | Kind::Has(operand, key) => format!("{}.{key}", operand.path()),
            Kind::Index(operand, index) => format!("{}[{}]", operand.path(), index.path()),
            Kind::Literal(value) => value.to_string(),
            Kind::Call(function, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(Self::path).collect();
                format!("{}({})", function.name(), arguments.join(", "))
            }
            Kind::Each { each, list, .. } => format!("{}.{}(…)", list.path(), each.name()),
            _ => "(…)".into(),
        }
    }
}
