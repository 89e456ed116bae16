//! A part of a file, from wherever the Hub has it: the Hub answers with the file, or sends to where it is.
//!
//! What it says on the way is kept: `x-repo-commit`, and of a large file `x-linked-size` and `x-linked-etag`, the SHA-256.

use ml_intern_hub::{HUB, explain};
use ml_intern_sdk::http::{Error, Headers, Patience, Request, Response};
use ml_intern_sdk::prelude::*;
use url::Url;

use crate::needs::DOWNLOADS;
use crate::repo::{Repo, WAIT};

/// Redirects on the way to a file.
const HOPS: u32 = 5;

/// A part of a file.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) bytes: Vec<u8>,
    /// Bytes of the whole file, where that is known.
    pub(crate) total: Option<u64>,
    /// The SHA-256 of a large file.
    pub(crate) sha256: Option<String>,
    /// The commit that the revision is at.
    pub(crate) commit: Option<String>,
}

/// So many bytes of a file from a place in it, or what there is of them. The revision is encoded.
///
/// # Errors
/// What the Hub said, explained; and where it sends to a host that no need names.
pub(crate) fn part(
    repo: Repo<'_>,
    revision: &str,
    path: &str,
    from: u64,
    most: usize,
) -> Result<Part, Failure> {
    let mut found = Part::default();
    let mut url = repo.resolve(revision, path);
    for _ in 0..=HOPS {
        let last = from.saturating_add(most as u64).saturating_sub(1);
        let request = Request::get(&url)
            .header("range", format!("bytes={from}-{last}"))
            .patience(WAIT);
        let answer = Patience::default().send(&request).map_err(explain)?;
        found.note(&answer.headers);
        match answer.status {
            301 | 302 | 303 | 307 | 308 => {
                let location = answer.headers.get("location").unwrap_or_default();
                url = next(&url, location, path)?;
            }
            // Nothing begins there: the file is empty, or shorter.
            416 => {
                found.total = found.total.or(total(&answer.headers));
                return Ok(found);
            }
            206 => {
                found.total = total(&answer.headers).or(found.total);
                found.bytes = read(answer, 0, most)?;
                return Ok(found);
            }
            // The whole file, whatever was asked for.
            _ => {
                let answer = answer.success().map_err(explain)?;
                let length = answer.headers.get("content-length");
                found.total = length
                    .and_then(|length| length.parse().ok())
                    .or(found.total);
                found.bytes = read(answer, from, most)?;
                return Ok(found);
            }
        }
    }
    Err(Failure::failed(format!(
        "{path} cannot be read: more than {HOPS} redirects"
    )))
}

impl Part {
    fn note(&mut self, headers: &Headers) {
        let text = |name| {
            headers
                .get(name)
                .map(|value| value.trim_matches('"').to_owned())
        };
        if self.commit.is_none() {
            self.commit = text("x-repo-commit");
        }
        if let Some(size) = headers.get("x-linked-size") {
            self.total = size.parse().ok();
            // Of a small file it is its id in git, which is shorter.
            self.sha256 = text("x-linked-etag").filter(|etag| etag.len() == 64);
        }
    }
}

/// Where a redirect leads, if that is the Hub or where it keeps large files.
fn next(url: &str, location: &str, path: &str) -> Result<String, Failure> {
    let wrong = |why: String| Failure::failed(format!("{path} cannot be read: {why}"));
    let next = Url::parse(url)
        .and_then(|base| base.join(location))
        .map_err(|error| wrong(format!("the Hub redirects to no URL: {error}")))?;
    let origin = next.origin().ascii_serialization();
    if origin == HUB || DOWNLOADS.contains(&origin.as_str()) {
        return Ok(next.into());
    }
    Err(wrong(format!(
        "the Hub sends to {origin}, which is none of the hosts known to hold its files"
    )))
}

/// The length of the whole from `content-range: bytes 0-9/100`.
fn total(headers: &Headers) -> Option<u64> {
    headers
        .get("content-range")?
        .rsplit_once('/')?
        .1
        .parse()
        .ok()
}

/// So many bytes of a body, after those that are skipped; the rest is not asked for.
fn read(answer: Response, skip: u64, most: usize) -> Result<Vec<u8>, Failure> {
    let mut body = answer.body(usize::MAX).map_err(explain)?;
    let mut skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    while bytes.len() < most
        && let Some(piece) = body.piece().map_err(|error: Error| explain(error))?
    {
        let fresh = piece.get(skip.min(piece.len())..).unwrap_or_default();
        skip = skip.saturating_sub(piece.len());
        let wanted = fresh.len().min(most - bytes.len());
        bytes.extend_from_slice(fresh.get(..wanted).unwrap_or_default());
    }
    Ok(bytes)
}
