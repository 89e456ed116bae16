//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde_json::Value;

use crate::config::Flag;

/// An autonomous machine-learning agent whose every tool runs as a WASI component, under a policy.
#[derive(Debug, Parser)]
#[command(name = "ml-intern", version, args_conflicts_with_subcommands = true, args_override_self = true, help_template = HELP, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) run: Run,
}

/// The commands in groups, which clap does not do.
const HELP: &str = "\
{about}

{usage-heading} {usage}

Sessions:
  chat         Talk: type, watch, answer what is asked (the same as no prompt, on a terminal)
  run          Run one prompt to its end (the same as giving the prompt alone)
  resume       Go on with an earlier session, or with a copy of it
  sessions     List the sessions that are kept, the last one first

Changes:
  diff         Show what a session has changed in its private copy
  commit       Bring a session's changes to your directory: all of them, or none
  undo         Take back the last turn, what was said and the files; or a commit
  discard      Remove a session's private copy

Looking:
  tools        List the tools that the model is offered
  policy       Look at a policy
  model        Look at models
  journal      Look at the record of a session
  config       Look at the configuration
  doctor       Check what a session needs: keys, policy, runtime, disk and network; and say what to do

Setting up:
  setup        Install what runs need: the Python image, compiled ahead of time, and the plugins
  completions  Print completions for a shell to read
  man          Print the manual page
  help         Print this message or the help of a command

Arguments:
{positionals}

Options:
{options}{after-help}";

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the model or a tool failed
  2    the command line, a file or a setting is wrong
  3    denied by the policy
  4    a limit was reached
  130  interrupted";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one prompt to its end (the same as giving the prompt alone)
    Run(Run),
    /// Talk: type, watch, answer what is asked (the same as no prompt, on a terminal)
    Chat(Chat),
    /// Go on with an earlier session, or with a copy of it
    Resume(Resume),
    /// Show what a session has changed in its private copy
    Diff(Diff),
    /// Bring a session's changes to your directory: all of them, or none
    Commit(Commit),
    /// Take back the last turn, what was said and the files; or a commit
    Undo(Undo),
    /// Remove a session's private copy
    Discard(Target),
    /// Look at the record of a session
    #[command(subcommand)]
    Journal(Journal),
    /// Look at a policy
    #[command(subcommand)]
    Policy(Policy),
    /// List the sessions that are kept, the last one first
    Sessions(Sessions),
    /// Look at models
    #[command(subcommand)]
    Model(Model),
    /// Check what a session needs: keys, policy, runtime, disk and network; and say what to do
    Doctor(Doctor),
    /// Print completions for a shell to read
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Look at the configuration
    #[command(subcommand)]
    Config(Config),
    /// List the tools that the model is offered
    Tools(Tools),
    /// Install what runs need: the Python image, compiled ahead of time, and the plugins
    Setup(Setup),
    /// A process that runs programs; started by others
    #[command(hide = true)]
    Worker {
        /// What it is to be, and its image
        arguments: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// What to do; `-` reads it from standard input
    pub(crate) prompt: Option<String>,

    /// Read what to do from this file
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    pub(crate) prompt_file: Option<PathBuf>,

    /// A file with a JSON Schema that the final answer has to fit. It is printed alone on standard output, and everything
    /// else on standard error
    #[arg(long, value_name = "FILE")]
    pub(crate) output_schema: Option<PathBuf>,

    /// The directory to work on; the run sees a private copy of it. `direct`, or `direct:DIRECTORY`, works in the
    /// directory itself, with checkpoints
    #[arg(long, default_value = ".")]
    pub(crate) workspace: PathBuf,

    /// Where this session's journal and private copy go
    #[arg(long)]
    pub(crate) session_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) how: How,
}

#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// The directory to work on; the session sees a private copy of it. `direct`, or `direct:DIRECTORY`, works in the
    /// directory itself, with checkpoints
    #[arg(long, default_value = ".")]
    pub(crate) workspace: PathBuf,

    /// Where this session's journal and private copy go
    #[arg(long)]
    pub(crate) session_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) how: How,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// What to do next; `-` reads it from standard input
    pub(crate) prompt: Option<String>,

    #[command(flatten)]
    pub(crate) target: Target,

    /// Go on in a new session with a copy of everything; the old one stays as it is
    #[arg(long)]
    pub(crate) fork: bool,

    /// With --fork: only what was said before this record of the journal. The files are what they were at the beginning of
    /// the first turn from there on
    #[arg(long, value_name = "RECORD", requires = "fork")]
    pub(crate) at: Option<u64>,

    #[command(flatten)]
    pub(crate) how: How,
}

/// How a prompt is run.
#[derive(Debug, Args)]
pub(crate) struct How {
    /// The model, for example anthropic/claude-sonnet-4-5, Qwen/Qwen3-32B, llamacpp/gemma or scripted/turns.jsonl
    #[arg(long, short, overrides_with = "model")]
    pub(crate) model: Option<String>,

    /// How hard the model is to think: minimal, low, medium, high, xhigh or max
    #[arg(long)]
    pub(crate) effort: Option<agent::Effort>,

    /// The policy: interactive, ci, offline, or a file
    #[arg(long, overrides_with = "policy")]
    pub(crate) policy: Option<String>,

    /// A directory that code may read at /data/NAME, whatever its size: it is not copied
    #[arg(long, value_name = "NAME=DIRECTORY")]
    pub(crate) data: Vec<String>,

    /// Print events as JSON, one a line
    #[arg(long)]
    pub(crate) json: bool,

    /// Turns of the model at most, 300 where nothing else is said; negative is 10,000
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) max_iterations: Option<i64>,

    /// What the session may cost, in US dollars
    #[arg(long, visible_alias = "budget", allow_negative_numbers = true)]
    pub(crate) max_cost: Option<f64>,

    /// Tokens that the session may use, in and out together
    #[arg(long, value_name = "TOKENS")]
    pub(crate) max_tokens: Option<u64>,

    /// Tool calls that the session may run
    #[arg(long, value_name = "CALLS")]
    pub(crate) max_calls: Option<u64>,

    /// How long the session may be at work, for example 90s or 30min
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<String>,

    /// Show the model's words when they are complete, not as they come
    #[arg(long)]
    pub(crate) no_stream: bool,

    /// End with exit code 3 when anything was denied, also where the model went on without it
    #[arg(long)]
    pub(crate) strict_denials: bool,

    #[command(flatten)]
    pub(crate) plugins: Plugins,
}

impl How {
    /// What it says of the configuration's keys.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let effort = self.effort.map(agent::Effort::as_str);
        let said: [(&str, Option<Value>); 8] = [
            ("model_name", self.model.as_deref().map(Value::from)),
            ("reasoning_effort", effort.map(Value::from)),
            ("policy", self.policy.as_deref().map(Value::from)),
            ("max_iterations", self.max_iterations.map(Value::from)),
            ("max_cost_usd", self.max_cost.map(Value::from)),
            ("max_tokens", self.max_tokens.map(Value::from)),
            ("max_calls", self.max_calls.map(Value::from)),
            ("timeout", self.timeout.as_deref().map(Value::from)),
        ];
        said.into_iter()
            .filter_map(|(key, value)| Flag::of(key, value?))
            .collect()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The session: its directory, or the beginning of its id; the latest, if it is left out
    #[arg(long)]
    pub(crate) session: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    #[command(flatten)]
    pub(crate) target: Target,

    /// Only the names, without the texts
    #[arg(long)]
    pub(crate) names: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Commit {
    #[command(flatten)]
    pub(crate) target: Target,

    /// Only these files, and those in these directories, as `diff` names them
    pub(crate) paths: Vec<PathBuf>,

    /// Also these protected paths, as patterns, for example .github/workflows/**
    #[arg(long, value_name = "PATTERN")]
    pub(crate) allow: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Undo {
    #[command(flatten)]
    pub(crate) target: Target,

    /// This commit, in your directory, instead of the last turn
    #[arg(long, value_name = "NUMBER")]
    pub(crate) commit: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Plugins {
    /// Directories of plugins, or component files
    #[arg(long = "plugins", env = "ML_INTERN_PLUGINS", value_delimiter = ':')]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Journal {
    /// Check that a journal is complete and unchanged
    Verify {
        /// The journal
        file: PathBuf,
    },
    /// Print a journal, a record a line
    Show {
        /// The journal
        file: PathBuf,

        /// As JSON, whole
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Print the policy as it is in force, each line with its origin
    Show {
        /// interactive, ci, offline, or a file
        #[arg(default_value = "ci")]
        policy: String,
    },
    /// Check a policy file and its own expectations
    Check {
        /// interactive, ci, offline, or a file
        policy: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Sessions {
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// List the models of the Hugging Face router, and who serves them now
    List {
        #[command(flatten)]
        how: How,
    },
    /// Ask a model for a word: whether it answers, and how much effort it takes
    Check {
        /// Its id; the one of the configuration, if it is left out
        model: Option<String>,

        #[command(flatten)]
        how: How,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The model to check, in place of the one of the configuration
    #[arg(long, short)]
    pub(crate) model: Option<String>,

    /// Do not ask the network
    #[arg(long)]
    pub(crate) offline: bool,

    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) plugins: Plugins,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print every value and where it comes from
    Show {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the files that are read, in the order in which they count
    Path,
    /// Print the JSON Schema of the file, for editors
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct Tools {
    /// As JSON, with schemas, effects and needs
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) plugins: Plugins,
}

#[derive(Debug, Args)]
pub(crate) struct Setup {
    /// A directory of built plugins to install
    #[arg(long)]
    pub(crate) plugins: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The groups of the help have every command, with the words that it has itself.
    #[test]
    fn every_command_is_in_the_help() {
        let cli = Cli::command();
        cli.clone().debug_assert();
        for command in cli
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
        {
            let about = command
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            let line = format!("\n  {:<12} {about}\n", command.get_name());
            assert!(HELP.contains(&line), "{line}");
        }
    }
}
