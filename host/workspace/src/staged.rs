//! A staged workspace.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::commit::{CommitRecord, now};
use crate::content::open_root;
use crate::links::leads_out;
use crate::rules::Rules;
use crate::stage::Stage;
use crate::step::{Step, steps};
use crate::tracked::{Beginning, COMMITS, Nest, State, Tracked, number_after, real_source};
use crate::transaction::{Transaction, Where};
use crate::tree::Tree;
use crate::{
    CommitError, CommitId, Committed, Entry, Kind, Mode, Options, Protected, Refusal, Selection,
    WorkspaceError, record,
};

/// A private copy of a directory. It stays on disk until it is [discarded](Staged::discard).
#[derive(Debug)]
pub struct Staged(pub(crate) Tracked);

impl Deref for Staged {
    type Target = Tracked;

    fn deref(&self) -> &Tracked {
        &self.0
    }
}

impl Staged {
    /// Copies a directory. The crate's documentation says what is copied and what is not.
    ///
    /// # Errors
    ///
    /// A limit is reached, something cannot be read, or the copy cannot be written. No copy is left behind.
    pub fn new(source: &Path, options: &Options) -> Result<Self, WorkspaceError> {
        let real = real_source(source)?;
        let source_handle = open_root(source)?;
        let rules = Rules::of(&source_handle, source, options)?;
        let nest = Nest::new(&real, &options.directory)?;
        let copy = open_root(&nest.copy())?;
        let stage = Stage {
            source_path: source,
            source: &source_handle,
            copy: &copy,
            store: &nest.store,
            options,
            rules: &rules,
        };
        let mut made = stage.run()?;
        // Nobody can have written to the copy yet.
        let time = SystemTime::now();
        made.stamps.retain(|_, known| known.stamp.is_settled(time));
        nest.finish(Beginning {
            mode: Mode::Staged,
            source: real,
            rules,
            base: made.base,
            skipped: made.skipped,
            stamps: made.stamps,
        })
        .map(Staged)
    }

    /// Opens one that was made before, in this process or another, and completes or undoes what a crash has left half
    /// done.
    ///
    /// # Errors
    ///
    /// It is not a staged workspace, a record is damaged, another process has it open, or the repair fails.
    pub fn open(directory: &Path) -> Result<Self, WorkspaceError> {
        let tracked = Tracked::open(directory)?;
        match tracked.mode() {
            Mode::Staged => Ok(Staged(tracked)),
            Mode::Direct => {
                let what = "a direct workspace, and a staged one was wanted";
                Err(record::damaged(tracked.directory(), what))
            }
        }
    }

    /// What the copy was when it was made, by path relative to it. The permission bits are those of the source.
    #[must_use]
    pub const fn base(&self) -> &BTreeMap<PathBuf, Entry> {
        &self.0.base
    }

    /// Bytes of all files that were copied.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let files = self
            .0
            .base
            .values()
            .filter(|entry| entry.kind == Kind::File);
        files.map(|entry| entry.size).sum()
    }

    /// Brings changes back to the user's directory: all that are selected, or none.
    ///
    /// Every path must still be what it was when the copy was made, or what an earlier commit made it. A file that is
    /// changed keeps its permission bits and its owner; hard links, extended attributes and the old file's times do not
    /// survive. A directory that has something in it that was never staged stays. What the files were is kept, for
    /// [`undo_commit`](Self::undo_commit).
    ///
    /// # Errors
    ///
    /// Nothing is changed where a path is protected, would be a symlink out of the directory or is no file, where
    /// somebody has changed one meanwhile, where the selection does not hold together, or where the operating system
    /// refuses.
    pub fn commit(
        &self,
        selection: &Selection,
        protected: &Protected,
    ) -> Result<Committed, CommitError> {
        let mut state = self.0.state();
        self.0.repair(&mut state)?;
        let now_there = self.0.look(&mut state, Some(&self.0.store))?;
        let old = self.0.committed(&state);
        let wanted = selection.apply(&old, &now_there)?;
        let refusals = self.refusals(&old, &wanted, protected)?;
        if !refusals.is_empty() {
            return Err(CommitError::Protected { refusals });
        }
        let steps = steps(&old, &wanted, false);
        if steps.is_empty() {
            return Err(CommitError::Nothing);
        }
        self.change(&mut state, steps, None)
    }

    /// Makes the user's files what they were before a commit, if nobody has changed them since. It is a commit too, so it
    /// can be undone.
    ///
    /// # Errors
    ///
    /// As of [`commit`](Self::commit); or there is no such commit.
    pub fn undo_commit(&self, id: CommitId) -> Result<Committed, CommitError> {
        let mut state = self.0.state();
        self.0.repair(&mut state)?;
        let mut all = state.commits.iter();
        let record = all.find(|record| record.id == id);
        let steps = record.ok_or(CommitError::NoCommit { id })?.reverse();
        self.change(&mut state, steps, Some(id))
    }

    /// All commits, oldest first.
    #[must_use]
    pub fn commits(&self) -> Vec<Committed> {
        let state = self.0.state();
        state.commits.iter().map(CommitRecord::committed).collect()
    }

    /// Removes the copy, and everything that is kept with it: its checkpoints, and what undoes its commits.
    ///
    /// # Errors
    ///
    /// It cannot be removed. It is no workspace any more then.
    pub fn discard(self) -> Result<(), WorkspaceError> {
        self.0.remove()
    }

    fn change(
        &self,
        state: &mut State,
        steps: Vec<Step>,
        undoes: Option<CommitId>,
    ) -> Result<Committed, CommitError> {
        let id = CommitId(number_after(state.commits.len() + 1));
        let done = record::of_number(Path::new(COMMITS), id.0);
        let tree = Tree::open(self.0.source())?;
        let transaction = Transaction {
            tree: &tree,
            store: &self.0.store,
            place: Where::Source,
            directory: self.0.directory(),
            done: &done,
            keep_modes: undoes.is_none(),
        };
        let mut written = None;
        let finish = |steps: &[Step]| {
            let record = CommitRecord {
                id,
                time: now(),
                undoes,
                steps: steps.to_vec(),
            };
            let result = record::write(&self.0.directory().join(&done), &record);
            written = Some(record);
            result
        };
        transaction.run(steps, finish)?;
        let record = written.ok_or(CommitError::Nothing)?;
        let committed = record.committed();
        state.commits.push(record);
        Ok(committed)
    }

    /// Everything that may not be changed.
    fn refusals(
        &self,
        old: &BTreeMap<PathBuf, Entry>,
        wanted: &BTreeMap<PathBuf, Entry>,
        protected: &Protected,
    ) -> Result<Vec<Refusal>, WorkspaceError> {
        let mut refusals = Vec::new();
        let refuse = |path: &Path, rule: &str, why| Refusal {
            path: path.to_owned(),
            rule: rule.to_owned(),
            why,
        };
        for (path, new) in wanted {
            if old.get(path).is_some_and(|old| old.is_like(new)) {
                continue;
            }
            if new.kind == Kind::Special {
                refusals.push(refuse(
                    path,
                    "special",
                    "a pipe, socket or device is no file",
                ));
            }
            if new.kind == Kind::Symlink {
                let target = self.0.root.read_link_contents(path);
                let target =
                    target.map_err(crate::content::io_error(&self.0.root().join(path), "read"))?;
                if leads_out(&self.0.root, path, &target).is_some() {
                    let why = "it would lead out of the workspace";
                    refusals.push(refuse(path, "symlink", why));
                }
            }
        }
        let changed = steps(old, wanted, false);
        refusals.extend(changed.iter().filter_map(|step| {
            let is_directory =
                |entry: Option<Entry>| entry.is_some_and(|entry| entry.kind == Kind::Directory);
            let both = is_directory(step.old) || is_directory(step.new);
            protected.refuses(step.path(), both)
        }));
        refusals.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(refusals)
    }
}
