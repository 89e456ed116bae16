//! What a tool plugin written in Rust depends on.
//!
//! A plugin is one annotated struct and one function for each operation. The struct's JSON Schema is derived from its
//! fields and doc comments; arguments that do not fit come back to the model as JSON Pointers.
//!
//! ```
//! use ml_intern_sdk::prelude::*;
//!
//! /// What `greet` takes.
//! #[derive(Debug, Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Greet {
//!     /// Who is greeted.
//!     name: String,
//! }
//!
//! fn greet(arguments: Greet) -> Result<Output, Failure> {
//!     Ok(Output::text(format!("Hello, {}!", arguments.name)))
//! }
//!
//! fn plugin() -> Plugin {
//!     let limits =
//!         Limits { memory: 16 << 20, fuel: 100_000_000, deadline: 1_000, output: 4_096, open_files: 0, host_calls: 0 };
//!     Plugin::new("greeter", "1.0.0", "Says hello.", limits)
//!         .tool(Tool::new("greet", "Greets by name.", Operation::new("greet", greet).effects([Effect::Observe])))
//! }
//!
//! ml_intern_sdk::export!(plugin);
//! # assert_eq!(plugin().manifest().tools.len(), 1);
//! ```
//!
//! Such a plugin depends on this crate, on `serde` and on `schemars`: the two derives name their own crates.
//!
//! What a plugin imports is what it calls: [`progress`], [`state`], [`programs`], [`agents`], [`models`] and [`notify`]
//! each become an import of the component if, and only if, a function of theirs is used, and `wasi:http` if [`http::send`]
//! is. Every one of them but `progress` also has to be declared as a need.

extern crate self as ml_intern_sdk;

mod arguments;
#[doc(hidden)]
pub mod bindings;
mod failure;
pub mod http;
pub mod need;
mod output;
pub mod page;
mod plugin;
pub mod printed;
pub mod programs;
mod schema;
pub mod state;

pub use bindings::exports::ml_intern::plugin::calls::{
    ArgumentError, Call, Content, Denial, Failure, Image, Link, Output, UpstreamError,
};
pub use bindings::exports::ml_intern::plugin::manifest::{
    Access, Effect, HttpMethod, HttpNeed, Limits, Manifest, MountNeed, Need,
};
pub use bindings::ml_intern::plugin::{agents, models, notify, progress};
pub use plugin::{Operation, Plugin, Tool};
pub use {schemars, serde, serde_json, wit_bindgen};

/// Everything that most plugins use, for one `use`.
pub mod prelude {
    pub use crate::{
        Access, Effect, Failure, HttpMethod, Limits, Need, Operation, Output, Plugin, Tool, need,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
}

/// Exports a plugin's two interfaces. Its argument names a function beside it that gives the [`Plugin`].
///
/// On other targets than WebAssembly it does nothing, so that a plugin can be tested like any crate.
#[macro_export]
macro_rules! export {
    ($plugin:ident) => {
        #[cfg(target_family = "wasm")]
        mod component {
            struct Component;

            impl $crate::bindings::exports::ml_intern::plugin::manifest::Guest for Component {
                fn describe() -> $crate::Manifest {
                    super::$plugin().manifest()
                }
            }

            impl $crate::bindings::exports::ml_intern::plugin::calls::Guest for Component {
                fn invoke(call: $crate::Call) -> Result<$crate::Output, $crate::Failure> {
                    super::$plugin().invoke(&call)
                }
            }

            $crate::bindings::export_component!(Component with_types_in $crate::bindings);
        }
    };
}
