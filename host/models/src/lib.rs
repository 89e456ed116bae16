//! Language model providers behind the agent's [`Model`] trait.
//!
//! | id | provider |
//! | --- | --- |
//! | `scripted/<path>` | [`Script`]: plays turns that were written beforehand, without a network |

mod open;
mod script;

pub use open::{OpenError, open};
pub use script::{MAX_SCRIPT_BYTES, Script, ScriptError};

#[cfg(doc)]
use agent::Model;
