//! A commit: newline-delimited JSON, a header and then one line for each change.
//!
//! It names the commit that it was made on top of, so that the Hub refuses it (412) where the branch has moved on.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ml_intern_hub::explain;
use ml_intern_sdk::http::Request;
use ml_intern_sdk::prelude::*;
use serde_json::{Value, json};

use crate::repo::{ANSWER, Repo, send};

/// What a failed commit means for who called.
const HINTS: [(u16, &str); 2] = [
    (
        403,
        "this token may not write to the repository; create_pr=true proposes the change instead",
    ),
    (
        412,
        "nothing was changed: somebody else has committed to the branch since it was looked at; look again, then repeat",
    ),
];

/// One change.
#[derive(Debug)]
pub(crate) enum Change {
    /// A small file, with its content.
    File { path: String, content: Vec<u8> },
    /// A large file, which is in storage already.
    Large {
        path: String,
        sha256: String,
        size: u64,
    },
    /// A file that goes.
    Delete { path: String },
}

/// What a commit says of itself.
#[derive(Debug)]
pub(crate) struct Commit<'i> {
    /// Where it goes, encoded.
    pub(crate) revision: &'i str,
    /// The commit that it is made on top of.
    pub(crate) parent: &'i str,
    pub(crate) message: &'i str,
    /// As a pull request rather than on the branch.
    pub(crate) create_pr: bool,
}

/// What the Hub made of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Done {
    #[serde(rename = "commitUrl")]
    pub(crate) url: String,
    #[serde(rename = "commitOid")]
    pub(crate) oid: String,
    #[serde(rename = "pullRequestUrl")]
    pub(crate) pull_request: Option<String>,
}

/// Commits.
///
/// # Errors
/// What the Hub said, explained.
pub(crate) fn commit(
    repo: Repo<'_>,
    commit: &Commit<'_>,
    changes: Vec<Change>,
) -> Result<Done, Failure> {
    let header = json!({
        "summary": commit.message, "description": "", "parentCommit": commit.parent,
    });
    let mut body = Vec::new();
    line(&mut body, "header", &header);
    for change in changes {
        match change {
            Change::File { path, content } => {
                let content = BASE64_STANDARD.encode(content);
                let value = json!({ "content": content, "path": path, "encoding": "base64" });
                line(&mut body, "file", &value);
            }
            Change::Large { path, sha256, size } => {
                let value = json!({ "path": path, "algo": "sha256", "oid": sha256, "size": size });
                line(&mut body, "lfsFile", &value);
            }
            Change::Delete { path } => line(&mut body, "deletedFile", &json!({ "path": path })),
        }
    }
    let mut request = Request::post(repo.api_url(&format!("commit/{}", commit.revision)))
        .header("content-type", "application/x-ndjson")
        .body(body);
    if commit.create_pr {
        request = request.query("create_pr", "1");
    }
    send(&request, &HINTS)?.json(ANSWER).map_err(explain)
}

fn line(body: &mut Vec<u8>, key: &str, value: &Value) {
    body.extend_from_slice(json!({ "key": key, "value": value }).to_string().as_bytes());
    body.push(b'\n');
}
