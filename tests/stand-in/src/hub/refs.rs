//! Branches, tags, history.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::accounts::author;
use crate::hub::errors::{Reply, no_revision, plain};
use crate::hub::repo::{Kind, Message, Tag};
use crate::hub::store::at;
use crate::world::World;

/// Commits on a page.
const PAGE: usize = 50;

/// `GET …/refs`
pub(crate) fn list(ask: &Ask, world: &World, kind: Kind, id: &str) -> Reply {
    let repo = world.hub.see(ask, kind, id)?;
    let under = |prefix: &str| -> Vec<Value> {
        repo.refs
            .iter()
            .filter_map(|(full, target)| {
                let name = full.strip_prefix(prefix)?;
                // A pull request is known by its number, a converted branch by its name.
                Some(json!({"name": name, "ref": full, "targetCommit": target}))
            })
            .collect()
    };
    let tags: Vec<Value> = repo
        .tags
        .iter()
        .map(|(name, tag)| json!({"name": name, "ref": format!("refs/tags/{name}"), "targetCommit": tag.target}))
        .collect();
    let mut refs = json!({
        "tags": tags,
        "branches": under("refs/heads/"),
        "converts": under("refs/convert/"),
    });
    if ask.flag("include_prs") {
        refs["pullRequests"] = under("refs/pr/").into();
    }
    Ok(Answer::json(&refs))
}

/// `GET …/commits/{revision}`
pub(crate) fn commits(ask: &Ask, world: &World, kind: Kind, id: &str, revision: &str) -> Reply {
    let repo = world.hub.see(ask, kind, id)?;
    let all: Vec<_> = repo.history(at(repo, revision)?).collect();
    let page = ask.number("p").unwrap_or(0);
    let size = ask.number("limit").unwrap_or(PAGE).clamp(1, PAGE);
    let found: Vec<Value> = all
        .iter()
        .skip(page * size)
        .take(size)
        .map(|commit| {
            json!({
                "id": commit.oid,
                "title": commit.title,
                "message": commit.message,
                "authors": [{"user": commit.author, "avatar": author(&commit.author)["avatarUrl"]}],
                "date": commit.date,
            })
        })
        .collect();
    let answer = Answer::json(&Value::Array(found)).with("x-total-count", all.len().to_string());
    Ok(if (page + 1) * size < all.len() {
        answer.with("link", ask.next_page(&[("p", &(page + 1).to_string())]))
    } else {
        answer
    })
}

fn sound(name: &str) -> Result<(), Answer> {
    let bad = name.is_empty()
        || name.starts_with(['/', '-', '.'])
        || name.ends_with(['/', '.'])
        || name.contains("..")
        || name.contains([' ', '~', '^', ':', '?', '*', '[', '\\']);
    if bad {
        return Err(plain(400, &format!("Invalid reference name: {name}")));
    }
    Ok(())
}

/// `POST …/branch/{name}` `{startingPoint}`
pub(crate) fn branch(ask: &Ask, world: &mut World, kind: Kind, id: &str, name: &str) -> Reply {
    let (repo, _) = world.hub.change(ask, kind, id, "create a branch")?;
    sound(name)?;
    let full = format!("refs/heads/{name}");
    let body = ask.json();
    if repo.refs.contains_key(&full) && body["overwrite"] != true {
        return Err(plain(409, &format!("Reference already exists: {full}")));
    }
    let start = body["startingPoint"].as_str().unwrap_or("main");
    let oid = at(repo, start)?.oid.clone();
    repo.refs.insert(full, oid);
    Ok(Answer::json(&json!({})))
}

/// `DELETE …/branch/{name}`
pub(crate) fn delete_branch(
    ask: &Ask,
    world: &mut World,
    kind: Kind,
    id: &str,
    name: &str,
) -> Reply {
    let (repo, _) = world.hub.change(ask, kind, id, "delete a branch")?;
    if name == "main" {
        return Err(plain(403, "You cannot delete the default branch"));
    }
    repo.refs
        .remove(&format!("refs/heads/{name}"))
        .ok_or_else(|| no_revision(name))?;
    Ok(Answer::json(&json!({})))
}

/// `POST …/tag/{revision}` `{tag, message}`
pub(crate) fn tag(ask: &Ask, world: &mut World, kind: Kind, id: &str, revision: &str) -> Reply {
    let (repo, _) = world.hub.change(ask, kind, id, "create a tag")?;
    let body = ask.json();
    let name = body["tag"].as_str().unwrap_or_default();
    sound(name)?;
    let target = at(repo, revision)?.oid.clone();
    if repo.tags.contains_key(name) {
        return Err(plain(409, &format!("Tag reference exists already: {name}")));
    }
    let message = body["message"].as_str().map(str::to_owned);
    repo.tags.insert(name.to_owned(), Tag { target, message });
    Ok(Answer::json(&json!({})))
}

/// `DELETE …/tag/{name}`
pub(crate) fn delete_tag(ask: &Ask, world: &mut World, kind: Kind, id: &str, name: &str) -> Reply {
    let (repo, _) = world.hub.change(ask, kind, id, "delete a tag")?;
    repo.tags.remove(name).ok_or_else(|| no_revision(name))?;
    Ok(Answer::json(&json!({})))
}

/// `POST …/super-squash/{branch}`: one commit in place of all.
pub(crate) fn squash(ask: &Ask, world: &mut World, kind: Kind, id: &str, branch: &str) -> Reply {
    let date = world.clock.next();
    let (repo, account) = world.hub.change(ask, kind, id, "squash a branch")?;
    let full = format!("refs/heads/{branch}");
    let Some(oid) = repo.refs.get(&full) else {
        return Err(no_revision(branch));
    };
    let files = repo.commits[oid].files.clone();
    let body = ask.json();
    let message = Message {
        title: body["message"].as_str().unwrap_or("Super-squash"),
        body: "",
        author: account.name,
        date: &date,
    };
    repo.commit(&full, None, files, &message);
    Ok(Answer::json(&json!({})))
}
