//! The host's side of worker processes: starting them, stopping them, learning how they ended.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    recv, sendmsg, socketpair,
};
use tokio::sync::oneshot;

use crate::streams::lock;

/// How worker processes are started.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The binary; its own, usually. It must call [`main`](super::main) with what follows `arguments`.
    pub program: PathBuf,
    /// Arguments in front of the sandbox's own.
    pub arguments: Vec<OsString>,
    /// How they come to be.
    pub workers: Workers,
}

/// How worker processes come to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workers {
    /// A zygote forks them: 3 ms each.
    Forked,
    /// Each is started anew: 10 ms and more. For systems where a fork is not safe.
    Spawned,
}

impl Workers {
    /// What this system can do.
    #[must_use]
    pub const fn here() -> Workers {
        if cfg!(target_os = "linux") {
            Workers::Forked
        } else {
            Workers::Spawned
        }
    }
}

/// What a process used, as the kernel counted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Usage {
    /// The status of `wait`: below 128 a signal, above the exit code times 256.
    pub(crate) status: i32,
    /// User and system time, in microseconds.
    pub(crate) cpu_us: u64,
    /// The largest resident set, in bytes.
    pub(crate) peak_resident: u64,
}

/// Starts the workers of one image.
pub(crate) struct Spawner {
    worker: Worker,
    /// `<cache> <digest>`.
    image: [OsString; 2],
    zygote: Mutex<Option<Arc<Zygote>>>,
    next: AtomicU64,
}

impl std::fmt::Debug for Spawner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spawner")
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}

/// A started worker: its socket, and the means to end it.
#[derive(Debug)]
pub(crate) struct Process {
    /// None while its conversation has it.
    pub(crate) socket: Option<UnixStream>,
    pub(crate) ended: oneshot::Receiver<Usage>,
    killer: Killer,
}

#[derive(Debug)]
enum Killer {
    Zygote(Arc<Zygote>, u64),
    Child(Arc<Mutex<Option<std::process::Child>>>),
}

impl Process {
    /// Interrupts what it runs.
    pub(crate) fn interrupt(&self) {
        match &self.killer {
            Killer::Zygote(zygote, id) => drop(zygote.send(b'I', *id, None)),
            Killer::Child(child) => {
                if let Some(child) = lock(child).as_ref() {
                    let _ = rustix::process::kill_process(
                        rustix::process::Pid::from_child(child),
                        super::interrupt::SIGNAL,
                    );
                }
            }
        }
    }

    /// Ends it, whatever it does.
    pub(crate) fn kill(&self) {
        match &self.killer {
            // Where the zygote is gone, so are its workers.
            Killer::Zygote(zygote, id) => drop(zygote.send(b'K', *id, None)),
            Killer::Child(child) => {
                if let Some(child) = lock(child).as_mut() {
                    // It may have ended meanwhile.
                    let _ = child.kill();
                }
            }
        }
    }
}

impl Spawner {
    /// For an image with this digest.
    pub(crate) fn new(worker: Worker, cache: &std::path::Path, digest: &str) -> Spawner {
        Spawner {
            worker,
            image: [cache.into(), digest.into()],
            zygote: Mutex::new(None),
            next: AtomicU64::new(1),
        }
    }

    /// Starts what can be started before the first command line.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        match self.worker.workers {
            Workers::Forked => self.zygote().map(drop),
            Workers::Spawned => Ok(()),
        }
    }

    /// A new worker.
    pub(crate) fn start(&self) -> io::Result<Process> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (ours, theirs) = UnixStream::pair()?;
        match self.worker.workers {
            Workers::Forked => {
                let zygote = self.zygote()?;
                let ended = zygote.expect_end(id);
                zygote.send(b'F', id, Some(&theirs.into()))?;
                Ok(Process {
                    socket: Some(ours),
                    ended,
                    killer: Killer::Zygote(zygote, id),
                })
            }
            Workers::Spawned => {
                let child = self.command("one", theirs.into()).spawn()?;
                let child = Arc::new(Mutex::new(Some(child)));
                let (tell, ended) = oneshot::channel();
                let seen = Arc::clone(&child);
                std::thread::Builder::new()
                    .name("worker".into())
                    .spawn(move || reap(&seen, tell))?;
                Ok(Process {
                    socket: Some(ours),
                    ended,
                    killer: Killer::Child(child),
                })
            }
        }
    }

    fn command(&self, mode: &str, input: OwnedFd) -> Command {
        let mut command = Command::new(&self.worker.program);
        command
            .args(&self.worker.arguments)
            .arg(mode)
            .args(&self.image)
            .env_clear()
            .stdin(Stdio::from(input))
            .stdout(Stdio::null());
        command
    }

    /// The zygote; a new one where the last has ended.
    fn zygote(&self) -> io::Result<Arc<Zygote>> {
        let mut slot = self.zygote.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zygote) = slot.as_ref()
            && !zygote.is_gone()
        {
            return Ok(Arc::clone(zygote));
        }
        let (ours, theirs) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        let zygote = Arc::new(Zygote {
            control: ours,
            waiting: Mutex::new(Some(HashMap::new())),
        });
        let mut command = self.command("zygote", theirs);
        let reader = Arc::clone(&zygote);
        let (started, start) = std::sync::mpsc::channel();
        // The zygote ends with the thread that started it, so that thread stays until the zygote has ended.
        std::thread::Builder::new()
            .name("zygote".into())
            .spawn(move || match command.spawn() {
                Ok(mut child) => {
                    // The host's copy of the other end would keep the socket open.
                    drop(command);
                    let _ = started.send(Ok(()));
                    reader.read();
                    let _ = child.wait();
                }
                Err(error) => drop(started.send(Err(error))),
            })?;
        start
            .recv()
            .map_err(|_| io::Error::other("the zygote's thread is gone"))??;
        *slot = Some(Arc::clone(&zygote));
        Ok(zygote)
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        if let Some(zygote) = lock(&self.zygote).take() {
            // Wakes the thread that reads, on both sides; what still runs ends with the zygote.
            let _ = rustix::net::shutdown(&zygote.control, rustix::net::Shutdown::Both);
        }
    }
}

fn reap(child: &Mutex<Option<std::process::Child>>, tell: oneshot::Sender<Usage>) {
    loop {
        let waited = lock(child).as_mut().map(std::process::Child::try_wait);
        if !matches!(waited, Some(Ok(None))) {
            break;
        }
        // Nothing waits for this: the host learns from the socket that a worker has ended.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(lock(child).take());
    let _ = tell.send(Usage::default());
}

/// The host's end of a zygote.
#[derive(Debug)]
struct Zygote {
    control: OwnedFd,
    /// Who waits for which worker's end; none once the zygote is gone.
    waiting: Mutex<Option<HashMap<u64, oneshot::Sender<Usage>>>>,
}

impl Zygote {
    fn is_gone(&self) -> bool {
        lock(&self.waiting).is_none()
    }

    fn expect_end(&self, id: u64) -> oneshot::Receiver<Usage> {
        let (tell, ended) = oneshot::channel();
        if let Some(waiting) = lock(&self.waiting).as_mut() {
            waiting.insert(id, tell);
        }
        ended
    }

    fn send(&self, letter: u8, id: u64, file: Option<&OwnedFd>) -> io::Result<()> {
        let mut message = [letter; 9];
        if let Some(place) = message.get_mut(1..) {
            place.copy_from_slice(&id.to_le_bytes());
        }
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let files: Vec<_> = file.iter().map(AsFd::as_fd).collect();
        if !files.is_empty() {
            ancillary.push(SendAncillaryMessage::ScmRights(&files));
        }
        let parts = [io::IoSlice::new(&message)];
        sendmsg(&self.control, &parts, &mut ancillary, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Hears which workers have ended, until the zygote is gone.
    fn read(&self) {
        let mut bytes = [0; 41];
        loop {
            let message = match recv(&self.control, &mut bytes, rustix::net::RecvFlags::empty()) {
                Ok((0, _)) => break,
                Ok((length, _)) => bytes.get(..length).unwrap_or_default(),
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => break,
            };
            let Some((letter, numbers)) = message.split_first() else {
                continue;
            };
            let mut numbers = numbers.chunks_exact(8).map(|chunk| {
                <[u8; 8]>::try_from(chunk)
                    .map(u64::from_le_bytes)
                    .unwrap_or(0)
            });
            let Some(id) = numbers.next() else { continue };
            let mut number = || numbers.next().unwrap_or(0);
            let usage = match letter {
                b'X' => Usage {
                    status: i32::try_from(number().cast_signed()).unwrap_or(-1),
                    cpu_us: number().saturating_add(number()),
                    peak_resident: number().saturating_mul(1024),
                },
                _ => Usage {
                    status: -1,
                    ..Usage::default()
                },
            };
            if let Some(tell) = lock(&self.waiting).as_mut().and_then(|all| all.remove(&id)) {
                // Nobody may be interested any more.
                let _ = tell.send(usage);
            }
        }
        lock(&self.waiting).take();
    }
}
