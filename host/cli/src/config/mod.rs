//! The configuration: what the program, the user, the project, variables and the command line say, in one.
//!
//! | source | where | goes before |
//! | --- | --- | --- |
//! | built-in | `configs/cli_agent_config.json`, over the defaults in [`values`] | |
//! | user | `$ML_INTERN_CLI_CONFIG`, or `~/.config/ml-intern/cli_agent_config.json` | built-in |
//! | project | `.ml-intern/config.json` in the project, within the bounds in [`keys`] | user |
//! | environment | a variable a key ([`keys`]), and those in [`slack`] | project |
//! | flag | the command line | environment |
//!
//! Objects are merged, everything else is replaced. Then variables are put into values ([`substitute`]), so what has been
//! replaced needs no variable; then keys and types are checked ([`check`]), then what goes beyond types ([`rules`]): all that is
//! wrong in one of these steps is told at once. Reading files is apart ([`files`]): [`Config::load`] only computes.

mod check;
mod dotenv;
mod environment;
mod error;
mod files;
mod keychain;
mod keys;
mod project;
mod rules;
mod schema;
mod secret;
mod show;
mod slack;
mod substitute;
mod token;
mod tree;
mod values;
mod variables;

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub(crate) use check::nearest;
pub(crate) use environment::Environment;
pub(crate) use error::{ConfigError, Problem};
pub(crate) use files::File;
pub(crate) use schema::{published, schema};
pub(crate) use values::{AutoEvent, Config, Provider};

use crate::fail::Fail;

use tree::{Content, Origin, Source, Tree};

/// The built-in configuration of the command line.
const CLI: &str = include_str!("../../../../configs/cli_agent_config.json");

/// The built-in configuration of the web server.
const WEB: &str = include_str!("../../../../configs/frontend_agent_config.json");

/// A value from the command line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flag {
    /// The flag, for example `--model`.
    pub(crate) name: &'static str,
    /// The key that it sets.
    pub(crate) key: &'static str,
    /// What it sets it to.
    pub(crate) value: Value,
}

impl Flag {
    /// The one that sets a key, if there is one.
    pub(crate) fn of(key: &str, value: Value) -> Option<Flag> {
        let key = keys::KEYS.iter().find(|known| known.name == key)?;
        Some(Flag {
            name: key.flag?,
            key: key.name,
            value,
        })
    }
}

/// What a configuration is made of, beside variables.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    /// The text of the built-in configuration.
    pub(crate) built_in: &'static str,
    /// The user's file.
    pub(crate) user: Option<File>,
    /// The project's file.
    pub(crate) project: Option<File>,
    /// The command line.
    pub(crate) flags: Vec<Flag>,
    /// Whether variables alone can switch on notifications in Slack.
    pub(crate) slack: bool,
}

impl Sources {
    /// Of the command line: nothing but what is built in, to begin with.
    pub(crate) fn cli() -> Sources {
        Sources {
            built_in: CLI,
            user: None,
            project: None,
            flags: Vec::new(),
            slack: true,
        }
    }

    /// Of the web server, which has many users and so no user's file, no project's and no Slack of its own.
    #[cfg_attr(not(test), expect(dead_code, reason = "there is no web server yet"))]
    pub(crate) fn web() -> Sources {
        Sources {
            built_in: WEB,
            slack: false,
            ..Sources::cli()
        }
    }

    /// Of the command line in a project, with the files that there are.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or the user named one that is not there.
    pub(crate) fn find(
        environment: &Environment<'_>,
        project: &Path,
        flags: Vec<Flag>,
    ) -> Result<Sources, ConfigError> {
        Ok(Sources {
            user: files::user_file(environment)?,
            project: files::project_file(project)?,
            flags,
            ..Sources::cli()
        })
    }
}

/// The variables of a process that works in a directory, an absolute path: its own, then those of the `.env` there, then those
/// of the `.env` of the project; and the project.
pub(crate) fn environment<'a>(
    directory: &Path,
    process: impl Fn(&str) -> Option<String> + 'a,
) -> (Environment<'a>, PathBuf) {
    let home = process("HOME").map(PathBuf::from);
    let project = files::project(directory, home.as_deref());
    let files = files::dotenvs(directory, &project);
    (Environment::new(process, files), project)
}

/// What holds where this process was started: its variables, and the configuration.
pub(crate) struct Here {
    /// The variables.
    pub(crate) environment: Environment<'static>,
    /// The configuration.
    pub(crate) loaded: Loaded,
}

impl Here {
    /// Reads it, with what the command line says.
    ///
    /// # Errors
    ///
    /// See [`Sources::find`] and [`Config::load`].
    pub(crate) fn find(flags: Vec<Flag>) -> Result<Here, Fail> {
        let usage = |error: ConfigError| Fail::usage(error.to_string());
        let (environment, project) = environment(&directory()?, variable);
        let sources = Sources::find(&environment, &project, flags).map_err(usage)?;
        let loaded = Config::load(sources, &environment).map_err(usage)?;
        Ok(Here {
            environment,
            loaded,
        })
    }
}

/// The files that are read where this process was started, the first one last; and the token's.
pub(crate) fn places() -> Result<String, Fail> {
    let directory = directory()?;
    let (environment, project) = environment(&directory, variable);
    let mut places = Vec::new();
    if let Some((path, _)) = files::user_path(&environment) {
        places.push(("user", path));
    }
    places.push(("project", files::project_path(&project)));
    for place in [&project, &directory] {
        places.push((".env", place.join(".env")));
    }
    if let Some(path) = token::file(&environment) {
        places.push(("token", path));
    }
    places.dedup();
    let line = |(what, path): &(&str, PathBuf)| {
        let there = if path.is_file() { "" } else { " (not there)" };
        format!("{what:<8} {}{there}\n", path.display())
    };
    Ok(places.iter().map(line).collect())
}

/// The directory that this process works in.
pub(crate) fn directory() -> Result<PathBuf, Fail> {
    std::env::current_dir().map_err(|error| Fail::usage(format!("the working directory: {error}")))
}

/// A variable of this process.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Looks for the token for the Hub.
pub(crate) fn token(environment: &Environment<'_>) -> token::Lookup {
    token::look(environment, files::text, keychain::token)
}

/// The file in which the token for the Hub is kept.
pub(crate) fn token_file(environment: &Environment<'_>) -> Option<PathBuf> {
    token::file(environment)
}

/// A configuration, and who said what in it.
pub(crate) struct Loaded {
    /// The configuration.
    pub(crate) config: Config,
    /// What the user should know of; nothing in it is a secret.
    pub(crate) warnings: Vec<String>,
    tree: Tree,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rest may hold secrets, wherever variables were put in.
        f.debug_struct("Loaded")
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Puts a configuration together.
    ///
    /// # Errors
    ///
    /// All that is wrong, each with its place.
    pub(crate) fn load(
        sources: Sources,
        environment: &Environment<'_>,
    ) -> Result<Loaded, ConfigError> {
        let mut problems = Vec::new();
        let mut warnings = environment.warnings();
        let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
        let mut tree = Tree::of(defaults, &Source::BuiltIn);
        tree.merge(Tree::parse(sources.built_in, &Source::BuiltIn)?);
        if let Some(file) = sources.user {
            tree.merge(Tree::parse(&file.text, &Source::User(file.path))?);
        }
        if let Some(file) = sources.project {
            let project = Tree::parse(&file.text, &Source::Project(file.path))?;
            problems.extend(project::check(&project, &tree, environment));
            tree.merge(project);
        }
        tree.merge(variables::layer(environment, &mut warnings));
        if sources.slack {
            match slack::layer(&tree, environment, &mut warnings) {
                Ok(layer) => layer.into_iter().for_each(|layer| tree.merge(layer)),
                Err(problem) => problems.push(problem),
            }
        }
        for flag in sources.flags {
            let value = Tree::of(flag.value, &Source::Flag(flag.name.to_owned()));
            tree.merge(Tree {
                content: Content::Object(vec![(flag.key.to_owned(), value)]),
                ..Tree::empty(Source::BuiltIn)
            });
        }
        let before = problems.len();
        substitute_all(&mut tree, environment, "", &mut problems);
        // A value whose variable is not set has no type yet.
        if problems.len() == before {
            problems.extend(check::check(&mut tree, &schema()));
        }
        if !problems.is_empty() {
            return Err(ConfigError::Wrong(problems));
        }
        for path in [&["mcpServers"][..], &["messaging", "destinations"]] {
            remove_nulls(&mut tree, path);
        }
        // What fits the schema is a configuration; were it not, what serde says could hold a secret.
        let mut config: Config = serde_json::from_value(tree.value()).map_err(|_| Problem {
            place: "configuration".to_owned(),
            pointer: String::new(),
            message: "fits its schema and cannot be read".to_owned(),
        })?;
        let mut seen = Vec::new();
        config.messaging.auto_event_types.retain(|event| {
            let new = !seen.contains(event);
            seen.push(*event);
            new
        });
        let problems = rules::check(&config, &tree);
        if !problems.is_empty() {
            return Err(ConfigError::Wrong(problems));
        }
        Ok(Loaded {
            config,
            warnings,
            tree,
        })
    }
}

impl Loaded {
    /// Who said what a key at the top is, for errors about its value.
    pub(crate) fn origin(&self, key: &str) -> String {
        self.tree
            .get(key)
            .map_or_else(|| "built-in".to_owned(), |tree| tree.origin.to_string())
    }

    /// Every value and who said it, as a table; without secrets.
    pub(crate) fn show(&self) -> String {
        show::table(&self.tree)
    }

    /// The same as JSON.
    pub(crate) fn show_json(&self) -> Value {
        show::json(&self.tree)
    }

    /// The secrets in it, each with a name: for whoever keeps them out of what is written.
    pub(crate) fn secrets(&self) -> Vec<(String, String)> {
        secret::secrets(&self.tree)
    }
}

/// Puts variables into the values of files; what is itself from a variable or the command line stays as it is.
fn substitute_all(
    tree: &mut Tree,
    environment: &Environment<'_>,
    pointer: &str,
    problems: &mut Vec<Problem>,
) {
    let Tree { origin, content } = tree;
    match content {
        Content::Object(entries) => {
            for (key, value) in entries {
                substitute_all(value, environment, &tree::below(pointer, key), problems);
            }
        }
        Content::Leaf(leaf) => {
            let Origin { source, .. } = origin;
            let of_a_file = matches!(source, Source::BuiltIn | Source::User(_));
            if !of_a_file || !substitute::has_variables(&leaf.value) {
                return;
            }
            let written = leaf.value.clone();
            match substitute::substitute(&mut leaf.value, environment, &mut leaf.used) {
                Ok(()) => {
                    leaf.written = Some(written);
                    leaf.text = true;
                }
                Err(unset) => problems.push(Problem {
                    place: origin.to_string(),
                    pointer: pointer.to_owned(),
                    message: unset.to_string(),
                }),
            }
        }
    }
}

/// Removes the entries of an object that are null.
fn remove_nulls(tree: &mut Tree, path: &[&str]) {
    let Content::Object(entries) = &mut tree.content else {
        return;
    };
    match path.split_first() {
        Some((key, rest)) => {
            if let Some((_, value)) = entries.iter_mut().find(|(name, _)| name == key) {
                remove_nulls(value, rest);
            }
        }
        None => entries.retain(|(_, value)| !value.leaf().is_some_and(|leaf| leaf.value.is_null())),
    }
}

#[cfg(test)]
mod tests;
