//! Where a plugin runs: its cache, and what time it is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the plugin keeps files, and its clock.
#[derive(Clone)]
pub struct Setting {
    root: PathBuf,
    clock: Rc<dyn Fn() -> u64>,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl Setting {
    /// Files are kept in this directory; the time is the system's.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let clock = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            since.map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            })
        };
        Self {
            root: root.into(),
            clock: Rc::new(clock),
        }
    }

    /// The same with another clock: milliseconds of the epoch.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> u64 + 'static) -> Self {
        self.clock = Rc::new(clock);
        self
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn now(&self) -> u64 {
        (self.clock)()
    }

    /// Tells a person how many of the pages are there. In native builds there is nobody.
    pub(crate) fn progress(&self, done: u64, total: u64) {
        #[cfg(target_family = "wasm")]
        ml_intern_sdk::progress::report(done, Some(total), "pages");
        #[cfg(not(target_family = "wasm"))]
        let _ = (done, total);
    }
}
