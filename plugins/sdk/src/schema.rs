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
    Choices.transform(&mut schema);
    LeftOut.transform(&mut schema);
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

/// Drops from properties that can be left out what says no more than that: `null`, an empty default, and that a number that
/// cannot be negative is not. It is taken all the same, and costs a model's attention in every request.
struct LeftOut;

impl Transform for LeftOut {
    fn transform(&mut self, schema: &mut Schema) {
        let required = required_of(schema);
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            for (name, property) in properties {
                let optional = !required.iter().any(|one| one == name);
                if let (true, Value::Object(property)) = (optional, property) {
                    without_null(property);
                }
            }
        }
        transform_subschemas(self, schema);
    }
}

/// Makes a plain `enum` of alternatives that are constants. What each means is for the property to say, or its name does.
struct Choices;

impl Transform for Choices {
    fn transform(&mut self, schema: &mut Schema) {
        let constants = |schema: &Schema| {
            let alternatives = schema.get("oneOf")?.as_array()?;
            let constants = alternatives.iter().map(|one| one.get("const").cloned());
            constants.collect::<Option<Vec<Value>>>()
        };
        if let Some(constants) = constants(schema)
            && constants.iter().all(Value::is_string)
        {
            schema.remove("oneOf");
            schema.insert("type".to_owned(), "string".into());
            schema.insert("enum".to_owned(), Value::Array(constants));
        }
        transform_subschemas(self, schema);
    }
}

fn without_null(property: &mut Map<String, Value>) {
    let nothing = property
        .get("default")
        .is_some_and(|default| match default {
            Value::Null | Value::Bool(false) => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(entries) => entries.is_empty(),
            Value::String(text) => text.is_empty(),
            Value::Number(number) => number.as_u64() == Some(0),
            Value::Bool(true) => false,
        });
    if nothing {
        property.shift_remove("default");
    }
    if property.get("minimum") == Some(&json!(0)) {
        property.shift_remove("minimum");
    }
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            property.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = property.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(kinds)) = property.get_mut("anyOf") else {
        return;
    };
    kinds.retain(|kind| *kind != json!({ "type": "null" }));
    if let [Value::Object(only)] = kinds.as_slice() {
        let only = only.clone();
        property.shift_remove("anyOf");
        for (key, value) in only {
            // What is said about the property goes before what is said about its type.
            property.entry(key).or_insert(value);
        }
    }
}

/// One schema for a tool with several operations: the selector, with the operations' names, and every operation's
/// properties. Only what every operation requires is required; which of them a property is for is said at the selector,
/// where it is not for all.
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
    properties.insert(selector.to_owned(), Value::Null);
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
    // Properties of the same operations, in the order of the first of them.
    let mut groups: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
    for (property, mut variants, users) in uses {
        let value = match variants.len() {
            1 => variants.remove(0),
            _ => json!({ "anyOf": variants }),
        };
        if users.len() < operations.len() {
            match groups.iter_mut().find(|(known, _)| *known == users) {
                Some((_, members)) => members.push(property.clone()),
                None => groups.push((users, vec![property.clone()])),
            }
        }
        properties.insert(property, value);
    }
    if let (false, Some(selects)) = (groups.is_empty(), selects.as_object_mut()) {
        let told: Vec<String> = groups
            .iter()
            .map(|(users, members)| format!("{}: {}", who(users, &names), members.join(", ")))
            .collect();
        selects.insert("description".into(), told.join("; ").into());
    }
    properties.insert(selector.to_owned(), selects);
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

/// Some of the operations, or all but some, whichever is less to read.
fn who(users: &[&str], all: &[&str]) -> String {
    let others: Vec<&str> = all
        .iter()
        .copied()
        .filter(|name| !users.contains(name))
        .collect();
    if others.len() < users.len() {
        format!("all but {}", others.join(", "))
    } else {
        users.join(", ")
    }
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
        /// For the author.
        #[default]
        Fast,
        /// For the author too.
        VerySlow,
    }

    #[test]
    fn a_struct_becomes_a_plain_object_schema() {
        let expected = json!({
            "type": "object",
            "properties": {
                "script": { "description": "The script.", "type": "string" },
                "timeout": { "description": "Seconds at most.", "type": "integer" },
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
        assert_eq!(
            said("operation"),
            "all but cancel: script, mode; cancel: job"
        );
        assert_eq!(said("script"), "The script.");
        assert_eq!(said("timeout"), "Seconds at most.");
    }

    #[test]
    fn null_is_named_only_where_it_cannot_be_left_out() {
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only its schema is used")]
        struct Options {
            text: Option<String>,
            #[serde(default)]
            defaulted: Option<u8>,
            mode: Option<Mode>,
            /// How it runs.
            run: Option<Cancel>,
            gaps: Vec<Option<bool>>,
            several: Option<Several>,
            inner: Vec<Inner>,
        }

        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(untagged)]
        #[expect(dead_code, reason = "only its schema is used")]
        enum Several {
            Text(String),
            Numbers(Vec<i8>),
        }

        #[derive(Debug, Deserialize, JsonSchema)]
        #[expect(dead_code, reason = "only its schema is used")]
        struct Inner {
            note: Option<String>,
        }

        let schema = of::<Options>().to_value();
        let byte = json!({ "type": "integer", "maximum": 255 });
        let table = [
            ("text", json!({ "type": "string" })),
            ("defaulted", byte),
            (
                "mode",
                json!({ "type": "string", "enum": ["fast", "very_slow"] }),
            ),
            (
                "run",
                json!({
                    "description": "How it runs.",
                    "type": "object",
                    "properties": {
                        "job": { "description": "The job.", "type": "string" },
                        "timeout": { "description": "Seconds at most.", "type": "integer" },
                    },
                    "required": ["job"],
                    "additionalProperties": false,
                }),
            ),
            (
                "gaps",
                json!({ "type": "array", "items": { "type": ["boolean", "null"] } }),
            ),
            (
                "several",
                json!({ "anyOf": [
                    { "type": "string" },
                    { "type": "array", "items": { "type": "integer", "minimum": -128, "maximum": 127 } },
                ]}),
            ),
            (
                "inner",
                json!({ "type": "array", "items": {
                    "type": "object", "properties": { "note": { "type": "string" } },
                }}),
            ),
        ];
        for (name, expected) in table {
            assert_eq!(schema["properties"][name], expected, "{name}");
        }
        assert_eq!(schema["required"], json!(["gaps", "inner"]));
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
                "operation": {
                    "type": "string", "enum": ["run", "cancel"], "description": "run: script, mode; cancel: job",
                },
                "script": { "description": "The script.", "type": "string" },
                "timeout": { "description": "Seconds at most.", "type": "integer" },
                "mode": { "type": "string", "enum": ["fast", "very_slow"], "default": "fast" },
                "job": { "description": "The job.", "type": "string" },
            },
            "required": ["operation"],
            "additionalProperties": false,
        });
        assert_eq!(merged.to_value(), expected);
    }
}
