//! Failures, made in one expression.

use std::fmt::Display;

use crate::bindings::ml_intern::plugin::calls::Denial as Refused;
use crate::{ArgumentError, Denial, Failure, agents, models, notify};

impl Failure {
    /// A plain failure: one clear sentence or more, for the model.
    #[must_use]
    pub fn failed(message: impl Display) -> Self {
        Self::Failed(message.to_string())
    }

    /// One argument that the tool cannot take: where (a JSON Pointer, RFC 6901), and what would have been right.
    #[must_use]
    pub fn argument(pointer: &str, expected: impl Display) -> Self {
        Self::InvalidArguments(vec![ArgumentError {
            pointer: pointer.to_owned(),
            expected: expected.to_string(),
        }])
    }
}

/// The contract has one denial; the bindings have one for what a plugin imports and one for what it exports.
impl From<Refused> for Failure {
    fn from(
        Refused {
            capability,
            rule,
            remedy,
        }: Refused,
    ) -> Self {
        Self::Denied(Denial {
            capability,
            rule,
            remedy,
        })
    }
}

impl From<agents::Error> for Failure {
    fn from(error: agents::Error) -> Self {
        match error {
            agents::Error::Denied(denial) => denial.into(),
            agents::Error::Budget(message) | agents::Error::Failed(message) => {
                Self::Failed(message)
            }
        }
    }
}

impl From<models::Error> for Failure {
    fn from(error: models::Error) -> Self {
        match error {
            models::Error::Denied(denial) => denial.into(),
            models::Error::Budget(message) | models::Error::Failed(message) => {
                Self::Failed(message)
            }
        }
    }
}

impl From<notify::Error> for Failure {
    fn from(error: notify::Error) -> Self {
        match error {
            notify::Error::Denied(denial) => denial.into(),
            notify::Error::UnknownDestination(known) if known.is_empty() => {
                Self::failed("there is no destination that the agent may use")
            }
            notify::Error::UnknownDestination(known) => Self::failed(format!(
                "no such destination; the agent may use: {}",
                known.join(", ")
            )),
            notify::Error::Failed(message) => Self::Failed(message),
        }
    }
}
