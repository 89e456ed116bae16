//! One prompt, headless, to its end.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent::{
    Agent, MicroUsd, Options, Outcome, Parts, Services, SystemClock, Tally, Tools as _, Unattended,
};
use journal::{Entry, Journal, Redactor};
use sandbox::{Sandbox, Setup};
use tokio_util::sync::CancellationToken;

use crate::args::{self, How};
use crate::around::{Files, Outputs};
use crate::fail::Fail;
use crate::paths::Paths;
use crate::profile::{self, Loaded};
use crate::render::Renderer;
use crate::services::{Requests, SessionServices};
use crate::session::{self, Session};
use crate::summary;
use crate::tools::{self, PluginTools};
use crate::{mounts, prompt, secrets, setup};

/// The script that plays the model where nobody names one.
const DEMO: &str = include_str!("../../../configs/scripts/demo.jsonl");

/// Its id.
const DEMO_ID: &str = "scripted/demo";

/// Runs a prompt in a new session, and gives the exit code.
pub(crate) fn run(args: &args::Run) -> Result<u8, Fail> {
    let words = words(args.prompt.as_deref())?;
    let ready = Ready::of(&args.how)?;
    let session = Session::create(
        args.session_dir.as_deref(),
        &args.workspace,
        &ready.paths,
        ready.redactor.clone(),
        &ready.policy,
    )?;
    go(&words, &args.how, ready, session)
}

/// Goes on with an earlier session, or with a copy of it.
pub(crate) fn resume(args: &args::Resume) -> Result<u8, Fail> {
    let words = words(args.prompt.as_deref())?;
    let ready = Ready::of(&args.how)?;
    let directory = session::find(args.target.session.as_deref(), &ready.paths)?;
    let redactor = ready.redactor.clone();
    let session = if args.fork {
        Session::fork(&directory, args.at, &ready.paths, redactor, &ready.policy)?
    } else {
        let mut session = Session::open(&directory, redactor)?;
        session
            .journal
            .append(session::in_force(&ready.policy))
            .map_err(failed)?;
        session
    };
    go(&words, &args.how, ready, session)
}

/// What a run needs before there is a session.
struct Ready {
    paths: Paths,
    policy: Loaded,
    redactor: Redactor,
    egress: egress::Egress,
    model: Box<dyn agent::Model>,
    requests: Arc<Requests>,
    programs: Vec<(String, sandbox::Image)>,
    data: Vec<(String, PathBuf)>,
    options: Options,
}

impl Ready {
    fn of(how: &How) -> Result<Ready, Fail> {
        let paths = Paths::find()?;
        let policy = profile::load(&how.policy)?;
        let settings = models::Settings::read(|name| std::env::var(name).ok()).map_err(usage)?;
        let (redactor, credentials) = secrets::held(&settings)?;
        let egress = egress::Egress::builder()
            .credentials(credentials)
            .build()
            .map_err(usage)?;
        let requests = Arc::new(Requests::default());
        let providers = models::Providers::new(
            settings,
            egress.clone(),
            Arc::new(policy.policy.clone()),
            Arc::clone(&requests) as Arc<dyn egress::Observe>,
        )
        .map_err(usage)?;
        let model = model(&how.model, &providers)?;
        let options = Options {
            max_iterations: agent::iterations(how.max_iterations),
            max_cost: how.max_cost.map(dollars).transpose()?,
            max_tokens: how.max_tokens,
            max_calls: how.max_calls,
            max_time: how.timeout.as_deref().map(time).transpose()?,
            strict_denials: how.strict_denials,
            stream: !how.no_stream,
            effort: how.effort,
            session_note: Some(prompt::note()),
            ..Options::default()
        };
        let programs = setup::installed(&paths)?;
        Ok(Ready {
            paths,
            policy,
            redactor,
            egress,
            model,
            requests,
            programs,
            data: mounts::data(&how.data)?,
            options,
        })
    }
}

fn usage(error: impl std::fmt::Display) -> Fail {
    Fail::usage(error.to_string())
}

fn failed(error: impl std::fmt::Display) -> Fail {
    Fail::failed(error.to_string())
}

/// Takes one turn, and prints what came of it.
fn go(words: &str, how: &How, ready: Ready, session: Session) -> Result<u8, Fail> {
    let started = std::time::Instant::now();
    let directory = session.directory.clone();
    let journal_path = session.journal.path().to_owned();
    let workspace = Arc::new(session.workspace);
    let journal = Arc::new(Mutex::new(session.journal));
    let opened = Opened {
        directory: directory.clone(),
        workspace: Arc::clone(&workspace),
        journal: Arc::clone(&journal),
        restored: session.restored,
    };
    let (outcome, tally) = crate::runtime()?.block_on(turn(words, how, ready, opened))?;
    let diff = workspace.diff().map_err(failed)?;
    close(&journal, &outcome, &diff)?;
    summary::print(&summary::Run {
        json: how.json,
        outcome: &outcome,
        diff: &diff,
        tally,
        elapsed: started.elapsed(),
        journal: &journal_path,
        workspace: workspace.root(),
        direct: workspace.staged().is_none(),
        directory: &directory,
    })?;
    Ok(outcome.exit_code())
}

/// A session whose parts several hold.
struct Opened {
    directory: PathBuf,
    workspace: Arc<workspace::Workspace>,
    journal: agent::SharedJournal,
    restored: Option<agent::Restored>,
}

async fn turn(
    words: &str,
    how: &How,
    ready: Ready,
    session: Opened,
) -> Result<(Outcome, Tally), Fail> {
    let Ready {
        paths,
        policy,
        egress,
        model,
        requests,
        programs,
        data,
        options,
        ..
    } = ready;
    let Opened {
        directory,
        workspace,
        journal,
        restored,
    } = session;
    requests.record(&journal);
    let mut renderer = Renderer::new(how.json);
    let (label, policy_name) = (model.label(), policy.policy.name().to_owned());
    let sandbox = Sandbox::new(Setup {
        cache: &paths.compiled(),
        mounts: mounts::mounts(&data, &directory, workspace.root())?,
        programs,
        worker: Some(crate::worker()?),
        walls: policy.policy.walls(),
        patience: sandbox::PATIENCE,
    })
    .map_err(failed)?;
    // It gets ready while the model thinks.
    sandbox.prepare();
    let plugins = tools::load(&sandbox, &plugin_paths(&how.plugins.paths, &paths)).await?;
    let system_prompt = prompt::system(&policy.policy);
    let services = Arc::new(SessionServices::new(Arc::clone(&journal)));
    let tools = Arc::new(PluginTools::new(
        plugins,
        policy.policy,
        Arc::clone(&services),
        egress,
    ));
    services.offer(&tools);
    let tool_count = tools.specs().len();
    let parts = Parts {
        model: Arc::from(model),
        tools,
        approver: Arc::new(Unattended),
        clock: Arc::new(SystemClock::new()),
        journal,
        system_prompt,
    };
    let around = Services {
        checkpoints: Some(Arc::new(Files(Arc::clone(&workspace)))),
        spill: Some(Arc::new(Outputs {
            directory: directory.join(session::OUTPUTS),
            shown: format!("/{}/{}", mounts::DATA, session::OUTPUTS),
        })),
        stores: Some(Arc::clone(&services) as Arc<dyn agent::Stores>),
        ..Services::default()
    };
    let (mut agent, mut events) = match restored {
        None => Agent::with(parts, around, options),
        Some(restored) => Agent::resume(parts, around, options, restored),
    }
    .map_err(failed)?;
    services.delegate(agent.agents());
    renderer.opening(
        &label,
        &policy_name,
        tool_count,
        workspace.root(),
        workspace.staged().is_some(),
    );
    let cancel = CancellationToken::new();
    let watcher = tokio::spawn(interrupt(cancel.clone()));
    let printing = tokio::spawn(async move {
        while let Some(envelope) = events.recv().await {
            renderer.event(&envelope);
        }
    });
    let outcome = agent.run_turn(words, &cancel).await;
    let tally = agent.tally();
    drop(agent);
    watcher.abort();
    printing.await.map_err(failed)?;
    Ok((outcome, tally))
}

fn words(prompt: Option<&str>) -> Result<String, Fail> {
    let prompt = match prompt {
        Some("-") => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Fail::usage(format!("standard input: {error}")))?;
            text
        }
        Some(prompt) => prompt.to_owned(),
        None => {
            return Err(Fail::usage(
                "no prompt; give one, or `-` to read it from standard input (see --help)",
            ));
        }
    };
    if prompt.trim().is_empty() {
        return Err(Fail::usage("the prompt is empty"));
    }
    Ok(prompt)
}

fn model(id: &str, providers: &models::Providers) -> Result<Box<dyn agent::Model>, Fail> {
    if id == DEMO_ID {
        let script = models::Script::parse("demo", DEMO.as_bytes()).map_err(usage)?;
        return Ok(Box::new(script));
    }
    providers.open(id).map_err(usage)
}

/// A length of time as policies write it.
fn time(text: &str) -> Result<Duration, Fail> {
    policy::units::duration(text)
        .map(Duration::from_millis)
        .ok_or_else(|| {
            Fail::usage(format!(
                "--timeout {text}: expected a whole number and a unit, for example 90s or 30min"
            ))
        })
}

/// Dollars as the tally counts them.
fn dollars(amount: f64) -> Result<MicroUsd, Fail> {
    if !(amount.is_finite() && (0.0..=1e9).contains(&amount)) {
        return Err(Fail::usage(format!(
            "--max-cost {amount}: expected US dollars from 0 to 1000000000"
        )));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range, as was just checked"
    )]
    Ok(MicroUsd((amount * 1e6).round() as u64))
}

/// The directories that were named, or the one that setup fills.
pub(crate) fn plugin_paths(named: &[PathBuf], paths: &Paths) -> Vec<PathBuf> {
    if named.is_empty() {
        vec![paths.plugins()]
    } else {
        named.to_vec()
    }
}

/// Ctrl-C, and a request to end, stop the turn; the session still closes in order.
async fn interrupt(cancel: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    cancel.cancel();
}

/// The last records: what the workspace has become, and how it ended.
fn close(journal: &Mutex<Journal>, outcome: &Outcome, diff: &workspace::Diff) -> Result<(), Fail> {
    let mut journal = journal
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let entries: [Entry; 2] = [
        summary::workspace_record(diff).into(),
        journal::End {
            status: i32::from(outcome.exit_code()),
            reason: outcome.as_str().to_owned(),
        }
        .into(),
    ];
    journal
        .append_all(entries)
        .map(drop)
        .map_err(|error| Fail::failed(error.to_string()))
}
