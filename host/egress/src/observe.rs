//! One record a request, for the journal.

use std::net::SocketAddr;
use std::time::Duration;

use policy::Decision;

/// What became of one request. Contains no secret: the query is left out, and headers and bodies are not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The method, as it was asked for; upper-case where it is one that can be granted.
    pub method: String,
    /// Where to; empty where the URL could not be read, or held a secret.
    pub origin: String,
    /// The path, followed by `?…` where there was a query; empty as `origin` is.
    pub path: String,
    /// The address that was dialled.
    pub address: Option<SocketAddr>,
    /// Whether a connection that was open already was used.
    pub reused: bool,
    /// The name of the credential that was put on.
    pub credential: Option<String>,
    /// The status of the response, where there was one.
    pub status: Option<u16>,
    /// Bytes sent: head and body.
    pub sent: u64,
    /// Bytes received: head and body.
    pub received: u64,
    /// From the question to the last byte of the answer.
    pub elapsed: Duration,
    /// The decision that refused it; none where it was allowed.
    pub denial: Option<Decision>,
    /// Why it did not end well: the error's message, or that the response was not read to its end.
    pub error: Option<String>,
}

/// Is told about every request, once, when it is over: refused, failed, read to the end or dropped.
pub trait Observe: Send + Sync {
    /// Takes the record. Called where the request ended, so it must not block.
    fn exchange(&self, exchange: &Exchange);
}

impl<F: Fn(&Exchange) + Send + Sync> Observe for F {
    fn exchange(&self, exchange: &Exchange) {
        self(exchange);
    }
}
