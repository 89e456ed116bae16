//! Where a request goes: a URL, taken apart (RFC 3986 §3) as far as the interface asks for.
//!
//! | URL | authority | path |
//! | --- | --- | --- |
//! | `https://a.example/x?y=1#z` | `a.example` | `/x?y=1` |
//! | `http://127.0.0.1:8000` | `127.0.0.1:8000` | `/` |
//! | `https://a.example?y=1` | `a.example` | `/?y=1` |
//! | `ftp://…`, `https://user@a.example`, `/x`, with white space | refused | |

use super::Error;
use crate::HttpMethod;

/// Where a request goes.
#[derive(Debug)]
pub(super) struct Target {
    /// `https` rather than `http`.
    pub(super) secure: bool,
    pub(super) authority: String,
    /// With the query.
    pub(super) path: String,
    /// What is asked for, as a policy names it: `http GET https://a.example:443/x`. The query, which may be anything, is
    /// not in it.
    pub(super) subject: String,
}

impl Target {
    pub(super) fn new(method: HttpMethod, url: &str) -> Result<Self, Error> {
        let wrong = |problem: &str| Error::Request(format!("not a URL to send to: {problem}"));
        if let Some(character) = url.chars().find(|character| !character.is_ascii_graphic()) {
            return Err(wrong(&format!(
                "it has the character U+{:04X}, which has to be percent-encoded",
                u32::from(character)
            )));
        }
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| wrong("it has no scheme, as https:// is one"))?;
        let (secure, port) = match scheme.to_ascii_lowercase().as_str() {
            "https" => (true, 443),
            "http" => (false, 80),
            _ => return Err(wrong("its scheme is neither https nor http")),
        };
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() {
            return Err(wrong("it has no host"));
        }
        if authority.contains('@') {
            return Err(wrong(
                "it has a user name; credentials are put on by the host",
            ));
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        let path = format!("{slash}{path}");
        let shown = path.split_once('?').map_or(path.as_str(), |(path, _)| path);
        let scheme = if secure { "https" } else { "http" };
        // A colon after the bracket of an IPv6 address, or any other colon, comes before a port.
        let after_host = authority
            .rsplit_once(']')
            .map_or(authority, |(_, after)| after);
        let port = if after_host.contains(':') {
            String::new()
        } else {
            format!(":{port}")
        };
        Ok(Self {
            secure,
            subject: format!(
                "http {} {scheme}://{authority}{port}{shown}",
                method_name(method)
            ),
            authority: authority.to_owned(),
            path,
        })
    }
}

/// A method, as it is written.
#[must_use]
pub fn method_name(method: HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Head => "HEAD",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Delete => "DELETE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let table = [
            (
                HttpMethod::Get,
                "https://a.example/x?y=1#z",
                (
                    true,
                    "a.example",
                    "/x?y=1",
                    "http GET https://a.example:443/x",
                ),
            ),
            (
                HttpMethod::Post,
                "HTTP://127.0.0.1:8000",
                (
                    false,
                    "127.0.0.1:8000",
                    "/",
                    "http POST http://127.0.0.1:8000/",
                ),
            ),
            (
                HttpMethod::Delete,
                "https://a.example?y=/1",
                (
                    true,
                    "a.example",
                    "/?y=/1",
                    "http DELETE https://a.example:443/",
                ),
            ),
            (
                HttpMethod::Get,
                "http://[::1]/%20",
                (false, "[::1]", "/%20", "http GET http://[::1]:80/%20"),
            ),
            (
                HttpMethod::Get,
                "http://[::1]:81#",
                (false, "[::1]:81", "/", "http GET http://[::1]:81/"),
            ),
        ];
        for (method, url, expected) in table {
            let target = Target::new(method, url).unwrap();
            assert_eq!(
                (
                    target.secure,
                    target.authority.as_str(),
                    target.path.as_str(),
                    target.subject.as_str()
                ),
                expected,
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        let table = [
            ("", "it has no scheme, as https:// is one"),
            ("/x", "it has no scheme, as https:// is one"),
            ("ftp://a.example/", "its scheme is neither https nor http"),
            ("https:///x", "it has no host"),
            ("https://?x", "it has no host"),
            (
                "https://me:pw@a.example/",
                "it has a user name; credentials are put on by the host",
            ),
            (
                "https://a.example/a b",
                "it has the character U+0020, which has to be percent-encoded",
            ),
            (
                "https://a.example/é",
                "it has the character U+00E9, which has to be percent-encoded",
            ),
            (
                "https://a.example/\r\nx: y",
                "it has the character U+000D, which has to be percent-encoded",
            ),
        ];
        for (url, problem) in table {
            let error = Target::new(HttpMethod::Get, url).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("not a URL to send to: {problem}"),
                "{url}"
            );
        }
        // At-signs of a path or a query are theirs.
        assert!(Target::new(HttpMethod::Get, "https://a.example/@me?a=b@c").is_ok());
    }
}
