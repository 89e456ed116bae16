//! Where things are kept, by the XDG base directory specification 0.8.

use std::env;
use std::path::{Path, PathBuf};

use crate::fail::Fail;

/// The directories of this user.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    data: PathBuf,
    cache: PathBuf,
    state: PathBuf,
}

impl Paths {
    /// From the environment.
    pub(crate) fn find() -> Result<Paths, Fail> {
        let home = env::var_os("HOME")
            .map(PathBuf::from)
            .filter(|home| home.is_absolute());
        let base = |variable: &str, below: &str| {
            env::var_os(variable)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
                .or_else(|| home.as_ref().map(|home| home.join(below)))
                .map(|path| path.join("ml-intern"))
                .ok_or_else(|| {
                    Fail::usage(format!(
                        "neither HOME nor {variable} is set to an absolute path"
                    ))
                })
        };
        Ok(Paths {
            data: base("XDG_DATA_HOME", ".local/share")?,
            cache: base("XDG_CACHE_HOME", ".cache")?,
            state: base("XDG_STATE_HOME", ".local/state")?,
        })
    }

    /// Compiled code.
    pub(crate) fn compiled(&self) -> PathBuf {
        self.cache.join("compiled")
    }

    /// What setup downloads.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.cache.join("downloads")
    }

    /// What plugins keep between sessions.
    pub(crate) fn caches(&self) -> PathBuf {
        self.cache.join("plugins")
    }

    /// Answers to requests.
    pub(crate) fn answers(&self) -> PathBuf {
        self.cache.join("http")
    }

    /// Program images.
    pub(crate) fn images(&self) -> PathBuf {
        self.data.join("images")
    }

    /// Installed plugins.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.data.join("plugins")
    }

    /// What is kept from run to run.
    pub(crate) fn state(&self) -> PathBuf {
        self.state.clone()
    }

    /// All sessions.
    pub(crate) fn sessions(&self) -> PathBuf {
        self.state.join("sessions")
    }

    /// The lines that the user typed, in a directory that is there.
    pub(crate) fn history(&self) -> Result<PathBuf, Fail> {
        private_directory(&self.state)?;
        Ok(self.state.join("history"))
    }

    /// One session.
    pub(crate) fn session(&self, id: &str) -> PathBuf {
        self.sessions().join(id)
    }
}

/// Makes a directory that only its owner can enter.
pub(crate) fn private_directory(path: &Path) -> Result<(), Fail> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Fail::usage(format!("{}: {error}", path.display())))
}
