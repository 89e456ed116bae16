//! What the user configured: where providers are, and the keys for them.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL` | Anthropic; `https://api.anthropic.com/v1` |
//! | `OPENAI_API_KEY`, `OPENAI_BASE_URL` | OpenAI; `https://api.openai.com/v1` |
//! | `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, the file `HF_TOKEN_PATH`, the file `token` in `HF_HOME` or `~/.cache/huggingface` | the router, the first that is set |
//! | `HF_ROUTER_BASE_URL` | the router; `https://router.huggingface.co/v1` |
//! | `OLLAMA_BASE_URL`, `VLLM_BASE_URL`, `LMSTUDIO_BASE_URL`, `LLAMACPP_BASE_URL` | local servers; then `LOCAL_LLM_BASE_URL`, then the server's usual place |
//! | `OLLAMA_API_KEY`, `VLLM_API_KEY`, `LMSTUDIO_API_KEY`, `LLAMACPP_API_KEY` | their keys; then `LOCAL_LLM_API_KEY`, then a placeholder |
//! | `ML_INTERN_MODELS` | a file of the form of `configs/models.toml`, whose entries go before all others |
//!
//! A variable that is empty counts as not set. `/v1` at the end of an address may be left out.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use egress::{CredentialError, Credentials};
use http::HeaderName;

use crate::endpoint::{Endpoint, EndpointError};
use crate::key::Key;

/// What a local server is sent where the user set no key. Some servers insist on one.
pub const LOCAL_PLACEHOLDER: &str = "sk-local-no-key-required";

/// Bytes of a token file at most.
const TOKEN_FILE: u64 = 64 * 1024;

/// The kinds of local servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Local {
    /// Ollama.
    Ollama,
    /// vLLM.
    Vllm,
    /// LM Studio.
    LmStudio,
    /// The server of llama.cpp.
    LlamaCpp,
}

impl Local {
    /// All of them.
    pub const ALL: [Local; 4] = [Local::Ollama, Local::Vllm, Local::LmStudio, Local::LlamaCpp];

    /// What ids of its models begin with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Local::Ollama => "ollama/",
            Local::Vllm => "vllm/",
            Local::LmStudio => "lm_studio/",
            Local::LlamaCpp => "llamacpp/",
        }
    }

    /// What its variables begin with.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Local::Ollama => "OLLAMA",
            Local::Vllm => "VLLM",
            Local::LmStudio => "LMSTUDIO",
            Local::LlamaCpp => "LLAMACPP",
        }
    }

    const fn usual_place(self) -> &'static str {
        match self {
            Local::Ollama => "http://localhost:11434",
            Local::Vllm => "http://localhost:8000",
            Local::LmStudio => "http://127.0.0.1:1234",
            Local::LlamaCpp => "http://localhost:8080",
        }
    }
}

/// Who is asked: each has an address and a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Anthropic.
    Anthropic,
    /// OpenAI.
    OpenAi,
    /// The Hugging Face router.
    Router,
    /// A local server.
    Local(Local),
}

impl Service {
    const ALL: [Service; 7] = [
        Service::Anthropic,
        Service::OpenAi,
        Service::Router,
        Service::Local(Local::Ollama),
        Service::Local(Local::Vllm),
        Service::Local(Local::LmStudio),
        Service::Local(Local::LlamaCpp),
    ];

    /// What its credential is called.
    #[must_use]
    pub const fn credential(self) -> &'static str {
        match self {
            Service::Anthropic => "models-anthropic",
            Service::OpenAi => "models-openai",
            Service::Router => "models-huggingface",
            Service::Local(Local::Ollama) => "models-ollama",
            Service::Local(Local::Vllm) => "models-vllm",
            Service::Local(Local::LmStudio) => "models-lmstudio",
            Service::Local(Local::LlamaCpp) => "models-llamacpp",
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Service::Anthropic => "Anthropic",
            Service::OpenAi => "OpenAI",
            Service::Router => "the Hugging Face router",
            Service::Local(Local::Ollama) => "Ollama",
            Service::Local(Local::Vllm) => "vLLM",
            Service::Local(Local::LmStudio) => "LM Studio",
            Service::Local(Local::LlamaCpp) => "llama.cpp",
        }
    }

    /// The variables that its key can be set by, the first one first.
    #[must_use]
    pub const fn key_variables(self) -> &'static [&'static str] {
        match self {
            Service::Anthropic => &["ANTHROPIC_API_KEY"],
            Service::OpenAi => &["OPENAI_API_KEY"],
            Service::Router => &["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"],
            Service::Local(Local::Ollama) => &["OLLAMA_API_KEY", "LOCAL_LLM_API_KEY"],
            Service::Local(Local::Vllm) => &["VLLM_API_KEY", "LOCAL_LLM_API_KEY"],
            Service::Local(Local::LmStudio) => &["LMSTUDIO_API_KEY", "LOCAL_LLM_API_KEY"],
            Service::Local(Local::LlamaCpp) => &["LLAMACPP_API_KEY", "LOCAL_LLM_API_KEY"],
        }
    }

    const fn place_variables(self) -> &'static [&'static str] {
        match self {
            Service::Anthropic => &["ANTHROPIC_BASE_URL"],
            Service::OpenAi => &["OPENAI_BASE_URL"],
            Service::Router => &["HF_ROUTER_BASE_URL"],
            Service::Local(Local::Ollama) => &["OLLAMA_BASE_URL", "LOCAL_LLM_BASE_URL"],
            Service::Local(Local::Vllm) => &["VLLM_BASE_URL", "LOCAL_LLM_BASE_URL"],
            Service::Local(Local::LmStudio) => &["LMSTUDIO_BASE_URL", "LOCAL_LLM_BASE_URL"],
            Service::Local(Local::LlamaCpp) => &["LLAMACPP_BASE_URL", "LOCAL_LLM_BASE_URL"],
        }
    }

    const fn usual_place(self) -> &'static str {
        match self {
            Service::Anthropic => "https://api.anthropic.com/v1",
            Service::OpenAi => "https://api.openai.com/v1",
            Service::Router => "https://router.huggingface.co/v1",
            Service::Local(local) => local.usual_place(),
        }
    }

    const fn index(self) -> usize {
        match self {
            Service::Anthropic => 0,
            Service::OpenAi => 1,
            Service::Router => 2,
            Service::Local(Local::Ollama) => 3,
            Service::Local(Local::Vllm) => 4,
            Service::Local(Local::LmStudio) => 5,
            Service::Local(Local::LlamaCpp) => 6,
        }
    }
}

/// Where one service is, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Where it is, below `/v1`.
    pub endpoint: Endpoint,
    /// Whether that is where it usually is.
    pub usual: bool,
    /// Its key, where there is one.
    pub key: Option<Key>,
}

/// What the user configured. `Debug` shows no key.
#[derive(Debug, Clone)]
pub struct Settings {
    accounts: Vec<Account>,
    models: Option<PathBuf>,
}

/// Settings that cannot be used. No message contains a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// An address is none.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A key cannot be sent.
    #[error("{variable}: {problem}")]
    Key {
        /// The variable that it came from.
        variable: String,
        /// What is wrong.
        problem: CredentialError,
    },
}

impl Settings {
    /// Reads the variables in the table at the top of this file. `variable` gives the value of one, where it is set:
    /// `|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    ///
    /// When an address is none.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingsError> {
        let set = |name: &&str| {
            let value = variable(name)?;
            let value = value.trim();
            (!value.is_empty()).then(|| (name.to_string(), value.to_owned()))
        };
        let mut accounts = Vec::with_capacity(Service::ALL.len());
        for service in Service::ALL {
            let place = service.place_variables().iter().find_map(set);
            let usual = place.is_none();
            let (from, text) =
                place.unwrap_or_else(|| (String::new(), service.usual_place().to_owned()));
            let key = service.key_variables().iter().find_map(set);
            let mut key = key.and_then(|(_, value)| Key::new(&value));
            if key.is_none() && service == Service::Router {
                key = token_file(&variable).as_deref().and_then(token);
            }
            accounts.push(Account {
                endpoint: Endpoint::parse(&from, &text)?.versioned(),
                usual,
                key,
            });
        }
        Ok(Settings {
            accounts,
            models: set(&"ML_INTERN_MODELS").map(|(_, path)| PathBuf::from(path)),
        })
    }

    /// Where a service is, and its key.
    #[must_use]
    pub fn account(&self, service: Service) -> Option<&Account> {
        self.accounts.get(service.index())
    }

    /// The user's own table of models.
    #[must_use]
    pub fn models(&self) -> Option<&Path> {
        self.models.as_deref()
    }

    /// The same, with the user's own table of models at a path, unless a variable has named one.
    #[must_use]
    pub fn with_models(mut self, path: impl Into<PathBuf>) -> Settings {
        self.models.get_or_insert_with(|| path.into());
        self
    }

    /// Adds the keys to what egress puts on requests: each goes to the origin of its own service, and nowhere else. A
    /// local server without a key gets [`LOCAL_PLACEHOLDER`], which is no secret; so is a local key that is too short to
    /// be told from ordinary text.
    ///
    /// # Errors
    ///
    /// When a key cannot be sent.
    pub fn credentials(&self, mut credentials: Credentials) -> Result<Credentials, SettingsError> {
        for (service, account) in Service::ALL.into_iter().zip(&self.accounts) {
            let name = service.credential();
            let origins = [account.endpoint.origin().clone()];
            let key = account.key.as_ref().map(Key::reveal);
            let added = match (service, key) {
                (Service::Anthropic, Some(key)) => {
                    let header = HeaderName::from_static("x-api-key");
                    credentials.header(name, key, header, "", origins)
                }
                (Service::Local(_), None) => {
                    credentials.placeholder(name, LOCAL_PLACEHOLDER, origins)
                }
                (Service::Local(_), Some(key)) if key.len() < egress::SECRET_MIN => {
                    credentials.placeholder(name, key, origins)
                }
                (_, Some(key)) => credentials.bearer(name, key, origins),
                (_, None) => continue,
            };
            credentials = added.map_err(|problem| SettingsError::Key {
                variable: service.key_variables().join(" or "),
                problem,
            })?;
        }
        Ok(credentials)
    }

    /// The keys, and what to call them: for whoever keeps secrets out of what is written.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &Key)> {
        Service::ALL
            .into_iter()
            .zip(&self.accounts)
            .filter_map(|(service, account)| Some((service.credential(), account.key.as_ref()?)))
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where `huggingface_hub` keeps the token.
fn token_file(variable: &impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    set("HF_TOKEN_PATH")
        .map(PathBuf::from)
        .or_else(|| set("HF_HOME").map(|home| Path::new(&home).join("token")))
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".cache/huggingface/token")))
}

/// The token in a file. A file that is not there, or cannot be read, is no token: the router says so when it is asked.
fn token(path: &Path) -> Option<Key> {
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    std::fs::File::open(path)
        .ok()?
        .take(TOKEN_FILE)
        .read_to_string(&mut text)
        .ok()?;
    Key::new(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Settings {
        settings(variables).unwrap()
    }

    fn settings(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::read(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn addresses_and_keys() {
        type Row<'a> = (&'a [(&'a str, &'a str)], Service, &'a str, Option<&'a str>);
        let ollama = Service::Local(Local::Ollama);
        let lm_studio = Service::Local(Local::LmStudio);
        let table: [Row<'_>; 11] = [
            (
                &[],
                Service::Anthropic,
                "https://api.anthropic.com:443/v1",
                None,
            ),
            (&[], ollama, "http://localhost:11434/v1", None),
            (
                &[("OLLAMA_BASE_URL", "")],
                ollama,
                "http://localhost:11434/v1",
                None,
            ),
            (
                &[
                    ("LOCAL_LLM_BASE_URL", "http://x:1"),
                    ("LOCAL_LLM_API_KEY", "shared-key"),
                ],
                ollama,
                "http://x:1/v1",
                Some("shared-key"),
            ),
            // A server's own variables go before the shared ones.
            (
                &[
                    ("LOCAL_LLM_BASE_URL", "http://x:1"),
                    ("LMSTUDIO_BASE_URL", "http://x/v1/"),
                    ("LOCAL_LLM_API_KEY", "shared-key"),
                    ("LMSTUDIO_API_KEY", "own-key"),
                ],
                lm_studio,
                "http://x:80/v1",
                Some("own-key"),
            ),
            (
                &[
                    ("HF_TOKEN", " hf_one\n"),
                    ("HUGGING_FACE_HUB_TOKEN", "hf_two"),
                ],
                Service::Router,
                "https://router.huggingface.co:443/v1",
                Some("hf_one"),
            ),
            (
                &[("HUGGING_FACE_HUB_TOKEN", "hf_two")],
                Service::Router,
                "https://router.huggingface.co:443/v1",
                Some("hf_two"),
            ),
            (
                &[("HF_TOKEN", "hf_one")],
                Service::OpenAi,
                "https://api.openai.com:443/v1",
                None,
            ),
            (
                &[("OPENAI_API_KEY", "sk-one")],
                Service::OpenAi,
                "https://api.openai.com:443/v1",
                Some("sk-one"),
            ),
            (
                &[("OPENAI_BASE_URL", "https://o.example/x")],
                Service::OpenAi,
                "https://o.example:443/x/v1",
                None,
            ),
            (
                &[("ANTHROPIC_API_KEY", "sk-ant")],
                Service::Anthropic,
                "https://api.anthropic.com:443/v1",
                Some("sk-ant"),
            ),
        ];
        for (variables, service, endpoint, key) in table {
            let settings = read(variables);
            let account = settings.account(service).unwrap();
            assert_eq!(account.endpoint.to_string(), endpoint, "{variables:?}");
            assert_eq!(account.key.as_ref().map(Key::reveal), key, "{variables:?}");
        }
        let error = settings(&[("VLLM_BASE_URL", "localhost")]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("VLLM_BASE_URL: not the address")
        );
    }

    #[test]
    fn the_token_file() {
        let home = tempfile::tempdir().unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        std::fs::create_dir_all(home.path().join(".cache/huggingface")).unwrap();
        std::fs::write(home.path().join(".cache/huggingface/token"), "hf_home\n").unwrap();
        std::fs::write(home.path().join("token"), "hf_hf_home").unwrap();
        std::fs::write(home.path().join("other"), "hf_path").unwrap();
        let dir = text(home.path());
        let table = [
            (vec![("HOME", dir.clone())], Some("hf_home")),
            (
                vec![("HOME", dir.clone()), ("HF_HOME", dir.clone())],
                Some("hf_hf_home"),
            ),
            (
                vec![
                    ("HF_HOME", dir.clone()),
                    ("HF_TOKEN_PATH", text(&home.path().join("other"))),
                ],
                Some("hf_path"),
            ),
            (
                vec![("HF_TOKEN_PATH", text(&home.path().join("none")))],
                None,
            ),
            (vec![("HF_TOKEN_PATH", dir.clone())], None),
            (
                vec![("HOME", dir.clone()), ("HF_TOKEN", "hf_variable".into())],
                Some("hf_variable"),
            ),
        ];
        for (variables, expected) in table {
            let settings = Settings::read(|name| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| value.clone())
            })
            .unwrap();
            let key = settings.account(Service::Router).unwrap().key.as_ref();
            assert_eq!(key.map(Key::reveal), expected, "{variables:?}");
        }
    }

    #[test]
    fn nothing_shows_a_key() {
        let settings = read(&[
            ("ANTHROPIC_API_KEY", "sk-ant-canary"),
            ("HF_TOKEN", "hf_canary"),
            ("VLLM_API_KEY", "canary"),
        ]);
        let credentials = settings.credentials(Credentials::new()).unwrap();
        let shown = format!("{settings:?} {credentials:?}");
        assert!(!shown.contains("canary"), "{shown}");
        let names: Vec<&str> = settings.secrets().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            ["models-anthropic", "models-huggingface", "models-vllm"]
        );

        let error = read(&[("OPENAI_API_KEY", "canary")])
            .credentials(Credentials::new())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("OPENAI_API_KEY: credential `models-openai`: its secret has 6 bytes")
        );
        assert!(!error.contains("canary"));
    }
}
