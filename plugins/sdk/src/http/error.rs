//! Why a request came to nothing.

use std::fmt;

use super::{ErrorCode, HeaderError, Headers};
use crate::{Denial, Failure, UpstreamError};

/// Why a request came to nothing. The request is named as a policy names it: `http GET https://a.example:443/x`.
#[derive(Debug, Clone)]
pub enum Error {
    /// It could not be sent as it was.
    Request(String),
    /// It has a header that the host does not take.
    Header {
        /// The header's name.
        name: String,
        /// Why.
        error: HeaderError,
    },
    /// The host refused it, or there was no answer, or not the whole of one.
    Host {
        /// The request.
        request: String,
        /// What the host said.
        code: ErrorCode,
    },
    /// The answer says that it failed.
    Status {
        /// The request.
        request: String,
        /// The HTTP status.
        status: u16,
        /// Seconds that the service asked to wait.
        retry_after: Option<u32>,
        /// What it said about it.
        message: String,
        /// Its headers: some services put a code for the error there.
        headers: Headers,
    },
    /// The answer is longer than the caller wants to read.
    TooLarge {
        /// The request.
        request: String,
        /// Bytes that were wanted at most.
        limit: usize,
    },
    /// The answer is not of the form that the caller expects.
    Content {
        /// The request.
        request: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Error {
    /// Whether the host refused it: the policy, an address that is never reached, or a secret that would have left. The
    /// host's record of the call names the rule; it is not told here.
    #[must_use]
    pub fn is_denial(&self) -> bool {
        matches!(self, Self::Host { code, .. } if is_denial(code))
    }

    pub(super) fn host(request: &str, code: ErrorCode) -> Self {
        Self::Host {
            request: request.to_owned(),
            code,
        }
    }

    pub(super) fn header(name: &str, error: HeaderError) -> Self {
        Self::Header {
            name: name.to_owned(),
            error,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(problem) => f.write_str(problem),
            Self::Header { name, error } => match error {
                HeaderError::InvalidSyntax => write!(f, "`{name}` and its value are no header"),
                HeaderError::Forbidden => write!(
                    f,
                    "the header `{name}` is the host's: credentials are named in a need, and the connection is its own"
                ),
                HeaderError::Immutable => write!(f, "the header `{name}` cannot be set any more"),
            },
            Self::Host { request, code } => write!(f, "{request}: {}", said(code)),
            Self::Status {
                request,
                status,
                message,
                ..
            } => {
                write!(f, "{request}: status {status}")?;
                match message.as_str() {
                    "" => Ok(()),
                    message => write!(f, ": {message}"),
                }
            }
            Self::TooLarge { request, limit } => {
                write!(f, "{request}: the answer has more than {limit} bytes")
            }
            Self::Content { request, problem } => write!(f, "{request}: the answer {problem}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let upstream = |status, retry_after| {
            Self::Upstream(UpstreamError {
                status,
                retry_after,
                message: message.clone(),
            })
        };
        match error {
            Error::Host { request, code } if is_denial(&code) => Self::Denied(Denial {
                capability: request,
                rule: "the host's egress gate".into(),
                remedy: "see the host's record of this call: it names the rule, and what would have to change".into(),
            }),
            // A limit of the call: the host tells which, and trying again does not help.
            Error::Host { code, .. } if is_limit(&code) => Self::Failed(message),
            Error::Host { code, .. } if may_pass(&code) => upstream(None, None),
            // RFC 9110 §15, RFC 8470 (425) and RFC 6585 (429): what may be different the next time.
            Error::Status {
                status: status @ (408 | 425 | 429 | 500 | 502..=504 | 520..=599),
                retry_after,
                ..
            } => upstream(Some(status), retry_after),
            // Any other that says when to come back.
            Error::Status {
                status,
                retry_after: Some(seconds),
                ..
            } => upstream(Some(status), Some(seconds)),
            _ => Self::Failed(message),
        }
    }
}

/// Not granted: the policy, an address that is never reached, or a secret that would have left.
fn is_denial(code: &ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited
    )
}

fn is_limit(code: &ErrorCode) -> bool {
    matches!(code, ErrorCode::ConnectionLimitReached)
}

/// What went wrong on the way, and may not the next time.
fn may_pass(code: &ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DnsTimeout
            | ErrorCode::DnsError(_)
            | ErrorCode::DestinationNotFound
            | ErrorCode::DestinationUnavailable
            | ErrorCode::DestinationIpUnroutable
            | ErrorCode::ConnectionRefused
            | ErrorCode::ConnectionTerminated
            | ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::TlsProtocolError
            | ErrorCode::TlsCertificateError
            | ErrorCode::TlsAlertReceived(_)
            | ErrorCode::HttpResponseIncomplete
            | ErrorCode::HttpResponseTimeout
            | ErrorCode::HttpProtocolError
    )
}

/// The codes that a host gives, in words.
fn said(code: &ErrorCode) -> String {
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => "denied".into(),
        ErrorCode::ConnectionLimitReached => "a limit of this call is reached".into(),
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            "its name has no address".into()
        }
        ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused => "nobody answers there".into(),
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            "the answer broke off".into()
        }
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => "no answer in time".into(),
        ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => "no secure connection".into(),
        ErrorCode::InternalError(Some(message)) => message.clone(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "http GET https://a.example:443/x";

    fn failure(code: ErrorCode) -> Failure {
        Error::host(REQUEST, code).into()
    }

    #[test]
    fn a_denial_is_a_denial() {
        let denial = Denial {
            capability: REQUEST.into(),
            rule: "the host's egress gate".into(),
            remedy: "see the host's record of this call: it names the rule, and what would have to change".into(),
        };
        for code in [
            ErrorCode::HttpRequestDenied,
            ErrorCode::DestinationIpProhibited,
        ] {
            assert!(Error::host(REQUEST, code.clone()).is_denial());
            assert_eq!(failure(code), Failure::Denied(denial.clone()));
        }
        assert!(!Error::host(REQUEST, ErrorCode::ConnectionRefused).is_denial());
        assert!(!Error::Request("not a URL".into()).is_denial());
    }

    #[test]
    fn what_may_pass_is_told_from_what_does_not() {
        let passing = |message: &str| {
            Failure::Upstream(UpstreamError {
                status: None,
                retry_after: None,
                message: format!("{REQUEST}: {message}"),
            })
        };
        let lasting = |message: &str| Failure::failed(format!("{REQUEST}: {message}"));
        let table = [
            (
                ErrorCode::ConnectionRefused,
                passing("nobody answers there"),
            ),
            (ErrorCode::DnsTimeout, passing("its name has no address")),
            (ErrorCode::HttpResponseTimeout, passing("no answer in time")),
            (ErrorCode::TlsProtocolError, passing("no secure connection")),
            (
                ErrorCode::HttpResponseIncomplete,
                passing("the answer broke off"),
            ),
            (
                ErrorCode::ConnectionLimitReached,
                lasting("a limit of this call is reached"),
            ),
            (ErrorCode::InternalError(Some("why".into())), lasting("why")),
            (ErrorCode::LoopDetected, lasting("ErrorCode::LoopDetected")),
        ];
        for (code, expected) in table {
            assert_eq!(failure(code), expected);
        }
    }

    #[test]
    fn statuses_that_may_pass_keep_what_they_ask_for() {
        let failure = |status, retry_after| {
            Failure::from(Error::Status {
                request: REQUEST.into(),
                status,
                retry_after,
                message: "slow down".into(),
                headers: Headers::default(),
            })
        };
        let table = [
            (429, Some(7), true),
            (429, None, true),
            (408, None, true),
            (500, None, true),
            (503, Some(1), true),
            (529, None, true),
            (403, Some(60), true),
            (501, None, false),
            (403, None, false),
            (404, None, false),
            (302, None, false),
        ];
        for (status, retry_after, passes) in table {
            let message = format!("{REQUEST}: status {status}: slow down");
            let expected = if passes {
                Failure::Upstream(UpstreamError {
                    status: Some(status),
                    retry_after,
                    message,
                })
            } else {
                Failure::Failed(message)
            };
            assert_eq!(failure(status, retry_after), expected, "{status}");
        }
    }

    #[test]
    fn everything_else_says_what_is_wrong() {
        let request = || REQUEST.to_owned();
        let table = [
            (Error::Request("not a URL".into()), "not a URL".to_owned()),
            (
                Error::header("cookie", HeaderError::Forbidden),
                "the header `cookie` is the host's: credentials are named in a need, and the connection is its own"
                    .to_owned(),
            ),
            (
                Error::header("a b", HeaderError::InvalidSyntax),
                "`a b` and its value are no header".to_owned(),
            ),
            (
                Error::TooLarge { request: request(), limit: 10 },
                format!("{REQUEST}: the answer has more than 10 bytes"),
            ),
            (
                Error::Content { request: request(), problem: "is not text".into() },
                format!("{REQUEST}: the answer is not text"),
            ),
            (
                Error::Status { request: request(), status: 404, retry_after: None, message: String::new(), headers: Headers::default() },
                format!("{REQUEST}: status 404"),
            ),
        ];
        for (error, message) in table {
            assert_eq!(Failure::from(error), Failure::Failed(message));
        }
    }
}
