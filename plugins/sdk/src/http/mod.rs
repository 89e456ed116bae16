//! Requests to web services, through the host's egress gate.
//!
//! ```no_run
//! use ml_intern_sdk::http::{self, Request};
//! use ml_intern_sdk::prelude::*;
//!
//! #[derive(Deserialize)]
//! struct Model {
//!     id: String,
//! }
//!
//! fn models(author: &str) -> Result<Vec<Model>, Failure> {
//!     let request = Request::get("https://huggingface.co/api/models").query("author", author);
//!     Ok(http::send(&request)?.success()?.json(1 << 20)?)
//! }
//! ```
//!
//! A request needs a [`need::http`](crate::need::http) of its operation that covers origin, method and path. A credential
//! is named there and put on by the host; `authorization` and `cookie` cannot be set here. A redirect is an answer like
//! any other (RFC 9110 §15.4): following it is a new request, with a need of its own.
//!
//! Every body is read up to a bound that the caller sets, and no further.
//!
//! [`send`] sends one request; [`many`] several at a time; [`follow`] goes after redirects, [`Patience`] tries again what
//! may pass. In native builds, so in `cargo test`, they go where [`native`] is told.

#[expect(
    missing_docs,
    reason = "generated from WASI's own WIT, which leaves its error codes to their names"
)]
mod bindings;
mod date;
mod error;
mod follow;
#[cfg(not(target_family = "wasm"))]
pub mod native;
mod patience;
mod request;
mod response;
mod target;
#[cfg(target_family = "wasm")]
mod wasm;

pub use bindings::wasi::http::types::{ErrorCode, HeaderError};
pub use error::Error;
pub use follow::follow;
#[cfg(not(target_family = "wasm"))]
use native as transport;
pub use patience::{Patience, pause};
pub use request::{Request, encode};
pub use response::{Body, Headers, Response};
pub use target::method_name;
#[cfg(target_family = "wasm")]
use wasm as transport;

use crate::HttpMethod;

/// Every method that a request can have: what an operation that runs code declares in its
/// [`need::web`](crate::need::web). The policy decides about each request.
pub const METHODS: [HttpMethod; 7] = [
    HttpMethod::Get,
    HttpMethod::Head,
    HttpMethod::Options,
    HttpMethod::Post,
    HttpMethod::Put,
    HttpMethod::Patch,
    HttpMethod::Delete,
];

/// Sends a request and waits for the head of its answer; any status is an answer.
///
/// # Errors
/// Where the request cannot be one, is not granted, or gets no answer.
pub fn send(request: &Request) -> Result<Response, Error> {
    let mut answer = None;
    many(std::slice::from_ref(request), 1, |_, found| {
        answer = Some(found);
    });
    answer.unwrap_or_else(|| Err(Error::Request("the request was not sent".into())))
}

/// Sends requests, at most so many at one time, and hands over each one's place in the list and its answer, as the
/// answers come. What the function reads of an answer it waits for, while the others go on.
pub fn many(
    requests: &[Request],
    at_once: usize,
    mut with: impl FnMut(usize, Result<Response, Error>),
) {
    transport::many(requests, at_once.max(1), &mut |index, found| {
        let url = requests.get(index).map(Request::url).unwrap_or_default();
        with(
            index,
            found.map(|mut response| {
                response.url = url;
                response
            }),
        );
    });
}
