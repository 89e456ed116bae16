//! What to do about a job that failed, from what it printed last.
//!
//! | printed | told |
//! | --- | --- |
//! | `CUDA out of memory`, `OutOfMemoryError` | smaller batches at the same effective size |
//! | the Hub says it took too long | a longer time-out, checkpoints |
//! | `No module named 'x'` | the dependency |
//! | `Killed`, exit code 137 | the machine's memory |
//! | 401, gated | a token, or access |
//! | `No space left on device` | streaming, another flavor |

use crate::job::Job;

/// Characters of the end of a log that are looked at.
const LOOKED_AT: usize = 20_000;

/// What to do, one sentence each.
pub(crate) fn of(job: &Job, log: &str, token: bool) -> Vec<String> {
    let end = ml_intern_sdk::printed::end_of(log, LOOKED_AT);
    let message = job.status.message.as_deref().unwrap_or_default();
    let said = message.to_ascii_lowercase();
    let any = |marks: &[&str]| {
        marks
            .iter()
            .any(|mark| end.contains(mark) || message.contains(mark))
    };
    let mut hints = Vec::new();
    if any(&[
        "CUDA out of memory",
        "OutOfMemoryError",
        "CUBLAS_STATUS_ALLOC_FAILED",
    ]) {
        hints.push(
            "The GPU's memory was not enough: halve per_device_train_batch_size and double gradient_accumulation_steps \
             (the effective batch stays), set gradient_checkpointing=True, then take the next larger GPU. Do not change \
             the method or the sequence length without saying so."
                .to_owned(),
        );
    }
    if ["timeout", "timed out", "time out", "deadline"]
        .iter()
        .any(|mark| said.contains(mark))
    {
        hints.push(
            "It was ended by its time-out: give a longer `timeout`, and let it push checkpoints to the Hub \
             (hub_strategy=\"every_save\"), so that it can go on from one."
                .to_owned(),
        );
    }
    if let Some(module) = missing_module(end) {
        hints.push(format!(
            "A package was missing: put what brings `{module}` into `dependencies`."
        ));
    }
    let killed = end
        .lines()
        .rev()
        .take(5)
        .any(|line| line.trim() == "Killed" || line.ends_with(" Killed"));
    if killed || said.contains("oom") || said.contains("exit code 137") {
        hints.push(
            "The machine's memory was not enough: stream the data (load_dataset(…, streaming=True)), use fewer workers, \
             or take a flavor with more RAM."
                .to_owned(),
        );
    }
    if any(&["GatedRepoError", "Cannot access gated repo"]) {
        hints.push("A repository is gated: a person has to ask for access on its page.".to_owned());
    } else if any(&[
        "401 Client Error",
        "RepositoryNotFoundError",
        "403 Forbidden",
    ]) {
        hints.push(if token {
            "The Hub refused something: check the repository's name, and that the token may write there."
                .to_owned()
        } else {
            "The Hub refused something, and this job had no token: use operation `run` if it needs one."
                .to_owned()
        });
    }
    if any(&["No space left on device"]) {
        hints.push(
            "The disk was full: stream the data, keep fewer checkpoints (save_total_limit), or take a flavor with more \
             disk."
                .to_owned(),
        );
    }
    hints
}

/// The module of the last `No module named 'x'`.
fn missing_module(log: &str) -> Option<&str> {
    let (_, after) = log.rsplit_once("No module named ")?;
    let name = after.trim_start_matches(['\'', '"']);
    let end = name.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')))?;
    name.get(..end).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_printed_says_what_to_do() {
        let table: [(&str, &str, &[&str]); 9] = [
            (
                "",
                "torch.OutOfMemoryError: CUDA out of memory. Tried",
                &["The GPU's memory"],
            ),
            ("Job timed out", "step 3", &["It was ended by its time-out"]),
            (
                "",
                "ModuleNotFoundError: No module named 'flash_attn'\n",
                &["A package was missing: put what brings `flash_attn`"],
            ),
            (
                "",
                "…\n/bin/sh: line 1: 7 Killed",
                &["The machine's memory"],
            ),
            ("OOMKilled", "", &["The machine's memory"]),
            (
                "",
                "huggingface_hub.errors.GatedRepoError: 403 Forbidden",
                &["A repository is gated"],
            ),
            (
                "",
                "401 Client Error",
                &["The Hub refused something, and this job had no token"],
            ),
            (
                "",
                "OSError: [Errno 28] No space left on device",
                &["The disk was full"],
            ),
            ("exit code 1", "ValueError: timeout of the soul", &[]),
        ];
        for (message, log, expected) in table {
            let mut job = Job::default();
            job.status.message = Some(message.to_owned());
            let found = of(&job, log, false);
            assert_eq!(found.len(), expected.len(), "{log}: {found:?}");
            for (hint, start) in found.iter().zip(expected) {
                assert!(hint.starts_with(start), "{hint}");
            }
        }
    }
}
