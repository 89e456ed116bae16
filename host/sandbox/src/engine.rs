//! The WebAssembly engines, and the clock that lets guests be stopped.
//!
//! | engine | guests | metering | allocator |
//! |---|---|---|---|
//! | tools | plugins: small, many, short | fuel and epochs | pooling where the address space allows it |
//! | programs | Python: large, one in each process, which can be killed | none | a pool of one |
//!
//! Every WebAssembly proposal is set here by name, so that a new release of the runtime cannot switch one on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

/// How often the epoch moves. A guest in a loop looks at its deadline and at its cancellation this often.
pub const TICK: Duration = Duration::from_millis(10);

/// Bytes of WebAssembly call stack for a guest.
pub const STACK: u64 = 2 << 20;

/// How many instances the pool holds room for; more than that wait for none, they are refused.
const POOL_INSTANCES: u32 = 128;

/// Linear memory that one pooled memory can grow to, in bytes.
const POOL_MEMORY: usize = 1 << 30;

/// Which kind of guest an engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Plugins.
    Tools,
    /// Program images.
    Programs,
}

/// Whether instances come from a preallocated pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocator {
    /// Slots with copy-on-write memory, reserved at start.
    Pooling,
    /// Each instance reserves its own memory: slower, and works where address space is short.
    OnDemand,
}

fn config(kind: Kind, allocator: Allocator) -> Config {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .memory_init_cow(true)
        .epoch_interruption(kind == Kind::Tools)
        .consume_fuel(kind == Kind::Tools)
        .max_wasm_stack(STACK as usize)
        .async_stack_size(STACK as usize + (1 << 20))
        .wasm_component_model(true)
        .wasm_bulk_memory(true)
        .wasm_multi_value(true)
        .wasm_reference_types(true)
        .wasm_simd(true)
        .wasm_relaxed_simd(true)
        .relaxed_simd_deterministic(kind == Kind::Tools)
        .wasm_tail_call(true)
        .wasm_extended_const(true)
        // CPython is built with setjmp, which needs exceptions.
        .wasm_exceptions(kind == Kind::Programs)
        .wasm_multi_memory(true)
        .wasm_memory64(false)
        .wasm_threads(false)
        .wasm_function_references(false)
        .wasm_gc(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_stack_switching(false);
    if allocator == Allocator::Pooling && kind == Kind::Programs {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(one()));
    } else if allocator == Allocator::Pooling {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(POOL_INSTANCES)
            .total_core_instances(POOL_INSTANCES * 16)
            .total_memories(POOL_INSTANCES * 2)
            .total_tables(POOL_INSTANCES * 8)
            .total_stacks(POOL_INSTANCES)
            .max_memories_per_component(8)
            .max_tables_per_component(64)
            .max_core_instances_per_component(64)
            .table_elements(100_000)
            .max_memory_size(POOL_MEMORY)
            .linear_memory_keep_resident(128 << 10)
            .table_keep_resident(16 << 10);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

/// Room for one program, always at the same addresses: what a zygote learns of its memory holds in its forks.
fn one() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(1)
        .total_core_instances(64)
        .total_memories(8)
        .total_tables(8)
        .total_stacks(4)
        .max_memories_per_component(8)
        .max_tables_per_component(8)
        .max_core_instances_per_component(64)
        .max_core_instance_size(16 << 20)
        .max_component_instance_size(16 << 20)
        .table_elements(400_000)
        .max_memory_size(4 << 30);
    pool
}

/// Makes an engine: with a pool where the address space has room for it, with single allocations where not.
///
/// # Errors
///
/// When the runtime refuses the configuration on this machine even without a pool.
pub fn engine(kind: Kind) -> wasmtime::Result<(Engine, Allocator)> {
    if let Ok(engine) = Engine::new(&config(kind, Allocator::Pooling)) {
        return Ok((engine, Allocator::Pooling));
    }
    Ok((
        Engine::new(&config(kind, Allocator::OnDemand))?,
        Allocator::OnDemand,
    ))
}

/// Moves the epoch of every engine until it is dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Ticker {
    /// Starts the thread.
    pub(crate) fn start(engines: Vec<Engine>) -> std::io::Result<Ticker> {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("epoch".into())
            .spawn(move || {
                while !seen.load(Ordering::Relaxed) {
                    std::thread::park_timeout(TICK);
                    for engine in &engines {
                        engine.increment_epoch();
                    }
                }
            })?;
        Ok(Ticker {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A ticker that panicked has nothing left to stop.
            let _ = thread.join();
        }
    }
}
