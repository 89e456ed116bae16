//! A script is looked at before a job is paid for: by the sandbox's Python, which parses it and runs nothing of it.
//!
//! | found | is |
//! | --- | --- |
//! | a syntax error; a notebook's `!` or `%` line | an error |
//! | a `# /// script` header that is not one (PEP 723) | an error |
//! | an import at the top that nothing installs: no dependency at all, and uv's own image | an error |
//! | an import that no dependency is known to bring | a warning: another package may bring it |
//! | `pip install` in the script | an error: uv's environments have no pip |
//! | uploads, in a job that has no token | an error |
//! | a trainer that does not push to the Hub | a warning: what it trained is lost |
//! | a trainer under the time-out that holds without `timeout` | a warning |
//! | CUDA, on hardware without a GPU | a warning |

use std::collections::BTreeMap;

use ml_intern_sdk::Failure;
use ml_intern_sdk::prelude::*;
use ml_intern_sdk::programs::Command;

use crate::arguments::Submit;
use crate::command::Source;
use crate::duration;
use crate::world::World;

/// What looks.
const CHECKER: &str = include_str!("checker.py");
/// Milliseconds that it may take.
const DEADLINE: u32 = 20_000;
/// Errors, and warnings, that are told at most.
const TOLD: usize = 12;

/// What was found that does not keep a job from being started.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    /// What is likely to be wrong.
    pub(crate) warnings: Vec<String>,
    /// How far it was looked at, for the result.
    pub(crate) said: String,
    /// Of how many epochs the script says it trains.
    pub(crate) epochs: Option<u64>,
    /// The line that uses a GPU.
    gpu: Option<u64>,
}

impl Checked {
    /// The same, for hardware that has a GPU, or has none.
    pub(crate) fn on(mut self, accelerated: bool) -> Self {
        if let Some(line) = self.gpu.filter(|_| !accelerated) {
            self.warnings.push(format!(
                "line {line} uses a GPU, and the hardware has none: see `hardware`"
            ));
        }
        self
    }
}

#[derive(Debug, Deserialize)]
struct Report {
    syntax: Option<Syntax>,
    header: Option<String>,
    declared: Vec<String>,
    imports: Vec<Import>,
    trainers: Vec<Trainer>,
    pushes: Vec<Push>,
    pip: Vec<u64>,
    settings: BTreeMap<String, f64>,
    gpu: Option<u64>,
    trackio: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Syntax {
    line: u64,
    message: String,
    text: String,
    magic: bool,
}

#[derive(Debug, Deserialize)]
struct Import {
    module: String,
    package: String,
    line: u64,
    /// It is at the top level, so it is met in any case.
    sure: bool,
}

#[derive(Debug, Deserialize)]
struct Trainer {
    name: String,
    line: u64,
    push: Option<bool>,
    hub_model_id: bool,
}

#[derive(Debug, Deserialize)]
struct Push {
    name: String,
    line: u64,
}

/// What the check has to know of the job beside its script.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'s> {
    pub(crate) submit: &'s Submit,
    /// It has the user's token.
    pub(crate) token: bool,
}

/// Looks at what is to run.
///
/// # Errors
/// [`Failure::InvalidArguments`] with everything that would certainly fail.
pub(crate) fn check(world: &dyn World, source: &Source, job: Job<'_>) -> Result<Checked, Failure> {
    let text = match source {
        Source::Inline { text, .. } => text,
        Source::Url(_) => {
            return Ok(said("The script was not checked: it is at a URL."));
        }
        Source::Command(_) => return Ok(said("Nothing to check: a command, no script.")),
    };
    let asked = serde_json::json!({
        "source": text,
        "dependencies": job.submit.dependencies,
        "python": job.submit.python,
    });
    let exit = world.python(&Command {
        program: "python".into(),
        arguments: vec!["-c".into(), CHECKER.into()],
        environment: Vec::new(),
        directory: "/tmp".into(),
        stdin: asked.to_string().into_bytes(),
        deadline: Some(DEADLINE),
        stay: None,
    });
    let skipped = |why: &str| {
        Ok(said(&format!(
            "The script's syntax and imports were not checked: {why}."
        )))
    };
    let exit = match exit {
        Ok(exit) => exit,
        Err(why) => return skipped(&why),
    };
    if exit.code != 0 {
        let last = ml_intern_sdk::printed::plain(&exit.stderr);
        let last = last.trim_end().lines().last().unwrap_or_default();
        let why = exit.stopped.as_deref().unwrap_or(last);
        return skipped(&format!("the check ended with {}: {why}", exit.code));
    }
    match serde_json::from_slice(&exit.stdout) {
        Ok(report) => judge(report, job),
        Err(error) => skipped(&format!("the check answered what cannot be read: {error}")),
    }
}

fn said(text: &str) -> Checked {
    Checked {
        said: text.to_owned(),
        ..Checked::default()
    }
}

fn judge(report: Report, job: Job<'_>) -> Result<Checked, Failure> {
    let mut errors: Vec<String> = Vec::new();
    let mut warnings: Vec<String> = Vec::new();
    if let Some(syntax) = &report.syntax {
        let more = if syntax.magic {
            "; a notebook's commands are no Python: put packages into `dependencies`"
        } else {
            ""
        };
        errors.push(format!(
            "line {}: {} at `{}`{more}",
            syntax.line, syntax.message, syntax.text
        ));
    }
    errors.extend(report.header.iter().cloned());
    imports(&report, job, &mut errors, &mut warnings);
    for line in &report.pip {
        errors.push(format!(
            "line {line}: `pip install`: uv's environments have no pip; put packages into `dependencies`"
        ));
    }
    pushes(&report, job, &mut errors, &mut warnings);
    if !errors.is_empty() {
        errors.truncate(TOLD);
        return Err(Failure::argument(
            "/script",
            format!(
                "a script that can run; nothing was started: {}",
                errors.join("; ")
            ),
        ));
    }
    warnings.truncate(TOLD);
    let settings: Vec<String> = report
        .settings
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let settings = match settings.as_slice() {
        [] => String::new(),
        all => format!(" It says: {}.", all.join(", ")),
    };
    Ok(Checked {
        warnings,
        said: format!("Syntax and imports were checked.{settings}"),
        epochs: report
            .settings
            .get("num_train_epochs")
            .filter(|epochs| (1.0..1e6).contains(*epochs))
            .map(|epochs| epochs.ceil() as u64),
        gpu: report.gpu,
    })
}

fn imports(report: &Report, job: Job<'_>, errors: &mut Vec<String>, warnings: &mut Vec<String>) {
    let nothing = job.submit.dependencies.is_empty()
        && report.declared.is_empty()
        && job.submit.image.is_none();
    for import in &report.imports {
        let Import {
            module,
            package,
            line,
            ..
        } = import;
        if module.starts_with('.') {
            errors.push(format!(
                "line {line}: `from {module}` imports a neighbour, and a job has this one file only"
            ));
        } else if import.sure && nothing {
            errors.push(format!(
                "line {line}: `{module}` is not in the standard library, and nothing installs it: add `{package}` to \
                 `dependencies`"
            ));
        } else {
            warnings.push(format!(
                "line {line}: no dependency is known to bring `{module}`: add `{package}` to `dependencies`, unless \
                 another package or the image has it (a file of the workspace is not there)"
            ));
        }
    }
}

fn pushes(report: &Report, job: Job<'_>, errors: &mut Vec<String>, warnings: &mut Vec<String>) {
    if let Some(push) = report.pushes.first().filter(|_| !job.token) {
        errors.push(format!(
            "line {}: `{}` needs a token, and this job has none: use operation `run`",
            push.line, push.name
        ));
    }
    for trainer in &report.trainers {
        let Trainer { name, line, .. } = trainer;
        if trainer.push == Some(false) && report.pushes.is_empty() {
            warnings.push(format!(
                "line {line}: {name} without push_to_hub=True and hub_model_id: what is trained is lost when the job ends"
            ));
        } else if trainer.push == Some(true) && !trainer.hub_model_id {
            warnings.push(format!(
                "line {line}: {name} without hub_model_id: the repository is named after output_dir"
            ));
        }
    }
    if !report.trainers.is_empty() && job.submit.timeout.is_none() {
        warnings.push(format!(
            "it trains, and without `timeout` it is ended after {}",
            duration::shown(duration::DEFAULT_TIMEOUT)
        ));
    }
    if let Some(line) = report
        .trackio
        .filter(|_| job.submit.trackio_space_id.is_none())
    {
        warnings.push(format!(
            "line {line} uses trackio, and without `trackio_space_id` its numbers are lost when the job ends"
        ));
    }
}

#[cfg(test)]
mod tests;
