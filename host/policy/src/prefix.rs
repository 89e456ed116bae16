//! Path prefixes, and the paths that they can decide about.
//!
//! A prefix matches whole segments. It is compared with a path after both are brought to one spelling: a percent
//! escape of a character that can stand for itself is undone, and other escapes get upper-case digits.
//!
//! | prefix | covers | does not cover |
//! | --- | --- | --- |
//! | `/` | every path | |
//! | `/api` | `/api`, `/api/`, `/api/x`, `/%61pi/x` | `/apix`, `/`, `/API` |
//! | `/api/*/commit` | `/api/a/commit`, `/api/b/commit/main` | `/api/commit`, `/api/a/b/commit` |
//! | `/api/a*` | `/api/a*/x`: a `*` beside others is only a character | `/api/ab` |
//! | `/a b` | refused: write `/a%20b` | |
//! | `/api/` | refused: write `/api` | |
//!
//! A path that servers may read in more than one way is refused, in prefixes and in requests: empty segments (`//`),
//! `.` and `..` segments (also before a `;`), escapes of `.`, `/`, `\`, control characters and of an escape (`%2561`),
//! escapes without two digits, backslashes, control characters, blanks, characters outside ASCII, `?` and `#`. Queries
//! are cut off before.
//!
//! A segment `*` in a prefix stands for any one segment. A request whose path has such a segment is refused: it could not be
//! told from a prefix.
//!
//! In a request, though not in a prefix, a slash may be escaped: services name branches so, as in
//! `/api/models/a/b/tree/refs%2Fpr%2F1`. Such a path has two readings, with the escape and with the slash; it is decided
//! about both, and the stricter decision counts. A reading with an empty segment, `.` or `..` is refused like any other.
//!
//! Case counts. Where a server ignores it, a rule that denies a path does not hold in other cases: allow what is meant,
//! rather than deny what is not.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The segment that stands for any one.
const ANY: &str = "*";

/// The beginning of a path, in whole segments; always in the one spelling that comparisons use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPrefix(String);

impl PathPrefix {
    /// `/`, which covers every path.
    #[must_use]
    pub fn root() -> Self {
        PathPrefix("/".to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The prefix that covers this path of a request and what is below it.
    ///
    /// # Errors
    ///
    /// Where [`check_path`] refuses the path.
    pub fn of_path(path: &str) -> Result<Self, PrefixError> {
        let mut normal = normalise(path)?.into_owned();
        let mut at = 1;
        for segment in normal.split('/').skip(1) {
            if segment == ANY {
                return Err(PrefixError::new(path, at, PrefixProblem::Star));
            }
            at += segment.len() + 1;
        }
        if normal.len() > 1 && normal.ends_with('/') {
            normal.pop();
        }
        Ok(PathPrefix(normal))
    }

    /// Whether the path is this prefix or below it. A path that [`check_path`] refuses is covered by none.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        PathPrefix::of_path(path).is_ok_and(|path| self.contains(&path))
    }

    /// Whether everything that `other` covers, this covers.
    #[must_use]
    pub fn contains(&self, other: &PathPrefix) -> bool {
        let mut others = other.segments();
        self.segments().all(|segment| {
            others
                .next()
                .is_some_and(|other| segment == ANY || segment == other)
        })
    }

    /// What both cover, where they have anything in common.
    #[must_use]
    pub fn meet(&self, other: &PathPrefix) -> Option<PathPrefix> {
        let (mut ones, mut others) = (self.segments(), other.segments());
        let mut both = String::new();
        loop {
            let segment = match (ones.next(), others.next()) {
                (None, None) => break,
                (Some(one), None | Some(ANY)) => one,
                (None | Some(ANY), Some(other)) => other,
                (Some(one), Some(other)) if one == other => one,
                (Some(_), Some(_)) => return None,
            };
            both.push('/');
            both.push_str(segment);
        }
        Some(if both.is_empty() {
            PathPrefix::root()
        } else {
            PathPrefix(both)
        })
    }

    /// An order in which each comes after those that contain it: by segments, then by those of them that say which.
    pub(crate) fn narrowness(&self) -> (usize, usize) {
        let said = self.segments().filter(|segment| *segment != ANY).count();
        (self.segments().count(), said)
    }

    fn segments(&self) -> impl Iterator<Item = &str> {
        // The root has none.
        self.0
            .split('/')
            .skip(1)
            .filter(|segment| !segment.is_empty())
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<PathPrefix> for String {
    fn from(prefix: PathPrefix) -> Self {
        prefix.0
    }
}

impl TryFrom<String> for PathPrefix {
    type Error = PrefixError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for PathPrefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let normal = normalise(text)?;
        if normal.len() > 1 && normal.ends_with('/') {
            return Err(PrefixError::new(
                text,
                text.len() - 1,
                PrefixProblem::TrailingSlash,
            ));
        }
        Ok(PathPrefix(normal.into_owned()))
    }
}

/// A path that no prefix rule can decide about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a path to decide about: {text:?}, byte {at}: {problem}")]
pub struct PrefixError {
    /// What was read; its first 80 characters.
    pub text: String,
    /// Where in it: a byte offset.
    pub at: usize,
    /// What is wrong there, and what would be right.
    pub problem: PrefixProblem,
}

impl PrefixError {
    fn new(text: &str, at: usize, problem: PrefixProblem) -> Self {
        PrefixError {
            text: text.chars().take(80).collect(),
            at,
            problem,
        }
    }
}

/// What is wrong with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrefixProblem {
    /// It does not begin with a slash.
    #[error("expected `/` at the beginning")]
    NoSlash,
    /// A prefix that ends with a slash.
    #[error("expected no `/` at the end of a prefix: `/api` covers `/api/` and all below it")]
    TrailingSlash,
    /// Two slashes in a row.
    #[error("empty segments are not allowed: servers disagree on what `//` means")]
    EmptySegment,
    /// `.` or `..`.
    #[error("`.` and `..` segments are not allowed: write the path that is meant")]
    DotSegment,
    /// A percent sign without two hexadecimal digits.
    #[error("expected two hexadecimal digits after `%`")]
    BadEscape,
    /// An escape that hides a dot, a slash, a backslash, a control character or another escape.
    #[error("escapes of `.`, `/`, `\\`, control characters and of escapes are not allowed")]
    HiddenCharacter,
    /// A segment `*` in a request.
    #[error(
        "a segment `*` stands for any one in prefixes, so no request can be decided about that has one"
    )]
    Star,
    /// A backslash.
    #[error("backslashes are not allowed: some servers read them as `/`")]
    Backslash,
    /// A query or a fragment.
    #[error("expected no query and no fragment")]
    Query,
    /// A blank or a control character.
    #[error("blanks and control characters are not allowed: write them as percent escapes")]
    Blank,
    /// A character outside ASCII.
    #[error("only ASCII is allowed: write other characters as percent escapes of UTF-8")]
    NotAscii,
}

/// Whether prefix rules can decide about this path of a request, without its query.
///
/// # Errors
///
/// Where servers may read the path in more than one way; the table at the top of this file says which those are.
pub fn check_path(path: &str) -> Result<(), PrefixError> {
    normalise(path).map(|_| ())
}

/// Whether prefix rules can decide about this path of a request, without its query, in each of its readings.
///
/// # Errors
///
/// As [`check_path`], but for escapes of `/`.
pub fn check_request(path: &str) -> Result<(), PrefixError> {
    readings(path).map(|_| ())
}

/// The readings of a request's path: as it is spelled, and with escaped slashes undone where it has some.
pub(crate) fn readings(path: &str) -> Result<(PathPrefix, Option<PathPrefix>), PrefixError> {
    let Some(undone) = slashes_undone(path).filter(|_| path.starts_with('/')) else {
        return Ok((PathPrefix::of_path(path)?, None));
    };
    let undone =
        PathPrefix::of_path(&undone).map_err(|error| PrefixError::new(path, 0, error.problem))?;
    let spelled = path
        .split('/')
        .map(|segment| {
            // What is between the slashes was accepted above, and is brought to the one spelling part by part.
            let parts: Result<Vec<String>, PrefixError> = split_escaped(segment)
                .into_iter()
                .map(|part| {
                    let part = format!("/{part}");
                    Ok(normalise(&part)?.trim_start_matches('/').to_owned())
                })
                .collect();
            Ok(parts?.join("%2F"))
        })
        .collect::<Result<Vec<String>, PrefixError>>()?
        .join("/");
    let trimmed = spelled.strip_suffix('/').unwrap_or(&spelled);
    Ok((PathPrefix(trimmed.to_owned()), Some(undone)))
}

/// The path with escaped slashes undone; none where it has none.
fn slashes_undone(path: &str) -> Option<String> {
    let parts = split_escaped(path);
    (parts.len() > 1).then(|| parts.join("/"))
}

/// What stands between escaped slashes.
fn split_escaped(text: &str) -> Vec<&str> {
    text.split("%2F")
        .flat_map(|part| part.split("%2f"))
        .collect()
}

/// The path in the one spelling that comparisons use.
fn normalise(path: &str) -> Result<Cow<'_, str>, PrefixError> {
    let wrong = |at, problem| PrefixError::new(path, at, problem);
    if !path.starts_with('/') {
        return Err(wrong(0, PrefixProblem::NoSlash));
    }
    characters(path).map_err(|(at, problem)| wrong(at, problem))?;
    segments(path).map_err(|(at, problem)| wrong(at, problem))?;
    if !path.contains('%') {
        return Ok(Cow::Borrowed(path));
    }
    let normal = unescape(path).map_err(|(at, problem)| wrong(at, problem))?;
    // What was hidden in escapes: a dot segment before `%3B`, an escape put together from escapes.
    let hides = segments(&normal).is_err() || unescape(&normal).is_err();
    if hides {
        let at = path.find('%').unwrap_or(0);
        return Err(wrong(at, PrefixProblem::HiddenCharacter));
    }
    Ok(Cow::Owned(normal))
}

type Checked<T> = Result<T, (usize, PrefixProblem)>;

fn characters(path: &str) -> Checked<()> {
    for (at, character) in path.char_indices() {
        let problem = match character {
            '\\' => PrefixProblem::Backslash,
            '?' | '#' => PrefixProblem::Query,
            _ if !character.is_ascii() => PrefixProblem::NotAscii,
            _ if !character.is_ascii_graphic() => PrefixProblem::Blank,
            _ => continue,
        };
        return Err((at, problem));
    }
    Ok(())
}

fn segments(path: &str) -> Checked<()> {
    let mut at = 1;
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        // The last segment may be empty: `/` and `/api/` are paths.
        if segment.is_empty() && segments.peek().is_some() {
            return Err((at, PrefixProblem::EmptySegment));
        }
        // `..;x` is `..` with a parameter for some servers.
        let bare = segment.split(';').next().unwrap_or(segment);
        if bare == "." || bare == ".." {
            return Err((at, PrefixProblem::DotSegment));
        }
        at += segment.len() + 1;
    }
    Ok(())
}

fn unescape(path: &str) -> Checked<String> {
    let mut normal = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((plain, escaped)) = rest.split_once('%') {
        normal.push_str(plain);
        let at = path.len() - escaped.len() - 1;
        let (byte, after) = escape(escaped).ok_or((at, PrefixProblem::BadEscape))?;
        match byte {
            b'.' | b'/' | b'\\' => return Err((at, PrefixProblem::HiddenCharacter)),
            _ if byte.is_ascii_control() => return Err((at, PrefixProblem::HiddenCharacter)),
            b'%' if hex_pair(after).is_some() => {
                return Err((at, PrefixProblem::HiddenCharacter));
            }
            _ if byte.is_ascii_graphic() && !matches!(byte, b'%' | b'?' | b'#') => {
                normal.push(char::from(byte));
            }
            _ => normal.push_str(&format!("%{byte:02X}")),
        }
        rest = after;
    }
    normal.push_str(rest);
    Ok(normal)
}

/// Reads the two digits after a percent sign: the byte, and what follows.
fn escape(text: &str) -> Option<(u8, &str)> {
    let byte = hex_pair(text)?;
    Some((byte, text.get(2..)?))
}

fn hex_pair(text: &str) -> Option<u8> {
    let pair = text
        .get(..2)
        .filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(pair, 16).ok()
}

#[cfg(test)]
#[path = "prefix_tests.rs"]
mod tests;
