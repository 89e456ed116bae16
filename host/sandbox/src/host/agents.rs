//! `agents`: a nested agent, under no more than the caller's own effects and the session's policy.

use std::sync::Arc;
use std::time::Instant;

use super::denial;
use crate::bindings::plugin::ml_intern::plugin::agents::{Error, Host, Task};
use crate::services::{AgentError, AgentTask};
use crate::state::GuestState;

/// The longest instructions, in bytes, of both kinds together.
const TEXT: usize = 1 << 20;

impl Host for GuestState {
    async fn run(&mut self, task: Task) -> wasmtime::Result<Result<String, Error>> {
        self.count()?;
        if let Err(decision) = self.grant.agent() {
            self.refuse(&decision);
            return Ok(Err(Error::Denied(denial(&decision))));
        }
        let Task {
            title,
            system,
            prompt,
            tools,
            max_iterations,
            max_tokens,
        } = task;
        let size = prompt.len()
            + system.as_ref().map_or(0, String::len)
            + title.as_ref().map_or(0, String::len);
        if size > TEXT {
            return Ok(Err(Error::Failed(format!(
                "the instructions are {size} bytes long; a nested agent takes {TEXT}"
            ))));
        }
        let since = Instant::now();
        let services = Arc::clone(&self.services);
        let call = Arc::clone(&self.caller.call);
        let task = AgentTask {
            title,
            system,
            prompt,
            tools,
            max_iterations,
            max_tokens,
        };
        let answer = {
            let _still = self.deadline.stand_still();
            services.agent(&call, task).await
        };
        let (outcome, answer) = match answer {
            Ok(text) => ("ok".to_owned(), Ok(text)),
            Err(AgentError::Denied {
                capability,
                rule,
                remedy,
            }) => (
                format!("ended: {capability} is denied (rule: {rule})"),
                Err(Error::Denied(
                    crate::bindings::plugin::ml_intern::plugin::calls::Denial {
                        capability,
                        rule,
                        remedy,
                    },
                )),
            ),
            Err(AgentError::Budget(text)) => (text.clone(), Err(Error::Budget(text))),
            Err(AgentError::Failed(text)) => (text.clone(), Err(Error::Failed(text))),
            // The caller is being stopped too; there is nobody to tell.
            Err(AgentError::Cancelled) => return Err(wasmtime::Error::msg("cancelled")),
        };
        let back = answer.as_ref().map_or(0, String::len) as u64;
        self.record("agent", &outcome, size as u64, back, since);
        Ok(answer)
    }
}
