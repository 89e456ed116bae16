//! The `hf_inspect_dataset` and `inspect_data_file` tools: what a data set holds, and what is wrong with it, before anything
//! is trained on it.
//!
//! The one asks the Hub's data set viewer; the other reads Parquet, CSV and JSON Lines of the workspace. What both find out
//! from rows (statistics, repeats, leaks, chats) is the same code.

mod balance;
mod chart;
mod chats;
mod file;
mod format;
mod hub;
mod leaks;
mod repeats;
mod report;
mod rows;
mod statistics;
mod table;

use std::path::Path;

use ml_intern_sdk::prelude::*;

/// Where the host mounts the workspace.
const ROOT: &str = "/workspace";

const INSPECT: &str = "Looks at a data set on the Hugging Face Hub before it is used: configs and splits, schema, sample rows, \
statistics of each column, class balance, duplicates and leakage between splits, whether chats (`messages`) fit a chat \
template, Parquet files, and a chart. Call it before training on a data set or writing code for its columns. For files in \
the workspace use inspect_data_file.";

const INSPECT_FILE: &str = "Looks at a data file in the workspace (.parquet, .csv, .tsv, .jsonl, .json) as hf_inspect_dataset \
does at a data set of the Hub: schema, sample rows, statistics, class balance, duplicates, leaks, chat-template check, chart. \
`against` names a second file, a test set for example, to find rows that are in both.";

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    let limits = Limits {
        // The rows of a file, as read and as compared.
        memory: 1 << 30,
        fuel: 200_000_000_000,
        deadline: 180_000,
        output: 2 << 20,
        open_files: 16,
        // Four splits of five pages, and what else is asked for, each of it three times.
        host_calls: 128,
    };
    let server = need::http_as(
        ml_intern_hub::CREDENTIAL,
        hub::SERVER,
        [HttpMethod::Get],
        hub::PATHS,
        "look at the data set",
    );
    let names = need::http_as(
        ml_intern_hub::CREDENTIAL,
        ml_intern_hub::HUB,
        [HttpMethod::Get],
        ["/api/datasets"],
        "find data sets of a similar name, where there is none of this one",
    );
    Plugin::new(
        "datasets",
        env!("CARGO_PKG_VERSION"),
        "Inspects data sets: those of the Hugging Face Hub, and files of the workspace.",
        limits,
    )
    .tool(Tool::new(
        "hf_inspect_dataset",
        INSPECT,
        Operation::new("inspect", hub::run)
            .effects([Effect::Observe])
            .needs([server, names]),
    ))
    .tool(Tool::new(
        "inspect_data_file",
        INSPECT_FILE,
        Operation::new("inspect_file", |arguments| {
            file::run(Path::new(ROOT), arguments)
        })
        .effects([Effect::Observe])
        .needs([need::mount("workspace", Access::ReadOnly)]),
    ))
}

ml_intern_sdk::export!(plugin);
