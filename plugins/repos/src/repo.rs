//! The repository that a call is about: where its API, its pages and its files are.

use hub::{HUB, RepoKind};
use ml_intern_hub as hub;
use ml_intern_sdk::http::{self, Patience, Request, Response};
use ml_intern_sdk::prelude::*;
use serde::de::DeserializeOwned;

/// Milliseconds that an answer may take to begin, and between its parts.
pub(crate) const WAIT: u32 = 30_000;
/// Bytes of one answer of the API.
pub(crate) const ANSWER: usize = 8 << 20;
/// The branch that is meant where none is named.
pub(crate) const MAIN: &str = "main";

/// A repository whose name is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repo<'i> {
    pub(crate) kind: RepoKind,
    pub(crate) id: &'i str,
}

impl<'i> Repo<'i> {
    /// # Errors
    /// [`Failure::InvalidArguments`] where the name is none.
    pub(crate) fn new(kind: RepoKind, id: &'i str) -> Result<Self, Failure> {
        let id = hub::repo_id("/repo_id", id)?;
        Ok(Self { kind, id })
    }

    /// A path of its API, as `/api/models/<id>/<rest>`; what comes after is encoded.
    pub(crate) fn api(self, rest: &str) -> String {
        format!("{}/{rest}", self.kind.api(self.id))
    }

    /// The same as a URL.
    pub(crate) fn api_url(self, rest: &str) -> String {
        format!("{HUB}{}", self.api(rest))
    }

    /// Its page for people.
    pub(crate) fn page(self) -> String {
        format!("{HUB}{}", self.kind.page(self.id))
    }

    /// The page of a part of it: `tree/main`, `discussions/3`.
    pub(crate) fn page_of(self, rest: &str) -> String {
        format!("{}/{rest}", self.page())
    }

    /// The page of a file.
    pub(crate) fn blob(self, revision: &str, path: &str) -> String {
        self.page_of(&format!("blob/{revision}/{}", hub::path(path)))
    }

    /// Where a file is downloaded from.
    pub(crate) fn resolve(self, revision: &str, path: &str) -> String {
        self.page_of(&format!("resolve/{revision}/{}", hub::path(path)))
    }

    /// The commit that a revision is at. The revision is encoded.
    ///
    /// # Errors
    /// What the Hub said, explained.
    pub(crate) fn commit_of(self, revision: &str) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Info {
            sha: String,
        }
        let info: Info = hub::get(&self.api(&format!("revision/{revision}")), &[], ANSWER)?;
        Ok(info.sha)
    }
}

/// Asks with a POST that changes nothing, as the Hub has some, and so may be sent again.
///
/// # Errors
/// What the Hub said, explained.
pub(crate) fn ask<T: DeserializeOwned>(url: &str, body: &impl Serialize) -> Result<T, Failure> {
    let request = Request::post(url).json(body)?.patience(WAIT);
    Patience::default()
        .send(&request)
        .and_then(Response::success)
        .and_then(|answer| answer.json(ANSWER))
        .map_err(hub::explain)
}

/// Sends what changes something, once; a failure of one of these statuses says more than the Hub does.
///
/// # Errors
/// Any answer but success, explained.
pub(crate) fn send(request: &Request, hints: &[(u16, &str)]) -> Result<Response, Failure> {
    let answer = http::send(&request.clone().patience(WAIT)).map_err(hub::explain)?;
    checked(answer, hints)
}

fn checked(answer: Response, hints: &[(u16, &str)]) -> Result<Response, Failure> {
    let hint = hints
        .iter()
        .find(|(status, _)| *status == answer.status)
        .map(|(_, hint)| *hint);
    answer.success().map_err(|error| {
        let failure = hub::explain(error);
        match (failure, hint) {
            (Failure::Failed(said), Some(hint)) => Failure::failed(format!("{hint} ({said})")),
            (failure, _) => failure,
        }
    })
}

/// The same; none where the Hub says that it is there already (409).
///
/// # Errors
/// Any other answer but success, explained.
pub(crate) fn unless_there(
    request: &Request,
    hints: &[(u16, &str)],
) -> Result<Option<Response>, Failure> {
    let answer = http::send(&request.clone().patience(WAIT)).map_err(hub::explain)?;
    if answer.status == 409 {
        return Ok(None);
    }
    checked(answer, hints).map(Some)
}
