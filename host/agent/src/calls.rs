//! The tool calls of one turn of the model.
//!
//! Every call gets an id when it is taken in, then a decision, and then exactly one end: a result, a failure, or
//! cancelled. Whatever goes wrong with one of them is its own result; the turn goes on. Calls that are allowed run
//! together, then those that somebody approved. Their results go to the model in the order of its calls.

use std::sync::Arc;
use std::time::Duration;

use journal::{CallId, JournalError};
use policy::Verdict;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::agent::{Agent, Stop};
use crate::event::EventSender;
use crate::message::in_words;
use crate::record::unrecordable;
use crate::{
    Answer, Approval, ApprovalItem, ArgumentError, CallContext, Denial, Event, Message, Part,
    Prepared, Progress, Question, Receipt, ToolCall, ToolFailure, ToolOutcome, ToolOutput, Tools,
    Turn,
};

/// How long a cancelled call may take to end by itself, before it is dropped.
pub const CANCEL_GRACE: Duration = Duration::from_secs(1);

/// One call on its way.
struct Call {
    /// The session's id.
    id: CallId,
    /// What the model asked for. Its arguments are valid JSON here.
    asked: ToolCall,
    arguments: Value,
    next: Next,
}

/// What comes next for a call.
enum Next {
    Run(Prepared, Approval),
    Ask(Prepared),
    Running(AbortOnDropHandle<ToolOutcome>),
    /// It never ran.
    Fail(ToolFailure),
    Ended(Message),
}

impl Agent {
    /// Runs the calls of a turn to their ends, and puts the turn and the results into the conversation.
    pub(crate) async fn run_calls(
        &mut self,
        turn: Turn,
        cancel: &CancellationToken,
    ) -> Result<(), Stop> {
        let mut calls = Vec::with_capacity(turn.tool_calls.len());
        for asked in turn.tool_calls {
            calls.push(self.take_in(asked)?);
        }
        let tool_calls = calls.iter().map(|call| call.asked.clone()).collect();
        self.messages.push(Message::Assistant {
            text: turn.text,
            reasoning: turn.reasoning,
            tool_calls,
        });

        let ran = self.decide_and_run(&mut calls, cancel).await;
        // Also where the journal failed in between: a conversation never has a call without a result.
        for call in calls {
            let message = match call.next {
                Next::Ended(message) => message,
                _ => result_message(&call.asked, &Err(ToolFailure::Cancelled)),
            };
            self.messages.push(message);
            self.undelivered.push((call.id, call.asked.id));
        }
        ran
    }

    async fn decide_and_run(
        &mut self,
        calls: &mut [Call],
        cancel: &CancellationToken,
    ) -> Result<(), Stop> {
        for call in calls
            .iter()
            .filter(|call| !matches!(call.next, Next::Ask(_)))
        {
            self.events.send(Event::ToolCall {
                tool: call.asked.name.clone(),
                arguments: call.arguments.clone(),
                tool_call_id: call.id.to_string(),
            });
        }
        self.start(calls, cancel)?;
        self.finish(calls).await?;
        if calls.iter().any(|call| matches!(call.next, Next::Ask(_))) {
            self.ask(calls, cancel).await?;
            self.start(calls, cancel)?;
            self.finish(calls).await?;
        }
        Ok(())
    }

    /// Gives a call its id, reads its arguments and decides about it.
    fn take_in(&mut self, mut asked: ToolCall) -> Result<Call, Stop> {
        let id = self.record.allocate_call();
        let (arguments, malformed) = parse_arguments(&asked);
        if let Some(failure) = malformed {
            // What goes back to the model must be JSON: providers refuse a conversation with anything else.
            asked.arguments = "{}".to_owned();
            return Ok(Call {
                id,
                asked,
                arguments,
                next: Next::Fail(failure),
            });
        }
        let next = match self.prepare(&asked.name, &arguments) {
            Ok(prepared) => {
                self.record.decisions(id, &prepared)?;
                match prepared.verdict() {
                    Verdict::Allow => Next::Run(prepared, Approval::Policy),
                    Verdict::Ask => Next::Ask(prepared),
                    Verdict::Deny => Next::Fail(ToolFailure::Denied((&prepared.decision).into())),
                }
            }
            Err(failure) => Next::Fail(failure),
        };
        Ok(Call {
            id,
            asked,
            arguments,
            next,
        })
    }

    fn prepare(&self, tool: &str, arguments: &Value) -> Result<Prepared, ToolFailure> {
        if self.specs.iter().any(|spec| spec.name == tool) {
            return self.tools.prepare(tool, arguments);
        }
        let known: Vec<&str> = self.specs.iter().map(|spec| spec.name.as_str()).collect();
        Err(ToolFailure::Failed {
            message: format!(
                "there is no tool `{tool}`; the tools are: {}",
                known.join(", ")
            ),
        })
    }

    /// Asks about the calls that have to be asked about.
    async fn ask(&mut self, calls: &mut [Call], cancel: &CancellationToken) -> Result<(), Stop> {
        let questions: Vec<Question<'_>> = calls
            .iter()
            .filter_map(|call| match &call.next {
                Next::Ask(prepared) => Some(Question {
                    call_id: call.id,
                    tool: &call.asked.name,
                    operation: &prepared.operation,
                    effects: &prepared.effects,
                    target: &prepared.target,
                    arguments: &call.arguments,
                    decision: &prepared.decision,
                }),
                _ => None,
            })
            .collect();
        let tools: Vec<ApprovalItem> = questions.iter().map(ApprovalItem::from).collect();
        let count = tools.len();
        let answers = if cancel.is_cancelled() {
            None
        } else {
            self.events.send(Event::ApprovalRequired { tools, count });
            tokio::select! {
                biased;
                () = cancel.cancelled() => None,
                answers = self.approver.ask(&questions) => Some(answers),
            }
        };
        drop(questions);
        let mut answers = answers.map(Vec::into_iter);
        for call in calls.iter_mut() {
            let next = std::mem::replace(&mut call.next, Next::Fail(ToolFailure::Cancelled));
            let Next::Ask(prepared) = next else {
                call.next = next;
                continue;
            };
            // Interrupted instead of answered: the call stays cancelled.
            let Some(answers) = answers.as_mut() else {
                continue;
            };
            let answer = answers
                .next()
                .unwrap_or_else(|| Answer::Deny((&prepared.decision).into()));
            self.record.answer(call.id, &prepared, &answer)?;
            let (state, next) = match answer {
                Answer::Approve => ("approved", Next::Run(prepared, Approval::Person)),
                Answer::Deny(denial) => ("rejected", Next::Fail(ToolFailure::Denied(denial))),
            };
            call.next = next;
            self.state(call, state);
        }
        Ok(())
    }

    /// Starts the calls that may run.
    fn start(&mut self, calls: &mut [Call], cancel: &CancellationToken) -> Result<(), Stop> {
        for call in calls {
            let next = std::mem::replace(&mut call.next, Next::Fail(ToolFailure::Cancelled));
            let Next::Run(prepared, approval) = next else {
                call.next = next;
                continue;
            };
            if cancel.is_cancelled() {
                continue;
            }
            match self.record.call_start(call.id, &prepared, &call.arguments) {
                Err(error) if unrecordable(&error) => {
                    call.next = Next::Fail(not_recorded("arguments", &error));
                    continue;
                }
                recorded => recorded?,
            }
            if approval == Approval::Person {
                self.state(call, "running");
            }
            let context = CallContext {
                call_id: call.id,
                cancel: cancel.child_token(),
                progress: Arc::new(CallProgress {
                    tool: call.asked.name.clone(),
                    call_id: call.id.to_string(),
                    events: self.events.clone(),
                }),
            };
            let run = run_one(Arc::clone(&self.tools), prepared, approval, context);
            call.next = Next::Running(AbortOnDropHandle::new(tokio::spawn(run)));
        }
        Ok(())
    }

    /// Waits for the calls that run, and ends those and the ones that never will, in order.
    async fn finish(&mut self, calls: &mut [Call]) -> Result<(), Stop> {
        for call in calls {
            let next = std::mem::replace(&mut call.next, Next::Fail(ToolFailure::Cancelled));
            let (mut result, receipt, denials) = match next {
                Next::Running(handle) => {
                    let outcome = handle.await.unwrap_or_else(|error| broken(&error));
                    (outcome.result, Some(outcome.receipt), outcome.denials)
                }
                Next::Fail(failure) => (Err(failure), None, Vec::new()),
                next => {
                    call.next = next;
                    continue;
                }
            };
            match self.record.call_end(call.id, &result, receipt.as_ref()) {
                // What cannot be written down is not given to the model either.
                Err(error) if unrecordable(&error) => {
                    result = Err(not_recorded("result", &error));
                    self.record.call_end(call.id, &result, receipt.as_ref())?;
                }
                recorded => recorded?,
            }
            let message = result_message(&call.asked, &result);
            self.tell_end(call, &result, receipt, denials);
            call.next = Next::Ended(message);
        }
        Ok(())
    }

    /// Tells whoever watches how a call ended.
    fn tell_end(
        &mut self,
        call: &Call,
        result: &Result<ToolOutput, ToolFailure>,
        receipt: Option<Receipt>,
        mut denials: Vec<Denial>,
    ) {
        let tool = &call.asked.name;
        if let Err(failure) = result {
            self.verdicts.failed(tool, failure);
            if let ToolFailure::Denied(denial) = failure
                && !denials.contains(denial)
            {
                denials.push(denial.clone());
            }
        }
        for denial in denials {
            self.verdicts.denied(&denial);
            let Denial {
                capability,
                rule,
                remedy,
            } = denial;
            self.events.send(Event::CapabilityDenied {
                tool: tool.clone(),
                tool_call_id: call.id.to_string(),
                capability,
                rule,
                remedy,
            });
        }
        if matches!(result, Err(ToolFailure::Cancelled)) {
            self.state(call, "cancelled");
        } else {
            self.events.send(Event::ToolOutput {
                tool: tool.clone(),
                tool_call_id: call.id.to_string(),
                output: words(result),
                success: result.is_ok(),
            });
        }
        if let Some(receipt) = receipt {
            self.events.send(Event::Receipt {
                tool: tool.clone(),
                tool_call_id: call.id.to_string(),
                receipt,
            });
        }
    }

    fn state(&self, call: &Call, state: &str) {
        self.events.send(Event::ToolStateChange {
            tool_call_id: call.id.to_string(),
            tool: call.asked.name.clone(),
            state: state.to_owned(),
        });
    }
}

/// The arguments to show, and what is wrong where they are no JSON object. No text at all is an empty object: models
/// write that for tools without parameters.
fn parse_arguments(asked: &ToolCall) -> (Value, Option<ToolFailure>) {
    let empty = || Value::Object(Map::new());
    if asked.arguments.trim().is_empty() {
        return (empty(), None);
    }
    match serde_json::from_str::<Value>(&asked.arguments) {
        Ok(arguments @ Value::Object(_)) => (arguments, None),
        Ok(other) => {
            let expected = format!("an object, not {}", kind(&other));
            let errors = vec![ArgumentError {
                pointer: String::new(),
                expected,
            }];
            (other, Some(ToolFailure::InvalidArguments { errors }))
        }
        Err(error) => {
            let message = format!(
                "ERROR: Tool call to '{}' had malformed JSON arguments and was NOT executed: {error}. Send it again \
                 with arguments that are one JSON object.",
                asked.name
            );
            (empty(), Some(ToolFailure::Failed { message }))
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Runs one call to its end, or to the end of its grace.
async fn run_one(
    tools: Arc<dyn Tools>,
    prepared: Prepared,
    approval: Approval,
    context: CallContext,
) -> ToolOutcome {
    let cancel = context.cancel.clone();
    let mut run = tools.run(prepared, approval, context);
    tokio::select! {
        biased;
        outcome = &mut run => return outcome,
        () = cancel.cancelled() => {}
    }
    tokio::time::timeout(CANCEL_GRACE, run)
        .await
        .unwrap_or_else(|_| ToolOutcome {
            result: Err(ToolFailure::Cancelled),
            receipt: Receipt::default(),
            denials: Vec::new(),
        })
}

/// The outcome of a call whose task broke down in the host.
fn broken(error: &tokio::task::JoinError) -> ToolOutcome {
    ToolOutcome {
        result: Err(ToolFailure::Failed {
            message: format!("the host broke down: {error}"),
        }),
        receipt: Receipt::default(),
        denials: Vec::new(),
    }
}

/// The failure of a call whose arguments or result the journal refuses.
fn not_recorded(what: &str, error: &JournalError) -> ToolFailure {
    ToolFailure::Failed {
        message: format!("the {what} of this call cannot be recorded: {error}"),
    }
}

/// A result in words.
fn words(result: &Result<ToolOutput, ToolFailure>) -> String {
    match result {
        Ok(output) => in_words(&output.content),
        Err(failure) => failure.to_string(),
    }
}

/// A result as the model gets it.
fn result_message(asked: &ToolCall, result: &Result<ToolOutput, ToolFailure>) -> Message {
    let (content, structured) = match result {
        Ok(output) => (output.content.clone(), output.structured.clone()),
        Err(failure) => (vec![Part::text(failure.to_string())], None),
    };
    Message::Tool {
        tool_call_id: asked.id.clone(),
        name: asked.name.clone(),
        content,
        structured,
        success: result.is_ok(),
    }
}

impl From<&Question<'_>> for ApprovalItem {
    fn from(question: &Question<'_>) -> ApprovalItem {
        ApprovalItem {
            tool: question.tool.to_owned(),
            arguments: question.arguments.clone(),
            tool_call_id: question.call_id.to_string(),
            operation: question.operation.to_owned(),
            target: question.target.to_owned(),
            capability: question.decision.subject.clone(),
            rule: question.decision.rule.clone(),
        }
    }
}

/// Shows what a running call says about itself.
struct CallProgress {
    tool: String,
    call_id: String,
    events: EventSender,
}

impl Progress for CallProgress {
    fn log(&self, line: &str) {
        self.events.send(Event::ToolLog {
            tool: self.tool.clone(),
            log: line.to_owned(),
            tool_call_id: Some(self.call_id.clone()),
        });
    }

    fn report(&self, done: u64, total: Option<u64>, unit: &str) {
        self.events.send(Event::ToolProgress {
            tool: self.tool.clone(),
            tool_call_id: self.call_id.clone(),
            done,
            total,
            unit: unit.to_owned(),
        });
    }

    fn status(&self, status: &str) {
        self.events.send(Event::ToolStateChange {
            tool_call_id: self.call_id.clone(),
            tool: self.tool.clone(),
            state: status.to_owned(),
        });
    }
}
