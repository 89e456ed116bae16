//! What is in a repository at a revision: `tree` in pages, `paths-info` by name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::{Ask, pairs};
use crate::hub::errors::{Reply, no_entry};
use crate::hub::repo::{Commit, File, Files, Kind, Repo, tree_oid};
use crate::hub::store::at;
use crate::world::World;

/// Entries on a page, and on one that tells more of each.
const PAGE: usize = 1000;
const EXPANDED_PAGE: usize = 50;

/// `GET /api/{kind}s/{repo}/tree/{revision}/{path}`
pub(crate) fn list(
    ask: &Ask,
    world: &World,
    kind: Kind,
    id: &str,
    revision: &str,
    folder: &str,
) -> Reply {
    let repo = world.hub.see(ask, kind, id)?;
    let commit = at(repo, revision)?;
    let folder = folder.trim_matches('/');
    let inside = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    if !folder.is_empty() && !commit.files.keys().any(|path| path.starts_with(&inside)) {
        return Err(no_entry(&format!(
            "{folder} does not exist on \"{revision}\""
        )));
    }
    let expand = ask.flag("expand");
    let entries = entries(&commit.files, &inside, ask.flag("recursive"));
    let size = ask
        .number("limit")
        .unwrap_or(PAGE)
        .clamp(1, if expand { EXPANDED_PAGE } else { PAGE });
    let start = ask.number("cursor").unwrap_or(0).min(entries.len());
    let page: Vec<Value> = entries
        .iter()
        .skip(start)
        .take(size)
        .map(|(path, file)| entry(repo, commit, path, *file, expand))
        .collect();
    let answer = Answer::json(&Value::Array(page));
    Ok(if start + size < entries.len() {
        let cursor = (start + size).to_string();
        answer.with("link", ask.next_page(&[("cursor", &cursor)]))
    } else {
        answer
    })
}

/// Folders (without a file) and files below a folder, folders first, as the Hub orders them.
fn entries<'a>(files: &'a Files, inside: &str, recursive: bool) -> Vec<(String, Option<&'a File>)> {
    let mut folders: BTreeMap<String, Option<&File>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for (path, file) in files.iter().filter(|(path, _)| path.starts_with(inside)) {
        let rest = &path[inside.len()..];
        let slashes: Vec<usize> = rest.match_indices('/').map(|(at, _)| at).collect();
        for slash in slashes.iter().take(if recursive { usize::MAX } else { 1 }) {
            folders.insert(path[..inside.len() + slash].to_owned(), None);
        }
        if recursive || slashes.is_empty() {
            found.insert(path.clone(), Some(file));
        }
    }
    folders.into_iter().chain(found).collect()
}

fn entry(repo: &Repo, commit: &Commit, path: &str, file: Option<&File>, expand: bool) -> Value {
    let mut entry = match file {
        None => json!({
            "type": "directory",
            "oid": tree_oid(&commit.files, &format!("{path}/")),
            "size": 0,
            "path": path,
        }),
        Some(file) => {
            let mut entry = json!({
                "type": "file",
                "oid": file.oid,
                "size": file.bytes.len(),
            });
            if let Some(lfs) = file.lfs() {
                entry["lfs"] = lfs;
            }
            entry["path"] = path.into();
            entry
        }
    };
    if expand {
        let last = repo.last_change(commit, path);
        entry["lastCommit"] = json!({"id": last.oid, "title": last.title, "date": last.date});
        if file.is_some() {
            entry["securityFileStatus"] = json!({
                "status": "safe",
                "avScan": {"status": "safe", "virusFound": false},
                "pickleImportScan": {"status": "unscanned"},
            });
        }
    }
    entry
}

/// `POST /api/{kind}s/{repo}/paths-info/{revision}`; what does not exist is left out.
pub(crate) fn paths_info(ask: &Ask, world: &World, kind: Kind, id: &str, revision: &str) -> Reply {
    let repo = world.hub.see(ask, kind, id)?;
    let commit = at(repo, revision)?;
    let body = ask.json();
    let (paths, expand): (Vec<String>, bool) = if body.is_object() {
        let paths = body["paths"].as_array().into_iter().flatten();
        (
            paths.filter_map(Value::as_str).map(str::to_owned).collect(),
            body["expand"] == true,
        )
    } else {
        let form = pairs(&String::from_utf8_lossy(&ask.body));
        let expand = form
            .iter()
            .any(|(key, value)| key == "expand" && matches!(value.as_str(), "true" | "True" | "1"));
        let paths = form.into_iter().filter(|(key, _)| key == "paths");
        (paths.map(|(_, value)| value).collect(), expand)
    };
    let found: Vec<Value> = paths
        .iter()
        .filter_map(|path| {
            let file = commit.files.get(path);
            let folder = format!("{path}/");
            let exists =
                file.is_some() || commit.files.keys().any(|name| name.starts_with(&folder));
            exists.then(|| entry(repo, commit, path, file, expand))
        })
        .collect();
    Ok(Answer::json(&Value::Array(found)))
}
