//! What there is to copy, within the limits.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, MetadataExt as _};
use policy::{LimitExceeded, LimitName};

use crate::content::{io_error, list, open_below};
use crate::error::largest;
use crate::rules::Rules;
use crate::{Kind, Options, Skipped, Why, WorkspaceError};

/// What there is to copy.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// With their permission bits; what is in one comes after it.
    pub(crate) directories: Vec<(PathBuf, u32)>,
    pub(crate) links: Vec<PathBuf>,
    /// With their bytes.
    pub(crate) files: Vec<(PathBuf, u64)>,
    pub(crate) skipped: Vec<Skipped>,
    /// How many entries of its own each directory has.
    counts: BTreeMap<PathBuf, u64>,
}

impl Survey {
    /// Directories wait on a list instead of the stack, and are opened when their turn comes, so that neither depth nor
    /// width costs stack or open files.
    pub(crate) fn of(
        source: &Dir,
        source_path: &Path,
        options: &Options,
        rules: &Rules,
    ) -> Result<Self, WorkspaceError> {
        let mut found = Survey::default();
        let mut count = 0_u64;
        let mut waiting = vec![(PathBuf::new(), 0)];
        while let Some((directory, mode)) = waiting.pop() {
            let io = |path: &Path, action| io_error(&source_path.join(path), action);
            let handle = match open_below(source, &directory) {
                // The source itself must be there.
                Err(error) if is_gone(&error) && !directory.as_os_str().is_empty() => {
                    found.skip(directory, Why::Gone);
                    continue;
                }
                handle => handle.map_err(io(&directory, "list"))?,
            };
            if !directory.as_os_str().is_empty() {
                found.directories.push((directory.clone(), mode));
            }
            for (name, kind) in list(&handle).map_err(io(&directory, "list"))? {
                let path = directory.join(&name);
                if let Some(why) = rules.leaves_out(&path, kind) {
                    found.skip(path, why);
                    continue;
                }
                if kind == Kind::Special {
                    found.skip(path, Why::Special);
                    continue;
                }
                let metadata = match handle.symlink_metadata(&name) {
                    Err(error) if is_gone(&error) => {
                        found.skip(path, Why::Gone);
                        continue;
                    }
                    metadata => metadata.map_err(io(&path, "open"))?,
                };
                let size = metadata.len();
                if let Some(why) = rules.is_too_large(kind, size) {
                    found.skip(path, why);
                    continue;
                }
                count += 1;
                *found.counts.entry(directory.clone()).or_default() += 1;
                if count > options.max_files {
                    return Err(WorkspaceError::TooMany {
                        path: source_path.to_owned(),
                        allowed: options.max_files,
                        fullest: largest(found.counts.iter().map(|(p, n)| (p.as_path(), *n))),
                    });
                }
                match kind {
                    Kind::Directory => waiting.push((path, metadata.mode() & 0o777)),
                    Kind::Symlink => found.links.push(path),
                    Kind::File | Kind::Special => found.files.push((path, size)),
                }
            }
        }
        let bytes = found.files.iter().map(|(_, size)| *size);
        let bytes = bytes.fold(0_u64, u64::saturating_add);
        found.fits(bytes, source_path, options)?;
        Ok(found)
    }

    pub(crate) fn fits(
        &self,
        requested: u64,
        source_path: &Path,
        options: &Options,
    ) -> Result<(), WorkspaceError> {
        let allowed = options.max_bytes;
        if requested <= allowed {
            return Ok(());
        }
        Err(WorkspaceError::Limit {
            path: source_path.to_owned(),
            source: LimitExceeded {
                limit: LimitName::WorkspaceSize,
                allowed,
                requested,
            },
            biggest: largest(self.files.iter().map(|(p, size)| (p.as_path(), *size))),
        })
    }

    fn skip(&mut self, path: PathBuf, why: Why) {
        self.skipped.push(Skipped { path, why });
    }
}

/// Whether something that was listed is not there any more.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}
