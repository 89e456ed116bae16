//! Compiled code on disk.
//!
//! A file is named by what it was made from: SHA-256 over our domain string, the engine's compatibility hash and the
//! component's digest. Beside it stands its own SHA-256. Both are checked before the code is mapped, since mapping
//! runs it: the directory must be ours alone, and a file that is not what was written is compiled again.

use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Changes whenever code compiled by an older host must not be used any more.
const DOMAIN: &str = "ml-intern compiled component 1";

/// A SHA-256, as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(hex(&Sha256::digest(bytes)))
    }

    /// The digest of a file's contents, read in pieces.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn of_file(path: &Path) -> io::Result<Digest> {
        let mut file = fs::File::open(path)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut buffer)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            hash.update(bytes);
        }
        Ok(Digest(hex(&hash.finalize())))
    }

    /// Reads 64 lower-case hexadecimal digits; anything else is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Digest> {
        let fits = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Digest(text.to_owned()))
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// A directory of compiled code.
#[derive(Debug, Clone)]
pub struct Cache {
    directory: PathBuf,
}

/// The cache's directory cannot be trusted, or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The file system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Someone else could have put code there.
    #[error(
        "{}: compiled code is run from here, so it must belong to you and be closed to others (mode 0700, found {mode:04o}, owner {owner})",
        path.display()
    )]
    Exposed {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Its owner's number.
        owner: u32,
    },
    /// The component does not compile.
    #[error("{0:#}")]
    Compile(wasmtime::Error),
}

impl Cache {
    /// Opens a cache directory, and makes it with mode 0700 where it is missing.
    ///
    /// # Errors
    ///
    /// [`CacheError::Exposed`] when others may write there; [`CacheError::Io`] when it cannot be made.
    pub fn open(directory: &Path) -> Result<Cache, CacheError> {
        let fail = |source| CacheError::Io {
            path: directory.to_owned(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(fail)?;
        let meta = fs::metadata(directory).map_err(fail)?;
        let mine = fs::metadata("/proc/self").map_or(meta.uid(), |me| me.uid());
        if meta.mode() & 0o022 != 0 || meta.uid() != mine {
            return Err(CacheError::Exposed {
                path: directory.to_owned(),
                mode: meta.mode() & 0o7777,
                owner: meta.uid(),
            });
        }
        Ok(Cache {
            directory: directory.to_owned(),
        })
    }

    /// Where it is.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    fn file(&self, engine: &Engine, component: &Digest) -> PathBuf {
        // `DefaultHasher::new` has fixed keys, so the number is the same in every process of one build.
        let mut compatibility = DefaultHasher::new();
        engine
            .precompile_compatibility_hash()
            .hash(&mut compatibility);
        let name = format!("{DOMAIN}\n{:016x}\n{component}", compatibility.finish());
        self.directory
            .join(format!("{}.cwasm", Digest::of(name.as_bytes())))
    }

    /// Whether compiled code for this component is here and whole.
    #[must_use]
    pub fn has(&self, engine: &Engine, component: &Digest) -> bool {
        whole(&self.file(engine, component))
    }

    /// The compiled component: mapped from the cache, or compiled and stored.
    ///
    /// # Errors
    ///
    /// When the bytes do not compile, or the file system refuses.
    pub fn load(
        &self,
        engine: &Engine,
        digest: &Digest,
        bytes: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Component, CacheError> {
        let path = self.file(engine, digest);
        if whole(&path)
            && let Ok(component) = map(engine, &path)
        {
            return Ok(component);
        }
        let bytes = bytes().map_err(|source| CacheError::Io {
            path: path.clone(),
            source,
        })?;
        let code = engine
            .precompile_component(&bytes)
            .map_err(CacheError::Compile)?;
        self.store(&path, &code)?;
        map(engine, &path).map_err(CacheError::Compile)
    }

    fn store(&self, path: &Path, code: &[u8]) -> Result<(), CacheError> {
        let fail = |source| CacheError::Io {
            path: path.to_owned(),
            source,
        };
        let write = |path: &Path, bytes: &[u8]| -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            Ok(())
        };
        // The sum comes last: code without its sum is not whole.
        let _ = fs::remove_file(sum_path(path));
        write(path, code).map_err(fail)?;
        write(&sum_path(path), Digest::of(code).as_str().as_bytes()).map_err(fail)
    }
}

fn sum_path(path: &Path) -> PathBuf {
    path.with_extension("sha256")
}

/// Whether the file is exactly what was written.
fn whole(path: &Path) -> bool {
    let Ok(sum) = fs::read_to_string(sum_path(path)) else {
        return false;
    };
    Digest::of_file(path).is_ok_and(|found| found.as_str() == sum)
}

#[expect(unsafe_code, reason = "mapping compiled code has no safe form")]
fn map(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file is in a directory that only this user can write to, and `whole` has just compared it with the
    // digest of what this host compiled for this engine and domain.
    unsafe { Component::deserialize_file(engine, path) }
}
