//! The sessions that a conversation goes from one to the other.

use std::path::Path;

use crate::args;
use crate::fail::Fail;
use crate::paths::Paths;
use crate::session::{self, Session};
use crate::start::{Opened, Ready};

/// Sessions that are suggested.
const SUGGESTED: usize = 50;

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
    let mut session = Session::open(&directory, redactor)?;
    session
        .journal
        .append(session::in_force(&ready.policy))
        .map_err(failed)?;
    Ok(session)
}

/// The latest sessions, one a line: the id, and what was said first.
pub(crate) fn list(paths: &Paths, current: &Path) -> String {
    let mut text = String::new();
    for id in sessions(paths) {
        let directory = paths.session(&id);
        if directory == current {
            continue;
        }
        let first = first_words(&session::journal_of(&directory));
        if let Some(first) = first {
            text.push_str(&format!("  {id}  {}\n", crate::render::short(&first)));
        }
    }
    if text.is_empty() {
        "  no earlier sessions\n".to_owned()
    } else {
        text.push_str("  /resume and the beginning of an id goes on with it\n");
        text
    }
}

/// What the user said first.
fn first_words(journal: &Path) -> Option<String> {
    let reader = journal::Reader::open(journal).ok()?;
    reader
        .filter_map(Result::ok)
        .find_map(|record| match record.entry.data {
            journal::Data::UserInput(input) => Some(input.text),
            _ => None,
        })
}

/// The ids of sessions, the latest first.
pub(crate) fn sessions(paths: &Paths) -> Vec<String> {
    let entries = std::fs::read_dir(paths.sessions());
    let mut found: Vec<(std::time::SystemTime, String)> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let changed = entry.metadata().ok()?.modified().ok()?;
            Some((changed, entry.file_name().into_string().ok()?))
        })
        .collect();
    found.sort();
    let ids = found.into_iter().rev().map(|(_, id)| id);
    ids.take(SUGGESTED).collect()
}

/// Writes a session's last records. Where they cannot be written, that is said, and the rest is as it is.
pub(crate) fn close(session: &Opened) {
    if let Err(fail) = session.close(0, "left") {
        crate::render::warn(&fail.to_string());
    }
}
