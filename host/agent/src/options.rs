//! The bounds and habits of an agent.

use std::time::Duration;

use crate::{Bounds, Effort, MicroUsd};

/// Turns of the model in one turn of the user's, where nobody says otherwise.
pub const DEFAULT_MAX_ITERATIONS: u32 = 300;

/// What a negative number of iterations stands for.
pub const UNLIMITED_ITERATIONS: u32 = 10_000;

/// Characters of a call's output that the model is shown, where nobody says otherwise. The shipped tools have lower
/// bounds of their own, with a way to go on: the largest is a page of 64 KiB.
pub const DEFAULT_OUTPUT: usize = 70_000;

/// The bound on iterations that a number on a command line or in a configuration stands for.
#[must_use]
pub fn iterations(number: i64) -> u32 {
    match number {
        ..0 => UNLIMITED_ITERATIONS,
        number => u32::try_from(number).unwrap_or(u32::MAX),
    }
}

/// The bounds and habits of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Turns of the model in one turn of the user's.
    pub max_iterations: u32,
    /// What the session may cost. Whatever may cross this is asked about before; with nobody there, it is not done. With
    /// a bound, an unknown price is asked about too, because the bound could not be kept.
    pub max_cost: Option<MicroUsd>,
    /// Tokens that the session may use, in and out together.
    pub max_tokens: Option<u64>,
    /// Tool calls that the session may run.
    pub max_calls: Option<u64>,
    /// How long the session may be at work, waiting for a person not counted.
    pub max_time: Option<Duration>,
    /// The first amount at which somebody is asked whether to go on, then twice that, and so on; none asks never.
    pub usage_warning: Option<MicroUsd>,
    /// Whether a turn in which anything was denied ends as [`Outcome::Denied`](crate::Outcome::Denied).
    pub strict_denials: bool,
    /// Whether the model's words are shown while they come.
    pub stream: bool,
    /// How hard the model is to think; none leaves it to the provider.
    pub effort: Option<Effort>,
    /// Characters of a call's output that the model is shown; what is longer loses its middle.
    pub output: usize,
    /// The model's context window in tokens, where somebody knows it better than the model does.
    pub context_window: Option<u64>,
    /// What the model is told of the session before the user's first words: the date, the user's name. It is not part of
    /// the prompt, which stays the same from session to session.
    pub session_note: Option<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_iterations: DEFAULT_MAX_ITERATIONS,
            max_cost: None,
            max_tokens: None,
            max_calls: None,
            max_time: None,
            usage_warning: None,
            strict_denials: false,
            stream: true,
            effort: None,
            output: DEFAULT_OUTPUT,
            context_window: None,
            session_note: None,
        }
    }
}

impl Options {
    pub(crate) const fn bounds(&self) -> Bounds {
        Bounds {
            cost: self.max_cost,
            tokens: self.max_tokens,
            calls: self.max_calls,
            wall: self.max_time,
        }
    }
}
