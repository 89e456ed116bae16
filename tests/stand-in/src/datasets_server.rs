//! datasets-server.huggingface.co: what a dataset's splits, columns and rows are.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::accounts;
use crate::hub::repo::Kind;
use crate::hub::seeds::{CHATS, WINE_TEST, WINE_TRAIN};
use crate::world::World;

/// Rows in `first-rows`, and the most that `rows` gives.
const PAGE: usize = 100;
/// A cell of `first-rows` that is longer is cut, and named.
const CELL_BYTES: usize = 600;

/// A split's columns and rows.
#[derive(Debug)]
struct Table {
    features: Vec<(&'static str, Value)>,
    rows: Vec<Value>,
}

const CULTIVARS: [&str; 3] = ["barolo", "grignolino", "barbera"];

/// Splits by dataset, in their order.
static TABLES: LazyLock<Vec<(&str, &str, Table)>> = LazyLock::new(|| {
    vec![
        ("tabular-lab/wine-cultivars", "train", wine(WINE_TRAIN)),
        ("tabular-lab/wine-cultivars", "test", wine(WINE_TEST)),
        ("tabular-lab/support-chats", "train", chats()),
    ]
});

fn value(dtype: &str) -> Value {
    json!({"dtype": dtype, "_type": "Value"})
}

fn wine(csv: &'static str) -> Table {
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let features = names
        .iter()
        .map(|name| {
            let feature = match *name {
                "cultivar" => json!({"names": CULTIVARS, "_type": "ClassLabel"}),
                "magnesium" | "proline" => value("int64"),
                _ => value("float64"),
            };
            (*name, feature)
        })
        .collect();
    let rows = lines
        .map(|line| {
            let mut row = json!({});
            for (name, cell) in names.iter().zip(line.split(',')) {
                row[*name] = if cell.is_empty() {
                    Value::Null
                } else if let Some(label) = CULTIVARS.iter().position(|cultivar| *cultivar == cell)
                {
                    label.into()
                } else if let Ok(number) = cell.parse::<i64>() {
                    number.into()
                } else {
                    cell.parse::<f64>().unwrap().into()
                };
            }
            row
        })
        .collect();
    Table { features, rows }
}

fn chats() -> Table {
    let call = json!({
        "id": value("string"),
        "type": value("string"),
        "function": {"name": value("string"), "arguments": value("string")},
    });
    let messages = json!([{
        "role": value("string"),
        "content": value("string"),
        "tool_calls": [call],
        "tool_call_id": value("string"),
        "name": value("string"),
    }]);
    let rows = CHATS
        .lines()
        .map(|line| {
            let mut row: Value = serde_json::from_str(line).unwrap();
            // In Arrow every struct has every field.
            for message in row["messages"].as_array_mut().unwrap() {
                for key in ["tool_calls", "tool_call_id", "name"] {
                    if message.get(key).is_none() {
                        message[key] = Value::Null;
                    }
                }
            }
            row
        })
        .collect();
    Table {
        features: vec![
            ("id", value("string")),
            ("topic", value("string")),
            ("messages", messages),
        ],
        rows,
    }
}

fn failure(status: u16, message: &str, code: &str) -> Answer {
    Answer::json_with(status, &json!({"error": message})).with("x-error-code", code)
}

pub(crate) fn answer(ask: &Ask, world: &mut World) -> Answer {
    reply(ask, world).unwrap_or_else(|refusal| refusal)
}

fn reply(ask: &Ask, world: &World) -> Result<Answer, Answer> {
    let parts = ask.parts();
    let [what] = parts.as_slice() else {
        return Ok(Answer::json_with(404, &json!({"detail": "Not Found"})));
    };
    if *what == "healthcheck" {
        return Ok(Answer::text("ok"));
    }
    let missing = |name: &str| {
        failure(
            422,
            &format!("Parameter '{name}' is required"),
            "MissingRequiredParameter",
        )
    };
    let dataset = ask.param("dataset").ok_or_else(|| missing("dataset"))?;
    if world.hub.read(ask, Kind::Dataset, dataset).is_err() {
        return Err(
            if accounts::who(ask).is_ok_and(|account| account.is_some()) {
                failure(
                    404,
                    "The dataset does not exist, or is not accessible with the current credentials (private or gated). Please check the spelling of the dataset name or retry with authentication.",
                    "ExternalAuthenticatedError",
                )
            } else {
                failure(
                    401,
                    "The dataset does not exist, or is not accessible without authentication (private or gated). Please check the spelling of the dataset name or retry with authentication.",
                    "ExternalUnauthenticatedError",
                )
            },
        );
    }
    let splits: Vec<(&str, &Table)> = TABLES
        .iter()
        .filter(|(name, _, _)| *name == dataset)
        .map(|(_, split, table)| (*split, table))
        .collect();
    if *what == "is-valid" {
        let valid = !splits.is_empty();
        return Ok(Answer::json(&json!({
            "preview": valid, "viewer": valid, "search": valid, "filter": valid, "statistics": valid,
        })));
    }
    if splits.is_empty() {
        // It has a README and nothing else.
        return Err(failure(500, "The dataset is empty.", "EmptyDatasetError"));
    }
    let config = ask.param("config");
    if config.is_some_and(|config| config != "default") {
        return Err(failure(404, "Not found.", "ResponseNotFound"));
    }
    match *what {
        "splits" => Ok(Answer::json(&json!({
            "splits": splits.iter().map(|(split, _)| json!({"dataset": dataset, "config": "default", "split": split})).collect::<Vec<_>>(),
            "pending": [],
            "failed": [],
        }))),
        "parquet" => Ok(Answer::json(&json!({
            "parquet_files": splits.iter().map(|(split, _)| parquet(ask, world, dataset, split)).collect::<Vec<_>>(),
            "pending": [],
            "failed": [],
            "partial": false,
        }))),
        "info" => {
            let info = info(dataset, &splits);
            Ok(Answer::json(&if config.is_some() {
                json!({"dataset_info": info, "partial": false})
            } else {
                json!({"dataset_info": {"default": info}, "pending": [], "failed": [], "partial": false})
            }))
        }
        "size" => Ok(Answer::json(&size(dataset, &splits))),
        "first-rows" | "rows" | "statistics" => {
            config.ok_or_else(|| missing("config"))?;
            let split = ask.param("split").ok_or_else(|| missing("split"))?;
            let (_, table) = splits
                .iter()
                .find(|(name, _)| *name == split)
                .ok_or_else(|| failure(404, "Not found.", "ResponseNotFound"))?;
            match *what {
                "first-rows" => Ok(first_rows(dataset, split, table)),
                "rows" => rows(ask, table),
                _ => Ok(statistics(table)),
            }
        }
        _ => Ok(Answer::json_with(404, &json!({"detail": "Not Found"}))),
    }
}

fn parquet(ask: &Ask, world: &World, dataset: &str, split: &str) -> Value {
    let path = format!("default/{split}/0000.parquet");
    let size = world
        .hub
        .repos
        .get(&(Kind::Dataset, dataset.to_owned()))
        .and_then(|repo| repo.at("refs/convert/parquet"))
        .and_then(|commit| commit.files.get(&path))
        .map_or(0, |file| file.bytes.len());
    json!({
        "dataset": dataset,
        "config": "default",
        "split": split,
        "url": ask.hub(&format!("/datasets/{dataset}/resolve/refs%2Fconvert%2Fparquet/{path}")),
        "filename": "0000.parquet",
        "size": size,
    })
}

fn bytes(table: &Table) -> usize {
    table.rows.iter().map(|row| row.to_string().len()).sum()
}

fn info(dataset: &str, splits: &[(&str, &Table)]) -> Value {
    let mut features = json!({});
    for (name, feature) in &splits[0].1.features {
        features[*name] = feature.clone();
    }
    let mut all = json!({});
    for (split, table) in splits {
        all[*split] = json!({
            "name": split,
            "num_bytes": bytes(table),
            "num_examples": table.rows.len(),
            "dataset_name": dataset.rsplit('/').next(),
        });
    }
    let total: usize = splits.iter().map(|(_, table)| bytes(table)).sum();
    json!({
        "description": "",
        "citation": "",
        "homepage": "",
        "license": "",
        "features": features,
        "builder_name": if dataset.ends_with("chats") { "json" } else { "csv" },
        "dataset_name": dataset.rsplit('/').next(),
        "config_name": "default",
        "version": {"version_str": "0.0.0", "major": 0, "minor": 0, "patch": 0},
        "splits": all,
        "download_size": total / 2,
        "dataset_size": total,
    })
}

fn size(dataset: &str, splits: &[(&str, &Table)]) -> Value {
    let one = |split: &str, table: &Table| {
        json!({
            "dataset": dataset,
            "config": "default",
            "split": split,
            "num_bytes_parquet_files": bytes(table) / 2,
            "num_bytes_memory": bytes(table),
            "num_rows": table.rows.len(),
            "num_columns": table.features.len(),
            "estimated_num_rows": null,
        })
    };
    let rows: usize = splits.iter().map(|(_, table)| table.rows.len()).sum();
    let total: usize = splits.iter().map(|(_, table)| bytes(table)).sum();
    let whole = json!({
        "dataset": dataset,
        "num_bytes_original_files": total,
        "num_bytes_parquet_files": total / 2,
        "num_bytes_memory": total,
        "num_rows": rows,
        "estimated_num_rows": null,
    });
    let mut config = whole.clone();
    config["config"] = "default".into();
    config["num_columns"] = splits[0].1.features.len().into();
    json!({
        "size": {
            "dataset": whole,
            "configs": [config],
            "splits": splits.iter().map(|(split, table)| one(split, table)).collect::<Vec<_>>(),
        },
        "pending": [],
        "failed": [],
        "partial": false,
    })
}

fn features(table: &Table) -> Vec<Value> {
    table
        .features
        .iter()
        .enumerate()
        .map(
            |(index, (name, feature))| json!({"feature_idx": index, "name": name, "type": feature}),
        )
        .collect()
}

fn first_rows(dataset: &str, split: &str, table: &Table) -> Answer {
    let rows: Vec<Value> = table
        .rows
        .iter()
        .take(PAGE)
        .enumerate()
        .map(|(index, row)| {
            let mut row = row.clone();
            let mut truncated = Vec::new();
            for (name, _) in &table.features {
                let text = row[*name].to_string();
                if text.len() > CELL_BYTES {
                    // A cut cell is a string, whatever it was.
                    row[*name] = text.chars().take(CELL_BYTES).collect::<String>().into();
                    truncated.push(*name);
                }
            }
            json!({"row_idx": index, "row": row, "truncated_cells": truncated})
        })
        .collect();
    Answer::json(&json!({
        "dataset": dataset,
        "config": "default",
        "split": split,
        "features": features(table),
        "rows": rows,
        "truncated": table.rows.len() > PAGE,
    }))
}

fn rows(ask: &Ask, table: &Table) -> Result<Answer, Answer> {
    let offset = ask.number("offset").unwrap_or(0);
    let length = ask.number("length").unwrap_or(PAGE);
    if length > PAGE {
        return Err(failure(
            422,
            "Parameter 'length' must not be greater than 100",
            "InvalidParameter",
        ));
    }
    let rows: Vec<Value> = table
        .rows
        .iter()
        .enumerate()
        .skip(offset)
        .take(length)
        .map(|(index, row)| json!({"row_idx": index, "row": row, "truncated_cells": []}))
        .collect();
    Ok(Answer::json(&json!({
        "features": features(table),
        "rows": rows,
        "num_rows_total": table.rows.len(),
        "num_rows_per_page": PAGE,
        "partial": false,
    })))
}

fn statistics(table: &Table) -> Answer {
    let total = table.rows.len();
    let statistics: Vec<Value> = table
        .features
        .iter()
        .map(|(name, feature)| {
            let cells: Vec<&Value> = table
                .rows
                .iter()
                .map(|row| &row[*name])
                .filter(|cell| !cell.is_null())
                .collect();
            let empty = total - cells.len();
            let missing = json!({"nan_count": empty, "nan_proportion": empty as f64 / total as f64});
            let (kind, mut found) = if feature["_type"] == "ClassLabel" {
                let mut frequencies = BTreeMap::new();
                for cell in &cells {
                    let label = usize::try_from(cell.as_u64().unwrap()).unwrap();
                    *frequencies.entry(CULTIVARS[label]).or_insert(0) += 1;
                }
                ("class_label", json!({"no_label_count": 0, "no_label_proportion": 0.0, "n_unique": frequencies.len(), "frequencies": frequencies}))
            } else if matches!(feature["dtype"].as_str(), Some("float64" | "int64")) {
                let kind = if feature["dtype"] == "int64" { "int" } else { "float" };
                (kind, numbers(cells.iter().filter_map(|cell| cell.as_f64()).collect()))
            } else if feature["dtype"] == "string" {
                let mut frequencies = BTreeMap::new();
                for cell in &cells {
                    *frequencies.entry(cell.as_str().unwrap_or_default()).or_insert(0) += 1;
                }
                if frequencies.len() <= 30 {
                    ("string_label", json!({"no_label_count": 0, "no_label_proportion": 0.0, "n_unique": frequencies.len(), "frequencies": frequencies}))
                } else {
                    ("string_text", numbers(cells.iter().map(|cell| cell.as_str().unwrap_or_default().len() as f64).collect()))
                }
            } else {
                ("list", numbers(cells.iter().map(|cell| cell.as_array().map_or(0, Vec::len) as f64).collect()))
            };
            found["nan_count"] = missing["nan_count"].clone();
            found["nan_proportion"] = missing["nan_proportion"].clone();
            json!({"column_name": name, "column_type": kind, "column_statistics": found})
        })
        .collect();
    Answer::json(&json!({"num_examples": total, "statistics": statistics, "partial": false}))
}

/// Least, greatest, mean, median, deviation, and how many lie in each tenth of the range.
fn numbers(mut all: Vec<f64>) -> Value {
    all.sort_by(f64::total_cmp);
    let count = all.len() as f64;
    let (least, greatest) = (all[0], all[all.len() - 1]);
    let mean = all.iter().sum::<f64>() / count;
    let middle = all.len() / 2;
    let median = if all.len().is_multiple_of(2) {
        f64::midpoint(all[middle - 1], all[middle])
    } else {
        all[middle]
    };
    let variance = all.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let width = ((greatest - least) / 10.0).max(f64::MIN_POSITIVE);
    let mut hist = [0; 10];
    for one in &all {
        hist[(((one - least) / width) as usize).min(9)] += 1;
    }
    let edges: Vec<f64> = (0..=10)
        .map(|edge| least + width * f64::from(edge))
        .collect();
    json!({
        "min": least, "max": greatest, "mean": mean, "median": median, "std": variance.sqrt(),
        "histogram": {"hist": hist, "bin_edges": edges},
    })
}
