//! Tools without a world behind them, and ways to play a script.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use agent::{
    Agent, Approval, CallContext, Message, Model, ModelError, Options, Outcome, Part, Parts,
    Prepared, Receipt, SystemClock, ToolFailure, ToolOutcome, ToolOutput, ToolSpec, Tools, Turn,
    TurnRequest, TurnSink, Unattended, Usage,
};
use async_trait::async_trait;
use ml_intern_models::{Script, ScriptError};
use policy::{Decision, Effect, Verdict};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Two tools: `write` remembers nothing and says so, `python` trains a model in no time.
struct Tiny;

#[async_trait]
impl Tools for Tiny {
    fn specs(&self) -> Vec<ToolSpec> {
        let spec = |name: &str| ToolSpec {
            name: name.to_owned(),
            description: String::new(),
            parameters: json!({"type": "object"}),
        };
        vec![spec("write"), spec("python")]
    }

    fn prepare(&self, tool: &str, arguments: &Value) -> Result<Prepared, ToolFailure> {
        let decision = Decision {
            verdict: Verdict::Allow,
            subject: "effect observe".into(),
            rule: "test: always".into(),
            remedy: String::new(),
        };
        Ok(Prepared {
            plugin: "tiny".into(),
            tool: tool.into(),
            operation: "run".into(),
            effects: vec![Effect::Observe],
            target: String::new(),
            decision: decision.clone(),
            decisions: vec![decision],
            token: Box::new(arguments.clone()),
        })
    }

    async fn run(&self, prepared: Prepared, _: Approval, _: CallContext) -> ToolOutcome {
        let output = match prepared.tool.as_str() {
            "write" => ToolOutput {
                content: vec![Part::text("wrote train.py")],
                structured: Some(json!({"bytes": 12, "path": "train.py"})),
            },
            _ => ToolOutput {
                content: vec![Part::text("epoch 1\nepoch 2\naccuracy: 0.97")],
                structured: None,
            },
        };
        ToolOutcome {
            result: Ok(output),
            receipt: Receipt::default(),
            denials: vec![],
        }
    }
}

/// Reads a script that is called `s.jsonl`.
pub(crate) fn script(text: &str) -> Result<Script, ScriptError> {
    Script::parse("s.jsonl", text.as_bytes())
}

/// Lets an agent play a script: how it ended, and every event but `llm_call` and `receipt`.
pub(crate) async fn play(text: &str) -> (Outcome, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let journal = journal::Journal::create(
        directory.path().join("journal.jsonl"),
        journal::Header {
            id: "test".into(),
            program: "test".into(),
        },
        journal::Redactor::none(),
    )
    .unwrap();
    let parts = Parts {
        model: Arc::new(script(text).unwrap()),
        tools: Arc::new(Tiny),
        approver: Arc::new(Unattended),
        clock: Arc::new(SystemClock::new()),
        journal: Arc::new(Mutex::new(journal)),
        system_prompt: String::new(),
    };
    let (mut agent, mut events) = Agent::new(parts, Options::default()).unwrap();
    let outcome = agent.run_turn("go", &CancellationToken::new()).await;
    let mut seen = vec![];
    while let Ok(envelope) = events.try_recv() {
        let json = serde_json::to_value(&envelope).unwrap();
        let name = json["event_type"].as_str().unwrap();
        if !["llm_call", "receipt"].contains(&name) {
            seen.push(format!("{name} {}", json["data"]));
        }
    }
    (outcome, seen)
}

/// Collects a turn's pieces.
#[derive(Default)]
pub(crate) struct Pieces(pub(crate) Vec<String>);

impl TurnSink for Pieces {
    fn text(&mut self, piece: &str) {
        self.0.push(piece.to_owned());
    }

    fn reasoning(&mut self, _: &str) {}

    fn restart(&mut self) {
        self.0.clear();
    }

    fn lost(&mut self, _: Option<Usage>) -> ControlFlow<(), Option<u64>> {
        unreachable!("a script has no attempts");
    }

    fn status(&mut self, _: &str) {}
}

/// The script's next turn in this conversation, and its pieces.
pub(crate) async fn next(
    script: &Script,
    messages: &[Message],
) -> (Result<Turn, ModelError>, Vec<String>) {
    let mut pieces = Pieces::default();
    let turn = script
        .turn(
            TurnRequest {
                messages,
                ..TurnRequest::default()
            },
            &mut pieces,
        )
        .await;
    (turn, pieces.0)
}

/// A result in a conversation.
pub(crate) fn result(label: &str, text: &str, structured: Option<Value>) -> Message {
    Message::Tool {
        tool_call_id: label.to_owned(),
        name: "write".to_owned(),
        content: vec![Part::text(text)],
        structured,
        success: true,
    }
}
