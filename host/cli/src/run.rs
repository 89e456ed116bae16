//! One prompt, headless, to its end.

use std::io::{IsTerminal as _, Read as _};
use std::sync::Arc;

use agent::{Agent, Model, Outcome, Tally, Unattended};
use tokio_util::sync::CancellationToken;

use crate::args::{self, How};
use crate::attended::Waiving;
use crate::chat::{self, Begin};
use crate::fail::Fail;
use crate::render;
use crate::schema::{CORRECTIONS, Schema};
use crate::session::Session;
use crate::start::{Opened, Ready, Started, start};
use crate::summary;
use crate::tools::PluginTools;

/// Columns of what is no terminal.
const LOG: usize = 200;

/// Without a command: a prompt is run; without one, a person on a terminal is talked with, and anything else on standard
/// input is the prompt.
pub(crate) fn bare(args: &args::Run) -> Result<u8, Fail> {
    let given = args
        .prompt
        .as_deref()
        .is_some_and(|prompt| !prompt.is_empty());
    if !given && args.prompt_file.is_none() && std::io::stdin().is_terminal() {
        let begin = Begin::New {
            workspace: &args.workspace,
            session_dir: args.session_dir.as_deref(),
        };
        return chat::chat(begin, &args.how);
    }
    run(args)
}

/// Runs a prompt in a new session, and gives the exit code.
pub(crate) fn run(args: &args::Run) -> Result<u8, Fail> {
    let words = match &args.prompt_file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| Fail::usage(format!("--prompt-file {}: {error}", file.display())))?,
        None => words(args.prompt.as_deref())?,
    };
    let schema = args
        .output_schema
        .as_deref()
        .map(Schema::read)
        .transpose()?;
    let ready = Ready::of(&args.how, false)?;
    let model = ready.model()?;
    let session = Session::create(
        args.session_dir.as_deref(),
        &args.workspace,
        &ready.paths,
        ready.redactor.clone(),
        &ready.policy,
    )?;
    let asked = Asked {
        words: &words,
        how: &args.how,
        schema: schema.as_ref(),
    };
    go(&asked, &ready, model, session)
}

/// Goes on with an earlier session, or with a copy of it.
pub(crate) fn resume(args: &args::Resume) -> Result<u8, Fail> {
    if args.prompt.is_none() && std::io::stdin().is_terminal() {
        return chat::chat(Begin::Resume(args), &args.how);
    }
    let words = words(args.prompt.as_deref())?;
    let ready = Ready::of(&args.how, false)?;
    let model = ready.model()?;
    let session = chat::earlier(&ready, args)?;
    let asked = Asked {
        words: &words,
        how: &args.how,
        schema: None,
    };
    go(&asked, &ready, model, session)
}

fn failed(error: impl std::fmt::Display) -> Fail {
    Fail::failed(error.to_string())
}

/// What is asked, and how.
struct Asked<'a> {
    words: &'a str,
    how: &'a How,
    schema: Option<&'a Schema>,
}

/// Takes one turn, and prints what came of it.
fn go(
    asked: &Asked<'_>,
    ready: &Ready,
    model: Box<dyn Model>,
    session: Session,
) -> Result<u8, Fail> {
    let Asked { how, schema, .. } = asked;
    let started = std::time::Instant::now();
    let mut session = Opened::from(session);
    // Where standard output is for the answer alone, the rest goes to standard error.
    let put: fn(&str) = if schema.is_some() && !how.json {
        render::tell
    } else {
        render::put
    };
    let Turned {
        outcome,
        tally,
        answer,
    } = crate::runtime()?.block_on(turn(asked, ready, model, &mut session, put))?;
    let (path, diff) = session.close(i32::from(outcome.exit_code()), outcome.as_str())?;
    put(&summary::words(&summary::Run {
        json: how.json,
        outcome: &outcome,
        diff: &diff,
        tally,
        elapsed: started.elapsed(),
        journal: &path,
        workspace: session.workspace.root(),
        direct: session.workspace.staged().is_none(),
        directory: &session.directory,
        answer: answer.as_ref(),
    })?);
    if let (Some(answer), false) = (answer, how.json) {
        render::put(&format!("{answer}\n"));
    }
    Ok(outcome.exit_code())
}

/// What came of a turn.
struct Turned {
    outcome: Outcome,
    tally: Tally,
    /// The final answer, where it had to fit a schema and does.
    answer: Option<serde_json::Value>,
}

async fn turn(
    asked: &Asked<'_>,
    ready: &Ready,
    model: Box<dyn Model>,
    session: &mut Opened,
    put: fn(&str),
) -> Result<Turned, Fail> {
    let config = &ready.here.loaded.config;
    let yolo = config.yolo_mode;
    let approver = Arc::new(Waiving {
        all: Arc::new(move || yolo),
        cpu_jobs: !config.confirm_cpu_jobs,
        otherwise: Unattended,
    });
    let Started {
        mut agent,
        mut events,
        label,
        tools,
    } = start(ready, session, model, approver).await?;
    let json = asked.how.json;
    if !json {
        put(&opening(ready, session, &label, &tools));
    }
    let cancel = CancellationToken::new();
    let watcher = tokio::spawn(interrupt(cancel.clone()));
    // Nothing is drawn anew: nobody types below it.
    let terminal = render::terminal(|name| ready.here.environment.process(name));
    let terminal = screen::Terminal {
        moves: false,
        // In a log, a long line is found more easily than a broken one.
        width: if terminal.tty { terminal.width } else { LOG },
        ..terminal
    };
    let printing = tokio::spawn(async move {
        let mut turn = screen::Turn::new(&terminal).alone();
        let begun = std::time::Instant::now();
        while let Some(envelope) = events.recv().await {
            put(&if json {
                render::json(&envelope)
            } else {
                turn.event(&envelope.event, begun.elapsed())
            });
        }
    });
    let (outcome, answer) = answered(&mut agent, asked.words, asked.schema, &cancel).await;
    let tally = agent.tally();
    drop(agent);
    watcher.abort();
    printing.await.map_err(failed)?;
    Ok(Turned {
        outcome,
        tally,
        answer,
    })
}

/// Takes the turn, and where the answer has to fit a schema, lets the model put it right.
async fn answered(
    agent: &mut Agent,
    words: &str,
    schema: Option<&Schema>,
    cancel: &CancellationToken,
) -> (Outcome, Option<serde_json::Value>) {
    let Some(schema) = schema else {
        return (agent.run_turn(words, cancel).await, None);
    };
    let mut words = format!("{words}{}", schema.told());
    let mut corrections = 0;
    loop {
        let outcome = agent.run_turn(&words, cancel).await;
        let Outcome::Done { text } = &outcome else {
            return (outcome, None);
        };
        let problem = match schema.answer(text.as_deref().unwrap_or_default()) {
            Ok(answer) => return (outcome, Some(answer)),
            Err(problem) => problem,
        };
        if corrections == CORRECTIONS {
            let error = format!("the final answer does not fit the schema: {problem}");
            return (Outcome::Failed { error }, None);
        }
        corrections += 1;
        words = format!(
            "Your final answer does not fit the JSON Schema: {problem}. Answer again, with the JSON alone."
        );
    }
}

/// What is about to run: the model, the policy, and where.
pub(crate) fn opening(ready: &Ready, session: &Opened, label: &str, tools: &PluginTools) -> String {
    let workspace = &session.workspace;
    let (place, how) = match workspace.staged() {
        Some(_) => (workspace.root(), "a private copy"),
        None => (workspace.root(), "the directory itself"),
    };
    format!(
        "model      {label}\npolicy     {}\ntools      {}\nworkspace  {} ({how})\n\n",
        ready.policy.policy.name(),
        tools.entries().len(),
        place.display(),
    )
}

/// The prompt: what was given, or standard input.
fn words(prompt: Option<&str>) -> Result<String, Fail> {
    let prompt = match prompt {
        Some(prompt) if prompt != "-" => prompt.to_owned(),
        None if std::io::stdin().is_terminal() => {
            return Err(Fail::usage(
                "no prompt; give one, or `-` to read it from standard input, or use `ml-intern chat` (see --help)",
            ));
        }
        _ => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Fail::usage(format!("standard input: {error}")))?;
            text
        }
    };
    if prompt.trim().is_empty() {
        return Err(Fail::usage(
            "no prompt; give one as an argument, in a file or on standard input (see --help)",
        ));
    }
    Ok(prompt)
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
