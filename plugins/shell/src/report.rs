//! How a script ended, as the result of a call.

use std::time::Duration;

use ml_intern_sdk::prelude::*;
use ml_intern_sdk::printed;

/// Bytes of each stream that the structured part holds at most.
const STRUCTURED: usize = 256 << 10;

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// Whether the shell kept less than was printed.
    pub(crate) cut: bool,
    pub(crate) elapsed: Duration,
    /// What stopped it before its end.
    pub(crate) stopped: Option<String>,
}

/// The part for programs.
#[derive(Debug, Serialize)]
struct Report<'a> {
    exit_code: i32,
    stdout: &'a str,
    stderr: &'a str,
    truncated: bool,
    elapsed_ms: u64,
    /// The file with all of the output, where the text has only its head and tail.
    spilled: Option<&'a str>,
}

/// An output where the script ended with 0.
///
/// # Errors
/// [`Failure::Failed`] with the same text where it ended with anything else.
pub(crate) fn of(ended: Ended) -> Result<Output, Failure> {
    let spill = |text: &str| spill(text);
    with(ended, spill)
}

fn with(ended: Ended, spill: impl Fn(&str) -> Option<String>) -> Result<Output, Failure> {
    let mut printed = printed::plain(&ended.stdout);
    let errors = printed::plain(&ended.stderr);
    if !printed.is_empty() && !errors.is_empty() && !printed.ends_with('\n') {
        printed.push('\n');
    }
    printed.push_str(&errors);
    let mut spilled = None;
    let mut text = match printed.as_str() {
        "" => "(no output)".to_owned(),
        all => {
            let shown = printed::cut(all);
            if shown != all {
                spilled = spill(all);
            }
            shown
        }
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if let Some(path) = &spilled {
        text.push_str(&format!("[all of the output is in {path}]\n"));
    }
    if ended.cut {
        text.push_str("[The script printed more than the shell keeps; what came after is lost. Write to a file instead.]\n");
    }
    if let Some(reason) = &ended.stopped {
        text.push_str(&format!("[stopped: {reason}]\n"));
    }
    text.push_str(&format!(
        "[exit code {}, {:.2} s]",
        ended.code,
        ended.elapsed.as_secs_f64()
    ));
    if ended.code != 0 || ended.stopped.is_some() {
        return Err(Failure::Failed(text));
    }
    let (stdout, stderr) = (
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr),
    );
    let (out, err) = (
        printed::end_of(&stdout, STRUCTURED),
        printed::end_of(&stderr, STRUCTURED),
    );
    Output::text(text).with_structured(&Report {
        exit_code: ended.code,
        stdout: out,
        stderr: err,
        truncated: ended.cut || out.len() < stdout.len() || err.len() < stderr.len(),
        elapsed_ms: u64::try_from(ended.elapsed.as_millis()).unwrap_or(u64::MAX),
        spilled: spilled.as_deref(),
    })
}

/// Writes all of the output to a file of its own in `/tmp`, and says where it is.
fn spill(text: &str) -> Option<String> {
    for number in 1..10_000 {
        let path = format!("/tmp/bash_output_{number}.txt");
        match std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
        {
            Ok(mut file) => {
                use std::io::Write as _;
                return file.write_all(text.as_bytes()).is_ok().then_some(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            // Without it there is still the head and the tail.
            Err(_) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i32, stdout: &str, stderr: &str) -> Ended {
        Ended {
            code,
            stdout: stdout.into(),
            stderr: stderr.into(),
            cut: false,
            elapsed: Duration::from_millis(1_234),
            stopped: None,
        }
    }

    fn text(ended: Ended) -> String {
        match with(ended, |_| Some("/tmp/bash_output_1.txt".into())) {
            Ok(output) => match output.content.into_iter().next() {
                Some(ml_intern_sdk::Content::Text(text)) => text,
                _ => String::new(),
            },
            Err(Failure::Failed(text)) => format!("failed: {text}"),
            Err(_) => String::new(),
        }
    }

    #[test]
    fn the_exit_code_is_always_told() {
        assert_eq!(text(ended(0, "a\n", "")), "a\n[exit code 0, 1.23 s]");
        assert_eq!(text(ended(0, "", "")), "(no output)\n[exit code 0, 1.23 s]");
        assert_eq!(
            text(ended(3, "a", "b\n")),
            "failed: a\nb\n[exit code 3, 1.23 s]"
        );
        let stopped = Ended {
            stopped: Some("time".into()),
            ..ended(124, "", "")
        };
        assert_eq!(
            text(stopped),
            "failed: (no output)\n[stopped: time]\n[exit code 124, 1.23 s]"
        );
    }

    #[test]
    fn long_output_is_cut_and_spilled_and_short_output_is_not() {
        let long = text(ended(0, &"x".repeat(printed::SHOWN + 1), ""));
        assert!(
            long.contains("[all of the output is in /tmp/bash_output_1.txt]"),
            "{}",
            long.len()
        );
        let fits = text(ended(0, &"x".repeat(printed::SHOWN), ""));
        assert!(!fits.contains("all of the output"), "{}", fits.len());
    }
}
