//! A plugin that runs programs, with the Python image, and one call of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use egress::Egress;
use ml_intern_sandbox::image::{PYTHON, folder, python};
use ml_intern_sandbox::{
    Call, Content, Failure, Image, Mounts, NoServices, Outcome, Output, Plugin, Sandbox, Setup,
};
use policy::{AddressScope, Grant, Limits, Policy};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// The image that setup has installed for this user.
pub(crate) fn image() -> Image {
    let directory = super::home("XDG_DATA_HOME", ".local/share")
        .join("images")
        .join(folder());
    python(&directory).unwrap_or_else(|error| panic!("{error}"))
}

/// One tool of a plugin, with a workspace of its own.
pub(crate) struct Tool {
    plugin: Plugin,
    name: &'static str,
    _sandbox: Sandbox,
    workspace: tempfile::TempDir,
    _others: [tempfile::TempDir; 2],
}

/// How a call is made.
pub(crate) struct With {
    pub(crate) limits: Limits,
    /// Who decides; without, what is declared is granted.
    pub(crate) policy: Option<Policy>,
    pub(crate) egress: Option<Egress>,
    pub(crate) cancel: CancellationToken,
}

impl Default for With {
    fn default() -> With {
        With {
            limits: LIMITS,
            policy: None,
            egress: None,
            cancel: CancellationToken::new(),
        }
    }
}

/// What a call gave.
pub(crate) struct Answer(pub(crate) Outcome);

impl Answer {
    pub(crate) fn output(self) -> Output {
        self.0.result.unwrap()
    }

    /// The text, without the line that says how it ended.
    pub(crate) fn printed(self) -> String {
        let text = self.text();
        let end = text.rfind("[exit code 0").unwrap_or(text.len());
        text.get(..end).unwrap().to_owned()
    }

    pub(crate) fn text(self) -> String {
        match self.output().content.into_iter().next() {
            Some(Content::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn error(self) -> String {
        match self.0.result {
            Err(Failure::Failed(text)) => text,
            other => panic!("{other:?}"),
        }
    }
}

impl Tool {
    pub(crate) async fn python() -> Tool {
        Tool::new("python.wasm", "python").await
    }

    pub(crate) async fn new(component: &str, name: &'static str) -> Tool {
        Tool::patient(component, name, ml_intern_sandbox::PATIENCE, &[]).await
    }

    /// With interpreters that stay so long, and variables in the environment of Python.
    pub(crate) async fn patient(
        component: &str,
        name: &'static str,
        patience: Duration,
        environment: &[(&str, &str)],
    ) -> Tool {
        let workspace = tempfile::tempdir().unwrap();
        let others = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [temporary, packages] = &others;
        let mut image = image();
        for (name, value) in environment {
            image
                .environment
                .push(((*name).to_owned(), (*value).to_owned()));
        }
        let sandbox = Sandbox::new(Setup {
            cache: &super::home("XDG_CACHE_HOME", ".cache").join("compiled"),
            mounts: Mounts::new()
                .with("workspace", workspace.path())
                .with("tmp", temporary.path())
                .with("packages", packages.path()),
            programs: vec![(PYTHON.to_owned(), image)],
            worker: Some(super::worker()),
            walls: policy::Walls::Required,
            patience,
        })
        .unwrap();
        let plugin = sandbox.load(&super::component(component)).await.unwrap();
        Tool {
            plugin,
            name,
            _sandbox: sandbox,
            workspace,
            _others: others,
        }
    }

    pub(crate) fn workspace(&self) -> &Path {
        self.workspace.path()
    }

    pub(crate) async fn call(&self, arguments: Value) -> Answer {
        self.call_within(arguments, LIMITS).await
    }

    pub(crate) async fn call_within(&self, arguments: Value, limits: Limits) -> Answer {
        let with = With {
            limits,
            ..With::default()
        };
        self.call_with(arguments, with).await
    }

    pub(crate) async fn call_with(&self, arguments: Value, with: With) -> Answer {
        let With {
            limits,
            policy,
            egress,
            cancel,
        } = with;
        let request = self.plugin.request(self.name, &arguments).unwrap();
        let grant = match policy {
            None => Grant::exactly(&request.needs, AddressScope::Public, limits),
            Some(policy) => policy.decide(&request).grant,
        };
        let outcome = self
            .plugin
            .invoke(Call {
                id: "call".into(),
                tool: request.tool,
                operation: request.operation,
                arguments: arguments.to_string(),
                grant: Arc::new(grant),
                services: Arc::new(NoServices),
                egress,
                cancel,
            })
            .await;
        Answer(outcome)
    }

    /// Waits until the zygote has buried who was killed.
    pub(crate) async fn settle(&self) {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}

/// Enough for everything that is not about a limit.
pub(crate) const LIMITS: Limits = Limits {
    memory: 2 << 30,
    fuel: 50_000_000_000,
    deadline: 120_000,
    output: 1 << 20,
    open_files: 64,
    host_calls: 1_000,
    disk: 256 << 20,
    network: 1 << 20,
    requests: 100,
};

/// Descriptors of this process.
pub(crate) fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Processes that descend from this one: zygotes and their workers, of all tests of this binary.
pub(crate) fn children() -> usize {
    fn of(parent: u32, all: &[(u32, u32)]) -> usize {
        all.iter()
            .filter(|(_, ppid)| *ppid == parent)
            .map(|(pid, _)| 1 + of(*pid, all))
            .sum()
    }
    let all: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let ppid = stat
                .rsplit_once(')')?
                .1
                .split_whitespace()
                .nth(1)?
                .parse()
                .ok()?;
            Some((pid, ppid))
        })
        .collect();
    of(std::process::id(), &all)
}
