//! The exact bytes of a journal, read by nothing of ours.

#![expect(dead_code, reason = "each test file uses its part of `common`")]

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::{clock, create, header, place, whole_session};
use ml_intern_journal::{Data, Journal, Reader, Redactor, verify};
use sha2::{Digest as _, Sha256};

const GOLDEN: &str = include_str!("golden.jsonl");

#[test]
fn a_session_has_exactly_these_bytes() {
    let (_directory, path) = place();
    whole_session(&mut create(&path));
    let written = fs::read_to_string(&path).unwrap();
    for (number, (written, golden)) in written.lines().zip(GOLDEN.lines()).enumerate() {
        assert_eq!(written, golden, "line {}", number + 1);
    }
    assert_eq!(written, GOLDEN);
}

#[test]
fn the_golden_file_holds_every_kind() {
    let mut reader = Reader::new("golden.jsonl", GOLDEN.as_bytes());
    let kinds: BTreeSet<&str> = reader
        .by_ref()
        .map(|r| r.unwrap().entry.data.kind())
        .collect();
    assert_eq!(kinds, BTreeSet::from_iter(Data::KINDS.iter().copied()));
    assert_eq!(reader.bytes(), GOLDEN.len() as u64);
}

/// As the documentation tells it, with nothing but SHA-256 and the length of the tail.
#[test]
fn anybody_can_check_the_chain() {
    let mut prev = "0".repeat(64);
    for line in GOLDEN.lines() {
        let (body, tail) = line.split_at(line.len() - 75);
        let hash: String = Sha256::digest(body)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(tail, format!(",\"hash\":\"{hash}\"}}"));
        assert!(body.ends_with(&format!(",\"prev\":\"{prev}\"")));
        prev = hash;
    }
}

/// The receipts of older journals tell nothing of files.
#[test]
fn a_journal_without_the_newer_fields_is_read() {
    let mut older = String::new();
    let mut prev = "0".repeat(64);
    for line in GOLDEN.lines() {
        let body = line[..line.len() - 75].replace(",\"disk\":5,\"open_files\":1", "");
        let body = body.split_once(",\"prev\":\"").unwrap().0.to_owned();
        let body = format!("{body},\"prev\":\"{prev}\"");
        prev = Sha256::digest(&body)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        older.push_str(&format!("{body},\"hash\":\"{prev}\"}}\n"));
    }
    let receipts = |text: &str| -> Vec<(u64, u64, u64)> {
        Reader::new("older.jsonl", text.as_bytes())
            .filter_map(|record| match record.unwrap().entry.data {
                Data::Receipt(it) => Some((it.host_calls, it.disk, it.open_files)),
                _ => None,
            })
            .collect()
    };
    assert_eq!(receipts(&older), [(2, 0, 0)]);
    assert_eq!(receipts(GOLDEN), [(2, 5, 1)]);
}

#[test]
fn the_summary_counts_what_is_there() {
    let (_directory, path) = place();
    whole_session(&mut create(&path));
    let summary = verify(&path).unwrap();
    assert_eq!(summary.session.id, "s-1");
    assert_eq!(summary.session.program, "ml-intern 0.1.0");
    assert_eq!(summary.session.created, "2026-01-31T12:00:00.000Z");
    assert_eq!(summary.records, 17);
    assert_eq!(summary.kinds["call_start"], 2);
    assert_eq!(summary.kinds.values().sum::<u64>(), 17);
    assert_eq!(summary.bytes, GOLDEN.len() as u64);
    assert_eq!(summary.last.to_string(), "2026-01-31T12:00:03.500Z");
    assert_eq!(summary.status, Some(0));
    assert!(GOLDEN.ends_with(&format!(",\"hash\":\"{}\"}}\n", summary.head)));
}

#[test]
fn a_session_that_was_not_ended_has_no_status() {
    let (_directory, path) = place();
    whole_session(&mut create(&path));
    let mut journal = Journal::open_at(&path, Redactor::none(), clock()).unwrap();
    journal.append(common::say("one more thing")).unwrap();
    drop(journal);
    assert_eq!(verify(&path).unwrap().status, None);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_directory, path) = place();
    let journal = Journal::create(&path, header(), Redactor::none()).unwrap();
    assert_eq!(
        journal.path().metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
}
