//! What is sent: the same conversation in each wire format.

use agent::{Effort, Message, Part, Reasoning, ReasoningBlock, Thought, ToolCall};
use serde_json::{Value, json};

use crate::samples;
use crate::support::{Answer, bench, sse, user};

const PNG: &[u8] = &[0x89, b'P', b'N', b'G'];

fn picture() -> Part {
    Part::Image {
        mime: "image/png".into(),
        bytes: PNG.to_vec(),
        alt: "a plot".into(),
    }
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    }
}

fn result(id: &str, content: Vec<Part>, success: bool) -> Message {
    Message::Tool {
        tool_call_id: id.into(),
        name: "read".into(),
        content,
        structured: None,
        success,
    }
}

/// Everything that a conversation can have.
fn conversation(model: &str, thought: Thought) -> Vec<Message> {
    vec![
        Message::System {
            text: "You are a test.".into(),
        },
        Message::User {
            content: vec![Part::text("Look:"), picture()],
        },
        Message::Assistant {
            text: "I look.".into(),
            reasoning: Some(Reasoning {
                model: model.into(),
                blocks: vec![ReasoningBlock {
                    thought,
                    after_text: 0,
                    after_calls: 0,
                }],
            }),
            tool_calls: vec![
                call("functions.read:0", "read", r#"{"path":"a"}"#),
                call("c2", "bash", "{}"),
            ],
        },
        result("functions.read:0", vec![Part::text("42"), picture()], true),
        result("c2", vec![], false),
        Message::Note {
            text: "Be brief.".into(),
        },
        user("Well?"),
    ]
}

fn tools(with: impl Fn(&str) -> Value) -> Value {
    json!(["read", "bash"].map(with))
}

async fn sent(id: &str, messages: &[Message], effort: Option<Effort>) -> Value {
    let bench = bench(vec![Answer::Hang, sse("")]).await;
    let _ = bench.ask(id, messages, effort).await;
    bench.server.turns()[0].body.clone()
}

#[tokio::test]
async fn messages_api() {
    let id = "anthropic/claude-opus-4-8";
    let thought = Thought::Signed {
        text: "hm".into(),
        signature: "sig".into(),
    };
    let cached = json!({"type": "ephemeral"});
    let mut specs = tools(|name| {
        json!({
            "name": name,
            "description": format!("does {name}"),
            "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
            "eager_input_streaming": true,
        })
    });
    specs[1]["cache_control"] = cached.clone();
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}});
    let mut marked_image = image.clone();
    marked_image["cache_control"] = cached.clone();
    assert_eq!(
        sent(id, &conversation(id, thought), Some(Effort::High)).await,
        json!({
            "model": "claude-opus-4-8",
            "max_tokens": 128_000,
            "stream": true,
            "system": [{"type": "text", "text": "You are a test.", "cache_control": cached}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Look:"}, marked_image]},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "sig"},
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "functions_read_0", "name": "read", "input": {"path": "a"}},
                    {"type": "tool_use", "id": "c2", "name": "bash", "input": {}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "functions_read_0", "content": [{"type": "text", "text": "42"}, image]},
                    {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "(no output)"}], "is_error": true},
                    {"type": "text", "text": "[Guidance from the host, not from the user]\nBe brief."},
                    {"type": "text", "text": "Well?", "cache_control": cached},
                ]},
            ],
            "tools": specs,
            "tool_choice": {"type": "auto"},
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "high"},
        })
    );
}

#[tokio::test]
async fn responses_api() {
    let id = "openai/gpt-5.5";
    let thought = Thought::Item {
        item: json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}),
    };
    let image = json!({"type": "input_image", "image_url": "data:image/png;base64,iVBORw=="});
    assert_eq!(
        sent(id, &conversation(id, thought), Some(Effort::Max)).await,
        json!({
            "model": "gpt-5.5",
            "instructions": "You are a test.",
            "input": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Look:"}, image]},
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
                {"type": "function_call", "call_id": "functions.read:0", "name": "read", "arguments": "{\"path\":\"a\"}"},
                {"type": "function_call", "call_id": "c2", "name": "bash", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "functions.read:0", "output": [{"type": "input_text", "text": "42"}, image]},
                {"type": "function_call_output", "call_id": "c2", "output": "(no output)"},
                {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Well?"}]},
            ],
            "tools": tools(|name| json!({
                "type": "function",
                "name": name,
                "description": format!("does {name}"),
                "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
                "strict": false,
            })),
            "tool_choice": "auto",
            "parallel_tool_calls": true,
            "stream": true,
            "store": false,
            "reasoning": {"effort": "max", "summary": "auto"},
            "include": ["reasoning.encrypted_content"],
            "prompt_cache_key": "session-1",
        })
    );
}

/// A local server is never told an effort, nor a session.
#[tokio::test]
async fn chat_completions() {
    let id = "llamacpp/org/model:q4";
    let thought = Thought::Field {
        name: "reasoning".into(),
        value: json!("hm"),
    };
    let image =
        json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}});
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(
        sent(id, &conversation(id, thought), Some(Effort::High)).await,
        json!({
            "model": "org/model:q4",
            "messages": [
                {"role": "system", "content": "You are a test."},
                {"role": "user", "content": [text("Look:"), image]},
                {
                    "role": "assistant",
                    "content": "I look.",
                    "reasoning": "hm",
                    "tool_calls": [
                        {"id": "functions.read:0", "type": "function", "function": {"name": "read", "arguments": "{\"path\":\"a\"}"}},
                        {"id": "c2", "type": "function", "function": {"name": "bash", "arguments": "{}"}},
                    ],
                },
                {"role": "tool", "tool_call_id": "functions.read:0", "content": "42\n[image: a plot (image/png, 4 bytes)]"},
                {"role": "tool", "tool_call_id": "c2", "content": "(no output)"},
                {"role": "user", "content": [
                    text("[Guidance from the host, not from the user]\nThe pictures that the tool `read` gave:"),
                    image,
                    text("[Guidance from the host, not from the user]\nBe brief."),
                    text("Well?"),
                ]},
            ],
            "tools": tools(|name| json!({
                "type": "function",
                "function": {
                    "name": name,
                    "description": format!("does {name}"),
                    "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
                },
            })),
            "tool_choice": "auto",
            "stream": true,
            "stream_options": {"include_usage": true},
        })
    );
}

/// The router's headers, effort and, where the provider behind it keeps a cache, marks in it: on the system message, the
/// tools, and the two ends of the growing history, results of tools among them.
#[tokio::test]
async fn the_router_and_its_caches() {
    let messages = [
        Message::System { text: "s".into() },
        user("u"),
        Message::Assistant {
            text: String::new(),
            reasoning: None,
            tool_calls: vec![call("c1", "read", "{}")],
        },
        result("c1", vec![Part::text("r1")], true),
        Message::Assistant {
            text: String::new(),
            reasoning: None,
            tool_calls: vec![call("c2", "read", "{}"), call("c3", "read", "{}")],
        },
        result("c2", vec![Part::text("r2")], true),
        result("c3", vec![Part::text("r3")], true),
    ];
    let id = "anthropic/claude-opus-4.8:fal-ai";
    let body = sent(id, &messages, Some(Effort::Max)).await;
    let marks: Vec<bool> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message.pointer("/content/0/cache_control").is_some())
        .collect();
    assert_eq!(marks, [true, false, false, true, false, false, true]);
    assert_eq!(body["messages"][3]["content"][0]["text"], "r1");
    assert_eq!(body["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(
        body["tools"][1]["cache_control"],
        json!({"type": "ephemeral"})
    );
    assert_eq!(body["tools"][0].get("cache_control"), None);
    assert_eq!(body["model"], id);
    assert_eq!(body["messages"][2]["content"], Value::Null);
    // The router takes no more than high.
    assert_eq!(body["reasoning_effort"], "high");

    let body = sent("openai/gpt-5.5:fal-ai", &messages, None).await;
    assert_eq!(body["prompt_cache_key"], "session-1");
    assert_eq!(body["prompt_cache_retention"], "24h");
    assert!(!body.to_string().contains("cache_control"));
    assert_eq!(body.get("reasoning_effort"), None);

    let body = sent(
        "moonshotai/Kimi-K2.6:novita",
        &messages,
        Some(Effort::Minimal),
    )
    .await;
    assert!(!body.to_string().contains("cache"));
    assert_eq!(body["reasoning_effort"], "low");
}

#[tokio::test]
async fn headers() {
    let rows = [
        ("moonshotai/Kimi-K2.6", Some("session-1")),
        ("huggingface/openai/gpt-5.5:fal-ai", Some("session-1")),
        ("openai/gpt-oss-120b:cerebras", Some("session-1")),
        ("llamacpp/x", None),
        ("anthropic/claude-opus-4-8", None),
        ("openai/gpt-5.5", None),
    ];
    for (id, session) in rows {
        let bench = bench(vec![]).await;
        let _ = bench.turn(id).await;
        let asked = &bench.server.turns()[0];
        let found = asked.headers.get("x-hf-session-id").map(String::as_str);
        assert_eq!(found, session, "{id}");
        assert!(!asked.headers.contains_key("x-hf-bill-to"), "{id}");
        assert_eq!(asked.headers["content-type"], "application/json", "{id}");
    }
}

/// Reasoning goes back to the model that it came from, word for word, and to no other.
#[tokio::test]
async fn reasoning_goes_home() {
    for sample in samples::all() {
        let bench = bench(vec![sse(sample.stream), Answer::Hang]).await;
        let turn = bench.turn(sample.id).await.0.unwrap();
        let messages = [
            user("What is the loss?"),
            Message::Assistant {
                text: turn.text,
                reasoning: turn.reasoning.clone(),
                tool_calls: turn.tool_calls.clone(),
            },
            result(&turn.tool_calls[0].id, vec![Part::text("1")], true),
            result(&turn.tool_calls[1].id, vec![Part::text("2")], true),
        ];
        let _ = bench.ask(sample.id, &messages, None).await;
        let home = bench.server.turns()[1].body.to_string();
        let thought = &turn.reasoning.unwrap().blocks[0].thought;
        let kept = match thought {
            Thought::Signed { signature, .. } => format!(r#""signature":"{signature}""#),
            Thought::Item { item } => item.to_string(),
            Thought::Field { value, .. } => format!(r#""reasoning_content":{value}"#),
            Thought::Redacted { data } => data.clone(),
        };
        assert!(home.contains(&kept), "{}: {home}", sample.id);

        for other in [
            "anthropic/claude-sonnet-5-5",
            "openai/gpt-5.4",
            "a/b",
            "llamacpp/other",
        ] {
            let abroad = sent(other, &messages, None).await.to_string();
            assert!(
                !abroad.contains("A file, then."),
                "{} to {other}",
                sample.id
            );
            assert!(!abroad.contains(&kept), "{} to {other}", sample.id);
        }
    }
}

/// Pictures are told in words where the model does not see any.
#[tokio::test]
async fn blind_models() {
    let messages = [Message::User {
        content: vec![Part::text("Look:"), picture()],
    }];
    let body = sent("openai/gpt-oss-120b", &messages, None).await;
    assert_eq!(
        body["messages"],
        json!([{"role": "user", "content": "Look:\n\n[image: a plot (image/png, 4 bytes)]"}])
    );
}

/// Bounds on output, and no tools this time.
#[tokio::test]
async fn bounds_and_choices() {
    let rows = [
        (
            "anthropic/claude-opus-4-8",
            "/max_tokens",
            json!(100),
            "/tool_choice/type",
            json!("none"),
        ),
        (
            "openai/gpt-5.5",
            "/max_output_tokens",
            json!(100),
            "/tool_choice",
            json!("none"),
        ),
        (
            "a/b",
            "/max_tokens",
            json!(100),
            "/tool_choice",
            json!("none"),
        ),
        (
            "vllm/x",
            "/max_tokens",
            json!(100),
            "/tool_choice",
            json!("none"),
        ),
    ];
    for (id, bound, most, choice, none) in rows {
        let bench = bench(vec![]).await;
        let tools = crate::support::tools();
        let messages = [user("Sum up.")];
        let request = agent::TurnRequest {
            messages: &messages,
            tools: &tools,
            tool_choice: agent::ToolChoice::None,
            max_output_tokens: Some(100),
            ..agent::TurnRequest::default()
        };
        let mut watcher = crate::support::Watcher::default();
        let _ = bench.model(id).turn(request, &mut watcher).await;
        let body = &bench.server.turns()[0].body;
        assert_eq!(body.pointer(bound), Some(&most), "{id}");
        assert_eq!(body.pointer(choice), Some(&none), "{id}");
        assert_eq!(body["tools"].as_array().unwrap().len(), 2, "{id}");
    }
}

/// A turn of thoughts alone leaves no trace in what the user said, and a call that has another one's id has one of its own.
#[tokio::test]
async fn odd_turns() {
    let alone = |id: &str, thought: Thought| Message::Assistant {
        text: String::new(),
        reasoning: Some(Reasoning {
            model: id.into(),
            blocks: vec![ReasoningBlock {
                thought,
                after_text: 0,
                after_calls: 0,
            }],
        }),
        tool_calls: Vec::new(),
    };
    let long = "x".repeat(70);
    let asks = |calls: &[&str]| Message::Assistant {
        text: String::new(),
        reasoning: None,
        tool_calls: calls.iter().map(|id| call(id, "read", "{}")).collect(),
    };
    let done = |id: &str, text: &str| result(id, vec![Part::text(text)], true);
    let conversation = |id: &str, thought: Thought| {
        vec![
            user("One."),
            alone(id, thought),
            user("Two."),
            asks(&["call_1", "a.1", "a:1"]),
            done("a:1", "r3"),
            done("call_1", "r1"),
            done("a.1", "r2"),
            asks(&["call_1", &format!("{long}1"), &format!("{long}2")]),
            done("call_1", "r4"),
            done(&format!("{long}1"), "r5"),
            done(&format!("{long}2"), "r6"),
            user("Three."),
        ]
    };
    let table = [
        (
            "anthropic/claude-opus-4-8",
            Thought::Signed {
                text: "hm".into(),
                signature: "sig".into(),
            },
            "/messages",
            ["tool_use", "id", "tool_result", "tool_use_id"],
        ),
        (
            "openai/gpt-5.5",
            Thought::Item {
                item: json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}),
            },
            "/input",
            [
                "function_call",
                "call_id",
                "function_call_output",
                "call_id",
            ],
        ),
        (
            "moonshotai/Kimi-K2.6",
            Thought::Field {
                name: "reasoning_content".into(),
                value: json!("hm"),
            },
            "/messages",
            ["function", "id", "tool", "tool_call_id"],
        ),
    ];
    for (id, thought, place, [kind, own, other, back]) in table {
        let body = sent(id, &conversation(id, thought), None).await;
        let all = body.pointer(place).unwrap().as_array().unwrap();
        let roles: Vec<&str> = all
            .iter()
            .filter_map(|message| message["role"].as_str())
            .collect();
        if place == "/messages" {
            assert!(
                roles
                    .windows(2)
                    .all(|two| two[0] != two[1] || two[0] == "tool"),
                "{roles:?}"
            );
        }
        let mut calls: Vec<String> = Vec::new();
        let mut results: Vec<(u32, String)> = Vec::new();
        look(&body, &mut |found| {
            if found["type"] == kind && found[own].is_string() {
                calls.push(found[own].as_str().unwrap().to_owned());
            } else if (found["type"] == other || found["role"] == other) && found[back].is_string()
            {
                let said = found.to_string();
                let number = (1..=6).find(|number| said.contains(&format!("\"r{number}\"")));
                results.push((number.unwrap(), found[back].as_str().unwrap().to_owned()));
            }
        });
        assert_eq!(calls.len(), 6, "{id}: {body}");
        results.sort();
        let back: Vec<String> = results.into_iter().map(|(_, id)| id).collect();
        assert_eq!(back, calls, "{id}: each result is its own call's");
        calls.sort();
        calls.dedup();
        assert_eq!(calls.len(), 6, "{id}: each call has its own id");
    }
}

/// Every object in a value.
fn look(value: &Value, each: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(fields) => {
            each(value);
            fields.values().for_each(|field| look(field, each));
        }
        Value::Array(items) => items.iter().for_each(|item| look(item, each)),
        _ => {}
    }
}
