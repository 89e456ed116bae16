//! Repositories themselves: made, and their settings changed. Nothing but what is asked for happens to them.

use ml_intern_hub::{HUB, RepoKind, explain};
use ml_intern_sdk::http::Request;
use ml_intern_sdk::prelude::*;
use serde_json::{Map, Value, json};

use crate::repo::{ANSWER, Repo, send, unless_there};

/// What runs a Space.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sdk {
    Gradio,
    Streamlit,
    Docker,
    Static,
}

/// Who gets in to a gated repository: everybody who asks, who is let in, or no gate.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Gate {
    Auto,
    Manual,
    False,
}

impl Gate {
    /// As the Hub takes it: without a gate it is no text.
    fn value(self) -> Value {
        match self {
            Self::Auto => "auto".into(),
            Self::Manual => "manual".into(),
            Self::False => false.into(),
        }
    }
}

/// What `create_repo` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRepo {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// create_repo: true if left out. update_repo: unchanged if left out.
    private: Option<bool>,
    /// Required for a Space.
    space_sdk: Option<Sdk>,
    /// Not an error if it exists.
    #[serde(default)]
    exist_ok: bool,
}

pub(crate) fn create(asked: &CreateRepo) -> Result<Output, Failure> {
    #[derive(Deserialize)]
    struct Made {
        url: String,
    }
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let (organization, name) = match repo.id.split_once('/') {
        Some((organization, name)) => (Some(organization), name),
        None => (None, repo.id),
    };
    let visibility = visibility(asked.private.unwrap_or(true));
    let mut body = json!({
        "name": name, "organization": organization, "type": repo.kind.name(), "visibility": visibility,
    });
    match (asked.space_sdk, repo.kind, body.as_object_mut()) {
        (Some(sdk), RepoKind::Space, Some(body)) => {
            body.insert("sdk".into(), json!(sdk));
        }
        (None, RepoKind::Space, _) => {
            return Err(Failure::argument(
                "/space_sdk",
                "gradio, streamlit, docker or static: it is required for a Space",
            ));
        }
        (Some(_), _, _) => {
            return Err(Failure::argument(
                "/space_sdk",
                "none: it is for Spaces only",
            ));
        }
        _ => {}
    }
    let request = Request::post(format!("{HUB}/api/repos/create")).json(&body)?;
    let hints = [(
        403,
        "this token may not create a repository there: use another owner, or a token that may write",
    )];
    let kind = repo.kind.name();
    let Some(answer) = unless_there(&request, &hints)? else {
        if !asked.exist_ok {
            return Err(Failure::failed(format!(
                "the {kind} {} exists already: pass exist_ok=true to use it as it is, or update_repo to change its settings",
                repo.id
            )));
        }
        let url = repo.page();
        return Output::text(format!(
            "**Repository exists:** {} ({kind}); it stays as it is\n{url}",
            repo.id
        ))
        .with_structured(&json!({ "created": false, "url": url }));
    };
    let made: Made = answer.json(ANSWER).map_err(explain)?;
    Output::text(format!(
        "**Repository created:** {} ({visibility} {kind})\n{}",
        repo.id, made.url
    ))
    .with_structured(&json!({ "created": true, "url": made.url, "visibility": visibility }))
}

fn visibility(private: bool) -> &'static str {
    if private { "private" } else { "public" }
}

/// What `update_repo` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateRepo {
    /// `owner/name`.
    repo_id: String,
    #[serde(default)]
    repo_type: RepoKind,
    /// create_repo: true if left out. update_repo: unchanged if left out.
    private: Option<bool>,
    /// Access after asking: at once, when let in, or no gate.
    gated: Option<Gate>,
}

pub(crate) fn update(asked: &UpdateRepo) -> Result<Output, Failure> {
    let repo = Repo::new(asked.repo_type, &asked.repo_id)?;
    let mut body = Map::new();
    let mut told = Vec::new();
    if let Some(private) = asked.private {
        body.insert("visibility".into(), visibility(private).into());
        told.push(format!("visibility: {}", visibility(private)));
    }
    if let Some(gate) = asked.gated {
        body.insert("gated".into(), gate.value());
        told.push(match gate {
            Gate::Auto => "gated: whoever asks gets access".to_owned(),
            Gate::Manual => "gated: whoever asks has to be let in".to_owned(),
            Gate::False => "not gated".to_owned(),
        });
    }
    if body.is_empty() {
        return Err(Failure::argument(
            "/private",
            "private or gated, or both: there is nothing to change",
        ));
    }
    let request = Request::new(HttpMethod::Put, repo.api_url("settings")).json(&body)?;
    send(
        &request,
        &[(403, "this token may not change the repository's settings")],
    )?;
    let url = repo.page_of("settings");
    Output::text(format!(
        "**Repository updated:** {} ({}): {}\n{}",
        repo.id,
        repo.kind.name(),
        told.join("; "),
        repo.page()
    ))
    .with_structured(&json!({ "changed": body, "url": url }))
}
