//! What a run ends with: the changes, the decisions, what it cost, and where the record is.
//!
//! The decisions are read from the journal: what is printed is what was recorded.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use agent::{Outcome, Tally};
use journal::{Data, Reader};
use serde_json::{Value, json};
use workspace::{Change, Diff, Shown};

use crate::fail::Fail;

/// A finished run.
pub(crate) struct Run<'a> {
    pub(crate) json: bool,
    pub(crate) outcome: &'a Outcome,
    pub(crate) diff: &'a Diff,
    pub(crate) tally: Tally,
    pub(crate) elapsed: Duration,
    pub(crate) journal: &'a Path,
    pub(crate) workspace: &'a Path,
    /// Whether tools worked in the user's directory itself.
    pub(crate) direct: bool,
    /// The session's.
    pub(crate) directory: &'a Path,
    /// The final answer, where it had to fit a schema and does.
    pub(crate) answer: Option<&'a Value>,
}

/// One row of the table of decisions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    verdict: String,
    subject: String,
    rule: String,
}

/// The end of a run, in words or as JSON.
pub(crate) fn words(run: &Run<'_>) -> Result<String, Fail> {
    let rows = decisions(run.journal)?;
    if run.json {
        return Ok(format!("{}\n", as_json(run, &rows)));
    }
    let mut out = String::from("\nchanges in the workspace\n");
    let changes = run.diff.to_string();
    if changes.is_empty() {
        out.push_str("  none\n");
    }
    for line in changes.lines() {
        out.push_str(&format!("  {line}\n"));
    }
    out.push_str("\ndecisions\n");
    out.push_str(&table(&rows));
    out.push_str(&format!(
        "\nmodel      {}\ntime       {:.1} s\nworkspace  {}\njournal    {}\n",
        run.tally,
        run.elapsed.as_secs_f64(),
        run.workspace.display(),
        run.journal.display(),
    ));
    if !run.direct && !run.diff.is_empty() {
        out.push_str(&format!(
            "next       ml-intern diff|commit|discard --session {}\n",
            run.directory.display()
        ));
    }
    match run.outcome {
        Outcome::Done { .. } => out.push_str("ended      done\n"),
        Outcome::Failed { error } => out.push_str(&format!("ended      failed: {error}\n")),
        Outcome::UnknownCost { error } => out.push_str(&format!("ended      limit: {error}\n")),
        Outcome::Stuck { error } => out.push_str(&format!("ended      stuck: {error}\n")),
        Outcome::Denied(denial) => out.push_str(&format!("ended      {denial}\n")),
        Outcome::Limit(limit) => out.push_str(&format!("ended      {limit}\n")),
        Outcome::Interrupted => out.push_str("ended      interrupted\n"),
    }
    Ok(out)
}

/// What was decided, and what calls tried and were refused, with how often.
fn decisions(path: &Path) -> Result<BTreeMap<Row, u64>, Fail> {
    let mut rows = BTreeMap::new();
    let reader = Reader::open(path).map_err(|error| Fail::failed(error.to_string()))?;
    for record in reader {
        let record = record.map_err(|error| Fail::failed(error.to_string()))?;
        let row = match record.entry.data {
            Data::Decision(decision) => Row {
                verdict: decision.verdict,
                subject: decision.subject,
                rule: decision.rule,
            },
            Data::HostCall(call) => match call.outcome.strip_prefix("denied: ") {
                Some(rule) => Row {
                    verdict: "deny".into(),
                    subject: call.capability,
                    rule: rule.to_owned(),
                },
                None => continue,
            },
            _ => continue,
        };
        *rows.entry(row).or_insert(0) += 1;
    }
    Ok(rows)
}

fn table(rows: &BTreeMap<Row, u64>) -> String {
    let width = |text: fn(&Row) -> &str| {
        rows.keys()
            .map(|row| text(row).chars().count())
            .max()
            .unwrap_or(0)
    };
    let subject = width(|row| &row.subject).min(64);
    rows.iter()
        .map(|(row, times)| {
            let times = if *times > 1 {
                format!("  ×{times}")
            } else {
                String::new()
            };
            format!(
                "  {:<5}  {:<subject$}  {}{times}\n",
                row.verdict, row.subject, row.rule
            )
        })
        .collect()
}

fn as_json(run: &Run<'_>, rows: &BTreeMap<Row, u64>) -> Value {
    let rows: Vec<_> = rows
        .iter()
        .map(|(row, times)| {
            json!({"verdict": row.verdict, "subject": row.subject, "rule": row.rule, "times": times})
        })
        .collect();
    let changes = workspace_record(run.diff).changes;
    json!({
        "event_type": "summary",
        "data": {
            "outcome": run.outcome.as_str(),
            "exit_code": run.outcome.exit_code(),
            "answer": run.answer,
            "changes": changes,
            "decisions": rows,
            "input_tokens": run.tally.input_tokens,
            "output_tokens": run.tally.output_tokens,
            "cost_usd": run.tally.cost().map(agent::MicroUsd::dollars),
            "elapsed_ms": u64::try_from(run.elapsed.as_millis()).unwrap_or(u64::MAX),
            "journal": run.journal,
            "workspace": run.workspace,
        }
    })
}

/// The changes, for the journal.
pub(crate) fn workspace_record(diff: &Diff) -> journal::Workspace {
    let record = |change: journal::Change, changes: &[Change]| -> Vec<journal::FileChange> {
        changes
            .iter()
            .map(|file| journal::FileChange {
                change,
                path: Shown(&file.path).to_string(),
                old_size: file.old_size,
                new_size: file.new_size,
            })
            .collect()
    };
    let changes = [
        record(journal::Change::Deleted, &diff.deleted),
        record(journal::Change::Modified, &diff.modified),
        record(journal::Change::Added, &diff.added),
    ];
    journal::Workspace {
        changes: changes.concat(),
    }
}
