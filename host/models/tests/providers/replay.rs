//! A journal's turns, played again.

use agent::{FinishReason, MicroUsd, ToolCall, Turn, TurnRequest, Usage};
use ml_intern_models::open;

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
