//! A private copy of the workspace, and what changed in it.
//!
//! Tools never see the user's directory. They see a copy of it, made by [`Staged::new`]; what they did there is
//! [`Staged::diff`], for a person or a policy to look at.
//!
//! # What is copied
//!
//! | in the source | in the copy |
//! | --- | --- |
//! | file | a file with the same bytes, permission bits (`0o777`) and modification time; holes may be filled, and hard links become files of their own |
//! | directory | a directory of mode `0o700`, so that it can be filled and removed |
//! | directory whose name is in [`Options::ignore`] | nothing; listed in [`Staged::skipped`] |
//! | symlink with a relative target inside the source | the same symlink, even if its target is missing, ignored or a loop |
//! | symlink with an absolute target, or one outside | nothing; listed |
//! | pipe, socket, device | nothing; listed |
//! | something that goes away meanwhile | nothing; listed |
//! | something that cannot be read | an error that names it |
//!
//! The source is only read through a handle of its directory (cap-std), so that a directory that is swapped for a
//! symlink meanwhile leads nowhere else.

mod base;
mod content;
mod diff;
mod error;
mod options;
mod patch;
mod shown;
mod skipped;
mod stage;
mod staged;

pub use base::{Entry, Kind};
pub use diff::{Change, Content, Diff};
pub use error::WorkspaceError;
pub use options::Options;
pub use patch::Patch;
pub use shown::Shown;
pub use skipped::{Skipped, Why};
pub use staged::Staged;
