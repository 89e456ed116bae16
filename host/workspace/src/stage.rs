//! Making the copy.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use cap_std::fs::{
    Dir, DirBuilder, DirBuilderExt as _, MetadataExt as _, OpenOptions, OpenOptionsExt as _,
};
use policy::{LimitExceeded, LimitName};
use rustix::io::Errno;

use crate::base::Base;
use crate::content::{hash_file, hash_target, io_error, list, open_file};
use crate::{Entry, Kind, Options, Skipped, Why, WorkspaceError};

/// A copy that is being made.
pub(crate) struct Stage<'a> {
    /// Where the source is, for messages.
    pub(crate) source_path: &'a Path,
    pub(crate) source: &'a Dir,
    pub(crate) copy: &'a Dir,
    pub(crate) options: &'a Options,
    pub(crate) base: Base,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) bytes: u64,
}

/// What a single thing came to.
enum Outcome {
    Copied(Entry),
    Skipped(Why),
}

impl Stage<'_> {
    /// Copies everything. Directories wait on a list instead of the stack, and are opened when their turn comes, so that
    /// neither depth nor width costs stack or open files.
    pub(crate) fn run(&mut self) -> Result<(), WorkspaceError> {
        let mut waiting = vec![PathBuf::new()];
        while let Some(directory) = waiting.pop() {
            let names = match self.open(&directory).and_then(|dir| list(&dir)) {
                Ok(names) => names,
                Err(error) if is_gone(&error, &directory) => {
                    self.base.remove(&directory);
                    self.skip(directory, Why::Gone);
                    continue;
                }
                Err(source) => return Err(self.io(&directory, "list")(source)),
            };
            if !directory.as_os_str().is_empty() {
                let mut private = DirBuilder::new();
                private.mode(0o700);
                let made = self.copy.create_dir_with(&directory, &private);
                made.map_err(self.io(&directory, "create"))?;
            }
            for (name, kind) in names {
                let path = directory.join(name);
                match self.take(&path, kind)? {
                    Outcome::Skipped(why) => self.skip(path, why),
                    Outcome::Copied(entry) => {
                        self.base.insert(path.clone(), entry);
                        if kind == Kind::Directory {
                            waiting.push(path);
                        }
                    }
                }
            }
        }
        self.skipped.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(())
    }

    fn open(&self, directory: &Path) -> io::Result<Dir> {
        if directory.as_os_str().is_empty() {
            self.source.try_clone()
        } else {
            self.source.open_dir(directory)
        }
    }

    fn take(&mut self, path: &Path, kind: Kind) -> Result<Outcome, WorkspaceError> {
        let ignored = |name: &str| path.file_name().is_some_and(|own| own == name);
        if kind == Kind::Directory && self.options.ignore.iter().any(|name| ignored(name)) {
            return Ok(Outcome::Skipped(Why::Ignored));
        }
        if kind == Kind::Special {
            return Ok(Outcome::Skipped(Why::Special));
        }
        if self.base.len() as u64 >= self.options.max_files {
            let allowed = self.options.max_files;
            return Err(WorkspaceError::TooMany {
                path: self.shown(path),
                allowed,
            });
        }
        let taken = match kind {
            Kind::Symlink => self.take_link(path),
            Kind::File => self.take_file(path),
            Kind::Directory | Kind::Special => self.take_directory(path),
        };
        match taken {
            Err(WorkspaceError::Io {
                source,
                action: "open",
                ..
            }) if is_gone(&source, path) => Ok(Outcome::Skipped(Why::Gone)),
            taken => taken,
        }
    }

    /// The directory itself is made when its turn comes.
    fn take_directory(&self, path: &Path) -> Result<Outcome, WorkspaceError> {
        let metadata = self
            .source
            .symlink_metadata(path)
            .map_err(self.io(path, "open"))?;
        let mode = metadata.mode() & 0o777;
        Ok(Outcome::Copied(Entry {
            kind: Kind::Directory,
            size: 0,
            mode,
            sha256: [0; 32],
        }))
    }

    fn take_link(&self, path: &Path) -> Result<Outcome, WorkspaceError> {
        let target = self
            .source
            .read_link_contents(path)
            .map_err(self.io(path, "open"))?;
        if target.is_absolute() {
            return Ok(Outcome::Skipped(Why::Absolute));
        }
        if !self.stays_inside(path, &target) {
            return Ok(Outcome::Skipped(Why::Outside));
        }
        self.copy
            .symlink(&target, path)
            .map_err(self.io(path, "copy"))?;
        let (size, sha256) = hash_target(&target);
        Ok(Outcome::Copied(Entry {
            kind: Kind::Symlink,
            size,
            mode: 0o777,
            sha256,
        }))
    }

    /// Counting the steps of the target alone is not enough, since a step can be a symlink itself; following it alone is
    /// not enough either, since what is missing now can be made later.
    fn stays_inside(&self, path: &Path, target: &Path) -> bool {
        let mut depth = path.components().count().saturating_sub(1);
        for step in target.components() {
            depth = match step {
                Component::Normal(_) => depth + 1,
                Component::ParentDir if depth == 0 => return false,
                Component::ParentDir => depth - 1,
                _ => depth,
            };
        }
        // The handle refuses to leave its directory; a missing target or a loop leads nowhere.
        match self.source.canonicalize(path) {
            Ok(_) => true,
            Err(error) => {
                matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) || error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
            }
        }
    }

    fn take_file(&mut self, path: &Path) -> Result<Outcome, WorkspaceError> {
        let from = open_file(self.source, path).map_err(self.io(path, "open"))?;
        let metadata = from.metadata().map_err(self.io(path, "open"))?;
        self.fits(path, metadata.len())?;

        let mode = metadata.permissions().mode() & 0o777;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let mut to = self
            .copy
            .open_with(path, &options)
            .map_err(self.io(path, "create"))?
            .into_std();
        // The kernel copies, and shares the blocks where the file system can. A file that grows meanwhile is not
        // followed past the limit.
        let left = self.options.max_bytes.saturating_sub(self.bytes);
        let copied = copy(from, &mut to, left.saturating_add(1)).map_err(self.io(path, "copy"))?;
        self.fits(path, copied)?;
        self.bytes += copied;

        // What is compared later is the copy, whatever became of the source meanwhile.
        let finish = |to: &mut File| {
            to.rewind()?;
            let hashed = hash_file(to)?;
            to.set_modified(metadata.modified()?)?;
            to.set_permissions(fs::Permissions::from_mode(mode))?;
            Ok(hashed)
        };
        let (size, sha256) = finish(&mut to).map_err(self.io(path, "copy"))?;
        Ok(Outcome::Copied(Entry {
            kind: Kind::File,
            size,
            mode,
            sha256,
        }))
    }

    fn fits(&self, path: &Path, size: u64) -> Result<(), WorkspaceError> {
        let (allowed, requested) = (self.options.max_bytes, self.bytes.saturating_add(size));
        if requested <= allowed {
            return Ok(());
        }
        let source = LimitExceeded {
            limit: LimitName::WorkspaceSize,
            allowed,
            requested,
        };
        Err(WorkspaceError::Limit {
            path: self.shown(path),
            source,
        })
    }

    fn skip(&mut self, path: PathBuf, why: Why) {
        self.skipped.push(Skipped { path, why });
    }

    /// The path as the user knows it.
    fn shown(&self, path: &Path) -> PathBuf {
        self.source_path.join(path)
    }

    fn io(&self, path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> WorkspaceError {
        let path = self.shown(path);
        move |source| io_error(&path, action)(source)
    }
}

fn copy(from: File, to: &mut File, limit: u64) -> io::Result<u64> {
    io::copy(&mut from.take(limit), to)
}

/// Whether something that was listed is not there any more. The source itself must be there.
fn is_gone(error: &io::Error, path: &Path) -> bool {
    error.kind() == io::ErrorKind::NotFound && !path.as_os_str().is_empty()
}
