//! What is wrong with a configuration, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// `<file>:<line>`, a variable or a flag.
    pub(crate) place: String,
    /// The key as a JSON pointer (RFC 6901); empty where the whole is meant.
    pub(crate) pointer: String,
    /// What is wrong, and what was expected. It never holds what a variable was replaced with.
    pub(crate) message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.place))?;
        if !self.pointer.is_empty() {
            write!(f, ": {}", printable(&self.pointer))?;
        }
        write!(f, ": {}", printable(&self.message))
    }
}

/// A text without what could move a terminal's cursor or turn the direction of writing: keys may be a stranger's.
pub(crate) fn printable(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| {
            if c.is_control() || turns(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file that the user named is not there.
    #[error("{}: no such file; {variable} names it", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The variable that names it.
        variable: &'static str,
    },
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// All that is wrong, one a line.
    #[error("{}", lines(.0))]
    Wrong(Vec<Problem>),
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> ConfigError {
        ConfigError::Wrong(vec![problem])
    }
}
