//! Contents that are kept, by their digest.
//!
//! Small ones are loose objects of a bare Git object database (SHA-256 object format, not compressed: they live as long
//! as a session, and compressing 1 GB takes ten times as long as copying it). Large ones are files beside it, as Git's
//! own users do with what is too large for it: an object is read into memory whole, and can't share blocks.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use gix_object::{Kind, Write as _};

use crate::digest::{Digest, digest_of};
use crate::{clone, halt};

/// The largest object, where blocks are shared: what is smaller than a few blocks gains nothing.
const SMALL_SHARED: u64 = 16 << 10;

/// The largest object, where they are not.
const SMALL: u64 = 1 << 20;

pub(crate) struct Store {
    objects: gix_odb::loose::Store,
    large: PathBuf,
    small: u64,
    temporary: AtomicU64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.large).finish()
    }
}

impl Store {
    /// In a directory that is there; what is missing in it is made.
    pub(crate) fn at(directory: &Path) -> io::Result<Self> {
        let (objects, large) = (directory.join("objects"), directory.join("large"));
        fs::create_dir_all(&objects)?;
        fs::create_dir_all(&large)?;
        remove_unfinished(&large)?;
        let small = if clone::is_shared_in(&large) {
            SMALL_SHARED
        } else {
            SMALL
        };
        let options = gix_odb::loose::Options {
            alloc_limit_bytes: usize::try_from(2 * SMALL).ok(),
            compression: gix_zlib::Compression::NONE,
        };
        Ok(Store {
            objects: gix_odb::loose::Store::at_opts(objects, gix_hash::Kind::Sha256, options),
            large,
            small,
            temporary: AtomicU64::new(0),
        })
    }

    pub(crate) fn has(&self, digest: Digest) -> bool {
        self.objects.contains(&digest.id()) || self.path(digest).is_file()
    }

    /// Keeps what a file has.
    pub(crate) fn put(&self, mut from: &File) -> io::Result<(u64, Digest)> {
        from.rewind()?;
        let size = from.metadata()?.len();
        if size > self.small {
            return self.put_large(from);
        }
        let mut bytes = Vec::new();
        from.take(self.small + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > self.small {
            return self.put_large(from);
        }
        Ok((bytes.len() as u64, self.put_bytes(&bytes)?))
    }

    pub(crate) fn put_bytes(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest::of(bytes);
        if !self.has(digest) {
            self.objects
                .write_buf_with_known_id(Kind::Blob, bytes, digest.id())
                .map_err(io::Error::other)?;
        }
        Ok(digest)
    }

    /// What is digested is the copy: nobody else changes that.
    fn put_large(&self, from: &File) -> io::Result<(u64, Digest)> {
        self.add_large(from, None)
    }

    /// Keeps what a file has that nobody else can change, and whose digest is known.
    pub(crate) fn put_known(&self, from: &File, digest: Digest) -> io::Result<()> {
        // It is larger than any object.
        if self.path(digest).exists() {
            return Ok(());
        }
        self.add_large(from, Some(digest)).map(drop)
    }

    fn add_large(&self, mut from: &File, known: Option<Digest>) -> io::Result<(u64, Digest)> {
        from.rewind()?;
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = self.large.join(format!("new-{number}"));
        let put = || -> io::Result<(u64, Digest)> {
            let mut to = File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o400)
                .open(&temporary)?;
            clone::contents(from, &to, u64::MAX)?;
            let size = to.metadata()?.len();
            let digest = match known {
                Some(digest) => digest,
                None => {
                    to.rewind()?;
                    digest_of(&to, size)?
                }
            };
            let path = self.path(digest);
            match fs::rename(&temporary, &path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    path.parent().map_or(Ok(()), fs::create_dir_all)?;
                    fs::rename(&temporary, &path)?;
                }
                renamed => renamed?,
            }
            Ok((size, digest))
        };
        put().inspect_err(|_| {
            // It may not have been made.
            let _ = fs::remove_file(&temporary);
        })
    }

    /// The largest that is kept as an object.
    pub(crate) const fn small(&self) -> u64 {
        self.small
    }

    /// Writes contents to an empty file. They are checked: what was torn by a crash does not get out.
    pub(crate) fn write_to(&self, digest: Digest, mut to: &File) -> io::Result<()> {
        halt::here()?;
        match self.object(digest)? {
            Some(bytes) => to.write_all(&bytes),
            None => {
                let from = File::open(self.path(digest))?;
                clone::contents(&from, to, u64::MAX)?;
                to.rewind()?;
                let size = to.metadata()?.len();
                if digest_of(to, size)? == digest {
                    Ok(())
                } else {
                    Err(damaged(digest))
                }
            }
        }
    }

    /// Contents of at most so many bytes; none where they are longer.
    pub(crate) fn bytes(&self, digest: Digest, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let bytes = match self.object(digest)? {
            Some(bytes) => bytes,
            None => {
                let file = File::open(self.path(digest))?;
                if file.metadata()?.len() > limit {
                    return Ok(None);
                }
                let mut bytes = Vec::new();
                file.take(limit + 1).read_to_end(&mut bytes)?;
                if Digest::of(&bytes) != digest {
                    return Err(damaged(digest));
                }
                bytes
            }
        };
        Ok((bytes.len() as u64 <= limit).then_some(bytes))
    }

    fn object(&self, digest: Digest) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let found = self
            .objects
            .try_find(&digest.id(), &mut bytes)
            .map_err(|_| damaged(digest))?
            .map(|data| data.kind);
        match found {
            None => Ok(None),
            Some(Kind::Blob) if Digest::of(&bytes) == digest => Ok(Some(bytes)),
            Some(_) => Err(damaged(digest)),
        }
    }

    /// Makes sure that contents survive a loss of power.
    pub(crate) fn sync(&self, digest: Digest) -> io::Result<()> {
        let object = self.objects.object_path(&digest.id());
        match File::open(object) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                File::open(self.path(digest))?.sync_all()
            }
            file => file?.sync_all(),
        }
    }

    fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        let (start, rest) = name.split_at(2);
        self.large.join(start).join(rest)
    }
}

/// Removes what a crash has left without a name.
fn remove_unfinished(large: &Path) -> io::Result<()> {
    for entry in fs::read_dir(large)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b"new-") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn damaged(digest: Digest) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the kept contents {digest} are damaged"),
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path()).unwrap();
        (directory, store)
    }

    #[test]
    fn contents_come_back_whatever_their_size() {
        let (directory, store) = store();
        for size in [
            0,
            1,
            SMALL_SHARED,
            SMALL_SHARED + 1,
            SMALL,
            SMALL + 1,
            3 * SMALL,
        ] {
            let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            let path = directory.path().join("file");
            fs::write(&path, &bytes).unwrap();
            for _ in 0..2 {
                let put = store.put(&File::open(&path).unwrap()).unwrap();
                assert_eq!(put, (size, Digest::of(&bytes)));
            }
            let digest = Digest::of(&bytes);
            assert!(store.has(digest));
            store.sync(digest).unwrap();
            assert_eq!(store.bytes(digest, size).unwrap().as_ref(), Some(&bytes));
            if size > 0 {
                assert_eq!(store.bytes(digest, size - 1).unwrap(), None);
            }
            let out = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(&path)
                .unwrap();
            store.write_to(digest, &out).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        assert!(!store.has(Digest::of(b"never")));
        assert!(store.bytes(Digest::of(b"never"), 10).is_err());
    }

    /// A loss of power can leave a file with a name and without its bytes.
    #[test]
    fn what_was_torn_does_not_get_out() {
        let (directory, store) = store();
        let path = directory.path().join("file");
        for size in [100, 2 * SMALL] {
            let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            fs::write(&path, &bytes).unwrap();
            let (_, digest) = store.put(&File::open(&path).unwrap()).unwrap();
            let kept = [store.objects.object_path(&digest.id()), store.path(digest)]
                .into_iter()
                .find(|path| path.exists())
                .unwrap();
            fs::set_permissions(&kept, fs::Permissions::from_mode(0o600)).unwrap();
            let whole = fs::read(&kept).unwrap();
            let mut changed = whole.clone();
            changed[whole.len() / 2] ^= 1;
            for torn in [&whole[..whole.len() / 2], &changed, &[]] {
                fs::write(&kept, torn).unwrap();
                let error = store.bytes(digest, 1 << 30).unwrap_err().to_string();
                assert!(error.contains(&digest.to_string()), "{error}");
                let out = tempfile::tempfile().unwrap();
                assert!(store.write_to(digest, &out).is_err());
            }
        }
    }
}
