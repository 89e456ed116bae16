//! `…/scheduled-jobs`: jobs that come again.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::clock::iso;
use crate::hub::accounts::{may_write, owner};
use crate::hub::errors::{Reply, not_found, plain};
use crate::hub::jobs::{Job, check, may_look, may_run};
use crate::world::World;

/// A job and when it runs.
#[derive(Clone, Debug)]
pub(crate) struct Scheduled {
    pub(crate) id: String,
    pub(crate) namespace: String,
    schedule: String,
    suspend: bool,
    concurrency: bool,
    spec: Value,
    created: String,
    /// The job it started last, and when.
    last: Option<(String, String)>,
    next: String,
}

impl Scheduled {
    fn json(&self) -> Value {
        let mut spec = self.spec.clone();
        if let Some(secrets) = spec["secrets"].as_object() {
            spec["secrets"] = secrets.keys().cloned().collect::<Vec<_>>().into();
        }
        json!({
            "id": self.id,
            "createdAt": self.created,
            "schedule": self.schedule,
            "suspend": self.suspend,
            "concurrency": self.concurrency,
            "status": {
                "lastJob": self.last.as_ref().map(|(id, at)| json!({"id": id, "at": at})),
                "nextJobRunAt": (!self.suspend).then_some(&self.next),
            },
            "jobSpec": spec,
            "owner": owner(&self.namespace),
        })
    }
}

/// `@hourly` and the like, or five fields.
fn sound(schedule: &str) -> bool {
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    matches!(
        schedule,
        "@annually" | "@yearly" | "@monthly" | "@weekly" | "@daily" | "@hourly"
    ) || fields.len() == 5
        && fields.iter().all(|field| {
            field
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"*/,-".contains(&byte))
        })
}

pub(crate) fn api(ask: &Ask, world: &mut World, parts: &[&str]) -> Reply {
    match (ask.method.as_str(), parts) {
        ("POST", [namespace]) => create(ask, world, namespace),
        ("GET", [namespace]) => {
            may_look(ask, namespace)?;
            let found = world.hub.scheduled.iter();
            Ok(Answer::json(
                &found
                    .filter(|one| one.namespace == *namespace)
                    .map(Scheduled::json)
                    .collect(),
            ))
        }
        ("GET", [namespace, id]) => {
            may_look(ask, namespace)?;
            Ok(Answer::json(&find(world, namespace, id)?.json()))
        }
        ("DELETE", [namespace, id]) => {
            may_write(ask, namespace, "delete scheduled jobs")?;
            find(world, namespace, id)?;
            world.hub.scheduled.retain(|one| one.id != *id);
            Ok(Answer::empty(204))
        }
        ("POST", [namespace, id, "run"]) => {
            may_run(ask, namespace)?;
            run(world, namespace, id)
        }
        ("POST", [namespace, id, action @ ("suspend" | "resume")]) => {
            may_write(ask, namespace, "change scheduled jobs")?;
            let one = find(world, namespace, id)?;
            one.suspend = *action == "suspend";
            Ok(Answer::json(&one.json()))
        }
        ("PUT", [namespace, id, "labels"]) => {
            may_write(ask, namespace, "label scheduled jobs")?;
            let labels = ask.json()["labels"].clone();
            let one = find(world, namespace, id)?;
            one.spec["labels"] = labels;
            Ok(Answer::json(&one.json()))
        }
        _ => Err(not_found()),
    }
}

fn find<'a>(world: &'a mut World, namespace: &str, id: &str) -> Result<&'a mut Scheduled, Answer> {
    world
        .hub
        .scheduled
        .iter_mut()
        .find(|one| one.namespace == namespace && one.id == id)
        .ok_or_else(|| plain(404, "Scheduled job not found"))
}

fn create(ask: &Ask, world: &mut World, namespace: &str) -> Reply {
    may_run(ask, namespace)?;
    let body = ask.json();
    check(&body["jobSpec"])?;
    let schedule = body["schedule"].as_str().unwrap_or_default();
    if !sound(schedule) {
        return Err(plain(400, &format!("Invalid schedule: {schedule}")));
    }
    let created = world.clock.next();
    let one = Scheduled {
        id: world.hub.fresh_id("scheduled"),
        namespace: namespace.to_owned(),
        schedule: schedule.to_owned(),
        suspend: body["suspend"] == true,
        concurrency: body["concurrency"] == true,
        spec: body["jobSpec"].clone(),
        // Whatever the schedule is: within the hour.
        next: iso((world.clock.seconds() / 3600 + 1) * 3600),
        created,
        last: None,
    };
    let shown = one.json();
    world.hub.scheduled.push(one);
    Ok(Answer::json(&shown))
}

/// Its job now.
fn run(world: &mut World, namespace: &str, id: &str) -> Reply {
    let job = world.hub.fresh_id("job");
    let now = world.clock.next();
    let one = find(world, namespace, id)?;
    one.last = Some((job.clone(), now.clone()));
    let spec = one.spec.clone();
    let initiator = json!({"type": "scheduled-job", "id": one.id});
    let job = Job::new(job, namespace, spec, now, initiator);
    let shown = job.json();
    world.hub.jobs.push(job);
    Ok(Answer::json(&shown))
}
