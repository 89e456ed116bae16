//! Writing a journal.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::chain::Chain;
use crate::sync::Observers;
use crate::{
    CallId, Data, Digest, Entry, FORMAT, Fault, JournalError, ReadError, Reader, Redactor, Session,
    Sync, Timestamp,
};

/// Where a journal takes its times from.
pub type Clock = Box<dyn Fn() -> SystemTime + Send>;

/// What the first record says, besides the format's version and the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The session's name.
    pub id: String,
    /// The program, with its version.
    pub program: String,
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The record's number, from 0.
    pub seq: u64,
    /// The record's hash.
    pub hash: Digest,
}

/// The torn rest of a write, which opening a journal has moved out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// Where it is now.
    pub moved_to: PathBuf,
    /// How long it is.
    pub bytes: u64,
}

/// A journal that is open for writing. There is at most one for a file at a time, on the whole machine.
pub struct Journal {
    path: PathBuf,
    file: File,
    clock: Clock,
    redactor: Redactor,
    chain: Chain,
    /// The length of the file.
    length: u64,
    last_call: u64,
    observers: Observers,
    /// The lines that are being written; kept for its memory.
    lines: Vec<u8>,
    unsynced: bool,
    failed: bool,
    repair: Option<Repair>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.path)
            .field("records", &self.chain.next)
            .field("head", &self.chain.head)
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// Makes a new journal, with its session record on the disk. Only the file's owner can read it.
    ///
    /// # Errors
    ///
    /// There is a file already, or it cannot be made, locked or written.
    pub fn create(
        path: impl Into<PathBuf>,
        header: Header,
        redactor: Redactor,
    ) -> Result<Self, JournalError> {
        Self::create_at(path, header, redactor, Box::new(SystemTime::now))
    }

    /// The same, with a clock of one's own.
    ///
    /// # Errors
    ///
    /// As for [`Journal::create`].
    pub fn create_at(
        path: impl Into<PathBuf>,
        header: Header,
        redactor: Redactor,
        clock: Clock,
    ) -> Result<Self, JournalError> {
        let path = path.into();
        let file = match private()
            .read(true)
            .append(true)
            .create_new(true)
            .open(&path)
        {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(JournalError::Exists { path });
            }
            Err(source) => {
                return Err(JournalError::Io {
                    path,
                    action: "create",
                    source,
                });
            }
        };
        lock(&file, &path)?;
        sync_directory(&path)?;
        let created = Timestamp::from_system(clock());
        let mut journal = Journal {
            path,
            file,
            clock,
            redactor,
            chain: Chain::EMPTY,
            length: 0,
            last_call: 0,
            observers: Observers::default(),
            lines: Vec::new(),
            unsynced: false,
            failed: false,
            repair: None,
        };
        let Header { id, program } = header;
        let session = Session {
            format: FORMAT,
            id,
            created: created.to_string(),
            program,
        };
        journal.write([Entry::from(session)], Some(created))?;
        Ok(journal)
    }

    /// Opens a journal to append to it, after checking every line.
    ///
    /// The torn rest of a write that a crash cut short is moved to a file of its own beside the journal, named
    /// `<journal>.torn-<n>`: see [`Journal::repair`].
    ///
    /// # Errors
    ///
    /// It cannot be opened, somebody else writes to it, or a line is not what it should be; then nothing was changed.
    pub fn open(path: impl Into<PathBuf>, redactor: Redactor) -> Result<Self, JournalError> {
        Self::open_at(path, redactor, Box::new(SystemTime::now))
    }

    /// The same, with a clock of one's own.
    ///
    /// # Errors
    ///
    /// As for [`Journal::open`].
    pub fn open_at(
        path: impl Into<PathBuf>,
        redactor: Redactor,
        clock: Clock,
    ) -> Result<Self, JournalError> {
        let path = path.into();
        let open = |source| JournalError::Io {
            path: path.clone(),
            action: "open",
            source,
        };
        if !path.metadata().map_err(open)?.is_file() {
            return Err(ReadError {
                path,
                line: 1,
                fault: Fault::NotAFile,
            }
            .into());
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(&path)
            .map_err(open)?;
        lock(&file, &path)?;

        let mut last_call = 0;
        let mut observers = Observers::default();
        let mut reader = Reader::new(&path, BufReader::with_capacity(1 << 16, &file));
        let torn = loop {
            match reader.next() {
                None => break false,
                Some(Ok(record)) => {
                    let calls = [record.entry.call, record.entry.parent];
                    let latest = calls.into_iter().flatten().map(CallId::number).max();
                    last_call = last_call.max(latest.unwrap_or(0));
                    observers.note(&record.entry);
                }
                // Without a session record there is nothing to go on from: that is an error, not a repair.
                Some(Err(ReadError {
                    fault: Fault::Torn { .. },
                    ..
                })) if reader.bytes() > 0 => {
                    break true;
                }
                Some(Err(error)) => return Err(error.into()),
            }
        };
        let (chain, length) = (reader.end(), reader.bytes());
        let repair = torn
            .then(|| repair(&file, &path, length, reader.rest()))
            .transpose()?;
        drop(reader);
        Ok(Journal {
            path,
            file,
            clock,
            redactor,
            chain,
            length,
            last_call,
            observers,
            lines: Vec::new(),
            unsynced: false,
            failed: false,
            repair,
        })
    }

    /// What opening it has repaired.
    #[must_use]
    pub const fn repair(&self) -> Option<&Repair> {
        self.repair.as_ref()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many records there are.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.chain.next
    }

    /// The last record's hash.
    #[must_use]
    pub const fn head(&self) -> Digest {
        self.chain.head
    }

    /// A new call's name, which no record of this journal bears.
    pub const fn allocate_call(&mut self) -> CallId {
        self.last_call += 1;
        CallId::new(self.last_call)
    }

    /// Appends a record. [`Sync`] says whether it is on the disk then; the operating system has it in any case.
    ///
    /// # Errors
    ///
    /// The entry cannot be a record, or cannot be written; then the journal is as it was. After a failure that leaves
    /// open what is on the disk, every later append fails until the journal is opened again.
    pub fn append(&mut self, entry: impl Into<Entry>) -> Result<Position, JournalError> {
        self.append_all([entry.into()])
    }

    /// Appends several records in one write: all of them, or none. Gives the last one's position.
    ///
    /// # Errors
    ///
    /// As for [`Journal::append`].
    pub fn append_all(
        &mut self,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<Position, JournalError> {
        self.write(entries, None)
    }

    /// Brings everything that was appended to the disk.
    ///
    /// # Errors
    ///
    /// The operating system cannot; then every later append fails until the journal is opened again.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        if self.failed {
            return Err(JournalError::Failed {
                path: self.path.clone(),
            });
        }
        if self.unsynced {
            // After a failed sync nobody knows which pages are on the disk, and a second sync would not tell.
            self.file.sync_data().map_err(|source| {
                self.failed = true;
                JournalError::Io {
                    path: self.path.clone(),
                    action: "sync",
                    source,
                }
            })?;
            self.unsynced = false;
        }
        Ok(())
    }

    /// Writes entries at one time: the clock's, unless one is given, which is so for the session record and no other.
    fn write(
        &mut self,
        entries: impl IntoIterator<Item = Entry>,
        created: Option<Timestamp>,
    ) -> Result<Position, JournalError> {
        if self.failed {
            return Err(JournalError::Failed {
                path: self.path.clone(),
            });
        }
        let at = created.unwrap_or_else(|| Timestamp::from_system((self.clock)()));
        let mut chain = self.chain;
        let mut sync = Sync::Later;
        self.lines.clear();
        for entry in entries {
            if created.is_none() && matches!(entry.data, Data::Session(_)) {
                return Err(JournalError::SecondSession);
            }
            chain.write(&entry, at, &self.redactor, &mut self.lines)?;
            sync = sync.max(self.observers.note(&entry));
            let latest = entry.call.max(entry.parent).map_or(0, CallId::number);
            self.last_call = self.last_call.max(latest);
        }
        if let Err(source) = self.file.write_all(&self.lines) {
            // Part of it may be there. If that can't be undone, the file ends in a torn line, which opening repairs.
            self.failed = self.file.set_len(self.length).is_err();
            return Err(JournalError::Io {
                path: self.path.clone(),
                action: "write",
                source,
            });
        }
        self.length += self.lines.len() as u64;
        self.unsynced |= !self.lines.is_empty();
        self.chain = chain;
        // One large record must not keep its memory for the rest of the session.
        self.lines.shrink_to(KEPT);
        if sync == Sync::Now {
            self.sync()?;
        }
        Ok(Position {
            seq: self.chain.next.saturating_sub(1),
            hash: self.chain.head,
        })
    }
}

/// How much memory is kept for the lines to come, in bytes.
const KEPT: usize = 1 << 20;

impl Drop for Journal {
    fn drop(&mut self) {
        // There is nobody to tell; whoever must know calls `sync`.
        let _ = self.sync();
        // Closing the file is not enough: a child process that is just being started holds it open a moment longer.
        let _ = self.file.unlock();
    }
}

/// Files of our own, for their owner's eyes only.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => JournalError::Locked {
            path: path.to_owned(),
        },
        TryLockError::Error(source) => JournalError::Io {
            path: path.to_owned(),
            action: "lock",
            source,
        },
    })
}

/// A new file is only safe when its name is.
fn sync_directory(path: &Path) -> Result<(), JournalError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|source| JournalError::Io {
            path: directory.to_owned(),
            action: "sync",
            source,
        })
}

/// Moves the torn rest of a write to a file of its own. It is safe there before it is gone here.
fn repair(file: &File, path: &Path, length: u64, torn: &[u8]) -> Result<Repair, JournalError> {
    let mut number = 1_u64;
    let (mut side, moved_to) = loop {
        let mut name = OsString::from(path);
        name.push(format!(".torn-{number}"));
        let name = PathBuf::from(name);
        match private().write(true).create_new(true).open(&name) {
            Ok(side) => break (side, name),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(source) => {
                return Err(JournalError::Io {
                    path: name,
                    action: "create",
                    source,
                });
            }
        }
    };
    side.write_all(torn)
        .and_then(|()| side.sync_all())
        .map_err(|source| JournalError::Io {
            path: moved_to.clone(),
            action: "write",
            source,
        })?;
    sync_directory(path)?;
    file.set_len(length)
        .and_then(|()| file.sync_all())
        .map_err(|source| JournalError::Io {
            path: path.to_owned(),
            action: "repair",
            source,
        })?;
    Ok(Repair {
        moved_to,
        bytes: torn.len() as u64,
    })
}
