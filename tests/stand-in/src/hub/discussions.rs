//! `…/discussions`: listed, opened, spoken in, closed, merged.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use similar::TextDiff;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::accounts::{may_speak, may_write};
use crate::hub::discussion::Discussion;
use crate::hub::errors::{Reply, not_found, plain};
use crate::hub::repo::{File, Files, Kind, Message, Repo};
use crate::world::World;

/// Discussions on a page.
const PAGE: usize = 10;

pub(crate) fn api(ask: &Ask, world: &mut World, kind: Kind, id: &str, parts: &[&str]) -> Reply {
    match (ask.method.as_str(), parts) {
        ("GET", []) => list(ask, world, kind, id),
        ("POST", []) => open(ask, world, kind, id),
        ("GET", [number]) => {
            let repo = world.hub.see(ask, kind, id)?;
            let discussion = find(repo, number)?;
            Ok(Answer::json(&details(ask, repo, discussion)))
        }
        ("POST", [number, action @ ("comment" | "status" | "title" | "merge")]) => {
            act(ask, world, kind, id, number, action)
        }
        _ => Err(not_found()),
    }
}

fn find<'a>(repo: &'a Repo, number: &str) -> Result<&'a Discussion, Answer> {
    number
        .parse::<usize>()
        .ok()
        .and_then(|number| repo.discussions.get(number.checked_sub(1)?))
        .ok_or_else(|| plain(404, "Discussion not found"))
}

fn name(repo: &Repo) -> Value {
    json!({"name": repo.id, "type": repo.kind.name()})
}

fn list(ask: &Ask, world: &World, kind: Kind, id: &str) -> Reply {
    let repo = world.hub.see(ask, kind, id)?;
    let wanted = |discussion: &&Discussion| {
        let status = match ask.param("status") {
            None | Some("all") => true,
            Some("open") => matches!(discussion.status.as_str(), "open" | "draft"),
            Some(_) => matches!(discussion.status.as_str(), "closed" | "merged"),
        };
        let kind = match ask.param("type") {
            Some("pull_request") => discussion.proposes,
            Some("discussion") => !discussion.proposes,
            _ => true,
        };
        let author = ask
            .param("author")
            .is_none_or(|author| author == discussion.author);
        status && kind && author
    };
    let found: Vec<&Discussion> = repo.discussions.iter().rev().filter(wanted).collect();
    let start = ask.number("p").unwrap_or(0).saturating_mul(PAGE);
    let page: Vec<Value> = found
        .iter()
        .skip(start)
        .take(PAGE)
        .map(|discussion| discussion.summary(&name(repo)))
        .collect();
    Ok(Answer::json(&json!({
        "discussions": page,
        "count": found.len(),
        "start": start,
        "numClosedDiscussions": repo.discussions.iter()
            .filter(|one| matches!(one.status.as_str(), "closed" | "merged")).count(),
    })))
}

fn open(ask: &Ask, world: &mut World, kind: Kind, id: &str) -> Reply {
    world.hub.see(ask, kind, id)?;
    let account = may_speak(ask)?;
    let body = ask.json();
    let title = body["title"].as_str().unwrap_or_default().trim();
    if !(3..=200).contains(&title.chars().count()) {
        return Err(plain(
            400,
            "\"title\" length must be between 3 and 200 characters long",
        ));
    }
    let date = world.clock.next();
    let event = world.hub.fresh_id("event");
    let key = (kind, id.to_owned());
    let repo = world.hub.repos.get_mut(&key).unwrap();
    let number = repo.discussions.len() + 1;
    let proposes = body["pullRequest"] == true;
    let mut discussion = Discussion::new(number, title, account.name, &date, proposes);
    if proposes {
        let head = repo.head().oid.clone();
        repo.refs.insert(format!("refs/pr/{number}"), head.clone());
        discussion.base = Some(head);
    }
    let description = body["description"].as_str().unwrap_or_default();
    discussion.comment(&event, account.name, &date, description);
    repo.discussions.push(discussion);
    Ok(Answer::json(&json!({
        "num": number,
        "url": ask.hub(&format!("{}/discussions/{number}", repo.page())),
        "pullRequest": proposes,
    })))
}

/// Files of both sides that are not what they were at the base.
fn conflicts(base: &Files, ours: &Files, theirs: &Files) -> Vec<String> {
    let paths: BTreeSet<&String> = base
        .keys()
        .chain(ours.keys())
        .chain(theirs.keys())
        .collect();
    paths
        .into_iter()
        .filter(|path| {
            let (base, ours, theirs) = (base.get(*path), ours.get(*path), theirs.get(*path));
            base != ours && base != theirs && ours != theirs
        })
        .cloned()
        .collect()
}

/// The base's, main's and the pull request's files.
fn sides<'a>(repo: &'a Repo, discussion: &Discussion) -> Option<[&'a Files; 3]> {
    let base = repo.commits.get(discussion.base.as_ref()?)?;
    let theirs = repo.at(&format!("refs/pr/{}", discussion.number))?;
    Some([&base.files, &repo.head().files, &theirs.files])
}

fn details(ask: &Ask, repo: &Repo, discussion: &Discussion) -> Value {
    let mut value = discussion.summary(&name(repo));
    value["locked"] = false.into();
    value["events"] = discussion.events.clone().into();
    if let Some([base, ours, theirs]) = sides(repo, discussion) {
        value["changes"] = json!({"base": "refs/heads/main"});
        if let Some(oid) = &discussion.merged {
            value["changes"]["mergeCommitId"] = oid.clone().into();
        }
        let open = matches!(discussion.status.as_str(), "open" | "draft");
        value["filesWithConflicts"] = if open {
            conflicts(base, ours, theirs).into()
        } else {
            json!([])
        };
        if ask.flag("diff") {
            value["diff"] = diff(base, theirs).into();
        }
    }
    value
}

/// What git would print.
fn diff(before: &Files, after: &Files) -> String {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let text = |file: Option<&File>| {
        file.map_or(String::new(), |file| {
            file.pointer()
                .unwrap_or_else(|| String::from_utf8_lossy(&file.bytes).into_owned())
        })
    };
    let mut out = String::new();
    for path in paths {
        let (old, new) = (before.get(path), after.get(path));
        if old == new {
            continue;
        }
        out.push_str(&format!("diff --git a/{path} b/{path}\n"));
        match (old, new) {
            (None, _) => out.push_str("new file mode 100644\n"),
            (_, None) => out.push_str("deleted file mode 100644\n"),
            _ => {}
        }
        let from = old.map_or("/dev/null".to_owned(), |_| format!("a/{path}"));
        let to = new.map_or("/dev/null".to_owned(), |_| format!("b/{path}"));
        let (old, new) = (text(old), text(new));
        let changes = TextDiff::from_lines(old.as_str(), new.as_str());
        out.push_str(&changes.unified_diff().header(&from, &to).to_string());
    }
    out
}

fn act(ask: &Ask, world: &mut World, kind: Kind, id: &str, number: &str, action: &str) -> Reply {
    let repo = world.hub.see(ask, kind, id)?;
    let found = find(repo, number)?;
    let (at, author) = (found.number - 1, found.author.clone());
    let account = may_speak(ask)?;
    // One's own thread may be closed by anyone; the rest is for who owns the repository.
    if action != "comment" && (action == "merge" || author != account.name) {
        may_write(ask, repo.namespace(), "manage a discussion")?;
    }
    let body = ask.json();
    let date = world.clock.next();
    let (first, second) = (world.hub.fresh_id("event"), world.hub.fresh_id("event"));
    let key = (kind, id.to_owned());
    let repo = world.hub.repos.get_mut(&key).unwrap();
    let comment = body["comment"].as_str().filter(|text| !text.is_empty());
    let who = account.name;
    match action {
        "comment" => {
            let text =
                comment.ok_or_else(|| plain(400, "\"comment\" is not allowed to be empty"))?;
            let event = repo.discussions[at].comment(&first, who, &date, text);
            Ok(Answer::json(&json!({"newMessage": event})))
        }
        "title" => {
            let title = body["title"].as_str().unwrap_or_default();
            if title.chars().count() < 3 {
                return Err(plain(
                    400,
                    "\"title\" length must be at least 3 characters long",
                ));
            }
            let event = repo.discussions[at].retitle(&first, who, &date, title);
            Ok(Answer::json(&json!({"newTitle": event})))
        }
        "status" => {
            let status = body["status"].as_str().unwrap_or_default();
            let discussion = &mut repo.discussions[at];
            if !matches!(status, "open" | "closed") {
                return Err(plain(400, "\"status\" must be one of [open, closed]"));
            }
            if discussion.status == status || discussion.status == "merged" {
                return Err(plain(
                    400,
                    &format!("The discussion is already {}", discussion.status),
                ));
            }
            if let Some(text) = comment {
                discussion.comment(&second, who, &date, text);
            }
            let event = discussion.set_status(&first, who, &date, status);
            Ok(Answer::json(&json!({"newStatus": event})))
        }
        _ => merge(repo, at, who, &date, [&first, &second], comment),
    }
}

/// What the pull request changed, on top of what `main` is now.
fn merge(
    repo: &mut Repo,
    at: usize,
    who: &str,
    date: &str,
    [first, second]: [&str; 2],
    comment: Option<&str>,
) -> Reply {
    let discussion = &repo.discussions[at];
    if !discussion.proposes {
        return Err(plain(400, "This discussion is not a pull request"));
    }
    match discussion.status.as_str() {
        "open" => {}
        "draft" => {
            return Err(plain(
                400,
                "This pull request is in draft mode. Mark it as ready for review before merging it.",
            ));
        }
        status => {
            return Err(plain(
                400,
                &format!("This pull request is already {status}"),
            ));
        }
    }
    let [base, ours, theirs] = sides(repo, discussion).unwrap();
    let conflicts = conflicts(base, ours, theirs);
    if !conflicts.is_empty() {
        return Err(plain(
            409,
            &format!("This branch has merge conflicts: {}", conflicts.join(", ")),
        ));
    }
    let mut files = ours.clone();
    for (path, file) in theirs {
        if base.get(path) != Some(file) {
            files.insert(path.clone(), file.clone());
        }
    }
    files.retain(|path, _| theirs.contains_key(path) || !base.contains_key(path));
    let title = format!("{} (#{})", discussion.title, discussion.number);
    let parent = Some(repo.head().oid.clone());
    let message = Message {
        title: &title,
        body: comment.unwrap_or_default(),
        author: who,
        date,
    };
    let oid = repo.commit("refs/heads/main", parent, files, &message);
    let discussion = &mut repo.discussions[at];
    if let Some(text) = comment {
        discussion.comment(second, who, date, text);
    }
    discussion.set_status(first, who, date, "merged");
    discussion.merged = Some(oid.clone());
    Ok(Answer::json(&json!({"mergeCommitId": oid})))
}
