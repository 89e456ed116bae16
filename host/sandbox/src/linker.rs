//! What a guest can import, interface by interface. `wasi:sockets` is not among it, and never will be.

use wasmtime::Engine;
use wasmtime::component::{HasData, HasSelf, Linker, ResourceTable};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random};
use wasmtime_wasi::random::WasiRandom;

use crate::bindings::{plugin, program};
use crate::files::GuardedFiles;
use crate::state::GuestState;

/// The interfaces that carry no authority of their own: without a mount, a grant or a stream they reach nothing.
pub(crate) const BASELINE: [&str; 5] = [
    "wasi:io/",
    "wasi:clocks/",
    "wasi:random/",
    "wasi:cli/",
    "wasi:filesystem/",
];

/// The key for linking `wasi:io`, which works on the table of resources alone.
struct WasiIo;

impl HasData for WasiIo {
    type Data<'a> = &'a mut ResourceTable;
}

/// A linker for plugins.
pub(crate) fn plugins(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = baseline(engine)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    let own = &mut linker;
    plugin::ml_intern::plugin::progress::add_to_linker::<_, HasSelf<_>>(own, |state| state)?;
    plugin::ml_intern::plugin::state::add_to_linker::<_, HasSelf<_>>(own, |state| state)?;
    plugin::ml_intern::plugin::agents::add_to_linker::<_, HasSelf<_>>(own, |state| state)?;
    plugin::ml_intern::plugin::notify::add_to_linker::<_, HasSelf<_>>(own, |state| state)?;
    plugin::ml_intern::plugin::programs::add_to_linker::<_, HasSelf<_>>(own, |state| state)?;
    Ok(linker)
}

/// A linker for program images.
pub(crate) fn images(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = baseline(engine)?;
    program::host::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    Ok(linker)
}

fn baseline(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::<GuestState>::new(engine);
    let l = &mut linker;
    wasmtime_wasi_io::bindings::wasi::io::error::add_to_linker::<_, WasiIo>(l, |state| {
        &mut state.table
    })?;
    wasmtime_wasi_io::bindings::wasi::io::poll::add_to_linker::<_, WasiIo>(l, |state| {
        &mut state.table
    })?;
    wasmtime_wasi_io::bindings::wasi::io::streams::add_to_linker::<_, WasiIo>(l, |state| {
        &mut state.table
    })?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, GuestState::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, GuestState::clocks)?;
    random::random::add_to_linker::<_, WasiRandom>(l, |state| state.ctx().ctx.random())?;
    random::insecure::add_to_linker::<_, WasiRandom>(l, |state| state.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(l, |state| state.ctx().ctx.random())?;
    cli::exit::add_to_linker::<_, WasiCli>(l, GuestState::cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(l, GuestState::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(l, GuestState::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(l, GuestState::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(l, GuestState::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, GuestState::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, GuestState::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, GuestState::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, GuestState::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, GuestState::cli)?;
    filesystem::types::add_to_linker::<_, GuardedFiles>(l, GuestState::files)?;
    filesystem::preopens::add_to_linker::<_, GuardedFiles>(l, GuestState::files)?;
    Ok(linker)
}
