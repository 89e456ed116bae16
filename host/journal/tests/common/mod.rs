//! What several tests need.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the report")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use ml_intern_journal::{
    CallCancelled, CallDelivered, CallEnd, CallStart, Change, Clock, Decision, Digest, End, Entry,
    Event, FileChange, Header, HostCall, Journal, ModelRequest, ModelTurn, Policy, Receipt,
    Redactor, StateWrite, ToolCall, Usage, UserInput, Workspace,
};
use serde_json::json;

/// Starts at 2026-01-31T12:00:00.000Z and goes on by 250 ms each time that it is asked.
pub(crate) fn clock() -> Clock {
    let millis = AtomicU64::new(1_769_860_800_000);
    Box::new(move || UNIX_EPOCH + Duration::from_millis(millis.fetch_add(250, Ordering::Relaxed)))
}

pub(crate) fn header() -> Header {
    Header {
        id: "s-1".to_owned(),
        program: "ml-intern 0.1.0".to_owned(),
    }
}

pub(crate) fn create(path: &Path) -> Journal {
    Journal::create_at(path, header(), Redactor::none(), clock()).unwrap()
}

pub(crate) fn say(text: &str) -> Entry {
    UserInput {
        text: text.to_owned(),
    }
    .into()
}

/// A new directory, and the path of a journal in it. In memory where that can be had: syncing a thousand small files to
/// a disk takes long, and shows nothing more.
pub(crate) fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let path = directory.path().join("journal.jsonl");
    (directory, path)
}

/// A session with a record of every kind.
pub(crate) fn whole_session(journal: &mut Journal) {
    let text = |text: &str| text.to_owned();
    journal
        .append(Policy {
            digest: text("00ff"),
            name: text("ci"),
            text: text("name = \"ci\"\n"),
        })
        .unwrap();
    journal
        .append(say("Train a model.\nThen \"stop\". ✓"))
        .unwrap();
    let parameters = json!({"max_tokens": 1024, "temperature": 0.1});
    journal
        .append(ModelRequest {
            model: text("scripted/a"),
            messages: 2,
            parameters,
        })
        .unwrap();
    journal
        .append(ModelTurn {
            text: text("I look first."),
            tool_calls: vec![ToolCall {
                id: text("call_1"),
                tool: text("read"),
                arguments: text(r#"{"path":"a.py"}"#),
            }],
            usage: Usage {
                input_tokens: 12,
                cached_tokens: 4,
                output_tokens: 7,
                cost: Some(31),
            },
            stop: text("tool_calls"),
        })
        .unwrap();
    let call = journal.allocate_call();
    let effects = vec![text("observe")];
    let decision = Decision {
        verdict: text("allow"),
        subject: text("effect observe"),
        rule: text("ci: observe"),
        remedy: String::new(),
        effects: effects.clone(),
        needs: vec![text("mount workspace read-only")],
    };
    let start = CallStart {
        plugin: text("files"),
        tool: text("read"),
        operation: text("read"),
        effects: effects.clone(),
        arguments: json!({"path": "a.py"}),
    };
    journal
        .append_all([Entry::of(call, decision), Entry::of(call, start)])
        .unwrap();
    let inner = journal.allocate_call();
    let start = CallStart {
        plugin: text("shell"),
        effects,
        ..CallStart::default()
    };
    journal.append(Entry::of(inner, start).under(call)).unwrap();
    let cancelled = CallCancelled {
        reason: text("interrupted"),
    };
    journal
        .append(Entry::of(inner, cancelled).under(call))
        .unwrap();
    let used = HostCall {
        capability: text("http GET https://example.com:443/"),
        outcome: text("200"),
        sent: 80,
        received: 1256,
    };
    journal.append(Entry::of(call, used)).unwrap();
    let write = StateWrite {
        plugin: text("files"),
        key: text("seen"),
        value: Some(text("[1]")),
    };
    journal.append(Entry::of(call, write)).unwrap();
    let receipt = Receipt {
        fuel: Some(900),
        ticks: None,
        peak_memory: 65_536,
        wall_time: 41,
        bytes_in: 15,
        bytes_out: 5,
        host_calls: 2,
        disk: 5,
        open_files: 1,
    };
    let end = CallEnd {
        outcome: text("ok"),
        output: json!({"content": ["x = 1"]}),
    };
    journal
        .append_all([Entry::of(call, receipt), Entry::of(call, end)])
        .unwrap();
    journal
        .append(Entry::of(
            call,
            CallDelivered {
                tool_call: text("call_1"),
            },
        ))
        .unwrap();
    journal
        .append(Event {
            name: text("turn_complete"),
            data: json!({}),
        })
        .unwrap();
    let change = FileChange {
        change: Change::Deleted,
        path: text("old.py"),
        old_size: Some(9),
        new_size: None,
    };
    journal
        .append(Workspace {
            changes: vec![change],
        })
        .unwrap();
    journal
        .append(End {
            status: 0,
            reason: text("done"),
        })
        .unwrap();
}

/// Closes the chain over lines that somebody has written: cuts `prev` and `hash` off each and computes them.
pub(crate) fn forge(lines: &[String]) -> String {
    let mut prev = "0".repeat(64);
    let mut forged = String::new();
    for line in lines {
        let fields = line
            .rsplit_once(",\"prev\":")
            .map_or(line.as_str(), |(fields, _)| fields);
        let body = format!("{fields},\"prev\":\"{prev}\"");
        prev = Digest::of(body.as_bytes()).to_string();
        forged.push_str(&format!("{body},\"hash\":\"{prev}\"}}\n"));
    }
    forged
}
