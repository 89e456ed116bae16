//! Arguments: JSON text in, a typed struct out, and what does not fit as a JSON Pointer (RFC 6901).

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use crate::{ArgumentError, Failure};

/// The arguments as a JSON object.
///
/// # Errors
/// [`Failure::InvalidArguments`] at the root where the text is anything else.
pub(crate) fn object(text: &str) -> Result<Map<String, Value>, Failure> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::argument("", "a JSON object")),
        Err(error) => Err(Failure::argument("", format!("a JSON object ({error})"))),
    }
}

/// The arguments as the struct that an operation takes.
///
/// # Errors
/// [`Failure::InvalidArguments`] with the first place that does not fit.
pub(crate) fn parse<A: DeserializeOwned>(object: Map<String, Value>) -> Result<A, Failure> {
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        let place = pointer(error.path());
        Failure::InvalidArguments(vec![explain(place, &error.into_inner().to_string())])
    })
}

/// The JSON Pointer of a path.
fn pointer(path: &Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escape(key)),
            // A variant's name is no place of its own in JSON, and an unknown place has no name.
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Serde names a missing or unknown field in its message only; the pointer should name it too.
fn explain(place: String, message: &str) -> ArgumentError {
    if let Some(field) = quoted(message, "missing field `") {
        return ArgumentError {
            pointer: format!("{place}/{}", escape(field)),
            expected: "a value: it is required".into(),
        };
    }
    if let Some(field) = quoted(message, "unknown field `") {
        let known = message
            .split_once("expected ")
            .map_or("no arguments at all", |(_, known)| known);
        let field = format!("/{}", escape(field));
        let pointer = if place.ends_with(&field) {
            place
        } else {
            place + &field
        };
        return ArgumentError {
            pointer,
            expected: format!("no such argument; the known are: {known}"),
        };
    }
    ArgumentError {
        pointer: place,
        expected: message.to_owned(),
    }
}

/// What stands between the prefix and the next backquote.
fn quoted<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    message
        .strip_prefix(prefix)?
        .split_once('`')
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        path: String,
        limit: Option<u32>,
        #[serde(default)]
        rows: Vec<Row>,
        mode: Option<Mode>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Row {
        #[serde(rename = "a/b")]
        slash: u8,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Replace,
    }

    fn sample(text: &str) -> Result<Sample, Failure> {
        parse(object(text)?)
    }

    #[test]
    fn what_fits_is_taken() {
        let expected = Sample {
            path: "x".into(),
            limit: Some(3),
            rows: vec![Row { slash: 1 }],
            mode: Some(Mode::Replace),
        };
        assert_eq!(
            sample(r#"{"path":"x","limit":3,"rows":[{"a/b":1}],"mode":"replace"}"#),
            Ok(expected)
        );
        let left_out = Sample {
            path: "x".into(),
            limit: None,
            rows: vec![],
            mode: None,
        };
        assert_eq!(sample(r#"{"path":"x","limit":null}"#), Ok(left_out));
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_place() {
        let table = [
            ("[]", "", "a JSON object"),
            ("null", "", "a JSON object"),
            (
                "{",
                "",
                "a JSON object (EOF while parsing an object at line 1 column 1)",
            ),
            ("{}", "/path", "a value: it is required"),
            (
                r#"{"path":null}"#,
                "/path",
                "invalid type: null, expected a string",
            ),
            (
                r#"{"path":"x","limit":"10"}"#,
                "/limit",
                "invalid type: string \"10\", expected u32",
            ),
            (
                r#"{"path":"x","limit":-1}"#,
                "/limit",
                "invalid value: integer `-1`, expected u32",
            ),
            (
                r#"{"path":"x","rows":null}"#,
                "/rows",
                "invalid type: null, expected a sequence",
            ),
            (
                r#"{"path":"x","rows":[{"a/b":1},{}]}"#,
                "/rows/1/a~1b",
                "a value: it is required",
            ),
            (
                r#"{"path":"x","rows":[{"a/b":999}]}"#,
                "/rows/0/a~1b",
                "invalid value: integer `999`, expected u8",
            ),
            (
                r#"{"path":"x","pathh":"y"}"#,
                "/pathh",
                "no such argument; the known are: one of `path`, `limit`, `rows`, `mode`",
            ),
            (
                r#"{"path":"x","rows":[{"c":1}]}"#,
                "/rows/0/c",
                "no such argument; the known are: `a/b`",
            ),
            (
                r#"{"path":"x","mode":"swap"}"#,
                "/mode",
                "unknown variant `swap`, expected `replace`",
            ),
        ];
        for (text, pointer, expected) in table {
            let error = ArgumentError {
                pointer: pointer.into(),
                expected: expected.into(),
            };
            assert_eq!(
                sample(text),
                Err(Failure::InvalidArguments(vec![error])),
                "{text}"
            );
        }
    }
}
