//! The `hf_jobs` tool: jobs on Hugging Face's machines, started, followed, listed and ended, at once or on a schedule.
//!
//! | file | holds |
//! | --- | --- |
//! | `arguments` | what the operations take |
//! | `command`, `secrets`, `files` | from a script to a command line |
//! | `check` | a script is looked at before it is paid for |
//! | `submit`, `quote`, `hardware`, `schedule`, `duration` | starting a job, and its price |
//! | `follow`, `log`, `progress`, `report`, `hints` | a job while it runs, and what is told of it |
//! | `list`, `scheduled`, `job`, `namespace`, `started` | jobs that are there |
//! | `trackio` | a dashboard's Space |
//! | `world` | what a call reaches beside the Hub |

mod arguments;
mod check;
mod command;
mod duration;
#[cfg(test)]
mod fake;
mod files;
mod follow;
mod hardware;
mod hints;
mod job;
mod list;
mod log;
mod namespace;
mod progress;
mod quote;
mod report;
mod schedule;
mod scheduled;
mod secrets;
mod started;
mod submit;
mod table;
#[cfg(test)]
mod tests;
mod trackio;
mod world;

use std::rc::Rc;

use arguments::{Cancel, Hardware, Inspect, Logs, Ps, Scheduled, ScheduledPs, Seed, Submit};
use ml_intern_hub::{CREDENTIAL, HUB};
use ml_intern_sdk::HttpMethod::{Delete, Get, Post, Put};
use ml_intern_sdk::prelude::*;
use scheduled::Act;
use submit::Way;
use world::{Guest, World};

/// Where jobs are.
const JOBS: &str = "/api/jobs";
/// Where those of an account are.
const ACCOUNT: &str = "/api/jobs/*";
/// Where scheduled jobs are.
const SCHEDULED: &str = "/api/scheduled-jobs";
/// The prefix of what this plugin keeps in the session's store.
const STATE: &str = "job/";

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    plugin_in(Rc::new(Guest))
}

const DESCRIPTION: &str = "Runs scripts and containers on Hugging Face's machines (CPU, GPU). It costs money: `hardware` has the prices, \
`quote` a job's. Give `script` (Python) with `dependencies`, or `command` with `image`; scripts are checked first. `run` \
hands the user's token to the job, for pushing to the Hub; prefer `run without token` where nothing is pushed or private. \
The job's disk is lost at its end: push results (push_to_hub=True, hub_model_id). Set `timeout` to fit; test one short job \
before a batch. After `wait`, jobs go on by themselves: `logs`, `ps`, `inspect`, `cancel`. `scheduled …`: recurring jobs; \
`seed trackio`: a dashboard Space.";

/// The same, in this world.
fn plugin_in(world: Rc<dyn World>) -> Plugin {
    let limits = Limits {
        // A log as it came, as it is kept, and as it is shown.
        memory: 256 << 20,
        fuel: 200_000_000_000,
        // The longest wait, and a minute to begin and to report.
        deadline: 600_000,
        output: 256 << 10,
        open_files: 8,
        // Two thousand lines at once, then one line and one report a second; looks at the stage.
        host_calls: 8_000,
    };
    Plugin::new(
        "jobs",
        env!("CARGO_PKG_VERSION"),
        "Runs, follows and manages Hugging Face Jobs, with their prices told beforehand.",
        limits,
    )
    .tool(Tool::select(
        "hf_jobs",
        DESCRIPTION,
        "operation",
        starting(&world)
            .into_iter()
            .chain(managing(&world))
            .chain(scheduling(&world))
            .chain([seeding(&world)]),
    ))
}

/// Who the token's user is.
fn whoami() -> Need {
    need::http_as(
        CREDENTIAL,
        HUB,
        [Get],
        [namespace::WHOAMI],
        "who the user is, and in which organisations",
    )
}

/// Scripts, the check of them, long logs, and what was started.
fn local() -> [Need; 4] {
    [
        need::mount("workspace", Access::ReadOnly),
        need::mount("tmp", Access::ReadWrite),
        need::program("python"),
        need::state(STATE),
    ]
}

/// The table of hardware, for which nobody has to be known.
fn prices() -> Need {
    need::http(HUB, [Get], [hardware::PATH], "hardware and its prices")
}

fn submitting(world: &Rc<dyn World>, name: &'static str, way: Way) -> Operation {
    let world = Rc::clone(world);
    Operation::new(name, move |arguments: Submit| {
        submit::run(world.as_ref(), &arguments, way)
    })
    .quoted_by("quote")
}

fn starting(world: &Rc<dyn World>) -> Vec<Operation> {
    let reading = |paths: &[&'static str]| {
        need::http_as(
            CREDENTIAL,
            HUB,
            [Get],
            paths.iter().copied(),
            "prices, the job's stage and log",
        )
    };
    let quoting = Rc::clone(world);
    vec![
        submitting(world, "run", Way::Now)
            .effects([Effect::Execute, Effect::Publish, Effect::Spend])
            .needs([
                need::http_with_body_credential(
                    CREDENTIAL,
                    HUB,
                    [Post],
                    [ACCOUNT],
                    "starting the job, which gets the token",
                ),
                reading(&[JOBS, "/api/spaces"]),
                whoami(),
            ])
            .needs(local()),
        submitting(world, "run without token", Way::WithoutToken)
            .effects([Effect::Execute, Effect::Spend])
            .needs([
                need::http_as(CREDENTIAL, HUB, [Post], [ACCOUNT], "starting the job"),
                reading(&[JOBS]),
                whoami(),
            ])
            .needs(local()),
        Operation::quoting("quote", move |asked, arguments: Submit| {
            quote::quote(quoting.as_ref(), asked, &arguments)
        })
        .effects([Effect::Observe])
        .needs([
            prices(),
            // A script is read, and looked at: who is asked about its price should not be asked in vain.
            need::mount("workspace", Access::ReadOnly),
            need::mount("tmp", Access::ReadOnly),
            need::program("python"),
        ]),
        Operation::new("hardware", |_: Hardware| {
            let table = hardware::table()?;
            Output::text(hardware::shown(&table)).with_structured(&hardware::structured(&table))
        })
        .effects([Effect::Observe])
        .needs([prices()]),
    ]
}

fn managing(world: &Rc<dyn World>) -> Vec<Operation> {
    let reading = |why: &str| need::http_as(CREDENTIAL, HUB, [Get], [JOBS], why);
    let (ps, logs, inspect, cancel) = (
        Rc::clone(world),
        Rc::clone(world),
        Rc::clone(world),
        Rc::clone(world),
    );
    vec![
        Operation::new("ps", move |arguments: Ps| list::ps(ps.as_ref(), &arguments))
            .effects([Effect::Observe])
            .needs([reading("the list of jobs"), whoami(), need::state(STATE)]),
        Operation::new("logs", move |arguments: Logs| {
            list::logs(logs.as_ref(), &arguments)
        })
        .effects([Effect::Observe])
        .needs([
            reading("the job's stage and log"),
            whoami(),
            need::state(STATE),
            need::mount("tmp", Access::ReadWrite),
        ]),
        Operation::new("inspect", move |arguments: Inspect| {
            list::inspect(inspect.as_ref(), &arguments)
        })
        .effects([Effect::Observe])
        .needs([reading("the job"), whoami(), need::state(STATE)]),
        Operation::new("cancel", move |arguments: Cancel| {
            list::cancel(cancel.as_ref(), &arguments)
        })
        .effects([Effect::Destroy])
        .needs([
            reading("the job"),
            need::http_as(
                CREDENTIAL,
                HUB,
                [Post],
                ["/api/jobs/*/*/cancel"],
                "ending the job",
            ),
            whoami(),
            need::state(STATE),
        ]),
    ]
}

fn scheduling(world: &Rc<dyn World>) -> Vec<Operation> {
    let acting = |name, act, method, path, why| {
        Operation::new(name, move |arguments: Scheduled| {
            scheduled::act(&arguments, act)
        })
        .needs([
            need::http_as(CREDENTIAL, HUB, [method], [path], why),
            whoami(),
        ])
    };
    vec![
        submitting(world, "scheduled run", Way::Scheduled)
            .effects([Effect::Execute, Effect::Publish, Effect::Spend])
            .needs([
                need::http_with_body_credential(
                    CREDENTIAL,
                    HUB,
                    [Post],
                    [SCHEDULED],
                    "making the scheduled job, whose runs get the token",
                ),
                need::http_as(CREDENTIAL, HUB, [Get], ["/api/spaces"], "trackio's Space"),
                prices(),
                whoami(),
            ])
            .needs(local()),
        Operation::new("scheduled ps", |arguments: ScheduledPs| {
            scheduled::ps(&arguments)
        })
        .effects([Effect::Observe])
        .needs([
            need::http_as(
                CREDENTIAL,
                HUB,
                [Get],
                [SCHEDULED],
                "the list of scheduled jobs",
            ),
            whoami(),
        ]),
        acting(
            "scheduled inspect",
            Act::Inspect,
            Get,
            "/api/scheduled-jobs/*/*",
            "the scheduled job",
        )
        .effects([Effect::Observe]),
        acting(
            "scheduled delete",
            Act::Delete,
            Delete,
            "/api/scheduled-jobs/*/*",
            "removing the scheduled job",
        )
        .effects([Effect::Destroy]),
        acting(
            "scheduled suspend",
            Act::Suspend,
            Post,
            "/api/scheduled-jobs/*/*/suspend",
            "pausing the scheduled job",
        )
        .effects([Effect::Publish]),
        // What it starts again costs money, without another question.
        acting(
            "scheduled resume",
            Act::Resume,
            Post,
            "/api/scheduled-jobs/*/*/resume",
            "letting the scheduled job run again",
        )
        .effects([Effect::Publish, Effect::Spend]),
    ]
}

fn seeding(world: &Rc<dyn World>) -> Operation {
    let world = Rc::clone(world);
    Operation::new("seed trackio", move |arguments: Seed| {
        trackio::seed(world.as_ref(), &arguments)
    })
    .effects([Effect::Publish])
    .needs([
        need::http_as(
            CREDENTIAL,
            HUB,
            [Post],
            ["/api/repos/create", "/api/buckets"],
            "making the Space and its bucket",
        ),
        need::http_as(
            CREDENTIAL,
            HUB,
            [Post, Put],
            ["/api/spaces"],
            "the Space's files, volumes and variables",
        ),
        need::http_as(
            CREDENTIAL,
            HUB,
            [Get],
            ["/api/spaces", "/api/resolve-cache/spaces", "/spaces"],
            "what the Space has",
        ),
        whoami(),
    ])
}

ml_intern_sdk::export!(plugin);
