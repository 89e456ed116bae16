//! What a call does to the world.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a call does to the world, in the order in which policies get stricter about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Reads; changes nothing anywhere.
    Observe,
    /// Changes files of the staged workspace.
    Write,
    /// Runs code that the plugin did not ship.
    Execute,
    /// Tells a person or a service something.
    Notify,
    /// Makes something visible or durable outside this machine.
    Publish,
    /// Removes or overwrites something outside the staged workspace.
    Destroy,
    /// Costs money.
    Spend,
    /// The plugin declares nothing: a component without a manifest. Not a word of the contract; the host gives it to
    /// operations whose list of effects is empty.
    Undeclared,
}

impl Effect {
    /// Every effect, in order.
    pub const ALL: [Effect; 8] = [
        Effect::Observe,
        Effect::Write,
        Effect::Execute,
        Effect::Notify,
        Effect::Publish,
        Effect::Destroy,
        Effect::Spend,
        Effect::Undeclared,
    ];

    /// The word used in policies, journals and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Effect::Observe => "observe",
            Effect::Write => "write",
            Effect::Execute => "execute",
            Effect::Notify => "notify",
            Effect::Publish => "publish",
            Effect::Destroy => "destroy",
            Effect::Spend => "spend",
            Effect::Undeclared => "undeclared",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown effect `{0}`; expected observe, write, execute, notify, publish, destroy, spend or undeclared"
)]
pub struct UnknownEffect(pub String);

impl FromStr for Effect {
    type Err = UnknownEffect;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Effect::ALL
            .into_iter()
            .find(|effect| effect.as_str() == word)
            .ok_or_else(|| UnknownEffect(word.to_owned()))
    }
}
