//! What a session has used, and may use, for whoever watches it while it runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::shared::Shared;
use crate::{Bounds, Effort, MicroUsd, Tally};

/// Shows what a session has used so far. Clones are the same meter.
#[derive(Clone)]
pub struct Meter(Arc<Shared>);

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter")
            .field("tally", &self.tally())
            .field("bounds", &self.bounds())
            .finish()
    }
}

impl Meter {
    pub(crate) const fn new(shared: Arc<Shared>) -> Meter {
        Meter(shared)
    }

    /// The requests to models so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.0.budget().tally
    }

    /// What the session may use.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.0.budget().bounds
    }

    /// Dollars that count against the bound: of requests, by estimate where they were broken off, and of calls that spend.
    #[must_use]
    pub fn charged(&self) -> MicroUsd {
        self.0.budget().charged()
    }

    /// Tool calls that were run.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.0.budget().calls
    }

    /// How long the session has been at work; waiting for a person does not count.
    #[must_use]
    pub fn worked(&self) -> Duration {
        let now = self.0.clock.now();
        self.0.budget().time.worked(now)
    }

    /// How hard the model is to think; none leaves it to the provider.
    #[must_use]
    pub fn effort(&self) -> Option<Effort> {
        self.0.effort()
    }

    /// Events that were sent so far: the number of the last one.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.0.events.sent()
    }

    /// Sets what the session may cost, from here on; none is no bound. A person who resumes the session has to say so
    /// again.
    pub fn cap(&self, cost: Option<MicroUsd>) {
        self.0.budget().bounds.cost = cost;
    }
}
