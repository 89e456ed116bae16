//! What an operation asks for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Origin, PathPrefix};

/// A request method (RFC 9110 §9; RFC 5789 for PATCH).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the head alone.
    Head,
    /// Asks what is possible.
    Options,
    /// Sends.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// Every method that can be granted. CONNECT and TRACE cannot.
    pub const ALL: [Method; 7] = [
        Method::Get,
        Method::Head,
        Method::Options,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];

    /// As it stands in a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Options => "OPTIONS",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no method that could be granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown method `{0}`; expected GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE")]
pub struct UnknownMethod(pub String);

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Method::ALL
            .into_iter()
            .find(|method| method.as_str() == word)
            .ok_or_else(|| UnknownMethod(word.to_owned()))
    }
}

/// How a mounted directory may be used. Ordered: read-write includes read-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Look at names and contents.
    ReadOnly,
    /// Also create, change and remove.
    ReadWrite,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::ReadOnly => "read-only",
            Access::ReadWrite => "read-write",
        })
    }
}

/// Requests to one origin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HttpNeed {
    /// Where to.
    pub origin: Origin,
    /// With which methods; empty asks for nothing.
    pub methods: Vec<Method>,
    /// Under which path prefixes; empty asks for nothing.
    pub paths: Vec<PathPrefix>,
    /// The name of a host credential that is put on these requests.
    pub credential: Option<String>,
    /// The name of a host credential that takes the place of `{{credential:NAME}}` in the JSON body of these requests,
    /// for services that take a token as data.
    pub body_credential: Option<String>,
    /// One line for the person who is asked.
    pub reason: String,
}

impl HttpNeed {
    /// Each method with each path prefix: the parts that are decided about one by one.
    pub fn pairs(&self) -> impl Iterator<Item = (Method, &PathPrefix)> {
        self.methods
            .iter()
            .flat_map(|method| self.paths.iter().map(move |path| (*method, path)))
    }

    /// What is said of the credential in the body, after what is said of the requests: people must see that it goes.
    pub(crate) fn in_body(&self) -> String {
        match &self.body_credential {
            Some(name) => format!(" and puts the credential {name} into the request's body"),
            None => String::new(),
        }
    }
}

/// One capability that an operation asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Requests to a web origin.
    Http(HttpNeed),
    /// Requests, with these methods, to whatever origins the policy allows outright: it is asked again for each of them.
    /// For operations that run code, which nobody knows the addresses of beforehand.
    Web(Vec<Method>),
    /// Files under a named directory.
    Mount {
        /// The directory's name.
        name: String,
        /// What is asked for.
        access: Access,
    },
    /// Runs another component program.
    Program(String),
    /// Completes text with a model, by role.
    Model(String),
    /// Runs a nested agent.
    Agent,
    /// The session's store, for keys under a prefix.
    State(String),
    /// Messages to people.
    Notify,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Need::Http(need) => {
                let methods: Vec<&str> = need.methods.iter().map(|m| m.as_str()).collect();
                let paths: Vec<String> = need.paths.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "http {} {} {}{}",
                    methods.join(","),
                    need.origin,
                    paths.join(","),
                    need.in_body()
                )
            }
            Need::Web(methods) => {
                let methods: Vec<&str> = methods.iter().map(|m| m.as_str()).collect();
                write!(f, "web {}", methods.join(","))
            }
            Need::Mount { name, access } => write!(f, "mount {name} {access}"),
            Need::Program(name) => write!(f, "program {name}"),
            Need::Model(role) => write!(f, "model {role}"),
            Need::Agent => f.write_str("agent"),
            Need::State(prefix) => write!(f, "state {prefix:?}"),
            Need::Notify => f.write_str("notify"),
        }
    }
}
