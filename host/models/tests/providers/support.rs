//! Models at a server that plays answers, and a sink that remembers.

use std::ops::ControlFlow;

use agent::{
    Effort, Message, Model, ModelError, Part, ToolSpec, Turn, TurnRequest, TurnSink, Usage,
};
use ml_intern_tests::providers::{CI, Playing, playing};
use serde_json::json;

pub(crate) use ml_intern_tests::providers::KEY;
pub(crate) use ml_intern_tests::server::{Answer, Server, json_answer, sse};

/// Remembers what it was shown.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Watcher {
    /// The pieces since the last restart.
    pub(crate) pieces: Vec<String>,
    pub(crate) thoughts: String,
    pub(crate) restarts: usize,
    pub(crate) lines: Vec<String>,
    /// What attempts used that broke off.
    pub(crate) lost: Vec<Option<Usage>>,
}

impl TurnSink for Watcher {
    fn text(&mut self, piece: &str) {
        assert!(!piece.is_empty());
        self.pieces.push(piece.to_owned());
    }

    fn reasoning(&mut self, piece: &str) {
        self.thoughts.push_str(piece);
    }

    fn restart(&mut self) {
        assert!(
            !self.pieces.is_empty() || !self.thoughts.is_empty(),
            "nothing was shown"
        );
        self.pieces.clear();
        self.thoughts.clear();
        self.restarts += 1;
    }

    fn lost(&mut self, usage: Option<Usage>) -> ControlFlow<(), Option<u64>> {
        self.lost.push(usage);
        ControlFlow::Continue(None)
    }

    fn status(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }
}

/// Providers that all are at one server.
pub(crate) struct Bench(Playing);

impl std::ops::Deref for Bench {
    type Target = Playing;

    fn deref(&self) -> &Playing {
        &self.0
    }
}

pub(crate) async fn bench(answers: Vec<Answer>) -> Bench {
    bench_with(answers, &[], "", CI).await
}

/// With more variables, a table of models, and a policy.
pub(crate) async fn bench_with(
    answers: Vec<Answer>,
    variables: &[(&str, &str)],
    table: &str,
    policy: &str,
) -> Bench {
    Bench(playing(answers, variables, table, policy).await)
}

impl Bench {
    pub(crate) fn model(&self, id: &str) -> Box<dyn Model> {
        self.providers.open(id).unwrap()
    }

    /// A turn in a conversation of one question, with two tools.
    pub(crate) async fn turn(&self, id: &str) -> (Result<Turn, ModelError>, Watcher) {
        self.ask(id, &[user("What is the loss?")], None).await
    }

    pub(crate) async fn ask(
        &self,
        id: &str,
        messages: &[Message],
        effort: Option<Effort>,
    ) -> (Result<Turn, ModelError>, Watcher) {
        let tools = tools();
        let request = TurnRequest {
            messages,
            tools: &tools,
            effort,
            session: Some("session-1"),
            ..TurnRequest::default()
        };
        let mut watcher = Watcher::default();
        let turn = self.model(id).turn(request, &mut watcher).await;
        if let Ok(turn) = &turn {
            assert_eq!(
                turn.text,
                watcher.pieces.concat(),
                "the pieces are the text"
            );
        }
        let exchanges = self.exchanges.lock().unwrap();
        let last = exchanges.iter().rev().take(10).collect::<Vec<_>>();
        let shown = format!("{turn:?} {watcher:?} {:?} {last:?}", self.providers);
        assert!(!shown.contains(KEY), "{shown}");
        (turn, watcher)
    }
}

pub(crate) fn user(text: &str) -> Message {
    Message::User {
        content: vec![Part::text(text)],
    }
}

pub(crate) fn tools() -> Vec<ToolSpec> {
    let spec = |name: &str| ToolSpec {
        name: name.to_owned(),
        description: format!("does {name}"),
        parameters: json!({"type": "object", "properties": {"path": {"type": "string"}}}),
    };
    vec![spec("read"), spec("bash")]
}
