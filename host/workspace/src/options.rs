//! What a staged copy may be.

use std::path::PathBuf;

/// What a staged copy may be. Every field is always set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The directory in which the copy gets a directory of its own. It must exist, and not be inside the source.
    pub parent: PathBuf,
    /// The most bytes of all files together.
    pub max_bytes: u64,
    /// The most files, symlinks and directories together.
    pub max_files: u64,
    /// The names of directories that are not copied, at any depth: exact names, no patterns.
    pub ignore: Vec<String>,
}

impl Options {
    /// Directories that are large, can be made again, and are not what anybody is asked to change: version control's
    /// own, virtual environments, packages, caches and build output.
    pub const DEFAULT_IGNORE: [&str; 5] =
        [".git", ".venv", "node_modules", "__pycache__", "target"];

    /// The default list, for [`Options::ignore`].
    #[must_use]
    pub fn default_ignore() -> Vec<String> {
        Self::DEFAULT_IGNORE.map(str::to_owned).to_vec()
    }
}
