//! What each operation reaches, and nothing else.
//!
//! A repository's name is one segment or two, whatever they are; what comes after it is named. The README says what follows.

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

/// A part of the API of repositories, of whatever kind and name: `commit`, `discussions/*/merge`. The few old ones without
/// an owner are only read.
fn part(method: HttpMethod, rest: &str, reason: &str) -> Need {
    let paths = API.map(|kind| format!("{kind}/*/*/{rest}"));
    of_hub(method, paths.iter().map(String::as_str), reason)
}

/// Files as they are, and where the Hub sends for them.
const FILES: [&str; 7] = [
    "/*/*/resolve",
    "/*/resolve",
    "/datasets/*/*/resolve",
    "/datasets/*/resolve",
    "/spaces/*/*/resolve",
    "/spaces/*/resolve",
    "/api/resolve-cache",
];

/// Downloads, from the Hub and from where it sends for large files.
pub(crate) fn download() -> impl Iterator<Item = Need> {
    let hosts = DOWNLOADS.into_iter().map(|origin| {
        need::http(
            &format!("{origin}:443"),
            [HttpMethod::Get],
            ["/"],
            "downloads a large file",
        )
    });
    [look(), of_hub(HttpMethod::Get, FILES, "downloads files")]
        .into_iter()
        .chain(hosts)
}

/// Posts to one part of the API of repositories.
pub(crate) fn post(rest: &str, reason: &str) -> Need {
    part(HttpMethod::Post, rest, reason)
}

/// Takes something away from a repository.
pub(crate) fn take_away(rest: &str, reason: &str) -> Need {
    part(HttpMethod::Delete, rest, reason)
}

/// Changes a repository's settings.
pub(crate) fn settings() -> Need {
    part(
        HttpMethod::Put,
        "settings",
        "changes the repository's settings",
    )
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
        look(),
        of_hub(HttpMethod::Get, FILES, "compares with what is there"),
        post("paths-info", "compares with what is there"),
        post("preupload", "asks how each file is to be sent"),
        post("commit", "commits the files"),
        of_hub(
            HttpMethod::Post,
            ["/api/validate-yaml"],
            "checks the card's metadata",
        ),
        // `/<owner>/<name>.git/info/lfs`.
        of_hub(
            HttpMethod::Post,
            [
                "/*/*/info/lfs",
                "/datasets/*/*/info/lfs",
                "/spaces/*/*/info/lfs",
            ],
            "asks where large files go (Git LFS)",
        ),
        need::mount("workspace", Access::ReadOnly),
    ]
    .into_iter()
    .chain(hosts)
}
