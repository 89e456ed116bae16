//! A way to people: one trait, and why a message did not arrive.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use journal::Timestamp;
use policy::Decision;

use crate::message::Message;

/// A message on its way.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The same each time that this message is sent to this destination, and for no other.
    pub id: &'a str,
    /// When it was written.
    pub created: Timestamp,
    /// The destination's name.
    pub destination: &'a str,
    /// What is sent.
    pub message: &'a Message,
}

/// Why a message did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It may arrive later.
    Passing {
        /// What happened.
        why: String,
        /// The wait that the service asked for.
        after: Option<Duration>,
    },
    /// It would not arrive later either.
    Lasting(String),
    /// Not granted.
    Denied(Box<Decision>),
}

impl Fault {
    /// A fault that may pass, with no wait named.
    pub(crate) fn passing(why: impl fmt::Display) -> Fault {
        Fault::Passing {
            why: why.to_string(),
            after: None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Passing { why, .. } | Fault::Lasting(why) => f.write_str(why),
            Fault::Denied(denial) => write!(
                f,
                "{} is denied by {}: {}",
                denial.subject, denial.rule, denial.remedy
            ),
        }
    }
}

/// A way to people.
#[async_trait]
pub trait Gateway: Send + Sync + fmt::Debug {
    /// The name of the service: `slack`, `webhook`.
    fn provider(&self) -> &'static str;

    /// Whether the policy lets it send at all.
    ///
    /// # Errors
    ///
    /// The decision that refuses it.
    fn may_send(&self) -> Result<(), Decision>;

    /// Sends a message, once. Gives the service's own id of it, where it has one.
    ///
    /// # Errors
    ///
    /// Why it did not arrive, or may not have arrived.
    async fn send(&self, letter: Letter<'_>) -> Result<Option<String>, Fault>;
}
