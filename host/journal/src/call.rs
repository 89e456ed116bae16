//! The name of one tool call.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of one tool call, unique in its journal: `c1`, `c2` … in the order of their allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallId(u64);

impl CallId {
    /// The largest number that is written or read: those that every reader of JSON keeps exact (RFC 8259 §6).
    pub(crate) const MAX: u64 = (1 << 53) - 1;

    pub(crate) const fn new(number: u64) -> Self {
        CallId(number)
    }

    /// The number after the `c`; the first is 1.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// A text that names no call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid call id `{0}`; expected `c` and a number from 1 to 2^53-1 without leading zeros")]
pub struct InvalidCallId(pub String);

impl FromStr for CallId {
    type Err = InvalidCallId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix('c')
            .filter(|digits| digits.starts_with(|c: char| matches!(c, '1'..='9')))
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .filter(|number| *number <= CallId::MAX)
            .map(CallId)
            .ok_or_else(|| InvalidCallId(text.to_owned()))
    }
}

impl TryFrom<String> for CallId {
    type Error = InvalidCallId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CallId> for String {
    fn from(id: CallId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_spelling_names_a_call() {
        let table = [
            ("c1", Some(1)),
            ("c20", Some(20)),
            ("c9007199254740991", Some(CallId::MAX)),
            ("c9007199254740992", None),
            ("c18446744073709551616", None),
            ("c0", None),
            ("c01", None),
            ("c+1", None),
            ("c", None),
            ("1", None),
            ("C1", None),
            ("c1 ", None),
            ("c１", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(
                text.parse::<CallId>().ok().map(CallId::number),
                expected,
                "{text:?}"
            );
        }
    }
}
