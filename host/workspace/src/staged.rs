//! A staged workspace.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use tempfile::TempDir;

use crate::base::Base;
use crate::content::{io_error, open_root};
use crate::stage::Stage;
use crate::{Diff, Entry, Options, Skipped, WorkspaceError, diff};

/// A private copy of a directory. Dropping it removes the copy.
#[derive(Debug)]
pub struct Staged {
    copy: TempDir,
    source: Dir,
    base: Base,
    skipped: Vec<Skipped>,
    bytes: u64,
}

impl Staged {
    /// Copies a directory into a new one of mode `0o700`. The crate's documentation says what is copied and what is not.
    ///
    /// # Errors
    ///
    /// A limit is reached, something cannot be read, or the copy cannot be written. No copy is left behind.
    pub fn new(source: &Path, options: &Options) -> Result<Self, WorkspaceError> {
        let source_handle = open_root(source)?;
        let real = |path: &Path| fs::canonicalize(path).map_err(io_error(path, "open"));
        let (workspace, parent) = (real(source)?, real(&options.parent)?);
        if parent.starts_with(&workspace) {
            return Err(WorkspaceError::Inside { parent, workspace });
        }
        let copy = tempfile::Builder::new()
            .prefix("workspace-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .map_err(io_error(&parent, "create a directory"))?;
        let copy_handle = open_root(copy.path())?;
        let mut stage = Stage {
            source_path: source,
            source: &source_handle,
            copy: &copy_handle,
            options,
            base: Base::new(),
            skipped: Vec::new(),
            bytes: 0,
        };
        stage.run()?;
        let Stage {
            base,
            skipped,
            bytes,
            ..
        } = stage;
        Ok(Staged {
            copy,
            source: source_handle,
            base,
            skipped,
            bytes,
        })
    }

    /// The copy's directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.copy.path()
    }

    /// What the copy was when it was made, by path relative to it.
    #[must_use]
    pub const fn base(&self) -> &BTreeMap<PathBuf, Entry> {
        &self.base
    }

    /// What was not copied, by path.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Bytes of all files that were copied.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What is different in the copy now. Every file is read: a guest can set times, so only contents tell.
    ///
    /// # Errors
    ///
    /// Something in the copy cannot be read.
    pub fn diff(&self) -> Result<Diff, WorkspaceError> {
        diff::compare(&self.source, &self.base, self.copy.path())
    }

    /// Keeps the copy, and says where it is.
    #[must_use]
    pub fn keep(self) -> PathBuf {
        self.copy.keep()
    }
}
