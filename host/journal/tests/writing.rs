//! Appending: who may, what is refused, and what a failure leaves behind.

#![expect(dead_code, reason = "each test file uses its part of `common`")]

mod common;

use std::fs;

use common::{create, header, place, say};
use ml_intern_journal::{
    CallEnd, CallStart, Data, Entry, Event, Header, Journal, JournalError, MAX_DEPTH, MAX_LINE,
    Reader, Redactor, Session, UserInput, verify,
};
use serde_json::Value;

#[test]
fn there_is_one_writer_at_a_time() {
    let (_directory, path) = place();
    let first = create(&path);
    let error = Journal::open(&path, Redactor::none()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: locked: another process is writing to this journal",
            path.display()
        )
    );
    // Readers need no lock.
    assert_eq!(verify(&path).unwrap().records, 1);
    drop(first);
    let second = Journal::open(&path, Redactor::none()).unwrap();
    assert!(matches!(
        Journal::open(&path, Redactor::none()),
        Err(JournalError::Locked { .. })
    ));
    drop(second);
}

#[test]
fn a_new_journal_never_replaces_a_file() {
    let (_directory, path) = place();
    fs::write(&path, "precious").unwrap();
    let error = Journal::create(&path, header(), Redactor::none()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: already exists; a new journal needs a name of its own",
            path.display()
        )
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn call_ids_are_unique_across_sittings() {
    let (_directory, path) = place();
    let mut journal = create(&path);
    let ids: Vec<String> = (0..3)
        .map(|_| journal.allocate_call().to_string())
        .collect();
    assert_eq!(ids, ["c1", "c2", "c3"]);
    let (outer, inner) = (journal.allocate_call(), journal.allocate_call());
    journal
        .append(Entry::of(outer, UserInput::default()).under(inner))
        .unwrap();
    drop(journal);
    let mut journal = Journal::open(&path, Redactor::none()).unwrap();
    assert_eq!(journal.allocate_call().to_string(), "c6");
}

#[test]
fn positions_are_those_on_disk() {
    let (_directory, path) = place();
    let mut journal = create(&path);
    let one = journal.append(say("one")).unwrap();
    let three = journal.append_all([say("two"), say("three")]).unwrap();
    assert_eq!(journal.append_all([]).unwrap(), three);
    assert_eq!((journal.records(), journal.head()), (4, three.hash));
    let read: Vec<_> = Reader::open(&path).unwrap().map(Result::unwrap).collect();
    assert_eq!((read[1].seq, read[1].hash), (one.seq, one.hash));
    assert_eq!((read[3].seq, read[3].hash), (three.seq, three.hash));
    assert_eq!(read[3].entry, say("three"));
}

/// `[[[…]]]`, so many of them.
fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let event = |data| {
        Entry::from(Event {
            name: "e".to_owned(),
            data,
        })
    };
    let table: [(&str, Entry, Result<(), &str>); 8] = [
        ("deep enough", event(nested(MAX_DEPTH)), Ok(())),
        (
            "too deep",
            event(nested(MAX_DEPTH + 1)),
            Err("a `event` record with JSON nested deeper than 100 levels"),
        ),
        (
            "far too deep",
            event(nested(5_000)),
            Err("a `event` record with JSON nested deeper than 100 levels"),
        ),
        (
            "a second session",
            Session::default().into(),
            Err("a `session` record can only be the first"),
        ),
        (
            "a start without a call",
            CallStart::default().into(),
            Err("a `call_start` record needs a call"),
        ),
        (
            "an end without a call",
            CallEnd::default().into(),
            Err("a `call_end` record needs a call"),
        ),
        ("long enough", say(&"x".repeat(MAX_LINE - LONE)), Ok(())),
        (
            "too long",
            say(&"x".repeat(MAX_LINE - LONE + 1)),
            Err("a `user_input` record of 67108865 bytes; a record can have 67108864"),
        ),
    ];
    let (_directory, path) = place();
    let mut journal = create(&path);
    let mut intact = 1;
    for (what, entry, expected) in table {
        let before = path.metadata().unwrap().len();
        // What stands before it in the same write is not written either.
        let written = journal.append_all([say(""), entry]).map(|_| ());
        assert_eq!(
            written.as_ref().map_err(ToString::to_string),
            expected
                .map_err(str::to_owned)
                .as_ref()
                .map(|()| &())
                .map_err(Clone::clone),
            "{what}"
        );
        if expected.is_ok() {
            intact += 2;
        } else {
            assert_eq!(path.metadata().unwrap().len(), before, "{what}");
        }
    }
    drop(journal);
    assert_eq!(verify(&path).unwrap().records, intact);
}

/// The bytes of a `user_input` record with a one-digit number, besides its text.
const LONE: usize = 228;

#[cfg(unix)]
mod full_disk {
    use std::process::Command;

    use super::*;

    /// A process may make files of 4 KiB; it is told so by an error, not by a signal.
    const LIMITED: &str = r#"trap '' XFSZ; ulimit -f 8; exec "$0" "$@""#;

    #[test]
    fn a_write_that_fails_halfway_leaves_whole_records() {
        let (_directory, path) = place();
        let child = Command::new("sh")
            .args(["-c", LIMITED])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "full_disk::child", "--ignored", "--nocapture"])
            .env("JOURNAL", &path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(
            child.status.success() && said.contains("1 passed"),
            "{said}"
        );
        // What the child saw is what is on the disk.
        let records = verify(&path).unwrap().records;
        assert!(said.contains(&format!("records: {records};")), "{said}");
    }

    #[test]
    #[ignore = "runs in a process of its own, under a limit"]
    fn child() {
        let path = std::env::var_os("JOURNAL").unwrap();
        let mut journal = Journal::create(&path, header(), Redactor::none()).unwrap();
        let error = loop {
            if let Err(error) = journal.append(say(&"x".repeat(1200))) {
                break error.to_string();
            }
        };
        assert!(
            error.ends_with(": cannot write: File too large (os error 27)"),
            "{error}"
        );
        // There is room for a smaller one, and the chain goes on as if nothing had been tried.
        journal.append(say("small")).unwrap();
        println!("records: {};", journal.records());
    }
}

#[test]
fn a_header_is_written_as_it_is_given() {
    let (_directory, path) = place();
    let header = Header {
        id: "ü \"1\"".to_owned(),
        program: String::new(),
    };
    drop(Journal::create(&path, header, Redactor::none()).unwrap());
    let first = Reader::open(&path).unwrap().next().unwrap().unwrap();
    assert!(
        matches!(&first.entry.data, Data::Session(s) if s.id == "ü \"1\""),
        "{first:?}"
    );
}
