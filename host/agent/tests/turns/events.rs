//! What whoever watches is told: turns of a model on one side, exact events on the other.

use std::sync::Arc;

use crate::bench::{Silent, Yes, at_cost, bench, bench_with, calls, says};
use ml_intern_agent::{Approver, FinishReason, Options, Outcome, Turn, Unattended};

const START: [&str; 2] = [
    r#"ready {"message":"Agent initialized with canned","tool_count":25}"#,
    r#"processing {"message":"Processing user input"}"#,
];

/// Runs the turns and compares all events between the start and the given end.
async fn check(
    turns: Vec<Result<Turn, ml_intern_agent::ModelError>>,
    options: Options,
    approver: Arc<dyn Approver>,
    expected: &[&str],
) -> Outcome {
    let mut bench = bench_with(turns, options, approver);
    let outcome = bench.turn().await;
    let expected: Vec<&str> = START.iter().chain(expected).copied().collect();
    assert_eq!(bench.seen(), expected);
    outcome
}

#[tokio::test]
async fn words_only() {
    let outcome = check(
        vec![says("hi")],
        Options::default(),
        Arc::new(Unattended),
        &[
            r#"assistant_chunk {"content":"hi"}"#,
            "assistant_stream_end {}",
            r#"turn_complete {"history_size":3,"final_response":"hi"}"#,
        ],
    )
    .await;
    assert_eq!(
        outcome,
        Outcome::Done {
            text: Some("hi".into())
        }
    );
}

/// An answer that broke off and came again: what was shown of it is void, and the conversation has it once.
#[tokio::test]
async fn an_answer_that_begins_anew() {
    let log = r#"tool_log {"tool":"system","log":"the answer broke off; asking again"}"#;
    let end = r#"turn_complete {"history_size":3,"final_response":"hi"}"#;
    let streamed = [
        r#"assistant_reasoning {"content":"so"}"#,
        r#"assistant_chunk {"content":"ha"}"#,
        log,
        "assistant_stream_restart {}",
        r#"assistant_chunk {"content":"hi"}"#,
        "assistant_stream_end {}",
        end,
    ];
    let at_once = [log, r#"assistant_message {"content":"hi"}"#, end];
    for (stream, expected) in [(true, streamed.as_slice()), (false, at_once.as_slice())] {
        let options = Options {
            stream,
            ..Options::default()
        };
        let mut bench = bench_with(vec![says("hi")], options, Arc::new(Unattended));
        bench
            .model
            .breaks_off
            .store(true, std::sync::atomic::Ordering::Relaxed);
        bench.turn().await;
        let expected: Vec<&str> = START.iter().chain(expected).copied().collect();
        assert_eq!(bench.seen(), expected);
    }
}

#[tokio::test]
async fn words_at_once() {
    let options = Options {
        stream: false,
        ..Options::default()
    };
    let outcome = check(
        vec![calls(&[("echo", "{}")]), says("hi")],
        options,
        Arc::new(Unattended),
        &[
            r#"tool_call {"tool":"echo","arguments":{},"tool_call_id":"c1","operation":"run","effects":["write"],"target":"a.txt"}"#,
            r#"tool_output {"tool":"echo","tool_call_id":"c1","output":"{}","success":true}"#,
            r#"receipt {"tool":"echo","tool_call_id":"c1","fuel":null,"peak_memory":0,"wall_us":7,"bytes_in":0,"bytes_out":0,"host_calls":0,"disk":0,"open_files":0}"#,
            r#"assistant_message {"content":"hi"}"#,
            r#"turn_complete {"history_size":5,"final_response":"hi"}"#,
        ],
    )
    .await;
    assert_eq!(
        outcome,
        Outcome::Done {
            text: Some("hi".into())
        }
    );
}

#[tokio::test]
async fn no_words_at_all() {
    let outcome = check(
        vec![says("")],
        Options::default(),
        Arc::new(Unattended),
        &[
            "assistant_stream_end {}",
            r#"turn_complete {"history_size":3,"final_response":null}"#,
        ],
    )
    .await;
    assert_eq!(outcome, Outcome::Done { text: None });
}

#[tokio::test]
async fn what_the_model_used() {
    let mut bench = bench(vec![at_cost(says("hi"), 250_000)]);
    bench.turn().await;
    let mut found = None;
    while let Ok(envelope) = bench.events.try_recv() {
        if let ml_intern_agent::Event::LlmCall { .. } = envelope.event {
            found = Some(serde_json::to_string(&envelope).unwrap());
        }
    }
    let expected = r#"{"event_type":"llm_call","data":{"model":"canned","latency_ms":5,"finish_reason":"stop","cost_usd":0.25,"kind":"main","prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"cache_read_tokens":0,"cache_creation_tokens":0},"seq":4}"#;
    assert_eq!(found.as_deref(), Some(expected));
    assert_eq!(
        bench.agent.tally().to_string(),
        "requests: 1; tokens: 10 in, 5 out; cost: $0.250000"
    );
}

/// The two only end together, the second one first: they run at the same time, and come back in call order.
#[tokio::test]
async fn calls_run_together_and_end_in_order() {
    let mut bench = bench(vec![
        calls(&[("first", "{}"), ("second", "{}")]),
        says("ok"),
    ]);
    bench.turn().await;
    let seen: Vec<String> = bench
        .seen()
        .into_iter()
        .filter(|line| line.starts_with("tool_"))
        .collect();
    assert_eq!(
        seen,
        [
            r#"tool_call {"tool":"first","arguments":{},"tool_call_id":"c1","operation":"run","effects":["write"],"target":"a.txt"}"#,
            r#"tool_call {"tool":"second","arguments":{},"tool_call_id":"c2","operation":"run","effects":["write"],"target":"a.txt"}"#,
            r#"tool_output {"tool":"first","tool_call_id":"c1","output":"first","success":true}"#,
            r#"tool_output {"tool":"second","tool_call_id":"c2","output":"second","success":true}"#,
        ]
    );
    let results: Vec<String> = bench.results().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(results, ["first", "second"]);
}

#[tokio::test]
async fn a_running_call_shows_itself() {
    let mut bench = bench(vec![calls(&[("talks", "{}")]), says("ok")]);
    bench.turn().await;
    let seen: Vec<String> = bench
        .seen()
        .into_iter()
        .filter(|line| line.starts_with("tool_"))
        .collect();
    assert_eq!(
        seen,
        [
            r#"tool_call {"tool":"talks","arguments":{},"tool_call_id":"c1","operation":"run","effects":["write"],"target":"a.txt"}"#,
            r#"tool_log {"tool":"talks","log":"line","tool_call_id":"c1"}"#,
            r#"tool_progress {"tool":"talks","tool_call_id":"c1","done":1,"total":2,"unit":"rows"}"#,
            r#"tool_state_change {"tool_call_id":"c1","tool":"talks","state":"uploading"}"#,
            r#"tool_output {"tool":"talks","tool_call_id":"c1","output":"done","success":true}"#,
        ]
    );
}

const ASKED: &str = r#"approval_required {"tools":[{"tool":"asks","arguments":{"a":1},"tool_call_id":"c1","operation":"run","effects":["write"],"target":"a.txt","capability":"effect write","rule":"test: ask first"}],"count":1}"#;
const REJECTED: [&str; 4] = [
    "assistant_stream_end {}",
    ASKED,
    r#"tool_state_change {"tool_call_id":"c1","tool":"asks","state":"rejected"}"#,
    r#"capability_denied {"tool":"asks","tool_call_id":"c1","capability":"effect write","rule":"test: ask first","remedy":"allow it"}"#,
];
const REJECTED_OUTPUT: [&str; 4] = [
    r#"tool_output {"tool":"asks","tool_call_id":"c1","output":"denied: effect write (rule: test: ask first); allow it","success":false}"#,
    r#"assistant_chunk {"content":"ok"}"#,
    "assistant_stream_end {}",
    r#"turn_complete {"history_size":5,"final_response":"ok"}"#,
];

#[tokio::test]
async fn asked_and_nobody_is_there() {
    let expected: Vec<&str> = REJECTED.into_iter().chain(REJECTED_OUTPUT).collect();
    for approver in [Arc::new(Unattended) as Arc<dyn Approver>, Arc::new(Silent)] {
        let turns = vec![calls(&[("asks", r#"{"a":1}"#)]), says("ok")];
        let outcome = check(turns, Options::default(), approver, &expected).await;
        assert_eq!(outcome.exit_code(), 3);
    }
}

#[tokio::test]
async fn asked_and_approved() {
    let outcome = check(
        vec![calls(&[("asks", r#"{"a":1}"#)]), says("ok")],
        Options::default(),
        Arc::new(Yes),
        &[
            "assistant_stream_end {}",
            ASKED,
            r#"tool_state_change {"tool_call_id":"c1","tool":"asks","state":"approved"}"#,
            r#"tool_state_change {"tool_call_id":"c1","tool":"asks","state":"running"}"#,
            r#"tool_output {"tool":"asks","tool_call_id":"c1","output":"a person","success":true}"#,
            r#"receipt {"tool":"asks","tool_call_id":"c1","fuel":null,"peak_memory":0,"wall_us":7,"bytes_in":0,"bytes_out":0,"host_calls":0,"disk":0,"open_files":0}"#,
            r#"assistant_chunk {"content":"ok"}"#,
            "assistant_stream_end {}",
            r#"turn_complete {"history_size":5,"final_response":"ok"}"#,
        ],
    )
    .await;
    assert_eq!(outcome.exit_code(), 0);
}

/// The allowed calls run before anybody is asked; the model still gets the results in the order of its calls.
#[tokio::test]
async fn asking_does_not_hold_up_the_others() {
    let turns = vec![
        calls(&[("asks", "{}"), ("echo", "{}"), ("denied", "{}")]),
        says("ok"),
    ];
    let mut bench = bench_with(turns, Options::default(), Arc::new(Yes));
    bench.turn().await;
    let ends: Vec<String> = bench
        .seen()
        .into_iter()
        .filter(|line| line.starts_with("tool_output"))
        .collect();
    assert_eq!(
        ends,
        [
            r#"tool_output {"tool":"echo","tool_call_id":"c2","output":"{}","success":true}"#,
            r#"tool_output {"tool":"denied","tool_call_id":"c3","output":"denied: effect write (rule: test: never); allow it","success":false}"#,
            r#"tool_output {"tool":"asks","tool_call_id":"c1","output":"a person","success":true}"#,
        ]
    );
    let results: Vec<String> = bench.results().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(results, ["asks", "echo", "denied"]);
}

#[tokio::test]
async fn cut_off_calls_are_not_run() {
    let cut = calls(&[("echo", r#"{"a":"#), ("failed", "{}")]).map(|turn| Turn {
        finish: FinishReason::Length,
        text: "I will".into(),
        ..turn
    });
    let mut bench = bench(vec![cut, says("ok")]);
    let outcome = bench.turn().await;
    assert_eq!(outcome.exit_code(), 0);
    assert_eq!(
        bench.seen(),
        [
            START[0],
            START[1],
            r#"assistant_chunk {"content":"I will"}"#,
            "assistant_stream_end {}",
            r#"tool_log {"tool":"system","log":"output cut off by the provider's bound; not executed: `echo`, `failed`"}"#,
            r#"assistant_chunk {"content":"ok"}"#,
            "assistant_stream_end {}",
            r#"turn_complete {"history_size":5,"final_response":"ok"}"#,
        ]
    );
    // The guidance is the host's, not the user's.
    let kinds: Vec<&str> = bench
        .agent
        .messages()
        .iter()
        .map(|message| match message {
            ml_intern_agent::Message::System { .. } => "system",
            ml_intern_agent::Message::Note { .. } => "note",
            ml_intern_agent::Message::User { .. } => "user",
            ml_intern_agent::Message::Assistant { .. } => "assistant",
            ml_intern_agent::Message::Tool { .. } => "tool",
        })
        .collect();
    assert_eq!(kinds, ["system", "user", "assistant", "note", "assistant"]);
}
