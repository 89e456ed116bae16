//! Commands that are other components: run by the host, under this call's own grant.

use std::time::{Duration, Instant};

use bashkit::{Builtin, BuiltinContext, ExecResult, Result, async_trait};
use ml_intern_sdk::programs::{self, Command, Error};

use crate::time;

/// What a shell says of a command that it found and could not run.
const NOT_RUNNABLE: i32 = 126;

/// The command `python`, or one that is `python` with arguments before its own.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// What comes before the arguments: `-m pip` for `pip`.
    pub(crate) before: &'static [&'static str],
    /// When the whole script has to be over.
    pub(crate) until: Instant,
}

#[async_trait]
impl Builtin for Program {
    async fn execute(&self, context: BuiltinContext<'_>) -> Result<ExecResult> {
        let until = time::until(context.env, self.until);
        let left = until.saturating_duration_since(Instant::now());
        let environment = context
            .env
            .iter()
            .filter(|(name, _)| !OWN.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let command = Command {
            program: self.name.to_owned(),
            arguments: self
                .before
                .iter()
                .map(|argument| (*argument).to_owned())
                .chain(context.args.iter().cloned())
                .collect(),
            environment,
            directory: context.cwd.to_string_lossy().into_owned(),
            stdin: context
                .stdin
                .map(|data| data.as_bytes().to_vec())
                .unwrap_or_default(),
            deadline: Some(milliseconds(left)),
            stay: None,
        };
        Ok(match programs::run(&command) {
            Ok(exit) => {
                let mut errors = String::from_utf8_lossy(&exit.stderr).into_owned();
                for figure in &exit.figures {
                    errors.push_str(&format!(
                        "[figure: {} ({})]\n",
                        figure.path, figure.image.alt
                    ));
                }
                if let Some(reason) = &exit.stopped {
                    errors.push_str(&format!("{}: stopped: {reason}\n", self.name));
                }
                let mut result = ExecResult::ok_bytes(exit.stdout);
                result.stderr = errors.into();
                // What a `timeout` around it says where it could stop it itself.
                result.exit_code = match &exit.stopped {
                    Some(_) if Instant::now() >= until => time::LATE,
                    _ => exit.code,
                };
                result
            }
            Err(error) => {
                let text = match error {
                    Error::UnknownProgram(text) | Error::Failed(text) => text,
                    Error::Denied(denial) => format!(
                        "denied: {} (rule: {}). {}",
                        denial.capability, denial.rule, denial.remedy
                    ),
                };
                ExecResult::err(format!("{}: {text}\n", self.name), NOT_RUNNABLE)
            }
        })
    }
}

/// Variables of the shell's own, which the program has its own of.
const OWN: [&str; 9] = [
    "HOME",
    "PATH",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "SHELL",
    "USER",
    "_",
    time::UNTIL,
];

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
