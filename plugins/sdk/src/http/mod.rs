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

#[expect(
    missing_docs,
    reason = "generated from WASI's own WIT, which leaves its error codes to their names"
)]
mod bindings;
mod date;
mod error;
mod request;
mod response;
mod target;

use bindings::wasi::http::outgoing_handler::handle;
pub use bindings::wasi::http::types::{ErrorCode, HeaderError};
use bindings::wasi::http::types::{
    Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions,
    Scheme, http_error_code,
};
use bindings::wasi::io::streams::{InputStream, StreamError};
pub use error::Error;
pub use request::{Request, encode};
use response::Source;
pub use response::{Body, Headers, Response};
use target::Target;
pub use target::method_name;

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

/// Bytes of a request's body that are written at once, as many as the interface takes.
const WRITTEN: usize = 4_096;

/// Sends a request and waits for the head of its answer; any status is an answer.
///
/// # Errors
/// Where the request cannot be one, is not granted, or gets no answer.
pub fn send(request: &Request) -> Result<Response, Error> {
    let target = Target::new(request.method, &request.url())?;
    let subject = target.subject.clone();
    let failed = |code| Error::host(&subject, code);
    let refused = |part: &str| {
        let problem = format!("{subject}: the host does not take its {part}");
        move |()| Error::Request(problem.clone())
    };

    let fields = Fields::new();
    for (name, value) in &request.headers {
        fields
            .append(name, value.as_bytes())
            .map_err(|error| Error::header(name, error))?;
    }
    if let Some(length) = request.length() {
        fields
            .append("content-length", length.to_string().as_bytes())
            .map_err(|error| Error::header("content-length", error))?;
    }
    let outgoing = OutgoingRequest::new(fields);
    outgoing
        .set_method(&method(request.method))
        .map_err(refused("method"))?;
    outgoing
        .set_scheme(Some(if target.secure {
            &Scheme::Https
        } else {
            &Scheme::Http
        }))
        .map_err(refused("scheme"))?;
    outgoing
        .set_authority(Some(&target.authority))
        .map_err(refused("authority"))?;
    outgoing
        .set_path_with_query(Some(&target.path))
        .map_err(refused("path"))?;
    let body = outgoing.body().map_err(refused("body"))?;

    let answer = handle(outgoing, options(request)).map_err(failed)?;
    write(body, &request.body);
    answer.subscribe().block();
    let response = answer
        .get()
        .and_then(Result::ok)
        .ok_or_else(|| Error::Request(format!("{subject}: the host kept its answer to itself")))?
        .map_err(failed)?;
    read(&subject, request.method, &response)
}

/// Hands the body over as far as it is taken. A request that is refused takes none; the answer says why.
fn write(body: OutgoingBody, bytes: &[u8]) {
    if let Ok(stream) = body.write() {
        for piece in bytes.chunks(WRITTEN) {
            if stream.blocking_write_and_flush(piece).is_err() {
                break;
            }
        }
    }
    // Its only complaint is a body that is not as long as was said, and then there is no answer either.
    let _ = OutgoingBody::finish(body, None);
}

fn read(subject: &str, method: HttpMethod, response: &IncomingResponse) -> Result<Response, Error> {
    let headers = response.headers().entries();
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()));
    let body = response
        .consume()
        .and_then(|body| {
            let stream = body.stream()?;
            Ok(Incoming {
                subject: subject.to_owned(),
                stream,
                _body: body,
            })
        })
        .map_err(|()| Error::Request(format!("{subject}: the host gave no body")))?;
    let mut response = Response::of(
        subject,
        response.status(),
        headers.collect(),
        Box::new(body),
    );
    if method == HttpMethod::Head {
        response.has_no_body();
    }
    Ok(response)
}

/// A body as it comes in. The stream belongs to the body, and so goes first.
struct Incoming {
    subject: String,
    stream: InputStream,
    _body: IncomingBody,
}

impl Source for Incoming {
    fn next(&mut self, most: usize) -> Result<Option<Vec<u8>>, Error> {
        match self.stream.blocking_read(most as u64) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(StreamError::Closed) => Ok(None),
            Err(StreamError::LastOperationFailed(error)) => {
                let code = http_error_code(&error)
                    .unwrap_or_else(|| ErrorCode::InternalError(Some(error.to_debug_string())));
                Err(Error::host(&self.subject, code))
            }
        }
    }
}

fn options(request: &Request) -> Option<RequestOptions> {
    let nanoseconds = |milliseconds| u64::from(milliseconds).saturating_mul(1_000_000);
    let patience = request.patience.map(nanoseconds);
    let connect = request.connect_patience.map(nanoseconds).or(patience)?;
    let options = RequestOptions::new();
    // A host that cannot take one has its own, which hold in any case.
    let _ = options.set_connect_timeout(Some(connect));
    let _ = options.set_first_byte_timeout(patience);
    let _ = options.set_between_bytes_timeout(patience);
    Some(options)
}

fn method(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::Get,
        HttpMethod::Head => Method::Head,
        HttpMethod::Options => Method::Options,
        HttpMethod::Post => Method::Post,
        HttpMethod::Put => Method::Put,
        HttpMethod::Patch => Method::Patch,
        HttpMethod::Delete => Method::Delete,
    }
}
