//! The sessions that a conversation goes from one to the other.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::args;
use crate::fail::Fail;
use crate::paths::Paths;
use crate::session::{self, Session};
use crate::start::{Opened, Ready};

/// Sessions that are listed.
const LISTED: usize = 50;

pub(crate) fn failed(error: impl std::fmt::Display) -> Fail {
    Fail::failed(error.to_string())
}

/// A new session on a directory, or on what `direct:` names.
pub(crate) fn new(
    ready: &Ready,
    workspace: &Path,
    session_dir: Option<&Path>,
) -> Result<Session, Fail> {
    Session::create(
        session_dir,
        workspace,
        &ready.paths,
        ready.redactor.clone(),
        &ready.policy,
    )
}

/// A new session on the same directory as the one before.
pub(crate) fn like(ready: &Ready, workspace: &Path, direct: bool) -> Result<Session, Fail> {
    if !direct {
        return new(ready, workspace, None);
    }
    let mut named = std::ffi::OsString::from("direct:");
    named.push(workspace);
    new(ready, Path::new(&named), None)
}

/// An earlier session, or a copy of it.
pub(crate) fn earlier(ready: &Ready, args: &args::Resume) -> Result<Session, Fail> {
    let directory = session::find(args.target.session.as_deref(), &ready.paths)?;
    let redactor = ready.redactor.clone();
    if args.fork {
        return Session::fork(&directory, args.at, &ready.paths, redactor, &ready.policy);
    }
    Session::go_on(&directory, redactor, &ready.policy)
}

/// A session that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) directory: PathBuf,
    /// What the user said first.
    pub(crate) first: Option<String>,
    /// How often the user said something.
    pub(crate) turns: usize,
}

impl Listed {
    pub(crate) fn json(&self) -> Value {
        json!({"id": self.id, "directory": self.directory, "first": self.first, "turns": self.turns})
    }
}

/// The ids and directories of the latest sessions, the last one first. No journal is read.
pub(crate) fn latest(paths: &Paths) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(paths.sessions());
    let mut found: Vec<(SystemTime, String, PathBuf)> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let journal = session::journal_of(&entry.path());
            let changed = journal.metadata().ok()?.modified().ok()?;
            Some((changed, entry.file_name().into_string().ok()?, entry.path()))
        })
        .collect();
    found.sort();
    let latest = found.into_iter().rev().take(LISTED);
    latest.map(|(_, id, directory)| (id, directory)).collect()
}

/// The same, with what was said in them.
pub(crate) fn sessions(paths: &Paths) -> Vec<Listed> {
    let latest = latest(paths).into_iter();
    latest
        .map(|(id, directory)| {
            let said = said(&directory);
            Listed {
                turns: said.len(),
                first: said.into_iter().next(),
                id,
                directory,
            }
        })
        .collect()
}

/// What the user said.
fn said(directory: &Path) -> Vec<String> {
    let records = journal::Reader::open(session::journal_of(directory));
    let records = records.into_iter().flatten().filter_map(Result::ok);
    records
        .filter_map(|record| match (record.entry.data, record.entry.call) {
            (journal::Data::UserInput(input), None) => Some(input.text),
            _ => None,
        })
        .collect()
}

/// Earlier sessions, one a line.
pub(crate) fn list(paths: &Paths, current: &Path) -> String {
    let mut text = String::new();
    for one in sessions(paths) {
        if let Some(first) = one.first.filter(|_| one.directory != current) {
            text.push_str(&format!("  {}  {}\n", one.id, crate::render::short(&first)));
        }
    }
    if text.is_empty() {
        "  no earlier sessions\n".to_owned()
    } else {
        text.push_str("  /resume and the beginning of an id goes on with it\n");
        text
    }
}

/// Writes a session's last records. Where they cannot be written, that is said, and the rest is as it is.
pub(crate) fn close(session: &Opened) {
    if let Err(fail) = session.close(0, "left") {
        crate::render::warn(&fail.to_string());
    }
}
