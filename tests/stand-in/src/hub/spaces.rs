//! `/api/spaces/{id}/…`: secrets, variables, volumes, the machine, copies.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::accounts::{WITHOUT_CREDITS, may_write};
use crate::hub::errors::{Reply, not_found, plain};
use crate::hub::hardware;
use crate::hub::repo::{Kind, Message, Repo};
use crate::hub::space::{Setting, Space};
use crate::world::World;

pub(crate) fn api(ask: &Ask, world: &mut World, id: &str, parts: &[&str]) -> Reply {
    let now = world.clock.next();
    match (ask.method.as_str(), parts) {
        ("GET", ["runtime"]) => {
            world.hub.see(ask, Kind::Space, id)?;
            let key = (Kind::Space, id.to_owned());
            let space = space(world.hub.repos.get_mut(&key).unwrap())?;
            let shown = space.runtime();
            space.step();
            Ok(Answer::json(&shown))
        }
        ("POST", ["duplicate"]) => duplicate(ask, world, id, &now),
        (method, parts) => {
            let repo = world.hub.change(ask, Kind::Space, id, "change a Space")?.0;
            let namespace = repo.namespace().to_owned();
            let space = space(repo)?;
            change(&namespace, space, method, parts, &ask.json(), &now)
        }
    }
}

fn space(repo: &mut Repo) -> Result<&mut Space, Answer> {
    repo.space.as_mut().ok_or_else(not_found)
}

fn change(
    namespace: &str,
    space: &mut Space,
    method: &str,
    parts: &[&str],
    body: &Value,
    now: &str,
) -> Reply {
    match (method, parts) {
        ("GET", ["secrets"]) => Ok(shown(&space.secrets, false)),
        ("GET", ["variables"]) => Ok(shown(&space.variables, true)),
        ("POST", ["secrets"]) => {
            set(&mut space.secrets, body, now)?;
            Ok(shown(&space.secrets, false))
        }
        ("POST", ["variables"]) => {
            set(&mut space.variables, body, now)?;
            Ok(shown(&space.variables, true))
        }
        ("DELETE", ["secrets"]) => {
            unset(&mut space.secrets, body)?;
            Ok(shown(&space.secrets, false))
        }
        ("DELETE", ["variables"]) => {
            unset(&mut space.variables, body)?;
            Ok(shown(&space.variables, true))
        }
        ("GET", ["volumes"]) => Ok(Answer::json(&json!({"volumes": space.volumes}))),
        ("PUT", ["volumes"]) => {
            let volumes = body["volumes"].as_array().cloned().unwrap_or_default();
            if let Some(bad) = volumes.iter().find(|volume| !mountable(volume)) {
                return Err(plain(400, &format!("Invalid volume: {bad}")));
            }
            space.volumes = volumes;
            Ok(Answer::json(&json!({"volumes": space.volumes})))
        }
        ("DELETE", ["volumes"]) => {
            if space.volumes.is_empty() {
                return Err(plain(400, "The Space has no volumes attached"));
            }
            space.volumes.clear();
            Ok(Answer::empty(204))
        }
        ("POST", ["hardware"]) => {
            let flavor = body["flavor"].as_str().unwrap_or_default();
            afford(namespace, flavor)?;
            flavor.clone_into(&mut space.requested);
            if let Some(seconds) = body["sleepTimeSeconds"].as_u64() {
                space.sleep = Some(seconds);
            }
            Ok(Answer::json(&space.runtime()))
        }
        ("POST", ["sleeptime"]) => {
            space.sleep = body["seconds"].as_u64();
            Ok(Answer::json(&space.runtime()))
        }
        ("POST", ["pause"]) => {
            space.stage = "PAUSED";
            space.hardware = None;
            Ok(Answer::json(&space.runtime()))
        }
        ("POST", ["restart"]) => {
            space.pushed();
            Ok(Answer::json(&space.runtime()))
        }
        _ => Err(not_found()),
    }
}

fn mountable(volume: &Value) -> bool {
    matches!(
        volume["type"].as_str(),
        Some("bucket" | "model" | "dataset" | "space")
    ) && volume["source"]
        .as_str()
        .is_some_and(|source| source.contains('/'))
        && volume["mountPath"]
            .as_str()
            .is_some_and(|path| path.starts_with('/'))
}

/// A machine that exists, and that the namespace can pay for.
fn afford(namespace: &str, flavor: &str) -> Result<(), Answer> {
    if !hardware::known(flavor) {
        return Err(plain(400, &format!("Invalid hardware: {flavor}")));
    }
    if namespace == WITHOUT_CREDITS && flavor != "cpu-basic" {
        return Err(plain(
            402,
            "You must add a payment method to use upgraded hardware.",
        ));
    }
    Ok(())
}

fn shown(settings: &BTreeMap<String, Setting>, values: bool) -> Answer {
    let mut all = json!({});
    for (key, setting) in settings {
        let mut one = json!({
            "key": key,
            "description": setting.description,
            "updatedAt": setting.updated,
        });
        if values {
            one["value"] = setting.value.clone().into();
        }
        all[key] = one;
    }
    Answer::json(&all)
}

fn set(settings: &mut BTreeMap<String, Setting>, body: &Value, now: &str) -> Result<(), Answer> {
    let key = body["key"].as_str().unwrap_or_default();
    let sound = key
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !key.is_empty()
        && !key.starts_with(|first: char| first.is_ascii_digit());
    let (true, Some(value)) = (sound, body["value"].as_str()) else {
        return Err(plain(400, &format!("Invalid key or value: {key}")));
    };
    let setting = Setting {
        value: value.to_owned(),
        description: body["description"].as_str().map(str::to_owned),
        updated: now.to_owned(),
    };
    settings.insert(key.to_owned(), setting);
    Ok(())
}

fn unset(settings: &mut BTreeMap<String, Setting>, body: &Value) -> Result<(), Answer> {
    let key = body["key"].as_str().unwrap_or_default();
    settings
        .remove(key)
        .map(|_| ())
        .ok_or_else(|| plain(404, &format!("There is no {key}")))
}

/// A copy of a Space somewhere else; without its secrets.
fn duplicate(ask: &Ask, world: &mut World, id: &str, now: &str) -> Reply {
    let source = world.hub.read(ask, Kind::Space, id)?.clone();
    let body = ask.json();
    let Some(target) = body["repository"]
        .as_str()
        .filter(|target| target.contains('/'))
    else {
        return Err(plain(400, "\"repository\" is required"));
    };
    let (namespace, _) = target.split_once('/').unwrap();
    let account = may_write(ask, namespace, "duplicate a Space")?;
    let url = ask.hub(&format!("/spaces/{target}"));
    if world
        .hub
        .repos
        .contains_key(&(Kind::Space, target.to_owned()))
    {
        let message = format!("You already created this space repo: {target}");
        let body = json!({"error": message, "url": url});
        return Err(Answer::json_with(409, &body).with("x-error-message", message));
    }
    if let Some(flavor) = body["hardware"].as_str() {
        afford(namespace, flavor)?;
    }
    let object_id = world.hub.fresh_id("repo");
    let mut repo = Repo::new(Kind::Space, target, object_id, account.name, now);
    repo.private = body["visibility"] == "private" || body["private"] == true;
    let parent = Some(repo.head().oid.clone());
    let title = format!("Duplicate from {id}");
    let message = Message {
        title: &title,
        body: "",
        author: account.name,
        date: now,
    };
    repo.commit(
        "refs/heads/main",
        parent,
        source.head().files.clone(),
        &message,
    );
    let sdk = source.space.as_ref().map_or("static", |space| &space.sdk);
    let mut space = Space::new(sdk, &body, now);
    space.pushed();
    if let Some(from) = &source.space {
        for (key, setting) in &from.variables {
            space
                .variables
                .entry(key.clone())
                .or_insert_with(|| setting.clone());
        }
    }
    repo.space = Some(space);
    world
        .hub
        .repos
        .insert((Kind::Space, target.to_owned()), repo);
    Ok(Answer::json(&json!({"url": url})))
}
