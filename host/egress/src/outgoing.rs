//! The body of a request, on its way out.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};

use crate::error::{EgressError, Place};
use crate::scan::{Passed, Scanner, Stream};
use crate::trail::Shared;

/// The error of a caller's body.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Stops the sending half. The reason is in [`Shared`].
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the request was stopped")]
pub(crate) struct Stopped;

/// Whether the connection is done with the request's body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Done(Arc<AtomicBool>);

impl Done {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A request's body that is counted, searched for secrets, and exactly as long as was announced.
pub(crate) struct Outgoing {
    body: UnsyncBoxBody<Bytes, Cause>,
    scan: Stream,
    /// As in the subjects of decisions.
    subject: String,
    shared: Arc<Shared>,
    /// Bytes that are still to come, where the length was announced.
    left: Option<u64>,
    ended: bool,
    done: Done,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl Outgoing {
    /// `announced` is the value of the caller's `content-length`.
    pub(crate) fn new<B>(
        body: B,
        announced: Option<u64>,
        scanner: &Arc<Scanner>,
        subject: String,
        shared: &Arc<Shared>,
    ) -> Result<Self, EgressError>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Cause>,
    {
        let exact = body.size_hint().exact();
        if let (Some(announced), Some(exact)) = (announced, exact)
            && announced != exact
        {
            return Err(EgressError::Request(length(announced, &exact.to_string())));
        }
        Ok(Outgoing {
            ended: body.is_end_stream(),
            body: body.map_err(Into::into).boxed_unsync(),
            scan: Stream::new(Arc::clone(scanner)),
            subject,
            shared: Arc::clone(shared),
            left: announced.or(exact),
            done: Done::default(),
        })
    }

    /// The same without a body, for a request that is sent again.
    pub(crate) fn empty(&self) -> Self {
        Outgoing {
            body: Empty::new().map_err(|never| match never {}).boxed_unsync(),
            scan: self.scan.again(),
            subject: self.subject.clone(),
            shared: Arc::clone(&self.shared),
            left: Some(0),
            ended: true,
            done: self.done.clone(),
        }
    }

    /// How many bytes it has, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        self.left
    }

    /// All of it, searched for secrets. Nothing is counted: what is sent in its place is.
    pub(crate) async fn whole(&mut self) -> Result<Bytes, EgressError> {
        let mut all = BytesMut::new();
        while let Some(frame) = self.body.frame().await {
            let bytes = self.expected(frame.map_err(|error| failed(&error))?)?;
            all.extend_from_slice(&bytes);
        }
        self.complete()?;
        match self.scan.find(&all) {
            Some(name) => Err(self.secret(name)),
            None => Ok(all.freeze()),
        }
    }

    /// Puts other bytes in its place, which have been searched.
    pub(crate) fn replace(&mut self, bytes: Bytes) {
        self.left = Some(bytes.len() as u64);
        self.ended = bytes.is_empty();
        self.body = Full::new(bytes)
            .map_err(|never| match never {})
            .boxed_unsync();
        self.scan = Stream::new(Arc::new(Scanner::nothing()));
    }

    /// Tells when the connection is done with this body.
    pub(crate) fn done(&self) -> Done {
        self.done.clone()
    }

    /// Takes what the scan lets pass; nothing where that is empty.
    fn pass(&self, passed: Passed) -> Result<Option<Bytes>, EgressError> {
        if let Some(name) = passed.found {
            return Err(self.secret(&name));
        }
        self.shared.meter().time()?;
        self.shared.send(passed.bytes.len() as u64)?;
        Ok(Some(passed.bytes).filter(|bytes| !bytes.is_empty()))
    }

    fn secret(&self, name: &str) -> EgressError {
        EgressError::Secret {
            subject: self.subject.clone(),
            name: name.to_owned(),
            place: Place::Body,
        }
    }

    /// The bytes of a frame, if they are no more than are still to come.
    fn expected(&mut self, frame: Frame<Bytes>) -> Result<Bytes, EgressError> {
        let bytes = frame.into_data().map_err(|_| {
            EgressError::Request("the body ends with trailers; leave them out".to_owned())
        })?;
        if let Some(left) = self.left {
            let left = left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| EgressError::Request(length(left, &bytes.len().to_string())))?;
            self.left = Some(left);
        }
        Ok(bytes)
    }

    /// Whether all has come that was announced.
    fn complete(&self) -> Result<(), EgressError> {
        match self.left {
            Some(left @ 1..) => Err(EgressError::Request(format!(
                "the body ended {left} bytes before its announced length"
            ))),
            _ => Ok(()),
        }
    }

    /// Takes the next frame of the caller's body; nothing where it is all held back.
    fn take(&mut self, frame: Frame<Bytes>) -> Result<Option<Bytes>, EgressError> {
        let bytes = self.expected(frame)?;
        let passed = self.scan.push(bytes);
        self.pass(passed)
    }

    fn end(&mut self) -> Result<Option<Bytes>, EgressError> {
        self.ended = true;
        self.complete()?;
        let passed = self.scan.finish();
        self.pass(passed)
    }

    fn stop(&mut self, error: EgressError) -> Stopped {
        self.ended = true;
        self.shared.set_fault(error);
        Stopped
    }
}

fn failed(error: &Cause) -> EgressError {
    EgressError::Request(format!("the body failed: {error}"))
}

fn length(announced: u64, found: &str) -> String {
    format!("the body has {found} bytes where `content-length` leaves {announced}")
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        loop {
            if self.ended && self.scan.held() == 0 {
                return Poll::Ready(None);
            }
            let result = match std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => self.take(frame),
                Some(Err(error)) => Err(failed(&error)),
                None => self.end(),
            };
            match result {
                Ok(Some(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(self.stop(error)))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.scan.held() == 0
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::new, |left| {
            SizeHint::with_exact(left.saturating_add(self.scan.held() as u64))
        })
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.done.0.store(true, Ordering::Release);
    }
}
