//! A journal's turns, played again.
//!
//! A journal has of each turn its words, its calls with their arguments as they were written, why it ended, and in the
//! event `llm_call` right before it the tokens and the cost that were counted, and the model's reasoning as its provider
//! gave it. So a session that is replayed has what the first one had, and whoever goes on with it under the model that it
//! came from sends that model its own reasoning. Where there is no such event, a turn has the counts of its own record, in
//! which an unknown one is 0, and no reasoning.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use agent::{
    AnswerDetails, FinishReason, MicroUsd, Model, ModelError, ToolCall, Turn, TurnRequest,
    TurnSink, Usage,
};
use async_trait::async_trait;
use journal::{Data, ReadError, Reader};

/// A model that says what one has said before. It says so wherever its name shows.
#[derive(Debug)]
pub struct Replay {
    path: PathBuf,
    turns: Vec<Turn>,
    played: AtomicUsize,
}

/// A journal that cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It cannot be read. Names the file and the line.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It has no turn of a model.
    #[error("{}: the journal has no turn of a model", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl Replay {
    /// Reads and checks a journal.
    ///
    /// # Errors
    ///
    /// When it cannot be read to its end, or no model has said anything in it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Replay, ReplayError> {
        let path = path.into();
        let mut turns = Vec::new();
        let mut details = None;
        for record in Reader::open(&path)? {
            match record?.entry.data {
                Data::Event(event) => details = AnswerDetails::read(&event),
                Data::ModelTurn(turn) => turns.push(played(turn, details.take())),
                _ => details = None,
            }
        }
        if turns.is_empty() {
            return Err(ReplayError::Empty { path });
        }
        Ok(Replay {
            path,
            turns,
            played: AtomicUsize::new(0),
        })
    }
}

fn played(turn: journal::ModelTurn, details: Option<AnswerDetails>) -> Turn {
    let finish = match turn.stop.as_str() {
        "length" => FinishReason::Length,
        "tool_calls" => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    };
    let usage = turn.usage;
    let details = details.unwrap_or_else(|| AnswerDetails {
        // A turn without counts was written down as one of no tokens.
        usage: (usage != journal::Usage::default()).then(|| Usage {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            reasoning_tokens: None,
            cache_read_tokens: usage.cached_tokens,
            cache_write_tokens: 0,
            cost: usage.cost.map(MicroUsd),
        }),
        reasoning: None,
    });
    Turn {
        text: turn.text,
        reasoning: details.reasoning,
        tool_calls: turn
            .tool_calls
            .into_iter()
            .map(|call| ToolCall {
                id: call.id,
                name: call.tool,
                arguments: call.arguments,
            })
            .collect(),
        finish,
        usage: details.usage,
    }
}

#[async_trait]
impl Model for Replay {
    fn label(&self) -> String {
        format!("replay/{} (a journal, not a model)", self.path.display())
    }

    fn is_scripted(&self) -> bool {
        true
    }

    async fn turn(&self, _: TurnRequest<'_>, sink: &mut dyn TurnSink) -> Result<Turn, ModelError> {
        let number = self.played.fetch_add(1, Ordering::Relaxed);
        let Some(turn) = self.turns.get(number) else {
            return Err(ModelError::Script(format!(
                "{}: the journal is over after {} turns, and turn {} was asked for",
                self.path.display(),
                self.turns.len(),
                number.saturating_add(1)
            )));
        };
        for piece in turn.text.split_inclusive('\n') {
            sink.text(piece);
        }
        Ok(turn.clone())
    }
}
