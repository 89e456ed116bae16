//! A turn from the events of the Responses API.
//!
//! | event | |
//! | --- | --- |
//! | `response.output_text.delta` | words |
//! | `response.reasoning_summary_text.delta`, `response.reasoning_text.delta` | thoughts, for whoever watches |
//! | `response.output_item.added` | a call or a message begins |
//! | `response.function_call_arguments.delta` | more of a call's arguments |
//! | `response.output_item.done` | an item as a whole: what it says counts |
//! | `response.completed`, `response.incomplete` | that was all: without one, the turn broke off |
//! | `response.failed`, `error` | an error in the midst |

use std::collections::BTreeMap;

use agent::{FinishReason, ModelError, Thought, Usage};
use serde_json::{Value, json};

use super::encode::BETWEEN;
use crate::assembly::Assembly;
use crate::decode::{Decoder, Step, broke_off, count, garbled, text};
use crate::wire::Fault;
use crate::wire::fault::{self, Said};

/// What has come of an item so far.
#[derive(Debug, Default)]
struct Item {
    /// Bytes of its text that were passed on.
    said: usize,
    call: Option<usize>,
    refusal: String,
    /// Whether its place was noted.
    placed: bool,
    done: bool,
}

#[derive(Debug, Default)]
pub(crate) struct ResponsesDecoder {
    items: BTreeMap<u64, Item>,
    refusal: String,
    /// Whether thoughts were shown, so that the next part begins on a line of its own.
    thinks: bool,
    ended: bool,
}

impl Decoder for ResponsesDecoder {
    fn event(&mut self, data: &str, turn: &mut Assembly<'_>) -> Result<Step, Fault> {
        if data.trim() == "[DONE]" {
            return Ok(Step::More);
        }
        let event: Value = serde_json::from_str(data).map_err(|error| garbled(data, &error))?;
        let index = count(&event, "/output_index").unwrap_or(0);
        match text(&event, "type") {
            "response.output_item.added" => {
                if let Some(item) = event.get("item") {
                    self.added(index, item, turn);
                }
            }
            "response.output_text.delta" => self.say(index, text(&event, "delta"), None, turn),
            "response.refusal.delta" => {
                let item = self.items.entry(index).or_default();
                item.refusal.push_str(text(&event, "delta"));
            }
            "response.reasoning_summary_part.added" if self.thinks => turn.thinking(BETWEEN),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.thinks = true;
                turn.thinking(text(&event, "delta"));
            }
            "response.function_call_arguments.delta" => {
                if let Some(Item {
                    call: Some(call), ..
                }) = self.items.get(&index)
                {
                    turn.arguments(*call, text(&event, "delta"));
                }
            }
            "response.output_item.done" => {
                if let Some(item) = event.get("item") {
                    self.done(index, item, turn);
                }
            }
            "response.completed" | "response.incomplete" => {
                let response = event.get("response").unwrap_or(&Value::Null);
                self.complete(response, turn)?;
                return Ok(Step::Done);
            }
            "response.failed" => {
                let error = event.pointer("/response/error").unwrap_or(&Value::Null);
                return Err(fault::of_event(
                    &Said::from_value(error).unwrap_or_default(),
                ));
            }
            "error" => {
                return Err(fault::of_event(
                    &Said::from_value(&event).unwrap_or_default(),
                ));
            }
            _ => {}
        }
        Ok(Step::More)
    }

    fn end(&mut self, _: &mut Assembly<'_>) -> Result<(), Fault> {
        if self.ended {
            return Ok(());
        }
        Err(broke_off("the response was complete"))
    }

    fn whole(&mut self, answer: &Value, turn: &mut Assembly<'_>) -> Result<(), Fault> {
        if answer.get("output").and_then(Value::as_array).is_none()
            || text(answer, "status") == "failed"
        {
            return Err(fault::of_event(
                &Said::from_value(answer).unwrap_or_default(),
            ));
        }
        self.complete(answer, turn)
    }
}

impl ResponsesDecoder {
    fn added(&mut self, index: u64, item: &Value, turn: &mut Assembly<'_>) {
        let known = self.items.entry(index).or_default();
        match text(item, "type") {
            "function_call" if known.call.is_none() => {
                known.call = Some(turn.call(text(item, "call_id"), text(item, "name")));
            }
            "message" => place(known, item, turn),
            _ => {}
        }
    }

    /// Passes on words of a message: a piece, or what is still missing of the whole.
    fn say(&mut self, index: u64, piece: &str, whole: Option<&Value>, turn: &mut Assembly<'_>) {
        let item = self.items.entry(index).or_default();
        if let Some(message) = whole {
            place(item, message, turn);
        } else if !item.placed {
            place(item, &Value::Null, turn);
        }
        item.said = item.said.saturating_add(piece.len());
        turn.text(piece);
    }

    fn done(&mut self, index: u64, item: &Value, turn: &mut Assembly<'_>) {
        let known = self.items.entry(index).or_default();
        if std::mem::replace(&mut known.done, true) {
            return;
        }
        match text(item, "type") {
            "function_call" => {
                let call = match known.call {
                    Some(call) => call,
                    None => turn.call(text(item, "call_id"), text(item, "name")),
                };
                known.call = Some(call);
                if let Some(call) = turn.call_mut(call) {
                    for (have, has) in [(&mut call.id, "call_id"), (&mut call.name, "name")] {
                        if have.is_empty() {
                            text(item, has).clone_into(have);
                        }
                    }
                    // The whole counts, where it is there.
                    if item.get("arguments").and_then(Value::as_str).is_some() {
                        text(item, "arguments").clone_into(&mut call.arguments);
                    }
                }
            }
            "message" => {
                let (words, refusal) = words_of(item);
                let said = known.said;
                if !refusal.is_empty() {
                    known.refusal = refusal;
                }
                self.refusal.push_str(&known.refusal);
                // Servers that send no pieces send it all here.
                let missing = words.get(said..).unwrap_or_default().to_owned();
                if !missing.is_empty() {
                    self.say(index, &missing, Some(item), turn);
                }
            }
            "reasoning" => turn.thought(Thought::Item { item: item.clone() }),
            _ => {}
        }
    }

    fn complete(&mut self, response: &Value, turn: &mut Assembly<'_>) -> Result<(), Fault> {
        let output = response.get("output").and_then(Value::as_array);
        for (index, item) in output.into_iter().flatten().enumerate() {
            // Only what no event has told: servers differ in whether they repeat it.
            let index = u64::try_from(index).unwrap_or(u64::MAX);
            if self.items.get(&index).is_none_or(|known| !known.done) {
                self.done(index, item, turn);
            }
        }
        if let Some(usage) = response.get("usage") {
            turn.usage = used(usage);
        }
        self.ended = true;
        if !self.refusal.is_empty() {
            return Err(Fault::own(ModelError::Refused(std::mem::take(
                &mut self.refusal,
            ))));
        }
        let why = response
            .pointer("/incomplete_details/reason")
            .and_then(Value::as_str);
        turn.finish = Some(match (text(response, "status"), why) {
            (_, Some("content_filter")) => {
                return Err(Fault::own(ModelError::Refused(
                    "the provider's filter stopped the answer".to_owned(),
                )));
            }
            (_, Some("max_output_tokens")) | ("incomplete", _) => FinishReason::Length,
            _ => FinishReason::Stop,
        });
        Ok(())
    }
}

/// Notes where a message begins. Each but the first is set off from the words before it.
fn place(known: &mut Item, item: &Value, turn: &mut Assembly<'_>) {
    if std::mem::replace(&mut known.placed, true) {
        return;
    }
    if turn.text_len() > 0 {
        turn.text(BETWEEN);
    }
    if let Some(phase) = item.get("phase").filter(|phase| phase.is_string()) {
        turn.thought(Thought::Item {
            item: json!({ "type": "message", "phase": phase }),
        });
    }
}

fn words_of(item: &Value) -> (String, String) {
    let (mut words, mut refusal) = (String::new(), String::new());
    for part in item
        .get("content")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        match text(part, "type") {
            "output_text" => words.push_str(text(part, "text")),
            "refusal" => refusal.push_str(text(part, "refusal")),
            _ => {}
        }
    }
    (words, refusal)
}

fn used(usage: &Value) -> Option<Usage> {
    Some(Usage {
        input_tokens: count(usage, "/input_tokens")?,
        output_tokens: count(usage, "/output_tokens")?,
        reasoning_tokens: count(usage, "/output_tokens_details/reasoning_tokens"),
        cache_read_tokens: count(usage, "/input_tokens_details/cached_tokens").unwrap_or(0),
        cache_write_tokens: count(usage, "/input_tokens_details/cache_write_tokens").unwrap_or(0),
        cost: None,
    })
}
