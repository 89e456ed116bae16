//! Requests to GitHub's REST API, and what is left of its rate.
//!
//! Formats: GitHub's REST documentation, version 2022-11-28; limits: "Rate limits for the REST API" there.

use std::time::{SystemTime, UNIX_EPOCH};

use ml_intern_sdk::http::{Error, Headers, Patience, Request, Response};
use ml_intern_sdk::{Failure, UpstreamError};
use serde::de::DeserializeOwned;

pub(crate) const API: &str = "https://api.github.com";
pub(crate) const CREDENTIAL: &str = "github";

/// Milliseconds that an answer may take to begin.
const WAIT: u32 = 30_000;

/// What is left of the rate after the latest request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rate {
    limit: Option<u64>,
    remaining: Option<u64>,
    /// Seconds since 1970 when it is whole again.
    reset: Option<u64>,
    /// Whether it is that of searches, which counts minutes rather than hours.
    searches: bool,
}

impl Rate {
    fn of(headers: &Headers) -> Rate {
        let number = |name: &str| headers.get(name)?.trim().parse().ok();
        Rate {
            limit: number("x-ratelimit-limit"),
            remaining: number("x-ratelimit-remaining"),
            reset: number("x-ratelimit-reset"),
            searches: headers.get("x-ratelimit-resource") == Some("search"),
        }
    }

    /// One line for the end of a result; none where GitHub says nothing.
    pub(crate) fn line(self) -> Option<String> {
        let (limit, remaining) = (self.limit?, self.remaining?);
        let what = if self.searches {
            "searches left in this minute"
        } else {
            "requests left in this hour"
        };
        let token = self.more().map_or_else(String::new, |more| {
            format!("; with a GITHUB_TOKEN, which a person can set, it is {more}")
        });
        Some(format!("[GitHub: {remaining} of {limit} {what}{token}]"))
    }

    /// How many it would be with a token, where this is what one has without.
    fn more(self) -> Option<&'static str> {
        match (self.searches, self.limit?) {
            (false, ..=60) => Some("5,000"),
            (true, ..=10) => Some("30"),
            _ => None,
        }
    }

    fn used_up(self) -> bool {
        self.remaining == Some(0)
    }
}

/// An answer, and what is left.
#[derive(Debug)]
pub(crate) struct Answered<T> {
    pub(crate) value: T,
    pub(crate) rate: Rate,
}

/// A request of the API. The path begins with `/` and is encoded.
pub(crate) fn request(path: &str, query: &[(&str, &str)], accept: &str) -> Request {
    let mut request = Request::get(format!("{API}{path}"))
        .header("accept", accept)
        .header("x-github-api-version", "2022-11-28")
        .patience(WAIT);
    for (name, value) in query {
        request = request.query(*name, *value);
    }
    request
}

/// What a path gives as JSON, of at most `limit` bytes.
pub(crate) fn get<T: DeserializeOwned>(
    path: &str,
    query: &[(&str, &str)],
    limit: usize,
) -> Result<Answered<T>, Failure> {
    let answer = ask(&request(path, query, "application/vnd.github+json"))?;
    let rate = Rate::of(&answer.headers);
    let value = answer.json(limit)?;
    Ok(Answered { value, rate })
}

/// The answer to a request, if it is one of success.
pub(crate) fn ask(request: &Request) -> Result<Response, Failure> {
    // A repository that was renamed is at another place.
    Patience::default()
        .follow(request, 2)
        .and_then(Response::success)
        .map_err(explain)
}

/// What is left, as an answer says it.
pub(crate) fn rate(answer: &Response) -> Rate {
    Rate::of(&answer.headers)
}

/// Whether this is the failure of something that is not there.
pub(crate) fn is_missing(failure: &Failure) -> bool {
    matches!(failure, Failure::Failed(text) if text.starts_with(MISSING))
}

const MISSING: &str = "not found on GitHub";

fn explain(error: Error) -> Failure {
    let Error::Status {
        request,
        status,
        message,
        headers,
        ..
    } = &error
    else {
        return error.into();
    };
    let rate = Rate::of(headers);
    match *status {
        403 | 429 if rate.used_up() => {
            let wait = rate.reset.map(|reset| reset.saturating_sub(now()));
            let when = wait.map_or_else(String::new, |seconds| {
                format!(" It is whole again in {} min.", seconds.div_ceil(60))
            });
            let token = rate.more().map_or_else(String::new, |more| {
                format!(" With a GITHUB_TOKEN, which a person can set, it is {more}.")
            });
            let what = if rate.searches {
                "searches a minute"
            } else {
                "requests an hour"
            };
            Failure::Upstream(UpstreamError {
                status: Some(*status),
                retry_after: wait.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)),
                message: format!(
                    "GitHub's rate of {} {what} is used up.{when}{token}",
                    rate.limit.unwrap_or_default()
                ),
            })
        }
        401 => Failure::failed(format!(
            "GitHub does not take the token: a person has to set another GITHUB_TOKEN, or none ({message})"
        )),
        404 | 451 => Failure::failed(format!("{MISSING}: {request} (status {status}: {message})")),
        422 => Failure::failed(format!(
            "GitHub cannot make sense of it: {message} ({request})"
        )),
        _ => error.into(),
    }
}

/// Seconds since the start of 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |passed| passed.as_secs())
}
