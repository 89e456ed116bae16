//! `inspect_data_file`: a data file of the workspace.

mod delimited;
mod json;
mod parquet;

use std::fs::File;
use std::path::{Path, PathBuf};

use ml_intern_sdk::prelude::*;
use ml_intern_sdk::{Failure, Output};
use serde_json::{Value, json};

use crate::ROOT;
use crate::format::{counted, size};
use crate::hub::{check_sample, no_column, pick_label, sample_rows};
use crate::report::{Data, Report, STATUS};
use crate::table::{Column, Row, Split, inferred};

/// Rows of a file that are read, and bytes of them.
const ROWS: usize = 100_000;
const BYTES: usize = 64 << 20;
/// Columns of a file.
const COLUMNS: usize = 1_000;

/// How much is read.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    rows: usize,
    bytes: usize,
}

/// What the tool takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inspect {
    /// Relative to /workspace or absolute.
    path: String,
    /// Rows to show.
    #[serde(default = "sample_rows")]
    #[schemars(range(min = 1, max = 10))]
    sample_rows: u32,
    /// Rows to skip before those shown.
    #[serde(default)]
    offset: u64,
    /// The column to predict; guessed if left out.
    label: Option<String>,
    /// The column of text for near-duplicates; all if left out.
    text: Option<String>,
    /// A second file of the same columns, to find rows that are in both.
    against: Option<String>,
}

/// What was read.
#[derive(Debug, Default)]
struct Read {
    columns: Vec<Column>,
    rows: Vec<Row>,
    /// Rows of the file; none where it was not read to its end and does not say.
    total: Option<u64>,
    /// What to know about it.
    warnings: Vec<String>,
}

/// Rows whose values have names, as they come.
#[derive(Debug)]
struct Named {
    names: Vec<String>,
    places: std::collections::HashMap<String, usize>,
    rows: Vec<Row>,
    left: usize,
    dropped: bool,
}

impl Named {
    fn new(bounds: Bounds) -> Self {
        Self {
            names: Vec::new(),
            places: Default::default(),
            rows: Vec::new(),
            left: bounds.bytes,
            dropped: false,
        }
    }

    /// Takes a row of so many bytes; false where it is one too many.
    fn push(
        &mut self,
        fields: impl IntoIterator<Item = (String, Value)>,
        bytes: usize,
        bounds: Bounds,
    ) -> bool {
        if self.rows.len() >= bounds.rows || (bytes > self.left && !self.rows.is_empty()) {
            return false;
        }
        self.left = self.left.saturating_sub(bytes);
        let mut cells = vec![Value::Null; self.names.len()];
        for (name, value) in fields {
            let place = match self.places.get(&name) {
                Some(place) => *place,
                None if self.names.len() >= COLUMNS => {
                    self.dropped = true;
                    continue;
                }
                None => {
                    self.places.insert(name.clone(), self.names.len());
                    self.names.push(name);
                    cells.push(Value::Null);
                    self.names.len() - 1
                }
            };
            if let Some(cell) = cells.get_mut(place) {
                *cell = value;
            }
        }
        self.rows.push(Row {
            index: self.rows.len() as u64,
            cells,
        });
        true
    }

    fn finish(mut self, total: Option<u64>) -> Read {
        for row in &mut self.rows {
            row.cells.resize(self.names.len(), Value::Null);
        }
        let mut warnings = Vec::new();
        if self.dropped {
            warnings.push(format!(
                "there are more than {COLUMNS} columns; the others were left out"
            ));
        }
        let columns: Vec<Column> = self
            .names
            .iter()
            .enumerate()
            .map(|(place, name)| inferred(name, self.rows.iter().map(|row| row.cell(place))))
            .collect();
        for column in columns
            .iter()
            .filter(|column| column.shown.starts_with("mixed"))
        {
            warnings.push(format!(
                "column {} has values of several types ({})",
                column.name, column.shown
            ));
        }
        Read {
            columns,
            rows: self.rows,
            total,
            warnings,
        }
    }
}

/// The path in the workspace, if it is one.
fn inside(pointer: &str, path: &str) -> Result<String, Failure> {
    let relative = match path.strip_prefix(ROOT) {
        Some(rest) if rest.starts_with('/') => rest.trim_start_matches('/'),
        _ => path,
    };
    let mut parts: Vec<&str> = Vec::new();
    let outside = || Failure::argument(pointer, "a file under /workspace");
    if relative.starts_with('/') || relative.contains('\0') {
        return Err(outside());
    }
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or_else(outside)?;
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return Err(outside());
    }
    Ok(parts.join("/"))
}

/// The forms of files, by the end of their names.
fn read(root: &Path, pointer: &str, path: &str, bounds: Bounds) -> Result<(Read, u64), Failure> {
    let name = inside(pointer, path)?;
    let whole: PathBuf = root.join(&name);
    let lower = name.to_lowercase();
    let ends = |end: &str| lower.ends_with(end);
    let file = File::open(&whole).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::argument(pointer, format!("a file that is there; {name} is not"))
        }
        _ => Failure::failed(format!("{name} cannot be opened: {error}")),
    })?;
    let metadata = file
        .metadata()
        .map_err(|error| Failure::failed(format!("{name}: {error}")))?;
    if !metadata.is_file() {
        return Err(Failure::argument(
            pointer,
            format!("a file; {name} is none"),
        ));
    }
    let wrong = |problem: String| Failure::failed(format!("{name}: {problem}"));
    let read = if ends(".parquet") {
        parquet::read(&whole, metadata.len(), bounds)
    } else if ends(".csv") || ends(".tsv") {
        delimited::read(file, ends(".tsv"), bounds)
    } else if ends(".jsonl") || ends(".ndjson") || ends(".json") {
        json::read(file, metadata.len(), ends(".json"), bounds)
    } else {
        return Err(Failure::argument(
            pointer,
            "a .parquet, .csv, .tsv, .jsonl, .ndjson or .json file, unpacked; the python tool reads others",
        ));
    };
    Ok((read.map_err(wrong)?, metadata.len()))
}

/// Runs the tool.
pub(crate) fn run(root: &Path, arguments: Inspect) -> Result<Output, Failure> {
    inspect(
        root,
        arguments,
        Bounds {
            rows: ROWS,
            bytes: BYTES,
        },
    )
}

fn inspect(root: &Path, arguments: Inspect, bounds: Bounds) -> Result<Output, Failure> {
    let shown = check_sample(arguments.sample_rows)?;
    let (mut read_first, bytes) = read(root, "/path", &arguments.path, bounds)?;
    let mut report = Report::new(&arguments.path);
    for warning in &read_first.warnings {
        report.warn(warning);
    }
    let columns = std::mem::take(&mut read_first.columns);
    let label = pick_label(&columns, arguments.label.as_deref())?;
    let text = match &arguments.text {
        None => None,
        Some(named) => {
            let found = columns.iter().position(|column| column.name == *named);
            Some(found.ok_or_else(|| no_column("/text", &columns))?)
        }
    };
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let mut names = (name(&arguments.path), String::new());
    let mut second = None;
    if let Some(path) = &arguments.against {
        names.1 = name(path);
        if names.0 == names.1 {
            names = (arguments.path.clone(), path.clone());
        }
        let (other, _) = read(root, "/against", path, bounds)?;
        for warning in &other.warnings {
            report.warn(format!("{}: {warning}", names.1));
        }
        second = Some(aligned(&columns, other, &names.1, &mut report)?);
    }
    let rows = read_first.rows.len() as u64;
    let has = match read_first.total {
        Some(total) if total == rows => counted(rows, "row"),
        Some(total) => format!(
            "{}, of which the first {} were read",
            counted(total, "row"),
            counted(rows, "row")
        ),
        None => format!("more than {}, which were read", counted(rows, "row")),
    };
    let line = format!(
        "✓ readable: {}, {has}, {}",
        size(bytes),
        counted(columns.len() as u64, "column")
    );
    report.section("Status", &[line], STATUS);
    let skipped = usize::try_from(arguments.offset).unwrap_or(usize::MAX);
    let sample: Vec<Row> = read_first
        .rows
        .iter()
        .skip(skipped)
        .take(shown)
        .cloned()
        .collect();
    if sample.is_empty() && arguments.offset > 0 {
        report.warn(format!(
            "no row from offset {} on: {} were read",
            arguments.offset,
            counted(rows, "row")
        ));
    }
    let total = read_first.total;
    let mut splits = vec![Split {
        name: names.0.clone(),
        rows: read_first.rows,
        total,
    }];
    splits.extend(second);
    let data = Data {
        title: String::new(),
        columns,
        splits,
        sample,
        statistics: None,
        statistics_of: String::new(),
        label,
        text,
    };
    let data = Data {
        title: name(&arguments.path),
        ..data
    };
    data.schema(&mut report);
    data.sample(&mut report);
    let found = data.look(&mut report);
    data.output(
        report,
        &found,
        json!({"path": arguments.path, "against": arguments.against, "rows": rows, "total": total}),
    )
}

/// The second file's rows with their cells in the first one's order.
fn aligned(
    columns: &[Column],
    other: Read,
    name: &str,
    report: &mut Report,
) -> Result<Split, Failure> {
    let place = |wanted: &Column| {
        other
            .columns
            .iter()
            .position(|column| column.name == wanted.name)
    };
    let places: Vec<Option<usize>> = columns.iter().map(place).collect();
    let lacking: Vec<String> = columns
        .iter()
        .zip(&places)
        .filter(|(_, place)| place.is_none())
        .map(|(column, _)| column.name.clone())
        .collect();
    if lacking.len() == columns.len() {
        return Err(Failure::argument(
            "/against",
            format!("a file with the same columns; {name} has none of them"),
        ));
    }
    if !lacking.is_empty() {
        report.warn(format!(
            "{name} lacks columns: {}; rows are compared by their text",
            crate::format::some(lacking, 10)
        ));
    }
    let rows = other
        .rows
        .iter()
        .map(|row| Row {
            index: row.index,
            cells: places
                .iter()
                .map(|place| place.map_or(Value::Null, |place| row.cell(place).clone()))
                .collect(),
        })
        .collect();
    Ok(Split {
        name: name.to_owned(),
        rows,
        total: other.total,
    })
}

#[cfg(test)]
mod tests;
