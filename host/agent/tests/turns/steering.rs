//! What the user says while a turn runs.

use std::sync::Arc;

use crate::bench::{Setup, calls, in_short, says};
use ml_intern_agent::{Agent, Event, Operation, Outcome};

fn say(text: &str) -> Operation {
    Operation::UserInput { text: text.into() }
}

fn said(agent: &Agent) -> Vec<String> {
    agent.messages().iter().skip(1).map(in_short).collect()
}

fn done(text: &str) -> Outcome {
    Outcome::Done {
        text: Some(text.into()),
    }
}

/// It joins before the model is asked again; whatever waits behind another operation waits for that.
#[tokio::test(flavor = "multi_thread")]
async fn it_joins_the_turn_that_runs() {
    let bench = Setup::new(vec![
        calls(&[("blocks", "{}")]),
        calls(&[("echo", "{}")]),
        says("one"),
        says("two"),
    ])
    .build();
    let started = Arc::clone(&bench.started);
    let mut handle = bench.agent.spawn();
    let first = handle.submit(say("go")).unwrap();
    started.notified().await;
    let joins = [
        handle.submit(say("also this")),
        handle.submit(say("and that")),
    ];
    let behind = handle.submit(Operation::RevokeRule { id: 9 }).unwrap();
    let last = handle.submit(say("later")).unwrap();
    bench.release.send(()).unwrap();
    assert_eq!(first.outcome().await, done("one"));
    for ticket in joins {
        assert_eq!(ticket.unwrap().outcome().await, done("one"));
    }
    assert_eq!(behind.outcome().await.as_str(), "failed");
    assert_eq!(last.outcome().await, done("two"));
    let agent = handle.shutdown().await.unwrap();
    assert_eq!(
        said(&agent),
        [
            "user go",
            "assistant  [blocks {}]",
            "blocks released",
            "user also this",
            "user and that",
            "assistant  [echo {}]",
            "echo {}",
            "assistant one",
            "user later",
            "assistant two",
        ]
    );
}

/// Interrupting a message that has joined interrupts the turn; one that waits is never heard.
#[tokio::test(flavor = "multi_thread")]
async fn interrupting_what_joined() {
    let bench = Setup::new(vec![
        calls(&[("blocks", "{}")]),
        calls(&[("hangs", "{}")]),
        says("never"),
    ])
    .build();
    let started = Arc::clone(&bench.started);
    let mut handle = bench.agent.spawn();
    let first = handle.submit(say("go")).unwrap();
    started.notified().await;
    let joins = handle.submit(say("also this")).unwrap();
    let unheard = handle.submit(say("not this")).unwrap();
    unheard.interrupt();
    bench.release.send(()).unwrap();
    assert_eq!(unheard.outcome().await, Outcome::Interrupted);
    started.notified().await;
    joins.interrupt();
    assert_eq!(joins.outcome().await, Outcome::Interrupted);
    assert_eq!(first.outcome().await, Outcome::Interrupted);
    let agent = handle.shutdown().await.unwrap();
    assert_eq!(
        said(&agent),
        [
            "user go",
            "assistant  [blocks {}]",
            "blocks released",
            "user also this",
            "assistant  [hangs {}]",
            "hangs cancelled: the user interrupted the turn",
        ]
    );
}

/// A turn that asks the model no more leaves a message to a turn of its own.
#[tokio::test]
async fn what_comes_at_the_end_has_a_turn_of_its_own() {
    let bench = Setup::new(vec![says("one"), says("two")]).build();
    let mut handle = bench.agent.spawn();
    let first = handle.submit(say("a")).unwrap();
    let second = handle.submit(say("b")).unwrap();
    assert_eq!(first.outcome().await, done("one"));
    assert_eq!(second.outcome().await, done("two"));
    let mut events = bench.events;
    drop(handle);
    let mut turns = 0;
    while let Some(envelope) = events.recv().await {
        turns += u32::from(matches!(envelope.event, Event::TurnComplete { .. }));
    }
    assert_eq!(turns, 2);
}

/// Every operation has an end and an event, also where there is nothing to do.
#[tokio::test]
async fn every_operation_has_an_end() {
    let bench = Setup::new(vec![]).build();
    let mut events = bench.events;
    let mut handle = bench.agent.spawn();
    let table = [
        (
            Operation::Undo {},
            Outcome::Done { text: None },
            "undo_complete",
        ),
        (
            Operation::Compact {},
            Outcome::Done { text: None },
            "compacted",
        ),
        (
            Operation::New {
                clear_screen: false,
            },
            Outcome::Failed {
                error: "sessions are not kept here".into(),
            },
            "error",
        ),
        (
            Operation::Resume { path: "x".into() },
            Outcome::Failed {
                error: "sessions are not kept here".into(),
            },
            "error",
        ),
        (
            Operation::Shutdown {},
            Outcome::Done { text: None },
            "shutdown",
        ),
    ];
    assert!(matches!(
        events.recv().await.unwrap().event,
        Event::Ready { .. }
    ));
    for (operation, outcome, event) in table {
        let ticket = handle.submit(operation.clone()).unwrap();
        assert_eq!(ticket.outcome().await, outcome, "{operation:?}");
        let json = serde_json::to_value(events.recv().await.unwrap()).unwrap();
        assert_eq!(json["event_type"], event);
    }
}

/// Another effort from the next request on, and a cap that was not there before.
#[tokio::test]
async fn another_effort_and_a_cap() {
    let bench = Setup::new(vec![says("one"), says("two"), says("three")]).build();
    let mut handle = bench.agent.spawn();
    let first = handle.submit(say("a")).unwrap();
    assert_eq!(first.outcome().await, done("one"));
    let set = handle
        .set_effort(Some(ml_intern_agent::Effort::Low))
        .unwrap();
    assert_eq!(set.outcome().await, Outcome::Done { text: None });
    let second = handle.submit(say("b")).unwrap();
    assert_eq!(second.outcome().await, done("two"));
    assert_eq!(
        *bench.model.efforts.lock().unwrap(),
        [None, Some(ml_intern_agent::Effort::Low)]
    );
    let meter = handle.meter();
    assert_eq!(meter.tally().requests, 2);
    assert_eq!(meter.bounds().cost, None);
    // Nobody knows what the model costs, so that the cap could not be kept.
    meter.cap(Some(ml_intern_agent::MicroUsd(5_000_000)));
    assert_eq!(
        meter.bounds().cost,
        Some(ml_intern_agent::MicroUsd(5_000_000))
    );
    let third = handle.submit(say("c")).unwrap();
    assert!(matches!(third.outcome().await, Outcome::UnknownCost { .. }));
}

/// Another model from the next request on.
#[tokio::test]
async fn another_model() {
    let bench = Setup::new(vec![says("one")]).build();
    let other = Setup::new(vec![says("two")]).build();
    let mut handle = bench.agent.spawn();
    let first = handle.submit(say("a")).unwrap();
    let switched = handle.switch_model(other.model.clone()).unwrap();
    let second = handle.submit(say("b")).unwrap();
    assert_eq!(first.outcome().await, done("one"));
    assert_eq!(switched.outcome().await, Outcome::Done { text: None });
    assert_eq!(second.outcome().await, done("two"));
    let asked = other.model.asked.lock().unwrap();
    assert_eq!(
        asked[0].iter().skip(1).map(in_short).collect::<Vec<_>>(),
        ["user a", "assistant one", "user b"]
    );
}
