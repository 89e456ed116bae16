//! What the model is told of a job: where it stands, what it has cost, its log's head and tail, and how to go on.

use ml_intern_sdk::prelude::*;
use ml_intern_sdk::printed;

use crate::duration;
use crate::follow::Followed;
use crate::hardware::Micros;
use crate::hints;
use crate::log::fenced;
use crate::namespace::Reference;
use crate::world::World;

/// Characters of a log that a result shows at most.
const SHOWN: usize = 8_000;

/// What there is to tell beside the job.
#[derive(Debug)]
pub(crate) struct Told<'t> {
    pub(crate) reference: &'t Reference,
    /// `Python` or `Docker`; none where only the log was asked for.
    pub(crate) kind: &'t str,
    /// For an hour.
    pub(crate) price: Option<Micros>,
    /// It had the user's token.
    pub(crate) token: bool,
    /// Seconds that the call waited at most.
    pub(crate) waited: u64,
    /// Seconds since it was submitted, by our clock: what counts where the Hub does not say how long it ran.
    pub(crate) wall: u64,
    /// What the check said, and what else there is to say before the log.
    pub(crate) remarks: Vec<String>,
}

/// The part for programs.
#[derive(Debug, Serialize)]
struct Structured<'s> {
    job_id: &'s str,
    namespace: &'s str,
    url: String,
    stage: String,
    is_over: bool,
    seconds: Option<u64>,
    cost_usd: Option<f64>,
    log_lines: usize,
    log_path: Option<String>,
}

/// A job that is over well, or goes on, is a result; one that failed is a failure.
///
/// # Errors
/// [`Failure::Failed`] with the last lines and what to do.
pub(crate) fn of(
    world: &dyn World,
    followed: &Followed,
    told: Told<'_>,
) -> Result<Output, Failure> {
    let Followed { job, log, notes } = followed;
    let stage = &job.status.stage;
    let now = world.now();
    let seconds = job.seconds(now).or(Some(told.wall));
    let cost = told
        .price
        .zip(seconds)
        .map(|(price, seconds)| price.for_seconds(seconds));
    let (verb, label) = match stage {
        stage if stage.is_completed() => ("completed!", "Final Status"),
        stage if stage.was_canceled() => ("was canceled.", "Final Status"),
        stage if stage.is_over() => ("failed.", "Final Status"),
        _ => ("goes on.", "Status"),
    };
    let message = match job.status.message.as_deref().map(str::trim) {
        None | Some("") => String::new(),
        Some(message) => format!(" ({})", crate::table::cell(message, 500)),
    };
    let mut text = format!(
        "{} job {verb}\n\n**Job ID:** {}\n**{label}:** {}{message}\n**View at:** {}\n",
        told.kind,
        told.reference.id,
        stage.shown(),
        told.reference.url()
    );
    text.push_str(&money(cost, told.price, seconds, stage.is_over()));
    for remark in told.remarks.iter().chain(notes) {
        text.push_str(&format!("{remark}\n"));
    }
    let whole = log.folded();
    let path = (whole.chars().count() > SHOWN).then(|| {
        let name = format!("hf_jobs_{}.log", told.reference.id);
        world.keep(&name, log.text())
    });
    let advice = match &path {
        Some(Ok(path)) => format!("The whole log is in {path}, for bash."),
        _ => "`logs` with `offset` has the rest.".to_owned(),
    };
    if told.waited > 0 || !whole.is_empty() {
        let shown = printed::shorten(&whole, SHOWN, &advice);
        text.push_str(&format!("\n**Logs:**\n{}\n", fenced(&shown)));
    }
    if stage.is_over() && !stage.is_completed() && !stage.was_canceled() {
        let hints = hints::of(job, log.text(), told.token);
        for hint in &hints {
            text.push_str(&format!("\n{hint}"));
        }
        return Err(Failure::failed(text.trim_end()));
    }
    if !stage.is_over() {
        let after = match told.waited {
            0 => "It goes on by itself".to_owned(),
            seconds => format!(
                "It is not over after {}, and goes on by itself",
                duration::shown(seconds)
            ),
        };
        text.push_str(&format!(
            "\n{after}: `logs` with job_id and `wait` waits for it, `cancel` ends it."
        ));
    }
    Output::text(text.trim_end()).with_structured(&Structured {
        job_id: &told.reference.id,
        namespace: &told.reference.namespace,
        url: told.reference.url(),
        stage: stage.shown(),
        is_over: stage.is_over(),
        seconds,
        cost_usd: cost.map(Micros::usd),
        log_lines: log.text().lines().count(),
        log_path: path.and_then(Result::ok),
    })
}

/// `**Cost:** $0.0125 (45s at $1.00 an hour)`.
fn money(
    cost: Option<Micros>,
    price: Option<Micros>,
    seconds: Option<u64>,
    is_over: bool,
) -> String {
    let label = if is_over { "Cost" } else { "Cost so far" };
    match (cost, price, seconds) {
        (Some(cost), Some(price), Some(seconds)) => format!(
            "**{label}:** {} ({} at {} an hour)\n",
            cost.shown(),
            duration::shown(seconds),
            price.shown()
        ),
        _ => format!("**{label}:** not known\n"),
    }
}
