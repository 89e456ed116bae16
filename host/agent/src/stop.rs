//! Why a turn ends before the model ends it.

use journal::JournalError;
use policy::{LimitExceeded, LimitName};

use crate::budget::Crossing;
use crate::{MicroUsd, ModelError, Outcome, ServiceError};

/// Why a turn ends before the model ends it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("interrupted")]
    Interrupted,
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Limit(LimitExceeded),
    #[error(
        "the cost cap of {cap} cannot be kept: the price of {model} is unknown; give its price in a models.toml, choose a \
         model with a known price, or take the cap away"
    )]
    UnknownCost { cap: MicroUsd, model: String },
    /// A person was asked how much may be spent, and said that it is enough.
    #[error("stopped: {spent} were spent, and a person said that it is enough")]
    Enough { spent: MicroUsd },
    #[error(
        "the conversation cannot be made to fit into the model's context: {needed} tokens are needed, and {window} are \
         there; choose a model with a larger context, offer fewer tools, or begin a new session"
    )]
    Full { needed: u64, window: u64 },
    #[error("the model repeats itself, and went on after it was told: {0}")]
    Stuck(String),
    #[error("what the files are cannot be kept, so the turn does not begin: {0}")]
    Checkpoint(ServiceError),
    #[error("the journal cannot be written, so nothing more is done: {0}")]
    Journal(#[from] JournalError),
}

impl Stop {
    pub(crate) fn of(crossing: Crossing, model: &str) -> Stop {
        match crossing {
            Crossing::UnknownPrice { cap } => Stop::UnknownCost {
                cap,
                model: model.to_owned(),
            },
            Crossing::Limit {
                limit,
                allowed,
                used,
                next,
            } => Stop::Limit(LimitExceeded {
                limit,
                allowed,
                requested: used.saturating_add(next),
            }),
        }
    }

    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Stop::Interrupted => Outcome::Interrupted,
            Stop::Model(ModelError::Denied(decision)) => Outcome::Denied((&decision).into()),
            Stop::Limit(exceeded) => Outcome::Limit(exceeded),
            Stop::Enough { spent } => Outcome::Limit(LimitExceeded {
                limit: LimitName::Cost,
                allowed: spent.0,
                requested: spent.0.saturating_add(1),
            }),
            Stop::UnknownCost { .. } => Outcome::UnknownCost {
                error: self.to_string(),
            },
            Stop::Stuck(_) => Outcome::Stuck {
                error: self.to_string(),
            },
            Stop::Model(_) | Stop::Full { .. } | Stop::Checkpoint(_) | Stop::Journal(_) => {
                Outcome::Failed {
                    error: self.to_string(),
                }
            }
        }
    }
}
