//! Trying again what may pass: what the service asks to wait is waited for, within a bound.
//!
//! A component that waits needs clocks, so its target is `wasm32-wasip2`.

use super::{Error, Request, Response, send};
use crate::Failure;

/// How often a request is tried, and how long is waited for it in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts in all.
    pub attempts: u32,
    /// Milliseconds of waiting between them in all. A service that asks for more than is left is not asked again: the
    /// failure says how long it wants.
    pub waiting: u32,
}

impl Default for Patience {
    /// Three attempts, and 20 seconds.
    fn default() -> Self {
        Self {
            attempts: 3,
            waiting: 20_000,
        }
    }
}

/// Milliseconds before the second attempt where the service names none; each further one waits twice as long.
const FIRST_WAIT: u32 = 1_000;

impl Patience {
    /// Sends a request that may be sent twice. What [may pass](Failure::Upstream) is tried again: 408, 425, 429, 5xx, and
    /// what broke on the way. An answer of another status is an answer.
    ///
    /// # Errors
    /// As [`send`](super::send), and [`Error::Status`] where it still may pass.
    pub fn send(self, request: &Request) -> Result<Response, Error> {
        self.asking(|| send(request))
    }

    /// The same, with redirects followed.
    ///
    /// # Errors
    /// As [`Self::send`] and [`follow`](super::follow).
    pub fn follow(self, request: &Request, hops: u32) -> Result<Response, Error> {
        self.asking(|| super::follow(request, hops))
    }

    /// Sends several requests, at most so many at one time; those of them that may pass are tried again, one after the
    /// other. The answers are in the order of the requests.
    #[must_use]
    pub fn many(self, requests: &[Request], at_once: usize) -> Vec<Result<Response, Error>> {
        let mut answers: Vec<Option<Result<Response, Error>>> = Vec::new();
        answers.resize_with(requests.len(), || None);
        super::many(requests, at_once, |index, found| {
            if let Some(place) = answers.get_mut(index) {
                *place = Some(found);
            }
        });
        requests
            .iter()
            .zip(answers)
            .map(|(request, mut first)| {
                self.asking(|| first.take().unwrap_or_else(|| send(request)))
            })
            .collect()
    }

    fn asking(self, mut ask: impl FnMut() -> Result<Response, Error>) -> Result<Response, Error> {
        let mut left = self.waiting;
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            let error = match ask() {
                Ok(answer) if !passes(answer.status) => return Ok(answer),
                Ok(answer) => match answer.success() {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            let wanted = match Failure::from(error.clone()) {
                Failure::Upstream(said) => match said.retry_after {
                    Some(seconds) => seconds.saturating_mul(1_000),
                    None => wait,
                },
                _ => return Err(error),
            };
            if attempt >= self.attempts || wanted > left {
                return Err(error);
            }
            left -= wanted;
            wait = wait.saturating_mul(2);
            pause(wanted);
        }
        Err(Error::Request("no attempt was made".into()))
    }
}

/// Whether the status is one that may be another the next time.
fn passes(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 520..=599)
}

/// Waits so many milliseconds. In native builds nothing waits: [`native`](super::native) notes it.
pub fn pause(milliseconds: u32) {
    #[cfg(target_family = "wasm")]
    std::thread::sleep(std::time::Duration::from_millis(milliseconds.into()));
    #[cfg(not(target_family = "wasm"))]
    super::native::waited(milliseconds);
}

#[cfg(test)]
mod tests {
    use super::super::native::{Native, Reply};
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_and_waited_for() {
        let limited = || Reply::new(429).header("retry-after", "7");
        let failed = || Reply::new(503);
        let done = || Reply::new(200).body("done");
        let missing = || Reply::new(404);
        type Row = (Vec<fn() -> Reply>, Result<u16, u16>, Vec<u32>);
        let table: Vec<Row> = vec![
            (vec![done], Ok(200), vec![]),
            (vec![missing], Ok(404), vec![]),
            (vec![limited, done], Ok(200), vec![7_000]),
            (vec![failed, failed, done], Ok(200), vec![1_000, 2_000]),
            (vec![failed, failed, failed], Err(503), vec![1_000, 2_000]),
            (
                vec![limited, limited, limited],
                Err(429),
                vec![7_000, 7_000],
            ),
            (
                vec![|| Reply::new(429).header("retry-after", "60")],
                Err(429),
                vec![],
            ),
        ];
        for (replies, expected, waits) in table {
            let mut replies = replies.into_iter();
            let entered = Native::new()
                .replies("https://a.example", move |_| {
                    replies
                        .next()
                        .map_or_else(|| Reply::new(418), |reply| reply())
                })
                .enter();
            let answer = Patience::default().send(&Request::get("https://a.example/"));
            let found = match answer {
                Ok(response) => Ok(response.status),
                Err(Error::Status { status, .. }) => Err(status),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(found, expected);
            assert_eq!(entered.waits(), waits);
        }
    }

    #[test]
    fn several_are_tried_again_one_by_one() {
        let mut seen = Vec::new();
        let entered = Native::new()
            .replies("https://a.example", move |request| {
                seen.push(request.path.clone());
                let times = seen.iter().filter(|path| **path == request.path).count();
                match (request.path.as_str(), times) {
                    ("/limited", 1) => Reply::new(429).header("retry-after", "2"),
                    ("/gone", _) => Reply::new(404),
                    ("/broken", _) => Reply::new(500),
                    _ => Reply::new(200),
                }
            })
            .enter();
        let requests = ["/fine", "/limited", "/gone", "/broken"]
            .map(|path| Request::get(format!("https://a.example{path}")));
        let found: Vec<Result<u16, bool>> = Patience::default()
            .many(&requests, 2)
            .into_iter()
            .map(|answer| match answer {
                Ok(response) => Ok(response.status),
                Err(error) => Err(matches!(error, Error::Status { status: 500, .. })),
            })
            .collect();
        assert_eq!(found, [Ok(200), Ok(200), Ok(404), Err(true)]);
        assert_eq!(entered.waits(), [2_000, 1_000, 2_000]);
    }
}
