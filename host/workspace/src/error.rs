//! Why something could not be done with a workspace.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use policy::LimitExceeded;

use crate::{CheckpointId, Shown, Size};

/// Why something could not be done with a workspace.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The operating system refused.
    #[error("{}: cannot {action}: {source}", Shown(path))]
    Io {
        /// What it was about.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// The copy would be larger than allowed.
    #[error(
        "{}: {source}; the biggest files: {}; {ADVICE}",
        Shown(path),
        Bytes(biggest)
    )]
    Limit {
        /// What should be copied.
        path: PathBuf,
        /// Which limit.
        source: LimitExceeded,
        /// The biggest files, by path relative to it, and their bytes.
        biggest: Vec<(PathBuf, u64)>,
    },
    /// The copy would have more entries than allowed.
    #[error(
        "{}: too many files: a staged workspace can have {allowed} files and directories; the fullest directories, as far \
         as it was looked: {}; {ADVICE}",
        Shown(path),
        Files(fullest)
    )]
    TooMany {
        /// What should be copied.
        path: PathBuf,
        /// How many are allowed.
        allowed: u64,
        /// The directories with the most entries of their own, by path relative to it, and how many those are.
        fullest: Vec<(PathBuf, u64)>,
    },
    /// The copy would be part of what is copied.
    #[error(
        "{}: inside the workspace {}; the copy needs a place outside of it",
        Shown(directory),
        Shown(workspace)
    )]
    Inside {
        /// Where the copy should go.
        directory: PathBuf,
        /// What should be copied.
        workspace: PathBuf,
    },
    /// A record is not what was written, or missing.
    #[error("{}: damaged: {what}", Shown(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Another process has it open.
    #[error("{}: in use by another process", Shown(directory))]
    Busy {
        /// The directory of the staged workspace.
        directory: PathBuf,
    },
    /// There is no such checkpoint.
    #[error("there is no checkpoint {id}")]
    NoCheckpoint {
        /// The one that was asked for.
        id: CheckpointId,
    },
    /// A person, or a program, changed files at the same time. Nothing was restored.
    #[error("nothing was restored, because of changes meanwhile: {}", Paths(paths))]
    Meanwhile {
        /// The files, relative to the workspace.
        paths: Vec<PathBuf>,
    },
}

/// What a person can do about a workspace that is too large.
const ADVICE: &str =
    "list in .ml-internignore what is not needed, and mount large data read-only, by name";

/// How many are named in one message.
const MOST_NAMED: usize = 5;

struct Bytes<'a>(&'a [(PathBuf, u64)]);

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(
            f,
            self.0
                .iter()
                .map(|(path, size)| format!("{} ({})", Shown(path), Size(*size))),
        )
    }
}

struct Files<'a>(&'a [(PathBuf, u64)]);

impl fmt::Display for Files<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(
            f,
            self.0
                .iter()
                .map(|(path, count)| format!("{}/ ({count})", Shown(path))),
        )
    }
}

/// Paths in one line, all of them.
struct Paths<'a>(&'a [PathBuf]);

impl fmt::Display for Paths<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.0.iter().map(|path| Shown(path).to_string()))
    }
}

fn list(f: &mut fmt::Formatter<'_>, items: impl Iterator<Item = String>) -> fmt::Result {
    f.write_str(&items.collect::<Vec<_>>().join(", "))
}

/// The largest of something, largest first.
pub(crate) fn largest<'a>(all: impl Iterator<Item = (&'a Path, u64)>) -> Vec<(PathBuf, u64)> {
    let mut all: Vec<_> = all.collect();
    all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    all.into_iter()
        .take(MOST_NAMED)
        .map(|(path, amount)| (path.to_owned(), amount))
        .collect()
}
