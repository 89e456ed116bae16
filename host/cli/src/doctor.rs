//! `doctor`: whether what a session needs is there, and what to do where it is not.

use std::fmt::Write as _;
use std::time::Duration;

use models::ModelId;
use serde_json::json;

use crate::args;
use crate::config::{self, Here};
use crate::fail::Fail;
use crate::paths::{Paths, private_directory};
use crate::render::put;
use crate::start::{DEMO_ID, plugin_paths};
use crate::{commands, profile, secrets, setup};

/// How long a server may take to answer the door.
const KNOCK: Duration = Duration::from_secs(3);

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Ok,
    /// Something cannot be used, and the rest can.
    Missing,
    /// Nothing works like this.
    Wrong,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Missing => "missing",
            State::Wrong => "wrong",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug)]
struct Check {
    what: &'static str,
    state: State,
    found: String,
    /// What to do about it.
    remedy: String,
}

fn check(what: &'static str, found: Result<String, (State, String, &str)>) -> Check {
    match found {
        Ok(found) => Check {
            what,
            state: State::Ok,
            found,
            remedy: String::new(),
        },
        Err((state, found, remedy)) => Check {
            what,
            state,
            found,
            remedy: remedy.to_owned(),
        },
    }
}

/// `doctor`.
pub(crate) fn doctor(args: &args::Doctor) -> Result<u8, Fail> {
    let checks = checks(args)?;
    let worst = checks.iter().map(|check| check.state).max();
    if args.json {
        let all: Vec<_> = checks
            .iter()
            .map(|check| {
                json!({"what": check.what, "state": check.state.word(), "found": check.found, "remedy": check.remedy})
            })
            .collect();
        put(&format!("{:#}\n", serde_json::Value::Array(all)));
    } else {
        put(&told(&checks));
    }
    Ok(u8::from(worst == Some(State::Wrong)))
}

fn told(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let Check {
            what,
            state,
            found,
            remedy,
        } = check;
        let _ = writeln!(text, "{:<8} {what:<10} {found}", state.word());
        if !remedy.is_empty() {
            let _ = writeln!(text, "{:<19} → {remedy}", "");
        }
    }
    text
}

fn checks(args: &args::Doctor) -> Result<Vec<Check>, Fail> {
    let paths = Paths::find()?;
    let mut all = vec![kept(&paths)];
    let named = args.model.as_deref();
    let flags = named.and_then(|id| config::Flag::of("model_name", id.into()));
    let here = match Here::find(flags.into_iter().collect()) {
        Ok(here) => here,
        Err(fail) => {
            all.push(check(
                "config",
                Err((
                    State::Wrong,
                    fail.to_string(),
                    "`ml-intern config path` says which files are read",
                )),
            ));
            return Ok(all);
        }
    };
    let config = &here.loaded.config;
    let warnings = here.loaded.warnings.join("; ");
    all.push(check(
        "config",
        if warnings.is_empty() {
            Ok("all of it is understood".to_owned())
        } else {
            Err((State::Missing, warnings, "see docs/configuration.md"))
        },
    ));
    let named = config.policy.as_deref().unwrap_or("interactive");
    all.push(check(
        "policy",
        profile::load(named)
            .map(|loaded| {
                format!(
                    "{} (from {})",
                    loaded.policy.name(),
                    here.loaded.origin("policy")
                )
            })
            .map_err(|fail| {
                (
                    State::Wrong,
                    fail.to_string(),
                    "`ml-intern policy check FILE` says what is wrong",
                )
            }),
    ));
    let lookup = config::token(&here.environment);
    all.push(check(
        "hub token",
        match lookup.token {
            Some(_) => Ok(lookup.to_string()),
            None => Err((
                State::Missing,
                lookup.to_string(),
                "`hf auth login`, or set HF_TOKEN; without it, only local models and those of other providers can be used",
            )),
        },
    ));
    all.push(model(&here, args.offline));
    all.push(programs(&paths));
    all.push(plugins(&paths, &args.plugins));
    all.push(walls());
    Ok(all)
}

/// Where things are kept.
fn kept(paths: &Paths) -> Check {
    let directories = [paths.compiled(), paths.sessions()];
    for directory in &directories {
        if let Err(fail) = private_directory(directory) {
            return check(
                "disk",
                Err((
                    State::Wrong,
                    fail.to_string(),
                    "make it writable, or set XDG_CACHE_HOME and XDG_STATE_HOME",
                )),
            );
        }
    }
    let free = rustix::fs::statvfs(paths.sessions())
        .map(|found| found.f_bavail.saturating_mul(found.f_frsize));
    match free {
        Ok(free) if free < 1 << 30 => check(
            "disk",
            Err((
                State::Missing,
                format!(
                    "{} MiB free for sessions in {}",
                    free >> 20,
                    paths.sessions().display()
                ),
                "each session has a private copy of its directory: make room",
            )),
        ),
        Ok(free) => check(
            "disk",
            Ok(format!(
                "{} GiB free for sessions in {}",
                free >> 30,
                paths.sessions().display()
            )),
        ),
        Err(error) => check(
            "disk",
            Err((
                State::Missing,
                format!("{}: {error}", paths.sessions().display()),
                "",
            )),
        ),
    }
}

/// The model, its key, and whether its server opens the door.
fn model(here: &Here, offline: bool) -> Check {
    let id = &here.loaded.config.model_name;
    let origin = here.loaded.origin("model_name");
    let found = format!("{id} (from {origin})");
    let wrong = |why: String| {
        (
            State::Wrong,
            format!("{found}: {why}"),
            "`--model` names another one; `--model scripted/demo` needs none",
        )
    };
    if id == DEMO_ID {
        return check("model", Ok(found));
    }
    let parsed = match ModelId::parse(id) {
        Ok(parsed) => parsed,
        Err(error) => return check("model", Err(wrong(error.to_string()))),
    };
    let Some(service) = parsed.service() else {
        return check(
            "model",
            Ok(format!(
                "{found}, no model but turns that were written before"
            )),
        );
    };
    let settings = match secrets::settings(here) {
        Ok(settings) => settings,
        Err(fail) => return check("model", Err(wrong(fail.to_string()))),
    };
    let Some(account) = settings.account(service) else {
        return check("model", Err(wrong("it has no server".to_owned())));
    };
    if let Some(variable) = secrets::missing_key(&settings, &parsed) {
        return check("model", Err(wrong(format!("no key; set {variable}"))));
    }
    if offline {
        return check("model", Ok(format!("{found}; its server was not asked")));
    }
    let origin = account.endpoint.origin();
    let address = (origin.host().to_string(), origin.port());
    let knocked = crate::runtime().and_then(|runtime| {
        runtime.block_on(async {
            let door =
                tokio::net::TcpStream::connect((address.0.trim_matches(['[', ']']), address.1));
            match tokio::time::timeout(KNOCK, door).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(Fail::failed(format!("{origin}: {error}"))),
                Err(_) => Err(Fail::failed(format!(
                    "{origin}: no answer in {} s",
                    KNOCK.as_secs()
                ))),
            }
        })
    });
    match knocked {
        Ok(()) => check("model", Ok(format!("{found}; {origin} answers"))),
        Err(fail) if account.endpoint.is_loopback() => check(
            "model",
            Err((
                State::Wrong,
                format!("{found}: {fail}"),
                "start the server; see docs/local-models.md",
            )),
        ),
        Err(fail) => check(
            "model",
            Err((
                State::Wrong,
                format!("{found}: {fail}"),
                "check the network, and a proxy in between",
            )),
        ),
    }
}

fn programs(paths: &Paths) -> Check {
    let remedy = "`ml-intern setup --plugins DIRECTORY` installs it";
    check(
        "python",
        match setup::installed(paths) {
            Ok(programs) if programs.is_empty() => Err((
                State::Missing,
                "not installed; code cannot be run".to_owned(),
                remedy,
            )),
            Ok(_) => Ok(format!("installed in {}", paths.images().display())),
            Err(fail) => Err((State::Wrong, fail.to_string(), remedy)),
        },
    )
}

fn plugins(paths: &Paths, named: &args::Plugins) -> Check {
    let remedy = "`ml-intern setup --plugins DIRECTORY` installs them";
    let places = plugin_paths(&named.paths, paths);
    check(
        "plugins",
        match commands::load_plugins(&places, paths) {
            Ok(plugins) if plugins.is_empty() => Err((
                State::Wrong,
                "none; the model has no tools".to_owned(),
                remedy,
            )),
            Ok(plugins) => {
                let names: Vec<&str> = plugins
                    .iter()
                    .map(|plugin| plugin.manifest().name.as_str())
                    .collect();
                Ok(names.join(", "))
            }
            Err(fail) => Err((State::Wrong, fail.to_string(), remedy)),
        },
    )
}

/// Whether this machine has what a worker is locked in with. It is tried in a process of its own.
fn walls() -> Check {
    let tried = std::env::current_exe().and_then(|program| {
        std::process::Command::new(program)
            .args(["worker", "probe"])
            .output()
    });
    let text = match tried {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => {
            return check("walls", Err((State::Wrong, error.to_string(), "")));
        }
    };
    let open: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_suffix(": OPEN"))
        .collect();
    let standing = text.lines().filter(|line| line.ends_with(": shut")).count();
    check(
        "walls",
        if open.is_empty() && standing > 0 {
            Ok(format!(
                "{standing} doors tried from inside a worker, all shut"
            ))
        } else {
            Err((
                State::Missing,
                format!("open from inside a worker: {}", open.join(", ")),
                "a kernel with Landlock and seccomp shuts them; `walls` in the policy says whether code may run without",
            ))
        },
    )
}
