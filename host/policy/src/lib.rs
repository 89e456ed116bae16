//! What may be done: effects, needs, grants and decisions.
//!
//! Pure: no I/O, no async, no wasm. Everything that enforces asks here.

mod address;
mod atom;
mod brief;
mod decide;
mod decision;
mod effect;
mod error;
mod expect;
mod grant;
mod http_grant;
mod limits;
mod names;
mod need;
mod origin;
mod parse;
mod policy;
mod prefix;
mod read;
mod request;
mod rule;
mod show;
mod tools;
pub mod units;
mod web;

pub use address::{AddressScope, UnknownAddressScope};
pub use brief::Brief;
pub use decide::Assessment;
pub use decision::{Decision, Verdict};
pub use effect::{Effect, UnknownEffect};
pub use error::{PolicyError, PolicyProblem};
pub use grant::Grant;
pub use http_grant::{HttpAllowance, HttpPermit, HttpRegion};
pub use limits::{LimitExceeded, LimitName, Limits};
pub use need::{Access, HttpNeed, Method, Need, UnknownMethod};
pub use origin::{Host, Origin, OriginError, OriginProblem, Scheme};
pub use policy::{Policy, Walls};
pub use prefix::{PathPrefix, PrefixError, PrefixProblem, check_path, check_request};
pub use request::CallRequest;
pub use tools::HOST;
