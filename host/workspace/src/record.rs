//! Small files that are there whole, or not at all.
//!
//! The first line is the digest of the rest, which is JSON. A file that was cut off, or changed, is told from one that was
//! not.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::content::io_error;
use crate::{Digest, WorkspaceError, halt};

/// Writes beside it, and renames: a crash leaves the old one or the new one.
pub(crate) fn write(path: &Path, record: &impl Serialize) -> Result<(), WorkspaceError> {
    let write = || -> io::Result<()> {
        halt::here()?;
        let json = serde_json::to_string(record).map_err(io::Error::other)?;
        let new = path.with_extension("new");
        let mut file = fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        writeln!(file, "{}", Digest::of(json.as_bytes()))?;
        file.write_all(json.as_bytes())?;
        file.sync_all()?;
        halt::here()?;
        fs::rename(&new, path)?;
        sync_parent(path)
    };
    write().map_err(io_error(path, "write"))
}

/// None where there is no such file.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, WorkspaceError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(damaged(path, "it is not text"));
        }
        Err(error) => return Err(io_error(path, "read")(error)),
    };
    let is_whole =
        |(digest, json): &(&str, &str)| digest.parse() == Ok(Digest::of(json.as_bytes()));
    let Some((_, json)) = text.split_once('\n').filter(is_whole) else {
        return Err(damaged(path, "it is not what was written"));
    };
    serde_json::from_str(json)
        .map(Some)
        .map_err(|error| damaged(path, &error.to_string()))
}

/// The records in a directory whose names are numbers, in their order.
pub(crate) fn numbered(directory: &Path) -> Result<Vec<(u32, PathBuf)>, WorkspaceError> {
    let list = || -> io::Result<Vec<(u32, PathBuf)>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let number = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok());
            if let (Some(number), Some("json")) = (number, extension(&path)) {
                all.push((number, path));
            }
        }
        all.sort_unstable();
        Ok(all)
    };
    list().map_err(io_error(directory, "list"))
}

fn extension(path: &Path) -> Option<&str> {
    path.extension()?.to_str()
}

/// The file of a number.
pub(crate) fn of_number(directory: &Path, number: u32) -> PathBuf {
    directory.join(format!("{number:06}.json"))
}

pub(crate) fn remove(path: &Path) -> Result<(), WorkspaceError> {
    let remove = || -> io::Result<()> {
        halt::here()?;
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => sync_parent(path),
        }
    };
    remove().map_err(io_error(path, "remove"))
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::File::open(parent)?.sync_all()
}

pub(crate) fn damaged(path: &Path, what: &str) -> WorkspaceError {
    WorkspaceError::Damaged {
        path: path.to_owned(),
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = of_number(directory.path(), 7);
        assert_eq!(read::<Vec<u32>>(&path).unwrap(), None);
        write(&path, &[1, 2, 3]).unwrap();
        assert_eq!(read::<Vec<u32>>(&path).unwrap(), Some(vec![1, 2, 3]));
        assert_eq!(numbered(directory.path()).unwrap(), [(7, path.clone())]);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let error = read::<Vec<u32>>(&path).unwrap_err().to_string();
            assert!(error.contains("000007.json"), "{error}");
        }
        let mut changed = whole;
        *changed.last_mut().unwrap() ^= 1;
        fs::write(&path, changed).unwrap();
        assert!(read::<Vec<u32>>(&path).is_err());
        fs::write(&path, b"\xff").unwrap();
        assert!(read::<Vec<u32>>(&path).is_err());
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(read::<Vec<u32>>(&path).unwrap(), None);
    }
}
