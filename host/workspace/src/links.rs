//! Where symlinks lead.

use std::io;
use std::path::{Component, Path};

use cap_std::fs::Dir;
use rustix::io::Errno;

use crate::Why;

/// Why a symlink may not be where it is, if it may not: it must not lead out of the directory.
///
/// Counting the steps of the target alone is not enough, since a step can be a symlink itself; following it alone is not
/// enough either, since what is missing now can be made later.
pub(crate) fn leads_out(dir: &Dir, path: &Path, target: &Path) -> Option<Why> {
    if target.is_absolute() {
        return Some(Why::Absolute);
    }
    if climbs_out(path, target) {
        return Some(Why::Outside);
    }
    // The handle refuses to leave its directory; a missing target or a loop leads nowhere.
    match dir.canonicalize(path) {
        Ok(_) => None,
        Err(error) => {
            let nowhere = matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) || error.raw_os_error() == Some(Errno::LOOP.raw_os_error());
            (!nowhere).then_some(Why::Outside)
        }
    }
}

fn climbs_out(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for step in target.components() {
        depth = match step {
            Component::Normal(_) => depth + 1,
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth - 1,
            _ => depth,
        };
    }
    false
}
