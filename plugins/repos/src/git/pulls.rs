//! Pull requests, and discussions, which are numbered with them.

use ml_intern_hub::{self as hub, RepoKind, explain};
use ml_intern_sdk::http::Request;
use ml_intern_sdk::prelude::*;
use serde_json::{Map, json};

use crate::repo::{ANSWER, Repo, send};
use crate::words::{count, fenced, line, piece, short, start};

/// Bytes of one pull request, with its diff.
const DETAILS: usize = 16 << 20;
/// Characters of one comment.
const COMMENT: usize = 2_000;
/// Characters of a title.
const TITLE: usize = 200;
/// Characters of a diff: it is paged, but nobody reads a million lines.
const DIFF: usize = 200_000;
/// Changed files that are named before a merge.
const NAMED: usize = 50;

const NOT_YOURS: (u16, &str) = (
    403,
    "this token may not do this: it needs the write scope, and the repository's owner decides about pull requests of others",
);

/// Which are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Open,
    Closed,
    #[default]
    All,
}

/// What it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NewStatus {
    Open,
    Closed,
}

#[derive(Debug, Deserialize)]
struct Author {
    name: String,
}

/// Somebody whose account is gone has no name.
fn author(author: &Option<Author>) -> &str {
    author
        .as_ref()
        .map_or("deleted", |author| author.name.as_str())
}

/// The day of a date in RFC 3339.
fn day(date: &str) -> &str {
    date.get(..10).unwrap_or(date)
}

/// What `list_prs` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPulls {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    #[serde(default)]
    status: Status,
    /// Page of the list, from 1.
    page: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    discussions: Vec<Summary>,
    count: usize,
    start: usize,
    num_closed_discussions: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    num: u64,
    title: String,
    status: String,
    is_pull_request: bool,
    created_at: String,
    author: Option<Author>,
}

pub(crate) fn list(asked: &ListPulls) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let page = asked.page.unwrap_or(1);
    let Some(index) = page.checked_sub(1) else {
        return Err(Failure::argument("/page", "1 or more"));
    };
    let status = match asked.status {
        Status::Open => "open",
        Status::Closed => "closed",
        Status::All => "all",
    };
    let found: Listed = hub::get(
        &repo.api("discussions"),
        &[("p", &index.to_string()), ("status", status)],
        ANSWER,
    )?;
    let url = repo.page_of("discussions");
    let of_status = match asked.status {
        Status::All => "in all",
        _ => status,
    };
    // The number of those that are not open comes with any list.
    let closed = match (asked.status, found.num_closed_discussions) {
        (Status::Closed, _) | (_, None) => String::new(),
        (_, Some(closed)) => format!("; {closed} closed or merged"),
    };
    let mut text = format!(
        "**Pull requests and discussions of {}** ({} {of_status}{closed})\n{url}\n\n",
        repo.id, found.count
    );
    if found.discussions.is_empty() {
        text.push_str(if found.count == 0 {
            "None.\n"
        } else {
            "None on this page.\n"
        });
    }
    for one in &found.discussions {
        text.push_str(&format!(
            "- [{}] #{} {} {} ({}, {})\n",
            line(&one.status, 20).to_uppercase(),
            one.num,
            if one.is_pull_request { "[PR]" } else { "[D]" },
            line(&one.title, TITLE),
            author(&one.author),
            day(&one.created_at)
        ));
    }
    let end = found.start + found.discussions.len();
    if end < found.count && !found.discussions.is_empty() {
        text.push_str(&format!(
            "\n[{} to {end} of {}; call again with page={} for more]\n",
            found.start + 1,
            found.count,
            page + 1
        ));
    }
    let rows: Vec<_> = found
        .discussions
        .iter()
        .map(|one| {
            json!({
                "num": one.num, "title": start(&one.title, TITLE), "status": one.status,
                "pull_request": one.is_pull_request, "author": author(&one.author),
            })
        })
        .collect();
    Output::text(start(text.trim_end(), crate::words::PAGE)).with_structured(
        &json!({ "count": found.count, "start": found.start, "discussions": rows }),
    )
}

/// What `get_pr` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetPull {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// Its number.
    pr_num: u32,
    /// Characters to skip, to go on.
    #[serde(default)]
    offset: usize,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    num: u64,
    title: String,
    status: String,
    is_pull_request: bool,
    created_at: String,
    author: Option<Author>,
    #[serde(default)]
    events: Vec<Event>,
    changes: Option<Changes>,
    files_with_conflicts: Option<Conflicts>,
    diff: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changes {
    base: Option<String>,
    merge_commit_id: Option<String>,
}

/// The files, or only that there are some.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Conflicts {
    Some(bool),
    Files(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    created_at: String,
    author: Option<Author>,
    #[serde(default)]
    data: Map<String, serde_json::Value>,
}

impl Event {
    fn text(&self, name: &str) -> &str {
        self.data
            .get(name)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
    }

    fn told(&self) -> String {
        let what = match self.kind.as_str() {
            "comment" => {
                let hidden = self
                    .data
                    .get("hidden")
                    .is_some_and(|hidden| *hidden == true);
                let text = self
                    .data
                    .get("latest")
                    .and_then(|latest| latest.get("raw"))
                    .and_then(|raw| raw.as_str())
                    .unwrap_or_default();
                if hidden {
                    "commented (hidden)".to_owned()
                } else {
                    let quoted: Vec<String> = start(text, COMMENT)
                        .lines()
                        .map(|line| format!("> {line}").trim_end().to_owned())
                        .collect();
                    format!("commented:\n{}", quoted.join("\n"))
                }
            }
            "status-change" => format!("changed the status to {}", line(self.text("status"), 20)),
            "commit" => format!(
                "committed {}: {}",
                short(self.text("oid")),
                line(self.text("subject"), TITLE)
            ),
            "title-change" => format!(
                "changed the title from \"{}\" to \"{}\"",
                line(self.text("from"), TITLE),
                line(self.text("to"), TITLE)
            ),
            other => format!("({})", line(other, 40)),
        };
        format!(
            "- {} {} {what}\n",
            day(&self.created_at),
            author(&self.author)
        )
    }
}

impl Details {
    fn kind(&self) -> &'static str {
        if self.is_pull_request {
            "Pull request"
        } else {
            "Discussion"
        }
    }

    /// Files that cannot be merged.
    fn conflicts(&self) -> Option<String> {
        match self.files_with_conflicts.as_ref()? {
            Conflicts::Some(true) => Some("in files that the Hub does not name".to_owned()),
            Conflicts::Some(false) => None,
            Conflicts::Files(files) if files.is_empty() => None,
            Conflicts::Files(files) => Some(start(&files.join(", "), 1_000)),
        }
    }

    /// The files of the diff, with the lines that come and go.
    fn changed(&self) -> Vec<(String, usize, usize)> {
        let mut files: Vec<(String, usize, usize)> = Vec::new();
        let mut in_hunk = false;
        for text in self.diff.as_deref().unwrap_or_default().lines() {
            if let Some(names) = text.strip_prefix("diff --git ") {
                in_hunk = false;
                let name = names.rsplit_once(" b/").map_or(names, |(_, name)| name);
                files.push((start(name, TITLE), 0, 0));
            } else if text.starts_with("@@") {
                in_hunk = true;
            } else if let Some((_, added, removed)) = files.last_mut().filter(|_| in_hunk) {
                match text.as_bytes().first() {
                    Some(b'+') => *added += 1,
                    Some(b'-') => *removed += 1,
                    _ => {}
                }
            }
        }
        files
    }

    fn files(&self) -> String {
        let changed = self.changed();
        let mut text: String = changed
            .iter()
            .take(NAMED)
            .map(|(name, added, removed)| format!("- {name} (+{added} -{removed} lines)\n"))
            .collect();
        if changed.len() > NAMED {
            text.push_str(&format!("- and {} more\n", changed.len() - NAMED));
        }
        text
    }
}

fn details(repo: Repo<'_>, number: u32) -> Result<Details, Failure> {
    if number == 0 {
        return Err(Failure::argument("/pr_num", "1 or more"));
    }
    hub::get(
        &repo.api(&format!("discussions/{number}")),
        &[("diff", "1")],
        DETAILS,
    )
}

pub(crate) fn get(asked: &GetPull) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let found = details(repo, asked.pr_num)?;
    let url = repo.page_of(&format!("discussions/{}", found.num));
    let mut heading = format!(
        "**{} #{}: {}** [{}]\n{url}\nBy {} on {}",
        found.kind(),
        found.num,
        line(&found.title, TITLE),
        line(&found.status, 20).to_uppercase(),
        author(&found.author),
        day(&found.created_at)
    );
    if found.is_pull_request {
        let base = found
            .changes
            .as_ref()
            .and_then(|changes| changes.base.as_deref());
        heading.push_str(&format!(
            "; refs/pr/{} into {}",
            found.num,
            line(base.unwrap_or("refs/heads/main"), TITLE)
        ));
    }
    if let Some(merged) = found
        .changes
        .as_ref()
        .and_then(|changes| changes.merge_commit_id.as_deref())
    {
        heading.push_str(&format!("; merged as {}", short(merged)));
    }
    if let Some(conflicts) = found.conflicts() {
        heading.push_str(&format!("\nConflicts: {conflicts}"));
    }
    heading.push_str("\n\n");
    let mut text = format!("## Events ({})\n", found.events.len());
    for event in &found.events {
        text.push_str(&event.told());
    }
    if let Some(diff) = found.diff.as_deref().filter(|diff| !diff.trim().is_empty()) {
        let changed = found.changed().len();
        text.push_str(&format!(
            "\n## Changes ({})\n{}\n{}\n",
            count(changed, "file"),
            found.files(),
            fenced("diff", &start(diff, DIFF))
        ));
    } else if found.is_pull_request {
        text.push_str("\n## Changes\nNone.\n");
    }
    let used = heading.chars().count();
    Output::text(format!(
        "{heading}{}",
        piece(text.trim_end(), asked.offset, used)
    ))
    .with_structured(&json!({
        "num": found.num, "title": start(&found.title, TITLE), "status": found.status,
        "pull_request": found.is_pull_request, "events": found.events.len(),
        "conflicts": found.conflicts().is_some(), "url": url,
    }))
}

/// What `create_pr` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreatePull {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// 3 to 200 characters.
    title: String,
    description: Option<String>,
}

pub(crate) fn create(asked: &CreatePull) -> Result<Output, Failure> {
    #[derive(Deserialize)]
    struct Made {
        num: u64,
    }
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let title = asked.title.trim();
    if !(3..=200).contains(&title.chars().count()) {
        return Err(Failure::argument("/title", "3 to 200 characters"));
    }
    let description = asked
        .description
        .as_deref()
        .map(str::trim)
        .unwrap_or_default();
    let description = if description.is_empty() {
        "Pull request opened by ml-intern."
    } else {
        description
    };
    let body = json!({ "title": title, "description": description, "pullRequest": true });
    let request = Request::post(repo.api_url("discussions")).json(&body)?;
    let made: Made = send(&request, &[NOT_YOURS])?
        .json(ANSWER)
        .map_err(explain)?;
    let url = repo.page_of(&format!("discussions/{}", made.num));
    Output::text(format!(
        "**Draft pull request #{}:** {title}\n{url}\n\
         It is empty. To fill it: hf_repo_files upload with revision=\"refs/pr/{0}\". Then change_pr_status with \
         new_status=\"open\" makes it ready, and merge_pr merges it.",
        made.num
    ))
    .with_structured(&json!({
        "num": made.num, "revision": format!("refs/pr/{}", made.num), "url": url,
    }))
}

/// What `merge_pr` and `close_pr` take.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndPull {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// Its number.
    pr_num: u32,
    /// What is said, in Markdown.
    comment: Option<String>,
}

pub(crate) fn merge(asked: &EndPull) -> Result<Output, Failure> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Merged {
        merge_commit_id: Option<String>,
    }
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let found = details(repo, asked.pr_num)?;
    let url = repo.page_of(&format!("discussions/{}", found.num));
    let refuse = |why: String| Failure::failed(format!("nothing was merged: {why} ({url})"));
    if !found.is_pull_request {
        return Err(refuse(format!(
            "#{} is a discussion, not a pull request",
            found.num
        )));
    }
    match found.status.as_str() {
        "open" => {}
        "draft" => {
            return Err(refuse(format!(
                "#{} is a draft: change_pr_status with new_status=\"open\" makes it ready",
                found.num
            )));
        }
        status => return Err(refuse(format!("#{} is {}", found.num, line(status, 20)))),
    }
    if let Some(conflicts) = found.conflicts() {
        return Err(refuse(format!("there are conflicts: {conflicts}")));
    }
    let mut request = Request::post(repo.api_url(&format!("discussions/{}/merge", found.num)));
    if let Some(comment) = said(asked.comment.as_deref()) {
        request = request.json(&json!({ "comment": comment }))?;
    }
    let answer = send(
        &request,
        &[
            NOT_YOURS,
            (
                409,
                "nothing was merged: there are conflicts; look with get_pr",
            ),
        ],
    )?;
    // Its own client does not look at the answer, so neither does this need it.
    let merged: Merged = answer.json(ANSWER).unwrap_or_default();
    let base = found
        .changes
        .as_ref()
        .and_then(|changes| changes.base.as_deref());
    let commits: Vec<String> = found
        .events
        .iter()
        .filter(|event| event.kind == "commit")
        .map(|event| {
            format!(
                "- {} {}\n",
                short(event.text("oid")),
                line(event.text("subject"), TITLE)
            )
        })
        .collect();
    let files = found.files();
    let at = merged.merge_commit_id.as_deref();
    let mut text = format!(
        "**Merged:** #{} {} into {}{}\n{url}\n",
        found.num,
        line(&found.title, TITLE),
        line(base.unwrap_or("refs/heads/main"), TITLE),
        at.map_or(String::new(), |commit| format!(" as {}", short(commit)))
    );
    if !commits.is_empty() {
        let shown: String = commits.iter().take(NAMED).map(String::as_str).collect();
        text.push_str(&format!("\n{}:\n{shown}", count(commits.len(), "commit")));
    }
    if !files.is_empty() {
        text.push_str(&format!(
            "\n{}:\n{files}",
            count(found.changed().len(), "file")
        ));
    }
    Output::text(start(text.trim_end(), crate::words::PAGE)).with_structured(&json!({
        "num": found.num, "commit": at, "files": found.changed().len(), "url": url,
    }))
}

fn said(comment: Option<&str>) -> Option<&str> {
    comment.map(str::trim).filter(|comment| !comment.is_empty())
}

pub(crate) fn close(asked: &EndPull) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    set(
        repo,
        asked.pr_num,
        NewStatus::Closed,
        asked.comment.as_deref(),
    )
}

/// What `change_pr_status` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeStatus {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// Its number.
    pr_num: u32,
    new_status: NewStatus,
    /// What is said, in Markdown.
    comment: Option<String>,
}

pub(crate) fn change_status(asked: &ChangeStatus) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    set(
        repo,
        asked.pr_num,
        asked.new_status,
        asked.comment.as_deref(),
    )
}

fn numbered(number: u32) -> Result<u32, Failure> {
    if number == 0 {
        return Err(Failure::argument("/pr_num", "1 or more"));
    }
    Ok(number)
}

fn set(
    repo: Repo<'_>,
    number: u32,
    to: NewStatus,
    comment: Option<&str>,
) -> Result<Output, Failure> {
    let number = numbered(number)?;
    let (status, done) = match to {
        NewStatus::Open => ("open", "Opened"),
        NewStatus::Closed => ("closed", "Closed"),
    };
    let mut body = json!({ "status": status });
    if let (Some(comment), Some(body)) = (said(comment), body.as_object_mut()) {
        body.insert("comment".into(), comment.into());
    }
    let request =
        Request::post(repo.api_url(&format!("discussions/{number}/status"))).json(&body)?;
    send(
        &request,
        &[
            NOT_YOURS,
            (
                404,
                "there is no such pull request: list_prs shows those there are",
            ),
        ],
    )?;
    let url = repo.page_of(&format!("discussions/{number}"));
    let also = if said(comment).is_some() {
        ", with a comment"
    } else {
        ""
    };
    Output::text(format!("**{done}:** #{number} of {}{also}\n{url}", repo.id))
        .with_structured(&json!({ "num": number, "status": status, "url": url }))
}

/// What `comment_pr` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Comment {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// Its number.
    pr_num: u32,
    /// What is said, in Markdown.
    comment: String,
}

pub(crate) fn comment(asked: &Comment) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let number = numbered(asked.pr_num)?;
    let comment = said(Some(&asked.comment))
        .ok_or_else(|| Failure::argument("/comment", "what is said: a text that is not blank"))?;
    let request = Request::post(repo.api_url(&format!("discussions/{number}/comment")))
        .json(&json!({ "comment": comment }))?;
    send(
        &request,
        &[
            NOT_YOURS,
            (
                404,
                "there is no such pull request: list_prs shows those there are",
            ),
        ],
    )?;
    let url = repo.page_of(&format!("discussions/{number}"));
    Output::text(format!("**Commented:** #{number} of {}\n{url}", repo.id))
        .with_structured(&json!({ "num": number, "url": url }))
}
