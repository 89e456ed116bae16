//! What each operation reaches, and nothing else.
//!
//! A prefix of a path ends before a repository's name begins, so it tells the kinds of repositories apart and the methods,
//! but not one resource of a repository from another; the README says what follows from that.

use ml_intern_hub::{CREDENTIAL, HUB};
use ml_intern_sdk::prelude::*;

/// Where the API of repositories is.
const API: [&str; 3] = ["/api/models", "/api/datasets", "/api/spaces"];

/// Hosts that the Hub sends downloads of large files to: its own list of them (`/.well-known/meta.json`, `lfsDomains` and
/// `cdnDomains`), and those before it that old links still name.
pub(crate) const DOWNLOADS: [&str; 22] = [
    "https://cdn-lfs.hf.co",
    "https://cdn-lfs-us-1.hf.co",
    "https://cdn-lfs-eu-1.hf.co",
    "https://transfer.xethub.hf.co",
    "https://transfer.xethub-eu.hf.co",
    "https://cas-bridge.xethub.hf.co",
    "https://cas-bridge.xethub-eu.hf.co",
    "https://cdn-lfs.huggingface.co",
    "https://cdn-lfs-us-1.huggingface.co",
    "https://cdn-lfs-eu-1.huggingface.co",
    "https://aws.cdn.hf.co",
    "https://us.aws.cdn.hf.co",
    "https://us-east-1.aws.cdn.hf.co",
    "https://us-west-2.aws.cdn.hf.co",
    "https://eu-west-3.aws.cdn.hf.co",
    "https://ap-southeast-1.aws.cdn.hf.co",
    "https://us.gcp.cdn.hf.co",
    "https://us-east1.us.gcp.cdn.hf.co",
    "https://us-central1.us.gcp.cdn.hf.co",
    "https://us-west4.us.gcp.cdn.hf.co",
    "https://europe-west4.us.gcp.cdn.hf.co",
    "https://asia-southeast1.us.gcp.cdn.hf.co",
];

/// Hosts that the Hub has large files uploaded to.
pub(crate) const UPLOADS: [&str; 2] = [
    "https://hf-hub-lfs-us-east-1.s3-accelerate.amazonaws.com",
    "https://hf-hub-lfs-us-east-1.s3.amazonaws.com",
];

fn of_hub<'p>(method: HttpMethod, paths: impl IntoIterator<Item = &'p str>, reason: &str) -> Need {
    need::http_as(CREDENTIAL, &format!("{HUB}:443"), [method], paths, reason)
}

/// Looks at what the API says of repositories.
pub(crate) fn look() -> Need {
    of_hub(HttpMethod::Get, API, "asks about the repository")
}

/// Downloads, from the Hub and from where it sends for large files. The path of a model's file begins with its owner's
/// name, so it may be any.
pub(crate) fn download() -> impl Iterator<Item = Need> {
    let hosts = DOWNLOADS.into_iter().map(|origin| {
        need::http(
            &format!("{origin}:443"),
            [HttpMethod::Get],
            ["/"],
            "downloads a large file",
        )
    });
    std::iter::once(of_hub(HttpMethod::Get, ["/"], "downloads files")).chain(hosts)
}

/// Posts to the API of repositories.
pub(crate) fn post(reason: &str) -> Need {
    of_hub(HttpMethod::Post, API, reason)
}

/// Takes something away from a repository.
pub(crate) fn take_away(reason: &str) -> Need {
    of_hub(HttpMethod::Delete, API, reason)
}

/// Changes a repository's settings.
pub(crate) fn settings() -> Need {
    of_hub(HttpMethod::Put, API, "changes the repository's settings")
}

/// Creates a repository.
pub(crate) fn create() -> Need {
    of_hub(
        HttpMethod::Post,
        ["/api/repos/create"],
        "creates the repository",
    )
}

/// Uploads: what is committed, and large files to where the Hub wants them.
pub(crate) fn upload() -> impl Iterator<Item = Need> {
    let hosts = UPLOADS.into_iter().map(|origin| {
        need::http(
            &format!("{origin}:443"),
            [HttpMethod::Put],
            ["/"],
            "uploads large files",
        )
    });
    [
        of_hub(HttpMethod::Get, ["/"], "compares with what is there"),
        post("commits the files"),
        of_hub(
            HttpMethod::Post,
            ["/api/validate-yaml"],
            "checks the card's metadata",
        ),
        // `/<owner>/<name>.git/info/lfs`: the owner of a model may be any.
        of_hub(
            HttpMethod::Post,
            ["/"],
            "asks where large files go (Git LFS)",
        ),
        need::mount("workspace", Access::ReadOnly),
    ]
    .into_iter()
    .chain(hosts)
}
