//! One path that is to change.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::manifest::Manifest;
use crate::name::Name;
use crate::{Entry, Kind};

/// One path that is to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) path: Name,
    /// What must be there before; none for nothing.
    pub(crate) old: Option<Entry>,
    /// What is there afterwards.
    pub(crate) new: Option<Entry>,
    /// Its permission bits afterwards; none for what the user's own file mask gives something new.
    pub(crate) mode: Option<u32>,
}

/// What a step does. They are done in this order, so deletions come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    /// Removes a file, a symlink or something special.
    Remove,
    /// Removes a directory, those inside first.
    RemoveDirectory,
    /// Makes a directory, those outside first.
    MakeDirectory,
    /// Makes or replaces a file or symlink.
    Put,
    /// Sets permission bits.
    SetMode,
}

impl Step {
    pub(crate) fn path(&self) -> &Path {
        &self.path.0
    }

    /// What to do for it. Something that becomes another kind of thing can take two.
    pub(crate) fn actions(&self) -> impl Iterator<Item = Action> + use<> {
        let kind = |entry: Option<Entry>| entry.map(|entry| entry.kind);
        let (old, new) = (kind(self.old), kind(self.new));
        let becomes_directory = new == Some(Kind::Directory);
        let is_put = matches!(new, Some(Kind::File | Kind::Symlink));
        let is_like = match (self.old, self.new) {
            (Some(old), Some(new)) => old.is_like(&new),
            _ => false,
        };
        let first = match old {
            None => None,
            Some(_) if is_like => None,
            Some(Kind::Directory) => (!becomes_directory).then_some(Action::RemoveDirectory),
            // A rename replaces a file or symlink.
            Some(Kind::File | Kind::Symlink) if is_put => None,
            Some(_) => Some(Action::Remove),
        };
        let second = match new {
            Some(_) if is_like => self.mode.map(|_| Action::SetMode),
            Some(Kind::Directory) => Some(Action::MakeDirectory),
            Some(Kind::File | Kind::Symlink) => Some(Action::Put),
            Some(Kind::Special) | None => None,
        };
        first.into_iter().chain(second)
    }

    /// Whether a file or symlink is replaced by one.
    pub(crate) fn replaces(&self) -> bool {
        self.old
            .is_some_and(|old| matches!(old.kind, Kind::File | Kind::Symlink))
    }
}

/// From one manifest to another, with permission bits where asked for. Something special cannot be made.
pub(crate) fn steps(old: &Manifest, new: &Manifest, modes: bool) -> Vec<Step> {
    let mut paths: Vec<_> = old.keys().chain(new.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
        .into_iter()
        .filter_map(|path| {
            let (old, new) = (old.get(path).copied(), new.get(path).copied());
            let new = new.filter(|new| new.kind != Kind::Special || old == Some(*new));
            let same = match (old, new) {
                (Some(old), Some(new)) => {
                    let other_mode = modes && new.kind != Kind::Symlink && old.mode != new.mode;
                    old.is_like(&new) && !other_mode
                }
                (None, None) => true,
                _ => false,
            };
            let mode = new.filter(|_| modes).map(|new| new.mode);
            (!same).then(|| Step {
                path: Name(path.clone()),
                old,
                new,
                mode,
            })
        })
        .collect()
}
