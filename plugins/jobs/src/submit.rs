//! Starting jobs, at once or on a schedule.

use std::collections::BTreeMap;

use ml_intern_hub::{HUB, RepoKind};
use ml_intern_sdk::http::{Request, encode};
use ml_intern_sdk::prelude::*;
use serde_json::{Map, Value, json};

use crate::arguments::Submit;
use crate::check::{self, Checked};
use crate::command::Source;
use crate::duration;
use crate::follow;
use crate::hardware::{self, Flavor};
use crate::job::Job;
use crate::namespace::{self, Reference};
use crate::progress::Relay;
use crate::quote;
use crate::report::{self, Told};
use crate::scheduled;
use crate::secrets;
use crate::started::{self, Started};
use crate::world::World;

/// What the host puts in place of this, in the body of the request that starts a job. It is never seen here.
const TOKEN: &str = "{{credential:huggingface}}";
/// Where a job finds it.
const TOKEN_NAMES: [&str; 2] = ["HF_TOKEN", "HUGGINGFACE_HUB_TOKEN"];
/// What a job's environment has, where the model does not say otherwise: quiet logs, fast downloads.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("HF_HUB_DISABLE_PROGRESS_BARS", "1"),
    ("TQDM_DISABLE", "1"),
    ("TRANSFORMERS_VERBOSITY", "warning"),
    ("HF_HUB_ENABLE_HF_TRANSFER", "1"),
    ("UV_NO_PROGRESS", "1"),
];

/// What starts a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// `run`
    Now,
    /// `run without token`
    WithoutToken,
    /// `scheduled run`
    Scheduled,
}

impl Way {
    /// The way of the operation of this name.
    pub(crate) fn of(operation: &str) -> Option<Self> {
        match operation {
            "run" => Some(Self::Now),
            "run without token" => Some(Self::WithoutToken),
            "scheduled run" => Some(Self::Scheduled),
            _ => None,
        }
    }

    fn has_token(self) -> bool {
        self != Self::WithoutToken
    }
}

/// Everything about a job that is known before anything is asked for.
#[derive(Debug)]
struct Plan {
    source: Source,
    timeout: u64,
    wait: u64,
}

/// What can be said without a request.
///
/// # Errors
/// [`Failure::InvalidArguments`].
fn plan(world: &dyn World, submit: &Submit, way: Way) -> Result<Plan, Failure> {
    submit.check()?;
    match (way, submit.schedule.as_deref()) {
        (Way::Scheduled, None) => {
            return Err(Failure::argument(
                "/schedule",
                "a cron expression (`0 9 * * 1`), or @hourly, @daily, @weekly, @monthly",
            ));
        }
        (Way::Scheduled, Some(schedule)) => {
            crate::schedule::often(schedule)?;
        }
        (_, Some(_)) => {
            return Err(Failure::argument(
                "/schedule",
                "left out: it is for operation `scheduled run`",
            ));
        }
        (_, None) => {}
    }
    if !way.has_token() && submit.trackio_space_id.is_some() {
        return Err(Failure::argument(
            "/trackio_space_id",
            "left out: trackio writes to its Space with a token, and this job has none; use operation `run`",
        ));
    }
    Ok(Plan {
        source: Source::of(world, submit)?,
        timeout: duration::timeout(submit.timeout.as_deref())?,
        wait: duration::wait(submit.wait.as_deref(), duration::DEFAULT_WAIT)?,
    })
}

/// The body of the request that starts a job (`jobSpec` of a scheduled one).
fn spec(submit: &Submit, plan: &Plan, flavor: &Flavor, way: Way) -> Result<Value, Failure> {
    let mut environment: BTreeMap<&str, &str> = ENVIRONMENT.into_iter().collect();
    if let Some(space) = &submit.trackio_space_id {
        environment.insert("TRACKIO_SPACE_ID", space);
    }
    if let Some(project) = &submit.trackio_project {
        environment.insert("TRACKIO_PROJECT", project);
    }
    for (name, value) in &submit.env {
        environment.insert(name, value);
    }
    let mut spec = Map::new();
    spec.insert("command".into(), json!(plan.source.command(submit)?));
    spec.insert("arguments".into(), json!([]));
    spec.insert("environment".into(), json!(environment));
    spec.insert("flavor".into(), json!(flavor.name));
    spec.insert("timeoutSeconds".into(), json!(plan.timeout));
    let (kind, image) = plan.source.image(submit);
    spec.insert(kind.into(), json!(image));
    // The host would put the token there too, for everybody who sees the job to see. Every argument was looked at; this
    // is for the one that is added later.
    if json!(spec).to_string().contains(secrets::PLACE) {
        return Err(Failure::failed(
            "an argument has a place for a credential in it",
        ));
    }
    if way.has_token() {
        let secrets: BTreeMap<&str, &str> = TOKEN_NAMES.map(|name| (name, TOKEN)).into();
        spec.insert("secrets".into(), json!(secrets));
    }
    Ok(Value::Object(spec))
}

/// Starts a job.
///
/// # Errors
/// What is wrong with the arguments or the script, before anything is started; what the Hub said; a job that failed.
pub(crate) fn run(world: &dyn World, submit: &Submit, way: Way) -> Result<Output, Failure> {
    let plan = plan(world, submit, way)?;
    // Before any request: an error in the script costs nothing, not even a question to the Hub.
    let job = check::Job {
        submit,
        token: way.has_token(),
    };
    let checked = check::check(world, &plan.source, job)?;
    let table = hardware::table()?;
    let flavor = hardware::find(
        &table,
        submit
            .hardware_flavor
            .as_deref()
            .unwrap_or(hardware::DEFAULT),
    )?;
    let checked = checked.on(flavor.accelerated());
    let spec = spec(submit, &plan, flavor, way)?;
    let namespace = namespace::allowed(submit.namespace.as_deref())?;
    let mut remarks = remarks(&checked);
    if submit.check_only {
        let quoted = quote::rows(
            &quote::Asked {
                submit,
                source: &plan.source,
                timeout: plan.timeout,
                way: Some(way),
            },
            flavor,
            Some(&namespace),
        )?;
        let rows: Vec<String> = quoted
            .rows
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        remarks.extend(rows);
        return Ok(Output::text(remarks.join("\n")));
    }
    remarks.extend(trackio(submit));
    if way == Way::Scheduled {
        return scheduled::create(submit, &namespace, &spec, remarks);
    }
    let begun = world.now();
    let job = Job::start(&namespace, &spec)?;
    // From here on there is a job, whatever else goes wrong.
    let reference = Reference {
        // Whose it is, the Hub knows best: a name may be written in another case.
        namespace: job
            .owner
            .as_ref()
            .map(|owner| owner.name.clone())
            .filter(|name| !name.is_empty())
            .unwrap_or(namespace),
        id: job.id.clone(),
    };
    let price = flavor.hourly();
    let noted = started::note(
        world,
        Started {
            id: reference.id.clone(),
            namespace: reference.namespace.clone(),
            flavor: flavor.name.clone(),
            price,
        },
    );
    if let Err(failure) = noted {
        remarks.push(format!(
            "The session does not remember it: {}",
            follow::said(failure)
        ));
    }
    world.log(&format!("job {} at {}", reference.id, reference.url()));
    let mut relay = Relay::new(world, checked.epochs);
    let followed = if plan.wait == 0 {
        follow::Followed::unread(job)
    } else {
        follow::follow(world, &reference, job, plan.wait * 1_000, &mut relay)
    };
    report::of(
        world,
        &followed,
        Told {
            reference: &reference,
            kind: plan.source.kind(),
            price,
            token: way.has_token(),
            waited: plan.wait,
            wall: world.now().saturating_sub(begun).div_ceil(1_000),
            remarks,
        },
    )
}

/// What the check found, as lines.
fn remarks(checked: &Checked) -> Vec<String> {
    let mut lines = vec![format!("**Check:** {}", checked.said)];
    let warnings = checked.warnings.iter();
    lines.extend(warnings.map(|warning| format!("- warning: {warning}")));
    lines
}

/// Whether the dashboard's Space is there. It is not made here: a job costs money, a Space is another matter.
fn trackio(submit: &Submit) -> Option<String> {
    let space = submit.trackio_space_id.as_deref()?;
    #[derive(Deserialize)]
    struct Space {}
    match ml_intern_hub::get::<Space>(&RepoKind::Space.api(space), &[], 4 << 20) {
        Ok(_) => Some(format!(
            "**Dashboard:** {HUB}{}",
            RepoKind::Space.page(space)
        )),
        Err(Failure::Failed(_)) => Some(format!(
            "- warning: there is no Space `{space}` that can be seen: trackio makes one in the job, without durable \
             storage; `seed trackio` makes one with it"
        )),
        Err(failure) => Some(format!(
            "- warning: whether the Space `{space}` is there is not known: {}",
            follow::said(failure)
        )),
    }
}

/// The request that makes a scheduled job.
///
/// # Errors
/// Where it has no JSON form.
pub(crate) fn schedule_request(
    namespace: &str,
    schedule: &str,
    spec: &Value,
) -> Result<Request, Failure> {
    let url = format!("{HUB}/api/scheduled-jobs/{}", encode(namespace));
    Request::post(url).json(&json!({ "jobSpec": spec, "schedule": schedule.trim() }))
}
