//! A conversation as a request of Chat Completions.
//!
//! | here | there |
//! | --- | --- |
//! | system | `system` |
//! | guidance | a marked part of a `user` message: the templates of many open models take no other role in mid-conversation |
//! | user | `user`; those that follow each other are one, since many templates want turns to alternate |
//! | assistant | `assistant`, with the field that its reasoning came in |
//! | tool result | `tool`, in words; pictures follow in a `user` message, where the model sees them |

use agent::{Effort, Message, Part, Thought, ToolChoice};
use serde_json::{Map, Value, json};

use crate::ask::{Ask, NO_OUTPUT, data_url, is_picture, marked, words};
use crate::call_ids::{CallIds, Shape};

/// What differs between those who speak it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// OpenAI, or who takes its place.
    OpenAi,
    /// The Hugging Face router.
    Router,
    /// A local server. It is never told an effort.
    Local,
}

/// The efforts that the router takes.
pub(crate) const ROUTER_EFFORTS: [Effort; 3] = [Effort::Low, Effort::Medium, Effort::High];

/// What each takes as the id of a call. OpenAI refuses more than 40 characters; others give some that are longer.
const fn ids(flavour: Flavour) -> Shape {
    Shape {
        longest: match flavour {
            Flavour::OpenAi => 40,
            Flavour::Router | Flavour::Local => 256,
        },
        narrow: false,
    }
}

/// The body.
pub(crate) fn body(ask: &Ask<'_>, flavour: Flavour) -> Value {
    let mut body = Map::new();
    let cache = Cache::of(ask, flavour);
    body.insert("model".to_owned(), json!(ask.name));
    let mut messages = conversation(ask, flavour);
    if cache == Cache::Marks {
        mark_messages(&mut messages);
        // What the provider does by itself with the rest of a growing conversation.
        body.insert("cache_control".to_owned(), ephemeral());
    }
    body.insert("messages".to_owned(), json!(messages));
    let mut tools: Vec<Value> = ask
        .request
        .tools
        .iter()
        .map(|tool| {
            json!({
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            })
        })
        .collect();
    if cache == Cache::Marks
        && let Some(last) = tools.last_mut().and_then(Value::as_object_mut)
    {
        last.insert("cache_control".to_owned(), ephemeral());
    }
    if !tools.is_empty() {
        body.insert("tools".to_owned(), json!(tools));
        let choice = match ask.request.tool_choice {
            ToolChoice::Auto => "auto",
            ToolChoice::None => "none",
        };
        body.insert("tool_choice".to_owned(), json!(choice));
    }
    body.insert("stream".to_owned(), json!(true));
    if !ask.fit.no_stream_options {
        body.insert(
            "stream_options".to_owned(),
            json!({ "include_usage": true }),
        );
    }
    if let Some(most) = ask.request.max_output_tokens {
        let name = if flavour == Flavour::OpenAi || ask.fit.completion_tokens {
            "max_completion_tokens"
        } else {
            "max_tokens"
        };
        body.insert(name.to_owned(), json!(most));
    }
    if let (Some(effort), true) = (ask.effort, flavour != Flavour::Local) {
        body.insert("reasoning_effort".to_owned(), json!(effort.as_str()));
    }
    if let (Cache::Key { day }, Some(session)) = (cache, ask.request.session) {
        let key: String = session.chars().take(64).collect();
        body.insert("prompt_cache_key".to_owned(), json!(key));
        if day {
            body.insert("prompt_cache_retention".to_owned(), json!("24h"));
        }
    }
    Value::Object(body)
}

/// How the provider is helped to find what it has read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cache {
    Nothing,
    Marks,
    Key { day: bool },
}

impl Cache {
    fn of(ask: &Ask<'_>, flavour: Flavour) -> Cache {
        let fal = flavour == Flavour::Router && ask.name.contains(":fal");
        if fal && ask.name.starts_with("anthropic/") && !ask.fit.no_cache_marks {
            Cache::Marks
        } else if fal && ask.name.starts_with("openai/gpt-5") && !ask.fit.no_cache_key {
            Cache::Key { day: true }
        } else if flavour == Flavour::OpenAi && !ask.fit.no_cache_key {
            Cache::Key { day: false }
        } else {
            Cache::Nothing
        }
    }
}

fn ephemeral() -> Value {
    json!({ "type": "ephemeral" })
}

/// Marks the system message, and the last two messages that are not the model's own: with results of tools among them, so
/// that a long history of calls is covered.
fn mark_messages(messages: &mut [Value]) {
    let role = |message: &Value| {
        message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    for message in messages
        .iter_mut()
        .filter(|message| role(message) == "system")
    {
        mark(message);
    }
    let own = |message: &&mut Value| !["assistant", "system"].contains(&role(message).as_str());
    // Results of one turn follow each other; the mark on the last of them covers all.
    let mut left = 2;
    let mut after_own = true;
    for message in messages.iter_mut().rev() {
        let is_own = own(&message);
        if is_own && after_own && left > 0 {
            mark(message);
            left -= 1;
        }
        after_own = !is_own;
    }
}

fn mark(message: &mut Value) {
    let Some(content) = message.get_mut("content") else {
        return;
    };
    if let Value::String(text) = content {
        if text.is_empty() {
            return;
        }
        *content = json!([{ "type": "text", "text": text }]);
    }
    if let Some(last) = content
        .as_array_mut()
        .and_then(|parts| parts.last_mut())
        .and_then(Value::as_object_mut)
    {
        last.insert("cache_control".to_owned(), ephemeral());
    }
}

fn conversation(ask: &Ask<'_>, flavour: Flavour) -> Vec<Value> {
    let mut messages: Vec<Value> = Vec::new();
    let mut user: Vec<Value> = Vec::new();
    let mut ids = CallIds::new(ids(flavour));
    for message in ask.request.messages {
        match message {
            Message::Note { text } => user.push(text_part(&marked(text))),
            Message::User { content } => user.extend(content.iter().map(|part| input(ask, part))),
            Message::System { text } => {
                flush(&mut user, &mut messages);
                messages.push(json!({ "role": "system", "content": text }));
            }
            Message::Assistant { .. } => {
                // A turn of thoughts alone is none, and does not end the user's.
                if let Some(turn) = assistant(ask, message, &mut ids) {
                    flush(&mut user, &mut messages);
                    messages.push(turn);
                }
            }
            Message::Tool {
                tool_call_id,
                name,
                content,
                ..
            } => {
                // Pictures of an earlier result wait until all results of the turn are there.
                let waiting = std::mem::take(&mut user);
                messages.push(json!({
                    "role": "tool",
                    "tool_call_id": ids.result(tool_call_id),
                    "content": result(content),
                }));
                user = waiting;
                user.extend(pictures(ask, name, content));
            }
        }
    }
    flush(&mut user, &mut messages);
    messages
}

/// Ends a user's message: plain text, unless there is a picture in it.
fn flush(user: &mut Vec<Value>, messages: &mut Vec<Value>) {
    let parts = std::mem::take(user);
    if parts.is_empty() {
        return;
    }
    let texts: Option<Vec<&str>> = parts
        .iter()
        .map(|part| part.get("text").and_then(Value::as_str))
        .collect();
    let content = match texts {
        Some(texts) => json!(texts.join("\n\n")),
        None => json!(parts),
    };
    messages.push(json!({ "role": "user", "content": content }));
}

fn text_part(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn input(ask: &Ask<'_>, part: &Part) -> Value {
    match part {
        Part::Image { mime, bytes, .. } if ask.sees() && is_picture(mime) => image(mime, bytes),
        part => text_part(&words(part)),
    }
}

fn image(mime: &str, bytes: &[u8]) -> Value {
    json!({ "type": "image_url", "image_url": { "url": data_url(mime, bytes) } })
}

fn result(content: &[Part]) -> String {
    let text = agent::in_words(content);
    if text.is_empty() {
        NO_OUTPUT.to_owned()
    } else {
        text
    }
}

/// The pictures of a result, for a model that sees them: only users can send some.
fn pictures(ask: &Ask<'_>, tool: &str, content: &[Part]) -> Vec<Value> {
    let mut parts: Vec<Value> = content
        .iter()
        .filter_map(|part| match part {
            Part::Image { mime, bytes, .. } if ask.sees() && is_picture(mime) => {
                Some(image(mime, bytes))
            }
            _ => None,
        })
        .collect();
    if !parts.is_empty() {
        let from = marked(&format!("The pictures that the tool `{tool}` gave:"));
        parts.insert(0, text_part(&from));
    }
    parts
}

fn assistant(ask: &Ask<'_>, message: &Message, ids: &mut CallIds) -> Option<Value> {
    let Message::Assistant {
        text,
        reasoning,
        tool_calls,
    } = message
    else {
        return None;
    };
    if text.is_empty() && tool_calls.is_empty() {
        return None;
    }
    let mut message = Map::new();
    message.insert("role".to_owned(), json!("assistant"));
    let content = if text.is_empty() {
        Value::Null
    } else {
        json!(text)
    };
    message.insert("content".to_owned(), content);
    for block in ask.replayed(reasoning.as_ref()) {
        if let Thought::Field { name, value } = &block.thought {
            message.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    if !tool_calls.is_empty() {
        let calls: Vec<Value> = tool_calls
            .iter()
            .zip(ids.calls(tool_calls))
            .map(|(call, id)| {
                json!({
                    "id": id,
                    "type": "function",
                    "function": { "name": call.name, "arguments": call.arguments },
                })
            })
            .collect();
        message.insert("tool_calls".to_owned(), json!(calls));
    }
    Some(Value::Object(message))
}
