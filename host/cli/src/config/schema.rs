//! The JSON Schema of configuration files, made from the types.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::values::Config;

/// The schema (JSON Schema 2020-12) of `configs/*.json`, of the user's file and of a project's file.
pub(crate) fn schema() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Config>()
        .to_value()
}

/// The schema as it is published, in `configs/config.schema.json` and by `config schema`.
pub(crate) fn published() -> String {
    format!("{:#}\n", schema())
}
