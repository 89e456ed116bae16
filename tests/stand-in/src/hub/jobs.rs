//! `…/jobs`: a job runs no code. How it ends is read off its command, and it gets on as it is watched: every look at it is
//! one step from `SCHEDULING` over `RUNNING` to its end, and whoever reads its logs sees it end.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::{Ask, unbase64};
use crate::hub::accounts::{WITHOUT_CREDITS, may_see, may_write, owner};
use crate::hub::errors::{Reply, not_found, plain};
use crate::hub::hardware;
use crate::world::World;

/// Jobs on a page.
const PAGE: usize = 20;

/// A job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) namespace: String,
    pub(crate) spec: Value,
    pub(crate) stage: &'static str,
    pub(crate) message: Option<String>,
    pub(crate) labels: Value,
    created: String,
    started: Option<String>,
    finished: Option<String>,
    initiator: Value,
    /// When its log was first read: what it printed stays printed then.
    logged: Option<String>,
}

impl Job {
    pub(crate) fn new(
        id: String,
        namespace: &str,
        spec: Value,
        now: String,
        initiator: Value,
    ) -> Self {
        Self {
            id,
            namespace: namespace.to_owned(),
            stage: "SCHEDULING",
            message: None,
            labels: spec["labels"].clone(),
            spec,
            created: now,
            started: None,
            finished: None,
            initiator,
            logged: None,
        }
    }

    fn ended(&self) -> bool {
        matches!(self.stage, "COMPLETED" | "ERROR" | "CANCELED")
    }

    /// One step on.
    fn step(&mut self, now: &str) {
        match self.stage {
            "SCHEDULING" => {
                self.stage = "RUNNING";
                self.started = Some(now.to_owned());
            }
            // A job with HANG in its environment runs until it is cancelled.
            "RUNNING" if self.spec["environment"].get("HANG").is_none() => {
                self.finished = Some(now.to_owned());
                self.stage = if self.fails() { "ERROR" } else { "COMPLETED" };
                self.message = self
                    .fails()
                    .then(|| "Job failed with exit code: 1".to_owned());
            }
            _ => {}
        }
    }

    /// All that is said in the command: its words, and what is base64 in them.
    fn script(&self) -> String {
        let mut text = String::new();
        let words = ["command", "arguments"]
            .into_iter()
            .flat_map(|key| self.spec[key].as_array().into_iter().flatten())
            .filter_map(Value::as_str);
        for word in words {
            text.push_str(word);
            text.push('\n');
            let inner = word.split(|letter: char| {
                !(letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '='))
            });
            for part in inner.filter(|part| part.len() >= 16) {
                if let Some(decoded) =
                    unbase64(part).and_then(|bytes| String::from_utf8(bytes).ok())
                {
                    text.push_str(&decoded);
                    text.push('\n');
                }
            }
        }
        text
    }

    fn fails(&self) -> bool {
        self.spec["environment"].get("FAIL").is_some() || self.script().contains("raise SystemExit")
    }

    /// What it prints: the literals that its script prints, and the reason of its failure.
    fn lines(&self) -> Vec<String> {
        let script = self.script();
        let mut lines = Vec::new();
        let flat = self.spec["command"].to_string();
        if flat.contains("uv run") || flat.contains("\"uv\"") {
            for line in [
                "Downloading pygments (1.2MiB)",
                "\u{1b}[32m Downloaded\u{1b}[0m pygments",
                "Installed 12 packages in 87ms",
            ] {
                lines.push(line.to_owned());
            }
        }
        for (at, found) in script.match_indices("print(") {
            let rest = &script[at + found.len()..];
            if let Some(quote) = rest
                .chars()
                .next()
                .filter(|letter| matches!(letter, '"' | '\''))
                && let Some(text) = rest[1..].split(quote).next()
            {
                lines.push(text.to_owned());
            }
        }
        if self.fails() {
            let reason = script
                .split("raise SystemExit")
                .nth(1)
                .and_then(|rest| rest.strip_prefix('('))
                .and_then(|rest| rest.split(')').next())
                .map_or("1", |reason| reason.trim_matches(['"', '\'']));
            lines.push("Traceback (most recent call last):".to_owned());
            lines.push(format!("SystemExit: {reason}"));
        }
        lines
    }

    pub(crate) fn json(&self) -> Value {
        let spec = &self.spec;
        json!({
            "id": self.id,
            "type": "job",
            "createdAt": self.created,
            "startedAt": self.started,
            "finishedAt": self.finished,
            "dockerImage": spec["dockerImage"],
            "spaceId": spec["spaceId"],
            "command": spec["command"],
            "arguments": spec.get("arguments").cloned().unwrap_or(json!([])),
            "environment": spec.get("environment").cloned().unwrap_or(json!({})),
            // Names only: what a secret is, nobody is told.
            "secrets": spec["secrets"].as_object().map(|secrets| secrets.keys().cloned().collect::<Vec<_>>()),
            "flavor": spec["flavor"],
            "labels": self.labels,
            "volumes": spec["volumes"],
            "timeout": spec["timeoutSeconds"],
            "status": {"stage": self.stage, "message": self.message},
            "owner": owner(&self.namespace),
            "initiator": self.initiator,
        })
    }
}

/// A specification that can be run.
pub(crate) fn check(spec: &Value) -> Result<(), Answer> {
    let flavor = spec["flavor"].as_str().unwrap_or("cpu-basic");
    if !hardware::known(flavor) {
        return Err(plain(400, &format!("Invalid flavor: {flavor}")));
    }
    if spec["dockerImage"].is_string() == spec["spaceId"].is_string() {
        return Err(plain(
            400,
            "\"value\" must contain exactly one of [dockerImage, spaceId]",
        ));
    }
    let words = spec["command"].as_array();
    if !words.is_some_and(|words| !words.is_empty() && words.iter().all(Value::is_string)) {
        return Err(plain(400, "\"command\" must be a list of strings"));
    }
    Ok(())
}

/// Whoever may start jobs in a namespace; one without credits gets none.
pub(crate) fn may_run(ask: &Ask, namespace: &str) -> Result<(), Answer> {
    may_write(ask, namespace, "run jobs")?;
    if namespace == WITHOUT_CREDITS {
        return Err(plain(
            402,
            "Pre-paid credit balance is insufficient - add more credits to your account to use Jobs.",
        ));
    }
    Ok(())
}

pub(crate) fn may_look(ask: &Ask, namespace: &str) -> Result<(), Answer> {
    crate::hub::accounts::signed_in(ask)?;
    if may_see(ask, namespace)? {
        Ok(())
    } else {
        Err(plain(
            403,
            &format!("You don't have access to the jobs of \"{namespace}\""),
        ))
    }
}

pub(crate) fn api(ask: &Ask, world: &mut World, parts: &[&str]) -> Reply {
    match (ask.method.as_str(), parts) {
        ("GET", ["hardware"]) => hardware::jobs(),
        ("POST", [namespace]) => run(ask, world, namespace),
        ("GET", [namespace]) => list(ask, world, namespace),
        ("GET", [namespace, id]) => {
            may_look(ask, namespace)?;
            let now = world.clock.next();
            let job = find(world, namespace, id)?;
            let shown = job.json();
            job.step(&now);
            Ok(Answer::json(&shown))
        }
        ("GET", [namespace, id, "logs"]) => logs(ask, world, namespace, id),
        ("POST", [namespace, id, "cancel"]) => {
            may_write(ask, namespace, "cancel jobs")?;
            let now = world.clock.next();
            let job = find(world, namespace, id)?;
            if !job.ended() {
                job.stage = "CANCELED";
                job.finished = Some(now);
            }
            Ok(Answer::json(&job.json()))
        }
        ("PUT", [namespace, id, "labels"]) => {
            may_write(ask, namespace, "label jobs")?;
            let labels = ask.json()["labels"].clone();
            let job = find(world, namespace, id)?;
            job.labels = labels;
            Ok(Answer::json(&job.json()))
        }
        _ => Err(not_found()),
    }
}

fn find<'a>(world: &'a mut World, namespace: &str, id: &str) -> Result<&'a mut Job, Answer> {
    world
        .hub
        .jobs
        .iter_mut()
        .find(|job| job.namespace == namespace && job.id == id)
        .ok_or_else(|| plain(404, "Job not found"))
}

fn run(ask: &Ask, world: &mut World, namespace: &str) -> Reply {
    may_run(ask, namespace)?;
    let spec = ask.json();
    check(&spec)?;
    let id = world.hub.fresh_id("job");
    let now = world.clock.next();
    let account = crate::hub::accounts::signed_in(ask)?;
    let job = Job::new(id, namespace, spec, now, owner(account.name));
    let shown = job.json();
    world.hub.jobs.push(job);
    Ok(Answer::json(&shown))
}

fn list(ask: &Ask, world: &World, namespace: &str) -> Reply {
    may_look(ask, namespace)?;
    let stages: Vec<&str> = ask.params("stage").collect();
    let found: Vec<&Job> = world
        .hub
        .jobs
        .iter()
        .rev()
        .filter(|job| job.namespace == namespace)
        .filter(|job| stages.is_empty() || stages.contains(&job.stage))
        .filter(|job| {
            ask.params("label").all(|label| {
                label
                    .split_once('=')
                    .is_some_and(|(key, value)| job.labels[key] == value)
            })
        })
        .collect();
    let start = ask.number("cursor").unwrap_or(0);
    let size = ask.number("limit").unwrap_or(PAGE).clamp(1, PAGE);
    let page: Vec<Value> = found
        .iter()
        .skip(start)
        .take(size)
        .map(|job| job.json())
        .collect();
    let answer = Answer::json(&Value::Array(page));
    Ok(if start + size < found.len() {
        let cursor = (start + size).to_string();
        answer.with("link", ask.next_page(&[("cursor", &cursor)]))
    } else {
        answer
    })
}

/// Events `{timestamp, data}` with comments between them, as a connection is kept alive.
fn logs(ask: &Ask, world: &mut World, namespace: &str, id: &str) -> Reply {
    may_look(ask, namespace)?;
    let stamps: Vec<String> = (0..3).map(|_| world.clock.next()).collect();
    let tail = ask.number("tail");
    let job = find(world, namespace, id)?;
    if !job.ended() {
        if job.stage == "SCHEDULING" {
            job.step(&stamps[0]);
        }
        job.step(&stamps[1]);
    }
    let stamp = job.logged.get_or_insert_with(|| stamps[2].clone()).clone();
    let mut lines = vec![format!("===== Job started at {} =====", &job.created[..19])];
    lines.extend(job.lines());
    let skipped = tail.map_or(0, |tail| lines.len().saturating_sub(tail));
    let mut pieces = vec![": keep-alive\n\n".to_owned()];
    for line in lines.iter().skip(skipped) {
        let event = json!({"timestamp": stamp, "data": line});
        pieces.push(format!("data: {event}\n\n"));
        pieces.push(": keep-alive\n\n".to_owned());
    }
    Ok(Answer::events(pieces))
}
