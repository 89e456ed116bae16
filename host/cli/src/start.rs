//! What every run starts with: what is read before there is a session, and the agent with all that is around it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent::{Agent, Approver, Events, MicroUsd, Options, Parts, Services, SystemClock, Tools};
use journal::{Entry, Redactor};
use models::ModelId;
use sandbox::{Sandbox, Setup};

use crate::args::How;
use crate::around::{Files, Outputs};
use crate::attended::YOLO_CAP;
use crate::config::{Config, Here};
use crate::fail::Fail;
use crate::paths::Paths;
use crate::profile::{self, Loaded};
use crate::services::{Requests, SessionServices};
use crate::session::{self, Session};
use crate::tools::{self, PluginTools};
use crate::{mounts, prompt, reach, render, secrets, setup, summary};

/// The script that plays the model in the demo.
const DEMO: &str = include_str!("../../../configs/scripts/demo.jsonl");

/// Its id.
pub(crate) const DEMO_ID: &str = "scripted/demo";

/// How much of other services' answers is kept on disk.
const ANSWERS: egress::CacheLimits = egress::CacheLimits {
    bytes: 512 << 20,
    entries: 20_000,
};

/// What a run needs before there is a session.
pub(crate) struct Ready {
    pub(crate) paths: Paths,
    pub(crate) here: Here,
    pub(crate) policy: Loaded,
    pub(crate) redactor: Redactor,
    pub(crate) options: Options,
    egress: egress::Egress,
    providers: models::Providers,
    /// The variable that would hold the model's key, where it needs one and there is none.
    pub(crate) missing_key: Option<&'static str>,
    requests: Arc<Requests>,
    programs: Vec<(String, sandbox::Image)>,
    data: Vec<(String, PathBuf)>,
    plugins: Vec<PathBuf>,
}

impl Ready {
    /// Reads it. Where nothing names a policy, it is `interactive` with a person there, and `ci` without.
    pub(crate) fn of(how: &How, attended: bool) -> Result<Ready, Fail> {
        let paths = Paths::find()?;
        let here = Here::find(how.flags())?;
        let config = &here.loaded.config;
        for warning in &here.loaded.warnings {
            render::warn(warning);
        }
        let usual = if attended { "interactive" } else { "ci" };
        let policy = profile::load(config.policy.as_deref().unwrap_or(usual))?;
        let settings = secrets::settings(&here)?;
        let (redactor, credentials) = secrets::held(&settings, &here)?;
        let missing_key = ModelId::parse(&config.model_name)
            .ok()
            .and_then(|id| secrets::missing_key(&settings, &id));
        let egress = egress::Egress::builder()
            .credentials(credentials)
            .cache(paths.answers(), ANSWERS);
        let egress = reach::endpoints(egress, &here)?.build().map_err(usage)?;
        let requests = Arc::new(Requests::default());
        let providers = models::Providers::new(
            settings,
            egress.clone(),
            Arc::new(policy.policy.clone()),
            Arc::clone(&requests) as Arc<dyn egress::Observe>,
        )
        .map_err(usage)?;
        let options = Options {
            strict_denials: how.strict_denials,
            stream: !how.no_stream,
            session_note: Some(prompt::note(attended)),
            ..options(config)
        };
        let options = Options {
            // Nobody is there to see what is spent.
            max_cost: options
                .max_cost
                .or((config.yolo_mode && !attended).then_some(YOLO_CAP)),
            ..options
        };
        Ok(Ready {
            programs: setup::installed(&paths)?,
            data: mounts::data(&how.data)?,
            plugins: plugin_paths(&how.plugins.paths, &paths),
            paths,
            here,
            policy,
            redactor,
            options,
            egress,
            providers,
            missing_key,
            requests,
        })
    }

    /// The model that the configuration names.
    pub(crate) fn model(&self) -> Result<Box<dyn agent::Model>, Fail> {
        let id = &self.here.loaded.config.model_name;
        self.open(id).map_err(|fail| {
            let origin = self.here.loaded.origin("model_name");
            Fail::usage(format!("{fail} (the model is from {origin})"))
        })
    }

    /// Up to three ids that are like this one.
    pub(crate) async fn suggestions(&self, id: &str) -> Vec<String> {
        self.providers.suggestions(id).await
    }

    /// What opens models, and knows about them.
    pub(crate) const fn providers(&self) -> &models::Providers {
        &self.providers
    }

    /// A model by its id.
    pub(crate) fn open(&self, id: &str) -> Result<Box<dyn agent::Model>, Fail> {
        if id == DEMO_ID {
            let script = models::Script::parse("demo", DEMO.as_bytes()).map_err(usage)?;
            return Ok(Box::new(script));
        }
        self.providers.open(id).map_err(usage)
    }
}

/// The bounds that a configuration sets.
fn options(config: &Config) -> Options {
    Options {
        max_iterations: agent::iterations(config.max_iterations),
        max_cost: config.max_cost_usd.and_then(MicroUsd::from_dollars),
        max_tokens: config.max_tokens,
        max_calls: config.max_calls,
        max_time: config.timeout.as_deref().and_then(time),
        effort: config.reasoning_effort.map(agent::Effort::from),
        ..Options::default()
    }
}

/// A length of time as policies write it.
fn time(text: &str) -> Option<Duration> {
    policy::units::duration(text).map(Duration::from_millis)
}

/// The directories that were named, or the one that setup fills.
pub(crate) fn plugin_paths(named: &[PathBuf], paths: &Paths) -> Vec<PathBuf> {
    if named.is_empty() {
        vec![paths.plugins()]
    } else {
        named.to_vec()
    }
}

/// A session whose parts several hold.
pub(crate) struct Opened {
    pub(crate) directory: PathBuf,
    pub(crate) workspace: Arc<workspace::Workspace>,
    pub(crate) journal: agent::SharedJournal,
    restored: Option<agent::Restored>,
}

impl From<Session> for Opened {
    fn from(session: Session) -> Opened {
        Opened {
            directory: session.directory,
            workspace: Arc::new(session.workspace),
            journal: Arc::new(Mutex::new(session.journal)),
            restored: session.restored,
        }
    }
}

impl Opened {
    /// Whether something was said in it before.
    pub(crate) const fn is_resumed(&self) -> bool {
        self.restored.is_some()
    }

    /// Turns that were taken before.
    pub(crate) fn turns(&self) -> usize {
        self.restored.as_ref().map_or(0, agent::Restored::turns)
    }

    /// Writes the last records: what the workspace has become, and how it ended. Gives the journal's path, and what was
    /// changed.
    pub(crate) fn close(
        &self,
        status: i32,
        reason: &str,
    ) -> Result<(PathBuf, workspace::Diff), Fail> {
        let diff = self.workspace.diff().map_err(failed)?;
        let mut journal = self
            .journal
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let entries: [Entry; 2] = [
            summary::workspace_record(&diff).into(),
            journal::End {
                status,
                reason: reason.to_owned(),
            }
            .into(),
        ];
        journal.append_all(entries).map_err(failed)?;
        Ok((journal.path().to_owned(), diff))
    }
}

/// An agent that can take its first turn.
pub(crate) struct Started {
    pub(crate) agent: Agent,
    pub(crate) events: Events,
    /// How the model is named.
    pub(crate) label: String,
    /// The tools that it is offered.
    pub(crate) tools: Arc<PluginTools>,
}

/// Loads the plugins, and puts the agent together.
pub(crate) async fn start(
    ready: &Ready,
    session: &mut Opened,
    model: Box<dyn agent::Model>,
    approver: Arc<dyn Approver>,
) -> Result<Started, Fail> {
    let Opened {
        directory,
        workspace,
        journal,
        restored,
    } = session;
    let policy = ready.policy.policy.clone();
    ready.requests.record(journal);
    let sandbox = Sandbox::new(Setup {
        cache: &ready.paths.compiled(),
        mounts: mounts::mounts(
            &ready.data,
            directory,
            workspace.root(),
            &ready.paths.caches(),
        )?,
        programs: ready.programs.clone(),
        worker: Some(crate::worker()?),
        walls: policy.walls(),
        patience: sandbox::PATIENCE,
    })
    .map_err(failed)?;
    // It gets ready while the model thinks.
    sandbox.prepare();
    let plugins = tools::load(&sandbox, &ready.plugins).await?;
    let system_prompt = prompt::system(&policy);
    let services = Arc::new(SessionServices::new(Arc::clone(journal)));
    let tools = Arc::new(PluginTools::new(
        plugins,
        policy,
        Arc::clone(&services),
        ready.egress.clone(),
    ));
    services.offer(&tools);
    let label = model.label();
    let parts = Parts {
        model: Arc::from(model),
        tools: Arc::clone(&tools) as Arc<dyn Tools>,
        approver,
        clock: Arc::new(SystemClock::new()),
        journal: Arc::clone(journal),
        system_prompt,
    };
    let around = Services {
        checkpoints: Some(Arc::new(Files(Arc::clone(workspace)))),
        spill: Some(Arc::new(Outputs {
            directory: directory.join(session::OUTPUTS),
            shown: format!("/{}/{}", mounts::DATA, session::OUTPUTS),
        })),
        stores: Some(Arc::clone(&services) as Arc<dyn agent::Stores>),
        ..Services::default()
    };
    let options = ready.options.clone();
    let (agent, events) = match restored.take() {
        None => Agent::with(parts, around, options),
        Some(restored) => Agent::resume(parts, around, options, restored),
    }
    .map_err(failed)?;
    services.delegate(agent.agents());
    Ok(Started {
        agent,
        events,
        label,
        tools,
    })
}

fn usage(error: impl std::fmt::Display) -> Fail {
    Fail::usage(error.to_string())
}

fn failed(error: impl std::fmt::Display) -> Fail {
    Fail::failed(error.to_string())
}
