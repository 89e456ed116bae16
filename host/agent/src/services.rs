//! What a session may have around it, besides what it cannot do without. Each is implemented elsewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use journal::{CallId, Journal};

use crate::{ByLength, Estimator, Model};

/// Keeps what the files were, so that a turn can be undone as a whole.
#[async_trait]
pub trait Checkpoints: Send + Sync {
    /// Keeps what the files are now, and gives it a name.
    ///
    /// # Errors
    ///
    /// When it cannot; then the turn does not begin.
    async fn checkpoint(&self, label: &str) -> Result<String, ServiceError>;

    /// Makes the files what they were. Doing so twice comes to the same.
    ///
    /// # Errors
    ///
    /// When it cannot; then the turn is not undone.
    async fn restore(&self, id: &str) -> Result<(), ServiceError>;
}

/// Keeps outputs that are too long for the model where its tools can read them.
#[async_trait]
pub trait Spill: Send + Sync {
    /// Keeps a text, and gives its path as tools see it.
    ///
    /// # Errors
    ///
    /// When it cannot; then the model is told that the rest is in the journal alone.
    async fn keep(&self, call: CallId, tool: &str, text: &str) -> Result<String, ServiceError>;
}

/// Where sessions are kept. What it gives is locked for this process.
pub trait Sessions: Send + Sync {
    /// The journal of a new session. Whatever every journal of this installation begins with, such as the policy, is in
    /// it already.
    ///
    /// # Errors
    ///
    /// When there can be none.
    fn create(&self) -> Result<Journal, ServiceError>;

    /// The journal of an earlier session, by whatever names one: a path, an id.
    ///
    /// # Errors
    ///
    /// When there is none, it is broken, or in use.
    fn open(&self, name: &str) -> Result<Journal, ServiceError>;
}

/// What plugins keep in a session: by plugin, then by key; the values are JSON.
pub type PluginStores = BTreeMap<String, BTreeMap<String, String>>;

/// Keeps what plugins keep.
pub trait Stores: Send + Sync {
    /// What the stores are from now on: a turn was undone, or another session is gone on with.
    fn replace(&self, stores: PluginStores);
}

/// Something that people want to hear of who do not watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice<'a> {
    /// Somebody is asked.
    ApprovalRequired {
        /// About how many things.
        count: usize,
        /// About which tools.
        tools: &'a [String],
    },
    /// A turn could not go on.
    Error {
        /// Why.
        error: &'a str,
    },
    /// A turn is over.
    TurnComplete {
        /// The model's last words.
        response: &'a str,
    },
}

impl Notice<'_> {
    /// Its name in configurations.
    #[must_use]
    pub const fn event_type(&self) -> &'static str {
        match self {
            Notice::ApprovalRequired { .. } => "approval_required",
            Notice::Error { .. } => "error",
            Notice::TurnComplete { .. } => "turn_complete",
        }
    }
}

/// Tells people who do not watch.
pub trait Notifier: Send + Sync {
    /// Takes note, and returns at once: whatever takes time is done elsewhere.
    fn tell(&self, notice: Notice<'_>);
}

/// Why a service did not do what it was asked for, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ServiceError(pub String);

/// What a session may have around it. What is absent is not done: without checkpoints an undo leaves files alone.
#[derive(Clone)]
pub struct Services {
    /// Keeps what the files were.
    pub checkpoints: Option<Arc<dyn Checkpoints>>,
    /// Keeps long outputs.
    pub spill: Option<Arc<dyn Spill>>,
    /// Keeps sessions.
    pub sessions: Option<Arc<dyn Sessions>>,
    /// Keeps what plugins keep.
    pub stores: Option<Arc<dyn Stores>>,
    /// Tells people.
    pub notifier: Option<Arc<dyn Notifier>>,
    /// Guesses numbers of tokens.
    pub estimator: Arc<dyn Estimator>,
    /// The model of nested agents; the session's own where there is none.
    pub nested_model: Option<Arc<dyn Model>>,
}

impl Default for Services {
    fn default() -> Services {
        Services {
            checkpoints: None,
            spill: None,
            sessions: None,
            stores: None,
            notifier: None,
            estimator: Arc::new(ByLength),
            nested_model: None,
        }
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services")
            .field("checkpoints", &self.checkpoints.is_some())
            .field("spill", &self.spill.is_some())
            .field("sessions", &self.sessions.is_some())
            .field("stores", &self.stores.is_some())
            .field("notifier", &self.notifier.is_some())
            .finish_non_exhaustive()
    }
}
