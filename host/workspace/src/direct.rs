//! A workspace without a copy.

use std::ops::Deref;
use std::path::Path;

use crate::content::open_root;
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::stamp::Stamps;
use crate::survey::Survey;
use crate::tracked::{Beginning, Nest, Tracked, real_source};
use crate::{Mode, Options, WorkspaceError, record};

/// The user's directory itself, with checkpoints: the explicit way out of staging. There is nothing to commit.
#[derive(Debug)]
pub struct Direct(pub(crate) Tracked);

impl Deref for Direct {
    type Target = Tracked;

    fn deref(&self) -> &Tracked {
        &self.0
    }
}

impl Direct {
    /// Keeps what a directory is now. The limits and rules are those of a copy: what is left out is in no checkpoint, and
    /// nothing is done to it.
    ///
    /// # Errors
    ///
    /// A limit is reached, something cannot be read, or contents cannot be kept. Nothing is left behind.
    pub fn new(source: &Path, options: &Options) -> Result<Self, WorkspaceError> {
        let real = real_source(source)?;
        let root = open_root(source)?;
        let rules = Rules::of(&root, source, options)?;
        let nest = Nest::new(&real, &options.directory)?;
        let mut skipped = Survey::of(&root, source, options, &rules)?.skipped;
        skipped.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let mut stamps = Stamps::new();
        let snapshot = Snapshot {
            root: &root,
            root_path: source,
            rules: Some(&rules),
            store: Some(&nest.store),
            modes: None,
        };
        let base = snapshot.take(&mut stamps)?;
        nest.finish(Beginning {
            mode: Mode::Direct,
            source: real,
            rules,
            base,
            skipped,
            stamps,
        })
        .map(Direct)
    }

    /// Opens one that was made before.
    ///
    /// # Errors
    ///
    /// As of [`Staged::open`](crate::Staged::open).
    pub fn open(directory: &Path) -> Result<Self, WorkspaceError> {
        let tracked = Tracked::open(directory)?;
        match tracked.mode() {
            Mode::Direct => Ok(Direct(tracked)),
            Mode::Staged => {
                let what = "a staged workspace, and a direct one was wanted";
                Err(record::damaged(tracked.directory(), what))
            }
        }
    }

    /// Removes the checkpoints. The user's files stay as they are.
    ///
    /// # Errors
    ///
    /// They cannot be removed.
    pub fn forget(self) -> Result<(), WorkspaceError> {
        self.0.remove()
    }
}
