//! The shell: its limits, its files, its commands.

use std::time::Instant;

use bashkit::{Bash, ExecutionLimits, SessionLimits};
use ml_intern_sdk::prelude::*;
use ml_intern_sdk::programs;

use crate::absent::{ABSENT, Absent};
use crate::command::Checked;
use crate::files;
use crate::programs::Program;
use crate::report::Ended;
use crate::time::{Sleep, Timeout};
use crate::web::{Name, Web};

/// Commands that the program `python` is run by, and what comes before their arguments.
const PYTHON: [(&str, &[&str]); 4] = [
    ("python", &[]),
    ("python3", &[]),
    ("pip", &["-m", "pip"]),
    ("pip3", &["-m", "pip"]),
];

/// Bytes of each stream that the shell keeps.
const KEPT: usize = 8 << 20;

/// Runs a script to its end.
///
/// # Errors
/// [`Failure::Failed`] where it cannot be run at all.
pub(crate) fn run(script: &Checked) -> Result<Ended, Failure> {
    let since = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| Failure::failed(format!("the shell cannot start: {error}")))?;
    // The library's own limits are for strangers' scripts in one process; here the host has the last word on memory,
    // fuel and time, and takes the whole instance.
    let limits = ExecutionLimits {
        max_commands: usize::MAX,
        max_loop_iterations: usize::MAX,
        max_total_loop_iterations: usize::MAX,
        max_work_units: u64::MAX,
        timeout: script.timeout,
        max_stdout_bytes: KEPT,
        max_stderr_bytes: KEPT,
        ..ExecutionLimits::default()
    };
    let mut builder = Bash::builder();
    for (name, instead) in ABSENT {
        builder = builder.builtin(*name, Box::new(Absent(name, instead)));
    }
    let until = since + script.timeout;
    for (name, command) in [("curl", Name::Curl), ("wget", Name::Wget)] {
        let web = Web {
            name: command,
            until,
        };
        builder = builder.builtin(name, Box::new(web));
    }
    builder = builder
        .builtin("timeout", Box::new(Timeout { until }))
        .builtin("sleep", Box::new(Sleep { until }));
    if programs::find("python") {
        for (name, before) in PYTHON {
            let program = Program {
                name: "python",
                before,
                until,
            };
            builder = builder.builtin(name, Box::new(program));
        }
    }
    let mut bash = builder
        .fs(files::all())
        .cwd(&script.directory)
        .env("HOME", "/workspace")
        .env("PATH", "/usr/bin:/bin")
        .env("TMPDIR", "/tmp")
        .limits(limits)
        .session_limits(SessionLimits::unlimited())
        .build();
    let result = runtime.block_on(bash.exec(&script.command));
    let elapsed = since.elapsed();
    match result {
        Ok(result) => Ok(Ended {
            code: result.exit_code,
            stdout: result.stdout.as_bytes().to_vec(),
            stderr: result.stderr.as_bytes().to_vec(),
            cut: result.stdout_truncated || result.stderr_truncated,
            elapsed,
            stopped: None,
        }),
        Err(error) => Ok(Ended {
            code: if elapsed >= script.timeout { 124 } else { 2 },
            stdout: Vec::new(),
            stderr: Vec::new(),
            cut: false,
            elapsed,
            stopped: Some(error.to_string()),
        }),
    }
}
