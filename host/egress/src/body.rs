//! The body of a response, on its way in.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use policy::{LimitExceeded, LimitName};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep};

use crate::cache::Keep;
use crate::connection::Connection;
use crate::error::{EgressError, Phase};
use crate::headers;
use crate::inspect;
use crate::outgoing::Done;
use crate::pool::{Key, Pool};
use crate::scan::{Scanner, Stream};
use crate::trail::Trail;
use crate::wait::late;

/// The body of a response: counted against the call's limits, with known secrets covered by `*`.
///
/// Dropping it before its end closes the connection; reading it to its end keeps the connection for another request.
pub struct Body {
    incoming: Source,
    scanner: Arc<Scanner>,
    scan: Stream,
    /// Comes after the last of the data.
    trailers: Option<http::HeaderMap>,
    /// None once the connection has been handed back, or closed.
    lease: Option<Lease>,
    between_bytes: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the timer runs for the wait that goes on now.
    armed: bool,
    incoming_ended: bool,
    /// What the cache gets once all has been passed on; none once something went wrong.
    keep: Option<Keep>,
    /// The writing of it.
    keeping: Option<JoinHandle<()>>,
    trail: Trail,
}

/// Where a body comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Network(Incoming),
    Cache(Full<Bytes>),
}

impl Source {
    fn is_end_stream(&self) -> bool {
        match self {
            Source::Network(incoming) => incoming.is_end_stream(),
            Source::Cache(kept) => kept.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Source::Network(incoming) => incoming.size_hint(),
            Source::Cache(kept) => kept.size_hint(),
        }
    }

    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self {
            Source::Network(incoming) => Pin::new(incoming).poll_frame(cx),
            Source::Cache(kept) => Pin::new(kept)
                .poll_frame(cx)
                .map_err(|never| match never {}),
        }
    }
}

/// A connection in use, and where it goes afterwards.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) connection: Connection,
    pub(crate) key: Key,
    pub(crate) pool: Arc<Pool>,
    /// Whether the request has been written.
    pub(crate) done: Done,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("exchange", &self.trail.exchange)
            .finish_non_exhaustive()
    }
}

impl Body {
    pub(crate) fn new(
        incoming: Source,
        keep: Option<Keep>,
        scanner: Arc<Scanner>,
        lease: Option<Lease>,
        between_bytes: Duration,
        trail: Trail,
    ) -> Self {
        let mut body = Body {
            incoming_ended: incoming.is_end_stream(),
            incoming,
            scan: Stream::new(Arc::clone(&scanner)),
            scanner,
            trailers: None,
            lease,
            keep,
            keeping: None,
            between_bytes,
            timer: None,
            armed: false,
            trail,
        };
        body.settle();
        body
    }

    /// Reads it to its end.
    ///
    /// # Errors
    ///
    /// Where it has more than `limit` bytes ([`LimitName::HostMemory`]), or cannot be read to its end.
    pub async fn bytes(mut self, limit: u64) -> Result<Bytes, EgressError> {
        let mut all = BytesMut::new();
        while let Some(frame) = self.frame().await {
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            let requested = (all.len() as u64).saturating_add(data.len() as u64);
            if requested > limit {
                let exceeded = LimitExceeded {
                    limit: LimitName::HostMemory,
                    allowed: limit,
                    requested,
                };
                return Err(self.fail(exceeded.into()));
            }
            if all.is_empty() && self.is_end_stream() {
                return Ok(data);
            }
            all.extend_from_slice(&data);
        }
        Ok(all.freeze())
    }

    /// Whether all has been passed on.
    fn at_end(&self) -> bool {
        self.incoming_ended && self.scan.held() == 0 && self.trailers.is_none()
    }

    /// Hands the connection back, and the body to the cache, once all has been passed on.
    fn settle(&mut self) {
        if !self.at_end() {
            return;
        }
        self.trail.complete();
        if let Some(lease) = self.lease.take()
            && lease.done.get()
        {
            lease.pool.put(lease.key, lease.connection);
        }
        if let Some(keep) = self.keep.take() {
            self.keeping = Some(tokio::task::spawn_blocking(move || keep.complete()));
        }
    }

    /// Passes a frame on, and notes it for the cache.
    fn pass(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        // With trailers it is not kept: they would be lost.
        self.keep = self
            .keep
            .take()
            .and_then(|keep| keep.with(frame.data_ref()?));
        self.settle();
        frame
    }

    /// Ends with an error, and closes the connection.
    fn fail(&mut self, error: EgressError) -> EgressError {
        // The sending half may know better why nothing comes any more.
        let error = self.trail.shared.take_fault().unwrap_or(error);
        self.trail.fail(&error);
        self.incoming_ended = true;
        self.trailers = None;
        self.scan = Stream::new(Arc::clone(&self.scanner));
        self.lease = None;
        self.keep = None;
        error
    }

    /// The next piece that can be passed on; nothing where it is all held back.
    fn take(&mut self, frame: Frame<Bytes>) -> Result<Option<Frame<Bytes>>, EgressError> {
        self.trail.shared.meter().time()?;
        match frame.into_data() {
            Ok(data) => {
                self.trail.shared.receive(data.len() as u64)?;
                self.incoming_ended = self.incoming.is_end_stream();
                let passed = self.scan.push(data).bytes;
                if passed.is_empty() && self.incoming_ended {
                    return Ok(self.rest());
                }
                Ok(Some(passed)
                    .filter(|bytes| !bytes.is_empty())
                    .map(Frame::data))
            }
            Err(frame) => {
                let Ok(mut trailers) = frame.into_trailers() else {
                    return Ok(None);
                };
                self.trail.shared.receive(headers::size(&trailers))?;
                inspect::cover(&self.scanner, &mut trailers);
                self.trailers = Some(trailers);
                self.incoming_ended = true;
                Ok(self.rest())
            }
        }
    }

    /// What is left once nothing more comes: what was held back, then the trailers.
    fn rest(&mut self) -> Option<Frame<Bytes>> {
        let rest = self.scan.finish().bytes;
        if rest.is_empty() {
            self.trailers.take().map(Frame::trailers)
        } else {
            Some(Frame::data(rest))
        }
    }

    /// Ready when the wait for the next piece has been too long.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<EgressError> {
        let deadline = self.trail.shared.meter().deadline();
        let between_bytes = self.between_bytes;
        let end = || {
            Instant::now()
                .checked_add(between_bytes)
                .map_or(deadline, |end| end.min(deadline))
        };
        let timer = match &mut self.timer {
            Some(timer) => {
                if !self.armed {
                    timer.as_mut().reset(end());
                }
                timer
            }
            None => self.timer.insert(Box::pin(tokio::time::sleep_until(end()))),
        };
        self.armed = true;
        ready!(timer.as_mut().poll(cx));
        let meter = self.trail.shared.meter();
        let origin = self.lease.as_ref().map(|lease| &lease.key.origin);
        Poll::Ready(match origin {
            Some(origin) => late(meter, origin, Phase::Body, between_bytes),
            None => meter.late().into(),
        })
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        loop {
            if self.incoming_ended {
                if let Some(rest) = self.rest() {
                    return Poll::Ready(Some(Ok(self.pass(rest))));
                }
                self.settle();
                // Until it is written, so that the next request finds it. Where that fails, it is not kept.
                if let Some(keeping) = &mut self.keeping {
                    drop(ready!(Pin::new(keeping).poll(cx)));
                    self.keeping = None;
                }
                return Poll::Ready(None);
            }
            let next = match self.incoming.poll_frame(cx) {
                Poll::Ready(next) => next,
                Poll::Pending => {
                    let error = ready!(self.poll_late(cx));
                    return Poll::Ready(Some(Err(self.fail(error))));
                }
            };
            self.armed = false;
            let taken = match next {
                None => {
                    self.incoming_ended = true;
                    continue;
                }
                Some(Ok(frame)) => self.take(frame),
                Some(Err(error)) => {
                    let origin = self
                        .lease
                        .as_ref()
                        .map(|lease| lease.key.origin.to_string());
                    Err(crate::gate::broken(origin.unwrap_or_default(), &error))
                }
            };
            match taken {
                Ok(None) => {}
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(self.pass(frame)))),
                Err(error) => return Poll::Ready(Some(Err(self.fail(error)))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.at_end() && self.keeping.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.scan.held() as u64;
        let incoming = self.incoming.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(incoming.lower().saturating_add(held));
        if let Some(upper) = incoming.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint
    }
}
