//! Where a web service of the user's own takes messages.
//!
//! | written | means |
//! | --- | --- |
//! | `https://hooks.example.com/ml-intern` | that origin and path |
//! | `https://hooks.example.com/in?team=ml` | with a query, which is sent along and never shown |
//! | `http://localhost:8080/in` | on this machine, where nobody else listens, without TLS |
//!
//! A user name, a fragment, and `http` to another machine are refused.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use policy::{Host, Origin, Scheme};

/// An address that messages are sent to. What is shown of it has no query.
#[derive(Clone, PartialEq, Eq)]
pub struct WebAddress {
    origin: Origin,
    path: String,
    query: Option<String>,
}

impl WebAddress {
    /// Reads an address. What is wrong with it is told without its text, which may hold a password.
    ///
    /// # Errors
    ///
    /// When it is not one of the forms in the table at the top of this file.
    pub fn parse(text: &str) -> Result<WebAddress, String> {
        let uri: Uri = text.trim().parse().map_err(|_| "it is no URL".to_owned())?;
        let Some(authority) = uri.authority() else {
            return Err("it does not begin with `https://` and a host".to_owned());
        };
        if authority.as_str().contains('@') {
            return Err("it has a user name".to_owned());
        }
        if text.contains('#') {
            return Err("it has a fragment".to_owned());
        }
        let scheme = uri.scheme_str().unwrap_or_default();
        let origin: Origin = format!("{scheme}://{authority}")
            .parse()
            .map_err(|error: policy::OriginError| error.to_string())?;
        if origin.scheme() == Scheme::Http && !is_loopback(origin.host()) {
            return Err(
                "it is `http` to another machine; expected `https`, so that only its owner reads the messages"
                    .to_owned(),
            );
        }
        policy::check_path(uri.path()).map_err(|error| error.to_string())?;
        Ok(WebAddress {
            origin,
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
        })
    }

    /// A fixed path of an origin.
    pub(crate) fn at(origin: Origin, path: &str) -> WebAddress {
        WebAddress {
            origin,
            path: path.to_owned(),
            query: None,
        }
    }

    /// The origin: what the policy and the credentials are about.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The path, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// All of it, for the request alone.
    pub(crate) fn url(&self) -> String {
        match &self.query {
            Some(query) => format!("{}{}?{query}", self.origin, self.path),
            None => format!("{}{}", self.origin, self.path),
        }
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = self.query.as_ref().map_or("", |_| "?…");
        write!(f, "{}{}{query}", self.origin, self.path)
    }
}

impl fmt::Debug for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::V4(address) => address.is_loopback(),
        Host::V6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let table = [
            (
                "https://hooks.example.com/in",
                "https://hooks.example.com:443/in",
                "https://hooks.example.com:443/in",
            ),
            (
                " https://h.example ",
                "https://h.example:443/",
                "https://h.example:443/",
            ),
            (
                "https://h.example:8443/a?key=pa55word",
                "https://h.example:8443/a?key=pa55word",
                "https://h.example:8443/a?…",
            ),
            (
                "http://localhost:1/a",
                "http://localhost:1/a",
                "http://localhost:1/a",
            ),
            ("http://[::1]:1/a", "http://[::1]:1/a", "http://[::1]:1/a"),
            (
                "http://127.0.0.2:1/a",
                "http://127.0.0.2:1/a",
                "http://127.0.0.2:1/a",
            ),
        ];
        for (text, url, shown) in table {
            let address = WebAddress::parse(text).unwrap();
            assert_eq!(address.url(), url);
            assert_eq!(format!("{address} {address:?}"), format!("{shown} {shown}"));
        }
    }

    #[test]
    fn no_addresses() {
        let table = [
            ("", "it is no URL"),
            ("/in", "it does not begin with `https://` and a host"),
            (
                "hooks.example.com",
                "not an origin: \"://hooks.example.com\", byte 0: expected `http://` or `https://`",
            ),
            ("https://me:pa55word@h.example/", "it has a user name"),
            ("https://h.example/#pa55word", "it has a fragment"),
            (
                "http://h.example/",
                "it is `http` to another machine; expected `https`, so that only its owner reads the messages",
            ),
            (
                "http://10.0.0.1/",
                "it is `http` to another machine; expected `https`, so that only its owner reads the messages",
            ),
        ];
        for (text, problem) in table {
            assert_eq!(WebAddress::parse(text).unwrap_err(), problem, "{text}");
        }
        let error = WebAddress::parse("https://h.example/a/../b").unwrap_err();
        assert!(error.contains("`..`") || error.contains(".."), "{error}");
    }
}
