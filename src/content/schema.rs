//! The JSON Schema of `lab.yaml`, made from the shapes that are read.

use super::raw::RawLab;

/// The schema as it stands in `docs/lab.schema.json`, with a line break at the end.
#[must_use]
pub fn lab_schema() -> String {
    let schema = schemars::generate::SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<RawLab>();
    format!("{:#}\n", schema.to_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_SCHEMA=1 cargo test --lib schema` writes it.
    #[test]
    fn the_committed_schema_is_the_one_that_is_read() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.schema.json");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path, lab_schema()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == lab_schema(),
            "docs/lab.schema.json is out of date: run UPDATE_SCHEMA=1 cargo test --lib schema"
        );
    }
}
