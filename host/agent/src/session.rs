//! Going back, beginning anew, and going on with an earlier session.

use std::path::Path;

use journal::{Data, End, Entry, Journal, JournalError, ReadError, Reader};

use crate::mark::Mark;
use crate::repetition::Repetitions;
use crate::replay::Restored;
use crate::streak::Streak;
use crate::{Agent, Event, Events, Message, Options, Outcome, Parts, ServiceError, Services};

/// The id of the session that a journal is of; empty where it cannot be read.
pub(crate) fn session_of(path: &Path) -> String {
    let first = Reader::open(path).ok().and_then(|mut reader| reader.next());
    match first.map(|record| record.map(|record| record.entry.data)) {
        Some(Ok(Data::Session(session))) => session.id,
        _ => String::new(),
    }
}

/// Why a session did not go on as asked.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A service refused.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// There is nothing that could do it.
    #[error("{0}")]
    Unable(&'static str),
}

/// What a fork takes with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fork {
    /// How many records of the source; none for all.
    pub records: Option<u64>,
    /// Whether the new session has the checkpoints of the source, under the same names. Without them the copied turns are
    /// undone without their files.
    pub checkpoints: bool,
}

/// Copies a session, up to a number of records, into the journal of a new one, which goes on from there on its own. The
/// source stays as it is.
///
/// # Errors
///
/// When the source cannot be read, or the journal cannot be written.
pub fn fork(source: &Path, fork: Fork, into: &mut Journal) -> Result<Restored, SessionError> {
    let original = session_of(source);
    // A new journal may have records of its own by now, so numbers are moved on by those.
    let moved = into.records().saturating_sub(1);
    let mut count = 0;
    let mut last_call = 0;
    for record in Reader::open(source)? {
        let record = match record {
            Err(ReadError {
                fault: journal::Fault::Torn { .. },
                ..
            }) => break,
            record => record?,
        };
        if fork.records.is_some_and(|most| record.seq >= most) {
            break;
        }
        count += 1;
        let Entry { call, parent, data } = record.entry;
        let latest = call
            .into_iter()
            .chain(parent)
            .map(|call| call.number())
            .max();
        last_call = last_call.max(latest.unwrap_or_default());
        let data = match data {
            Data::Session(_) => continue,
            Data::Event(event) => Data::Event(moved_on(event, moved, fork.checkpoints)),
            other => other,
        };
        into.append(Entry { call, parent, data })?;
    }
    // The copied calls have their names already.
    for _ in 0..last_call {
        let _ = into.allocate_call();
    }
    into.append(
        Mark::ResumedFrom {
            path: source.display().to_string(),
            original_session_id: original,
            original_event_count: count,
            forked: true,
        }
        .entry(),
    )?;
    let mut restored = Restored::read(Reader::open(into.path())?)?;
    restored.forked = true;
    Ok(restored)
}

fn moved_on(event: journal::Event, by: u64, checkpoints: bool) -> journal::Event {
    match Mark::read(&event) {
        Some(Mark::Undo { to }) => Mark::Undo {
            to: to.saturating_add(by),
        }
        .entry(),
        Some(Mark::TurnStart { label, .. }) if !checkpoints => Mark::TurnStart {
            label,
            checkpoint: None,
        }
        .entry(),
        _ => event,
    }
}

/// The checkpoint with which the first turn begins that begins at this record of a journal or later; none where there is
/// no such turn, or it has none.
///
/// # Errors
///
/// When the journal cannot be read.
pub fn checkpoint_from(path: &Path, record: u64) -> Result<Option<String>, ReadError> {
    for found in Reader::open(path)? {
        let found = match found {
            Err(ReadError {
                fault: journal::Fault::Torn { .. },
                ..
            }) => break,
            found => found?,
        };
        if found.seq >= record
            && found.entry.call.is_none()
            && let Data::Event(event) = &found.entry.data
            && let Some(Mark::TurnStart { checkpoint, .. }) = Mark::read(event)
        {
            return Ok(checkpoint);
        }
    }
    Ok(None)
}

impl Agent {
    /// An agent that goes on with a session that was read from the journal in `parts`. Calls that had not come to an end
    /// are given one in the journal: the model is told, and they are not run again. The first events are `ready` and
    /// `resume_complete`.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written.
    pub fn resume(
        parts: Parts,
        services: Services,
        options: Options,
        restored: Restored,
    ) -> Result<(Agent, Events), JournalError> {
        let (mut agent, events) = Agent::silent(parts, services, options);
        agent.announce_ready();
        agent.adopt(restored)?;
        Ok((agent, events))
    }

    /// Goes on with what a journal tells.
    fn adopt(&mut self, restored: Restored) -> Result<(), JournalError> {
        let record = self.thread.record.clone();
        record.close(restored.open.iter().copied())?;
        let label = self.thread.model.label();
        let saved = restored.model.clone();
        let another = saved.clone().filter(|saved| *saved != label);
        if another.is_some() {
            record.mark(&Mark::Model {
                label: label.clone(),
            })?;
        }
        let shared = self.shared();
        {
            let mut budget = shared.budget();
            *budget = crate::budget::Budget::new(shared.options.bounds());
            budget.restore(&restored.used);
        }
        shared.rules.clear();
        for rule in restored.rules.iter().cloned() {
            shared.rules.keep(rule);
        }
        // What one model does not take, another may.
        self.window = restored.window.filter(|_| another.is_none());
        let restored_count = restored.messages.len().saturating_sub(1);
        let event = Event::ResumeComplete {
            path: record.path().display().to_string(),
            restored_count,
            dropped_count: restored.dropped,
            model_name: label,
            invalid_saved_model: another,
            forked: restored.forked,
            had_redacted_content: restored.is_redacted(),
        };
        self.take_conversation(restored);
        let prompt = match self.messages().first() {
            None => {
                self.begin_conversation()?;
                None
            }
            Some(Message::System { text }) if *text == self.system_prompt => None,
            Some(_) => Some(self.system_prompt.clone()),
        };
        if let Some(text) = prompt {
            record.mark(&Mark::SystemPrompt { text: text.clone() })?;
            let mut messages = self.thread.context.take();
            match messages.first_mut() {
                Some(first @ Message::System { .. }) => *first = Message::System { text },
                _ => messages.insert(0, Message::System { text }),
            }
            self.thread.context.replace(messages);
        }
        self.shared().events.send(event);
        Ok(())
    }

    /// The conversation of a journal in the place of this one.
    fn take_conversation(&mut self, restored: Restored) {
        let Restored {
            messages,
            plan,
            turns,
            undelivered,
            measured,
            stores,
            ..
        } = restored;
        if let Some(keeper) = &self.shared().services.stores {
            keeper.replace(stores);
        }
        self.thread.context.replace(messages);
        if let Some((messages, tokens)) = measured {
            self.thread.context.measured_before(messages, tokens);
        }
        self.thread.undelivered = undelivered;
        self.thread.repetitions = Repetitions::default();
        self.thread.streak = Streak::default();
        self.turns = turns;
        if self.plan != plan {
            self.shared().events.send(Event::PlanUpdate {
                plan: plan.0.clone(),
            });
        }
        self.plan = plan;
    }

    /// Undoes the last turn of the user's: what was said in it, the plan and the files. What it cost stays spent, and
    /// what a person allowed for the session stays allowed.
    pub async fn undo(&mut self) -> Outcome {
        match self.try_undo().await {
            Ok(()) => {
                self.shared().events.send(Event::UndoComplete {});
                Outcome::Done { text: None }
            }
            Err(error) => self.refuse(&error.to_string()),
        }
    }

    async fn try_undo(&mut self) -> Result<(), SessionError> {
        let Some(turn) = self.turns.last().cloned() else {
            return Ok(());
        };
        let path = self.thread.record.path();
        // Read before anything is changed: the conversation up to then is what the journal says up to then.
        let before = Reader::open(&path)?
            .take_while(|record| record.as_ref().map_or(true, |record| record.seq < turn.seq));
        let restored = Restored::read(before)?;
        // Restoring twice comes to the same, so that a crash in between can be undone again.
        if let (Some(checkpoints), Some(id)) =
            (&self.shared().services.checkpoints, &turn.checkpoint)
        {
            checkpoints.restore(id).await?;
        }
        self.thread.record.mark(&Mark::Undo { to: turn.seq })?;
        self.take_conversation(restored);
        Ok(())
    }

    /// Begins a new session in a journal of its own. The model, the tools and the files stay.
    pub fn new_session(&mut self, clear_screen: bool) -> Outcome {
        match self.try_new_session(clear_screen) {
            Ok(event) => {
                self.shared().events.send(event);
                Outcome::Done { text: None }
            }
            Err(error) => self.refuse(&error.to_string()),
        }
    }

    fn try_new_session(&mut self, clear_screen: bool) -> Result<Event, SessionError> {
        let sessions = self.shared().services.sessions.clone();
        let sessions = sessions.ok_or(SessionError::Unable("sessions are not kept here"))?;
        let next = sessions.create()?;
        let said = self.messages().len().saturating_sub(1);
        let previous = self.thread.record.path();
        let previous_session_id = self.shared().session();
        let previous_turn_count = self.turns.len();
        self.exchange(next, "a new session was begun")?;
        let shared = self.shared();
        *shared.budget() = crate::budget::Budget::new(shared.options.bounds());
        shared.rules.clear();
        self.window = None;
        self.take_conversation(Restored::default());
        self.begin_conversation()?;
        Ok(Event::NewComplete {
            session_id: self.shared().session(),
            previous_session_id,
            previous_turn_count,
            previous_message_count: said,
            saved_path: (said > 0).then(|| previous.display().to_string()),
            clear_screen,
        })
    }

    /// Goes on with an earlier session, in its journal.
    pub fn resume_session(&mut self, name: &str) -> Outcome {
        match self.try_resume_session(name) {
            Ok(()) => Outcome::Done { text: None },
            Err(error) => self.refuse(&error.to_string()),
        }
    }

    fn try_resume_session(&mut self, name: &str) -> Result<(), SessionError> {
        let sessions = self.shared().services.sessions.clone();
        let sessions = sessions.ok_or(SessionError::Unable("sessions are not kept here"))?;
        let next = sessions.open(name)?;
        let restored = Restored::read(Reader::open(next.path())?)?;
        self.exchange(next, "another session was resumed")?;
        self.adopt(restored)?;
        Ok(())
    }

    /// Another journal in the place of this one, which is closed.
    fn exchange(&mut self, next: Journal, reason: &str) -> Result<(), JournalError> {
        let id = session_of(next.path());
        {
            let mut journal = self.thread.record.lock();
            journal.append(End {
                status: 0,
                reason: reason.to_owned(),
            })?;
            *journal = next;
        }
        self.shared().set_session(id);
        Ok(())
    }

    /// Takes back what was allowed for the rest of the session.
    pub(crate) fn revoke_rule(&mut self, id: u64) -> Outcome {
        if !self.shared().rules.list().iter().any(|rule| rule.id == id) {
            return self.refuse(&format!("there is no session rule {id}"));
        }
        // It does not hold any more even where that cannot be written down.
        self.shared().rules.revoke(id);
        let recorded = self.thread.record.mark(&Mark::SessionRuleRevoked { id });
        let rules = self.shared().rules.list();
        self.shared().events.send(Event::SessionRules { rules });
        match recorded {
            Ok(()) => Outcome::Done { text: None },
            Err(error) => self.refuse(&error.to_string()),
        }
    }

    /// Says why something is not done.
    pub(crate) fn refuse(&self, error: &str) -> Outcome {
        self.shared().events.send(Event::Error {
            error: error.to_owned(),
        });
        Outcome::Failed {
            error: error.to_owned(),
        }
    }
}
