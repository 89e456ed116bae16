//! What the loop itself takes, with a scripted model and a tool in this process that does nothing.
//!
//! | row | what is timed | reach |
//! | --- | --- | --- |
//! | iteration, one call | from one request to the next: an answer in 20 pieces, a call that only looks, its result, all records | 2 ms |
//! | the same, writing | the same with a call that writes: three of its records wait for the disk | |
//! | iteration, 5 calls together | in a session of 1,000 messages | 5 ms |
//! | by messages | one call, in sessions of 100, 1,000 and 10,000 messages: what the loop does must not grow | flat |
//! | piece to event | from the model's piece to whoever watches, at 2,000 pieces a second | 1 ms (p99) |
//! | interrupt | from the interrupt to the end of the turn, with a tool that does not listen, which is the worst case | 100 ms |
//! | resume | opening a journal of 10,000 records, reading the session, an agent that can go on | 300 ms |
//!
//! The model takes no time here and sends no request, so a request's body is in none of it. The real `read` plugin adds
//! about 50 µs a call for its sandbox (`bench/benches/calls.rs`). Journals are written to the directory for temporary files.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark; a panic is its report"
)]

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use journal::{Header, Journal, Reader, Redactor};
use ml_intern_agent::{
    Agent, Approval, CallContext, Envelope, Event, Events, FinishReason, Model, ModelError,
    ModelInfo, Options, Part, Parts, Prepared, Receipt, Restored, Services, SystemClock, ToolCall,
    ToolFailure, ToolOutcome, ToolOutput, ToolSpec, Tools, Turn, TurnRequest, TurnSink, Unattended,
    Usage,
};
use policy::{Decision, Effect, Verdict};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// What a model does in the turns to come.
#[derive(Clone, Copy)]
struct Work {
    tool: &'static str,
    /// Calls of one answer.
    calls: u64,
    /// Answers with calls, before the one that ends the turn.
    answers: u64,
}

/// Calls tools as often as it is told, and notes when it was asked.
struct Caller {
    work: Mutex<Work>,
    asked: Mutex<Vec<Instant>>,
    calls: AtomicU64,
}

/// What an answer says, about 400 bytes in 20 pieces.
const PIECE: &str = "these are some words ";
const PIECES: usize = 20;

#[async_trait]
impl Model for Caller {
    fn label(&self) -> String {
        "caller".to_owned()
    }

    async fn info(&self) -> ModelInfo {
        // No session here is ever made shorter.
        ModelInfo {
            context_window: Some(1 << 40),
            ..ModelInfo::unknown("caller")
        }
    }

    async fn turn(
        &self,
        request: TurnRequest<'_>,
        sink: &mut dyn TurnSink,
    ) -> Result<Turn, ModelError> {
        self.asked.lock().unwrap().push(Instant::now());
        for _ in 0..PIECES {
            sink.text(PIECE);
        }
        let work = {
            let mut work = self.work.lock().unwrap();
            let now = *work;
            work.answers = now.answers.saturating_sub(1);
            now
        };
        let calls = if work.answers == 0 { 0 } else { work.calls };
        let tool_calls = (0..calls).map(|_| {
            let number = self.calls.fetch_add(1, Ordering::Relaxed);
            ToolCall {
                id: format!("call_{number}"),
                name: work.tool.to_owned(),
                arguments: json!({"path": format!("src/file_{number}.rs"), "offset": number})
                    .to_string(),
            }
        });
        Ok(Turn {
            text: PIECE.repeat(PIECES),
            tool_calls: tool_calls.collect(),
            finish: if calls == 0 {
                FinishReason::Stop
            } else {
                FinishReason::ToolCalls
            },
            usage: Some(Usage {
                input_tokens: 100 * request.messages.len() as u64,
                output_tokens: 120,
                ..Usage::default()
            }),
            ..Turn::default()
        })
    }
}

/// `read` looks, `write` writes; neither does it. `wait` does not even end.
struct Idle;

#[async_trait]
impl Tools for Idle {
    fn specs(&self) -> Vec<ToolSpec> {
        let spec = |name: &str| ToolSpec {
            name: name.to_owned(),
            description: "Does what it says, for a path.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {"path": {"type": "string"}, "offset": {"type": "integer"}},
                "required": ["path"],
            }),
        };
        ["read", "write", "wait"].map(spec).into()
    }

    fn prepare(&self, tool: &str, arguments: &Value) -> Result<Prepared, ToolFailure> {
        let effect = if tool == "read" {
            Effect::Observe
        } else {
            Effect::Write
        };
        let decision = Decision {
            verdict: Verdict::Allow,
            subject: format!("effect {effect}"),
            rule: "bench: always".to_owned(),
            remedy: String::new(),
        };
        Ok(Prepared {
            plugin: "files".to_owned(),
            tool: tool.to_owned(),
            operation: tool.to_owned(),
            effects: vec![effect],
            target: arguments["path"].as_str().unwrap_or_default().to_owned(),
            decision: decision.clone(),
            decisions: vec![decision],
            token: Box::new(()),
        })
    }

    async fn run(&self, prepared: Prepared, _: Approval, context: CallContext) -> ToolOutcome {
        if prepared.tool == "wait" {
            context.progress.log("begun");
            return std::future::pending().await;
        }
        let line = format!("line of a file that call {} reads\n", context.call_id);
        ToolOutcome {
            result: Ok(ToolOutput {
                content: vec![Part::text(line.repeat(50))],
                structured: None,
            }),
            receipt: Receipt::default(),
            denials: vec![],
        }
    }
}

fn parts(model: Arc<dyn Model>, journal: Journal) -> Parts {
    Parts {
        model,
        tools: Arc::new(Idle),
        approver: Arc::new(Unattended),
        clock: Arc::new(SystemClock::new()),
        journal: Arc::new(Mutex::new(journal)),
        system_prompt: "You are measured.".repeat(1_000),
    }
}

fn options() -> Options {
    Options {
        max_iterations: u32::MAX,
        ..Options::default()
    }
}

fn begin(directory: &Path, model: Arc<dyn Model>) -> (Agent, Events) {
    let header = Header {
        id: "bench".to_owned(),
        program: "bench".to_owned(),
    };
    let path = directory.join("journal.jsonl");
    let journal = Journal::create(path, header, Redactor::none()).unwrap();
    Agent::new(parts(model, journal), options()).unwrap()
}

/// A session in which a model calls tools.
struct Session {
    directory: tempfile::TempDir,
    model: Arc<Caller>,
    agent: Agent,
}

impl Session {
    fn new() -> Session {
        let directory = tempfile::tempdir().unwrap();
        let model = Arc::new(Caller {
            work: Mutex::new(Work {
                tool: "read",
                calls: 0,
                answers: 0,
            }),
            asked: Mutex::default(),
            calls: AtomicU64::new(0),
        });
        let (agent, mut events) = begin(directory.path(), Arc::clone(&model) as Arc<dyn Model>);
        // Somebody watches.
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        Session {
            directory,
            model,
            agent,
        }
    }

    /// Times from request to request.
    async fn iterations(&mut self, work: Work) -> Vec<Duration> {
        *self.model.work.lock().unwrap() = work;
        self.model.asked.lock().unwrap().clear();
        let outcome = self.agent.run_turn("go", &CancellationToken::new()).await;
        assert_eq!(outcome.as_str(), "done", "{outcome:?}");
        let asked = self.model.asked.lock().unwrap();
        let times: Vec<Duration> = asked.windows(2).map(|two| two[1] - two[0]).collect();
        assert_eq!(times.len() as u64, work.answers);
        times
    }

    /// Goes on until there are so many messages.
    async fn grow(&mut self, messages: usize) {
        let missing = messages.saturating_sub(self.agent.messages().len() + 2);
        let work = Work {
            tool: "read",
            calls: 1,
            answers: missing as u64 / 2,
        };
        self.iterations(work).await;
        assert!(self.agent.messages().len() >= messages - 3);
    }
}

/// Says so many pieces, two each millisecond, and when.
struct Talker {
    pieces: usize,
    said: Arc<Mutex<Vec<Instant>>>,
}

#[async_trait]
impl Model for Talker {
    fn label(&self) -> String {
        "talker".to_owned()
    }

    async fn turn(&self, _: TurnRequest<'_>, sink: &mut dyn TurnSink) -> Result<Turn, ModelError> {
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        for number in 0..self.pieces {
            if number % 2 == 0 {
                ticks.tick().await;
            }
            self.said.lock().unwrap().push(Instant::now());
            sink.text(PIECE);
        }
        Ok(Turn {
            text: PIECE.repeat(self.pieces),
            ..Turn::default()
        })
    }
}

/// Times from a piece to the event of it.
async fn stream(pieces: usize) -> Vec<Duration> {
    let directory = tempfile::tempdir().unwrap();
    let said = Arc::new(Mutex::new(Vec::with_capacity(pieces)));
    let model = Talker {
        pieces,
        said: Arc::clone(&said),
    };
    let (mut agent, mut events) = begin(directory.path(), Arc::new(model));
    let watching = tokio::spawn(async move {
        let mut heard = Vec::with_capacity(pieces);
        while let Some(Envelope { event, .. }) = events.recv().await {
            if matches!(event, Event::AssistantChunk { .. }) {
                heard.push(Instant::now());
            }
        }
        heard
    });
    agent.run_turn("go", &CancellationToken::new()).await;
    drop(agent);
    let heard = watching.await.unwrap();
    let said = said.lock().unwrap();
    assert_eq!(heard.len(), pieces);
    said.iter()
        .zip(&heard)
        .map(|(said, heard)| *heard - *said)
        .collect()
}

/// Times from an interrupt to the end of the turn, in the midst of a call that does not listen.
async fn interrupt(times: usize) -> Vec<Duration> {
    let mut taken = vec![];
    for _ in 0..times {
        let directory = tempfile::tempdir().unwrap();
        let model = Caller {
            work: Mutex::new(Work {
                tool: "wait",
                calls: 1,
                answers: 1,
            }),
            asked: Mutex::default(),
            calls: AtomicU64::new(0),
        };
        let (mut agent, mut events) = begin(directory.path(), Arc::new(model));
        let cancel = CancellationToken::new();
        let token = cancel.clone();
        let watching = tokio::spawn(async move {
            while let Some(Envelope { event, .. }) = events.recv().await {
                if matches!(event, Event::ToolLog { .. }) {
                    break;
                }
            }
            token.cancel();
            Instant::now()
        });
        let outcome = agent.run_turn("go", &cancel).await;
        let end = Instant::now();
        assert_eq!(outcome.as_str(), "interrupted");
        taken.push(end - watching.await.unwrap());
    }
    taken
}

/// Times of going on with a session of at least so many records, and how many bytes its journal has.
async fn resume(records: u64, times: usize) -> (Vec<Duration>, u64) {
    let mut session = Session::new();
    let work = Work {
        tool: "read",
        calls: 1,
        // Nine records an iteration: see the loop's own table.
        answers: records / 9 + 1,
    };
    session.iterations(work).await;
    let path = session.directory.path().join("journal.jsonl");
    let (model, directory) = (session.model, session.directory);
    drop(session.agent);
    let written = Reader::open(&path).unwrap().count() as u64;
    assert!(written >= records, "{written}");
    let mut taken = vec![];
    for _ in 0..times {
        let start = Instant::now();
        let journal = Journal::open(&path, Redactor::none()).unwrap();
        let restored = Restored::read(Reader::open(&path).unwrap()).unwrap();
        let parts = parts(Arc::clone(&model) as Arc<dyn Model>, journal);
        let resumed = Agent::resume(parts, Services::default(), options(), restored).unwrap();
        taken.push(start.elapsed());
        drop(resumed);
    }
    let bytes = std::fs::metadata(&path).unwrap().len();
    drop(directory);
    (taken, bytes)
}

/// The median and the 99th percentile.
fn row(name: &str, mut times: Vec<Duration>, reach: &str) {
    times.sort();
    let at = |percent: usize| {
        let place = (times.len() * percent).div_ceil(100).max(1) - 1;
        times[place].as_secs_f64() * 1_000.0
    };
    println!(
        "| {name} | {:.3} ms | {:.3} ms | {reach} | {} |",
        at(50),
        at(99),
        times.len()
    );
}

async fn measure(scale: usize) {
    let work = |tool, calls, answers: usize| Work {
        tool,
        calls,
        answers: answers as u64,
    };
    println!("| row | p50 | p99 | reach | samples |\n| --- | --- | --- | --- | --- |");
    let mut session = Session::new();
    session.iterations(work("read", 1, 10 * scale)).await;
    let mut session = Session::new();
    let times = session.iterations(work("read", 1, 100 * scale)).await;
    row("iteration, one call", times, "2 ms");
    let mut session = Session::new();
    let times = session.iterations(work("write", 1, 20 * scale)).await;
    row("the same, writing", times, "");

    let mut session = Session::new();
    session.grow(1_000).await;
    let times = session.iterations(work("read", 5, 30 * scale)).await;
    row(
        "iteration, 5 calls together, from 1,000 messages",
        times,
        "5 ms",
    );

    for messages in [100, 1_000, 1_000 * scale.min(10)] {
        let mut session = Session::new();
        session.grow(messages).await;
        let times = session.iterations(work("read", 1, 20 * scale)).await;
        row(
            &format!("one call, from {messages} messages"),
            times,
            "flat",
        );
    }

    row("piece to event", stream(1_000 * scale).await, "1 ms (p99)");

    row("interrupt", interrupt(5 * scale).await, "100 ms");

    let (times, bytes) = resume(1_000 * scale.min(10) as u64, 2 * scale).await;
    let name = format!(
        "resume, {} records, {:.1} MB",
        1_000 * scale.min(10),
        bytes as f64 / 1e6
    );
    row(&name, times, "300 ms");
}

fn main() {
    // `cargo bench` says so; `cargo test --benches` only wants to know whether it runs.
    let scale = if std::env::args().any(|arg| arg == "--bench") {
        10
    } else {
        1
    };
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(measure(scale));
}
