//! Bringing changes back to the user.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::step::Step;
use crate::transaction::Failed;
use crate::{Conflict, Kind, Refusal, Shown, WorkspaceError};

/// Names a commit of one staged workspace. They count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommitId(pub(crate) u32);

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for CommitId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(CommitId)
    }
}

/// What was changed in the user's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its name.
    pub id: CommitId,
    /// When it happened.
    pub time: SystemTime,
    /// The commit that it has undone, if it has.
    pub undoes: Option<CommitId>,
    /// What is gone, by path. What has become another kind of thing is here and among the added.
    pub deleted: Vec<PathBuf>,
    /// What has other contents, by path.
    pub modified: Vec<PathBuf>,
    /// What is new, by path.
    pub added: Vec<PathBuf>,
}

/// Why nothing was changed in the user's directory.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// There is nothing to commit.
    #[error("there is nothing to commit")]
    Nothing,
    /// Some paths are not changed on the user's behalf. All of them are listed.
    #[error("nothing was committed: some paths are protected\n{}", lines(refusals))]
    Protected {
        /// The paths, and the rules.
        refusals: Vec<Refusal>,
    },
    /// Some paths are not what they were when the copy was made. All of them are listed.
    #[error(
        "nothing was committed: some files were changed meanwhile\n{}",
        lines(conflicts)
    )]
    Conflicts {
        /// The paths.
        conflicts: Vec<Conflict>,
    },
    /// A path was selected that is not different.
    #[error("{}: not changed, so there is nothing to commit", Shown(path))]
    NotChanged {
        /// The path.
        path: PathBuf,
    },
    /// A path was selected that can't be changed alone.
    #[error("{}: cannot be committed without {}", Shown(path), Shown(needs))]
    Needs {
        /// The path.
        path: PathBuf,
        /// The path that has to be selected too.
        needs: PathBuf,
    },
    /// There is no such commit.
    #[error("there is no commit {id}")]
    NoCommit {
        /// The one that was asked for.
        id: CommitId,
    },
    /// Something else failed. What had been changed by then was changed back.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

impl From<Failed> for CommitError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Conflicts(conflicts) => CommitError::Conflicts { conflicts },
            Failed::Error(error) => CommitError::Workspace(error),
        }
    }
}

fn lines<T: fmt::Display>(all: &[T]) -> String {
    let lines: Vec<String> = all.iter().map(|one| format!("  {one}")).collect();
    lines.join("\n")
}

/// A commit, as it is written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CommitRecord {
    pub(crate) id: CommitId,
    /// Seconds since 1970.
    pub(crate) time: u64,
    pub(crate) undoes: Option<CommitId>,
    pub(crate) steps: Vec<Step>,
}

impl CommitRecord {
    pub(crate) fn committed(&self) -> Committed {
        let mut committed = Committed {
            id: self.id,
            time: UNIX_EPOCH + Duration::from_secs(self.time),
            undoes: self.undoes,
            deleted: Vec::new(),
            modified: Vec::new(),
            added: Vec::new(),
        };
        for step in &self.steps {
            let path = || step.path().to_owned();
            match (step.old, step.new) {
                // Somebody had done it already.
                (Some(old), Some(new)) if old.is_like(&new) => {}
                (Some(old), Some(new)) if old.kind == new.kind => committed.modified.push(path()),
                (old, new) => {
                    committed.deleted.extend(old.map(|_| path()));
                    committed.added.extend(new.map(|_| path()));
                }
            }
        }
        committed
    }

    /// What undoes it.
    pub(crate) fn reverse(&self) -> Vec<Step> {
        self.steps
            .iter()
            .map(|step| Step {
                path: step.path.clone(),
                old: step.new,
                new: step.old,
                mode: step
                    .old
                    .filter(|old| old.kind != Kind::Symlink)
                    .map(|old| old.mode),
            })
            .collect()
    }
}

/// Seconds since 1970; 0 for a clock that is before that.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
