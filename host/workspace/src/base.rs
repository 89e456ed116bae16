//! What the copy was when it was made.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the copy was when it was made, by path.
pub(crate) type Base = BTreeMap<PathBuf, Entry>;

/// One thing in the copy, as it was when the copy was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Bytes of a file, or of a symlink's target; 0 for a directory.
    pub size: u64,
    /// Its permission bits in the source, at most `0o777`.
    pub mode: u32,
    /// SHA-256 of a file's bytes, or of a symlink's target; zeros for a directory.
    pub sha256: [u8; 32],
}

/// What something in a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symlink.
    Symlink,
    /// A pipe, socket or device. Never in a base.
    Special,
}
