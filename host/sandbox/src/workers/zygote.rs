//! The zygote: has the image mapped, and forks a worker for each request on its control socket.
//!
//! The control socket is its standard input, a `SOCK_SEQPACKET` socket. Each message is one letter and a number of 64
//! bits, little endian:
//!
//! | message | from | means |
//! |---|---|---|
//! | `F` id, with a descriptor | host | fork a worker that serves on it |
//! | `K` id | host | kill that worker |
//! | `I` id | host | interrupt what that worker runs |
//! | `X` id, then status, user and system time in µs, peak RSS in KiB | zygote | that worker has ended, and is reaped |
//! | `E` id, then an error number | zygote | it could not be forked |
//!
//! It ends when the host closes the socket, and with it (`PR_SET_PDEATHSIG`) every worker.

use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, recvmsg, send};
use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, getppid, pidfd_open, pidfd_send_signal,
    set_parent_process_death_signal,
};

use super::interrupt;
use super::pages::Pages;
use super::serve::{Loaded, leave, rehearse, serve};
use super::wall::{self, Forbidden};
use crate::bindings::program::ProgramPre;
use crate::cache::{Cache, Digest};
use crate::engine::{Kind, engine};
use crate::linker;

/// What a worker process of this binary is for.
///
/// `zygote <cache> <digest>` serves requests on its standard input, `one` with the same is a single worker there,
/// and `probe` tries the walls. The binary that embeds the sandbox calls this from a command of its own.
///
/// # Errors
///
/// When it cannot start; the text is for the host's log.
pub fn main(arguments: &[String]) -> Result<(), String> {
    match arguments {
        [mode] if mode == "probe" => {
            use io::Write as _;
            let lines = wall::probe().join("\n");
            writeln!(io::stdout(), "{lines}").map_err(|error| error.to_string())
        }
        [mode, cache, digest] => {
            set_parent_process_death_signal(Some(Signal::KILL))
                .map_err(|error| format!("PR_SET_PDEATHSIG: {error}"))?;
            let mut loaded = load(Path::new(cache), digest)?;
            let input = io::stdin()
                .as_fd()
                .try_clone_to_owned()
                .map_err(|error| error.to_string())?;
            match mode.as_str() {
                "zygote" => {
                    alone().map_err(|error| error.to_string())?;
                    // An image that cannot be rehearsed cannot be run either, and its first worker says why.
                    let _ = rehearse(&loaded, false);
                    loaded.pages = rehearsed(&loaded).unwrap_or_default();
                    loaded.pages.populate_for_reading();
                    match zygote(&loaded, input) {
                        // The host is gone, and nobody to tell.
                        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                        ended => ended.map_err(|error| error.to_string()),
                    }
                }
                "one" => leave(serve(&loaded, UnixStream::from(input))),
                other => Err(format!("no mode named {other}")),
            }
        }
        _ => Err("expected: zygote|one <cache> <digest>, or probe".to_owned()),
    }
}

fn load(cache: &Path, digest: &str) -> Result<Loaded, String> {
    let text = |error: wasmtime::Error| format!("{error:#}");
    let digest = Digest::parse(digest).ok_or("the digest is not one")?;
    let (engine, _) = engine(Kind::Programs).map_err(text)?;
    let cache = Cache::open(cache).map_err(|error| error.to_string())?;
    let component = cache
        .load(&engine, &digest, || {
            Err(io::Error::other("the image is not compiled"))
        })
        .map_err(|error| error.to_string())?;
    let pre = linker::images(&engine)
        .and_then(|linker| linker.instantiate_pre(&component))
        .and_then(ProgramPre::new)
        .map_err(text)?;
    Ok(Loaded {
        engine,
        pre,
        filter: wall::filter(Forbidden::Kill),
        pages: Pages::default(),
    })
}

struct Child {
    id: u64,
    pid: Pid,
    handle: OwnedFd,
}

fn zygote(loaded: &Loaded, control: OwnedFd) -> io::Result<()> {
    let me = getpid();
    let mut children: HashMap<u64, Child> = HashMap::new();
    loop {
        let (asked, ended) = {
            let mut order = Vec::with_capacity(children.len());
            let mut waiting = vec![PollFd::new(&control, PollFlags::IN)];
            for child in children.values() {
                order.push(child.id);
                waiting.push(PollFd::new(&child.handle, PollFlags::IN));
            }
            match poll(&mut waiting, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let mut ready = waiting.iter().map(|each| !each.revents().is_empty());
            let asked = ready.next().unwrap_or(false);
            let ended: Vec<u64> = order
                .into_iter()
                .zip(ready)
                .filter_map(|(id, ready)| ready.then_some(id))
                .collect();
            (asked, ended)
        };
        for id in ended {
            if let Some(child) = children.remove(&id) {
                let usage = reap(child.pid);
                tell(&control, b'X', id, &usage)?;
            }
        }
        if !asked {
            continue;
        }
        let Some((letter, id, socket)) = receive(&control)? else {
            return Ok(());
        };
        match (letter, socket) {
            (b'F', Some(socket)) => match fork() {
                Ok(None) => {
                    drop(children);
                    leave(child(loaded, me, control, socket));
                }
                Ok(Some(pid)) => {
                    let handle = pidfd_open(pid, PidfdFlags::empty())?;
                    children.insert(id, Child { id, pid, handle });
                }
                Err(error) => {
                    let number = i64::from(error.raw_os_error().unwrap_or(0));
                    tell(&control, b'E', id, &[number])?;
                }
            },
            (b'K' | b'I', _) => {
                let signal = match letter {
                    b'K' => Signal::KILL,
                    _ => interrupt::SIGNAL,
                };
                if let Some(child) = children.get(&id) {
                    // It may have ended meanwhile.
                    let _ = pidfd_send_signal(&child.handle, signal);
                }
            }
            _ => {}
        }
    }
}

/// A process with other threads must not be forked: their locks would stay taken.
fn alone() -> io::Result<()> {
    if let Ok(threads) = std::fs::read_dir("/proc/self/task")
        && threads.count() != 1
    {
        return Err(io::Error::other("the zygote has more than one thread"));
    }
    Ok(())
}

/// What a run touches, as a fork found out that has run one.
fn rehearsed(loaded: &Loaded) -> io::Result<Pages> {
    let (read, write) = std::io::pipe()?;
    let Some(child) = fork()? else {
        drop(read);
        let pages = rehearse(loaded, true).unwrap_or_default();
        leave(serde_json::to_writer(write, &pages).map_err(io::Error::other));
    };
    drop(write);
    let pages = serde_json::from_reader(read);
    reap(child);
    Ok(pages?)
}

/// What a forked worker does first. The control socket is the zygote's; number 0 stays open, on something that is nothing.
fn child(loaded: &Loaded, zygote: Pid, control: OwnedFd, socket: OwnedFd) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The zygote may have ended in between; then nobody would end this one.
    if getppid() != Some(zygote) {
        return Ok(());
    }
    drop(control);
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    serve(loaded, UnixStream::from(socket))
}

#[expect(unsafe_code, reason = "forking has no safe form")]
fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: this process has one thread, as was checked, so the child finds every lock free.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Pid::from_raw(pid))
}

/// Status, user and system time in µs, peak RSS in KiB.
#[expect(unsafe_code, reason = "only wait4 tells what a process used")]
fn reap(pid: Pid) -> [i64; 4] {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointers are to values of the right types, and all zeros is a valid `rusage`.
    let usage = unsafe {
        libc::wait4(
            pid.as_raw_nonzero().get(),
            &mut status,
            0,
            usage.as_mut_ptr(),
        );
        usage.assume_init()
    };
    let micros = |time: libc::timeval| time.tv_sec * 1_000_000 + time.tv_usec;
    [
        i64::from(status),
        micros(usage.ru_utime),
        micros(usage.ru_stime),
        usage.ru_maxrss,
    ]
}

fn tell(control: &OwnedFd, letter: u8, id: u64, numbers: &[i64]) -> io::Result<()> {
    let mut message = vec![letter];
    message.extend(id.to_le_bytes());
    for number in numbers {
        message.extend(number.to_le_bytes());
    }
    send(control, &message, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// One message of the host; none where it is gone.
fn receive(control: &OwnedFd) -> io::Result<Option<(u8, u64, Option<OwnedFd>)>> {
    let mut bytes = [0; 9];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message = recvmsg(
        control,
        &mut [io::IoSliceMut::new(&mut bytes)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    if message.bytes == 0 {
        return Ok(None);
    }
    let mut socket = None;
    for each in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(files) = each {
            socket = files.last();
        }
    }
    let [letter, id @ ..] = bytes;
    Ok(Some((letter, u64::from_le_bytes(id), socket)))
}
