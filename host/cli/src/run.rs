//! One prompt, headless, to its end.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use agent::{Agent, MicroUsd, Options, Outcome, Parts, SystemClock, Tools as _, Unattended};
use journal::{Entry, Header, Journal};
use sandbox::{Mounts, Sandbox, Setup};
use tokio_util::sync::CancellationToken;
use workspace::{Mode, Workspace};

use crate::args::Run;
use crate::fail::Fail;
use crate::paths::{Paths, private_directory};
use crate::render::Renderer;
use crate::services::{Requests, SessionServices};
use crate::summary;
use crate::tools::{self, PluginTools};
use crate::{profile, secrets, setup, workspaces};

/// What the model is told to be, in this build.
const SYSTEM_PROMPT: &str = include_str!("../../../configs/prompts/system.md");

/// The script that plays the model where nobody names one.
const DEMO: &str = include_str!("../../../configs/scripts/demo.jsonl");

/// Its id.
const DEMO_ID: &str = "scripted/demo";

/// The most bytes of a workspace that is copied.
const WORKSPACE_BYTES: u64 = 2 << 30;
/// The most files of a workspace that is copied.
const WORKSPACE_FILES: u64 = 200_000;

/// Runs, and gives the exit code.
pub(crate) fn run(args: &Run) -> Result<u8, Fail> {
    let prompt = prompt(args)?;
    let paths = Paths::find()?;
    let loaded = profile::load(&args.policy)?;
    let settings = models::Settings::read(|name| std::env::var(name).ok())
        .map_err(|error| Fail::usage(error.to_string()))?;
    let (redactor, credentials) = secrets::held(&settings)?;
    let egress = egress::Egress::builder()
        .credentials(credentials)
        .build()
        .map_err(|error| Fail::usage(error.to_string()))?;
    let requests = Arc::new(Requests::default());
    let providers = models::Providers::new(
        settings,
        egress.clone(),
        Arc::new(loaded.policy.clone()),
        Arc::clone(&requests) as Arc<dyn egress::Observe>,
    )
    .map_err(|error| Fail::usage(error.to_string()))?;
    let model = model(&args.model, &providers)?;
    let max_cost = args.max_cost.map(dollars).transpose()?;

    let programs = setup::installed(&paths)?;
    let id = uuid::Uuid::new_v4().to_string();
    let directory = args
        .session_dir
        .clone()
        .unwrap_or_else(|| paths.session(&id));
    private_directory(&directory)?;
    let staged = stage(&args.workspace, &directory)?;
    let mounts = mounts(args, &directory, staged.root())?;

    let journal_path = directory.join("journal.jsonl");
    let header = Header {
        id,
        program: concat!("ml-intern ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let mut journal = Journal::create(&journal_path, header, redactor)
        .map_err(|error| Fail::usage(error.to_string()))?;
    journal
        .append(journal::Policy {
            digest: sandbox::Digest::of(loaded.text.as_bytes()).to_string(),
            name: loaded.policy.name().to_owned(),
            text: loaded.text,
        })
        .map_err(|error| Fail::failed(error.to_string()))?;
    let journal = Arc::new(Mutex::new(journal));
    requests.record(&journal);

    let runtime = crate::runtime()?;
    let policy_name = loaded.policy.name().to_owned();
    let label = model.label();
    let started = std::time::Instant::now();
    let (outcome, tally) = runtime.block_on(async {
        let sandbox = Sandbox::new(Setup {
            cache: &paths.compiled(),
            mounts,
            programs,
            worker: Some(crate::worker()?),
            walls: loaded.policy.walls(),
            patience: sandbox::PATIENCE,
        })
        .map_err(|error| Fail::failed(error.to_string()))?;
        // It gets ready while the model thinks.
        sandbox.prepare();
        let plugins = tools::load(&sandbox, &plugin_paths(&args.plugins.paths, &paths)).await?;
        let services = Arc::new(SessionServices::new(Arc::clone(&journal)));
        let tools = Arc::new(PluginTools::new(
            plugins,
            loaded.policy,
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
            journal: Arc::clone(&journal),
            system_prompt: SYSTEM_PROMPT.to_owned(),
        };
        let options = Options {
            max_iterations: agent::iterations(args.max_iterations),
            max_cost,
            strict_denials: args.strict_denials,
            stream: !args.no_stream,
            ..Options::default()
        };
        let (mut agent, mut events) =
            Agent::new(parts, options).map_err(|error| Fail::failed(error.to_string()))?;
        let mut renderer = Renderer::new(args.json);
        renderer.opening(
            &label,
            &policy_name,
            tool_count,
            staged.root(),
            staged.staged().is_some(),
        );
        let cancel = CancellationToken::new();
        let watcher = tokio::spawn(interrupt(cancel.clone()));
        let printing = tokio::spawn(async move {
            while let Some(envelope) = events.recv().await {
                renderer.event(&envelope);
            }
            renderer
        });
        let label = prompt.lines().next().unwrap_or_default();
        staged
            .checkpoint(label)
            .map_err(|error| Fail::failed(error.to_string()))?;
        let outcome = agent.run_turn(&prompt, &cancel).await;
        let tally = agent.tally();
        drop(agent);
        watcher.abort();
        let _renderer = printing
            .await
            .map_err(|error| Fail::failed(error.to_string()))?;
        Ok::<_, Fail>((outcome, tally))
    })?;

    let diff = staged
        .diff()
        .map_err(|error| Fail::failed(error.to_string()))?;
    close(&journal, &outcome, &diff)?;
    summary::print(&summary::Run {
        json: args.json,
        outcome: &outcome,
        diff: &diff,
        tally,
        elapsed: started.elapsed(),
        journal: &journal_path,
        workspace: staged.root(),
        direct: staged.staged().is_none(),
        directory: &directory,
    })?;
    Ok(outcome.exit_code())
}

fn prompt(args: &Run) -> Result<String, Fail> {
    let prompt = match args.prompt.as_deref() {
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
        let script = models::Script::parse("demo", DEMO.as_bytes())
            .map_err(|error| Fail::usage(error.to_string()))?;
        return Ok(Box::new(script));
    }
    providers
        .open(id)
        .map_err(|error| Fail::usage(error.to_string()))
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

/// Where the run works: in a private copy, unless the user says `direct`.
fn stage(named: &Path, directory: &Path) -> Result<Workspace, Fail> {
    let options = workspace::Options {
        max_bytes: WORKSPACE_BYTES,
        max_files: WORKSPACE_FILES,
        ..workspace::Options::new(directory.join(workspaces::FOLDER))
    };
    let text = named.to_string_lossy();
    let (mode, source) = match text.strip_prefix("direct") {
        Some("") => (Mode::Direct, Path::new(".")),
        Some(rest) if rest.starts_with(':') => {
            (Mode::Direct, Path::new(rest.trim_start_matches(':')))
        }
        _ => (Mode::Staged, named),
    };
    Workspace::new(mode, source, &options).map_err(|error| Fail::usage(error.to_string()))
}

/// What guests can be granted of the file system.
fn mounts(args: &Run, directory: &Path, workspace: &Path) -> Result<Mounts, Fail> {
    let mut mounts = Mounts::new().with("workspace", workspace);
    for name in ["tmp", "packages", DATA] {
        let place = directory.join(name);
        private_directory(&place)?;
        mounts = mounts.with(name, &place);
    }
    for row in &args.data {
        let wrong = |problem: &str| Fail::usage(format!("--data {row}: {problem}"));
        let (name, place) = row
            .split_once('=')
            .ok_or_else(|| wrong("expected NAME=DIRECTORY"))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(plain) {
            return Err(wrong(
                "the name has letters, digits, `-`, `_` and `.`, and begins with a letter or digit",
            ));
        }
        let place = Path::new(place)
            .canonicalize()
            .map_err(|error| wrong(&error.to_string()))?;
        if !place.is_dir() {
            return Err(wrong("not a directory"));
        }
        let shown = directory.join(DATA).join(name);
        if shown.exists() {
            return Err(wrong("another directory has this name"));
        }
        private_directory(&shown)?;
        mounts = mounts.with_part(DATA, name, &place);
    }
    Ok(mounts)
}

/// Where code finds the directories that `--data` names.
const DATA: &str = "data";

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
