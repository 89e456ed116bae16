//! Scripts in the hands of an agent.

use agent::{FinishReason, MicroUsd, ModelError, Outcome, Usage};
use serde_json::json;

use crate::support::{next, play, result, script};

#[tokio::test]
async fn a_whole_run() {
    let text = r#"
        {"note":"first the file", "text":"I write it.", "tool_calls":[{"name":"write","arguments":{"path":"train.py"}}]}
        {"tool_calls":[{"name":"python","label":"train","arguments":{"script":"{{results.write-1.json:/path}}","n":3}}]}
        {"expect":{"{{results.train.line:accuracy: (.*)}}":"^0\\.9"}, "text":"Done.\nAccuracy {{results.train.line:accuracy: (.*)}}."}
    "#;
    // One line a turn: the indentation goes away, the rest is as it would stand in a file.
    let text: Vec<&str> = text.lines().map(str::trim).collect();
    let (outcome, events) = play(&text.join("\n")).await;
    assert_eq!(
        outcome,
        Outcome::Done {
            text: Some("Done.\nAccuracy 0.97.".into())
        }
    );
    assert_eq!(
        events,
        [
            r#"ready {"message":"Agent initialized with scripted/s.jsonl (a script, not a model)","tool_count":2}"#,
            r#"processing {"message":"Processing user input"}"#,
            r#"assistant_chunk {"content":"I write it."}"#,
            "assistant_stream_end {}",
            r#"tool_call {"tool":"write","arguments":{"path":"train.py"},"tool_call_id":"c1","operation":"run","effects":["observe"]}"#,
            r#"tool_output {"tool":"write","tool_call_id":"c1","output":"wrote train.py","success":true}"#,
            "assistant_stream_end {}",
            r#"tool_call {"tool":"python","arguments":{"script":"train.py","n":3},"tool_call_id":"c2","operation":"run","effects":["observe"]}"#,
            r#"tool_output {"tool":"python","tool_call_id":"c2","output":"epoch 1\nepoch 2\naccuracy: 0.97","success":true}"#,
            r#"assistant_chunk {"content":"Done.\n"}"#,
            r#"assistant_chunk {"content":"Accuracy 0.97."}"#,
            "assistant_stream_end {}",
            r#"turn_complete {"history_size":7,"final_response":"Done.\nAccuracy 0.97."}"#,
        ]
    );
}

/// A script's last lines; how the run ends.
#[tokio::test]
async fn each_way_to_end() {
    let call = r#"{"tool_calls":[{"name":"write"}]}"#;
    let failed = |error: &str| Outcome::Failed {
        error: error.to_owned(),
    };
    let table = [
        ("{}".to_owned(), Outcome::Done { text: None }),
        (
            call.to_owned(),
            failed("s.jsonl: the script is over after 1 turns, and turn 2 was asked for"),
        ),
        (
            format!("{call}\n{{\"error\":{{\"kind\":\"credit\",\"message\":\"402\"}}}}"),
            failed("the model provider's account is out of credit: 402"),
        ),
        (
            format!("{call}\n\n{{\"text\":\"{{{{results.write-1.json:/nothing}}}}\"}}"),
            failed(
                "s.jsonl:3: {{results.write-1.json:/nothing}}: nothing is there; the structured result is: \
                 {\"bytes\":12,\"path\":\"train.py\"}",
            ),
        ),
        (
            format!("{call}\n{{\"expect\":{{\"{{{{results.write-1.text}}}}\":\"^read\"}}}}"),
            failed("s.jsonl:2: expected `^read`, found: wrote train.py"),
        ),
        (
            format!("{call}\n{{\"expect\":{{\"{{{{results.write-1.text}}}}\":\"^wrote\"}}}}"),
            Outcome::Done { text: None },
        ),
        // Arguments that are no JSON are the call's failure, and the last one decides.
        (
            r#"{"tool_calls":[{"name":"write","arguments":"{\"path\":"}]}
               {"text":"sorry"}"#
                .to_owned(),
            failed(
                "the last call of `write` failed: ERROR: Tool call to 'write' had malformed JSON arguments and was NOT \
                 executed: EOF while parsing a value at line 1 column 8, near `{\"path\":`. Send it again with arguments \
                 that are one JSON object. The tool takes an object.",
            ),
        ),
    ];
    for (text, outcome) in table {
        assert_eq!(play(&text).await.0, outcome, "{text}");
    }
}

/// A quote; what it stands for. The result's text has three lines.
#[tokio::test]
async fn each_quote() {
    let structured = json!({"a": {"b": "text", "c": [1, 2]}, "d": null, "x/y": 0.5});
    let text = "first\nloss: 0.25 ok\nlast";
    let table = [
        ("{{results.w.text}}", Ok(text)),
        ("<{{results.w.tail:2}}>", Ok("<loss: 0.25 ok\nlast>")),
        ("{{results.w.tail:9}}", Ok(text)),
        ("{{results.w.tail:0}}", Ok("")),
        (r"{{results.w.line:loss: ([0-9.]+)}}", Ok("0.25")),
        (r"{{results.w.line:l[a-z]*}}", Ok("loss")),
        (
            "{{results.w.json:/a/b}} and {{results.w.json:/a/c}}",
            Ok("text and [1,2]"),
        ),
        ("{{results.w.json:/d}}", Ok("null")),
        ("{{results.w.json:/x~1y}}", Ok("0.5")),
        (
            "{{x}} {{ results.w.text }} {results}",
            Ok("{{x}} {{ results.w.text }} {results}"),
        ),
        (
            "{{results.w.line:^none}}",
            Err(
                "s.jsonl:2: {{results.w.line:^none}}: no line matches; the text is: first\nloss: 0.25 ok\nlast",
            ),
        ),
        (
            "{{results.plain.json:}}",
            Err(
                "s.jsonl:2: {{results.plain.json:}}: the result has no structured part; its text is: plain",
            ),
        ),
        (
            "{{results.lost.text}}",
            Err("s.jsonl:2: {{results.lost.text}}: the call has no result in the conversation"),
        ),
    ];
    let messages = [
        result("w", text, Some(structured)),
        result("plain", "plain", None),
    ];
    for (quote, expected) in table {
        let calls = r#"{"tool_calls":[{"name":"write","label":"w"},{"name":"write","label":"plain"},{"name":"write","label":"lost"}]}"#;
        let script = script(&format!("{calls}\n{}", json!({ "text": quote }))).unwrap();
        next(&script, &[]).await.0.unwrap();
        let found = next(&script, &messages).await.0.map(|turn| turn.text);
        let expected = expected
            .map(str::to_owned)
            .map_err(|error| ModelError::Script(error.into()));
        assert_eq!(found, expected, "{quote}");
    }
}

#[tokio::test]
async fn calls_usage_and_finish() {
    let text = r#"{"tool_calls":[{"name":"write","arguments":"not json"},{"name":"write"},{"name":"python","label":"p"}],"usage":{"input":10,"output":2,"cache_read":4,"cache_write":1,"cost_usd":0.0123}}
{"finish":"length","usage":{"input":1,"output":1}}"#;
    let script = script(text).unwrap();
    let turn = next(&script, &[]).await.0.unwrap();
    let calls: Vec<(&str, &str, &str)> = turn
        .tool_calls
        .iter()
        .map(|call| {
            (
                call.id.as_str(),
                call.name.as_str(),
                call.arguments.as_str(),
            )
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("write-1", "write", "not json"),
            ("write-2", "write", "{}"),
            ("p", "python", "{}")
        ]
    );
    assert_eq!(turn.finish, FinishReason::ToolCalls);
    let usage = Usage {
        input_tokens: 10,
        output_tokens: 2,
        reasoning_tokens: None,
        cache_read_tokens: 4,
        cache_write_tokens: 1,
        cost: Some(MicroUsd(12_300)),
    };
    assert_eq!(turn.usage, Some(usage));
    let turn = next(&script, &[]).await.0.unwrap();
    assert_eq!(turn.finish, FinishReason::Length);
    // No price is an unknown one.
    assert_eq!(turn.usage.unwrap().cost, None);
}
