//! `delete`: files that patterns take, in one commit that says exactly which.

use ml_intern_hub::{self as hub, RepoKind};
use ml_intern_sdk::prelude::*;
use serde_json::json;

use super::commit::{Change, Commit, commit};
use crate::repo::{MAIN, Repo};
use crate::words::{PAGE, count, line, short, size, start};
use crate::{glob, tree};

/// The pattern that stands for everything, and says that it is meant.
const EVERYTHING: &str = "**";
/// What tells the Hub which files are large. It stays unless it is named.
const ATTRIBUTES: &str = ".gitattributes";
/// Characters of the list of what went.
const LISTED: usize = PAGE - 2_000;

/// What `delete` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delete {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// Branch, tag, commit or refs/pr/N; main if left out.
    revision: Option<String>,
    /// Globs of paths; `*` crosses slashes, `data/` is all below it.
    patterns: Vec<String>,
    /// Propose it as a pull request.
    #[serde(default)]
    create_pr: bool,
    commit_message: Option<String>,
}

pub(crate) fn run(asked: &Delete) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let named = asked.revision.as_deref().unwrap_or(MAIN);
    let revision = hub::revision("/revision", named)?;
    if asked.patterns.is_empty()
        || asked
            .patterns
            .iter()
            .any(|pattern| pattern.trim().is_empty())
    {
        return Err(Failure::argument(
            "/patterns",
            "one pattern or more, none of them empty",
        ));
    }
    let head = repo.commit_of(&revision)?;
    let found = tree::list(repo, &head, "", true)?;
    if found.more {
        return Err(Failure::failed(format!(
            "nothing was deleted: the repository has more than {} entries, so what would go cannot be listed exactly",
            tree::MOST
        )));
    }
    let files: Vec<tree::Entry> = found
        .items
        .into_iter()
        .filter(tree::Entry::is_file)
        .collect();
    let idle: Vec<&String> = asked
        .patterns
        .iter()
        .filter(|pattern| !files.iter().any(|file| takes(pattern, &file.path)))
        .collect();
    if let Some(pattern) = idle.first() {
        return Err(Failure::failed(format!(
            "nothing was deleted: no file on {named} is taken by the pattern {pattern:?}"
        )));
    }
    let all = files.len();
    let gone: Vec<tree::Entry> = files
        .into_iter()
        .filter(|file| {
            asked
                .patterns
                .iter()
                .any(|pattern| takes(pattern, &file.path))
        })
        .collect();
    let kept = all - gone.len();
    let nothing_left = kept == 0 || (kept == 1 && gone.iter().all(|file| file.path != ATTRIBUTES));
    let sure = asked.patterns.iter().any(|pattern| pattern == EVERYTHING);
    let globs = asked
        .patterns
        .iter()
        .any(|pattern| pattern.contains(['*', '?', '[']));
    if nothing_left && globs && !sure {
        return Err(Failure::failed(format!(
            "nothing was deleted: {} would take every file ({}); if that is meant, say {EVERYTHING:?}",
            asked.patterns.join(", "),
            count(gone.len(), "file")
        )));
    }

    let message = asked
        .commit_message
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map_or_else(|| default_message(&gone, &asked.patterns), str::to_owned);
    let changes = gone
        .iter()
        .map(|file| Change::Delete {
            path: file.path.clone(),
        })
        .collect();
    let made = Commit {
        revision: &revision,
        parent: &head,
        message: &message,
        create_pr: asked.create_pr,
    };
    let done = commit(repo, &made, changes)?;
    let bytes: u64 = gone.iter().map(|file| file.size).sum();
    let (how, url) = match &done.pull_request {
        Some(url) => ("Deletion proposed as PR", url.clone()),
        None => ("Deleted", repo.page_of(&format!("tree/{revision}"))),
    };
    let mut text = format!(
        "**{how}:** {} ({}) of {}; {} left\n{url}\nCommit {}: {}\n{}\nThey are still at {}, the commit before.\n\n",
        count(gone.len(), "file"),
        size(bytes),
        repo.id,
        count(kept, "file"),
        short(&done.oid),
        line(&message, 200),
        done.url,
        short(&head)
    );
    if sure && kept > 0 {
        text.push_str(
            ".gitattributes stays: it says which files are large. Name it to delete it too.\n\n",
        );
    }
    let mut left = LISTED;
    for (number, file) in gone.iter().enumerate() {
        let line = format!("- {} ({})\n", file.path, size(file.size));
        let length = line.chars().count();
        if length > left {
            text.push_str(&format!("- and {} more\n", gone.len() - number));
            break;
        }
        left -= length;
        text.push_str(&line);
    }
    let rows: Vec<&str> = gone
        .iter()
        .take(1_000)
        .map(|file| file.path.as_str())
        .collect();
    Output::text(start(text.trim_end(), PAGE)).with_structured(&json!({
        "commit": done.oid, "parent": head, "url": url, "pull_request": done.pull_request,
        "count": gone.len(), "bytes": bytes, "files": rows,
    }))
}

fn takes(pattern: &str, path: &str) -> bool {
    glob::takes(pattern, path) && (path != ATTRIBUTES || pattern == ATTRIBUTES)
}

fn default_message(gone: &[tree::Entry], patterns: &[String]) -> String {
    match gone {
        [only] => format!("Delete {}", only.path),
        files => format!(
            "Delete {}: {}",
            count(files.len(), "file"),
            line(&patterns.join(", "), 100)
        ),
    }
}
