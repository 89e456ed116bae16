//! Jobs: listed, looked at, their logs read, ended.

use ml_intern_sdk::http::{self, Request, encode};
use ml_intern_sdk::page::piece;
use ml_intern_sdk::prelude::*;

use crate::arguments::{Cancel, Inspect, Logs, Ps};
use crate::duration;
use crate::follow::{self, follow};
use crate::hardware::{self, Flavor, Micros};
use crate::job::{Job, command_shown};
use crate::log::fenced;
use crate::namespace::{self, Reference};
use crate::progress::Relay;
use crate::report::{self, Told};
use crate::started;
use crate::table::{cell, instant, short};
use crate::world::World;

/// Bytes of a page of jobs at most; commands may hold whole scripts.
const LIST: usize = 16 << 20;
/// Jobs that are read at most.
const MOST: usize = 500;
/// Rows of a page.
const ROWS: usize = 25;
/// Jobs that are looked at in one call at most.
const INSPECTED: usize = 10;
/// Requests at once.
const AT_ONCE: usize = 4;
/// Characters of a log in one result.
const PIECE: usize = 12_000;

/// A page of rows, and what is said beneath.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rows<'r, T> {
    pub(crate) rows: &'r [T],
    pub(crate) note: String,
}

/// The page of this number, from 1.
///
/// # Errors
/// [`Failure::InvalidArguments`] where there is no such page.
pub(crate) fn page<T>(all: &[T], number: Option<u32>, most: usize) -> Result<Rows<'_, T>, Failure> {
    let pages = all.len().div_ceil(most).max(1);
    let number = number.unwrap_or(1) as usize;
    if number == 0 || number > pages {
        return Err(Failure::argument(
            "/page",
            format!("a page from 1 to {pages}"),
        ));
    }
    let start = (number - 1) * most;
    let end = (start + most).min(all.len());
    let note = if pages == 1 {
        String::new()
    } else if number < pages {
        format!(
            "\n[page {number} of {pages}; call again with page={} for more]",
            number + 1
        )
    } else {
        format!("\n[page {number} of {pages}]")
    };
    Ok(Rows {
        rows: all.get(start..end).unwrap_or_default(),
        note,
    })
}

/// The Hub's prices, where they can be had: a list without them is still a list.
fn prices() -> Vec<Flavor> {
    hardware::table().unwrap_or_default()
}

fn price(table: &[Flavor], flavor: Option<&str>) -> Option<Micros> {
    let name = flavor?;
    table
        .iter()
        .find(|flavor| flavor.name == name)
        .and_then(Flavor::hourly)
}

/// The part for programs.
#[derive(Debug, Serialize)]
struct Row<'j> {
    id: &'j str,
    stage: String,
    flavor: Option<&'j str>,
    created_at: Option<&'j str>,
    seconds: Option<u64>,
    cost_usd: Option<f64>,
    started_here: bool,
}

/// Lists jobs.
///
/// # Errors
/// What the Hub said, explained.
pub(crate) fn ps(world: &dyn World, arguments: &Ps) -> Result<Output, Failure> {
    let namespace = namespace::given_or_own(arguments.namespace.as_deref())?;
    let status = arguments
        .status
        .as_deref()
        .map(str::trim)
        .filter(|status| !status.is_empty())
        .map(str::to_ascii_uppercase);
    // The Hub filters what it knows; a service that does not is no harm, since it is filtered below too.
    let query: &[(&str, &str)] = match (&status, arguments.all) {
        (None, false) => &[("stage", "RUNNING"), ("stage", "SCHEDULING")],
        _ => &[],
    };
    let path = format!("/api/jobs/{}", encode(&namespace));
    let list: ml_intern_hub::Page<Job> = ml_intern_hub::pages(&path, query, LIST, MOST)?;
    let jobs: Vec<&Job> = list
        .items
        .iter()
        .filter(|job| match &status {
            Some(status) => job.status.stage.0.to_ascii_uppercase().contains(status),
            None => arguments.all || !job.status.stage.is_over(),
        })
        .collect();
    if jobs.is_empty() {
        let hint = match (&status, arguments.all) {
            (None, false) => " None of them runs or waits: pass all=true for those that are over.",
            _ => "",
        };
        return Ok(Output::text(format!("No jobs of {namespace}.{hint}")));
    }
    let page = page(&jobs, arguments.page, ROWS)?;
    let (table, started) = (prices(), world.started().unwrap_or_default());
    let now = world.now();
    let mut text = format!(
        "**Jobs of {namespace} ({} total{}):**\n\n\
         | JOB ID | IMAGE/SPACE | COMMAND | CREATED | STATUS | HARDWARE | TIME | COST |\n|---|---|---|---|---|---|---|---|\n",
        jobs.len(),
        if list.more { " and more" } else { "" },
    );
    let mut rows = Vec::new();
    for job in page.rows {
        let here = started.iter().any(|known| known.id == job.id);
        let seconds = job.seconds(now);
        let cost = job.cost(price(&table, job.flavor.as_deref()), now);
        text.push_str(&format!(
            "| {}{} | {} | {} | {} | {} | {} | {} | {} |\n",
            cell(&job.id, 40),
            if here { " *" } else { "" },
            cell(job.image(), 20),
            cell(&command_shown(job.command.as_deref()), 30),
            instant(job.created_at.as_deref()),
            cell(&job.status.stage.shown(), 12),
            cell(job.flavor.as_deref().unwrap_or("-"), 20),
            seconds.map_or_else(|| "?".into(), duration::shown),
            cost.map_or_else(|| "?".into(), Micros::shown),
        ));
        rows.push(Row {
            id: &job.id,
            stage: job.status.stage.shown(),
            flavor: job.flavor.as_deref(),
            created_at: job.created_at.as_deref(),
            seconds,
            cost_usd: cost.map(Micros::usd),
            started_here: here,
        });
    }
    if rows.iter().any(|row| row.started_here) {
        text.push_str("\n* started in this session\n");
    }
    text.push_str(&page.note);
    Output::text(text.trim_end()).with_structured(&rows)
}

/// What `inspect` shows of a job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'j> {
    id: &'j str,
    status: StatusShown<'j>,
    command: String,
    created_at: Option<&'j str>,
    started_at: Option<&'j str>,
    finished_at: Option<&'j str>,
    docker_image: Option<&'j str>,
    space_id: Option<&'j str>,
    #[serde(rename = "hardware_flavor")]
    hardware_flavor: Option<&'j str>,
    owner: OwnerShown<'j>,
    seconds: Option<u64>,
    #[serde(rename = "cost_usd")]
    cost_usd: Option<f64>,
    url: String,
}

#[derive(Debug, Serialize)]
struct StatusShown<'j> {
    stage: String,
    message: Option<&'j str>,
}

#[derive(Debug, Serialize)]
struct OwnerShown<'j> {
    name: &'j str,
}

/// Looks at one job, or several.
///
/// # Errors
/// What the Hub said, explained; of several, where none of them can be had.
pub(crate) fn inspect(world: &dyn World, arguments: &Inspect) -> Result<Output, Failure> {
    let names: Vec<&str> = arguments
        .job_id
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() || names.len() > INSPECTED {
        return Err(Failure::argument(
            "/job_id",
            format!("one job's id, or up to {INSPECTED} of them with commas between"),
        ));
    }
    let namespace = arguments.namespace.as_deref();
    let references: Vec<Reference> = names
        .iter()
        .map(|name| Reference::of(world, "/job_id", name, namespace))
        .collect::<Result<_, _>>()?;
    let mut found: Vec<(usize, Result<Job, Failure>)> = Vec::new();
    if let [only] = references.as_slice() {
        found.push((0, Ok(Job::get(only)?)));
    } else {
        let requests: Vec<Request> = references
            .iter()
            .map(|job| Request::get(format!("{}{}", ml_intern_hub::HUB, job.path())))
            .collect();
        http::many(&requests, AT_ONCE, |index, answer| {
            let job = answer
                .and_then(http::Response::success)
                .and_then(|answer| answer.json(2 << 20))
                .map_err(ml_intern_hub::explain);
            found.push((index, job));
        });
        found.sort_by_key(|(index, _)| *index);
    }
    let table = prices();
    let now = world.now();
    let mut problems = Vec::new();
    let mut jobs = Vec::new();
    for (index, job) in found {
        let Some(reference) = references.get(index) else {
            continue;
        };
        match job {
            Ok(job) => jobs.push((reference, job)),
            Err(failure) => problems.push((reference, failure)),
        }
    }
    if jobs.is_empty()
        && let Some((_, failure)) = problems.pop()
    {
        return Err(failure);
    }
    let details: Vec<Details<'_>> = jobs
        .iter()
        .map(|(reference, job)| details(reference, job, &table, now))
        .collect();
    let json = serde_json::to_string_pretty(&details).map_err(Failure::failed)?;
    let s = if details.len() == 1 { "" } else { "s" };
    let mut text = format!("**Job Details** ({} job{s}):\n{json}", details.len());
    for (reference, failure) in problems {
        text.push_str(&format!(
            "\n- {}/{}: {}",
            reference.namespace,
            reference.id,
            follow::said(failure)
        ));
    }
    Output::text(text).with_structured(&details)
}

fn details<'j>(reference: &'j Reference, job: &'j Job, table: &[Flavor], now: u64) -> Details<'j> {
    Details {
        id: &job.id,
        status: StatusShown {
            stage: job.status.stage.shown(),
            message: job.status.message.as_deref(),
        },
        command: short(&command_shown(job.command.as_deref()), 1_000),
        created_at: job.created_at.as_deref(),
        started_at: job.started_at.as_deref(),
        finished_at: job.finished_at.as_deref(),
        docker_image: job.docker_image.as_deref(),
        space_id: job.space_id.as_deref(),
        hardware_flavor: job.flavor.as_deref(),
        owner: OwnerShown {
            name: job
                .owner
                .as_ref()
                .map_or(&reference.namespace, |owner| &owner.name),
        },
        seconds: job.seconds(now),
        cost_usd: job
            .cost(price(table, job.flavor.as_deref()), now)
            .map(Micros::usd),
        url: reference.url(),
    }
}

/// Reads a job's log, and waits for the job where that is asked for.
///
/// # Errors
/// What the Hub said, explained; a job that failed while it was waited for.
pub(crate) fn logs(world: &dyn World, arguments: &Logs) -> Result<Output, Failure> {
    let wait = duration::wait(arguments.wait.as_deref(), 0)?;
    if arguments.tail.is_some() && arguments.offset.is_some() {
        return Err(Failure::argument(
            "/offset",
            "left out: `tail` counts lines from the end",
        ));
    }
    if arguments.tail == Some(0) {
        return Err(Failure::argument("/tail", "a count of lines, from 1"));
    }
    let reference = Reference::of(
        world,
        "/job_id",
        &arguments.job_id,
        arguments.namespace.as_deref(),
    )?;
    let begun = world.now();
    let job = Job::get(&reference)?;
    let waits = wait > 0 && !job.status.stage.is_over();
    let mut relay = Relay::new(world, None);
    let followed = follow(world, &reference, job, wait * 1_000, &mut relay);
    if waits {
        let flavor = followed.job.flavor.as_deref();
        return report::of(
            world,
            &followed,
            Told {
                reference: &reference,
                kind: "The",
                price: started::find(world, &reference.id)
                    .and_then(|job| job.price)
                    .or_else(|| price(&prices(), flavor)),
                // Whether it has one is not told; a hint about it would be a guess.
                token: true,
                waited: wait,
                wall: world.now().saturating_sub(begun).div_ceil(1_000),
                remarks: Vec::new(),
            },
        );
    }
    let stage = followed.job.status.stage.shown();
    let whole = followed.log.folded();
    let mut text = format!("**Logs for {}** ({stage}):\n", reference.id);
    let (shown, note) = match (arguments.tail, arguments.offset) {
        (Some(tail), _) => {
            let lines: Vec<&str> = whole.lines().collect();
            let from = lines.len().saturating_sub(tail as usize);
            let end = lines.get(from..).unwrap_or_default().join("\n");
            let kept = ml_intern_sdk::printed::end_of(&end, PIECE).to_owned();
            let cut = if kept.len() < end.len() {
                format!(" and of them {PIECE} bytes")
            } else {
                String::new()
            };
            let note = (from > 0 || !cut.is_empty()).then(|| {
                format!(
                    "[the last {} of {} lines{cut}]",
                    lines.len() - from,
                    lines.len()
                )
            });
            (kept, note)
        }
        (None, Some(offset)) => {
            let piece = piece(&whole, offset as usize, PIECE);
            (piece.text.to_owned(), piece.note("offset"))
        }
        (None, None) => {
            let piece = piece(&whole, 0, PIECE);
            let note = piece.note("offset").map(|note| {
                let place = world.keep(
                    &format!("hf_jobs_{}.log", reference.id),
                    followed.log.text(),
                );
                match place {
                    Ok(path) => format!(
                        "{note}\n[the whole log is in {path}, for bash; `tail` shows its end]"
                    ),
                    Err(_) => note,
                }
            });
            (piece.text.to_owned(), note)
        }
    };
    text.push_str(&fenced(&shown));
    for line in note.iter().chain(&followed.notes) {
        text.push_str(&format!("\n{line}"));
    }
    Ok(Output::text(text))
}

/// Ends a job.
///
/// # Errors
/// What the Hub said, explained.
pub(crate) fn cancel(world: &dyn World, arguments: &Cancel) -> Result<Output, Failure> {
    let job = Reference::of(
        world,
        "/job_id",
        &arguments.job_id,
        arguments.namespace.as_deref(),
    )?;
    let request = Request::post(format!("{}{}/cancel", ml_intern_hub::HUB, job.path()));
    ml_intern_hub::send(&request)?;
    // Whether it is over is the Hub's to say: an answer of success only means that it was asked.
    let stage = match Job::get(&job) {
        Ok(now) => now.status.stage.shown(),
        Err(failure) => format!("not known ({})", follow::said(failure)),
    };
    Ok(Output::text(format!(
        "Job {} of {} is canceled; its status is {stage}.\n**View at:** {}",
        job.id,
        job.namespace,
        job.url()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_rows() {
        let all: Vec<u32> = (0..5).collect();
        type Row<'r> = (Option<u32>, Option<(&'r [u32], &'r str)>);
        let table: [Row<'_>; 5] = [
            (
                None,
                Some((&[0, 1], "\n[page 1 of 3; call again with page=2 for more]")),
            ),
            (
                Some(2),
                Some((&[2, 3], "\n[page 2 of 3; call again with page=3 for more]")),
            ),
            (Some(3), Some((&[4], "\n[page 3 of 3]"))),
            (Some(4), None),
            (Some(0), None),
        ];
        for (number, expected) in table {
            let found = page(&all, number, 2).ok();
            let expected = expected.map(|(rows, note)| Rows {
                rows,
                note: note.to_owned(),
            });
            assert_eq!(found, expected, "{number:?}");
        }
        assert_eq!(page(&all, None, 5).map(|page| page.note), Ok(String::new()));
    }
}
