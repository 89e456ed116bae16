//! Where a request goes, as far as its URL and method say.
//!
//! | refused | because |
//! | --- | --- |
//! | methods other than GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE | no policy can grant them |
//! | a URL without scheme or host | there is no base to complete it with |
//! | user names and passwords in the URL | credentials are put on by the host |
//! | hosts, ports and paths that programs read in more than one way | the grammar is policy's |
//!
//! A fragment never gets here (`http::Uri` leaves it out), and a query goes along as it is.

use http::Uri;
use policy::{Method, Origin, Scheme};

use crate::error::EgressError;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) origin: Origin,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Whether a query follows the path.
    pub(crate) query: bool,
}

impl Target {
    pub(crate) fn read(method: &http::Method, uri: &Uri) -> Result<Self, EgressError> {
        let method: Method = method.as_str().parse().map_err(|_| {
            EgressError::denied(
                format!("the method {method}"),
                "methods",
                "use GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE".to_owned(),
            )
        })?;
        let origin = origin(uri)?;
        policy::check_path(uri.path())
            .map_err(|wrong| EgressError::Request(format!("{origin}: {wrong}")))?;
        Ok(Target {
            origin,
            method,
            path: uri.path().to_owned(),
            query: uri.query().is_some(),
        })
    }

    /// The path, with a mark where there is a query.
    pub(crate) fn shown_path(&self) -> String {
        if self.query {
            format!("{}?…", self.path)
        } else {
            self.path.clone()
        }
    }

    /// As in the subjects of decisions: `http GET https://example.com:443/api`.
    pub(crate) fn subject(&self) -> String {
        format!("http {} {}{}", self.method, self.origin, self.path)
    }
}

/// Host and port as a URL or a `host` header has them: without the scheme's own port.
pub(crate) fn authority(origin: &Origin) -> String {
    if origin.port() == origin.scheme().default_port() {
        origin.host().to_string()
    } else {
        format!("{}:{}", origin.host(), origin.port())
    }
}

pub(crate) fn origin(uri: &Uri) -> Result<Origin, EgressError> {
    let wrong = |what: &str| EgressError::Request(what.to_owned());
    let scheme = match uri.scheme_str() {
        Some("http") => Scheme::Http,
        Some("https") => Scheme::Https,
        Some(other) => {
            return Err(EgressError::Request(format!(
                "scheme `{other}`; expected http or https"
            )));
        }
        None => {
            return Err(wrong(
                "the URL has no scheme; expected `http://…` or `https://…`",
            ));
        }
    };
    let authority = uri
        .authority()
        .ok_or_else(|| wrong("the URL has no host"))?
        .as_str();
    if authority.contains('@') {
        // Not quoted: a password may stand there.
        return Err(wrong(
            "the URL holds a user name or password; name a credential instead",
        ));
    }
    format!("{scheme}://{authority}")
        .parse()
        .map_err(|error: policy::OriginError| EgressError::Request(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, uri: &str) -> Result<(String, String), String> {
        let uri: Uri = uri.parse().map_err(|error| format!("uri: {error}"))?;
        let method = http::Method::from_bytes(method.as_bytes()).map_err(|e| e.to_string())?;
        Target::read(&method, &uri)
            .map(|target| (target.subject(), target.shown_path()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn taken() {
        let table = [
            (
                "GET",
                "https://a.example",
                "http GET https://a.example:443/",
                "/",
            ),
            (
                "POST",
                "http://A.example:8080/x?q=1",
                "http POST http://a.example:8080/x",
                "/x?…",
            ),
            (
                "HEAD",
                "http://[::1]:80/x/",
                "http HEAD http://[::1]:80/x/",
                "/x/",
            ),
            (
                "GET",
                "http://127.0.0.1/%20",
                "http GET http://127.0.0.1:80/%20",
                "/%20",
            ),
            (
                "GET",
                "https://a.example/x#secret",
                "http GET https://a.example:443/x",
                "/x",
            ),
            (
                "GET",
                "https://a.example/?x=/../",
                "http GET https://a.example:443/",
                "/?…",
            ),
        ];
        for (method, uri, subject, path) in table {
            assert_eq!(
                read(method, uri),
                Ok((subject.to_owned(), path.to_owned())),
                "{method} {uri}"
            );
        }
    }

    #[test]
    fn refused() {
        let table = [
            (
                "TRACE",
                "https://a.example/",
                "the method TRACE is denied by egress: methods: use GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE",
            ),
            (
                "CONNECT",
                "https://a.example/",
                "the method CONNECT is denied by egress: methods: use GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE",
            ),
            (
                "get",
                "https://a.example/",
                "the method get is denied by egress: methods: use GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE",
            ),
            (
                "GET",
                "/relative",
                "not a request that can be sent: the URL has no scheme; expected `http://…` or `https://…`",
            ),
            (
                "GET",
                "ftp://a.example/",
                "not a request that can be sent: scheme `ftp`; expected http or https",
            ),
            (
                "GET",
                "https://user:pass@a.example/",
                "not a request that can be sent: the URL holds a user name or password; name a credential instead",
            ),
            (
                "GET",
                "https://a.example./",
                "not a request that can be sent: not an origin: \"https://a.example.\", byte 17: expected no dot at \
                 the end of the name",
            ),
            (
                "GET",
                "http://2130706433/",
                "not a request that can be sent: not an origin: \"http://2130706433\", byte 7: expected an IPv4 \
                 address as four decimal numbers, for example 127.0.0.1",
            ),
            (
                "GET",
                "http://0x7f.1/",
                "not a request that can be sent: not an origin: \"http://0x7f.1\", byte 7: expected an IPv4 address \
                 as four decimal numbers, for example 127.0.0.1",
            ),
            (
                "GET",
                "https://a.example/x/../y",
                "not a request that can be sent: https://a.example:443: not a path to decide about: \"/x/../y\", byte \
                 3: `.` and `..` segments are not allowed: write the path that is meant",
            ),
            (
                "GET",
                "https://a.example/x/%2e%2e/y",
                "not a request that can be sent: https://a.example:443: not a path to decide about: \
                 \"/x/%2e%2e/y\", byte 3: escapes of `.`, `/`, `\\`, control characters and of escapes are not allowed",
            ),
            (
                "GET",
                "https://a.example//x",
                "not a request that can be sent: https://a.example:443: not a path to decide about: \"//x\", byte 1: \
                 empty segments are not allowed: servers disagree on what `//` means",
            ),
        ];
        for (method, uri, message) in table {
            assert_eq!(read(method, uri), Err(message.to_owned()), "{method} {uri}");
        }
    }
}
