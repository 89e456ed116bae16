//! Whose calls a rule is about.
//!
//! | written | matches |
//! | --- | --- |
//! | `"all"` | every operation of every plugin; no principal of the host |
//! | `[]` | nothing |
//! | `"files"` | every operation of the plugin `files` |
//! | `"files/read"` | every operation of its tool `read` |
//! | `"github/pulls/list"`, `"jobs/hf_jobs/scheduled run"` | that operation |
//! | `"host/models"` | the host's own model provider; the host's principals match only by name |

use std::fmt;
use std::str::FromStr;

use crate::CallRequest;

/// The name under which the host's own parts ask, in the place of a plugin's: `host/models`. No plugin has it.
pub const HOST: &str = "host";

/// Whose calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tools {
    All,
    Only(Vec<ToolPattern>),
}

impl Tools {
    pub(crate) fn matches(&self, request: &CallRequest) -> bool {
        self.closeness(request).is_some()
    }

    /// How closely the call is named: 0 by `"all"`, up to 3 by its operation; none where it is not.
    pub(crate) fn closeness(&self, request: &CallRequest) -> Option<usize> {
        match self {
            Tools::All => (request.plugin != HOST).then_some(0),
            Tools::Only(patterns) => patterns
                .iter()
                .filter(|one| one.matches(request))
                .map(ToolPattern::parts)
                .max(),
        }
    }
}

/// A plugin, one of its tools, or one of the tool's operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolPattern {
    pub(crate) plugin: String,
    pub(crate) tool: Option<String>,
    pub(crate) operation: Option<String>,
}

impl ToolPattern {
    fn parts(&self) -> usize {
        1 + usize::from(self.tool.is_some()) + usize::from(self.operation.is_some())
    }

    fn matches(&self, request: &CallRequest) -> bool {
        let fits =
            |pattern: &Option<String>, name: &str| pattern.as_deref().is_none_or(|p| p == name);
        self.plugin == request.plugin
            && fits(&self.tool, &request.tool)
            && fits(&self.operation, &request.operation)
    }
}

impl fmt::Display for ToolPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plugin)?;
        for part in [&self.tool, &self.operation].into_iter().flatten() {
            write!(f, "/{part}")?;
        }
        Ok(())
    }
}

/// A text that names no plugin, tool or operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ToolPatternError {
    #[error("unknown form {0:?}; expected `plugin`, `plugin/tool` or `plugin/tool/operation`")]
    Form(String),
    #[error("`*` is not a pattern; expected the plugin's or tool's name alone, or tools = \"all\"")]
    Star,
    #[error(
        "`host` alone names no principal; expected one of its parts, for example `host/models`"
    )]
    Host,
}

impl FromStr for ToolPattern {
    type Err = ToolPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('*') {
            return Err(ToolPatternError::Star);
        }
        // An operation is named by an argument's value, which may have a slash in it.
        let mut parts = text.splitn(3, '/').map(str::to_owned);
        let pattern = ToolPattern {
            plugin: parts.next().unwrap_or_default(),
            tool: parts.next(),
            operation: parts.next(),
        };
        let odd = |c: char| c.is_whitespace() || c.is_control();
        let named = [Some(&pattern.plugin), pattern.tool.as_ref()];
        let names = named
            .into_iter()
            .flatten()
            .all(|part| !part.is_empty() && !part.contains(odd));
        // An operation may be of several words: `scheduled run`.
        let operation = pattern.operation.as_deref().is_none_or(|words| {
            !words.contains(|c: char| odd(c) && c != ' ')
                && words.split(' ').all(|word| !word.is_empty())
        });
        if !names || !operation {
            return Err(ToolPatternError::Form(text.to_owned()));
        }
        if pattern.plugin == HOST && pattern.tool.is_none() {
            return Err(ToolPatternError::Host);
        }
        Ok(pattern)
    }
}
