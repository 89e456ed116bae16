//! A script: turns of a model that were written beforehand.
//!
//! A script is a UTF-8 file of JSON Lines. Each line that is not blank is one turn; the turns are played in order.
//!
//! | field of a line | meaning |
//! | --- | --- |
//! | `text` | what the model says; streamed line by line |
//! | `tool_calls` | the calls it asks for: `{"name": …, "arguments": …, "label": …}` |
//! | `finish` | `stop`, `tool_calls` or `length`; without it, what follows from the calls |
//! | `usage` | `{"input", "output", "cache_read", "cache_write", "cost_usd"}`: tokens, and US dollars where they are known |
//! | `error` | the turn fails, after its text: `{"kind": …, "message": …, "retry_after": seconds}` |
//! | `expect` | `{quote: regular expression, …}`: the turn is played only if each quoted text matches |
//! | `note` | a comment |
//!
//! `arguments` are a JSON object, or a string that is taken as the text that the model wrote, word for word: this is how
//! a script gives arguments that are not JSON. The kinds of `error` are `auth`, `credit`, `rate_limit`, `overload`,
//! `overflow`, `bad_request`, `network`, `truncated` and `refused`.
//!
//! `text`, the strings inside of `arguments`, and the keys of `expect` can quote the results of calls in earlier lines:
//!
//! | quote | stands for |
//! | --- | --- |
//! | `{{results.<label>.text}}` | the whole text |
//! | `{{results.<label>.tail:<n>}}` | its last n lines |
//! | `{{results.<label>.line:<regex>}}` | the first group of the first line that matches, or all of what matched |
//! | `{{results.<label>.json:<pointer>}}` | the structured result at a JSON Pointer (RFC 6901); a string without its quotes |
//!
//! A call's label is its `label`, or `<name>-<n>` for the n-th call of that tool in the script. A quote ends at its
//! first `}}`; any `{{` that does not start with `{{results.` stands for itself.

mod line;
mod play;
mod quote;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;

use self::line::Line;

/// The largest script, in bytes.
pub const MAX_SCRIPT_BYTES: u64 = 16 * 1024 * 1024;

/// A model whose turns were written beforehand. It says so wherever its name shows.
#[derive(Debug)]
pub struct Script {
    path: PathBuf,
    lines: Vec<Line>,
    /// How many turns were asked for so far.
    played: AtomicUsize,
}

/// What is wrong with a script. Says where.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file cannot be read.
    #[error("{}: cannot read the script: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("{}: the script is larger than {MAX_SCRIPT_BYTES} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A line is not what it should be.
    #[error("{}:{line}:{column}: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The byte in the line, from 1.
        column: usize,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A line's content makes no sense.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// More turns were asked for than the script has.
    #[error("{}: the script is over after {turns} turns, and turn {} was asked for", path.display(), turns.saturating_add(1))]
    Over {
        /// The file.
        path: PathBuf,
        /// How many turns it has.
        turns: usize,
    },
}

impl Script {
    /// Reads a script, and checks all of it that can be checked before it is played.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or something in it is wrong.
    pub fn open(path: impl AsRef<Path>) -> Result<Script, ScriptError> {
        let path = path.as_ref();
        let read_error = |source| ScriptError::Read {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_SCRIPT_BYTES + 1).read_to_end(&mut bytes))
            .map_err(read_error)?;
        if bytes.len() as u64 > MAX_SCRIPT_BYTES {
            return Err(ScriptError::TooLarge {
                path: path.to_owned(),
            });
        }
        Script::parse(path, &bytes)
    }

    /// The same, for a script's bytes; the path is for messages and for the label.
    ///
    /// # Errors
    ///
    /// When something in it is wrong.
    pub fn parse(path: impl Into<PathBuf>, bytes: &[u8]) -> Result<Script, ScriptError> {
        let path = path.into();
        let lines = line::read(&path, bytes)?;
        Ok(Script {
            path,
            lines,
            played: AtomicUsize::new(0),
        })
    }
}
