//! Why a workspace could not be staged or compared.

use std::io;
use std::path::PathBuf;

use policy::LimitExceeded;

use crate::Shown;

/// Why a workspace could not be staged or compared.
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
    #[error("{}: {source}", Shown(path))]
    Limit {
        /// Where it went over.
        path: PathBuf,
        /// Which limit.
        source: LimitExceeded,
    },
    /// The copy would have more entries than allowed.
    #[error(
        "{}: too many files: a staged workspace can have {allowed} files and directories",
        Shown(path)
    )]
    TooMany {
        /// The first one too many.
        path: PathBuf,
        /// How many are allowed.
        allowed: u64,
    },
    /// The copy would be part of what is copied.
    #[error(
        "{}: inside the workspace {}; the copy needs a place outside of it",
        Shown(parent),
        Shown(workspace)
    )]
    Inside {
        /// Where the copy should go.
        parent: PathBuf,
        /// What should be copied.
        workspace: PathBuf,
    },
}
