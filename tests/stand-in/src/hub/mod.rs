//! The Hugging Face Hub: which path is whose.

pub(crate) mod accounts;
pub(crate) mod billing;
pub(crate) mod bucket;
pub(crate) mod collections;
pub(crate) mod commit;
pub(crate) mod digest;
pub(crate) mod discussion;
pub(crate) mod discussions;
pub(crate) mod docs;
pub(crate) mod errors;
pub(crate) mod files;
pub(crate) mod front_matter;
pub(crate) mod hardware;
pub(crate) mod info;
pub(crate) mod jobs;
pub(crate) mod openapi;
pub(crate) mod papers;
pub(crate) mod refs;
pub(crate) mod repo;
pub(crate) mod repos;
pub(crate) mod scheduled;
pub(crate) mod seeds;
pub(crate) mod space;
pub(crate) mod spaces;
pub(crate) mod store;
pub(crate) mod tree;
pub(crate) mod upload;

pub(crate) use store::Hub;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::errors::{Reply, not_found};
use crate::hub::repo::Kind;
use crate::world::World;

/// The Hub's answer to anything.
pub(crate) fn answer(ask: &Ask, world: &mut World) -> Answer {
    let parts = ask.parts();
    let reply = match parts.as_slice() {
        ["api", rest @ ..] => api(ask, world, rest),
        [".well-known", "openapi.json"] => openapi::document(),
        ["docs" | "learn", ..] => docs::page(ask, &parts),
        ["papers", rest @ ..] => papers::page(ask, rest),
        rest => page(ask, world, rest),
    };
    reply.unwrap_or_else(|refusal| refusal)
}

fn api(ask: &Ask, world: &mut World, parts: &[&str]) -> Reply {
    match (ask.method.as_str(), parts) {
        ("GET", ["whoami-v2"]) => accounts::whoami(ask),
        ("POST", ["repos", "create"]) => repos::create(ask, world),
        ("DELETE", ["repos", "delete"]) => repos::delete(ask, world),
        ("POST", ["repos", "move"]) => repos::rename(ask, world),
        ("POST", ["complete_multipart"]) => upload::complete(ask, world),
        ("POST", ["validate-yaml"]) => repos::validate_yaml(ask),
        ("GET", ["papers" | "daily_papers", ..]) => papers::api(ask, world, parts),
        (_, ["collections", rest @ ..]) => collections::api(ask, world, rest),
        (_, ["jobs", rest @ ..]) => jobs::api(ask, world, rest),
        (_, ["scheduled-jobs", rest @ ..]) => scheduled::api(ask, world, rest),
        (_, ["buckets", rest @ ..]) => bucket::api(ask, world, rest),
        ("GET", ["settings", "billing", rest @ ..]) => billing::api(ask, rest),
        ("GET", ["spaces", "hardware"]) => hardware::spaces(),
        ("GET" | "HEAD", ["resolve-cache", kind, namespace, name, oid, path @ ..]) => {
            let kind = Kind::plural(kind).ok_or_else(not_found)?;
            files::cached(
                ask,
                world,
                kind,
                &format!("{namespace}/{name}"),
                oid,
                &path.join("/"),
            )
        }
        ("GET", [kind]) if Kind::plural(kind).is_some() => {
            info::list(ask, world, Kind::plural(kind).unwrap())
        }
        (_, [kind, rest @ ..]) if Kind::plural(kind).is_some() => {
            of_repo(ask, world, Kind::plural(kind).unwrap(), rest)
        }
        _ => Err(not_found()),
    }
}

/// What may stand behind a repository's id: this is how one without a namespace is told apart.
const RESOURCES: [&str; 23] = [
    "auth-check",
    "branch",
    "commit",
    "commits",
    "discussions",
    "duplicate",
    "hardware",
    "parquet",
    "pause",
    "paths-info",
    "preupload",
    "refs",
    "restart",
    "revision",
    "runtime",
    "secrets",
    "settings",
    "sleeptime",
    "super-squash",
    "tag",
    "tree",
    "variables",
    "volumes",
];

fn of_repo(ask: &Ask, world: &mut World, kind: Kind, parts: &[&str]) -> Reply {
    let (id, rest) = match parts {
        [name] => ((*name).to_owned(), &[][..]),
        [name, resource, ..] if RESOURCES.contains(resource) => ((*name).to_owned(), &parts[1..]),
        [namespace, name, rest @ ..] => (format!("{namespace}/{name}"), rest),
        [] => return Err(not_found()),
    };
    let id = id.as_str();
    match (ask.method.as_str(), rest) {
        ("GET", []) => info::info(ask, world, kind, id, None),
        ("GET", ["revision", revision]) => info::info(ask, world, kind, id, Some(revision)),
        ("GET", ["parquet"]) if kind == Kind::Dataset => files::parquet(ask, world, id),
        ("GET", ["parquet", config, split, "0.parquet"]) if kind == Kind::Dataset => {
            let place = "resolve/refs%2Fconvert%2Fparquet";
            let url = ask.hub(&format!(
                "/datasets/{id}/{place}/{config}/{split}/0000.parquet"
            ));
            Ok(Answer::redirect(302, url))
        }
        ("GET", ["auth-check"]) => info::auth_check(ask, world, kind, id),
        ("PUT", ["settings"]) => repos::settings(ask, world, kind, id),
        ("GET", ["tree", revision, path @ ..]) => {
            tree::list(ask, world, kind, id, revision, &path.join("/"))
        }
        ("POST", ["paths-info", revision]) => tree::paths_info(ask, world, kind, id, revision),
        ("GET", ["commits", revision]) => refs::commits(ask, world, kind, id, revision),
        ("GET", ["refs"]) => refs::list(ask, world, kind, id),
        ("POST", ["branch", branch @ ..]) => refs::branch(ask, world, kind, id, &branch.join("/")),
        ("DELETE", ["branch", branch @ ..]) => {
            refs::delete_branch(ask, world, kind, id, &branch.join("/"))
        }
        ("POST", ["tag", revision @ ..]) => refs::tag(ask, world, kind, id, &revision.join("/")),
        ("DELETE", ["tag", tag @ ..]) => refs::delete_tag(ask, world, kind, id, &tag.join("/")),
        ("POST", ["super-squash", branch]) => refs::squash(ask, world, kind, id, branch),
        ("POST", ["preupload", revision]) => upload::preupload(ask, world, kind, id, revision),
        ("POST", ["commit", revision]) => commit::commit(ask, world, kind, id, revision),
        (_, ["discussions", rest @ ..]) => discussions::api(ask, world, kind, id, rest),
        (_, rest) if kind == Kind::Space => spaces::api(ask, world, id, rest),
        _ => Err(not_found()),
    }
}

/// What is not under `/api/`: downloads, the large-file protocol, a repository's page.
fn page(ask: &Ask, world: &mut World, parts: &[&str]) -> Reply {
    let (kind, parts) = match parts {
        [kind, rest @ ..] if Kind::plural(kind).is_some() => (Kind::plural(kind).unwrap(), rest),
        rest => (Kind::Model, rest),
    };
    match (ask.method.as_str(), parts) {
        ("POST", [namespace, name, "info", "lfs", rest @ ..]) if name.ends_with(".git") => {
            let id = format!("{namespace}/{}", name.trim_end_matches(".git"));
            upload::lfs(ask, world, kind, &id, rest)
        }
        ("GET" | "HEAD", [name, "resolve", revision, path @ ..]) => {
            files::resolve(ask, world, kind, name, revision, &path.join("/"))
        }
        ("GET" | "HEAD", [namespace, name, "resolve", revision, path @ ..]) => files::resolve(
            ask,
            world,
            kind,
            &format!("{namespace}/{name}"),
            revision,
            &path.join("/"),
        ),
        ("GET" | "HEAD", [namespace, name, "raw", revision, path @ ..]) => files::raw(
            ask,
            world,
            kind,
            &format!("{namespace}/{name}"),
            revision,
            &path.join("/"),
        ),
        ("GET" | "HEAD", [namespace, name]) => {
            let repo = world.hub.see(ask, kind, &format!("{namespace}/{name}"))?;
            Ok(Answer::html(format!(
                "<!doctype html><html><head><title>{0} · Hugging Face</title></head><body><h1>{0}</h1></body></html>",
                repo.id
            )))
        }
        _ => Err(not_found()),
    }
}
