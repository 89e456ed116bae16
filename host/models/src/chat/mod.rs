//! Chat Completions: the router, local servers, and whatever else speaks it.

mod decode;
mod encode;

pub(crate) use self::decode::ChatDecoder;
pub(crate) use self::encode::{Flavour, ROUTER_EFFORTS, body};

/// Below the provider's address.
pub(crate) const PATH: &str = "/chat/completions";
