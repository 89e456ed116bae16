//! Programs: component images that run a command line to its end, each run in a fresh instance.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use policy::LimitExceeded;
use tempfile::TempDir;
use wasmtime::component::{InstancePre, Linker};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{FsPerms, WasiCtx};

use crate::bindings::program::ProgramPre;
use crate::cache::{Cache, Digest};
use crate::drive::{self, Stop};
use crate::engine::Ticker;
use crate::http::Hooks;
use crate::mounts::{Mounts, inside};
use crate::state::{GuestState, Parts};
use crate::streams::{Capture, OutputBudget};

/// A command line.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) directory: String,
    pub(crate) stdin: Vec<u8>,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) truncated: bool,
}

/// Why a program did not end by itself.
#[derive(Debug)]
pub(crate) enum RunError {
    Limit(LimitExceeded),
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
    /// source text that defines `_main(arguments, directory)`, which runs a command line and tells its exit code.
    pub driver: String,
}

/// The programs that are installed.
pub struct Programs {
    engine: Engine,
    cache: Cache,
    linker: Linker<GuestState>,
    images: BTreeMap<String, Loaded>,
    mounts: Mounts,
    /// An empty directory: the guests' root.
    void: TempDir,
    /// Plugins outlive the sandbox that loaded them; the clock that stops them must too.
    _ticker: Ticker,
}

struct Loaded {
    image: Image,
    /// Mapped at first use: a session that runs no program pays nothing for it.
    ready: OnceLock<Result<ProgramPre<GuestState>, String>>,
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
        linker: Linker<GuestState>,
        mounts: Mounts,
        void: TempDir,
        ticker: Ticker,
    ) -> Programs {
        Programs {
            engine,
            cache,
            linker,
            images: BTreeMap::new(),
            mounts,
            void,
            _ticker: ticker,
        }
    }

    pub(crate) fn install(&mut self, name: &str, image: Image) {
        self.images.insert(
            name.to_owned(),
            Loaded {
                image,
                ready: OnceLock::new(),
            },
        );
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
        let loaded = self
            .images
            .get(name)
            .ok_or_else(|| format!("no program named {name}"))?;
        self.ready(loaded).map(drop)
    }

    pub(crate) fn mounts(&self) -> &Mounts {
        &self.mounts
    }

    pub(crate) fn void(&self) -> &std::path::Path {
        self.void.path()
    }

    fn ready<'a>(&self, loaded: &'a Loaded) -> Result<&'a ProgramPre<GuestState>, String> {
        loaded
            .ready
            .get_or_init(|| {
                let image = &loaded.image;
                let component = self
                    .cache
                    .load(&self.engine, &image.digest, || {
                        std::fs::read(&image.component)
                    })
                    .map_err(|error| format!("{}: {error}", image.component.display()))?;
                let pre: InstancePre<GuestState> = self
                    .linker
                    .instantiate_pre(&component)
                    .map_err(|error| format!("{error:#}"))?;
                ProgramPre::new(pre).map_err(|error| format!("{error:#}"))
            })
            .as_ref()
            .map_err(Clone::clone)
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

    async fn attempt(
        &self,
        invocation: Invocation,
        caller: &mut GuestState,
        peak_memory: &mut u64,
    ) -> Result<Exit, RunError> {
        let loaded = self
            .images
            .get(&invocation.program)
            .ok_or_else(|| RunError::Failed(format!("no program named {}", invocation.program)))?;
        if !inside(&caller.grant, &invocation.directory) {
            return Err(RunError::Directory(invocation.directory));
        }
        let pre = self.ready(loaded).map_err(RunError::Failed)?;

        let output = Arc::new(Mutex::new(OutputBudget::new(caller.grant.limits().output)));
        let stream = || {
            Capture::new(
                Arc::clone(&output),
                Arc::clone(&caller.services),
                Arc::clone(&caller.caller.call),
            )
        };
        let (stdout, stderr) = (stream(), stream());
        let mut wasi = WasiCtx::builder();
        wasi.arg(&invocation.program).args(&invocation.arguments);
        wasi.envs(&loaded.image.environment)
            .envs(&invocation.environment);
        wasi.stdin(MemoryInputPipe::new(invocation.stdin.clone()));
        wasi.stdout(stdout.clone()).stderr(stderr.clone());
        let failed = |error: wasmtime::Error| RunError::Failed(format!("{error:#}"));
        self.mounts
            .preopen(&mut wasi, &caller.grant, self.void.path())
            .map_err(failed)?;
        for (directory, guest) in &loaded.image.directories {
            wasi.preopened_dir(directory, guest, FsPerms::ReadOnly)
                .map_err(failed)?;
        }
        let state = GuestState::new(Parts {
            wasi: wasi.build(),
            // A program's requests go through the tools that it is offered, not through sockets of its own.
            hooks: Hooks::closed(),
            grant: Arc::clone(&caller.grant),
            caller: caller.caller.clone(),
            services: Arc::clone(&caller.services),
            programs: Arc::clone(&caller.programs),
            output: Arc::clone(&output),
            deadline: caller.deadline,
            cancel: caller.cancel.clone(),
        });
        let mut store = Store::new(&self.engine, state);
        drive::arm(&mut store);
        let code = source(&loaded.image, &invocation);
        let since = Instant::now();
        let ended = drive::until(&mut store, since, async |store| {
            let instance = pre.instantiate_async(&mut *store).await?;
            instance.call_turn(&mut *store, &code).await
        })
        .await;

        let state = store.data_mut();
        *peak_memory = state.limiter.peak();
        for denial in state.guard.take_denials() {
            caller.refuse(&denial);
        }
        caller.guard.add_written(state.guard.written());
        let said = state.exit.take();
        let exceeded = state.exceeded();
        let (stdout, cut_out) = stdout.finish();
        let (stderr, cut_err) = stderr.finish();
        let code = match ended {
            Ok(_) => said.unwrap_or(1),
            Err(Stop::Limit(limit)) => return Err(RunError::Limit(limit)),
            Err(Stop::Cancelled) => return Err(RunError::Cancelled),
            Err(Stop::Trap(text)) => {
                return Err(match exceeded {
                    Some(limit) => RunError::Limit(limit),
                    None => RunError::Failed(text),
                });
            }
        };
        Ok(Exit {
            code,
            stdout,
            stderr,
            truncated: cut_out || cut_err,
        })
    }
}

/// The driver, and one call of it. JSON's strings and arrays are also Python's, so no quoting of our own is needed.
fn source(image: &Image, invocation: &Invocation) -> String {
    let arguments = serde_json::json!(invocation.arguments);
    let directory = serde_json::json!(invocation.directory);
    format!("{}\n_main({arguments}, {directory})\n", image.driver)
}
