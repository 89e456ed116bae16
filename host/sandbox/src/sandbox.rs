//! The sandbox: engines, cache and linkers, shared by everything that is loaded into it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use policy::Walls;
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::cache::{Cache, CacheError, Digest};
use crate::engine::{self, Allocator, Kind, Ticker};
use crate::linker;
use crate::mounts::Mounts;
use crate::plugin::{LoadError, Plugin, Source, read};
use crate::programs::{Image, Programs};
use crate::state::GuestState;
use crate::workers::Worker;

/// Loads components and runs their calls.
pub struct Sandbox {
    tools: Engine,
    allocator: Allocator,
    linker: Linker<GuestState>,
    cache: Cache,
    programs: Arc<Programs>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("allocator", &self.allocator)
            .finish_non_exhaustive()
    }
}

/// What a sandbox is made from.
#[derive(Debug)]
pub struct Setup<'a> {
    /// Where compiled code is kept.
    pub cache: &'a Path,
    /// Directories that a grant can name.
    pub mounts: Mounts,
    /// Programs that a grant can name.
    pub programs: Vec<(String, Image)>,
    /// How the processes that run them are started; without, none can run.
    pub worker: Option<Worker>,
    /// Whether a program may run whose process could not lock itself in completely.
    pub walls: Walls,
    /// How long an interpreter that stays is kept when nobody uses it.
    pub patience: Duration,
}

/// What [`Setup::patience`] usually is: half an hour.
pub const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The runtime refuses this machine.
    #[error("the WebAssembly runtime cannot start here: {0:#}")]
    Runtime(wasmtime::Error),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A thread or a directory could not be made.
    #[error("the sandbox cannot start: {0}")]
    Io(#[from] std::io::Error),
}

impl Sandbox {
    /// Starts the engines.
    ///
    /// # Errors
    ///
    /// See [`SetupError`].
    pub fn new(setup: Setup<'_>) -> Result<Sandbox, SetupError> {
        let Setup {
            cache,
            mounts,
            programs: images,
            worker,
            walls,
            patience,
        } = setup;
        let (tools, allocator) = engine::engine(Kind::Tools).map_err(SetupError::Runtime)?;
        let (images_engine, _) = engine::engine(Kind::Programs).map_err(SetupError::Runtime)?;
        let cache = Cache::open(cache)?;
        let void = tempfile::Builder::new()
            .prefix("ml-intern-void-")
            .tempdir()?;
        let ticker = Ticker::start(vec![tools.clone()])?;
        let mut programs = Programs::new(
            images_engine,
            cache.clone(),
            (worker, walls, patience),
            mounts,
            void,
            ticker,
        );
        for (name, image) in images {
            programs.install(&name, image);
        }
        Ok(Sandbox {
            linker: linker::plugins(&tools).map_err(SetupError::Runtime)?,
            tools,
            allocator,
            cache,
            programs: Arc::new(programs),
        })
    }

    /// How instances of tools are allocated here.
    #[must_use]
    pub fn allocator(&self) -> Allocator {
        self.allocator
    }

    /// Whether a program's code is compiled already.
    #[must_use]
    pub fn is_compiled(&self, program: &str) -> bool {
        self.programs.is_compiled(program)
    }

    /// Compiles a program's code ahead of time, so that its first run need not. Takes a minute or more for Python.
    ///
    /// # Errors
    ///
    /// A sentence, when there is no such program or it does not compile.
    pub fn compile(&self, program: &str) -> Result<(), String> {
        self.programs.compile(program)
    }

    /// Starts what programs need, ahead of the first command line; it gets ready in the background.
    pub fn prepare(&self) {
        self.programs.prepare();
    }

    /// Loads a component file as a plugin. Compiled code is cached by the file's digest.
    ///
    /// # Errors
    ///
    /// See [`LoadError`]; each names the file.
    pub async fn load(&self, path: &Path) -> Result<Plugin, LoadError> {
        let bytes = read(path)?;
        let digest = Digest::of(&bytes);
        let invalid = |problem: String| LoadError::Invalid {
            path: path.to_owned(),
            problem,
        };
        if !wasmparser::Parser::is_component(&bytes) {
            return Err(invalid(not_a_component(&bytes)));
        }
        let component = self
            .cache
            .load(&self.tools, &digest, || Ok(bytes))
            .map_err(|error| match error {
                CacheError::Compile(error) => invalid(format!("{error:#}")),
                other => LoadError::Cache(other),
            })?;
        Plugin::load(Source {
            path,
            digest,
            component,
            engine: &self.tools,
            linker: &self.linker,
            programs: &self.programs,
        })
        .await
    }
}

fn not_a_component(bytes: &[u8]) -> String {
    match bytes {
        [] => "the file is empty".into(),
        _ if wasmparser::Parser::is_core_wasm(bytes) => {
            "this is a core module; build it for wasm32-wasip2, or encode it as a component".into()
        }
        [0, b'a', b's', b'm', ..] => {
            "it begins like WebAssembly, but is neither module nor component".into()
        }
        _ => "it does not begin like WebAssembly (00 61 73 6d)".into(),
    }
}
