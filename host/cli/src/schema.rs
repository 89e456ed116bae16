//! A final answer that has to fit a JSON Schema.

use std::path::Path;

use serde_json::Value;

use crate::fail::Fail;

/// Problems of an answer that the model is told at once.
const TOLD: usize = 8;

/// Times that the model may put its answer right.
pub(crate) const CORRECTIONS: u32 = 3;

/// What an answer has to be.
pub(crate) struct Schema {
    text: String,
    validator: jsonschema::Validator,
}

impl Schema {
    /// Reads it from a file.
    pub(crate) fn read(path: &Path) -> Result<Schema, Fail> {
        let usage =
            |error: String| Fail::usage(format!("--output-schema {}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| usage(error.to_string()))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| usage(error.to_string()))?;
        let validator =
            jsonschema::validator_for(&value).map_err(|error| usage(error.to_string()))?;
        Ok(Schema {
            text: value.to_string(),
            validator,
        })
    }

    /// What the model is told of it, after the prompt.
    pub(crate) fn told(&self) -> String {
        format!(
            "\n\nYour final answer has to be JSON alone, without a fence or words around it, that fits this JSON Schema:\n{}",
            self.text
        )
    }

    /// Reads a final answer.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for the model.
    pub(crate) fn answer(&self, text: &str) -> Result<Value, String> {
        let value: Value =
            serde_json::from_str(bare(text)).map_err(|error| format!("it is not JSON: {error}"))?;
        let problems: Vec<String> = self
            .validator
            .iter_errors(&value)
            .take(TOLD)
            .map(|error| match error.instance_path().as_str() {
                "" => error.to_string(),
                place => format!("{place}: {error}"),
            })
            .collect();
        if problems.is_empty() {
            Ok(value)
        } else {
            Err(problems.join("; "))
        }
    }
}

/// An answer without a fence around it: models put one there all the same.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text
        .strip_prefix("```")
        .and_then(|text| text.strip_suffix("```"))
    else {
        return text;
    };
    inner
        .split_once('\n')
        .map_or(inner, |(_, inner)| inner)
        .trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("schema.json");
        std::fs::write(
            &path,
            r#"{"type": "object", "required": ["loss"], "properties": {"loss": {"type": "number"}}}"#,
        )
        .unwrap();
        let schema = Schema::read(&path).unwrap();
        assert!(schema.told().contains("\"loss\""));
        for (text, expected) in [
            (r#"{"loss": 0.5}"#, Ok(r#"{"loss":0.5}"#)),
            ("```json\n{\"loss\": 1}\n```\n", Ok(r#"{"loss":1}"#)),
            ("The loss is 0.5.", Err("not JSON")),
            ("{}", Err("\"loss\" is a required property")),
            (
                r#"{"loss": "low"}"#,
                Err("/loss: \"low\" is not of type \"number\""),
            ),
        ] {
            match (schema.answer(text), expected) {
                (Ok(value), Ok(expected)) => assert_eq!(value.to_string(), expected),
                (Err(found), Err(words)) => assert!(found.contains(words), "{found}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
        for (text, words) in [("{", "EOF"), (r#"{"type": 1}"#, "1")] {
            std::fs::write(&path, text).unwrap();
            let error = Schema::read(&path).err().unwrap().to_string();
            assert!(
                error.contains("--output-schema") && error.contains(words),
                "{error}"
            );
        }
    }
}
