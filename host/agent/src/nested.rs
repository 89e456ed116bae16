//! Agents that run as part of a call.
//!
//! A nested agent has a context of its own, the tools that it is given out of the session's, and an allowance inside the
//! session's budget. Its calls are decided about by the same policy, and asked about by the same person; they may not
//! have effects that the call around it does not declare. It is told when its context or its turns run out, and then
//! asked once, without tools, for what it has found.
//!
//! | bound | value |
//! | --- | --- |
//! | turns of the model | 60, or fewer where the task says so |
//! | its context | told at 85 % of the model's window, ended at 95 % |
//! | one output | 8 000 characters: 4 800 of its beginning, 3 200 of its end |
//! | its answer | 20 000 characters: 15 000 of its beginning, 5 000 of its end |
//! | effort | `high` at most |
//! | agents in agents | none |

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use journal::{CallId, JournalError};
use tokio_util::sync::CancellationToken;

use crate::budget::SHORTEST_ANSWER;
use crate::clip::{Kept, Shown, clip};
use crate::context::Context;
use crate::mark::Mark;
use crate::outcome::Verdicts;
use crate::repetition::Repetitions;
use crate::shared::{Running, Shared};
use crate::stop::Stop;
use crate::streak::Streak;
use crate::thread::{Allowance, Answer, Thread};
use crate::view::{Nested, View};
use crate::{
    Denial, Effort, FinishReason, Message, ModelError, ModelInfo, Part, ToolChoice, ToolSpec,
};

/// Turns of the model at most.
pub const NESTED_ITERATIONS: u32 = 60;
/// Percent of the window at which it is told.
const TOLD_AT: u64 = 85;
/// Percent of the window at which it is ended.
const ENDED_AT: u64 = 95;
/// How much of a long output it is shown.
const OUTPUT: Shown = Shown {
    head: 4_800,
    tail: 3_200,
};
/// How much of a long answer its caller is given.
const ANSWER: Shown = Shown {
    head: 15_000,
    tail: 5_000,
};
/// Characters of the task that it is called after.
const LABEL: usize = 50;

/// What it is told to be, where nobody says otherwise.
const PROMPT: &str = "\
You work on one task on behalf of another agent, with a context of your own. Use the tools you have, do not ask \
questions, and end with an answer that stands for itself: whoever gets it sees nothing else of what you did.";

/// Runs agents as part of calls.
#[async_trait]
pub trait Agents: Send + Sync {
    /// Runs one to its end, as part of a call that runs, and gives its last words. It ends when the call does.
    ///
    /// # Errors
    ///
    /// When it gave no answer.
    async fn run(&self, call: CallId, task: NestedTask) -> Result<String, NestedError>;
}

/// What a nested agent is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NestedTask {
    /// What people see it called; none for the beginning of its instructions.
    pub title: Option<String>,
    /// What it is told to be; none for a few general words.
    pub system: Option<String>,
    /// Its instructions.
    pub prompt: String,
    /// The tools that it is offered, by name; those that the session does not have are left out.
    pub tools: Vec<String>,
    /// Turns of the model at most; none for [`NESTED_ITERATIONS`], which is also the most.
    pub max_iterations: Option<u32>,
    /// Tokens at most, in and out together.
    pub max_tokens: Option<u64>,
}

/// Why a nested agent gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NestedError {
    /// The policy denies it.
    #[error("{0}")]
    Denied(Denial),
    /// Its allowance, or the session's budget, is used up.
    #[error("{0}")]
    Budget(String),
    /// It broke down, or cannot run.
    #[error("{0}")]
    Failed(String),
    /// The call that it is part of was stopped.
    #[error("cancelled")]
    Cancelled,
}

impl From<Stop> for NestedError {
    fn from(stop: Stop) -> NestedError {
        match stop {
            Stop::Interrupted => NestedError::Cancelled,
            Stop::Model(ModelError::Denied(decision)) => NestedError::Denied((&decision).into()),
            Stop::Limit(_) | Stop::UnknownCost { .. } | Stop::Enough { .. } => {
                NestedError::Budget(stop.to_string())
            }
            other => NestedError::Failed(other.to_string()),
        }
    }
}

impl From<JournalError> for NestedError {
    fn from(error: JournalError) -> NestedError {
        Stop::from(error).into()
    }
}

pub(crate) fn agents(shared: &Arc<Shared>) -> Arc<dyn Agents> {
    Arc::new(Delegates {
        shared: Arc::downgrade(shared),
    })
}

/// Whoever runs calls holds this, and the session holds whoever runs calls; so this does not hold the session.
struct Delegates {
    shared: Weak<Shared>,
}

impl fmt::Debug for Delegates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delegates").finish_non_exhaustive()
    }
}

/// Why it is asked for what it has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    Iterations(u32),
    Context,
    Allowance,
    Repetition,
}

impl fmt::Display for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closing::Iterations(most) => write!(f, "hit iteration limit ({most})"),
            Closing::Context => f.write_str("its context is full"),
            Closing::Allowance => f.write_str("its token budget is used up"),
            Closing::Repetition => f.write_str("it repeated itself"),
        }
    }
}

#[async_trait]
impl Agents for Delegates {
    async fn run(&self, call: CallId, task: NestedTask) -> Result<String, NestedError> {
        let shared = self
            .shared
            .upgrade()
            .ok_or_else(|| NestedError::Failed("the session is over".to_owned()))?;
        let shared = &shared;
        let (around, number) = enter(shared, call)?;
        let specs = specs(shared, &task.tools);
        let model = shared
            .services
            .nested_model
            .clone()
            .unwrap_or_else(|| shared.model());
        let title = task.title.as_deref().unwrap_or(&task.prompt);
        let title: String = title.chars().take(LABEL).collect();
        let nested = Nested {
            tool: around.tool.clone(),
            agent_id: match number {
                1 => call.to_string(),
                number => format!("{call}-{number}"),
            },
            label: format!("{}: {title}", around.tool),
        };
        let record = shared.record.within(call);
        let system = task.system.clone().unwrap_or_else(|| PROMPT.to_owned());
        record.mark(&Mark::SystemPrompt {
            text: system.clone(),
        })?;
        record.user_input(&task.prompt, None)?;
        let messages = vec![
            Message::System { text: system },
            Message::User {
                content: vec![Part::text(task.prompt.as_str())],
            },
        ];
        let mut thread = Thread {
            context: Context::new(messages, &specs, Arc::clone(&shared.services.estimator)),
            model,
            info: ModelInfo::default(),
            effort: shared.effort().map(|effort| effort.min(Effort::High)),
            kind: "research",
            specs: specs.into(),
            record,
            view: View::Nested(nested.clone()),
            undelivered: Vec::new(),
            verdicts: Verdicts::default(),
            repetitions: Repetitions::default(),
            streak: Streak::default(),
            shown: OUTPUT,
            effects: Some(around.effects.clone()),
            allowance: task.max_tokens.map(|most| Allowance { most }),
            tokens: AtomicU64::new(0),
            calls: 0,
            shared: Arc::clone(shared),
        };
        let tool = &around.tool;
        shared
            .events
            .send(nested.log(&format!("Starting {tool} sub-agent...")));
        let found = drive(&mut thread, &task, &around.cancel).await;
        // What it was refused counts for the turn that it is part of.
        if let Some(running) = shared.running().get_mut(&call) {
            running.denials.extend(thread.verdicts.denial());
        }
        let text = found?;
        let name: String = tool
            .chars()
            .take(1)
            .flat_map(char::to_uppercase)
            .chain(tool.chars().skip(1))
            .collect();
        shared.events.send(nested.log(&format!("{name} complete.")));
        Ok(clip(&text, ANSWER, Kept::Journal))
    }
}

/// The call that it is part of, and how many agents that has started.
fn enter(shared: &Shared, call: CallId) -> Result<(Running, u32), NestedError> {
    let mut running = shared.running();
    let around = running
        .get_mut(&call)
        .ok_or_else(|| NestedError::Failed(format!("there is no call {call} that runs")))?;
    if around.around.is_some() {
        return Err(NestedError::Failed(
            "a nested agent cannot start another one".to_owned(),
        ));
    }
    around.agents += 1;
    Ok((around.clone(), around.agents))
}

/// The tools of these names, as far as the session has them: which it has is not its caller's to know.
fn specs(shared: &Shared, names: &[String]) -> Vec<ToolSpec> {
    let offered = shared.specs.iter();
    offered
        .filter(|spec| names.contains(&spec.name))
        .cloned()
        .collect()
}

async fn drive(
    thread: &mut Thread,
    task: &NestedTask,
    cancel: &CancellationToken,
) -> Result<String, NestedError> {
    thread.inform(None, cancel).await?;
    let most = task
        .max_iterations
        .unwrap_or(NESTED_ITERATIONS)
        .min(NESTED_ITERATIONS);
    let mut told = false;
    let mut iterations = 0;
    loop {
        if iterations >= most {
            return close(thread, Closing::Iterations(most), cancel).await;
        }
        if thread.context.tokens() > thread.context.share(ENDED_AT) {
            return close(thread, Closing::Context, cancel).await;
        }
        if !leaves_room(thread) {
            return close(thread, Closing::Allowance, cancel).await;
        }
        if !told && thread.context.tokens() > thread.context.share(TOLD_AT) {
            told = true;
            thread.note(
                format!(
                    "{TOLD_AT} % of your context is used. Come to an end: look up only what is still missing, and answer."
                ),
                "its context is nearly full",
            )?;
        }
        match thread.guard() {
            Err(Stop::Stuck(_)) => return close(thread, Closing::Repetition, cancel).await,
            guarded => guarded?,
        }
        iterations += 1;
        let answer = match thread.ask(ToolChoice::Auto, cancel).await {
            Err(Stop::Model(ModelError::Overflow(_))) => {
                return close(thread, Closing::Context, cancel).await;
            }
            answer => answer?,
        };
        let Answer { turn, ids } = answer;
        if turn.tool_calls.is_empty() {
            if turn.text.trim().is_empty() {
                return Err(NestedError::Failed("it ended without an answer".to_owned()));
            }
            return Ok(turn.text);
        }
        if turn.finish == FinishReason::Length {
            thread.drop_cut_calls(turn)?;
            continue;
        }
        thread.run_calls(Answer { turn, ids }, cancel).await?;
        if cancel.is_cancelled() {
            return Err(NestedError::Cancelled);
        }
    }
}

/// Whether its allowance is enough for one more request and the one that asks for what it has found.
fn leaves_room(thread: &Thread) -> bool {
    let Some(Allowance { most }) = thread.allowance else {
        return true;
    };
    // The request that comes last has at least what this one has, and what this one says.
    let next = thread
        .context
        .tokens()
        .saturating_add(SHORTEST_ANSWER)
        .saturating_mul(2);
    thread.tokens().saturating_add(next) <= most
}

/// Asks once, without tools, for what it has found.
async fn close(
    thread: &mut Thread,
    why: Closing,
    cancel: &CancellationToken,
) -> Result<String, NestedError> {
    if let Some(Allowance { most }) = thread.allowance {
        let needed = thread.tokens().saturating_add(thread.context.tokens());
        if needed >= most {
            return Err(NestedError::Budget(format!(
                "its token budget of {most} does not pay for another request; {} are used",
                thread.tokens()
            )));
        }
    }
    let mut truncated = false;
    if why == Closing::Context {
        thread.overflowed()?;
        thread.truncate()?;
        truncated = true;
    }
    thread.note(
        format!(
            "You have to end now: {why}. Answer with what you have found so far, and say what is missing. Do not call \
             tools."
        ),
        &format!("{why}; asked for what it has found"),
    )?;
    let answer = match thread.ask(ToolChoice::None, cancel).await {
        Err(Stop::Model(ModelError::Overflow(_))) if !truncated => {
            thread.overflowed()?;
            thread.truncate()?;
            thread.ask(ToolChoice::None, cancel).await?
        }
        answer => answer?,
    };
    let text = answer.turn.text;
    if text.trim().is_empty() {
        return Err(NestedError::Failed(format!(
            "it gave no answer, and had to end: {why}"
        )));
    }
    Ok(text)
}
