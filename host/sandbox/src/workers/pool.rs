//! Workers that wait: idle ones for the next command line, and interpreters that stay between calls.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use policy::Limits;
use tokio::task::JoinHandle;

use super::frame::{Directory, Finish, Setup};
use super::lease::{Lease, Message, Talk};
use super::spawn::Spawner;
use crate::streams::lock;

/// Idle workers for one key.
const IDLE: usize = 2;
/// Keys for which idle workers are held.
const KEYS: usize = 4;
/// How long an interpreter that was interrupted may take to come to rest.
const REST: Duration = Duration::from_secs(2);

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
    pub(crate) talk: Talk,
    /// What it knows, as it told after the last cell.
    pub(crate) names: Vec<String>,
    used: Instant,
}

/// Whose interpreter, and its name.
type Name = (String, String);

/// The workers of one session that wait.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: Mutex<Vec<Lease>>,
    kernels: Mutex<HashMap<Name, Kernel>>,
    /// Interpreters that were interrupted and come to rest.
    settling: Mutex<HashMap<Name, JoinHandle<()>>>,
    /// How long an interpreter stays that nobody uses.
    patience: Duration,
    /// Whether somebody looks after that.
    watched: AtomicBool,
}

impl Pool {
    pub(crate) fn new(patience: Duration) -> Pool {
        Pool {
            idle: Mutex::default(),
            kernels: Mutex::default(),
            settling: Mutex::default(),
            patience,
            watched: AtomicBool::new(false),
        }
    }

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
        let setup = Setup {
            ahead: true,
            ..setup.clone()
        };
        let mut idle = lock(&self.idle);
        let have = idle.iter().filter(|lease| *lease.key() == *key).count();
        for _ in have..IDLE {
            // Where none can be started, the next command line says so.
            let Ok(lease) = Lease::start(spawner, Arc::clone(key), &setup) else {
                return;
            };
            idle.push(lease);
        }
        // The oldest go first.
        let excess = idle.len().saturating_sub(IDLE * KEYS);
        idle.drain(..excess);
    }

    /// The interpreter of this name, for one cell. One that comes to rest is waited for.
    pub(crate) async fn take_kernel(&self, owner: &str, name: &str) -> Option<Kernel> {
        let name = (owner.to_owned(), name.to_owned());
        let settling = lock(&self.settling).remove(&name);
        if let Some(settling) = settling {
            // It ends in any case, within its time.
            let _ = settling.await;
        }
        lock(&self.kernels).remove(&name)
    }

    /// Keeps an interpreter for the next cell, or until nobody has used it for a while.
    pub(crate) fn keep_kernel(
        self: &Arc<Self>,
        owner: &str,
        name: &str,
        (lease, talk): (Lease, Talk),
        names: Vec<String>,
    ) {
        let kernel = Kernel {
            lease,
            talk,
            names,
            used: Instant::now(),
        };
        let name = (owner.to_owned(), name.to_owned());
        lock(&self.kernels).insert(name, kernel);
        if !self.watched.swap(true, Ordering::Relaxed) {
            tokio::spawn(watch(Arc::downgrade(self), self.patience));
        }
    }

    /// Interrupts an interpreter whose caller is gone, and keeps it once it has come to rest.
    pub(crate) fn settle(
        self: &Arc<Self>,
        owner: &str,
        name: &str,
        (lease, mut talk): (Lease, Talk),
        names: Vec<String>,
    ) {
        if !lease.interrupt() {
            return;
        }
        let (pool, owner, name) = (Arc::clone(self), owner.to_owned(), name.to_owned());
        let place = (owner.clone(), name.clone());
        let settling = tokio::spawn(async move {
            let rest = tokio::time::timeout(REST, async {
                loop {
                    match talk.next().await {
                        Ok(Message::Door(_)) => talk.answer(INTERRUPTED).await.ok()?,
                        Ok(Message::Out(_) | Message::Err(_) | Message::Notice(_)) => {}
                        Ok(Message::Ended(end)) => {
                            return matches!(end.finish, Finish::Done).then_some(());
                        }
                        Err(_) => return None,
                    }
                }
            });
            if let Ok(Some(())) = rest.await {
                pool.keep_kernel(&owner, &name, (lease, talk), names);
            }
        });
        lock(&self.settling).insert(place, settling);
    }
}

/// Ends interpreters that nobody has used for so long, as long as there is a pool.
async fn watch(pool: Weak<Pool>, patience: Duration) {
    let mut next = patience;
    loop {
        tokio::time::sleep(next).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut kernels = lock(&pool.kernels);
        kernels.retain(|_, kernel| kernel.used.elapsed() < patience);
        let oldest = kernels.values().map(|kernel| kernel.used.elapsed()).max();
        next = patience.saturating_sub(oldest.unwrap_or_default());
    }
}

/// What a program is told whose caller is gone.
pub(crate) const INTERRUPTED: &[u8] =
    br#"{"error":{"kind":"failed","message":"the cell was interrupted"}}"#;
