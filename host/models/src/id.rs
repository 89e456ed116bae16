//! Which provider a model id names.
//!
//! | id | provider | sent as |
//! | --- | --- | --- |
//! | `scripted/<path>` | turns that were written beforehand | |
//! | `replay/<path>` | the turns in a journal | |
//! | `ollama/<name>`, `vllm/<name>`, `lm_studio/<name>`, `llamacpp/<name>` | a server of the user's own | `<name>` |
//! | `anthropic/<name>` | Anthropic itself | `<name>`, with `-` for each `.` |
//! | `openai/<name>` | OpenAI itself | `<name>` |
//! | `openai/gpt-oss-<size>` | the router: its weights are open, and OpenAI does not serve it | the id |
//! | `<org>/<model>:<tag>`, also `anthropic/…:<tag>` and `openai/…:<tag>` | the router; the tag is `fastest`, `cheapest`, `preferred`, or one provider | the id |
//! | `<org>/<model>` | the router, which chooses the provider | the id |
//! | `huggingface/<id>` | the router, whatever the id is | `<id>` |
//!
//! Which keys are set does not count: the same id goes to the same place on every machine. `openai-compat/` is reserved.

use std::fmt;

use crate::settings::{Local, Service};

/// A model's id, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelId {
    /// A script of turns.
    Scripted {
        /// The file.
        path: String,
    },
    /// A journal.
    Replay {
        /// The file.
        path: String,
    },
    /// A server of the user's own.
    Local {
        /// Which kind of server.
        server: Local,
        /// What the server calls the model.
        name: String,
    },
    /// Anthropic's own interface.
    Anthropic {
        /// What Anthropic calls the model.
        name: String,
    },
    /// OpenAI's own interface.
    OpenAi {
        /// What OpenAI calls the model.
        name: String,
    },
    /// The Hugging Face router.
    Router {
        /// `<org>/<model>`.
        model: String,
        /// A provider, or how to choose one.
        tag: Option<String>,
    },
}

/// A text that is no model id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no provider for the model id `{id}`: {problem}")]
pub struct IdError {
    /// The text.
    pub id: String,
    /// What is wrong with it, and what was expected.
    pub problem: String,
}

const EXPECTED: &str = "expected `<org>/<model>`, `<org>/<model>:<provider>`, `anthropic/<model>`, `openai/<model>`, \
                        `ollama/<model>`, `vllm/<model>`, `lm_studio/<model>`, `llamacpp/<model>`, \
                        `scripted/<path of a JSON Lines script>` or `replay/<path of a journal>`";

impl ModelId {
    /// Who serves it; none for turns that were written before.
    #[must_use]
    pub const fn service(&self) -> Option<Service> {
        Some(match self {
            ModelId::Scripted { .. } | ModelId::Replay { .. } => return None,
            ModelId::Local { server, .. } => Service::Local(*server),
            ModelId::Anthropic { .. } => Service::Anthropic,
            ModelId::OpenAi { .. } => Service::OpenAi,
            ModelId::Router { .. } => Service::Router,
        })
    }

    /// Reads an id. The forms are in the table at the top of this file.
    ///
    /// # Errors
    ///
    /// When it has none of them.
    pub fn parse(text: &str) -> Result<ModelId, IdError> {
        read(text).map_err(|problem| IdError {
            id: text.to_owned(),
            problem,
        })
    }
}

fn read(text: &str) -> Result<ModelId, String> {
    if text.is_empty() {
        return Err(format!("it is empty; {EXPECTED}"));
    }
    if let Some(path) = text.strip_prefix("scripted/") {
        let path = named(path, "scripted/", "the path of a script")?;
        return Ok(ModelId::Scripted { path });
    }
    if let Some(path) = text.strip_prefix("replay/") {
        let path = named(path, "replay/", "the path of a journal")?;
        return Ok(ModelId::Replay { path });
    }
    if let Some(at) = text.find(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("byte {at} is a blank; an id has none"));
    }
    if text.starts_with("openai-compat/") {
        return Err("`openai-compat/` is reserved; name the server: `ollama/`, `vllm/`, `lm_studio/` or `llamacpp/`".to_owned());
    }
    if let Some(rest) = text.strip_prefix("huggingface/") {
        return router(rest);
    }
    for server in Local::ALL {
        if let Some(name) = text.strip_prefix(server.prefix()) {
            let name = named(name, server.prefix(), "a model's name")?;
            return Ok(ModelId::Local { server, name });
        }
    }
    for (prefix, make) in [
        ("anthropic/", anthropic as fn(&str) -> ModelId),
        ("openai/", openai),
    ] {
        if let Some(name) = text.strip_prefix(prefix)
            && !name.contains(':')
        {
            let name = named(name, prefix, "a model's name")?;
            if name.starts_with("gpt-oss") || name.contains('/') {
                break;
            }
            return Ok(make(&name));
        }
    }
    router(text)
}

fn named(name: &str, prefix: &str, what: &str) -> Result<String, String> {
    if name.is_empty() {
        return Err(format!("expected {what} after `{prefix}`"));
    }
    Ok(name.to_owned())
}

fn anthropic(name: &str) -> ModelId {
    ModelId::Anthropic {
        name: name.replace('.', "-"),
    }
}

fn openai(name: &str) -> ModelId {
    ModelId::OpenAi {
        name: name.to_owned(),
    }
}

fn router(text: &str) -> Result<ModelId, String> {
    let (model, tag) = match text.split_once(':') {
        Some((model, tag)) => (model, Some(tag)),
        None => (text, None),
    };
    if !model.contains('/') {
        return Err(EXPECTED.to_owned());
    }
    if model.split('/').any(str::is_empty) {
        return Err(
            "a part of it between `/` and `/` is empty; expected `<org>/<model>`".to_owned(),
        );
    }
    if let Some(tag) = tag {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if tag.is_empty() || !tag.chars().all(fits) {
            return Err(format!(
                "`{tag}` after `:` is no provider; expected letters, digits, `-`, `_` and `.`, or `fastest`, `cheapest` \
                 or `preferred`"
            ));
        }
    }
    Ok(ModelId::Router {
        model: model.to_owned(),
        tag: tag.map(str::to_owned),
    })
}

/// The id in one spelling: reasoning goes back to the model with the same one.
impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModelId::Scripted { path } => write!(f, "scripted/{path}"),
            ModelId::Replay { path } => write!(f, "replay/{path}"),
            ModelId::Local { server, name } => write!(f, "{}{name}", server.prefix()),
            ModelId::Anthropic { name } => write!(f, "anthropic/{name}"),
            ModelId::OpenAi { name } => write!(f, "openai/{name}"),
            ModelId::Router { model, tag } => {
                // Without a tag, an id of these two would name the maker itself.
                let maker = matches!(model.split_once('/'), Some(("anthropic" | "openai", name)) if !name.starts_with("gpt-oss"));
                if tag.is_none() && maker {
                    f.write_str("huggingface/")?;
                }
                f.write_str(model)?;
                tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(model: &str, tag: Option<&str>) -> ModelId {
        ModelId::Router {
            model: model.into(),
            tag: tag.map(Into::into),
        }
    }

    fn local(server: Local, name: &str) -> ModelId {
        ModelId::Local {
            server,
            name: name.into(),
        }
    }

    #[test]
    fn ids() {
        let openai = |name: &str| ModelId::OpenAi { name: name.into() };
        let anthropic = |name: &str| ModelId::Anthropic { name: name.into() };
        let table = [
            (
                "anthropic/claude-opus-4.8:fal-ai",
                router("anthropic/claude-opus-4.8", Some("fal-ai")),
            ),
            ("anthropic/claude-opus-4-8", anthropic("claude-opus-4-8")),
            (
                "openai/gpt-5.5:fal-ai",
                router("openai/gpt-5.5", Some("fal-ai")),
            ),
            ("openai/gpt-5.5", openai("gpt-5.5")),
            ("openai/gpt-oss-120b", router("openai/gpt-oss-120b", None)),
            (
                "openai/gpt-oss-120b:cerebras",
                router("openai/gpt-oss-120b", Some("cerebras")),
            ),
            (
                "moonshotai/Kimi-K2.6:novita",
                router("moonshotai/Kimi-K2.6", Some("novita")),
            ),
            ("moonshotai/Kimi-K2.6", router("moonshotai/Kimi-K2.6", None)),
            (
                "zai-org/GLM-5.1:cheapest",
                router("zai-org/GLM-5.1", Some("cheapest")),
            ),
            ("a/b/c", router("a/b/c", None)),
            ("huggingface/a/b:novita", router("a/b", Some("novita"))),
            ("ollama/llama3.1:8b", local(Local::Ollama, "llama3.1:8b")),
            ("vllm/org/model", local(Local::Vllm, "org/model")),
            ("lm_studio/qwen", local(Local::LmStudio, "qwen")),
            ("llamacpp/default", local(Local::LlamaCpp, "default")),
            (
                "scripted/a b.jsonl",
                ModelId::Scripted {
                    path: "a b.jsonl".into(),
                },
            ),
            (
                "replay/j.jsonl",
                ModelId::Replay {
                    path: "j.jsonl".into(),
                },
            ),
        ];
        for (text, id) in table {
            assert_eq!(ModelId::parse(text), Ok(id), "{text}");
        }
    }

    #[test]
    fn one_spelling() {
        let table = [
            ("anthropic/claude-opus-4.8", "anthropic/claude-opus-4-8"),
            ("huggingface/a/b:c", "a/b:c"),
            ("huggingface/openai/gpt-5.5", "huggingface/openai/gpt-5.5"),
            ("huggingface/openai/gpt-oss-20b", "openai/gpt-oss-20b"),
            ("openai/gpt-5.5:fal-ai", "openai/gpt-5.5:fal-ai"),
            ("ollama/a:b", "ollama/a:b"),
        ];
        for (text, spelling) in table {
            let id = ModelId::parse(text).unwrap();
            assert_eq!(id.to_string(), spelling);
            // Whatever it is called, it is read as the same model again.
            assert_eq!(ModelId::parse(spelling), Ok(id));
        }
    }

    #[test]
    fn no_ids() {
        let table = [
            ("", "it is empty; expected `<org>/<model>`"),
            (
                "gpt",
                "expected `<org>/<model>`, `<org>/<model>:<provider>`",
            ),
            ("gpt:x", "expected `<org>/<model>`"),
            ("ollama/", "expected a model's name after `ollama/`"),
            ("anthropic/", "expected a model's name after `anthropic/`"),
            ("openai/", "expected a model's name after `openai/`"),
            (
                "scripted/",
                "expected the path of a script after `scripted/`",
            ),
            ("replay/", "expected the path of a journal after `replay/`"),
            (
                "openai-compat/x",
                "`openai-compat/` is reserved; name the server",
            ),
            ("ollama/a b", "byte 8 is a blank; an id has none"),
            ("a/b\n", "byte 3 is a blank"),
            ("/b", "a part of it between `/` and `/` is empty"),
            ("a/", "a part of it between `/` and `/` is empty"),
            ("a//b", "a part of it between `/` and `/` is empty"),
            ("huggingface/", "expected `<org>/<model>`"),
            ("a/b:", "`` after `:` is no provider"),
            ("a/b:c:d", "`c:d` after `:` is no provider"),
            ("openai/x:", "`` after `:` is no provider"),
        ];
        for (text, problem) in table {
            let error = ModelId::parse(text).unwrap_err();
            assert!(
                error.problem.starts_with(problem),
                "{text}: {}",
                error.problem
            );
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("no provider for the model id `{text}`: "))
            );
        }
    }
}
