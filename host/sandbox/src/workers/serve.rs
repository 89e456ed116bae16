//! A worker: puts its walls up, instantiates the image, and runs the command lines that the host sends.

use std::io::Write as _;
use std::mem::ManuallyDrop;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use policy::{AddressScope, Grant, Limits};
use wasmtime::{Engine, Store};
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx};

use super::frame::{Ended, Finish, Ready, Run, Setup, get, json, put, record};
use super::interrupt;
use super::pages::Pages;
use super::wall::{self, Filter};
use crate::bindings::program::{Program, ProgramPre};
use crate::deadline::Deadline;
use crate::drive::{self, Stop};
use crate::http::Hooks;
use crate::services::NoServices;
use crate::state::{Caller, Door, GuestState, Parts};
use crate::streams::{OutputBudget, lock};

/// An image that is ready to be instantiated.
pub(super) struct Loaded {
    pub(super) engine: Engine,
    pub(super) pre: ProgramPre<GuestState>,
    pub(super) filter: Result<Filter, String>,
    pub(super) pages: Pages,
}

/// The socket to the host. Writing blocks, and so the guest, when the host is slow.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    socket: Arc<Mutex<UnixStream>>,
    /// Frames that go with the next one: the host is woken once for all of them.
    later: Arc<Mutex<Vec<u8>>>,
}

/// Bytes of notices that one command line may leave.
const NOTICES: usize = 1 << 20;

/// An answer at the door that says nothing.
const NOTHING: &[u8] = br#"{"ok":null}"#;

impl Link {
    fn new(socket: UnixStream) -> Link {
        Link {
            socket: Arc::new(Mutex::new(socket)),
            later: Arc::default(),
        }
    }

    fn put(&self, tag: u8, payload: &[u8]) -> std::io::Result<()> {
        let mut bytes = std::mem::take(&mut *lock(&self.later));
        put(&mut bytes, tag, payload)?;
        lock(&self.socket).write_all(&bytes)
    }

    fn get(&self) -> std::io::Result<(u8, Vec<u8>)> {
        get(&mut *lock(&self.socket))
    }

    fn note(&self, notice: &[u8]) -> wasmtime::Result<()> {
        let mut later = lock(&self.later);
        if later.len() + notice.len() > NOTICES {
            return Err(wasmtime::Error::msg(
                "the program left more notices than the host takes",
            ));
        }
        Ok(put(&mut *later, b'N', notice)?)
    }
}

impl Door for Link {
    fn call(&self, request: &[u8]) -> wasmtime::Result<Vec<u8>> {
        if let Some(notice) = request.strip_prefix(b"!") {
            self.note(notice)?;
            return Ok(NOTHING.to_vec());
        }
        self.put(b'D', request)?;
        match self.get()? {
            (b'd', answer) => Ok(answer),
            (tag, _) => Err(wasmtime::Error::msg(format!(
                "a frame with the tag {} instead of an answer",
                char::from(tag)
            ))),
        }
    }
}

/// Serves until the host closes its end; then the process is over.
pub(super) fn serve(loaded: &Loaded, socket: UnixStream) -> std::io::Result<()> {
    // A fork has its parent's random state, and would share it with its siblings.
    let _ = rand::RngExt::random::<u64>(&mut rand::rng());
    let _ = rand::rng().reseed();
    let link = Link::new(socket);
    let (tag, payload) = link.get()?;
    let setup: Setup = record(b'S', (tag, &payload))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let mut walls = Vec::new();
    let maps = interrupt::maps();
    let prepared = runtime.block_on(Worker::prepare(loaded, &setup, &link, &mut walls));
    let (error, worker) = match prepared {
        Ok(worker) => (None, Some(worker)),
        Err(error) => (Some(format!("{error:#}")), None),
    };
    let interrupts = worker.is_some() && interrupt::arm(maps, &setup.interrupt);
    let ready = Ready {
        walls,
        interrupts,
        error,
    };
    link.put(b's', &json(&ready))?;
    let Some(worker) = worker else {
        return Ok(());
    };
    // The process ends with it: nothing of it has to be given back before.
    let mut worker = ManuallyDrop::new(worker);
    let mut stdin = Vec::new();
    loop {
        let (tag, payload) = link.get()?;
        if tag == b'I' {
            stdin = payload;
            continue;
        }
        let run: Run = record(b'R', (tag, &payload))?;
        worker.feed.fill(std::mem::take(&mut stdin));
        let ended = runtime.block_on(worker.run(&run));
        link.put(b'X', &json(&ended))?;
    }
}

/// Nobody, who hears everything and says nothing.
struct Nobody;

impl Door for Nobody {
    fn call(&self, _: &[u8]) -> wasmtime::Result<Vec<u8>> {
        Ok(NOTHING.to_vec())
    }
}

/// What a worker rehearses: what every run does.
const REHEARSAL: &str =
    r#"{"arguments": ["-c", "print(1)"], "environment": {}, "directory": "/", "stay": false}"#;

/// Runs an instance without a host and without files: as far as each is before its command line, or through one; and says
/// what it touched. Then its memory is as it was: the runtime gives the next instance the image's first contents.
pub(super) fn rehearse(loaded: &Loaded, whole: bool) -> wasmtime::Result<Pages> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let limits = Limits {
        memory: u64::MAX,
        fuel: 0,
        deadline: 0,
        output: 1 << 10,
        open_files: 16,
        host_calls: 16,
        disk: 0,
        network: 0,
        requests: 0,
    };
    let mut wasi = WasiCtx::builder();
    wasi.allow_blocking_current_thread(true);
    let budget = Arc::new(Mutex::new(OutputBudget::new(0)));
    let state = state(wasi.build(), limits, Arc::new(Nobody), budget);
    runtime.block_on(async {
        let (mut store, program) = instance(loaded, state, true).await?;
        if whole {
            program.call_turn(&mut store, REHEARSAL).await?;
        }
        let maps = std::fs::read_to_string("/proc/self/maps")?;
        Ok(Pages::touched(interrupt::linear_memory(&maps), &maps)?)
    })
}

/// What a guest without a way out starts with.
fn state(
    wasi: WasiCtx,
    limits: Limits,
    door: Arc<dyn Door>,
    output: Arc<Mutex<OutputBudget>>,
) -> GuestState {
    GuestState::new(Parts {
        wasi,
        hooks: Hooks::closed(),
        grant: Arc::new(Grant::exactly(&[], AddressScope::Public, limits)),
        caller: Caller {
            call: "".into(),
            plugin: "".into(),
        },
        services: Arc::new(NoServices),
        programs: None,
        door: Some(door),
        output,
        deadline: Deadline::after(u64::MAX),
        cancel: tokio_util::sync::CancellationToken::new(),
    })
}

/// An instance that has seeded itself and, made ahead of time, has touched what every run touches.
async fn instance(
    loaded: &Loaded,
    state: GuestState,
    ahead: bool,
) -> wasmtime::Result<(Store<GuestState>, Program)> {
    let mut store = Store::new(&loaded.engine, state);
    store.limiter(|state| &mut state.limiter);
    let instance = loaded.pre.instantiate_async(&mut store).await?;
    loaded.pages.populate_around();
    let line = if ahead { "ready" } else { "" };
    instance.call_turn(&mut store, line).await?;
    Ok((store, instance))
}

struct Worker {
    store: Store<GuestState>,
    instance: Program,
    output: Arc<Mutex<OutputBudget>>,
    feed: Feed,
}

impl Worker {
    async fn prepare(
        loaded: &Loaded,
        setup: &Setup,
        link: &Link,
        walls: &mut Vec<super::Wall>,
    ) -> wasmtime::Result<Worker> {
        let output = Arc::new(Mutex::new(OutputBudget::new(setup.limits.output)));
        let stream = |tag| Said {
            tag,
            link: link.clone(),
            budget: Arc::clone(&output),
        };
        let feed = Feed::default();
        let mut wasi = WasiCtx::builder();
        wasi.allow_blocking_current_thread(true);
        wasi.arg(&setup.program).envs(&setup.environment);
        wasi.stdin(feed.clone());
        wasi.stdout(stream(b'o')).stderr(stream(b'e'));
        for directory in &setup.directories {
            let perms = if directory.writable {
                FsPerms::ReadWrite
            } else {
                FsPerms::ReadOnly
            };
            wasi.preopened_dir(&directory.host, &directory.guest, perms)?;
        }
        let door: Arc<dyn Door> = Arc::new(link.clone());
        let state = state(wasi.build(), setup.limits, door, Arc::clone(&output));
        // The first use of the clock looks for where the kernel has mapped it, which the walls forbid.
        processor_time();
        loaded.pages.populate_for_writing();
        *walls = wall::enforce(&setup.directories, &setup.limits, &loaded.filter);
        let (store, instance) = instance(loaded, state, setup.ahead).await?;
        Ok(Worker {
            store,
            instance,
            output,
            feed,
        })
    }

    async fn run(&mut self, run: &Run) -> Ended {
        let limits = *self.store.data().grant.limits();
        *lock(&self.output) = OutputBudget::new(limits.output);
        self.store.data_mut().renew();
        let line = serde_json::json!(run).to_string();
        let since = processor_time();
        let ended = self.instance.call_turn(&mut self.store, &line).await;
        let cpu_us = processor_time().saturating_sub(since);
        let finish = match ended {
            Ok(_) => Finish::Done,
            Err(error) if error.is::<I32Exit>() => Finish::Left,
            Err(error) => match drive::classify(&error, &self.store) {
                Stop::Limit(limit) => Finish::Limit(limit),
                Stop::Cancelled => Finish::Trap("cancelled".to_owned()),
                Stop::Trap(text) => Finish::Trap(text),
            },
        };
        let state = self.store.data_mut();
        Ended {
            finish,
            truncated: lock(&self.output).exceeded().is_some(),
            peak_memory: state.limiter.peak(),
            cpu_us,
            written: state.guard.written(),
            open_files: state.guard.peak_open(),
            denials: state.guard.take_denials(),
        }
    }
}

/// What this process has used so far, in microseconds.
fn processor_time() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let micros = time.tv_sec * 1_000_000 + time.tv_nsec / 1_000;
    u64::try_from(micros).unwrap_or(0)
}

/// What the guest prints: on to the host at once, within the limit.
#[derive(Clone)]
struct Said {
    tag: u8,
    link: Link,
    budget: Arc<Mutex<OutputBudget>>,
}

impl IsTerminal for Said {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Said {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Only the preview-3 interfaces use this form, and they are not linked.
        Box::new(tokio::io::sink())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Said {
    async fn ready(&mut self) {}
}

impl OutputStream for Said {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let taken = lock(&self.budget).take(bytes.len() as u64);
        let kept = bytes.get(..usize::try_from(taken).unwrap_or(0));
        self.link
            .put(self.tag, kept.unwrap_or_default())
            .map_err(|error| StreamError::Trap(wasmtime::Error::from(error)))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        match lock(&self.budget).exceeded() {
            // A guest that prints without end is stopped here, not at its deadline.
            Some(limit) => Err(StreamError::Trap(wasmtime::Error::new(limit))),
            None => Ok(1 << 16),
        }
    }
}

/// Standard input: what the host sent for this command line.
#[derive(Debug, Clone, Default)]
struct Feed(Arc<Mutex<Bytes>>);

impl Feed {
    fn fill(&self, bytes: Vec<u8>) {
        *lock(&self.0) = bytes.into();
    }
}

impl IsTerminal for Feed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Feed {
    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn tokio::io::AsyncRead + Send + Sync> {
        // Only the preview-3 interfaces use this form, and they are not linked.
        Box::new(tokio::io::empty())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Feed {
    async fn ready(&mut self) {}
}

impl InputStream for Feed {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut bytes = lock(&self.0);
        if bytes.is_empty() {
            return Err(StreamError::Closed);
        }
        let size = size.min(bytes.len());
        Ok(bytes.split_to(size))
    }
}

/// Ends a forked worker without running what its parent registered for the end.
pub(super) fn leave(result: std::io::Result<()>) -> ! {
    use std::io::ErrorKind;
    // The host closed its end: that is how a worker is dismissed.
    let dismissed = [
        ErrorKind::UnexpectedEof,
        ErrorKind::BrokenPipe,
        ErrorKind::ConnectionReset,
    ];
    let code = match result {
        Err(error) if !dismissed.contains(&error.kind()) => {
            let _ = writeln!(std::io::stderr(), "worker: {error}");
            1
        }
        _ => 0,
    };
    exit(code)
}

#[expect(unsafe_code, reason = "leaving without cleaning up has no safe form")]
fn exit(code: i32) -> ! {
    // SAFETY: ends the process; nothing runs after it.
    unsafe { libc::_exit(code) }
}
