//! Programs: component images that run a command line to its end, each in a process of its own.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use policy::{Grant, LimitExceeded, LimitName, Walls};
use tempfile::TempDir;
use tokio::time::Sleep;
use wasmtime::Engine;

use crate::cache::{Cache, Digest};
use crate::door::{Answers, Shown};
use crate::engine::Ticker;
use crate::image::Bits;
use crate::mounts::{Mounts, inside};
use crate::state::GuestState;
use crate::streams::{Capture, OutputBudget};
use crate::workers::{
    Ended, Finish, INTERRUPTED, Key, Lease, Message, Pool, Run as Line, Setup, Spawner, Talk, Wall,
    WallState, Worker,
};

/// A command line.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) directory: String,
    pub(crate) stdin: Vec<u8>,
    /// What it may take; the call's own deadline holds anyway.
    pub(crate) deadline: Option<Duration>,
    /// The name under which it stays.
    pub(crate) stay: Option<String>,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) code: i32,
    pub(crate) stopped: Option<LimitExceeded>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) truncated: bool,
    pub(crate) shown: Vec<Shown>,
    pub(crate) fresh: bool,
    pub(crate) lost: Option<Vec<String>>,
    pub(crate) cpu_us: Option<u64>,
    pub(crate) walls: Vec<Wall>,
}

/// Why a program did not end by itself.
#[derive(Debug)]
pub(crate) enum RunError {
    Directory(String),
    Failed(String),
    Cancelled,
}

/// One run: its end, and the most memory it had.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) result: Result<Exit, RunError>,
    pub(crate) peak_memory: u64,
}

/// A program image on disk: a component of the world `program`, and what it needs to be there.
#[derive(Debug, Clone)]
pub struct Image {
    /// The component.
    pub component: PathBuf,
    /// Its digest.
    pub digest: Digest,
    /// Directories of the image's own, read-only: (on the host, in the guest).
    pub directories: Vec<(PathBuf, String)>,
    /// Its environment, before the caller's.
    pub environment: Vec<(String, String)>,
    /// What interrupts a command line that stays, so that its state is kept.
    pub interrupt: Vec<Bits>,
}

/// Why an image cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Nothing is installed there.
    #[error("{}: there is no image; run `ml-intern setup`", path.display())]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// It is not as it was installed.
    #[error("{}: the image is damaged: {problem}; run `ml-intern setup`", path.display())]
    Damaged {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

impl Image {
    /// Compares the component with its record.
    ///
    /// # Errors
    ///
    /// [`ImageError::Damaged`] where it is another, or cannot be read.
    pub fn check(&self) -> Result<(), ImageError> {
        self.read().map(drop)
    }

    /// The component's bytes, compared with its record.
    fn read(&self) -> Result<Vec<u8>, ImageError> {
        let damaged = |problem: String| ImageError::Damaged {
            path: self.component.clone(),
            problem,
        };
        let bytes = std::fs::read(&self.component).map_err(|error| damaged(error.to_string()))?;
        let found = Digest::of(&bytes);
        if found == self.digest {
            Ok(bytes)
        } else {
            Err(damaged(format!(
                "its SHA-256 is {found}, and the record says {}",
                self.digest
            )))
        }
    }
}

/// What is left of a call's time when its program is stopped, so that the caller can still say what happened.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// How long a program that stays and was interrupted at its deadline may take to come to rest.
const REST: Duration = Duration::from_millis(80);

/// Descriptors that an image can have at one time: the table of the adapter between WASI preview 1 and 2, of
/// `wasi-preview1-component-adapter` 48 (`MAX_DESCRIPTORS`).
const DESCRIPTORS: u64 = 128;

/// Standard input, output and error.
const STANDARD: u64 = 3;

/// Files that an image can open beside its directories. A grant of more is held to this, so that the limit has its name:
/// past its table the adapter says that there is no memory.
fn room(directories: usize) -> u64 {
    DESCRIPTORS
        .saturating_sub(STANDARD)
        .saturating_sub(directories as u64)
}

/// The exit code of a program that was stopped: as a shell tells of `SIGKILL`.
const KILLED: i32 = 137;

/// The exit code of a program that was interrupted: as a shell tells of `SIGINT`.
const INTERRUPT: i32 = 130;

/// The programs that are installed.
pub struct Programs {
    engine: Engine,
    cache: Cache,
    worker: Option<Worker>,
    walls: Walls,
    images: BTreeMap<String, Loaded>,
    mounts: Mounts,
    pool: Arc<Pool>,
    /// An empty directory: the guests' root.
    void: TempDir,
    /// Plugins outlive the sandbox that loaded them; the clock that stops them must too.
    _ticker: Ticker,
}

struct Loaded {
    image: Image,
    /// None where nobody said how workers are started.
    spawner: Option<Spawner>,
}

impl std::fmt::Debug for Programs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Programs")
            .field("images", &self.images.keys())
            .finish_non_exhaustive()
    }
}

impl Programs {
    pub(crate) fn new(
        engine: Engine,
        cache: Cache,
        (worker, walls, patience): (Option<Worker>, Walls, Duration),
        mounts: Mounts,
        void: TempDir,
        ticker: Ticker,
    ) -> Programs {
        Programs {
            engine,
            cache,
            worker,
            walls,
            images: BTreeMap::new(),
            mounts,
            pool: Arc::new(Pool::new(patience)),
            void,
            _ticker: ticker,
        }
    }

    pub(crate) fn install(&mut self, name: &str, image: Image) {
        let spawner = self
            .worker
            .clone()
            .map(|worker| Spawner::new(worker, self.cache.directory(), image.digest.as_str()));
        self.images
            .insert(name.to_owned(), Loaded { image, spawner });
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.images.contains_key(name)
    }

    pub(crate) fn names(&self) -> String {
        match self.images.len() {
            0 => "none".to_owned(),
            _ => self.images.keys().cloned().collect::<Vec<_>>().join(", "),
        }
    }

    pub(crate) fn is_compiled(&self, name: &str) -> bool {
        self.images
            .get(name)
            .is_some_and(|loaded| self.cache.has(&self.engine, &loaded.image.digest))
    }

    pub(crate) fn compile(&self, name: &str) -> Result<(), String> {
        let Loaded { image, .. } = self
            .images
            .get(name)
            .ok_or_else(|| format!("no program named {name}"))?;
        if self.cache.has(&self.engine, &image.digest) {
            return Ok(());
        }
        // Code is cached under the digest in the record, so it must be made from the bytes that have it.
        let bytes = image.read().map_err(|error| error.to_string())?;
        self.cache
            .load(&self.engine, &image.digest, || Ok(bytes))
            .map(drop)
            .map_err(|error| format!("{}: {error}", image.component.display()))
    }

    /// Starts what can be started before the first command line.
    pub(crate) fn prepare(&self) {
        for loaded in self.images.values() {
            if let Some(spawner) = &loaded.spawner {
                // Where it fails, the first command line says so.
                let _ = spawner.prepare();
            }
        }
    }

    pub(crate) fn mounts(&self) -> &Mounts {
        &self.mounts
    }

    pub(crate) fn void(&self) -> &Path {
        self.void.path()
    }

    /// Ends a program that stays; what it knew.
    pub(crate) async fn end(&self, owner: &str, program: &str, stay: &str) -> Option<Vec<String>> {
        let name = kernel_name(program, stay);
        let kernel = self.pool.take_kernel(owner, &name).await?;
        Some(kernel.names)
    }

    /// Runs a command line on behalf of a caller, under the caller's grant, deadline and cancellation.
    pub(crate) async fn run(&self, invocation: Invocation, caller: &mut GuestState) -> Run {
        let mut peak_memory = 0;
        let result = self.attempt(invocation, caller, &mut peak_memory).await;
        Run {
            result,
            peak_memory,
        }
    }

    /// The worker for an invocation: the one that stayed, one that waits, or a new one.
    async fn worker(
        &self,
        invocation: &Invocation,
        (grant, owner): (&Grant, &str),
    ) -> Result<Found, RunError> {
        let failed = |error: io::Error| RunError::Failed(format!("cannot start: {error}"));
        let program = &invocation.program;
        let loaded = self
            .images
            .get(program)
            .ok_or_else(|| RunError::Failed(format!("no program named {program}")))?;
        let spawner = loaded
            .spawner
            .as_ref()
            .ok_or_else(|| RunError::Failed("this host starts no worker processes".to_owned()))?;
        let mut directories = self.mounts.granted(grant, self.void.path());
        for (host, guest) in &loaded.image.directories {
            directories.push(crate::workers::Directory {
                host: host.clone(),
                guest: guest.clone(),
                writable: false,
            });
        }
        let mut limits = *grant.limits();
        limits.open_files = limits.open_files.min(room(directories.len()));
        let key = Arc::new(Key {
            program: program.clone(),
            directories: directories.clone(),
            limits,
        });
        let setup = Setup {
            program: program.clone(),
            interrupt: loaded.image.interrupt.clone(),
            directories,
            environment: loaded.image.environment.clone(),
            limits,
            ahead: false,
        };
        if let Some(stay) = &invocation.stay {
            let name = kernel_name(program, stay);
            // One that was started under another grant saw other directories: it cannot go on under this one.
            if let Some(kernel) = self.pool.take_kernel(owner, &name).await
                && **kernel.lease.key() == *key
            {
                return Ok(Found {
                    lease: kernel.lease,
                    talk: kernel.talk,
                    known: kernel.names,
                    fresh: false,
                    setup,
                });
            }
        }
        let mut lease = self.pool.take(spawner, &key, &setup).map_err(failed)?;
        Ok(Found {
            talk: lease.talk().map_err(failed)?,
            lease,
            known: Vec::new(),
            fresh: true,
            setup,
        })
    }

    async fn attempt(
        &self,
        invocation: Invocation,
        caller: &mut GuestState,
        peak_memory: &mut u64,
    ) -> Result<Exit, RunError> {
        let failed = |error: io::Error| RunError::Failed(format!("the worker failed: {error}"));
        if !inside(&caller.grant, &invocation.directory) {
            return Err(RunError::Directory(invocation.directory));
        }
        let since = Instant::now();
        let (grant, owner) = (Arc::clone(&caller.grant), Arc::clone(&caller.caller.plugin));
        let worker = self.worker(&invocation, (&grant, &owner)).await;
        let Found {
            mut lease,
            mut talk,
            known,
            fresh,
            setup,
        } = worker?;
        let key = Arc::clone(lease.key());

        let limit = *caller.grant.limits();
        let output = Arc::new(Mutex::new(OutputBudget::new(limit.output)));
        let stream = || {
            Capture::new(
                Arc::clone(&output),
                Arc::clone(&caller.services),
                Arc::clone(&caller.caller.call),
            )
        };
        let (stdout, stderr) = (stream(), stream());
        let latest = caller.deadline.at();
        let latest = latest.checked_sub(LAST_WORDS).unwrap_or(latest);
        let deadline = invocation
            .deadline
            .and_then(|time| since.checked_add(time))
            .map_or(latest, |own| own.min(latest));
        let line = Line {
            arguments: invocation.arguments.clone(),
            environment: invocation.environment.clone(),
            directory: invocation.directory.clone(),
            stay: invocation.stay.is_some(),
        };

        let cancel = caller.cancel.clone();
        let mut answers = Answers::new(known);
        let mut stopped = None;
        // When one that was interrupted is killed after all.
        let mut rest: Option<Instant> = None;
        let mut ended: Option<Ended> = None;
        // One timer for all of it: each that is new wakes a thread that waits.
        let time = until(deadline);
        tokio::pin!(time);
        let begun = tokio::select! {
            begun = async {
                lease.ready(&mut talk).await?;
                acceptable(self.walls, lease.walls())?;
                talk.run(&line, &invocation.stdin).await
            } => Some(begun),
            () = cancel.cancelled() => return Err(RunError::Cancelled),
            () = &mut time => None,
        };
        match begun {
            Some(begun) => begun.map_err(failed)?,
            // A machine so busy that nothing ran in time.
            None => {
                lease.kill();
                stopped = Some(Stopped::Late);
            }
        }
        while ended.is_none() {
            let message = {
                let next = talk.next();
                tokio::pin!(next);
                tokio::select! {
                    biased;
                    message = &mut next => Some(message),
                    stop = stop(time.as_mut(), &cancel), if stopped.is_none() => {
                        stopped = Some(stop);
                        None
                    }
                    () = until(rest.unwrap_or(deadline)), if rest.is_some() => {
                        rest = None;
                        lease.kill();
                        // What it said before is still on its way.
                        Some(next.await)
                    }
                }
            };
            let Some(message) = message else {
                match (&stopped, &invocation.stay) {
                    (Some(Stopped::Cancelled), Some(stay)) => {
                        // Its caller is gone at once; it keeps its state when it has come to rest.
                        let name = kernel_name(&invocation.program, stay);
                        let Answers { names, .. } = answers;
                        self.pool.settle(&owner, &name, (lease, talk), names);
                        return Err(RunError::Cancelled);
                    }
                    (Some(Stopped::Late), Some(_)) if lease.interrupt() => {
                        rest = Some(Instant::now() + REST);
                    }
                    _ => lease.kill(),
                }
                continue;
            };
            match message {
                Ok(Message::Out(bytes)) => stdout.accept(&bytes),
                Ok(Message::Err(bytes)) => stderr.accept(&bytes),
                Ok(Message::Door(request)) => {
                    let answer = tokio::select! {
                        answer = answers.answer(&request, caller) => answer,
                        stop = stop(time.as_mut(), &cancel), if stopped.is_none() => {
                            if matches!(stop, Stopped::Late) && lease.interrupt() && invocation.stay.is_some() {
                                rest = Some(Instant::now() + REST);
                                stopped = Some(stop);
                                let _ = talk.answer(INTERRUPTED).await;
                            } else {
                                lease.kill();
                                stopped = Some(stop);
                            }
                            continue;
                        }
                    };
                    // A worker that is gone meanwhile shows at the next message.
                    let _ = talk.answer(&answer).await;
                }
                Ok(Message::Notice(notice)) => answers.note(&notice),
                Ok(Message::Ended(end)) => ended = Some(end),
                Err(error) => {
                    if stopped.is_none() && error.kind() != io::ErrorKind::UnexpectedEof {
                        lease.kill();
                    }
                    break;
                }
            }
        }
        let walls = lease.walls().to_vec();
        let lives = matches!(&ended, Some(end) if matches!(end.finish, Finish::Done));
        let Answers {
            exit, shown, names, ..
        } = answers;
        let mut cpu_us = None;
        let mut status = None;
        let mut lost = None;
        match &invocation.stay {
            Some(stay) if lives => {
                let name = kernel_name(&invocation.program, stay);
                self.pool.keep_kernel(&owner, &name, (lease, talk), names);
            }
            stay => {
                lost = stay.as_ref().map(|_| names);
                // One that has said how it ended is dismissed; of one that was killed, the kernel tells.
                if ended.is_none()
                    && let Some(usage) = lease.gone(talk).await
                {
                    cpu_us = Some(usage.cpu_us);
                    status = Some(usage.status);
                    *peak_memory = usage.peak_resident;
                }
            }
        }
        // Now, and not before: making one ready takes a processor from the run.
        if let Some(Loaded {
            spawner: Some(spawner),
            ..
        }) = self.images.get(&invocation.program)
        {
            self.pool.refill(spawner, &key, &setup);
        }
        if let Some(end) = &ended {
            cpu_us = Some(end.cpu_us);
            *peak_memory = end.peak_memory;
            for denial in &end.denials {
                caller.refuse(denial);
            }
            caller.guard.add(end.written, end.open_files);
        }
        if matches!(stopped, Some(Stopped::Cancelled)) {
            return Err(RunError::Cancelled);
        }
        let limit = match (ended.map(|end| end.finish), stopped) {
            (Some(Finish::Done), Some(Stopped::Late)) if exit == Some(INTERRUPT) => {
                Some(late(since, invocation.deadline.unwrap_or_default()))
            }
            (Some(Finish::Done | Finish::Left), _) => None,
            (Some(Finish::Limit(limit)), _) => Some(limit),
            (Some(Finish::Trap(text)), _) => return Err(RunError::Failed(text)),
            (None, Some(_)) => {
                let own = invocation.deadline.filter(|_| deadline < latest);
                let whole = Duration::from_millis(limit.deadline);
                Some(late(since, own.unwrap_or(whole)))
            }
            (None, None) => {
                return Err(RunError::Failed(died(status)));
            }
        };
        let (stdout, cut_out) = stdout.finish();
        let (stderr, cut_err) = stderr.finish();
        Ok(Exit {
            code: match &limit {
                Some(_) if !lives => KILLED,
                _ => exit.unwrap_or(1),
            },
            truncated: cut_out || cut_err || limit.as_ref().is_some_and(is_output),
            stopped: limit,
            stdout,
            stderr,
            shown,
            fresh,
            lost,
            cpu_us,
            walls,
        })
    }
}

/// How a worker ended that said nothing; `status` as `wait` gives it.
fn died(status: Option<i32>) -> String {
    const SIGSYS: i32 = 31;
    match status.map(|status| (status & 0x7f, status >> 8)) {
        Some((SIGSYS, _)) => {
            "its process made a system call that is walled off, and was ended".to_owned()
        }
        Some((0, code)) => format!("its process ended by itself, with {code}"),
        Some((signal, _)) => format!("its process was ended by signal {signal}"),
        None => "its process is gone".to_owned(),
    }
}

/// Whether the policy lets a program run behind these walls.
fn acceptable(walls: Walls, standing: &[Wall]) -> io::Result<()> {
    let missing: Vec<String> = standing
        .iter()
        .filter(|wall| wall.state != WallState::Whole)
        .map(ToString::to_string)
        .collect();
    if walls == Walls::Optional || missing.is_empty() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "the policy requires every wall, and this system has not all of them: {}; `walls = \"optional\"` in the policy runs programs without",
        missing.join(", ")
    )))
}

fn kernel_name(program: &str, stay: &str) -> String {
    format!("{program} {stay}")
}

fn is_output(limit: &LimitExceeded) -> bool {
    limit.limit == LimitName::Output
}

/// The worker for an invocation.
struct Found {
    lease: Lease,
    talk: Talk,
    /// What it knows, where it stayed.
    known: Vec<String>,
    fresh: bool,
    setup: Setup,
}

/// Why the host stopped a program.
#[derive(Debug)]
enum Stopped {
    Late,
    Cancelled,
}

async fn stop(time: Pin<&mut Sleep>, cancel: &tokio_util::sync::CancellationToken) -> Stopped {
    tokio::select! {
        () = cancel.cancelled() => Stopped::Cancelled,
        () = time => Stopped::Late,
    }
}

fn until(deadline: Instant) -> Sleep {
    tokio::time::sleep_until(tokio::time::Instant::from_std(deadline))
}

fn late(since: Instant, allowed: Duration) -> LimitExceeded {
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let allowed = milliseconds(allowed);
    LimitExceeded {
        limit: LimitName::Deadline,
        allowed,
        requested: milliseconds(since.elapsed()).max(allowed + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_wall_is_named_and_the_policy_decides() {
        let wall = |name: &str, state| Wall {
            name: name.to_owned(),
            state,
        };
        let whole = [wall("seccomp", WallState::Whole)];
        let missing = [
            wall("rlimits", WallState::Whole),
            wall("landlock", WallState::Missing("too old".into())),
            wall("seccomp", WallState::Partly("older form".into())),
        ];
        assert!(acceptable(Walls::Required, &whole).is_ok());
        assert!(acceptable(Walls::Optional, &whole).is_ok());
        assert!(acceptable(Walls::Optional, &missing).is_ok());
        assert_eq!(
            acceptable(Walls::Required, &missing)
                .unwrap_err()
                .to_string(),
            "the policy requires every wall, and this system has not all of them: no landlock (too old), seccomp (partly: older form); `walls = \"optional\"` in the policy runs programs without"
        );
    }
}
