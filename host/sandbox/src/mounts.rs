//! Directories that can be mounted for guests, by name.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use policy::{Access, Grant};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::workers::Directory;

use crate::files::VOID;

/// Named directories of the host. A grant says which of them a call sees, and how.
#[derive(Debug, Clone, Default)]
pub struct Mounts {
    directories: BTreeMap<String, PathBuf>,
    /// Directories inside such a directory that are elsewhere on the host, by its name and theirs; read-only.
    inside: BTreeMap<(String, String), PathBuf>,
    /// Directories in which each plugin has one of its own.
    own: BTreeMap<String, PathBuf>,
}

impl Mounts {
    /// No directories.
    #[must_use]
    pub fn new() -> Mounts {
        Mounts::default()
    }

    /// Adds a directory. Guests that are granted it find it at `/<name>`.
    #[must_use]
    pub fn with(mut self, name: &str, directory: &Path) -> Mounts {
        self.directories
            .insert(name.to_owned(), directory.to_owned());
        self
    }

    /// Adds a directory that guests find at `/<name>/<part>`, read-only, where they are granted `name`. The directory of
    /// that name has a directory `part`, which this one stands for.
    #[must_use]
    pub fn with_part(mut self, name: &str, part: &str, directory: &Path) -> Mounts {
        self.inside
            .insert((name.to_owned(), part.to_owned()), directory.to_owned());
        self
    }

    /// Adds a directory in which each plugin has one of its own, made when it is first granted: that one is what it finds
    /// at `/<name>`. Programs find none.
    #[must_use]
    pub fn with_own(mut self, name: &str, directory: &Path) -> Mounts {
        self.own.insert(name.to_owned(), directory.to_owned());
        self
    }

    /// Puts what the grant allows, and the void, into a guest's context.
    pub(crate) fn preopen(
        &self,
        wasi: &mut WasiCtxBuilder,
        grant: &Grant,
        plugin: &str,
        void: &Path,
    ) -> wasmtime::Result<()> {
        // Files are local: handing each read to another thread costs more than the read.
        wasi.allow_blocking_current_thread(true);
        let mut directories = self.granted(grant, void);
        for (name, access) in grant.mounts() {
            if let Some(all) = self.own.get(name) {
                // A plugin's name is a plain word, so it is one directory.
                let host = all.join(plugin);
                DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(&host)?;
                directories.push(Directory {
                    host,
                    guest: format!("/{name}"),
                    writable: access == Access::ReadWrite,
                });
            }
        }
        for directory in directories {
            let perms = if directory.writable {
                FsPerms::ReadWrite
            } else {
                FsPerms::ReadOnly
            };
            wasi.preopened_dir(&directory.host, &directory.guest, perms)?;
        }
        Ok(())
    }

    /// What the grant allows, and the void, as directories.
    pub(crate) fn granted(&self, grant: &Grant, void: &Path) -> Vec<Directory> {
        let mut directories = vec![Directory {
            host: void.to_owned(),
            guest: VOID.to_owned(),
            writable: false,
        }];
        for (name, access) in grant.mounts() {
            if let Some(directory) = self.directories.get(name) {
                directories.push(Directory {
                    host: directory.clone(),
                    guest: format!("/{name}"),
                    writable: access == Access::ReadWrite,
                });
            }
            for ((whole, part), directory) in &self.inside {
                if whole == name {
                    directories.push(Directory {
                        host: directory.clone(),
                        guest: format!("/{name}/{part}"),
                        writable: false,
                    });
                }
            }
        }
        directories
    }
}

/// Whether a guest's path lies in one of the grant's mounts, by its text.
pub(crate) fn inside(grant: &Grant, path: &str) -> bool {
    let mut parts = path.split('/');
    if parts.next() != Some("") {
        return false;
    }
    let Some(name) = parts.next() else {
        return false;
    };
    grant.mount(name).is_ok() && parts.all(|part| part != "..")
}
