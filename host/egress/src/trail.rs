//! The record of one request while it is under way.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use policy::LimitExceeded;
use tokio::time::Instant;

use crate::error::EgressError;
use crate::meter::Meter;
use crate::observe::{Exchange, Observe};

/// What both halves of an exchange share: what they counted, and why the sending half broke off.
#[derive(Debug)]
pub(crate) struct Shared {
    meter: Arc<Meter>,
    sent: AtomicU64,
    received: AtomicU64,
    /// The sending half runs in the connection's task; its error gets to the caller this way.
    fault: Mutex<Option<EgressError>>,
}

impl Shared {
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    pub(crate) fn send(&self, bytes: u64) -> Result<(), LimitExceeded> {
        self.meter.send(bytes)?;
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn receive(&self, bytes: u64) -> Result<(), LimitExceeded> {
        self.meter.receive(bytes)?;
        self.received.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Leaves the reason why nothing more is sent.
    pub(crate) fn set_fault(&self, error: EgressError) {
        self.fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
    }

    /// The reason why nothing more was sent, once.
    pub(crate) fn take_fault(&self) -> Option<EgressError> {
        self.fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// The record of one request. Tells the observer when it is dropped, so that no way out is without a record.
pub(crate) struct Trail {
    pub(crate) exchange: Exchange,
    pub(crate) shared: Arc<Shared>,
    observer: Arc<dyn Observe>,
    start: Instant,
    ended: bool,
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trail")
            .field("exchange", &self.exchange)
            .finish_non_exhaustive()
    }
}

impl Trail {
    pub(crate) fn new(meter: Arc<Meter>, observer: Arc<dyn Observe>) -> Self {
        Trail {
            exchange: Exchange::default(),
            shared: Arc::new(Shared {
                meter,
                sent: AtomicU64::new(0),
                received: AtomicU64::new(0),
                fault: Mutex::new(None),
            }),
            observer,
            start: Instant::now(),
            ended: false,
        }
    }

    /// It ended well.
    pub(crate) fn complete(&mut self) {
        self.ended = true;
    }

    /// It ended with an error.
    pub(crate) fn fail(&mut self, error: &EgressError) {
        self.ended = true;
        self.exchange.error = Some(error.to_string());
        self.exchange.denial = error.denial();
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        if !self.ended {
            self.exchange.error = Some("given up before its end".to_owned());
        }
        self.exchange.sent = self.shared.sent.load(Ordering::Relaxed);
        self.exchange.received = self.shared.received.load(Ordering::Relaxed);
        self.exchange.elapsed = self.start.elapsed();
        self.observer.exchange(&self.exchange);
    }
}
