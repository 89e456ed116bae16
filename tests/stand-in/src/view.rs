//! What tests may look at: requests, and the Hub's state.

use std::collections::BTreeMap;

use crate::ask::Ask;
use crate::hub::repo::{Kind, Repo};
use crate::serve::StandIn;

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `GET`
    pub method: String,
    /// The public origin, `https://huggingface.co`.
    pub origin: String,
    /// The path there, not decoded.
    pub path: String,
    /// The query without its question mark, not decoded.
    pub query: String,
    /// Names in lower case, in the order of their arrival.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Asked {
    pub(crate) fn of(ask: &Ask) -> Self {
        let headers = ask.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Self {
            method: ask.method.clone(),
            origin: format!("https://{}", ask.host),
            path: ask.path.clone(),
            query: ask.raw_query.clone(),
            headers: headers.collect(),
            body: ask.body.to_vec(),
        }
    }

    /// The first header of this name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Method and public URL, as for [`StandIn::fault`].
    #[must_use]
    pub fn line(&self) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!(
            "{} {}{}{mark}{}",
            self.method, self.origin, self.path, self.query
        )
    }
}

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoView {
    /// `model`, `dataset`, `space`.
    pub kind: String,
    /// `owner/name`
    pub id: String,
    /// Seen by its owners only.
    pub private: bool,
    /// `false`, `auto`, `manual`.
    pub gated: String,
    /// Branches and their commits.
    pub branches: BTreeMap<String, String>,
    /// Tags: commit and message.
    pub tags: BTreeMap<String, (String, Option<String>)>,
    /// The titles of the commits of `main`, the last first.
    pub commits: Vec<String>,
}

/// A discussion or a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscussionView {
    /// Its number, from 1.
    pub number: usize,
    /// Its title.
    pub title: String,
    /// `draft`, `open`, `closed`, `merged`.
    pub status: String,
    /// It is a pull request.
    pub proposes: bool,
    /// What was said in it, the first first.
    pub comments: Vec<String>,
}

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobView {
    /// 24 hexadecimal digits.
    pub id: String,
    /// Who pays.
    pub namespace: String,
    /// `SCHEDULING`, `RUNNING`, `COMPLETED`, `ERROR`, `CANCELED`.
    pub stage: String,
    /// The request that started it, secrets included.
    pub spec: serde_json::Value,
}

/// A Space's app.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceView {
    /// `owner/name`
    pub id: String,
    /// `gradio`, `streamlit`, `docker`, `static`.
    pub sdk: String,
    /// `RUNNING` and so on.
    pub stage: String,
    /// The machine that is wanted.
    pub hardware: String,
    /// Variables.
    pub variables: BTreeMap<String, String>,
    /// Secrets, which the Hub shows to nobody.
    pub secrets: BTreeMap<String, String>,
    /// Volumes as they were sent.
    pub volumes: Vec<serde_json::Value>,
}

fn view(repo: &Repo) -> RepoView {
    RepoView {
        kind: repo.kind.name().to_owned(),
        id: repo.id.clone(),
        private: repo.private,
        gated: repo.gated.as_str().unwrap_or("false").to_owned(),
        branches: repo
            .refs
            .iter()
            .filter_map(|(name, oid)| {
                Some((name.strip_prefix("refs/heads/")?.to_owned(), oid.clone()))
            })
            .collect(),
        tags: repo
            .tags
            .iter()
            .map(|(name, tag)| (name.clone(), (tag.target.clone(), tag.message.clone())))
            .collect(),
        commits: repo
            .history(repo.head())
            .map(|commit| commit.title.clone())
            .collect(),
    }
}

impl StandIn {
    /// Every repository.
    #[must_use]
    pub fn repos(&self) -> Vec<RepoView> {
        self.world().hub.repos.values().map(view).collect()
    }

    /// The repository of this kind (`model`, `dataset`, `space`) and id.
    #[must_use]
    pub fn repo(&self, kind: &str, id: &str) -> Option<RepoView> {
        self.with(kind, id, view)
    }

    fn with<T>(&self, kind: &str, id: &str, look: impl FnOnce(&Repo) -> T) -> Option<T> {
        let key = (Kind::singular(kind)?, id.to_owned());
        self.world().hub.repos.get(&key).map(look)
    }

    /// The files at a revision by path, large ones with their content.
    #[must_use]
    pub fn files(&self, kind: &str, id: &str, revision: &str) -> Option<BTreeMap<String, Vec<u8>>> {
        self.with(kind, id, |repo| {
            let files = &repo.at(revision)?.files;
            Some(
                files
                    .iter()
                    .map(|(path, file)| (path.clone(), file.bytes.to_vec()))
                    .collect(),
            )
        })?
    }

    /// A repository's discussions and pull requests, the first first.
    #[must_use]
    pub fn discussions(&self, kind: &str, id: &str) -> Vec<DiscussionView> {
        self.with(kind, id, |repo| {
            repo.discussions
                .iter()
                .map(|one| DiscussionView {
                    number: one.number,
                    title: one.title.clone(),
                    status: one.status.clone(),
                    proposes: one.proposes,
                    comments: one
                        .events
                        .iter()
                        .filter_map(|event| event["data"]["latest"]["raw"].as_str())
                        .map(str::to_owned)
                        .collect(),
                })
                .collect()
        })
        .unwrap_or_default()
    }

    /// Every job, the first first.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobView> {
        self.world()
            .hub
            .jobs
            .iter()
            .map(|job| JobView {
                id: job.id.clone(),
                namespace: job.namespace.clone(),
                stage: job.stage.to_owned(),
                spec: job.spec.clone(),
            })
            .collect()
    }

    /// Every Space that has an app.
    #[must_use]
    pub fn spaces(&self) -> Vec<SpaceView> {
        let world = self.world();
        let repos = world.hub.repos.values();
        repos
            .filter_map(|repo| {
                let space = repo.space.as_ref()?;
                let values = |settings: &BTreeMap<String, crate::hub::space::Setting>| {
                    settings
                        .iter()
                        .map(|(key, setting)| (key.clone(), setting.value.clone()))
                        .collect()
                };
                Some(SpaceView {
                    id: repo.id.clone(),
                    sdk: space.sdk.clone(),
                    stage: space.stage.to_owned(),
                    hardware: space.requested.clone(),
                    variables: values(&space.variables),
                    secrets: values(&space.secrets),
                    volumes: space.volumes.clone(),
                })
            })
            .collect()
    }

    /// Every bucket's id and whether it is private.
    #[must_use]
    pub fn buckets(&self) -> BTreeMap<String, bool> {
        self.world()
            .hub
            .buckets
            .iter()
            .map(|(id, bucket)| (id.clone(), bucket.private))
            .collect()
    }
}
