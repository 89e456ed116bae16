//! No bytes make the journal's reader panic, and nothing follows an error.
//!
//! The bytes are read as they are, and once more as lines whose `prev` and `hash` are computed here: behind a hash that
//! does not match, the reader looks at nothing else.

#![no_main]

use journal::{Digest, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    read(&chained(bytes));
});

fn read(journal: &[u8]) {
    let mut reader = Reader::new("fuzz", journal);
    let failed = reader.by_ref().any(|record| record.is_err());
    assert!(failed || reader.bytes() == journal.len() as u64);
    assert!(reader.next().is_none());
}

fn chained(bytes: &[u8]) -> Vec<u8> {
    let mut journal = Vec::new();
    let mut prev = Digest::ZERO;
    for line in bytes.split(|byte| *byte == b'\n') {
        let start = journal.len();
        journal.extend_from_slice(line);
        journal.extend_from_slice(format!(",\"prev\":\"{prev}\"").as_bytes());
        prev = Digest::of(&journal[start..]);
        journal.extend_from_slice(format!(",\"hash\":\"{prev}\"}}\n").as_bytes());
    }
    journal
}
