//! One server that stands in for every web service the plugins use: the Hugging Face Hub and its neighbours, arXiv, Semantic
//! Scholar, GitHub, DuckDuckGo, Slack. It keeps state, so that what is written can be read back, and it fails on request.
//!
//! ```
//! use ml_intern_stand_in::StandIn;
//!
//! let server = StandIn::start();
//! let (public, here) = &server.endpoints()[0];
//! assert_eq!(public, "https://huggingface.co");
//! assert_eq!(*here, server.origin());
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "for tests; a panic is their report"
)]

mod answer;
mod arxiv;
mod ask;
mod clock;
mod datasets_server;
mod duckduckgo;
mod fault;
mod github;
mod gradio;
mod hosts;
mod hub;
mod lfs;
mod papers;
mod router;
mod scholar;
mod serve;
mod slack;
mod view;
mod world;

pub use fault::Fault;
pub use serve::StandIn;
pub use view::{Asked, DiscussionView, JobView, RepoView, SpaceView};
