//! What a call reaches beside the Hub: the clock, the session's store, the sandbox's Python, files, and the person who
//! watches. One trait, so that tests have a world of their own.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ml_intern_sdk::programs::{self, Command, Exit};
use ml_intern_sdk::{Failure, http, progress, state};

use crate::files;
use crate::started::Started;

/// See the module.
pub(crate) trait World {
    /// Milliseconds since 1970.
    fn now(&self) -> u64;
    /// Waits so many milliseconds.
    fn pause(&self, milliseconds: u32);
    /// One line for the log of this call.
    fn log(&self, line: &str);
    /// How far the job has come.
    fn report(&self, done: u64, total: Option<u64>, unit: &str);
    /// What the job is doing.
    fn status(&self, status: &str);
    /// What this session has started.
    fn started(&self) -> Result<Vec<Started>, Failure>;
    /// Notes what this session has started.
    fn set_started(&self, jobs: &[Started]) -> Result<(), Failure>;
    /// Runs the sandbox's Python; what kept it from running otherwise.
    fn python(&self, command: &Command) -> Result<Exit, String>;
    /// A script of the workspace, of so many bytes at most.
    fn script(&self, path: &str, most: usize) -> Result<String, String>;
    /// Keeps a text under this name in the temporary directory; where it is then.
    fn keep(&self, name: &str, text: &str) -> Result<String, String>;
}

/// The world of a component.
#[derive(Debug)]
pub(crate) struct Guest;

/// The key of what the session has started.
const STARTED: &str = "job/started";

impl World for Guest {
    fn now(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| u64::try_from(since.as_millis()).ok())
            .unwrap_or_default()
    }

    fn pause(&self, milliseconds: u32) {
        http::pause(milliseconds);
    }

    fn log(&self, line: &str) {
        progress::log(line);
    }

    fn report(&self, done: u64, total: Option<u64>, unit: &str) {
        progress::report(done, total, unit);
    }

    fn status(&self, status: &str) {
        progress::status(status);
    }

    fn started(&self) -> Result<Vec<Started>, Failure> {
        Ok(state::get(STARTED)?.unwrap_or_default())
    }

    fn set_started(&self, jobs: &[Started]) -> Result<(), Failure> {
        state::set(STARTED, &jobs)
    }

    fn python(&self, command: &Command) -> Result<Exit, String> {
        if !programs::find(&command.program) {
            return Err("`python` is not installed, or not granted".into());
        }
        programs::run(command).map_err(|error| match error {
            programs::Error::UnknownProgram(message) | programs::Error::Failed(message) => message,
            programs::Error::Denied(denial) => {
                format!("`{}` is denied by {}", denial.capability, denial.rule)
            }
        })
    }

    fn script(&self, path: &str, most: usize) -> Result<String, String> {
        files::script(Path::new("/"), path, most)
    }

    fn keep(&self, name: &str, text: &str) -> Result<String, String> {
        files::keep(Path::new("/"), name, text)
    }
}
