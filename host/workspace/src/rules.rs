//! What is left out of copies and checkpoints.

use std::io::{self, Read as _};
use std::path::Path;

use cap_std::fs::Dir;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::{Deserialize, Serialize};

use crate::content::{io_error, open_file};
use crate::{Kind, Options, Why, WorkspaceError};

/// The longest list of patterns, in bytes.
const LONGEST: u64 = 256 << 10;

/// What is left out. It is read once and then kept: what tools write into the list changes nothing.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) text: RulesText,
    patterns: Gitignore,
}

/// The rules, as they are written down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RulesText {
    /// Names of directories.
    pub(crate) names: Vec<String>,
    /// What the list in the workspace says.
    pub(crate) patterns: String,
    /// The largest file.
    pub(crate) max_file_bytes: u64,
}

impl Rules {
    /// Those of the options, and of the list in the source if it has one.
    pub(crate) fn of(
        source: &Dir,
        source_path: &Path,
        options: &Options,
    ) -> Result<Self, WorkspaceError> {
        let list = source_path.join(Options::IGNORE_FILE);
        let mut patterns = String::new();
        match open_file(source, Path::new(Options::IGNORE_FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(&list, "open")(error)),
            Ok(file) => {
                let length = file.take(LONGEST + 1).read_to_string(&mut patterns);
                if length.map_err(io_error(&list, "read"))? as u64 > LONGEST {
                    let error = io::Error::other(format!("longer than {LONGEST} bytes"));
                    return Err(io_error(&list, "read")(error));
                }
            }
        }
        let text = RulesText {
            names: options.ignore.clone(),
            patterns,
            max_file_bytes: options.max_file_bytes,
        };
        Self::parse(text).map_err(|error| io_error(&list, "use")(io::Error::other(error)))
    }

    pub(crate) fn parse(text: RulesText) -> Result<Self, ignore::Error> {
        let mut patterns = GitignoreBuilder::new("");
        for line in text.patterns.lines() {
            patterns.add_line(None, line)?;
        }
        Ok(Rules {
            patterns: patterns.build()?,
            text,
        })
    }

    /// Why something is left out, if it is. What is in a directory that is left out is not asked about.
    pub(crate) fn leaves_out(&self, path: &Path, kind: Kind) -> Option<Why> {
        let is = |name: &String| path.file_name().is_some_and(|own| own == name.as_str());
        if kind == Kind::Directory && self.text.names.iter().any(is) {
            return Some(Why::Ignored);
        }
        self.patterns
            .matched(path, kind == Kind::Directory)
            .is_ignore()
            .then_some(Why::Listed)
    }

    /// Why a file is left out because of its size, if it is.
    pub(crate) fn is_too_large(&self, kind: Kind, size: u64) -> Option<Why> {
        let allowed = self.text.max_file_bytes;
        (kind == Kind::File && size > allowed).then_some(Why::Large { size, allowed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_gitignore() {
        let text = RulesText {
            names: vec!["target".to_owned()],
            patterns: "# data\n*.bin\n!keep.bin\n/top\nlogs/\n\nsub/*.csv\n".to_owned(),
            max_file_bytes: 0,
        };
        let rules = Rules::parse(text).unwrap();
        let (file, directory) = (Kind::File, Kind::Directory);
        let table = [
            ("a.bin", file, Some(Why::Listed)),
            ("x/a.bin", file, Some(Why::Listed)),
            ("keep.bin", file, None),
            ("top", file, Some(Why::Listed)),
            ("x/top", file, None),
            ("x/logs", directory, Some(Why::Listed)),
            ("logs", file, None),
            ("sub/a.csv", file, Some(Why::Listed)),
            ("x/sub/a.csv", file, None),
            ("x/target", directory, Some(Why::Ignored)),
            ("target", file, None),
            ("# data", file, None),
        ];
        for (path, kind, expected) in table {
            assert_eq!(rules.leaves_out(Path::new(path), kind), expected, "{path}");
        }
    }

    #[test]
    fn a_pattern_that_is_wrong_is_an_error() {
        let patterns = "a\n[z-a]\n".to_owned();
        let text = RulesText {
            patterns,
            ..RulesText::default()
        };
        assert!(Rules::parse(text).is_err());
    }
}
