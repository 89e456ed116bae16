//! Request headers that a caller cannot set.
//!
//! | header | why |
//! | --- | --- |
//! | `authorization`, `cookie`, `cookie2` | credentials are put on by the host, by name |
//! | `proxy-*` | there is no proxy |
//! | `host` | it follows from the URL that was decided about |
//! | `connection`, `keep-alive`, `te`, `trailer`, `transfer-encoding`, `upgrade`, `http2-settings`, `expect` | the connection is the host's |
//! | `x-http-method`, `x-http-method-override`, `x-method-override` | the method that was decided about is the one that counts |
//!
//! `accept-encoding` is replaced by `identity` (what comes back is searched for secrets, and so must be readable), and
//! `content-length` is checked and written anew. Everything else is the caller's.

use http::{HeaderMap, HeaderName};

/// Headers of a request at most.
pub const REQUEST_HEADERS_MAX: usize = 100;
/// Bytes of a request's URL and headers at most.
pub const REQUEST_HEAD_MAX: u64 = 64 * 1024;

/// Why a caller cannot set this header, as a remedy; none where it can.
pub(crate) fn refusal(name: &HeaderName) -> Option<&'static str> {
    Some(match name.as_str() {
        "authorization" | "cookie" | "cookie2" => {
            "leave the header out; name a credential in the need and in the policy, and the host puts it on"
        }
        "host" => "leave the header out; it follows from the URL",
        "connection" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade"
        | "http2-settings" | "expect" => "leave the header out; the connection is the host's",
        "x-http-method" | "x-http-method-override" | "x-method-override" => {
            "leave the header out; send the request with the method itself"
        }
        name if name.starts_with("proxy-") => "leave the header out; there is no proxy",
        _ => return None,
    })
}

/// About how many bytes these headers take: names, values and four bytes of separators each.
pub(crate) fn size(headers: &HeaderMap) -> u64 {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_and_not() {
        let refused = [
            "authorization",
            "cookie",
            "cookie2",
            "proxy-authorization",
            "proxy-connection",
            "proxy-x",
            "host",
            "connection",
            "keep-alive",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
            "expect",
            "x-http-method",
            "x-http-method-override",
            "x-method-override",
        ];
        let taken = [
            "accept",
            "accept-encoding",
            "content-length",
            "content-type",
            "range",
            "if-none-match",
            "user-agent",
            "x-api-key",
            "x-proxy",
            "hosts",
            "x-authorization",
        ];
        for name in refused {
            assert!(refusal(&HeaderName::from_static(name)).is_some(), "{name}");
        }
        for name in taken {
            assert_eq!(refusal(&HeaderName::from_static(name)), None, "{name}");
        }
    }

    #[test]
    fn sizes() {
        let mut headers = HeaderMap::new();
        assert_eq!(size(&headers), 0);
        headers.insert("accept", http::HeaderValue::from_static("*/*"));
        assert_eq!(size(&headers), 6 + 3 + 4);
    }
}
