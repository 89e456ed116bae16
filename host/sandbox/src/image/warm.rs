//! A snapshot of an interpreter that has already imported what scripts use.
//!
//! The distribution's core module runs once, here, with WASI and nothing else: it starts the interpreter, runs a script,
//! and its memory becomes the initial memory of a new module (wizer). What instances of it must not share, the script
//! has put away: open files, seeds, names of temporary files, the environment.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use wasm_encoder::reencode::{Reencode as _, RoundtripReencoder};
use wasm_encoder::{ExportKind, ExportSection, Module, RawSection};
use wasmparser::{KnownCustom, Name, Parser, Payload};
use wasmtime::{Config, Engine, Instance, Linker, OptLevel, Store, Val};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{FsPerms, WasiCtx};
use wasmtime_wizer::{InstanceState, SnapshotVal, Wizer};

use super::EncodeError;

/// Functions of the C interface, by symbol, which the module does not export itself.
const SYMBOLS: [&str; 6] = [
    "PyErr_SetInterruptEx",
    "PyRun_StringFlags",
    "PyDict_New",
    "PyErr_Print",
    "__wasilibc_reset_preopens",
    "clear_unused_stack",
];

/// `Py_file_input` of CPython's `compile.h`: a sequence of statements.
const FILE_INPUT: i32 = 257;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum WarmError {
    /// The module is not one that this can be done to.
    #[error(transparent)]
    Module(#[from] EncodeError),
    /// A symbol is not in its name section.
    #[error("the module has no symbol {0}")]
    Symbol(&'static str),
    /// It could not be run.
    #[error("{0:#}")]
    Run(wasmtime::Error),
    /// An interrupt does not do what it did in the version that this was written for.
    #[error("signalling an interrupt is not as expected: {0}")]
    Interrupt(String),
    /// The script failed; it has printed why.
    #[error("the script that warms the interpreter failed:\n{0}")]
    Script(String),
}

impl From<wasmtime::Error> for WarmError {
    fn from(error: wasmtime::Error) -> WarmError {
        WarmError::Run(error)
    }
}

/// What the interpreter sees while it is warmed.
#[derive(Debug)]
pub struct Warm<'a> {
    /// Directories: (on the host, in the guest, may be written to).
    pub directories: &'a [(&'a Path, &'a str, bool)],
    /// Its environment.
    pub environment: &'a [(&'a str, &'a str)],
    /// What it runs.
    pub script: &'a str,
}

/// A core module that begins where the interpreter stopped.
#[derive(Debug)]
pub struct Snapshot {
    /// The module.
    pub module: Vec<u8>,
    /// What has to be set in its memory to interrupt what it runs.
    pub interrupt: Vec<Bits>,
}

/// Bits of one byte of linear memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bits {
    /// Where.
    pub address: u32,
    /// Which.
    pub mask: u8,
}

/// The signal whose handler an interrupt runs: `SIGINT`.
const INTERRUPT: i32 = 2;
/// Bytes that signalling an interrupt sets at most: the signal's own flag, the flag of all signals, and a bit for the
/// evaluation loop, and room for what the next version adds.
const INTERRUPT_BYTES: usize = 16;

/// Runs the interpreter, and takes a snapshot of it.
///
/// # Errors
///
/// See [`WarmError`].
pub async fn warm(wasm: &[u8], with: &Warm<'_>) -> Result<Snapshot, WarmError> {
    let wasm = export_symbols(wasm)?;
    let mut wizer = Wizer::new();
    wizer.init_func("wizer.initialize");
    let (context, instrumented) = wizer.instrument(&wasm)?;

    // The code runs once: compiling it well would take longer than running it does.
    let mut config = Config::new();
    config
        .wasm_exceptions(true)
        .cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&config)?;
    let module = wasmtime::Module::new(&engine, &instrumented)?;
    drop(instrumented);

    let said = wasmtime_wasi::p2::pipe::MemoryOutputPipe::new(1 << 20);
    let mut wasi = WasiCtx::builder();
    wasi.arg("python").stdout(said.clone()).stderr(said.clone());
    wasi.envs(with.environment);
    for (directory, guest, writable) in with.directories {
        let perms = if *writable {
            FsPerms::ReadWrite
        } else {
            FsPerms::ReadOnly
        };
        wasi.preopened_dir(directory, guest, perms)?;
    }
    let mut linker: Linker<WasiP1Ctx> = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, |context| context)?;
    // -1: nobody is behind the door.
    linker.func_wrap("host", "call", |_: i32, _: i32, _: i32, _: i32| -1)?;

    let mut store = Store::new(&engine, wasi.build_p1());
    let instance = linker.instantiate_async(&mut store, &module).await?;
    let mut guest = Guest {
        store: &mut store,
        instance,
    };
    guest.call("_initialize").await?;
    guest.call("wizer.initialize").await?;
    if !guest.run(with.script).await? {
        guest.call("PyErr_Print").await?;
        let text = String::from_utf8_lossy(&said.contents()).into_owned();
        return Err(WarmError::Script(text));
    }
    guest.call("__wasilibc_reset_preopens").await?;
    guest.call("clear_unused_stack").await?;
    let interrupt = guest.interrupt().await?;
    let module = wizer.snapshot(&context, &mut guest).await?;
    Ok(Snapshot { module, interrupt })
}

/// A copy of the module that also exports [`SYMBOLS`].
fn export_symbols(wasm: &[u8]) -> Result<Vec<u8>, WarmError> {
    let invalid = |error| WarmError::Module(EncodeError::Invalid(error));
    let mut found = BTreeMap::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CustomSection(section) = payload.map_err(invalid)? else {
            continue;
        };
        let KnownCustom::Name(names) = section.as_known() else {
            continue;
        };
        for name in names {
            let Name::Function(functions) = name.map_err(invalid)? else {
                continue;
            };
            for function in functions {
                let function = function.map_err(invalid)?;
                if let Some(symbol) = SYMBOLS.iter().find(|symbol| **symbol == function.name) {
                    found.entry(*symbol).or_insert(function.index);
                }
            }
        }
    }
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(invalid)?;
        if let Payload::ExportSection(exports) = payload {
            let mut section = ExportSection::new();
            for export in exports {
                let export = export.map_err(invalid)?;
                let kind = RoundtripReencoder
                    .export_kind(export.kind)
                    .map_err(|error| EncodeError::Rewrite(error.to_string()))?;
                section.export(export.name, kind, export.index);
            }
            for symbol in SYMBOLS {
                let index = found.get(symbol).ok_or(WarmError::Symbol(symbol))?;
                section.export(symbol, ExportKind::Func, *index);
            }
            module.section(&section);
        } else if let Some((id, range)) = payload.as_section() {
            let data = wasm.get(range).unwrap_or_default();
            module.section(&RawSection { id, data });
        }
    }
    Ok(module.finish())
}

/// The interpreter while it is warmed.
struct Guest<'a> {
    store: &'a mut Store<WasiP1Ctx>,
    instance: Instance,
}

impl Guest<'_> {
    async fn call(&mut self, name: &str) -> wasmtime::Result<()> {
        self.instance
            .get_typed_func::<(), ()>(&mut *self.store, name)?
            .call_async(&mut *self.store, ())
            .await
    }

    /// Finds out what signalling an interrupt sets in memory, and takes it back: the interpreter runs one instruction
    /// after the other and cannot be called meanwhile, but it looks at these bits between them.
    async fn interrupt(&mut self) -> Result<Vec<Bits>, WarmError> {
        let memory = self
            .instance
            .get_memory(&mut *self.store, "memory")
            .ok_or_else(|| wasmtime::Error::msg("no memory"))?;
        let before = memory.data(&*self.store).to_vec();
        let signalled = self
            .instance
            .get_typed_func::<i32, i32>(&mut *self.store, "PyErr_SetInterruptEx")?
            .call_async(&mut *self.store, INTERRUPT)
            .await?;
        self.call("clear_unused_stack").await?;
        let mut bits = Vec::new();
        let mut cleared = false;
        for (address, (now, old)) in memory
            .data_mut(&mut *self.store)
            .iter_mut()
            .zip(&before)
            .enumerate()
        {
            if *now != *old {
                cleared |= *old & !*now != 0;
                bits.push(Bits {
                    address: u32::try_from(address).unwrap_or(u32::MAX),
                    mask: *now & !*old,
                });
                *now = *old;
            }
        }
        if signalled != 0 || cleared || bits.is_empty() || bits.len() > INTERRUPT_BYTES {
            return Err(WarmError::Interrupt(format!(
                "answer {signalled}, {} bytes changed{}",
                bits.len(),
                if cleared { ", some cleared" } else { "" }
            )));
        }
        Ok(bits)
    }

    /// Runs a script in a namespace of its own; false where it raised.
    async fn run(&mut self, script: &str) -> wasmtime::Result<bool> {
        let store = &mut *self.store;
        let alloc = self
            .instance
            .get_typed_func::<i32, i32>(&mut *store, "host_alloc")?;
        let size = i32::try_from(script.len() + 1)?;
        let place = alloc.call_async(&mut *store, size).await?;
        let memory = self
            .instance
            .get_memory(&mut *store, "memory")
            .ok_or_else(|| wasmtime::Error::msg("no memory"))?;
        let start = usize::try_from(place.cast_unsigned())?;
        memory.write(&mut *store, start, script.as_bytes())?;
        memory.write(&mut *store, start + script.len(), &[0])?;
        let names = self
            .instance
            .get_typed_func::<(), i32>(&mut *store, "PyDict_New")?
            .call_async(&mut *store, ())
            .await?;
        let run = self
            .instance
            .get_typed_func::<(i32, i32, i32, i32, i32), i32>(&mut *store, "PyRun_StringFlags")?;
        let result = run
            .call_async(&mut *store, (place, FILE_INPUT, names, names, 0))
            .await?;
        Ok(result != 0)
    }
}

impl InstanceState for Guest<'_> {
    async fn global_get(&mut self, name: &str, _: wasmtime_wizer::ValType) -> SnapshotVal {
        let value = self
            .instance
            .get_global(&mut *self.store, name)
            .map(|global| global.get(&mut *self.store));
        match value {
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(value)) => SnapshotVal::F32(value),
            Some(Val::F64(value)) => SnapshotVal::F64(value),
            Some(Val::V128(value)) => SnapshotVal::V128(value.as_u128()),
            // Wizer asks only for the globals that it has exported itself, and they are numbers.
            _ => SnapshotVal::I32(0),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.instance.get_memory(&mut *self.store, name) {
            Some(memory) => contents(memory.data(&*self.store)),
            None => contents(&[]),
        }
    }
}
