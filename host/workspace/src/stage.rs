//! Making the copy.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use cap_std::fs::{Dir, DirBuilder, DirBuilderExt as _, OpenOptions, OpenOptionsExt as _};

use crate::content::{io_error, open_file};
use crate::digest::digest_of;
use crate::links::leads_out;
use crate::manifest::Manifest;
use crate::rules::Rules;
use crate::stamp::{Known, Stamp, Stamps};
use crate::store::Store;
use crate::survey::{Survey, is_gone};
use crate::{Digest, Entry, Kind, Options, Skipped, Why, WorkspaceError, clone, parallel};

/// A copy that is being made.
pub(crate) struct Stage<'a> {
    /// Where the source is, for messages.
    pub(crate) source_path: &'a Path,
    pub(crate) source: &'a Dir,
    pub(crate) copy: &'a Dir,
    pub(crate) store: &'a Store,
    pub(crate) options: &'a Options,
    pub(crate) rules: &'a Rules,
}

/// A copy that is made.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) base: Manifest,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) stamps: Stamps,
}

/// What a file came to; none where it was gone.
type Copied = Option<(Entry, Stamp)>;

impl Stage<'_> {
    /// First it is looked at what there is, so that a limit is found before anything is copied and the message can name
    /// what is biggest; then the files are copied by several threads.
    pub(crate) fn run(&self) -> Result<Made, WorkspaceError> {
        let found = Survey::of(self.source, self.source_path, self.options, self.rules)?;
        let mut made = Made {
            skipped: found.skipped.clone(),
            ..Made::default()
        };
        for (path, mode) in &found.directories {
            let mut private = DirBuilder::new();
            private.mode(0o700);
            let created = self.copy.create_dir_with(path, &private);
            created.map_err(self.io(path, "create"))?;
            let entry = Entry {
                kind: Kind::Directory,
                size: 0,
                mode: *mode,
                digest: Digest::NONE,
            };
            made.base.insert(path.clone(), entry);
        }
        for path in &found.links {
            match gone(self.link(path))?.unwrap_or(Err(Why::Gone)) {
                Ok(entry) => drop(made.base.insert(path.clone(), entry)),
                Err(why) => made.skip(path, why),
            }
        }
        let copied = AtomicU64::new(0);
        let files = parallel::map(&found.files, |(path, _)| self.file(path, &copied, &found))?;
        for ((path, _), file) in found.files.iter().zip(files) {
            match file {
                Some((entry, stamp)) => {
                    made.base.insert(path.clone(), entry);
                    let digest = entry.digest;
                    let known = Known {
                        stamp,
                        digest,
                        kept: true,
                    };
                    made.stamps.insert(path.clone(), known);
                }
                None => made.skip(path, Why::Gone),
            }
        }
        made.skipped.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(made)
    }

    fn link(&self, path: &Path) -> Result<Result<Entry, Why>, WorkspaceError> {
        let target = self.source.read_link_contents(path);
        let target = target.map_err(self.io(path, "open"))?;
        if let Some(why) = leads_out(self.source, path, &target) {
            return Ok(Err(why));
        }
        let copy = || -> io::Result<Entry> {
            self.copy.symlink(&target, path)?;
            let bytes = target.as_os_str().as_encoded_bytes();
            Ok(Entry {
                kind: Kind::Symlink,
                size: bytes.len() as u64,
                mode: 0o777,
                digest: self.store.put_bytes(bytes)?,
            })
        };
        copy().map_err(self.io(path, "copy")).map(Ok)
    }

    fn file(&self, path: &Path, all: &AtomicU64, found: &Survey) -> Result<Copied, WorkspaceError> {
        let opened = open_file(self.source, path).map_err(self.io(path, "open"));
        let Some(from) = gone(opened)? else {
            return Ok(None);
        };
        let metadata = from.metadata().map_err(self.io(path, "open"))?;
        let mode = metadata.permissions().mode() & 0o777;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let to = self
            .copy
            .open_with(path, &options)
            .map_err(self.io(path, "create"))?
            .into_std();

        let copied = self.copy(&from, &metadata, &to);
        let (size, digest) = copied.map_err(self.io(path, "copy"))?;
        let before = all.fetch_add(size, Ordering::Relaxed);
        found.fits(before.saturating_add(size), self.source_path, self.options)?;

        let finish = || -> io::Result<Stamp> {
            to.set_modified(metadata.modified()?)?;
            to.set_permissions(fs::Permissions::from_mode(mode))?;
            Ok(Stamp::of(&to.metadata()?))
        };
        let stamp = finish().map_err(self.io(path, "copy"))?;
        let entry = Entry {
            kind: Kind::File,
            size,
            mode,
            digest,
        };
        Ok(Some((entry, stamp)))
    }

    /// A file can have grown since it was looked at, and go on growing. What is kept, and compared with later, is the copy,
    /// whatever becomes of the source.
    fn copy(
        &self,
        from: &File,
        metadata: &fs::Metadata,
        mut to: &File,
    ) -> io::Result<(u64, Digest)> {
        let size = metadata.len();
        if size <= self.store.small() {
            let mut bytes = Vec::new();
            from.take(self.store.small()).read_to_end(&mut bytes)?;
            to.write_all(&bytes)?;
            return Ok((bytes.len() as u64, self.store.put_bytes(&bytes)?));
        }
        let before = Stamp::of(metadata);
        let can_tell = before.is_settled(SystemTime::now());
        if can_tell && clone::share_blocks(from, to).is_ok() {
            // The source is in memory more often than a copy that was never read. It has what the copy has, if nobody
            // has written to it since.
            let digest = digest_of(from, size);
            if let Ok(digest) = digest
                && Stamp::of(&from.metadata()?) == before
            {
                self.store.put_known(to, digest)?;
                return Ok((size, digest));
            }
            return self.store.put(to);
        }
        clone::contents(from, to, self.options.max_bytes.saturating_add(1))?;
        self.store.put(to)
    }

    fn io(
        &self,
        path: &Path,
        action: &'static str,
    ) -> impl FnOnce(io::Error) -> WorkspaceError + use<> {
        io_error(&self.source_path.join(path), action)
    }
}

impl Made {
    fn skip(&mut self, path: &Path, why: Why) {
        let path = path.to_owned();
        self.skipped.push(Skipped { path, why });
    }
}

/// None where something that was listed cannot be opened because it is not there any more.
fn gone<T>(result: Result<T, WorkspaceError>) -> Result<Option<T>, WorkspaceError> {
    match result {
        Err(WorkspaceError::Io {
            source,
            action: "open",
            ..
        }) if is_gone(&source) => Ok(None),
        result => result.map(Some),
    }
}
