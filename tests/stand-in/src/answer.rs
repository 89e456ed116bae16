//! An answer, before it is sent.

use bytes::Bytes;
use serde_json::Value;

/// Status, headers and body; a body of several pieces is sent in as many chunks.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<Bytes>,
}

impl Answer {
    pub(crate) fn new(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: vec![body.into()],
        }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::json_with(200, value)
    }

    pub(crate) fn json_with(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", value.to_string())
    }

    pub(crate) fn text(body: impl Into<Bytes>) -> Self {
        Self::new(200, "text/plain; charset=utf-8", body)
    }

    pub(crate) fn html(body: impl Into<Bytes>) -> Self {
        Self::new(200, "text/html; charset=utf-8", body)
    }

    pub(crate) fn redirect(status: u16, location: String) -> Self {
        let body = format!("Redirecting to {location}");
        Self::new(status, "text/plain; charset=utf-8", body).with("location", location)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: vec![Bytes::new()],
        }
    }

    /// Server-sent events; the pieces arrive one by one.
    pub(crate) fn events(pieces: Vec<String>) -> Self {
        Self {
            status: 200,
            headers: vec![
                ("content-type".to_owned(), "text/event-stream".to_owned()),
                ("cache-control".to_owned(), "no-cache".to_owned()),
            ],
            body: pieces.into_iter().map(Bytes::from).collect(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(key, _)| key != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}
