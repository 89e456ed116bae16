//! The files of a repository at a revision.

use ml_intern_hub as hub;
use ml_intern_sdk::prelude::*;

use crate::repo::{ANSWER, Repo};

/// Entries that are listed at most: the Hub gives a thousand at a time.
pub(crate) const MOST: usize = 20_000;

/// A file or a folder.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    #[serde(rename = "type")]
    kind: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) size: u64,
    /// The id of its blob in git.
    #[serde(default)]
    pub(crate) oid: String,
    pub(crate) lfs: Option<Lfs>,
}

/// A large file, whose blob in git is only a pointer.
#[derive(Debug, Deserialize)]
pub(crate) struct Lfs {
    /// The SHA-256 of its content.
    pub(crate) oid: String,
}

impl Entry {
    pub(crate) fn is_file(&self) -> bool {
        self.kind == "file"
    }
}

/// What is below a path, sorted; the revision is encoded.
///
/// # Errors
/// What the Hub said, explained.
pub(crate) fn list(
    repo: Repo<'_>,
    revision: &str,
    path: &str,
    recursive: bool,
) -> Result<hub::Page<Entry>, Failure> {
    let below = match path {
        "" => String::new(),
        path => format!("/{}", hub::path(path)),
    };
    let recursive = if recursive { "true" } else { "false" };
    let mut page: hub::Page<Entry> = hub::pages(
        &repo.api(&format!("tree/{revision}{below}")),
        &[("recursive", recursive), ("expand", "false")],
        ANSWER,
        MOST,
    )?;
    page.items.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(page)
}

/// What is at these paths, as far as something is; the revision is encoded.
///
/// # Errors
/// What the Hub said, explained.
pub(crate) fn at(repo: Repo<'_>, revision: &str, paths: &[&str]) -> Result<Vec<Entry>, Failure> {
    #[derive(Serialize)]
    struct Asked<'p> {
        paths: &'p [&'p str],
        expand: bool,
    }
    let mut found = Vec::new();
    for paths in paths.chunks(500) {
        let asked = Asked {
            paths,
            expand: false,
        };
        let part: Vec<Entry> =
            crate::repo::ask(&repo.api_url(&format!("paths-info/{revision}")), &asked)?;
        found.extend(part);
    }
    Ok(found)
}

/// A path in a repository, if it is one: no leading slash, no `.` or `..`, nothing of `.git`.
///
/// # Errors
/// [`Failure::InvalidArguments`] with this pointer where it is not.
pub(crate) fn path<'i>(pointer: &str, path: &'i str) -> Result<&'i str, Failure> {
    let trimmed = path.trim_end_matches('/');
    let trimmed = trimmed.strip_prefix("./").unwrap_or(trimmed);
    let fine = |part: &str| {
        !matches!(part, "" | "." | ".." | ".git")
            && !part.chars().any(|c| c.is_control() || c == '\\')
    };
    if trimmed.len() <= 1_000 && trimmed.split('/').all(fine) {
        return Ok(trimmed);
    }
    Err(Failure::argument(
        pointer,
        "a path in the repository, as `folder/file.txt`: relative, without `.`, `..`, `.git`, backslashes and empty parts",
    ))
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn paths_stay_in_the_repository() {
        for (given, expected) in [
            ("a/b.txt", Some("a/b.txt")),
            ("./a", Some("a")),
            ("data/", Some("data")),
            (".gitattributes", Some(".gitattributes")),
            ("", None),
            ("/a", None),
            ("a//b", None),
            ("../a", None),
            ("a/../b", None),
            (".git/config", None),
            ("a\\b", None),
            ("a\nb", None),
        ] {
            assert_eq!(path("/path", given).ok(), expected, "{given:?}");
        }
    }
}
