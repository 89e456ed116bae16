//! The time that providers wait by.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

/// Clocks, waiting and chance, so that tests need none of them.
#[async_trait]
pub trait Time: Send + Sync + fmt::Debug {
    /// Time since a fixed moment; only goes forward.
    fn now(&self) -> Duration;
    /// What the calendar says, for dates that servers name.
    fn date(&self) -> SystemTime;
    /// Waits.
    async fn sleep(&self, duration: Duration);
    /// A number from 0 up to, and without, 1.
    fn chance(&self) -> f64;
}

/// The machine's.
#[derive(Debug, Clone, Copy)]
pub struct RealTime {
    start: Instant,
}

impl RealTime {
    /// Starts at zero.
    #[must_use]
    pub fn new() -> RealTime {
        RealTime {
            start: Instant::now(),
        }
    }
}

impl Default for RealTime {
    fn default() -> RealTime {
        RealTime::new()
    }
}

#[async_trait]
impl Time for RealTime {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn date(&self) -> SystemTime {
        SystemTime::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn chance(&self) -> f64 {
        fastrand::f64()
    }
}
