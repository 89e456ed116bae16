//! Takes messages, keeps them on disk, and sees that they arrive.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use egress::{Egress, Observe};
use futures::future::join_all;
use journal::{Digest, Redactor, Timestamp};
use policy::{Decision, Policy, Verdict};
use tokio::sync::{Mutex, Notify};

use crate::delivery::{Delivery, Receipt, Report, SendError};
use crate::destination::{Destination, Provider, Settings, SettingsError};
use crate::events::EventType;
use crate::gateway::{Fault, Gateway, Letter};
use crate::message::Message;
use crate::retry::{GIVE_UP_AGE, GIVE_UP_ROUNDS, Round, pause, round};
use crate::slack::SlackGateway;
use crate::spool::{Claim, Entry, Spool, SpoolError};
use crate::time::Time;
use crate::webhook::WebhookGateway;
use crate::wire::Wire;

/// When to look again for messages that somebody else works on.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// When to look again where nothing waits for this process: what others have left may be too old by then.
const LOOK_AT_ALL: Duration = Duration::from_secs(60 * 60);

/// Milliseconds that a message waits at most, as long as a service may ask for.
const LONGEST_WAIT: u64 = 24 * 60 * 60 * 1000;

/// What gateways stand on.
pub struct Parts {
    /// The way out. Its credentials are those of [`Settings::credentials`].
    pub egress: Egress,
    /// Decides about each request, as `host/gateways/send`.
    pub policy: Arc<Policy>,
    /// Is told about each request.
    pub observer: Arc<dyn Observe>,
    /// Covers known secrets before a message is written or sent.
    pub redactor: Redactor,
    /// Is told what became of messages that nobody waits for.
    pub report: Arc<dyn Report>,
    /// What to wait by.
    pub time: Arc<dyn Time>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("redactor", &self.redactor)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

/// All destinations, and the queue of what goes there.
///
/// Each message is written to the queue before it is sent, and taken out of it when the service has it: it arrives at
/// least once, if it arrives at all. Two processes may use one queue.
pub struct Gateways {
    served: Vec<Served>,
    auto_event_types: Vec<EventType>,
    spool: Spool,
    redactor: Redactor,
    report: Arc<dyn Report>,
    time: Arc<dyn Time>,
    /// Held by whoever goes through the queue.
    turn: Mutex<()>,
    /// There is something new in the queue.
    wake: Notify,
}

impl fmt::Debug for Gateways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateways")
            .field("served", &self.served)
            .field("spool", &self.spool)
            .finish_non_exhaustive()
    }
}

/// A destination, and the way there.
#[derive(Debug)]
struct Served {
    destination: Destination,
    place: Digest,
    gateway: Arc<dyn Gateway>,
}

/// Why there are no gateways.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A destination cannot be.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There can be no queue.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// How a message stands after a round.
enum Standing {
    Sent(Option<String>),
    Waits { why: String, wait: Duration },
    GivenUp(Fault),
}

/// Wakes the worker when a caller is done, or was dropped.
struct Wake<'a>(&'a Notify);

impl Drop for Wake<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Gateways {
    /// Gateways to these destinations, with the queue in this directory. Nothing is sent before [`Self::send`],
    /// [`Self::work`] or [`Self::flush`].
    ///
    /// # Errors
    ///
    /// Where a destination cannot be, or the directory cannot be made or read.
    pub fn open(settings: Settings, spool: &Path, parts: Parts) -> Result<Gateways, OpenError> {
        settings.check()?;
        let wire = Wire {
            egress: parts.egress,
            policy: parts.policy,
            observer: parts.observer,
            time: Arc::clone(&parts.time),
        };
        let served: Result<Vec<Served>, SettingsError> = settings
            .destinations
            .into_iter()
            .map(|destination| Served::new(destination, &wire))
            .collect();
        let spool = Spool::open(spool)?;
        spool.sweep(parts.time.date())?;
        Ok(Gateways {
            served: served?,
            auto_event_types: settings.auto_event_types,
            spool,
            redactor: parts.redactor,
            report: parts.report,
            time: parts.time,
            turn: Mutex::new(()),
            wake: Notify::new(),
        })
    }

    /// All destinations.
    pub fn destinations(&self) -> impl Iterator<Item = &Destination> {
        self.served.iter().map(|served| &served.destination)
    }

    /// Sends a message, with its retries: up to a minute. What does not arrive by then stays in the queue.
    ///
    /// # Errors
    ///
    /// Where it was not taken, or will never arrive.
    pub async fn send(&self, destination: &str, message: Message) -> Result<Receipt, SendError> {
        let served = self.served(destination, |_| true)?;
        let claim = self.take(served, message)?;
        let _wake = Wake(&self.wake);
        let round = self.round(served, &claim).await;
        match self.settle(claim, round)? {
            Standing::Sent(external_id) => Ok(Receipt::Sent { external_id }),
            Standing::Waits { why, .. } => Ok(Receipt::Queued { why }),
            Standing::GivenUp(Fault::Denied(denial)) => Err(SendError::Denied(denial)),
            Standing::GivenUp(fault) => Err(SendError::Failed(fault.to_string())),
        }
    }

    /// As [`Self::send`], for the agent: to destinations that allow it, and to no other.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn send_for_agent(
        &self,
        destination: &str,
        message: Message,
    ) -> Result<Receipt, SendError> {
        let served = self.served(destination, |one| one.allow_agent_tool)?;
        if !served.destination.allow_agent_tool {
            let key = format!("messaging.destinations.{destination}.allow_agent_tool");
            return Err(SendError::Denied(Box::new(Decision {
                verdict: Verdict::Deny,
                subject: format!("notify {destination}"),
                rule: format!("configuration: {key}"),
                remedy: format!("set `{key}` to true"),
            })));
        }
        self.send(destination, message).await
    }

    /// Writes a message to the queue, and returns at once.
    ///
    /// # Errors
    ///
    /// Where it was not taken.
    pub fn enqueue(&self, destination: &str, message: Message) -> Result<(), SendError> {
        let served = self.served(destination, |_| true)?;
        self.take(served, message)?;
        self.wake.notify_one();
        Ok(())
    }

    /// Writes what is told of an event to the queue, for each destination that wants events, and returns at once. Gives
    /// the destinations that did not take it, with why.
    #[must_use]
    pub fn announce(&self, message: &Message) -> Vec<(String, SendError)> {
        if !message
            .event_type
            .is_some_and(|event| self.auto_event_types.contains(&event))
        {
            return Vec::new();
        }
        self.destinations()
            .filter(|destination| destination.allow_auto_events)
            .filter_map(|destination| {
                let name = &destination.name;
                let error = self.enqueue(name, message.clone()).err()?;
                Some((name.clone(), error))
            })
            .collect()
    }

    /// Delivers what is in the queue, from now on: to be run beside everything else. Only ends where the queue cannot be
    /// read or written any more.
    pub async fn work(&self) -> SpoolError {
        loop {
            let next = match self.deliver_due().await {
                Ok(next) => next.unwrap_or(LOOK_AT_ALL),
                Err(error) => return error,
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = self.time.sleep(next.min(LOOK_AT_ALL)) => {}
            }
        }
    }

    /// Delivers what is due, for at most so long, before the process ends. Gives how many messages stay in the queue.
    ///
    /// # Errors
    ///
    /// Where the queue cannot be read or written.
    pub async fn flush(&self, timeout: Duration) -> Result<usize, SpoolError> {
        tokio::select! {
            biased;
            done = self.deliver_due() => { done?; }
            () = self.time.sleep(timeout) => {}
        }
        self.waiting()
    }

    /// How many messages are in the queue, those of other sessions included.
    ///
    /// # Errors
    ///
    /// Where the queue cannot be read.
    pub fn waiting(&self) -> Result<usize, SpoolError> {
        Ok(self.spool.names()?.len())
    }

    /// Goes through the queue once: all that is due, side by side for each destination. Gives the time until there is
    /// something to do again, if there is.
    ///
    /// # Errors
    ///
    /// Where the queue cannot be read or written.
    pub async fn deliver_due(&self) -> Result<Option<Duration>, SpoolError> {
        let _turn = self.turn.lock().await;
        let mut next = None;
        let mut due: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for name in self.spool.names()? {
            match self.look(&name)? {
                Look::Due(served) => due.entry(served).or_default().push(name),
                Look::In(wait) => next = sooner(next, Some(wait)),
                Look::Nothing => {}
            }
        }
        let rounds = due.iter().filter_map(|(index, names)| {
            let served = self.served.get(*index)?;
            Some(self.deliver(*index, served, names))
        });
        for pause in join_all(rounds).await {
            next = sooner(next, pause?);
        }
        Ok(next)
    }

    /// Delivers messages to one destination, oldest first, until one does not arrive. Gives the pause after that one.
    async fn deliver(
        &self,
        index: usize,
        served: &Served,
        names: &[String],
    ) -> Result<Option<Duration>, SpoolError> {
        for name in names {
            let Some(claim) = self.spool.claim(name)? else {
                continue;
            };
            // Somebody else may have tried since.
            if !matches!(self.look_at(&claim), Look::Due(due) if due == index) {
                continue;
            }
            let round = self.round(served, &claim).await;
            let delivery = |ok, error, external_id| Delivery {
                destination: served.destination.name.clone(),
                ok,
                provider: served.gateway.provider().to_owned(),
                error,
                external_id,
            };
            match self.settle(claim, round)? {
                Standing::Sent(id) => self.report.delivery(&delivery(true, None, id)),
                Standing::GivenUp(fault) => {
                    let error = Some(fault.to_string());
                    self.report.delivery(&delivery(false, error, None));
                }
                Standing::Waits { wait, .. } => return Ok(Some(wait)),
            }
        }
        Ok(None)
    }

    /// What is to be done about a message of the queue. One that is too old is given up.
    fn look(&self, name: &str) -> Result<Look, SpoolError> {
        let Some(claim) = self.spool.claim(name)? else {
            return Ok(Look::In(LOOK_AGAIN));
        };
        let entry = &claim.entry;
        if age(entry, self.time.as_ref()) <= GIVE_UP_AGE {
            return Ok(self.look_at(&claim));
        }
        let hours = GIVE_UP_AGE.as_secs() / 3600;
        let why = match &entry.error {
            Some(error) => format!("not delivered within {hours} hours: {error}"),
            None => format!("not delivered within {hours} hours"),
        };
        self.spool.give_up(&claim, &why)?;
        let provider = self
            .served
            .iter()
            .find(|served| served.place == entry.place)
            .map_or_else(String::new, |served| served.gateway.provider().to_owned());
        self.report.delivery(&Delivery {
            destination: entry.destination.clone(),
            ok: false,
            provider,
            error: Some(why),
            external_id: None,
        });
        Ok(Look::Nothing)
    }

    fn look_at(&self, claim: &Claim) -> Look {
        // A session under other settings, or another policy, leaves it for one that can deliver it.
        let served = self
            .served
            .iter()
            .position(|served| served.place == claim.entry.place && served.may_send().is_ok());
        let Some(served) = served else {
            return Look::Nothing;
        };
        let now = Timestamp::from_system(self.time.date()).as_millis();
        match claim.entry.not_before.as_millis().checked_sub(now) {
            Some(wait @ 1..=LONGEST_WAIT) => Look::In(Duration::from_millis(wait)),
            // Nothing waits for so long: the clock was set back.
            _ => Look::Due(served),
        }
    }

    /// The destination of this name; `offered` are those that are named where there is none.
    fn served(
        &self,
        name: &str,
        offered: impl Fn(&Destination) -> bool,
    ) -> Result<&Served, SendError> {
        let found = self
            .served
            .iter()
            .find(|served| served.destination.name == name);
        found.ok_or_else(|| SendError::Unknown {
            name: name.to_owned(),
            known: self
                .destinations()
                .filter(|destination| offered(destination))
                .map(|destination| destination.name.clone())
                .collect(),
        })
    }

    /// Writes a message to the queue, if it may be sent at all.
    fn take(&self, served: &Served, message: Message) -> Result<Claim, SendError> {
        if let Some(unfit) = message.unfit() {
            return Err(SendError::Unfit(unfit));
        }
        served
            .may_send()
            .map_err(|denial| SendError::Denied(Box::new(denial)))?;
        let message = message.map(|text| self.redactor.redact(text).into_owned());
        let entry = Entry::new(
            &served.destination.name,
            served.place,
            message,
            self.time.date(),
        );
        Ok(self.spool.add(entry)?)
    }

    async fn round(&self, served: &Served, claim: &Claim) -> Round {
        let letter = Letter {
            id: &claim.entry.id,
            created: claim.entry.created,
            destination: &claim.entry.destination,
            message: &claim.entry.message,
        };
        round(served.gateway.as_ref(), letter, self.time.as_ref()).await
    }

    /// Writes to the queue what a round came to.
    fn settle(&self, claim: Claim, round: Round) -> Result<Standing, SpoolError> {
        match round {
            Round::Sent(id) => {
                self.spool.finish(&claim)?;
                Ok(Standing::Sent(id))
            }
            Round::Never(fault) => {
                self.spool.give_up(&claim, &fault.to_string())?;
                Ok(Standing::GivenUp(fault))
            }
            Round::Later { why, after } => {
                let rounds = claim.entry.rounds.saturating_add(1);
                if rounds >= GIVE_UP_ROUNDS {
                    let why = format!("not delivered in {rounds} rounds: {why}");
                    self.spool.give_up(&claim, &why)?;
                    return Ok(Standing::GivenUp(Fault::Lasting(why)));
                }
                let wait = pause(rounds, after);
                let date = self.time.date();
                let not_before = Timestamp::from_system(date.checked_add(wait).unwrap_or(date));
                self.spool.update(claim, |entry| {
                    entry.rounds = rounds;
                    entry.not_before = not_before;
                    entry.error = Some(why.clone());
                })?;
                Ok(Standing::Waits { why, wait })
            }
        }
    }
}

/// What is to be done about a message.
enum Look {
    /// It is due, for the destination of this number.
    Due(usize),
    /// It is to be looked at again.
    In(Duration),
    /// It is not for this process.
    Nothing,
}

impl Served {
    fn new(destination: Destination, wire: &Wire) -> Result<Served, SettingsError> {
        let address = destination.address()?;
        let wire = wire.clone();
        let gateway: Arc<dyn Gateway> = match &destination.provider {
            Provider::Slack(slack) => Arc::new(SlackGateway {
                wire,
                address,
                credential: destination.credential(),
                channel: slack.channel.clone(),
                username: slack.username.clone(),
                icon_emoji: slack.icon_emoji.clone(),
            }),
            Provider::Webhook(webhook) => Arc::new(WebhookGateway {
                wire,
                address,
                secret: webhook.secret.clone(),
            }),
        };
        Ok(Served {
            place: destination.place()?,
            destination,
            gateway,
        })
    }

    fn may_send(&self) -> Result<(), Decision> {
        self.gateway.may_send()
    }
}

fn age(entry: &Entry, time: &dyn Time) -> Duration {
    let now = Timestamp::from_system(time.date()).as_millis();
    Duration::from_millis(now.saturating_sub(entry.created.as_millis()))
}

fn sooner(one: Option<Duration>, two: Option<Duration>) -> Option<Duration> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    }
}
