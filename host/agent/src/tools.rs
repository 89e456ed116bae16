//! What the loop asks of the tools.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use journal::CallId;
use policy::{Decision, Effect, LimitExceeded, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{MicroUsd, Part, ToolSpec};

/// The tools of a session. A call takes two steps, so that what was decided about it is on record before it runs.
#[async_trait]
pub trait Tools: Send + Sync {
    /// The tools that the model is offered.
    fn specs(&self) -> Vec<ToolSpec>;

    /// Finds the operation that a call asks for and decides about it. Runs nothing.
    ///
    /// # Errors
    ///
    /// When the arguments name no operation. A call that the policy denies is not an error here: its decision says so.
    fn prepare(&self, tool: &str, arguments: &Value) -> Result<Prepared, ToolFailure>;

    /// Finds out what a call that spends money would cost, before anybody is asked about it. It counts against the
    /// session's bound of dollars; a call whose price is not known is asked about under such a bound. None where the
    /// operation has no way to tell.
    ///
    /// # Errors
    ///
    /// Where the call could not be made as it is: the model is told, and nobody is asked.
    async fn quote(
        &self,
        prepared: &Prepared,
        context: &CallContext,
    ) -> Result<Option<Quote>, ToolFailure> {
        let _ = (prepared, context);
        Ok(None)
    }

    /// Runs a call that was allowed or approved. Ends soon after `context.cancel` is cancelled, and then says
    /// [`ToolFailure::Cancelled`]; if it does not, the future is dropped.
    async fn run(
        &self,
        prepared: Prepared,
        approval: Approval,
        context: CallContext,
    ) -> ToolOutcome;
}

/// What a call is said to cost, beforehand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quote {
    /// At most; none where that is not known.
    pub cost: Option<MicroUsd>,
    /// What a person should know who is asked: names and values, in order.
    pub rows: Vec<(String, String)>,
}

/// A call that has been decided about.
pub struct Prepared {
    /// The plugin that would run it.
    pub plugin: String,
    /// The tool.
    pub tool: String,
    /// Its operation.
    pub operation: String,
    /// What the operation declares to do.
    pub effects: Vec<Effect>,
    /// What it would work on, in words, for the person who is asked: a path, a repository, a command.
    pub target: String,
    /// The decision that counts: the strictest one.
    pub decision: Decision,
    /// Every decision that was made, the one that counts among them.
    pub decisions: Vec<Decision>,
    /// What the implementation needs to run it. The loop never looks inside.
    pub token: Box<dyn Any + Send + Sync>,
}

impl Prepared {
    /// May it run?
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.decision.verdict
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("plugin", &self.plugin)
            .field("tool", &self.tool)
            .field("operation", &self.operation)
            .field("target", &self.target)
            .field("decision", &self.decision)
            .finish_non_exhaustive()
    }
}

/// Why a call may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// The policy allows it.
    Policy,
    /// The policy asks, and a person said yes.
    Person,
}

/// What a running call has around it.
#[derive(Clone)]
pub struct CallContext {
    /// The session's id of the call. Everything that is done on its behalf carries it.
    pub call_id: CallId,
    /// Cancelled when the turn is interrupted.
    pub cancel: CancellationToken,
    /// What a person sees while it runs.
    pub progress: Arc<dyn Progress>,
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("call_id", &self.call_id)
            .finish_non_exhaustive()
    }
}

/// What a person sees while a call runs.
pub trait Progress: Send + Sync {
    /// One line for the log of this call.
    fn log(&self, line: &str);
    /// How far it has come: done and total in the same unit; no total where it is not known.
    fn report(&self, done: u64, total: Option<u64>, unit: &str);
    /// What it is doing now, in a word or two.
    fn status(&self, status: &str);
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutcome {
    /// The result.
    pub result: Result<ToolOutput, ToolFailure>,
    /// What it used.
    pub receipt: Receipt,
    /// What it tried and was refused, also where it went on without.
    pub denials: Vec<Denial>,
}

/// What a call gives back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolOutput {
    /// For the model, in order.
    pub content: Vec<Part>,
    /// JSON for programs, where the text is for the model.
    pub structured: Option<Value>,
}

/// What a call used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Fuel units: about one for each WebAssembly instruction. None where the call was not metered.
    pub fuel: Option<u64>,
    /// The most linear memory it held at one time, in bytes.
    pub peak_memory: u64,
    /// Wall clock, in microseconds.
    pub wall_us: u64,
    /// Bytes it was given: arguments, files read, responses.
    pub bytes_in: u64,
    /// Bytes it gave: results, logs, files written, requests.
    pub bytes_out: u64,
    /// Calls of the host.
    pub host_calls: u64,
    /// Bytes it wrote to files.
    pub disk: u64,
    /// The most files and directories it had open at one time.
    pub open_files: u64,
}

/// One argument that a tool cannot take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgumentError {
    /// Where in the arguments: a JSON Pointer (RFC 6901); empty for the whole.
    pub pointer: String,
    /// What would have been right.
    pub expected: String,
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => write!(f, "expected {}", self.expected),
            pointer => write!(f, "at {pointer}: expected {}", self.expected),
        }
    }
}

/// A capability that a call does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// What was tried, for example `http GET https://example.com:443/`.
    pub capability: String,
    /// The rule that decided.
    pub rule: String,
    /// What a person would have to change to allow it.
    pub remedy: String,
}

impl From<&Decision> for Denial {
    fn from(decision: &Decision) -> Denial {
        Denial {
            capability: decision.subject.clone(),
            rule: decision.rule.clone(),
            remedy: decision.remedy.clone(),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "denied: {} (rule: {})", self.capability, self.rule)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Why a call gave no result. Its words are what the model reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToolFailure {
    /// The arguments do not fit; the model can correct them.
    #[error("invalid arguments: {}", listed(errors))]
    InvalidArguments {
        /// What is wrong with them.
        errors: Vec<ArgumentError>,
    },
    /// Not granted, before the call or in the midst of it.
    #[error("{0}")]
    Denied(Denial),
    /// A service failed; trying later may help.
    #[error("the service failed{}: {message}", said(*.status, *.retry_after))]
    Upstream {
        /// Its HTTP status, where there was one.
        status: Option<u16>,
        /// Seconds that it asked to wait.
        retry_after: Option<u32>,
        /// What it said.
        message: String,
    },
    /// Anything else.
    #[error("{message}")]
    Failed {
        /// What went wrong, in one clear sentence or more.
        message: String,
    },
    /// A limit stopped it.
    #[error("{0}")]
    Limit(LimitExceeded),
    /// The arguments were no JSON. It was not run.
    #[error("{message}")]
    Malformed {
        /// What was wrong with them.
        message: String,
    },
    /// A person said no. It was not run.
    #[error("rejected by the user{}", feedback.as_ref().map_or_else(String::new, |words| format!(". User feedback: {words}")))]
    Rejected {
        /// What they said besides.
        feedback: Option<String>,
    },
    /// A person was asked, and went on with something else. It was not run.
    #[error("not executed: the user continued without approving this call")]
    Abandoned,
    /// The turn was interrupted.
    #[error("cancelled: the user interrupted the turn")]
    Cancelled,
}

impl ToolFailure {
    /// One word for it, as in its JSON.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            ToolFailure::InvalidArguments { .. } => "invalid_arguments",
            ToolFailure::Denied(_) => "denied",
            ToolFailure::Upstream { .. } => "upstream",
            ToolFailure::Failed { .. } => "failed",
            ToolFailure::Limit(_) => "limit",
            ToolFailure::Malformed { .. } => "malformed",
            ToolFailure::Rejected { .. } => "rejected",
            ToolFailure::Abandoned => "abandoned",
            ToolFailure::Cancelled => "cancelled",
        }
    }
}

fn listed(errors: &[ArgumentError]) -> String {
    errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

fn said(status: Option<u16>, retry_after: Option<u32>) -> String {
    match (status, retry_after) {
        (None, None) => String::new(),
        (Some(status), None) => format!(" (status {status})"),
        (None, Some(seconds)) => format!(" (retry after {seconds} s)"),
        (Some(status), Some(seconds)) => format!(" (status {status}, retry after {seconds} s)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::LimitName;

    #[test]
    fn every_failure_in_words() {
        let denial = |remedy: &str| {
            ToolFailure::Denied(Denial {
                capability: "http GET https://example.com:443/".into(),
                rule: "ci: no rule".into(),
                remedy: remedy.into(),
            })
        };
        let argument = |pointer: &str, expected: &str| ArgumentError {
            pointer: pointer.into(),
            expected: expected.into(),
        };
        let upstream = |status, retry_after| ToolFailure::Upstream {
            status,
            retry_after,
            message: "busy".into(),
        };
        let table = [
            (
                ToolFailure::InvalidArguments {
                    errors: vec![argument("/limit", "an integer"), argument("", "an object")],
                },
                "invalid arguments: at /limit: expected an integer; expected an object",
            ),
            (
                denial("add an http rule"),
                "denied: http GET https://example.com:443/ (rule: ci: no rule); add an http rule",
            ),
            (
                denial(""),
                "denied: http GET https://example.com:443/ (rule: ci: no rule)",
            ),
            (upstream(None, None), "the service failed: busy"),
            (
                upstream(Some(503), None),
                "the service failed (status 503): busy",
            ),
            (
                upstream(None, Some(2)),
                "the service failed (retry after 2 s): busy",
            ),
            (
                upstream(Some(429), Some(2)),
                "the service failed (status 429, retry after 2 s): busy",
            ),
            (
                ToolFailure::Failed {
                    message: "no such file: a.txt".into(),
                },
                "no such file: a.txt",
            ),
            (
                ToolFailure::Limit(LimitExceeded {
                    limit: LimitName::Deadline,
                    allowed: 1000,
                    requested: 1001,
                }),
                "limit reached: deadline (allowed 1000 ms, requested 1001)",
            ),
            (
                ToolFailure::Malformed {
                    message: "ERROR: no JSON".into(),
                },
                "ERROR: no JSON",
            ),
            (
                ToolFailure::Rejected { feedback: None },
                "rejected by the user",
            ),
            (
                ToolFailure::Rejected {
                    feedback: Some("use a smaller GPU".into()),
                },
                "rejected by the user. User feedback: use a smaller GPU",
            ),
            (
                ToolFailure::Abandoned,
                "not executed: the user continued without approving this call",
            ),
            (
                ToolFailure::Cancelled,
                "cancelled: the user interrupted the turn",
            ),
        ];
        for (failure, words) in table {
            assert_eq!(failure.to_string(), words);
            let json = serde_json::to_value(&failure).unwrap();
            assert_eq!(json["kind"], failure.kind());
            assert_eq!(
                serde_json::from_value::<ToolFailure>(json).unwrap(),
                failure
            );
        }
    }
}
