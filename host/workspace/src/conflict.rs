//! What somebody else has changed meanwhile.

use std::fmt;
use std::path::PathBuf;

use crate::{Entry, Kind, Shown};

/// A path that is not what it was when the copy was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The path, relative to the workspace.
    pub path: PathBuf,
    /// What was expected; none for nothing.
    pub expected: Option<Entry>,
    /// What is there; none for nothing.
    pub found: Option<Entry>,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (&self.expected, &self.found) {
            (None, None) => "its directory is not there any more",
            (None, Some(_)) => "somebody else has made it meanwhile",
            (Some(_), None) => "somebody else has removed it meanwhile",
            (Some(expected), Some(found)) if expected.kind == found.kind => {
                match found.kind {
                    // What is not empty can't be replaced.
                    Kind::Directory => "there is something in it that was not staged",
                    _ => "somebody else has changed it meanwhile",
                }
            }
            (Some(_), Some(_)) => "somebody else has made it another kind of thing meanwhile",
        };
        write!(f, "{}: {what}", Shown(&self.path))
    }
}
