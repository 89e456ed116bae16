//! Repositories: their kinds, and names that are safe to put into a URL.
//!
//! | `repo_id` | |
//! | --- | --- |
//! | `gpt2`, `org/name`, `Org_1/na.me-2` | taken |
//! | empty, `a/b/c`, `/a`, `a b`, `..`, `a--b/..`, ends in `.git`, over 96 characters a part | refused |

use ml_intern_sdk::http::encode;
use ml_intern_sdk::schemars::JsonSchema;
use ml_intern_sdk::{ArgumentError, Failure};
use serde::{Deserialize, Serialize};

/// Characters of a name at most, as `huggingface_hub` checks it.
const NAME: usize = 96;

/// The kind of repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(crate = "ml_intern_sdk::schemars")]
pub enum RepoKind {
    /// A model.
    #[default]
    Model,
    /// A data set.
    Dataset,
    /// A Space.
    Space,
}

impl RepoKind {
    /// `model`, `dataset` or `space`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RepoKind::Model => "model",
            RepoKind::Dataset => "dataset",
            RepoKind::Space => "space",
        }
    }

    /// Where its API is: `/api/models/<id>`.
    #[must_use]
    pub fn api(self, id: &str) -> String {
        format!("/api/{}s/{}", self.name(), path(id))
    }

    /// Its address for people, and for files: `/<id>`, `/datasets/<id>`, `/spaces/<id>`.
    #[must_use]
    pub fn page(self, id: &str) -> String {
        match self {
            RepoKind::Model => format!("/{}", path(id)),
            other => format!("/{}s/{}", other.name(), path(id)),
        }
    }
}

/// Percent-encodes each segment of a path, and keeps its slashes.
#[must_use]
pub fn path(text: &str) -> String {
    let segments: Vec<String> = text.split('/').map(encode).collect();
    segments.join("/")
}

/// The name of a repository, if it is one.
///
/// # Errors
/// [`Failure::InvalidArguments`] with this pointer where it is not.
pub fn repo_id<'i>(pointer: &str, id: &'i str) -> Result<&'i str, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let part = |part: &str| {
        !part.is_empty()
            && part.len() <= NAME
            && part.chars().all(plain)
            && !part.contains("--")
            && !part.contains("..")
            && !part.starts_with(['.', '-'])
            && !part.ends_with(['.', '-'])
            && !part.ends_with(".git")
    };
    let parts: Vec<&str> = id.split('/').collect();
    if parts.len() <= 2 && parts.into_iter().all(part) {
        return Ok(id);
    }
    Err(wrong(
        pointer,
        "a repository's name, as `organisation/name`: letters, digits, `-`, `_` and `.`",
    ))
}

/// A branch, a tag, a commit or `refs/pr/1`, percent-encoded as one segment, as the Hub takes it.
///
/// # Errors
/// [`Failure::InvalidArguments`] with this pointer where it is none.
pub fn revision(pointer: &str, name: &str) -> Result<String, Failure> {
    let fine =
        |c: char| c.is_ascii_graphic() && !matches!(c, '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    if name.is_empty() || name.len() > 255 || name.contains("..") || !name.chars().all(fine) {
        return Err(wrong(
            pointer,
            "a branch, a tag, a commit or refs/pr/<number>",
        ));
    }
    Ok(encode(name))
}

fn wrong(pointer: &str, expected: &str) -> Failure {
    Failure::InvalidArguments(vec![ArgumentError {
        pointer: pointer.to_owned(),
        expected: expected.to_owned(),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["gpt2", "org/name", "Org_1/na.me-2", "a/b"] {
            assert_eq!(repo_id("/repo_id", good), Ok(good));
        }
        let long = "x".repeat(97);
        for bad in [
            "", "a/b/c", "/a", "a/", "a b", "..", "a/..", "a--b", "a/b.git", "a?b", "é", "-a",
            &long,
        ] {
            assert!(repo_id("/repo_id", bad).is_err(), "{bad}");
        }
        assert_eq!(
            revision("/revision", "refs/pr/1"),
            Ok("refs%2Fpr%2F1".into())
        );
        for bad in ["", "a b", "a..b", "x^1"] {
            assert!(revision("/revision", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn kinds_have_their_paths() {
        let table = [
            (RepoKind::Model, "/api/models/a/b", "/a/b"),
            (RepoKind::Dataset, "/api/datasets/a/b", "/datasets/a/b"),
            (RepoKind::Space, "/api/spaces/a/b", "/spaces/a/b"),
        ];
        for (kind, api, page) in table {
            assert_eq!(
                (kind.api("a/b"), kind.page("a/b")),
                (api.into(), page.into())
            );
        }
        assert_eq!(path("a b/ü?/c"), "a%20b/%C3%BC%3F/c");
    }
}
