//! A journal's turns, played again.

use std::sync::{Arc, Mutex};

use agent::{
    Agent, FinishReason, MicroUsd, Model, ModelError, Options, Parts, Reasoning, ReasoningBlock,
    SystemClock, Thought, ToolCall, Turn, TurnRequest, TurnSink, Unattended, Usage,
};
use async_trait::async_trait;
use ml_intern_models::open;
use tokio_util::sync::CancellationToken;

use crate::support::Watcher;

#[tokio::test]
async fn the_turns_of_a_journal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.jsonl");
    let header = || journal::Header {
        id: "test".into(),
        program: "test".into(),
    };
    let redactor = journal::Redactor::none;
    let mut written = journal::Journal::create(&path, header(), redactor()).unwrap();
    written
        .append_all([
            journal::Entry::from(journal::UserInput { text: "go".into() }),
            journal::ModelTurn {
                text: "I look.\nNow.".into(),
                tool_calls: vec![journal::ToolCall {
                    id: "a".into(),
                    tool: "read".into(),
                    arguments: "{not JSON".into(),
                }],
                usage: journal::Usage {
                    input_tokens: 10,
                    cached_tokens: 4,
                    output_tokens: 2,
                    cost: Some(7),
                },
                stop: "tool_calls".into(),
            }
            .into(),
            journal::ModelTurn {
                text: "Cut".into(),
                stop: "length".into(),
                ..journal::ModelTurn::default()
            }
            .into(),
        ])
        .unwrap();
    drop(written);

    let id = format!("replay/{}", path.display());
    let model = open(&id).unwrap();
    assert_eq!(model.label(), format!("{id} (a journal, not a model)"));
    assert!(model.is_scripted());
    let mut watcher = Watcher::default();
    let turn = model
        .turn(TurnRequest::default(), &mut watcher)
        .await
        .unwrap();
    assert_eq!(watcher.pieces, ["I look.\n", "Now."]);
    assert_eq!(
        turn,
        Turn {
            text: "I look.\nNow.".into(),
            reasoning: None,
            tool_calls: vec![ToolCall {
                id: "a".into(),
                name: "read".into(),
                arguments: "{not JSON".into(),
            }],
            finish: FinishReason::ToolCalls,
            usage: Some(Usage {
                input_tokens: 10,
                output_tokens: 2,
                reasoning_tokens: None,
                cache_read_tokens: 4,
                cache_write_tokens: 0,
                cost: Some(MicroUsd(7)),
            }),
        }
    );
    // What was not counted has no count.
    let turn = model
        .turn(TurnRequest::default(), &mut watcher)
        .await
        .unwrap();
    assert_eq!((turn.finish, turn.usage), (FinishReason::Length, None));
    let error = model
        .turn(TurnRequest::default(), &mut watcher)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: the journal is over after 2 turns, and turn 3 was asked for",
            path.display()
        )
    );

    let empty = directory.path().join("empty.jsonl");
    drop(journal::Journal::create(&empty, header(), redactor()).unwrap());
    let error = open(&format!("replay/{}", empty.display())).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("{}: the journal has no turn of a model", empty.display())
    );
    assert!(
        open("replay/nowhere.jsonl")
            .err()
            .unwrap()
            .to_string()
            .starts_with("nowhere.jsonl:1: ")
    );

    // A journal that somebody changed is not played.
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replace("I look.", "I lie.");
    std::fs::write(&path, text).unwrap();
    assert!(open(&id).is_err());
}

/// Says one thing.
struct Once(Turn);

#[async_trait]
impl Model for Once {
    fn label(&self) -> String {
        "once".into()
    }

    async fn turn(&self, _: TurnRequest<'_>, _: &mut dyn TurnSink) -> Result<Turn, ModelError> {
        Ok(self.0.clone())
    }
}

/// Tools that there are not.
struct NoTools;

#[async_trait]
impl agent::Tools for NoTools {
    fn specs(&self) -> Vec<agent::ToolSpec> {
        vec![]
    }

    fn prepare(
        &self,
        tool: &str,
        _: &serde_json::Value,
    ) -> Result<agent::Prepared, agent::ToolFailure> {
        unreachable!("{tool} is not there")
    }

    async fn run(
        &self,
        _: agent::Prepared,
        _: agent::Approval,
        _: agent::CallContext,
    ) -> agent::ToolOutcome {
        unreachable!("nothing was prepared")
    }
}

/// What the loop writes down of an answer, reasoning and counts, comes back as it was.
#[tokio::test]
async fn what_a_model_thought() {
    let block = |thought, after_text| ReasoningBlock {
        thought,
        after_text,
        after_calls: 0,
    };
    let thinking = Reasoning {
        model: "anthropic/claude".into(),
        blocks: vec![
            block(
                Thought::Signed {
                    text: "Hm.".into(),
                    signature: "c2lnbmVk".into(),
                },
                0,
            ),
            block(
                Thought::Redacted {
                    data: "hidden".into(),
                },
                3,
            ),
        ],
    };
    let usage = Usage {
        input_tokens: 0,
        output_tokens: 2,
        reasoning_tokens: Some(1),
        cache_read_tokens: 4,
        cache_write_tokens: 6,
        cost: None,
    };
    // What is thought and counted, or not.
    for (reasoning, usage) in [(Some(thinking), Some(usage)), (None, None)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.jsonl");
        let header = journal::Header {
            id: "test".into(),
            program: "test".into(),
        };
        let journal = journal::Journal::create(&path, header, journal::Redactor::none()).unwrap();
        let said = Turn {
            text: "So it is.".into(),
            reasoning,
            usage,
            ..Turn::default()
        };
        let parts = Parts {
            model: Arc::new(Once(said.clone())),
            tools: Arc::new(NoTools),
            approver: Arc::new(Unattended),
            clock: Arc::new(SystemClock::new()),
            journal: Arc::new(Mutex::new(journal)),
            system_prompt: "You are a test.".into(),
        };
        let (mut agent, _events) = Agent::new(parts, Options::default()).unwrap();
        let outcome = agent.run_turn("go", &CancellationToken::new()).await;
        assert_eq!(outcome.as_str(), "done");
        drop(agent);
        let model = open(&format!("replay/{}", path.display())).unwrap();
        let turn = model
            .turn(TurnRequest::default(), &mut Watcher::default())
            .await
            .unwrap();
        assert_eq!(turn, said);
    }
}
