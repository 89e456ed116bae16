//! `programs`: another component program, under no more than the caller's own grant.

use std::time::Instant;

use super::denial;
use crate::bindings::plugin::ml_intern::plugin::programs::{Command, Error, Exit, Host};
use crate::programs::{Invocation, RunError};
use crate::state::GuestState;

impl Host for GuestState {
    async fn find(&mut self, name: String) -> wasmtime::Result<bool> {
        self.count()?;
        Ok(self.programs.has(&name) && self.grant.program(&name).is_ok())
    }

    async fn run(&mut self, command: Command) -> wasmtime::Result<Result<Exit, Error>> {
        self.count()?;
        let name = command.program.clone();
        if let Err(decision) = self.grant.program(&name) {
            self.refuse(&decision);
            return Ok(Err(Error::Denied(denial(&decision))));
        }
        if !self.programs.has(&name) {
            return Ok(Err(Error::UnknownProgram(format!(
                "no program named {name} is installed (installed: {}); `ml-intern setup` installs what is shipped",
                self.programs.names()
            ))));
        }
        let since = Instant::now();
        let sent = command.stdin.len() as u64;
        let invocation = Invocation {
            program: command.program,
            arguments: command.arguments,
            environment: command.environment,
            directory: command.directory,
            stdin: command.stdin,
        };
        let programs = std::sync::Arc::clone(&self.programs);
        let run = programs.run(invocation, self).await;
        let (outcome, result) = match run.result {
            Ok(exit) => (
                format!("exit {}", exit.code),
                Ok(Exit {
                    code: exit.code,
                    truncated: exit.truncated,
                    elapsed: u32::try_from(since.elapsed().as_millis()).unwrap_or(u32::MAX),
                    peak_memory: run.peak_memory,
                    stdout: exit.stdout,
                    stderr: exit.stderr,
                }),
            ),
            Err(RunError::Limit(limit)) => {
                (limit.to_string(), Err(Error::Limit(limit.to_string())))
            }
            Err(RunError::Directory(directory)) => {
                let text = format!("{directory} is not a directory inside a mount");
                (text.clone(), Err(Error::Failed(text)))
            }
            Err(RunError::Failed(text)) => (text.clone(), Err(Error::Failed(text))),
            // The caller is being stopped too; there is nobody to tell.
            Err(RunError::Cancelled) => return Err(wasmtime::Error::msg("cancelled")),
        };
        self.program_peak = self.program_peak.max(run.peak_memory);
        let back = result
            .as_ref()
            .map_or(0, |exit| exit.stdout.len() + exit.stderr.len()) as u64;
        self.record(&format!("program {name}"), &outcome, sent, back, since);
        Ok(result)
    }
}
