//! How a program ended, as the result of a call.

use ml_intern_sdk::prelude::*;
use ml_intern_sdk::programs::Exit;

use ml_intern_sdk::printed;

/// Bytes of each stream that the structured part holds at most: with every byte escaped, two of them still fit into the
/// output that the plugin asks for.
const STRUCTURED: usize = 256 << 10;

/// The part for programs.
#[derive(Debug, Serialize)]
struct Report<'a> {
    exit_code: i32,
    /// The limit that stopped it.
    stopped: Option<&'a str>,
    stdout: &'a str,
    stderr: &'a str,
    /// Whether anything is missing from `stdout` or `stderr`.
    truncated: bool,
    elapsed_ms: u32,
    /// Processor time; none for an interpreter that stays.
    cpu_ms: Option<u32>,
    /// Bytes.
    peak_memory: u64,
    /// Where the figures are.
    figures: Vec<&'a str>,
}

/// An output where the program ended with 0.
///
/// # Errors
/// [`Failure::Failed`] with the same text where it ended with anything else.
pub(crate) fn of(exit: Exit) -> Result<Output, Failure> {
    let text = text(&exit);
    if exit.code != 0 || exit.stopped.is_some() {
        return Err(Failure::Failed(text));
    }
    let (stdout, stderr) = (
        String::from_utf8_lossy(&exit.stdout),
        String::from_utf8_lossy(&exit.stderr),
    );
    let (shown_stdout, shown_stderr) = (
        printed::end_of(&stdout, STRUCTURED),
        printed::end_of(&stderr, STRUCTURED),
    );
    let cut = shown_stdout.len() < stdout.len() || shown_stderr.len() < stderr.len();
    let mut output = Output::text(text).with_structured(&Report {
        exit_code: exit.code,
        stopped: exit.stopped.as_deref(),
        stdout: shown_stdout,
        stderr: shown_stderr,
        truncated: exit.truncated || cut,
        elapsed_ms: exit.elapsed,
        cpu_ms: exit.cpu,
        peak_memory: exit.peak_memory,
        figures: exit
            .figures
            .iter()
            .map(|figure| figure.path.as_str())
            .collect(),
    })?;
    // More than a few pictures tell a model less, not more, and each costs it a thousand tokens.
    let (few, rest) = exit.figures.split_at(exit.figures.len().min(PICTURES));
    for figure in few {
        let image = figure.image.clone();
        output = output.with_image(image.mime, image.bytes, image.alt);
    }
    for figure in rest {
        let uri = format!("workspace:{}", figure.path.trim_start_matches("/workspace"));
        output = output.with_link(uri, Some(&figure.image.mime), figure.image.alt.clone());
    }
    Ok(output)
}

/// Pictures that come back as such; of more, only where they are.
const PICTURES: usize = 4;

/// What the program printed, then how it ended.
fn text(exit: &Exit) -> String {
    let mut printed = printed::plain(&exit.stdout);
    let errors = printed::plain(&exit.stderr);
    if !printed.is_empty() && !errors.is_empty() && !printed.ends_with('\n') {
        printed.push('\n');
    }
    printed.push_str(&errors);
    let mut text = match printed.as_str() {
        "" => "(no output)".to_owned(),
        text => printed::cut(text),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if exit.truncated {
        text.push_str(
            "[The program printed more than the output limit; what came after is lost.]\n",
        );
    }
    for figure in &exit.figures {
        text.push_str(&format!(
            "[figure: {} ({})]\n",
            figure.path, figure.image.alt
        ));
    }
    if let Some(limit) = &exit.stopped {
        text.push_str(&format!("[stopped: {limit}]\n"));
    }
    if let Some(lost) = &exit.lost {
        text.push_str("[The interpreter was ended with it; the next cell gets a fresh one.");
        if !lost.is_empty() {
            text.push_str(&format!(" Lost: {}.", lost.join(", ")));
        }
        text.push_str("]\n");
    }
    let seconds = f64::from(exit.elapsed) / 1_000.0;
    let peak = exit.peak_memory.div_ceil(1 << 20);
    text.push_str(&format!(
        "[exit code {}, {seconds:.2} s, peak memory {peak} MiB]",
        exit.code
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(code: i32, stdout: &str, stderr: &str) -> Exit {
        Exit {
            code,
            stdout: stdout.into(),
            stderr: stderr.into(),
            truncated: false,
            elapsed: 1_234,
            peak_memory: (40 << 20) + 1,
            stopped: None,
            cpu: Some(900),
            figures: Vec::new(),
            fresh: true,
            lost: None,
        }
    }

    const END: &str = "[exit code 0, 1.23 s, peak memory 41 MiB]";

    #[test]
    fn success_shows_both_streams_and_the_end() -> Result<(), Failure> {
        for (stdout, stderr, expected) in [
            ("", "", format!("(no output)\n{END}")),
            ("a\n", "", format!("a\n{END}")),
            ("a", "", format!("a\n{END}")),
            ("a", "warning", format!("a\nwarning\n{END}")),
            ("", "warning\n", format!("warning\n{END}")),
        ] {
            let output = of(exit(0, stdout, stderr))?;
            let structured = serde_json::json!({
                "exit_code": 0, "stopped": null, "stdout": stdout, "stderr": stderr, "truncated": false,
                "elapsed_ms": 1_234, "cpu_ms": 900, "peak_memory": (40 << 20) + 1, "figures": [],
            });
            assert_eq!(output, Output::text(expected).with_structured(&structured)?);
        }
        Ok(())
    }

    #[test]
    fn any_other_exit_is_a_failure_with_the_traceback() {
        let expected = "partial\nTraceback (most recent call last):\nValueError: no\n\
                        [exit code 1, 1.23 s, peak memory 41 MiB]";
        let ended = exit(
            1,
            "partial\n",
            "Traceback (most recent call last):\nValueError: no\n",
        );
        assert_eq!(of(ended), Err(Failure::failed(expected)));
    }

    #[test]
    fn a_limit_that_stopped_it_is_said_and_what_was_lost() {
        let stopped = |lost: Option<Vec<String>>| Exit {
            stopped: Some("limit reached: deadline (allowed 1000 ms, requested 1001)".into()),
            lost,
            ..exit(137, "before\n", "")
        };
        let head = "before\n[stopped: limit reached: deadline (allowed 1000 ms, requested 1001)]\n";
        let tail = "[exit code 137, 1.23 s, peak memory 41 MiB]";
        let kernel = "[The interpreter was ended with it; the next cell gets a fresh one.";
        for (lost, said) in [
            (None, String::new()),
            (Some(vec![]), format!("{kernel}]\n")),
            (
                Some(vec!["model".into(), "x".into()]),
                format!("{kernel} Lost: model, x.]\n"),
            ),
        ] {
            let expected = format!("{head}{said}{tail}");
            assert_eq!(of(stopped(lost)), Err(Failure::failed(expected)));
        }
    }

    #[test]
    fn figures_come_back_as_pictures_and_the_rest_as_links() -> Result<(), Failure> {
        let figure = |n: usize| ml_intern_sdk::programs::Figure {
            path: format!("/workspace/figures/figure-{n}.png"),
            image: ml_intern_sdk::programs::Image {
                mime: "image/png".into(),
                bytes: vec![1],
                alt: "loss".into(),
            },
        };
        let ended = Exit {
            figures: (1..=PICTURES + 1).map(figure).collect(),
            ..exit(0, "", "")
        };
        let output = of(ended)?;
        let [_, pictures @ .., last] = output.content.as_slice() else {
            panic!("text, pictures and a link")
        };
        assert_eq!(pictures.len(), PICTURES);
        let expected = Output::text("").with_link(
            "workspace:/figures/figure-5.png",
            Some("image/png"),
            "loss",
        );
        assert_eq!(Some(last), expected.content.last());
        Ok(())
    }

    #[test]
    fn what_the_host_cut_is_said() {
        let ended = Exit {
            truncated: true,
            ..exit(2, "a\n", "")
        };
        let expected = "a\n[The program printed more than the output limit; what came after is lost.]\n\
                        [exit code 2, 1.23 s, peak memory 41 MiB]";
        assert_eq!(of(ended), Err(Failure::failed(expected)));
    }

    #[test]
    fn the_structured_part_keeps_the_end_of_a_long_stream() -> Result<(), Failure> {
        let structured = |stdout: &str| -> Result<serde_json::Value, Failure> {
            let output = of(exit(0, stdout, ""))?;
            Ok(
                serde_json::from_str(output.structured.as_deref().unwrap_or_default())
                    .unwrap_or_default(),
            )
        };
        let fits = "x".repeat(STRUCTURED);
        assert_eq!(structured(&fits)?["stdout"], fits);
        assert_eq!(structured(&fits)?["truncated"], false);
        let long = structured(&format!("é{}", "x".repeat(STRUCTURED - 1)))?;
        assert_eq!(long["stdout"], "x".repeat(STRUCTURED - 1));
        assert_eq!(long["truncated"], true);
        Ok(())
    }
}
