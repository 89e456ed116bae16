//! The lines of a script.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use agent::{FinishReason, MicroUsd, ModelError, Usage};
use regex_lite::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::ScriptError;
use super::quote::{self, Template};

/// One turn, ready to be played.
#[derive(Debug)]
pub(super) struct Line {
    /// Its line in the file, from 1.
    pub(super) number: usize,
    pub(super) text: Template,
    pub(super) calls: Vec<Call>,
    pub(super) finish: FinishReason,
    pub(super) usage: Option<Usage>,
    pub(super) error: Option<ModelError>,
    pub(super) expect: Vec<(Template, Regex)>,
}

/// One call of a turn.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) label: String,
    pub(super) name: String,
    pub(super) arguments: Arguments,
}

/// What a call is called with.
#[derive(Debug)]
pub(super) enum Arguments {
    /// The text as it is.
    Verbatim(String),
    /// An object whose strings are templates.
    Object(Map<String, Value>),
}

/// A line as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    text: String,
    #[serde(default)]
    tool_calls: Vec<RawCall>,
    finish: Option<FinishReason>,
    usage: Option<RawUsage>,
    error: Option<RawError>,
    #[serde(default)]
    expect: BTreeMap<String, String>,
    #[serde(default, rename = "note")]
    _note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCall {
    name: String,
    #[serde(default = "empty")]
    arguments: Value,
    label: Option<String>,
}

fn empty() -> Value {
    Value::Object(Map::new())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUsage {
    input: u64,
    output: u64,
    #[serde(default)]
    cache_read: u64,
    #[serde(default)]
    cache_write: u64,
    cost_usd: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawError {
    kind: ErrorKind,
    #[serde(default = "injected")]
    message: String,
    retry_after: Option<f64>,
}

fn injected() -> String {
    "injected by the script".to_owned()
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum ErrorKind {
    Auth,
    Credit,
    RateLimit,
    Overload,
    Overflow,
    BadRequest,
    Network,
    Truncated,
    Refused,
}

/// Reads all lines.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Vec<Line>, ScriptError> {
    let mut names = Names::default();
    let mut lines = Vec::new();
    for (index, bytes) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = index.saturating_add(1);
        let syntax = |column: usize, problem: String| ScriptError::Syntax {
            path: path.to_owned(),
            line: number,
            column,
            problem,
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            syntax(
                error.valid_up_to().saturating_add(1),
                "not UTF-8; expected JSON text".to_owned(),
            )
        })?;
        if text.trim().is_empty() {
            continue;
        }
        if !text.trim_start().starts_with('{') {
            let indent = text.len().saturating_sub(text.trim_start().len());
            return Err(syntax(
                indent.saturating_add(1),
                "expected a JSON object".to_owned(),
            ));
        }
        let raw: Raw = serde_json::from_str(text).map_err(|error| {
            // The place is said in front; serde_json repeats it, as a place in this line alone.
            let place = format!(" at line {} column {}", error.line(), error.column());
            let words = error.to_string();
            syntax(
                error.column().max(1),
                words.strip_suffix(&place).unwrap_or(&words).to_owned(),
            )
        })?;
        let line = names
            .line(number, raw)
            .map_err(|problem| ScriptError::Line {
                path: path.to_owned(),
                line: number,
                problem,
            })?;
        lines.push(line);
    }
    if lines.is_empty() {
        return Err(ScriptError::Line {
            path: path.to_owned(),
            line: 1,
            problem: "the script has no turn; expected a line with a JSON object".to_owned(),
        });
    }
    Ok(lines)
}

/// The labels so far.
#[derive(Default)]
struct Names {
    /// Calls of each tool so far.
    calls: HashMap<String, usize>,
    /// The labels of earlier lines: what can be quoted.
    labels: Vec<String>,
}

impl Names {
    fn line(&mut self, number: usize, raw: Raw) -> Result<Line, String> {
        let text = self.template(&raw.text)?;
        let mut expect = Vec::with_capacity(raw.expect.len());
        for (template, pattern) in raw.expect {
            expect.push((self.template(&template)?, quote::regex(&pattern)?));
        }
        let mut calls = Vec::with_capacity(raw.tool_calls.len());
        let mut taken: HashSet<String> = self.labels.iter().cloned().collect();
        for call in raw.tool_calls {
            let call = self.call(call)?;
            if !taken.insert(call.label.clone()) {
                return Err(format!("two calls have the label `{}`", call.label));
            }
            calls.push(call);
        }
        // Only now: a line cannot quote its own results.
        self.labels
            .extend(calls.iter().map(|call| call.label.clone()));
        let finish = raw.finish.unwrap_or(match calls.is_empty() {
            true => FinishReason::Stop,
            false => FinishReason::ToolCalls,
        });
        Ok(Line {
            number,
            text,
            calls,
            finish,
            usage: raw.usage.map(usage).transpose()?,
            error: raw.error.map(error).transpose()?,
            expect,
        })
    }

    fn call(&mut self, raw: RawCall) -> Result<Call, String> {
        let count = self.calls.entry(raw.name.clone()).or_default();
        *count = count.saturating_add(1);
        let label = raw.label.unwrap_or_else(|| format!("{}-{count}", raw.name));
        if !quote::is_label(&label) {
            return Err(format!(
                "the label `{label}` cannot be quoted; expected letters, digits, `-` and `_`"
            ));
        }
        let arguments = match raw.arguments {
            Value::String(text) => Arguments::Verbatim(text),
            Value::Object(object) => {
                for value in object.values() {
                    self.check(value)?;
                }
                Arguments::Object(object)
            }
            other => {
                return Err(format!(
                    "the arguments of `{label}` are {other}; expected an object, or a string with the text that the model \
                     writes"
                ));
            }
        };
        Ok(Call {
            label,
            name: raw.name,
            arguments,
        })
    }

    /// Checks the templates in a value.
    fn check(&self, value: &Value) -> Result<(), String> {
        match value {
            Value::String(text) => self.template(text).map(drop),
            Value::Array(values) => values.iter().try_for_each(|value| self.check(value)),
            Value::Object(object) => object.values().try_for_each(|value| self.check(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }

    fn template(&self, text: &str) -> Result<Template, String> {
        let template = Template::parse(text)?;
        let unknown = template
            .labels()
            .find(|label| !self.labels.iter().any(|known| known == label))
            .map(str::to_owned);
        let Some(label) = unknown else {
            return Ok(template);
        };
        Err(match self.labels.is_empty() {
            true => format!("no call is labelled `{label}`: there is none in the lines before"),
            false => format!(
                "no call in the lines before is labelled `{label}`; there are: {}",
                self.labels.join(", ")
            ),
        })
    }
}

fn usage(raw: RawUsage) -> Result<Usage, String> {
    let cost = match raw.cost_usd {
        None => None,
        Some(dollars) => Some(
            MicroUsd::from_dollars(dollars)
                .ok_or_else(|| format!("`cost_usd` is {dollars}; expected a price, 0 or more"))?,
        ),
    };
    Ok(Usage {
        input_tokens: raw.input,
        output_tokens: raw.output,
        reasoning_tokens: None,
        cache_read_tokens: raw.cache_read,
        cache_write_tokens: raw.cache_write,
        cost,
    })
}

fn error(raw: RawError) -> Result<ModelError, String> {
    let RawError {
        kind,
        message,
        retry_after,
    } = raw;
    let retry_after = match retry_after {
        None => None,
        Some(seconds) => Some(
            Duration::try_from_secs_f64(seconds)
                .map_err(|_| format!("`retry_after` is {seconds}; expected seconds, 0 or more"))?,
        ),
    };
    let waits = matches!(kind, ErrorKind::RateLimit | ErrorKind::Overload);
    if retry_after.is_some() && !waits {
        return Err("only errors of kind rate_limit and overload have a `retry_after`".to_owned());
    }
    Ok(match kind {
        ErrorKind::Auth => ModelError::Auth(message),
        ErrorKind::Credit => ModelError::Credit(message),
        ErrorKind::RateLimit => ModelError::RateLimit {
            message,
            retry_after,
        },
        ErrorKind::Overload => ModelError::Overload {
            message,
            retry_after,
        },
        ErrorKind::Overflow => ModelError::Overflow(message),
        ErrorKind::BadRequest => ModelError::BadRequest(message),
        ErrorKind::Network => ModelError::Network(message),
        ErrorKind::Truncated => ModelError::Truncated(message),
        ErrorKind::Refused => ModelError::Refused(message),
    })
}
