//! What is decided about: one call of one operation.

use crate::{Effect, Limits, Need, Origin};

/// One call of one operation, as its plugin declared it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRequest {
    /// The plugin's name.
    pub plugin: String,
    /// The tool's name.
    pub tool: String,
    /// The operation's name.
    pub operation: String,
    /// What it does. An operation that declares nothing has [`Effect::Undeclared`].
    pub effects: Vec<Effect>,
    /// What it asks for.
    pub needs: Vec<Need>,
    /// The bounds that it asks for.
    pub limits: Limits,
    /// The endpoints that the user configured for this principal of the host; empty for plugins.
    pub configured: Vec<Origin>,
}

impl CallRequest {
    /// `plugin/tool/operation`, as rules name it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}/{}", self.plugin, self.tool, self.operation)
    }
}
