//! What both test files need.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the report")]

use std::fs;
use std::path::{Path, PathBuf};

use ml_intern_workspace::{Options, Staged};
use tempfile::TempDir;

/// A directory for the source, and one for copies.
pub(crate) struct Place {
    _directory: TempDir,
    pub(crate) source: PathBuf,
    pub(crate) options: Options,
}

pub(crate) fn place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("source");
    let parent = directory.path().join("copies");
    fs::create_dir(&source).unwrap();
    fs::create_dir(&parent).unwrap();
    let ignore = Options::default_ignore();
    let options = Options {
        parent,
        max_bytes: 32 << 20,
        max_files: 100,
        ignore,
    };
    Place {
        _directory: directory,
        source,
        options,
    }
}

impl Place {
    pub(crate) fn stage(&self) -> Staged {
        Staged::new(&self.source, &self.options).unwrap()
    }

    /// What staging says, where it must not work; and that it leaves nothing behind.
    pub(crate) fn refused(&self) -> String {
        let error = Staged::new(&self.source, &self.options)
            .unwrap_err()
            .to_string();
        assert_eq!(fs::read_dir(&self.options.parent).unwrap().count(), 0);
        error.replace(self.source.to_str().unwrap(), "SOURCE")
    }
}

/// Writes a file, and the directories above it.
pub(crate) fn write(root: &Path, path: &str, contents: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}
