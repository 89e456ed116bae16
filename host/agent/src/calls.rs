//! The tool calls of one turn of the model.
//!
//! Every call gets an id when it is taken in, then a decision, and then exactly one end: a result, a failure, or
//! cancelled. Whatever goes wrong with one of them is its own result; the turn goes on. Calls that are allowed run
//! together, then those that somebody approved. Their results go to the model in the order of its calls.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use journal::{CallId, JournalError};
use policy::{Decision, Effect, Verdict};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::clip::{Shown, too_long};
use crate::ending::Ending;
use crate::mark::Mark;
use crate::message::in_words;
use crate::record::{CallRecord, unrecordable};
use crate::shared::Running;
use crate::stop::Stop;
use crate::thread::{Answer as Answered, Thread};
use crate::view::CallProgress;
use crate::{
    Answer, Approval, ApprovalItem, ArgumentError, CallContext, Denial, Event, Message, MicroUsd,
    Notice, PLAN_TOOL, Part, Plan, Prepared, Progress, Question, Quote, Receipt, ToolCall,
    ToolFailure, ToolOutcome, ToolOutput, arguments, replay,
};

/// How long a cancelled call may take to end by itself, before it is dropped.
pub const CANCEL_GRACE: Duration = Duration::from_millis(60);

/// The same for the calls of a nested agent: it has to come to its end within the grace of the call around it.
const NESTED_GRACE: Duration = Duration::from_millis(30);

/// How often one call can be asked about, after it was edited.
const EDITS: usize = 3;

/// One call on its way.
struct Call {
    /// The session's id.
    id: CallId,
    /// What the model asked for. Its arguments are valid JSON here.
    asked: ToolCall,
    arguments: Value,
    /// What it would cost, where it spends money and that is known.
    price: Option<MicroUsd>,
    /// What else its tool says of it beforehand.
    quote: Vec<(String, String)>,
    /// Whether that was taken from the budget.
    charged: bool,
    /// Why a bound of the budget makes it one that is asked about.
    blocked: Option<String>,
    /// Whether a person changed the arguments.
    edited: bool,
    next: Next,
}

/// What comes next for a call.
enum Next {
    Run(Prepared, Approval),
    Ask(Prepared),
    Running(AbortOnDropHandle<ToolOutcome>, CancellationToken),
    /// It never ran.
    Fail(ToolFailure),
    Ended(Message),
}

impl Thread {
    /// Runs the calls of a turn to their ends, and puts the turn and the results into the conversation. Gives the plan
    /// that came of them.
    pub(crate) async fn run_calls(
        &mut self,
        answered: Answered,
        cancel: &CancellationToken,
    ) -> Result<Option<Plan>, Stop> {
        let Answered { turn, ids } = answered;
        let mut calls = Vec::with_capacity(turn.tool_calls.len());
        let mut taken = Ok(());
        for (asked, id) in turn.tool_calls.into_iter().zip(ids) {
            let (call, recorded) = self.take_in(id, asked, cancel).await;
            calls.push(call);
            taken = taken.and(recorded);
        }
        let tool_calls = calls.iter().map(|call| call.asked.clone()).collect();
        let message = Message::Assistant {
            text: turn.text,
            reasoning: turn.reasoning,
            tool_calls,
        };
        self.said(message, turn.usage.as_ref());

        let mut plan = None;
        let ran = match taken {
            Ok(()) => self.decide_and_run(&mut calls, &mut plan, cancel).await,
            Err(error) => Err(error.into()),
        };
        // Also where the journal failed in between: a conversation never has a call without a result.
        for call in calls {
            self.refund(&call);
            let message = match call.next {
                Next::Ended(message) => message,
                _ => replay::message(&call.asked, &Err(ToolFailure::Cancelled), None),
            };
            if let Message::Tool { content, .. } = &message {
                self.repetitions
                    .add(&call.asked.name, &call.asked.arguments, content);
            }
            self.context.push(message);
            self.undelivered.push((call.id, call.asked.id));
        }
        ran.map(|()| plan)
    }

    async fn decide_and_run(
        &mut self,
        calls: &mut [Call],
        plan: &mut Option<Plan>,
        cancel: &CancellationToken,
    ) -> Result<(), Stop> {
        for call in calls
            .iter()
            .filter(|call| !matches!(call.next, Next::Ask(_)))
        {
            let prepared = match &call.next {
                Next::Run(prepared, _) => Some(prepared),
                _ => None,
            };
            let name = &call.asked.name;
            let shown = self.view.call(name, &call.arguments, call.id, prepared);
            self.shared.events.send(shown);
        }
        let mut round = 0;
        loop {
            let started = self.start(calls, cancel).await;
            self.finish(calls, plan, cancel).await?;
            started?;
            if !calls.iter().any(|call| matches!(call.next, Next::Ask(_))) {
                return Ok(());
            }
            if round < EDITS {
                round += 1;
                self.ask_about(calls, cancel).await?;
            } else {
                calls.iter_mut().for_each(deny_unanswered);
            }
        }
    }

    /// Reads a call's arguments and decides about it. It is a call with an id whatever comes of that.
    async fn take_in(
        &mut self,
        id: CallId,
        asked: ToolCall,
        cancel: &CancellationToken,
    ) -> (Call, Result<(), JournalError>) {
        let spec = self.specs.iter().find(|spec| spec.name == asked.name);
        let read = arguments::read(&asked, spec);
        let malformed = matches!(read.failure, Some(ToolFailure::Malformed { .. }));
        self.streak.add(&asked.name, malformed);
        if !read.slips.is_empty() {
            let line = format!(
                "the arguments of `{}` were not quite JSON; put right: {}",
                asked.name,
                read.slips.join(", ")
            );
            self.shared.events.send(self.view.log(line));
        }
        let mut call = Call {
            id,
            asked: arguments::kept(asked),
            arguments: read.arguments,
            price: None,
            quote: Vec::new(),
            charged: false,
            blocked: None,
            edited: false,
            next: Next::Fail(ToolFailure::Cancelled),
        };
        let recorded = match read.failure {
            Some(failure) => {
                call.next = Next::Fail(failure);
                Ok(())
            }
            None => self.decide(&mut call, cancel).await,
        };
        (call, recorded)
    }

    /// Decides about a call: the policy, then what the session's rules and its budget say to that.
    async fn decide(
        &mut self,
        call: &mut Call,
        cancel: &CancellationToken,
    ) -> Result<(), JournalError> {
        let mut prepared = match self.prepare(&call.asked.name, &call.arguments) {
            Ok(prepared) => prepared,
            Err(failure) => {
                call.next = Next::Fail(failure);
                return Ok(());
            }
        };
        self.record.decisions(call.id, &prepared)?;
        let approval = match prepared.verdict() {
            Verdict::Deny => {
                call.next = Next::Fail(ToolFailure::Denied((&prepared.decision).into()));
                return Ok(());
            }
            Verdict::Allow => Some(Approval::Policy),
            Verdict::Ask => match self.shared.rules.answer(&prepared) {
                Some(rule) => {
                    let decision = Decision {
                        verdict: Verdict::Allow,
                        subject: prepared.decision.subject.clone(),
                        rule: rule.name(),
                        remedy: String::new(),
                    };
                    self.record
                        .decision(call.id, &decision, &prepared.effects)?;
                    Some(Approval::Person)
                }
                None => None,
            },
        };
        let spends = prepared.effects.contains(&Effect::Spend);
        call.blocked = None;
        (call.price, call.quote) = (None, Vec::new());
        if spends {
            match self.quote(call.id, &prepared, cancel).await {
                Ok(quote) => (call.price, call.quote) = (quote.cost, quote.rows),
                Err(failure) => {
                    call.next = Next::Fail(failure);
                    return Ok(());
                }
            }
        }
        let Some(approval) = approval else {
            call.next = Next::Ask(prepared);
            return Ok(());
        };
        let left = self.shared.budget().left();
        let reason = match (spends, left, call.price) {
            (true, Some(left), Some(price)) if price > left => Some(format!(
                "it would cost {price}, which exceeds the {left} that are left"
            )),
            (true, Some(_), None) => Some("what it would cost is not known".to_owned()),
            _ => None,
        };
        if let Some(reason) = reason {
            prepared.decision = Decision {
                verdict: Verdict::Ask,
                subject: format!("effect {}", Effect::Spend),
                rule: format!("budget: {reason}"),
                remedy: "approve this call, or raise the session's bound of dollars".to_owned(),
            };
            self.record
                .decision(call.id, &prepared.decision, &prepared.effects)?;
            call.blocked = Some(reason);
            call.next = Next::Ask(prepared);
            return Ok(());
        }
        self.charge(call);
        call.next = Next::Run(prepared, approval);
        Ok(())
    }

    /// Asks the tool what a call will cost. What keeps it from telling is told in its place, and the price is then unknown;
    /// where the call could not be made as it is, that is its end.
    async fn quote(
        &self,
        id: CallId,
        prepared: &Prepared,
        cancel: &CancellationToken,
    ) -> Result<Quote, ToolFailure> {
        let context = CallContext {
            call_id: id,
            cancel: cancel.child_token(),
            progress: self.progress(id, &prepared.tool),
        };
        let quote = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(ToolFailure::Cancelled),
            quote = self.shared.tools.quote(prepared, &context) => quote,
        };
        match quote {
            Ok(quote) => Ok(quote.unwrap_or_default()),
            Err(failure @ (ToolFailure::InvalidArguments { .. } | ToolFailure::Failed { .. })) => {
                Err(failure)
            }
            Err(ToolFailure::Cancelled) => Err(ToolFailure::Cancelled),
            Err(other) => Ok(Quote {
                cost: None,
                rows: vec![("price".to_owned(), format!("not known: {other}"))],
            }),
        }
    }

    fn progress(&self, id: CallId, tool: &str) -> Arc<dyn Progress> {
        Arc::new(CallProgress {
            tool: tool.to_owned(),
            call_id: id.to_string(),
            events: self.shared.events.clone(),
            view: self.view.clone(),
        })
    }

    /// Takes what a call will cost from the budget, before the next one is decided about.
    fn charge(&self, call: &mut Call) {
        if let Some(price) = call.price
            && !call.charged
        {
            self.shared.budget().charge(price);
            call.charged = true;
        }
    }

    /// Gives back what a call was to cost that gave no result.
    fn refund(&self, call: &Call) {
        let failed = !matches!(call.next, Next::Ended(Message::Tool { success: true, .. }));
        if let Some(price) = call.price
            && call.charged
            && failed
        {
            self.shared.budget().refund(price);
        }
    }

    /// Finds out what a call would do, and what the policy says to that.
    fn prepare(&self, tool: &str, arguments: &Value) -> Result<Prepared, ToolFailure> {
        if !self.specs.iter().any(|spec| spec.name == tool) {
            let known: Vec<&str> = self.specs.iter().map(|spec| spec.name.as_str()).collect();
            let message = format!(
                "there is no tool `{tool}`; the tools are: {}",
                known.join(", ")
            );
            return Err(ToolFailure::Failed { message });
        }
        let prepare = AssertUnwindSafe(|| self.shared.tools.prepare(tool, arguments));
        let mut prepared = catch_unwind(prepare).unwrap_or_else(|_| {
            Err(ToolFailure::Failed {
                message: "the host broke down while it looked at the arguments".to_owned(),
            })
        })?;
        if let Some(decision) = self.beyond(&prepared) {
            prepared.decisions.push(decision.clone());
            prepared.decision = decision;
        }
        Ok(prepared)
    }

    /// What a nested agent may not do because the call that it is part of does not do it.
    fn beyond(&self, prepared: &Prepared) -> Option<Decision> {
        let allowed = self.effects.as_ref()?;
        let more = prepared
            .effects
            .iter()
            .find(|effect| **effect != Effect::Observe && !allowed.contains(effect))?;
        Some(Decision {
            verdict: Verdict::Deny,
            subject: format!("effect {more}"),
            rule: "nested agent: no more than the call that it is part of".to_owned(),
            remedy: format!("declare the effect {more} in the operation that starts the agent"),
        })
    }

    /// Asks about the calls that have to be asked about, once.
    async fn ask_about(
        &mut self,
        calls: &mut [Call],
        cancel: &CancellationToken,
    ) -> Result<(), Stop> {
        let answers = self.answers(calls, cancel).await;
        let mut answers = match answers {
            Asked::Answers(answers) => Some(answers.into_iter()),
            Asked::Abandoned | Asked::Interrupted => None,
        };
        let abandoned = answers.is_none() && !cancel.is_cancelled();
        for call in calls.iter_mut() {
            let next = std::mem::replace(&mut call.next, Next::Fail(ToolFailure::Cancelled));
            let Next::Ask(prepared) = next else {
                call.next = next;
                continue;
            };
            // Interrupted instead of answered: the call stays cancelled.
            let Some(answers) = answers.as_mut() else {
                if abandoned {
                    call.next = Next::Fail(ToolFailure::Abandoned);
                    self.state(call, "abandoned");
                }
                continue;
            };
            let answer = answers
                .next()
                .unwrap_or_else(|| Answer::Deny((&prepared.decision).into()));
            self.take_answer(call, prepared, answer, cancel).await?;
        }
        Ok(())
    }

    async fn answers(&self, calls: &mut [Call], cancel: &CancellationToken) -> Asked {
        let shared = &self.shared;
        let _one_at_a_time = tokio::select! {
            biased;
            () = cancel.cancelled() => return Asked::Interrupted,
            turn = shared.asking.lock() => turn,
        };
        let left = shared.budget().left();
        let mut questions: Vec<Question<'_>> = Vec::new();
        let mut items: Vec<ApprovalItem> = Vec::new();
        let mut tools: Vec<String> = Vec::new();
        for call in calls.iter() {
            let Next::Ask(prepared) = &call.next else {
                continue;
            };
            let question = Question {
                call_id: call.id,
                tool: &call.asked.name,
                operation: &prepared.operation,
                effects: &prepared.effects,
                target: &prepared.target,
                arguments: &call.arguments,
                decision: &prepared.decision,
                price: call.price,
                quote: &call.quote,
                agent: self.view.label(),
            };
            let mut item = ApprovalItem::from(&question);
            if let Some(reason) = &call.blocked {
                item.auto_approval_blocked = true;
                item.block_reason = Some(reason.clone());
                item.remaining_cap_usd = left.map(MicroUsd::dollars);
            }
            if !tools.contains(&item.tool) {
                tools.push(item.tool.clone());
            }
            questions.push(question);
            items.push(item);
        }
        let comes = shared.inbox.message_comes();
        let count = items.len();
        shared.events.send(Event::approval(items));
        shared.notify(Notice::ApprovalRequired {
            count,
            tools: &tools,
        });
        shared.budget().time.ask(shared.clock.now());
        let answers = tokio::select! {
            biased;
            () = cancel.cancelled() => Asked::Interrupted,
            answers = shared.approver.ask(&questions) => Asked::Answers(answers),
            () = comes => Asked::Abandoned,
        };
        shared.budget().time.answered(shared.clock.now());
        answers
    }

    async fn take_answer(
        &mut self,
        call: &mut Call,
        prepared: Prepared,
        answer: Answer,
        cancel: &CancellationToken,
    ) -> Result<(), Stop> {
        let rule = matches!(answer, Answer::Always).then(|| self.shared.rules.draft(&prepared));
        // A rule about a bound would be one about every amount.
        let rule = rule.filter(|_| call.blocked.is_none());
        self.record
            .answer(call.id, &prepared, &answer, rule.as_ref())?;
        if let Some(rule) = rule {
            self.shared.rules.keep(rule);
            let rules = self.shared.rules.list();
            self.shared.events.send(Event::SessionRules { rules });
        }
        let state = match answer {
            Answer::Approve | Answer::Always => {
                self.charge(call);
                call.next = Next::Run(prepared, Approval::Person);
                "approved"
            }
            Answer::Deny(denial) => {
                self.verdicts.unanswered(&denial);
                call.next = Next::Fail(ToolFailure::Denied(denial));
                "rejected"
            }
            Answer::Reject { feedback } => {
                let feedback = feedback.map(|words| printable(&words));
                let feedback = feedback.filter(|words| !words.is_empty());
                call.next = Next::Fail(ToolFailure::Rejected { feedback });
                "rejected"
            }
            Answer::Edit(arguments) => {
                call.edited = true;
                call.arguments = arguments;
                if !call.arguments.is_object() {
                    let errors = vec![ArgumentError {
                        pointer: String::new(),
                        expected: "an object".to_owned(),
                    }];
                    call.next = Next::Fail(ToolFailure::InvalidArguments { errors });
                } else {
                    let before = call.price;
                    self.decide(call, cancel).await?;
                    // Whoever made it dearer has not seen by how much.
                    if call.price <= before {
                        self.approve_edit(call, &prepared);
                    }
                }
                "approved"
            }
        };
        if !matches!(call.next, Next::Ask(_)) {
            self.state(call, state);
        }
        Ok(())
    }

    /// Whoever edited a call has approved what it does now, as long as that is what they were asked about.
    fn approve_edit(&self, call: &mut Call, before: &Prepared) {
        let next = std::mem::replace(&mut call.next, Next::Fail(ToolFailure::Cancelled));
        call.next = match next {
            Next::Ask(now) if same_question(before, &now) => {
                self.charge(call);
                Next::Run(now, Approval::Person)
            }
            next => next,
        };
    }

    /// Starts the calls that may run.
    async fn start(&mut self, calls: &mut [Call], cancel: &CancellationToken) -> Result<(), Stop> {
        let runs = |call: &&mut Call| matches!(call.next, Next::Run(..));
        let number = calls.iter_mut().filter(runs).count() as u64;
        if number == 0 {
            return Ok(());
        }
        let afforded = self
            .shared
            .within_budget("calls", cancel, |budget| budget.take_calls(number))
            .await;
        if let Err(stop) = afforded {
            let failure = match &stop {
                Stop::Limit(exceeded) => ToolFailure::Limit(exceeded.clone()),
                _ => ToolFailure::Cancelled,
            };
            for call in calls.iter_mut().filter(runs) {
                call.next = Next::Fail(failure.clone());
            }
            return Err(stop);
        }
        for call in calls {
            let next = std::mem::replace(&mut call.next, Next::Fail(ToolFailure::Cancelled));
            let Next::Run(prepared, approval) = next else {
                call.next = next;
                continue;
            };
            if cancel.is_cancelled() {
                continue;
            }
            let charge = call
                .price
                .filter(|_| call.charged)
                .map(|micros| Mark::Charge { micros });
            let token = cancel.child_token();
            match self.enter(call, &prepared, charge, &token) {
                Err(error) if unrecordable(&error) => {
                    call.next = Next::Fail(not_recorded("arguments", &error));
                    continue;
                }
                Err(error) => return Err(error.into()),
                Ok(false) => continue,
                Ok(true) => {}
            }
            if approval == Approval::Person {
                self.state(call, "running");
            }
            self.calls = self.calls.saturating_add(1);
            let context = CallContext {
                call_id: call.id,
                cancel: token.clone(),
                progress: self.progress(call.id, &call.asked.name),
            };
            let tools = Arc::clone(&self.shared.tools);
            let run = async move { tools.run(prepared, approval, context).await };
            call.next = Next::Running(AbortOnDropHandle::new(tokio::spawn(run)), token);
        }
        Ok(())
    }

    /// Writes down that a call starts, and puts it among those that run. It does not start where it is part of a call that
    /// has ended.
    fn enter(
        &self,
        call: &Call,
        prepared: &Prepared,
        charge: Option<Mark>,
        token: &CancellationToken,
    ) -> Result<bool, JournalError> {
        let around = self.record.around();
        let mut running = self.shared.running();
        if around.is_some_and(|around| !running.contains_key(&around)) {
            return Ok(false);
        }
        self.record
            .call_start(call.id, prepared, &call.arguments, charge)?;
        let entered = Running {
            tool: call.asked.name.clone(),
            effects: prepared.effects.clone(),
            cancel: token.clone(),
            around,
            agents: 0,
            denials: Vec::new(),
        };
        running.insert(call.id, entered);
        Ok(true)
    }

    /// Writes down how a call ended, once: not where the call around it has ended and taken it along. Where it has
    /// started agents, the calls of those that still run end with it.
    fn leave(&self, call: CallId, ended: &CallRecord<'_>) -> Result<bool, JournalError> {
        let mut running = self.shared.running();
        if ended.receipt.is_some() && !running.contains_key(&call) {
            return Ok(false);
        }
        let mut within: Vec<CallId> = running
            .iter()
            .filter(|(_, one)| one.around == Some(call))
            .map(|(id, _)| *id)
            .collect();
        within.sort();
        let orphans = within.iter().map(|id| (*id, Some(call), Ending::Orphaned));
        self.record.close(orphans)?;
        for id in within {
            running.remove(&id);
        }
        self.record.call_end(call, ended)?;
        running.remove(&call);
        Ok(true)
    }

    /// Waits for the calls that run, and ends those and the ones that never will, in order.
    async fn finish(
        &mut self,
        calls: &mut [Call],
        plan: &mut Option<Plan>,
        cancel: &CancellationToken,
    ) -> Result<(), Stop> {
        let mut deadline = None;
        for call in calls {
            let next = std::mem::replace(&mut call.next, Next::Fail(ToolFailure::Cancelled));
            let (mut result, receipt, denials) = match next {
                Next::Running(handle, token) => {
                    let outcome = self.in_time(handle, cancel, &mut deadline).await;
                    let outcome = outcome.map_or_else(
                        || ended_with(ToolFailure::Cancelled),
                        |ended| ended.unwrap_or_else(|error| broken(&error)),
                    );
                    // Whatever it has started ends with it.
                    token.cancel();
                    if let Some(running) = self.shared.running().get_mut(&call.id) {
                        for denial in std::mem::take(&mut running.denials) {
                            self.verdicts.denied(&denial);
                        }
                    }
                    (outcome.result, Some(outcome.receipt), outcome.denials)
                }
                Next::Fail(failure) => (Err(failure), None, Vec::new()),
                next => {
                    call.next = next;
                    continue;
                }
            };
            if matches!(result, Err(ToolFailure::Cancelled))
                && let Some(exceeded) = self.shared.time_up()
            {
                result = Err(ToolFailure::Limit(exceeded));
            }
            if let Ok(output) = &mut result
                && call.edited
            {
                let note = format!(
                    "[The user changed the arguments before approving this call: {}]",
                    call.arguments
                );
                output.content.insert(0, Part::text(note));
            }
            let (id, tool) = (call.id, call.asked.name.as_str());
            let shown = self.spill(id, tool, &result, cancel, &mut deadline).await;
            self.end(call, result, shown, receipt, denials, plan)?;
        }
        Ok(())
    }

    /// What comes of something. Once the turn is interrupted, all that it waits for has one grace together; what has not
    /// ended by then is dropped, even where it never comes to a point at which it could be.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = T>,
        cancel: &CancellationToken,
        deadline: &mut Option<Instant>,
    ) -> Option<T> {
        tokio::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            () = cancel.cancelled() => {}
        }
        let grace = match self.record.around() {
            Some(_) => NESTED_GRACE,
            None => CANCEL_GRACE,
        };
        let deadline = *deadline.get_or_insert_with(|| Instant::now() + grace);
        tokio::time::timeout_at(deadline, work).await.ok()
    }

    /// Writes down how a call ended, tells whoever watches, and makes its result a message.
    fn end(
        &mut self,
        call: &mut Call,
        mut result: Result<ToolOutput, ToolFailure>,
        mut shown: Option<(Option<String>, Shown)>,
        receipt: Option<Receipt>,
        denials: Vec<Denial>,
        plan: &mut Option<Plan>,
    ) -> Result<(), Stop> {
        let refund = call
            .price
            .filter(|_| call.charged && receipt.is_some())
            .map(|micros| Mark::Refund { micros });
        let marks = |shown: Option<&(Option<String>, Shown)>, failed: bool| {
            let spilled = shown.map(|(path, shown)| Mark::Spilled {
                path: path.clone(),
                head: shown.head,
                tail: shown.tail,
            });
            spilled
                .into_iter()
                .chain(refund.clone().filter(|_| failed))
                .collect()
        };
        let recorded = self.leave(
            call.id,
            &CallRecord {
                result: &result,
                receipt: receipt.as_ref(),
                marks: marks(shown.as_ref(), result.is_err()),
            },
        );
        let recorded = match recorded {
            // What cannot be written down is not given to the model either.
            Err(error) if unrecordable(&error) => {
                result = Err(not_recorded("result", &error));
                shown = None;
                self.leave(
                    call.id,
                    &CallRecord {
                        result: &result,
                        receipt: receipt.as_ref(),
                        marks: marks(None, true),
                    },
                )?
            }
            recorded => recorded?,
        };
        if !recorded {
            return Err(Stop::Interrupted);
        }
        if let Ok(output) = &result
            && call.asked.name == PLAN_TOOL
            && self.view.is_session()
            && let Some(found) = Plan::of_call(&call.arguments, output.structured.as_ref())
        {
            self.record.mark(&Mark::PlanUpdate {
                plan: found.clone(),
            })?;
            self.shared.events.send(Event::PlanUpdate {
                plan: found.0.clone(),
            });
            *plan = Some(found);
        }
        let message = replay::message(&call.asked, &result, shown.as_ref());
        self.tell_end(call, &result, &message, receipt, denials);
        call.next = Next::Ended(message);
        Ok(())
    }

    /// Keeps an output that is too long for the model, and says how much of it is shown.
    async fn spill(
        &self,
        call: CallId,
        tool: &str,
        result: &Result<ToolOutput, ToolFailure>,
        cancel: &CancellationToken,
        deadline: &mut Option<Instant>,
    ) -> Option<(Option<String>, Shown)> {
        let text = match result {
            Ok(output) => too_long(&output.content, self.shown)?,
            Err(failure) => too_long(&[Part::text(failure.to_string())], self.shown)?,
        };
        let Some(spill) = &self.shared.services.spill else {
            return Some((None, self.shown));
        };
        let kept = spill.keep(call, tool, &text);
        let path = match self.in_time(kept, cancel, deadline).await {
            Some(Ok(path)) => Some(path),
            // Interrupted: the journal has it.
            None => None,
            Some(Err(error)) => {
                let line = format!("a long output of `{tool}` was not kept: {error}");
                self.shared.events.send(self.view.log(line));
                None
            }
        };
        Some((path, self.shown))
    }

    /// Tells whoever watches how a call ended.
    fn tell_end(
        &mut self,
        call: &Call,
        result: &Result<ToolOutput, ToolFailure>,
        message: &Message,
        receipt: Option<Receipt>,
        mut denials: Vec<Denial>,
    ) {
        let tool = &call.asked.name;
        let events = self.shared.events.clone();
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
            events.send(Event::CapabilityDenied {
                tool: tool.clone(),
                tool_call_id: call.id.to_string(),
                capability,
                rule,
                remedy,
            });
        }
        if !self.view.is_session() {
            events.send(self.view.log(format!("tools:{}", self.calls)));
            return;
        }
        if matches!(result, Err(ToolFailure::Cancelled)) {
            self.state(call, "cancelled");
        } else {
            let output = match message {
                Message::Tool { content, .. } => in_words(content),
                _ => String::new(),
            };
            events.send(Event::ToolOutput {
                tool: tool.clone(),
                tool_call_id: call.id.to_string(),
                output,
                success: result.is_ok(),
            });
        }
        if let Some(receipt) = receipt {
            events.send(Event::Receipt {
                tool: tool.clone(),
                tool_call_id: call.id.to_string(),
                receipt,
            });
        }
    }

    fn state(&self, call: &Call, state: &str) {
        self.shared.events.send(Event::ToolStateChange {
            tool_call_id: call.id.to_string(),
            tool: call.asked.name.clone(),
            state: state.to_owned(),
        });
    }
}

/// A call that was edited again and again into something else that is asked about.
fn deny_unanswered(call: &mut Call) {
    if let Next::Ask(prepared) = &call.next {
        call.next = Next::Fail(ToolFailure::Denied((&prepared.decision).into()));
    }
}

/// What came of asking.
enum Asked {
    Answers(Vec<Answer>),
    /// The user went on with something else.
    Abandoned,
    Interrupted,
}

/// Whether the policy asks about the same as before.
fn same_question(before: &Prepared, now: &Prepared) -> bool {
    let asked = |prepared: &Prepared| -> Vec<(String, String)> {
        prepared
            .decisions
            .iter()
            .chain(std::iter::once(&prepared.decision))
            .filter(|decision| decision.verdict == Verdict::Ask)
            .map(|decision| (decision.subject.clone(), decision.rule.clone()))
            .collect()
    };
    let known = asked(before);
    before.operation == now.operation && asked(now).iter().all(|question| known.contains(question))
}

/// Words without control characters: they go to a model and to terminals.
fn printable(words: &str) -> String {
    words
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The outcome of a call whose task broke down in the host.
fn broken(error: &tokio::task::JoinError) -> ToolOutcome {
    ended_with(ToolFailure::Failed {
        message: format!("the host broke down: {error}"),
    })
}

fn ended_with(failure: ToolFailure) -> ToolOutcome {
    ToolOutcome {
        result: Err(failure),
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

impl From<&Question<'_>> for ApprovalItem {
    fn from(question: &Question<'_>) -> ApprovalItem {
        ApprovalItem {
            tool: question.tool.to_owned(),
            arguments: question.arguments.clone(),
            tool_call_id: question.call_id.to_string(),
            operation: question.operation.to_owned(),
            effects: question.effects.iter().map(ToString::to_string).collect(),
            target: question.target.to_owned(),
            capability: question.decision.subject.clone(),
            rule: question.decision.rule.clone(),
            agent: question.agent.map(str::to_owned),
            auto_approval_blocked: false,
            block_reason: None,
            estimated_cost_usd: question.price.map(MicroUsd::dollars),
            remaining_cap_usd: None,
            quote: question.quote.to_vec(),
        }
    }
}
