//! A conversation as a request of the Messages API.
//!
//! | here | there |
//! | --- | --- |
//! | system | `system`, one block |
//! | guidance | a marked text block of the user's turn: there is no other role in mid-conversation |
//! | user, tool results | blocks of one user turn; results first, as the API wants it |
//! | assistant | text, `tool_use` and thinking blocks in their order |
//!
//! Breakpoints for the cache: the last tool, the system block, and the last block of the last two user turns. The one on
//! the last turn but one is where the request before this had its last, so that all of it is read from the cache however
//! many blocks came since.

use agent::{Effort, Message, Part, Thought, ToolChoice};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use crate::ask::{
    Ask, NO_OUTPUT, Piece, arguments_object, base64, is_picture, marked, pieces, words,
};
use crate::call_ids::{CallIds, Shape};
use crate::catalogue::Thinking;

/// Tokens that an answer may have where nothing is known of the model.
const MAX_TOKENS: u64 = 32_000;

/// The smallest budget for thinking that the API takes.
const LEAST_BUDGET: u64 = 1024;

/// The headers beside the key.
pub(crate) fn headers(ask: &Ask<'_>) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = vec![(
        HeaderName::from_static("anthropic-version"),
        HeaderValue::from_static("2023-06-01"),
    )];
    if thinking(ask) == Thinking::Budget && ask.effort.is_some() {
        // With a budget, thinking between calls has to be asked for; adaptive thinking includes it.
        headers.push((
            HeaderName::from_static("anthropic-beta"),
            HeaderValue::from_static("interleaved-thinking-2025-05-14"),
        ));
    }
    headers
}

fn thinking(ask: &Ask<'_>) -> Thinking {
    ask.fit.thinking.unwrap_or(ask.thinking)
}

/// The API takes letters, digits, `_` and `-` in the ids of calls; other providers' ids have more.
const IDS: Shape = Shape {
    longest: 64,
    narrow: true,
};

/// The body.
pub(crate) fn body(ask: &Ask<'_>) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(ask.name));
    let known = ask.info.max_output_tokens.unwrap_or(MAX_TOKENS);
    let max_tokens =
        ask.request
            .max_output_tokens
            .map_or(known, |wanted| match ask.info.max_output_tokens {
                Some(most) => wanted.min(most),
                None => wanted,
            });
    body.insert("max_tokens".to_owned(), json!(max_tokens));
    body.insert("stream".to_owned(), json!(true));
    let (system, messages) = conversation(ask);
    if !system.is_empty() {
        body.insert("system".to_owned(), json!(system));
    }
    body.insert("messages".to_owned(), json!(messages));
    let tools = tools(ask);
    if !tools.is_empty() {
        body.insert("tools".to_owned(), json!(tools));
        let choice = match ask.request.tool_choice {
            ToolChoice::Auto => "auto",
            ToolChoice::None => "none",
        };
        body.insert("tool_choice".to_owned(), json!({ "type": choice }));
    }
    if let Some(effort) = ask.effort {
        think(ask, effort, max_tokens, &mut body);
    }
    Value::Object(body)
}

fn think(ask: &Ask<'_>, effort: Effort, max_tokens: u64, body: &mut Map<String, Value>) {
    match thinking(ask) {
        Thinking::Adaptive => {
            let mut adaptive = json!({ "type": "adaptive" });
            if !ask.fit.no_summary
                && let Some(adaptive) = adaptive.as_object_mut()
            {
                // Without it, newer models send their thoughts empty.
                adaptive.insert("display".to_owned(), json!("summarized"));
            }
            body.insert("thinking".to_owned(), adaptive);
            let effort = match effort {
                Effort::Minimal => Effort::Low,
                effort => effort,
            };
            body.insert(
                "output_config".to_owned(),
                json!({ "effort": effort.as_str() }),
            );
        }
        Thinking::Budget => {
            let budget = match effort {
                Effort::Minimal => 1024,
                Effort::Low => 4096,
                Effort::Medium => 10_240,
                Effort::High => 20_480,
                Effort::Xhigh | Effort::Max => 31_999,
            };
            // The budget is part of what may be put out, and something has to be left for the answer.
            let budget = budget.min(max_tokens.saturating_sub(max_tokens / 4));
            if budget >= LEAST_BUDGET {
                let enabled = json!({ "type": "enabled", "budget_tokens": budget });
                body.insert("thinking".to_owned(), enabled);
            }
        }
        Thinking::None => {}
    }
}

fn tools(ask: &Ask<'_>) -> Vec<Value> {
    let mut tools: Vec<Value> = ask
        .request
        .tools
        .iter()
        .map(|tool| {
            let mut spec = json!({
                "name": tool.name,
                "description": tool.description,
                "input_schema": tool.parameters,
            });
            if !ask.fit.no_eager_input
                && let Some(spec) = spec.as_object_mut()
            {
                // Arguments come as they are written, not at their end.
                spec.insert("eager_input_streaming".to_owned(), json!(true));
            }
            spec
        })
        .collect();
    if let Some(last) = tools.last_mut() {
        mark(ask, last);
    }
    tools
}

/// Marks a breakpoint for the cache.
fn mark(ask: &Ask<'_>, block: &mut Value) {
    if ask.fit.no_cache_marks {
        return;
    }
    if let Some(block) = block.as_object_mut() {
        block.insert("cache_control".to_owned(), json!({ "type": "ephemeral" }));
    }
}

/// The system blocks, and the turns.
fn conversation(ask: &Ask<'_>) -> (Vec<Value>, Vec<Value>) {
    let mut system = Vec::new();
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    let mut ids = CallIds::new(IDS);
    for message in ask.request.messages {
        let (role, blocks) = match message {
            Message::System { text } => {
                if !text.is_empty() {
                    system.push(json!({ "type": "text", "text": text }));
                }
                continue;
            }
            Message::Note { text } => ("user", vec![text_block(&marked(text))]),
            Message::User { content } => (
                "user",
                content.iter().map(|part| block(ask, part)).collect(),
            ),
            Message::Tool {
                tool_call_id,
                content,
                success,
                ..
            } => {
                let id = ids.result(tool_call_id);
                ("user", vec![result(ask, &id, content, *success)])
            }
            Message::Assistant { .. } => ("assistant", assistant(ask, message, &mut ids)),
        };
        let blocks: Vec<Value> = blocks
            .into_iter()
            .filter(|block| !is_blank(block))
            .collect();
        if blocks.is_empty() {
            continue;
        }
        match turns.last_mut() {
            Some((last, all)) if *last == role => all.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    if let Some(last) = system.last_mut() {
        mark(ask, last);
    }
    let mut marks = 2;
    for (role, blocks) in turns.iter_mut().rev() {
        if *role != "user" {
            continue;
        }
        // Results of calls go first. The order among them, and among the rest, stays.
        blocks
            .sort_by_key(|block| block.get("type").and_then(Value::as_str) != Some("tool_result"));
        if marks > 0
            && let Some(last) = blocks.last_mut()
        {
            mark(ask, last);
            marks -= 1;
        }
    }
    let turns = turns
        .into_iter()
        .map(|(role, content)| json!({ "role": role, "content": content }))
        .collect();
    (system, turns)
}

/// Text that is empty, which the API refuses.
fn is_blank(block: &Value) -> bool {
    block.get("type").and_then(Value::as_str) == Some("text")
        && block
            .get("text")
            .and_then(Value::as_str)
            .is_none_or(|text| text.trim().is_empty())
}

fn text_block(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn block(ask: &Ask<'_>, part: &Part) -> Value {
    match part {
        Part::Image { mime, bytes, .. } if ask.sees() && is_picture(mime) => json!({
            "type": "image",
            "source": { "type": "base64", "media_type": mime, "data": base64(bytes) },
        }),
        part => text_block(&words(part)),
    }
}

fn result(ask: &Ask<'_>, id: &str, content: &[Part], success: bool) -> Value {
    let mut blocks: Vec<Value> = content
        .iter()
        .map(|part| block(ask, part))
        .filter(|block| !is_blank(block))
        .collect();
    if blocks.is_empty() {
        blocks.push(text_block(NO_OUTPUT));
    }
    let mut result = json!({
        "type": "tool_result",
        "tool_use_id": id,
        "content": blocks,
    });
    if !success && let Some(result) = result.as_object_mut() {
        result.insert("is_error".to_owned(), json!(true));
    }
    result
}

fn assistant(ask: &Ask<'_>, message: &Message, ids: &mut CallIds) -> Vec<Value> {
    let Message::Assistant {
        text,
        reasoning,
        tool_calls,
    } = message
    else {
        return Vec::new();
    };
    let thoughts = ask.replayed(reasoning.as_ref());
    let ids = ids.calls(tool_calls);
    let mut blocks = Vec::new();
    for piece in pieces(text, tool_calls.len(), &thoughts) {
        match piece {
            Piece::Text(text) => blocks.push(text_block(text)),
            Piece::Call(index) => {
                if let Some(call) = tool_calls.get(index) {
                    blocks.push(json!({
                        "type": "tool_use",
                        "id": ids.get(index),
                        "name": call.name,
                        "input": arguments_object(&call.arguments),
                    }));
                }
            }
            Piece::Thought(thought) => match &thought.thought {
                Thought::Signed { text, signature } => blocks.push(json!({
                    "type": "thinking", "thinking": text, "signature": signature,
                })),
                Thought::Redacted { data } => blocks.push(json!({
                    "type": "redacted_thinking", "data": data,
                })),
                Thought::Item { .. } | Thought::Field { .. } => {}
            },
        }
    }
    // A turn of thoughts alone is none.
    let thinks = |block: &Value| {
        matches!(
            block.get("type").and_then(Value::as_str),
            Some("thinking" | "redacted_thinking")
        )
    };
    if blocks.iter().all(|block| thinks(block) || is_blank(block)) {
        return Vec::new();
    }
    blocks
}
