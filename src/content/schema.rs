//! The JSON Schemas of `lab.yaml` and of a lesson's questions, made from the shapes that are read.

use schemars::JsonSchema;

use super::raw::{RawLab, RawQuiz};

/// The schema as it stands in `docs/lab.schema.json`, with a line break at the end.
#[must_use]
pub fn lab_schema() -> String {
    schema_of::<RawLab>()
}

/// The schema as it stands in `docs/quiz.schema.json`, with a line break at the end.
#[must_use]
pub fn quiz_schema() -> String {
    schema_of::<RawQuiz>()
}

fn schema_of<T: JsonSchema>() -> String {
    let schema = schemars::generate::SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<T>();
    format!("{:#}\n", schema.to_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_SCHEMA=1 cargo test --lib schema` writes it.
    #[test]
    fn the_committed_schemas_are_those_that_are_read() {
        for (name, schema) in [("lab", lab_schema()), ("quiz", quiz_schema())] {
            let path = format!("{}/docs/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("UPDATE_SCHEMA").is_some() {
                std::fs::write(&path, &schema).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                committed == schema,
                "docs/{name}.schema.json is out of date: run UPDATE_SCHEMA=1 cargo test --lib schema"
            );
        }
    }
}
