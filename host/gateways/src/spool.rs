//! The queue on disk: one file a message.
//!
//! | path | holds |
//! | --- | --- |
//! | `<id>.json` | a message that waits; whoever works on it holds a lock on the file |
//! | `<id>.new` | one that is being written |
//! | `failed/<id>.json` | one that was given up, with why; the last hundred |
//!
//! A file is written beside its place, synced and renamed, so it is there whole or not at all; and it is locked before it
//! is in its place, so that nobody else begins with it meanwhile. The lock is the operating system's (`flock`): it ends
//! with the process, however that ends. Directories are 0700, files 0600. An id begins with the time, so that names sort
//! by age.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use journal::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::message::Message;

/// Messages that wait at most. A session that writes more is told so.
pub const SPOOL_MAX: usize = 1000;
/// Messages that were given up, and are kept.
const FAILED_MAX: usize = 100;
/// Bytes of one file at most; the longest message takes a quarter of it, however it is escaped.
const FILE_MAX: u64 = 1024 * 1024;
/// How old an unfinished file is that its writer has left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);
const VERSION: u32 = 1;

/// Why the queue did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The system refuses.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Too many wait.
    #[error("{}: {SPOOL_MAX} messages wait already; remove some, or see why they do not arrive", .0.display())]
    Full(PathBuf),
}

fn at(path: &Path) -> impl Fn(io::Error) -> SpoolError + '_ {
    move |error| SpoolError::Io {
        path: path.to_owned(),
        error,
    }
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    version: u32,
    /// The same each time that it is sent.
    pub(crate) id: String,
    /// When it was written.
    pub(crate) created: Timestamp,
    /// The destination's name.
    pub(crate) destination: String,
    /// Where that leads to. Under other settings the same name may lead elsewhere.
    pub(crate) place: Digest,
    /// Rounds that did not deliver it.
    pub(crate) rounds: u32,
    /// When it is tried again.
    pub(crate) not_before: Timestamp,
    /// Why it did not arrive so far, or was given up.
    pub(crate) error: Option<String>,
    /// What is sent.
    pub(crate) message: Message,
}

impl Entry {
    pub(crate) fn new(
        destination: &str,
        place: Digest,
        message: Message,
        now: SystemTime,
    ) -> Entry {
        let now = Timestamp::from_system(now);
        Entry {
            version: VERSION,
            id: format!("{:013}-{:016x}", now.as_millis(), fastrand::u64(..)),
            created: now,
            destination: destination.to_owned(),
            place,
            rounds: 0,
            not_before: now,
            error: None,
            message,
        }
    }
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Spool {
    directory: PathBuf,
    failed: PathBuf,
}

/// A message that waits, and that nobody else works on as long as this lives.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) entry: Entry,
    path: PathBuf,
    _locked: File,
}

impl Spool {
    /// The queue in a directory, which is made where there is none, and kept from others.
    pub(crate) fn open(directory: &Path) -> Result<Spool, SpoolError> {
        let failed = directory.join("failed");
        for one in [directory, &failed] {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder.create(one).map_err(at(one))?;
            let mode = fs::metadata(one).map_err(at(one))?.mode();
            if mode & 0o077 != 0 {
                fs::set_permissions(one, Permissions::from_mode(0o700)).map_err(at(one))?;
            }
        }
        Ok(Spool {
            directory: directory.to_owned(),
            failed,
        })
    }

    /// Writes a message into the queue. It is the caller's until the claim is dropped.
    pub(crate) fn add(&self, entry: Entry) -> Result<Claim, SpoolError> {
        if self.names()?.len() >= SPOOL_MAX {
            return Err(SpoolError::Full(self.directory.clone()));
        }
        self.write(entry)
    }

    fn write(&self, entry: Entry) -> Result<Claim, SpoolError> {
        let path = self.directory.join(format!("{}.json", entry.id));
        let locked = put(&self.directory, &path, &entry)?;
        Ok(Claim {
            entry,
            path,
            _locked: locked,
        })
    }

    /// The names of all that wait, oldest first.
    pub(crate) fn names(&self) -> Result<Vec<String>, SpoolError> {
        names(&self.directory)
    }

    /// Takes a message for as long as the claim lives; none where somebody else works on it, or has finished it.
    pub(crate) fn claim(&self, name: &str) -> Result<Option<Claim>, SpoolError> {
        let path = self.directory.join(name);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path)(error)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
        }
        if !is_at(&file, &path) {
            return Ok(None);
        }
        let mut text = String::new();
        let read = (&mut file).take(FILE_MAX).read_to_string(&mut text);
        let entry = read
            .map_err(|error| error.to_string())
            .and_then(|_| serde_json::from_str::<Entry>(&text).map_err(|error| error.to_string()))
            .ok()
            .filter(|entry| {
                entry.version == VERSION && name.strip_suffix(".json") == Some(&entry.id)
            });
        let Some(entry) = entry else {
            // Not ours, or of another version: kept where nobody trips over it again.
            fs::rename(&path, self.failed.join(name)).map_err(at(&path))?;
            return Ok(None);
        };
        Ok(Some(Claim {
            entry,
            path,
            _locked: file,
        }))
    }

    /// Writes what has changed about a message, and goes on holding it.
    pub(crate) fn update(
        &self,
        claim: Claim,
        change: impl FnOnce(&mut Entry),
    ) -> Result<Claim, SpoolError> {
        let mut entry = claim.entry.clone();
        change(&mut entry);
        // The new file is locked before it takes the old one's place, and the old one until then.
        let updated = self.write(entry);
        drop(claim);
        updated
    }

    /// Takes a message that has arrived out of the queue.
    pub(crate) fn finish(&self, claim: &Claim) -> Result<(), SpoolError> {
        fs::remove_file(&claim.path).map_err(at(&claim.path))
    }

    /// Takes a message that will not arrive out of the queue, and keeps it with why.
    pub(crate) fn give_up(&self, claim: &Claim, why: &str) -> Result<(), SpoolError> {
        let entry = Entry {
            error: Some(why.to_owned()),
            ..claim.entry.clone()
        };
        put(
            &self.failed,
            &self.failed.join(format!("{}.json", entry.id)),
            &entry,
        )?;
        self.finish(claim)?;
        let kept = names(&self.failed)?;
        for name in kept.iter().take(kept.len().saturating_sub(FAILED_MAX)) {
            let path = self.failed.join(name);
            fs::remove_file(&path).map_err(at(&path))?;
        }
        Ok(())
    }

    /// Removes what a writer that was killed has left behind.
    pub(crate) fn sweep(&self, now: SystemTime) -> Result<(), SpoolError> {
        for entry in fs::read_dir(&self.directory).map_err(at(&self.directory))? {
            let path = entry.map_err(at(&self.directory))?.path();
            if path.extension().is_none_or(|extension| extension != "new") {
                continue;
            }
            let age = fs::metadata(&path)
                .and_then(|meta| meta.modified())
                .ok()
                .and_then(|modified| now.duration_since(modified).ok());
            if age.is_some_and(|age| age > LEFT_BEHIND) {
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
        Ok(())
    }
}

/// Whether an open file still is the one at a path: it may have been finished or replaced between opening and locking.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

fn names(directory: &Path) -> Result<Vec<String>, SpoolError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(at(directory))? {
        let name = entry.map_err(at(directory))?.file_name();
        if let Some(name) = name.to_str().filter(|name| name.ends_with(".json")) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Writes a file beside its place, and puts it there, locked.
fn put(directory: &Path, path: &Path, entry: &Entry) -> Result<File, SpoolError> {
    let new = path.with_extension("new");
    let text = serde_json::to_vec(entry).map_err(|error| at(path)(error.into()))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .map_err(at(&new))?;
    let written = file
        .lock()
        .and_then(|()| file.write_all(&text))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&new, path))
        .and_then(|()| File::open(directory)?.sync_all());
    written.map_err(at(&new))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::message::Severity;

    fn entry(text: &str, seconds: u64) -> Entry {
        let message = Message {
            title: None,
            text: text.to_owned(),
            severity: Severity::Info,
            metadata: vec![],
            event_type: None,
        };
        let now = UNIX_EPOCH + Duration::from_secs(seconds);
        Entry::new("ops", Digest::of(b"place"), message, now)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn what_is_written_is_kept_from_others_and_read_by_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path().join("a/spool");
        fs::create_dir_all(&directory).unwrap();
        fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
        let spool = Spool::open(&directory).unwrap();
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&directory.join("failed")), 0o700);

        let second = spool.add(entry("second", 20)).unwrap().entry;
        let first = spool.add(entry("first", 10)).unwrap().entry;
        let names = spool.names().unwrap();
        assert_eq!(
            names,
            [&first, &second].map(|one| format!("{}.json", one.id))
        );
        for name in &names {
            assert_eq!(mode(&directory.join(name)), 0o600);
        }

        let again = Spool::open(&directory).unwrap();
        let claim = again.claim(&names[0]).unwrap().unwrap();
        assert_eq!(claim.entry, first);
    }

    #[test]
    fn one_message_is_one_claim() {
        let directory = tempfile::tempdir().unwrap();
        let mine = Spool::open(directory.path()).unwrap();
        let others = Spool::open(directory.path()).unwrap();
        let claim = mine.add(entry("x", 1)).unwrap();
        let name = format!("{}.json", claim.entry.id);
        assert!(others.claim(&name).unwrap().is_none(), "while it is mine");

        let claim = mine.update(claim, |entry| entry.rounds = 1).unwrap();
        assert!(
            others.claim(&name).unwrap().is_none(),
            "also when it changes"
        );
        drop(claim);
        let claim = others.claim(&name).unwrap().unwrap();
        assert_eq!(claim.entry.rounds, 1);
        assert!(mine.claim(&name).unwrap().is_none(), "while it is theirs");

        others.finish(&claim).unwrap();
        drop(claim);
        assert!(mine.claim(&name).unwrap().is_none(), "once it is done");
        assert_eq!(mine.names().unwrap(), [""; 0]);
    }

    #[test]
    fn a_file_that_was_replaced_before_it_was_locked_is_not_the_message() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path()).unwrap();
        let claim = spool.add(entry("x", 1)).unwrap();
        let old = File::open(&claim.path).unwrap();
        assert!(is_at(&old, &claim.path));
        let claim = spool.update(claim, |entry| entry.rounds = 1).unwrap();
        assert!(!is_at(&old, &claim.path));
        let new = File::open(&claim.path).unwrap();
        spool.finish(&claim).unwrap();
        assert!(!is_at(&new, &claim.path));
    }

    #[test]
    fn what_is_given_up_is_kept_with_why_and_only_the_last_hundred() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path()).unwrap();
        for index in 0..102 {
            let claim = spool.add(entry("x", index)).unwrap();
            spool.give_up(&claim, &format!("why {index}")).unwrap();
        }
        assert_eq!(spool.names().unwrap(), [""; 0]);
        let kept = names(&spool.failed).unwrap();
        let why = |name: &String| {
            let text = fs::read_to_string(spool.failed.join(name)).unwrap();
            let entry: Entry = serde_json::from_str(&text).unwrap();
            entry.error.unwrap()
        };
        assert_eq!(kept.len(), 100);
        assert_eq!(why(&kept[0]), "why 2");
        assert_eq!(why(&kept[99]), "why 101");
    }

    #[test]
    fn a_full_queue_takes_no_more() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path()).unwrap();
        for index in 0..SPOOL_MAX {
            fs::write(directory.path().join(format!("{index}.json")), "").unwrap();
        }
        let error = spool.add(entry("x", 1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{}: 1000 messages wait already; remove some, or see why they do not arrive",
                directory.path().display()
            )
        );
        fs::remove_file(directory.path().join("0.json")).unwrap();
        spool.add(entry("x", 1)).unwrap();
    }

    #[test]
    fn what_is_no_message_is_put_aside_and_what_is_half_written_is_swept() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path()).unwrap();
        let claim = spool.add(entry("x", 1)).unwrap();
        let name = format!("{}.json", claim.entry.id);
        let text = fs::read_to_string(&claim.path).unwrap();
        drop(claim);
        let other = text.replace("\"version\":1", "\"version\":2");
        for (file, text) in [
            ("torn.json", "{"),
            ("copy.json", &text),
            (name.as_str(), &other),
        ] {
            fs::write(directory.path().join(file), text).unwrap();
            assert!(spool.claim(file).unwrap().is_none(), "{file}");
            assert!(spool.failed.join(file).exists(), "{file}");
        }
        assert_eq!(spool.names().unwrap(), [""; 0]);

        let half = directory.path().join("half.new");
        fs::write(&half, "{").unwrap();
        let written = fs::metadata(&half).unwrap().modified().unwrap();
        spool.sweep(written + LEFT_BEHIND).unwrap();
        assert!(half.exists());
        spool
            .sweep(written + LEFT_BEHIND + Duration::from_secs(1))
            .unwrap();
        assert!(!half.exists());
    }
}
