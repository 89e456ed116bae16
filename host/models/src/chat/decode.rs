//! A turn from the chunks of Chat Completions.
//!
//! Those who speak it differ, so more is taken than the format says:
//!
//! | | taken |
//! | --- | --- |
//! | words | `content`, a string or a list of parts |
//! | thoughts | `reasoning_content`, `reasoning`, `reasoning_details`; they go back in the field that they came in |
//! | calls | with an `index`, or without; several under one index, told apart by their ids; arguments as text or as an object |
//! | the end | `finish_reason`; `[DONE]` may be missing |
//! | what was used | in a chunk of its own, or in the last one |
//! | an error | as a chunk with `error`, or as a `finish_reason` |

use agent::{FinishReason, ModelError, Thought, Usage};
use serde_json::Value;

use crate::assembly::Assembly;
use crate::decode::{Decoder, Step, broke_off, count, garbled, text};
use crate::wire::Fault;
use crate::wire::fault::{self, Said};

/// Fields with thoughts as text; the first that a server uses is the one that counts.
const THOUGHTS: [&str; 2] = ["reasoning_content", "reasoning"];

/// The field with thoughts as a list of objects.
const DETAILS: &str = "reasoning_details";

/// A call that has begun.
#[derive(Debug)]
struct Call {
    index: Option<u64>,
    number: usize,
    id: String,
}

#[derive(Debug, Default)]
pub(crate) struct ChatDecoder {
    calls: Vec<Call>,
    field: Option<&'static str>,
    thoughts: String,
    details: Vec<Value>,
    refusal: String,
}

impl Decoder for ChatDecoder {
    fn event(&mut self, data: &str, turn: &mut Assembly<'_>) -> Result<Step, Fault> {
        if data.trim() == "[DONE]" {
            self.finish(turn)?;
            return Ok(Step::Done);
        }
        let chunk: Value = serde_json::from_str(data).map_err(|error| garbled(data, &error))?;
        self.chunk(&chunk, "delta", turn)?;
        Ok(Step::More)
    }

    fn end(&mut self, turn: &mut Assembly<'_>) -> Result<(), Fault> {
        self.finish(turn)
    }

    fn whole(&mut self, answer: &Value, turn: &mut Assembly<'_>) -> Result<(), Fault> {
        if answer.get("choices").and_then(Value::as_array).is_none() {
            return Err(fault::of_event(
                &Said::from_value(answer).unwrap_or_default(),
            ));
        }
        self.chunk(answer, "message", turn)?;
        self.finish(turn)
    }
}

impl ChatDecoder {
    fn chunk(&mut self, chunk: &Value, part: &str, turn: &mut Assembly<'_>) -> Result<(), Fault> {
        if chunk.get("error").is_some_and(|error| !error.is_null()) {
            return Err(fault::of_event(
                &Said::from_value(chunk).unwrap_or_default(),
            ));
        }
        if let Some(usage) = chunk.get("usage").and_then(used) {
            turn.usage = Some(usage);
        }
        let Some(choice) = chunk.pointer("/choices/0") else {
            return Ok(());
        };
        if let Some(delta) = choice.get(part) {
            self.think(delta, turn);
            match delta.get("content") {
                Some(Value::String(words)) => turn.text(words),
                Some(Value::Array(parts)) => {
                    for part in parts {
                        turn.text(text(part, "text"));
                    }
                }
                _ => {}
            }
            self.refusal.push_str(text(delta, "refusal"));
            for call in delta
                .get("tool_calls")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.call(call, turn);
            }
        }
        turn.finish = match text(choice, "finish_reason") {
            "" => return Ok(()),
            "length" => Some(FinishReason::Length),
            "tool_calls" | "function_call" => Some(FinishReason::ToolCalls),
            "content_filter" => {
                return Err(Fault::own(ModelError::Refused(
                    "the provider's filter stopped the answer".to_owned(),
                )));
            }
            "error" => {
                return Err(Fault::own(ModelError::Overload {
                    message: "the provider could not finish the answer".to_owned(),
                    retry_after: None,
                }));
            }
            _ => Some(FinishReason::Stop),
        };
        Ok(())
    }

    /// Everything is there, if the reason for the end is.
    fn finish(&mut self, turn: &mut Assembly<'_>) -> Result<(), Fault> {
        if turn.finish.is_none() {
            return Err(broke_off("the reason for the end came"));
        }
        let refusal = std::mem::take(&mut self.refusal);
        if !refusal.is_empty() && turn.is_empty() {
            return Err(Fault::own(ModelError::Refused(refusal)));
        }
        if let Some(field) = self.field {
            let thoughts = std::mem::take(&mut self.thoughts);
            turn.first_thought(Thought::Field {
                name: field.to_owned(),
                value: Value::String(thoughts),
            });
        }
        if !self.details.is_empty() {
            turn.first_thought(Thought::Field {
                name: DETAILS.to_owned(),
                value: Value::Array(std::mem::take(&mut self.details)),
            });
        }
        Ok(())
    }

    fn think(&mut self, delta: &Value, turn: &mut Assembly<'_>) {
        let piece = |field: &'static str| {
            Some((field, text(delta, field))).filter(|(_, piece)| !piece.is_empty())
        };
        let found = match self.field {
            Some(field) => piece(field),
            None => THOUGHTS.into_iter().find_map(piece),
        };
        let shown = found.is_some();
        if let Some((field, piece)) = found {
            self.field = Some(field);
            self.thoughts.push_str(piece);
            turn.thinking(piece);
        }
        for detail in delta
            .get(DETAILS)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if !shown && self.field.is_none() {
                turn.thinking(text(detail, "text"));
                turn.thinking(text(detail, "summary"));
            }
            merge(&mut self.details, detail);
        }
    }

    fn call(&mut self, delta: &Value, turn: &mut Assembly<'_>) {
        let index = count(delta, "/index");
        let id = text(delta, "id");
        let function = delta.get("function").unwrap_or(&Value::Null);
        let name = text(function, "name");
        let known = match index {
            Some(index) => self
                .calls
                .iter_mut()
                .rev()
                .find(|call| call.index == Some(index)),
            None => self.calls.last_mut(),
        };
        // A new id under a known index is another call: not every server counts.
        let known = known.filter(|call| id.is_empty() || call.id.is_empty() || call.id == id);
        // Without an index, a name begins a call; pieces of one have none.
        let known = known
            .filter(|call| index.is_some() || name.is_empty() || (!id.is_empty() && call.id == id));
        let number = match known {
            Some(call) => {
                if call.id.is_empty() {
                    id.clone_into(&mut call.id);
                }
                call.number
            }
            None => {
                let number = turn.call(id, name);
                self.calls.push(Call {
                    index,
                    number,
                    id: id.to_owned(),
                });
                number
            }
        };
        if let Some(call) = turn.call_mut(number) {
            for (have, has) in [(&mut call.id, id), (&mut call.name, name)] {
                if have.is_empty() {
                    has.clone_into(have);
                }
            }
        }
        match function.get("arguments") {
            Some(Value::String(piece)) => turn.arguments(number, piece),
            Some(object @ Value::Object(_)) => turn.arguments(number, &object.to_string()),
            _ => {}
        }
    }
}

/// Adds a piece of a detail to the one that it continues, or begins one.
fn merge(details: &mut Vec<Value>, piece: &Value) {
    let key = |detail: &Value| (detail.get("index").cloned(), detail.get("type").cloned());
    let known = details
        .last_mut()
        .filter(|last| piece.get("index").is_some() && key(last) == key(piece));
    let (Some(Value::Object(known)), Value::Object(piece)) = (known, piece) else {
        details.push(piece.clone());
        return;
    };
    for (name, value) in piece {
        match (known.get_mut(name), value) {
            (Some(Value::String(have)), Value::String(more))
                if ["text", "summary", "data", "signature"].contains(&name.as_str()) =>
            {
                have.push_str(more);
            }
            (_, Value::Null) => {}
            _ => {
                known.insert(name.clone(), value.clone());
            }
        }
    }
}

fn used(usage: &Value) -> Option<Usage> {
    let output = count(usage, "/completion_tokens");
    let input = count(usage, "/prompt_tokens")?;
    let read = count(usage, "/cache_read_input_tokens")
        .or_else(|| count(usage, "/prompt_tokens_details/cached_tokens"))
        .or_else(|| count(usage, "/prompt_cache_hit_tokens"));
    let write = count(usage, "/cache_creation_input_tokens")
        .or_else(|| count(usage, "/prompt_tokens_details/cache_write_tokens"));
    Some(Usage {
        input_tokens: input,
        output_tokens: match (output, count(usage, "/total_tokens")) {
            (Some(output), _) => output,
            (None, Some(total)) => total.saturating_sub(input),
            (None, None) => 0,
        },
        reasoning_tokens: count(usage, "/completion_tokens_details/reasoning_tokens"),
        cache_read_tokens: read.unwrap_or(0),
        cache_write_tokens: write.unwrap_or(0),
        cost: None,
    })
}
