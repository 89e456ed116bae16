//! Over `wasi:http`.

use std::io::Read;

use super::bindings::wasi::http::outgoing_handler::handle;
use super::bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, RequestOptions, Scheme, http_error_code,
};
use super::bindings::wasi::io::poll::{Pollable, poll};
use super::bindings::wasi::io::streams::{InputStream, StreamError};
use super::request::Stream;
use super::response::Source;
use super::target::Target;
use super::{Error, Request, Response};
use crate::HttpMethod;

/// Bytes of a request's body that are written at once, as many as the interface takes.
const WRITTEN: usize = 4_096;

/// A request on its way.
struct Waiting {
    /// Its place in the list.
    index: usize,
    subject: String,
    method: HttpMethod,
    // Belongs to the answer, and so goes first.
    ready: Pollable,
    answer: FutureIncomingResponse,
}

pub(super) fn many(
    requests: &[Request],
    at_once: usize,
    with: &mut dyn FnMut(usize, Result<Response, Error>),
) {
    let mut waiting: Vec<Waiting> = Vec::new();
    let mut rest = requests.iter().enumerate();
    loop {
        while waiting.len() < at_once {
            let Some((index, request)) = rest.next() else {
                break;
            };
            match start(index, request) {
                Ok(started) => waiting.push(started),
                Err(error) => with(index, Err(error)),
            }
        }
        if waiting.is_empty() {
            return;
        }
        let ready: Vec<&Pollable> = waiting.iter().map(|one| &one.ready).collect();
        let Some(first) = poll(&ready).first().map(|place| *place as usize) else {
            continue;
        };
        drop(ready);
        if first < waiting.len() {
            let done = waiting.swap_remove(first);
            with(done.index, finish(&done));
        }
    }
}

fn start(index: usize, request: &Request) -> Result<Waiting, Error> {
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
    let stream = request.stream.as_ref().map(Stream::open).transpose()?;

    let answer = handle(outgoing, options(request)).map_err(failed)?;
    match stream {
        Some(stream) => write(body, stream),
        None => write(body, request.body.as_slice()),
    }
    Ok(Waiting {
        index,
        subject,
        method: request.method,
        ready: answer.subscribe(),
        answer,
    })
}

fn finish(waiting: &Waiting) -> Result<Response, Error> {
    let subject = &waiting.subject;
    let response = waiting
        .answer
        .get()
        .and_then(Result::ok)
        .ok_or_else(|| Error::Request(format!("{subject}: the host kept its answer to itself")))?
        .map_err(|code| Error::host(subject, code))?;
    read(subject, waiting.method, &response)
}

/// Hands the body over as far as it is taken. A request that is refused takes none; the answer says why.
fn write(body: OutgoingBody, mut bytes: impl Read) {
    if let Ok(stream) = body.write() {
        let mut piece = [0; WRITTEN];
        while let Ok(read @ 1..) = bytes.read(&mut piece) {
            let piece = piece.get(..read).unwrap_or_default();
            if stream.blocking_write_and_flush(piece).is_err() {
                break;
            }
        }
    }
    // Its only complaint is a body that is not as long as was said, as one is that could not be read to its end; then there
    // is no answer either.
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
