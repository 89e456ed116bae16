//! The tools as they run: under their needs, against a Hub that answers here.

mod api;
mod explore;
mod fetch;
mod gradio;
mod world;
