//! Whatever goes wrong with a call is that call's result; whatever goes wrong with the model ends the turn.

use std::sync::Arc;
use std::time::Duration;

use crate::bench::{bench, bench_with, calls, denial, nested, says};
use ml_intern_agent::{ModelError, Options, Outcome, Unattended};
use policy::{Decision, LimitExceeded, LimitName, Verdict};
use proptest::prelude::*;
use serde_json::{Map, Value};

/// Tool and arguments; what the model is told. After each, the model goes on and ends the turn.
#[tokio::test]
async fn each_failure_is_a_result() {
    let known = "echo, picture, talks, first, second, invalid, unprepared, refused, upstream, failed, limit, panics, \
                 tries, denied, asks, observes, hangs, deaf, deep, plan_tool, long, poll, spends, delegates, \
                 blocks";
    let table = [
        ("echo", "", true, "{}".to_owned()),
        ("echo", r#"{"a": 1}"#, true, r#"{"a":1}"#.to_owned()),
        ("picture", "{}", true, "see\n[image: loss (image/png, 3 bytes)]".to_owned()),
        ("tries", "{}", true, "went on without".to_owned()),
        ("invalid", "{}", false, "invalid arguments: at /limit: expected an integer".to_owned()),
        ("unprepared", "{}", false, "invalid arguments: at /limit: expected an integer".to_owned()),
        (
            "refused",
            "{}",
            false,
            "denied: http GET https://example.com:443/ (rule: test: no rule); add one".to_owned(),
        ),
        ("denied", "{}", false, "denied: effect write (rule: test: never); allow it".to_owned()),
        ("asks", "{}", false, "denied: effect write (rule: test: ask first); allow it".to_owned()),
        (
            "upstream",
            "{}",
            false,
            "the service failed (status 503, retry after 2 s): busy".to_owned(),
        ),
        ("failed", "{}", false, "no such file".to_owned()),
        ("limit", "{}", false, "limit reached: fuel (allowed 10 units, requested 11)".to_owned()),
        (
            "nothing",
            "{}",
            false,
            format!("there is no tool `nothing`; the tools are: {known}"),
        ),
        ("echo", "[]", false, "invalid arguments: expected an object, not an array".to_owned()),
        ("echo", "null", false, "invalid arguments: expected an object, not null".to_owned()),
        ("echo", "\"10\"", false, "invalid arguments: expected an object, not a string".to_owned()),
        ("echo", "3", false, "invalid arguments: expected an object, not a number".to_owned()),
        ("echo", "true", false, "invalid arguments: expected an object, not a boolean".to_owned()),
        (
            "echo",
            r#"{"a":"#,
            false,
            "ERROR: Tool call to 'echo' had malformed JSON arguments and was NOT executed: EOF while parsing a value at \
             line 1 column 5, near `{\"a\":`. Send it again with arguments that are one JSON object. The tool takes an \
             object."
                .to_owned(),
        ),
        (
            "deep",
            "{}",
            false,
            "the result of this call cannot be recorded: a `call_end` record with JSON nested deeper than 100 levels"
                .to_owned(),
        ),
    ];
    for (tool, arguments, success, words) in table {
        let mut bench = bench(vec![
            calls(&[(tool, arguments)]),
            calls(&[("echo", "{}")]),
            says("ok"),
        ]);
        let outcome = bench.turn().await;
        // A question that nobody answers is for a person to know of; from everything else the model goes on.
        let ended = if tool == "asks" { "denied" } else { "done" };
        assert_eq!(outcome.as_str(), ended, "{tool}: {outcome:?}");
        let results = bench.results();
        assert_eq!(results.len(), 2);
        assert_eq!(results[0], (tool.to_owned(), success, words));
    }
}

#[tokio::test]
async fn a_bug_in_the_host_is_a_result_too() {
    let mut bench = bench(vec![calls(&[("panics", "{}"), ("echo", "{}")]), says("ok")]);
    let outcome = bench.turn().await;
    assert_eq!(outcome.exit_code(), 1);
    let results = bench.results();
    assert!(
        results[0].2.starts_with("the host broke down: "),
        "{results:?}"
    );
    assert_eq!(results[1], ("echo".to_owned(), true, "{}".to_owned()));
}

#[tokio::test]
async fn arguments_too_deep_to_record_are_not_run() {
    for (depth, success) in [(90, true), (110, false)] {
        let arguments = Value::Object(Map::from_iter([("a".to_owned(), nested(depth))]));
        let mut bench = bench(vec![
            calls(&[("observes", &arguments.to_string())]),
            says("ok"),
        ]);
        bench.turn().await;
        let results = bench.results();
        assert_eq!(results[0].1, success, "{depth}");
        if !success {
            assert_eq!(
                results[0].2,
                "the arguments of this call cannot be recorded: a `call_start` record with JSON nested deeper than 100 \
                 levels"
            );
        }
    }
}

/// How the last calls, or a denial, decide about the turn.
#[tokio::test]
async fn how_a_turn_counts() {
    let limit = LimitExceeded {
        limit: LimitName::Fuel,
        allowed: 10,
        requested: 11,
    };
    let failed = Outcome::Failed {
        error: "the last call of `failed` failed: no such file".into(),
    };
    let done = || Outcome::Done {
        text: Some("ok".into()),
    };
    let table: [(&[&str], bool, Outcome); 8] = [
        (&["echo"], true, done()),
        (&["failed"], false, failed),
        (&["failed", "echo"], false, done()),
        (&["limit"], false, Outcome::Limit(limit)),
        (&["refused"], false, done()),
        (&["refused", "echo"], true, Outcome::Denied(denial())),
        (&["tries"], false, done()),
        (&["tries"], true, Outcome::Denied(denial())),
    ];
    for (tools, strict_denials, outcome) in table {
        let turns = tools
            .iter()
            .map(|tool| calls(&[(tool, "{}")]))
            .chain([says("ok")])
            .collect();
        let options = Options {
            strict_denials,
            ..Options::default()
        };
        let mut bench = bench_with(turns, options, Arc::new(Unattended));
        assert_eq!(bench.turn().await, outcome, "{tools:?} {strict_denials}");
    }
}

#[tokio::test]
async fn a_denial_in_the_midst_of_a_call_is_told_once() {
    for tool in ["refused", "tries"] {
        let mut bench = bench(vec![calls(&[(tool, "{}")]), says("ok")]);
        bench.turn().await;
        let denials: Vec<String> = bench
            .seen()
            .into_iter()
            .filter(|line| line.starts_with("capability_denied"))
            .collect();
        let expected = format!(
            r#"capability_denied {{"tool":"{tool}","tool_call_id":"c1","capability":"http GET https://example.com:443/","rule":"test: no rule","remedy":"add one"}}"#
        );
        assert_eq!(denials, [expected]);
    }
}

#[tokio::test]
async fn each_error_of_the_model_ends_the_turn() {
    let decision = Decision {
        verdict: Verdict::Deny,
        subject: "http POST https://llm.example:443/v1".into(),
        rule: "offline: no rule".into(),
        remedy: "allow the provider".into(),
    };
    let wait = Some(Duration::from_millis(1500));
    let table = [
        (
            ModelError::Auth("401".into()),
            "the model provider does not accept the credential: 401",
            1,
        ),
        (
            ModelError::Credit("402".into()),
            "the model provider's account is out of credit: 402",
            1,
        ),
        (
            ModelError::RateLimit {
                message: "429".into(),
                retry_after: wait,
            },
            "the model provider limits the rate of requests (retry after 1.5 s): 429",
            1,
        ),
        (
            ModelError::Overload {
                message: "503".into(),
                retry_after: None,
            },
            "the model provider is overloaded: 503",
            1,
        ),
        (
            ModelError::Overflow("too long".into()),
            "the conversation does not fit into the model's context: too long",
            1,
        ),
        (
            ModelError::BadRequest("400".into()),
            "the model provider rejects the request: 400",
            1,
        ),
        (
            ModelError::Network("reset".into()),
            "the model provider cannot be reached: reset",
            1,
        ),
        (
            ModelError::Truncated("eof".into()),
            "the model's answer broke off: eof",
            1,
        ),
        (
            ModelError::Refused("no".into()),
            "the model refuses to answer: no",
            1,
        ),
        (
            ModelError::Script("a.jsonl:1: odd".into()),
            "a.jsonl:1: odd",
            1,
        ),
        (
            ModelError::Denied(decision),
            "the policy denies the model provider: http POST https://llm.example:443/v1 (offline: no rule); allow the \
             provider",
            3,
        ),
    ];
    for (error, words, code) in table {
        // The conversation stays one that can go on.
        let mut bench = bench(vec![Err(error), says("better")]);
        assert_eq!(bench.turn().await.exit_code(), code, "{words}");
        let expected = format!("error {}", serde_json::json!({ "error": words }));
        assert_eq!(bench.seen().last(), Some(&expected));
        assert_eq!(
            bench.turn().await,
            Outcome::Done {
                text: Some("better".into())
            }
        );
    }
}

#[tokio::test]
async fn iterations_are_bounded() {
    let table = [(2, "done"), (1, "limit"), (0, "limit")];
    for (max_iterations, word) in table {
        let options = Options {
            max_iterations,
            ..Options::default()
        };
        let turns = vec![calls(&[("echo", "{}")]), says("ok")];
        let mut bench = bench_with(turns, options, Arc::new(Unattended));
        let outcome = bench.turn().await;
        assert_eq!(outcome.as_str(), word, "{max_iterations}");
        if word == "limit" {
            let exceeded = LimitExceeded {
                limit: LimitName::Iterations,
                allowed: max_iterations.into(),
                requested: u64::from(max_iterations) + 1,
            };
            assert_eq!(outcome, Outcome::Limit(exceeded.clone()));
            assert_eq!(outcome.exit_code(), 4);
            let told = format!(
                "error {}",
                serde_json::json!({ "error": exceeded.to_string() })
            );
            assert_eq!(bench.seen().last(), Some(&told));
        }
    }
    assert_eq!(ml_intern_agent::iterations(-1), 10_000);
    assert_eq!(ml_intern_agent::iterations(7), 7);
    assert_eq!(ml_intern_agent::iterations(i64::MAX), u32::MAX);
}

/// Any JSON at all, up to a depth and a size.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn goes_on_after(arguments: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut bench = bench(vec![
            calls(&[
                ("observes", arguments),
                ("invalid", arguments),
                ("nothing", arguments),
            ]),
            calls(&[("observes", "{}")]),
            says("ok"),
        ]);
        assert_eq!(
            bench.turn().await,
            Outcome::Done {
                text: Some("ok".into())
            }
        );
        assert_eq!(bench.results().len(), 4);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_as_arguments_is_a_result(value in any_json()) {
        goes_on_after(&value.to_string());
    }

    #[test]
    fn any_text_as_arguments_is_a_result(text in any::<String>()) {
        goes_on_after(&text);
    }
}
