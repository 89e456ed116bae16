//! The operations of `hf_repo_git`.

pub(crate) mod pulls;
pub(crate) mod refs;
pub(crate) mod repos;
