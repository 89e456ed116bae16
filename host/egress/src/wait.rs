//! Waiting, but not for ever.

use std::future::Future;
use std::time::Duration;

use policy::Origin;
use tokio::time::Instant;

use crate::error::{EgressError, Phase};
use crate::meter::Meter;

/// Waits for things of one request: each has its own timeout, and the call's deadline counts for all.
#[derive(Debug)]
pub(crate) struct Wait<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) meter: &'a Meter,
}

impl Wait<'_> {
    /// The result of `future`, if it comes in time.
    pub(crate) async fn bounded<F: Future>(
        &self,
        phase: Phase,
        timeout: Duration,
        future: F,
    ) -> Result<F::Output, EgressError> {
        let end = Instant::now()
            .checked_add(timeout)
            .map_or(self.meter.deadline(), |end| end.min(self.meter.deadline()));
        tokio::time::timeout_at(end, future)
            .await
            .map_err(|_| late(self.meter, self.origin, phase, timeout))
    }
}

/// The error for something that did not come in time: the call's deadline where that has passed.
pub(crate) fn late(meter: &Meter, origin: &Origin, phase: Phase, after: Duration) -> EgressError {
    match meter.time() {
        Err(limit) => limit.into(),
        Ok(()) => EgressError::Timeout {
            origin: origin.to_string(),
            phase,
            after,
        },
    }
}
