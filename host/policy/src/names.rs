//! Names that may be looked up.
//!
//! | written | matches |
//! | --- | --- |
//! | `huggingface.co` | that name, in any ASCII case |
//! | `*.hf.co` | every name below `hf.co`, at any depth; not `hf.co` itself |

use std::fmt;
use std::str::FromStr;

use crate::{Host, OriginError};

/// A name, or every name below one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamePattern {
    below: bool,
    name: String,
}

impl NamePattern {
    /// Whether it matches a name in lower case.
    pub(crate) fn matches(&self, name: &str) -> bool {
        if self.below {
            name.strip_suffix(self.name.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            name == self.name
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = if self.below { "*." } else { "" };
        write!(f, "{below}{}", self.name)
    }
}

/// A text that is no name to look up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NamePatternError {
    #[error(transparent)]
    Name(#[from] OriginError),
    #[error("{0:?} is an address; expected a name, since addresses are not looked up")]
    Address(String),
}

impl FromStr for NamePattern {
    type Err = NamePatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.strip_prefix("*.");
        match name.unwrap_or(text).parse()? {
            Host::Name(host) => Ok(NamePattern {
                below: name.is_some(),
                name: host,
            }),
            Host::V4(_) | Host::V6(_) => Err(NamePatternError::Address(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_labels() {
        let table = [
            ("huggingface.co", "huggingface.co", true),
            ("HuggingFace.co", "huggingface.co", true),
            ("huggingface.co", "x.huggingface.co", false),
            ("*.hf.co", "cdn.hf.co", true),
            ("*.hf.co", "a.b.hf.co", true),
            ("*.hf.co", "hf.co", false),
            ("*.hf.co", "evilhf.co", false),
            ("*.hf.co", ".hf.co", false),
        ];
        for (pattern, name, matches) in table {
            let pattern: NamePattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(name), matches, "{pattern} {name}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let table = [
            (
                "127.0.0.1",
                "\"127.0.0.1\" is an address; expected a name, since addresses are not looked up",
            ),
            (
                "[::1]",
                "\"[::1]\" is an address; expected a name, since addresses are not looked up",
            ),
            (
                "*",
                "not an origin: \"*\", byte 0: expected a letter, a digit, `-`, `_` or `.`",
            ),
            (
                "a.*.co",
                "not an origin: \"a.*.co\", byte 2: expected a letter, a digit, `-`, `_` or `.`",
            ),
            (
                "https://x.y",
                "not an origin: \"https://x.y\", byte 6: expected the end: a path, query or fragment is not part of an origin",
            ),
        ];
        for (text, message) in table {
            assert_eq!(
                text.parse::<NamePattern>().unwrap_err().to_string(),
                message
            );
        }
    }
}
