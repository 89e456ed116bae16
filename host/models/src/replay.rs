//! A journal's turns, played again.
//!
//! A journal has of each turn its words, its calls with their arguments as they were written, why it ended, and the tokens
//! and the cost that were counted. It does not have the model's reasoning, nor which tokens went into the provider's cache,
//! and a count that was unknown is 0 there; a replayed turn has none of what is not there.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use agent::{
    FinishReason, MicroUsd, Model, ModelError, ToolCall, Turn, TurnRequest, TurnSink, Usage,
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
        for record in Reader::open(&path)? {
            if let Data::ModelTurn(turn) = record?.entry.data {
                turns.push(played(turn));
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

fn played(turn: journal::ModelTurn) -> Turn {
    let finish = match turn.stop.as_str() {
        "length" => FinishReason::Length,
        "tool_calls" => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    };
    let usage = turn.usage;
    // A turn without counts was written down as one of no tokens.
    let counted = usage != journal::Usage::default();
    Turn {
        text: turn.text,
        reasoning: None,
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
        usage: counted.then(|| Usage {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            reasoning_tokens: None,
            cache_read_tokens: usage.cached_tokens,
            cache_write_tokens: 0,
            cost: usage.cost.map(MicroUsd),
        }),
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
