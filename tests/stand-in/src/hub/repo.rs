//! A repository: files at commits, names for commits, and what people say about it.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::hub::digest::{git, sha256};
use crate::hub::discussion::Discussion;
use crate::hub::space::Space;

/// The three kinds of repositories, as they are in URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Model,
    Dataset,
    Space,
}

impl Kind {
    /// Of `models`, `datasets`, `spaces`.
    pub(crate) fn plural(name: &str) -> Option<Self> {
        match name {
            "models" => Some(Self::Model),
            "datasets" => Some(Self::Dataset),
            "spaces" => Some(Self::Space),
            _ => None,
        }
    }

    /// Of `model`, `dataset`, `space`.
    pub(crate) fn singular(name: &str) -> Option<Self> {
        Self::plural(&format!("{name}s"))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
            Self::Space => "space",
        }
    }

    /// What stands before the id in a page's path.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Model => "",
            Self::Dataset => "datasets/",
            Self::Space => "spaces/",
        }
    }
}

/// A file at a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) bytes: Bytes,
    /// Of the blob in git: for a large file of its pointer.
    pub(crate) oid: String,
    /// Of the content of a large file.
    pub(crate) large: Option<String>,
}

impl File {
    pub(crate) fn small(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            oid: git("blob", &bytes),
            large: None,
            bytes,
        }
    }

    pub(crate) fn large(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let oid = sha256(&bytes);
        Self {
            oid: git("blob", pointer(&oid, bytes.len()).as_bytes()),
            large: Some(oid),
            bytes,
        }
    }

    /// What git keeps in place of a large file.
    pub(crate) fn pointer(&self) -> Option<String> {
        self.large
            .as_ref()
            .map(|oid| pointer(oid, self.bytes.len()))
    }

    /// The `lfs` object of trees.
    pub(crate) fn lfs(&self) -> Option<Value> {
        let pointer = self.pointer()?;
        Some(json!({"oid": self.large, "size": self.bytes.len(), "pointerSize": pointer.len()}))
    }
}

fn pointer(oid: &str, size: usize) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n")
}

/// Files by path.
pub(crate) type Files = BTreeMap<String, File>;

/// All files at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) oid: String,
    pub(crate) parent: Option<String>,
    pub(crate) title: String,
    pub(crate) message: String,
    pub(crate) author: String,
    pub(crate) date: String,
    pub(crate) files: Files,
}

/// A tag: where it points, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) target: String,
    pub(crate) message: Option<String>,
}

/// A model, dataset or Space.
#[derive(Clone, Debug)]
pub(crate) struct Repo {
    pub(crate) kind: Kind,
    /// `owner/name`
    pub(crate) id: String,
    pub(crate) object_id: String,
    pub(crate) private: bool,
    /// `false`, `"auto"` or `"manual"`.
    pub(crate) gated: Value,
    pub(crate) created: String,
    pub(crate) modified: String,
    pub(crate) downloads: u64,
    pub(crate) likes: u64,
    pub(crate) trending: u64,
    pub(crate) pipeline: Option<String>,
    pub(crate) library: Option<String>,
    /// Full names to commits: `refs/heads/main`, `refs/pr/1`, `refs/convert/parquet`.
    pub(crate) refs: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, Tag>,
    pub(crate) commits: BTreeMap<String, Commit>,
    pub(crate) discussions: Vec<Discussion>,
    /// What a Space has on top.
    pub(crate) space: Option<Space>,
}

/// What a commit says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) title: &'a str,
    pub(crate) body: &'a str,
    pub(crate) author: &'a str,
    pub(crate) date: &'a str,
}

impl Repo {
    /// A repository with its first commit.
    pub(crate) fn new(kind: Kind, id: &str, object_id: String, author: &str, date: &str) -> Self {
        let mut repo = Self {
            kind,
            id: id.to_owned(),
            object_id,
            private: false,
            gated: Value::Bool(false),
            created: date.to_owned(),
            modified: date.to_owned(),
            downloads: 0,
            likes: 0,
            trending: 0,
            pipeline: None,
            library: None,
            refs: BTreeMap::new(),
            tags: BTreeMap::new(),
            commits: BTreeMap::new(),
            discussions: Vec::new(),
            space: None,
        };
        let attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n*.parquet filter=lfs diff=lfs merge=lfs -text\n\
                          *.safetensors filter=lfs diff=lfs merge=lfs -text\n";
        let files = Files::from([(".gitattributes".to_owned(), File::small(attributes))]);
        let message = Message {
            title: "initial commit",
            body: "",
            author,
            date,
        };
        repo.commit("refs/heads/main", None, files, &message);
        repo
    }

    pub(crate) fn namespace(&self) -> &str {
        self.id
            .split_once('/')
            .map_or("", |(namespace, _)| namespace)
    }

    /// The path of its page: `/datasets/owner/name`.
    pub(crate) fn page(&self) -> String {
        format!("/{}{}", self.kind.prefix(), self.id)
    }

    /// A new commit, with a name for it; its id.
    pub(crate) fn commit(
        &mut self,
        reference: &str,
        parent: Option<String>,
        files: Files,
        message: &Message<'_>,
    ) -> String {
        let mut text = format!("tree {}\n", tree_oid(&files, ""));
        if let Some(parent) = &parent {
            text.push_str(&format!("parent {parent}\n"));
        }
        text.push_str(&format!(
            "author {} {}\n\n{}\n\n{}",
            message.author, message.date, message.title, message.body
        ));
        let oid = git("commit", text.as_bytes());
        self.commits.insert(
            oid.clone(),
            Commit {
                oid: oid.clone(),
                parent,
                title: message.title.to_owned(),
                message: message.body.to_owned(),
                author: message.author.to_owned(),
                date: message.date.to_owned(),
                files,
            },
        );
        self.refs.insert(reference.to_owned(), oid.clone());
        message.date.clone_into(&mut self.modified);
        oid
    }

    /// The full name of a branch, of a pull request's branch, or of a converted branch.
    pub(crate) fn reference(&self, revision: &str) -> Option<String> {
        [revision.to_owned(), format!("refs/heads/{revision}")]
            .into_iter()
            .find(|name| self.refs.contains_key(name))
    }

    /// The commit that a revision means: a branch, a tag, a full name, the id or its start.
    pub(crate) fn at(&self, revision: &str) -> Option<&Commit> {
        if let Some(name) = self.reference(revision) {
            return self.commits.get(&self.refs[&name]);
        }
        let tag = revision.strip_prefix("refs/tags/").unwrap_or(revision);
        if let Some(tag) = self.tags.get(tag) {
            return self.commits.get(&tag.target);
        }
        (revision.len() >= 7)
            .then(|| {
                self.commits
                    .values()
                    .find(|commit| commit.oid.starts_with(revision))
            })
            .flatten()
    }

    /// The commit on top of `main`.
    pub(crate) fn head(&self) -> &Commit {
        &self.commits[&self.refs["refs/heads/main"]]
    }

    /// A commit and what came before it, the last first.
    pub(crate) fn history<'a>(&'a self, from: &'a Commit) -> impl Iterator<Item = &'a Commit> {
        std::iter::successors(Some(from), |commit| {
            commit.parent.as_ref().and_then(|oid| self.commits.get(oid))
        })
    }

    /// The commit that changed a path last, a folder's files included.
    pub(crate) fn last_change<'a>(&'a self, from: &'a Commit, path: &str) -> &'a Commit {
        let folder = format!("{path}/");
        let content = |commit: &Commit| -> Vec<(String, String)> {
            commit
                .files
                .iter()
                .filter(|(name, _)| *name == path || name.starts_with(&folder))
                .map(|(name, file)| (name.clone(), file.oid.clone()))
                .collect()
        };
        let now = content(from);
        self.history(from)
            .take_while(|commit| content(commit) == now)
            .last()
            .unwrap_or(from)
    }
}

/// The id of a folder: of the names and ids in it.
pub(crate) fn tree_oid(files: &Files, folder: &str) -> String {
    let listing: String = files
        .iter()
        .filter(|(path, _)| path.starts_with(folder))
        .map(|(path, file)| format!("{path} {}\n", file.oid))
        .collect();
    git("tree", listing.as_bytes())
}
