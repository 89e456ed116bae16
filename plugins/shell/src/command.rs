//! What the model may ask for.

use std::time::Duration;

use ml_intern_sdk::prelude::*;

/// Seconds that a script may be given at most: ten hours.
pub(crate) const LONGEST_SECONDS: u32 = 36_000;
/// Seconds that it gets where it asks for none.
const USUAL_SECONDS: u32 = 120;

/// The arguments of `bash`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    /// The script.
    command: String,
    /// What it is for, in a few words, for people who watch.
    #[serde(default)]
    #[expect(dead_code, reason = "for those who watch; the shell has no use for it")]
    description: Option<String>,
    /// Where it runs: a directory under /workspace or /tmp.
    #[serde(default)]
    work_dir: Option<String>,
    /// Seconds that it may take: 120 without it.
    #[schemars(range(min = 1, max = 36_000))]
    timeout: Option<u32>,
}

/// A script that can be run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) command: String,
    pub(crate) directory: String,
    pub(crate) timeout: Duration,
}

impl Script {
    /// # Errors
    /// [`Failure::InvalidArguments`] where they cannot be run.
    pub(crate) fn checked(self) -> Result<Checked, Failure> {
        if self.command.trim().is_empty() {
            return Err(Failure::argument("/command", "a script that is not empty"));
        }
        let seconds = match self.timeout {
            None => USUAL_SECONDS,
            Some(seconds @ 1..=LONGEST_SECONDS) => seconds,
            Some(_) => {
                return Err(Failure::argument(
                    "/timeout",
                    "seconds, from 1 to 36,000 (ten hours)",
                ));
            }
        };
        Ok(Checked {
            command: self.command,
            directory: directory(self.work_dir.as_deref().unwrap_or("."))?,
            timeout: Duration::from_secs(seconds.into()),
        })
    }
}

/// An absolute path in one of the mounts.
fn directory(path: &str) -> Result<String, Failure> {
    let absolute = match path.strip_prefix('/') {
        Some(_) => path.to_owned(),
        None => format!("/workspace/{path}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in absolute.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    match parts.first() {
        Some(&("workspace" | "tmp" | "data")) => Ok(format!("/{}", parts.join("/"))),
        _ => Err(Failure::argument(
            "/work_dir",
            "a directory under /workspace or /tmp",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_stay_in_the_mounts() {
        for (path, expected) in [
            (".", Ok("/workspace".to_owned())),
            ("", Ok("/workspace".to_owned())),
            ("src/./a", Ok("/workspace/src/a".to_owned())),
            ("/tmp/x/", Ok("/tmp/x".to_owned())),
            ("/workspace/a/../b", Ok("/workspace/b".to_owned())),
            ("..", Err(())),
            ("/", Err(())),
            ("/etc", Err(())),
            ("/workspace/../etc", Err(())),
        ] {
            assert_eq!(directory(path).map_err(drop), expected, "{path}");
        }
    }

    #[test]
    fn timeouts_have_a_default_and_bounds() {
        let checked = |timeout| {
            Script {
                command: "ls".into(),
                timeout,
                ..Script::default()
            }
            .checked()
            .map(|script| script.timeout.as_secs())
            .map_err(drop)
        };
        assert_eq!(checked(None), Ok(120));
        assert_eq!(checked(Some(36_000)), Ok(36_000));
        assert_eq!(checked(Some(0)), Err(()));
        assert_eq!(checked(Some(36_001)), Err(()));
    }

    #[test]
    fn an_empty_script_is_refused() {
        let empty = Script {
            command: " \n".into(),
            ..Script::default()
        };
        assert_eq!(
            empty.checked(),
            Err(Failure::argument("/command", "a script that is not empty"))
        );
    }
}
