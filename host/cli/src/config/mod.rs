//! The configuration.

mod dotenv;
mod environment;
mod error;
