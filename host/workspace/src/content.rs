//! Looking at things through a directory handle.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, FileType, FileTypeExt as _, OpenOptions, OpenOptionsExt as _};
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use crate::{Kind, WorkspaceError};

/// Says what was tried where.
pub(crate) fn io_error(
    path: &Path,
    action: &'static str,
) -> impl FnOnce(io::Error) -> WorkspaceError {
    move |source| WorkspaceError::Io {
        path: path.to_owned(),
        action,
        source,
    }
}

/// Opens a directory as a handle: whatever is opened through it stays inside of it.
pub(crate) fn open_root(path: &Path) -> Result<Dir, WorkspaceError> {
    Dir::open_ambient_dir(path, cap_std::ambient_authority()).map_err(io_error(path, "open"))
}

/// Opens a regular file to read, and nothing else: it follows no symlink, waits for no pipe and wakes no device.
pub(crate) fn open_file(dir: &Dir, path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    // The flags are a handful of low bits on every system; a sign does not come into it.
    options.read(true).custom_flags(flags.bits().cast_signed());
    let file = dir.open_with(path, &options)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file any more"));
    }
    Ok(file.into_std())
}

/// The names in a directory and what they are, sorted by name.
pub(crate) fn list(dir: &Dir) -> io::Result<Vec<(PathBuf, Kind)>> {
    let mut all = dir
        .entries()?
        .map(|entry| entry.and_then(|e| Ok((PathBuf::from(e.file_name()), kind(e.file_type()?)))))
        .collect::<io::Result<Vec<_>>>()?;
    all.sort_unstable();
    Ok(all)
}

fn kind(file_type: FileType) -> Kind {
    if file_type.is_dir() {
        Kind::Directory
    } else if file_type.is_symlink() {
        Kind::Symlink
    } else if file_type.is_fifo()
        || file_type.is_socket()
        || file_type.is_block_device()
        || file_type.is_char_device()
    {
        Kind::Special
    } else {
        Kind::File
    }
}

/// The length and SHA-256 of what a file has from here on.
pub(crate) fn hash_file(file: &mut File) -> io::Result<(u64, [u8; 32])> {
    let mut sha256 = Sha256::new();
    let size = io::copy(file, &mut sha256)?;
    Ok((size, sha256.finalize().into()))
}

/// The length and SHA-256 of a symlink's target.
pub(crate) fn hash_target(target: &Path) -> (u64, [u8; 32]) {
    let bytes = target.as_os_str().as_bytes();
    (bytes.len() as u64, Sha256::digest(bytes).into())
}

/// A file's text, if it is UTF-8 without NUL bytes, has at most so many bytes, and, where asked for, this SHA-256.
pub(crate) fn read_text(
    dir: &Dir,
    path: &Path,
    limit: u64,
    sha256: Option<[u8; 32]>,
) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    open_file(dir, path)?
        .take(limit + 1)
        .read_to_end(&mut bytes)?;
    let fits = bytes.len() as u64 <= limit && !bytes.contains(&0);
    let is_it = sha256.is_none_or(|sha256| Sha256::digest(&bytes).as_slice() == sha256);
    Ok(if fits && is_it {
        String::from_utf8(bytes).ok()
    } else {
        None
    })
}
