//! When a request that failed is sent again.

use std::time::Duration;

use agent::ModelError;

use crate::wire::Fault;

/// How often one turn is asked for at most. What is mended about a request (see `fit.rs`) does not count.
pub(crate) const ATTEMPTS: u32 = 3;

/// The longest wait that is waited out here. A provider that asks for more gets its way by the error that says so.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(180);

/// The first wait where there were too many requests, and what the next ones are longer by. With these, all waits
/// together are longer than the minute over which providers count.
const RATE: (f64, f64) = (30.0, 2.0);

/// The same where something broke.
const BROKEN: (f64, f64) = (5.0, 3.0);

/// Waits are longer by up to this part of themselves, so that those who failed together do not come back together.
const JITTER: f64 = 0.25;

/// How long to wait after this attempt, the first of which is 1; none where the failure is final.
pub(crate) fn wait(attempt: u32, fault: &Fault, chance: f64) -> Option<Duration> {
    if !fault.passes || attempt >= ATTEMPTS {
        return None;
    }
    let hint = match &fault.error {
        ModelError::RateLimit { retry_after, .. } | ModelError::Overload { retry_after, .. } => {
            *retry_after
        }
        _ => None,
    };
    let (first, factor) = match &fault.error {
        ModelError::RateLimit { .. } => RATE,
        _ => BROKEN,
    };
    let power = i32::try_from(attempt.saturating_sub(1)).unwrap_or(0);
    let base = match hint {
        Some(hint) => hint.as_secs_f64(),
        None => first * factor.powi(power),
    };
    let wait = Duration::try_from_secs_f64(base * (1.0 + JITTER * chance)).ok()?;
    // What the provider asks for decides, not what chance adds to it.
    (base <= LONGEST_WAIT.as_secs_f64()).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(after: Option<u64>) -> Fault {
        Fault::own(ModelError::RateLimit {
            message: String::new(),
            retry_after: after.map(Duration::from_secs),
        })
    }

    fn overload(after: Option<u64>) -> Fault {
        Fault::own(ModelError::Overload {
            message: String::new(),
            retry_after: after.map(Duration::from_secs),
        })
    }

    #[test]
    fn waits() {
        let network = || Fault::own(ModelError::Network(String::new()));
        let truncated = || Fault::own(ModelError::Truncated(String::new()));
        let table = [
            (1, rate(None), 0.0, Some(30.0)),
            (2, rate(None), 0.0, Some(60.0)),
            (3, rate(None), 0.0, None),
            (1, rate(None), 0.5, Some(33.75)),
            (1, overload(None), 0.0, Some(5.0)),
            (2, overload(None), 0.0, Some(15.0)),
            (1, network(), 0.0, Some(5.0)),
            (2, truncated(), 0.0, Some(15.0)),
            (3, truncated(), 0.0, None),
            // The provider's own word goes before the schedule, if anybody can wait for so long.
            (1, rate(Some(2)), 0.0, Some(2.0)),
            (1, overload(Some(0)), 0.9, Some(0.0)),
            (2, rate(Some(180)), 0.0, Some(180.0)),
            (1, rate(Some(180)), 0.4, Some(198.0)),
            (1, rate(Some(181)), 0.0, None),
            (
                1,
                Fault::lasting(ModelError::Network(String::new())),
                0.0,
                None,
            ),
            (1, Fault::own(ModelError::Auth(String::new())), 0.0, None),
            (
                1,
                Fault::own(ModelError::Overflow(String::new())),
                0.0,
                None,
            ),
            (1, Fault::own(ModelError::Refused(String::new())), 0.0, None),
        ];
        for (attempt, fault, chance, expected) in table {
            let expected = expected.map(Duration::from_secs_f64);
            assert_eq!(
                wait(attempt, &fault, chance),
                expected,
                "{attempt} {fault:?}"
            );
        }
    }

    #[test]
    fn a_rate_limit_is_waited_out() {
        let all: Duration = (1..ATTEMPTS)
            .filter_map(|attempt| wait(attempt, &rate(None), 0.0))
            .sum();
        assert!(all > Duration::from_secs(60));
    }
}
