//! Where files of configuration are, and reading them.

use std::fs::{self, File as Handle};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::dotenv::DotEnv;
use super::environment::Environment;
use super::error::ConfigError;

/// The variable that names the user's file.
pub(crate) const USER_FILE: &str = "ML_INTERN_CLI_CONFIG";

/// The user's file, below the directory of configurations.
const USER_PATH: &str = "ml-intern/cli_agent_config.json";

/// A project's file, below the project.
const PROJECT_PATH: &str = ".ml-intern/config.json";

/// Bytes of a file at most.
pub(crate) const SIZE: u64 = 256 * 1024;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What is in it.
    pub(crate) text: String,
}

/// The project that a directory, an absolute path, belongs to: the nearest directory from there up that has `.git` or a project's file; the
/// directory itself where there is none. The home directory and what is above it are no projects, and neither are the
/// directories of other users, since anybody could have put a file into a shared one.
pub(crate) fn project(directory: &Path, home: Option<&Path>) -> PathBuf {
    let owner = |path: &Path| fs::metadata(path).ok().map(|data| data.uid());
    let own = owner(directory);
    directory
        .ancestors()
        .take_while(|path| home.is_none_or(|home| !home.starts_with(path)))
        .take_while(|path| owner(path) == own)
        .find(|path| path.join(".git").exists() || path.join(PROJECT_PATH).exists())
        .unwrap_or(directory)
        .to_owned()
}

/// The `.env` files, the nearest first: of the working directory, and of the project. One that cannot be read is as good as
/// empty, with a warning: it may be there for something else. A directory of that name is a virtual environment of Python's.
pub(crate) fn dotenvs(directory: &Path, project: &Path) -> Vec<DotEnv> {
    let project = (project != directory).then_some(project);
    let places = [Some(directory), project].into_iter().flatten();
    places
        .map(|place| place.join(".env"))
        .filter(|path| !path.is_dir())
        .filter_map(|path| match text(&path) {
            Ok(text) => Some(DotEnv::parse(&path, &text?)),
            Err(error) => Some(DotEnv::unreadable(&path, &error)),
        })
        .collect()
}

/// The user's file, if there is one: what `ML_INTERN_CLI_CONFIG` names, which must be there, or else
/// `$XDG_CONFIG_HOME/ml-intern/cli_agent_config.json`, by default in `~/.config`.
pub(crate) fn user_file(environment: &Environment<'_>) -> Result<Option<File>, ConfigError> {
    match user_path(environment) {
        Some((path, true)) => match read(&path)? {
            Some(file) => Ok(Some(file)),
            None => Err(ConfigError::Missing {
                path,
                variable: USER_FILE,
            }),
        },
        Some((path, false)) => read(&path),
        None => Ok(None),
    }
}

/// Where the user's file is, or would be, and whether a variable names it.
pub(crate) fn user_path(environment: &Environment<'_>) -> Option<(PathBuf, bool)> {
    let set = |name: &str| {
        environment
            .process(name)
            .filter(|value| !value.trim().is_empty())
    };
    let home = set("HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    if let Some(named) = set(USER_FILE) {
        let path = match (named.strip_prefix("~/"), &home) {
            (Some(below), Some(home)) => home.join(below),
            _ => PathBuf::from(&named),
        };
        return Some((path, true));
    }
    let base = set("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| home.map(|home| home.join(".config")));
    base.map(|base| (base.join(USER_PATH), false))
}

/// A project's file, if it has one.
pub(crate) fn project_file(project: &Path) -> Result<Option<File>, ConfigError> {
    read(&project_path(project))
}

/// Where a project's file is, or would be.
pub(crate) fn project_path(project: &Path) -> PathBuf {
    project.join(PROJECT_PATH)
}

/// Reads a file; none where there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<File>, ConfigError> {
    let text = text(path).map_err(|error| ConfigError::Read {
        path: path.to_owned(),
        error,
    })?;
    Ok(text.map(|text| File {
        path: path.to_owned(),
        text,
    }))
}

/// The text of a file of [`SIZE`] at most.
pub(crate) fn text(path: &Path) -> io::Result<Option<String>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    // A pipe would be waited for.
    if !metadata.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut bytes = Vec::new();
    Handle::open(path)?.take(SIZE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SIZE {
        return Err(io::Error::other(format!("more than {} KiB", SIZE / 1024)));
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| io::Error::other("not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn the_users_file() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            &[
                ("home/.config/ml-intern/cli_agent_config.json", "default"),
                ("xdg/ml-intern/cli_agent_config.json", "xdg"),
                ("home/own.json", "named"),
            ],
        );
        let at = |path: &str| root.path().join(path).to_str().unwrap().to_owned();
        type Row<'r> = (Vec<(&'r str, String)>, Result<Option<&'r str>, String>);
        let table: Vec<Row<'_>> = vec![
            (vec![("HOME", at("home"))], Ok(Some("default"))),
            (vec![("HOME", at("none"))], Ok(None)),
            (vec![], Ok(None)),
            (
                vec![("HOME", at("home")), ("XDG_CONFIG_HOME", at("xdg"))],
                Ok(Some("xdg")),
            ),
            (
                vec![("HOME", at("home")), ("XDG_CONFIG_HOME", "xdg".into())],
                Ok(Some("default")),
            ),
            (
                vec![("HOME", at("home")), (USER_FILE, at("home/own.json"))],
                Ok(Some("named")),
            ),
            (
                vec![("HOME", at("home")), (USER_FILE, "~/own.json".into())],
                Ok(Some("named")),
            ),
            (
                vec![("HOME", at("home")), (USER_FILE, String::new())],
                Ok(Some("default")),
            ),
            (
                vec![("HOME", at("home")), (USER_FILE, at("none.json"))],
                Err(format!(
                    "{}: no such file; ML_INTERN_CLI_CONFIG names it",
                    at("none.json")
                )),
            ),
            (
                vec![(USER_FILE, at("home"))],
                Err(format!("{}: not a file", at("home"))),
            ),
        ];
        for (variables, expected) in table {
            let get = |name: &str| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| value.clone())
            };
            let file = user_file(&Environment::new(get, Vec::new()));
            let file = file
                .map(|file| file.map(|file| file.text))
                .map_err(|error| error.to_string());
            assert_eq!(
                file,
                expected.map(|text| text.map(str::to_owned)),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn the_project() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            &[
                ("home/git/.git/HEAD", ""),
                ("home/git/a/b/x", ""),
                ("home/own/.ml-intern/config.json", "{}"),
                ("home/own/a/x", ""),
                ("home/plain/a/x", ""),
                ("home/.git/HEAD", ""),
            ],
        );
        let home = root.path().join("home");
        for (directory, expected) in [
            ("git", "git"),
            ("git/a/b", "git"),
            ("own/a", "own"),
            ("plain/a", "plain/a"),
            ("", ""),
        ] {
            assert_eq!(
                project(&home.join(directory), Some(&home)),
                home.join(expected),
                "{directory}"
            );
        }
    }

    #[test]
    fn dotenv_files_of_the_directory_and_of_the_project() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            &[
                (".env", "A=project\nB=project"),
                ("sub/.env", "A=sub"),
                ("python/.env/pyvenv.cfg", ""),
            ],
        );
        fs::create_dir(root.path().join("binary")).unwrap();
        fs::write(root.path().join("binary/.env"), [0xff]).unwrap();
        let binary = root.path().join("binary/.env");
        let warning = format!("{}: ignored: not UTF-8", binary.display());
        for (directory, values, warnings) in [
            ("sub", ["sub", "project"], vec![]),
            ("", ["project", "project"], vec![]),
            ("python", ["project", "project"], vec![]),
            ("binary", ["project", "project"], vec![warning]),
        ] {
            let directory = root.path().join(directory);
            let project = directory.ancestors().find(|path| *path == root.path());
            let files = dotenvs(&directory, project.unwrap());
            let environment = Environment::new(|_| None, files);
            let found = ["A", "B"].map(|name| environment.value(name).unwrap_or_default());
            assert_eq!(found, values, "{}", directory.display());
            assert_eq!(environment.warnings(), warnings, "{}", directory.display());
        }
    }

    #[test]
    fn sizes_and_texts() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("f");
        let limit = usize::try_from(SIZE).unwrap();
        let table = [
            (vec![b'a'; limit], Ok(Some(limit))),
            (
                vec![b'a'; limit + 1],
                Err(format!("{}: more than 256 KiB", path.display())),
            ),
            (vec![0xff], Err(format!("{}: not UTF-8", path.display()))),
        ];
        for (bytes, expected) in table {
            fs::write(&path, bytes).unwrap();
            let read = read(&path).map(|file| file.map(|file| file.text.len()));
            assert_eq!(read.map_err(|error| error.to_string()), expected);
        }
    }
}
