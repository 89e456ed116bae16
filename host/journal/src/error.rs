//! What can be wrong with a journal.

use std::io;
use std::path::PathBuf;

use crate::{CallId, Digest, MAX_LINE};

/// A line that is not the record it should be.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {fault}", path.display())]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is not a file: a directory, a pipe, a device.
    #[error("not a regular file")]
    NotAFile,
    /// There is no line at all.
    #[error("the file is empty; expected a session record")]
    Empty,
    /// It is the rest of a write that was cut short.
    #[error("incomplete: {bytes} bytes without a newline after them; a write was cut short here")]
    Torn {
        /// How much of it is there.
        bytes: u64,
    },
    /// It is longer than any record.
    #[error("longer than {MAX_LINE} bytes, which is the most that a record can have")]
    TooLong,
    /// It has no hash where the hash should be.
    #[error("no hash; expected the line to end in `,\"hash\":\"<64 hexadecimal digits>\"}}`")]
    NoHash,
    /// Its bytes are not those that were written.
    #[error("hash mismatch: the line says {written}, its bytes give {computed}")]
    Hash {
        /// What the line says.
        written: Digest,
        /// What its bytes give.
        computed: Digest,
    },
    /// It is not JSON with the keys of a record.
    #[error("not a record: {0}")]
    Record(serde_json::Error),
    /// A record before it is missing, or it stands at the wrong place.
    #[error("sequence mismatch: expected seq {expected}, found {found}")]
    Seq {
        /// The number after that of the line before.
        expected: u64,
        /// The line's own.
        found: u64,
    },
    /// It does not follow the line before.
    #[error("chain mismatch: expected prev {expected}, found {found}")]
    Prev {
        /// The hash of the line before.
        expected: Digest,
        /// What the line says.
        found: Digest,
    },
    /// Its kind is not one of the format's.
    #[error("unknown kind `{0}`")]
    Kind(String),
    /// Its data is not that of its kind.
    #[error("data of kind `{kind}`: {source}")]
    Data {
        /// The kind.
        kind: String,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// The first record is of another kind.
    #[error("the first record is of kind `{found}`; expected `session`")]
    FirstKind {
        /// The kind.
        found: &'static str,
    },
    /// A later record is of that kind, too.
    #[error("a second `session` record")]
    SecondSession,
    /// The file was written by another version of the format.
    #[error("format {found}; this program reads format {expected}")]
    Format {
        /// The file's.
        found: u32,
        /// Ours.
        expected: u32,
    },
    /// It tells of a call, and does not say which.
    #[error("kind `{kind}` without a call")]
    NoCall {
        /// The kind.
        kind: &'static str,
    },
}

/// Why a journal could not be made, opened or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// There is a file already.
    #[error("{}: already exists; a new journal needs a name of its own", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else writes to it.
    #[error("{}: locked: another process is writing to this journal", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It is broken. Nothing was changed.
    #[error(transparent)]
    Broken(#[from] ReadError),
    /// An earlier write failed in a way that leaves open what is on the disk.
    #[error("{}: an earlier write failed; open the journal again to go on", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
    },
    /// A session record is written when a journal is made, and at no other time.
    #[error("a `session` record can only be the first")]
    SecondSession,
    /// A record of this kind means nothing without a call.
    #[error("a `{kind}` record needs a call")]
    NoCall {
        /// The kind.
        kind: &'static str,
    },
    /// Every call that can be named has been.
    #[error("no more call ids; the last is c{max}", max = CallId::MAX)]
    NoMoreCalls,
    /// The record is too long to be read back.
    #[error("a `{kind}` record of {bytes} bytes; a record can have {limit}")]
    TooLong {
        /// The kind.
        kind: &'static str,
        /// Its length.
        bytes: usize,
        /// The most.
        limit: usize,
    },
    /// Its free-form part is nested too deeply to be read back.
    #[error("a `{kind}` record with JSON nested deeper than {limit} levels")]
    TooDeep {
        /// The kind.
        kind: &'static str,
        /// The most.
        limit: usize,
    },
    /// It cannot be written as JSON.
    #[error("a `{kind}` record cannot be written as JSON: {source}")]
    Encode {
        /// The kind.
        kind: &'static str,
        /// Why.
        source: serde_json::Error,
    },
}
