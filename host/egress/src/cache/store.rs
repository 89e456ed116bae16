//! The directory of a cache: a file an answer, named by what it is an answer to.
//!
//! `<URL>-<endpoint, reach and credential>-<selecting headers>`, each a SHA-256 in hexadecimal, the last two cut to half.
//! Names of credentials go in, never their values. A lookup lists the directory, which takes a few milliseconds for
//! thousands of files; so several processes can share it without a lock: files appear and disappear as a whole.
//!
//! Nothing here fails: what cannot be read is not there, and what cannot be written is not kept.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use http::header::HeaderMap;
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use super::file::{Kept, hex};
use super::rules;
use super::{CACHED_BODY_MAX, CacheError, CacheLimits};
use crate::connection::RESPONSE_HEAD_MAX;

/// Bytes of a file at most: a body, a head, and what is written around them.
const FILE_MAX: u64 = CACHED_BODY_MAX + 2 * RESPONSE_HEAD_MAX as u64;
/// What files have at the beginning of their names while they are written.
const TEMPORARY: &str = ".ml-intern-cache-";
/// After so long, who was writing such a file is gone.
const ABANDONED: Duration = Duration::from_secs(60 * 60);
/// Against links that lead elsewhere, and pipes that nobody writes to.
const PLAIN: i32 = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .bits()
    .cast_signed();

/// What an answer is to, apart from selecting headers: the first two parts of a name.
#[derive(Debug, Clone)]
pub(super) struct Place {
    url: String,
    scope: String,
}

/// The name of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(String);

impl Place {
    pub(super) fn new(url: &str, scope: &[&str]) -> Self {
        Place {
            url: hash([url.as_bytes()]),
            scope: half(hash(scope.iter().map(|part| part.as_bytes()))),
        }
    }

    /// The name of the answer with these headers to the request with those.
    pub(super) fn variant(&self, answer: &HeaderMap, request: &HeaderMap) -> Name {
        let mut parts: Vec<&[u8]> = Vec::new();
        let names = rules::varies_by(answer).unwrap_or_default();
        for name in &names {
            parts.push(name.as_str().as_bytes());
            // Each value counts, and how many there are.
            parts.extend(
                request
                    .get_all(name)
                    .iter()
                    .map(http::HeaderValue::as_bytes),
            );
            parts.push(b"\n");
        }
        let variant = half(hash(parts));
        Name(format!("{}-{}-{variant}", self.url, self.scope))
    }

    fn prefix(&self) -> String {
        format!("{}-{}-", self.url, self.scope)
    }
}

/// A hash of parts, each with its length before it.
fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

fn half(mut text: String) -> String {
    text.truncate(32);
    text
}

/// Whether a file has a name as they are given here: others are not the cache's to remove.
fn is_name(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hexadecimal = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([64, 32, 32]) && parts.iter().all(hexadecimal)
}

/// The directory.
#[derive(Debug)]
pub(crate) struct Store {
    directory: PathBuf,
    limits: CacheLimits,
}

impl Store {
    /// Makes the directory where it is not there, for its owner alone.
    ///
    /// # Errors
    ///
    /// Where it cannot be made, is no directory, or is open to others.
    pub(crate) fn open(directory: PathBuf, limits: CacheLimits) -> Result<Self, CacheError> {
        let wrong = |cause: String| CacheError {
            directory: directory.clone(),
            cause,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .map_err(|error| wrong(error.to_string()))?;
        let found = fs::metadata(&directory).map_err(|error| wrong(error.to_string()))?;
        let mode = found.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(wrong(format!(
                "others may use it (mode {mode:04o}); expected 0700: what it holds came with your credentials"
            )));
        }
        Ok(Store { directory, limits })
    }

    pub(super) fn limits(&self) -> CacheLimits {
        self.limits
    }

    /// The answer to this request, if one is kept that its headers select.
    pub(super) fn find(&self, place: &Place, request: &HeaderMap) -> Option<(Name, Kept)> {
        self.named(&place.prefix()).find_map(|name| {
            let kept = self.read(&name)?;
            (place.variant(&kept.headers, request) == name).then_some((name, kept))
        })
    }

    /// Reads a file; one that is not as it was written is removed.
    fn read(&self, name: &Name) -> Option<Kept> {
        let path = self.path(name);
        let read = || {
            let file = OpenOptions::new()
                .read(true)
                .custom_flags(PLAIN)
                .open(&path)
                .ok()?;
            let found = file.metadata().ok()?;
            if !found.is_file() || found.len() > FILE_MAX {
                return None;
            }
            let mut bytes = Vec::with_capacity(usize::try_from(found.len()).ok()?);
            file.take(FILE_MAX).read_to_end(&mut bytes).ok()?;
            Kept::read(bytes)
        };
        let kept = read();
        if kept.is_none() {
            remove(&path);
        }
        kept
    }

    /// Keeps an answer, and removes what was used longest ago where there is too much.
    pub(super) fn put(&self, name: &Name, kept: &Kept) {
        let head = kept.head();
        if (head.len() + kept.body.len()) as u64 > self.limits.bytes.min(FILE_MAX)
            || self.limits.entries == 0
        {
            return remove(&self.path(name));
        }
        // It is for its owner alone, and disappears where something fails before it has its name.
        let write = || {
            let mut file = tempfile::Builder::new()
                .prefix(TEMPORARY)
                .tempfile_in(&self.directory)?;
            file.write_all(&head)?;
            file.write_all(&kept.body)?;
            file.as_file().set_modified(SystemTime::now())?;
            file.persist(self.path(name)).map_err(|error| error.error)?;
            Ok::<_, std::io::Error>(())
        };
        if write().is_ok() {
            self.evict();
        }
    }

    /// Marks it as used.
    pub(super) fn touch(&self, name: &Name) {
        // Where that fails, it is removed a little earlier.
        drop(
            File::options()
                .read(true)
                .custom_flags(PLAIN)
                .open(self.path(name))
                .and_then(|file| file.set_modified(SystemTime::now())),
        );
    }

    pub(super) fn remove(&self, name: &Name) {
        remove(&self.path(name));
    }

    /// Removes every answer to this URL, whoever got it.
    pub(super) fn invalidate(&self, place: &Place) {
        for name in self.named(&format!("{}-", place.url)) {
            self.remove(&name);
        }
    }

    fn evict(&self) {
        let now = SystemTime::now();
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            let (path, Ok(name)) = (entry.path(), entry.file_name().into_string()) else {
                continue;
            };
            // Of the entry itself: links are not followed.
            let Ok(found) = entry.metadata() else {
                continue;
            };
            let used = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let abandoned = || {
                now.duration_since(used)
                    .is_ok_and(|since| since > ABANDONED)
            };
            if is_name(&name) {
                files.push((used, found.len(), path));
            } else if name.starts_with(TEMPORARY) && abandoned() {
                remove(&path);
            }
        }
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, bytes, _)| *bytes).sum();
        let mut entries = files.len() as u64;
        for (_, size, path) in files {
            if bytes <= self.limits.bytes && entries <= self.limits.entries {
                break;
            }
            remove(&path);
            bytes = bytes.saturating_sub(size);
            entries -= 1;
        }
    }

    fn named(&self, prefix: &str) -> impl Iterator<Item = Name> {
        fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(move |name| name.starts_with(prefix))
            .map(Name)
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.directory.join(&name.0)
    }
}

/// Another process may have been faster, so that it fails is no news.
fn remove(path: &Path) {
    drop(fs::remove_file(path));
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
