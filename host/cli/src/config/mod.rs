//! The configuration.

mod check;
mod dotenv;
mod environment;
mod error;
mod keys;
mod project;
mod rules;
mod schema;
mod slack;
mod substitute;
mod tree;
mod values;
mod variables;
