//! Copies of files, whose blocks are shared where the file system can.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Makes an empty file one with the same bytes, or the first of them where there are more than a limit and blocks cannot be
/// shared. Both files are at any place afterwards.
pub(crate) fn contents(from: &File, to: &File, limit: u64) -> io::Result<()> {
    if share_blocks(from, to).is_ok() {
        return Ok(());
    }
    // The kernel copies, where it can.
    io::copy(&mut from.take(limit), &mut &*to).map(drop)
}

/// Makes an empty file one with the same bytes by sharing their blocks.
#[cfg(all(
    target_os = "linux",
    not(any(target_arch = "sparc", target_arch = "sparc64"))
))]
pub(crate) fn share_blocks(from: &File, to: &File) -> io::Result<()> {
    Ok(rustix::fs::ioctl_ficlone(to, from)?)
}

#[cfg(not(all(
    target_os = "linux",
    not(any(target_arch = "sparc", target_arch = "sparc64"))
)))]
pub(crate) fn share_blocks(_: &File, _: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether files in a directory can share blocks. It is tried.
pub(crate) fn is_shared_in(directory: &Path) -> bool {
    let (one, other) = (directory.join("probe-1"), directory.join("probe-2"));
    let probe = || -> io::Result<()> {
        std::fs::write(&one, [0; 4096])?;
        share_blocks(&File::open(&one)?, &File::create(&other)?)
    };
    let shared = probe().is_ok();
    for path in [one, other] {
        // It is not there where the probe did not come so far.
        let _ = std::fs::remove_file(path);
    }
    shared
}
