//! Interrupting a turn, wherever it is, ends it soon and leaves a conversation that can go on.

use std::sync::Arc;

use crate::bench::{Undecided, bench, bench_with, calls, says};
use ml_intern_agent::{CANCEL_GRACE, Operation, Options, Outcome, QueueError, SUBMISSIONS};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const CANCELLED: &str = "cancelled: the user interrupted the turn";

#[tokio::test]
async fn before_it_starts() {
    let mut bench = bench(vec![says("never")]);
    let cancel = CancellationToken::new();
    cancel.cancel();
    assert_eq!(
        bench.agent.run_turn("go", &cancel).await,
        Outcome::Interrupted
    );
    assert_eq!(bench.seen().last().unwrap(), "interrupted {}");
    assert!(bench.model.asked.lock().unwrap().is_empty());
    // Its twin: the next turn, with a token of its own, runs.
    assert_eq!(
        bench.turn().await,
        Outcome::Done {
            text: Some("never".into())
        }
    );
}

#[tokio::test]
async fn while_the_model_thinks() {
    let mut bench = bench(vec![]);
    let (cancel, model) = (CancellationToken::new(), Arc::clone(&bench.model));
    let (outcome, ()) = tokio::join!(bench.agent.run_turn("go", &cancel), async {
        model.started.notified().await;
        cancel.cancel();
    });
    assert_eq!(outcome, Outcome::Interrupted);
    assert_eq!(outcome.exit_code(), 130);
    assert_eq!(bench.seen().last().unwrap(), "interrupted {}");
}

#[tokio::test]
async fn while_tools_run() {
    let turns = vec![
        calls(&[("echo", "{}"), ("hangs", "{}"), ("asks", "{}")]),
        says("on"),
    ];
    let mut bench = bench(turns);
    let (cancel, started) = (CancellationToken::new(), Arc::clone(&bench.started));
    let (outcome, ()) = tokio::join!(bench.agent.run_turn("go", &cancel), async {
        started.notified().await;
        cancel.cancel();
    });
    assert_eq!(outcome, Outcome::Interrupted);
    let seen: Vec<String> = bench
        .seen()
        .into_iter()
        .filter(|line| {
            ["tool_output", "tool_state", "interrupted", "approval"]
                .iter()
                .any(|s| line.starts_with(s))
        })
        .collect();
    assert_eq!(
        seen,
        [
            r#"tool_output {"tool":"echo","tool_call_id":"c1","output":"{}","success":true}"#,
            r#"tool_state_change {"tool_call_id":"c2","tool":"hangs","state":"cancelled"}"#,
            r#"tool_state_change {"tool_call_id":"c3","tool":"asks","state":"cancelled"}"#,
            "interrupted {}",
        ]
    );
    let expected = [
        ("echo".to_owned(), true, "{}".to_owned()),
        ("hangs".to_owned(), false, CANCELLED.to_owned()),
        ("asks".to_owned(), false, CANCELLED.to_owned()),
    ];
    assert_eq!(bench.results(), expected);
    let cancelled: Vec<String> = bench
        .journal()
        .into_iter()
        .filter(|line| line.starts_with("call_cancelled"))
        .collect();
    assert_eq!(
        cancelled,
        [
            "call_cancelled c2 the turn was interrupted",
            "call_cancelled c3 the turn was interrupted"
        ]
    );
    assert_eq!(
        bench.turn().await,
        Outcome::Done {
            text: Some("on".into())
        }
    );
}

/// A tool that does not listen is dropped after its grace.
#[tokio::test(start_paused = true)]
async fn while_a_tool_does_not_listen() {
    let mut bench = bench(vec![calls(&[("deaf", "{}")]), says("on")]);
    let (cancel, started) = (CancellationToken::new(), Arc::clone(&bench.started));
    let start = tokio::time::Instant::now();
    let (outcome, ()) = tokio::join!(bench.agent.run_turn("go", &cancel), async {
        started.notified().await;
        cancel.cancel();
    });
    assert_eq!(outcome, Outcome::Interrupted);
    assert!(start.elapsed() >= CANCEL_GRACE);
    assert_eq!(
        bench.results(),
        [("deaf".to_owned(), false, CANCELLED.to_owned())]
    );
}

#[tokio::test]
async fn while_somebody_is_asked() {
    let asked = Arc::new(Notify::new());
    let approver = Arc::new(Undecided(Arc::clone(&asked)));
    let turns = vec![calls(&[("asks", "{}")]), says("on")];
    let mut bench = bench_with(turns, Options::default(), approver);
    let cancel = CancellationToken::new();
    let (outcome, ()) = tokio::join!(bench.agent.run_turn("go", &cancel), async {
        asked.notified().await;
        cancel.cancel();
    });
    assert_eq!(outcome, Outcome::Interrupted);
    assert_eq!(
        bench.results(),
        [("asks".to_owned(), false, CANCELLED.to_owned())]
    );
}

#[tokio::test]
async fn a_queue_takes_one_submission_after_the_other() {
    let bench = bench(vec![says("one"), says("two")]);
    let mut handle = bench.agent.spawn();
    let say = |text: &str| Operation::UserInput {
        text: text.to_owned(),
    };
    let first = handle.submit(say("a")).unwrap();
    let second = handle.submit(say("b")).unwrap();
    assert_eq!((first.id, second.id), (1, 2));
    assert_eq!(
        first.outcome().await,
        Outcome::Done {
            text: Some("one".into())
        }
    );
    assert_eq!(
        second.outcome().await,
        Outcome::Done {
            text: Some("two".into())
        }
    );

    // The model has nothing more to say: the third turn runs until it is interrupted.
    let third = handle.submit(say("c")).unwrap();
    bench.model.started.notified().await;
    let waiting: Vec<_> = (0..SUBMISSIONS)
        .map(|_| handle.submit(say("d")).unwrap())
        .collect();
    assert_eq!(handle.submit(say("e")).unwrap_err(), QueueError::Full);
    waiting.iter().for_each(ml_intern_agent::Ticket::interrupt);
    third.interrupt();
    assert_eq!(third.outcome().await, Outcome::Interrupted);
    for ticket in waiting {
        assert_eq!(ticket.outcome().await, Outcome::Interrupted);
    }

    let last = handle.submit(Operation::Shutdown {}).unwrap();
    assert_eq!(last.outcome().await, Outcome::Done { text: None });
    assert_eq!(handle.submit(say("f")).unwrap_err(), QueueError::Closed);
    let agent = handle.shutdown().await.unwrap();
    // Two answers, and one that was broken off; what was interrupted before it was asked is none.
    assert_eq!(agent.tally().requests, 3);
    let mut events = bench.events;
    let mut last = None;
    while let Ok(envelope) = events.try_recv() {
        last = Some(envelope.event);
    }
    assert_eq!(last, Some(ml_intern_agent::Event::Shutdown {}));
}
