//! What a private cache may keep, and when it may use it (RFC 9111). Sections are of that document.
//!
//! | request | |
//! | --- | --- |
//! | not GET, or with a body, `range` or a condition of its own | not for the cache |
//! | `cache-control: no-store` | not for the cache (§5.2.1.5) |
//! | `cache-control: no-cache` | the server is asked whether what is kept is still good (§5.2.1.4) |
//! | `cache-control: max-age=N` | the same where it is older (§5.2.1.1) |
//!
//! | answer | |
//! | --- | --- |
//! | not 200, `no-store`, `set-cookie`, `vary: *` | not kept |
//! | without `content-length`, and not chunked | not kept: nobody can tell whether it is complete (§3.3) |
//! | with neither `etag` nor `last-modified` nor `max-age` | not kept: it could not be used again |
//! | `no-cache` | kept, and asked about each time (§5.2.2.4) |
//! | `max-age=N` | used without asking until it is N seconds old (§4.2) |
//! | everything else, `expires` too | asked about each time: no lifetime is guessed |
//!
//! Nothing stale is ever used without asking.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::file::Kept;

/// Each validator, and the condition that it becomes (RFC 9110 §13.1).
pub(crate) const CONDITIONS: [(HeaderName, HeaderName); 2] = [
    (header::ETAG, header::IF_NONE_MATCH),
    (header::LAST_MODIFIED, header::IF_MODIFIED_SINCE),
];

/// Headers of a request that make it none for the cache: the caller knows something of its own.
const OF_ITS_OWN: [HeaderName; 6] = [
    header::RANGE,
    header::IF_RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
];

/// Headers that belong to a connection, or are written anew (§3.1).
const NOT_KEPT: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::CONTENT_LENGTH,
];

/// Headers of a 304 that say nothing about what is kept (§3.2, §4.3.4).
const NOT_UPDATED: [HeaderName; 3] = [
    header::CONTENT_ENCODING,
    header::CONTENT_RANGE,
    header::SET_COOKIE,
];

/// A lifetime larger than this is this (§1.2.2).
const LONGEST: u64 = 1 << 31;

/// The directives that count here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Directives {
    no_store: bool,
    no_cache: bool,
    /// Seconds. The smallest of several; 0 for one that is no number (§4.2.1).
    max_age: Option<u64>,
}

impl Directives {
    fn of(headers: &HeaderMap) -> Self {
        let mut found = Directives::default();
        for one in list(headers, &header::CACHE_CONTROL) {
            let (name, value) = one.split_once('=').unwrap_or((one, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" => found.no_store = true,
                // With names of headers too: those would have to be asked about, so all of it is.
                "no-cache" => found.no_cache = true,
                "max-age" => {
                    let seconds = seconds(value.trim().trim_matches('"')).unwrap_or(0);
                    found.max_age = Some(found.max_age.map_or(seconds, |one| one.min(seconds)));
                }
                _ => {}
            }
        }
        found
    }
}

/// A number of seconds, in digits alone.
fn seconds(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(LONGEST).min(LONGEST))
}

/// The members of a list (RFC 9110 §5.6.1), of every header of this name. Commas in quotes divide too, which can only
/// add directives that forbid.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("no-store").split(','))
        .map(str::trim)
        .filter(|one| !one.is_empty())
}

/// Whether a GET with these headers is one for the cache.
pub(super) fn may_ask(request: &HeaderMap) -> bool {
    !Directives::of(request).no_store && OF_ITS_OWN.iter().all(|name| !request.contains_key(name))
}

/// Whether an answer may be kept, if all of it comes.
pub(super) fn may_keep(status: StatusCode, headers: &HeaderMap) -> bool {
    let directives = Directives::of(headers);
    let chunked = list(headers, &header::TRANSFER_ENCODING)
        .last()
        .is_some_and(|last| last.eq_ignore_ascii_case("chunked"));
    let useful = headers.contains_key(header::ETAG)
        || headers.contains_key(header::LAST_MODIFIED)
        || directives.max_age.is_some_and(|seconds| seconds > 0);
    status == StatusCode::OK
        && !directives.no_store
        && !headers.contains_key(header::SET_COOKIE)
        && varies_by(headers).is_some()
        && (chunked || length(headers).is_some())
        && useful
}

/// The announced length of the body.
pub(super) fn length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// The headers of a request that select this answer (§4.1), sorted; none where nobody can tell.
pub(super) fn varies_by(headers: &HeaderMap) -> Option<Vec<HeaderName>> {
    let mut names = list(headers, &header::VARY)
        .map(|name| name.parse().ok().filter(|_| name != "*"))
        .collect::<Option<Vec<HeaderName>>>()?;
    names.sort_by(|one, two| one.as_str().cmp(two.as_str()));
    names.dedup();
    Some(names)
}

/// The headers that are kept.
pub(super) fn kept_headers(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<&str> = list(headers, &header::CONNECTION).collect();
    headers
        .iter()
        .filter(|(name, _)| {
            !NOT_KEPT.contains(name)
                && !named
                    .iter()
                    .any(|one| one.eq_ignore_ascii_case(name.as_str()))
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// How old an answer was when it came, in seconds (§4.2.3).
pub(super) fn initial_age(headers: &HeaderMap, asked: SystemTime, received: SystemTime) -> u64 {
    let since = |then: SystemTime| received.duration_since(then).unwrap_or_default().as_secs();
    let date = headers
        .get(header::DATE)
        .and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
    let age = headers
        .get(header::AGE)
        .and_then(|value| seconds(value.to_str().ok()?))
        .unwrap_or(0);
    date.map_or(0, since).max(age + since(asked))
}

/// How old it is; none where the clock went back, so that nobody can tell.
fn age(kept: &Kept, now: SystemTime) -> Option<u64> {
    let resident = now.duration_since(kept.received).ok()?.as_secs();
    Some(kept.initial_age.saturating_add(resident))
}

/// Whether it may be used without asking (§4).
pub(super) fn is_fresh(kept: &Kept, request: &HeaderMap, now: SystemTime) -> bool {
    let (own, asked) = (Directives::of(&kept.headers), Directives::of(request));
    let Some(age) = age(kept, now) else {
        return false;
    };
    !own.no_cache
        && !asked.no_cache
        && age < own.max_age.unwrap_or(0)
        && asked.max_age.is_none_or(|most| age <= most)
}

/// The headers with which it is used: with its age (§5.1), and its length.
pub(super) fn served(kept: &Kept, now: SystemTime) -> HeaderMap {
    let mut headers = super::with_length(kept.headers.clone(), &kept.body);
    headers.insert(header::AGE, HeaderValue::from(age(kept, now).unwrap_or(0)));
    headers
}

/// Whether a 304 is about what is kept (§4.3.4): its validators are the same, as far as it has any.
pub(super) fn validates(kept: &Kept, headers: &HeaderMap) -> bool {
    let weak = |value: &HeaderValue| {
        let bytes = value.as_bytes();
        bytes.strip_prefix(b"W/").unwrap_or(bytes).to_vec()
    };
    match (headers.get(header::ETAG), kept.headers.get(header::ETAG)) {
        (Some(new), Some(old)) => weak(new) == weak(old),
        (Some(_), None) => false,
        (None, _) => match headers.get(header::LAST_MODIFIED) {
            Some(new) => kept.headers.get(header::LAST_MODIFIED) == Some(new),
            None => true,
        },
    }
}

/// What is to be done with the file after a 304.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Its headers count anew.
    Write,
    /// It will be asked about again anyway; it was used just now.
    Touch,
    /// It is not to be kept any longer.
    Remove,
}

/// What is kept, with the headers of a 304 (§3.2).
pub(super) fn updated(
    kept: &Kept,
    headers: &HeaderMap,
    asked: SystemTime,
    now: SystemTime,
) -> (Kept, Again) {
    let new = kept_headers(headers);
    let mut merged = kept.headers.clone();
    for name in new.keys().filter(|name| !NOT_UPDATED.contains(name)) {
        merged.remove(name);
        for value in new.get_all(name) {
            merged.append(name.clone(), value.clone());
        }
    }
    // An age of before says nothing about now.
    if !new.contains_key(header::AGE) {
        merged.remove(header::AGE);
    }
    let directives = Directives::of(&merged);
    let same_variants = varies_by(&merged) == varies_by(&kept.headers);
    let again = if directives.no_store || !same_variants {
        Again::Remove
    } else if directives.max_age.is_some_and(|seconds| seconds > 0) && !directives.no_cache {
        Again::Write
    } else {
        Again::Touch
    };
    let kept = Kept {
        initial_age: initial_age(&merged, asked, now),
        headers: merged,
        received: now,
        body: kept.body.clone(),
    };
    (kept, again)
}

/// A time in whole seconds since 1970.
pub(super) fn to_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// The time that so many seconds since 1970 are; none where no clock goes that far.
pub(super) fn from_seconds(seconds: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
