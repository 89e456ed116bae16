//! Why a text is not a policy.

/// Why a text is not a policy: where, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {}{problem}", at_key(key))]
pub struct PolicyError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line; 1 is the first.
    pub line: usize,
    /// The column in characters; 1 is the first.
    pub column: usize,
    /// The key, with those around it: `rule.http.methods`; empty where the text is no TOML.
    pub key: String,
    /// What is wrong there.
    pub problem: Box<PolicyProblem>,
}

fn at_key(key: &str) -> String {
    if key.is_empty() {
        String::new()
    } else {
        format!("key `{key}`: ")
    }
}

/// What is wrong at one place of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// The text is not TOML.
    #[error("not TOML: {0}")]
    Syntax(String),
    /// A key that has no meaning there.
    #[error("unknown key; expected {0}")]
    UnknownKey(String),
    /// A key that has to be there is not.
    #[error("missing; expected {expected}")]
    Missing {
        /// What should stand there.
        expected: String,
    },
    /// A value of another kind or range.
    #[error("found {found}; expected {expected}")]
    Unexpected {
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// A word that says itself what it should have been.
    #[error("{0}")]
    Invalid(String),
    /// A rule with the name of another one.
    #[error("found \"{name}\" a second time; expected a name that line {first} does not have")]
    Duplicate {
        /// The name.
        name: String,
        /// The line of the first.
        first: usize,
    },
    /// One of the policy's own tests.
    #[error("wanted {wanted}, got {got} for `{subject}` from `{rule}`")]
    Expectation {
        /// What the row says.
        wanted: String,
        /// What the rules say.
        got: String,
        /// What the rules decided about.
        subject: String,
        /// The rule that says so.
        rule: String,
    },
}
