//! JSON Schema (2020-12) of arguments.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// What an operation takes, as JSON Schema, with nothing in it that is not for the model.
pub(crate) fn of<A: JsonSchema>() -> Schema {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<A>();
    // The tool describes itself; the struct's name and comment are for its author.
    schema.remove("title");
    schema.remove("description");
    PlainIntegers.transform(&mut schema);
    schema
}

/// Drops `format: uint64` and its kind: not in the standard's list of formats, and some providers refuse unknown ones.
struct PlainIntegers;

impl Transform for PlainIntegers {
    fn transform(&mut self, schema: &mut Schema) {
        let machine = schema
            .get("format")
            .and_then(Value::as_str)
            .is_some_and(|format| {
                format.starts_with("int")
                    || format.starts_with("uint")
                    || format == "double"
                    || format == "float"
            });
        if machine {
            schema.remove("format");
        }
        transform_subschemas(self, schema);
    }
}

/// One schema for a tool with several operations: the selector, with the operations' names, and every operation's
/// properties. Only what every operation requires is required; which of them a property is for is said where it is not
/// for all.
pub(crate) fn merge<'a>(
    selector: &str,
    default: Option<&str>,
    operations: &[(&'a str, Schema)],
) -> Schema {
    let names: Vec<&str> = operations.iter().map(|(name, _)| *name).collect();
    let mut properties = Map::new();
    let mut selects = json!({ "type": "string", "enum": names });
    if let (Some(default), Some(selects)) = (default, selects.as_object_mut()) {
        selects.insert("default".into(), default.into());
    }
    properties.insert(selector.to_owned(), selects);
    let mut uses: Vec<(String, Vec<Value>, Vec<&'a str>)> = Vec::new();
    for (name, schema) in operations {
        for (property, value) in members(schema, "properties") {
            match uses.iter_mut().find(|(known, _, _)| known == property) {
                Some((_, variants, users)) => {
                    if !variants.contains(value) {
                        variants.push(value.clone());
                    }
                    users.push(name);
                }
                None => uses.push((property.clone(), vec![value.clone()], vec![name])),
            }
        }
    }
    for (property, mut variants, users) in uses {
        let mut value = match variants.len() {
            1 => variants.remove(0),
            _ => json!({ "anyOf": variants }),
        };
        let others: Vec<&str> = operations
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !users.contains(name))
            .collect();
        if !others.is_empty() {
            describe_users(&mut value, selector, &users, &others);
        }
        properties.insert(property, value);
    }
    let mut required = match default {
        None => vec![Value::from(selector)],
        Some(_) => Vec::new(),
    };
    if let Some((_, first)) = operations.first() {
        let everywhere = required_of(first).into_iter().filter(|property| {
            operations
                .iter()
                .all(|(_, schema)| required_of(schema).contains(property))
        });
        required.extend(everywhere);
    }
    let mut merged = Map::new();
    merged.insert("type".into(), "object".into());
    merged.insert("properties".into(), Value::Object(properties));
    merged.insert("required".into(), Value::Array(required));
    if operations
        .iter()
        .all(|(_, schema)| schema.get("additionalProperties") == Some(&Value::Bool(false)))
    {
        merged.insert("additionalProperties".into(), Value::Bool(false));
    }
    let mut definitions = Map::new();
    for (_, schema) in operations {
        definitions
            .extend(members(schema, "$defs").map(|(name, value)| (name.clone(), value.clone())));
    }
    if !definitions.is_empty() {
        merged.insert("$defs".into(), Value::Object(definitions));
    }
    Schema::from(merged)
}

fn members<'a>(schema: &'a Schema, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    schema
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn required_of(schema: &Schema) -> Vec<Value> {
    schema
        .get("required")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

/// Says which operations a property is for, or which it is not for, whichever is less to read.
fn describe_users(value: &mut Value, selector: &str, users: &[&str], others: &[&str]) {
    let Value::Object(value) = value else { return };
    let uses = if others.len() < users.len() {
        format!("Not for {selector} {}.", others.join(", "))
    } else {
        format!("For {selector} {}.", users.join(", "))
    };
    let text = match value.get("description").and_then(Value::as_str) {
        Some(description) => format!("{description} {uses}"),
        None => uses,
    };
    value.insert("description".into(), text.into());
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// For the author only.
    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Run {
        /// The script.
        script: String,
        /// Seconds at most.
        timeout: Option<u32>,
        #[serde(default)]
        mode: Mode,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Cancel {
        /// The job.
        job: String,
        /// Seconds at most.
        timeout: Option<u32>,
    }

    #[derive(Debug, Default, Deserialize, serde::Serialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        #[default]
        Fast,
        VerySlow,
    }

    #[test]
    fn a_struct_becomes_a_plain_object_schema() {
        let expected = json!({
            "type": "object",
            "properties": {
                "script": { "description": "The script.", "type": "string" },
                "timeout": { "description": "Seconds at most.", "type": ["integer", "null"], "minimum": 0 },
                "mode": { "type": "string", "enum": ["fast", "very_slow"], "default": "fast" },
            },
            "required": ["script"],
            "additionalProperties": false,
        });
        assert_eq!(of::<Run>().to_value(), expected);
    }

    #[test]
    fn a_property_of_most_says_which_it_is_not_for() {
        let operations = [
            ("run", of::<Run>()),
            ("again", of::<Run>()),
            ("cancel", of::<Cancel>()),
        ];
        let merged = merge("operation", None, &operations).to_value();
        let said = |name: &str| merged["properties"][name]["description"].clone();
        assert_eq!(said("script"), "The script. Not for operation cancel.");
        assert_eq!(said("job"), "The job. For operation cancel.");
        assert_eq!(said("timeout"), "Seconds at most.");
    }

    #[test]
    fn operations_share_one_object_schema() {
        let merged = merge(
            "operation",
            None,
            &[("run", of::<Run>()), ("cancel", of::<Cancel>())],
        );
        let expected = json!({
            "type": "object",
            "properties": {
                "operation": { "type": "string", "enum": ["run", "cancel"] },
                "script": { "description": "The script. For operation run.", "type": "string" },
                "timeout": { "description": "Seconds at most.", "type": ["integer", "null"], "minimum": 0 },
                "mode": {
                    "type": "string", "enum": ["fast", "very_slow"], "default": "fast",
                    "description": "For operation run.",
                },
                "job": { "description": "The job. For operation cancel.", "type": "string" },
            },
            "required": ["operation"],
            "additionalProperties": false,
        });
        assert_eq!(merged.to_value(), expected);
    }
}
