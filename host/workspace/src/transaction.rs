//! Changing many paths of a directory, all or none.
//!
//! 1. Every path must be what it was expected to be; else nothing is changed, and every conflict is told.
//! 2. An intent is written down. From here on a crash is repaired when the workspace is opened again.
//! 3. New contents are written to temporary files, in directories that are there before and after, and synced.
//! 4. Each path is changed by a rename; what was there is set aside under a temporary name, not removed.
//! 5. A record of what was done is written: this is the moment at which everything has happened. A crash before it is
//!    undone, a crash after it is cleaned up after.
//! 6. What was set aside is removed, and then the intent.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::content::io_error;
use crate::name::Name;
use crate::step::{Action, Step};
use crate::store::Store;
use crate::tree::{Current, Tree};
use crate::{Conflict, Entry, Kind, WorkspaceError, record};

/// How the directory is to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Where {
    /// The user's directory: every step survives a loss of power.
    Source,
    /// The private copy: directories stay private, and nothing is synced.
    Copy,
}

/// What is being done, for whoever comes after a crash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Intent {
    /// Names the temporary files.
    name: String,
    place: Where,
    /// The record that is there if everything has happened, relative to the workspace's directory.
    done: Name,
    /// Whether the user's files may have been changed already.
    applying: bool,
    steps: Vec<Step>,
}

/// Why nothing was changed.
#[derive(Debug)]
pub(crate) enum Failed {
    Conflicts(Vec<Conflict>),
    Error(WorkspaceError),
}

impl From<WorkspaceError> for Failed {
    fn from(error: WorkspaceError) -> Self {
        Failed::Error(error)
    }
}

/// What was found after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Everything had happened; what was left over is removed.
    Completed,
    /// It was undone: the files are as they were before.
    RolledBack {
        /// Files that somebody has changed since the crash, and that are as they were left by that.
        left: Vec<PathBuf>,
    },
}

/// Changes to a directory, all or none.
pub(crate) struct Transaction<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) store: &'a Store,
    pub(crate) place: Where,
    /// The workspace's own directory.
    pub(crate) directory: &'a Path,
    /// The record that says that everything has happened, relative to it.
    pub(crate) done: &'a Path,
    /// Whether a file that is there keeps its own permission bits, whatever is known of them.
    pub(crate) keep_modes: bool,
}

/// User and group of what was at the paths before anything was changed.
type Owners = BTreeMap<PathBuf, (u32, u32)>;

impl Transaction<'_> {
    /// Changes everything, and lets the record be written of what was changed.
    pub(crate) fn run(
        &self,
        steps: Vec<Step>,
        finish: impl FnOnce(&[Step]) -> Result<(), WorkspaceError>,
    ) -> Result<(), Failed> {
        let (steps, owners) = self.check(steps)?;
        let name = format!("{:016x}", RandomState::new().hash_one(0));
        let mut intent = Intent {
            name,
            place: self.place,
            done: Name(self.done.to_owned()),
            applying: false,
            steps,
        };
        let changed = self.change(&mut intent, &owners, finish);
        let work = Work::of(&intent, self.tree);
        if changed.is_err() && !self.directory.join(self.done).exists() {
            // What fails here is tried again when the workspace is opened, or changed, the next time.
            work.roll_back()?;
            remove_intent(self.directory)?;
            return changed;
        }
        // Everything has happened: what is left over now is removed the next time at the latest.
        if work.clean_up().is_ok() {
            let _ = remove_intent(self.directory);
        }
        Ok(())
    }

    fn change(
        &self,
        intent: &mut Intent,
        owners: &Owners,
        finish: impl FnOnce(&[Step]) -> Result<(), WorkspaceError>,
    ) -> Result<(), Failed> {
        write_intent(self.directory, intent)?;
        self.prepare(intent, owners)?;
        intent.applying = true;
        write_intent(self.directory, intent)?;
        let work = Work::of(intent, self.tree);
        work.apply()?;
        work.is_undisturbed()?;
        if self.place == Where::Source {
            work.sync()?;
        }
        let made: Vec<(usize, PathBuf)> = work
            .with(Action::MakeDirectory)
            .map(|(number, step)| (number, step.path().to_owned()))
            .collect();
        for (number, path) in made {
            let now = self.current(&path)?.entry();
            if let (Some(now), Some(step)) = (now, intent.steps.get_mut(number)) {
                step.new = Some(now);
            }
        }
        finish(&intent.steps)?;
        Ok(())
    }

    /// Whether every path is what is expected.
    fn check(&self, steps: Vec<Step>) -> Result<(Vec<Step>, Owners), Failed> {
        let made: BTreeSet<PathBuf> = steps
            .iter()
            .filter(|step| step.new.is_some_and(|new| new.kind == Kind::Directory))
            .map(|step| step.path().to_owned())
            .collect();
        let mut owners = Owners::new();
        let mut conflicts = Vec::new();
        let mut parents = BTreeMap::new();
        let mut checked = Vec::new();
        for mut step in steps {
            let path = step.path().to_owned();
            let current = self.current(&path)?;
            if !Self::is_expected(&mut step, &current) {
                conflicts.push(Conflict {
                    path,
                    expected: step.old,
                    found: current.entry(),
                });
                continue;
            }
            let parent = path.parent().unwrap_or(Path::new(""));
            if step.new.is_some() && !parent.as_os_str().is_empty() && !made.contains(parent) {
                let is_there = match parents.get(parent) {
                    Some(is_there) => *is_there,
                    None => {
                        let current = self.current(parent)?.entry();
                        let is_there = current.is_some_and(|entry| entry.kind == Kind::Directory);
                        if !is_there {
                            conflicts.push(Conflict {
                                path: parent.to_owned(),
                                expected: Some(DIRECTORY),
                                found: current,
                            });
                        }
                        parents.insert(parent.to_owned(), is_there);
                        is_there
                    }
                };
                if !is_there {
                    continue;
                }
            }
            if let Current::There { entry, owner } = current {
                if step.old.is_some() {
                    // What is known of its permission bits can be old.
                    step.old = Some(entry);
                }
                if self.keep_modes && step.mode.is_none() && step.replaces() {
                    step.mode = Some(entry.mode).filter(|_| entry.kind == Kind::File);
                }
                owners.insert(path, owner);
            }
            // One with nothing left to do is kept: that it is done is part of what is recorded.
            checked.push(step);
        }
        if conflicts.is_empty() {
            Ok((checked, owners))
        } else {
            conflicts.sort_unstable_by(|a, b| a.path.cmp(&b.path));
            Err(Failed::Conflicts(conflicts))
        }
    }

    /// Directories are made and removed only where they have not been already.
    fn is_expected(step: &mut Step, current: &Current) -> bool {
        let is_directory =
            |entry: Option<Entry>| entry.is_some_and(|entry| entry.kind == Kind::Directory);
        match (step.old, current) {
            // What blocks is the directory that it should be in, which is looked at too.
            (None, Current::Absent | Current::Blocked) => true,
            (None, Current::There { entry, .. }) => {
                if is_directory(step.new) && entry.kind == Kind::Directory {
                    step.old = step.new;
                    step.mode = None;
                    return true;
                }
                false
            }
            (Some(old), Current::Absent | Current::Blocked) => {
                if old.kind == Kind::Directory && !is_directory(step.new) {
                    step.old = None;
                    return matches!(current, Current::Absent);
                }
                false
            }
            (Some(old), Current::There { entry, .. }) => old.is_like(entry),
        }
    }

    fn current(&self, path: &Path) -> Result<Current, WorkspaceError> {
        let current = self.tree.current(path);
        current.map_err(io_error(&self.tree.shown(path), "look at"))
    }

    /// Writes what is new to temporary files.
    fn prepare(&self, intent: &mut Intent, owners: &Owners) -> Result<(), WorkspaceError> {
        let work = Work::of(intent, self.tree);
        let mut modes = Vec::new();
        for (number, step) in work.with(Action::Put) {
            let (Some(new), path) = (step.new, step.path()) else {
                continue;
            };
            let temporary = work.temporary(number, step);
            let owner = owners.get(path).copied();
            let write = || match new.kind {
                Kind::Symlink => {
                    let target = self.store.bytes(new.digest, LONGEST_TARGET)?;
                    let target = target.ok_or(Errno::NAMETOOLONG)?;
                    self.tree.symlink(&target, &temporary).map(|()| 0o777)
                }
                _ => self.write_file(new, step.mode, owner, &temporary),
            };
            let mode = write().map_err(io_error(&self.tree.shown(path), "write"))?;
            modes.push((number, mode));
            if self.place == Where::Source
                && let Some(old) = step.old.filter(|old| old.kind == Kind::File)
                && self.store.has(old.digest)
            {
                // It is what the change is undone with.
                let synced = self.store.sync(old.digest);
                synced.map_err(io_error(self.directory, "sync"))?;
            }
        }
        for (number, mode) in modes {
            let step = intent.steps.get_mut(number);
            if let Some(new) = step.and_then(|step| step.new.as_mut()) {
                new.mode = mode;
            }
        }
        Ok(())
    }

    fn write_file(
        &self,
        new: Entry,
        mode: Option<u32>,
        owner: Option<(u32, u32)>,
        temporary: &Path,
    ) -> io::Result<u32> {
        let file = self
            .tree
            .create(temporary, if mode.is_some() { 0o600 } else { 0o666 })?;
        self.store.write_to(new.digest, &file)?;
        let metadata = file.metadata()?;
        if let Some((user, group)) = owner.filter(|own| *own != (metadata.uid(), metadata.gid())) {
            // Only root can give files away. Where it cannot be, the file is its writer's, as with any editor.
            let _ = std::os::unix::fs::fchown(&file, Some(user), Some(group));
        }
        if let Some(mode) = mode {
            file.set_permissions(std::fs::Permissions::from_mode(mode & 0o777))?;
        }
        if self.place == Where::Source {
            file.sync_all()?;
        }
        Ok(file.metadata()?.mode() & 0o777)
    }
}

/// A directory that must be there.
const DIRECTORY: Entry = Entry {
    kind: Kind::Directory,
    size: 0,
    mode: 0,
    digest: crate::Digest::NONE,
};

/// The longest target of a symlink; systems have at most 4 KiB.
const LONGEST_TARGET: u64 = 64 << 10;

/// An intent's steps, in the order in which they are done.
struct Work<'a> {
    intent: &'a Intent,
    tree: &'a Tree,
    order: Vec<(Action, usize, &'a Step)>,
    /// Directories that are there only before, or only after.
    passing: BTreeSet<&'a Path>,
}

impl<'a> Work<'a> {
    fn of(intent: &'a Intent, tree: &'a Tree) -> Self {
        let mut order: Vec<(Action, usize, &Step)> = intent
            .steps
            .iter()
            .enumerate()
            .flat_map(|(number, step)| step.actions().map(move |action| (action, number, step)))
            .collect();
        // Steps are in the order of paths, so what is in a directory comes after it.
        order.sort_by_key(|(action, number, _)| {
            let inside_first = *action == Action::RemoveDirectory;
            (
                *action,
                if inside_first {
                    usize::MAX - number
                } else {
                    *number
                },
            )
        });
        let passing = order
            .iter()
            .filter(|(action, ..)| {
                matches!(action, Action::MakeDirectory | Action::RemoveDirectory)
            })
            .map(|(_, _, step)| step.path())
            .collect();
        Work {
            intent,
            tree,
            order,
            passing,
        }
    }

    fn with(&self, wanted: Action) -> impl Iterator<Item = (usize, &'a Step)> {
        self.order
            .iter()
            .filter(move |(action, ..)| *action == wanted)
            .map(|(_, number, step)| (*number, *step))
    }

    /// The nearest directory above that is there before and after.
    fn anchor(&self, step: &'a Step) -> &'a Path {
        let above = step.path().ancestors().skip(1);
        above
            .into_iter()
            .find(|directory| !self.passing.contains(directory))
            .unwrap_or(Path::new(""))
    }

    /// Where something new waits.
    fn temporary(&self, number: usize, step: &'a Step) -> PathBuf {
        let name = &self.intent.name;
        self.anchor(step)
            .join(format!(".ml-intern-{name}-{number}.new"))
    }

    /// Where something old is set aside.
    fn aside(&self, number: usize, step: &'a Step) -> PathBuf {
        let name = &self.intent.name;
        self.anchor(step)
            .join(format!(".ml-intern-{name}-{number}.old"))
    }

    fn mode(&self, mode: Option<u32>) -> Option<u32> {
        match self.intent.place {
            Where::Source => mode,
            Where::Copy => Some(0o700),
        }
    }

    fn apply(&self) -> Result<(), Failed> {
        for (action, number, step) in &self.order {
            let path = step.path();
            match self.apply_one(*action, *number, step) {
                Ok(()) => {}
                // Somebody was faster.
                Err(error)
                    if matches!(
                        Errno::from_io_error(&error),
                        Some(
                            Errno::EXIST
                                | Errno::NOTEMPTY
                                | Errno::NOENT
                                | Errno::NOTDIR
                                | Errno::LOOP
                        )
                    ) || error.kind() == io::ErrorKind::AlreadyExists =>
                {
                    return Err(Failed::Conflicts(vec![Conflict {
                        path: path.to_owned(),
                        expected: step.old,
                        found: self.tree.current(path).ok().and_then(|now| now.entry()),
                    }]));
                }
                Err(error) => {
                    return Err(io_error(&self.tree.shown(path), "change")(error).into());
                }
            }
        }
        Ok(())
    }

    fn apply_one(&self, action: Action, number: usize, step: &'a Step) -> io::Result<()> {
        let path = step.path();
        match action {
            Action::Remove => self.tree.rename_new(path, &self.aside(number, step)),
            Action::RemoveDirectory => match self.tree.remove_directory(path) {
                // What was never staged stays, and so does the directory.
                Err(error) if step.new.is_none() && is_not_empty(&error) => Ok(()),
                result => result,
            },
            Action::MakeDirectory => self.tree.make_directory(path, self.mode(step.mode)),
            Action::Put if step.replaces() => {
                self.tree.set_aside(path, &self.aside(number, step))?;
                self.tree.rename(&self.temporary(number, step), path)
            }
            Action::Put => self.tree.rename_new(&self.temporary(number, step), path),
            Action::SetMode => match (step.new, self.is_private(step)) {
                (Some(new), false) => {
                    crate::halt::here()?;
                    self.tree.set_mode(path, new.kind, new.mode)
                }
                _ => Ok(()),
            },
        }
    }

    /// Directories in a copy are the owner's alone.
    fn is_private(&self, step: &Step) -> bool {
        self.intent.place == Where::Copy && step.new.is_some_and(|new| new.kind == Kind::Directory)
    }

    /// Whether what was set aside is what was looked at.
    fn is_undisturbed(&self) -> Result<(), Failed> {
        let mut conflicts = Vec::new();
        for (action, number, step) in &self.order {
            let path = step.path();
            let (Action::Put | Action::Remove, Some(old)) = (action, step.old) else {
                continue;
            };
            if !matches!(old.kind, Kind::File | Kind::Symlink) {
                continue;
            }
            let aside = self.aside(*number, step);
            let now = self.tree.current(&aside);
            let now = now.map_err(io_error(&self.tree.shown(path), "look at"))?;
            if !now.is_like(&old) {
                conflicts.push(Conflict {
                    path: path.to_owned(),
                    expected: step.old,
                    found: now.entry(),
                });
            }
        }
        if conflicts.is_empty() {
            Ok(())
        } else {
            Err(Failed::Conflicts(conflicts))
        }
    }

    fn sync(&self) -> Result<(), WorkspaceError> {
        let directories: BTreeSet<&Path> = self
            .order
            .iter()
            .flat_map(|(_, _, step)| {
                let parent = step.path().parent().unwrap_or(Path::new(""));
                [parent, self.anchor(step)]
            })
            .collect();
        for directory in directories {
            let synced = self.tree.sync(directory);
            synced.map_err(io_error(&self.tree.shown(directory), "sync"))?;
        }
        Ok(())
    }

    /// Undoes what was done, however far that was. Says what somebody has changed since.
    fn roll_back(&self) -> Result<Vec<PathBuf>, WorkspaceError> {
        let mut left = Vec::new();
        for (action, number, step) in self.order.iter().rev() {
            let path = step.path();
            let undone = if self.intent.applying {
                self.undo_one(*action, *number, step)
            } else {
                Ok(true)
            };
            let is_undone = undone
                .and_then(|undone| self.discard(*action, *number, step).map(|()| undone))
                .map_err(io_error(&self.tree.shown(path), "change back"))?;
            if !is_undone {
                left.push(path.to_owned());
            }
        }
        if self.intent.place == Where::Source {
            self.sync()?;
        }
        left.sort_unstable();
        Ok(left)
    }

    /// Whether it is now what it was.
    fn undo_one(&self, action: Action, number: usize, step: &'a Step) -> io::Result<bool> {
        let path = step.path();
        let aside = self.aside(number, step);
        let current = self.tree.current(path)?;
        let is_new = step.new.is_some_and(|new| current.is_like(&new));
        let is_old = step.old.is_some_and(|old| current.is_like(&old));
        let is_absent = matches!(current, Current::Absent);
        match action {
            Action::SetMode => {
                if let (Some(old), true, false) = (step.old, is_old, self.is_private(step)) {
                    crate::halt::here()?;
                    self.tree.set_mode(path, old.kind, old.mode)?;
                }
                Ok(is_old)
            }
            Action::Put if step.replaces() => {
                if !self.tree.exists(&aside)? {
                    return Ok(is_old);
                }
                if !(is_new || is_old || is_absent) {
                    return Ok(false);
                }
                self.tree.rename(&aside, path)?;
                Ok(true)
            }
            Action::Put => {
                let is_done = !self.tree.exists(&self.temporary(number, step))?;
                if is_done && is_new {
                    self.tree.unlink(path)?;
                    return Ok(true);
                }
                Ok(current.entry().is_none() || is_old)
            }
            Action::MakeDirectory => {
                if matches!(current.entry(), Some(entry) if entry.kind == Kind::Directory) {
                    match self.tree.remove_directory(path) {
                        Err(error) if is_not_empty(&error) => return Ok(false),
                        result => result?,
                    }
                }
                Ok(true)
            }
            Action::RemoveDirectory => {
                if is_absent {
                    let mode = step.old.map(|old| old.mode);
                    self.tree.make_directory(path, self.mode(mode))?;
                }
                Ok(is_absent || is_old)
            }
            Action::Remove => {
                if !self.tree.exists(&aside)? {
                    return Ok(is_old);
                }
                if !is_absent {
                    return Ok(false);
                }
                self.tree.rename_new(&aside, path)?;
                Ok(true)
            }
        }
    }

    /// Removes what was set aside.
    fn clean_up(&self) -> Result<(), WorkspaceError> {
        for (action, number, step) in &self.order {
            let removed = self.discard(*action, *number, step);
            removed.map_err(io_error(&self.tree.shown(step.path()), "clean up after"))?;
        }
        Ok(())
    }

    /// Removes an action's own temporary files, and not those of the step's other one.
    fn discard(&self, action: Action, number: usize, step: &'a Step) -> io::Result<()> {
        let paths = match action {
            Action::Put if step.replaces() => {
                vec![self.temporary(number, step), self.aside(number, step)]
            }
            Action::Put => vec![self.temporary(number, step)],
            Action::Remove => vec![self.aside(number, step)],
            _ => Vec::new(),
        };
        for path in paths {
            if self.tree.exists(&path)? {
                self.tree.unlink(&path)?;
            }
        }
        Ok(())
    }
}

fn is_not_empty(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::NOTEMPTY | Errno::EXIST)
    )
}

const INTENT: &str = "intent.json";

fn write_intent(directory: &Path, intent: &Intent) -> Result<(), WorkspaceError> {
    record::write(&directory.join(INTENT), intent)
}

fn remove_intent(directory: &Path) -> Result<(), WorkspaceError> {
    record::remove(&directory.join(INTENT))
}

/// Completes, or undoes, what was going on when the process ended.
pub(crate) fn recover(
    directory: &Path,
    root: impl FnOnce(Where) -> PathBuf,
) -> Result<Option<Recovery>, WorkspaceError> {
    let Some(intent) = record::read::<Intent>(&directory.join(INTENT))? else {
        return Ok(None);
    };
    let tree = Tree::open(&root(intent.place))?;
    let work = Work::of(&intent, &tree);
    let recovery = if directory.join(&intent.done.0).exists() {
        work.clean_up()?;
        Recovery::Completed
    } else {
        let left = work.roll_back()?;
        Recovery::RolledBack { left }
    };
    remove_intent(directory)?;
    Ok(Some(recovery))
}
