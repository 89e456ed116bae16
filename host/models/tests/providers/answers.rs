//! What is made of answers that differ from the usual.

use agent::{FinishReason, ModelError, Thought, ToolCall};
use serde_json::{Value, json};

use crate::support::{bench, sse};

fn chat(chunks: &[Value]) -> String {
    let mut stream = String::new();
    for chunk in chunks {
        stream.push_str(&format!("data: {chunk}\n\n"));
    }
    stream + "data: [DONE]\n\n"
}

fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn calls(calls: Value) -> Value {
    delta(json!({ "tool_calls": calls }))
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    }
}

/// Calls as servers send them that do not count as the format says.
#[tokio::test]
async fn odd_calls() {
    let a = || call("a", "read", r#"{"p":1}"#);
    let b = || call("b", "bash", r#"{"p":2}"#);
    let rows = [
        (
            "two calls under one index",
            vec![
                calls(
                    json!([{"index": 0, "id": "a", "function": {"name": "read", "arguments": "{\"p\":1}"}}]),
                ),
                calls(
                    json!([{"index": 0, "id": "b", "function": {"name": "bash", "arguments": "{\"p\":2}"}}]),
                ),
            ],
            vec![a(), b()],
        ),
        (
            "no index",
            vec![
                calls(json!([{"id": "a", "function": {"name": "read", "arguments": "{\"p\":"}}])),
                calls(json!([{"function": {"arguments": "1}"}}])),
                calls(json!([{"id": "b", "function": {"name": "bash", "arguments": "{\"p\":2}"}}])),
            ],
            vec![a(), b()],
        ),
        (
            "no ids",
            vec![calls(json!([
                {"function": {"name": "read", "arguments": "{\"p\":1}"}},
                {"function": {"name": "bash", "arguments": "{\"p\":2}"}},
            ]))],
            vec![
                call("call_1", "read", r#"{"p":1}"#),
                call("call_2", "bash", r#"{"p":2}"#),
            ],
        ),
        (
            "id and name in every piece",
            vec![
                calls(
                    json!([{"index": 0, "id": "a", "function": {"name": "read", "arguments": "{\"p\""}}]),
                ),
                calls(
                    json!([{"index": 0, "id": "a", "function": {"name": "read", "arguments": ":1}"}}]),
                ),
            ],
            vec![a()],
        ),
        (
            "interleaved",
            vec![
                calls(
                    json!([{"index": 0, "id": "a", "function": {"name": "read", "arguments": ""}}, {"index": 1, "id": "b", "function": {"name": "bash"}}]),
                ),
                calls(json!([{"index": 1, "function": {"arguments": "{\"p\":"}}])),
                calls(json!([{"index": 0, "function": {"arguments": "{\"p\":1}"}}])),
                calls(json!([{"index": 1, "function": {"arguments": "2}"}}])),
            ],
            vec![a(), b()],
        ),
        (
            "arguments as an object, and none",
            vec![calls(json!([
                {"index": 0, "id": "a", "function": {"name": "read", "arguments": {"p": 1}}},
                {"index": 1, "id": "n", "function": {"name": "bash", "arguments": ""}},
            ]))],
            vec![a(), call("n", "bash", "{}")],
        ),
        (
            "not JSON: the loop is to tell the model",
            vec![calls(
                json!([{"index": 0, "id": "a", "function": {"name": "read", "arguments": "{\"p\": oops"}}]),
            )],
            vec![call("a", "read", r#"{"p": oops"#)],
        ),
    ];
    for (what, mut chunks, expected) in rows {
        // Many say `stop` after calls.
        chunks.push(finish("stop"));
        let bench = bench(vec![sse(&chat(&chunks))]).await;
        let turn = bench.turn("vllm/x").await.0.unwrap();
        assert_eq!(turn.tool_calls, expected, "{what}");
        assert_eq!(turn.finish, FinishReason::ToolCalls, "{what}");
    }
}

/// The arguments of two calls that come together, in two pieces each, split at every character.
#[tokio::test]
async fn arguments_split_anywhere() {
    let (one, two) = (r#"{"path": "ü \"a\\.txt"}"#, r#"{"n": [1, 2]}"#);
    let expected = vec![call("a", "read", one), call("b", "bash", two)];
    let event = |value: Value| format!("data: {value}\n\n");
    for at in (0..=one.len()).filter(|at| one.is_char_boundary(*at)) {
        let (left, right) = one.split_at(at);
        let (start, rest) = two.split_at(at.min(two.len()));

        let begin = json!([
            {"index": 0, "id": "a", "function": {"name": "read", "arguments": left}},
            {"index": 1, "id": "b", "function": {"name": "bash", "arguments": start}},
        ]);
        let go_on = json!([
            {"index": 1, "function": {"arguments": rest}},
            {"index": 0, "function": {"arguments": right}},
        ]);
        let chunks = chat(&[calls(begin), calls(go_on), finish("tool_calls")]);

        let begin = |index: u64, id: &str, name: &str| {
            event(
                json!({"type": "content_block_start", "index": index, "content_block": {"type": "tool_use", "id": id, "name": name, "input": {}}}),
            )
        };
        let piece = |index: u64, piece: &str| {
            event(
                json!({"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": piece}}),
            )
        };
        let messages = begin(0, "a", "read")
            + &begin(1, "b", "bash")
            + &piece(0, left)
            + &piece(1, start)
            + &piece(1, rest)
            + &piece(0, right)
            + &event(json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}))
            + &event(json!({"type": "message_stop"}));

        let begin = |index: u64, id: &str, name: &str| {
            event(
                json!({"type": "response.output_item.added", "output_index": index, "item": {"type": "function_call", "call_id": id, "name": name}}),
            )
        };
        let piece = |index: u64, piece: &str| {
            event(
                json!({"type": "response.function_call_arguments.delta", "output_index": index, "delta": piece}),
            )
        };
        let responses = begin(0, "a", "read")
            + &begin(1, "b", "bash")
            + &piece(1, start)
            + &piece(0, left)
            + &piece(0, right)
            + &piece(1, rest)
            + &event(json!({"type": "response.completed", "response": {"status": "completed"}}));

        for (id, stream) in [
            ("a/b", chunks),
            ("anthropic/claude-opus-4-8", messages),
            ("openai/gpt-5.5", responses),
        ] {
            let bench = bench(vec![sse(&stream)]).await;
            let turn = bench.turn(id).await.0.unwrap();
            assert_eq!(turn.tool_calls, expected, "{id} split at {at}");
        }
    }
}

#[tokio::test]
async fn reasons_for_the_end() {
    let refused = |text: &str| Err(ModelError::Refused(text.into()));
    let rows = [
        ("stop", Ok(FinishReason::Stop)),
        ("length", Ok(FinishReason::Length)),
        ("tool_calls", Ok(FinishReason::Stop)),
        ("eos", Ok(FinishReason::Stop)),
        (
            "content_filter",
            refused("the provider's filter stopped the answer"),
        ),
    ];
    for (reason, expected) in rows {
        let stream = chat(&[delta(json!({"content": "Hi"})), finish(reason)]);
        let bench = bench(vec![sse(&stream)]).await;
        let found = bench.turn("a/b").await.0.map(|turn| turn.finish);
        assert_eq!(found, expected, "{reason}");
    }
    let message = |reason: &str| {
        format!(
            "data: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{reason}\"}}}}\n\ndata: {{\"type\":\"message_stop\"}}\n\n"
        )
    };
    let rows = [
        ("end_turn", Ok(FinishReason::Stop)),
        ("stop_sequence", Ok(FinishReason::Stop)),
        ("max_tokens", Ok(FinishReason::Length)),
        ("model_context_window_exceeded", Ok(FinishReason::Length)),
        ("refusal", refused("it gave no reason")),
    ];
    for (reason, expected) in rows {
        let bench = bench(vec![sse(&message(reason))]).await;
        let turn = bench.turn("anthropic/claude-opus-4-8").await.0;
        assert_eq!(turn.map(|turn| turn.finish), expected, "{reason}");
    }
    let response = |body: Value| {
        format!(
            "data: {}\n\n",
            json!({"type": "response.incomplete", "response": body})
        )
    };
    let refusal = json!({"status": "completed", "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "I will not."}]}]});
    let rows = [
        (
            json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}),
            Ok(FinishReason::Length),
        ),
        (
            json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}),
            refused("the provider's filter stopped the answer"),
        ),
        (refusal, refused("I will not.")),
    ];
    for (body, expected) in rows {
        let bench = bench(vec![sse(&response(body.clone()))]).await;
        let turn = bench.turn("openai/gpt-5.5").await.0;
        assert_eq!(turn.map(|turn| turn.finish), expected, "{body}");
    }
}

/// Thoughts in whatever field they come, in which they go back; shown once where they come in two.
#[tokio::test]
async fn thoughts_of_chat_models() {
    let details =
        json!([{"type": "reasoning.text", "index": 0, "text": "so it is", "signature": "s"}]);
    let rows = [
        (
            vec![json!({"reasoning": "so"}), json!({"reasoning": " it is"})],
            vec![("reasoning", json!("so it is"))],
        ),
        (
            vec![
                json!({"reasoning": "so", "reasoning_content": "so"}),
                json!({"reasoning": " it is", "reasoning_content": " it is"}),
            ],
            vec![("reasoning_content", json!("so it is"))],
        ),
        (
            vec![
                json!({"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "so"}]}),
                json!({"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": " it is", "signature": "s"}]}),
            ],
            vec![("reasoning_details", details.clone())],
        ),
        (
            vec![
                json!({"reasoning": "so", "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "so"}]}),
                json!({"reasoning": " it is", "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": " it is", "signature": "s"}]}),
            ],
            vec![
                ("reasoning", json!("so it is")),
                ("reasoning_details", details),
            ],
        ),
    ];
    for (pieces, fields) in rows {
        let mut chunks: Vec<Value> = pieces.into_iter().map(delta).collect();
        chunks.push(delta(json!({"content": [{"type": "text", "text": "Hi"}]})));
        chunks.push(finish("stop"));
        let bench = bench(vec![sse(&chat(&chunks))]).await;
        let (turn, watcher) = bench.turn("a/b").await;
        let turn = turn.unwrap();
        assert_eq!(
            (turn.text.as_str(), watcher.thoughts.as_str()),
            ("Hi", "so it is")
        );
        let found: Vec<(String, Value)> = turn
            .reasoning
            .unwrap()
            .blocks
            .into_iter()
            .map(|block| match block.thought {
                Thought::Field { name, value } => (name, value),
                other => panic!("{other:?}"),
            })
            .collect();
        let fields: Vec<(String, Value)> = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        assert_eq!(found, fields);
    }
}

/// Thoughts between words and calls keep their place, and go back to it; so do the phases of a Responses turn.
#[tokio::test]
async fn thoughts_in_between() {
    let block = |index: u64, start: Value, deltas: &[Value]| {
        let mut text = format!(
            "data: {}\n\n",
            json!({"type": "content_block_start", "index": index, "content_block": start})
        );
        for delta in deltas {
            text.push_str(&format!(
                "data: {}\n\n",
                json!({"type": "content_block_delta", "index": index, "delta": delta})
            ));
        }
        text + &format!(
            "data: {}\n\n",
            json!({"type": "content_block_stop", "index": index})
        )
    };
    let signature = |text: &str| json!({"type": "signature_delta", "signature": text});
    let stream = block(0, json!({"type": "redacted_thinking", "data": "r"}), &[])
        + &block(1, json!({"type": "text", "text": "a"}), &[])
        + &block(
            2,
            json!({"type": "thinking", "thinking": "t"}),
            &[signature("s2")],
        )
        + &block(
            3,
            json!({"type": "tool_use", "id": "c", "name": "read", "input": {}}),
            &[],
        )
        + "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n";
    let id = "anthropic/claude-opus-4-8";
    let bench = bench(vec![sse(&stream)]).await;
    let turn = bench.turn(id).await.0.unwrap();
    let messages = [
        crate::support::user("q"),
        agent::Message::Assistant {
            text: turn.text,
            reasoning: turn.reasoning,
            tool_calls: turn.tool_calls,
        },
    ];
    let _ = bench.ask(id, &messages, None).await;
    let body = &bench.server.turns()[1].body;
    assert_eq!(
        body["messages"][1]["content"],
        json!([
            {"type": "redacted_thinking", "data": "r"},
            {"type": "text", "text": "a"},
            {"type": "thinking", "thinking": "t", "signature": "s2"},
            {"type": "tool_use", "id": "c", "name": "read", "input": {}},
        ])
    );

    let item = |index: u64, item: Value| {
        format!(
            "data: {}\n\n",
            json!({"type": "response.output_item.done", "output_index": index, "item": item})
        )
    };
    let reasoning = |id: &str| json!({"type": "reasoning", "id": id, "encrypted_content": "e"});
    let message = |text: &str, phase: &str| json!({"type": "message", "phase": phase, "content": [{"type": "output_text", "text": text}]});
    let stream = item(0, reasoning("r1"))
        + &item(1, message("one", "commentary"))
        + &item(2, reasoning("r2"))
        + &item(3, message("two", "final_answer"))
        + &item(4, reasoning("r3"))
        + "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n";
    let id = "openai/gpt-5.5";
    bench.server.then(vec![sse(&stream)]);
    let turn = bench.turn(id).await.0.unwrap();
    assert_eq!(turn.text, "one\n\ntwo");
    let messages = [agent::Message::Assistant {
        text: turn.text,
        reasoning: turn.reasoning,
        tool_calls: turn.tool_calls,
    }];
    let _ = bench.ask(id, &messages, None).await;
    let body = bench
        .server
        .turns()
        .into_iter()
        .find(|asked| asked.body["input"][0]["id"] == "r1")
        .unwrap()
        .body;
    let sent = |text: &str, phase: &str| json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}], "phase": phase});
    // The last item of reasoning led to nothing, and the API refuses one that nothing follows.
    assert_eq!(
        body["input"],
        json!([
            reasoning("r1"),
            sent("one", "commentary"),
            reasoning("r2"),
            sent("two", "final_answer")
        ])
    );
}

/// Whatever a server sends, there is no panic and no half turn.
#[tokio::test]
async fn nonsense() {
    let lines = [
        "data: null\n\n",
        "data: []\n\n",
        "data: {}\n\n",
        "data: {\"choices\":null}\n\n",
        "data: {\"choices\":[{\"delta\":7}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[7,{\"index\":-1},{\"index\":1e99,\"function\":8}]}}]}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":9,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n",
        "data: {\"type\":\"message_stop\"}\n\n",
        "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":4,\"delta\":\"x\"}\n\n",
        "data: {\"usage\":{\"prompt_tokens\":-1}}\n\n",
        "data: [DONE]\n\n",
    ];
    for id in ["anthropic/claude-opus-4-8", "openai/gpt-5.5", "a/b"] {
        for line in lines {
            let bench = bench(vec![sse(line), sse(line), sse(line)]).await;
            let error = bench.turn(id).await.0.unwrap_err();
            assert!(
                matches!(error, ModelError::Truncated(_)),
                "{id} {line}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn counts() {
    let rows = [
        (
            json!({"prompt_tokens": 10, "completion_tokens": 2}),
            (10, 2, 0, 0, None),
        ),
        (
            json!({"prompt_tokens": 10, "total_tokens": 12}),
            (10, 2, 0, 0, None),
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 2, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 3}),
            (10, 2, 4, 3, None),
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3}, "completion_tokens_details": {"reasoning_tokens": 1}}),
            (10, 2, 4, 3, Some(1)),
        ),
        (
            json!({"prompt_tokens": 10.0, "completion_tokens": 2.0, "prompt_cache_hit_tokens": 6}),
            (10, 2, 6, 0, None),
        ),
    ];
    for (usage, expected) in rows {
        let mut last = finish("stop");
        last["usage"] = usage.clone();
        let bench = bench(vec![sse(&chat(&[delta(json!({"content": "Hi"})), last]))]).await;
        let found = bench.turn("a/b").await.0.unwrap().usage.unwrap();
        let found = (
            found.input_tokens,
            found.output_tokens,
            found.cache_read_tokens,
            found.cache_write_tokens,
            found.reasoning_tokens,
        );
        assert_eq!(found, expected, "{usage}");
    }
    // Without counts there is no usage, and so no cost: not one of nothing.
    let bench = bench(vec![sse(&chat(&[
        delta(json!({"content": "Hi"})),
        finish("stop"),
    ]))])
    .await;
    assert_eq!(bench.turn("llamacpp/x").await.0.unwrap().usage, None);
}
