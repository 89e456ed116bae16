//! `state`: the session's key-value store.

use std::time::Instant;

use policy::{LimitExceeded, LimitName};

use super::denial;
use crate::bindings::plugin::ml_intern::plugin::state::{Error, Host};
use crate::state::GuestState;

/// The longest key, in bytes.
const KEY: usize = 1 << 10;
/// The longest value, in bytes.
const VALUE: usize = 1 << 20;

impl GuestState {
    fn key(&mut self, verb: &str, key: &str) -> Result<(), Error> {
        if key.is_empty() {
            return Err(Error::Invalid("the key is empty".into()));
        }
        if key.len() > KEY {
            return Err(Error::Limit(over(KEY, key.len())));
        }
        self.grant.state(key).map_err(|decision| {
            let mut decision = decision;
            decision.subject = format!("state {verb} {key}");
            self.refuse(&decision);
            Error::Denied(denial(&decision))
        })
    }

    fn write(&mut self, key: &str, value: Option<String>) -> Result<(), Error> {
        let since = Instant::now();
        let size = value.as_ref().map_or(0, String::len) as u64;
        let verb = if value.is_some() { "set" } else { "remove" };
        let done = self
            .services
            .state_set(&self.caller.call, &self.caller.plugin, key, value);
        let outcome = done
            .as_ref()
            .map_or_else(Clone::clone, |()| "ok".to_owned());
        self.record(&format!("state {verb} {key}"), &outcome, size, 0, since);
        done.map_err(Error::Limit)
    }
}

fn over(allowed: usize, requested: usize) -> String {
    LimitExceeded {
        limit: LimitName::State,
        allowed: allowed as u64,
        requested: requested as u64,
    }
    .to_string()
}

impl Host for GuestState {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        self.count()?;
        let since = Instant::now();
        Ok(self.key("get", &key).map(|()| {
            let value = self.services.state_get(&self.caller.plugin, &key);
            let size = value.as_ref().map_or(0, String::len) as u64;
            self.record(&format!("state get {key}"), "ok", 0, size, since);
            value
        }))
    }

    async fn set(&mut self, key: String, value: String) -> wasmtime::Result<Result<(), Error>> {
        self.count()?;
        if let Err(refused) = self.key("set", &key) {
            return Ok(Err(refused));
        }
        if value.len() > VALUE {
            return Ok(Err(Error::Limit(over(VALUE, value.len()))));
        }
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&value) {
            return Ok(Err(Error::Invalid(format!(
                "the value is not JSON: {error}"
            ))));
        }
        Ok(self.write(&key, Some(value)))
    }

    async fn remove(&mut self, key: String) -> wasmtime::Result<Result<(), Error>> {
        self.count()?;
        if let Err(refused) = self.key("remove", &key) {
            return Ok(Err(refused));
        }
        Ok(self.write(&key, None))
    }
}
