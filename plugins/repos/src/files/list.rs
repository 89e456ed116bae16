//! `list`: what files there are.

use ml_intern_hub::{self as hub, RepoKind};
use ml_intern_sdk::prelude::*;
use serde_json::json;

use crate::repo::{MAIN, Repo};
use crate::words::{count, piece, size};
use crate::{glob, tree};

/// What `list` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// Branch, tag, commit or refs/pr/N; main if left out.
    revision: Option<String>,
    /// The path in the repository: of the file, or of a folder for list and upload.
    path: Option<String>,
    /// Globs of paths; `*` crosses slashes, `data/` is all below it.
    #[serde(default)]
    patterns: Vec<String>,
    /// Characters to skip, to go on.
    #[serde(default)]
    offset: usize,
}

pub(crate) fn run(asked: List) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let named = asked.revision.as_deref().unwrap_or(MAIN);
    let revision = hub::revision("/revision", named)?;
    let below = match asked.path.as_deref().unwrap_or_default() {
        "" | "/" | "." => "",
        path => tree::path("/path", path)?,
    };
    let found = tree::list(repo, &revision, below, true)?;
    let kept: Vec<&tree::Entry> = found
        .items
        .iter()
        .filter(|entry| {
            glob::any(&asked.patterns, &entry.path)
                && (entry.is_file() || asked.patterns.is_empty())
        })
        .collect();
    let files = kept.iter().filter(|entry| entry.is_file()).count();
    let bytes: u64 = kept.iter().map(|entry| entry.size).sum();
    let mut lines = String::new();
    for entry in &kept {
        if entry.is_file() {
            let large = if entry.lfs.is_some() { ", LFS" } else { "" };
            lines.push_str(&format!("{} ({}{large})\n", entry.path, size(entry.size)));
        } else {
            lines.push_str(&format!("{}/\n", entry.path));
        }
    }
    let below_page = match below {
        "" => String::new(),
        path => format!("/{}", hub::path(path)),
    };
    let url = repo.page_of(&format!("tree/{revision}{below_page}"));
    let matching = if asked.patterns.is_empty() {
        String::new()
    } else {
        format!(" matching {}", asked.patterns.join(", "))
    };
    let bound = if found.more {
        format!(
            "\nThe repository has more: only the first {} entries were looked at. Name a folder in path.",
            tree::MOST
        )
    } else {
        String::new()
    };
    let header = format!(
        "**{}** ({}{matching}, {})\n{url}{bound}",
        repo.id,
        count(files, "file"),
        size(bytes)
    );
    let text = match lines.as_str() {
        "" => header,
        lines => {
            let used = header.chars().count();
            format!(
                "{header}\n\n{}",
                piece(lines, asked.offset, used).trim_end()
            )
        }
    };
    Output::text(text).with_structured(&json!({
        "files": files, "bytes": bytes, "complete": !found.more, "url": url,
    }))
}
