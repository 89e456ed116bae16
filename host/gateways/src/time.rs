//! The time that deliveries wait by.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

/// Clocks and waiting, so that tests need neither.
#[async_trait]
pub trait Time: Send + Sync + fmt::Debug {
    /// Time since a fixed moment; only goes forward.
    fn now(&self) -> Duration;
    /// What the calendar says: for what is kept on disk, and for dates that services name.
    fn date(&self) -> SystemTime;
    /// Waits.
    async fn sleep(&self, duration: Duration);
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
}
