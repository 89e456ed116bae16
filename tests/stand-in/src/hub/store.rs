//! All repositories, and who gets to see or to change them.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::accounts::{self, Account};
use crate::hub::bucket::Bucket;
use crate::hub::collections::Collection;
use crate::hub::digest::object_id;
use crate::hub::errors::{anonymous, coded, no_repo, no_revision};
use crate::hub::jobs::Job;
use crate::hub::repo::{Commit, Kind, Repo};
use crate::hub::scheduled::Scheduled;
use crate::hub::seeds;

/// What the Hub holds.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) repos: BTreeMap<(Kind, String), Repo>,
    /// Large files by their hash.
    pub(crate) large: BTreeMap<String, Bytes>,
    /// Parts of large files that are not complete.
    pub(crate) pieces: BTreeMap<String, BTreeMap<usize, Bytes>>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) scheduled: Vec<Scheduled>,
    pub(crate) collections: Vec<Collection>,
    pub(crate) buckets: BTreeMap<String, Bucket>,
    ids: usize,
}

impl Hub {
    pub(crate) fn new() -> Self {
        let mut hub = Self {
            repos: BTreeMap::new(),
            large: BTreeMap::new(),
            pieces: BTreeMap::new(),
            jobs: Vec::new(),
            scheduled: Vec::new(),
            collections: Vec::new(),
            buckets: BTreeMap::new(),
            ids: 0,
        };
        seeds::plant(&mut hub);
        hub
    }

    /// An id that nothing else has.
    pub(crate) fn fresh_id(&mut self, kind: &str) -> String {
        self.ids += 1;
        object_id(kind, self.ids)
    }

    /// A repository that whoever asks may see.
    pub(crate) fn see(&self, ask: &Ask, kind: Kind, id: &str) -> Result<&Repo, Answer> {
        let account = accounts::who(ask)?;
        let missing = || {
            if account.is_some() {
                no_repo()
            } else {
                anonymous()
            }
        };
        let repo = self.repos.get(&(kind, id.to_owned())).ok_or_else(missing)?;
        if repo.private && !accounts::may_see(ask, repo.namespace())? {
            return Err(missing());
        }
        Ok(repo)
    }

    /// As [`Hub::see`], of one whose files may be read too: a gate is open to those who belong to the namespace.
    pub(crate) fn read(&self, ask: &Ask, kind: Kind, id: &str) -> Result<&Repo, Answer> {
        let repo = self.see(ask, kind, id)?;
        if repo.gated == Value::Bool(false) {
            return Ok(repo);
        }
        let page = ask.hub(&repo.page());
        match accounts::who(ask)? {
            None => Err(coded(
                401,
                "GatedRepo",
                &format!(
                    "Access to {} {id} is restricted. You must have access to it and be authenticated to access it. Please log in.",
                    repo.kind.name()
                ),
            )),
            Some(account) if account.name == repo.namespace() || account.name == "ada" => Ok(repo),
            Some(_) => Err(coded(
                403,
                "GatedRepo",
                &format!(
                    "Access to {} {id} is restricted and you are not in the authorized list. Visit {page} to ask for access.",
                    repo.kind.name()
                ),
            )),
        }
    }

    /// A repository that whoever asks may change.
    pub(crate) fn change(
        &mut self,
        ask: &Ask,
        kind: Kind,
        id: &str,
        what: &str,
    ) -> Result<(&mut Repo, &'static Account), Answer> {
        self.see(ask, kind, id)?;
        let namespace = id.split_once('/').map_or("", |(namespace, _)| namespace);
        let account = accounts::may_write(ask, namespace, what)?;
        let repo = self.repos.get_mut(&(kind, id.to_owned())).unwrap();
        Ok((repo, account))
    }
}

/// A repository's commit, or what the Hub says when there is none.
pub(crate) fn at<'a>(repo: &'a Repo, revision: &str) -> Result<&'a Commit, Answer> {
    repo.at(revision).ok_or_else(|| no_revision(revision))
}
