//! A request, taken apart.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use crate::hosts;

/// A request to one of the services.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) method: String,
    /// The public host, `huggingface.co`.
    pub(crate) host: &'static str,
    /// As it was sent, without the place where the service is mounted.
    pub(crate) path: String,
    pub(crate) raw_query: String,
    /// The path's parts, decoded: `refs%2Fpr%2F1` is one.
    pub(crate) parts: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// `http://127.0.0.1:<port>`
    pub(crate) here: String,
    /// Links in answers name the public hosts.
    pub(crate) public: bool,
}

impl Ask {
    /// The parts, for a pattern.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn params<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.param(name).and_then(|value| value.parse().ok())
    }

    /// `1`, `true` and `True` are yes, as the Hub reads them.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.param(name), Some("1" | "true" | "True"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token of an `Authorization: Bearer` (GitHub: `token`) header.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token"))
            .then(|| token.trim())
    }

    /// The body as JSON; `null` if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Where a path of a host is: in public or here. The storage hosts go by another name of this machine: clients decide
    /// by the host's name whether a link leaves the Hub, and whether their token may go along.
    pub(crate) fn link(&self, host: &str, path: &str) -> String {
        if self.public {
            format!("https://{host}{path}")
        } else if host == hosts::CDN || host == hosts::UPLOADS {
            let here = self.here.replace("127.0.0.1", "localhost");
            format!("{}{path}", hosts::served(&here, host))
        } else {
            format!("{}{path}", hosts::served(&self.here, host))
        }
    }

    /// A link to a page of the Hub.
    pub(crate) fn hub(&self, path: &str) -> String {
        self.link(hosts::HUB, path)
    }

    /// The `Link` header to the same request with these parameters set.
    pub(crate) fn next_page(&self, set: &[(&str, &str)]) -> String {
        let mut query: Vec<(String, String)> = self
            .query
            .iter()
            .filter(|(key, _)| set.iter().all(|(name, _)| key != name))
            .cloned()
            .collect();
        query.extend(
            set.iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        );
        let query: Vec<String> = query
            .iter()
            .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
            .collect();
        let url = self.link(self.host, &format!("{}?{}", self.path, query.join("&")));
        format!("<{url}>; rel=\"next\"")
    }
}

/// A string's percent escapes undone; what is no escape stays.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (hex, bytes[at]) {
            (Some(byte), _) => {
                out.push(byte);
                at += 2;
            }
            (None, b'+') if plus_is_space => out.push(b' '),
            (None, byte) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Everything but letters, digits and `-_.~` as percent escapes.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A path's parts each encoded, the slashes kept.
pub(crate) fn encode_path(path: &str) -> String {
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}

/// The pairs of a query or of a form.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key, true), decode(value, true))
        })
        .collect()
}

/// The bytes of base64, or `None`.
pub(crate) fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.trim()).ok()
}

/// Base64 of the bytes.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, pairs};

    #[test]
    fn escapes() {
        for (text, plus, expected) in [
            ("refs%2Fpr%2F1", false, "refs/pr/1"),
            ("a+b", false, "a+b"),
            ("a+b", true, "a b"),
            ("100%", false, "100%"),
            ("%zz%C3%A9", false, "%zzé"),
        ] {
            assert_eq!(decode(text, plus), expected, "{text}");
        }
        assert_eq!(encode("a b/é"), "a%20b%2F%C3%A9");
        assert_eq!(
            pairs("q=x%3Dy&filter=a&filter=b&flag"),
            [("q", "x=y"), ("filter", "a"), ("filter", "b"), ("flag", "")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }
}
