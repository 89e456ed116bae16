//! One record a request, for the journal.

use std::net::SocketAddr;
use std::time::Duration;

use policy::Decision;

/// What became of one request. Contains no secret: the query is left out, and headers and bodies are not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exchange {
    /// The method, as it was asked for; upper-case where it is one that can be granted.
    pub method: String,
    /// Where to; empty where the URL could not be read, or held a secret.
    pub origin: String,
    /// The path, followed by `?…` where there was a query; empty as `origin` is.
    pub path: String,
    /// The endpoint that it went to in place of the origin, where the user named one.
    pub endpoint: Option<String>,
    /// The address that was dialled.
    pub address: Option<SocketAddr>,
    /// Whether a connection that was open already was used.
    pub reused: bool,
    /// The name of the credential that was put on.
    pub credential: Option<String>,
    /// The name of the credential that was put into the body.
    pub body_credential: Option<String>,
    /// The status of the response, where there was one.
    pub status: Option<u16>,
    /// Whether what was answered before was used again.
    pub from_cache: Option<FromCache>,
    /// Bytes sent: head and body.
    pub sent: u64,
    /// Bytes received: head and body, from the cache too.
    pub received: u64,
    /// From the question to the last byte of the answer.
    pub elapsed: Duration,
    /// The decision that refused it; none where it was allowed.
    pub denial: Option<Decision>,
    /// Why it did not end well: the error's message, or that the response was not read to its end.
    pub error: Option<String>,
}

/// How the cache had a part in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromCache {
    /// It is the cache's, and nobody was asked.
    Fresh,
    /// Its body is the cache's; the server said that it is still good.
    Validated,
}

impl Exchange {
    /// What was asked for, in the journal's words: `http GET https://example.com:443/path`; and, where the origin is
    /// served elsewhere, ` (at http://127.0.0.1:8080)` after it; and, where a credential was put into the body,
    /// ` (body credential: NAME)`.
    #[must_use]
    pub fn capability(&self) -> String {
        let at = self
            .endpoint
            .as_ref()
            .map(|endpoint| format!(" (at {endpoint})"))
            .unwrap_or_default();
        let with = self
            .body_credential
            .as_ref()
            .map(|name| format!(" (body credential: {name})"))
            .unwrap_or_default();
        format!(
            "http {} {}{}{at}{with}",
            self.method, self.origin, self.path
        )
    }

    /// What became of it, in the journal's words: `denied: RULE`, an error's message, or `status 200`, with
    /// `, from cache` or `, from cache after asking` where that is so.
    #[must_use]
    pub fn outcome(&self) -> String {
        match (&self.denial, &self.error, self.status) {
            (Some(denial), _, _) => format!("denied: {}", denial.rule),
            (None, Some(error), _) => error.clone(),
            (None, None, Some(status)) => match self.from_cache {
                None => format!("status {status}"),
                Some(FromCache::Fresh) => format!("status {status}, from cache"),
                Some(FromCache::Validated) => format!("status {status}, from cache after asking"),
            },
            (None, None, None) => "ok".to_owned(),
        }
    }
}

/// Is told about every request, once, when it is over: refused, failed, read to the end or dropped.
pub trait Observe: Send + Sync {
    /// Takes the record. Called where the request ended, so it must not block.
    fn exchange(&self, exchange: &Exchange);
}

impl<F: Fn(&Exchange) + Send + Sync> Observe for F {
    fn exchange(&self, exchange: &Exchange) {
        self(exchange);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_in_the_journals_words() {
        let plain = Exchange {
            method: "GET".to_owned(),
            origin: "https://example.com:443".to_owned(),
            path: "/a?\u{2026}".to_owned(),
            ..Exchange::default()
        };
        assert_eq!(
            plain.capability(),
            "http GET https://example.com:443/a?\u{2026}"
        );
        let elsewhere = Exchange {
            endpoint: Some("http://127.0.0.1:8080".to_owned()),
            ..plain.clone()
        };
        assert_eq!(
            elsewhere.capability(),
            "http GET https://example.com:443/a?\u{2026} (at http://127.0.0.1:8080)"
        );
        let with = Exchange {
            body_credential: Some("hub".to_owned()),
            ..elsewhere
        };
        assert_eq!(
            with.capability(),
            "http GET https://example.com:443/a?\u{2026} (at http://127.0.0.1:8080) (body credential: hub)"
        );
        let denial = Decision {
            verdict: policy::Verdict::Deny,
            subject: "s".to_owned(),
            rule: "the rule".to_owned(),
            remedy: "r".to_owned(),
        };
        let error = "it broke off".to_owned();
        // (denial, error, status) -> outcome: the first that there is.
        let rows = [
            (
                Some(denial),
                Some(error.clone()),
                Some(302),
                "denied: the rule",
            ),
            (None, Some(error), Some(200), "it broke off"),
            (None, None, Some(404), "status 404"),
            (None, None, None, "ok"),
        ];
        for (denial, error, status, expected) in rows {
            let exchange = Exchange {
                denial,
                error,
                status,
                ..plain.clone()
            };
            assert_eq!(exchange.outcome(), expected);
        }
        for (from_cache, expected) in [
            (FromCache::Fresh, "status 200, from cache"),
            (FromCache::Validated, "status 200, from cache after asking"),
        ] {
            let exchange = Exchange {
                status: Some(200),
                from_cache: Some(from_cache),
                ..plain.clone()
            };
            assert_eq!(exchange.outcome(), expected);
        }
    }
}
