//! The data of one guest's store: its grant, its counters and the runtime's contexts.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use policy::{Decision, Grant, LimitExceeded, LimitName};
use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::WasiFilesystemCtxView;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::deadline::Deadline;
use crate::files::FileGuard;
use crate::http::Hooks;
use crate::limiter::Limiter;
use crate::programs::Programs;
use crate::services::{HostCall, Services};
use crate::streams::OutputBudget;

/// Resources (streams, descriptors, requests) that a guest may hold at one time.
const RESOURCES: usize = 10_000;

/// Who calls, for every host call made on its behalf.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The call's id.
    pub(crate) call: Arc<str>,
    /// The plugin.
    pub(crate) plugin: Arc<str>,
}

/// The data of one store.
pub(crate) struct GuestState {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    http: WasiHttpCtx,
    pub(crate) hooks: Hooks,
    pub(crate) limiter: Limiter,
    pub(crate) guard: FileGuard,
    pub(crate) grant: Arc<Grant>,
    pub(crate) caller: Caller,
    pub(crate) services: Arc<dyn Services>,
    pub(crate) programs: Option<Arc<Programs>>,
    pub(crate) door: Option<Arc<dyn Door>>,
    pub(crate) output: Arc<Mutex<OutputBudget>>,
    pub(crate) deadline: Deadline,
    pub(crate) cancel: CancellationToken,
    host_calls: u64,
    exceeded: Option<LimitExceeded>,
    /// Bytes that host calls gave the guest, and took from it.
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// The most memory of any program that ran on this call's behalf.
    pub(crate) program_peak: u64,
}

/// What a store is made from.
pub(crate) struct Parts {
    pub(crate) wasi: WasiCtx,
    pub(crate) hooks: Hooks,
    pub(crate) grant: Arc<Grant>,
    pub(crate) caller: Caller,
    pub(crate) services: Arc<dyn Services>,
    /// Other programs; none in a worker.
    pub(crate) programs: Option<Arc<Programs>>,
    /// The door of a program image; none for plugins.
    pub(crate) door: Option<Arc<dyn Door>>,
    pub(crate) output: Arc<Mutex<OutputBudget>>,
    pub(crate) deadline: Deadline,
    pub(crate) cancel: CancellationToken,
}

/// What is behind the door of a program image.
pub(crate) trait Door: Send + Sync {
    /// One request, and its answer; an error ends the guest.
    fn call(&self, request: &[u8]) -> wasmtime::Result<Vec<u8>>;
}

impl GuestState {
    pub(crate) fn new(parts: Parts) -> GuestState {
        let Parts {
            wasi,
            hooks,
            grant,
            caller,
            services,
            programs,
            door,
            output,
            deadline,
            cancel,
        } = parts;
        let limits = *grant.limits();
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        GuestState {
            wasi,
            table,
            http: WasiHttpCtx::new(),
            hooks,
            limiter: Limiter::new(limits.memory),
            guard: FileGuard::new(limits.open_files, limits.disk),
            grant,
            caller,
            services,
            programs,
            door,
            output,
            deadline,
            cancel,
            host_calls: 0,
            exceeded: None,
            bytes_in: 0,
            bytes_out: 0,
            program_peak: 0,
        }
    }

    /// Counts one call of the host; over the limit the guest is stopped.
    pub(crate) fn count(&mut self) -> wasmtime::Result<()> {
        let allowed = self.grant.limits().host_calls;
        self.host_calls += 1;
        if self.host_calls > allowed {
            let limit = LimitExceeded {
                limit: LimitName::HostCalls,
                allowed,
                requested: self.host_calls,
            };
            self.exceeded = Some(limit.clone());
            return Err(wasmtime::Error::new(limit));
        }
        Ok(())
    }

    /// Forgets what one command line has used, before the next one in the same instance.
    pub(crate) fn renew(&mut self) {
        self.host_calls = 0;
        self.exceeded = None;
        self.limiter.renew();
        self.guard.renew();
    }

    /// Calls of the contract's interfaces so far, and requests.
    pub(crate) fn host_calls(&self) -> u64 {
        self.host_calls.saturating_add(self.hooks.requests())
    }

    /// Notes a refusal, for the outcome and the journal.
    pub(crate) fn refuse(&mut self, decision: &Decision) {
        self.record(
            &decision.subject,
            &format!("denied: {}", decision.rule),
            0,
            0,
            Instant::now(),
        );
        self.guard.deny(decision.clone());
    }

    /// Writes one host call to the journal.
    pub(crate) fn record(
        &mut self,
        capability: &str,
        outcome: &str,
        out: u64,
        back: u64,
        since: Instant,
    ) {
        self.bytes_out = self.bytes_out.saturating_add(out);
        self.bytes_in = self.bytes_in.saturating_add(back);
        let record = HostCall {
            capability: capability.to_owned(),
            outcome: outcome.to_owned(),
            bytes_out: out,
            bytes_in: back,
            elapsed_us: u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        self.services.host_call(&self.caller.call, &record);
    }

    /// The limit that this guest reached, if any.
    pub(crate) fn exceeded(&self) -> Option<LimitExceeded> {
        self.exceeded
            .clone()
            .or_else(|| self.guard.exceeded())
            .or_else(|| self.limiter.exceeded().cloned())
    }

    pub(crate) fn filesystem_and_guard(&mut self) -> (WasiFilesystemCtxView<'_>, &mut FileGuard) {
        let ctx = self.wasi.filesystem();
        (
            WasiFilesystemCtxView {
                ctx,
                table: &mut self.table,
            },
            &mut self.guard,
        )
    }
}

impl std::fmt::Debug for GuestState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuestState")
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for GuestState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}
