//! What was not copied.

use std::fmt;
use std::path::PathBuf;

/// Something that was not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path, relative to the workspace.
    pub path: PathBuf,
    /// Why it was not.
    pub why: Why,
}

/// Why something was not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A directory whose name is ignored.
    Ignored,
    /// A symlink with an absolute target.
    Absolute,
    /// A symlink that leads out of the workspace.
    Outside,
    /// A pipe, socket or device.
    Special,
    /// It was there, and then it was not.
    Gone,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Ignored => "a directory that is ignored",
            Why::Absolute => "a symlink with an absolute target",
            Why::Outside => "a symlink that leads out of the workspace",
            Why::Special => "a pipe, socket or device",
            Why::Gone => "gone while it was being copied",
        })
    }
}
