//! What is written down, in order, before it counts.

use std::sync::Arc;

use crate::bench::{Yes, bench, bench_with, calls, says};
use ml_intern_agent::{Options, Outcome};

const HEAD: [&str; 2] = [
    "session",
    r#"event system_prompt {"text":"You are a test."}"#,
];
const START: &str = r#"event turn_start {"label":"go","checkpoint":null}"#;

#[tokio::test]
async fn a_turn_in_order() {
    let turns = vec![
        calls(&[
            ("echo", r#"{"a":1}"#),
            ("denied", "{}"),
            ("asks", "{}"),
            ("echo", "{"),
        ]),
        calls(&[("failed", "{}")]),
        says("ok"),
    ];
    let mut bench = bench_with(turns, Options::default(), Arc::new(Yes));
    bench.turn().await;
    let malformed = r#"{"kind":"malformed","message":"ERROR: Tool call to 'echo' had malformed JSON arguments and was NOT executed: EOF while parsing an object at line 1 column 1, near `{`. Send it again with arguments that are one JSON object. The tool takes an object."}"#;
    let expected = [
        HEAD[0],
        HEAD[1],
        START,
        "user_input go",
        "model_request 2 messages",
        "event llm_call main tool_calls",
        "model_turn tool_calls",
        r#"event calls {"ids":["c1","c2","c3","c4"]}"#,
        "decision c1 allow by test: always",
        "decision c2 deny by test: never",
        "decision c3 ask by test: ask first",
        r#"call_start c1 echo write {"a":1}"#,
        "receipt c1 7 us",
        r#"call_end c1 ok {"content":[{"type":"text","text":"{\"a\":1}"}],"structured":{"a":1}}"#,
        r#"call_end c2 denied {"kind":"denied","capability":"effect write","rule":"test: never","remedy":"allow it"}"#,
        &format!("call_end c4 malformed {malformed}"),
        "decision c3 allow by approved when asked",
        "call_start c3 asks write {}",
        "receipt c3 7 us",
        r#"call_end c3 ok {"content":[{"type":"text","text":"a person"}],"structured":null}"#,
        "model_request 7 messages",
        "call_delivered c1 m0",
        "call_delivered c2 m1",
        "call_delivered c3 m2",
        "call_delivered c4 m3",
        "event llm_call main tool_calls",
        "model_turn tool_calls",
        r#"event calls {"ids":["c5"]}"#,
        "decision c5 allow by test: always",
        "call_start c5 failed write {}",
        "receipt c5 7 us",
        r#"call_end c5 failed {"kind":"failed","message":"no such file"}"#,
        "model_request 9 messages",
        "call_delivered c5 m0",
        "event llm_call main stop",
        "model_turn stop",
        r#"event turn_end {"outcome":"failed"}"#,
    ];
    assert_eq!(bench.journal(), expected);
    journal::verify(&bench.journal).unwrap();
}

#[tokio::test]
async fn an_error_is_written_down() {
    let mut bench = bench(vec![Err(ml_intern_agent::ModelError::Network(
        "reset".into(),
    ))]);
    bench.turn().await;
    assert_eq!(
        bench.journal(),
        [
            HEAD[0],
            HEAD[1],
            START,
            "user_input go",
            "model_request 2 messages",
            r#"event turn_end {"outcome":"failed","error":"the model provider cannot be reached: reset"}"#,
        ]
    );
}

/// A record that cannot be written stops the turn before what it is about happens: here the input, which is longer than
/// a record can be.
#[tokio::test]
async fn what_cannot_be_written_down_is_not_done() {
    let mut bench = bench(vec![says("heard"), says("heard")]);
    let text = "a".repeat(journal::MAX_LINE);
    let outcome = bench
        .agent
        .run_turn(&text, &tokio_util::sync::CancellationToken::new())
        .await;
    let Outcome::Failed { error } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        error.starts_with("the journal cannot be written, so nothing more is done: "),
        "{error}"
    );
    assert!(bench.model.asked.lock().unwrap().is_empty());
    // Its twin.
    assert_eq!(
        bench.turn().await,
        Outcome::Done {
            text: Some("heard".into())
        }
    );
}
