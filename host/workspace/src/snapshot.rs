//! What a directory that tools work in holds now.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cap_std::fs::{Dir, Metadata, MetadataExt as _};

use crate::content::{io_error, list, open_below, open_file};
use crate::digest::digest_of;
use crate::manifest::Manifest;
use crate::rules::Rules;
use crate::stamp::{Known, Stamp, Stamps};
use crate::store::Store;
use crate::survey::is_gone;
use crate::{Digest, Entry, Kind, WorkspaceError, parallel};

/// How to look.
pub(crate) struct Snapshot<'a> {
    pub(crate) root: &'a Dir,
    /// For messages.
    pub(crate) root_path: &'a Path,
    /// What is left out. In a copy everything counts, since nothing of the user's is in it but what was copied.
    pub(crate) rules: Option<&'a Rules>,
    /// Where to keep contents, if they are to be kept.
    pub(crate) store: Option<&'a Store>,
    /// In a copy, directories are private, and this tells what they are in the source.
    pub(crate) modes: Option<&'a Manifest>,
}

/// What a directory has in the source that was made in the copy: what the user's own file mask leaves of it.
const NEW_DIRECTORY: u32 = 0o777;

impl Snapshot<'_> {
    /// A file whose stamp is known is not read again.
    pub(crate) fn take(&self, stamps: &mut Stamps) -> Result<Manifest, WorkspaceError> {
        let mut now = Manifest::new();
        let mut known = Stamps::new();
        let mut unknown = Vec::new();
        let mut waiting = vec![PathBuf::new()];
        while let Some(directory) = waiting.pop() {
            let handle = open_below(self.root, &directory);
            let handle = handle.map_err(self.io(&directory, "list"))?;
            for (name, kind) in list(&handle).map_err(self.io(&directory, "list"))? {
                let path = directory.join(&name);
                let metadata = match handle.symlink_metadata(&name) {
                    // In the user's directory, somebody else can be at work.
                    Err(error) if is_gone(&error) => continue,
                    metadata => metadata.map_err(self.io(&path, "read"))?,
                };
                if self.leaves_out(&path, kind, metadata.len()) {
                    continue;
                }
                let mut entry = self.entry(&path, kind, &metadata);
                match kind {
                    Kind::Directory => waiting.push(path.clone()),
                    Kind::Symlink => {
                        let target = handle.read_link_contents(&name);
                        let digest = target.and_then(|target| self.target(&target));
                        entry.digest = digest.map_err(self.io(&path, "read"))?;
                    }
                    Kind::File => {
                        let stamp = Stamp::of_cap(&metadata);
                        let is_known = |known: &&Known| {
                            known.stamp == stamp && (known.kept || self.store.is_none())
                        };
                        if let Some(old) = stamps.get(&path).filter(is_known) {
                            entry.digest = old.digest;
                            known.insert(path.clone(), *old);
                        } else {
                            unknown.push(path.clone());
                        }
                    }
                    Kind::Special => {}
                }
                now.insert(path, entry);
            }
        }
        let read = parallel::map(&unknown, |path| match self.read(path) {
            Err(error) if is_gone(&error) => Ok(None),
            read => read.map(Some).map_err(self.io(path, "read")),
        })?;
        for (path, read) in unknown.into_iter().zip(read) {
            let Some((size, new, settled)) = read else {
                now.remove(&path);
                continue;
            };
            if let Some(entry) = now.get_mut(&path) {
                (entry.size, entry.digest) = (size, new.digest);
            }
            if settled {
                known.insert(path, new);
            }
        }
        *stamps = known;
        Ok(now)
    }

    fn leaves_out(&self, path: &Path, kind: Kind, size: u64) -> bool {
        self.rules.is_some_and(|rules| {
            kind == Kind::Special
                || rules.leaves_out(path, kind).is_some()
                || rules.is_too_large(kind, size).is_some()
        })
    }

    fn entry(&self, path: &Path, kind: Kind, metadata: &Metadata) -> Entry {
        let own = metadata.mode() & 0o777;
        let mode = match (kind, self.modes) {
            (Kind::Directory, Some(modes)) => modes
                .get(path)
                .filter(|entry| entry.kind == Kind::Directory)
                .map_or(NEW_DIRECTORY, |entry| entry.mode),
            (Kind::Symlink, _) => 0o777,
            _ => own,
        };
        let size = match kind {
            Kind::File | Kind::Symlink => metadata.len(),
            Kind::Directory | Kind::Special => 0,
        };
        Entry {
            kind,
            size,
            mode,
            digest: Digest::NONE,
        }
    }

    fn target(&self, target: &Path) -> io::Result<Digest> {
        let bytes = target.as_os_str().as_encoded_bytes();
        match self.store {
            Some(store) => store.put_bytes(bytes),
            None => Ok(Digest::of(bytes)),
        }
    }

    fn read(&self, path: &Path) -> io::Result<(u64, Known, bool)> {
        let file = open_file(self.root, path)?;
        let stamp = Stamp::of(&file.metadata()?);
        let settled = stamp.is_settled(SystemTime::now());
        let (size, digest) = match self.store {
            Some(store) => store.put(&file)?,
            None => {
                let size = file.metadata()?.len();
                // What somebody appends meanwhile is for the next time.
                (size, digest_of((&file).take(size), size)?)
            }
        };
        let known = Known {
            stamp,
            digest,
            kept: self.store.is_some(),
        };
        Ok((size, known, settled))
    }

    fn io(
        &self,
        path: &Path,
        action: &'static str,
    ) -> impl FnOnce(io::Error) -> WorkspaceError + use<> {
        io_error(&self.root_path.join(path), action)
    }
}
