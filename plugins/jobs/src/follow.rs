//! Following a job: its log as it comes, and its stage, until it is over or the time to wait is.
//!
//! Nothing that goes wrong here is a failure of the call: the job is there, and whoever started it must learn of it.

use ml_intern_sdk::Failure;
use ml_intern_sdk::http::{self, Request};

use crate::job::Job;
use crate::log::{Events, KEPT, Log};
use crate::namespace::Reference;
use crate::progress::Relay;
use crate::world::World;

/// Milliseconds between two looks at the stage of a job whose stream stays open.
const LOOK: u64 = 15_000;
/// Milliseconds without a byte after which a stream is given up: the Hub sends one each 30 seconds.
const SILENCE: u64 = 45_000;
/// The same, where only what is there already is wanted.
const DRAIN: u64 = 5_000;
/// Milliseconds before a stream is opened again.
const AGAIN: u64 = 2_500;
/// Streams in a row that gave nothing, after which the log is given up.
const FRUITLESS: u32 = 100;
/// Bytes of one stream at most: what is kept, and what its frames add.
const STREAM: usize = 2 * KEPT;

/// A job that was followed.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) job: Job,
    pub(crate) log: Log,
    /// What kept the log, or the stage, from being read.
    pub(crate) notes: Vec<String>,
}

impl Followed {
    /// A job that nobody waited for.
    pub(crate) fn unread(job: Job) -> Self {
        Self {
            job,
            log: Log::new(KEPT),
            notes: Vec::new(),
        }
    }
}

/// How a stream ended.
enum End {
    /// The Hub ended it, or it broke.
    Over,
    /// There was nothing for long, or it was time to look at the stage and that has changed for good.
    Quiet,
    /// It cannot be read, now or later.
    Refused(String),
}

/// Follows a job for so many milliseconds at most; for none, only what is there is read.
pub(crate) fn follow(
    world: &dyn World,
    reference: &Reference,
    job: Job,
    milliseconds: u64,
    relay: &mut Relay<'_>,
) -> Followed {
    let until = world.now().saturating_add(milliseconds);
    let mut following = Following {
        world,
        reference,
        job,
        log: Log::new(KEPT),
        notes: Vec::new(),
        looked: world.now(),
    };
    let mut fruitless = 0;
    let mut given_up = false;
    relay.status(&following.job.status.stage.shown());
    while !following.job.status.stage.is_over() && world.now() < until && !following.log.full {
        let before = following.log.text().len();
        let end = following.stream(relay, until, SILENCE);
        if let End::Refused(why) = end {
            following.note(why);
            given_up = true;
            break;
        }
        following.look(relay);
        if following.job.status.stage.is_over() {
            break;
        }
        fruitless = if following.log.text().len() > before {
            0
        } else {
            fruitless + 1
        };
        if fruitless > FRUITLESS {
            following.note("the log gave nothing for long".into());
            given_up = true;
            break;
        }
        let left = until.saturating_sub(world.now());
        if matches!(end, End::Over) && left > 0 {
            world.pause(u32::try_from(AGAIN.min(left)).unwrap_or_default());
        }
    }
    // The last lines of one that is over, or what there is so far of one that nobody waits for.
    let unread = following.job.status.stage.is_over() || milliseconds == 0;
    if unread && !following.log.full && !given_up {
        let most = world.now() + 4 * DRAIN;
        if let End::Refused(why) = following.stream(relay, most, DRAIN) {
            following.note(why);
        }
    }
    if following.log.full {
        following.note(format!(
            "the log is longer than {} MiB; the rest was not read",
            KEPT >> 20
        ));
    }
    Followed {
        job: following.job,
        log: following.log,
        notes: following.notes,
    }
}

struct Following<'f> {
    world: &'f dyn World,
    reference: &'f Reference,
    job: Job,
    log: Log,
    notes: Vec<String>,
    /// When the stage was looked at.
    looked: u64,
}

impl Following<'_> {
    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Asks for the stage.
    fn look(&mut self, relay: &mut Relay<'_>) {
        self.looked = self.world.now();
        match Job::get(self.reference) {
            Ok(job) => {
                relay.status(&job.status.stage.shown());
                self.job = job;
            }
            Err(failure) => {
                let note = format!("its stage could not be read: {}", said(failure));
                self.note(note);
            }
        }
    }

    /// Reads one stream.
    fn stream(&mut self, relay: &mut Relay<'_>, until: u64, silence: u64) -> End {
        let begun = self.world.now();
        let left = until.saturating_sub(begun).clamp(1, silence);
        let url = format!("{}{}/logs", ml_intern_hub::HUB, self.reference.path());
        let request = Request::get(url)
            .header("accept", "text/event-stream")
            .header("cache-control", "no-store")
            .patience(u32::try_from(left).unwrap_or(u32::MAX));
        let mut body = match http::send(&request)
            .and_then(http::Response::success)
            .and_then(|answer| answer.body(STREAM))
        {
            Ok(body) => body,
            Err(error) => return ended(error),
        };
        let mut events = Events::default();
        let mut replay = self.log.replay();
        let drains = silence == DRAIN;
        loop {
            match body.piece() {
                Ok(Some(bytes)) => {
                    for event in events.push(&bytes) {
                        if drains && is_later(&event, begun) {
                            return End::Quiet;
                        }
                        for line in self.log.take(&mut replay, &event) {
                            relay.line(&line);
                        }
                    }
                }
                // A last line without its end is one too.
                Ok(None) => {
                    for event in events.push(b"\n") {
                        for line in self.log.take(&mut replay, &event) {
                            relay.line(&line);
                        }
                    }
                    return End::Over;
                }
                Err(error) => return ended(error),
            }
            if self.log.full || self.world.now() >= until {
                return End::Quiet;
            }
            if !drains && self.world.now().saturating_sub(self.looked) >= LOOK {
                self.look(relay);
                if self.job.status.stage.is_over() {
                    return End::Quiet;
                }
            }
        }
    }
}

/// Whether an event came after the stream was opened, so that what was there before is read: a second for clocks that
/// differ.
fn is_later(event: &crate::log::Event, begun: u64) -> bool {
    event
        .timestamp
        .as_deref()
        .and_then(crate::job::milliseconds)
        .is_some_and(|at| at > begun.saturating_add(1_000))
}

/// What an error means for the stream: what may pass ends it, a log that is not there yet too.
fn ended(error: http::Error) -> End {
    if let http::Error::Status { status: 404, .. } = &error {
        return End::Over;
    }
    match ml_intern_hub::explain(error) {
        Failure::Upstream(_) => End::Over,
        failure => End::Refused(format!("the log could not be read: {}", said(failure))),
    }
}

/// A failure as a clause.
pub(crate) fn said(failure: Failure) -> String {
    match failure {
        Failure::Failed(text) => text,
        Failure::Upstream(error) => error.message,
        Failure::Denied(denial) => format!("`{}` is denied by {}", denial.capability, denial.rule),
        Failure::InvalidArguments(errors) => errors
            .into_iter()
            .map(|error| format!("{}: {}", error.pointer, error.expected))
            .collect::<Vec<_>>()
            .join("; "),
    }
}
