//! Which public hosts there are, where each is served, and who answers for it.

use crate::answer::Answer;
use crate::ask::Ask;
use crate::world::World;
use crate::{arxiv, datasets_server, duckduckgo, github, gradio, hub, lfs, router, scholar, slack};

/// The host at the root.
pub(crate) const HUB: &str = "huggingface.co";
/// Where large files are downloaded from.
pub(crate) const CDN: &str = "cdn-lfs.hf.co";
/// Where large files are uploaded to.
pub(crate) const UPLOADS: &str = "hf-hub-lfs-us-east-1.s3-accelerate.amazonaws.com";

type Service = fn(&Ask, &mut World) -> Answer;

const HOSTS: [(&str, Service); 19] = [
    (HUB, hub::answer),
    ("datasets-server.huggingface.co", datasets_server::answer),
    ("router.huggingface.co", router::answer),
    (CDN, lfs::download),
    ("cdn-lfs.huggingface.co", lfs::download),
    ("cdn-lfs-us-1.hf.co", lfs::download),
    ("cdn-lfs-eu-1.hf.co", lfs::download),
    (UPLOADS, lfs::upload),
    ("arxiv.org", arxiv::answer),
    ("ar5iv.labs.arxiv.org", arxiv::answer_ar5iv),
    ("api.semanticscholar.org", scholar::answer),
    ("api.github.com", github::answer),
    ("raw.githubusercontent.com", github::raw),
    ("html.duckduckgo.com", duckduckgo::answer),
    ("slack.com", slack::answer),
    ("gradio.app", gradio::redirect),
    ("www.gradio.app", gradio::answer),
    ("playground-worker.pages.dev", gradio::search),
    ("example.org", duckduckgo::page),
];

/// Where a host is served.
pub(crate) fn served(here: &str, host: &str) -> String {
    if host == HUB {
        here.to_owned()
    } else {
        format!("{here}/_/{host}")
    }
}

/// Public origin and where it is served, the Hub first.
pub(crate) fn endpoints(here: &str) -> Vec<(String, String)> {
    HOSTS
        .iter()
        .map(|(host, _)| (format!("https://{host}"), served(here, host)))
        .collect()
}

/// The host that a path is of, and the path there; `None`: a host that nobody stands in for.
pub(crate) fn of(path: &str) -> Option<(&'static str, &str)> {
    let Some(rest) = path.strip_prefix("/_/") else {
        return Some((HUB, path));
    };
    let (name, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    HOSTS
        .iter()
        .find(|(host, _)| *host == name)
        .map(|(host, _)| (*host, path))
}

/// The answer of whoever is asked.
pub(crate) fn answer(ask: &Ask, world: &mut World) -> Answer {
    let (_, service) = HOSTS.iter().find(|(host, _)| *host == ask.host).unwrap();
    service(ask, world)
}
