//! A workspace of either kind.

use std::ops::Deref;
use std::path::Path;

use crate::{Direct, Mode, Options, Staged, Tracked, WorkspaceError};

/// A workspace of either kind. What both can do, it can: see [`Tracked`].
#[derive(Debug)]
pub enum Workspace {
    /// Tools work in a private copy.
    Staged(Staged),
    /// Tools work in the user's directory.
    Direct(Direct),
}

impl Deref for Workspace {
    type Target = Tracked;

    fn deref(&self) -> &Tracked {
        match self {
            Workspace::Staged(staged) => staged,
            Workspace::Direct(direct) => direct,
        }
    }
}

impl Workspace {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// As of [`Staged::new`] and [`Direct::new`].
    pub fn new(mode: Mode, source: &Path, options: &Options) -> Result<Self, WorkspaceError> {
        match mode {
            Mode::Staged => Staged::new(source, options).map(Workspace::Staged),
            Mode::Direct => Direct::new(source, options).map(Workspace::Direct),
        }
    }

    /// Opens one that was made before.
    ///
    /// # Errors
    ///
    /// As of [`Staged::open`].
    pub fn open(directory: &Path) -> Result<Self, WorkspaceError> {
        let tracked = Tracked::open(directory)?;
        Ok(match tracked.mode() {
            Mode::Staged => Workspace::Staged(Staged(tracked)),
            Mode::Direct => Workspace::Direct(Direct(tracked)),
        })
    }

    /// What can be committed from.
    #[must_use]
    pub const fn staged(&self) -> Option<&Staged> {
        match self {
            Workspace::Staged(staged) => Some(staged),
            Workspace::Direct(_) => None,
        }
    }

    /// Removes the copy, if there is one, and everything that is kept; the user's files stay as they are.
    ///
    /// # Errors
    ///
    /// Something cannot be removed.
    pub fn discard(self) -> Result<(), WorkspaceError> {
        match self {
            Workspace::Staged(staged) => staged.discard(),
            Workspace::Direct(direct) => direct.forget(),
        }
    }
}
