//! Why a request got no answer.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use policy::{Decision, LimitExceeded, Verdict};

/// Where in a request something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Host, path or query.
    Url,
    /// The header of this name.
    Header(String),
    /// The name of a header.
    HeaderName,
    /// The body.
    Body,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Url => f.write_str("the URL"),
            Place::Header(name) => write!(f, "the header `{name}`"),
            Place::HeaderName => f.write_str("the name of a header"),
            Place::Body => f.write_str("the body"),
        }
    }
}

/// What was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The addresses of a name.
    Lookup,
    /// A TCP connection.
    Connect,
    /// A TLS handshake.
    Handshake,
    /// The head of the response.
    Response,
    /// More of the response's body.
    Body,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Lookup => "the name lookup",
            Phase::Connect => "the connection",
            Phase::Handshake => "the TLS handshake",
            Phase::Response => "the response",
            Phase::Body => "more of the response",
        })
    }
}

/// Why a request got no answer, or not all of one. No message contains a secret that the host knows.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// Not granted, or against a rule of the gate itself.
    #[error("{} is denied by {}: {}", .0.subject, .0.rule, .0.remedy)]
    Denied(Box<Decision>),
    /// A known secret would have left.
    #[error(
        "{subject} is denied: the secret `{name}` is in {place}; leave it out, and name it as a credential where the \
         service needs it"
    )]
    Secret {
        /// What was asked for, without the part that holds the secret.
        subject: String,
        /// The secret's name, never its value.
        name: String,
        /// Where it was.
        place: Place,
    },
    /// A limit of the call was reached.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// A request that cannot be sent as it is.
    #[error("not a request that can be sent: {0}")]
    Request(String),
    /// The name has no address.
    #[error("{origin}: cannot find the address of `{name}`: {cause}")]
    Dns {
        /// Where to.
        origin: String,
        /// The name that was looked up.
        name: String,
        /// What the resolver said.
        cause: String,
    },
    /// Nobody answers there.
    #[error("{origin}: cannot connect to {address}: {cause}")]
    Connect {
        /// Where to.
        origin: String,
        /// The address that was tried last.
        address: SocketAddr,
        /// What the system said.
        cause: String,
    },
    /// No trust.
    #[error("{origin}: TLS failed: {cause}")]
    Tls {
        /// Where to.
        origin: String,
        /// What is wrong with the certificate, the protocol or the store of roots.
        cause: String,
    },
    /// The server took too long.
    #[error("{origin}: waited {} ms for {phase}", .after.as_millis())]
    Timeout {
        /// Where to.
        origin: String,
        /// What was waited for.
        phase: Phase,
        /// For how long.
        after: Duration,
    },
    /// The connection was lost before the response was complete.
    #[error("{origin}: {cause}")]
    Incomplete {
        /// Where to.
        origin: String,
        /// How it was lost.
        cause: String,
    },
    /// The server does not speak HTTP as it should.
    #[error("{origin}: {cause}")]
    Http {
        /// Where to.
        origin: String,
        /// What is wrong.
        cause: String,
    },
}

impl EgressError {
    /// The refusal that this is, in the form in which all denials are told; none for failures and limits.
    #[must_use]
    pub fn denial(&self) -> Option<Decision> {
        match self {
            EgressError::Denied(decision) => Some(Decision::clone(decision)),
            EgressError::Secret {
                subject,
                name,
                place,
            } => Some(Decision {
                verdict: Verdict::Deny,
                subject: format!("{subject} with the secret `{name}` in {place}"),
                rule: "egress: known secrets".to_owned(),
                remedy: "leave it out, and name it as a credential where the service needs it"
                    .to_owned(),
            }),
            _ => None,
        }
    }

    /// A refusal by a rule of the gate's own.
    pub(crate) fn denied(subject: String, rule: &str, remedy: String) -> Self {
        EgressError::Denied(Box::new(Decision {
            verdict: Verdict::Deny,
            subject,
            rule: format!("egress: {rule}"),
            remedy,
        }))
    }
}

impl From<Decision> for EgressError {
    fn from(decision: Decision) -> Self {
        EgressError::Denied(Box::new(decision))
    }
}

/// The message of an error and of everything that caused it, without repetitions.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let message = cause.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        next = cause.source();
    }
    text
}
