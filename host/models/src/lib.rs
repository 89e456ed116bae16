//! Language model providers behind the agent's [`Model`] trait.
//!
//! | id | provider | wire format |
//! | --- | --- | --- |
//! | `anthropic/<model>` | Anthropic | Messages |
//! | `openai/<model>` | OpenAI | Responses; Chat Completions where the address has no Responses |
//! | `<org>/<model>`, `<org>/<model>:<provider>` | the Hugging Face router | Chat Completions |
//! | `ollama/…`, `vllm/…`, `lm_studio/…`, `llamacpp/…` | a server of the user's own | Chat Completions |
//! | `scripted/<path>` | [`Script`]: turns that were written beforehand, without a network | |
//! | `replay/<path>` | [`Replay`]: the turns in a journal, without a network | |
//!
//! Which id goes where is decided in `id.rs`, and is the same on every machine; the variables that are read are in
//! `settings.rs`; what an error means is in `wire/fault.rs`, and what is done about it in `retry.rs` and `fit.rs`.

mod ask;
mod assembly;
mod call_ids;
mod catalogue;
mod chat;
mod decode;
mod effort;
mod endpoint;
mod fit;
mod id;
mod key;
mod messages;
mod open;
mod provider;
mod replay;
mod responses;
mod retry;
mod script;
mod settings;
mod time;
mod wire;

pub use catalogue::{RouterModel, RouterProvider, TableError};
pub use endpoint::{Endpoint, EndpointError};
pub use id::{IdError, ModelId};
pub use key::Key;
pub use open::{OpenError, Providers, open};
pub use replay::{Replay, ReplayError};
pub use script::{MAX_SCRIPT_BYTES, Script, ScriptError};
pub use settings::{Account, LOCAL_PLACEHOLDER, Local, Service, Settings, SettingsError};
pub use time::{RealTime, Time};

#[cfg(doc)]
use agent::Model;
