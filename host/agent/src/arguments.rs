//! The arguments that a model wrote, as JSON.
//!
//! | what the model wrote | what comes of it |
//! | --- | --- |
//! | a JSON object | it is taken |
//! | nothing | an empty object: models write that for tools without parameters |
//! | JSON with [slips](crate::slips) | they are put right, and whoever watches is told |
//! | other JSON, or no JSON | the call is not run; the model is told what was wrong, where, and what the tool takes |

use serde_json::{Map, Value};

use crate::{ArgumentError, ToolCall, ToolFailure, ToolSpec, slips};

/// Properties of a schema that are named.
const PROPERTIES: usize = 24;
/// Characters around an error that are shown.
const AROUND: usize = 24;

/// What the arguments came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    /// What is shown, and where nothing failed, what the call runs with.
    pub(crate) arguments: Value,
    /// What was put right.
    pub(crate) slips: Vec<&'static str>,
    /// Why the call cannot run.
    pub(crate) failure: Option<ToolFailure>,
}

/// Reads the arguments of a call.
pub(crate) fn read(asked: &ToolCall, spec: Option<&ToolSpec>) -> Read {
    let plain = |arguments| Read {
        arguments,
        slips: Vec::new(),
        failure: None,
    };
    if asked.arguments.trim().is_empty() {
        return plain(Value::Object(Map::new()));
    }
    let (value, slips) = match serde_json::from_str::<Value>(&asked.arguments) {
        Ok(value) => (value, Vec::new()),
        Err(error) => match slips::read(&asked.arguments) {
            Some(read) => read,
            None => return malformed(asked, spec, &error),
        },
    };
    if value.is_object() {
        return Read {
            slips,
            ..plain(value)
        };
    }
    let error = ArgumentError {
        pointer: String::new(),
        expected: format!("an object, not {}", kind(&value)),
    };
    Read {
        failure: Some(ToolFailure::InvalidArguments {
            errors: vec![error],
        }),
        ..plain(value)
    }
}

/// The call as the conversation has it: with arguments that are JSON, since providers refuse anything else. Those that
/// could not be read are an empty object, and those with slips are what they were put right to.
pub(crate) fn kept(asked: ToolCall) -> ToolCall {
    let read = read(&asked, None);
    let arguments = match read {
        Read {
            failure: Some(_), ..
        } => "{}".to_owned(),
        Read {
            arguments, slips, ..
        } if !slips.is_empty() => arguments.to_string(),
        _ => return asked,
    };
    ToolCall { arguments, ..asked }
}

fn malformed(asked: &ToolCall, spec: Option<&ToolSpec>, error: &serde_json::Error) -> Read {
    let near = near(&asked.arguments, error.line(), error.column());
    let takes = spec.map_or_else(String::new, |spec| {
        format!(" The tool takes {}.", shape(&spec.parameters))
    });
    let message = format!(
        "ERROR: Tool call to '{}' had malformed JSON arguments and was NOT executed: {error}, near `{near}`. Send it \
         again with arguments that are one JSON object.{takes}",
        asked.name
    );
    Read {
        arguments: Value::Object(Map::new()),
        slips: Vec::new(),
        failure: Some(ToolFailure::Malformed { message }),
    }
}

/// The text around a place, on one line.
fn near(text: &str, line: usize, column: usize) -> String {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let at = before + column;
    let from = text.floor_char_boundary(at.saturating_sub(AROUND));
    let to = text.ceil_char_boundary(at.saturating_add(AROUND).min(text.len()));
    let piece = text.get(from..to).unwrap_or_default();
    piece
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// What a schema asks for, in words: its properties by name, type and whether they must be there.
fn shape(schema: &Value) -> String {
    let empty = Map::new();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    if properties.is_empty() {
        return "an object".to_owned();
    }
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|list| list.iter().any(|one| one == name));
    let mut words: Vec<String> = properties
        .iter()
        .take(PROPERTIES)
        .map(|(name, schema)| {
            let kind = schema.get("type").map_or("any", |kind| match kind {
                Value::String(kind) => kind,
                _ => "several types",
            });
            let must = if is_required(name) { ", required" } else { "" };
            format!("`{name}` ({kind}{must})")
        })
        .collect();
    if properties.len() > PROPERTIES {
        words.push("…".to_owned());
    }
    format!("an object with {}", words.join(", "))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(arguments: &str) -> ToolCall {
        ToolCall {
            id: "m0".into(),
            name: "write".into(),
            arguments: arguments.into(),
        }
    }

    fn spec(parameters: Value) -> ToolSpec {
        ToolSpec {
            name: "write".into(),
            description: String::new(),
            parameters,
        }
    }

    #[test]
    fn what_they_come_to() {
        let invalid = |expected: &str| format!("invalid arguments: expected {expected}");
        let table = [
            ("", json!({}), 0, None),
            (" \n", json!({}), 0, None),
            (r#"{"a":1}"#, json!({"a": 1}), 0, None),
            (r#"{"a":1,}"#, json!({"a": 1}), 1, None),
            ("[1,]", json!([1]), 0, Some(invalid("an object, not an array"))),
            ("null", json!(null), 0, Some(invalid("an object, not null"))),
            ("\"10\"", json!("10"), 0, Some(invalid("an object, not a string"))),
            (
                "{\"path\": \"a\",\n \"content\": oops}",
                json!({}),
                0,
                Some(
                    "ERROR: Tool call to 'write' had malformed JSON arguments and was NOT executed: expected value at line \
                     2 column 13, near `ath\": \"a\",  \"content\": oops}`. Send it again with arguments that are one JSON \
                     object. The tool takes an object with `path` (string, required), `mode` (several types), `x` (any)."
                        .to_owned(),
                ),
            ),
        ];
        let schema = spec(json!({
            "type": "object",
            "properties": {"path": {"type": "string"}, "mode": {"type": ["string", "null"]}, "x": {}},
            "required": ["path"],
        }));
        for (text, arguments, slips, failure) in table {
            let found = read(&call(text), Some(&schema));
            assert_eq!(found.arguments, arguments, "{text}");
            assert_eq!(found.slips.len(), slips, "{text}");
            let kept = kept(call(text)).arguments;
            let expected = match (&failure, slips) {
                (Some(_), _) => "{}".to_owned(),
                (None, 0) => text.to_owned(),
                (None, _) => arguments.to_string(),
            };
            assert_eq!(kept, expected);
            assert_eq!(
                found.failure.map(|failure| failure.to_string()),
                failure,
                "{text}"
            );
        }
    }

    #[test]
    fn shapes_are_bounded() {
        assert_eq!(shape(&json!({"type": "object"})), "an object");
        assert_eq!(shape(&json!(true)), "an object");
        let many: Map<String, Value> = (0..25).map(|i| (format!("p{i}"), json!({}))).collect();
        let words = shape(&json!({ "properties": many }));
        assert_eq!(words.matches("(any)").count(), 24);
        assert!(words.ends_with(", …"), "{words}");
    }

    #[test]
    fn places_in_any_text() {
        for text in ["", "é", "äöü\n\u{1f600}x", "a\nb\nc"] {
            for line in 0..4 {
                for column in 0..6 {
                    near(text, line, column);
                }
            }
        }
    }
}
