//! A directory that tools work in, and what it was before.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cap_std::fs::Dir;
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::checkpoint::{CheckpointRecord, RestoreRecord, undoable};
use crate::commit::{CommitRecord, now};
use crate::content::{io_error, open_root};
use crate::diff::{Texts, compare};
use crate::manifest::{Delta, Manifest};
use crate::name::Name;
use crate::rules::{Rules, RulesText};
use crate::snapshot::Snapshot;
use crate::stamp::Stamps;
use crate::step::steps;
use crate::store::Store;
use crate::transaction::{Failed, Transaction, Where, recover};
use crate::tree::Tree;
use crate::{
    Checkpoint, CheckpointId, Diff, Entry, Reason, Recovery, Restored, Skipped, Why,
    WorkspaceError, record,
};

/// A directory that tools work in, and what it was before: what a staged and a direct workspace have in common.
///
/// One process has it open at a time.
#[derive(Debug)]
pub struct Tracked {
    pub(crate) directory: PathBuf,
    pub(crate) source: PathBuf,
    pub(crate) mode: Mode,
    root_path: PathBuf,
    pub(crate) root: Dir,
    pub(crate) store: Store,
    rules: Rules,
    pub(crate) base: Manifest,
    skipped: Vec<Skipped>,
    recovery: Option<Recovery>,
    pub(crate) state: Mutex<State>,
    _lock: File,
}

/// What changes.
#[derive(Debug)]
pub(crate) struct State {
    checkpoints: Vec<CheckpointRecord>,
    restores: Vec<RestoreRecord>,
    pub(crate) commits: Vec<CommitRecord>,
    stamps: Stamps,
}

/// Where tools work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// In a private copy.
    Staged,
    /// In the user's directory itself.
    Direct,
}

/// What is written down of a workspace when it is made, last of all: without it there is none.
#[derive(Debug, Serialize, Deserialize)]
struct Meta {
    format: u32,
    mode: Mode,
    source: Name,
    rules: RulesText,
    skipped: Vec<(Name, Why)>,
}

/// The only one there is.
const FORMAT: u32 = 1;

const META: &str = "meta.json";
const BASE: &str = "base.json";
const COPY: &str = "copy";
const CHECKPOINTS: &str = "checkpoints";
const RESTORES: &str = "restores";
pub(crate) const COMMITS: &str = "commits";

/// What a new workspace begins with.
pub(crate) struct Beginning {
    pub(crate) mode: Mode,
    pub(crate) source: PathBuf,
    pub(crate) rules: Rules,
    pub(crate) base: Manifest,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) stamps: Stamps,
}

/// A workspace's own directory while it is being made. It is removed again unless that comes to an end.
#[derive(Debug)]
pub(crate) struct Nest {
    pub(crate) path: PathBuf,
    pub(crate) store: Store,
    lock: Option<File>,
}

impl Nest {
    /// Makes the directory, outside of the source.
    pub(crate) fn new(source: &Path, path: &Path) -> Result<Self, WorkspaceError> {
        let parent = match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => path,
        };
        let real = fs::canonicalize(parent).map_err(io_error(parent, "open"))?;
        if real.starts_with(source) {
            return Err(WorkspaceError::Inside {
                directory: path.to_owned(),
                workspace: source.to_owned(),
            });
        }
        let path = real.join(path.file_name().unwrap_or_default());
        let mut private = fs::DirBuilder::new();
        private.mode(0o700);
        private.create(&path).map_err(io_error(&path, "create"))?;
        let make = || -> Result<(Store, File), WorkspaceError> {
            let lock = lock(&path)?;
            for name in [COPY, CHECKPOINTS, RESTORES, COMMITS] {
                let inner = path.join(name);
                private.create(&inner).map_err(io_error(&inner, "create"))?;
            }
            Ok((Store::at(&path).map_err(io_error(&path, "fill"))?, lock))
        };
        match make() {
            Ok((store, lock)) => Ok(Nest {
                path,
                store,
                lock: Some(lock),
            }),
            Err(error) => {
                let _ = fs::remove_dir_all(&path);
                Err(error)
            }
        }
    }

    pub(crate) fn copy(&self) -> PathBuf {
        self.path.join(COPY)
    }

    /// Writes down what there is. From here on it can be opened again.
    pub(crate) fn finish(mut self, beginning: Beginning) -> Result<Tracked, WorkspaceError> {
        let checkpoint = CheckpointRecord {
            id: CheckpointId::FIRST,
            label: String::new(),
            time: now(),
            reason: Reason::Beginning,
            delta: Delta::default(),
        };
        record::write(&numbered(&self.path, CHECKPOINTS, 0), &checkpoint)?;
        let base: Vec<(Name, Entry)> = beginning
            .base
            .iter()
            .map(|(path, entry)| (Name(path.clone()), *entry))
            .collect();
        record::write(&self.path.join(BASE), &base)?;
        let meta = Meta {
            format: FORMAT,
            mode: beginning.mode,
            source: Name(beginning.source.clone()),
            rules: beginning.rules.text.clone(),
            skipped: beginning
                .skipped
                .iter()
                .map(|skipped| (Name(skipped.path.clone()), skipped.why))
                .collect(),
        };
        record::write(&self.path.join(META), &meta)?;

        let root_path = match beginning.mode {
            Mode::Staged => self.copy(),
            Mode::Direct => beginning.source.clone(),
        };
        let root = open_root(&root_path)?;
        let store = Store::at(&self.path).map_err(io_error(&self.path, "open"))?;
        let Some(lock) = self.lock.take() else {
            // Only this takes it, and once.
            return Err(WorkspaceError::Busy {
                directory: self.path.clone(),
            });
        };
        Ok(Tracked {
            directory: self.path.clone(),
            source: beginning.source,
            mode: beginning.mode,
            root_path,
            root,
            store,
            rules: beginning.rules,
            base: beginning.base,
            skipped: beginning.skipped,
            recovery: None,
            state: Mutex::new(State {
                checkpoints: vec![checkpoint],
                restores: Vec::new(),
                commits: Vec::new(),
                stamps: beginning.stamps,
            }),
            _lock: lock,
        })
    }
}

impl Drop for Nest {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // What cannot be removed stays; it cannot be opened without its record.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Makes sure that no other process has the directory open, for as long as the file is.
fn lock(directory: &Path) -> Result<File, WorkspaceError> {
    let path = directory.join("lock");
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(io_error(&path, "open"))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(Errno::WOULDBLOCK) => Err(WorkspaceError::Busy {
            directory: directory.to_owned(),
        }),
        Err(error) => Err(io_error(&path, "lock")(error.into())),
    }
}

fn numbered(directory: &Path, kind: &str, number: u32) -> PathBuf {
    record::of_number(&directory.join(kind), number)
}

impl Tracked {
    /// Opens one that was made before, and repairs what a crash has left.
    pub(crate) fn open(directory: &Path) -> Result<Self, WorkspaceError> {
        let directory = fs::canonicalize(directory).map_err(io_error(directory, "open"))?;
        let lock = lock(&directory)?;
        let meta_path = directory.join(META);
        let Some(meta) = record::read::<Meta>(&meta_path)? else {
            let what = "missing: this is no workspace, or making it did not come to an end";
            return Err(record::damaged(&meta_path, what));
        };
        if meta.format != FORMAT {
            let what = format!("format {}, and this program knows {FORMAT}", meta.format);
            return Err(record::damaged(&meta_path, &what));
        }
        let base_path = directory.join(BASE);
        let base = record::read::<Vec<(Name, Entry)>>(&base_path)?
            .ok_or_else(|| record::damaged(&base_path, "missing"))?;
        let source = meta.source.0;
        let root_path = match meta.mode {
            Mode::Staged => directory.join(COPY),
            Mode::Direct => source.clone(),
        };
        let recovery = recover(&directory, |place| match place {
            Where::Source => source.clone(),
            Where::Copy => root_path.clone(),
        })?;
        let checkpoints = load(&directory, CHECKPOINTS)?;
        for (number, checkpoint) in (0_u32..).zip(&checkpoints) {
            let checkpoint: &CheckpointRecord = checkpoint;
            if checkpoint.id != CheckpointId(number) {
                let missing = numbered(&directory, CHECKPOINTS, number);
                return Err(record::damaged(&missing, "missing"));
            }
        }
        let rules = Rules::parse(meta.rules)
            .map_err(|error| record::damaged(&meta_path, &error.to_string()))?;
        Ok(Tracked {
            root: open_root(&root_path)?,
            store: Store::at(&directory).map_err(io_error(&directory, "open"))?,
            mode: meta.mode,
            root_path,
            rules,
            base: base
                .into_iter()
                .map(|(name, entry)| (name.0, entry))
                .collect(),
            skipped: meta
                .skipped
                .into_iter()
                .map(|(path, why)| Skipped { path: path.0, why })
                .collect(),
            recovery,
            state: Mutex::new(State {
                checkpoints,
                restores: load(&directory, RESTORES)?,
                commits: load(&directory, COMMITS)?,
                stamps: Stamps::new(),
            }),
            source,
            directory,
            _lock: lock,
        })
    }

    /// The directory that tools work in.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root_path
    }

    /// The user's directory. Where tools work directly, it is the root.
    #[must_use]
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// The workspace's own directory, by which it is opened again.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where tools work.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// What was left out when it was made, by path: out of the copy, or out of checkpoints.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// What was repaired when it was opened, if a crash had left something.
    #[must_use]
    pub const fn recovery(&self) -> Option<&Recovery> {
        self.recovery.as_ref()
    }

    /// Keeps what the files are now, under a name. Make one before each turn: [`undo`](Self::undo) goes back to the last.
    ///
    /// What has not changed since it was last looked at is neither read nor kept again.
    ///
    /// # Errors
    ///
    /// Something cannot be read, or not be kept.
    pub fn checkpoint(&self, label: &str) -> Result<CheckpointId, WorkspaceError> {
        let mut state = self.state();
        self.keep(&mut state, label, Reason::Turn).map(|(id, _)| id)
    }

    /// All checkpoints, oldest first.
    #[must_use]
    pub fn checkpoints(&self) -> Vec<Checkpoint> {
        let state = self.state();
        state
            .checkpoints
            .iter()
            .map(CheckpointRecord::checkpoint)
            .collect()
    }

    /// Makes the files what they were at a checkpoint: bytes, permission bits, symlinks, and what came later is removed.
    /// All of them, or, where that fails, none. What they are now is kept as another checkpoint first.
    ///
    /// # Errors
    ///
    /// There is no such checkpoint, something cannot be read or written, or somebody changes files meanwhile.
    pub fn restore(&self, id: CheckpointId) -> Result<Restored, WorkspaceError> {
        let mut state = self.state();
        self.restore_in(&mut state, id)
    }

    /// Restores the checkpoint of the last turn that was not undone yet; none where there is no turn left.
    ///
    /// # Errors
    ///
    /// As of [`restore`](Self::restore).
    pub fn undo(&self) -> Result<Option<Restored>, WorkspaceError> {
        let mut state = self.state();
        let last = undoable(&state.checkpoints, &state.restores).pop();
        last.map(|id| self.restore_in(&mut state, id)).transpose()
    }

    /// What is different from what the user has, or, where tools work directly, from the beginning. Contents tell, never
    /// the times that a guest can set.
    ///
    /// # Errors
    ///
    /// Something cannot be read.
    pub fn diff(&self) -> Result<Diff, WorkspaceError> {
        let mut state = self.state();
        let before = self.committed(&state);
        self.diff_with(&mut state, &before)
    }

    /// What is different from a checkpoint.
    ///
    /// # Errors
    ///
    /// There is no such checkpoint, or something cannot be read.
    pub fn diff_from(&self, id: CheckpointId) -> Result<Diff, WorkspaceError> {
        let mut state = self.state();
        let before = self.manifest(&state, id)?;
        self.diff_with(&mut state, &before)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // What is in there is only ever replaced whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn diff_with(&self, state: &mut State, before: &Manifest) -> Result<Diff, WorkspaceError> {
        let now = self.look(state, None)?;
        let texts = Texts {
            store: &self.store,
            root: &self.root,
            root_path: &self.root_path,
        };
        compare(before, &now, &texts)
    }

    /// What the user's directory was, with what was brought back to it since.
    pub(crate) fn committed(&self, state: &State) -> Manifest {
        let mut manifest = self.base.clone();
        for step in state.commits.iter().flat_map(|commit| &commit.steps) {
            match step.new {
                Some(new) => drop(manifest.insert(step.path().to_owned(), new)),
                None => drop(manifest.remove(step.path())),
            }
        }
        manifest
    }

    fn manifest(&self, state: &State, id: CheckpointId) -> Result<Manifest, WorkspaceError> {
        let mut all = state.checkpoints.iter();
        let record = all.find(|record| record.id == id);
        let record = record.ok_or(WorkspaceError::NoCheckpoint { id })?;
        let mut manifest = self.base.clone();
        record.delta.apply(&mut manifest);
        Ok(manifest)
    }

    /// What there is now; and keeps the contents, where there is a store for them.
    pub(crate) fn look(
        &self,
        state: &mut State,
        store: Option<&Store>,
    ) -> Result<Manifest, WorkspaceError> {
        let is_direct = self.mode == Mode::Direct;
        let snapshot = Snapshot {
            root: &self.root,
            root_path: &self.root_path,
            rules: is_direct.then_some(&self.rules),
            store,
            modes: (!is_direct).then_some(&self.base),
        };
        snapshot.take(&mut state.stamps)
    }

    fn keep(
        &self,
        state: &mut State,
        label: &str,
        reason: Reason,
    ) -> Result<(CheckpointId, Manifest), WorkspaceError> {
        self.repair(state)?;
        let now_there = self.look(state, Some(&self.store))?;
        let id = CheckpointId(number_after(state.checkpoints.len()));
        let record = CheckpointRecord {
            id,
            label: label.to_owned(),
            time: now(),
            reason,
            delta: Delta::between(&self.base, &now_there),
        };
        record::write(&numbered(&self.directory, CHECKPOINTS, id.0), &record)?;
        state.checkpoints.push(record);
        Ok((id, now_there))
    }

    fn restore_in(&self, state: &mut State, id: CheckpointId) -> Result<Restored, WorkspaceError> {
        let wanted = self.manifest(state, id)?;
        let label = format!("before checkpoint {id} was restored");
        let (before, now_there) = self.keep(state, &label, Reason::Restore)?;
        let restore = RestoreRecord { to: id, before };
        let place = match self.mode {
            Mode::Staged => Where::Copy,
            Mode::Direct => Where::Source,
        };
        let done = numbered(Path::new(""), RESTORES, before.0);
        let tree = Tree::open(&self.root_path)?;
        let transaction = Transaction {
            tree: &tree,
            store: &self.store,
            place,
            directory: &self.directory,
            done: &done,
            keep_modes: false,
        };
        let steps = steps(&now_there, &wanted, true);
        let finish = |_: &[_]| record::write(&self.directory.join(&done), &restore);
        match transaction.run(steps, finish) {
            Ok(()) => {}
            Err(Failed::Error(error)) => return Err(error),
            Err(Failed::Conflicts(conflicts)) => {
                let paths = conflicts
                    .into_iter()
                    .map(|conflict| conflict.path)
                    .collect();
                return Err(WorkspaceError::Meanwhile { paths });
            }
        }
        state.restores.push(restore);
        let to = state.checkpoints.iter().find(|record| record.id == id);
        let to = to.ok_or(WorkspaceError::NoCheckpoint { id })?.checkpoint();
        Ok(Restored { to, before })
    }

    /// Undoes what an earlier failure could not undo.
    pub(crate) fn repair(&self, state: &mut State) -> Result<(), WorkspaceError> {
        let recovered = recover(&self.directory, |place| match place {
            Where::Source => self.source.clone(),
            Where::Copy => self.root_path.clone(),
        })?;
        if recovered.is_some() {
            state.restores = load(&self.directory, RESTORES)?;
            state.commits = load(&self.directory, COMMITS)?;
        }
        Ok(())
    }

    /// Removes the workspace's own directory.
    pub(crate) fn remove(self) -> Result<(), WorkspaceError> {
        // Without its record it is no workspace any more, however far the rest comes.
        record::remove(&self.directory.join(META))?;
        fs::remove_dir_all(&self.directory).map_err(io_error(&self.directory, "remove"))
    }
}

/// Nobody makes four billion.
pub(crate) fn number_after(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn load<T: serde::de::DeserializeOwned>(
    directory: &Path,
    kind: &str,
) -> Result<Vec<T>, WorkspaceError> {
    let mut all = Vec::new();
    for (_, path) in record::numbered(&directory.join(kind))? {
        let record = record::read(&path)?;
        all.push(record.ok_or_else(|| record::damaged(&path, "missing"))?);
    }
    Ok(all)
}

/// The canonical path of the user's directory, which must be one.
pub(crate) fn real_source(source: &Path) -> Result<PathBuf, WorkspaceError> {
    let real = fs::canonicalize(source).map_err(io_error(source, "open"))?;
    if real.is_dir() {
        Ok(real)
    } else {
        let error = io::Error::from(Errno::NOTDIR);
        Err(io_error(source, "open")(error))
    }
}
