//! What a staged copy may be.

use std::path::PathBuf;

/// What a staged copy may be. Every field is always set; [`Options::new`] has the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The directory that is made for the copy, its checkpoints and its record. It must not exist, its parent must, and
    /// it must not be inside the source.
    pub directory: PathBuf,
    /// The most bytes of all files together.
    pub max_bytes: u64,
    /// The most files, symlinks and directories together.
    pub max_files: u64,
    /// The largest file that is copied. A larger one is left out, and listed.
    pub max_file_bytes: u64,
    /// The names of directories that are not copied, at any depth: exact names, no patterns. For patterns there is the
    /// file [`Options::IGNORE_FILE`].
    pub ignore: Vec<String>,
}

impl Options {
    /// A file at the top of the workspace, in the format of `.gitignore`: what it matches is not copied.
    pub const IGNORE_FILE: &str = ".ml-internignore";

    /// Directories that are large, can be made again, and are not what anybody is asked to change: version control's
    /// own, virtual environments, packages, caches and build output.
    pub const DEFAULT_IGNORE: [&str; 5] =
        [".git", ".venv", "node_modules", "__pycache__", "target"];

    /// The default list, for [`Options::ignore`].
    #[must_use]
    pub fn default_ignore() -> Vec<String> {
        Self::DEFAULT_IGNORE.map(str::to_owned).to_vec()
    }

    /// At most 2 GiB in 200,000 files, each at most 512 MiB, and the default list.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Options {
            directory,
            max_bytes: 2 << 30,
            max_files: 200_000,
            max_file_bytes: 512 << 20,
            ignore: Self::default_ignore(),
        }
    }
}
