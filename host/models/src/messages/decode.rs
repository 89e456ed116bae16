//! A turn from the events of the Messages API.
//!
//! | event | |
//! | --- | --- |
//! | `message_start` | what was read, and what of it from the cache |
//! | `content_block_start`, `_delta`, `_stop` | text, thinking, `redacted_thinking`, `tool_use`; each has an index |
//! | `message_delta` | why it ended, and what was put out |
//! | `message_stop` | that was all: without it, the turn broke off |
//! | `error` | an error in the midst |
//! | `ping` and others | nothing |

use std::collections::BTreeMap;

use agent::{FinishReason, ModelError, Thought, Usage};
use serde_json::Value;

use crate::assembly::Assembly;
use crate::decode::{Decoder, Step, broke_off, count, garbled, text};
use crate::wire::Fault;
use crate::wire::fault::{self, Said};

/// A block that has begun.
#[derive(Debug)]
enum Block {
    Text,
    Thinking { text: String, signature: String },
    Redacted { data: String },
    Call { number: usize, start: Value },
    Other,
}

#[derive(Debug, Default)]
pub(crate) struct MessagesDecoder {
    blocks: BTreeMap<u64, Block>,
    usage: Option<Usage>,
    ended: bool,
}

impl Decoder for MessagesDecoder {
    fn event(&mut self, data: &str, turn: &mut Assembly<'_>) -> Result<Step, Fault> {
        let event: Value = serde_json::from_str(data).map_err(|error| garbled(data, &error))?;
        let index = count(&event, "/index").unwrap_or(0);
        match text(&event, "type") {
            "message_start" => {
                if let Some(usage) = event.pointer("/message/usage") {
                    self.used(usage, turn);
                }
            }
            "content_block_start" => {
                if let Some(block) = event.get("content_block") {
                    let block = begin(block, turn);
                    self.blocks.insert(index, block);
                }
            }
            "content_block_delta" => {
                if let (Some(delta), Some(block)) =
                    (event.get("delta"), self.blocks.get_mut(&index))
                {
                    more(block, delta, turn);
                }
            }
            "content_block_stop" => {
                if let Some(block) = self.blocks.remove(&index) {
                    close(block, turn);
                }
            }
            "message_delta" => {
                if let Some(usage) = event.get("usage") {
                    self.used(usage, turn);
                }
                if let Some(delta) = event.get("delta") {
                    self.reason(delta, turn)?;
                }
            }
            "message_stop" => {
                self.close_all(turn);
                if turn.finish.is_none() {
                    return Err(broke_off("the reason for the end came"));
                }
                self.ended = true;
                return Ok(Step::Done);
            }
            "error" => {
                let said = Said::from_value(&event).unwrap_or_default();
                return Err(fault::of_event(&said));
            }
            _ => {}
        }
        Ok(Step::More)
    }

    fn end(&mut self, _: &mut Assembly<'_>) -> Result<(), Fault> {
        if self.ended {
            return Ok(());
        }
        Err(broke_off("the turn was complete"))
    }

    fn whole(&mut self, answer: &Value, turn: &mut Assembly<'_>) -> Result<(), Fault> {
        let Some(content) = answer.get("content").and_then(Value::as_array) else {
            let said = Said::from_value(answer).unwrap_or_default();
            return Err(fault::of_event(&said));
        };
        if let Some(usage) = answer.get("usage") {
            self.used(usage, turn);
        }
        for block in content {
            let begun = begin(block, turn);
            close(begun, turn);
        }
        self.reason(answer, turn)?;
        self.ended = true;
        if turn.finish.is_none() {
            return Err(broke_off("the reason for the end came"));
        }
        Ok(())
    }
}

impl MessagesDecoder {
    /// Takes the reason why it ended, where there is one.
    fn reason(&mut self, value: &Value, turn: &mut Assembly<'_>) -> Result<(), Fault> {
        turn.finish = Some(match text(value, "stop_reason") {
            "" => return Ok(()),
            "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
            "tool_use" => FinishReason::ToolCalls,
            "refusal" => {
                let why = value
                    .pointer("/stop_details/explanation")
                    .and_then(Value::as_str)
                    .unwrap_or("it gave no reason");
                return Err(Fault::own(ModelError::Refused(why.to_owned())));
            }
            _ => FinishReason::Stop,
        });
        Ok(())
    }

    /// Takes what was used. Later counts are those of the whole turn, and replace earlier ones.
    fn used(&mut self, usage: &Value, turn: &mut Assembly<'_>) {
        let before = self.usage.unwrap_or_default();
        let fresh_before = before
            .input_tokens
            .saturating_sub(before.cache_read_tokens)
            .saturating_sub(before.cache_write_tokens);
        let fresh = count(usage, "/input_tokens").unwrap_or(fresh_before);
        let read = count(usage, "/cache_read_input_tokens").unwrap_or(before.cache_read_tokens);
        let write =
            count(usage, "/cache_creation_input_tokens").unwrap_or(before.cache_write_tokens);
        let usage = Usage {
            // What is read from the cache, or written to it, is not among the API's `input_tokens`.
            input_tokens: fresh.saturating_add(read).saturating_add(write),
            output_tokens: count(usage, "/output_tokens").unwrap_or(before.output_tokens),
            reasoning_tokens: count(usage, "/output_tokens_details/thinking_tokens")
                .or(before.reasoning_tokens),
            cache_read_tokens: read,
            cache_write_tokens: write,
            cost: None,
        };
        self.usage = Some(usage);
        turn.usage = Some(usage);
    }

    fn close_all(&mut self, turn: &mut Assembly<'_>) {
        for (_, block) in std::mem::take(&mut self.blocks) {
            close(block, turn);
        }
    }
}

fn begin(block: &Value, turn: &mut Assembly<'_>) -> Block {
    match text(block, "type") {
        "text" => {
            turn.text(text(block, "text"));
            Block::Text
        }
        "thinking" => {
            let thought = text(block, "thinking");
            turn.thinking(thought);
            Block::Thinking {
                text: thought.to_owned(),
                signature: text(block, "signature").to_owned(),
            }
        }
        "redacted_thinking" => Block::Redacted {
            data: text(block, "data").to_owned(),
        },
        "tool_use" => Block::Call {
            number: turn.call(text(block, "id"), text(block, "name")),
            start: block.get("input").cloned().unwrap_or_default(),
        },
        _ => Block::Other,
    }
}

fn more(block: &mut Block, delta: &Value, turn: &mut Assembly<'_>) {
    match (block, text(delta, "type")) {
        (Block::Text, "text_delta") => turn.text(text(delta, "text")),
        (Block::Thinking { text: all, .. }, "thinking_delta") => {
            let piece = text(delta, "thinking");
            turn.thinking(piece);
            all.push_str(piece);
        }
        (Block::Thinking { signature, .. }, "signature_delta") => {
            signature.push_str(text(delta, "signature"));
        }
        (Block::Call { number, .. }, "input_json_delta") => {
            turn.arguments(*number, text(delta, "partial_json"));
        }
        _ => {}
    }
}

fn close(block: Block, turn: &mut Assembly<'_>) {
    match block {
        Block::Thinking { text, signature } => {
            // Without a signature it is not taken back.
            if !signature.is_empty() {
                turn.thought(Thought::Signed { text, signature });
            }
        }
        Block::Redacted { data } => turn.thought(Thought::Redacted { data }),
        Block::Call { number, start } => {
            // Arguments that came at once, as they do where nothing is streamed.
            let empty = start.as_object().is_none_or(serde_json::Map::is_empty);
            if let Some(call) = turn.call_mut(number)
                && call.arguments.is_empty()
                && !empty
            {
                call.arguments = start.to_string();
            }
        }
        Block::Text | Block::Other => {}
    }
}
