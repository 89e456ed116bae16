//! What the sandbox's tests have in common: a sandbox with the evil guest, and one call of it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests; a panic is their report"
)]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses some of it"
)]

pub(crate) mod tool;
pub(crate) mod web;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ml_intern_sandbox::{
    Call, Content, Failure, HostCall, Mounts, Outcome, Plugin, Sandbox, Services, Setup,
};
use policy::{Access, AddressScope, Grant, Limits, Need};
use tokio_util::sync::CancellationToken;

/// Enough for everything that is not about a limit.
pub(crate) const AMPLE: Limits = Limits {
    memory: 64 << 20,
    fuel: 50_000_000_000,
    deadline: 30_000,
    output: 1 << 20,
    open_files: 64,
    host_calls: 1_000,
    disk: 64 << 20,
    network: 1 << 20,
    requests: 100,
};

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A component that `make plugins` has built.
pub(crate) fn component(name: &str) -> PathBuf {
    let path = root().join("plugins/dist").join(name);
    assert!(
        path.is_file(),
        "{} is not built; run `make plugins`",
        path.display()
    );
    path
}

/// How programs are run.
pub(crate) fn worker() -> ml_intern_sandbox::Worker {
    ml_intern_sandbox::Worker {
        program: env!("CARGO_BIN_EXE_ml-intern-worker").into(),
        arguments: Vec::new(),
        workers: ml_intern_sandbox::Workers::Forked,
    }
}

/// Compiled code is shared between test runs.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")
}

/// A directory of this user's, as the binary finds it.
pub(crate) fn home(variable: &str, below: &str) -> PathBuf {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(below))
        .join("ml-intern")
}

/// Keeps what calls tell.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) lines: Mutex<Vec<String>>,
    pub(crate) calls: Mutex<Vec<HostCall>>,
    pub(crate) values: Mutex<std::collections::BTreeMap<String, String>>,
}

impl Services for Recorder {
    fn log(&self, _: &str, line: &str) {
        self.lines.lock().unwrap().push(line.to_owned());
    }
    fn progress(&self, _: &str, _: u64, _: Option<u64>, _: &str) {}
    fn status(&self, _: &str, _: &str) {}
    fn state_get(&self, plugin: &str, key: &str) -> Option<String> {
        self.values
            .lock()
            .unwrap()
            .get(&format!("{plugin}/{key}"))
            .cloned()
    }
    fn state_set(
        &self,
        _: &str,
        plugin: &str,
        key: &str,
        value: Option<String>,
    ) -> Result<(), String> {
        let key = format!("{plugin}/{key}");
        let mut values = self.values.lock().unwrap();
        match value {
            Some(value) => values.insert(key, value),
            None => values.remove(&key),
        };
        Ok(())
    }
    fn host_call(&self, _: &str, record: &HostCall) {
        self.calls.lock().unwrap().push(record.clone());
    }
}

/// A sandbox, a workspace, and the evil guest.
pub(crate) struct Scene {
    pub(crate) plugin: Plugin,
    pub(crate) sandbox: Sandbox,
    pub(crate) workspace: tempfile::TempDir,
    pub(crate) outside: tempfile::TempDir,
    pub(crate) recorder: Arc<Recorder>,
}

/// One act of the evil guest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Act<'a> {
    pub(crate) act: &'a str,
    pub(crate) target: &'a str,
    pub(crate) value: &'a str,
    pub(crate) count: u64,
}

impl Scene {
    pub(crate) async fn new() -> Scene {
        Scene::with(Vec::new()).await
    }

    /// With programs. Their code is where setup has put it: compiling Python takes longer than any test should.
    pub(crate) async fn with(programs: Vec<(String, ml_intern_sandbox::Image)>) -> Scene {
        let workspace = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.txt"), "do not read me").unwrap();
        std::fs::write(workspace.path().join("here.txt"), "hello").unwrap();
        let sandbox = Sandbox::new(Setup {
            cache: &if programs.is_empty() {
                cache()
            } else {
                home("XDG_CACHE_HOME", ".cache").join("compiled")
            },
            mounts: Mounts::new()
                .with("workspace", workspace.path())
                .with("elsewhere", outside.path()),
            programs,
            worker: Some(worker()),
            walls: policy::Walls::Required,
            patience: ml_intern_sandbox::PATIENCE,
        })
        .unwrap();
        let plugin = sandbox
            .load(&component("fixtures/evil.wasm"))
            .await
            .unwrap();
        Scene {
            plugin,
            sandbox,
            workspace,
            outside,
            recorder: Arc::default(),
        }
    }

    /// Runs an act under a grant, with a way out where there is one.
    pub(crate) async fn run(
        &self,
        act: Act<'_>,
        grant: Grant,
        egress: Option<egress::Egress>,
    ) -> Outcome {
        self.run_until(act, grant, egress, CancellationToken::new())
            .await
    }

    /// The same, until it is cancelled.
    pub(crate) async fn run_until(
        &self,
        act: Act<'_>,
        grant: Grant,
        egress: Option<egress::Egress>,
        cancel: CancellationToken,
    ) -> Outcome {
        let Act {
            act,
            target,
            value,
            count,
        } = act;
        let arguments =
            serde_json::json!({"act": act, "target": target, "value": value, "count": count})
                .to_string();
        let call = self.plugin.invoke(Call {
            id: "c1".into(),
            tool: "evil".into(),
            operation: "act".into(),
            arguments,
            grant: Arc::new(grant.with_source("declaration of evil/evil/act")),
            services: Arc::clone(&self.recorder) as Arc<dyn Services>,
            egress,
            cancel,
        });
        // Not a measurement: a guest that no limit stops must not hang the tests.
        tokio::time::timeout(Duration::from_secs(60), call)
            .await
            .unwrap_or_else(|_| panic!("{act} was not stopped"))
    }

    /// Runs an act with the workspace mounted read-write and ample limits.
    pub(crate) async fn act(&self, act: &str, target: &str, value: &str, count: u64) -> Outcome {
        self.run(
            Act {
                act,
                target,
                value,
                count,
            },
            grant(&[mount(Access::ReadWrite)], AMPLE),
            None,
        )
        .await
    }

    /// A neighbour still works.
    pub(crate) async fn still_works(&self) {
        assert_eq!(
            told(&self.act("read", "/workspace/here.txt", "", 0).await),
            "hello"
        );
    }
}

pub(crate) fn mount(access: Access) -> Need {
    Need::Mount {
        name: "workspace".into(),
        access,
    }
}

pub(crate) fn grant(needs: &[Need], limits: Limits) -> Grant {
    Grant::exactly(needs, AddressScope::Public, limits)
}

/// What came of it, in words.
pub(crate) fn told(outcome: &Outcome) -> String {
    match &outcome.result {
        Ok(output) => output
            .content
            .iter()
            .map(|part| match part {
                Content::Text(text) => text.clone(),
                other => format!("{other:?}"),
            })
            .collect(),
        Err(Failure::Limit(limit)) => limit.to_string(),
        Err(failure) => failure.to_string(),
    }
}

/// The refusals, as `subject | rule`.
pub(crate) fn refused(outcome: &Outcome) -> Vec<String> {
    outcome
        .denials
        .iter()
        .map(|denial| format!("{} | {}", denial.subject, denial.rule))
        .collect()
}
