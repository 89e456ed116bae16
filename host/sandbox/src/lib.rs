//! Loads WebAssembly components and runs their calls under a grant.
//!
//! Knows the policy and the way out to the network; knows no agent. One fresh store and one fresh instance for each
//! call: what a guest did in one call, the next cannot see.

mod bindings;
mod cache;
mod call;
mod deadline;
mod door;
mod drive;
mod engine;
mod files;
mod host;
mod http;
pub mod image;
mod limiter;
mod linker;
mod manifest;
mod mounts;
mod outcome;
mod plain;
mod plugin;
mod programs;
mod sandbox;
mod services;
mod state;
mod streams;
pub mod workers;

pub use cache::{Cache, CacheError, Digest};
pub use call::Call;
pub use engine::{Allocator, Kind, STACK, TICK, engine};
pub use manifest::{Manifest, ManifestError, Operation, Tool};
pub use mounts::Mounts;
pub use outcome::{ArgumentError, Content, Failure, Outcome, Output, Receipt};
pub use plugin::{COMPONENT, LoadError, Plugin};
pub use programs::{Image, Programs};
pub use sandbox::{PATIENCE, Sandbox, Setup, SetupError};
pub use services::{
    AgentError, AgentTask, Destination, HostCall, NoServices, Notice, NotifyError, Sent, Services,
    Severity, ToolAnswer, ToolEntry, ToolFailure,
};
pub use workers::{Wall, WallState, Worker, Workers};
