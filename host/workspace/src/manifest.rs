//! What a directory holds, and how that is written down.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::name::Name;

/// What a directory holds, by path relative to it. Paths are ordered by their parts, so what is in a directory comes
/// right after it.
pub(crate) type Manifest = BTreeMap<PathBuf, Entry>;

/// One thing in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Bytes of a file, or of a symlink's target; 0 for a directory.
    pub size: u64,
    /// Its permission bits, at most `0o777`.
    pub mode: u32,
    /// The digest of a file's bytes, or of a symlink's target; [`Digest::NONE`] for a directory.
    pub digest: Digest,
}

impl Entry {
    /// Whether both are the same kind of thing with the same contents. Permission bits do not count.
    #[must_use]
    pub fn is_like(&self, other: &Entry) -> bool {
        self.kind == other.kind && self.digest == other.digest
    }
}

/// What something in a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// Whether there is nothing in a directory.
pub(crate) fn is_empty(manifest: &Manifest, directory: &Path) -> bool {
    let after = (Bound::Excluded(directory), Bound::Unbounded);
    manifest
        .range::<Path, _>(after)
        .next()
        .is_none_or(|(next, _)| !next.starts_with(directory))
}

/// Paths with what is there, or none where nothing is: from one manifest to another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Delta(pub(crate) Vec<(Name, Option<Entry>)>);

impl Delta {
    pub(crate) fn between(old: &Manifest, new: &Manifest) -> Self {
        let paths: BTreeSet<&PathBuf> = old.keys().chain(new.keys()).collect();
        Delta(
            paths
                .into_iter()
                .filter(|path| old.get(*path) != new.get(*path))
                .map(|path| (Name(path.clone()), new.get(path).copied()))
                .collect(),
        )
    }

    pub(crate) fn apply(&self, manifest: &mut Manifest) {
        for (Name(path), entry) in &self.0 {
            match entry {
                Some(entry) => drop(manifest.insert(path.clone(), *entry)),
                None => drop(manifest.remove(path)),
            }
        }
    }
}
