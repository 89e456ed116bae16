//! `progress`: what a person sees while a call runs.

use crate::bindings::plugin::ml_intern::plugin::progress::Host;
use crate::state::GuestState;
use crate::streams::lock;

impl Host for GuestState {
    async fn log(&mut self, line: String) -> wasmtime::Result<()> {
        self.count()?;
        self.spend_output(&line)?;
        self.services.log(&self.caller.call, &line);
        Ok(())
    }

    async fn report(
        &mut self,
        done: u64,
        total: Option<u64>,
        unit: String,
    ) -> wasmtime::Result<()> {
        self.count()?;
        self.spend_output(&unit)?;
        self.services
            .progress(&self.caller.call, done, total, &unit);
        Ok(())
    }

    async fn status(&mut self, status: String) -> wasmtime::Result<()> {
        self.count()?;
        self.spend_output(&status)?;
        self.services.status(&self.caller.call, &status);
        Ok(())
    }
}

impl GuestState {
    /// Logs count as output, so that a guest cannot flood through them.
    fn spend_output(&mut self, text: &str) -> wasmtime::Result<()> {
        let mut budget = lock(&self.output);
        budget.take(text.len() as u64);
        match budget.exceeded() {
            Some(limit) => Err(wasmtime::Error::new(limit)),
            None => Ok(()),
        }
    }
}
