//! A loaded plugin: what it declares, checked against what its binary imports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use policy::{CallRequest, Effect, Grant, LimitExceeded, LimitName, Limits, Need};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};
use wasmtime::{Engine, Store};
use wasmtime_wasi::WasiCtx;

use crate::bindings::plugin::Host_Pre as HostPre;
use crate::cache::{CacheError, Digest};
use crate::deadline::Deadline;
use crate::drive::{self, Stop};
use crate::http::Hooks;
use crate::linker::BASELINE;
use crate::manifest::{Manifest, ManifestError, Operation, Tool};
use crate::outcome::{ArgumentError, Failure};
use crate::plain;
use crate::programs::Programs;
use crate::services::NoServices;
use crate::state::{Caller, GuestState, Parts};
use crate::streams::OutputBudget;

/// The largest component file that is read, in bytes.
pub const COMPONENT: u64 = 256 << 20;

/// The interfaces that a plugin exports, without their version.
const EXPORTS: [&str; 2] = ["ml-intern:plugin/manifest", "ml-intern:plugin/calls"];

/// What `describe` may use.
const DESCRIBE: Limits = Limits {
    memory: 256 << 20,
    fuel: 1_000_000_000,
    deadline: 5_000,
    output: 0,
    open_files: 0,
    host_calls: 0,
    disk: 0,
    network: 0,
    requests: 0,
};

/// Why a component cannot be a plugin.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("{}: {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// By how much.
        limit: LimitExceeded,
    },
    /// It is no valid component.
    #[error("{}: not a valid WebAssembly component: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What the validator said, with the offset where it knows one.
        problem: String,
    },
    /// It imports what it may not.
    #[error("{}: imports {import}: {problem}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// The import.
        import: String,
        /// Why not.
        problem: String,
    },
    /// Its declaration is wrong.
    #[error("{}: {error}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Where and what.
        error: ManifestError,
    },
    /// `describe` did not come to its end.
    #[error("{}: describe did not finish: {problem}", path.display())]
    Describe {
        /// The file.
        path: PathBuf,
        /// How it ended.
        problem: String,
    },
    /// It offers nothing.
    #[error("{}: exports neither the plugin interfaces nor a function that could be a tool", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Compiled code could not be stored or loaded.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// How calls enter the component.
pub(crate) enum Entry {
    /// Through the contract.
    Contract(HostPre<GuestState>),
    /// Through its own exported functions, by tool name.
    Plain(InstancePre<GuestState>, BTreeMap<String, Function>),
}

/// One exported function of a plain component.
pub(crate) struct Function {
    pub(crate) export: ComponentExportIndex,
    pub(crate) ty: ComponentFunc,
}

/// A loaded plugin.
pub struct Plugin {
    pub(crate) manifest: Manifest,
    pub(crate) entry: Entry,
    pub(crate) engine: Engine,
    pub(crate) programs: Arc<Programs>,
    pub(crate) name: Arc<str>,
    path: PathBuf,
    digest: Digest,
    imports: Vec<String>,
    left_out: Vec<String>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.name)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// The file's bytes, if they are not too many.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let fail = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(fail)?.len();
    if size > COMPONENT {
        let limit = LimitExceeded {
            limit: LimitName::ComponentSize,
            allowed: COMPONENT,
            requested: size,
        };
        return Err(LoadError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    std::fs::read(path).map_err(fail)
}

/// What is loaded from, and into.
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    pub(crate) digest: Digest,
    pub(crate) component: Component,
    pub(crate) engine: &'a Engine,
    pub(crate) linker: &'a wasmtime::component::Linker<GuestState>,
    pub(crate) programs: &'a Arc<Programs>,
}

impl Plugin {
    pub(crate) async fn load(source: Source<'_>) -> Result<Plugin, LoadError> {
        let Source {
            path,
            digest,
            component,
            engine,
            linker,
            programs,
        } = source;
        let ty = component.component_type();
        let imports: Vec<String> = ty
            .imports(engine)
            .map(|(name, _)| name.to_owned())
            .collect();
        let exports: Vec<String> = ty
            .exports(engine)
            .map(|(name, _)| name.to_owned())
            .collect();
        for import in &imports {
            known(import).map_err(|problem| LoadError::Import {
                path: path.to_owned(),
                import: import.clone(),
                problem,
            })?;
        }
        let pre = linker
            .instantiate_pre(&component)
            .map_err(|error| LoadError::Invalid {
                path: path.to_owned(),
                problem: format!("{error:#}"),
            })?;
        let contract = EXPORTS
            .iter()
            .all(|wanted| exports.iter().any(|export| unversioned(export) == *wanted));
        let (manifest, entry, left_out) = if contract {
            let pre = HostPre::new(pre).map_err(|error| LoadError::Invalid {
                path: path.to_owned(),
                problem: format!("{error:#}"),
            })?;
            let found =
                describe(&pre, engine, programs)
                    .await
                    .map_err(|stop| LoadError::Describe {
                        path: path.to_owned(),
                        problem: match stop {
                            Stop::Limit(limit) => limit.to_string(),
                            Stop::Cancelled => "cancelled".into(),
                            Stop::Trap(text) => text,
                        },
                    })?;
            let manifest = Manifest::check(found).map_err(|error| LoadError::Manifest {
                path: path.to_owned(),
                error,
            })?;
            (manifest, Entry::Contract(pre), Vec::new())
        } else {
            let (manifest, functions, left_out) = plain_tools(path, &component, engine)?;
            (manifest, Entry::Plain(pre, functions), left_out)
        };
        for import in &imports {
            declared(import, &manifest).map_err(|problem| LoadError::Import {
                path: path.to_owned(),
                import: import.clone(),
                problem,
            })?;
        }
        Ok(Plugin {
            name: manifest.name.as_str().into(),
            manifest,
            entry,
            engine: engine.clone(),
            programs: Arc::clone(programs),
            path: path.to_owned(),
            digest,
            imports,
            left_out,
        })
    }

    /// What it declares. For a plain component, what its types say.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The SHA-256 of the file that was loaded.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Where it was loaded from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What its binary imports.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Whether it speaks the contract; otherwise it is a plain component.
    #[must_use]
    pub fn has_manifest(&self) -> bool {
        matches!(self.entry, Entry::Contract(_))
    }

    /// Exported functions of a plain component that have no JSON form.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// What a call asks for: the operation that its selector names, with that operation's effects and needs.
    ///
    /// # Errors
    ///
    /// [`Failure::InvalidArguments`] when the arguments are no object or select no operation; [`Failure::Failed`] when
    /// there is no such tool.
    pub fn request(&self, tool: &str, arguments: &Value) -> Result<CallRequest, Failure> {
        let found = self.manifest.tools.iter().find(|known| known.name == tool);
        let tool = found
            .ok_or_else(|| Failure::Failed(format!("{} has no tool named {tool}", self.name)))?;
        let Value::Object(given) = arguments else {
            return Err(invalid("", "an object"));
        };
        let operation = match &tool.selector {
            None => tool.operations.first(),
            Some(selector) => {
                // A tool says in its schema what is meant where the argument is left out.
                let default = || {
                    tool.parameters
                        .pointer(&format!("/properties/{selector}/default"))
                };
                let name = given.get(selector).or_else(default).and_then(Value::as_str);
                let found = tool
                    .operations
                    .iter()
                    .find(|operation| Some(operation.name.as_str()) == name);
                let names = || {
                    tool.operations
                        .iter()
                        .map(|o| o.name.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                };
                Some(found.ok_or_else(|| {
                    invalid(&format!("/{selector}"), &format!("one of: {}", names()))
                })?)
            }
        };
        // The manifest has at least one; this is for the type's sake.
        let operation = operation.ok_or_else(|| invalid("", "an operation"))?;
        Ok(CallRequest {
            plugin: self.manifest.name.clone(),
            tool: tool.name.clone(),
            operation: operation.name.clone(),
            effects: operation.effects.clone(),
            needs: operation.needs.clone(),
            limits: self.manifest.limits,
            configured: Vec::new(),
        })
    }

    /// What a call of the operation asks for that tells what this call would cost; none where there is no such operation.
    #[must_use]
    pub fn quote(&self, call: &CallRequest) -> Option<CallRequest> {
        let tool = self
            .manifest
            .tools
            .iter()
            .find(|tool| tool.name == call.tool)?;
        let find = |name: &str| tool.operations.iter().find(|known| known.name == name);
        let quote = find(find(&call.operation)?.quote.as_deref()?)?;
        Some(CallRequest {
            operation: quote.name.clone(),
            effects: quote.effects.clone(),
            needs: quote.needs.clone(),
            ..call.clone()
        })
    }
}

fn invalid(pointer: &str, expected: &str) -> Failure {
    Failure::InvalidArguments(vec![ArgumentError {
        pointer: pointer.into(),
        expected: expected.into(),
    }])
}

/// A name without its version.
fn unversioned(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// Whether the host has this import at all.
fn known(import: &str) -> Result<(), String> {
    let name = unversioned(import);
    if name.starts_with("wasi:sockets/") {
        return Err(
            "raw sockets are never granted; use wasi:http, which goes through the policy".into(),
        );
    }
    let ours = [
        "progress", "state", "programs", "agents", "notify", "manifest", "calls",
    ];
    let known = BASELINE.iter().any(|prefix| name.starts_with(prefix))
        || name.starts_with("wasi:http/")
        || ours
            .iter()
            .any(|own| name.strip_prefix("ml-intern:plugin/") == Some(own));
    if known {
        Ok(())
    } else {
        Err("this host provides no such interface".into())
    }
}

/// Whether some operation declares the need behind this import.
fn declared(import: &str, manifest: &Manifest) -> Result<(), String> {
    let has = |wanted: fn(&Need) -> bool| {
        manifest
            .tools
            .iter()
            .flat_map(|tool| &tool.operations)
            .flat_map(|operation| &operation.needs)
            .any(wanted)
    };
    let name = unversioned(import);
    let (missing, word) = if name.starts_with("wasi:http/") {
        (
            !has(|need| matches!(need, Need::Http(_) | Need::Web(_))),
            "http",
        )
    } else if name == "ml-intern:plugin/programs" {
        (!has(|need| matches!(need, Need::Program(_))), "program")
    } else if name == "ml-intern:plugin/notify" {
        (!has(|need| matches!(need, Need::Notify)), "notify")
    } else if name == "ml-intern:plugin/agents" {
        (!has(|need| matches!(need, Need::Agent)), "agent")
    } else if name == "ml-intern:plugin/state" {
        (!has(|need| matches!(need, Need::State(_))), "state")
    } else {
        (false, "")
    };
    if missing {
        Err(format!(
            "no operation of the manifest declares a need `{word}`"
        ))
    } else {
        Ok(())
    }
}

/// Reads the declaration, in an instance that has nothing: no files, no environment, no streams, no host calls.
async fn describe(
    pre: &HostPre<GuestState>,
    engine: &Engine,
    programs: &Arc<Programs>,
) -> Result<crate::bindings::plugin::exports::ml_intern::plugin::manifest::Manifest, Stop> {
    let deadline = Deadline::after(DESCRIBE.deadline);
    let since = std::time::Instant::now();
    let state = GuestState::new(Parts {
        wasi: WasiCtx::builder().build(),
        hooks: Hooks::closed(),
        grant: Arc::new(Grant::nothing(DESCRIBE).with_source("describe")),
        caller: Caller {
            call: "describe".into(),
            plugin: "".into(),
        },
        services: Arc::new(NoServices),
        programs: Some(Arc::clone(programs)),
        door: None,
        output: Arc::new(std::sync::Mutex::new(OutputBudget::new(DESCRIBE.output))),
        deadline,
        cancel: CancellationToken::new(),
    });
    let mut store = Store::new(engine, state);
    drive::arm(&mut store);
    store
        .set_fuel(DESCRIBE.fuel)
        .map_err(|error| Stop::Trap(error.to_string()))?;
    drive::until(&mut store, since, async |store| {
        let instance = pre.instantiate_async(&mut *store).await?;
        instance
            .ml_intern_plugin_manifest()
            .call_describe(&mut *store)
            .await
    })
    .await
}

/// What a plain component offers: its tools, how each is called, and what was left out.
type PlainTools = (Manifest, BTreeMap<String, Function>, Vec<String>);

/// Tools from the exported functions.
fn plain_tools(
    path: &Path,
    component: &Component,
    engine: &Engine,
) -> Result<PlainTools, LoadError> {
    let mut tools = Vec::new();
    let mut functions = BTreeMap::new();
    let mut left_out = Vec::new();
    let mut add = |label: &str, ty: ComponentFunc, export: Option<ComponentExportIndex>| {
        let name = tool_name(label);
        match (plain::parameters(&ty), export) {
            (Some(parameters), Some(export)) if !functions.contains_key(&name) => {
                tools.push(Tool {
                    name: name.clone(),
                    description: format!("The function {label} of {}.", path.display()),
                    parameters,
                    selector: None,
                    operations: vec![Operation {
                        name: "call".into(),
                        effects: vec![Effect::Undeclared],
                        needs: Vec::new(),
                        quote: None,
                    }],
                });
                functions.insert(name, Function { export, ty });
            }
            _ => left_out.push(label.to_owned()),
        }
    };
    for (name, item) in component.component_type().exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(ty) => {
                add(name, ty, component.get_export_index(None, name))
            }
            ComponentItem::ComponentInstance(instance) => {
                let index = component.get_export_index(None, name);
                for (function, item) in instance.exports(engine) {
                    if let ComponentItem::ComponentFunc(ty) = item.ty {
                        let export = index
                            .and_then(|index| component.get_export_index(Some(&index), function));
                        add(&format!("{}.{function}", unversioned(name)), ty, export);
                    }
                }
            }
            _ => {}
        }
    }
    if tools.is_empty() {
        return Err(LoadError::Empty {
            path: path.to_owned(),
        });
    }
    let stem = path
        .file_stem()
        .map(|stem| tool_name(&stem.to_string_lossy()))
        .unwrap_or_default();
    let manifest = Manifest {
        name: stem.replace('_', "-"),
        version: "0.0.0".into(),
        summary: "A component without a manifest; what it does is not declared.".into(),
        tools,
        limits: Limits {
            disk: 0,
            network: 0,
            requests: 0,
            open_files: 0,
            host_calls: 0,
            ..UNBOUNDED
        },
    };
    Ok((manifest, functions, left_out))
}

/// No bound of the plugin's own; the policy's are in force.
const UNBOUNDED: Limits = Limits {
    memory: u64::MAX,
    fuel: u64::MAX,
    deadline: u64::MAX,
    output: u64::MAX,
    open_files: u64::MAX,
    host_calls: u64::MAX,
    disk: u64::MAX,
    network: u64::MAX,
    requests: u64::MAX,
};

/// A label as a tool's name: `my:pkg/math.add` becomes `math_add`.
fn tool_name(label: &str) -> String {
    let short = label.rsplit('/').next().unwrap_or(label);
    let mut name: String = short
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .take(64)
        .collect();
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name.insert_str(0, "t_");
        name.truncate(64);
    }
    name
}
