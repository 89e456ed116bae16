//! Workers that wait: idle ones for the next command line, and interpreters that stay between calls.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use policy::Limits;

use super::frame::{Directory, Setup};
use super::lease::Lease;
use super::spawn::Spawner;
use crate::streams::lock;

/// Idle workers for one key.
const IDLE: usize = 2;
/// Keys for which idle workers are held.
const KEYS: usize = 4;
/// How long an interpreter stays that nobody uses.
const KERNEL_IDLE: Duration = Duration::from_secs(30 * 60);

/// What makes one worker as good as another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) program: String,
    pub(crate) directories: Vec<Directory>,
    pub(crate) limits: Limits,
}

/// An interpreter that stays.
#[derive(Debug)]
pub(crate) struct Kernel {
    pub(crate) lease: Lease,
    /// What it knows, as it told after the last cell.
    pub(crate) names: Vec<String>,
    used: Instant,
}

/// The workers of one session that wait.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<Lease>>,
    kernels: Mutex<HashMap<(String, String), Kernel>>,
}

impl Pool {
    /// A worker for this key: one that waits, else a new one.
    pub(crate) fn take(
        &self,
        spawner: &Spawner,
        key: &Arc<Key>,
        setup: &Setup,
    ) -> io::Result<Lease> {
        let waiting = {
            let mut idle = lock(&self.idle);
            let place = idle.iter().position(|lease| *lease.key() == *key);
            place.map(|place| idle.remove(place))
        };
        match waiting {
            Some(lease) => Ok(lease),
            None => Lease::start(spawner, Arc::clone(key), setup),
        }
    }

    /// Sees to it that the next command line under this key finds a worker that waits.
    pub(crate) fn refill(&self, spawner: &Spawner, key: &Arc<Key>, setup: &Setup) {
        let mut idle = lock(&self.idle);
        let have = idle.iter().filter(|lease| *lease.key() == *key).count();
        for _ in have..IDLE {
            // Where none can be started, the next command line says so.
            let Ok(lease) = Lease::start(spawner, Arc::clone(key), setup) else {
                return;
            };
            idle.push(lease);
        }
        // The oldest go first.
        let excess = idle.len().saturating_sub(IDLE * KEYS);
        idle.drain(..excess);
    }

    /// The interpreter of this name, for one cell.
    pub(crate) fn take_kernel(&self, owner: &str, name: &str) -> Option<Kernel> {
        let mut kernels = lock(&self.kernels);
        kernels.retain(|_, kernel| kernel.used.elapsed() < KERNEL_IDLE);
        kernels.remove(&(owner.to_owned(), name.to_owned()))
    }

    /// Keeps an interpreter for the next cell.
    pub(crate) fn keep_kernel(&self, owner: &str, name: &str, lease: Lease, names: Vec<String>) {
        let kernel = Kernel {
            lease,
            names,
            used: Instant::now(),
        };
        lock(&self.kernels).insert((owner.to_owned(), name.to_owned()), kernel);
    }
}
