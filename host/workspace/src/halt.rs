//! Where a test can make the process stop.
//!
//! Everything that changes the user's directory, or a record, passes here first. In tests a step can fail, alone or with
//! every step after it, which is what a crash looks like from outside.

#[cfg(not(test))]
pub(crate) const fn here() -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
pub(crate) use testing::here;

#[cfg(test)]
pub(crate) mod testing {
    use std::cell::Cell;
    use std::io;

    thread_local! {
        static PLAN: Cell<Plan> = const { Cell::new(Plan::NONE) };
    }

    #[derive(Clone, Copy)]
    struct Plan {
        /// Steps that still work.
        left: Option<u32>,
        /// Whether those after the failing one work again.
        once: bool,
        /// Whether one has failed.
        failed: bool,
    }

    impl Plan {
        const NONE: Plan = Plan {
            left: None,
            once: false,
            failed: false,
        };
    }

    pub(crate) fn here() -> io::Result<()> {
        let mut plan = PLAN.get();
        let stop = plan.left == Some(0) && !(plan.once && plan.failed);
        plan.failed |= stop;
        plan.left = plan.left.map(|left| left.saturating_sub(1));
        PLAN.set(plan);
        if stop {
            Err(io::Error::other("stopped here"))
        } else {
            Ok(())
        }
    }

    /// Lets so many steps of this thread work, and fails the next: that one, or all from there on. Says whether it came to
    /// that.
    pub(crate) fn after<T>(steps: u32, once: bool, run: impl FnOnce() -> T) -> (T, bool) {
        PLAN.set(Plan {
            left: Some(steps),
            once,
            failed: false,
        });
        let result = run();
        (result, PLAN.replace(Plan::NONE).failed)
    }
}
