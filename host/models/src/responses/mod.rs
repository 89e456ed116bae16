//! OpenAI's Responses API.

mod decode;
mod encode;

pub(crate) use self::decode::ResponsesDecoder;
pub(crate) use self::encode::body;

/// Below the provider's address.
pub(crate) const PATH: &str = "/responses";
