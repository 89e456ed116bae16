//! What became of a message.

use policy::Decision;
use serde::Serialize;

use crate::spool::SpoolError;

/// What became of a message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// The service has it.
    Sent {
        /// Its id there, where the service gives one.
        external_id: Option<String>,
    },
    /// It could not be delivered for now: it is kept on disk and tried again, also by later sessions.
    Queued {
        /// Why.
        why: String,
    },
}

/// Why a message was not taken, or will never arrive.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No such destination.
    #[error("there is no destination `{name}`; there {}", names(.known))]
    Unknown {
        /// The name.
        name: String,
        /// All names that there are; for the agent, those that it may use.
        known: Vec<String>,
    },
    /// Not granted: by the policy, or to the agent by the configuration.
    #[error("{} is denied by {}: {}", .0.subject, .0.rule, .0.remedy)]
    Denied(Box<Decision>),
    /// A message that cannot be sent.
    #[error("{0}")]
    Unfit(String),
    /// It could not be kept.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The service does not take it.
    #[error("{0}")]
    Failed(String),
}

fn names(names: &[String]) -> String {
    match names {
        [] => "is none that may be used".to_owned(),
        [one] => format!("is `{one}`"),
        many => format!("are `{}`", many.join("`, `")),
    }
}

/// The end of one message to one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The destination's name.
    pub destination: String,
    /// Whether it arrived.
    pub ok: bool,
    /// The service: `slack`, `webhook`.
    pub provider: String,
    /// Why it did not arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its id at the service, where that gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// Is told about every message that was delivered or given up behind the caller's back, once.
pub trait Report: Send + Sync {
    /// Takes note; must not block.
    fn delivery(&self, delivery: &Delivery);
}

impl<F: Fn(&Delivery) + Send + Sync> Report for F {
    fn delivery(&self, delivery: &Delivery) {
        self(delivery);
    }
}
