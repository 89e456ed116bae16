//! Questions to the Hub's data set viewer, several at a time, and why one has no answer.
//!
//! The server's errors have a code in `x-error-code`:
//!
//! | status | code | is |
//! | --- | --- | --- |
//! | 401, 404 | `ExternalUnauthenticatedError`, `ExternalAuthenticatedError`, `DatasetNotFoundError` … | [`Lack::Missing`] |
//! | 403 | any | [`Lack::Missing`] |
//! | 500, 503 | `ResponseNotReady` … | [`Lack::Unready`] |
//! | others | | [`Lack::Other`] |

use ml_intern_sdk::Failure;
use ml_intern_sdk::http::{self, Error, Request, Response};
use serde_json::Value;

/// Where it is.
pub(crate) const SERVER: &str = "https://datasets-server.huggingface.co";
/// What is asked of it.
pub(crate) const PATHS: [&str; 8] = [
    "/is-valid",
    "/splits",
    "/parquet",
    "/info",
    "/first-rows",
    "/rows",
    "/statistics",
    "/size",
];

/// Milliseconds that an answer may take to begin, and between its parts.
const WAIT: u32 = 30_000;
/// Bytes of an answer.
const LARGEST: usize = 8 << 20;
/// Questions at one time.
const AT_ONCE: usize = 6;
/// Attempts in all, and milliseconds of waiting between them in all.
const ATTEMPTS: u32 = 3;
const PATIENCE: u32 = 20_000;

/// Why there is no answer.
#[derive(Debug, Clone)]
pub(crate) enum Lack {
    /// There is no such data set, or the token may not see it: the status and what was said.
    Missing(u16, String),
    /// The server has not worked it out yet.
    Unready,
    /// Anything else.
    Other(Error),
}

impl Lack {
    fn of(error: Error) -> Self {
        let Error::Status {
            status,
            message,
            headers,
            ..
        } = &error
        else {
            return Self::Other(error);
        };
        let code = headers.get("x-error-code").unwrap_or_default();
        let lower = message.to_lowercase();
        let unready = [
            "ResponseNotReady",
            "ResponseAlreadyComputed",
            "CachedResponseNotFound",
        ]
        .iter()
        .any(|begin| code.starts_with(begin))
            || ["not ready yet", "being processed", "busier than usual"]
                .iter()
                .any(|said| lower.contains(said));
        match status {
            500..=599 if unready => Self::Unready,
            401 | 403 => Self::Missing(*status, message.clone()),
            404 if lower.contains("dataset")
                && !lower.contains("config")
                && !lower.contains("split")
                || code.starts_with("External")
                || code.starts_with("DatasetNotFound") =>
            {
                Self::Missing(*status, message.clone())
            }
            _ => Self::Other(error),
        }
    }

    /// In a few words, for a warning.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Missing(status, said) => format!("status {status}: {}", or_nothing(said)),
            Self::Unready => {
                "the Hub is still working it out; try again in a few minutes".to_owned()
            }
            Self::Other(Error::Status {
                status, message, ..
            }) => format!("status {status}: {}", or_nothing(message)),
            Self::Other(error) => error.to_string(),
        }
    }
}

fn or_nothing(said: &str) -> &str {
    if said.is_empty() {
        "no reason given"
    } else {
        said
    }
}

/// A question.
pub(crate) fn ask(path: &str, query: &[(&str, &str)]) -> Request {
    let request = Request::get(format!("{SERVER}{path}")).patience(WAIT);
    query.iter().fold(request, |request, (name, value)| {
        request.query(*name, *value)
    })
}

/// Whether the server has worked out that there is no answer, or works on it still: it says so with a code, and asking
/// again at once gives the same.
pub(crate) fn is_settled(error: &Error) -> bool {
    match error {
        Error::Status {
            status: 500..,
            headers,
            ..
        } => headers.get("x-error-code").is_some(),
        _ => false,
    }
}

/// The answers, in the order of the questions. What may pass is asked again, all of it in one go.
pub(crate) fn all(questions: &[Request]) -> Vec<Result<Value, Lack>> {
    let mut answers: Vec<Option<Result<Value, Error>>> = vec![None; questions.len()];
    let mut open: Vec<usize> = (0..questions.len()).collect();
    let (mut left, mut wait) = (PATIENCE, 1_000_u32);
    for attempt in 1..=ATTEMPTS {
        let asked: Vec<Request> = open
            .iter()
            .filter_map(|place| questions.get(*place).cloned())
            .collect();
        http::many(&asked, AT_ONCE, |place, answer| {
            let answer = answer
                .and_then(Response::success)
                .and_then(|answer| answer.json(LARGEST));
            if let Some(slot) = open.get(place).and_then(|place| answers.get_mut(*place)) {
                *slot = Some(answer);
            }
        });
        let wants = |place: &usize| match answers.get(*place) {
            Some(Some(Err(error))) if !is_settled(error) => match Failure::from(error.clone()) {
                Failure::Upstream(said) => Some(
                    said.retry_after
                        .map_or(wait, |seconds| seconds.saturating_mul(1_000)),
                ),
                _ => None,
            },
            _ => None,
        };
        // What wants longer than is left has its answer.
        let again: Vec<(usize, u32)> = open
            .iter()
            .filter_map(|place| Some((*place, wants(place).filter(|wanted| *wanted <= left)?)))
            .collect();
        let Some(longest) = again
            .iter()
            .map(|(_, wanted)| *wanted)
            .max()
            .filter(|_| attempt < ATTEMPTS)
        else {
            break;
        };
        http::pause(longest);
        left -= longest;
        wait = wait.saturating_mul(2);
        open = again.into_iter().map(|(place, _)| place).collect();
    }
    answers
        .into_iter()
        .map(|answer| {
            answer
                .unwrap_or_else(|| Err(Error::Request("the request was not sent".to_owned())))
                .map_err(Lack::of)
        })
        .collect()
}

/// A member of an answer that is a list.
pub(crate) fn list<'v>(answer: &'v Value, name: &str) -> &'v [Value] {
    answer
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A member of an answer that is a text; empty where there is none.
pub(crate) fn text<'v>(answer: &'v Value, name: &str) -> &'v str {
    answer.get(name).and_then(Value::as_str).unwrap_or_default()
}
