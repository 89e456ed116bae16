//! Tools whose names say what they do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use agent::{
    Approval, CallContext, Part, Prepared, Receipt, ToolFailure, ToolOutcome, ToolOutput, ToolSpec,
    Tools,
};
use async_trait::async_trait;
use policy::{Decision, Effect, Verdict};
use serde_json::{Value, json};
use tokio::sync::Notify;

#[derive(Default)]
pub(crate) struct TestTools {
    /// The calls that were run, with their arguments.
    pub(crate) ran: Mutex<Vec<String>>,
    /// A call of `hangs` or `waits` runs.
    pub(crate) started: Arc<Notify>,
    /// Lets `waits` end.
    pub(crate) release: Arc<Notify>,
    polls: AtomicU64,
}

const NAMES: [&str; 8] = [
    "echo",
    "fails",
    "hangs",
    "waits",
    "asks",
    "poll",
    "long",
    "plan_tool",
];

#[async_trait]
impl Tools for TestTools {
    fn specs(&self) -> Vec<ToolSpec> {
        let spec = |name: &&str| ToolSpec {
            name: (*name).to_owned(),
            description: format!("does what {name} says"),
            parameters: json!({"type": "object"}),
        };
        NAMES.iter().map(spec).collect()
    }

    fn prepare(&self, tool: &str, arguments: &Value) -> Result<Prepared, ToolFailure> {
        let verdict = match tool {
            "asks" => Verdict::Ask,
            _ => Verdict::Allow,
        };
        let decision = Decision {
            verdict,
            subject: "effect write".to_owned(),
            rule: "test: a rule".to_owned(),
            remedy: "allow it".to_owned(),
        };
        Ok(Prepared {
            plugin: "test".to_owned(),
            tool: tool.to_owned(),
            operation: "run".to_owned(),
            effects: vec![Effect::Write],
            target: String::new(),
            decision: decision.clone(),
            decisions: vec![decision],
            token: Box::new(arguments.clone()),
        })
    }

    async fn run(&self, prepared: Prepared, _: Approval, context: CallContext) -> ToolOutcome {
        let arguments = *prepared.token.downcast::<Value>().unwrap();
        let name = prepared.tool;
        self.ran.lock().unwrap().push(format!("{name} {arguments}"));
        let said = |text: String| {
            Ok(ToolOutput {
                content: vec![Part::text(text)],
                structured: None,
            })
        };
        let result = match name.as_str() {
            "fails" => Err(ToolFailure::Failed {
                message: "no such file".into(),
            }),
            "hangs" => {
                self.started.notify_one();
                context.cancel.cancelled().await;
                Err(ToolFailure::Cancelled)
            }
            "waits" => {
                self.started.notify_one();
                self.release.notified().await;
                said("waited".to_owned())
            }
            "poll" => said(format!(
                "poll {}",
                self.polls.fetch_add(1, Ordering::Relaxed)
            )),
            "long" => said("word ".repeat(2_000)),
            _ => said(arguments.to_string()),
        };
        ToolOutcome {
            result,
            receipt: Receipt::default(),
            denials: Vec::new(),
        }
    }
}
