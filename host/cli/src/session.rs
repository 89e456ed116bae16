//! A session on disk: its directory, its journal, and the files that it works on.
//!
//! | in its directory | what |
//! | --- | --- |
//! | `journal.jsonl` | everything that was said and done |
//! | `workspace` | the private copy, its checkpoints and its commits |
//! | `tmp`, `packages` | what guests find under these names |
//! | `outputs` | outputs that were too long for the model, which guests read at `/data/outputs` |
//! | `data` | where the directories that `--data` names are mounted |

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use agent::{Fork, Restored};
use journal::{Header, Journal, Reader, Redactor};
use workspace::{Mode, Workspace};

use crate::fail::Fail;
use crate::paths::{Paths, private_directory};
use crate::profile::Loaded;

/// Where a session keeps its workspace.
const FOLDER: &str = "workspace";
/// Its journal.
const JOURNAL: &str = "journal.jsonl";
/// Where long outputs are kept.
pub(crate) const OUTPUTS: &str = "outputs";
/// What a fork copies, where it is there.
const COPIED: [&str; 4] = [FOLDER, OUTPUTS, "packages", "tmp"];

/// The most bytes of a workspace that is copied.
const WORKSPACE_BYTES: u64 = 2 << 30;
/// The most files of a workspace that is copied.
const WORKSPACE_FILES: u64 = 200_000;

/// A session that this process has opened; nobody else has.
pub(crate) struct Session {
    pub(crate) directory: PathBuf,
    pub(crate) journal: Journal,
    pub(crate) workspace: Workspace,
    /// What was said so far; none in a new session.
    pub(crate) restored: Option<Restored>,
}

/// The journal of the session in a directory.
pub(crate) fn journal_of(directory: &Path) -> PathBuf {
    directory.join(JOURNAL)
}

/// A session's directory: one that was named, by its path or by the beginning of its id, else the latest.
pub(crate) fn find(named: Option<&Path>, paths: &Paths) -> Result<PathBuf, Fail> {
    if let Some(path) = named
        && path.join(FOLDER).is_dir()
    {
        return Ok(path.to_owned());
    }
    let all = paths.sessions();
    let mut found: Vec<(std::time::SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(&all).into_iter().flatten().flatten() {
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

/// The workspace of the session in a directory.
pub(crate) fn workspace(directory: &Path) -> Result<Workspace, Fail> {
    Workspace::open(&directory.join(FOLDER)).map_err(usage)
}

impl Session {
    /// A new session on a directory of the user's.
    pub(crate) fn create(
        directory: Option<&Path>,
        work_on: &Path,
        paths: &Paths,
        redactor: Redactor,
        policy: &Loaded,
    ) -> Result<Session, Fail> {
        let id = uuid::Uuid::new_v4().to_string();
        let directory = directory.map_or_else(|| paths.session(&id), Path::to_owned);
        private_directory(&directory)?;
        let workspace = stage(work_on, &directory)?;
        let journal = begin(&directory, id, redactor, policy)?;
        Ok(Session {
            directory,
            journal,
            workspace,
            restored: None,
        })
    }

    /// The session in a directory, to be gone on with. What a crash left half done is repaired first.
    pub(crate) fn open(directory: &Path, redactor: Redactor) -> Result<Session, Fail> {
        let workspace = workspace(directory)?;
        let journal = Journal::open(journal_of(directory), redactor).map_err(usage)?;
        let restored = Restored::read(Reader::open(journal.path()).map_err(usage)?);
        Ok(Session {
            directory: directory.to_owned(),
            journal,
            workspace,
            restored: Some(restored.map_err(usage)?),
        })
    }

    /// The same, to be gone on with under a policy, which is in force from there on.
    pub(crate) fn go_on(
        directory: &Path,
        redactor: Redactor,
        policy: &Loaded,
    ) -> Result<Session, Fail> {
        let mut session = Session::open(directory, redactor)?;
        session.journal.append(in_force(policy)).map_err(failed)?;
        Ok(session)
    }

    /// A new session that begins as the one in `source` was, up to a record of its journal.
    pub(crate) fn fork(
        source: &Path,
        records: Option<u64>,
        paths: &Paths,
        redactor: Redactor,
        policy: &Loaded,
    ) -> Result<Session, Fail> {
        // Open for as long as it is copied, so that nobody changes it meanwhile.
        let original = workspace(source)?;
        let checkpoint = records
            .map(|record| agent::checkpoint_from(&journal_of(source), record))
            .transpose()
            .map_err(usage)?
            .flatten();
        let id = uuid::Uuid::new_v4().to_string();
        let directory = paths.session(&id);
        private_directory(&directory)?;
        for name in COPIED {
            let (from, to) = (source.join(name), directory.join(name));
            if from.is_dir() {
                copy(&from, &to)
                    .map_err(|error| Fail::failed(format!("{}: {error}", from.display())))?;
            }
        }
        drop(original);
        let workspace = workspace(&directory)?;
        if let Some(checkpoint) = checkpoint {
            let id = checkpoint
                .parse()
                .map_err(|_| Fail::failed(format!("{checkpoint} names no checkpoint")))?;
            workspace.restore(id).map_err(failed)?;
        }
        let mut journal = begin(&directory, id, redactor, policy)?;
        let fork = Fork {
            records,
            checkpoints: true,
        };
        let restored = agent::fork(&journal_of(source), fork, &mut journal).map_err(failed)?;
        Ok(Session {
            directory,
            journal,
            workspace,
            restored: Some(restored),
        })
    }
}

fn usage(error: impl std::fmt::Display) -> Fail {
    Fail::usage(error.to_string())
}

fn failed(error: impl std::fmt::Display) -> Fail {
    Fail::failed(error.to_string())
}

/// A journal that begins with the policy in force.
fn begin(
    directory: &Path,
    id: String,
    redactor: Redactor,
    policy: &Loaded,
) -> Result<Journal, Fail> {
    let header = Header {
        id,
        program: concat!("ml-intern ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let mut journal = Journal::create(journal_of(directory), header, redactor).map_err(usage)?;
    journal.append(in_force(policy)).map_err(failed)?;
    Ok(journal)
}

/// The record of a policy that is in force from here on.
fn in_force(policy: &Loaded) -> journal::Policy {
    journal::Policy {
        digest: sandbox::Digest::of(policy.text.as_bytes()).to_string(),
        name: policy.policy.name().to_owned(),
        text: policy.text.clone(),
    }
}

/// Where the run works: in a private copy, unless the user says `direct`.
fn stage(named: &Path, directory: &Path) -> Result<Workspace, Fail> {
    let options = workspace::Options {
        max_bytes: WORKSPACE_BYTES,
        max_files: WORKSPACE_FILES,
        ..workspace::Options::new(directory.join(FOLDER))
    };
    let text = named.to_string_lossy();
    let (mode, source) = match text.strip_prefix("direct") {
        Some("") => (Mode::Direct, Path::new(".")),
        Some(rest) if rest.starts_with(':') => {
            (Mode::Direct, Path::new(rest.trim_start_matches(':')))
        }
        _ => (Mode::Staged, named),
    };
    Workspace::new(mode, source, &options).map_err(usage)
}

/// Copies a directory with all that is in it. A link stays a link, wherever it leads.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&from, &to)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
        } else if kind.is_file() {
            // The kernel shares the blocks where it can. The mode comes along.
            fs::copy(&from, &to)?;
        }
    }
    // Last: a directory that may not be written to can be filled before.
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}
