//! `timeout` and `sleep`: those of the shell's library end after five minutes and one, and neither knows of commands that
//! the host runs.
//!
//! A command that waits for the host (`python`, `curl`) holds the whole shell, so a `timeout` around it cannot interrupt it.
//! So `timeout` tells what it runs when its time is up, in a variable, and such a command gives the host that limit.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bashkit::{
    Builtin, BuiltinContext, ExecResult, ExecutionPlan, Result, SubCommand, async_trait,
};

/// Where `timeout` says when its time is up: milliseconds since the start of 1970.
pub(crate) const UNTIL: &str = "TIMEOUT_UNTIL_MS";

/// What a shell says of a command that ran out of time.
pub(crate) const LATE: i32 = 124;
/// What `timeout` says of itself.
const BROKEN: i32 = 125;

fn now() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// When a command has to be over: the script's time, or that of a `timeout` around it.
pub(crate) fn until(environment: &HashMap<String, String>, script: Instant) -> Instant {
    environment
        .get(UNTIL)
        .and_then(|text| text.parse::<u64>().ok())
        .and_then(|end| {
            Instant::now().checked_add(Duration::from_millis(end.saturating_sub(now())))
        })
        .map_or(script, |own| own.min(script))
}

/// `5`, `0.5`, `5s`, `5m`, `5h`, `5d`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, text.chars().next_back()?),
        None => (text, 's'),
    };
    let seconds = match unit {
        'm' => 60.0,
        'h' => 3_600.0,
        'd' => 86_400.0,
        _ => 1.0,
    };
    // No exponents, no names of numbers.
    if number.is_empty()
        || !number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return None;
    }
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

/// `timeout [-k TIME] [-s SIGNAL] [--preserve-status] [--foreground] TIME COMMAND [ARGUMENT]...`
pub(crate) struct Timeout {
    /// When the whole script has to be over.
    pub(crate) until: Instant,
}

/// What it is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Timed {
    time: Duration,
    preserve_status: bool,
    command: String,
    arguments: Vec<String>,
}

fn timed(arguments: &[String]) -> std::result::Result<Timed, String> {
    use lexopt::Arg::{Long, Short, Value};
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut preserve_status = false;
    loop {
        match parser.next().map_err(|error| error.to_string())? {
            // There are no signals; what is stopped is stopped.
            Some(Short('k' | 's') | Long("kill-after" | "signal")) => {
                parser.value().map_err(|error| error.to_string())?;
            }
            Some(Short('p') | Long("preserve-status")) => preserve_status = true,
            Some(Short('f' | 'v') | Long("foreground" | "verbose")) => {}
            Some(Value(time)) => {
                let time = time.to_string_lossy().into_owned();
                let mut rest = parser
                    .raw_args()
                    .map_err(|error| error.to_string())?
                    .map(|argument| argument.to_string_lossy().into_owned());
                return Ok(Timed {
                    time: duration(&time)
                        .ok_or_else(|| format!("invalid time interval '{time}'"))?,
                    preserve_status,
                    command: rest.next().ok_or("missing operand")?,
                    arguments: rest.collect(),
                });
            }
            Some(other) => return Err(other.unexpected().to_string()),
            None => return Err("missing operand".into()),
        }
    }
}

const USAGE: &str = "Usage: timeout [-k TIME] [-s SIGNAL] [--preserve-status] TIME COMMAND [ARGUMENT]...\nTIME is a number of seconds, or of minutes (5m), hours (5h) or days (5d); 0 is no limit.\n";

#[async_trait]
impl Builtin for Timeout {
    async fn execute(&self, context: BuiltinContext<'_>) -> Result<ExecResult> {
        // Only what there is no plan for comes here.
        Ok(match context.args.first().map(String::as_str) {
            Some("--help") => ExecResult::ok(USAGE.to_owned()),
            _ => {
                let problem = timed(context.args).err().unwrap_or_default();
                ExecResult::err(format!("timeout: {problem}\n{USAGE}"), BROKEN)
            }
        })
    }

    async fn execution_plan(&self, context: &BuiltinContext<'_>) -> Result<Option<ExecutionPlan>> {
        let Ok(timed) = timed(context.args) else {
            return Ok(None);
        };
        // A shorter time around this one holds, and 0 is none of its own.
        let left = until(context.env, self.until).saturating_duration_since(Instant::now());
        let time = match timed.time.is_zero() {
            true => left,
            false => timed.time.min(left),
        };
        let end = now().saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        Ok(Some(ExecutionPlan::Timeout {
            duration: time,
            preserve_status: timed.preserve_status,
            command: SubCommand {
                name: timed.command,
                args: timed.arguments,
                stdin: context.stdin.cloned(),
                assignments: vec![(UNTIL.to_owned(), end.to_string())],
            },
        }))
    }
}

/// `sleep TIME...`
pub(crate) struct Sleep {
    /// When the whole script has to be over.
    pub(crate) until: Instant,
}

#[async_trait]
impl Builtin for Sleep {
    async fn execute(&self, context: BuiltinContext<'_>) -> Result<ExecResult> {
        let mut time = Duration::ZERO;
        if context.args.is_empty() {
            return Ok(ExecResult::err("sleep: missing operand\n", 1));
        }
        for text in context.args {
            match duration(text) {
                Some(one) => time = time.saturating_add(one),
                None => {
                    let text = format!("sleep: invalid time interval '{text}'\n");
                    return Ok(ExecResult::err(text, 1));
                }
            }
        }
        // No longer than there is anyone to wake.
        let left = self.until.saturating_duration_since(Instant::now());
        tokio::time::sleep(time.min(left.saturating_add(Duration::from_secs(1)))).await;
        Ok(ExecResult::ok(String::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, expected) in [
            ("5", Some(5_000)),
            ("0.5", Some(500)),
            (".5s", Some(500)),
            ("10m", Some(600_000)),
            ("2h", Some(7_200_000)),
            ("1d", Some(86_400_000)),
            ("0", Some(0)),
            ("", None),
            ("s", None),
            ("-1", None),
            ("1e9", None),
            ("inf", None),
            ("5x", None),
            (".", None),
        ] {
            let found = duration(text).map(|time| time.as_millis());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn command_lines_of_timeout() {
        let read = |line: &str| {
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            timed(&arguments)
        };
        let asked = |seconds, preserve_status, arguments: &[&str]| Timed {
            time: Duration::from_secs(seconds),
            preserve_status,
            command: "python".into(),
            arguments: arguments.iter().map(|one| (*one).to_owned()).collect(),
        };
        for (line, expected) in [
            ("600 python a.py -k", Ok(asked(600, false, &["a.py", "-k"]))),
            ("-k 5 -s KILL 10m python", Ok(asked(600, false, &[]))),
            (
                "-sKILL --preserve-status 1h python",
                Ok(asked(3_600, true, &[])),
            ),
            ("5", Err("missing operand")),
            ("-k 5", Err("missing operand")),
            ("soon python", Err("invalid time interval 'soon'")),
            ("-z 5 python", Err("invalid option '-z'")),
        ] {
            assert_eq!(read(line), expected.map_err(str::to_owned), "{line}");
        }
    }

    #[test]
    fn the_nearer_end_counts() {
        let script = Instant::now() + Duration::from_secs(100);
        let of = |text: &str| {
            until(
                &HashMap::from([(UNTIL.to_owned(), text.to_owned())]),
                script,
            )
        };
        assert_eq!(until(&HashMap::new(), script), script);
        assert_eq!(of("soon"), script);
        assert_eq!(of(&(now() + 1_000_000).to_string()), script);
        assert!(of(&(now() + 10_000).to_string()) < script);
        assert!(of("0") <= Instant::now());
    }
}
