//! What a model says, in each provider's format.

use serde_json::{Value, json};

/// A provider's format, and a model behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Anthropic's Messages.
    Messages,
    /// OpenAI's Responses.
    Responses,
    /// Chat Completions of the Hugging Face router.
    Router,
    /// Chat Completions of a local server.
    Local,
}

impl Format {
    pub(crate) const ALL: [Format; 4] = [
        Format::Messages,
        Format::Responses,
        Format::Router,
        Format::Local,
    ];

    /// A model's id.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Format::Messages => "anthropic/claude-opus-4-8",
            Format::Responses => "openai/gpt-5.5",
            Format::Router => "moonshotai/Kimi-K2.6:novita",
            Format::Local => "llamacpp/x",
        }
    }

    /// A row of `models.toml` for it: its window, and a price in dollars for a million tokens of input and output.
    pub(crate) fn row(self, window: u64, price: Option<u64>) -> String {
        let price = price.map_or_else(String::new, |price| {
            format!("price = {{ input = {price}, output = {price}, cache-read = {price}, cache-write = {price} }}\n")
        });
        format!(
            "[[model]]\nid = {:?}\ncontext-window = {window}\n{price}",
            self.id()
        )
    }

    /// An error that says that a request is too long.
    pub(crate) fn too_long(self) -> (u16, Value) {
        let error = match self {
            Format::Messages => json!({"type": "error", "error": {"type": "invalid_request_error",
                "message": "prompt is too long: 9 tokens > 8 maximum"}}),
            Format::Responses => {
                json!({"error": {"message": "too long", "type": "invalid_request_error",
                "code": "context_length_exceeded"}})
            }
            Format::Router => {
                json!({"error": "prompt is too long: 365407, model maximum context length: 262143"})
            }
            Format::Local => json!({"error": {"code": 400, "type": "exceed_context_size_error",
                "message": "the request exceeds the available context size"}}),
        };
        (400, error)
    }
}

/// What a model says in one turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) thoughts: String,
    pub(crate) text: String,
    /// Names and arguments.
    pub(crate) calls: Vec<(String, Value)>,
}

pub(crate) fn says(text: &str) -> Said {
    Said {
        text: text.to_owned(),
        ..Said::default()
    }
}

pub(crate) fn calls(calls: &[(&str, Value)]) -> Said {
    let calls = calls
        .iter()
        .map(|(name, arguments)| ((*name).to_owned(), arguments.clone()));
    Said {
        thoughts: "First, the files.".to_owned(),
        text: "Let me look.".to_owned(),
        calls: calls.collect(),
    }
}

/// What proves that a thought is the model's own.
pub(crate) fn signature(thoughts: &str) -> String {
    format!("signed<{thoughts}>")
}

/// A text in pieces of a few characters.
fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters
        .chunks(9)
        .map(|chunk| chunk.iter().collect())
        .collect()
}

/// The events of one turn, each as it stands on the wire. Ids are of the request's number; tokens are those that the
/// request has, at four bytes each.
pub(crate) fn stream(format: Format, said: &Said, number: usize, body: &Value) -> Vec<String> {
    let input = body.to_string().len() / 4;
    match format {
        Format::Messages => messages(said, number, input),
        Format::Responses => responses(said, number, input),
        Format::Router | Format::Local => chat(said, number, input),
    }
}

fn event(name: &str, mut data: Value) -> String {
    data["type"] = json!(name);
    format!("event: {name}\ndata: {data}\n\n")
}

fn messages(said: &Said, number: usize, input: usize) -> Vec<String> {
    let mut out = vec![event(
        "message_start",
        json!({"message": {"id": format!("msg_{number}"), "type": "message", "role": "assistant", "content": [],
            "model": "claude-opus-4-8", "stop_reason": null, "usage": {"input_tokens": input, "output_tokens": 1}}}),
    )];
    let mut index = 0;
    let mut block = |start: Value, deltas: Vec<Value>| {
        out.push(event(
            "content_block_start",
            json!({"index": index, "content_block": start}),
        ));
        for delta in deltas {
            out.push(event(
                "content_block_delta",
                json!({"index": index, "delta": delta}),
            ));
        }
        out.push(event("content_block_stop", json!({"index": index})));
        index += 1;
    };
    if !said.thoughts.is_empty() {
        let mut deltas: Vec<Value> = pieces(&said.thoughts)
            .iter()
            .map(|piece| json!({"type": "thinking_delta", "thinking": piece}))
            .collect();
        deltas.push(json!({"type": "signature_delta", "signature": signature(&said.thoughts)}));
        block(
            json!({"type": "thinking", "thinking": "", "signature": ""}),
            deltas,
        );
    }
    if !said.text.is_empty() {
        let deltas = pieces(&said.text);
        let deltas = deltas
            .iter()
            .map(|piece| json!({"type": "text_delta", "text": piece}));
        block(json!({"type": "text", "text": ""}), deltas.collect());
    }
    for (at, (name, arguments)) in said.calls.iter().enumerate() {
        let deltas = pieces(&arguments.to_string());
        let deltas = deltas
            .iter()
            .map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
        let id = format!("toolu_{number}_{at}");
        block(
            json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
            deltas.collect(),
        );
    }
    let reason = if said.calls.is_empty() {
        "end_turn"
    } else {
        "tool_use"
    };
    out.push(event(
        "message_delta",
        json!({"delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 20}}),
    ));
    out.push(event("message_stop", json!({})));
    out
}

fn responses(said: &Said, number: usize, input: usize) -> Vec<String> {
    let id = format!("resp_{number}");
    let mut out = vec![event(
        "response.created",
        json!({"response": {"id": id, "status": "in_progress", "output": []}}),
    )];
    let mut index = 0;
    let mut item = |start: Value, deltas: Vec<(&str, Value)>, done: Value| {
        out.push(event(
            "response.output_item.added",
            json!({"output_index": index, "item": start}),
        ));
        for (name, mut delta) in deltas {
            delta["output_index"] = json!(index);
            delta["item_id"] = start["id"].clone();
            out.push(event(name, delta));
        }
        out.push(event(
            "response.output_item.done",
            json!({"output_index": index, "item": done}),
        ));
        index += 1;
    };
    if !said.thoughts.is_empty() {
        let id = format!("rs_{number}");
        let deltas = pieces(&said.thoughts)
            .iter()
            .map(|piece| {
                (
                    "response.reasoning_summary_text.delta",
                    json!({"summary_index": 0, "delta": piece}),
                )
            })
            .collect();
        item(
            json!({"id": id, "type": "reasoning", "summary": [], "encrypted_content": ""}),
            deltas,
            json!({"id": id, "type": "reasoning", "encrypted_content": signature(&said.thoughts),
                "summary": [{"type": "summary_text", "text": said.thoughts}]}),
        );
    }
    if !said.text.is_empty() {
        let id = format!("msg_{number}");
        let deltas = pieces(&said.text)
            .iter()
            .map(|piece| {
                (
                    "response.output_text.delta",
                    json!({"content_index": 0, "delta": piece}),
                )
            })
            .collect();
        item(
            json!({"id": id, "type": "message", "status": "in_progress", "role": "assistant", "content": []}),
            deltas,
            json!({"id": id, "type": "message", "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "text": said.text}]}),
        );
    }
    for (at, (name, arguments)) in said.calls.iter().enumerate() {
        let (id, call) = (format!("fc_{number}_{at}"), format!("call_{number}_{at}"));
        let arguments = arguments.to_string();
        let deltas = pieces(&arguments)
            .iter()
            .map(|piece| {
                (
                    "response.function_call_arguments.delta",
                    json!({"delta": piece}),
                )
            })
            .collect();
        let call = |arguments: &str| json!({"id": id, "type": "function_call", "call_id": call, "name": name, "arguments": arguments});
        item(call(""), deltas, call(&arguments));
    }
    let usage = json!({"input_tokens": input, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": input + 20});
    out.push(event(
        "response.completed",
        json!({"response": {"id": id, "status": "completed", "output": [], "usage": usage}}),
    ));
    out
}

fn chat(said: &Said, number: usize, input: usize) -> Vec<String> {
    let chunk = |delta: Value, reason: Value| {
        let data = json!({"id": format!("c{number}"), "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
        format!("data: {data}\n\n")
    };
    let mut out = vec![chunk(
        json!({"role": "assistant", "content": ""}),
        Value::Null,
    )];
    let mut say = |delta: Value| out.push(chunk(delta, Value::Null));
    for piece in pieces(&said.thoughts) {
        say(json!({"reasoning_content": piece}));
    }
    for piece in pieces(&said.text) {
        say(json!({"content": piece}));
    }
    for (at, (name, arguments)) in said.calls.iter().enumerate() {
        let id = format!("call_{number}_{at}");
        say(
            json!({"tool_calls": [{"index": at, "id": id, "type": "function",
            "function": {"name": name, "arguments": ""}}]}),
        );
        for piece in pieces(&arguments.to_string()) {
            say(json!({"tool_calls": [{"index": at, "function": {"arguments": piece}}]}));
        }
    }
    let reason = if said.calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    out.push(chunk(json!({}), json!(reason)));
    let usage = json!({"id": "c", "object": "chat.completion.chunk", "choices": [],
        "usage": {"prompt_tokens": input, "completion_tokens": 20, "total_tokens": input + 20}});
    out.push(format!("data: {usage}\n\n"));
    out.push("data: [DONE]\n\n".to_owned());
    out
}
