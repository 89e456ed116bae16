//! `/api/buckets/{namespace}/{name}`

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::accounts::{may_see, may_write, signed_in, who};
use crate::hub::errors::{Reply, anonymous, coded, not_found, plain};
use crate::world::World;

/// A bucket; nothing is put into it here.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(crate) private: bool,
    created: String,
}

fn shown(id: &str, bucket: &Bucket) -> Value {
    json!({
        "id": id,
        "private": bucket.private,
        "createdAt": bucket.created,
        "updatedAt": bucket.created,
        "size": 0,
        "totalFiles": 0,
    })
}

pub(crate) fn api(ask: &Ask, world: &mut World, parts: &[&str]) -> Reply {
    match (ask.method.as_str(), parts) {
        ("POST", [namespace, name]) => {
            // `me` is whoever asks.
            let namespace = if *namespace == "me" {
                signed_in(ask)?.name
            } else {
                namespace
            };
            may_write(ask, namespace, "create a bucket")?;
            let id = format!("{namespace}/{name}");
            let url = ask.hub(&format!("/buckets/{id}"));
            if world.hub.buckets.contains_key(&id) {
                let message = "You already created this bucket";
                let body = json!({"error": message, "url": url});
                return Err(Answer::json_with(409, &body).with("x-error-message", message));
            }
            let bucket = Bucket {
                private: ask.json()["private"] == true || ask.json()["visibility"] == "private",
                created: world.clock.next(),
            };
            world.hub.buckets.insert(id.clone(), bucket);
            Ok(Answer::json(&json!({"url": url, "id": id})))
        }
        ("GET", [namespace]) => {
            let inside = may_see(ask, namespace)?;
            let start = format!("{namespace}/");
            let found = world.hub.buckets.iter();
            Ok(Answer::json(
                &found
                    .filter(|(id, bucket)| id.starts_with(&start) && (inside || !bucket.private))
                    .map(|(id, bucket)| shown(id, bucket))
                    .collect(),
            ))
        }
        ("GET", [namespace, name]) => {
            let id = format!("{namespace}/{name}");
            let inside = may_see(ask, namespace)?;
            match world.hub.buckets.get(&id) {
                Some(bucket) if inside || !bucket.private => Ok(Answer::json(&shown(&id, bucket))),
                _ if who(ask)?.is_none() => Err(anonymous()),
                _ => Err(coded(404, "RepoNotFound", "Bucket not found")),
            }
        }
        ("DELETE", [namespace, name]) => {
            may_write(ask, namespace, "delete a bucket")?;
            world
                .hub
                .buckets
                .remove(&format!("{namespace}/{name}"))
                .ok_or_else(|| plain(404, "Bucket not found"))?;
            Ok(Answer::empty(204))
        }
        _ => Err(not_found()),
    }
}
