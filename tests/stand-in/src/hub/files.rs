//! Downloads: small files by way of a cache on the same host, large files from the storage behind a signed link.

use serde_json::json;

use crate::answer::Answer;
use crate::ask::{Ask, encode_path};
use crate::hub::errors::{Reply, no_entry, no_revision};
use crate::hub::repo::{File, Kind};
use crate::hub::store::at;
use crate::lfs;
use crate::world::World;

/// `GET|HEAD /{repo}/resolve/{revision}/{path}`
pub(crate) fn resolve(
    ask: &Ask,
    world: &World,
    kind: Kind,
    id: &str,
    revision: &str,
    path: &str,
) -> Reply {
    let repo = world.hub.read(ask, kind, id)?;
    let commit = at(repo, revision)?;
    let file = commit.files.get(path).ok_or_else(|| missing(&commit.oid))?;
    let answer = match &file.large {
        None => {
            // A place on the same host, without its name: not every client gets this right.
            let location = format!(
                "/api/resolve-cache/{}s/{id}/{}/{}",
                kind.name(),
                commit.oid,
                encode_path(path)
            );
            Answer::redirect(307, location)
                .with("x-linked-size", file.bytes.len().to_string())
                .with("x-linked-etag", format!("\"{}\"", file.oid))
        }
        Some(oid) => {
            let name = path.rsplit('/').next().unwrap_or(path);
            Answer::redirect(302, lfs::download_url(ask, oid, name))
                .with("x-linked-size", file.bytes.len().to_string())
                .with("x-linked-etag", format!("\"{oid}\""))
        }
    };
    Ok(answer.with("x-repo-commit", commit.oid.clone()))
}

/// `GET|HEAD /api/resolve-cache/{kind}s/{repo}/{commit}/{path}`
pub(crate) fn cached(
    ask: &Ask,
    world: &World,
    kind: Kind,
    id: &str,
    oid: &str,
    path: &str,
) -> Reply {
    let repo = world.hub.read(ask, kind, id)?;
    let commit = repo.commits.get(oid).ok_or_else(|| no_revision(oid))?;
    let file = commit.files.get(path).ok_or_else(|| missing(oid))?;
    Ok(content(ask, file, path).with("x-repo-commit", oid))
}

/// `GET|HEAD /{repo}/raw/{revision}/{path}`: of a large file what git has of it.
pub(crate) fn raw(
    ask: &Ask,
    world: &World,
    kind: Kind,
    id: &str,
    revision: &str,
    path: &str,
) -> Reply {
    let repo = world.hub.read(ask, kind, id)?;
    let commit = at(repo, revision)?;
    let file = commit.files.get(path).ok_or_else(|| missing(&commit.oid))?;
    Ok(match file.pointer() {
        Some(pointer) => Answer::text(pointer),
        None => content(ask, file, path),
    }
    .with("x-repo-commit", commit.oid.clone()))
}

/// `GET /api/datasets/{repo}/parquet`: links by configuration and split.
pub(crate) fn parquet(ask: &Ask, world: &World, id: &str) -> Reply {
    let repo = world.hub.read(ask, Kind::Dataset, id)?;
    let mut found = json!({});
    let converted = repo.at("refs/convert/parquet");
    for path in converted.iter().flat_map(|commit| commit.files.keys()) {
        if let [config, split, _] = path.split('/').collect::<Vec<_>>().as_slice() {
            let url = ask.hub(&format!(
                "/api/datasets/{id}/parquet/{config}/{split}/0.parquet"
            ));
            found[*config][*split] = json!([url]);
        }
    }
    Ok(Answer::json(&found))
}

fn content(ask: &Ask, file: &File, path: &str) -> Answer {
    let etag = format!("\"{}\"", file.oid);
    if ask.header("if-none-match") == Some(&etag) {
        return Answer::empty(304).with("etag", etag);
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let answer = Answer::text(file.bytes.clone()).with("etag", etag).with(
        "content-disposition",
        format!("inline; filename=\"{}\"", name.replace('"', "")),
    );
    lfs::ranged(ask, answer)
}

fn missing(commit: &str) -> Answer {
    let mut answer = no_entry("Entry not found").with("x-repo-commit", commit);
    answer.body = vec!["Entry not found".into()];
    answer.with("content-type", "text/plain; charset=utf-8")
}
