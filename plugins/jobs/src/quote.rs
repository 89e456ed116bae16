//! What a job costs at most: the price of its hardware, for its time-out.

use ml_intern_sdk::prelude::*;

use crate::arguments::Submit;
use crate::check;
use crate::command::Source;
use crate::duration;
use crate::hardware::{self, Flavor};
use crate::schedule::{self, Often};
use crate::submit::Way;
use crate::world::World;

/// Characters of a warning that a person is shown who is asked.
const WARNING: usize = 200;

/// What is to be priced.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) submit: &'a Submit,
    pub(crate) source: &'a Source,
    /// Seconds.
    pub(crate) timeout: u64,
    /// None where the model asks before it has decided.
    pub(crate) way: Option<Way>,
}

/// A price.
#[derive(Debug)]
pub(crate) struct Quoted {
    /// None where the Hub names no price, and for a schedule, which has no end; zero for a check alone.
    pub(crate) usd: Option<f64>,
    pub(crate) rows: Vec<(&'static str, String)>,
}

/// Tells what a call of the operation of this name would cost.
///
/// # Errors
/// What is wrong with the arguments, and what the Hub said.
pub(crate) fn quote(world: &dyn World, asked: &str, submit: &Submit) -> Result<Output, Failure> {
    submit.check()?;
    let source = Source::of(world, submit)?;
    let timeout = duration::timeout(submit.timeout.as_deref())?;
    // Nobody is asked to pay for a script that cannot run.
    let job = check::Job {
        submit,
        token: Way::of(asked) != Some(Way::WithoutToken),
    };
    let checked = check::check(world, &source, job)?;
    let table = hardware::table()?;
    let flavor = hardware::find(
        &table,
        submit
            .hardware_flavor
            .as_deref()
            .unwrap_or(hardware::DEFAULT),
    )?;
    let mut quoted = rows(
        &Asked {
            submit,
            source: &source,
            timeout,
            way: Way::of(asked),
        },
        flavor,
        submit.namespace.as_deref(),
    )?;
    let checked = checked.on(flavor.accelerated());
    quoted.rows.push(("check", checked.said));
    let warnings = checked.warnings.iter();
    quoted
        .rows
        .extend(warnings.map(|warning| ("warning", crate::table::cell(warning, WARNING))));
    Ok(Output::quote(quoted.usd, quoted.rows))
}

/// The price, and what a person is shown who is asked for it.
///
/// # Errors
/// [`Failure::InvalidArguments`] where the schedule is none.
pub(crate) fn rows(
    asked: &Asked<'_>,
    flavor: &Flavor,
    namespace: Option<&str>,
) -> Result<Quoted, Failure> {
    let hourly = flavor.hourly();
    let most = hourly.map(|price| price.for_seconds(asked.timeout));
    let shown = |price: Option<hardware::Micros>| {
        price.map_or_else(|| "not known".to_owned(), hardware::Micros::shown)
    };
    let (_, image) = asked.source.image(asked.submit);
    let token = match asked.way {
        Some(Way::Now | Way::Scheduled) => "yes: the job can do what the token's user can",
        Some(Way::WithoutToken) => "no",
        None => "yes with `run` and `scheduled run`, no with `run without token`",
    };
    let mut rows = vec![
        (
            "hardware",
            format!("{} ({})", flavor.name, flavor.described()),
        ),
        ("price per hour", shown(hourly)),
        ("time-out", duration::shown(asked.timeout)),
    ];
    match asked.submit.schedule.as_deref() {
        None => rows.push(("at most", shown(most))),
        Some(schedule) => {
            rows.push(("at most per run", shown(most)));
            rows.push(("schedule", crate::table::cell(schedule, 100)));
            let per = |count: u64| {
                let runs = if count == 1 { "run" } else { "runs" };
                let most = most.map(|most| most.times(count));
                format!("{} ({count} {runs})", shown(most))
            };
            rows.push(match schedule::often(schedule)? {
                Often::Day(count) => ("at most per day", per(count)),
                Often::Week(count) => ("at most per week", per(count)),
                Often::Month(count) => ("at most per month", per(count)),
                Often::Year(count) => ("at most per year", per(count)),
                Often::Unknown => (
                    "in all",
                    "not bounded: it runs until it is deleted or suspended".into(),
                ),
            });
        }
    }
    rows.extend([
        (
            "namespace",
            namespace.unwrap_or("the token's user").to_owned(),
        ),
        ("image", crate::table::cell(image, 200)),
        ("token handed over", token.to_owned()),
        ("runs", asked.source.shown()),
    ]);
    let usd = if asked.submit.check_only {
        rows.push(("starts", "nothing (check_only)".into()));
        Some(hardware::Micros::default())
    } else {
        most.filter(|_| asked.submit.schedule.is_none())
    };
    Ok(Quoted {
        usd: usd.map(hardware::Micros::usd),
        rows,
    })
}
