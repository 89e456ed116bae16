//! From the arguments to a command line and an image, as the Hub's own client builds them.
//!
//! | `script` | command |
//! | --- | --- |
//! | `https://…/train.py` | `uv run [--with dep]… [-p python] <url> [args]` |
//! | `train.py`, `./a/train.py`, `/workspace/train.py` | its text, read from the workspace, as below |
//! | Python source | `/bin/sh -lc 'echo "<base64>" \| base64 -d \| uv run … - [args]'` |
//!
//! `command` runs as it is, in `image`. Nothing is added to a script: what runs is what was shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ml_intern_sdk::Failure;

use crate::arguments::Submit;
use crate::secrets;
use crate::world::World;

/// Where scripts run: Debian with Python 3.12 and uv.
pub(crate) const UV_IMAGE: &str = "ghcr.io/astral-sh/uv:python3.12-bookworm";
/// Where commands run.
const PYTHON_IMAGE: &str = "python:3.12";
/// Between a script in base64 and what runs it.
pub(crate) const DECODE: &str = " | base64 -d | ";
/// Bytes of one argument of a process at most (Linux, `MAX_ARG_STRLEN`), less its final NUL.
const ARGUMENT: usize = (128 << 10) - 1;
/// Bytes of a script at most: what fits into one argument in base64, with what runs it.
const SCRIPT: usize = 92 << 10;
/// Faster downloads of large files.
const TRANSFER: &str = "hf-transfer";

/// What is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Python source, and where it came from if it is a file.
    Inline { text: String, path: Option<String> },
    /// A script at this address, which nobody has looked at.
    Url(String),
    /// A command of an image.
    Command(Vec<String>),
}

impl Source {
    /// What the arguments name; a file is read.
    ///
    /// # Errors
    /// [`Failure::InvalidArguments`] where they name nothing, or two things, or have a secret in them.
    pub(crate) fn of(world: &dyn World, submit: &Submit) -> Result<Self, Failure> {
        let source = match (&submit.script, &submit.command) {
            (Some(_), Some(_)) => {
                return Err(Failure::argument(
                    "/command",
                    "left out: `script` is given, and a job runs one of the two",
                ));
            }
            (None, None) => {
                return Err(Failure::argument(
                    "/script",
                    "Python source, a path in the workspace or a URL; or `command` for another image",
                ));
            }
            (None, Some(command)) => command_of(submit, command)?,
            (Some(script), None) => script_of(world, script)?,
        };
        match &source {
            Source::Inline { text, .. } => secrets::refuse("/script", text)?,
            Source::Url(url) => secrets::refuse("/script", url)?,
            Source::Command(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    secrets::refuse(&format!("/command/{index}"), part)?;
                }
            }
        }
        Ok(source)
    }

    /// `Python` or `Docker`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Source::Command(_) => "Docker",
            Source::Inline { .. } | Source::Url(_) => "Python",
        }
    }

    /// What a person is shown: `train.py (120 lines)`.
    pub(crate) fn shown(&self) -> String {
        match self {
            Source::Inline { text, path } => {
                let lines = text.lines().count();
                let s = if lines == 1 { "" } else { "s" };
                format!(
                    "{} ({lines} line{s})",
                    path.as_deref().unwrap_or("inline Python")
                )
            }
            Source::Url(url) => format!("{} (not looked at)", crate::table::short(url, 200)),
            Source::Command(parts) => crate::table::cell(&parts.join(" "), 200),
        }
    }

    /// The command line.
    ///
    /// # Errors
    /// [`Failure::InvalidArguments`] where it is longer than a process can be given.
    pub(crate) fn command(&self, submit: &Submit) -> Result<Vec<String>, Failure> {
        let uv = |script: &str| {
            let mut uv = vec!["uv".to_owned(), "run".to_owned()];
            let has_transfer = submit.dependencies.iter().any(|name| name == TRANSFER);
            let transfer = (!has_transfer).then(|| TRANSFER.to_owned());
            for dependency in submit.dependencies.iter().cloned().chain(transfer) {
                uv.extend(["--with".to_owned(), dependency]);
            }
            if let Some(python) = &submit.python {
                uv.extend(["-p".to_owned(), python.clone()]);
            }
            uv.push(script.to_owned());
            uv.extend(submit.script_args.iter().cloned());
            uv
        };
        let command = match self {
            Source::Command(parts) => parts.clone(),
            Source::Url(url) => uv(url),
            Source::Inline { text, .. } => {
                let uv = uv("-");
                let quoted = shlex::try_join(uv.iter().map(String::as_str)).map_err(|_| {
                    Failure::argument("/script_args", "text without NUL characters")
                })?;
                let text = STANDARD.encode(text);
                vec![
                    "/bin/sh".into(),
                    "-lc".into(),
                    format!("echo \"{text}\"{DECODE}{quoted}"),
                ]
            }
        };
        if command.iter().any(|part| part.len() > ARGUMENT) {
            return Err(Failure::argument(
                "/script",
                "at most 92 KiB with its arguments, since it is sent on the command line; a longer one goes into a \
                 repository of the Hub, and its URL here",
            ));
        }
        Ok(command)
    }

    /// The image: `dockerImage`, or `spaceId` for a Space's.
    pub(crate) fn image<'s>(&self, submit: &'s Submit) -> (&'static str, &'s str) {
        const SPACES: [&str; 4] = [
            "https://huggingface.co/spaces/",
            "https://hf.co/spaces/",
            "huggingface.co/spaces/",
            "hf.co/spaces/",
        ];
        let Some(image) = submit.image.as_deref() else {
            return match self {
                Source::Command(_) => ("dockerImage", PYTHON_IMAGE),
                Source::Inline { .. } | Source::Url(_) => ("dockerImage", UV_IMAGE),
            };
        };
        match SPACES.iter().find_map(|prefix| image.strip_prefix(prefix)) {
            Some(space) => ("spaceId", space),
            None => ("dockerImage", image),
        }
    }
}

fn command_of(submit: &Submit, command: &[String]) -> Result<Source, Failure> {
    if command.is_empty() || command.iter().any(|part| part.contains('\0')) {
        return Err(Failure::argument(
            "/command",
            "the program and its arguments, without NUL characters",
        ));
    }
    let python_only = [
        ("/dependencies", !submit.dependencies.is_empty()),
        ("/python", submit.python.is_some()),
        ("/script_args", !submit.script_args.is_empty()),
    ];
    match python_only.iter().find(|(_, given)| *given) {
        Some((pointer, _)) => Err(Failure::argument(
            pointer,
            "left out: it is for `script`; a `command` has its own arguments, and its image its own packages",
        )),
        None => Ok(Source::Command(command.to_vec())),
    }
}

fn script_of(world: &dyn World, script: &str) -> Result<Source, Failure> {
    if script.trim().is_empty() {
        return Err(Failure::argument("/script", "a script that is not empty"));
    }
    if script.contains('\0') {
        return Err(Failure::argument("/script", "text without NUL characters"));
    }
    if is_url(script) {
        return Ok(Source::Url(script.trim().to_owned()));
    }
    if is_path(script) {
        let text = world
            .script(script, SCRIPT)
            .map_err(|problem| Failure::argument("/script", format!("a script: {problem}")))?;
        if text.trim().is_empty() {
            return Err(Failure::argument(
                "/script",
                format!("a script that is not empty, as `{script}` is"),
            ));
        }
        return Ok(Source::Inline {
            text,
            path: Some(script.to_owned()),
        });
    }
    if script.len() > SCRIPT {
        return Err(Failure::argument(
            "/script",
            "at most 92 KiB; a longer one goes into a repository of the Hub, and its URL here",
        ));
    }
    Ok(Source::Inline {
        text: script.to_owned(),
        path: None,
    })
}

fn is_url(script: &str) -> bool {
    let script = script.trim();
    (script.starts_with("https://") || script.starts_with("http://"))
        && !script.contains(char::is_whitespace)
}

/// One line, no white space around it, that begins like a path or ends in `.py` without white space.
fn is_path(script: &str) -> bool {
    script.trim() == script
        && !script.contains(['\r', '\n', '\0'])
        && (["/", "./", "../"]
            .iter()
            .any(|start| script.starts_with(start))
            || (script.ends_with(".py") && !script.contains(char::is_whitespace)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    fn submit(json: serde_json::Value) -> Submit {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn paths_and_addresses_are_told_from_source() {
        for (text, path, url) in [
            ("train.py", true, false),
            ("scripts/train.py", true, false),
            ("./x", true, false),
            ("../x", true, false),
            ("/workspace/x", true, false),
            ("print(1)", false, false),
            ("import x.py", false, false),
            (" train.py", false, false),
            ("a\ntrain.py", false, false),
            ("https://a.example/train.py", true, true),
            ("https://a.example/ x", false, false),
        ] {
            assert_eq!((is_path(text), is_url(text)), (path, url), "{text}");
        }
    }

    #[test]
    fn commands_are_built() {
        let world = Fake::new().with_file("train.py", "print('x')\n");
        let inline = |uv: &str, script: &str| {
            vec![
                "/bin/sh".to_owned(),
                "-lc".to_owned(),
                format!("echo \"{}\" | base64 -d | {uv}", STANDARD.encode(script)),
            ]
        };
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let table = [
            (
                serde_json::json!({"script": "print(1)\n"}),
                inline("uv run --with hf-transfer -", "print(1)\n"),
                ("dockerImage", UV_IMAGE),
            ),
            (
                serde_json::json!({"script": "train.py", "dependencies": ["trl>=0.12", "hf-transfer"], "python": "3.11",
                                   "script_args": ["--lr", "a b"]}),
                inline(
                    "uv run --with 'trl>=0.12' --with hf-transfer -p 3.11 - --lr 'a b'",
                    "print('x')\n",
                ),
                ("dockerImage", UV_IMAGE),
            ),
            (
                serde_json::json!({"script": "https://a.example/t.py", "script_args": ["x"], "image": "hf.co/spaces/a/b"}),
                words("uv run --with hf-transfer https://a.example/t.py x"),
                ("spaceId", "a/b"),
            ),
            (
                serde_json::json!({"command": ["python", "-c", "1"]}),
                words("python -c 1"),
                ("dockerImage", "python:3.12"),
            ),
        ];
        for (arguments, command, image) in table {
            let submit = submit(arguments.clone());
            let source = Source::of(&world, &submit).unwrap();
            assert_eq!(source.command(&submit), Ok(command), "{arguments}");
            assert_eq!(source.image(&submit), image);
        }
    }

    #[test]
    fn what_cannot_run_is_refused_by_name() {
        let world = Fake::new()
            .with_file("empty.py", " \n")
            .with_file("large.py", &"x".repeat(SCRIPT + 1));
        let token = "hf_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3h";
        let table = [
            (serde_json::json!({}), "/script"),
            (serde_json::json!({"script": " "}), "/script"),
            (serde_json::json!({"script": "a\0"}), "/script"),
            (serde_json::json!({"script": "none.py"}), "/script"),
            (serde_json::json!({"script": "empty.py"}), "/script"),
            (serde_json::json!({"script": "large.py"}), "/script"),
            (
                serde_json::json!({"script": format!("a='{token}'")}),
                "/script",
            ),
            (
                serde_json::json!({"script": "x", "command": ["x"]}),
                "/command",
            ),
            (serde_json::json!({"command": []}), "/command"),
            (serde_json::json!({"command": ["a", token]}), "/command/1"),
            (
                serde_json::json!({"command": ["a"], "python": "3.12"}),
                "/python",
            ),
            (
                serde_json::json!({"command": ["a"], "dependencies": ["x"]}),
                "/dependencies",
            ),
            (
                serde_json::json!({"command": ["a"], "script_args": ["x"]}),
                "/script_args",
            ),
        ];
        for (arguments, pointer) in table {
            let Err(Failure::InvalidArguments(errors)) =
                Source::of(&world, &submit(arguments.clone()))
            else {
                panic!("{arguments}")
            };
            assert_eq!(errors[0].pointer, pointer, "{errors:?}");
        }
    }

    #[test]
    fn the_longest_script_fits_into_one_argument() {
        let world = Fake::new();
        let fits = submit(serde_json::json!({"script": "x".repeat(SCRIPT)}));
        let source = Source::of(&world, &fits).unwrap();
        assert!(source.command(&fits).is_ok());
        let over = submit(serde_json::json!({"script": "x".repeat(SCRIPT + 1)}));
        assert!(Source::of(&world, &over).is_err());
        // Its arguments count too.
        let long = submit(
            serde_json::json!({"script": "x".repeat(SCRIPT), "script_args": ["y".repeat(8_000)]}),
        );
        assert!(Source::of(&world, &long).unwrap().command(&long).is_err());
    }
}
