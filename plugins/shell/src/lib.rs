//! The `bash` tool: a shell with its utilities, over the mounted directories, with `python` as a command.
//!
//! | file | holds |
//! |---|---|
//! | `command` | what the model may ask for |
//! | `session` | the shell: its limits, its files, its commands |
//! | `files` | the file system that the shell sees |
//! | `programs` | commands that are other components |
//! | `web` | `curl` and `wget` |
//! | `time` | `timeout` and `sleep` |
//! | `absent` | commands that do not exist here, and what to use instead |
//! | `report` | how it ended, for the model |

mod absent;
mod command;
mod files;
mod programs;
mod report;
mod session;
mod time;
mod web;

use command::Script;
use ml_intern_sdk::http;
use ml_intern_sdk::prelude::*;

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    let limits = Limits {
        // The shell keeps what goes through its pipes in memory.
        memory: 1 << 30,
        fuel: 1_000_000_000_000,
        deadline: command::LONGEST_SECONDS * 1_000,
        output: 4 << 20,
        open_files: 256,
        host_calls: 10_000,
    };
    let run = Operation::new("run", run)
        .effects([Effect::Execute])
        .needs([
            need::program("python"),
            need::mount("workspace", Access::ReadWrite),
            need::mount("tmp", Access::ReadWrite),
            need::mount("data", Access::ReadOnly),
            need::mount("packages", Access::ReadWrite),
            // For `curl`, and for what it runs.
            need::web(http::METHODS),
        ]);
    Plugin::new(
        "shell",
        env!("CARGO_PKG_VERSION"),
        "Runs shell scripts in the sandbox, with the usual utilities and python.",
        limits,
    )
    .tool(Tool::new("bash", DESCRIPTION, run))
}

const DESCRIPTION: &str = "Runs a shell script in the sandbox (bash syntax) and returns its output and exit code. \
Utilities: ls cat head tail grep sed awk find xargs sort uniq cut tr wc diff jq tar gzip tee mkdir mv cp rm date env \
printf seq and more. `python` runs scripts; `pip install` gets pure-Python wheels for this session; curl and wget send \
HTTP requests: as far as the policy allows. The working directory is /workspace, /tmp is scratch space; nothing else \
can be written. Each call is a fresh shell. No background processes, no git, no compilers.";

fn run(script: Script) -> Result<Output, Failure> {
    let script = script.checked()?;
    report::of(session::run(&script)?)
}

ml_intern_sdk::export!(plugin);
