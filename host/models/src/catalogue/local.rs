//! What local servers say of themselves.
//!
//! | server | asked | window |
//! | --- | --- | --- |
//! | llama.cpp | `GET /props` | `default_generation_settings.n_ctx`: what one request gets |
//! | Ollama | `GET /api/ps`, `POST /api/show` | what the model was loaded with, else its own `num_ctx`; what it *could* take says nothing, since Ollama cuts off what is longer than it was loaded with |
//! | vLLM | `GET /v1/models` | `max_model_len` |
//! | LM Studio | `GET /api/v0/models` | `loaded_context_length`, else `max_context_length` |

use http::Method;
use serde_json::{Value, json};

use super::CATALOGUE_TIMEOUT;
use super::table::Entry;
use crate::settings::{Local, Service};
use crate::wire::{Fault, Peer, Wire};

/// Asks a server about a model. `root` is the server without its `/v1`.
pub(super) async fn ask(
    wire: &Wire,
    peer: &Peer,
    server: Local,
    name: &str,
) -> Result<Entry, Fault> {
    let root = Peer {
        service: Service::Local(server),
        account: crate::settings::Account {
            endpoint: peer.account.endpoint.unversioned(),
            ..peer.account.clone()
        },
    };
    let get = async |path: &str| {
        let question = (Method::GET, path, String::new());
        wire.ask(&root, true, question, CATALOGUE_TIMEOUT).await
    };
    match server {
        Local::LlamaCpp => Ok(llama_cpp(&get("/props").await?)),
        Local::Vllm => Ok(vllm(&get("/v1/models").await?, name)),
        Local::LmStudio => Ok(lm_studio(&get("/api/v0/models").await?, name)),
        Local::Ollama => {
            let body = json!({ "model": name }).to_string();
            let question = (Method::POST, "/api/show", body);
            let shown = wire.ask(&root, true, question, CATALOGUE_TIMEOUT).await?;
            let running = get("/api/ps").await.unwrap_or_default();
            Ok(ollama(&shown, &running, name))
        }
    }
}

fn tokens(value: Option<&Value>) -> Option<u64> {
    value?.as_u64().filter(|tokens| *tokens > 0)
}

fn lists(value: Option<&Value>, word: &str) -> Option<bool> {
    let list = value?.as_array()?;
    Some(list.iter().any(|one| one == word))
}

fn find<'v>(list: Option<&'v Value>, keys: &[&str], name: &str) -> Option<&'v Value> {
    let mut models = list?.as_array()?.iter();
    models.find(|model| {
        let is = |key: &&str| model.get(key).and_then(Value::as_str) == Some(name);
        keys.iter().any(is)
    })
}

fn llama_cpp(props: &Value) -> Entry {
    Entry {
        context_window: tokens(props.pointer("/default_generation_settings/n_ctx"))
            .or_else(|| tokens(props.get("n_ctx"))),
        images: props.pointer("/modalities/vision").and_then(Value::as_bool),
        ..Entry::default()
    }
}

fn vllm(models: &Value, name: &str) -> Entry {
    let model = find(models.get("data"), &["id"], name);
    Entry {
        context_window: tokens(model.and_then(|model| model.get("max_model_len"))),
        ..Entry::default()
    }
}

fn lm_studio(models: &Value, name: &str) -> Entry {
    let Some(model) = find(models.get("data"), &["id"], name) else {
        return Entry::default();
    };
    Entry {
        context_window: tokens(model.get("loaded_context_length"))
            .or_else(|| tokens(model.get("max_context_length"))),
        images: model
            .get("type")
            .and_then(Value::as_str)
            .map(|kind| kind == "vlm"),
        tools: lists(model.get("capabilities"), "tool_use"),
        ..Entry::default()
    }
}

fn ollama(shown: &Value, running: &Value, name: &str) -> Entry {
    let latest = format!("{name}:latest");
    let loaded = [name, &latest]
        .into_iter()
        .find_map(|name| find(running.get("models"), &["model", "name"], name))
        .and_then(|model| tokens(model.get("context_length")));
    let capabilities = shown.get("capabilities");
    Entry {
        context_window: loaded.or_else(|| num_ctx(shown.get("parameters")?.as_str()?)),
        tools: lists(capabilities, "tools"),
        images: lists(capabilities, "vision"),
        reasoning: lists(capabilities, "thinking"),
        ..Entry::default()
    }
}

/// `num_ctx` of a model file's parameters, one on a line.
fn num_ctx(parameters: &str) -> Option<u64> {
    parameters.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("num_ctx")).then(|| words.next()?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows() {
        let running = json!({"models": [{"name": "llama3.1:8b", "model": "llama3.1:8b", "context_length": 4096}, {"model": "qwen3:latest", "context_length": 16_384}]});
        let shown = json!({
            "parameters": "stop    \"<|eot|>\"\nnum_ctx                        8192",
            "model_info": {"llama.context_length": 131_072},
            "capabilities": ["completion", "tools"],
        });
        let studio = json!({"data": [
            {"id": "loaded", "type": "vlm", "max_context_length": 32_768, "loaded_context_length": 4096, "capabilities": ["tool_use"]},
            {"id": "other", "type": "llm", "max_context_length": 32_768},
        ]});
        let table = [
            (
                llama_cpp(
                    &json!({"default_generation_settings": {"n_ctx": 2048}, "modalities": {"vision": false}}),
                ),
                Some(2048),
                Some(false),
                None,
            ),
            (llama_cpp(&json!({})), None, None, None),
            (
                vllm(
                    &json!({"data": [{"id": "m", "max_model_len": 40_960}]}),
                    "m",
                ),
                Some(40_960),
                None,
                None,
            ),
            (
                vllm(
                    &json!({"data": [{"id": "m", "max_model_len": 40_960}]}),
                    "n",
                ),
                None,
                None,
                None,
            ),
            (
                lm_studio(&studio, "loaded"),
                Some(4096),
                Some(true),
                Some(true),
            ),
            (lm_studio(&studio, "other"), Some(32_768), Some(false), None),
            (lm_studio(&studio, "none"), None, None, None),
            (
                ollama(&shown, &running, "llama3.1:8b"),
                Some(4096),
                Some(false),
                Some(true),
            ),
            (
                ollama(&shown, &running, "qwen3"),
                Some(16_384),
                Some(false),
                Some(true),
            ),
            (
                ollama(&shown, &json!({}), "llama3.1:8b"),
                Some(8192),
                Some(false),
                Some(true),
            ),
            // What the model was trained with is not what it is given.
            (
                ollama(
                    &json!({"model_info": {"llama.context_length": 131_072}}),
                    &json!({}),
                    "x",
                ),
                None,
                None,
                None,
            ),
        ];
        for (index, (entry, window, images, tools)) in table.into_iter().enumerate() {
            assert_eq!(
                (entry.context_window, entry.images, entry.tools),
                (window, images, tools),
                "{index}"
            );
        }
    }
}
