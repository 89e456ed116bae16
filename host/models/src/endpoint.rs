//! Where a provider is.
//!
//! | written | means |
//! | --- | --- |
//! | `https://router.huggingface.co/v1` | that origin, below `/v1` |
//! | `http://localhost:8000`, `http://localhost:8000/` | the origin itself |
//! | `http://127.0.0.1:9000/proxy/v1/` | below `/proxy/v1` |
//!
//! A base has no user name, no query and no fragment: what is in them would be sent along with every request.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use policy::{Host, Origin};

/// Where a provider is: an origin, and a path that all of its paths begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    origin: Origin,
    /// Empty, or `/` and more, without a `/` at its end.
    path: String,
}

/// An address that is none of a provider. Says the variable or key that it came from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{from}: not the address of a provider: {problem}; expected for example `http://localhost:8000/v1`"
)]
pub struct EndpointError {
    /// Where the address was read.
    pub from: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Endpoint {
    /// Reads an address. The text itself is not in the error: it may hold a password.
    ///
    /// # Errors
    ///
    /// When it is not one of the forms in the table at the top of this file.
    pub fn parse(from: &str, text: &str) -> Result<Endpoint, EndpointError> {
        read(text.trim()).map_err(|problem| EndpointError {
            from: from.to_owned(),
            problem,
        })
    }

    /// The origin: what the policy and the credentials are about.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The path of a request; `path` begins with `/`.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.path)
    }

    /// The whole address of a request; `path` begins with `/`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.path)
    }

    /// The same place below `/v1`, unless it already ends there.
    #[must_use]
    pub fn versioned(mut self) -> Endpoint {
        if !self.path.ends_with("/v1") {
            self.path.push_str("/v1");
        }
        self
    }

    /// The same place without `/v1` at its end, where servers keep what is not OpenAI's.
    #[must_use]
    pub fn unversioned(&self) -> Endpoint {
        let path = self.path.strip_suffix("/v1").unwrap_or(&self.path);
        Endpoint {
            origin: self.origin.clone(),
            path: path.to_owned(),
        }
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.origin.host() {
            Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::V4(address) => IpAddr::V4(*address).is_loopback(),
            Host::V6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

fn read(text: &str) -> Result<Endpoint, String> {
    let uri: Uri = text.parse().map_err(|_| "it is no URL".to_owned())?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("it does not begin with `http://` or `https://`".to_owned());
    }
    let Some(authority) = uri.authority() else {
        return Err("it has no host".to_owned());
    };
    if authority.as_str().contains('@') {
        return Err("it has a user name; keys are set by their own variables".to_owned());
    }
    if uri.query().is_some() || text.contains('#') {
        return Err("it has a query or a fragment".to_owned());
    }
    let scheme = uri.scheme_str().unwrap_or_default();
    let origin: Origin = format!("{scheme}://{authority}")
        .parse()
        .map_err(|error: policy::OriginError| error.to_string())?;
    let path = uri.path().trim_end_matches('/').to_owned();
    policy::check_path(if path.is_empty() { "/" } else { &path })
        .map_err(|error| error.to_string())?;
    Ok(Endpoint { origin, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let table = [
            (
                "http://localhost:11434",
                "http://localhost:11434/v1/models",
                true,
            ),
            (
                "http://localhost:11434/",
                "http://localhost:11434/v1/models",
                true,
            ),
            (
                "http://localhost:11434/v1",
                "http://localhost:11434/v1/models",
                true,
            ),
            ("http://x/v1/", "http://x:80/v1/models", false),
            ("http://x/v1//", "http://x:80/v1/models", false),
            (
                "https://x.example/a/v1",
                "https://x.example:443/a/v1/models",
                false,
            ),
            ("http://[::1]:8000", "http://[::1]:8000/v1/models", true),
            (
                "http://127.0.0.2:1/api",
                "http://127.0.0.2:1/api/v1/models",
                true,
            ),
            (" http://10.0.0.1 ", "http://10.0.0.1:80/v1/models", false),
        ];
        for (text, url, loopback) in table {
            let endpoint = Endpoint::parse("X", text).unwrap().versioned();
            assert_eq!(endpoint.url("/models"), url, "{text}");
            assert_eq!(endpoint.is_loopback(), loopback, "{text}");
        }
        let endpoint = Endpoint::parse("X", "http://x/a/v1").unwrap();
        assert_eq!(endpoint.unversioned().url("/props"), "http://x:80/a/props");
        assert_eq!(endpoint.path("/models"), "/a/v1/models");
    }

    #[test]
    fn no_addresses() {
        let table = [
            ("", "it is no URL"),
            (
                "localhost:8000",
                "it does not begin with `http://` or `https://`",
            ),
            ("ftp://x", "it does not begin with"),
            ("http://me:pa55word@x", "it has a user name"),
            ("http://x/v1?key=pa55word", "it has a query or a fragment"),
            ("http://x/v1#a", "it has a query or a fragment"),
        ];
        for (text, problem) in table {
            let error = Endpoint::parse("VLLM_BASE_URL", text).unwrap_err();
            assert!(error.problem.starts_with(problem), "{text}: {error}");
            let words = error.to_string();
            assert!(words.starts_with("VLLM_BASE_URL: not the address of a provider"));
            assert!(!words.contains("pa55word"));
        }
    }
}
