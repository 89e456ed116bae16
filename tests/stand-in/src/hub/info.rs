//! What the Hub says of repositories, one or many.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::accounts;
use crate::hub::errors::{Reply, plain};
use crate::hub::front_matter;
use crate::hub::repo::{Commit, Kind, Repo};
use crate::hub::store::at;
use crate::world::World;

/// Repositories on a page that asks for no number, and the most there can be.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1000;

/// Tags: what the card says, and the papers that the README links to.
pub(crate) fn tags(repo: &Repo) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    let readme = repo
        .head()
        .files
        .get("README.md")
        .map(|file| String::from_utf8_lossy(&file.bytes).into_owned())
        .unwrap_or_default();
    tags.extend(repo.library.clone());
    tags.extend(repo.pipeline.clone());
    let card = front_matter::parse(&readme).unwrap_or_default();
    let listed = |key: &str| -> Vec<String> {
        match card.get(key) {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect(),
            Some(Value::String(item)) => vec![item.clone()],
            _ => Vec::new(),
        }
    };
    let named = |key: &str, prefix: &str| -> Vec<String> {
        listed(key)
            .into_iter()
            .map(|value| format!("{prefix}:{value}"))
            .collect()
    };
    tags.extend(named("task_categories", "task_categories"));
    tags.extend(named("datasets", "dataset"));
    tags.extend(named("base_model", "base_model"));
    if repo.kind == Kind::Model {
        tags.extend(listed("language"));
    } else {
        tags.extend(named("language", "language"));
    }
    tags.extend(named("license", "license"));
    tags.extend(named("size_categories", "size_categories"));
    tags.extend(listed("tags"));
    for at in readme
        .match_indices("arxiv.org/abs/")
        .map(|(at, found)| at + found.len())
    {
        let id: String = readme[at..]
            .chars()
            .take_while(|letter| letter.is_ascii_digit() || *letter == '.')
            .collect();
        tags.push(format!("arxiv:{}", id.trim_end_matches('.')));
    }
    tags.push("region:us".to_owned());
    let mut seen = std::collections::BTreeSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
    tags
}

/// The README's second heading-free paragraph start: what lists show of a dataset.
fn description(repo: &Repo) -> String {
    let readme = repo.head().files.get("README.md");
    let text = readme
        .map(|file| String::from_utf8_lossy(&file.bytes).into_owned())
        .unwrap_or_default();
    let body = text
        .rsplit_once("\n---\n")
        .map_or(text.as_str(), |(_, body)| body);
    body.trim().chars().take(500).collect()
}

/// The object of a list, or the start of a page's.
fn summary(repo: &Repo) -> Value {
    let mut value = json!({
        "_id": repo.object_id,
        "id": repo.id,
        "author": repo.namespace(),
        "sha": repo.head().oid,
        "lastModified": repo.modified,
        "likes": repo.likes,
        "trendingScore": repo.trending,
        "private": repo.private,
        "gated": repo.gated,
        "disabled": false,
        "downloads": repo.downloads,
        "tags": tags(repo),
        "createdAt": repo.created,
    });
    match repo.kind {
        Kind::Model => {
            value["modelId"] = repo.id.clone().into();
            if let Some(pipeline) = &repo.pipeline {
                value["pipeline_tag"] = pipeline.clone().into();
            }
            if let Some(library) = &repo.library {
                value["library_name"] = library.clone().into();
            }
        }
        Kind::Dataset => value["description"] = description(repo).into(),
        Kind::Space => {
            if let Some(space) = &repo.space {
                value["sdk"] = space.sdk.clone().into();
            }
        }
    }
    value
}

fn siblings(commit: &Commit, blobs: bool) -> Vec<Value> {
    commit
        .files
        .iter()
        .map(|(path, file)| {
            let mut sibling = json!({"rfilename": path});
            if blobs {
                sibling["blobId"] = file.oid.clone().into();
                sibling["size"] = file.bytes.len().into();
                if let Some(oid) = &file.large {
                    sibling["lfs"] = json!({
                        "sha256": oid,
                        "size": file.bytes.len(),
                        "pointerSize": file.pointer().unwrap_or_default().len(),
                    });
                }
            }
            sibling
        })
        .collect()
}

/// `GET /api/{kind}s/{repo}[/revision/{revision}]`
pub(crate) fn info(
    ask: &Ask,
    world: &World,
    kind: Kind,
    id: &str,
    revision: Option<&str>,
) -> Reply {
    let repo = world.hub.see(ask, kind, id)?;
    let commit = at(repo, revision.unwrap_or("main"))?;
    let mut value = summary(repo);
    value["sha"] = commit.oid.clone().into();
    let blobs = ask.flag("blobs");
    value["siblings"] = siblings(commit, blobs).into();
    let readme = commit
        .files
        .get("README.md")
        .map(|file| String::from_utf8_lossy(&file.bytes).into_owned())
        .unwrap_or_default();
    value["cardData"] = front_matter::parse(&readme).map_or(Value::Null, Value::Object);
    value["usedStorage"] = commit
        .files
        .values()
        .map(|file| file.bytes.len())
        .sum::<usize>()
        .into();
    match kind {
        Kind::Model => {
            value["spaces"] = json!([]);
            value["config"] = commit
                .files
                .get("config.json")
                .and_then(|file| serde_json::from_slice(&file.bytes).ok())
                .unwrap_or(Value::Null);
        }
        Kind::Dataset => value["citation"] = Value::Null,
        Kind::Space => {
            if let Some(space) = &repo.space {
                let name = id.replace('/', "-");
                value["subdomain"] = name.clone().into();
                value["host"] = format!("https://{name}.hf.space").into();
                value["runtime"] = space.runtime();
                value["models"] = json!([]);
                value["datasets"] = json!([]);
            }
        }
    }
    Ok(Answer::json(&value))
}

/// `GET /api/{kind}s/{repo}/auth-check`
pub(crate) fn auth_check(ask: &Ask, world: &World, kind: Kind, id: &str) -> Reply {
    world.hub.read(ask, kind, id)?;
    Ok(Answer::text("OK"))
}

/// `GET /api/{kind}s?search=&author=&filter=&sort=&direction=&limit=`
pub(crate) fn list(ask: &Ask, world: &World, kind: Kind) -> Reply {
    let account = accounts::who(ask)?;
    let sort = ask.param("sort").unwrap_or("trendingScore");
    let key: fn(&Repo) -> (u64, &str) = match sort {
        "downloads" => |repo| (repo.downloads, ""),
        "likes" => |repo| (repo.likes, ""),
        "trendingScore" | "trending_score" | "trending" => |repo| (repo.trending, ""),
        "lastModified" | "last_modified" => |repo| (0, &repo.modified),
        "createdAt" | "created_at" => |repo| (0, &repo.created),
        other => {
            return Err(plain(400, &format!("Invalid sort parameter: {other}")));
        }
    };
    let search = ask
        .param("search")
        .map(str::to_lowercase)
        .unwrap_or_default();
    let mut found: Vec<&Repo> = Vec::new();
    for repo in world.hub.repos.values().filter(|repo| repo.kind == kind) {
        let visible =
            !repo.private || (account.is_some() && accounts::may_see(ask, repo.namespace())?);
        let tags = tags(repo);
        let fits = ask
            .params("filter")
            .flat_map(|filter| filter.split(','))
            .all(|filter| tags.iter().any(|tag| tag == filter));
        let author = ask
            .param("author")
            .is_none_or(|author| author == repo.namespace());
        let pipeline = ask
            .param("pipeline_tag")
            .is_none_or(|wanted| repo.pipeline.as_deref() == Some(wanted));
        if visible && fits && author && pipeline && repo.id.to_lowercase().contains(&search) {
            found.push(repo);
        }
    }
    // Only falling order exists; what is equal stays in the order of names.
    found.sort_by(|one, other| key(other).cmp(&key(one)).then(one.id.cmp(&other.id)));
    let start = ask.number("cursor").unwrap_or(0).min(found.len());
    let size = ask.number("limit").unwrap_or(PAGE).min(LARGEST_PAGE);
    let full = ask.flag("full");
    let page: Vec<Value> = found
        .iter()
        .skip(start)
        .take(size)
        .map(|repo| {
            let mut value = summary(repo);
            if full {
                value["siblings"] = siblings(repo.head(), false).into();
            }
            value
        })
        .collect();
    let answer = Answer::json(&Value::Array(page));
    Ok(if size > 0 && start + size < found.len() {
        let cursor = (start + size).to_string();
        answer.with("link", ask.next_page(&[("cursor", &cursor)]))
    } else {
        answer
    })
}
