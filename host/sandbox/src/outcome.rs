//! How a call ended, and what it used.

use policy::{Decision, LimitExceeded};
use serde::{Deserialize, Serialize};

/// One part of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text for the model.
    Text(String),
    /// A picture.
    Image {
        /// Media type.
        mime: String,
        /// The file.
        bytes: Vec<u8>,
        /// What it shows.
        alt: String,
    },
    /// A pointer to something elsewhere.
    Link {
        /// Where.
        uri: String,
        /// Media type, where known.
        mime: Option<String>,
        /// What to call it.
        title: String,
    },
}

/// What a call gave back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Output {
    /// For the model, in order.
    pub content: Vec<Content>,
    /// For programs.
    pub structured: Option<serde_json::Value>,
}

/// One argument that a tool cannot take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgumentError {
    /// JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What would have been right.
    pub expected: String,
}

/// Why a call gave no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The arguments do not fit.
    #[error("invalid arguments: {}", .0.iter().map(|e| format!("{}: expected {}", if e.pointer.is_empty() { "/" } else { &e.pointer }, e.expected)).collect::<Vec<_>>().join("; "))]
    InvalidArguments(Vec<ArgumentError>),
    /// Not granted.
    #[error("denied: {capability} (rule: {rule}). {remedy}")]
    Denied {
        /// What was tried.
        capability: String,
        /// The rule that decided.
        rule: String,
        /// What would allow it.
        remedy: String,
    },
    /// A service failed; it may pass.
    #[error("{message}")]
    Upstream {
        /// Its HTTP status.
        status: Option<u16>,
        /// Seconds it asked to wait.
        retry_after: Option<u32>,
        /// What it said.
        message: String,
    },
    /// The tool says no.
    #[error("{0}")]
    Failed(String),
    /// A limit stopped it.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// The guest broke down.
    #[error("the tool crashed: {0}")]
    Trapped(String),
    /// The call was cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// What a call used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// Fuel units; `None` where the engine does not count them.
    pub fuel: Option<u64>,
    /// The most linear memory, in bytes, of the tool and of any program it ran.
    pub peak_memory: u64,
    /// Wall clock, in microseconds.
    pub wall_us: u64,
    /// Bytes of arguments, and of what host calls gave it.
    pub bytes_in: u64,
    /// Bytes of the result, and of what it handed to host calls.
    pub bytes_out: u64,
    /// Calls of the contract's interfaces, and requests.
    pub host_calls: u64,
    /// Bytes written to files.
    pub disk: u64,
    /// The most files and directories open at one time.
    pub open_files: u64,
}

/// The whole of what a call came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its result.
    pub result: Result<Output, Failure>,
    /// What it used.
    pub receipt: Receipt,
    /// What the guest tried and was refused, also where it went on without.
    pub denials: Vec<Decision>,
}
