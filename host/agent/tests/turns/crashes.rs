//! A session that was cut short goes on, wherever it was cut: between two records, or in the midst of one.
//!
//! What is held, for every first part of a recorded session's journal:
//!
//! - it can be resumed, and the conversation is valid: each call has its result;
//! - every message that the model had sent, or was sent, is in it;
//! - a call that had started and not ended is told to the model as lost, and has an end in the journal; one that had not
//!   started is told as not run; neither is run again;
//! - resuming it twice comes to the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::bench::{Bench, Setup, Yes, calls, in_short, says};
use journal::{Data, Entry, Reader};
use ml_intern_agent::{
    FinishReason, Message, ModelError, ModelInfo, NestedTask, Operation, Options, Outcome,
    Restored, ToolChoice, Turn,
};
use tokio_util::sync::CancellationToken;

const LOST: &str = "interrupted: the session ended while this call ran.";
const NEVER_RAN: &str = "not executed: the session ended before this call ran.";

/// A session with something of everything: calls of each kind together, a nested agent, a plan, cut and broken answers,
/// long outputs, an interrupt, an error, an undo, and where `window` is small, compactions.
async fn recorded(window: u64) -> (Bench, Vec<(u64, Vec<Message>)>) {
    let cut = |turn: Result<Turn, ModelError>| {
        turn.map(|turn| Turn {
            finish: FinishReason::Length,
            ..turn
        })
    };
    let long = |n: usize| calls(&[("long", &format!("{{\"length\":3000,\"n\":{n}}}"))]);
    let mut own = vec![
        calls(&[
            ("echo", r#"{"a":1}"#),
            ("asks", "{}"),
            ("denied", "{}"),
            ("failed", "{}"),
            ("echo", "{"),
            ("echo", "{\"b\":2,}"),
            ("nothing", "{}"),
            ("panics", "{}"),
        ]),
        calls(&[
            (
                "plan_tool",
                r#"{"todos":[{"id":"1","content":"train","status":"pending"}]}"#,
            ),
            ("delegates", "{}"),
        ]),
        cut(calls(&[("echo", "{")])),
        cut(says("one ")),
        says("two"),
        calls(&[(
            "plan_tool",
            r#"{"todos":[{"id":"1","content":"train","status":"completed"}]}"#,
        )]),
        says("done"),
        calls(&[("echo", r#"{"undone":true}"#), ("asks", "{}")]),
        says("undone"),
        Err(ModelError::Network("reset".into())),
        long(0),
        calls(&[("long", r#"{"length":30000}"#), ("picture", "{}")]),
        long(1),
        long(2),
        says("three"),
        calls(&[("hangs", "{}"), ("echo", "{}")]),
    ];
    own.reverse();
    let mut nested = vec![
        says("found"),
        calls(&[("observes", "{}"), ("denied", "{}")]),
    ];
    let setup = Setup::of(move |request| {
        if request.tool_choice == ToolChoice::None {
            return Some(says("summary"));
        }
        if in_short(&request.messages[0]) == "system You are a test." {
            own.pop()
        } else {
            nested.pop()
        }
    });
    let mut bench = Setup {
        approver: Arc::new(Yes),
        info: ModelInfo {
            context_window: Some(window),
            ..ModelInfo::unknown("canned")
        },
        options: Options {
            output: 5_000,
            session_note: Some("Monday".into()),
            ..Options::default()
        },
        ..setup
    }
    .build();
    *bench.tools.task.lock().unwrap() = NestedTask {
        prompt: "look".into(),
        tools: vec!["observes".into(), "denied".into()],
        ..NestedTask::default()
    };
    let mut at_rest = vec![];
    let mut rest = |bench: &Bench| {
        let records = Reader::open(&bench.journal).unwrap().count() as u64;
        at_rest.push((records, bench.agent.messages().to_vec()));
    };
    rest(&bench);
    let cancel = CancellationToken::new();
    for text in ["first", "second", "third", "fourth"] {
        bench.says(text).await;
        rest(&bench);
        if text == "second" {
            bench.agent.operate(Operation::Undo {}, &cancel).await;
            rest(&bench);
        }
    }
    let started = Arc::clone(&bench.started);
    let (outcome, ()) = tokio::join!(bench.agent.run_turn("last", &cancel), async {
        started.notified().await;
        cancel.cancel();
    });
    assert_eq!(outcome, Outcome::Interrupted);
    rest(&bench);
    // And a model that is broken off in the midst of its words.
    let (cancel, model) = (CancellationToken::new(), Arc::clone(&bench.model));
    tokio::join!(bench.agent.run_turn("very last", &cancel), async {
        model.started.notified().await;
        cancel.cancel();
    });
    rest(&bench);
    (bench, at_rest)
}

fn is_valid(messages: &[Message]) -> bool {
    let mut rest = messages.iter();
    while let Some(message) = rest.next() {
        match message {
            Message::Assistant { tool_calls, .. } => {
                for call in tool_calls {
                    let own = matches!(rest.next(), Some(Message::Tool { tool_call_id, name, .. }) if *tool_call_id == call.id && *name == call.name);
                    if !own {
                        return false;
                    }
                    if serde_json::from_str::<serde_json::Value>(&call.arguments).is_err() {
                        return false;
                    }
                }
            }
            Message::Tool { .. } => return false,
            _ => {}
        }
    }
    matches!(messages.first(), Some(Message::System { .. }) | None)
}

/// What a part of a journal says by itself.
#[derive(Default)]
struct Facts {
    /// Words of the user's and the model's own, in order, since the last compaction; none where there were any.
    words: Vec<String>,
    /// Calls of the conversation that started, by id: whether they ended.
    started: BTreeMap<String, bool>,
    /// Results that the model was sent.
    delivered: usize,
    compacted: bool,
}

fn facts(entries: &[Entry]) -> Facts {
    // What was undone never happened.
    let mut live: Vec<&Entry> = Vec::new();
    let mut seqs: Vec<u64> = Vec::new();
    let mut facts = Facts::default();
    for (seq, entry) in entries.iter().enumerate() {
        match &entry.data {
            Data::Event(event) if event.name == "undo" => {
                let to = event.data["to"].as_u64().unwrap();
                while seqs.last().is_some_and(|last| *last >= to) {
                    seqs.pop();
                    live.pop();
                }
            }
            Data::CallStart(_) => {
                facts.started.insert(entry.call.unwrap().to_string(), false);
                live.push(entry);
                seqs.push(seq as u64);
            }
            Data::CallEnd(_) | Data::CallCancelled(_) => {
                if let Some(ended) = facts.started.get_mut(&entry.call.unwrap().to_string()) {
                    *ended = true;
                }
                live.push(entry);
                seqs.push(seq as u64);
            }
            _ => {
                live.push(entry);
                seqs.push(seq as u64);
            }
        }
    }
    for entry in live {
        match &entry.data {
            Data::UserInput(input) if entry.call.is_none() => {
                facts.words.push(format!("user {}", input.text))
            }
            Data::ModelTurn(turn) if entry.call.is_none() && !turn.text.is_empty() => {
                facts.words.push(format!("assistant {}", turn.text));
            }
            Data::CallDelivered(_) if entry.parent.is_none() => facts.delivered += 1,
            Data::Event(event) if event.name == "compaction" => facts.compacted = true,
            _ => {}
        }
    }
    facts
}

fn read(path: &Path) -> Vec<Entry> {
    Reader::open(path)
        .unwrap()
        .map_while(Result::ok)
        .map(|record| record.entry)
        .collect()
}

/// A model that does one more thing, and then only talks, also where it is told that its plan is not finished.
fn goes_on() -> Setup {
    let mut first = Some(calls(&[("echo", "{}")]));
    Setup::of(move |_| Some(first.take().unwrap_or_else(|| says("on"))))
}

/// Resumes the first bytes of a journal, checks what is held, and lets it go on.
async fn resumes(bytes: &[u8], at_rest: &BTreeMap<u64, Vec<Message>>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cut.jsonl");
    std::fs::write(&path, bytes).unwrap();
    let before = read(&path);
    if before.is_empty() {
        // Without its first record it is no journal, and that is said.
        assert!(journal::Journal::open(&path, journal::Redactor::none()).is_err());
        return;
    }
    let facts = facts(&before);
    let restored = Restored::read(Reader::open(&path).unwrap()).unwrap();
    let records = restored.records();
    assert_eq!(records, before.len() as u64);
    let mut bench = goes_on().resume(&path);
    let messages = bench.agent.messages().to_vec();
    assert!(is_valid(&messages), "{records}: {messages:#?}");
    if let Some(then) = at_rest.get(&records) {
        assert_eq!(&messages, then, "{records}");
    }

    let said: Vec<String> = messages.iter().map(in_short).collect();
    if !facts.compacted {
        let mut rest = said.iter();
        for words in &facts.words {
            assert!(
                rest.any(|line| line.starts_with(words.as_str())),
                "{records}: {words} is not in {said:#?}"
            );
        }
        let results = messages
            .iter()
            .filter(|one| matches!(one, Message::Tool { .. }))
            .count();
        assert!(results >= facts.delivered, "{records}");
    }
    // Every call that had started has exactly one end by now, and those that had none are told to be lost.
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let mut nested = 0;
    for entry in read(&bench.journal) {
        match &entry.data {
            Data::CallEnd(_) | Data::CallCancelled(_) => {
                *ends.entry(entry.call.unwrap().to_string()).or_default() += 1;
            }
            Data::CallStart(_) if entry.parent.is_some() => nested += 1,
            _ => {}
        }
    }
    for (call, ended) in &facts.started {
        assert_eq!(ends.get(call), Some(&1), "{records}: {call} {ended}");
    }
    let lost = facts.started.values().filter(|ended| !**ended).count();
    let told = said.iter().filter(|line| line.contains(LOST)).count();
    assert!(
        told <= lost && lost <= told + nested.min(1),
        "{records}: {lost} {told} {said:#?}"
    );

    // Twice comes to the same.
    let path = bench.journal.clone();
    drop(bench.agent);
    let again = Restored::read(Reader::open(&path).unwrap()).unwrap();
    assert_eq!(
        again.messages(),
        if messages.len() > 1 || !again.messages().is_empty() {
            messages.as_slice()
        } else {
            &[]
        },
        "{records}"
    );

    // It goes on, and runs what is new, and nothing else.
    bench = goes_on().resume(&path);
    assert_eq!(bench.says("go on").await.as_str(), "done", "{records}");
    assert_eq!(bench.ran(), ["echo"]);
    let request = bench.model.asked.lock().unwrap()[0].clone();
    assert!(is_valid(&request));
    // What had not been delivered is now.
    let undelivered = said
        .iter()
        .any(|line| line.contains(LOST) || line.contains(NEVER_RAN));
    assert!(
        !undelivered
            || request
                .iter()
                .map(in_short)
                .any(|line| line.contains(LOST) || line.contains(NEVER_RAN))
    );
    let path = bench.journal.clone();
    drop(bench.agent);
    journal::verify(&path).unwrap();
}

async fn cut_everywhere(window: u64, compactions: bool) {
    let (bench, at_rest) = recorded(window).await;
    let bytes = std::fs::read(&bench.journal).unwrap();
    let is_compacted = bench
        .journal()
        .iter()
        .any(|line| line.starts_with("event compaction"));
    assert_eq!(is_compacted, compactions);
    assert!(at_rest.len() == 8);
    let at_rest: BTreeMap<u64, Vec<Message>> = at_rest.into_iter().collect();
    let ends: Vec<usize> = bytes
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'\n')
        .map(|(at, _)| at + 1)
        .collect();
    assert!(ends.len() > 100, "{}", ends.len());
    let mut from = 0;
    // A fixed sequence of places that looks random (a linear congruential generator).
    let mut state: u64 = 42;
    for end in ends {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let within = usize::try_from(state >> 33).unwrap() % (end - from);
        for cut in [end, from + within] {
            resumes(&bytes[..cut], &at_rest).await;
        }
        from = end;
    }
    drop(bench);
}

#[tokio::test]
async fn a_session_cut_anywhere() {
    cut_everywhere(200_000, false).await;
}

#[tokio::test]
async fn a_session_with_compactions_cut_anywhere() {
    cut_everywhere(4_000, true).await;
}
