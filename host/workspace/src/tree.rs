//! Changing a directory without leaving it.
//!
//! Every path is walked from a handle of the directory, part by part, and no part may be a symlink: not even one that
//! stays inside, since `dir/file` must not become `.git/hooks/file` because `dir` was swapped meanwhile.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::content::io_error;
use crate::digest::digest_of;
use crate::name::is_plain;
use crate::{Digest, Entry, Kind, WorkspaceError, halt};

/// A directory that is changed.
#[derive(Debug)]
pub(crate) struct Tree {
    root: OwnedFd,
    path: PathBuf,
}

/// What is at a path.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Current {
    /// Nothing.
    Absent,
    /// Nothing can be: something above it is no directory.
    Blocked,
    /// This.
    There {
        entry: Entry,
        /// User and group.
        owner: (u32, u32),
    },
}

impl Current {
    pub(crate) const fn entry(&self) -> Option<Entry> {
        match self {
            Current::There { entry, .. } => Some(*entry),
            Current::Absent | Current::Blocked => None,
        }
    }

    pub(crate) fn is_like(&self, other: &Entry) -> bool {
        self.entry().is_some_and(|entry| entry.is_like(other))
    }
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

impl Tree {
    pub(crate) fn open(path: &Path) -> Result<Self, WorkspaceError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|error| io_error(path, "open")(error.into()))?;
        Ok(Tree {
            root,
            path: path.to_owned(),
        })
    }

    /// The path as the user knows it.
    pub(crate) fn shown(&self, path: &Path) -> PathBuf {
        self.path.join(path)
    }

    /// The directory that something is in, and its name there.
    fn parent<'p>(&self, path: &'p Path) -> io::Result<(OwnedFd, &'p OsStr)> {
        let (Some(name), true) = (path.file_name(), is_plain(path)) else {
            return Err(io::Error::other("not a path inside"));
        };
        let directory = self.directory(path.parent().unwrap_or(Path::new("")))?;
        Ok((directory, name))
    }

    fn directory(&self, path: &Path) -> io::Result<OwnedFd> {
        let mut directory = self.root.try_clone()?;
        for part in path {
            directory = rustix::fs::openat(&directory, part, DIRECTORY, Mode::empty())?;
        }
        Ok(directory)
    }

    /// What is at a path, with its digest.
    pub(crate) fn current(&self, path: &Path) -> io::Result<Current> {
        let (directory, name) = match self.parent(path) {
            Ok(parent) => parent,
            Err(error) => {
                return match Errno::from_io_error(&error) {
                    Some(Errno::NOENT) => Ok(Current::Absent),
                    Some(Errno::NOTDIR | Errno::LOOP) => Ok(Current::Blocked),
                    _ => Err(error),
                };
            }
        };
        let stat = match rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(Current::Absent),
            Err(error) => return Err(error.into()),
        };
        let mut entry = Entry {
            kind: match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Directory,
                FileType::Symlink => Kind::Symlink,
                _ => Kind::Special,
            },
            size: 0,
            mode: Mode::from_raw_mode(stat.st_mode).bits() & 0o777,
            digest: Digest::NONE,
        };
        let mut owner = (stat.st_uid, stat.st_gid);
        match entry.kind {
            Kind::File => {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let file = rustix::fs::openat(&directory, name, flags, Mode::empty())?;
                let file = File::from(file);
                let metadata = file.metadata()?;
                entry.size = metadata.len();
                entry.mode = metadata.mode() & 0o777;
                owner = (metadata.uid(), metadata.gid());
                entry.digest = digest_of(&file, entry.size)?;
            }
            Kind::Symlink => {
                let target = rustix::fs::readlinkat(&directory, name, Vec::new())?;
                entry.size = target.as_bytes().len() as u64;
                entry.mode = 0o777;
                entry.digest = Digest::of(target.as_bytes());
            }
            Kind::Directory | Kind::Special => {}
        }
        Ok(Current::There { entry, owner })
    }

    /// Whether something is there, without reading it.
    pub(crate) fn exists(&self, path: &Path) -> io::Result<bool> {
        let stat = self.parent(path).and_then(|(directory, name)| {
            Ok(rustix::fs::statat(
                &directory,
                name,
                AtFlags::SYMLINK_NOFOLLOW,
            )?)
        });
        match stat {
            Ok(_) => Ok(true),
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(false),
                _ => Err(error),
            },
        }
    }

    /// Makes a file that is not there yet.
    pub(crate) fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        halt::here()?;
        let (directory, name) = self.parent(path)?;
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&directory, name, flags, Mode::from_bits_truncate(mode))?;
        Ok(File::from(file))
    }

    pub(crate) fn symlink(&self, target: &[u8], path: &Path) -> io::Result<()> {
        halt::here()?;
        let (directory, name) = self.parent(path)?;
        Ok(rustix::fs::symlinkat(
            OsStr::from_bytes(target),
            &directory,
            name,
        )?)
    }

    /// Moves, and replaces what is there.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        halt::here()?;
        let ((from, old), (to, new)) = (self.parent(from)?, self.parent(to)?);
        Ok(rustix::fs::renameat(&from, old, &to, new)?)
    }

    /// Moves to where nothing is.
    pub(crate) fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        halt::here()?;
        let ((from, old), (to_dir, new)) = (self.parent(from)?, self.parent(to)?);
        let flags = RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(&from, old, &to_dir, new, flags) {
            // Not every file system can; then there is a moment between looking and moving.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                if self.exists(to)? {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                Ok(rustix::fs::renameat(&from, old, &to_dir, new)?)
            }
            result => Ok(result?),
        }
    }

    /// Gives a file or symlink a second name; where that cannot be, moves it there.
    pub(crate) fn set_aside(&self, path: &Path, aside: &Path) -> io::Result<()> {
        halt::here()?;
        let ((from, old), (to, new)) = (self.parent(path)?, self.parent(aside)?);
        match rustix::fs::linkat(&from, old, &to, new, AtFlags::empty()) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => Err(Errno::EXIST.into()),
            Err(_) => self.rename_new(path, aside),
        }
    }

    pub(crate) fn unlink(&self, path: &Path) -> io::Result<()> {
        halt::here()?;
        let (directory, name) = self.parent(path)?;
        Ok(rustix::fs::unlinkat(&directory, name, AtFlags::empty())?)
    }

    /// With exactly these permission bits, or with what the file mask leaves of all.
    pub(crate) fn make_directory(&self, path: &Path, mode: Option<u32>) -> io::Result<()> {
        halt::here()?;
        let (directory, name) = self.parent(path)?;
        let all = Mode::RWXU | Mode::RWXG | Mode::RWXO;
        rustix::fs::mkdirat(
            &directory,
            name,
            if mode.is_some() { Mode::RWXU } else { all },
        )?;
        match mode {
            Some(mode) => self.set_mode(path, Kind::Directory, mode),
            None => Ok(()),
        }
    }

    pub(crate) fn remove_directory(&self, path: &Path) -> io::Result<()> {
        halt::here()?;
        let (directory, name) = self.parent(path)?;
        Ok(rustix::fs::unlinkat(&directory, name, AtFlags::REMOVEDIR)?)
    }

    pub(crate) fn set_mode(&self, path: &Path, kind: Kind, mode: u32) -> io::Result<()> {
        let (directory, name) = self.parent(path)?;
        let mut flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        if kind == Kind::Directory {
            flags |= OFlags::DIRECTORY;
        }
        let file = File::from(rustix::fs::openat(&directory, name, flags, Mode::empty())?);
        file.set_permissions(Permissions::from_mode(mode & 0o777))
    }

    /// Makes sure that names in a directory survive a loss of power.
    pub(crate) fn sync(&self, directory: &Path) -> io::Result<()> {
        match self.directory(directory) {
            Ok(directory) => Ok(rustix::fs::fsync(directory.as_fd())?),
            Err(error) => match Errno::from_io_error(&error) {
                // It was removed or replaced, and what it was in is synced too.
                Some(Errno::NOENT | Errno::NOTDIR) => Ok(()),
                _ => Err(error),
            },
        }
    }
}
