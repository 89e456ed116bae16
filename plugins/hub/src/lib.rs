//! What plugins that talk to the Hugging Face Hub have in common.
//!
//! The requests are those of `huggingface_hub`, the Hub's own client.

mod ask;
mod explain;
mod repo;

pub use ask::{Page, get, pages, send};
pub use explain::explain;
pub use repo::{RepoKind, path, repo_id, revision};

/// Where the Hub is. The host may serve it elsewhere (`HF_ENDPOINT`); a plugin always says this.
pub const HUB: &str = "https://huggingface.co";
/// The name of the credential that the host puts on requests to the Hub.
pub const CREDENTIAL: &str = "huggingface";
