//! The append-only, hash-chained record of a session.
//!
//! # The format (version 1)
//!
//! A journal is a UTF-8 file of JSON Lines: one record, one line, each closed by a single `\n`. Keys stand in this
//! order, without spaces between them; `call` and `parent` are left out where there is none:
//!
//! ```text
//! {"seq":7,"at":"2026-01-31T12:00:00.250Z","kind":"call_start","call":"c3","parent":"c1","data":{…},"prev":"<64 hex>","hash":"<64 hex>"}
//! ```
//!
//! | key | meaning |
//! | --- | --- |
//! | `seq` | the record's number: 0, 1, 2 … without a gap |
//! | `at` | when it was appended, RFC 3339, UTC, milliseconds; clocks can be set, so it may go backwards |
//! | `kind` | what it tells; see [`Data`] for the list, and for what is in `data` |
//! | `call` | the tool call that it belongs to: `c1`, `c2` … in the order of their allocation |
//! | `parent` | the call that this one was made by, where a tool called a tool |
//! | `data` | an object; its fields depend on the kind |
//! | `prev` | the `hash` of the line before, and 64 zeros in the first line |
//! | `hash` | SHA-256, in lower-case hex, of **the line's bytes from its `{` up to, and without, `,"hash":`** |
//!
//! Because `prev` is among the bytes that are hashed, each hash vouches for everything before it. The tail
//! `,"hash":"<64 hex>"}` and the newline are always 76 bytes, so any tool can check a line, for example the last one:
//!
//! ```text
//! tail -n 1 journal.jsonl | head -c -76 | sha256sum
//! ```
//!
//! The first record, and no other, is of kind `session`; it holds the format's version. What follows the last `\n` is
//! not a record: it is the torn rest of a write that a crash cut short.
//!
//! A chain shows that nothing *inside* was changed, removed or reordered. It cannot show that whole records were cut off
//! its end, or that everything was written anew: for that, keep the last hash ([`Summary::head`]) somewhere else.
//!
//! # What a crash can lose
//!
//! Nothing is held back in the process: [`Journal::append`] returns when the operating system has the record, so a crash
//! of the process loses nothing. A crash of the machine can lose what came after the last synced record; [`Sync`]
//! says which kinds are synced before `append` returns.

mod call;
mod chain;
mod digest;
mod encodings;
mod entry;
mod error;
mod journal;
mod reader;
mod redact;
mod sync;
mod time;
mod verify;

pub use call::{CallId, InvalidCallId};
pub use chain::{FORMAT, MAX_DEPTH, MAX_LINE, Record};
pub use digest::{Digest, InvalidDigest};
pub use entry::{
    CallCancelled, CallDelivered, CallEnd, CallStart, Change, Data, Decision, End, Entry, Event,
    FileChange, HostCall, ModelRequest, ModelTurn, Policy, Receipt, Session, StateWrite, ToolCall,
    Usage, UserInput, Workspace,
};
pub use error::{Fault, JournalError, ReadError};
pub use journal::{Clock, Header, Journal, Position, Repair};
pub use reader::Reader;
pub use redact::{Redactor, RedactorError, Secret};
pub use sync::Sync;
pub use time::{InvalidTimestamp, Timestamp};
pub use verify::{Summary, VerifyError, verify};
