//! Requests that a program sends: through the gate of its caller, under its caller's grant.

use std::collections::BTreeMap;

use ::http::{HeaderName, HeaderValue, Method, Request, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf as _, Bytes};
use egress::{Body, EgressError, Gate};
use http_body_util::{BodyExt as _, Full};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Refusal;

/// Responses of one command line that can be read at one time.
const OPEN: usize = 32;
/// Bytes of a response that one reading gives at most.
const CHUNK: usize = 1 << 20;

/// Headers that are about a connection, which is the host's: an HTTP library writes them without being told to.
const CONNECTION: [&str; 8] = [
    "accept-encoding",
    "connection",
    "expect",
    "host",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Headers of a response that a program is not shown: those of the connection, and cookies, which it could not send.
const HIDDEN: [&str; 5] = [
    "connection",
    "keep-alive",
    "set-cookie",
    "trailer",
    "transfer-encoding",
];

/// A request, as a program tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Outgoing {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    /// In base64.
    body: String,
}

/// Responses that have not been read to their end.
#[derive(Debug, Default)]
pub(super) struct Responses {
    open: BTreeMap<u64, Reading>,
    last: u64,
}

#[derive(Debug)]
struct Reading {
    body: Body,
    /// What has come and was not asked for yet.
    rest: Bytes,
}

impl Responses {
    /// Sends a request; its response can then be read.
    pub(super) async fn send(
        &mut self,
        outgoing: Outgoing,
        gate: Option<Gate>,
    ) -> Result<Value, Refusal> {
        if self.open.len() >= OPEN {
            return Err((
                "limit",
                format!("{OPEN} responses are open; close some of them"),
            ));
        }
        let request = request(outgoing)?;
        let Some(gate) = gate else {
            return Err(("denied", "there is no way out for this call".to_owned()));
        };
        let (head, body) = gate.send(request).await.map_err(refusal)?.into_parts();
        self.last += 1;
        let rest = Bytes::new();
        self.open.insert(self.last, Reading { body, rest });
        let headers: Vec<(&str, String)> = head
            .headers
            .iter()
            .filter(|(name, _)| !HIDDEN.contains(&name.as_str()))
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str(), value)
            })
            .collect();
        Ok(json!({
            "id": self.last,
            "status": head.status.as_u16(),
            "reason": head.status.canonical_reason().unwrap_or_default(),
            "headers": headers,
        }))
    }

    /// The next bytes of a response, in base64; none at its end, which closes it.
    pub(super) async fn read(&mut self, id: u64, size: usize) -> Result<Value, Refusal> {
        let Some(reading) = self.open.get_mut(&id) else {
            return Ok(json!(""));
        };
        while reading.rest.is_empty() {
            match reading.body.frame().await {
                None => {
                    self.open.remove(&id);
                    return Ok(json!(""));
                }
                Some(Ok(frame)) => reading.rest = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => {
                    self.open.remove(&id);
                    return Err(refusal(error));
                }
            }
        }
        let size = size.clamp(1, CHUNK).min(reading.rest.remaining());
        Ok(json!(STANDARD.encode(reading.rest.split_to(size))))
    }

    /// Gives a response up.
    pub(super) fn close(&mut self, id: u64) {
        self.open.remove(&id);
    }
}

fn request(outgoing: Outgoing) -> Result<Request<Full<Bytes>>, Refusal> {
    let malformed = |what: &str, error: &dyn std::fmt::Display| -> Refusal {
        ("malformed", format!("{what}: {error}"))
    };
    let Outgoing {
        method,
        url,
        headers,
        body,
    } = outgoing;
    let body = STANDARD
        .decode(body)
        .map_err(|error| malformed("the body is not base64", &error))?;
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = method
        .parse::<Method>()
        .map_err(|error| malformed("the method", &error))?;
    *request.uri_mut() = url
        .parse::<Uri>()
        .map_err(|error| malformed("the address", &error))?;
    for (name, value) in headers {
        let name: HeaderName = name
            .parse()
            .map_err(|error| malformed("the name of a header", &error))?;
        if CONNECTION.contains(&name.as_str()) {
            continue;
        }
        let value = HeaderValue::from_str(&value)
            .map_err(|error| malformed(&format!("the header {name}"), &error))?;
        request.headers_mut().append(name, value);
    }
    Ok(request)
}

/// What a program is told, and the kind by which its image chooses an exception.
fn refusal(error: EgressError) -> Refusal {
    let kind = match &error {
        EgressError::Denied(_) | EgressError::Secret { .. } => "denied",
        EgressError::Limit(_) => "limit",
        EgressError::Timeout { .. } => "timeout",
        EgressError::Request(_) => "malformed",
        _ => "unreachable",
    };
    (kind, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Outgoing {
        Outgoing {
            method: method.into(),
            url: url.into(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.into(),
        }
    }

    #[test]
    fn the_connection_is_the_hosts() {
        let headers = [
            ("Host", "elsewhere.example"),
            ("Connection", "keep-alive"),
            ("Transfer-Encoding", "chunked"),
            ("Accept", "*/*"),
            ("X-Two", "1"),
            ("X-Two", "2"),
        ];
        let request = request(outgoing("POST", "https://a.example/x?y", &headers, "aGk=")).unwrap();
        let kept: Vec<(&str, &[u8])> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        assert_eq!(
            kept,
            [
                ("accept", b"*/*".as_slice()),
                ("x-two", b"1"),
                ("x-two", b"2")
            ]
        );
        assert_eq!(request.uri().to_string(), "https://a.example/x?y");
    }

    #[test]
    fn what_is_no_request_says_which_part() {
        for (outgoing, expected) in [
            (
                outgoing("G T", "https://a.example/", &[], ""),
                "the method: ",
            ),
            (outgoing("GET", "https://a b/", &[], ""), "the address: "),
            (
                outgoing("GET", "https://a.example/", &[("a b", "")], ""),
                "the name of a header: ",
            ),
            (
                outgoing("GET", "https://a.example/", &[("x", "a\nb")], ""),
                "the header x: ",
            ),
            (
                outgoing("GET", "https://a.example/", &[], "!"),
                "the body is not base64: ",
            ),
        ] {
            let (kind, text) = request(outgoing).unwrap_err();
            assert_eq!(kind, "malformed");
            assert!(text.starts_with(expected), "{text}");
        }
    }
}
