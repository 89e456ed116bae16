//! What guests find of the host's file system, where the policy lets them.

use std::path::{Path, PathBuf};

use sandbox::Mounts;

use crate::fail::Fail;
use crate::paths::private_directory;
use crate::session;

/// Where code finds the directories that `--data` names.
pub(crate) const DATA: &str = "data";

/// What guests can be granted of the file system: `cache` is where each plugin has a directory that outlives sessions.
pub(crate) fn mounts(
    data: &[(String, PathBuf)],
    directory: &Path,
    workspace: &Path,
    cache: &Path,
) -> Result<Mounts, Fail> {
    let mut mounts = Mounts::new()
        .with("workspace", workspace)
        .with_own("cache", cache);
    for name in ["tmp", "packages", DATA] {
        let place = directory.join(name);
        private_directory(&place)?;
        mounts = mounts.with(name, &place);
    }
    let outputs = directory.join(session::OUTPUTS);
    private_directory(&outputs)?;
    let own = (session::OUTPUTS.to_owned(), outputs);
    for (name, place) in data.iter().chain([&own]) {
        private_directory(&directory.join(DATA).join(name))?;
        mounts = mounts.with_part(DATA, name, place);
    }
    Ok(mounts)
}

/// The directories that `--data` names, by the name that code finds them under.
pub(crate) fn data(rows: &[String]) -> Result<Vec<(String, PathBuf)>, Fail> {
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for row in rows {
        let wrong = |problem: &str| Fail::usage(format!("--data {row}: {problem}"));
        let (name, place) = row
            .split_once('=')
            .ok_or_else(|| wrong("expected NAME=DIRECTORY"))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(plain) {
            return Err(wrong(
                "the name has letters, digits, `-`, `_` and `.`, and begins with a letter or digit",
            ));
        }
        let place = Path::new(place)
            .canonicalize()
            .map_err(|error| wrong(&error.to_string()))?;
        if !place.is_dir() {
            return Err(wrong("not a directory"));
        }
        if name == session::OUTPUTS || found.iter().any(|(other, _)| other == name) {
            return Err(wrong("another directory has this name"));
        }
        found.push((name.to_owned(), place));
    }
    Ok(found)
}
