//! When a message is sent again, and when it is given up.
//!
//! A round is up to four attempts within a minute. Where none succeeds, the next round is a minute later, then two, four
//! and so on up to an hour; that goes on for a day at most.

use std::time::Duration;

use crate::gateway::{Fault, Gateway, Letter};
use crate::time::Time;

/// Attempts of one round.
pub const ATTEMPTS: usize = 4;
/// The waits between them, where the service names none.
const WAITS: [Duration; ATTEMPTS - 1] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// What a round may take before its last attempt begins: somebody may be waiting for it.
const ROUND: Duration = Duration::from_secs(60);

/// The wait after the first round; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// The longest of them.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// How old a message becomes before it is given up.
pub const GIVE_UP_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// How many rounds it is tried for at most.
pub const GIVE_UP_ROUNDS: u32 = 30;

/// How a round ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Round {
    /// The service has it; its own id, where it gives one.
    Sent(Option<String>),
    /// It may arrive later, and not before this wait is over, if the service named one.
    Later {
        why: String,
        after: Option<Duration>,
    },
    /// It will not arrive.
    Never(Fault),
}

/// Sends a message, and again while there is hope.
pub(crate) async fn round(gateway: &dyn Gateway, letter: Letter<'_>, time: &dyn Time) -> Round {
    let start = time.now();
    let mut waits = WAITS.iter();
    loop {
        let (why, after) = match gateway.send(letter).await {
            Ok(id) => return Round::Sent(id),
            Err(Fault::Passing { why, after }) => (why, after),
            Err(fault) => return Round::Never(fault),
        };
        let Some(wait) = waits.next() else {
            return Round::Later { why, after };
        };
        let wait = after.unwrap_or(*wait);
        if time.now().saturating_sub(start).saturating_add(wait) > ROUND {
            return Round::Later { why, after };
        }
        time.sleep(wait).await;
    }
}

/// The pause after so many rounds, at least as long as the service asked for.
pub(crate) fn pause(rounds: u32, after: Option<Duration>) -> Duration {
    let doubled = 1_u32
        .checked_shl(rounds.saturating_sub(1))
        .unwrap_or(u32::MAX);
    let pause = FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
    pause.max(after.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        let table = [
            (1, None, 60),
            (2, None, 120),
            (6, None, 1920),
            (7, None, 3600),
            (40, None, 3600),
            (1, Some(30), 60),
            (1, Some(90), 90),
            (7, Some(7200), 7200),
        ];
        for (rounds, after, seconds) in table {
            let after = after.map(Duration::from_secs);
            assert_eq!(
                pause(rounds, after),
                Duration::from_secs(seconds),
                "{rounds} {after:?}"
            );
        }
    }
}
