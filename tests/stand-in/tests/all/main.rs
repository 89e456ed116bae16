//! The stand-in, asked as its users ask it.

mod client;
mod conformance;
mod faults;
mod services;
