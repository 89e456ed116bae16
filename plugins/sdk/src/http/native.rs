//! Where requests go in native builds, so that a plugin can be tested with `cargo test` as it will run: to a server of the
//! test's, or to a function, under the needs of the operation that is called.
//!
//! ```
//! use ml_intern_sdk::http::native::{Native, Reply};
//! use ml_intern_sdk::http::{self, Request};
//!
//! let entered = Native::new()
//!     .replies("https://a.example", |request| Reply::new(200).body(request.path.clone()))
//!     .enter();
//! let answer = http::send(&Request::get("https://a.example/x"))?;
//! assert_eq!(answer.text(99)?, "/x");
//! # drop(entered);
//! # Ok::<(), http::Error>(())
//! ```
//!
//! A request to an origin that nothing is said about is denied. So is, while [`Plugin::invoke`](crate::Plugin::invoke)
//! runs, one that no need of the called operation covers; and a credential is put on where its need names it, as the host
//! does.

use std::cell::RefCell;
use std::fmt;
use std::io::Read as _;
use std::time::Duration;

use super::response::Source;
use super::target::{Target, method_name};
use super::{Error, ErrorCode, Request, Response};
use crate::{HttpMethod, HttpNeed, Need};

/// What the requests of this thread meet.
#[derive(Default)]
pub struct Native {
    /// `scheme://host:port`, and what answers for it.
    services: Vec<(String, Service)>,
    /// By name: the header and its value, and the token alone.
    credentials: Vec<(String, (String, String), String)>,
}

enum Service {
    /// At this address: an origin, perhaps with a path.
    At(String),
    /// This function.
    By(Box<dyn FnMut(&Asked) -> Reply>),
}

/// A request as a function sees it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET` …
    pub method: &'static str,
    /// With the query.
    pub path: String,
    /// Those that the plugin set, and the credential's.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a function answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    /// An answer of this status.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

#[derive(Default)]
struct Thread {
    native: Option<Native>,
    waits: Vec<u32>,
    /// The needs of the operation that runs; none outside of one.
    needs: Option<Vec<Need>>,
}

thread_local! {
    static THREAD: RefCell<Thread> = RefCell::default();
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins: Vec<&str> = self.services.iter().map(|(at, _)| at.as_str()).collect();
        f.debug_struct("Native")
            .field("services", &origins)
            .finish_non_exhaustive()
    }
}

impl Native {
    /// Nothing: every request is denied.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a server that answers for this origin (`https://a.example`): an address, perhaps with a path.
    #[must_use]
    pub fn serves(mut self, origin: &str, at: impl Into<String>) -> Self {
        self.services.push((full(origin), Service::At(at.into())));
        self
    }

    /// The same with a function that answers for this origin.
    #[must_use]
    pub fn replies(mut self, origin: &str, with: impl FnMut(&Asked) -> Reply + 'static) -> Self {
        self.services
            .push((full(origin), Service::By(Box::new(with))));
        self
    }

    /// The same with a credential of this name, sent as `authorization: Bearer <token>`.
    #[must_use]
    pub fn bearer(self, name: &str, token: &str) -> Self {
        self.credential(name, "authorization", &format!("Bearer {token}"), token)
    }

    /// The same with a credential that is sent in a header of its own.
    #[must_use]
    pub fn header(self, name: &str, header: &str, token: &str) -> Self {
        self.credential(name, header, token, token)
    }

    fn credential(mut self, name: &str, header: &str, value: &str, token: &str) -> Self {
        self.credentials.push((
            name.to_owned(),
            (header.to_owned(), value.to_owned()),
            token.to_owned(),
        ));
        self
    }

    /// From here on, until what is returned is dropped, it is what requests of this thread meet.
    #[must_use]
    pub fn enter(self) -> Entered {
        THREAD.with_borrow_mut(|thread| {
            thread.native = Some(self);
            thread.waits.clear();
        });
        Entered(())
    }
}

/// Until it is dropped, the requests of this thread are served.
#[derive(Debug)]
pub struct Entered(());

impl Entered {
    /// The pauses so far, in milliseconds; none of them was waited for.
    #[must_use]
    pub fn waits(&self) -> Vec<u32> {
        THREAD.with_borrow(|thread| thread.waits.clone())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        THREAD.with_borrow_mut(|thread| thread.native = None);
    }
}

pub(super) fn waited(milliseconds: u32) {
    THREAD.with_borrow_mut(|thread| thread.waits.push(milliseconds));
}

/// Runs an operation's function under its needs.
pub(crate) fn under<T>(needs: &[Need], run: impl FnOnce() -> T) -> T {
    THREAD.with_borrow_mut(|thread| thread.needs = Some(needs.to_vec()));
    let result = run();
    THREAD.with_borrow_mut(|thread| thread.needs = None);
    result
}

pub(super) fn many(
    requests: &[Request],
    _at_once: usize,
    with: &mut dyn FnMut(usize, Result<Response, Error>),
) {
    for (index, request) in requests.iter().enumerate() {
        with(index, one(request));
    }
}

fn one(request: &Request) -> Result<Response, Error> {
    let target = Target::new(request.method, &request.url())?;
    let denied = || Error::host(&target.subject, ErrorCode::HttpRequestDenied);
    let scheme = if target.secure { "https" } else { "http" };
    let origin = full(&format!("{scheme}://{}", target.authority));
    let need = needed(&origin, request.method, &target.path).map_err(|()| denied())?;
    let mut headers = request.headers.clone();
    for (name, _) in &headers {
        if ["authorization", "cookie", "host"]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own))
        {
            return Err(Error::header(name, super::HeaderError::Forbidden));
        }
    }
    let mut body = request.body.clone();
    if let Some(stream) = &request.stream {
        body.clear();
        stream
            .open()?
            .read_to_end(&mut body)
            .map_err(|error| Error::Request(format!("the body of a request: {error}")))?;
        if Some(body.len() as u64) != request.length() {
            return Err(Error::host(
                &target.subject,
                ErrorCode::HttpRequestBodySize(Some(body.len() as u64)),
            ));
        }
    }
    THREAD.with_borrow_mut(|thread| {
        let native = thread.native.as_mut().ok_or_else(denied)?;
        if let Some(need) = need {
            let known = |name: &Option<String>| {
                let name = name.as_deref()?;
                native.credentials.iter().find(|known| known.0 == name)
            };
            if let Some((_, header, _)) = known(&need.credential) {
                headers.push(header.clone());
            }
            if let Some((name, _, token)) = known(&need.body_credential) {
                let text = String::from_utf8_lossy(&body).into_owned();
                body = text
                    .replace(&format!("{{{{credential:{name}}}}}"), token)
                    .into_bytes();
            }
        }
        let service = native
            .services
            .iter_mut()
            .find_map(|(known, service)| (*known == origin).then_some(service))
            .ok_or_else(denied)?;
        match service {
            Service::By(function) => {
                let reply = function(&Asked {
                    method: method_name(request.method),
                    path: target.path.clone(),
                    headers,
                    body,
                });
                Ok(Response::of(
                    &target.subject,
                    reply.status,
                    reply.headers,
                    Box::new(std::io::Cursor::new(reply.body)),
                ))
            }
            Service::At(at) => fetch(&target, request.method, at, &headers, &body),
        }
    })
}

/// The need that covers a request; none outside of an operation.
fn needed(origin: &str, method: HttpMethod, path: &str) -> Result<Option<HttpNeed>, ()> {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    THREAD.with_borrow(|thread| {
        let Some(needs) = &thread.needs else {
            return Ok(None);
        };
        let parts = |path: &str| -> Vec<String> {
            let parts = path.split('/').filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let asked = parts(path);
        // `*` stands for any one segment.
        let covers = |prefix: &String| {
            let prefix = parts(prefix);
            prefix.len() <= asked.len()
                && prefix
                    .iter()
                    .zip(&asked)
                    .all(|(one, part)| one == "*" || one == part)
        };
        for need in needs {
            match need {
                Need::Http(need)
                    if full(&need.origin) == origin
                        && need.methods.contains(&method)
                        && need.paths.iter().any(covers) =>
                {
                    return Ok(Some(need.clone()));
                }
                Need::Web(methods) if methods.contains(&method) => return Ok(None),
                _ => {}
            }
        }
        Err(())
    })
}

/// An origin with its port.
fn full(origin: &str) -> String {
    let origin = origin.trim_end_matches('/');
    let (scheme, host) = origin.split_once("://").unwrap_or(("https", origin));
    let after = host.rsplit_once(']').map_or(host, |(_, after)| after);
    let port = match (after.contains(':'), scheme) {
        (true, _) => "",
        (false, "http") => ":80",
        (false, _) => ":443",
    };
    format!("{scheme}://{host}{port}")
}

fn fetch(
    target: &Target,
    method: HttpMethod,
    at: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Response, Error> {
    let failed = |code| Error::host(&target.subject, code);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into();
    let mut request = ureq::http::Request::builder()
        .method(method_name(method))
        .uri(format!("{}{}", at.trim_end_matches('/'), target.path));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request
        .body(body.to_vec())
        .map_err(|error| Error::Request(error.to_string()))?;
    let answer = agent.run(request).map_err(|error| {
        failed(match error {
            ureq::Error::ConnectionFailed | ureq::Error::Io(_) => ErrorCode::ConnectionTerminated,
            ureq::Error::Timeout(_) => ErrorCode::HttpResponseTimeout,
            other => ErrorCode::InternalError(Some(other.to_string())),
        })
    })?;
    let (head, body) = answer.into_parts();
    let found = head
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    let source = Reading {
        subject: target.subject.clone(),
        reader: Box::new(body.into_reader()),
    };
    let mut response = Response::of(
        &target.subject,
        head.status.as_u16(),
        found,
        Box::new(source),
    );
    if method == HttpMethod::Head {
        response.has_no_body();
    }
    Ok(response)
}

struct Reading {
    subject: String,
    reader: Box<dyn std::io::Read>,
}

impl Source for Reading {
    fn next(&mut self, most: usize) -> Result<Option<Vec<u8>>, Error> {
        let mut piece = vec![0; most];
        match self.reader.read(&mut piece) {
            Ok(0) => Ok(None),
            Ok(read) => {
                piece.truncate(read);
                Ok(Some(piece))
            }
            Err(_) => Err(Error::host(
                &self.subject,
                ErrorCode::HttpResponseIncomplete,
            )),
        }
    }
}
