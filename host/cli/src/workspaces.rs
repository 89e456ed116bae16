//! What becomes of a session's workspace: `diff`, `commit`, `undo`, `discard`.

use std::path::{Path, PathBuf};

use workspace::{CommitError, Protected, Selection, Shown, Workspace};

use crate::args;
use crate::fail::Fail;
use crate::paths::Paths;
use crate::render::put;

/// Where a session keeps its workspace.
pub(crate) const FOLDER: &str = "workspace";

/// A session's directory: one that was named, by its path or by the beginning of its id, else the latest.
fn session(named: Option<&Path>, paths: &Paths) -> Result<PathBuf, Fail> {
    if let Some(path) = named
        && path.join(FOLDER).is_dir()
    {
        return Ok(path.to_owned());
    }
    let all = paths.sessions();
    let mut found: Vec<(std::time::SystemTime, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(&all).into_iter().flatten().flatten() {
        let path = entry.path();
        let begins = |name: &Path| {
            let id = path.file_name().unwrap_or_default().to_string_lossy();
            !name.as_os_str().is_empty() && id.starts_with(&*name.to_string_lossy())
        };
        if path.join(FOLDER).is_dir()
            && named.is_none_or(begins)
            && let Ok(time) = entry.metadata().and_then(|meta| meta.modified())
        {
            found.push((time, path));
        }
    }
    found.sort();
    match (named, found.as_slice()) {
        (None, [.., (_, latest)]) | (Some(_), [(_, latest)]) => Ok(latest.clone()),
        (None, []) => Err(Fail::usage(format!(
            "no session with a workspace in {}",
            all.display()
        ))),
        (Some(name), []) => Err(Fail::usage(format!(
            "{}: no session directory, and no session in {} begins so",
            name.display(),
            all.display()
        ))),
        (Some(name), several) => Err(Fail::usage(format!(
            "{}: {} sessions begin so; give more of the id",
            name.display(),
            several.len()
        ))),
    }
}

fn open(target: &args::Target) -> Result<Workspace, Fail> {
    let directory = session(target.session.as_deref(), &Paths::find()?)?;
    Workspace::open(&directory.join(FOLDER)).map_err(|error| Fail::usage(error.to_string()))
}

fn failed(error: impl std::fmt::Display) -> Fail {
    Fail::failed(error.to_string())
}

/// Prints what is different: one line for each change, deletions first, then the texts.
pub(crate) fn diff(args: &args::Diff) -> Result<u8, Fail> {
    let workspace = open(&args.target)?;
    let diff = workspace.diff().map_err(failed)?;
    if diff.is_empty() {
        put("no changes\n");
        return Ok(0);
    }
    put(&diff.to_string());
    if !args.names {
        for change in diff.deleted.iter().chain(&diff.modified).chain(&diff.added) {
            if let workspace::Content::Text(patch) = &change.content
                && !patch.unified.is_empty()
            {
                put(&format!(
                    "\n{}\n{}",
                    Shown(&change.path),
                    harmless(&patch.unified)
                ));
            }
        }
    }
    Ok(0)
}

/// A text that a guest wrote, without what a terminal would obey.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => character,
            other if other.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// Brings changes to the user's directory.
pub(crate) fn commit(args: &args::Commit) -> Result<u8, Fail> {
    let workspace = open(&args.target)?;
    let staged = workspace.staged().ok_or_else(|| {
        Fail::usage("this session worked in the directory itself; there is nothing to commit")
    })?;
    let selection = match args.paths.as_slice() {
        [] => Selection::All,
        paths => Selection::paths(paths),
    };
    // Who allows all that is in a directory allows the directory.
    let directories = args.allow.iter().filter_map(|one| one.strip_suffix("/**"));
    let patterns = args.allow.iter().map(String::as_str).chain(directories);
    let protected = Protected::default()
        .allow(patterns)
        .map_err(|error| Fail::usage(format!("--allow: {error}")))?;
    let done = match staged.commit(&selection, &protected) {
        Ok(done) => done,
        Err(CommitError::Nothing) => {
            put("nothing to commit\n");
            return Ok(0);
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
    for (letter, paths) in [
        ('D', &done.deleted),
        ('M', &done.modified),
        ('A', &done.added),
    ] {
        for path in paths {
            put(&format!("{letter} {}\n", Shown(path)));
        }
    }
    put(&format!(
        "committed to {} as {}; `ml-intern undo --commit {}` takes it back\n",
        workspace.source().display(),
        done.id,
        done.id
    ));
    Ok(0)
}

/// Takes the last turn back, or a commit.
pub(crate) fn undo(args: &args::Undo) -> Result<u8, Fail> {
    let workspace = open(&args.target)?;
    if let Some(id) = &args.commit {
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
    match workspace.undo().map_err(failed)? {
        Some(restored) => put(&format!(
            "the workspace is as it was before: {}\n",
            restored.to.label.escape_debug()
        )),
        None => put("there is no turn to undo\n"),
    }
    Ok(0)
}

/// Removes the private copy and everything that is kept with it.
pub(crate) fn discard(args: &args::Target) -> Result<u8, Fail> {
    let workspace = open(args)?;
    let source = workspace.source().to_owned();
    workspace.discard().map_err(failed)?;
    put(&format!(
        "discarded; {} is untouched by this\n",
        source.display()
    ));
    Ok(0)
}
