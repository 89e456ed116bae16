//! Public origins that are served elsewhere: by an enterprise's own server, a mirror, or a server for tests.
//!
//! A request is decided about under its public name, and dialled at the endpoint:
//!
//! | public | endpoint | asked for | dialled |
//! | --- | --- | --- | --- |
//! | `https://hub.example` | `https://hub.corp.example` | `https://hub.example/api?x` | `https://hub.corp.example/api?x` |
//! | `https://hub.example` | `http://127.0.0.1:8080/_/hub/` | `https://hub.example/api` | `http://127.0.0.1:8080/_/hub/api` |
//!
//! A `location` that an endpoint answers with, seen from the URL that was dialled:
//!
//! | leads | the caller gets |
//! | --- | --- |
//! | under this endpoint, or under another one | the URL under the public origin, about which the policy is asked |
//! | elsewhere, as an absolute URL | that URL, as it was |
//! | elsewhere, as a relative one | the absolute URL: the caller would complete it with the public origin |

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::PathAndQuery;
use policy::{Origin, OriginError};

use crate::redirect;
use crate::target;

/// Where a public origin is served: another origin, and what is put before each path. Reads from a URL such as
/// `http://127.0.0.1:8080/_/api.github.com`; a slash at the end makes no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    origin: Origin,
    /// Empty, or a path without a slash at its end.
    prefix: String,
}

impl Endpoint {
    /// What is dialled.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What is put before each path; empty where nothing is.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Path and query of a URL under this endpoint, as they are under the public origin.
    fn inside(&self, uri: &Uri) -> Option<String> {
        if target::origin(uri).ok()? != self.origin {
            return None;
        }
        let path = uri.path().strip_prefix(&self.prefix)?;
        if !path.is_empty() && !path.starts_with('/') {
            return None;
        }
        let path = if path.is_empty() { "/" } else { path };
        Some(match uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.prefix)
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('#') {
            return Err(EndpointError::Fragment);
        }
        if text.contains('?') {
            return Err(EndpointError::Query);
        }
        let host = text.find("://").map_or(0, |at| at + "://".len());
        let path = text
            .get(host..)
            .and_then(|rest| rest.find('/'))
            .map_or(text.len(), |at| host + at);
        let (origin, path) = text.split_at(path);
        if origin.contains('@') {
            return Err(EndpointError::UserInfo);
        }
        let origin = origin.parse()?;
        if !matches!(path, "" | "/") {
            policy::check_path(path).map_err(|error| EndpointError::Path(error.to_string()))?;
            PathAndQuery::from_str(path).map_err(|error| EndpointError::Path(error.to_string()))?;
        }
        Ok(Endpoint {
            origin,
            prefix: path.strip_suffix('/').unwrap_or(path).to_owned(),
        })
    }
}

/// A text that names no endpoint. What may hold a secret is not quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// A user name or password.
    #[error(
        "the URL of an endpoint holds a user name or password; expected `http(s)://host:port/path`, and a credential \
         of the host's"
    )]
    UserInfo,
    /// A `?`.
    #[error("the URL of an endpoint holds a query; expected `http(s)://host:port/path`")]
    Query,
    /// A `#`.
    #[error("the URL of an endpoint holds a fragment; expected `http(s)://host:port/path`")]
    Fragment,
    /// No origin before the path.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// A path that cannot be put before another one.
    #[error("the path of an endpoint: {0}")]
    Path(String),
}

/// The endpoints that the user named, by public origin.
#[derive(Debug, Clone, Default)]
pub(crate) struct Endpoints(BTreeMap<Origin, Endpoint>);

impl Endpoints {
    pub(crate) fn insert(&mut self, public: Origin, at: Endpoint) {
        self.0.insert(public, at);
    }

    /// Where this origin is served instead.
    pub(crate) fn of(&self, public: &Origin) -> Option<&Endpoint> {
        self.0.get(public)
    }

    /// What the caller gets in place of a `location` that the endpoint of `public` answered with; none where it stays
    /// as it is. `dialled` is the absolute URL that was asked for there.
    pub(crate) fn outward(&self, public: &Origin, dialled: &Uri, location: &str) -> Option<String> {
        let (reference, fragment) = location
            .find('#')
            .map_or((location, ""), |at| location.split_at(at));
        let leads = redirect::join(dialled, reference)?;
        // The endpoint's own origin first, then the one with the longest prefix: two may share a server.
        let found = self
            .0
            .iter()
            .filter_map(|(origin, endpoint)| {
                let rank = (origin == public, endpoint.prefix.len());
                Some((rank, origin, endpoint.inside(&leads)?))
            })
            .max_by_key(|(rank, _, _)| *rank);
        match found {
            Some((_, origin, rest)) => Some(format!(
                "{}://{}{rest}{fragment}",
                origin.scheme(),
                target::authority(origin)
            )),
            None if redirect::has_scheme(reference) => None,
            None => Some(format!("{leads}{fragment}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_from_urls() {
        let table = [
            ("https://hub.corp.example", "https://hub.corp.example:443"),
            ("https://hub.corp.example/", "https://hub.corp.example:443"),
            (
                "http://127.0.0.1:8080/_/api.github.com",
                "http://127.0.0.1:8080/_/api.github.com",
            ),
            ("http://[::1]:8080/_/x/", "http://[::1]:8080/_/x"),
            ("HTTP://Mirror/a%20b", "http://mirror:80/a%20b"),
        ];
        for (text, shown) in table {
            assert_eq!(
                text.parse::<Endpoint>().unwrap().to_string(),
                shown,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_endpoint() {
        let expected = "expected `http(s)://host:port/path`";
        let table = [
            (
                "https://user:pass@hub.example/x",
                format!(
                    "the URL of an endpoint holds a user name or password; {expected}, and a credential of the host's"
                ),
            ),
            (
                "https://hub.example/?token=x",
                format!("the URL of an endpoint holds a query; {expected}"),
            ),
            (
                "https://hub.example/#x?y",
                format!("the URL of an endpoint holds a fragment; {expected}"),
            ),
            (
                "hub.example",
                "not an origin: \"hub.example\", byte 0: expected `http://` or `https://`"
                    .to_owned(),
            ),
            (
                "https:///x",
                "not an origin: \"https://\", byte 8: expected a host".to_owned(),
            ),
            (
                "https://hub.example/a/../b",
                "the path of an endpoint: not a path to decide about: \"/a/../b\", byte 3: `.` and `..` segments are \
                 not allowed: write the path that is meant"
                    .to_owned(),
            ),
        ];
        for (text, message) in table {
            assert_eq!(
                text.parse::<Endpoint>().unwrap_err().to_string(),
                message,
                "{text}"
            );
        }
    }

    #[test]
    fn locations() {
        let mut endpoints = Endpoints::default();
        for (public, at) in [
            ("https://hub.example", "http://127.0.0.1:8080/_/hub"),
            ("https://cdn.example:8443", "http://127.0.0.1:8080/_/cdn"),
            ("http://whole.example", "http://127.0.0.1:9090"),
        ] {
            endpoints.insert(public.parse().unwrap(), at.parse().unwrap());
        }
        let hub: Origin = "https://hub.example".parse().unwrap();
        let dialled: Uri = "http://127.0.0.1:8080/_/hub/api/x?q".parse().unwrap();
        let table = [
            // Under the endpoint.
            (
                "http://127.0.0.1:8080/_/hub/y?z=1#part",
                Some("https://hub.example/y?z=1#part"),
            ),
            ("http://127.0.0.1:8080/_/hub", Some("https://hub.example/")),
            ("/_/hub/y", Some("https://hub.example/y")),
            ("y", Some("https://hub.example/api/y")),
            ("../y", Some("https://hub.example/y")),
            ("?page=2", Some("https://hub.example/api/x?page=2")),
            // Under another one.
            ("/_/cdn/y", Some("https://cdn.example:8443/y")),
            ("http://127.0.0.1:9090/y", Some("http://whole.example/y")),
            // Elsewhere.
            ("http://127.0.0.1:8080/_/hubs/y", None),
            ("http://127.0.0.1:8081/_/hub/y", None),
            ("https://127.0.0.1:8080/_/hub/y", None),
            ("https://other.example/y", None),
            ("https://hub.example/y", None),
            ("/y", Some("http://127.0.0.1:8080/y")),
            ("//other.example/y#z", Some("http://other.example/y#z")),
            ("../../../y", Some("http://127.0.0.1:8080/y")),
        ];
        for (location, expected) in table {
            assert_eq!(
                endpoints.outward(&hub, &dialled, location).as_deref(),
                expected,
                "{location}"
            );
        }
    }
}
