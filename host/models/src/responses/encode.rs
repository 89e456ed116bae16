//! A conversation as a request of the Responses API.
//!
//! | here | there |
//! | --- | --- |
//! | system | `instructions` |
//! | guidance | an item of the role `developer` |
//! | user | an item of the role `user` |
//! | assistant | messages, `function_call` and reasoning items in their order |
//! | tool result | `function_call_output` |
//!
//! Nothing is kept at the provider (`store` is false), so reasoning comes, and goes back, encrypted.

use agent::{Message, Part, Thought, ToolChoice};
use serde_json::{Map, Value, json};

use crate::ask::{Ask, NO_OUTPUT, Piece, data_url, is_picture, pieces, words};
use crate::call_ids::{CallIds, Shape};

/// The least that the API takes as a bound on output.
const LEAST_OUTPUT: u64 = 16;

/// Characters of a cache key and of a call's id at most.
const KEY: usize = 64;

/// What the API takes as the id of a call.
const IDS: Shape = Shape {
    longest: KEY,
    narrow: false,
};

/// The body.
pub(crate) fn body(ask: &Ask<'_>) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(ask.name));
    let (instructions, input) = conversation(ask);
    if !instructions.is_empty() {
        body.insert("instructions".to_owned(), json!(instructions));
    }
    body.insert("input".to_owned(), json!(input));
    let tools: Vec<Value> = ask
        .request
        .tools
        .iter()
        .map(|tool| {
            json!({
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": false,
            })
        })
        .collect();
    if !tools.is_empty() {
        body.insert("tools".to_owned(), json!(tools));
        let choice = match ask.request.tool_choice {
            ToolChoice::Auto => "auto",
            ToolChoice::None => "none",
        };
        body.insert("tool_choice".to_owned(), json!(choice));
        body.insert("parallel_tool_calls".to_owned(), json!(true));
    }
    body.insert("stream".to_owned(), json!(true));
    body.insert("store".to_owned(), json!(false));
    if let Some(most) = ask.request.max_output_tokens {
        body.insert(
            "max_output_tokens".to_owned(),
            json!(most.max(LEAST_OUTPUT)),
        );
    }
    let reasons = ask.info.reasoning != Some(false) && !ask.fit.effortless;
    if reasons {
        let mut reasoning = Map::new();
        if let Some(effort) = ask.effort {
            reasoning.insert("effort".to_owned(), json!(effort.as_str()));
            if !ask.fit.no_summary {
                reasoning.insert("summary".to_owned(), json!("auto"));
            }
            body.insert("reasoning".to_owned(), Value::Object(reasoning));
        }
        if !ask.fit.no_encrypted {
            body.insert("include".to_owned(), json!(["reasoning.encrypted_content"]));
        }
    }
    if let Some(session) = ask.request.session
        && !ask.fit.no_cache_key
    {
        let key: String = session.chars().take(KEY).collect();
        body.insert("prompt_cache_key".to_owned(), json!(key));
    }
    Value::Object(body)
}

fn conversation(ask: &Ask<'_>) -> (String, Vec<Value>) {
    let mut instructions = Vec::new();
    let mut items = Vec::new();
    let mut ids = CallIds::new(IDS);
    for message in ask.request.messages {
        match message {
            Message::System { text } => instructions.push(text.as_str()),
            Message::Note { text } => items.push(json!({
                "type": "message",
                "role": "developer",
                "content": [{ "type": "input_text", "text": text }],
            })),
            Message::User { content } => items.push(json!({
                "type": "message",
                "role": "user",
                "content": content.iter().map(|part| input(ask, part)).collect::<Vec<_>>(),
            })),
            Message::Tool {
                tool_call_id,
                content,
                ..
            } => items.push(json!({
                "type": "function_call_output",
                "call_id": ids.result(tool_call_id),
                "output": output(ask, content),
            })),
            Message::Assistant { .. } => assistant(ask, message, &mut ids, &mut items),
        }
    }
    (instructions.join("\n\n"), items)
}

fn input(ask: &Ask<'_>, part: &Part) -> Value {
    match part {
        Part::Image { mime, bytes, .. } if ask.sees() && is_picture(mime) => json!({
            "type": "input_image", "image_url": data_url(mime, bytes),
        }),
        part => json!({ "type": "input_text", "text": words(part) }),
    }
}

/// A result: plain text, unless there is a picture in it.
fn output(ask: &Ask<'_>, content: &[Part]) -> Value {
    let pictures = content
        .iter()
        .any(|part| matches!(part, Part::Image { mime, .. } if ask.sees() && is_picture(mime)));
    if pictures {
        return content.iter().map(|part| input(ask, part)).collect();
    }
    let text = agent::in_words(content);
    json!(if text.is_empty() { NO_OUTPUT } else { &text })
}

fn assistant(ask: &Ask<'_>, message: &Message, ids: &mut CallIds, items: &mut Vec<Value>) {
    let Message::Assistant {
        text,
        reasoning,
        tool_calls,
    } = message
    else {
        return;
    };
    let thoughts = ask.replayed(reasoning.as_ref());
    let ids = ids.calls(tool_calls);
    let mut phase: Option<&Value> = None;
    // An item of reasoning belongs to the item after it; the API refuses one that nothing follows.
    let mut waiting: Vec<&Value> = Vec::new();
    for piece in pieces(text, tool_calls.len(), &thoughts) {
        let item = match piece {
            Piece::Thought(block) => {
                if let Thought::Item { item } = &block.thought {
                    match item.get("type").and_then(Value::as_str) {
                        Some("message") => phase = item.get("phase"),
                        Some("reasoning") if has_content(item) => waiting.push(item),
                        _ => {}
                    }
                }
                continue;
            }
            Piece::Text(text) => {
                // The line between two messages of one turn is ours.
                let text = text.strip_prefix(BETWEEN).unwrap_or(text);
                let text = text.strip_suffix(BETWEEN).unwrap_or(text);
                if text.is_empty() {
                    continue;
                }
                let mut item = json!({
                    "type": "message",
                    "role": "assistant",
                    "content": [{ "type": "output_text", "text": text }],
                });
                if let (Some(phase), Some(item)) = (phase.take(), item.as_object_mut()) {
                    item.insert("phase".to_owned(), phase.clone());
                }
                item
            }
            Piece::Call(index) => match tool_calls.get(index) {
                Some(call) => json!({
                    "type": "function_call",
                    "call_id": ids.get(index),
                    "name": call.name,
                    "arguments": call.arguments,
                }),
                None => continue,
            },
        };
        items.extend(waiting.drain(..).cloned());
        items.push(item);
    }
}

/// What stands between two messages of one turn.
pub(super) const BETWEEN: &str = "\n\n";

/// Whether the provider can read it again: it has not kept it itself.
fn has_content(item: &Value) -> bool {
    item.get("encrypted_content")
        .and_then(Value::as_str)
        .is_some_and(|content| !content.is_empty())
}
