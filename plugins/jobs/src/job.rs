//! Jobs as the Hub tells of them.

use ml_intern_sdk::Failure;
use ml_intern_sdk::http::{Request, encode};
use ml_intern_sdk::prelude::*;

use crate::hardware::Micros;
use crate::namespace::Reference;

/// Bytes of one job at most; a command may hold a whole script.
const ONE: usize = 2 << 20;

/// A job.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) created_at: Option<String>,
    pub(crate) started_at: Option<String>,
    pub(crate) finished_at: Option<String>,
    pub(crate) docker_image: Option<String>,
    pub(crate) space_id: Option<String>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) flavor: Option<String>,
    pub(crate) status: Status,
    pub(crate) owner: Option<Owner>,
    pub(crate) durations: Option<Durations>,
}

/// Where it stands.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Status {
    pub(crate) stage: Stage,
    pub(crate) message: Option<String>,
}

/// Whose it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Owner {
    pub(crate) name: String,
}

/// How long it took so far, as the Hub counts it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Durations {
    running_secs: Option<f64>,
}

/// `COMPLETED`, `CANCELED`, `ERROR`, `DELETED`, `RUNNING`, `SCHEDULING`, or one that is newer than this.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Stage(pub(crate) String);

impl Stage {
    /// Whether it will not change any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(
            self.0.as_str(),
            "COMPLETED" | "CANCELED" | "CANCELLED" | "ERROR" | "FAILED" | "DELETED"
        )
    }

    /// Whether somebody ended it.
    pub(crate) fn was_canceled(&self) -> bool {
        matches!(self.0.as_str(), "CANCELED" | "CANCELLED" | "DELETED")
    }

    /// Whether it ended well.
    pub(crate) fn is_completed(&self) -> bool {
        self.0 == "COMPLETED"
    }

    /// As it is told: the Hub's word, short enough whatever it is.
    pub(crate) fn shown(&self) -> String {
        match self.0.as_str() {
            "" => "UNKNOWN".into(),
            stage => crate::table::cell(stage, 20),
        }
    }
}

impl Job {
    /// The job.
    ///
    /// # Errors
    /// What the Hub said, explained.
    pub(crate) fn get(job: &Reference) -> Result<Self, Failure> {
        let found: Self = ml_intern_hub::get(&job.path(), &[], ONE)?;
        found
            .known()
            .ok_or_else(|| Failure::failed("the Hub's answer is no job"))
    }

    /// Starts one.
    ///
    /// # Errors
    /// What the Hub said, explained; where it may have started one all the same, that too.
    pub(crate) fn start(namespace: &str, spec: &serde_json::Value) -> Result<Self, Failure> {
        let url = format!("{}/api/jobs/{}", ml_intern_hub::HUB, encode(namespace));
        let request = Request::post(url).json(spec)?;
        let answer = ml_intern_hub::send(&request).map_err(maybe_started)?;
        let job: Self = answer
            .json(ONE)
            .map_err(|error| uncertain(&error.to_string()))?;
        job.known()
            .ok_or_else(|| uncertain("the Hub's answer is no job"))
    }

    /// The job, if the answer told of one at all.
    fn known(self) -> Option<Self> {
        (!self.id.is_empty()).then_some(self)
    }

    /// Seconds that it has run, or ran: the Hub's count, else from its times; none where neither is told.
    pub(crate) fn seconds(&self, now: u64) -> Option<u64> {
        let counted = self.durations.as_ref().and_then(|all| all.running_secs);
        if let Some(seconds) = counted.filter(|seconds| (0.0..1e9).contains(seconds)) {
            return Some(seconds.ceil() as u64);
        }
        let time = |text: &Option<String>| text.as_deref().and_then(milliseconds);
        let begin = time(&self.started_at);
        let waits = self.status.stage.0 == "SCHEDULING";
        if begin.is_none() && waits {
            return Some(0);
        }
        let begin = begin.or_else(|| time(&self.created_at))?;
        let end = match time(&self.finished_at) {
            Some(end) => end,
            None if self.status.stage.is_over() => return None,
            None => now,
        };
        Some(end.saturating_sub(begin).div_ceil(1_000))
    }

    /// What it has cost: its price for an hour × its seconds / 3600.
    pub(crate) fn cost(&self, price: Option<Micros>, now: u64) -> Option<Micros> {
        Some(price?.for_seconds(self.seconds(now)?))
    }

    /// What it runs in.
    pub(crate) fn image(&self) -> &str {
        self.docker_image
            .as_deref()
            .or(self.space_id.as_deref())
            .unwrap_or("-")
    }
}

/// A failure that may pass invites to try again, and that may cost twice: only where the Hub asked to wait is it sure
/// that nothing was started.
pub(crate) fn maybe_started(failure: Failure) -> Failure {
    match failure {
        Failure::Upstream(error) if error.status != Some(429) => uncertain(&error.message),
        other => other,
    }
}

/// A failure after which something may have been started.
pub(crate) fn uncertain(why: &str) -> Failure {
    Failure::failed(format!(
        "whether it was started is not known: look at `ps` (or `scheduled ps`) before trying again ({why})"
    ))
}

/// A command on one line. An inline script, which is text nobody can read in base64, is named.
pub(crate) fn command_shown(command: Option<&[String]>) -> String {
    let Some(command) = command else {
        return "-".into();
    };
    if let ["/bin/sh", "-lc", shell] = command
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
        && let Some((before, uv)) = shell.split_once(crate::command::DECODE)
        && before.starts_with("echo ")
    {
        return format!("{uv} (inline script)");
    }
    command.join(" ")
}

/// An instant of the Hub's, in milliseconds since 1970.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(instant.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_it_costs_is_what_it_ran() {
        let base = json!({"id": "1", "createdAt": "2025-06-02T09:00:00.000Z"});
        let now = milliseconds("2025-06-02T10:00:00Z").unwrap();
        let with = |more: serde_json::Value| {
            let mut job = base.as_object().unwrap().clone();
            job.extend(more.as_object().unwrap().clone());
            let job: Job = serde_json::from_value(job.into()).unwrap();
            (
                job.seconds(now),
                job.cost(Some(Micros(3_600)), now).map(|cost| cost.0),
            )
        };
        let running = json!({"stage": "RUNNING", "message": null});
        let table = [
            (
                json!({"status": {"stage": "SCHEDULING"}}),
                (Some(0), Some(0)),
            ),
            (json!({"status": running}), (Some(3_600), Some(3_600))),
            (
                json!({"status": running, "startedAt": "2025-06-02T09:59:00.000Z"}),
                (Some(60), Some(60)),
            ),
            (
                json!({"status": running, "durations": {"runningSecs": 7, "totalSecs": 9}}),
                (Some(7), Some(7)),
            ),
            (
                json!({"status": {"stage": "ERROR"}, "finishedAt": "2025-06-02T09:00:01.500Z"}),
                (Some(2), Some(2)),
            ),
            // It ended, and nobody says when.
            (json!({"status": {"stage": "COMPLETED"}}), (None, None)),
            (
                json!({"createdAt": "yesterday", "status": running}),
                (None, None),
            ),
            (
                json!({"status": running, "durations": {"runningSecs": -3}}),
                (Some(3_600), Some(3_600)),
            ),
        ];
        for (more, expected) in table {
            assert_eq!(with(more.clone()), expected, "{more}");
        }
    }

    #[test]
    fn commands_are_named() {
        let inline = [
            "/bin/sh",
            "-lc",
            "echo \"cA==\" | base64 -d | uv run --with x -",
        ];
        let table: [(Option<&[&str]>, &str); 4] = [
            (None, "-"),
            (Some(&["python", "-c", "print(1)"]), "python -c print(1)"),
            (Some(&inline), "uv run --with x - (inline script)"),
            (Some(&["/bin/sh", "-lc", "ls"]), "/bin/sh -lc ls"),
        ];
        for (command, expected) in table {
            let command: Option<Vec<String>> =
                command.map(|parts| parts.iter().map(|part| (*part).to_owned()).collect());
            assert_eq!(command_shown(command.as_deref()), expected);
        }
    }
}
