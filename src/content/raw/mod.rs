//! The files of authors as they are written: shapes only, everything optional that can be judged better later. The
//! JSON Schema is made from these, so their comments are what an editor shows.

pub mod check;
pub mod course;
pub mod glossary;
pub mod lab;
pub mod proof;
pub mod quiz;
pub mod trial;

pub(super) use check::*;
pub(super) use course::*;
pub(super) use glossary::*;
pub(super) use lab::*;
pub(super) use proof::*;
pub(super) use quiz::*;
pub(super) use trial::*;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

macro_rules! written {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "examples": [$example] })
            }
        }
    };
}

written! {
    /// A time span: `500ms`, `3s`, `2m`, `1h`.
    WrittenDuration, "^[0-9]+(ms|s|m|h)$", "30s"
}
written! {
    /// A size: `64KiB`, `256MiB`, `2GiB`.
    WrittenSize, "^[0-9]+(KiB|MiB|GiB)$", "256MiB"
}
