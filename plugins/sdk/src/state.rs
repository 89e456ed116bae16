//! The session's key-value store, typed: values are anything that serde can put into JSON.
//!
//! A key needs a [`need::state`](crate::need::state) whose prefix it starts with.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;
use crate::bindings::ml_intern::plugin::state as store;
pub use crate::bindings::ml_intern::plugin::state::Error;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denial) => denial.into(),
            Error::Invalid(message) | Error::Limit(message) => Self::Failed(message),
        }
    }
}

/// The value at the key; none where there is none.
///
/// # Errors
/// What the store refused, or [`Failure::Failed`] where the value there is not a `T`.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Failure> {
    let Some(json) = store::get(key)? else {
        return Ok(None);
    };
    serde_json::from_str(&json).map(Some).map_err(|error| {
        Failure::failed(format!(
            "the value stored at `{key}` is not of the kind expected: {error}"
        ))
    })
}

/// Sets the value at the key.
///
/// # Errors
/// What the store refused, or [`Failure::Failed`] where the value has no JSON form.
pub fn set<T: Serialize>(key: &str, value: &T) -> Result<(), Failure> {
    let json = serde_json::to_string(value).map_err(|error| {
        Failure::failed(format!("the value for `{key}` has no JSON form: {error}"))
    })?;
    Ok(store::set(key, &json)?)
}

/// Removes the key; removing one that is not there is fine.
///
/// # Errors
/// What the store refused.
pub fn remove(key: &str) -> Result<(), Failure> {
    Ok(store::remove(key)?)
}
