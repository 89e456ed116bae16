//! Repositories made, changed, moved, deleted.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::accounts::{may_write, signed_in};
use crate::hub::errors::{Reply, plain};
use crate::hub::front_matter;
use crate::hub::repo::{File, Kind, Message, Repo};
use crate::hub::space::Space;
use crate::world::World;

/// The kind and the id that a body names: `name`, `organization`, `type`.
fn named(ask: &Ask, body: &Value) -> Result<(Kind, String), Answer> {
    let account = signed_in(ask)?;
    let name = body["name"].as_str().unwrap_or_default();
    let kind = body["type"].as_str().unwrap_or("model");
    let kind =
        Kind::singular(kind).ok_or_else(|| plain(400, &format!("Invalid repo type: {kind}")))?;
    let (organization, name) = match name.split_once('/') {
        Some((organization, name)) => (Some(organization), name),
        None => (body["organization"].as_str(), name),
    };
    let sound = !name.is_empty()
        && name.len() <= 96
        && !name.starts_with(['-', '.'])
        && !name.ends_with(['-', '.'])
        && !name.ends_with(".git")
        && !name.contains("--")
        && !name.contains("..")
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !sound {
        return Err(plain(400, &format!("Invalid repo name: {name}")));
    }
    Ok((
        kind,
        format!("{}/{name}", organization.unwrap_or(account.name)),
    ))
}

/// Whether a body wants it private: `visibility`, or `private` as older clients say it.
fn private(body: &Value) -> Option<bool> {
    match body["visibility"].as_str() {
        Some(visibility) => Some(visibility == "private"),
        None => body["private"].as_bool(),
    }
}

/// `POST /api/repos/create`
pub(crate) fn create(ask: &Ask, world: &mut World) -> Reply {
    let body = ask.json();
    let (kind, id) = named(ask, &body)?;
    let (namespace, _) = id.split_once('/').unwrap();
    let account = may_write(ask, namespace, &format!("create a {}", kind.name()))?;
    let url = ask.hub(&format!("/{}{id}", kind.prefix()));
    if world.hub.repos.contains_key(&(kind, id.clone())) {
        let message = format!("You already created this {} repo: {id}", kind.name());
        let body = json!({"error": message, "url": url});
        return Err(Answer::json_with(409, &body).with("x-error-message", message));
    }
    let sdk = body["sdk"].as_str();
    if kind == Kind::Space && !matches!(sdk, Some("gradio" | "streamlit" | "docker" | "static")) {
        return Err(plain(
            400,
            "Invalid input: \"sdk\" must be one of gradio, streamlit, docker, static",
        ));
    }
    let date = world.clock.next();
    let object_id = world.hub.fresh_id("repo");
    let mut repo = Repo::new(kind, &id, object_id.clone(), account.name, &date);
    repo.private = private(&body).unwrap_or(false);
    if let Some(sdk) = sdk.filter(|_| kind == Kind::Space) {
        let mut files = repo.head().files.clone();
        let name = id.rsplit('/').next().unwrap_or_default();
        let readme = format!(
            "---\ntitle: {name}\nemoji: 🍇\ncolorFrom: purple\ncolorTo: red\nsdk: {sdk}\napp_file: app.py\npinned: false\n---\n\nCheck out the configuration reference at https://huggingface.co/docs/hub/spaces-config-reference\n"
        );
        files.insert("README.md".to_owned(), File::small(readme));
        let parent = Some(repo.head().oid.clone());
        let message = Message {
            title: "initial commit",
            body: "",
            author: account.name,
            date: &date,
        };
        repo.commit("refs/heads/main", parent, files, &message);
        repo.space = Some(Space::new(sdk, &body, &date));
    }
    world.hub.repos.insert((kind, id.clone()), repo);
    Ok(Answer::json(
        &json!({"url": url, "name": id, "id": object_id}),
    ))
}

/// `DELETE /api/repos/delete`
pub(crate) fn delete(ask: &Ask, world: &mut World) -> Reply {
    let (kind, id) = named(ask, &ask.json())?;
    world.hub.change(ask, kind, &id, "delete a repository")?;
    world.hub.repos.remove(&(kind, id));
    Ok(Answer::json(&json!({})))
}

/// `POST /api/repos/move` `{fromRepo, toRepo, type}`
pub(crate) fn rename(ask: &Ask, world: &mut World) -> Reply {
    let body = ask.json();
    let kind = Kind::singular(body["type"].as_str().unwrap_or("model"))
        .ok_or_else(|| plain(400, "Invalid repo type"))?;
    let from = body["fromRepo"].as_str().unwrap_or_default();
    let to = body["toRepo"].as_str().unwrap_or_default();
    world.hub.change(ask, kind, from, "move a repository")?;
    let (namespace, _) = to
        .split_once('/')
        .ok_or_else(|| plain(400, &format!("Invalid repo name: {to}")))?;
    may_write(ask, namespace, "move a repository")?;
    if world.hub.repos.contains_key(&(kind, to.to_owned())) {
        return Err(plain(409, &format!("A repository {to} exists already")));
    }
    let mut repo = world.hub.repos.remove(&(kind, from.to_owned())).unwrap();
    to.clone_into(&mut repo.id);
    world.hub.repos.insert((kind, to.to_owned()), repo);
    Ok(Answer::json(&json!({})))
}

/// `PUT /api/{kind}s/{repo}/settings` `{visibility?, gated?}`
pub(crate) fn settings(ask: &Ask, world: &mut World, kind: Kind, id: &str) -> Reply {
    let (repo, _) = world
        .hub
        .change(ask, kind, id, "change the settings of a repository")?;
    let body = ask.json();
    if let Some(gated) = body.get("gated") {
        if !(*gated == false || *gated == "auto" || *gated == "manual") {
            return Err(plain(
                400,
                "Invalid input: \"gated\" must be one of false, \"auto\", \"manual\"",
            ));
        }
        repo.gated = gated.clone();
    }
    if let Some(private) = private(&body) {
        repo.private = private;
    }
    Ok(Answer::json(
        &json!({"private": repo.private, "gated": repo.gated}),
    ))
}

/// `POST /api/validate-yaml` `{content, repoType}`: the block at the top of a README.
pub(crate) fn validate_yaml(ask: &Ask) -> Reply {
    let body = ask.json();
    let content = body["content"].as_str().unwrap_or_default();
    let card = front_matter::parse(content);
    let mut errors = Vec::new();
    if content.starts_with("---") && card.is_none() {
        errors.push(json!({"message": "The metadata block at the top is not closed"}));
    }
    if let Some(license) = card.as_ref().and_then(|card| card.get("license"))
        && !license.is_string()
    {
        errors.push(json!({"message": "\"license\" must be a string"}));
    }
    let warnings: Vec<Value> = if card.is_none() && errors.is_empty() {
        vec![json!({"message": "empty or missing yaml metadata in repo card"})]
    } else {
        Vec::new()
    };
    let status = if errors.is_empty() { 200 } else { 400 };
    Ok(Answer::json_with(
        status,
        &json!({"errors": errors, "warnings": warnings}),
    ))
}
