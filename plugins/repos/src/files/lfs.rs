//! Large files: asked about in a batch, sent to storage, and checked
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md>), in one piece each.

use ml_intern_hub::{HUB, explain};
use ml_intern_sdk::http::{Patience, Request, Response};
use ml_intern_sdk::prelude::*;
use serde_json::{Value, json};
use url::Url;

use super::local::{Content, Local};
use crate::needs::UPLOADS;
use crate::repo::{ANSWER, Repo, WAIT};

/// Files of one batch.
const BATCH: usize = 100;
const TYPE: &str = "application/vnd.git-lfs+json";
/// Milliseconds that storage may take to answer after a file was sent.
const STORED: u32 = 120_000;

/// A file, and the SHA-256 of its content.
pub(crate) type Hashed<'l> = (&'l Local, String);

#[derive(Deserialize)]
struct Batch {
    objects: Vec<Object>,
}

#[derive(Deserialize)]
struct Object {
    oid: String,
    /// None where storage has it already.
    actions: Option<Actions>,
    error: Option<Refused>,
}

#[derive(Deserialize)]
struct Actions {
    upload: Option<Action>,
    verify: Option<Action>,
}

#[derive(Deserialize)]
struct Action {
    href: String,
    header: Option<Value>,
}

#[derive(Deserialize)]
struct Refused {
    code: i64,
    message: String,
}

/// Brings files to storage, as far as they are not there; how many were sent. The branch is as it is named, none for a pull
/// request that is not there yet.
///
/// # Errors
/// What the Hub or storage said, and where the Hub wants a file at a host that no need names.
pub(crate) fn upload(
    repo: Repo<'_>,
    branch: Option<&str>,
    files: &[Hashed<'_>],
) -> Result<usize, Failure> {
    let mut sent = 0;
    for files in files.chunks(BATCH) {
        let objects: Vec<Value> = files
            .iter()
            .map(|(file, sha256)| json!({ "oid": sha256, "size": file.size }))
            .collect();
        let mut asked = json!({
            "operation": "upload", "transfers": ["basic"], "objects": objects, "hash_algo": "sha256",
        });
        if let (Some(branch), Some(asked)) = (branch, asked.as_object_mut()) {
            asked.insert("ref".into(), json!({ "name": branch }));
        }
        let url = format!("{}.git/info/lfs/objects/batch", repo.page());
        let request = Request::post(url)
            .header("accept", TYPE)
            .header("content-type", TYPE)
            .body(asked.to_string())
            .patience(WAIT);
        let answer: Batch = Patience::default()
            .send(&request)
            .and_then(Response::success)
            .and_then(|answer| answer.json(ANSWER))
            .map_err(explain)?;
        for (file, sha256) in files {
            let object = answer
                .objects
                .iter()
                .find(|object| object.oid == *sha256)
                .ok_or_else(|| wrong(file, "the Hub does not say where it goes"))?;
            if let Some(refused) = &object.error {
                let Refused { code, message } = refused;
                return Err(wrong(
                    file,
                    &format!("the Hub refuses it: {code} {message}"),
                ));
            }
            let Some(actions) = &object.actions else {
                continue;
            };
            if let Some(action) = &actions.upload {
                put(file, action)?;
                sent += 1;
            }
            if let Some(action) = &actions.verify {
                verify(file, sha256, action)?;
            }
        }
    }
    Ok(sent)
}

/// Sends a file to storage. It is stored under its hash, so the same may be sent again.
fn put(file: &Local, action: &Action) -> Result<(), Failure> {
    if action
        .header
        .as_ref()
        .is_some_and(|header| header.get("chunk_size").is_some())
    {
        return Err(wrong(
            file,
            "the Hub wants it in parts, which this tool does not do: upload it from a job with huggingface_hub",
        ));
    }
    let origin = origin(&action.href)?;
    if !UPLOADS.contains(&origin.as_str()) {
        return Err(wrong(
            file,
            &format!(
                "the Hub wants it at {origin}, which is none of the hosts known to store its files"
            ),
        ));
    }
    let request = Request::new(HttpMethod::Put, &action.href).patience(STORED);
    let request = match &file.content {
        Content::Bytes(bytes) => request.body(bytes.clone()),
        Content::File(path) => {
            let path = path.clone();
            request.stream(file.size, move || Ok(Box::new(std::fs::File::open(&path)?)))
        }
    };
    Patience::default()
        .send(&request)
        .and_then(Response::success)
        .map(drop)
        .map_err(Failure::from)
}

/// Has the Hub look whether storage has it.
fn verify(file: &Local, sha256: &str, action: &Action) -> Result<(), Failure> {
    let origin = origin(&action.href)?;
    if origin != HUB {
        return Err(wrong(
            file,
            &format!("the Hub wants it checked at {origin}, which is not the Hub"),
        ));
    }
    let request = Request::post(&action.href)
        .json(&json!({ "oid": sha256, "size": file.size }))?
        .patience(WAIT);
    Patience::default()
        .send(&request)
        .and_then(Response::success)
        .map(drop)
        .map_err(explain)
}

fn origin(href: &str) -> Result<String, Failure> {
    Url::parse(href)
        .map(|url| url.origin().ascii_serialization())
        .map_err(|error| Failure::failed(format!("the Hub wants a file at no URL: {error}")))
}

fn wrong(file: &Local, why: &str) -> Failure {
    Failure::failed(format!("{} was not uploaded: {why}", file.path))
}
