//! What goes before a commit: how each file is to be sent, and the large-file protocol.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::{Ask, unbase64};
use crate::hub::digest::sha256;
use crate::hub::errors::{Reply, no_revision, not_found, plain};
use crate::hub::repo::Kind;
use crate::lfs;
use crate::world::World;

/// A file above this is large, whatever it is.
const LARGE: u64 = 10 << 20;
/// A large file above this is sent in parts of this size. The Hub's parts are larger; so are its files.
const PART: u64 = 16 << 20;

const LARGE_ENDINGS: [&str; 14] = [
    ".7z",
    ".arrow",
    ".bin",
    ".gz",
    ".h5",
    ".msgpack",
    ".npy",
    ".npz",
    ".onnx",
    ".parquet",
    ".pkl",
    ".pt",
    ".safetensors",
    ".zip",
];

/// `POST /api/{kind}s/{repo}/preupload/{revision}`
pub(crate) fn preupload(
    ask: &Ask,
    world: &mut World,
    kind: Kind,
    id: &str,
    revision: &str,
) -> Reply {
    let proposes = ask.flag("create_pr");
    let repo = if proposes {
        world.hub.see(ask, kind, id)?
    } else {
        &*world.hub.change(ask, kind, id, "upload to a repository")?.0
    };
    let commit = repo.at(revision).ok_or_else(|| no_revision(revision))?;
    let body = ask.json();
    let Some(files) = body["files"].as_array() else {
        return Err(plain(400, "\"files\" is required"));
    };
    let files: Vec<Value> = files
        .iter()
        .map(|file| {
            let path = file["path"].as_str().unwrap_or_default();
            let sample = unbase64(file["sample"].as_str().unwrap_or_default()).unwrap_or_default();
            let large = file["size"].as_u64().unwrap_or(0) > LARGE
                || sample.contains(&0)
                || LARGE_ENDINGS.iter().any(|ending| path.ends_with(ending));
            let before = commit.files.get(path);
            json!({
                "path": path,
                "uploadMode": if large { "lfs" } else { "regular" },
                "shouldIgnore": false,
                "oid": before.map(|file| file.large.as_ref().unwrap_or(&file.oid)),
            })
        })
        .collect();
    Ok(Answer::json(
        &json!({"files": files, "commitOid": commit.oid}),
    ))
}

/// `POST /{repo}.git/info/lfs/objects/batch` and what it points to.
pub(crate) fn lfs(ask: &Ask, world: &mut World, kind: Kind, id: &str, parts: &[&str]) -> Reply {
    // Whoever may propose a change may upload what is in it.
    world.hub.see(ask, kind, id)?;
    crate::hub::accounts::may_speak(ask)?;
    match parts {
        ["objects", "batch"] => batch(ask, world, kind, id),
        ["objects", "verify"] => verify(ask, world),
        _ => Err(not_found()),
    }
}

fn batch(ask: &Ask, world: &World, kind: Kind, id: &str) -> Reply {
    let body = ask.json();
    let operation = body["operation"].as_str();
    if !matches!(operation, Some("upload" | "download")) {
        return Err(plain(422, "\"operation\" must be upload or download"));
    }
    let multipart = body["transfers"]
        .as_array()
        .is_some_and(|transfers| transfers.iter().any(|name| name == "multipart"));
    let mut transfer = "basic";
    let mut objects = Vec::new();
    for object in body["objects"].as_array().into_iter().flatten() {
        let oid = object["oid"].as_str().unwrap_or_default();
        let size = object["size"].as_u64().unwrap_or(0);
        let mut entry = json!({"oid": oid, "size": size, "authenticated": true});
        let held = world.hub.large.contains_key(oid);
        if oid.len() != 64 || !oid.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            entry["error"] = json!({"code": 422, "message": "oid is not a SHA-256"});
        } else if operation == Some("download") {
            if held {
                entry["actions"] = json!({"download": {"href": lfs::download_url(ask, oid, oid)}});
            } else {
                entry["error"] = json!({"code": 404, "message": "Object does not exist"});
            }
        } else if !held {
            let base = format!("/{}{id}.git/info/lfs/objects", kind.prefix());
            let verify = json!({"href": ask.hub(&format!("{base}/verify")), "header": {}});
            if multipart && size > PART {
                transfer = "multipart";
                let mut header = json!({"chunk_size": PART.to_string()});
                for part in 1..=size.div_ceil(PART) {
                    let number = usize::try_from(part).unwrap();
                    header[format!("{part:05}")] = lfs::upload_url(ask, oid, Some(number)).into();
                }
                let href = ask.hub(&format!(
                    "/api/complete_multipart?uploadId={oid}&signature=c3RhbmQtaW4"
                ));
                entry["actions"] =
                    json!({"upload": {"href": href, "header": header}, "verify": verify});
            } else {
                let href = lfs::upload_url(ask, oid, None);
                entry["actions"] = json!({"upload": {"href": href}, "verify": verify});
            }
        }
        objects.push(entry);
    }
    let answer = Answer::json(&json!({"transfer": transfer, "objects": objects}));
    Ok(answer.with("content-type", "application/vnd.git-lfs+json"))
}

/// `POST /api/complete_multipart`: its link is signed, and the client sends no token.
pub(crate) fn complete(ask: &Ask, world: &mut World) -> Reply {
    let oid = ask.param("uploadId").unwrap_or_default();
    if ask.param("signature").is_none() {
        return Err(plain(403, "The link is not signed"));
    }
    let parts = world.hub.pieces.remove(oid).unwrap_or_default();
    let body = ask.json();
    let named = body["parts"].as_array().map_or(0, Vec::len);
    let bytes: Vec<u8> = parts
        .values()
        .flat_map(|part| part.iter().copied())
        .collect();
    if named != parts.len() || sha256(&bytes) != oid {
        return Err(plain(
            400,
            "The uploaded parts do not make the announced file",
        ));
    }
    world.hub.large.insert(oid.to_owned(), bytes.into());
    Ok(Answer::json(&json!({"success": true})))
}

fn verify(ask: &Ask, world: &World) -> Reply {
    let body = ask.json();
    let held = world
        .hub
        .large
        .get(body["oid"].as_str().unwrap_or_default());
    match held {
        Some(bytes) if body["size"].as_u64() == u64::try_from(bytes.len()).ok() => {
            Ok(Answer::json(&json!({"success": true})))
        }
        Some(_) => Err(plain(400, "The uploaded file has another size")),
        None => Err(plain(404, "Object does not exist")),
    }
}
