//! Looking at things through a directory handle.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, FileType, FileTypeExt as _, OpenOptions, OpenOptionsExt as _};
use rustix::fs::OFlags;

use crate::{Kind, WorkspaceError};

/// Says what was tried where.
pub(crate) fn io_error(
    path: &Path,
    action: &'static str,
) -> impl FnOnce(io::Error) -> WorkspaceError + use<> {
    let path = path.to_owned();
    move |source| WorkspaceError::Io {
        path,
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

/// Opens a directory below another, which an empty path is.
pub(crate) fn open_below(dir: &Dir, path: &Path) -> io::Result<Dir> {
    if path.as_os_str().is_empty() {
        dir.try_clone()
    } else {
        dir.open_dir(path)
    }
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
