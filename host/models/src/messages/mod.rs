//! Anthropic's Messages API.

mod decode;
mod encode;

pub(crate) use self::decode::MessagesDecoder;
pub(crate) use self::encode::{body, headers};

/// Below the provider's address.
pub(crate) const PATH: &str = "/messages";
