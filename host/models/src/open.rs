//! From a model's id to the model.

use agent::Model;

use crate::{Script, ScriptError};

/// The ids that this build knows, for messages.
const KNOWN: &str = "`scripted/<path of a JSON Lines script>`";

/// Why there is no model for an id.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No provider has such ids.
    #[error("no provider for the model id `{id}`; this build has {KNOWN}")]
    Unknown {
        /// The id.
        id: String,
    },
    /// The script cannot be played.
    #[error(transparent)]
    Script(#[from] ScriptError),
}

/// Finds the provider that an id names, and the model with it.
///
/// # Errors
///
/// When no provider has such ids, or the provider cannot use it.
pub fn open(id: &str) -> Result<Box<dyn Model>, OpenError> {
    match id.split_once('/') {
        Some(("scripted", path)) if !path.is_empty() => Ok(Box::new(Script::open(path)?)),
        _ => Err(OpenError::Unknown { id: id.to_owned() }),
    }
}
