//! Playing a script.

use std::sync::atomic::Ordering;

use agent::{Message, Model, ModelError, ToolCall, Turn, TurnRequest, TurnSink};
use async_trait::async_trait;
use serde_json::{Map, Value};

use super::line::{Arguments, Line};
use super::quote::{Template, shortened};
use super::{Script, ScriptError};

#[async_trait]
impl Model for Script {
    fn label(&self) -> String {
        format!("scripted/{} (a script, not a model)", self.path.display())
    }

    fn is_scripted(&self) -> bool {
        true
    }

    async fn turn(
        &self,
        request: TurnRequest<'_>,
        sink: &mut dyn TurnSink,
    ) -> Result<Turn, ModelError> {
        let turn = self.played.fetch_add(1, Ordering::Relaxed);
        let line = self.lines.get(turn).ok_or_else(|| {
            let over = ScriptError::Over {
                path: self.path.clone(),
                turns: self.lines.len(),
            };
            ModelError::Script(over.to_string())
        })?;
        let turn = render(line, request.messages).map_err(|problem| {
            let wrong = ScriptError::Line {
                path: self.path.clone(),
                line: line.number,
                problem,
            };
            ModelError::Script(wrong.to_string())
        })?;
        turn.text
            .split_inclusive('\n')
            .for_each(|piece| sink.text(piece));
        match &line.error {
            None => Ok(turn),
            Some(error) => Err(error.clone()),
        }
    }
}

/// The turn that a line stands for in this conversation.
fn render(line: &Line, messages: &[Message]) -> Result<Turn, String> {
    for (template, pattern) in &line.expect {
        let text = template.render(messages)?;
        if !pattern.is_match(&text) {
            return Err(format!("expected `{pattern}`, found: {}", shortened(&text)));
        }
    }
    let mut tool_calls = Vec::with_capacity(line.calls.len());
    for call in &line.calls {
        let arguments = match &call.arguments {
            Arguments::Verbatim(text) => text.clone(),
            Arguments::Object(object) => Value::Object(fill(object, messages)?).to_string(),
        };
        // The label is the model's own name for the call: results come back under it.
        let (id, name) = (call.label.clone(), call.name.clone());
        tool_calls.push(ToolCall {
            id,
            name,
            arguments,
        });
    }
    let text = line.text.render(messages)?;
    Ok(Turn {
        text,
        tool_calls,
        finish: line.finish,
        usage: line.usage,
        reasoning: None,
    })
}

/// An object with the quotes in its strings filled in.
fn fill(object: &Map<String, Value>, messages: &[Message]) -> Result<Map<String, Value>, String> {
    object
        .iter()
        .map(|(key, value)| Ok((key.clone(), fill_value(value, messages)?)))
        .collect()
}

fn fill_value(value: &Value, messages: &[Message]) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(Template::parse(text)?.render(messages)?),
        Value::Array(values) => Value::Array(
            values
                .iter()
                .map(|value| fill_value(value, messages))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(object) => Value::Object(fill(object, messages)?),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}
