//! Answers that are kept on disk, as a private cache keeps them (RFC 9111).
//!
//! `rules.rs` says what may be kept and used, `file.rs` how it is written down, `store.rs` where; this file is about one
//! request. Crates that know these rules exist; the one that was looked at keeps one value of a header that comes several
//! times, takes directives in lower case alone, and panics at an `age` near 2^64.

mod file;
mod rules;
mod store;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};

pub(crate) use rules::CONDITIONS;
pub(crate) use store::Store;
use store::{Name, Place};

use file::Kept;

/// Bytes of a body at most that is kept.
pub const CACHED_BODY_MAX: u64 = 16 * 1024 * 1024;

/// How much a cache may hold. What was used last stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Bytes of all files.
    pub bytes: u64,
    /// Files.
    pub entries: u64,
}

/// What a cached answer was for, apart from the headers that it varies by.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// The public origin, with path and query.
    pub(crate) url: String,
    /// Where it is served instead: another server's answers are other answers.
    pub(crate) endpoint: Option<String>,
    /// How far the request may reach: who may not dial an address may not read what came from there.
    pub(crate) reach: String,
    /// The name of the credential that is on the request.
    pub(crate) credential: Option<&'a str>,
}

impl Question<'_> {
    fn place(&self) -> Place {
        let endpoint = self.endpoint.as_deref().unwrap_or_default();
        let credential = self
            .credential
            .map_or_else(String::new, |name| format!("={name}"));
        Place::new(&self.url, &[endpoint, &self.reach, &credential])
    }
}

/// One request, as the cache sees it.
#[derive(Debug)]
pub(crate) struct Visit {
    store: Arc<Store>,
    place: Place,
    /// The headers of the request, without its credential.
    selecting: HeaderMap,
    asked: SystemTime,
    found: Option<(Name, Kept)>,
    /// Whether the server is asked if what was found is still good.
    asking: bool,
}

/// What an answer of the server means for what was kept.
#[derive(Debug)]
pub(crate) enum Answered {
    /// It is the answer; what is left of the visit may keep it.
    Itself(Option<Keep>),
    /// What was kept is still good: these headers, this body.
    Kept(HeaderMap, Bytes),
    /// The server says that something else is still good than was asked about: ask again, without conditions.
    Again,
}

/// Whether a request is one that a cache can answer or keep the answer of, if it has no body.
pub(crate) fn is_for(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::GET && rules::may_ask(headers)
}

impl Visit {
    /// Looks for an answer to a request that is for the cache; none where the runtime is going down.
    pub(crate) async fn begin(
        store: &Arc<Store>,
        question: &Question<'_>,
        selecting: &HeaderMap,
    ) -> Option<Visit> {
        let place = question.place();
        let (place, selecting, found) = {
            let (store, selecting) = (Arc::clone(store), selecting.clone());
            blocking(move || {
                let found = store.find(&place, &selecting);
                (place, selecting, found)
            })
            .await?
        };
        Some(Visit {
            store: Arc::clone(store),
            place,
            selecting,
            asked: SystemTime::now(),
            found,
            asking: false,
        })
    }

    /// The answer, where what was kept may be used without asking the server.
    pub(crate) async fn fresh(&mut self) -> Option<(HeaderMap, Bytes)> {
        let (name, kept) = self.found.as_ref()?;
        let now = SystemTime::now();
        if !rules::is_fresh(kept, &self.selecting, now) {
            return None;
        }
        let answer = (rules::served(kept, now), kept.body.clone());
        let (store, name) = (Arc::clone(&self.store), name.clone());
        blocking(move || store.touch(&name)).await;
        Some(answer)
    }

    /// Adds the conditions under which the server need not send the body again (RFC 9111 §4.3.1).
    pub(crate) fn condition(&mut self, headers: &mut HeaderMap) {
        let Some((_, kept)) = &self.found else {
            return;
        };
        for (validator, condition) in CONDITIONS {
            if let Some(value) = kept.headers.get(validator) {
                headers.insert(condition, value.clone());
                self.asking = true;
            }
        }
    }

    /// Takes the head of the server's answer.
    pub(crate) async fn answered(mut self, status: StatusCode, headers: &HeaderMap) -> Answered {
        let now = SystemTime::now();
        let found = self.found.take();
        if let Some((name, kept)) = found {
            if status == StatusCode::NOT_MODIFIED && self.asking {
                let store = Arc::clone(&self.store);
                if !rules::validates(&kept, headers) {
                    blocking(move || store.remove(&name)).await;
                    return Answered::Again;
                }
                let (kept, again) = rules::updated(&kept, headers, self.asked, now);
                let answer = Answered::Kept(rules::served(&kept, now), kept.body.clone());
                blocking(move || match again {
                    rules::Again::Write => store.put(&name, &kept),
                    rules::Again::Touch => store.touch(&name),
                    rules::Again::Remove => store.remove(&name),
                })
                .await;
                return answer;
            }
            if status == StatusCode::OK {
                // Whatever it is, it is newer.
                let store = Arc::clone(&self.store);
                blocking(move || store.remove(&name)).await;
            }
        }
        let most = CACHED_BODY_MAX.min(self.store.limits().bytes);
        Answered::Itself(
            (rules::may_keep(status, headers) && rules::length(headers).is_none_or(|n| n <= most))
                .then(|| Keep {
                    name: self.place.variant(headers, &self.selecting),
                    kept: Kept {
                        headers: rules::kept_headers(headers),
                        received: now,
                        initial_age: rules::initial_age(headers, self.asked, now),
                        body: Bytes::new(),
                    },
                    store: self.store,
                    pieces: Vec::new(),
                    left: most,
                }),
        )
    }
}

/// Forgets what is kept about a URL, after a request that may have changed it (RFC 9111 §4.4).
pub(crate) async fn invalidate(store: &Arc<Store>, question: &Question<'_>) {
    let (store, place) = (Arc::clone(store), question.place());
    blocking(move || store.invalidate(&place)).await;
}

/// An answer that will be kept if it comes to its end.
#[derive(Debug)]
pub(crate) struct Keep {
    store: Arc<Store>,
    name: Name,
    kept: Kept,
    pieces: Vec<Bytes>,
    /// Bytes that may still come.
    left: u64,
}

impl Keep {
    /// Takes the next piece of the body, as it is passed on; none where it becomes too large.
    pub(crate) fn with(mut self, piece: &Bytes) -> Option<Keep> {
        self.left = self.left.checked_sub(piece.len() as u64)?;
        self.pieces.push(piece.clone());
        Some(self)
    }

    /// Writes it to disk: that was all of it.
    pub(crate) fn complete(mut self) {
        self.kept.body = match self.pieces.as_slice() {
            [one] => one.clone(),
            pieces => pieces.concat().into(),
        };
        self.store.put(&self.name, &self.kept);
    }
}

/// Runs something that waits for the disk; none where the runtime is going down.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// A cache that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot use the cache {}: {cause}", .directory.display())]
pub struct CacheError {
    /// The directory.
    pub directory: PathBuf,
    /// What is wrong with it.
    pub cause: String,
}

/// Says how long a body from the cache is.
pub(crate) fn with_length(mut headers: HeaderMap, body: &Bytes) -> HeaderMap {
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    headers
}
