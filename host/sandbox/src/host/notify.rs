//! `notify`: messages to people, through the gateways that the user configured.

use std::sync::Arc;
use std::time::Instant;

use super::denial;
use crate::bindings::plugin::ml_intern::plugin::calls::Denial;
use crate::bindings::plugin::ml_intern::plugin::notify as wit;
use crate::services::{Notice, NotifyError, Sent, Severity};
use crate::state::GuestState;

/// The longest message, in bytes: headline and text.
const TEXT: usize = 256 << 10;

impl wit::Host for GuestState {
    async fn destinations(&mut self) -> wasmtime::Result<Vec<wit::Destination>> {
        self.count()?;
        if let Err(decision) = self.grant.notify() {
            self.refuse(&decision);
            return Ok(Vec::new());
        }
        let known = self.services.destinations();
        Ok(known
            .into_iter()
            .map(|known| wit::Destination {
                name: known.name,
                provider: known.provider,
                allowed: known.allowed,
            })
            .collect())
    }

    async fn send(
        &mut self,
        message: wit::Message,
    ) -> wasmtime::Result<Result<wit::Receipt, wit::Error>> {
        self.count()?;
        if let Err(decision) = self.grant.notify() {
            self.refuse(&decision);
            return Ok(Err(wit::Error::Denied(denial(&decision))));
        }
        let wit::Message {
            destination,
            title,
            text,
            severity,
        } = message;
        let size = text.len() + destination.len() + title.as_ref().map_or(0, String::len);
        if size > TEXT {
            return Ok(Err(wit::Error::Failed(format!(
                "the message is {size} bytes long; {TEXT} are taken"
            ))));
        }
        let since = Instant::now();
        let services = Arc::clone(&self.services);
        let call = Arc::clone(&self.caller.call);
        let capability = format!("notify {destination}");
        let notice = Notice {
            destination,
            title,
            text,
            severity: match severity {
                wit::Severity::Info => Severity::Info,
                wit::Severity::Success => Severity::Success,
                wit::Severity::Warning => Severity::Warning,
                wit::Severity::Error => Severity::Error,
            },
        };
        let sent = {
            // Tries for a minute, and that is the service's time.
            let _still = self.deadline.stand_still();
            services.notify(&call, notice).await
        };
        let (outcome, answer) = match sent {
            Ok(Sent::Delivered { id }) => ("sent".to_owned(), Ok(wit::Receipt::Sent(id))),
            Ok(Sent::Queued { why }) => (format!("queued: {why}"), Ok(wit::Receipt::Queued(why))),
            Err(error) => {
                let outcome = error.to_string();
                (outcome, Err(refused(error)))
            }
        };
        self.record(&capability, &outcome, size as u64, 0, since);
        Ok(answer)
    }
}

fn refused(error: NotifyError) -> wit::Error {
    match error {
        NotifyError::Denied {
            capability,
            rule,
            remedy,
        } => wit::Error::Denied(Denial {
            capability,
            rule,
            remedy,
        }),
        NotifyError::Unknown(known) => wit::Error::UnknownDestination(known),
        NotifyError::Failed(text) => wit::Error::Failed(text),
    }
}
