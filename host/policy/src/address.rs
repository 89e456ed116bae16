//! How far from the public internet a request may go.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which of the addresses that a name resolves to may be dialled. Each scope includes those before it.
///
/// A name can resolve to anything; the scope is what keeps a granted name from leading to this machine or its network.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum AddressScope {
    /// Addresses that are routed on the internet.
    #[default]
    Public,
    /// Also this machine's own: `127.0.0.0/8` and `::1`.
    Loopback,
    /// Also those of private networks.
    Private,
}

impl AddressScope {
    /// Every scope, in order.
    pub const ALL: [AddressScope; 3] = [
        AddressScope::Public,
        AddressScope::Loopback,
        AddressScope::Private,
    ];

    /// The word used in policies and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            AddressScope::Public => "public",
            AddressScope::Loopback => "loopback",
            AddressScope::Private => "private",
        }
    }
}

impl fmt::Display for AddressScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown addresses `{0}`; expected public, loopback or private")]
pub struct UnknownAddressScope(pub String);

impl FromStr for AddressScope {
    type Err = UnknownAddressScope;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        AddressScope::ALL
            .into_iter()
            .find(|scope| scope.as_str() == word)
            .ok_or_else(|| UnknownAddressScope(word.to_owned()))
    }
}
