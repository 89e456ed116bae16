//! How far a job has come, from what it prints; and its lines for the person who watches.
//!
//! | line | means |
//! | --- | --- |
//! | ` 42%\|████▏     \| 420/1000 [01:10<01:37, 5.98it/s]` | 420 of 1000 steps |
//! | `{'loss': 1.2, 'epoch': 0.5}` | half an epoch |
//! | `step 120/1000`, `Epoch 1/3:`, `Iteration 7 of 9` | so many of so many |

use crate::world::World;

/// Lines that are handed on as they come; of what follows, one a second.
const AT_ONCE: u64 = 2_000;
/// Milliseconds between two lines of those, and between two reports.
const EVERY: u64 = 1_000;
/// Reports of something that is complete that are not waited with.
const COMPLETE: u64 = 500;

/// Hundredths of an epoch.
const EPOCH: &str = "% of an epoch";

/// How far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) done: u64,
    pub(crate) total: Option<u64>,
    pub(crate) unit: &'static str,
}

/// What a line says about it.
pub(crate) fn of(line: &str) -> Option<Progress> {
    bar(line).or_else(|| epoch(line)).or_else(|| counted(line))
}

/// tqdm: a percentage, a bar between two `|`, and a count.
fn bar(line: &str) -> Option<Progress> {
    let (_, after) = line.split_once("%|")?;
    let (_, after) = after.split_once('|')?;
    let (done, total) = fraction(after.trim_start(), "/")?;
    Some(Progress {
        done,
        total: Some(total),
        unit: "steps",
    })
}

/// What `transformers` prints of its state; it does not say of how many epochs.
fn epoch(line: &str) -> Option<Progress> {
    let line = line.trim();
    if !line.starts_with('{') {
        return None;
    }
    let (_, after) = line
        .split_once("'epoch': ")
        .or_else(|| line.split_once("\"epoch\": "))?;
    let after = after.trim_start_matches(['\'', '"']);
    let end = after
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(after.len());
    let epochs: f64 = after.get(..end)?.parse().ok()?;
    (epochs < 1e6).then(|| Progress {
        done: (epochs * 100.0).round() as u64,
        total: None,
        unit: EPOCH,
    })
}

/// A word, and a count of so many.
fn counted(line: &str) -> Option<Progress> {
    const WORDS: [(&str, &str); 5] = [
        ("iteration", "iterations"),
        ("step", "steps"),
        ("epoch", "epochs"),
        ("batch", "batches"),
        ("iter", "iterations"),
    ];
    let lower = line.to_ascii_lowercase();
    for (word, unit) in WORDS {
        for (at, _) in lower.match_indices(word) {
            let before = lower.get(..at).and_then(|before| before.chars().last());
            if before.is_some_and(char::is_alphanumeric) {
                continue;
            }
            let after = lower.get(at + word.len()..).unwrap_or_default();
            let after = after.trim_start_matches([':', ' ', '[', '=', '#', '(']);
            if let Some((done, total)) = fraction(after, "/").or_else(|| fraction(after, "of")) {
                return Some(Progress {
                    done,
                    total: Some(total),
                    unit,
                });
            }
        }
    }
    None
}

/// A number, the sign, and a number that is not smaller.
fn fraction(text: &str, sign: &str) -> Option<(u64, u64)> {
    let number = |text: &str| {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let value = text.get(..end)?.parse().ok()?;
        Some((value, text.get(end..)?.to_owned()))
    };
    let (done, rest): (u64, String) = number(text)?;
    let rest = rest
        .trim_start()
        .strip_prefix(sign)?
        .trim_start()
        .to_owned();
    let (total, rest) = number(&rest)?;
    let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '/'));
    (ends && done <= total && total > 0).then_some((done, total))
}

/// Hands lines on to the person who watches, and not more of them than a call may hand on.
pub(crate) struct Relay<'w> {
    world: &'w dyn World,
    lines: u64,
    /// When the last line was handed on, of those after the first.
    lined: u64,
    /// Lines that were not.
    held: u64,
    reported: Option<(Progress, u64)>,
    reports: u64,
    status: String,
    /// Of how many epochs the script trains, where it says so.
    epochs: Option<u64>,
}

impl<'w> Relay<'w> {
    pub(crate) fn new(world: &'w dyn World, epochs: Option<u64>) -> Self {
        Self {
            world,
            epochs,
            lines: 0,
            lined: 0,
            held: 0,
            reported: None,
            reports: 0,
            status: String::new(),
        }
    }

    /// One line of the job.
    pub(crate) fn line(&mut self, line: &str) {
        let now = self.world.now();
        self.lines += 1;
        if self.lines <= AT_ONCE {
            self.world.log(line);
        } else if now.saturating_sub(self.lined) >= EVERY {
            if self.held > 0 {
                self.world
                    .log(&format!("[{} lines are not shown here]", self.held));
            }
            self.held = 0;
            self.lined = now;
            self.world.log(line);
        } else {
            self.held += 1;
        }
        let Some(mut progress) = of(line) else { return };
        if let Some(epochs) = self.epochs.filter(|_| progress.unit == EPOCH) {
            progress.total = Some(epochs.saturating_mul(100).max(progress.done));
        }
        let due = match &self.reported {
            None => true,
            Some((last, at)) => {
                let complete = is_full(&progress) && self.reports < COMPLETE;
                *last != progress && (now.saturating_sub(*at) >= EVERY || complete)
            }
        };
        if due {
            self.reports += 1;
            self.world
                .report(progress.done, progress.total, progress.unit);
            self.reported = Some((progress, now));
        }
    }

    /// Where the job stands, if that is news.
    pub(crate) fn status(&mut self, status: &str) {
        if self.status != status {
            status.clone_into(&mut self.status);
            self.world.status(status);
        }
    }
}

fn is_full(progress: &Progress) -> bool {
    progress.total == Some(progress.done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, Shown};

    #[test]
    fn lines_that_tell() {
        let table = [
            (
                " 42%|████▏     | 420/1000 [01:10<01:37,  5.98it/s]",
                Some((420, Some(1_000), "steps")),
            ),
            (
                "Map: 100%|██████████| 7/7 [00:00<00:00]",
                Some((7, Some(7), "steps")),
            ),
            ("  3%|▎ | 1.2k/5.0k [00:01<00:02]", None),
            (
                "{'loss': 1.2, 'grad_norm': 0.1, 'epoch': 0.42}",
                Some((42, None, "% of an epoch")),
            ),
            (
                "{'loss': '1.2', 'epoch': '1.5'}",
                Some((150, None, "% of an epoch")),
            ),
            ("{\"epoch\": 2}", Some((200, None, "% of an epoch"))),
            ("an 'epoch': 3", None),
            ("step 120/1000", Some((120, Some(1_000), "steps"))),
            ("Epoch 1/3:", Some((1, Some(3), "epochs"))),
            ("[train] Step: 5 of 9 loss 1", Some((5, Some(9), "steps"))),
            ("Iteration [7/9]", Some((7, Some(9), "iterations"))),
            ("timestep 3/4", None),
            ("step 9/3", None),
            ("epoch 1/0", None),
            ("batch 1/3.5", None),
            ("date: 01/02/2025, step 01/02/2025", None),
            ("loss 0.5", None),
        ];
        for (line, expected) in table {
            let found = of(line).map(|progress| (progress.done, progress.total, progress.unit));
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn no_more_lines_are_handed_on_than_a_call_may() {
        let world = Fake::new();
        let mut relay = Relay::new(&world, None);
        let print = |relay: &mut Relay<'_>, count: u64| {
            for n in 0..count {
                relay.line(&n.to_string());
            }
        };
        print(&mut relay, AT_ONCE);
        assert_eq!(world.logged().len(), 2_000);
        // The clock stands, and so does the log, but for the first line after.
        print(&mut relay, 5_000);
        assert_eq!(world.logged().len(), 2_001);
        world.pass(EVERY);
        relay.line("last");
        assert_eq!(
            world.logged()[2_001..],
            ["[4999 lines are not shown here]", "last"]
        );
    }

    #[test]
    fn no_more_reports_are_made_than_a_call_may() {
        let world = Fake::new();
        let mut relay = Relay::new(&world, None);
        for n in 1..=2 * COMPLETE {
            relay.line(&format!("step {n}/{n}"));
        }
        let shown = world.shown();
        let reports = shown.iter().filter(|one| matches!(one, Shown::Report(..)));
        assert_eq!(reports.count(), 500);
    }

    #[test]
    fn epochs_are_counted_to_what_the_script_says() {
        for (epochs, total) in [(Some(3), Some(300)), (None, None)] {
            let world = Fake::new();
            Relay::new(&world, epochs).line("{'loss': 1, 'epoch': 0.5}");
            assert_eq!(world.shown()[1..], [Shown::Report(50, total, EPOCH.into())]);
        }
    }

    #[test]
    fn reports_come_once_a_second_and_at_the_end() {
        let world = Fake::new();
        let mut relay = Relay::new(&world, None);
        for line in ["step 1/9", "step 2/9", "step 9/9", "step 9/9"] {
            relay.line(line);
        }
        world.pass(EVERY);
        relay.line("step 3/9");
        relay.status("RUNNING");
        relay.status("RUNNING");
        let reported: Vec<Shown> = world
            .shown()
            .into_iter()
            .filter(|shown| !matches!(shown, Shown::Log(_)))
            .collect();
        let step = |done| Shown::Report(done, Some(9), "steps".into());
        assert_eq!(
            reported,
            [step(1), step(9), step(3), Shown::Status("RUNNING".into())]
        );
    }
}
