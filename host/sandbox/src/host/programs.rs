//! `programs`: another component program, under no more than the caller's own grant.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::denial;
use crate::bindings::plugin::ml_intern::plugin::calls::Image;
use crate::bindings::plugin::ml_intern::plugin::programs::{Command, Error, Exit, Figure, Host};
use crate::programs::{Invocation, Programs, RunError};
use crate::state::GuestState;

impl GuestState {
    fn installed(&self) -> wasmtime::Result<Arc<Programs>> {
        // A worker's linker does not have this interface.
        self.programs
            .clone()
            .ok_or_else(|| wasmtime::Error::msg("no programs here"))
    }
}

impl Host for GuestState {
    async fn find(&mut self, name: String) -> wasmtime::Result<bool> {
        self.count()?;
        Ok(self.installed()?.has(&name) && self.grant.program(&name).is_ok())
    }

    async fn run(&mut self, command: Command) -> wasmtime::Result<Result<Exit, Error>> {
        self.count()?;
        let name = command.program.clone();
        if let Err(decision) = self.grant.program(&name) {
            self.refuse(&decision);
            return Ok(Err(Error::Denied(denial(&decision))));
        }
        let programs = self.installed()?;
        if !programs.has(&name) {
            return Ok(Err(Error::UnknownProgram(format!(
                "no program named {name} is installed (installed: {}); `ml-intern setup` installs what is shipped",
                programs.names()
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
            deadline: command
                .deadline
                .map(|time| Duration::from_millis(time.into())),
            stay: command.stay,
        };
        let run = programs.run(invocation, self).await;
        let milliseconds = |time: u128| u32::try_from(time).unwrap_or(u32::MAX);
        let (outcome, result) = match run.result {
            Ok(exit) => {
                let stopped = exit.stopped.as_ref().map(ToString::to_string);
                let mut outcome = stopped
                    .clone()
                    .unwrap_or_else(|| format!("exit {}", exit.code));
                if let Some(cpu) = exit.cpu_us {
                    outcome.push_str(&format!(", {} ms of processor time", cpu / 1000));
                }
                let walls: Vec<String> = exit.walls.iter().map(ToString::to_string).collect();
                outcome.push_str(&format!(", behind {}", walls.join(", ")));
                let figures = exit
                    .shown
                    .into_iter()
                    .map(|shown| Figure {
                        path: shown.path,
                        image: Image {
                            mime: shown.mime,
                            bytes: shown.bytes,
                            alt: shown.title,
                        },
                    })
                    .collect();
                let exit = Exit {
                    code: exit.code,
                    stopped,
                    truncated: exit.truncated,
                    elapsed: milliseconds(since.elapsed().as_millis()),
                    cpu: exit.cpu_us.map(|time| milliseconds((time / 1000).into())),
                    peak_memory: run.peak_memory,
                    stdout: exit.stdout,
                    stderr: exit.stderr,
                    figures,
                    fresh: exit.fresh,
                    lost: exit.lost,
                };
                (outcome, Ok(exit))
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

    async fn end(
        &mut self,
        program: String,
        stay: String,
    ) -> wasmtime::Result<Option<Vec<String>>> {
        self.count()?;
        let plugin = Arc::clone(&self.caller.plugin);
        Ok(self.installed()?.end(&plugin, &program, &stay).await)
    }
}
