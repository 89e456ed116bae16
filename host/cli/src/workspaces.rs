//! What becomes of a session's workspace: `diff`, `commit`, `undo`, `discard`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use agent::{Agent, Model, Options, Outcome, Parts, Services, SystemClock, Unattended};
use workspace::{CommitError, Protected, Selection, Shown, Workspace};

use crate::args;
use crate::around::Files;
use crate::fail::Fail;
use crate::paths::Paths;
use crate::render::{harmless, put};
use crate::secrets;
use crate::session::{self, Session};
use crate::still::Still;

/// A session's directory and its workspace.
fn open(target: &args::Target) -> Result<(PathBuf, Workspace), Fail> {
    let directory = session::find(target.session.as_deref(), &Paths::find()?)?;
    let workspace = session::workspace(&directory)?;
    Ok((directory, workspace))
}

fn failed(error: impl std::fmt::Display) -> Fail {
    Fail::failed(error.to_string())
}

/// Prints what is different: one line for each change, deletions first, then the texts.
pub(crate) fn diff(args: &args::Diff) -> Result<u8, Fail> {
    let (_, workspace) = open(&args.target)?;
    put(&changes(&workspace, args.names)?);
    Ok(0)
}

/// What is different: one line for each change, deletions first, then the texts, unless only names are wanted.
pub(crate) fn changes(workspace: &Workspace, names: bool) -> Result<String, Fail> {
    let diff = workspace.diff().map_err(failed)?;
    if diff.is_empty() {
        return Ok("no changes\n".to_owned());
    }
    let mut text = diff.to_string();
    if !names {
        for change in diff.deleted.iter().chain(&diff.modified).chain(&diff.added) {
            if let workspace::Content::Text(patch) = &change.content
                && !patch.unified.is_empty()
            {
                text.push_str(&format!(
                    "\n{}\n{}",
                    Shown(&change.path),
                    harmless(&patch.unified)
                ));
            }
        }
    }
    Ok(text)
}

/// Brings changes to the user's directory.
pub(crate) fn commit(args: &args::Commit) -> Result<u8, Fail> {
    let (_, workspace) = open(&args.target)?;
    put(&bring(&workspace, &args.paths, &args.allow)?);
    Ok(0)
}

/// Brings changes to the user's directory, all of them or those at some paths, and says which.
pub(crate) fn bring(
    workspace: &Workspace,
    paths: &[PathBuf],
    allow: &[String],
) -> Result<String, Fail> {
    let staged = workspace.staged().ok_or_else(|| {
        Fail::usage("this session worked in the directory itself; there is nothing to commit")
    })?;
    let selection = match paths {
        [] => Selection::All,
        paths => Selection::paths(paths),
    };
    // Who allows all that is in a directory allows the directory.
    let directories = allow.iter().filter_map(|one| one.strip_suffix("/**"));
    let patterns = allow.iter().map(String::as_str).chain(directories);
    let protected = Protected::default()
        .allow(patterns)
        .map_err(|error| Fail::usage(format!("--allow: {error}")))?;
    let done = match staged.commit(&selection, &protected) {
        Ok(done) => done,
        Err(CommitError::Nothing) => {
            return Ok("nothing to commit\n".to_owned());
        }
        Err(CommitError::Protected { refusals }) => {
            let mut text = "nothing was committed: some paths are protected".to_owned();
            for refusal in &refusals {
                text.push_str(&format!("\n  {refusal}"));
            }
            text.push_str("\nname the paths to commit, or allow them with --allow");
            return Err(Fail::denied(text));
        }
        Err(error) => return Err(failed(error)),
    };
    let mut text = String::new();
    for (letter, paths) in [
        ('D', &done.deleted),
        ('M', &done.modified),
        ('A', &done.added),
    ] {
        for path in paths {
            text.push_str(&format!("{letter} {}\n", Shown(path)));
        }
    }
    text.push_str(&format!(
        "committed to {} as {}; `ml-intern undo --commit {}` takes it back\n",
        workspace.source().display(),
        done.id,
        done.id
    ));
    Ok(text)
}

/// Takes the last turn back, or a commit.
pub(crate) fn undo(args: &args::Undo) -> Result<u8, Fail> {
    let directory = session::find(args.target.session.as_deref(), &Paths::find()?)?;
    if let Some(id) = &args.commit {
        let workspace = session::workspace(&directory)?;
        let id = id
            .parse()
            .map_err(|_| Fail::usage(format!("--commit {id}: expected the number of a commit")))?;
        let staged = workspace
            .staged()
            .ok_or_else(|| Fail::usage("this session has no commits"))?;
        let done = staged.undo_commit(id).map_err(failed)?;
        put(&format!(
            "{} is as it was before: {} files restored or removed\n",
            workspace.source().display(),
            done.deleted.len() + done.modified.len() + done.added.len()
        ));
        return Ok(0);
    }
    let session = Session::open(&directory, secrets::redactor()?)?;
    let (undone, left) = crate::runtime()?.block_on(undo_turn(session))?;
    match undone {
        Some(label) => put(&format!(
            "the session is as it was before: {}\n{left} earlier turns can be undone\n",
            label.escape_debug()
        )),
        None => put("there is no turn to undo\n"),
    }
    Ok(0)
}

/// Undoes a session's last turn, what was said in it and the files; gives how the turn began, and how many are left.
async fn undo_turn(session: Session) -> Result<(Option<String>, usize), Fail> {
    let Session {
        journal,
        workspace,
        restored,
        ..
    } = session;
    let restored = restored.unwrap_or_default();
    let turns = restored.turns();
    let label = restored.last_words().map(str::to_owned);
    let Some(left) = turns.checked_sub(1) else {
        return Ok((None, 0));
    };
    let still = Arc::new(Still {
        model: restored.model().unwrap_or_default().to_owned(),
    });
    let parts = Parts {
        model: Arc::clone(&still) as Arc<dyn Model>,
        tools: still,
        approver: Arc::new(Unattended),
        clock: Arc::new(SystemClock::new()),
        journal: Arc::new(Mutex::new(journal)),
        system_prompt: restored.prompt().to_owned(),
    };
    let services = Services {
        checkpoints: Some(Arc::new(Files(Arc::new(workspace)))),
        ..Services::default()
    };
    let (mut agent, _events) =
        Agent::resume(parts, services, Options::default(), restored).map_err(failed)?;
    match agent.undo().await {
        Outcome::Done { .. } => Ok((label, left)),
        Outcome::Failed { error } => Err(Fail::failed(error)),
        other => Err(Fail::failed(other.as_str())),
    }
}

/// Removes the private copy and everything that is kept with it.
pub(crate) fn discard(args: &args::Target) -> Result<u8, Fail> {
    let (_, workspace) = open(args)?;
    let source = workspace.source().to_owned();
    workspace.discard().map_err(failed)?;
    put(&format!(
        "discarded; {} is untouched by this\n",
        source.display()
    ));
    Ok(0)
}
