//! Variables: those of the process, then those of `.env` files.

use std::path::PathBuf;

use super::dotenv::DotEnv;

/// Where a variable's value was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// In the environment of the process.
    Process,
    /// In a `.env`.
    File {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
    },
    /// Nowhere: it is the default that stands beside its name.
    Default,
}

impl std::fmt::Display for From {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            From::Process => f.write_str("environment"),
            From::File { path, line } => write!(f, "{}:{line}", path.display()),
            From::Default => f.write_str("default"),
        }
    }
}

/// A variable's value, and where it was found.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The value; it may be empty.
    pub(crate) value: String,
    /// Where it was found.
    pub(crate) from: From,
}

/// What gives a variable of the process.
type Process<'a> = Box<dyn Fn(&str) -> Option<String> + 'a>;

/// The variables that a configuration is read with. The process's own go before those of files, and an earlier file's
/// before a later one's. The environment of the process is never changed: what a `.env` says does not reach programs.
pub(crate) struct Environment<'a> {
    process: Process<'a>,
    files: Vec<DotEnv>,
}

impl<'a> Environment<'a> {
    /// The variables of a process, and the files in the order in which they are asked.
    pub(crate) fn new(
        process: impl Fn(&str) -> Option<String> + 'a,
        files: Vec<DotEnv>,
    ) -> Environment<'a> {
        Environment {
            process: Box::new(process),
            files,
        }
    }

    /// A variable, wherever it is set.
    pub(crate) fn get(&self, name: &str) -> Option<Found> {
        if let Some(value) = self.process(name) {
            return Some(Found {
                value,
                from: From::Process,
            });
        }
        self.files.iter().find_map(|file| {
            let (value, line) = file.get(name)?;
            Some(Found {
                value: value.to_owned(),
                from: From::File {
                    path: file.path.clone(),
                    line,
                },
            })
        })
    }

    /// A variable of the process itself.
    pub(crate) fn process(&self, name: &str) -> Option<String> {
        (self.process)(name)
    }

    /// A variable's value, for those who ask for no more.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.get(name).map(|found| found.value)
    }

    /// What the files have that was left out.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let all = self.files.iter().flat_map(|file| &file.warnings);
        all.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_process_goes_first_then_the_files_in_their_order() {
        let near = DotEnv::parse(Path::new("near/.env"), "A=near\nB=near\n");
        let far = DotEnv::parse(Path::new("far/.env"), "A=far\nB=far\n\nC=far\nE=far");
        let environment = Environment::new(
            |name| match name {
                "A" => Some("process".to_owned()),
                // Set to nothing is set.
                "E" => Some(String::new()),
                _ => None,
            },
            vec![near, far],
        );
        let table = [
            ("A", Some(("process", "environment"))),
            ("B", Some(("near", "near/.env:2"))),
            ("C", Some(("far", "far/.env:4"))),
            ("D", None),
            ("E", Some(("", "environment"))),
        ];
        for (name, expected) in table {
            let found = environment.get(name);
            let found = found.map(|found| (found.value, found.from.to_string()));
            let expected = expected.map(|(value, from)| (value.to_owned(), from.to_owned()));
            assert_eq!(found, expected, "{name}");
        }
    }
}
