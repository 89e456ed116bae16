//! What the files were at some moment.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::manifest::Delta;

/// Names a checkpoint of one workspace. They count from 0, which is what the files were at the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckpointId(pub(crate) u32);

impl CheckpointId {
    /// What the files were at the beginning.
    pub const FIRST: CheckpointId = CheckpointId(0);
}

impl fmt::Display for CheckpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for CheckpointId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(CheckpointId)
    }
}

/// What the files were at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its name.
    pub id: CheckpointId,
    /// What the caller called it. It can be any text: whoever prints it to a terminal must escape it.
    pub label: String,
    /// When it was made.
    pub time: SystemTime,
    /// Why it was made.
    pub reason: Reason,
}

/// Why a checkpoint was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// It is the beginning.
    Beginning,
    /// A turn was about to begin.
    Turn,
    /// Another checkpoint was about to be restored: so that this can be undone too.
    Restore,
}

/// What a restore has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The files are what they were then.
    pub to: Checkpoint,
    /// What they were just before: restoring this brings that back.
    pub before: CheckpointId,
}

/// A checkpoint, as it is written down: what was different from the base.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CheckpointRecord {
    pub(crate) id: CheckpointId,
    pub(crate) label: String,
    /// Seconds since 1970.
    pub(crate) time: u64,
    pub(crate) reason: Reason,
    pub(crate) delta: Delta,
}

impl CheckpointRecord {
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            id: self.id,
            label: self.label.clone(),
            time: UNIX_EPOCH + Duration::from_secs(self.time),
            reason: self.reason,
        }
    }
}

/// A restore, as it is written down under the name of the checkpoint that was made before it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct RestoreRecord {
    pub(crate) to: CheckpointId,
    pub(crate) before: CheckpointId,
}

/// The checkpoints that an undo goes back to, the next one last: those of turns, without what a restore went back over.
pub(crate) fn undoable<'a>(
    checkpoints: impl IntoIterator<Item = &'a CheckpointRecord>,
    restores: &[RestoreRecord],
) -> Vec<CheckpointId> {
    let mut stack = Vec::new();
    for checkpoint in checkpoints {
        match checkpoint.reason {
            Reason::Beginning => {}
            Reason::Turn => stack.push(checkpoint.id),
            Reason::Restore => {
                let restore = restores.iter().find(|one| one.before == checkpoint.id);
                if let Some(restore) = restore {
                    stack.retain(|id| *id < restore.to);
                }
            }
        }
    }
    stack
}
