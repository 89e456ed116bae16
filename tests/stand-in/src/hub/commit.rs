//! `POST /api/{kind}s/{repo}/commit/{revision}`: one JSON object a line, the header first.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::{Ask, unbase64};
use crate::hub::accounts;
use crate::hub::discussion::Discussion;
use crate::hub::errors::{Reply, coded, no_entry, no_revision, plain};
use crate::hub::repo::{File, Files, Kind, Message};
use crate::hub::store::Hub;
use crate::world::World;

/// A commit on a branch, or with `create_pr=1` a pull request with it.
pub(crate) fn commit(ask: &Ask, world: &mut World, kind: Kind, id: &str, revision: &str) -> Reply {
    let lines = lines(ask)?;
    let Some(("header", header)) = lines.first().map(|(key, value)| (key.as_str(), value)) else {
        return Err(plain(400, "The first line must be the header"));
    };
    let Some(title) = header["summary"].as_str().filter(|title| !title.is_empty()) else {
        return Err(plain(400, "\"value.summary\" is not allowed to be empty"));
    };
    let proposes = ask.flag("create_pr");
    let account = if proposes {
        world.hub.see(ask, kind, id)?;
        accounts::may_speak(ask)?
    } else {
        world.hub.change(ask, kind, id, "upload to a repository")?.1
    };
    let repo = world.hub.see(ask, kind, id)?;
    let (branch, parent) = if proposes {
        let base = repo.at(revision).ok_or_else(|| no_revision(revision))?;
        let number = repo.discussions.len() + 1;
        (format!("refs/pr/{number}"), base)
    } else {
        let name = repo
            .reference(revision)
            .ok_or_else(|| no_revision(revision))?;
        let parent = &repo.commits[&repo.refs[&name]];
        (name, parent)
    };
    if let Some(expected) = header["parentCommit"].as_str()
        && !parent.oid.starts_with(expected)
    {
        return Err(plain(
            412,
            "A commit has happened since. Please refresh and try again.",
        ));
    }
    let files = apply(&world.hub, parent.files.clone(), &lines[1..])?;
    let base = parent.oid.clone();
    let date = world.clock.next();
    let event = world.hub.fresh_id("event");
    let key = (kind, id.to_owned());
    let repo = world.hub.repos.get_mut(&key).unwrap();
    let message = Message {
        title,
        body: header["description"].as_str().unwrap_or_default(),
        author: account.name,
        date: &date,
    };
    let oid = repo.commit(&branch, Some(base.clone()), files, &message);
    let page = repo.page();
    let mut answer = json!({
        "success": true,
        "commitOid": oid,
        "commitUrl": ask.hub(&format!("{page}/commit/{oid}")),
        "hookOutput": "",
    });
    if proposes {
        let number = repo.discussions.len() + 1;
        let mut discussion = Discussion::new(number, title, account.name, &date, true);
        discussion.base = Some(base);
        discussion.status = "open".to_owned();
        discussion.committed(&event, &repo.commits[&oid]);
        repo.discussions.push(discussion);
        answer["pullRequestUrl"] = ask.hub(&format!("{page}/discussions/{number}")).into();
    } else if let Some(discussion) = branch
        .strip_prefix("refs/pr/")
        .and_then(|number| number.parse::<usize>().ok())
        .and_then(|number| repo.discussions.get_mut(number - 1))
    {
        discussion.committed(&event, &repo.commits[&oid]);
    }
    if let Some(space) = &mut repo.space {
        space.pushed();
    }
    Ok(Answer::json(&answer))
}

fn lines(ask: &Ask) -> Result<Vec<(String, Value)>, Answer> {
    let text = str::from_utf8(&ask.body).map_err(|_| plain(400, "The body is not UTF-8"))?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            let value: Value = serde_json::from_str(line)
                .map_err(|_| plain(400, &format!("Line {} is not JSON", number + 1)))?;
            let key = value["key"].as_str().unwrap_or_default().to_owned();
            Ok((key, value["value"].clone()))
        })
        .collect()
}

/// The files after the operations, in their order.
fn apply(hub: &Hub, mut files: Files, operations: &[(String, Value)]) -> Result<Files, Answer> {
    for (key, value) in operations {
        let Some(path) = value["path"].as_str().filter(|path| sound(path)) else {
            return Err(plain(
                400,
                &format!("Invalid path in {key}: {}", value["path"]),
            ));
        };
        match key.as_str() {
            "file" => {
                let content = value["content"].as_str().unwrap_or_default();
                let bytes = if value["encoding"] == "base64" {
                    unbase64(content).ok_or_else(|| plain(400, "\"content\" is not base64"))?
                } else {
                    content.as_bytes().to_vec()
                };
                if bytes.len() > 10 << 20 {
                    return Err(plain(
                        400,
                        "Your push was rejected because it contains files larger than 10 MiB. Please use https://git-lfs.github.com/ to store large files.",
                    ));
                }
                files.insert(path.to_owned(), File::small(bytes));
            }
            "lfsFile" => {
                let held = hub.large.get(value["oid"].as_str().unwrap_or_default());
                let Some(bytes) = held else {
                    return Err(plain(
                        400,
                        &format!("LFS pointer pointed to a file that does not exist: {path}"),
                    ));
                };
                files.insert(path.to_owned(), File::large(bytes.clone()));
            }
            "deletedFile" => {
                if files.remove(path).is_none() {
                    return Err(no_entry(&format!(
                        "A file with the name \"{path}\" does not exist"
                    )));
                }
            }
            "deletedFolder" => {
                let folder = format!("{}/", path.trim_end_matches('/'));
                let before = files.len();
                files.retain(|name, _| !name.starts_with(&folder));
                if files.len() == before {
                    return Err(no_entry(&format!(
                        "A folder with the name \"{path}\" does not exist"
                    )));
                }
            }
            _ => {
                return Err(coded(
                    400,
                    "BadRequest",
                    &format!("Unknown operation: {key}"),
                ));
            }
        }
    }
    Ok(files)
}

/// A path that stays in the repository.
fn sound(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with('/')
        && path
            .trim_end_matches('/')
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".." | ".git"))
}
