//! `hf_inspect_dataset`: a data set of the Hub, through its viewer.

mod missing;
mod server;

use ml_intern_sdk::prelude::*;
use ml_intern_sdk::{Failure, Output};
use serde_json::{Value, json};
use server::{Lack, ask, list, text};
pub(crate) use server::{PATHS, SERVER};

use crate::format::{cell, code, count, counted, size, some, table};
use crate::report::{Data, FILES, Report, STATUS, STRUCTURE};
use crate::statistics;
use crate::table::{Column, Row, Split, column, label};

/// Rows that are shown where nobody says how many, and at most.
const SAMPLE: u32 = 3;
const MOST_SAMPLE: u32 = 10;
/// Rows of a page of the server's.
const PAGE: u64 = 100;
/// Pages that are looked at of a split, and splits.
const PAGES: u64 = 5;
const SPLITS: usize = 4;
/// Lines of the tables of configs and of files.
const LISTED: usize = 10;

/// What the tool takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inspect {
    /// The data set's name on the Hub: `stanfordnlp/imdb`.
    dataset: String,
    /// Without it, the first.
    config: Option<String>,
    /// Without it, the config's first.
    split: Option<String>,
    /// Rows to show.
    #[serde(default = "sample_rows")]
    #[schemars(range(min = 1, max = 10))]
    sample_rows: u32,
    /// Rows to skip before those shown.
    #[serde(default)]
    offset: u64,
    /// The column to predict; guessed if left out.
    label: Option<String>,
}

pub(crate) fn sample_rows() -> u32 {
    SAMPLE
}

/// Whether the number of rows to show is one.
pub(crate) fn check_sample(rows: u32) -> Result<usize, Failure> {
    if (1..=MOST_SAMPLE).contains(&rows) {
        return Ok(usize::try_from(rows).unwrap_or(1));
    }
    Err(Failure::argument(
        "/sample_rows",
        format!("a number from 1 to {MOST_SAMPLE}"),
    ))
}

fn check_dataset(dataset: &str) -> Result<(), Failure> {
    let lower = dataset.to_lowercase();
    let file = [".parquet", ".csv", ".tsv", ".jsonl", ".json"]
        .iter()
        .any(|end| lower.ends_with(end));
    if file
        || ["/", "./", "../"]
            .iter()
            .any(|begin| dataset.starts_with(begin))
    {
        return Err(Failure::argument(
            "/dataset",
            "a data set on the Hub; for a file in the workspace use inspect_data_file",
        ));
    }
    if dataset.contains("://") || dataset.starts_with("datasets/") {
        return Err(Failure::argument(
            "/dataset",
            "the name alone, as `organisation/name`, without `https://` or `datasets/`",
        ));
    }
    ml_intern_hub::repo_id("/dataset", dataset).map(|_| ())
}

/// One of the configs or splits, named or the first.
fn choose(
    pointer: &str,
    named: Option<String>,
    there: &[String],
    default: &str,
) -> Result<String, Failure> {
    match named {
        Some(named) if there.is_empty() || there.contains(&named) => Ok(named),
        Some(named) => Err(Failure::argument(
            pointer,
            format!(
                "one of {}; there is no {}",
                some(there.iter().map(|name| code(name)), 20),
                code(&named)
            ),
        )),
        None => Ok(there.first().cloned().unwrap_or_else(|| default.to_owned())),
    }
}

/// Takes the answer, or warns that there is none.
fn part(report: &mut Report, what: &str, answer: Result<Value, Lack>) -> Option<Value> {
    match answer {
        Ok(answer) => Some(answer),
        Err(lack) => {
            report.warn(format!("{what} not available: {}", lack.told()));
            None
        }
    }
}

/// Runs the tool.
pub(crate) fn run(arguments: Inspect) -> Result<Output, Failure> {
    let shown = check_sample(arguments.sample_rows)?;
    let dataset = arguments.dataset.as_str();
    check_dataset(dataset)?;
    let of = [("dataset", dataset)];
    let first = [
        ask("/is-valid", &of),
        ask("/splits", &of),
        ask("/parquet", &of),
        ask("/size", &of),
    ];
    let [valid, splits, parquet, sizes] = <[_; 4]>::try_from(server::all(&first))
        .map_err(|_| Failure::failed("a question was lost"))?;
    // What nobody may see, or is not there, has no parts either; what is in work may have some.
    if let Err(lack @ Lack::Missing(..)) = &splits {
        return Err(missing::explain(dataset, lack));
    }
    if let (Err(lack), Err(_), Err(_)) = (&splits, &parquet, &sizes) {
        return Err(missing::explain(dataset, lack));
    }
    let mut report = Report::new(dataset);
    let sizes = part(&mut report, "sizes", sizes).unwrap_or_default();
    let splits = part(&mut report, "configs and splits", splits).unwrap_or_default();
    let parquet = part(&mut report, "Parquet files", parquet).unwrap_or_default();
    let pairs: Vec<(String, String)> = list(&splits, "splits")
        .iter()
        .map(|entry| {
            (
                text(entry, "config").to_owned(),
                text(entry, "split").to_owned(),
            )
        })
        .filter(|(config, split): &(String, String)| !config.is_empty() && !split.is_empty())
        .collect();
    status(&mut report, valid);
    let mut configs: Vec<String> = Vec::new();
    for (config, _) in &pairs {
        if !configs.contains(config) {
            configs.push(config.clone());
        }
    }
    let config = choose("/config", arguments.config, &configs, "default")?;
    let of_config: Vec<String> = pairs
        .iter()
        .filter(|pair| pair.0 == config)
        .map(|pair| pair.1.clone())
        .collect();
    let split = choose("/split", arguments.split, &of_config, "train")?;
    let split_sizes = sizes
        .get("size")
        .map_or(&[][..], |sizes| list(sizes, "splits"));
    structure(&mut report, &pairs, configs.len(), split_sizes);

    let others = of_config.iter().filter(|name| **name != split);
    let compared: Vec<(String, Option<u64>)> = std::iter::once(&split)
        .chain(others)
        .take(SPLITS)
        .map(|name| (name.clone(), rows_of(split_sizes, &config, name)))
        .collect();
    let of_split = [
        ("dataset", dataset),
        ("config", config.as_str()),
        ("split", split.as_str()),
    ];
    let offset = arguments.offset.to_string();
    let length = arguments.sample_rows.to_string();
    let mut questions = vec![
        ask("/info", &[("dataset", dataset), ("config", &config)]),
        ask("/statistics", &of_split),
        if arguments.offset == 0 {
            ask("/first-rows", &of_split)
        } else {
            ask("/rows", &of_split)
                .query("offset", &offset)
                .query("length", &length)
        },
    ];
    let mut pages: Vec<usize> = Vec::new();
    for (place, (name, total)) in compared.iter().enumerate() {
        for start in starts(*total) {
            pages.push(place);
            questions.push(
                ask(
                    "/rows",
                    &[("dataset", dataset), ("config", &config), ("split", name)],
                )
                .query("offset", start.to_string())
                .query("length", PAGE.to_string()),
            );
        }
    }
    let mut answers = server::all(&questions).into_iter();
    let mut next = || answers.next().unwrap_or_else(|| Ok(Value::Null));
    let (info, stats, sample) = (next(), next(), next());
    let info = part(&mut report, "info", info).unwrap_or_default();
    let stats = part(&mut report, "statistics of the whole split", stats);
    let sample = part(&mut report, "first rows", sample).unwrap_or_default();
    let pages: Vec<(usize, Option<Value>)> = pages
        .into_iter()
        .map(|place| {
            let answer = next();
            let name = compared.get(place).map_or("", |(name, _)| name);
            (
                place,
                part(&mut report, &format!("some rows of {name}"), answer),
            )
        })
        .collect();

    let columns = columns(&info, &sample, &pages);
    let mut looked: Vec<Split> = compared
        .iter()
        .map(|(name, total)| Split {
            name: name.clone(),
            rows: Vec::new(),
            total: *total,
        })
        .collect();
    for (place, page) in &pages {
        if let (Some(split), Some(page)) = (looked.get_mut(*place), page) {
            split.rows.extend(rows(&columns, page));
            let total = page.get("num_rows_total").and_then(Value::as_u64);
            split.total = split.total.or(total);
        }
    }
    // Rows that the server shows as they are wanted, else from what was looked at.
    let mut shown_rows: Vec<Row> = rows(&columns, &sample);
    if shown_rows.is_empty() && arguments.offset == 0 {
        shown_rows = looked
            .first()
            .map(|split| split.rows.clone())
            .unwrap_or_default();
    }
    shown_rows.truncate(shown);
    let shown_total = looked.first().and_then(|split| split.total);
    if shown_rows.is_empty() && arguments.offset > 0 {
        report.warn(match shown_total {
            Some(total) => format!(
                "no row from offset {} on: {split} has {}",
                arguments.offset,
                counted(total, "row")
            ),
            None => format!("no row from offset {} on", arguments.offset),
        });
    }
    if let Some(split) = looked.first_mut().filter(|split| split.rows.is_empty()) {
        split.rows = rows(&columns, &sample);
    }
    looked.retain(|split| !split.rows.is_empty());

    let label = pick_label(&columns, arguments.label.as_deref())?;
    let statistics = stats.map(|stats| {
        let rows = stats
            .get("num_examples")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        if stats.get("partial").and_then(Value::as_bool) == Some(true) {
            report.warn("statistics are about the first part of a very large split");
        }
        (
            rows,
            list(&stats, "statistics")
                .iter()
                .filter_map(|entry| statistics::of_server(entry, rows))
                .collect::<Vec<_>>(),
        )
    });
    let statistics = statistics.filter(|(_, all)| !all.is_empty());
    if info.get("partial").and_then(Value::as_bool) == Some(true) {
        report.warn("the viewer has converted a part of the data set only");
    }
    for (answer, what) in [
        (&splits, "splits"),
        (&parquet, "Parquet files"),
        (&sizes, "sizes"),
    ] {
        for (member, how) in [
            ("pending", "still being worked out"),
            ("failed", "could not be worked out"),
        ] {
            let names = list(answer, member).iter().map(|entry| {
                let (config, split) = (text(entry, "config"), text(entry, "split"));
                cell(&[config, split].join(" "), 60)
            });
            let names = some(names, 5);
            if !names.is_empty() {
                report.warn(format!("{what} {how} for: {names}"));
            }
        }
    }
    let data = Data {
        title: format!("{dataset} · {config}"),
        columns,
        splits: looked,
        sample: shown_rows,
        statistics_of: match &statistics {
            Some((rows, _)) => format!("{split}, {}", counted(*rows, "row")),
            None => String::new(),
        },
        statistics: statistics.map(|(_, all)| all),
        label,
        text: None,
    };
    data.schema(&mut report);
    data.sample(&mut report);
    let found = data.look(&mut report);
    files(&mut report, list(&parquet, "parquet_files"));
    let configs: Vec<Value> = pairs
        .iter()
        .take(1_000)
        .map(|(config, split)| json!({"config": config, "split": split, "rows": rows_of(split_sizes, config, split)}))
        .collect();
    let more = json!({"dataset": dataset, "config": config, "split": split, "splits": configs});
    data.output(report, &found, more)
}

/// The label's column; a name that is none is an argument that does not fit.
pub(crate) fn pick_label(
    columns: &[Column],
    named: Option<&str>,
) -> Result<Option<usize>, Failure> {
    let found = label(columns, named);
    match (named, found) {
        (Some(_), None) if !columns.is_empty() => Err(no_column("/label", columns)),
        _ => Ok(found),
    }
}

pub(crate) fn no_column(pointer: &str, columns: &[Column]) -> Failure {
    let names = columns.iter().map(|column| code(&column.name));
    Failure::argument(pointer, format!("a column: {}", some(names, 20)))
}

/// Where pages begin: all of a short split, else at even distances over the whole of it.
fn starts(total: Option<u64>) -> Vec<u64> {
    match total {
        None => vec![0],
        Some(total) if total <= PAGE * PAGES => (0..total.div_ceil(PAGE).max(1))
            .map(|page| page * PAGE)
            .collect(),
        Some(total) => (0..PAGES)
            .map(|page| (total - PAGE) / (PAGES - 1) * page)
            .collect(),
    }
}

fn rows_of(sizes: &[Value], config: &str, split: &str) -> Option<u64> {
    let found = sizes
        .iter()
        .find(|entry| text(entry, "config") == config && text(entry, "split") == split);
    found?.get("num_rows")?.as_u64()
}

/// Columns with their features, from whichever answer has them.
fn columns(info: &Value, sample: &Value, pages: &[(usize, Option<Value>)]) -> Vec<Column> {
    let answers = std::iter::once(sample).chain(pages.iter().filter_map(|(_, page)| page.as_ref()));
    for answer in answers {
        let features = list(answer, "features");
        if !features.is_empty() {
            let feature = |entry: &Value| {
                column(
                    text(entry, "name"),
                    entry.get("type").unwrap_or(&Value::Null),
                )
            };
            return features.iter().map(feature).collect();
        }
    }
    let features = info
        .get("dataset_info")
        .and_then(|info| info.get("features"))
        .and_then(Value::as_object);
    features
        .into_iter()
        .flatten()
        .map(|(name, feature)| column(name, feature))
        .collect()
}

fn rows(columns: &[Column], answer: &Value) -> Vec<Row> {
    list(answer, "rows")
        .iter()
        .filter_map(|entry| {
            let row = entry.get("row")?.as_object()?;
            Some(Row {
                index: entry.get("row_idx")?.as_u64()?,
                cells: columns
                    .iter()
                    .map(|column| row.get(&column.name).cloned().unwrap_or_default())
                    .collect(),
            })
        })
        .collect()
}

fn status(report: &mut Report, valid: Result<Value, Lack>) {
    let valid = match valid {
        Ok(valid) => valid,
        Err(lack) => {
            let line = format!("✗ may have issues: {}", cell(&lack.told(), 300));
            report.section("Status", &[line], STATUS);
            return;
        }
    };
    let can = ["viewer", "preview", "search", "filter", "statistics"];
    let can: Vec<&str> = can
        .into_iter()
        .filter(|name| valid.get(*name).and_then(Value::as_bool) == Some(true))
        .collect();
    let line = if can.is_empty() {
        "✗ may have issues: the viewer can show nothing of it".to_owned()
    } else {
        format!("✓ valid ({})", can.join(", "))
    };
    report.section("Status", &[line], STATUS);
}

fn structure(report: &mut Report, pairs: &[(String, String)], configs: usize, sizes: &[Value]) {
    if pairs.is_empty() {
        return;
    }
    let mut lines = vec![
        format!(
            "{}, {}",
            counted(configs as u64, "config"),
            counted(pairs.len() as u64, "split")
        ),
        String::new(),
    ];
    lines.extend(table(
        &["config", "split", "rows"],
        pairs.iter().take(LISTED).map(|(config, split)| {
            let rows = rows_of(sizes, config, split).map_or_else(|| "–".to_owned(), count);
            vec![cell(config, 60), cell(split, 40), rows]
        }),
    ));
    if pairs.len() > LISTED {
        let names = pairs
            .iter()
            .skip(LISTED)
            .map(|(config, split)| format!("{}/{}", cell(config, 30), cell(split, 20)));
        lines.push(format!(
            "[{} more: {}]",
            pairs.len() - LISTED,
            some(names, 5)
        ));
    }
    report.section("Structure (Configs & Splits)", &lines, STRUCTURE);
}

fn files(report: &mut Report, files: &[Value]) {
    let mut groups: Vec<(String, u64, u64)> = Vec::new();
    for file in files {
        let name = format!("{}/{}", text(file, "config"), text(file, "split"));
        let bytes = file.get("size").and_then(Value::as_u64).unwrap_or(0);
        if let Some((_, files, sum)) = groups.iter_mut().find(|group| group.0 == name) {
            *files += 1;
            *sum = sum.saturating_add(bytes);
        } else {
            groups.push((name, 1, bytes));
        }
    }
    let mut lines: Vec<String> = groups
        .iter()
        .take(LISTED)
        .map(|(name, files, bytes)| {
            format!(
                "- {}: {} ({})",
                code(name),
                counted(*files, "file"),
                size(*bytes)
            )
        })
        .collect();
    if groups.len() > LISTED {
        lines.push(format!("- … {} more", groups.len() - LISTED));
    }
    report.section("Files (Parquet)", &lines, FILES);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_a_split_evenly() {
        let table: [(Option<u64>, &[u64]); 7] = [
            (None, &[0]),
            (Some(0), &[0]),
            (Some(100), &[0]),
            (Some(101), &[0, 100]),
            (Some(500), &[0, 100, 200, 300, 400]),
            (Some(501), &[0, 100, 200, 300, 400]),
            (Some(25_000), &[0, 6_225, 12_450, 18_675, 24_900]),
        ];
        for (total, expected) in table {
            assert_eq!(starts(total), expected);
        }
    }

    #[test]
    fn data_sets_are_named() {
        for good in ["imdb", "stanfordnlp/imdb"] {
            assert_eq!(check_dataset(good), Ok(()));
        }
        for (bad, said) in [
            ("/workspace/a", "inspect_data_file"),
            ("./a", "inspect_data_file"),
            ("../a", "inspect_data_file"),
            ("data/x.PARQUET", "inspect_data_file"),
            ("x.jsonl", "inspect_data_file"),
            ("https://huggingface.co/datasets/a/b", "the name alone"),
            ("datasets/a", "the name alone"),
            ("a/b/c", "a repository's name"),
            ("", "a repository's name"),
        ] {
            let Err(Failure::InvalidArguments(errors)) = check_dataset(bad) else {
                panic!("{bad}")
            };
            assert_eq!(errors[0].pointer, "/dataset");
            assert!(
                errors[0].expected.contains(said),
                "{bad}: {}",
                errors[0].expected
            );
        }
    }
}
