//! A discussion or a pull request, and what happened in it.

use serde_json::{Value, json};

use crate::hub::accounts::author;
use crate::hub::repo::Commit;

/// One thread.
#[derive(Clone, Debug)]
pub(crate) struct Discussion {
    pub(crate) number: usize,
    pub(crate) title: String,
    pub(crate) author: String,
    pub(crate) created: String,
    /// `open`, `closed`; of a pull request also `draft` and `merged`.
    pub(crate) status: String,
    pub(crate) proposes: bool,
    /// The commit of `main` that a pull request started from.
    pub(crate) base: Option<String>,
    pub(crate) merged: Option<String>,
    pub(crate) events: Vec<Value>,
}

impl Discussion {
    pub(crate) fn new(
        number: usize,
        title: &str,
        author: &str,
        created: &str,
        proposes: bool,
    ) -> Self {
        Self {
            number,
            title: title.to_owned(),
            author: author.to_owned(),
            created: created.to_owned(),
            status: if proposes { "draft" } else { "open" }.to_owned(),
            proposes,
            base: None,
            merged: None,
            events: Vec::new(),
        }
    }

    fn event(&mut self, id: &str, who: &str, date: &str, kind: &str, data: &Value) -> Value {
        let event = json!({
            "id": id,
            "author": author(who),
            "createdAt": date,
            "type": kind,
            "data": data,
        });
        self.events.push(event.clone());
        event
    }

    /// Someone said something.
    pub(crate) fn comment(&mut self, id: &str, who: &str, date: &str, text: &str) -> Value {
        let data = json!({
            "edited": false,
            "hidden": false,
            "latest": {
                "raw": text,
                "html": format!("<p>{text}</p>"),
                "updatedAt": date,
                "author": author(who),
            },
            "numEdits": 0,
            "reactions": [],
        });
        self.event(id, who, date, "comment", &data)
    }

    /// It was opened, closed or merged.
    pub(crate) fn set_status(&mut self, id: &str, who: &str, date: &str, status: &str) -> Value {
        status.clone_into(&mut self.status);
        self.event(id, who, date, "status-change", &json!({"status": status}))
    }

    /// It has another title.
    pub(crate) fn retitle(&mut self, id: &str, who: &str, date: &str, title: &str) -> Value {
        let data = json!({"from": self.title, "to": title});
        title.clone_into(&mut self.title);
        self.event(id, who, date, "title-change", &data)
    }

    /// A commit came to the pull request.
    pub(crate) fn committed(&mut self, id: &str, commit: &Commit) {
        let data = json!({"subject": commit.title, "oid": commit.oid});
        self.event(id, &commit.author, &commit.date, "commit", &data);
    }

    /// As lists show it.
    pub(crate) fn summary(&self, repo: &Value) -> Value {
        json!({
            "num": self.number,
            "author": author(&self.author),
            "repo": repo,
            "title": self.title,
            "status": self.status,
            "createdAt": self.created,
            "isPullRequest": self.proposes,
            "numComments": self.events.iter().filter(|event| event["type"] == "comment").count(),
            "topReactions": [],
            "numReactionUsers": 0,
            "pinned": false,
        })
    }
}
