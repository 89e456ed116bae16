//! Running guest code until it ends, is stopped by its deadline, or is cancelled.

use std::time::{Duration, Instant};

use policy::{LimitExceeded, LimitName};
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::engine::STACK;
use crate::state::GuestState;

/// Why guest code did not come to its end.
#[derive(Debug)]
pub(crate) enum Stop {
    Limit(LimitExceeded),
    Cancelled,
    Trap(String),
}

/// The deadline, as the error that the epoch callback raises.
#[derive(Debug, thiserror::Error)]
#[error("deadline")]
struct Late;

/// Cancellation, likewise.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
struct Cancelled;

/// Puts the store's limits in force: memory, and at each tick the deadline and cancellation.
pub(crate) fn arm(store: &mut Store<GuestState>) {
    store.limiter(|state| &mut state.limiter);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|context| {
        let state = context.data();
        if state.cancel.is_cancelled() {
            return Err(wasmtime::Error::new(Cancelled));
        }
        if Instant::now() >= state.deadline.at() {
            return Err(wasmtime::Error::new(Late));
        }
        // Others on this thread get their turn at each tick.
        Ok(UpdateDeadline::Yield(1))
    });
}

/// Runs `work` on the store. While the guest computes, the epoch stops it; while it waits for the host, the timer does.
pub(crate) async fn until<T>(
    store: &mut Store<GuestState>,
    since: Instant,
    work: impl AsyncFnOnce(&mut Store<GuestState>) -> wasmtime::Result<T>,
) -> Result<T, Stop> {
    let deadline = store.data().deadline.clone();
    let cancel = store.data().cancel.clone();
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let allowed = millis(deadline.at().saturating_duration_since(since));
    let late = || {
        Stop::Limit(LimitExceeded {
            limit: LimitName::Deadline,
            allowed,
            // Without the time for which it stood still.
            requested: allowed.saturating_add(millis(deadline.at().elapsed()).max(1)),
        })
    };
    // A trap inside is preferred to the timer: it knows more.
    let ended = tokio::select! {
        biased;
        ended = work(store) => ended,
        () = cancel.cancelled() => return Err(Stop::Cancelled),
        () = deadline.passed() => return Err(late()),
    };
    ended.map_err(|error| {
        // What it runs on the guest's behalf may have noticed first.
        if error.is::<Cancelled>() || cancel.is_cancelled() {
            return Stop::Cancelled;
        }
        if error.is::<Late>() {
            return late();
        }
        classify(&error, store)
    })
}

/// What an error of the runtime means, where neither deadline nor cancellation caused it.
pub(crate) fn classify(error: &wasmtime::Error, store: &Store<GuestState>) -> Stop {
    if let Some(limit) = error.downcast_ref::<LimitExceeded>() {
        return Stop::Limit(limit.clone());
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            let allowed = store.data().grant.limits().fuel;
            Stop::Limit(LimitExceeded {
                limit: LimitName::Fuel,
                allowed,
                requested: allowed.saturating_add(1),
            })
        }
        Some(Trap::StackOverflow) => Stop::Limit(LimitExceeded {
            limit: LimitName::Stack,
            allowed: STACK,
            requested: STACK + 1,
        }),
        // A guest that is refused memory usually ends itself with a trap: say what it really ran into.
        _ => match store.data().exceeded() {
            Some(limit) => Stop::Limit(limit),
            None => Stop::Trap(trap_text(error)),
        },
    }
}

/// The cause, without the guest's addresses; those who debug it see them in its own build.
fn trap_text(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    }
}
