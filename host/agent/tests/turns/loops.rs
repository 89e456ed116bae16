//! A model that goes round in circles, stops too early, or writes what cannot be read.

use crate::bench::{Bench, bench, calls, says};
use ml_intern_agent::{FinishReason, ModelError, Outcome, Turn};

type Turns = Vec<Result<Turn, ModelError>>;

/// Each word is a turn of the model: calls joined by `+`, with an optional argument after `:`.
fn turns(text: &str) -> Turns {
    text.split_whitespace()
        .map(|turn| {
            let all: Vec<(String, String)> = turn
                .split('+')
                .map(|call| match call.split_once(':') {
                    Some((name, argument)) => (name.to_owned(), format!("{{\"a\":{argument}}}")),
                    None => (call.to_owned(), "{}".to_owned()),
                })
                .collect();
            let all: Vec<(&str, &str)> =
                all.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            calls(&all)
        })
        .chain([says("ok")])
        .collect()
}

fn notes(bench: &Bench) -> usize {
    bench
        .said()
        .iter()
        .filter(|line| line.starts_with("note You repeat"))
        .count()
}

/// What the model does; how the turn ends, how many requests there were, and how often the model was told.
#[tokio::test]
async fn circles() {
    let same = |n: usize| "echo ".repeat(n);
    let table = [
        (same(2), "done", 3, 0),
        (same(3), "done", 4, 1),
        (same(5), "done", 6, 3),
        (same(6), "stuck", 6, 3),
        (same(40), "stuck", 6, 3),
        // Polling: the results change.
        ("poll ".repeat(40), "done", 41, 0),
        // Other arguments are another call.
        ("echo:1 echo:2 echo:3 echo:4".to_owned(), "done", 5, 0),
        // Sequences.
        ("echo:1 echo:2 ".repeat(2), "done", 5, 1),
        ("echo:1 echo:2 ".repeat(9), "stuck", 7, 3),
        (
            "echo:1 echo:2 echo:3 echo:4 echo:5 ".repeat(9),
            "stuck",
            13,
            3,
        ),
        ("echo:1+echo:2 ".repeat(9), "stuck", 5, 3),
        // It heeds the note: nothing more is said, and nothing is held against it later.
        (format!("{} observes {}", same(5), same(3)), "done", 10, 4),
        // Failing in the same way again and again is a circle as well.
        ("failed ".repeat(40), "stuck", 6, 3),
    ];
    for (text, outcome, requests, told) in table {
        let mut bench = bench(turns(&text));
        let found = bench.turn().await;
        assert_eq!(found.as_str(), outcome, "{text}");
        assert_eq!(bench.model.asked.lock().unwrap().len(), requests, "{text}");
        assert_eq!(notes(&bench), told, "{text}");
    }
}

#[tokio::test]
async fn how_a_circle_is_told() {
    let mut bench = bench(turns(&"echo ".repeat(9)));
    let outcome = bench.turn().await;
    let error = "the model repeats itself, and went on after it was told: `echo` with the same arguments and the same \
                 result 6 times in a row";
    assert_eq!(
        outcome,
        Outcome::Stuck {
            error: error.into()
        }
    );
    assert_eq!(outcome.exit_code(), 1);
    let event = |repetitions, notes, ended| {
        format!(
            r#"doom_loop {{"tools":["echo"],"repetitions":{repetitions},"notes":{notes},"ended":{ended}}}"#
        )
    };
    assert_eq!(
        bench.seen_of(&["doom_loop", "error"]),
        [
            event(3, 1, false),
            event(4, 2, false),
            event(5, 3, false),
            event(6, 3, true),
            format!("error {}", serde_json::json!({ "error": error })),
        ]
    );
    // The conversation can go on, and what was before is forgiven.
    assert_eq!(bench.said().last().unwrap(), "echo {}");
    assert_eq!(bench.says("and now?").await.as_str(), "done");
}

/// Broken arguments for the same tool: told from the second on, ended after three notes. What was put right is run.
#[tokio::test]
async fn broken_arguments() {
    let broken = |n: usize| (0..n).map(move |i| calls(&[("echo", &format!("{{\"a\": {i}"))]));
    let told = |bench: &Bench| {
        bench
            .said()
            .iter()
            .filter(|line| line.starts_with("note The arguments of your last"))
            .count()
    };
    let table: [(Turns, &str, usize); 4] = [
        (broken(1).collect(), "done", 0),
        (broken(3).collect(), "done", 2),
        (broken(9).collect(), "stuck", 3),
        (
            broken(1)
                .chain([calls(&[("echo", "{}")])])
                .chain(broken(1))
                .collect(),
            "done",
            0,
        ),
    ];
    for (mut turns, outcome, notes) in table {
        turns.push(calls(&[("echo", "{\"a\":\"b\n\",}")]));
        turns.push(says("ok"));
        let mut bench = bench(turns);
        assert_eq!(bench.turn().await.as_str(), outcome);
        assert_eq!(told(&bench), notes);
        let broken_calls = bench.results().iter().filter(|(_, ok, _)| !ok).count();
        if outcome == "done" {
            // Only what could be read was run, and the conversation has it as it was run.
            let last = bench.results().pop().unwrap();
            assert_eq!(last, ("echo".to_owned(), true, r#"{"a":"b\n"}"#.to_owned()));
            assert_eq!(bench.ran().len(), bench.results().len() - broken_calls);
            assert!(
                bench
                    .said()
                    .iter()
                    .any(|line| line == r#"assistant  [echo {"a":"b\n"}]"#)
            );
            let log = r#"tool_log {"tool":"system","log":"the arguments of `echo` were not quite JSON; put right: control characters inside a string, a comma before a closing bracket"}"#;
            assert!(bench.seen().iter().any(|line| line == log));
        }
    }
}

fn plan(status: &str) -> Result<Turn, ModelError> {
    let arguments = format!(r#"{{"todos":[{{"id":"1","content":"train","status":"{status}"}}]}}"#);
    calls(&[("plan_tool", &arguments)])
}

/// An answer in words alone while the plan is not finished.
#[tokio::test]
async fn a_plan_that_is_not_finished() {
    let mut bench = bench(vec![
        plan("in_progress"),
        says("I will."),
        calls(&[("echo", "{}")]),
        says("a"),
        says("b"),
        says("c"),
        says("d"),
        calls(&[("echo", "{}")]),
        plan("completed"),
        says("done"),
    ]);
    assert_eq!(
        bench.turn().await,
        Outcome::Done {
            text: Some("c".into())
        }
    );
    let note = "note Your plan is not finished: \"train\". Go on with it. If it is done, or if you cannot go on without \
                the user, bring the plan up to date and say so.";
    let said = bench.said();
    assert_eq!(said.iter().filter(|line| *line == note).count(), 3);
    // It is the last thing in the request that follows.
    assert_eq!(
        bench.model.asked.lock().unwrap()[2]
            .last()
            .map(crate::bench::in_short)
            .as_deref(),
        Some(note)
    );
    // A question is answered.
    assert_eq!(
        bench.says("how far are you?").await,
        Outcome::Done {
            text: Some("d".into())
        }
    );
    assert_eq!(
        bench.says("go on").await,
        Outcome::Done {
            text: Some("done".into())
        }
    );
    assert_eq!(
        bench.seen_of(&["plan_update"]),
        [
            r#"plan_update {"plan":[{"id":"1","content":"train","status":"in_progress"}]}"#,
            r#"plan_update {"plan":[{"id":"1","content":"train","status":"completed"}]}"#,
        ]
    );
    assert!(!bench.agent.plan().is_unfinished());
}

/// Without a plan, words alone end the turn, whatever they are.
#[tokio::test]
async fn without_a_plan() {
    for text in ["do it", "what is it?"] {
        let mut bench = bench(vec![says("I will."), says("never")]);
        assert_eq!(
            bench.says(text).await,
            Outcome::Done {
                text: Some("I will.".into())
            }
        );
    }
}

/// An answer that was cut off goes on, three times at most.
#[tokio::test]
async fn an_answer_that_was_cut_off() {
    let cut = |text: &str| {
        says(text).map(|turn| Turn {
            finish: FinishReason::Length,
            ..turn
        })
    };
    let table: [(Turns, &str); 3] = [
        (
            vec![cut("one "), cut("two "), says("three")],
            "one two three",
        ),
        (
            vec![cut("a"), cut("b"), cut("c"), cut("d"), says("never")],
            "abcd",
        ),
        (vec![cut(""), says("never")], ""),
    ];
    for (turns, words) in table {
        let mut bench = bench(turns);
        let text = Some(words.to_owned()).filter(|words| !words.is_empty());
        assert_eq!(bench.turn().await, Outcome::Done { text });
    }
}
