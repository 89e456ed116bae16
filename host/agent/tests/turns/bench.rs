//! A model, tools and approvers without a world behind them, and a bench to run an agent on.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use ml_intern_agent::{
    Agent, Agents, Answer, Approval, Approver, ArgumentError, CallContext, Clock, Denial, Events,
    FinishReason, Message, MicroUsd, Model, ModelError, ModelInfo, NestedError, NestedTask,
    Options, Outcome, Part, Parts, Prepared, Question, Quote, Receipt, Restored, Services,
    ToolCall, ToolFailure, ToolOutcome, ToolOutput, ToolSpec, Tools, Turn, TurnRequest, TurnSink,
    Unattended, Usage,
};
use policy::{Decision, Effect, LimitExceeded, LimitName, Verdict};
use serde_json::{Value, json};
use tokio::sync::{Barrier, Notify};
use tokio_util::sync::CancellationToken;

/// What a model says to a request.
pub(crate) type Says = Box<dyn FnMut(&TurnRequest<'_>) -> Option<Result<Turn, ModelError>> + Send>;

/// Says the turns it was given, one after the other, and remembers what it was asked.
pub(crate) struct Canned {
    says: Mutex<Says>,
    pub(crate) asked: Mutex<Vec<Vec<Message>>>,
    pub(crate) bounds: Mutex<Vec<Option<u64>>>,
    pub(crate) efforts: Mutex<Vec<Option<ml_intern_agent::Effort>>>,
    pub(crate) started: Notify,
    /// Whether the next answer breaks off once before it comes whole.
    pub(crate) breaks_off: AtomicBool,
    pub(crate) info: Mutex<ModelInfo>,
}

#[async_trait]
impl Model for Canned {
    fn label(&self) -> String {
        "canned".to_owned()
    }

    async fn info(&self) -> ModelInfo {
        self.info.lock().unwrap().clone()
    }

    async fn turn(
        &self,
        request: TurnRequest<'_>,
        sink: &mut dyn TurnSink,
    ) -> Result<Turn, ModelError> {
        self.asked.lock().unwrap().push(request.messages.to_vec());
        let next = (self.says.lock().unwrap())(&request);
        self.bounds.lock().unwrap().push(request.max_output_tokens);
        self.efforts.lock().unwrap().push(request.effort);
        // Without a turn, it thinks for ever.
        let Some(turn) = next else {
            sink.text("half a ");
            self.started.notify_one();
            return std::future::pending().await;
        };
        let turn = turn?;
        if self.breaks_off.swap(false, Ordering::Relaxed) {
            sink.reasoning("so");
            sink.text("ha");
            sink.status("the answer broke off; asking again");
            sink.restart();
        }
        sink.text(&turn.text);
        Ok(turn)
    }
}

/// A turn that only says something.
pub(crate) fn says(text: &str) -> Result<Turn, ModelError> {
    Ok(Turn {
        text: text.to_owned(),
        ..Turn::default()
    })
}

/// A turn that calls tools: name and arguments as the model wrote them.
pub(crate) fn calls(calls: &[(&str, &str)]) -> Result<Turn, ModelError> {
    let calls = calls
        .iter()
        .enumerate()
        .map(|(index, (name, arguments))| ToolCall {
            id: format!("m{index}"),
            name: (*name).to_owned(),
            arguments: (*arguments).to_owned(),
        });
    Ok(Turn {
        tool_calls: calls.collect(),
        finish: FinishReason::ToolCalls,
        ..Turn::default()
    })
}

/// The same turn, at a price in millionths of a dollar.
pub(crate) fn at_cost(turn: Result<Turn, ModelError>, cost: u64) -> Result<Turn, ModelError> {
    let usage = Usage {
        input_tokens: 10,
        output_tokens: 5,
        cost: Some(MicroUsd(cost)),
        ..Usage::default()
    };
    turn.map(|turn| Turn {
        usage: Some(usage),
        ..turn
    })
}

/// Tools whose names say how they behave.
pub(crate) struct TestTools {
    pub(crate) started: Arc<Notify>,
    /// What a nested agent is to do; the call that runs it gives its answer.
    pub(crate) task: Mutex<NestedTask>,
    pub(crate) agents: OnceLock<Arc<dyn Agents>>,
    /// The calls that were run, by name.
    pub(crate) ran: Mutex<Vec<String>>,
    polls: AtomicU64,
    release: Mutex<std::sync::mpsc::Receiver<()>>,
    pair: Barrier,
    second_is_done: Notify,
}

const NAMES: [&str; 25] = [
    "echo",
    "picture",
    "talks",
    "first",
    "second",
    "invalid",
    "unprepared",
    "refused",
    "upstream",
    "failed",
    "limit",
    "panics",
    "tries",
    "denied",
    "asks",
    "observes",
    "hangs",
    "deaf",
    "deep",
    "plan_tool",
    "long",
    "poll",
    "spends",
    "delegates",
    "blocks",
];

#[async_trait]
impl Tools for TestTools {
    fn specs(&self) -> Vec<ToolSpec> {
        NAMES
            .iter()
            .map(|name| ToolSpec {
                name: (*name).to_owned(),
                description: String::new(),
                parameters: json!({"type": "object"}),
            })
            .collect()
    }

    fn prepare(&self, tool: &str, arguments: &Value) -> Result<Prepared, ToolFailure> {
        let (verdict, rule) = match tool {
            "denied" => (Verdict::Deny, "test: never"),
            "asks" => (Verdict::Ask, "test: ask first"),
            // It asks about what its arguments say.
            "long" | "observes" if arguments["ask"] == true => (Verdict::Ask, "test: ask first"),
            "long" if arguments["deny"] == true => (Verdict::Deny, "test: never"),
            "long" if arguments["panic"] == true => panic!("odd arguments"),
            "unprepared" => return Err(invalid()),
            _ => (Verdict::Allow, "test: always"),
        };
        let remedy = if verdict == Verdict::Allow {
            ""
        } else {
            "allow it"
        };
        let effect = match tool {
            "delegates" if arguments["writes"] == true => Effect::Write,
            "observes" | "delegates" => Effect::Observe,
            "spends" => Effect::Spend,
            _ => Effect::Write,
        };
        let decision = Decision {
            verdict,
            subject: format!("effect {effect}"),
            rule: rule.to_owned(),
            remedy: remedy.to_owned(),
        };
        Ok(Prepared {
            plugin: "test".to_owned(),
            tool: tool.to_owned(),
            operation: "run".to_owned(),
            effects: vec![effect],
            target: "a.txt".to_owned(),
            decision: decision.clone(),
            decisions: vec![decision],
            token: Box::new(arguments.clone()),
        })
    }

    async fn quote(
        &self,
        prepared: &Prepared,
        _: &CallContext,
    ) -> Result<Option<Quote>, ToolFailure> {
        let arguments = prepared.token.downcast_ref::<Value>().unwrap();
        if let Some(problem) = arguments["unpriced"].as_str() {
            return Err(match problem {
                "hardware" => ToolFailure::Failed {
                    message: "no such hardware".to_owned(),
                },
                _ => ToolFailure::Upstream {
                    status: Some(503),
                    retry_after: None,
                    message: "the table is away".to_owned(),
                },
            });
        }
        Ok(arguments["price"].as_u64().map(|cost| Quote {
            cost: Some(MicroUsd(cost)),
            rows: vec![("hardware".to_owned(), "a10g-small".to_owned())],
        }))
    }

    async fn run(
        &self,
        prepared: Prepared,
        approval: Approval,
        context: CallContext,
    ) -> ToolOutcome {
        self.ran.lock().unwrap().push(prepared.tool.clone());
        let arguments = *prepared.token.downcast::<Value>().unwrap();
        let mut denials = vec![];
        let result = match prepared.tool.as_str() {
            "echo" | "observes" => Ok(ToolOutput {
                content: vec![Part::text(arguments.to_string())],
                structured: Some(arguments),
            }),
            "picture" => Ok(ToolOutput {
                content: vec![
                    Part::text("see"),
                    Part::Image {
                        mime: "image/png".into(),
                        bytes: vec![1, 2, 3],
                        alt: "loss".into(),
                    },
                ],
                structured: None,
            }),
            "talks" => {
                context.progress.log("line");
                context.progress.report(1, Some(2), "rows");
                context.progress.status("uploading");
                said("done")
            }
            // These two only end if they run at the same time, and the second one ends first.
            "first" => {
                self.pair.wait().await;
                self.second_is_done.notified().await;
                said("first")
            }
            "second" => {
                self.pair.wait().await;
                self.second_is_done.notify_one();
                said("second")
            }
            "asks" => said(if approval == Approval::Person {
                "a person"
            } else {
                "the policy"
            }),
            "invalid" => Err(invalid()),
            "refused" => Err(ToolFailure::Denied(denial())),
            "upstream" => Err(ToolFailure::Upstream {
                status: Some(503),
                retry_after: Some(2),
                message: "busy".into(),
            }),
            "failed" => Err(ToolFailure::Failed {
                message: "no such file".into(),
            }),
            "limit" => Err(ToolFailure::Limit(LimitExceeded {
                limit: LimitName::Fuel,
                allowed: 10,
                requested: 11,
            })),
            "panics" => panic!("a bug in the host"),
            "tries" => {
                denials.push(denial());
                said("went on without")
            }
            "hangs" => {
                self.started.notify_one();
                context.cancel.cancelled().await;
                Err(ToolFailure::Cancelled)
            }
            "deaf" => {
                self.started.notify_one();
                std::future::pending().await
            }
            "deep" => Ok(ToolOutput {
                content: vec![],
                structured: Some(nested(200)),
            }),
            "plan_tool" => said("Plan updated"),
            "long" => {
                let length = arguments["length"].as_u64().unwrap_or(10);
                said(&"x".repeat(usize::try_from(length).unwrap()))
            }
            "poll" => {
                let number = self.polls.fetch_add(1, Ordering::Relaxed);
                said(&format!("poll {number}"))
            }
            "spends" if arguments["fails"] == true => Err(ToolFailure::Failed {
                message: "no such flavor".into(),
            }),
            "spends" => said("spent"),
            "delegates" if arguments["leaves"] == true => {
                let task = self.task.lock().unwrap().clone();
                let agents = Arc::clone(self.agents.get().unwrap());
                tokio::spawn(async move { agents.run(context.call_id, task).await });
                self.started.notified().await;
                said("left")
            }
            "delegates" => {
                let task = self.task.lock().unwrap().clone();
                let agents = self.agents.get().unwrap();
                match agents.run(context.call_id, task).await {
                    Ok(answer) => said(&answer),
                    Err(NestedError::Cancelled) => Err(ToolFailure::Cancelled),
                    Err(error) => Err(ToolFailure::Failed {
                        message: error.to_string(),
                    }),
                }
            }
            "blocks" => {
                self.started.notify_one();
                let _ = self.release.lock().unwrap().recv();
                said("released")
            }
            other => panic!("{other} was run"),
        };
        ToolOutcome {
            result,
            receipt: Receipt {
                wall_us: 7,
                ..Receipt::default()
            },
            denials,
        }
    }
}

fn said(text: &str) -> Result<ToolOutput, ToolFailure> {
    Ok(ToolOutput {
        content: vec![Part::text(text)],
        structured: None,
    })
}

fn invalid() -> ToolFailure {
    let error = ArgumentError {
        pointer: "/limit".into(),
        expected: "an integer".into(),
    };
    ToolFailure::InvalidArguments {
        errors: vec![error],
    }
}

/// What `refused` and `tries` are denied.
pub(crate) fn denial() -> Denial {
    Denial {
        capability: "http GET https://example.com:443/".into(),
        rule: "test: no rule".into(),
        remedy: "add one".into(),
    }
}

/// An array in an array in an array …
pub(crate) fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
}

/// A message in short.
pub(crate) fn in_short(message: &Message) -> String {
    match message {
        Message::System { text } => format!("system {text}"),
        Message::Note { text } => format!("note {text}"),
        Message::User { content } => format!("user {}", ml_intern_agent::in_words(content)),
        Message::Assistant {
            text, tool_calls, ..
        } => {
            let calls: Vec<String> = tool_calls
                .iter()
                .map(|call| format!(" [{} {}]", call.name, call.arguments))
                .collect();
            format!("assistant {text}{}", calls.concat())
        }
        Message::Tool { name, content, .. } => {
            format!("{name} {}", ml_intern_agent::in_words(content))
        }
    }
}

/// Approves everything.
pub(crate) struct Yes;

#[async_trait]
impl Approver for Yes {
    async fn ask(&self, questions: &[Question<'_>]) -> Vec<Answer> {
        questions.iter().map(|_| Answer::Approve).collect()
    }
}

/// Says nothing at all.
pub(crate) struct Silent;

#[async_trait]
impl Approver for Silent {
    async fn ask(&self, _: &[Question<'_>]) -> Vec<Answer> {
        vec![]
    }
}

/// Thinks for ever.
pub(crate) struct Undecided(pub(crate) Arc<Notify>);

#[async_trait]
impl Approver for Undecided {
    async fn ask(&self, _: &[Question<'_>]) -> Vec<Answer> {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// Each look at it takes 5 ms.
struct Ticking(Mutex<Duration>);

#[async_trait]
impl Clock for Ticking {
    fn now(&self) -> Duration {
        let mut now = self.0.lock().unwrap();
        *now += Duration::from_millis(5);
        *now
    }
}

/// An agent with everything it needs.
pub(crate) struct Bench {
    pub(crate) agent: Agent,
    pub(crate) events: Events,
    pub(crate) model: Arc<Canned>,
    pub(crate) tools: Arc<TestTools>,
    pub(crate) started: Arc<Notify>,
    pub(crate) journal: PathBuf,
    /// Lets `blocks` end.
    pub(crate) release: std::sync::mpsc::Sender<()>,
    pub(crate) directory: tempfile::TempDir,
}

/// What a bench is made of.
pub(crate) struct Setup {
    pub(crate) says: Says,
    pub(crate) options: Options,
    pub(crate) approver: Arc<dyn Approver>,
    pub(crate) services: Services,
    pub(crate) info: ModelInfo,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Setup {
    pub(crate) fn new(turns: Vec<Result<Turn, ModelError>>) -> Setup {
        let mut turns = VecDeque::from(turns);
        Setup::of(move |_| turns.pop_front())
    }

    pub(crate) fn of(
        says: impl FnMut(&TurnRequest<'_>) -> Option<Result<Turn, ModelError>> + Send + 'static,
    ) -> Setup {
        Setup {
            says: Box::new(says),
            options: Options::default(),
            approver: Arc::new(Unattended),
            services: Services::default(),
            info: ModelInfo::unknown("canned"),
            clock: Arc::new(Ticking(Mutex::default())),
        }
    }

    pub(crate) fn build(self) -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.jsonl");
        let header = journal::Header {
            id: "test".into(),
            program: "test".into(),
        };
        let journal = journal::Journal::create(&path, header, journal::Redactor::none()).unwrap();
        self.on(directory, journal, None)
    }

    /// Goes on with a session that was read from this journal.
    pub(crate) fn resume(self, path: &std::path::Path) -> Bench {
        let journal = journal::Journal::open(path, journal::Redactor::none()).unwrap();
        let restored = Restored::read(journal::Reader::open(path).unwrap()).unwrap();
        self.on(tempfile::tempdir().unwrap(), journal, Some(restored))
    }

    pub(crate) fn on(
        self,
        directory: tempfile::TempDir,
        journal: journal::Journal,
        restored: Option<Restored>,
    ) -> Bench {
        let path = journal.path().to_owned();
        let model = Arc::new(Canned {
            says: Mutex::new(self.says),
            asked: Mutex::default(),
            bounds: Mutex::default(),
            efforts: Mutex::default(),
            started: Notify::new(),
            breaks_off: AtomicBool::new(false),
            info: Mutex::new(self.info),
        });
        let started = Arc::new(Notify::new());
        let (release, receiver) = std::sync::mpsc::channel();
        let tools = Arc::new(TestTools {
            started: Arc::clone(&started),
            task: Mutex::default(),
            agents: OnceLock::new(),
            ran: Mutex::default(),
            polls: AtomicU64::new(0),
            release: Mutex::new(receiver),
            pair: Barrier::new(2),
            second_is_done: Notify::new(),
        });
        let parts = Parts {
            model: Arc::clone(&model) as Arc<dyn Model>,
            tools: Arc::clone(&tools) as Arc<dyn Tools>,
            approver: self.approver,
            clock: self.clock,
            journal: Arc::new(Mutex::new(journal)),
            system_prompt: "You are a test.".into(),
        };
        let (agent, events) = match restored {
            None => Agent::with(parts, self.services, self.options).unwrap(),
            Some(restored) => Agent::resume(parts, self.services, self.options, restored).unwrap(),
        };
        tools.agents.set(agent.agents()).ok().unwrap();
        Bench {
            agent,
            events,
            model,
            tools,
            started,
            journal: path,
            release,
            directory,
        }
    }
}

pub(crate) fn bench(turns: Vec<Result<Turn, ModelError>>) -> Bench {
    Setup::new(turns).build()
}

pub(crate) fn bench_with(
    turns: Vec<Result<Turn, ModelError>>,
    options: Options,
    approver: Arc<dyn Approver>,
) -> Bench {
    Setup {
        options,
        approver,
        ..Setup::new(turns)
    }
    .build()
}

impl Bench {
    /// Takes a turn that nobody interrupts.
    pub(crate) async fn turn(&mut self) -> Outcome {
        self.says("go").await
    }

    pub(crate) async fn says(&mut self, text: &str) -> Outcome {
        self.agent.run_turn(text, &CancellationToken::new()).await
    }

    /// The events since the last look whose types are among these.
    pub(crate) fn seen_of(&mut self, types: &[&str]) -> Vec<String> {
        let mut lines = self.seen();
        lines.retain(|line| {
            let name = line.split(' ').next().unwrap_or_default();
            types.contains(&name)
        });
        lines
    }

    /// The conversation in short: who said what.
    pub(crate) fn said(&self) -> Vec<String> {
        self.agent.messages().iter().map(in_short).collect()
    }

    pub(crate) fn ran(&self) -> Vec<String> {
        self.tools.ran.lock().unwrap().clone()
    }

    /// The events since the last look: the type and the data. `llm_call` is left out.
    pub(crate) fn seen(&mut self) -> Vec<String> {
        let mut lines = vec![];
        while let Ok(envelope) = self.events.try_recv() {
            let json = serde_json::to_value(&envelope).unwrap();
            let name = json["event_type"].as_str().unwrap();
            if name != "llm_call" {
                lines.push(format!("{name} {}", json["data"]));
            }
        }
        lines
    }

    /// The results in the conversation: name, success, words.
    pub(crate) fn results(&self) -> Vec<(String, bool, String)> {
        let messages = self.agent.messages().iter();
        messages
            .filter_map(|message| match message {
                Message::Tool {
                    name,
                    success,
                    content,
                    ..
                } => Some((name.clone(), *success, ml_intern_agent::in_words(content))),
                _ => None,
            })
            .collect()
    }

    /// The journal: kind, call and, in short, what it says.
    pub(crate) fn journal(&self) -> Vec<String> {
        let reader = journal::Reader::open(&self.journal).unwrap();
        reader
            .map(|record| {
                let entry = record.unwrap().entry;
                let call = entry
                    .call
                    .map_or_else(String::new, |call| format!(" {call}"));
                let detail = match &entry.data {
                    journal::Data::UserInput(input) => input.text.clone(),
                    journal::Data::ModelRequest(request) => {
                        format!("{} messages", request.messages)
                    }
                    journal::Data::ModelTurn(turn) => turn.stop.clone(),
                    journal::Data::Decision(decision) => {
                        format!("{} by {}", decision.verdict, decision.rule)
                    }
                    journal::Data::CallStart(start) => {
                        format!(
                            "{} {} {}",
                            start.tool,
                            start.effects.join(","),
                            start.arguments
                        )
                    }
                    journal::Data::CallEnd(end) => format!("{} {}", end.outcome, end.output),
                    journal::Data::CallCancelled(cancelled) => cancelled.reason.clone(),
                    journal::Data::CallDelivered(delivered) => delivered.tool_call.clone(),
                    journal::Data::Receipt(receipt) => format!("{} us", receipt.wall_time),
                    journal::Data::Event(event) if event.name == "llm_call" => {
                        let field = |name: &str| event.data[name].as_str().unwrap_or_default();
                        format!("llm_call {} {}", field("kind"), field("finish_reason"))
                    }
                    journal::Data::Event(event) => {
                        let mut data = event.data.clone();
                        if let Some(data) = data.as_object_mut() {
                            data.shift_remove("worked_ms");
                        }
                        format!("{} {data}", event.name)
                    }
                    _ => String::new(),
                };
                format!("{}{call} {detail}", entry.data.kind())
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }
}
