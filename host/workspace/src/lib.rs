//! A private copy of the workspace, its checkpoints, and what goes back to the user.
//!
//! Tools never see the user's directory. They see a copy of it, made by [`Staged::new`]; what they did there is
//! [`Tracked::diff`], for a person or a policy to look at; and [`Staged::commit`] brings it back. [`Direct`] is the
//! explicit way out: tools see the directory itself, and only checkpoints are kept. [`Workspace`] is either.
//!
//! # What is copied
//!
//! | in the source | in the copy |
//! | --- | --- |
//! | file | a file with the same bytes, permission bits (`0o777`) and modification time, sharing blocks where the file system can; holes may be filled, and hard links become files of their own |
//! | file larger than [`Options::max_file_bytes`] | nothing; listed in [`Tracked::skipped`], with advice |
//! | directory | a directory of mode `0o700`, so that it can be filled and removed |
//! | directory whose name is in [`Options::ignore`] | nothing; listed |
//! | what a pattern in [`Options::IGNORE_FILE`] matches | nothing; listed |
//! | symlink with a relative target inside the source | the same symlink, even if its target is missing, ignored or a loop |
//! | symlink with an absolute target, or one outside | nothing; listed |
//! | pipe, socket, device | nothing; listed |
//! | something that goes away meanwhile | nothing; listed |
//! | something that cannot be read | an error that names it |
//!
//! The source is only read through a handle of its directory (cap-std), so that a directory that is swapped for a
//! symlink meanwhile leads nowhere else; and only written to part by part of a path, none of which may be a symlink.
//!
//! # What is kept
//!
//! | in [`Options::directory`] | what it is |
//! | --- | --- |
//! | `copy/` | what tools work in |
//! | `objects/`, `large/` | contents by digest: a bare Git object database (SHA-256), and files beside it that are too large for one |
//! | `base.json`, `checkpoints/`, `restores/`, `commits/` | what the files were, and what was done; each record begins with its own digest |
//! | `intent.json` | what was going on when the process ended |
//! | `meta.json` | which directory it is a copy of; written last |

mod checkpoint;
mod clone;
mod commit;
mod conflict;
mod content;
#[cfg(test)]
mod crash;
mod diff;
mod digest;
mod direct;
mod error;
mod halt;
mod links;
mod manifest;
mod name;
mod options;
mod parallel;
mod patch;
mod protected;
mod record;
mod rules;
mod selection;
mod shown;
mod size;
mod skipped;
mod snapshot;
mod stage;
mod staged;
mod stamp;
mod step;
mod store;
mod survey;
mod tracked;
mod transaction;
mod tree;
mod workspace;

pub use checkpoint::{Checkpoint, CheckpointId, Reason, Restored};
pub use commit::{CommitError, CommitId, Committed};
pub use conflict::Conflict;
pub use diff::{Change, Content, Diff};
pub use digest::Digest;
pub use direct::Direct;
pub use error::WorkspaceError;
pub use manifest::{Entry, Kind};
pub use options::Options;
pub use patch::Patch;
pub use protected::{BadPattern, Protected, Refusal};
pub use selection::Selection;
pub use shown::Shown;
pub use size::Size;
pub use skipped::{Skipped, Why};
pub use staged::Staged;
pub use tracked::{Mode, Tracked};
pub use transaction::Recovery;
pub use workspace::Workspace;
