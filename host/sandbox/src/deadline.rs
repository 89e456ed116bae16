//! When a call has to be over.

use std::time::{Duration, Instant};

use tokio::sync::watch;

/// When a call has to be over. It stands still while the call waits for a nested agent. Clones are the same deadline.
#[derive(Debug, Clone)]
pub(crate) struct Deadline(watch::Sender<Option<Instant>>);

impl Deadline {
    /// So many milliseconds from now; one that would not fit the clock is as far as a year.
    pub(crate) fn after(milliseconds: u64) -> Deadline {
        let now = Instant::now();
        let at = now
            .checked_add(Duration::from_millis(milliseconds))
            .unwrap_or_else(|| far(now));
        Deadline(watch::Sender::new(Some(at)))
    }

    /// When it is; far away while it stands still.
    pub(crate) fn at(&self) -> Instant {
        self.0.borrow().unwrap_or_else(|| far(Instant::now()))
    }

    /// Ends when it has passed.
    pub(crate) async fn passed(&self) {
        let mut changes = self.0.subscribe();
        loop {
            let at = *changes.borrow_and_update();
            let moved = changes.changed();
            match at {
                Some(at) => tokio::select! {
                    () = tokio::time::sleep_until(tokio::time::Instant::from_std(at)) => return,
                    _ = moved => {}
                },
                // The sender is here as well, so there is no other end to this.
                None => drop(moved.await),
            }
        }
    }

    /// Stops it until the guard is dropped; then there is as much time left as there was.
    pub(crate) fn stand_still(&self) -> StandStill {
        let left = self
            .0
            .send_replace(None)
            .map(|at| at.saturating_duration_since(Instant::now()));
        StandStill {
            deadline: self.clone(),
            left,
        }
    }
}

/// Lets a deadline go on when it is dropped.
#[derive(Debug)]
pub(crate) struct StandStill {
    deadline: Deadline,
    left: Option<Duration>,
}

impl Drop for StandStill {
    fn drop(&mut self) {
        if let Some(left) = self.left {
            let now = Instant::now();
            let at = now.checked_add(left).unwrap_or_else(|| far(now));
            self.deadline.0.send_replace(Some(at));
        }
    }
}

fn far(now: Instant) -> Instant {
    now + Duration::from_secs(365 * 24 * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_passes_and_a_later_one_does_not() {
        let (soon, late) = (Deadline::after(1), Deadline::after(3_600_000));
        tokio::select! {
            () = soon.passed() => {}
            () = late.passed() => panic!("an hour has not passed"),
        }
        assert!(Instant::now() >= soon.at());
        assert!(Instant::now() < late.at());
    }

    #[tokio::test]
    async fn while_it_stands_still_it_does_not_pass_and_afterwards_it_does() {
        let deadline = Deadline::after(20);
        let still = deadline.stand_still();
        let waits = tokio::spawn({
            let deadline = deadline.clone();
            async move { deadline.passed().await }
        });
        tokio::time::sleep(Duration::from_millis(40)).await;
        assert!(!waits.is_finished());
        assert!(deadline.at() > Instant::now() + Duration::from_secs(3600));
        // One inside another changes nothing.
        drop(deadline.stand_still());
        assert!(deadline.at() > Instant::now() + Duration::from_secs(3600));
        drop(still);
        waits.await.unwrap();
        assert!(Instant::now() >= deadline.at());
    }

    #[test]
    fn one_beyond_the_clock_is_far() {
        assert!(Deadline::after(u64::MAX).at() > Instant::now() + Duration::from_secs(3600));
    }
}
