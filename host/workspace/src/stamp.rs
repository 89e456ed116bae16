//! Whether a file was written to since it was last read.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Digest;

/// What the file system says of a file. The change time is set by the kernel at every write and every change of another
/// time; there is no call to set it, in WASI or elsewhere. So a file with the same stamp has the same contents, if the
/// stamp was [settled](Stamp::is_settled) when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Longer than a tick of any kernel's clock.
const TICK: Duration = Duration::from_millis(20);

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    pub(crate) fn of_cap(metadata: &cap_std::fs::Metadata) -> Self {
        use cap_std::fs::MetadataExt as _;
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether a write at this time, or later, would give the file another stamp. One in the same tick as the last would
    /// not. File systems that count whole seconds are never trusted.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        let (Ok(seconds), Ok(nanoseconds)) =
            (u64::try_from(self.changed.0), u32::try_from(self.changed.1))
        else {
            return false;
        };
        let changed = Duration::new(seconds, nanoseconds);
        nanoseconds != 0
            && now
                .duration_since(UNIX_EPOCH)
                .is_ok_and(|now| changed + TICK < now)
    }
}

/// What was read, and when.
pub(crate) type Stamps = BTreeMap<PathBuf, Known>;

/// What a file with this stamp has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) stamp: Stamp,
    pub(crate) digest: Digest,
    /// Whether the contents are in the store.
    pub(crate) kept: bool,
}
