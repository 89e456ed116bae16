//! Which changes to commit.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use crate::manifest::{Manifest, is_empty};
use crate::{CommitError, Kind};

/// Which changes to commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// Those of these files, as the diff names them, and those in these directories.
    Paths(BTreeSet<PathBuf>),
}

impl Selection {
    /// Those of these files, and in these directories.
    pub fn paths<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Selection::Paths(paths.into_iter().map(Into::into).collect())
    }

    fn has(&self, path: &Path) -> bool {
        match self {
            Selection::All => true,
            Selection::Paths(paths) => path.ancestors().any(|above| paths.contains(above)),
        }
    }

    /// What is wanted, where a selection of what is different now is applied to what was.
    pub(crate) fn apply(&self, old: &Manifest, now: &Manifest) -> Result<Manifest, CommitError> {
        let is_changed = |path: &Path| match (old.get(path), now.get(path)) {
            (Some(old), Some(new)) => !old.is_like(new),
            (None, None) => false,
            _ => true,
        };
        let changed: BTreeSet<PathBuf> = old
            .keys()
            .chain(now.keys())
            .filter(|path| is_changed(path))
            .cloned()
            .collect();
        if let Selection::Paths(paths) = self {
            for path in paths {
                let mut from =
                    changed.range::<Path, _>((Bound::Included(path.as_path()), Bound::Unbounded));
                if !from.next().is_some_and(|next| next.starts_with(path)) {
                    return Err(CommitError::NotChanged { path: path.clone() });
                }
            }
        }
        let mut wanted = old.clone();
        for path in changed.iter().filter(|path| self.has(path.as_path())) {
            match now.get(path.as_path()) {
                Some(new) => drop(wanted.insert(path.clone(), *new)),
                None => drop(wanted.remove(path.as_path())),
            }
        }
        self.add_directories(&mut wanted, now);
        self.remove_directories(&mut wanted, old, now);
        Self::fits(&wanted, |path| changed.contains(path) && self.has(path))?;
        Ok(wanted)
    }

    /// What is new brings the directories that it is in.
    fn add_directories(&self, wanted: &mut Manifest, now: &Manifest) {
        let missing: BTreeSet<PathBuf> = wanted
            .keys()
            .flat_map(|path| path.ancestors().skip(1))
            .filter(|above| !above.as_os_str().is_empty() && !wanted.contains_key(*above))
            .map(Path::to_owned)
            .collect();
        for path in missing {
            if let Some(entry) = now.get(&path).filter(|entry| entry.kind == Kind::Directory) {
                wanted.insert(path, *entry);
            }
        }
    }

    /// A directory that is gone goes with the last that was in it.
    fn remove_directories(&self, wanted: &mut Manifest, old: &Manifest, now: &Manifest) {
        let gone: Vec<&PathBuf> = old
            .iter()
            .filter(|(path, entry)| {
                let is_there = now
                    .get(*path)
                    .is_some_and(|now| now.kind == Kind::Directory);
                entry.kind == Kind::Directory && !is_there && !is_empty(old, path)
            })
            .map(|(path, _)| path)
            .collect();
        for path in gone.into_iter().rev() {
            let is_directory = wanted
                .get(path)
                .is_some_and(|entry| entry.kind == Kind::Directory);
            if is_directory && is_empty(wanted, path) {
                wanted.remove(path);
            }
        }
    }

    /// Whether everything is in a directory.
    fn fits(wanted: &Manifest, selected: impl Fn(&PathBuf) -> bool) -> Result<(), CommitError> {
        for path in wanted.keys() {
            let Some(parent) = path.parent().filter(|path| !path.as_os_str().is_empty()) else {
                continue;
            };
            if wanted
                .get(parent)
                .is_some_and(|entry| entry.kind == Kind::Directory)
            {
                continue;
            }
            let (path, parent) = (path.clone(), parent.to_owned());
            let (path, needs) = if selected(&parent) {
                (parent, path)
            } else {
                (path, parent)
            };
            return Err(CommitError::Needs { path, needs });
        }
        Ok(())
    }
}
