//! What the test files need.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use ml_intern_workspace::{Digest, Options, Staged};
use tempfile::TempDir;

/// A directory for the source, and one for copies.
pub(crate) struct Place {
    _directory: TempDir,
    pub(crate) source: PathBuf,
    /// Where copies go.
    pub(crate) parent: PathBuf,
    pub(crate) options: Options,
    made: AtomicU32,
}

pub(crate) fn place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("source");
    let parent = directory.path().join("copies");
    fs::create_dir(&source).unwrap();
    fs::create_dir(&parent).unwrap();
    let options = Options {
        max_bytes: 32 << 20,
        max_files: 100,
        ..Options::new(parent.clone())
    };
    Place {
        _directory: directory,
        source,
        parent,
        options,
        made: AtomicU32::new(0),
    }
}

impl Place {
    /// With a directory of its own.
    pub(crate) fn next(&self) -> Options {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        Options {
            directory: self.parent.join(number.to_string()),
            ..self.options.clone()
        }
    }

    pub(crate) fn stage(&self) -> Staged {
        Staged::new(&self.source, &self.next()).unwrap()
    }

    /// What staging says, where it must not work; and that it leaves nothing behind.
    pub(crate) fn refused(&self) -> String {
        let before = fs::read_dir(&self.parent).unwrap().count();
        let error = Staged::new(&self.source, &self.next())
            .unwrap_err()
            .to_string();
        assert_eq!(fs::read_dir(&self.parent).unwrap().count(), before);
        error.replace(self.source.to_str().unwrap(), "SOURCE")
    }
}

/// Writes a file, and the directories above it.
pub(crate) fn write(root: &Path, path: &str, contents: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

/// Every path in a directory with what is there, sorted: permission bits and contents of a file, permission bits of a
/// directory, a symlink's target.
pub(crate) fn tree(root: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            let metadata = path.symlink_metadata().unwrap();
            let mode = metadata.permissions().mode() & 0o777;
            let what = if metadata.is_symlink() {
                format!("-> {:?}", fs::read_link(&path).unwrap())
            } else if metadata.is_dir() {
                waiting.push(path);
                format!("directory {mode:o}")
            } else {
                format!("file {mode:o} {:?}", Digest::of(&fs::read(&path).unwrap()))
            };
            all.push((name, what));
        }
    }
    all.sort_unstable();
    all
}

/// The same without permission bits.
pub(crate) fn shape(root: &Path) -> Vec<(PathBuf, String)> {
    let plain = |what: String| match what.split(' ').collect::<Vec<_>>()[..] {
        ["directory", _] => "directory".to_owned(),
        ["file", _, digest] => format!("file {digest}"),
        _ => what,
    };
    tree(root)
        .into_iter()
        .map(|(path, what)| (path, plain(what)))
        .collect()
}

/// The same without permission bits of directories.
pub(crate) fn files(root: &Path) -> Vec<(PathBuf, String)> {
    let plain = |what: String| match what.starts_with("directory") {
        true => "directory".to_owned(),
        false => what,
    };
    tree(root)
        .into_iter()
        .map(|(path, what)| (path, plain(what)))
        .collect()
}
