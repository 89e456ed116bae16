//! What the wire formats have in common: events in, a turn out.

use serde_json::Value;

use crate::assembly::Assembly;
use crate::wire::Fault;

/// Whether a turn goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// More is to come.
    More,
    /// The provider has said that this was all.
    Done,
}

/// Reads one answer. Anything that it does not know is passed over: providers add events and fields at any time.
pub(crate) trait Decoder: Send {
    /// One event's data.
    fn event(&mut self, data: &str, turn: &mut Assembly<'_>) -> Result<Step, Fault>;

    /// The response ended without the provider's word that it was all. An error, unless all of it is there.
    fn end(&mut self, turn: &mut Assembly<'_>) -> Result<(), Fault>;

    /// The whole answer at once.
    fn whole(&mut self, answer: &Value, turn: &mut Assembly<'_>) -> Result<(), Fault>;
}

/// Tokens, or anything else that is counted.
pub(crate) fn count(value: &Value, path: &str) -> Option<u64> {
    let number = value.pointer(path)?;
    // Some count in floating point.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be in range"
    )]
    number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        (float.is_finite() && (0.0..1e15).contains(&float)).then_some(float as u64)
    })
}

/// A field that is text.
pub(crate) fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// An event that cannot be understood: a broken server, or a broken connection.
pub(crate) fn garbled(data: &str, error: &serde_json::Error) -> Fault {
    let shown: String = data.chars().take(200).collect();
    Fault::own(agent::ModelError::Truncated(format!(
        "an event is not JSON ({error}): {shown}"
    )))
}

/// The answer that broke off.
pub(crate) fn broke_off(what: &str) -> Fault {
    Fault::own(agent::ModelError::Truncated(format!(
        "the connection was closed before {what}"
    )))
}
