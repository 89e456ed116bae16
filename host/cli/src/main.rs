//! The `ml-intern` binary: arguments, rendering, and the wiring of the rest.

mod args;
mod around;
mod attended;
mod chat;
mod commands;
mod config;
mod doctor;
mod fail;
mod mounts;
mod paths;
mod profile;
mod prompt;
mod reach;
mod render;
mod run;
mod schema;
mod secrets;
mod services;
mod session;
mod setup;
mod start;
mod still;
mod summary;
mod tools;
mod workspaces;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command};
use chat::Begin;
use fail::Fail;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = match cli.command {
        None => run::bare(&cli.run),
        Some(Command::Run(run)) => run::run(&run),
        Some(Command::Chat(chat)) => chat::chat(
            Begin::New {
                workspace: &chat.workspace,
                session_dir: chat.session_dir.as_deref(),
            },
            &chat.how,
        ),
        Some(Command::Resume(resume)) => run::resume(&resume),
        Some(Command::Diff(diff)) => workspaces::diff(&diff),
        Some(Command::Commit(commit)) => workspaces::commit(&commit),
        Some(Command::Undo(undo)) => workspaces::undo(&undo),
        Some(Command::Discard(target)) => workspaces::discard(&target),
        Some(Command::Journal(journal)) => commands::journal(&journal),
        Some(Command::Policy(policy)) => commands::policy(&policy),
        Some(Command::Sessions(sessions)) => commands::sessions(&sessions),
        Some(Command::Model(model)) => commands::model(&model),
        Some(Command::Doctor(doctor)) => doctor::doctor(&doctor),
        Some(Command::Completions { shell }) => {
            commands::completions(shell);
            Ok(0)
        }
        Some(Command::Man) => commands::manual(),
        Some(Command::Config(config)) => commands::config(&config),
        Some(Command::Tools(tools)) => commands::tools(&tools),
        Some(Command::Setup(setup)) => setup::setup(&setup),
        Some(Command::Worker { arguments }) => sandbox::workers::main(&arguments)
            .map(|()| 0)
            .map_err(Fail::failed),
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(fail) => {
            // Where standard error is closed, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "ml-intern: {fail}");
            ExitCode::from(fail.code)
        }
    }
}

/// How worker processes are started: as this binary, with a command of its own.
fn worker() -> Result<sandbox::Worker, Fail> {
    let program = std::env::current_exe()
        .map_err(|error| Fail::failed(format!("cannot find this binary: {error}")))?;
    Ok(sandbox::Worker {
        program,
        arguments: vec!["worker".into()],
        workers: sandbox::Workers::here(),
    })
}

/// The runtime that everything asynchronous runs on.
fn runtime() -> Result<tokio::runtime::Runtime, Fail> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Fail::failed(format!("cannot start: {error}")))
}
