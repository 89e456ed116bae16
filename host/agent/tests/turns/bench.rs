//! A model, tools and approvers without a world behind them, and a bench to run an agent on.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ml_intern_agent::{
    Agent, Answer, Approval, Approver, ArgumentError, CallContext, Clock, Denial, Events,
    FinishReason, Message, MicroUsd, Model, ModelError, Options, Outcome, Part, Parts, Prepared,
    Question, Receipt, ToolCall, ToolFailure, ToolOutcome, ToolOutput, ToolSpec, Tools, Turn,
    TurnRequest, TurnSink, Unattended, Usage,
};
use policy::{Decision, Effect, LimitExceeded, LimitName, Verdict};
use serde_json::{Value, json};
use tokio::sync::{Barrier, Notify};
use tokio_util::sync::CancellationToken;

/// Says the turns it was given, one after the other, and remembers what it was asked.
pub(crate) struct Canned {
    turns: Mutex<VecDeque<Result<Turn, ModelError>>>,
    pub(crate) asked: Mutex<Vec<Vec<Message>>>,
    pub(crate) started: Notify,
    /// Whether the next answer breaks off once before it comes whole.
    pub(crate) breaks_off: AtomicBool,
}

#[async_trait]
impl Model for Canned {
    fn label(&self) -> String {
        "canned".to_owned()
    }

    async fn turn(
        &self,
        request: TurnRequest<'_>,
        sink: &mut dyn TurnSink,
    ) -> Result<Turn, ModelError> {
        self.asked.lock().unwrap().push(request.messages.to_vec());
        let next = self.turns.lock().unwrap().pop_front();
        // Without a turn, it thinks for ever.
        let Some(turn) = next else {
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
    pair: Barrier,
    second_is_done: Notify,
}

const NAMES: [&str; 19] = [
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
            "unprepared" => return Err(invalid()),
            _ => (Verdict::Allow, "test: always"),
        };
        let remedy = if verdict == Verdict::Allow {
            ""
        } else {
            "allow it"
        };
        let effect = if tool == "observes" {
            Effect::Observe
        } else {
            Effect::Write
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

    async fn run(
        &self,
        prepared: Prepared,
        approval: Approval,
        context: CallContext,
    ) -> ToolOutcome {
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
    pub(crate) started: Arc<Notify>,
    pub(crate) journal: PathBuf,
    _directory: tempfile::TempDir,
}

pub(crate) fn bench(turns: Vec<Result<Turn, ModelError>>) -> Bench {
    bench_with(turns, Options::default(), Arc::new(Unattended))
}

pub(crate) fn bench_with(
    turns: Vec<Result<Turn, ModelError>>,
    options: Options,
    approver: Arc<dyn Approver>,
) -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.jsonl");
    let header = journal::Header {
        id: "test".into(),
        program: "test".into(),
    };
    let journal = journal::Journal::create(&path, header, journal::Redactor::none()).unwrap();
    let model = Arc::new(Canned {
        turns: Mutex::new(turns.into()),
        asked: Mutex::default(),
        started: Notify::new(),
        breaks_off: AtomicBool::new(false),
    });
    let started = Arc::new(Notify::new());
    let tools = Arc::new(TestTools {
        started: Arc::clone(&started),
        pair: Barrier::new(2),
        second_is_done: Notify::new(),
    });
    let parts = Parts {
        model: Arc::clone(&model) as Arc<dyn Model>,
        tools,
        approver,
        clock: Arc::new(Ticking(Mutex::default())),
        journal: Arc::new(Mutex::new(journal)),
        system_prompt: "You are a test.".into(),
    };
    let (agent, events) = Agent::new(parts, options).unwrap();
    Bench {
        agent,
        events,
        model,
        started,
        journal: path,
        _directory: directory,
    }
}

impl Bench {
    /// Takes a turn that nobody interrupts.
    pub(crate) async fn turn(&mut self) -> Outcome {
        self.agent.run_turn("go", &CancellationToken::new()).await
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
                    journal::Data::Event(event) => format!("{} {}", event.name, event.data),
                    _ => String::new(),
                };
                format!("{}{call} {detail}", entry.data.kind())
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }
}
