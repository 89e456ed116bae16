//! Jobs on a schedule.

use ml_intern_hub::HUB;
use ml_intern_sdk::HttpMethod;
use ml_intern_sdk::http::{Request, encode};
use ml_intern_sdk::prelude::*;
use serde_json::Value;

use crate::arguments::{Scheduled, ScheduledPs, Submit};
use crate::job::{command_shown, maybe_started, uncertain};
use crate::namespace;
use crate::submit::schedule_request;
use crate::table::{cell, instant, short};

/// Bytes of a list at most; commands may hold whole scripts.
const LIST: usize = 16 << 20;
/// Bytes of one at most.
const ONE: usize = 2 << 20;
/// Entries that are read at most.
const MOST: usize = 500;
/// Rows of a page.
pub(crate) const ROWS: usize = 25;

/// A job on a schedule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    id: String,
    schedule: Option<String>,
    suspend: Option<bool>,
    status: Status,
    job_spec: Spec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    last_job: Option<Last>,
    next_job_run_at: Option<String>,
}

/// The last run: its id, and when it was.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Last {
    id: String,
    at: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    docker_image: Option<String>,
    space_id: Option<String>,
    command: Option<Vec<String>>,
    flavor: Option<String>,
    timeout: Option<Value>,
    timeout_seconds: Option<Value>,
}

impl Entry {
    fn is_suspended(&self) -> bool {
        self.suspend == Some(true)
    }

    fn image(&self) -> &str {
        let spec = &self.job_spec;
        spec.docker_image
            .as_deref()
            .or(spec.space_id.as_deref())
            .unwrap_or("-")
    }
}

/// The part for programs, and what `scheduled inspect` shows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'e> {
    id: &'e str,
    schedule: Option<&'e str>,
    suspended: bool,
    last_job: Option<&'e Last>,
    next_job_run_at: Option<&'e str>,
    image: &'e str,
    command: String,
    hardware_flavor: Option<&'e str>,
    timeout_seconds: Option<&'e Value>,
}

impl<'e> From<&'e Entry> for Shown<'e> {
    fn from(entry: &'e Entry) -> Self {
        Self {
            id: &entry.id,
            schedule: entry.schedule.as_deref(),
            suspended: entry.is_suspended(),
            last_job: entry.status.last_job.as_ref(),
            next_job_run_at: entry.status.next_job_run_at.as_deref(),
            image: entry.image(),
            command: short(&command_shown(entry.job_spec.command.as_deref()), 1_000),
            hardware_flavor: entry.job_spec.flavor.as_deref(),
            timeout_seconds: entry
                .job_spec
                .timeout_seconds
                .as_ref()
                .or(entry.job_spec.timeout.as_ref()),
        }
    }
}

/// Makes one.
///
/// # Errors
/// What the Hub said, explained.
pub(crate) fn create(
    submit: &Submit,
    namespace: &str,
    spec: &Value,
    remarks: Vec<String>,
) -> Result<Output, Failure> {
    let schedule = submit.schedule.as_deref().unwrap_or_default();
    let request = schedule_request(namespace, schedule, spec)?;
    let entry: Entry = ml_intern_hub::send(&request)
        .map_err(maybe_started)?
        .json(ONE)
        .map_err(|error| uncertain(&error.to_string()))?;
    let next = entry
        .status
        .next_job_run_at
        .as_deref()
        .unwrap_or("not told");
    let text = format!(
        "Scheduled job created.\n\n**Scheduled Job ID:** {}\n**Schedule:** {}\n**Suspended:** {}\n**Next Run:** {next}\n\
         {}\n\nIt runs until it is ended: `scheduled suspend` pauses it, `scheduled delete` removes it.",
        entry.id,
        entry.schedule.as_deref().unwrap_or(schedule),
        yes(entry.is_suspended()),
        remarks.join("\n"),
    );
    Output::text(text).with_structured(&Shown::from(&entry))
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// Lists them.
///
/// # Errors
/// What the Hub said, explained.
pub(crate) fn ps(arguments: &ScheduledPs) -> Result<Output, Failure> {
    let namespace = namespace::given_or_own(arguments.namespace.as_deref())?;
    let path = format!("/api/scheduled-jobs/{}", encode(&namespace));
    let list: ml_intern_hub::Page<Entry> = ml_intern_hub::pages(&path, &[], LIST, MOST)?;
    let hidden = list
        .items
        .iter()
        .filter(|entry| entry.is_suspended())
        .count();
    let entries: Vec<&Entry> = list
        .items
        .iter()
        .filter(|entry| arguments.all || !entry.is_suspended())
        .collect();
    if entries.is_empty() {
        let hint = match hidden {
            0 => String::new(),
            n => format!(" {n} are suspended: pass all=true to see them."),
        };
        return Ok(Output::text(format!(
            "No scheduled jobs of {namespace}.{hint}"
        )));
    }
    let page = crate::list::page(&entries, arguments.page, ROWS)?;
    let mut text = format!(
        "**Scheduled jobs of {namespace} ({} total{}):**\n\n\
         | ID | SCHEDULE | IMAGE/SPACE | COMMAND | HARDWARE | LAST RUN | NEXT RUN | SUSPENDED |\n|---|---|---|---|---|---|---|---|\n",
        entries.len(),
        if list.more { " and more" } else { "" },
    );
    for entry in page.rows {
        let last = entry.status.last_job.as_ref();
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
            cell(&entry.id, 40),
            cell(entry.schedule.as_deref().unwrap_or("-"), 20),
            cell(entry.image(), 18),
            cell(&command_shown(entry.job_spec.command.as_deref()), 25),
            cell(entry.job_spec.flavor.as_deref().unwrap_or("-"), 20),
            instant(Some(
                last.and_then(|last| last.at.as_deref()).unwrap_or("never")
            )),
            instant(entry.status.next_job_run_at.as_deref()),
            yes(entry.is_suspended()),
        ));
    }
    text.push_str(&page.note);
    let shown: Vec<Shown<'_>> = page.rows.iter().map(|entry| Shown::from(*entry)).collect();
    Output::text(text.trim_end()).with_structured(&shown)
}

/// What is done with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Inspect,
    Delete,
    Suspend,
    Resume,
}

/// Does it.
///
/// # Errors
/// What the Hub said, explained.
pub(crate) fn act(arguments: &Scheduled, act: Act) -> Result<Output, Failure> {
    let id = arguments.scheduled_job_id.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
        return Err(Failure::argument(
            "/scheduled_job_id",
            "an id as `scheduled ps` gives it",
        ));
    }
    let namespace = namespace::given_or_own(arguments.namespace.as_deref())?;
    let path = format!("/api/scheduled-jobs/{}/{id}", encode(&namespace));
    let url = format!("{HUB}{path}");
    let (request, text) = match act {
        Act::Inspect => {
            let entry: Entry = ml_intern_hub::get(&path, &[], ONE)?;
            let shown = Shown::from(&entry);
            let json = serde_json::to_string_pretty(&shown).map_err(Failure::failed)?;
            return Output::text(format!("**Scheduled Job Details:**\n{json}"))
                .with_structured(&shown);
        }
        Act::Delete => (
            Request::new(HttpMethod::Delete, url),
            format!(
                "Scheduled job {id} of {namespace} is deleted. A run of it that has begun goes on: see `ps`."
            ),
        ),
        Act::Suspend => (
            Request::post(format!("{url}/suspend")),
            format!(
                "Scheduled job {id} of {namespace} is suspended; `scheduled resume` lets it run again."
            ),
        ),
        Act::Resume => (
            Request::post(format!("{url}/resume")),
            format!(
                "Scheduled job {id} of {namespace} runs on its schedule again, and costs what it runs."
            ),
        ),
    };
    ml_intern_hub::send(&request)?;
    Ok(Output::text(text))
}
