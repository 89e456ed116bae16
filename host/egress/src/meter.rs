//! What one call has used of the network, and what it may.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use policy::{LimitExceeded, LimitName, Limits};
use tokio::time::Instant;

/// No deadline is farther away than this; clocks overflow somewhere behind it.
const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

/// Counts what one call sends and receives, against its limits. Shared by all requests of the call.
///
/// Bytes are those of heads and bodies, each way, before TLS and without the framing of chunks.
#[derive(Debug)]
pub struct Meter {
    network: u64,
    requests_allowed: u64,
    deadline_ms: u64,
    start: Instant,
    deadline: Instant,
    sent: AtomicU64,
    received: AtomicU64,
    /// `sent` and `received` together; what the limit counts.
    used: AtomicU64,
    requests: AtomicU64,
}

impl Meter {
    /// A meter for a call that starts now.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let start = Instant::now();
        let time = Duration::from_millis(limits.deadline).min(FAR);
        Meter {
            network: limits.network,
            requests_allowed: limits.requests,
            deadline_ms: limits.deadline,
            start,
            deadline: start + time,
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            used: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        }
    }

    /// Bytes sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Bytes received.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Requests begun.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Counts bytes before they are sent.
    pub(crate) fn send(&self, bytes: u64) -> Result<(), LimitExceeded> {
        take(&self.used, bytes, self.network, LimitName::Network)?;
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Counts bytes that came, before they are passed on.
    pub(crate) fn receive(&self, bytes: u64) -> Result<(), LimitExceeded> {
        take(&self.used, bytes, self.network, LimitName::Network)?;
        self.received.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Counts a request before it is begun.
    pub(crate) fn request(&self) -> Result<(), LimitExceeded> {
        self.time()?;
        take(
            &self.requests,
            1,
            self.requests_allowed,
            LimitName::Requests,
        )
    }

    /// Whether there is time left.
    pub(crate) fn time(&self) -> Result<(), LimitExceeded> {
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(self.late())
    }

    /// The error of a call whose deadline has passed.
    pub(crate) fn late(&self) -> LimitExceeded {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        LimitExceeded {
            limit: LimitName::Deadline,
            allowed: self.deadline_ms,
            requested: elapsed.max(self.deadline_ms.saturating_add(1)),
        }
    }
}

/// Adds to a counter, unless that would take it over what is allowed.
fn take(
    counter: &AtomicU64,
    more: u64,
    allowed: u64,
    limit: LimitName,
) -> Result<(), LimitExceeded> {
    counter
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(more).filter(|sum| *sum <= allowed)
        })
        .map(drop)
        .map_err(|used| LimitExceeded {
            limit,
            allowed,
            requested: used.saturating_add(more),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            memory: 0,
            fuel: 0,
            deadline: 1000,
            output: 0,
            open_files: 0,
            host_calls: 0,
            disk: 0,
            network: 10,
            requests: 2,
        }
    }

    fn exceeded(limit: LimitName, allowed: u64, requested: u64) -> Result<(), LimitExceeded> {
        Err(LimitExceeded {
            limit,
            allowed,
            requested,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_of_both_directions_count_together() {
        let meter = Meter::new(&limits());
        assert_eq!(meter.send(4), Ok(()));
        assert_eq!(meter.receive(6), Ok(()));
        assert_eq!(meter.receive(0), Ok(()));
        assert_eq!(meter.send(1), exceeded(LimitName::Network, 10, 11));
        assert_eq!(
            meter.receive(u64::MAX),
            exceeded(LimitName::Network, 10, u64::MAX)
        );
        assert_eq!((meter.sent(), meter.received()), (4, 6));
        // Requests are counted by themselves.
        assert_eq!(meter.request(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn requests() {
        let meter = Meter::new(&limits());
        assert_eq!(meter.request(), Ok(()));
        assert_eq!(meter.request(), Ok(()));
        assert_eq!(meter.request(), exceeded(LimitName::Requests, 2, 3));
        assert_eq!(meter.requests(), 2);
        assert_eq!(meter.send(10), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn time() {
        let meter = Meter::new(&limits());
        tokio::time::advance(Duration::from_millis(999)).await;
        assert_eq!(meter.time(), Ok(()));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(meter.time(), exceeded(LimitName::Deadline, 1000, 1001));
        assert_eq!(meter.request(), exceeded(LimitName::Deadline, 1000, 1001));
        assert_eq!(meter.requests(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_largest_deadline_does_not_wrap() {
        let meter = Meter::new(&Limits {
            deadline: u64::MAX,
            ..limits()
        });
        assert_eq!(meter.time(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_of_zero_has_passed() {
        let meter = Meter::new(&Limits {
            deadline: 0,
            ..limits()
        });
        assert_eq!(meter.time(), exceeded(LimitName::Deadline, 0, 1));
    }
}
