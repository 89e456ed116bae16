//! Branches and tags.

use ml_intern_hub::{self as hub, RepoKind};
use ml_intern_sdk::http::Request;
use ml_intern_sdk::prelude::*;
use serde_json::json;

use crate::repo::{ANSWER, MAIN, Repo, send, unless_there};
use crate::words::{piece, short, start};

/// What a refusal means for who called.
const HINTS: [(u16, &str); 1] = [(403, "this token may not write to the repository")];

/// What `create_branch` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBranch {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    branch: String,
    /// Where it starts; main if left out.
    from_rev: Option<String>,
    /// Not an error if it exists.
    #[serde(default)]
    exist_ok: bool,
}

pub(crate) fn create_branch(asked: &CreateBranch) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let branch = hub::revision("/branch", &asked.branch)?;
    let from = asked.from_rev.as_deref().unwrap_or(MAIN);
    hub::revision("/from_rev", from)?;
    let request = Request::post(repo.api_url(&format!("branch/{branch}")))
        .json(&json!({ "startingPoint": from }))?;
    let url = repo.page_of(&format!("tree/{branch}"));
    let text = match unless_there(&request, &HINTS)? {
        Some(_) => format!("**Branch created:** {} from {from}\n{url}", asked.branch),
        None if asked.exist_ok => format!(
            "**Branch exists:** {}; it stays as it is\n{url}",
            asked.branch
        ),
        None => return Err(there("branch", &asked.branch, "delete_branch")),
    };
    Output::text(text).with_structured(&json!({ "branch": asked.branch, "url": url }))
}

fn there(what: &str, name: &str, other: &str) -> Failure {
    Failure::failed(format!(
        "the {what} {name} exists already: pass exist_ok=true to leave it as it is, choose another name, or {other} first"
    ))
}

/// What `delete_branch` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteBranch {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    branch: String,
}

pub(crate) fn delete_branch(asked: &DeleteBranch) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let branch = hub::revision("/branch", &asked.branch)?;
    if asked.branch == MAIN {
        return Err(Failure::argument(
            "/branch",
            "any branch but main, which cannot be deleted",
        ));
    }
    let refs = refs(repo)?;
    let at = commit_of(&refs.branches, "branch", &asked.branch)?;
    let request = Request::new(
        HttpMethod::Delete,
        repo.api_url(&format!("branch/{branch}")),
    );
    send(&request, &HINTS)?;
    let url = repo.page_of(&format!("commit/{at}"));
    Output::text(format!(
        "**Branch deleted:** {} of {}\nIt was at {at}: create_branch with from_rev={at} brings it back while the Hub keeps the \
         commit.\n{url}",
        asked.branch, repo.id
    ))
    .with_structured(&json!({ "branch": asked.branch, "commit": at, "url": url }))
}

/// What `create_tag` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTag {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    tag: String,
    /// What is tagged; main if left out.
    revision: Option<String>,
    tag_message: Option<String>,
    /// Not an error if it exists.
    #[serde(default)]
    exist_ok: bool,
}

pub(crate) fn create_tag(asked: &CreateTag) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let tag = hub::revision("/tag", &asked.tag)?;
    let named = asked.revision.as_deref().unwrap_or(MAIN);
    let revision = hub::revision("/revision", named)?;
    let mut body = json!({ "tag": asked.tag });
    if let (Some(message), Some(body)) = (&asked.tag_message, body.as_object_mut()) {
        body.insert("message".into(), message.as_str().into());
    }
    let request = Request::post(repo.api_url(&format!("tag/{revision}"))).json(&body)?;
    let url = repo.page_of(&format!("tree/{tag}"));
    let text = match unless_there(&request, &HINTS)? {
        Some(_) => format!("**Tag created:** {} at {named}\n{url}", asked.tag),
        None if asked.exist_ok => {
            format!("**Tag exists:** {}; it stays as it is\n{url}", asked.tag)
        }
        None => return Err(there("tag", &asked.tag, "delete_tag")),
    };
    Output::text(text).with_structured(&json!({ "tag": asked.tag, "url": url }))
}

/// What `delete_tag` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteTag {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    tag: String,
}

pub(crate) fn delete_tag(asked: &DeleteTag) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let tag = hub::revision("/tag", &asked.tag)?;
    let refs = refs(repo)?;
    let at = commit_of(&refs.tags, "tag", &asked.tag)?;
    let request = Request::new(HttpMethod::Delete, repo.api_url(&format!("tag/{tag}")));
    send(&request, &HINTS)?;
    let url = repo.page_of(&format!("commit/{at}"));
    Output::text(format!(
        "**Tag deleted:** {} of {}\nIt was at {at}: create_tag with revision={at} brings it back.\n{url}",
        asked.tag, repo.id
    ))
    .with_structured(&json!({ "tag": asked.tag, "commit": at, "url": url }))
}

/// What `list_refs` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRefs {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// Characters to skip, to go on.
    #[serde(default)]
    offset: usize,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Ref {
    name: String,
    #[serde(rename = "ref", default)]
    full: String,
    target_commit: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refs {
    #[serde(default)]
    branches: Vec<Ref>,
    #[serde(default)]
    tags: Vec<Ref>,
    #[serde(default)]
    converts: Vec<Ref>,
    #[serde(default)]
    pull_requests: Vec<Ref>,
}

fn refs(repo: Repo<'_>) -> Result<Refs, Failure> {
    hub::get(&repo.api("refs"), &[("include_prs", "1")], ANSWER)
}

fn commit_of(refs: &[Ref], what: &str, name: &str) -> Result<String, Failure> {
    let found = refs.iter().find(|one| one.name == name);
    found.map(|one| one.target_commit.clone()).ok_or_else(|| {
        let known: Vec<&str> = refs.iter().take(20).map(|one| one.name.as_str()).collect();
        Failure::failed(format!(
            "nothing was deleted: there is no {what} {name}; there are: {}",
            if known.is_empty() {
                "none".into()
            } else {
                known.join(", ")
            }
        ))
    })
}

pub(crate) fn list(asked: &ListRefs) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let refs = refs(repo)?;
    let sections = [
        ("Branches", &refs.branches),
        ("Tags", &refs.tags),
        ("Converted", &refs.converts),
        ("Pull requests", &refs.pull_requests),
    ];
    let mut text = String::new();
    for (title, refs) in sections {
        if refs.is_empty() {
            continue;
        }
        text.push_str(&format!("## {title} ({})\n", refs.len()));
        for one in refs {
            // A pull request's name is a number; what a revision has to be is its full name.
            let name = match title {
                "Pull requests" | "Converted" => &one.full,
                _ => &one.name,
            };
            text.push_str(&format!(
                "- {} {}\n",
                start(name, 255),
                short(&one.target_commit)
            ));
        }
        text.push('\n');
    }
    let heading = format!("**Refs of {}**\n{}\n\n", repo.id, repo.page());
    let used = heading.chars().count();
    let text = format!("{heading}{}", piece(text.trim_end(), asked.offset, used));
    Output::text(text).with_structured(&json!({
        "branches": refs.branches.len(), "tags": refs.tags.len(),
        "converts": refs.converts.len(), "pull_requests": refs.pull_requests.len(),
    }))
}
