//! Files of variables, `.env`.
//!
//! | line | means |
//! | --- | --- |
//! | `NAME=value` | the value ends at the end of the line, or at a blank and `#`; blanks around it do not count |
//! | `NAME='value'` | as it stands, also over several lines |
//! | `NAME="value"` | the same, and `\n`, `\r`, `\t`, `\"`, `\\` and `\$` mean what they mean in a shell or in C |
//! | `export NAME=value` | the same as without `export` |
//! | empty, or from `#` on | nothing |
//!
//! The last line about a name counts. A `$` in a value is a dollar: nothing is put in its place. A line that is none of
//! these is left out, with a warning that has its number and not its text, since that may be a secret.
//!
//! The usual library (`dotenvy`) puts variables of the process into values, and the whole line into its errors, so the
//! few forms are read here.

use std::path::{Path, PathBuf};

/// The variables of one file.
#[derive(Clone)]
pub(crate) struct DotEnv {
    /// The file.
    pub(crate) path: PathBuf,
    variables: Vec<Line>,
    /// What was left out, and why.
    pub(crate) warnings: Vec<String>,
}

#[derive(Clone)]
struct Line {
    name: String,
    value: String,
    number: usize,
}

impl DotEnv {
    /// Reads the text of a file. Nothing in it can stop a run.
    pub(crate) fn parse(path: &Path, text: &str) -> DotEnv {
        let mut file = DotEnv {
            path: path.to_owned(),
            variables: Vec::new(),
            warnings: Vec::new(),
        };
        let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut number = 1;
        while !rest.is_empty() {
            let (taken, found) = match statement(rest) {
                Ok(found) => found,
                Err(problem) => {
                    file.warnings
                        .push(format!("{}:{number}: ignored: {problem}", path.display()));
                    (line_end(rest), None)
                }
            };
            if let Some((name, value)) = found {
                if beyond(&name) {
                    file.warnings.push(format!(
                        "{}:{number}: {name} is ignored: it reaches beyond the project; set it in the environment",
                        path.display()
                    ));
                } else {
                    file.variables.push(Line {
                        name,
                        value,
                        number,
                    });
                }
            }
            let (done, after) = rest.split_at_checked(taken).unwrap_or((rest, ""));
            number += done.matches('\n').count();
            rest = after;
        }
        file
    }

    /// A file that cannot be read: it has nothing but a warning.
    pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> DotEnv {
        DotEnv {
            path: path.to_owned(),
            variables: Vec::new(),
            warnings: vec![format!("{}: ignored: {error}", path.display())],
        }
    }

    /// A variable's value, and the number of its line.
    pub(crate) fn get(&self, name: &str) -> Option<(&str, usize)> {
        let line = self.variables.iter().rev().find(|line| line.name == name)?;
        Some((&line.value, line.number))
    }
}

/// Whether a variable decides what a `.env` must not decide: such a file comes with the project, which may be a stranger's.
/// Addresses decide where the user's keys are sent; the rest, which files and rules are in force.
fn beyond(name: &str) -> bool {
    const ENDS: [&str; 4] = ["_BASE_URL", "_ENDPOINT", "_PROXY", "_PROVIDER_URL"];
    const NAMES: [&str; 5] = [
        "HOME",
        "HF_HOME",
        "HF_TOKEN_PATH",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ];
    const OURS: [&str; 3] = [
        "ML_INTERN_MODEL",
        "ML_INTERN_REASONING_EFFORT",
        "ML_INTERN_DEFAULT_MODEL_ID",
    ];
    let upper = name.to_ascii_uppercase();
    ENDS.iter().any(|end| upper.ends_with(end))
        || NAMES.contains(&upper.as_str())
        || upper.starts_with("XDG_")
        || (upper.starts_with("ML_INTERN_") && !OURS.contains(&upper.as_str()))
}

/// Bytes up to the end of the line, with it.
fn line_end(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}

type Assignment = (String, String);

/// The first statement, and how many bytes it takes with the end of its line.
fn statement(text: &str) -> Result<(usize, Option<Assignment>), &'static str> {
    let line = text.split('\n').next().unwrap_or_default();
    let trimmed = line.trim();
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return Ok((line_end(text), None));
    }
    let (left, _) = line.split_once('=').ok_or("expected NAME=value")?;
    let name = left.trim();
    let name = match name.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim(),
        _ => name,
    };
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !(name.starts_with(begins) && name.chars().all(goes_on)) {
        return Err("expected a name of letters, digits and `_` before `=`");
    }
    let right = text.get(left.len() + 1..).unwrap_or_default();
    let blanks = right.len() - right.trim_start_matches([' ', '\t']).len();
    let body = right.get(blanks..).unwrap_or_default();
    let (value, taken) = match body.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(body, quote)?,
        _ => unquoted(body),
    };
    let before = left.len() + 1 + blanks + taken;
    let after = text.get(before..).unwrap_or_default();
    let tail = after.split('\n').next().unwrap_or_default().trim();
    if !(tail.is_empty() || tail.starts_with('#')) {
        return Err("expected nothing after the closing quote");
    }
    Ok((before + line_end(after), Some((name.to_owned(), value))))
}

fn unquoted(body: &str) -> (String, usize) {
    let line = body.split('\n').next().unwrap_or_default();
    let comment = line
        .char_indices()
        .zip(std::iter::once(' ').chain(line.chars()))
        .find(|((_, c), before)| *c == '#' && before.is_whitespace())
        .map_or(line.len(), |((at, _), _)| at);
    let value = line.get(..comment).unwrap_or_default().trim();
    (value.to_owned(), comment)
}

fn quoted(body: &str, quote: char) -> Result<(String, usize), &'static str> {
    let mut value = String::new();
    let mut chars = body.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((value, at + 1)),
            '\\' if quote == '"' => match chars.next().map(|(_, c)| c) {
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                Some(c @ ('"' | '\\' | '$')) => value.push(c),
                Some(c) => value.extend(['\\', c]),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err("the quote is not closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let table = [
            ("A=x", Some("x")),
            ("A=", Some("")),
            ("  A = x  ", Some("x")),
            ("export A=x", Some("x")),
            ("export\tA=x\r\n", Some("x")),
            ("exportA=x", None),
            ("A=x # about it", Some("x")),
            ("A=x#y", Some("x#y")),
            ("A=#y", Some("")),
            ("A=a=b", Some("a=b")),
            ("A=$B ${B}", Some("$B ${B}")),
            ("A='a # \\n'  # c", Some("a # \\n")),
            (r#"A="a\n\"\\\$\x""#, Some("a\n\"\\$\\x")),
            ("A='one\ntwo'\nB=x", Some("one\ntwo")),
            ("A=1\nA=2", Some("2")),
            ("# A=x", None),
            ("\u{feff}A=x", Some("x")),
            ("A=ü # ö", Some("ü")),
        ];
        for (text, value) in table {
            let file = DotEnv::parse(Path::new(".env"), text);
            assert_eq!(file.get("A").map(|(value, _)| value), value, "{text:?}");
            assert_eq!(file.warnings, [""; 0], "{text:?}");
        }
    }

    #[test]
    fn lines_are_counted_across_values() {
        let file = DotEnv::parse(Path::new(".env"), "\nA='1\n2'\n\nB=x\n");
        assert_eq!(file.get("A"), Some(("1\n2", 2)));
        assert_eq!(file.get("B"), Some(("x", 5)));
    }

    #[test]
    fn what_is_left_out_is_told_without_its_text() {
        let table = [
            ("canary", "p/.env:1: ignored: expected NAME=value"),
            (
                "1A=canary",
                "p/.env:1: ignored: expected a name of letters, digits and `_` before `=`",
            ),
            ("A='canary", "p/.env:1: ignored: the quote is not closed"),
            (
                "A='canary'canary",
                "p/.env:1: ignored: expected nothing after the closing quote",
            ),
            (
                "\nOPENAI_BASE_URL=https://canary",
                "p/.env:2: OPENAI_BASE_URL is ignored: it reaches beyond the project; set it in the environment",
            ),
        ];
        for (text, warning) in table {
            let file = DotEnv::parse(Path::new("p/.env"), &format!("{text}\nNEXT=x\n"));
            assert_eq!(file.warnings, [warning], "{text}");
            assert_eq!(
                file.get("NEXT").map(|(value, _)| value),
                Some("x"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_project_cannot_say_where_keys_go_or_which_rules_hold() {
        for name in [
            "ANTHROPIC_BASE_URL",
            "https_proxy",
            "HF_ENDPOINT",
            "OPENID_PROVIDER_URL",
            "HF_TOKEN_PATH",
            "HF_HOME",
            "HOME",
            "XDG_CONFIG_HOME",
            "ML_INTERN_POLICY",
            "ML_INTERN_PLUGINS",
            "ML_INTERN_CLI_CONFIG",
        ] {
            let file = DotEnv::parse(Path::new(".env"), &format!("{name}=x"));
            assert_eq!(file.get(name), None, "{name}");
            assert_eq!(file.warnings.len(), 1, "{name}");
        }
        for name in ["HF_TOKEN", "GITHUB_TOKEN", "ML_INTERN_MODEL", "S2_API_KEY"] {
            let file = DotEnv::parse(Path::new(".env"), &format!("{name}=x"));
            assert_eq!(file.get(name), Some(("x", 1)), "{name}");
        }
    }
}
