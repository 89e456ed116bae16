//! A real process that is killed (SIGKILL) in the midst of a session, again and again, and goes on each time.
//!
//! The process is this test binary: it runs [`a_session_that_nobody_kills`] in a directory of the killer's. Its model and
//! its tools write down what they saw in files of their own, one a process, so that what is held is held against those and
//! not against the journal alone:
//!
//! - whatever the model was sent is in the conversation that is read back, in order and word for word;
//! - whatever a person was shown of an answer or a result as complete is in the journal;
//! - nothing is run that the journal has no start of, and nothing is run twice: where the model asks for it again, it was
//!   told that the first run was interrupted;
//! - what the model is told not to have run has not run;
//! - at the end everything was done, every call has exactly one end, and the chain verifies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use journal::{Data, Entry, Fault, Journal, Reader, Redactor};
use ml_intern_agent::{
    Agent, Agents, Approval, CallContext, FinishReason, Message, Model, ModelError, NestedTask,
    Options, Part, Parts, Prepared, Receipt, Restored, Services, SystemClock, ToolCall,
    ToolFailure, ToolOutcome, ToolOutput, ToolSpec, Tools, Turn, TurnRequest, TurnSink, in_words,
};
use policy::{Decision, Effect, Verdict};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::bench::Yes;

/// Names the directory of a process that is to be killed.
const DIRECTORY: &str = "ML_INTERN_TEST_KILLS";
/// How often a process is killed.
const KILLS: usize = 200;
/// Steps of a session, one after the other, and the calls of one step, which run together.
const STEPS: u64 = 12;
const PARTS: [&str; 5] = ["looks", "acts", "asks", "acts", "delegates"];
/// Steps that the model takes before it says something.
const STEPS_A_TURN: u64 = 4;
/// The last words.
const OVER: &str = "all is done";
/// Signs of life after which a process is killed, at most.
const LONGEST_LIFE: usize = 80;

const LOST: &str = "interrupted: the session ended while this call ran.";
const NEVER_RAN: &str = "not executed: the session ended before this call ran.";

/// What the model and the tools write down. Each process has files of its own, since a killed one may end in half a line.
struct Log(Mutex<File>);

impl Log {
    fn new(directory: &Path, name: &str) -> Log {
        let path = (0..)
            .map(|number| directory.join(format!("{name}-{number}")))
            .find(|path| !path.exists())
            .unwrap();
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(path)
            .unwrap();
        Log(Mutex::new(file))
    }

    fn line(&self, line: &str) {
        let mut file = self.0.lock().unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The whole lines of all processes, in order.
    fn read(directory: &Path, name: &str) -> Vec<String> {
        let mut lines = vec![];
        for number in 0.. {
            let Ok(text) = std::fs::read_to_string(directory.join(format!("{name}-{number}")))
            else {
                break;
            };
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            lines.extend(whole.lines().map(str::to_owned));
        }
        lines
    }
}

/// A sign of life for whoever waits to kill.
fn alive() {
    if std::env::var_os(DIRECTORY).is_some() {
        std::io::stderr().write_all(b".").unwrap();
    }
}

/// Gives way, so that other tasks get to run in between.
async fn a_moment(of: u64) {
    tokio::time::sleep(Duration::from_micros(of * 397 % 2_000)).await;
}

/// Goes through the steps by what it reads in the conversation, and asks again for what was interrupted.
struct Steps {
    requests: Log,
}

/// How often each part was asked for, and whether it gave a result.
fn parts(messages: &[Message]) -> BTreeMap<(u64, u64), (u64, bool)> {
    let mut parts = BTreeMap::new();
    let mut asked: BTreeMap<&str, Value> = BTreeMap::new();
    for message in messages {
        match message {
            Message::Assistant { tool_calls, .. } => {
                for call in tool_calls {
                    asked.insert(&call.id, serde_json::from_str(&call.arguments).unwrap());
                }
            }
            Message::Tool {
                tool_call_id,
                success,
                ..
            } => {
                let arguments = &asked[tool_call_id.as_str()];
                let field = |name: &str| arguments[name].as_u64().unwrap();
                parts.insert((field("step"), field("part")), (field("attempt"), *success));
            }
            _ => {}
        }
    }
    parts
}

fn call(step: u64, part: u64, attempt: u64) -> ToolCall {
    let tool = PARTS[usize::try_from(part).unwrap()];
    ToolCall {
        id: format!("m{step}-{part}-{attempt}"),
        name: tool.to_owned(),
        arguments: json!({"step": step, "part": part, "attempt": attempt}).to_string(),
    }
}

/// What it says to a conversation.
fn next(messages: &[Message]) -> (String, Vec<ToolCall>) {
    let parts = parts(messages);
    let done = |step| {
        (0..PARTS.len() as u64).all(|part| matches!(parts.get(&(step, part)), Some((_, true))))
    };
    let Some(step) = (0..STEPS).find(|step| !done(*step)) else {
        return (OVER.to_owned(), vec![]);
    };
    let has_worked = matches!(messages.last(), Some(Message::Tool { .. }));
    if step % STEPS_A_TURN == 0 && has_worked && parts.keys().all(|(one, _)| *one < step) {
        return (format!("{step} steps are done"), vec![]);
    }
    let calls = (0..PARTS.len() as u64).filter_map(|part| match parts.get(&(step, part)) {
        None => Some(call(step, part, 0)),
        Some((_, true)) => None,
        Some((attempt, false)) => Some(call(step, part, attempt + 1)),
    });
    (format!("now step {step}"), calls.collect())
}

/// What a nested agent says: it looks twice, and is done.
fn next_nested(messages: &[Message]) -> (String, Vec<ToolCall>) {
    let Some(Message::User { content }) = messages.get(1) else {
        panic!("no task: {messages:?}");
    };
    if matches!(messages.last(), Some(Message::Tool { .. })) {
        return ("found".to_owned(), vec![]);
    }
    let calls = (0..2).map(|number| ToolCall {
        id: format!("n{number}"),
        name: "looks".to_owned(),
        arguments: json!({"task": in_words(content), "number": number}).to_string(),
    });
    (String::new(), calls.collect())
}

#[async_trait]
impl Model for Steps {
    fn label(&self) -> String {
        "steps".to_owned()
    }

    async fn turn(
        &self,
        request: TurnRequest<'_>,
        sink: &mut dyn TurnSink,
    ) -> Result<Turn, ModelError> {
        let is_main = request.messages[0]
            == Message::System {
                text: "You are a test.".into(),
            };
        if is_main {
            self.requests
                .line(&serde_json::to_string(request.messages).unwrap());
        }
        alive();
        a_moment(request.messages.len() as u64).await;
        let (text, tool_calls) = if is_main {
            next(request.messages)
        } else {
            next_nested(request.messages)
        };
        for piece in text.split_inclusive(' ') {
            alive();
            sink.text(piece);
            tokio::task::yield_now().await;
        }
        alive();
        Ok(Turn {
            text,
            finish: if tool_calls.is_empty() {
                FinishReason::Stop
            } else {
                FinishReason::ToolCalls
            },
            tool_calls,
            ..Turn::default()
        })
    }
}

/// Tools that write down that they run.
struct Effects {
    runs: Log,
    agents: OnceLock<Arc<dyn Agents>>,
}

#[async_trait]
impl Tools for Effects {
    fn specs(&self) -> Vec<ToolSpec> {
        let names: BTreeSet<&str> = PARTS.into();
        let spec = |name: &str| ToolSpec {
            name: name.to_owned(),
            description: String::new(),
            parameters: json!({"type": "object"}),
        };
        names.into_iter().map(spec).collect()
    }

    fn prepare(&self, tool: &str, arguments: &Value) -> Result<Prepared, ToolFailure> {
        let (verdict, effect) = match tool {
            "looks" | "delegates" => (Verdict::Allow, Effect::Observe),
            "asks" => (Verdict::Ask, Effect::Write),
            _ => (Verdict::Allow, Effect::Write),
        };
        let decision = Decision {
            verdict,
            subject: format!("effect {effect}"),
            rule: "test".to_owned(),
            remedy: "allow it".to_owned(),
        };
        Ok(Prepared {
            plugin: "test".to_owned(),
            tool: tool.to_owned(),
            operation: "run".to_owned(),
            effects: vec![effect],
            target: String::new(),
            decision: decision.clone(),
            decisions: vec![decision],
            token: Box::new(arguments.clone()),
        })
    }

    async fn run(&self, prepared: Prepared, _: Approval, context: CallContext) -> ToolOutcome {
        let arguments = *prepared.token.downcast::<Value>().unwrap();
        self.runs.line(&arguments.to_string());
        alive();
        a_moment(context.call_id.number()).await;
        if prepared.tool == "delegates" {
            let task = NestedTask {
                prompt: format!("{}-{}", arguments["step"], arguments["attempt"]),
                tools: vec!["looks".to_owned()],
                ..NestedTask::default()
            };
            let agents = self.agents.get().unwrap();
            let found = agents.run(context.call_id, task).await.unwrap();
            assert_eq!(found, "found");
        }
        alive();
        ToolOutcome {
            result: Ok(ToolOutput {
                content: vec![Part::text(arguments.to_string())],
                structured: None,
            }),
            receipt: Receipt::default(),
            denials: vec![],
        }
    }
}

fn journal_of(directory: &Path) -> PathBuf {
    directory.join("journal.jsonl")
}

/// Begins the session of a directory, or goes on with it, up to its end.
async fn session(directory: &Path) {
    let path = journal_of(directory);
    let tools = Arc::new(Effects {
        runs: Log::new(directory, "runs"),
        agents: OnceLock::new(),
    });
    let requests = Log::new(directory, "requests");
    let shown = Log::new(directory, "shown");
    alive();
    let (journal, restored) = if path.exists() {
        let journal = Journal::open(&path, Redactor::none()).unwrap();
        alive();
        let restored = Restored::read(Reader::open(&path).unwrap()).unwrap();
        (journal, Some(restored))
    } else {
        let header = journal::Header {
            id: "killed".into(),
            program: "test".into(),
        };
        let journal = Journal::create(&path, header, Redactor::none()).unwrap();
        (journal, None)
    };
    alive();
    let parts = Parts {
        model: Arc::new(Steps { requests }),
        tools: Arc::clone(&tools) as Arc<dyn Tools>,
        approver: Arc::new(Yes),
        clock: Arc::new(SystemClock::new()),
        journal: Arc::new(Mutex::new(journal)),
        system_prompt: "You are a test.".into(),
    };
    let (services, options) = (Services::default(), Options::default());
    let (mut agent, mut events) = match restored {
        None => Agent::with(parts, services, options).unwrap(),
        Some(restored) => Agent::resume(parts, services, options, restored).unwrap(),
    };
    tools.agents.set(agent.agents()).ok().unwrap();
    alive();
    let showing = tokio::spawn(async move {
        while let Some(envelope) = events.recv().await {
            let json = serde_json::to_value(&envelope).unwrap();
            shown.line(&json.to_string());
        }
    });
    let is_over = |agent: &Agent| matches!(agent.messages().last(), Some(Message::Assistant { text, .. }) if text == OVER);
    while !is_over(&agent) {
        let outcome = agent.run_turn("go on", &CancellationToken::new()).await;
        assert_eq!(outcome.as_str(), "done", "{outcome:?}");
    }
    drop(agent);
    drop(tools);
    showing.await.unwrap();
}

fn run_session(directory: &Path) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(session(directory));
}

/// The session as it goes by itself; and the process that is killed.
#[test]
fn a_session_that_nobody_kills() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        run_session(Path::new(&directory));
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    run_session(directory.path());
    let found = examine(directory.path()).unwrap();
    assert_eq!(found, Found::default());
    is_complete(directory.path());
    // Nothing was asked for a second time.
    let calls = STEPS * (PARTS.len() as u64 + 2);
    assert_eq!(Log::read(directory.path(), "runs").len() as u64, calls);
}

/// What a process was about when it was killed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Found {
    /// Calls that ran.
    running: usize,
    /// Whether a model was asked.
    asked: bool,
    /// Whether it was in the midst of a write.
    torn: bool,
}

/// Checks what is held of a session that was killed. None where it had not begun.
fn examine(directory: &Path) -> Option<Found> {
    let path = journal_of(directory);
    let requests = Log::read(directory, "requests");
    let runs = Log::read(directory, "runs");
    let mut found = Found::default();
    let mut entries: Vec<Entry> = vec![];
    if path.exists() {
        for record in Reader::open(&path).unwrap() {
            match record {
                Ok(record) => entries.push(record.entry),
                Err(error) => {
                    let torn = matches!(error.fault, Fault::Torn { .. });
                    let empty = matches!(error.fault, Fault::Empty) && entries.is_empty();
                    assert!(torn || empty, "{error}");
                    found.torn = torn;
                }
            }
        }
    }
    if entries.is_empty() {
        assert!(requests.is_empty() && runs.is_empty());
        return None;
    }

    // What the model was sent is there.
    let restored = Restored::read(Reader::open(&path).unwrap()).unwrap();
    let messages = restored.messages();
    if let Some(last) = requests.last() {
        let sent: Vec<Message> = serde_json::from_str(last).unwrap();
        assert!(
            messages.starts_with(&sent),
            "sent: {sent:#?}\nread back: {messages:#?}"
        );
    }
    // What ran had been said to start, and ran once.
    let mut started: BTreeSet<String> = BTreeSet::new();
    let mut ended: BTreeSet<u64> = BTreeSet::new();
    let mut open: BTreeSet<u64> = BTreeSet::new();
    let mut answers = 0;
    for entry in &entries {
        let call = entry.call.map(journal::CallId::number);
        match &entry.data {
            Data::CallStart(start) => {
                assert!(started.insert(start.arguments.to_string()), "{start:?}");
                assert!(open.insert(call.unwrap()));
            }
            Data::CallEnd(_) | Data::CallCancelled(_) => {
                open.remove(&call.unwrap());
                assert!(ended.insert(call.unwrap()), "{call:?} ended twice");
            }
            Data::ModelRequest(_) => found.asked = true,
            Data::ModelTurn(_) => {
                answers += 1;
                found.asked = false;
            }
            _ => {}
        }
    }
    found.running = open.len();
    let mut ran: BTreeSet<&str> = BTreeSet::new();
    for run in &runs {
        assert!(
            started.contains(run),
            "{run} ran, and was not said to start"
        );
        assert!(ran.insert(run), "{run} ran twice");
    }
    // What a person was shown as complete is there.
    let mut shown_answers = 0;
    for line in Log::read(directory, "shown") {
        let event: Value = serde_json::from_str(&line).unwrap();
        match event["event_type"].as_str().unwrap() {
            "llm_call" => shown_answers += 1,
            "tool_output" => {
                let id = event["data"]["tool_call_id"].as_str().unwrap();
                let number = id.trim_start_matches('c').parse().unwrap();
                assert!(ended.contains(&number), "{line} has no end");
            }
            _ => {}
        }
    }
    assert!(shown_answers <= answers, "{shown_answers} {answers}");
    // What is said of the calls that were cut short is true.
    for message in messages {
        let Message::Tool {
            tool_call_id,
            content,
            ..
        } = message
        else {
            continue;
        };
        let words = in_words(content);
        let mut ids = tool_call_id[1..]
            .split('-')
            .map(|part| part.parse().unwrap());
        let (step, part, attempt) = (
            ids.next().unwrap(),
            ids.next().unwrap(),
            ids.next().unwrap(),
        );
        let arguments = call(step, part, attempt).arguments;
        let has_run = ran.contains(arguments.as_str());
        if words.contains(NEVER_RAN) {
            assert!(!has_run, "{arguments} has run");
        } else if !words.contains(LOST) {
            assert_eq!(words, arguments);
            assert!(has_run, "{arguments} has not run");
        }
        if attempt > 0 {
            // It was only asked for again because the model had been told.
            let before = format!("m{step}-{part}-{}", attempt - 1);
            let told = messages.iter().any(|one| {
                matches!(one, Message::Tool { tool_call_id, content, .. }
                    if *tool_call_id == before && [LOST, NEVER_RAN].iter().any(|words| in_words(content).contains(words)))
            });
            assert!(told, "{arguments}");
        }
    }
    Some(found)
}

/// Checks what is held of a session at its end.
fn is_complete(directory: &Path) {
    let path = journal_of(directory);
    journal::verify(&path).unwrap();
    let restored = Restored::read(Reader::open(&path).unwrap()).unwrap();
    let parts = parts(restored.messages());
    assert_eq!(parts.len() as u64, STEPS * PARTS.len() as u64);
    assert!(parts.values().all(|(_, done)| *done), "{parts:?}");
}

/// Runs a process, and kills it after so many signs of life and so long. Gives whether it came to its end before.
fn killed_after(directory: &Path, signs: usize, pause: Duration) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kills::a_session_that_nobody_kills",
            "--nocapture",
        ])
        .env(DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut said = vec![];
    let mut byte = [0];
    while said.iter().filter(|byte| **byte == b'.').count() < signs
        && stderr.read(&mut byte).unwrap() == 1
    {
        said.extend(byte);
    }
    std::thread::sleep(pause);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    stderr.read_to_end(&mut said).unwrap();
    let by_itself = status.code();
    assert!(
        matches!(by_itself, None | Some(0)),
        "{status}: {}",
        String::from_utf8_lossy(&said)
    );
    by_itself.is_some()
}

#[test]
fn a_process_killed_at_random_points() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut directory = tempfile::tempdir().unwrap();
    let mut kills = vec![];
    let (mut sessions, mut unborn) = (0, 0);
    while kills.len() < KILLS {
        let signs = random.usize(..=LONGEST_LIFE);
        let pause = Duration::from_micros(random.u64(..400));
        let by_itself = killed_after(directory.path(), signs, pause);
        let found = examine(directory.path());
        if by_itself {
            is_complete(directory.path());
            sessions += 1;
            directory = tempfile::tempdir().unwrap();
            continue;
        }
        match found {
            Some(found) => kills.push(found),
            // Killed while its first record was written: there is no session yet.
            None => {
                unborn += 1;
                directory = tempfile::tempdir().unwrap();
            }
        }
    }
    // What the last kill left behind comes to its end as well.
    assert!(killed_after(directory.path(), usize::MAX, Duration::ZERO));
    examine(directory.path());
    is_complete(directory.path());

    // The points were where they count.
    let of = |which: fn(&Found) -> bool| kills.iter().filter(|found| which(found)).count();
    let table = [
        ("with calls running", of(|found| found.running > 0), 30),
        (
            "with several calls running",
            of(|found| found.running > 1),
            20,
        ),
        ("with a model asked", of(|found| found.asked), 10),
        ("sessions that came to their end", sessions, 3),
    ];
    let torn = of(|found| found.torn);
    println!(
        "{} kills, {torn} in a write, {unborn} before the first record; {table:?}",
        kills.len()
    );
    for (what, times, least) in table {
        assert!(times >= least, "{what}: {times} of {KILLS}");
    }
}
