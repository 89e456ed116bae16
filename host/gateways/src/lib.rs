//! Messages to people, from the agent and about it.
//!
//! A message is written to a queue on disk first, then sent: to Slack, or to a web service of the user's own, signed. What
//! cannot be delivered for now stays there, and is tried again, also by the next session. Every request goes through
//! egress, as `host/gateways/send` under the policy.

mod address;
mod delivery;
mod destination;
mod events;
mod gateway;
mod message;
mod mrkdwn;
mod office;
mod retry;
mod secret;
mod signature;
mod slack;
mod spool;
mod time;
mod webhook;
mod wire;

pub use address::WebAddress;
pub use delivery::{Delivery, Receipt, Report, SendError};
pub use destination::{Destination, Provider, Settings, SettingsError, Slack, Webhook};
pub use events::{
    About, ERROR_CHARS, EventType, RESPONSE_CHARS, approval_required, error, turn_complete,
    usage_approval_required,
};
pub use gateway::{Fault, Gateway, Letter};
pub use message::{Message, Severity, TEXT_CHARS, TITLE_CHARS};
pub use mrkdwn::mrkdwn;
pub use office::{Gateways, OpenError, Parts};
pub use retry::{ATTEMPTS, GIVE_UP_AGE, GIVE_UP_ROUNDS};
pub use secret::Secret;
pub use signature::{SECRET_MIN, sign};
pub use spool::{SPOOL_MAX, SpoolError};
pub use time::{RealTime, Time};
