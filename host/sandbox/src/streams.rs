//! What a guest prints: kept up to a limit, and handed on line by line as it comes.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use policy::{LimitExceeded, LimitName};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::services::Services;

/// The longest line that is handed on in one piece, in bytes.
const LINE: usize = 4096;

/// How much a guest may print, over all of its streams.
#[derive(Debug)]
pub(crate) struct OutputBudget {
    allowed: u64,
    used: u64,
    exceeded: Option<LimitExceeded>,
}

impl OutputBudget {
    pub(crate) fn new(allowed: u64) -> OutputBudget {
        OutputBudget {
            allowed,
            used: 0,
            exceeded: None,
        }
    }

    /// Takes as much of `wanted` bytes as is left.
    pub(crate) fn take(&mut self, wanted: u64) -> u64 {
        let left = self.allowed.saturating_sub(self.used);
        if wanted > left {
            self.exceeded.get_or_insert(LimitExceeded {
                limit: LimitName::Output,
                allowed: self.allowed,
                requested: self.used.saturating_add(wanted),
            });
        }
        let taken = wanted.min(left);
        self.used += taken;
        taken
    }

    pub(crate) fn exceeded(&self) -> Option<LimitExceeded> {
        self.exceeded.clone()
    }
}

/// Locks; a panic elsewhere does not make the data wrong.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One stream of a guest.
#[derive(Clone)]
pub(crate) struct Capture {
    inner: Arc<Mutex<Inner>>,
    budget: Arc<Mutex<OutputBudget>>,
    services: Arc<dyn Services>,
    call: Arc<str>,
}

#[derive(Default)]
struct Inner {
    kept: Vec<u8>,
    line: Vec<u8>,
    truncated: bool,
}

impl Capture {
    pub(crate) fn new(
        budget: Arc<Mutex<OutputBudget>>,
        services: Arc<dyn Services>,
        call: Arc<str>,
    ) -> Capture {
        Capture {
            inner: Arc::default(),
            budget,
            services,
            call,
        }
    }

    /// What was kept, and whether anything was not.
    pub(crate) fn finish(&self) -> (Vec<u8>, bool) {
        let mut inner = lock(&self.inner);
        let rest = std::mem::take(&mut inner.line);
        if !rest.is_empty() {
            self.services
                .log(&self.call, &String::from_utf8_lossy(&rest));
        }
        (std::mem::take(&mut inner.kept), inner.truncated)
    }

    /// Keeps what fits into the limit, and hands on whole lines.
    pub(crate) fn accept(&self, bytes: &[u8]) {
        let taken = lock(&self.budget).take(bytes.len() as u64);
        // `taken` is at most the length.
        let kept = bytes
            .get(..usize::try_from(taken).unwrap_or(0))
            .unwrap_or_default();
        let mut inner = lock(&self.inner);
        inner.truncated |= kept.len() < bytes.len();
        inner.kept.extend_from_slice(kept);
        for &byte in kept {
            if byte != b'\n' {
                inner.line.push(byte);
            }
            if byte == b'\n' || inner.line.len() >= LINE {
                let line = std::mem::take(&mut inner.line);
                self.services
                    .log(&self.call, &String::from_utf8_lossy(&line));
            }
        }
    }
}

impl IsTerminal for Capture {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Capture {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only the preview-3 interfaces use this form, and they are not linked.
        Box::new(tokio::io::sink())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Capture {
    async fn ready(&mut self) {}
}

impl OutputStream for Capture {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.accept(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        match lock(&self.budget).exceeded() {
            // A guest that prints without end is stopped here, not at its deadline.
            Some(limit) => Err(StreamError::Trap(wasmtime::Error::new(limit))),
            None => Ok(1 << 16),
        }
    }
}
