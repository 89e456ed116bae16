//! How a line is made, and how it is checked: the two sides of the format that the crate's documentation describes.

use std::io::Write as _;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::entry::DataError;
use crate::{CallId, Data, Digest, Entry, Fault, JournalError, Redactor, Timestamp};

/// The version of the format that this crate writes, and the only one it reads.
pub const FORMAT: u32 = 1;

/// The most bytes that a line can have, its newline not counted.
pub const MAX_LINE: usize = 64 << 20;

/// The deepest nesting of a record's free-form JSON. JSON readers stop at some depth, ours at 128 levels: what could not
/// be read back is not written.
pub const MAX_DEPTH: usize = 100;

/// One record, as it was read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number, from 0.
    pub seq: u64,
    /// When it was appended.
    pub at: Timestamp,
    /// What it tells. Known secrets are redacted.
    pub entry: Entry,
    /// Its hash, which vouches for every record before it too.
    pub hash: Digest,
}

/// The end of a chain: what the next line must continue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain {
    /// The next record's number.
    pub(crate) next: u64,
    /// The last record's hash.
    pub(crate) head: Digest,
}

/// A line's tail: `,"hash":"` + 64 digits + `"}`.
const HASH_KEY: &[u8] = br#","hash":""#;
const HASH_TAIL: usize = HASH_KEY.len() + 64 + 2;

/// A line as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    seq: u64,
    at: Timestamp,
    kind: String,
    #[serde(default)]
    call: Option<CallId>,
    #[serde(default)]
    parent: Option<CallId>,
    #[serde(borrow)]
    data: &'a RawValue,
    prev: Digest,
    hash: Digest,
}

impl Chain {
    pub(crate) const EMPTY: Chain = Chain {
        next: 0,
        head: Digest::ZERO,
    };

    /// Appends the entry's line, newline included, and moves on to it. On an error, `out` is as long as it was.
    pub(crate) fn write(
        &mut self,
        entry: &Entry,
        at: Timestamp,
        redactor: &Redactor,
        out: &mut Vec<u8>,
    ) -> Result<(), JournalError> {
        let start = out.len();
        let written = self.write_line(entry, at, redactor, out);
        if written.is_err() {
            out.truncate(start);
        }
        written
    }

    fn write_line(
        &mut self,
        entry: &Entry,
        at: Timestamp,
        redactor: &Redactor,
        out: &mut Vec<u8>,
    ) -> Result<(), JournalError> {
        let kind = entry.data.kind();
        if entry.data.needs_call() && entry.call.is_none() {
            return Err(JournalError::NoCall { kind });
        }
        if entry
            .call
            .max(entry.parent)
            .is_some_and(|call| call.number() > CallId::MAX)
        {
            return Err(JournalError::NoMoreCalls);
        }
        if entry
            .data
            .free_form()
            .is_some_and(|value| !fits(value, MAX_DEPTH))
        {
            return Err(JournalError::TooDeep {
                kind,
                limit: MAX_DEPTH,
            });
        }
        let encode = |source| JournalError::Encode { kind, source };
        let io = |source| encode(serde_json::Error::io(source));

        let start = out.len();
        write!(out, r#"{{"seq":{},"at":"{at}","kind":"{kind}""#, self.next).map_err(io)?;
        if let Some(call) = entry.call {
            write!(out, r#","call":"{call}""#).map_err(io)?;
        }
        if let Some(parent) = entry.parent {
            write!(out, r#","parent":"{parent}""#).map_err(io)?;
        }
        out.extend_from_slice(br#","data":"#);
        let data = out.len();
        entry.data.write(out).map_err(encode)?;
        redactor.redact_json(out, data).map_err(encode)?;
        out.extend_from_slice(br#","prev":""#);
        out.extend_from_slice(&self.head.to_hex());
        out.push(b'"');

        let hash = Digest::of(out.get(start..).unwrap_or_default());
        out.extend_from_slice(HASH_KEY);
        out.extend_from_slice(&hash.to_hex());
        out.extend_from_slice(b"\"}");
        let bytes = out.len() - start;
        if bytes > MAX_LINE {
            return Err(JournalError::TooLong {
                kind,
                bytes,
                limit: MAX_LINE,
            });
        }
        out.push(b'\n');
        *self = Chain {
            next: self.next + 1,
            head: hash,
        };
        Ok(())
    }

    /// Checks a line, without its newline, and moves on to it.
    ///
    /// The hash comes first: of a line whose bytes are not those that were written, nothing else is worth saying.
    pub(crate) fn read(&mut self, line: &[u8]) -> Result<Record, Fault> {
        let (body, written) = split_hash(line).ok_or(Fault::NoHash)?;
        let computed = Digest::of(body);
        if written != computed {
            return Err(Fault::Hash { written, computed });
        }
        let line: Line<'_> = serde_json::from_slice(line).map_err(Fault::Record)?;
        if line.seq != self.next {
            return Err(Fault::Seq {
                expected: self.next,
                found: line.seq,
            });
        }
        if line.prev != self.head {
            return Err(Fault::Prev {
                expected: self.head,
                found: line.prev,
            });
        }
        let data = Data::read(&line.kind, line.data.get()).map_err(|error| match error {
            DataError::Kind => Fault::Kind(line.kind.clone()),
            DataError::Shape(source) => Fault::Data {
                kind: line.kind.clone(),
                source,
            },
        })?;
        match &data {
            Data::Session(session) if line.seq == 0 && session.format == FORMAT => {}
            Data::Session(session) if line.seq == 0 => {
                return Err(Fault::Format {
                    found: session.format,
                    expected: FORMAT,
                });
            }
            Data::Session(_) => return Err(Fault::SecondSession),
            other if line.seq == 0 => {
                return Err(Fault::FirstKind {
                    found: other.kind(),
                });
            }
            other if other.needs_call() && line.call.is_none() => {
                return Err(Fault::NoCall { kind: other.kind() });
            }
            _ => {}
        }
        *self = Chain {
            next: self.next + 1,
            head: line.hash,
        };
        let entry = Entry {
            call: line.call,
            parent: line.parent,
            data,
        };
        Ok(Record {
            seq: line.seq,
            at: line.at,
            entry,
            hash: line.hash,
        })
    }
}

/// The bytes that are hashed, and the hash that is written behind them.
fn split_hash(line: &[u8]) -> Option<(&[u8], Digest)> {
    let (body, tail) = line.split_at_checked(line.len().checked_sub(HASH_TAIL)?)?;
    let hex = tail.strip_prefix(HASH_KEY)?.strip_suffix(b"\"}")?;
    Some((body, Digest::from_hex(hex)?))
}

/// Whether the value is nested at most this deeply: a scalar is 0 levels deep, `[]` is 1.
fn fits(value: &Value, levels: usize) -> bool {
    match (value, levels.checked_sub(1)) {
        (Value::Array(items), Some(rest)) => items.iter().all(|item| fits(item, rest)),
        (Value::Object(fields), Some(rest)) => fields.values().all(|field| fits(field, rest)),
        (Value::Array(_) | Value::Object(_), None) => false,
        _ => true,
    }
}
