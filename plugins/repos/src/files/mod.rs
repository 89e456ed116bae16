//! The operations of `hf_repo_files`.

pub(crate) mod card;
pub(crate) mod commit;
pub(crate) mod delete;
pub(crate) mod diff;
pub(crate) mod download;
pub(crate) mod kinds;
pub(crate) mod lfs;
pub(crate) mod list;
pub(crate) mod local;
pub(crate) mod notebook;
pub(crate) mod read;
pub(crate) mod safetensors;
pub(crate) mod upload;
