//! What the session's own conversation and its nested agents have in common.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use journal::CallId;
use policy::{Effect, LimitExceeded, LimitName};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::budget::{Budget, Crossing};
use crate::event::EventSender;
use crate::inbox::Inbox;
use crate::mark::Mark;
use crate::record::Record;
use crate::stop::Stop;
use crate::{
    ApprovalItem, Approver, BudgetAnswer, BudgetQuestion, BudgetSubject, Clock, Denial, Effort,
    Event, MicroUsd, Model, Notice, Options, Services, SessionRules, ToolSpec, Tools,
};

/// How often somebody is asked about the same bound before a no is taken for granted.
const MAX_QUESTIONS: usize = 8;

/// The least time between two looks at the clock.
const LOOK: Duration = Duration::from_millis(20);

/// What the session's own conversation and its nested agents have in common.
pub(crate) struct Shared {
    pub(crate) tools: Arc<dyn Tools>,
    pub(crate) approver: Arc<dyn Approver>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) services: Services,
    pub(crate) options: Options,
    pub(crate) specs: Arc<[ToolSpec]>,
    pub(crate) events: EventSender,
    pub(crate) rules: SessionRules,
    pub(crate) record: Record,
    pub(crate) inbox: Inbox,
    model: Mutex<Arc<dyn Model>>,
    effort: Mutex<Option<Effort>>,
    session: Mutex<String>,
    budget: Mutex<Budget>,
    running: Mutex<HashMap<CallId, Running>>,
    /// One thing is asked at a time.
    pub(crate) asking: tokio::sync::Mutex<()>,
    questions: AtomicU64,
    time_up: AtomicBool,
}

/// A call that runs now. As long as it is among those that do, its end is not written down; whoever writes that takes it
/// out, so that there is one.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) tool: String,
    pub(crate) effects: Vec<Effect>,
    pub(crate) cancel: CancellationToken,
    /// The call that it is part of; none for a call of the session's own conversation.
    pub(crate) around: Option<CallId>,
    /// Nested agents that it has started.
    pub(crate) agents: u32,
    /// What those were refused.
    pub(crate) denials: Vec<Denial>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What [`Shared`] is made of.
pub(crate) struct Makings {
    pub(crate) model: Arc<dyn Model>,
    pub(crate) tools: Arc<dyn Tools>,
    pub(crate) approver: Arc<dyn Approver>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) services: Services,
    pub(crate) options: Options,
    pub(crate) specs: Vec<ToolSpec>,
    pub(crate) events: EventSender,
    pub(crate) record: Record,
    pub(crate) session: String,
}

impl Shared {
    pub(crate) fn new(makings: Makings) -> Shared {
        let Makings {
            model,
            tools,
            approver,
            clock,
            services,
            options,
            specs,
            events,
            record,
            session,
        } = makings;
        Shared {
            budget: Mutex::new(Budget::new(options.bounds())),
            effort: Mutex::new(options.effort),
            tools,
            approver,
            clock,
            services,
            options,
            specs: specs.into(),
            events,
            rules: SessionRules::default(),
            record,
            inbox: Inbox::default(),
            model: Mutex::new(model),
            session: Mutex::new(session),
            running: Mutex::default(),
            asking: tokio::sync::Mutex::new(()),
            questions: AtomicU64::new(0),
            time_up: AtomicBool::new(false),
        }
    }

    pub(crate) fn budget(&self) -> MutexGuard<'_, Budget> {
        lock(&self.budget)
    }

    pub(crate) fn model(&self) -> Arc<dyn Model> {
        Arc::clone(&lock(&self.model))
    }

    pub(crate) fn set_model(&self, model: Arc<dyn Model>) {
        *lock(&self.model) = model;
    }

    pub(crate) fn effort(&self) -> Option<Effort> {
        *lock(&self.effort)
    }

    pub(crate) fn set_effort(&self, effort: Option<Effort>) {
        *lock(&self.effort) = effort;
    }

    pub(crate) fn session(&self) -> String {
        lock(&self.session).clone()
    }

    pub(crate) fn set_session(&self, id: String) {
        *lock(&self.session) = id;
    }

    pub(crate) fn running(&self) -> MutexGuard<'_, HashMap<CallId, Running>> {
        lock(&self.running)
    }

    pub(crate) fn notify(&self, notice: Notice<'_>) {
        if let Some(notifier) = &self.services.notifier {
            notifier.tell(notice);
        }
    }

    /// Does what counts against the budget. Where it does not fit, somebody is asked, until it does or they say no.
    pub(crate) async fn within_budget<T>(
        &self,
        next: &str,
        cancel: &CancellationToken,
        mut attempt: impl FnMut(&mut Budget) -> Result<T, Crossing>,
    ) -> Result<T, Stop> {
        let first = attempt(&mut self.budget());
        if let Ok(done) = first {
            return Ok(done);
        }
        let _one_at_a_time = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Stop::Interrupted),
            turn = self.asking.lock() => turn,
        };
        let mut questions = 0;
        loop {
            let again = attempt(&mut self.budget());
            let crossing = match again {
                Ok(done) => return Ok(done),
                Err(crossing) => crossing,
            };
            let no = || Stop::of(crossing, &self.model().label());
            if questions == MAX_QUESTIONS {
                return Err(no());
            }
            questions += 1;
            let answer = self
                .ask_budget(BudgetSubject::from(crossing), next, cancel)
                .await?;
            self.raise(crossing, answer)?.ok_or_else(no)?;
        }
    }

    /// Puts into force what somebody said about a bound; none where they said no.
    fn raise(&self, crossing: Crossing, answer: BudgetAnswer) -> Result<Option<()>, Stop> {
        let (limit, to) = match (crossing, answer) {
            (_, BudgetAnswer::Stop) => return Ok(None),
            (Crossing::UnknownPrice { .. }, _) => (None, 0),
            (Crossing::Limit { limit, .. }, BudgetAnswer::Raise(to)) => (Some(limit), to),
            (
                Crossing::Limit {
                    limit, used, next, ..
                },
                BudgetAnswer::GoOn,
            ) => (Some(limit), used.saturating_add(next)),
        };
        self.record.mark(&Mark::Budget { limit, to })?;
        let mut budget = self.budget();
        match limit {
            Some(limit) => budget.bounds.raise(limit, to),
            None => budget.goes_unpriced = true,
        }
        Ok(Some(()))
    }

    /// Asks somebody about a bound. The caller sees to it that nothing else is asked meanwhile.
    pub(crate) async fn ask_budget(
        &self,
        about: BudgetSubject,
        next: &str,
        cancel: &CancellationToken,
    ) -> Result<BudgetAnswer, Stop> {
        let number = self.questions.fetch_add(1, Ordering::Relaxed) + 1;
        let (tool, arguments) = shown(&about, next);
        let question = BudgetQuestion {
            id: format!("{}-{number}", tool.replace('_', "-")),
            about,
            next: next.to_owned(),
        };
        let spent = matches!(about, BudgetSubject::Spent { .. });
        self.events.send(Event::ApprovalRequired {
            tools: vec![item(tool, &question.id, arguments)],
            count: 1,
            yolo_budget: !spent,
            usage_threshold: spent,
            auto_approval_blocked: false,
            block_reason: None,
            estimated_cost_usd: None,
            remaining_cap_usd: None,
        });
        self.notify(Notice::ApprovalRequired {
            count: 1,
            tools: &[tool.to_owned()],
        });
        self.budget().time.ask(self.clock.now());
        let answer = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Stop::Interrupted),
            answer = self.approver.ask_budget(&question) => Ok(answer),
        };
        self.budget().time.answered(self.clock.now());
        let state = match answer {
            Ok(BudgetAnswer::Stop) => "rejected",
            Ok(_) => "approved",
            Err(_) => "cancelled",
        };
        self.events.send(Event::ToolStateChange {
            tool_call_id: question.id,
            tool: tool.to_owned(),
            state: state.to_owned(),
        });
        answer
    }

    /// Looks after the bound on time while a turn runs. Where it is reached and nobody lets the turn go on, the turn is
    /// stopped.
    pub(crate) async fn watch_time(&self, turn: &CancellationToken) {
        loop {
            let now = self.clock.now();
            let (bound, worked, asking) = {
                let budget = self.budget();
                let time = &budget.time;
                (budget.bounds.wall, time.worked(now), time.is_asking())
            };
            let Some(bound) = bound else { return };
            let left = bound.saturating_sub(worked);
            if asking || left > Duration::ZERO {
                self.clock.sleep(left.max(LOOK)).await;
                continue;
            }
            let allowed = millis(bound);
            let crossing = Crossing::Limit {
                limit: LimitName::Deadline,
                allowed,
                used: millis(worked),
                next: 1,
            };
            let one_at_a_time = self.asking.lock().await;
            // Somebody may have raised it while this was waiting.
            if self.budget().bounds.wall != Some(bound) {
                continue;
            }
            let answer = self
                .ask_budget(BudgetSubject::from(crossing), "time", turn)
                .await;
            drop(one_at_a_time);
            let answer = match answer {
                // To go on without a number is to go on for as long again.
                Ok(BudgetAnswer::GoOn) => BudgetAnswer::Raise(allowed.saturating_mul(2).max(1)),
                Ok(answer) => answer,
                Err(_) => return,
            };
            if !matches!(self.raise(crossing, answer), Ok(Some(()))) {
                self.time_up.store(true, Ordering::SeqCst);
                turn.cancel();
                return;
            }
        }
    }

    pub(crate) fn begin_turn(&self) {
        self.time_up.store(false, Ordering::SeqCst);
        self.budget().time.begin(self.clock.now());
    }

    /// The turn is over; gives how long the session has been at work.
    pub(crate) fn end_turn(&self) -> Duration {
        let now = self.clock.now();
        let mut budget = self.budget();
        budget.time.end(now);
        budget.time.worked(now)
    }

    /// The limit that stopped the turn, where it was time.
    pub(crate) fn time_up(&self) -> Option<LimitExceeded> {
        if !self.time_up.load(Ordering::SeqCst) {
            return None;
        }
        let budget = self.budget();
        let allowed = budget.bounds.of(LimitName::Deadline).unwrap_or_default();
        let worked = millis(budget.time.worked(self.clock.now()));
        Some(LimitExceeded {
            limit: LimitName::Deadline,
            allowed,
            requested: worked.max(allowed.saturating_add(1)),
        })
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl From<Crossing> for BudgetSubject {
    fn from(crossing: Crossing) -> BudgetSubject {
        match crossing {
            Crossing::Limit {
                limit,
                allowed,
                used,
                next,
            } => BudgetSubject::Bound {
                limit,
                allowed,
                used,
                next,
            },
            Crossing::UnknownPrice { cap } => BudgetSubject::UnknownPrice { cap },
        }
    }
}

/// How a question about a bound is shown among those about calls: as a call of a tool that there is not.
fn shown(about: &BudgetSubject, kind: &str) -> (&'static str, Value) {
    let dollars = |micros: u64| MicroUsd(micros).dollars();
    match *about {
        BudgetSubject::Bound {
            limit: LimitName::Cost,
            allowed,
            used,
            next,
        } => (
            "yolo_budget",
            json!({
                "cap_usd": dollars(allowed),
                "current_spend_usd": dollars(used),
                "remaining_cap_usd": dollars(allowed.saturating_sub(used)),
                "estimated_next_usd": dollars(next),
                "spend_kind": kind,
                "reason": "the next step may cost more than what is left",
            }),
        ),
        BudgetSubject::UnknownPrice { cap } => (
            "yolo_budget",
            json!({
                "cap_usd": cap.dollars(),
                "current_spend_usd": null,
                "remaining_cap_usd": null,
                "estimated_next_usd": null,
                "spend_kind": kind,
                "reason": "the price of the model is not known, so the cap cannot be kept",
            }),
        ),
        BudgetSubject::Bound {
            limit,
            allowed,
            used,
            next,
        } => (
            "budget",
            json!({
                "limit": limit.as_str(),
                "unit": limit.unit(),
                "allowed": allowed,
                "used": used,
                "next": next,
                "spend_kind": kind,
                "reason": "the next step may need more than what is left",
            }),
        ),
        BudgetSubject::Spent {
            threshold,
            spent,
            next,
        } => (
            "usage_threshold",
            json!({
                "threshold_usd": threshold.dollars(),
                "current_spend_usd": spent.dollars(),
                "next_threshold_usd": next.dollars(),
                "billing_source": "app_telemetry_session",
            }),
        ),
    }
}

fn item(tool: &str, id: &str, arguments: Value) -> ApprovalItem {
    ApprovalItem {
        tool: tool.to_owned(),
        arguments,
        tool_call_id: id.to_owned(),
        operation: String::new(),
        effects: Vec::new(),
        target: String::new(),
        capability: String::new(),
        rule: String::new(),
        agent: None,
        auto_approval_blocked: false,
        block_reason: None,
        estimated_cost_usd: None,
        remaining_cap_usd: None,
        quote: Vec::new(),
    }
}
