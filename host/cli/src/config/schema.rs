//! The JSON Schema of configuration files, made from the types.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::values::Config;

/// The schema (JSON Schema 2020-12) of `configs/*.json`, of the user's file and of a project's file.
pub(crate) fn schema() -> Value {
    let mut made = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Config>();
    let made = std::mem::take(made.ensure_object());
    // What it is about comes first.
    let (first, rest): (Map<_, _>, Map<_, _>) = made
        .into_iter()
        .partition(|(word, _)| ["$schema", "title", "description"].contains(&word.as_str()));
    Value::Object(first.into_iter().chain(rest).collect())
}

/// The schema as it is published, in `configs/config.schema.json` and by `config schema`.
pub(crate) fn published() -> String {
    format!("{:#}\n", schema())
}
