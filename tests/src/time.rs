//! A clock that nobody waits for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use models::Time;
use tokio::sync::Notify;

/// Waits that end at once are retries; the others are bounds that pass when a test says so.
#[derive(Debug, Default)]
pub struct TestTime {
    now: AtomicU64,
    waited: Mutex<Vec<Duration>>,
    passed: Mutex<Vec<Duration>>,
    changed: Notify,
    entered: Notify,
    held: AtomicBool,
}

const BOUNDS: [u64; 3] = [300_000, 5000, 15_000];

impl TestTime {
    /// Moves the clock on.
    pub fn advance(&self, seconds: u64) {
        self.now.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// What was waited for between attempts, in milliseconds.
    pub fn waited(&self) -> Vec<u64> {
        let waited = self.waited.lock().unwrap();
        waited
            .iter()
            .map(|wait| u64::try_from(wait.as_millis()).unwrap())
            .collect()
    }

    /// One bound of this length passes: the one that is waited for, or the next.
    pub fn pass(&self, ms: u64) {
        self.passed.lock().unwrap().push(Duration::from_millis(ms));
        self.changed.notify_waiters();
    }

    /// From here on, waits between attempts do not end, or end at once again.
    pub fn hold(&self, held: bool) {
        self.held.store(held, Ordering::SeqCst);
    }

    /// Waits until somebody is in a wait that does not end.
    pub async fn entered(&self) {
        self.entered.notified().await;
    }

    fn take_passed(&self, bound: Duration) -> bool {
        let mut passed = self.passed.lock().unwrap();
        let found = passed.iter().position(|one| *one == bound);
        found.map(|index| passed.remove(index)).is_some()
    }
}

#[async_trait]
impl Time for TestTime {
    fn now(&self) -> Duration {
        Duration::from_millis(self.now.load(Ordering::SeqCst))
    }

    fn date(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_769_860_800)
    }

    async fn sleep(&self, duration: Duration) {
        // 15 s is the bound of a probe, and the second wait of an attempt: the waits of attempts come with jitter here.
        if BOUNDS
            .iter()
            .any(|bound| Duration::from_millis(*bound) == duration)
        {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if self.take_passed(duration) {
                    return;
                }
                changed.await;
            }
        }
        if duration != Duration::from_millis(100) {
            self.waited.lock().unwrap().push(duration);
            if self.held.load(Ordering::SeqCst) {
                self.entered.notify_one();
                std::future::pending::<()>().await;
            }
        }
    }

    /// A quarter of a quarter: waits are longer by a sixteenth.
    fn chance(&self) -> f64 {
        0.25
    }
}
