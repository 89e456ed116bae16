//! The answer to "may this be done", with the rule that gave it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// May it be done? Ordered by strictness: the strictest of several wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Yes.
    Allow,
    /// Only if a person says so.
    Ask,
    /// No.
    Deny,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Allow => "allow",
            Verdict::Ask => "ask",
            Verdict::Deny => "deny",
        })
    }
}

/// A verdict and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// What was decided about, in words: `effect publish`, `http GET https://example.com:443/`.
    pub subject: String,
    /// The rule that decided: `<policy>: <rule name>`, or `<policy>: no rule` where nothing matched.
    pub rule: String,
    /// What a person would have to change to get another answer; empty when allowed.
    pub remedy: String,
}
