//! One call of one tool: a fresh store, a fresh instance, and a receipt.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use policy::{Grant, LimitExceeded, LimitName};
use tokio_util::sync::CancellationToken;
use wasmtime::Store;
use wasmtime_wasi::WasiCtx;

use crate::bindings::plugin::exports::ml_intern::plugin::calls as wit;
use crate::deadline::Deadline;
use crate::drive::{self, Stop};
use crate::http::Hooks;
use crate::outcome::{ArgumentError, Content, Failure, Outcome, Output, Receipt};
use crate::plain;
use crate::plugin::{Entry, Function, Plugin};
use crate::services::Services;
use crate::state::{Caller, GuestState, Parts};
use crate::streams::OutputBudget;

/// One call, decided.
pub struct Call {
    /// Unique in the session.
    pub id: Arc<str>,
    /// Which tool.
    pub tool: String,
    /// Which operation.
    pub operation: String,
    /// The arguments, a JSON object as text.
    pub arguments: String,
    /// What it may do.
    pub grant: Arc<Grant>,
    /// What it may use.
    pub services: Arc<dyn Services>,
    /// The way out to the network; `None` where there is none at all.
    pub egress: Option<egress::Egress>,
    /// Stops it.
    pub cancel: CancellationToken,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("id", &self.id)
            .field("tool", &self.tool)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// Runs a call to its end. It never fails as such: whatever happens is in the outcome.
    pub async fn invoke(&self, call: Call) -> Outcome {
        let since = Instant::now();
        let Call {
            id,
            tool,
            operation,
            arguments,
            grant,
            services,
            egress,
            cancel,
        } = call;
        let limits = *grant.limits();
        let bytes_in = arguments.len() as u64;
        let deadline = Deadline::after(limits.deadline);
        let caller = Caller {
            call: Arc::clone(&id),
            plugin: Arc::clone(&self.name),
        };
        let hooks = match egress {
            Some(egress) => Hooks::open(
                &egress,
                Arc::clone(&grant),
                Arc::clone(&services),
                caller.clone(),
            ),
            None => Hooks::closed(),
        };
        let mut wasi = WasiCtx::builder();
        if let Err(error) =
            self.programs
                .mounts()
                .preopen(&mut wasi, &grant, &self.name, self.programs.void())
        {
            return refused(
                Failure::Failed(format!("a mount cannot be opened: {error:#}")),
                since,
                bytes_in,
            );
        }
        let state = GuestState::new(Parts {
            wasi: wasi.build(),
            hooks,
            grant: Arc::clone(&grant),
            caller,
            services,
            programs: Some(Arc::clone(&self.programs)),
            door: None,
            output: Arc::new(Mutex::new(OutputBudget::new(limits.output))),
            deadline,
            cancel,
        });
        let mut store = Store::new(&self.engine, state);
        drive::arm(&mut store);
        if let Err(error) = store.set_fuel(limits.fuel) {
            return refused(Failure::Failed(error.to_string()), since, bytes_in);
        }

        let ended = match &self.entry {
            Entry::Contract(pre) => {
                let call = wit::Call {
                    id: id.to_string(),
                    tool,
                    operation,
                    arguments,
                };
                drive::until(&mut store, since, async |store| {
                    let instance = pre.instantiate_async(&mut *store).await?;
                    instance
                        .ml_intern_plugin_calls()
                        .call_invoke(&mut *store, &call)
                        .await
                })
                .await
                .map(|answer| {
                    answer
                        .map_err(failure)
                        .and_then(|output| content(output, limits.output))
                })
            }
            Entry::Plain(pre, functions) => match functions.get(&tool) {
                Some(function) => {
                    run_plain(&mut store, since, pre, function, &arguments, limits.output).await
                }
                None => Ok(Err(Failure::Failed(format!("no tool named {tool}")))),
            },
        };
        let result = match ended {
            // A request that ran into a limit is what the tool's own error is about.
            Ok(Err(Failure::Failed(text))) => Err(store
                .data()
                .hooks
                .exceeded()
                .map_or(Failure::Failed(text), Failure::Limit)),
            Ok(answer) => answer,
            Err(Stop::Limit(limit)) => Err(Failure::Limit(limit)),
            Err(Stop::Cancelled) => Err(Failure::Cancelled),
            Err(Stop::Trap(text)) => Err(Failure::Trapped(text)),
        };
        let bytes_out = result.as_ref().map_or(0, size);
        let fuel = store
            .get_fuel()
            .ok()
            .map(|left| limits.fuel.saturating_sub(left));
        let mut state = store.into_data();
        let denials = state.guard.take_denials();
        let (sent, received) = state.hooks.bytes();
        Outcome {
            result,
            receipt: Receipt {
                fuel,
                peak_memory: state.limiter.peak().saturating_add(state.program_peak),
                wall_us: micros(since),
                bytes_in: bytes_in
                    .saturating_add(state.bytes_in)
                    .saturating_add(received),
                bytes_out: bytes_out
                    .saturating_add(state.bytes_out)
                    .saturating_add(sent),
                host_calls: state.host_calls(),
                disk: state.guard.written(),
                open_files: state.guard.peak_open(),
            },
            denials: denials
                .into_iter()
                .chain(state.hooks.take_denials())
                .collect(),
        }
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn refused(failure: Failure, since: Instant, bytes_in: u64) -> Outcome {
    Outcome {
        result: Err(failure),
        receipt: Receipt {
            wall_us: micros(since),
            bytes_in,
            ..Receipt::default()
        },
        denials: Vec::new(),
    }
}

async fn run_plain(
    store: &mut Store<GuestState>,
    since: Instant,
    pre: &wasmtime::component::InstancePre<GuestState>,
    function: &Function,
    arguments: &str,
    allowed: u64,
) -> Result<Result<Output, Failure>, Stop> {
    let arguments = match serde_json::from_str(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            return Ok(Err(Failure::Failed(format!(
                "the arguments are not JSON: {error}"
            ))));
        }
    };
    let values = match plain::values(&function.ty, &arguments) {
        Ok(values) => values,
        Err(errors) => return Ok(Err(Failure::InvalidArguments(errors))),
    };
    let mut results = vec![wasmtime::component::Val::Bool(false); function.ty.results().len()];
    drive::until(store, since, async |store| {
        let instance = pre.instantiate_async(&mut *store).await?;
        let callee = instance
            .get_func(&mut *store, function.export)
            .ok_or_else(|| wasmtime::Error::msg("the exported function is gone"))?;
        callee.call_async(&mut *store, &values, &mut results).await
    })
    .await?;
    use wasmtime::component::Val;
    let structured = match results.first() {
        None => serde_json::Value::Null,
        Some(Val::Result(Err(payload))) => {
            let text =
                payload
                    .as_ref()
                    .map_or_else(String::new, |payload| match plain::json(payload) {
                        serde_json::Value::String(text) => text,
                        other => other.to_string(),
                    });
            return Ok(Err(Failure::Failed(text)));
        }
        Some(Val::Result(Ok(payload))) => payload
            .as_ref()
            .map_or(serde_json::Value::Null, |payload| plain::json(payload)),
        Some(value) => plain::json(value),
    };
    let text = match &structured {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let size = text.len();
    let output = Output {
        content: vec![Content::Text(text)],
        structured: Some(structured),
    };
    Ok(bounded(output, size, allowed))
}

fn failure(found: wit::Failure) -> Failure {
    match found {
        wit::Failure::InvalidArguments(errors) => Failure::InvalidArguments(
            errors
                .into_iter()
                .map(|wit::ArgumentError { pointer, expected }| ArgumentError { pointer, expected })
                .collect(),
        ),
        wit::Failure::Denied(wit::Denial {
            capability,
            rule,
            remedy,
        }) => Failure::Denied {
            capability,
            rule,
            remedy,
        },
        wit::Failure::Upstream(wit::UpstreamError {
            status,
            retry_after,
            message,
        }) => Failure::Upstream {
            status,
            retry_after,
            message,
        },
        wit::Failure::Failed(text) => Failure::Failed(text),
    }
}

fn content(found: wit::Output, allowed: u64) -> Result<Output, Failure> {
    let structured_size = found.structured.as_ref().map_or(0, String::len);
    let structured = match found.structured {
        None => None,
        Some(text) => Some(serde_json::from_str(&text).map_err(|error| {
            Failure::Failed(format!("the tool's structured result is not JSON: {error}"))
        })?),
    };
    let content = found
        .content
        .into_iter()
        .map(|part| match part {
            wit::Content::Text(text) => Content::Text(text),
            wit::Content::Image(wit::Image { mime, bytes, alt }) => {
                Content::Image { mime, bytes, alt }
            }
            wit::Content::Link(wit::Link { uri, mime, title }) => {
                Content::Link { uri, mime, title }
            }
        })
        .collect();
    bounded(
        Output {
            content,
            structured,
        },
        structured_size,
        allowed,
    )
}

/// The result counts against the output limit of its own; logs have been counted as they came.
fn bounded(output: Output, structured: usize, allowed: u64) -> Result<Output, Failure> {
    let size = size(&output).saturating_add(structured as u64);
    if size > allowed {
        return Err(Failure::Limit(LimitExceeded {
            limit: LimitName::Output,
            allowed,
            requested: size,
        }));
    }
    Ok(output)
}

/// Bytes of the content parts.
fn size(output: &Output) -> u64 {
    let parts: usize = output
        .content
        .iter()
        .map(|part| match part {
            Content::Text(text) => text.len(),
            Content::Image { mime, bytes, alt } => mime.len() + bytes.len() + alt.len(),
            Content::Link { uri, mime, title } => {
                uri.len() + mime.as_ref().map_or(0, String::len) + title.len()
            }
        })
        .sum();
    parts as u64
}
