//! What was not copied.

use std::fmt;
use std::path::PathBuf;

use crate::Size;

/// Something that was not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path, relative to the workspace.
    pub path: PathBuf,
    /// Why it was not.
    pub why: Why,
}

/// Why something was not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// A directory whose name is ignored.
    Ignored,
    /// A pattern in the workspace's list of what to leave out matches.
    Listed,
    /// A file that is larger than one that is copied.
    Large {
        /// Its bytes.
        size: u64,
        /// How many are allowed.
        allowed: u64,
    },
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
            Why::Listed => "listed in .ml-internignore",
            Why::Large { size, allowed } => {
                return write!(
                    f,
                    "a file of {}, and at most {} are copied; mount its directory read-only, by name, to have it read",
                    Size(*size),
                    Size(*allowed),
                );
            }
            Why::Absolute => "a symlink with an absolute target",
            Why::Outside => "a symlink that leads out of the workspace",
            Why::Special => "a pipe, socket or device",
            Why::Gone => "gone while it was being copied",
        })
    }
}
