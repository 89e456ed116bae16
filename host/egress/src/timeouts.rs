//! How long to wait for a server.

use std::time::Duration;

/// How long to wait for a server, apart from the call's own deadline.
///
/// Put into a request's extensions, it shortens the waits of that request; it cannot lengthen the gate's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection: name lookup, TCP and TLS, each.
    pub connect: Duration,
    /// From the request to the head of the response.
    pub first_byte: Duration,
    /// Between two pieces of the response's body.
    pub between_bytes: Duration,
}

impl Default for Timeouts {
    /// 10 seconds, 10 minutes (a model may think for long) and 5 minutes.
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(600),
            between_bytes: Duration::from_secs(300),
        }
    }
}

impl Timeouts {
    /// The shorter of each.
    pub(crate) fn shorter(self, other: Option<&Timeouts>) -> Timeouts {
        other.map_or(self, |other| Timeouts {
            connect: self.connect.min(other.connect),
            first_byte: self.first_byte.min(other.first_byte),
            between_bytes: self.between_bytes.min(other.between_bytes),
        })
    }
}
