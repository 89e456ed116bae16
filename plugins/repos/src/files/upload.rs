//! `upload`: text, a file or a folder of the workspace, in one commit.
//!
//! What is the same already is left out; what changes a text is shown; and the commit names the one that all this was
//! compared with, so that nobody else's change is overwritten unseen.

use std::collections::HashMap;
use std::path::Path;

use ml_intern_hub::{self as hub, RepoKind};
use ml_intern_sdk::prelude::*;
use serde_json::json;

use super::commit::{Change, Commit, commit};
use super::diff::{self, Changed};
use super::download::part;
use super::local::{self, Content, Local};
use super::{card, kinds, lfs};
use crate::repo::{MAIN, Repo, ask};
use crate::tree::{self, Entry};
use crate::words::{PAGE, count, line, short, size, start};

/// Bytes of a file that the Hub wants to see, to tell whether it is a large one.
const SAMPLE: usize = 512;
/// Files of one question to the Hub.
const ASKED: usize = 256;
/// Bytes of all small files of one commit, which are sent in it.
const SMALL: u64 = 32 << 20;
/// Texts whose changes are looked at.
const COMPARED: usize = 10;
/// Lines of the result that name files.
const NAMED: usize = 100;

/// What `upload` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upload {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// Branch, tag, commit or refs/pr/N; main if left out.
    revision: Option<String>,
    /// The path in the repository: of the file, or of a folder for list and upload.
    path: Option<String>,
    /// The text to upload, whole.
    content: Option<String>,
    /// In place of content: a file or a folder of the workspace.
    file: Option<String>,
    /// Globs of paths; `*` crosses slashes, `data/` is all below it.
    #[serde(default)]
    patterns: Vec<String>,
    /// Propose it as a pull request.
    #[serde(default)]
    create_pr: bool,
    commit_message: Option<String>,
    /// The commit you last saw: refused if the branch has moved on.
    parent_commit: Option<String>,
    /// Add the tag ml-intern to the metadata of README.md.
    #[serde(default)]
    provenance: bool,
}

/// What is to be done with a file.
#[derive(Debug)]
struct Planned {
    local: Local,
    /// As a large file; its SHA-256.
    sha256: Option<String>,
    /// The content of a small one.
    content: Vec<u8>,
    is_new: bool,
    changed: Option<Changed>,
}

pub(crate) fn run(root: &Path, asked: &Upload) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let named = asked.revision.as_deref().unwrap_or(MAIN);
    let revision = hub::revision("/revision", named)?;
    let (mut locals, folder) = gather(root, asked)?;
    let mut notes = check_card(repo, asked, &mut locals)?;

    let head = repo.commit_of(&revision)?;
    if let Some(seen) = &asked.parent_commit
        && (seen.len() < 7 || !head.starts_with(seen.as_str()))
    {
        return Err(Failure::failed(format!(
            "nothing was uploaded: {named} is at {}, not at {}: somebody else has committed; look again, then repeat",
            short(&head),
            start(seen, 40)
        )));
    }
    let all = locals.len();
    let modes = modes(repo, &revision, asked.create_pr, &locals)?;
    locals.retain(|local| modes.get(&local.path).is_none_or(|mode| !mode.ignored));
    if locals.len() < all {
        let left_out = count(all - locals.len(), "file");
        notes.push(format!(
            "{left_out} left out, as the repository's .gitignore says"
        ));
    }
    let wanted = locals.len();
    let planned = plan(repo, &head, locals, &modes)?;
    if planned.len() < wanted {
        let same = count(wanted - planned.len(), "file");
        notes.push(format!("{same} left out, the same as on {named}"));
    }
    if planned.is_empty() {
        let text = format!(
            "Nothing to upload: everything is on {named} of {} already, at {}.\n{}",
            repo.id,
            short(&head),
            told(&notes)
        );
        return Output::text(text.trim_end())
            .with_structured(&json!({ "commit": null, "files": [] }));
    }

    let large: Vec<(&Local, String)> = planned
        .iter()
        .filter_map(|file| Some((&file.local, file.sha256.clone()?)))
        .collect();
    let branch = (!asked.create_pr).then_some(named);
    lfs::upload(repo, branch, &large)?;
    drop(large);

    let message = message(asked, &planned, folder.as_deref());
    let mut reported = Vec::with_capacity(planned.len());
    let mut changes = Vec::with_capacity(planned.len());
    for Planned {
        local,
        sha256,
        content,
        is_new,
        changed,
    } in planned
    {
        changes.push(match &sha256 {
            Some(sha256) => Change::Large {
                path: local.path.clone(),
                sha256: sha256.clone(),
                size: local.size,
            },
            None => Change::File {
                path: local.path.clone(),
                content,
            },
        });
        reported.push(Reported {
            path: local.path,
            size: local.size,
            lfs: sha256.is_some(),
            is_new,
            changed,
        });
    }
    let made = Commit {
        revision: &revision,
        parent: &head,
        message: &message,
        create_pr: asked.create_pr,
    };
    let done = commit(repo, &made, changes)?;
    report(
        repo,
        asked,
        &message,
        folder.as_deref(),
        &reported,
        &notes,
        &done,
    )
}

/// A file as it was uploaded.
#[derive(Debug)]
struct Reported {
    path: String,
    size: u64,
    lfs: bool,
    is_new: bool,
    changed: Option<Changed>,
}

/// The files to upload; and where it is a folder, the folder of the repository that they go to.
fn gather(root: &Path, asked: &Upload) -> Result<(Vec<Local>, Option<String>), Failure> {
    let (locals, folder) = match (&asked.content, &asked.file) {
        (Some(content), None) => {
            let path = asked.path.as_deref().ok_or_else(|| {
                Failure::argument(
                    "/path",
                    "where content goes in the repository: it is required with content",
                )
            })?;
            if !asked.patterns.is_empty() {
                return Err(Failure::argument(
                    "/patterns",
                    "none with content: it is one file",
                ));
            }
            let path = tree::path("/path", path)?.to_owned();
            (vec![Local::text(path, content.clone())], None)
        }
        (None, Some(file)) => {
            let found = local::find(root, file, &asked.patterns)?;
            let into = match asked.path.as_deref().unwrap_or_default() {
                "" | "." | "/" => None,
                path => Some(tree::path("/path", path)?),
            };
            let into_folder = asked
                .path
                .as_deref()
                .is_some_and(|path| path.ends_with('/'));
            let mut locals = Vec::with_capacity(found.files.len());
            for (name, at, size) in found.files {
                let path = match into {
                    Some(into) if found.is_folder || into_folder => format!("{into}/{name}"),
                    Some(into) => into.to_owned(),
                    None => name,
                };
                // Names of the workspace may be none that a repository can have.
                let path = tree::path("/file", &path)?.to_owned();
                locals.push(Local {
                    path,
                    content: Content::File(at),
                    size,
                });
            }
            let folder = found.is_folder.then(|| into.unwrap_or_default().to_owned());
            (locals, folder)
        }
        _ => {
            return Err(Failure::argument(
                "/content",
                "either content (text) or file (a path in the workspace)",
            ));
        }
    };
    if locals.is_empty() {
        return Err(Failure::failed(
            "nothing to upload: no file there is taken by the patterns",
        ));
    }
    for file in &locals {
        local::bounded(file)?;
    }
    Ok((locals, folder))
}

/// Has the Hub check the card, if there is one among the files, and marks it where that is asked for; what the Hub warns of.
fn check_card(
    repo: Repo<'_>,
    asked: &Upload,
    locals: &mut [Local],
) -> Result<Vec<String>, Failure> {
    let Some(file) = locals.iter_mut().find(|local| local.path == card::PATH) else {
        return Ok(Vec::new());
    };
    let mut notes = Vec::new();
    if file.size > diff::LARGEST as u64 {
        notes.push("README.md is too long to have its metadata checked beforehand".to_owned());
        return Ok(notes);
    }
    let text = String::from_utf8(file.start(diff::LARGEST)?)
        .map_err(|_| Failure::failed("nothing was uploaded: README.md is not UTF-8"))?;
    let mut text = text;
    if asked.provenance
        && let Some(marked) = card::marked(&text)?
    {
        *file = Local::text(card::PATH.to_owned(), marked.clone());
        text = marked;
        notes.push(format!(
            "the tag `{}` was added to README.md, as asked",
            card::MARK
        ));
    }
    let warnings = card::check(repo.kind, &text)?;
    notes.extend(
        warnings
            .iter()
            .map(|warning| format!("README.md: {}", line(warning, 300))),
    );
    Ok(notes)
}

/// How the Hub wants a file.
#[derive(Debug, Clone, Copy)]
struct Mode {
    large: bool,
    ignored: bool,
}

fn modes(
    repo: Repo<'_>,
    revision: &str,
    create_pr: bool,
    locals: &[Local],
) -> Result<HashMap<String, Mode>, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        files: Vec<Told>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Told {
        path: String,
        upload_mode: String,
        #[serde(default)]
        should_ignore: bool,
    }
    use base64::Engine as _;
    let query = if create_pr { "?create_pr=1" } else { "" };
    let url = repo.api_url(&format!("preupload/{revision}{query}"));
    let mut modes = HashMap::new();
    for files in locals.chunks(ASKED) {
        let mut told = Vec::with_capacity(files.len());
        for file in files {
            let sample = base64::prelude::BASE64_STANDARD.encode(file.start(SAMPLE)?);
            told.push(json!({ "path": file.path, "sample": sample, "size": file.size }));
        }
        let answer: Answer = ask(&url, &json!({ "files": told }))?;
        for file in answer.files {
            let large = match file.upload_mode.as_str() {
                "lfs" => true,
                "regular" => false,
                other => {
                    return Err(Failure::failed(format!(
                        "{} was not uploaded: the Hub wants it in a way that is not known: {}",
                        file.path,
                        start(other, 40)
                    )));
                }
            };
            modes.insert(
                file.path,
                Mode {
                    large,
                    ignored: file.should_ignore,
                },
            );
        }
    }
    match locals.iter().find(|local| !modes.contains_key(&local.path)) {
        None => Ok(modes),
        Some(local) => Err(Failure::failed(format!(
            "{} was not uploaded: the Hub does not say how it wants it",
            local.path
        ))),
    }
}

/// What has to be sent: what is not there, or is another.
fn plan(
    repo: Repo<'_>,
    head: &str,
    locals: Vec<Local>,
    modes: &HashMap<String, Mode>,
) -> Result<Vec<Planned>, Failure> {
    let paths: Vec<&str> = locals.iter().map(|local| local.path.as_str()).collect();
    let there: HashMap<String, Entry> = tree::at(repo, head, &paths)?
        .into_iter()
        .filter(Entry::is_file)
        .map(|entry| (entry.path.clone(), entry))
        .collect();
    drop(paths);
    let mut small: u64 = 0;
    let mut compared = 0;
    let mut planned = Vec::new();
    for local in locals {
        let entry = there.get(&local.path);
        // Storage takes no empty file.
        let large = local.size > 0 && modes.get(&local.path).is_some_and(|mode| mode.large);
        if large {
            let sha256 = local.sha256()?;
            let same = entry
                .and_then(|entry| entry.lfs.as_ref())
                .is_some_and(|lfs| lfs.oid == sha256);
            if !same {
                planned.push(Planned {
                    local,
                    sha256: Some(sha256),
                    content: Vec::new(),
                    is_new: entry.is_none(),
                    changed: None,
                });
            }
            continue;
        }
        small += local.size;
        if small > SMALL {
            return Err(Failure::failed(format!(
                "nothing was uploaded: the files that go into the commit itself have more than {} together: upload them in \
                 several calls, by patterns",
                size(SMALL)
            )));
        }
        let content = local.start(usize::try_from(SMALL).unwrap_or(usize::MAX))?;
        if entry.is_some_and(|entry| entry.lfs.is_none() && entry.oid == local::blob_id(&content)) {
            continue;
        }
        let changed = match entry {
            Some(entry) if compared < COMPARED => {
                compared += 1;
                compare(repo, head, entry, &content)?
            }
            _ => None,
        };
        planned.push(Planned {
            local,
            sha256: None,
            content,
            is_new: entry.is_none(),
            changed,
        });
    }
    Ok(planned)
}

/// What changes of a text, where both are texts that are not too long.
fn compare(
    repo: Repo<'_>,
    head: &str,
    entry: &Entry,
    new: &[u8],
) -> Result<Option<Changed>, Failure> {
    let Some(new) = kinds::text(new).filter(|new| new.len() <= diff::LARGEST) else {
        return Ok(None);
    };
    if entry.lfs.is_some() || entry.size > diff::LARGEST as u64 {
        return Ok(None);
    }
    let old = part(repo, head, &entry.path, 0, diff::LARGEST)?.bytes;
    Ok(kinds::text(&old).map(|old| diff::between(old, new)))
}

fn message(asked: &Upload, planned: &[Planned], folder: Option<&str>) -> String {
    if let Some(message) = asked
        .commit_message
        .as_deref()
        .filter(|text| !text.trim().is_empty())
    {
        return message.trim().to_owned();
    }
    match (planned, folder) {
        ([only], _) => format!("Upload {}", only.local.path),
        (files, Some("") | None) => format!("Upload {}", count(files.len(), "file")),
        (files, Some(folder)) => format!("Upload {} to {folder}", count(files.len(), "file")),
    }
}

fn told(notes: &[String]) -> String {
    notes.iter().map(|note| format!("Note: {note}\n")).collect()
}

fn report(
    repo: Repo<'_>,
    asked: &Upload,
    message: &str,
    folder: Option<&str>,
    files: &[Reported],
    notes: &[String],
    done: &super::commit::Done,
) -> Result<Output, Failure> {
    let named = asked.revision.as_deref().unwrap_or(MAIN);
    let revision = hub::revision("/revision", named)?;
    let bytes: u64 = files.iter().map(|file| file.size).sum();
    let what = match (files, folder) {
        ([only], _) => only.path.clone(),
        (files, Some(folder)) if !folder.is_empty() => {
            format!(
                "{} ({}) to {folder}/",
                count(files.len(), "file"),
                size(bytes)
            )
        }
        (files, _) => format!("{} ({})", count(files.len(), "file"), size(bytes)),
    };
    let url = match (&done.pull_request, files) {
        (Some(url), _) => url.clone(),
        (None, [only]) => repo.blob(&revision, &only.path),
        (None, _) => repo.page_of(&format!("tree/{revision}")),
    };
    let how = if done.pull_request.is_some() {
        "Uploaded as PR"
    } else {
        "Uploaded"
    };
    let mut text = format!(
        "**{how}:** {what}\n{url}\nCommit {} to {} of {}: {}\n{}\n",
        short(&done.oid),
        if done.pull_request.is_some() {
            "a pull request"
        } else {
            named
        },
        repo.id,
        line(message, 200),
        done.url
    );
    text.push('\n');
    for file in files.iter().take(NAMED) {
        let state = if file.is_new { "new" } else { "changed" };
        let large = if file.lfs { ", LFS" } else { "" };
        let lines = match &file.changed {
            Some(changed) => format!(", +{} -{} lines", changed.added, changed.removed),
            None => String::new(),
        };
        text.push_str(&format!(
            "- {} ({state}, {}{large}{lines})\n",
            start(&file.path, 200),
            size(file.size)
        ));
    }
    if files.len() > NAMED {
        text.push_str(&format!("- and {} more\n", files.len() - NAMED));
    }
    text.push_str(&told(notes));
    for file in files {
        let Some(changed) = &file.changed else {
            continue;
        };
        let shown = format!("\n{}:\n{}\n", start(&file.path, 200), changed.shown);
        if text.chars().count() + shown.chars().count() > PAGE {
            text.push_str("\n[Further changes are not shown.]\n");
            break;
        }
        text.push_str(&shown);
    }
    let rows: Vec<_> = files
        .iter()
        .take(NAMED)
        .map(|file| json!({ "path": file.path, "size": file.size, "lfs": file.lfs, "new": file.is_new }))
        .collect();
    Output::text(start(text.trim_end(), PAGE)).with_structured(&json!({
        "commit": done.oid, "url": url, "pull_request": done.pull_request,
        "count": files.len(), "bytes": bytes, "files": rows,
    }))
}
