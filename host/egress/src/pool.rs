//! Connections that are open and idle.
//!
//! They are kept by origin *and* by the reach under which they were dialled: a request may use one exactly where it
//! would itself have been allowed to dial that address, so reuse needs no new lookup and weakens no check.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use policy::{AddressScope, Origin};
use tokio::time::Instant;

use crate::connection::Connection;

/// Idle connections of one key at most.
const PER_KEY: usize = 8;
/// Idle connections in all at most.
const IN_ALL: usize = 64;
/// How long one may idle. Servers close theirs after 5 to 75 seconds.
const IDLE: Duration = Duration::from_secs(30);
/// How long a connection may take to notice that it is idle, before another one is dialled.
const READY: Duration = Duration::from_millis(100);

/// What a connection can be used for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// What is dialled.
    pub(crate) origin: Origin,
    pub(crate) reach: Reach,
}

/// Which addresses may be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reach {
    /// Those that the permit allows.
    Permitted(AddressScope),
    /// Every one that can be allowed at all, since the user named the origin as an endpoint.
    Endpoint,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

/// The idle connections of one egress.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<HashMap<Key, Vec<Idle>>>);

impl Pool {
    /// An idle connection that is still good, the one used last first: the others can grow old and be closed.
    pub(crate) async fn take(&self, key: &Key) -> Option<Connection> {
        loop {
            let mut connection = self.pop(key)?;
            if connection.sender.is_ready() {
                return Some(connection);
            }
            // Its request is written and its response is read, so this is a matter of microseconds.
            if let Ok(Ok(())) = tokio::time::timeout(READY, connection.sender.ready()).await {
                return Some(connection);
            }
        }
    }

    fn pop(&self, key: &Key) -> Option<Connection> {
        let mut idle = self.lock();
        let kept = idle.get_mut(key)?;
        kept.retain(is_good);
        kept.pop().map(|idle| idle.connection)
    }

    /// Keeps a connection whose request is written and whose response is read.
    pub(crate) fn put(&self, key: Key, connection: Connection) {
        let mut idle = self.lock();
        idle.retain(|_, kept| {
            kept.retain(is_good);
            !kept.is_empty()
        });
        let in_all: usize = idle.values().map(Vec::len).sum();
        let kept = idle.entry(key).or_default();
        if kept.len() < PER_KEY && in_all < IN_ALL {
            kept.push(Idle {
                connection,
                since: Instant::now(),
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Vec<Idle>>> {
        // Nothing that is done under the lock leaves it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_good(idle: &Idle) -> bool {
    !idle.connection.sender.is_closed() && idle.since.elapsed() < IDLE
}
