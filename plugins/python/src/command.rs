//! What the model may ask for, as the command line that it stands for.

use std::collections::BTreeMap;

use ml_intern_sdk::prelude::*;
use ml_intern_sdk::programs::Command;

/// Seconds that a run may be given at most: ten hours.
pub(crate) const LONGEST_SECONDS: u32 = 36_000;

/// The arguments of `run`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    /// Python source. `run` takes either this or `script`; `execute` shows the value of the last expression.
    code: Option<String>,
    /// The path of a script or notebook, relative to /workspace or absolute.
    script: Option<String>,
    /// sys.argv after the program's own name.
    #[serde(default)]
    argv: Vec<String>,
    /// Standard input.
    #[serde(default)]
    stdin: String,
    /// Environment variables, by name.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Seconds that it may take; what it printed until then is returned. Without it, the policy's limit holds.
    #[schemars(range(min = 1, max = 36_000))]
    timeout: Option<u32>,
}

/// The arguments of `execute`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cell {
    /// Python source. `run` takes either this or `script`; `execute` shows the value of the last expression.
    code: String,
    /// Seconds that it may take; what it printed until then is returned. Without it, the policy's limit holds.
    #[schemars(range(min = 1, max = 36_000))]
    timeout: Option<u32>,
}

/// The arguments of `install`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Install {
    /// Packages by name, with versions or hashes as in a requirements file: `einops`, `rich>=13,<15`,
    /// `six==1.17.0 --hash=sha256:…`.
    #[schemars(length(min = 1, max = 100))]
    packages: Vec<String>,
    /// Seconds that it may take; what it printed until then is returned. Without it, the policy's limit holds.
    #[schemars(range(min = 1, max = 36_000))]
    timeout: Option<u32>,
}

/// The arguments of `reset`: none.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {}

/// The name of the session's interpreter.
pub(crate) const KERNEL: &str = "kernel";

impl Cell {
    /// The command line.
    ///
    /// # Errors
    /// [`Failure::InvalidArguments`] where the arguments cannot be one.
    pub(crate) fn command(self) -> Result<Command, Failure> {
        Ok(Command {
            program: "python".into(),
            arguments: vec![no_nul("/code", self.code)?],
            environment: Vec::new(),
            directory: "/workspace".into(),
            stdin: Vec::new(),
            deadline: deadline(self.timeout)?,
            stay: Some(KERNEL.into()),
        })
    }
}

/// What a requirement may be written with: a name, extras, versions, a marker, hashes. No address, no path, no option.
fn is_requirement(text: &str) -> bool {
    let plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '.' | '_' | '-' | ' ' | ',' | '[' | ']')
            || matches!(
                c,
                '=' | '<' | '>' | '!' | '~' | '*' | '+' | ';' | '\'' | '"' | '(' | ')'
            )
    };
    let mut parts = text.split(" --hash=sha256:");
    let name = parts.next().unwrap_or_default();
    let hash = |digest: &str| digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit());
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.contains(" -")
        && name.chars().all(plain)
        && parts.all(hash)
}

impl Install {
    /// The command line.
    ///
    /// # Errors
    /// [`Failure::InvalidArguments`] where something in it is not a package by name.
    pub(crate) fn command(self) -> Result<Command, Failure> {
        if self.packages.is_empty() {
            return Err(Failure::argument("/packages", "at least one package"));
        }
        for (index, package) in self.packages.iter().enumerate() {
            if !is_requirement(package) {
                return Err(Failure::argument(
                    &format!("/packages/{index}"),
                    "a package by name, perhaps with versions or ` --hash=sha256:` and 64 hexadecimal digits; no address, no path, no option",
                ));
            }
        }
        let mut arguments = vec!["-m".to_owned(), "pip".to_owned(), "install".to_owned()];
        let mut stdin = Vec::new();
        if self
            .packages
            .iter()
            .any(|package| package.contains(" --hash="))
        {
            // Hashes can stand in the lines of a requirements file only.
            arguments.extend(["-r".to_owned(), "-".to_owned()]);
            stdin = (self.packages.join("\n") + "\n").into_bytes();
        } else {
            arguments.extend(self.packages);
        }
        Ok(Command {
            program: "python".into(),
            arguments,
            environment: Vec::new(),
            directory: "/tmp".into(),
            stdin,
            deadline: deadline(self.timeout)?,
            stay: None,
        })
    }
}

/// Seconds as milliseconds.
fn deadline(timeout: Option<u32>) -> Result<Option<u32>, Failure> {
    match timeout {
        None => Ok(None),
        Some(seconds @ 1..=LONGEST_SECONDS) => Ok(Some(seconds * 1_000)),
        Some(_) => Err(Failure::argument(
            "/timeout",
            "seconds, from 1 to 36,000 (ten hours)",
        )),
    }
}

impl Run {
    /// The command line.
    ///
    /// # Errors
    /// [`Failure::InvalidArguments`] where the arguments contradict each other or cannot be a command line.
    pub(crate) fn command(self) -> Result<Command, Failure> {
        let mut arguments = match (self.code, self.script) {
            (Some(code), None) => vec!["-c".to_owned(), no_nul("/code", code)?],
            (None, Some(script)) => vec![script_path(&no_nul("/script", script)?)?],
            (Some(_), Some(_)) => {
                return Err(Failure::argument(
                    "/script",
                    "left out: `code` is given, and only one of the two can run",
                ));
            }
            (None, None) => {
                return Err(Failure::argument(
                    "/code",
                    "Python source; or give `script` instead",
                ));
            }
        };
        for (index, argument) in self.argv.into_iter().enumerate() {
            arguments.push(no_nul(&format!("/argv/{index}"), argument)?);
        }
        for (name, value) in &self.env {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                let pointer = format!("/env/{}", name.replace('~', "~0").replace('/', "~1"));
                return Err(Failure::argument(
                    &pointer,
                    "a name that is not empty, without `=`; neither part with a NUL",
                ));
            }
        }
        Ok(Command {
            program: "python".into(),
            arguments,
            environment: self.env.into_iter().collect(),
            directory: "/workspace".into(),
            stdin: self.stdin.into_bytes(),
            deadline: deadline(self.timeout)?,
            stay: None,
        })
    }
}

/// C strings end at a NUL, so a command line cannot hold one.
fn no_nul(pointer: &str, text: String) -> Result<String, Failure> {
    if text.contains('\0') {
        return Err(Failure::argument(pointer, "text without NUL characters"));
    }
    Ok(text)
}

/// Absolute, so that it is found wherever the program thinks it is.
fn script_path(path: &str) -> Result<String, Failure> {
    match path {
        "" => Err(Failure::argument("/script", "the path of a script")),
        absolute if absolute.starts_with('/') => Ok(absolute.to_owned()),
        relative => Ok(format!("/workspace/{}", relative.trim_start_matches("./"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(run: Run) -> Result<Vec<String>, Failure> {
        run.command().map(|command| command.arguments)
    }

    #[test]
    fn code_and_scripts_become_command_lines() {
        let code = Run {
            code: Some("print(1)".into()),
            argv: vec!["a b".into()],
            ..Run::default()
        };
        assert_eq!(
            command(code),
            Ok(vec!["-c".into(), "print(1)".into(), "a b".into()])
        );
        for (script, path) in [
            ("train.py", "/workspace/train.py"),
            ("./a/b.py", "/workspace/a/b.py"),
            ("/workspace/x.py", "/workspace/x.py"),
            ("/tmp/x.py", "/tmp/x.py"),
        ] {
            let run = Run {
                script: Some(script.into()),
                ..Run::default()
            };
            assert_eq!(command(run), Ok(vec![path.into()]), "{script}");
        }
    }

    #[test]
    fn everything_else_is_handed_on() {
        let run = Run {
            code: Some("1".into()),
            stdin: "in".into(),
            env: BTreeMap::from([("A".into(), "=b".into())]),
            ..Run::default()
        };
        let expected = Command {
            program: "python".into(),
            arguments: vec!["-c".into(), "1".into()],
            environment: vec![("A".into(), "=b".into())],
            directory: "/workspace".into(),
            deadline: None,
            stay: None,
            stdin: b"in".to_vec(),
        };
        assert_eq!(run.command(), Ok(expected));
    }

    #[test]
    fn what_cannot_be_a_command_line_is_refused_by_name() {
        let code = || Some("1".to_owned());
        let env = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let variable = "a name that is not empty, without `=`; neither part with a NUL";
        let table = [
            (
                Run::default(),
                "/code",
                "Python source; or give `script` instead",
            ),
            (
                Run {
                    code: code(),
                    script: Some("x".into()),
                    ..Run::default()
                },
                "/script",
                "left out: `code` is given, and only one of the two can run",
            ),
            (
                Run {
                    script: Some(String::new()),
                    ..Run::default()
                },
                "/script",
                "the path of a script",
            ),
            (
                Run {
                    code: Some("a\0".into()),
                    ..Run::default()
                },
                "/code",
                "text without NUL characters",
            ),
            (
                Run {
                    script: Some("a\0".into()),
                    ..Run::default()
                },
                "/script",
                "text without NUL characters",
            ),
            (
                Run {
                    code: code(),
                    argv: vec!["a".into(), "\0".into()],
                    ..Run::default()
                },
                "/argv/1",
                "text without NUL characters",
            ),
            (
                Run {
                    code: code(),
                    env: env("", "x"),
                    ..Run::default()
                },
                "/env/",
                variable,
            ),
            (
                Run {
                    code: code(),
                    env: env("A=B", "x"),
                    ..Run::default()
                },
                "/env/A=B",
                variable,
            ),
            (
                Run {
                    code: code(),
                    env: env("A/B", "\0"),
                    ..Run::default()
                },
                "/env/A~1B",
                variable,
            ),
        ];
        for (run, pointer, expected) in table {
            assert_eq!(
                command(run),
                Err(Failure::argument(pointer, expected)),
                "{pointer}"
            );
        }
    }

    #[test]
    fn packages_are_named_and_nothing_else() {
        let hash = format!("six==1.17.0 --hash=sha256:{}", "0a".repeat(32));
        let install = |packages: &[&str]| {
            Install {
                packages: packages.iter().map(|&package| package.to_owned()).collect(),
                timeout: None,
            }
            .command()
        };
        let lines = format!("einops\nrich[jupyter]>=13,<15\n{hash}\n");
        assert_eq!(
            install(&["einops", "rich[jupyter]>=13,<15", &hash])
                .map(|command| (command.arguments, command.stdin)),
            Ok((
                ["-m", "pip", "install", "-r", "-"]
                    .map(str::to_owned)
                    .to_vec(),
                lines.into_bytes()
            ))
        );
        assert_eq!(
            install(&["einops", "six"]).map(|command| command.arguments),
            Ok(["-m", "pip", "install", "einops", "six"]
                .map(str::to_owned)
                .to_vec())
        );
        for wrong in [
            "",
            "-r x.txt",
            "--index-url=https://a.example",
            "einops --index-url https://a.example",
            "einops -e .",
            "https://a.example/x.whl",
            "x @ https://a.example/x.whl",
            "./x",
            "a/b",
            "six\n--pre",
            "six==1 --hash=sha256:abc",
            "six==1 --hash=md5:abc",
        ] {
            let found = install(&["einops", wrong]);
            assert!(
                matches!(&found, Err(Failure::InvalidArguments(errors)) if errors[0].pointer == "/packages/1"),
                "{wrong:?}: {found:?}"
            );
        }
        assert_eq!(
            install(&[]),
            Err(Failure::argument("/packages", "at least one package"))
        );
    }
}
