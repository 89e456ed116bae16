//! An answer that comes in pieces: server-sent events (HTML Living Standard §9.2).

use std::num::NonZeroUsize;
use std::sync::Arc;

use agent::ModelError;
use bytes::Bytes;
use egress::Body;
use serde::de::IgnoredAny;
use sse_core::{MessageEvent, SseDecoder, SseEvent};

use super::{Fault, Peer, next};
use crate::time::Time;

/// Bytes of one event at most. The last event of some providers repeats the whole answer.
const EVENT_BYTES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(64 * 1024 * 1024 - 1);

/// Reads the events of a response.
pub(crate) struct Events {
    body: Body,
    time: Arc<dyn Time>,
    peer: Peer,
    decoder: SseDecoder,
    /// What was received and not decoded.
    rest: Bytes,
    ended: bool,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Events {
    pub(crate) fn new(body: Body, time: Arc<dyn Time>, peer: Peer) -> Events {
        Events {
            body,
            time,
            peer,
            decoder: SseDecoder::with_limit(EVENT_BYTES),
            rest: Bytes::new(),
            ended: false,
        }
    }

    /// The next event; none where the response has ended. Comments and the like are passed over.
    pub(crate) async fn next(&mut self) -> Result<Option<MessageEvent>, Fault> {
        loop {
            match self.decoder.next(&mut self.rest) {
                Some(Ok(SseEvent::Message(event))) => {
                    // An event that the end of the response closed counts if it is complete.
                    if self.ended && !is_complete(&event.data) {
                        return Ok(None);
                    }
                    return Ok(Some(event));
                }
                Some(Ok(SseEvent::Retry(_))) => continue,
                Some(Err(_)) => {
                    return Err(Fault::lasting(ModelError::BadRequest(format!(
                        "an event has more than {EVENT_BYTES} bytes"
                    ))));
                }
                None if self.ended => return Ok(None),
                None => {}
            }
            match next(&mut self.body, &*self.time, &self.peer).await? {
                Some(data) => self.rest = data,
                None => {
                    // Some servers leave out the empty line after their last event.
                    self.ended = true;
                    self.rest = Bytes::from_static(b"\n\n");
                }
            }
        }
    }
}

/// An object is complete with its last brace, so that no part of one is taken for all of it.
fn is_complete(data: &str) -> bool {
    data.trim() == "[DONE]" || serde_json::from_str::<IgnoredAny>(data).is_ok()
}
