//! The commands that look at things.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::CommandFactory as _;
use policy::Need;
use sandbox::{Mounts, Plugin, Sandbox};
use serde_json::{Value, json};

use crate::args::{Cli, Config, Journal, Model, Policy, Sessions, Tools};
use crate::chat::{self, Listed};
use crate::config::{self, Here};
use crate::fail::Fail;
use crate::paths::Paths;
use crate::render::{put, short, warn};
use crate::{profile, start, tools as load};

/// `journal verify` and `journal show`.
pub(crate) fn journal(args: &Journal) -> Result<u8, Fail> {
    let failed = |error: String| Fail::failed(error);
    match args {
        Journal::Verify { file } => {
            let summary = journal::verify(file).map_err(|error| failed(error.to_string()))?;
            let calls = summary.kinds.get("call_start").copied().unwrap_or(0);
            let ended = summary.status.map_or_else(
                || "not ended".to_owned(),
                |status| format!("ended with {status}"),
            );
            put(&format!(
                "{}: intact; {} records, {calls} tool calls, {ended}\nhead {}\n",
                file.display(),
                summary.records,
                summary.head
            ));
        }
        Journal::Show { file, json } => {
            let reader = journal::Reader::open(file).map_err(|error| failed(error.to_string()))?;
            for record in reader {
                let record = record.map_err(|error| failed(error.to_string()))?;
                put(&shown(&record, *json));
            }
        }
    }
    Ok(0)
}

/// A record in a line: its number, its call, its kind and what it says; or as JSON.
fn shown(record: &journal::Record, json: bool) -> String {
    let data = record.entry.data.to_json().unwrap_or_default();
    let call = record.entry.call.map(|call| call.to_string());
    if json {
        let kind = record.entry.data.kind();
        return format!(
            "{}\n",
            json!({"seq": record.seq, "call": call, "kind": kind, "data": data})
        );
    }
    let data = short(&data.to_string());
    format!(
        "{:>5} {:<5} {:<14} {data}\n",
        record.seq,
        call.unwrap_or_default(),
        record.entry.data.kind()
    )
}

/// `policy show` and `policy check`.
pub(crate) fn policy(args: &Policy) -> Result<u8, Fail> {
    match args {
        Policy::Show { policy } => put(&profile::load(policy)?.policy.to_string()),
        Policy::Check { policy } => {
            let loaded = profile::load(policy)?;
            put(&format!(
                "{}: loads, and does what it expects of itself\n",
                loaded.policy.name()
            ));
        }
    }
    Ok(0)
}

/// `sessions`.
pub(crate) fn sessions(args: &Sessions) -> Result<u8, Fail> {
    let paths = Paths::find()?;
    let all = chat::sessions(&paths);
    if args.json {
        put(&format!(
            "{:#}\n",
            Value::from_iter(all.iter().map(Listed::json))
        ));
        return Ok(0);
    }
    let mut text = String::new();
    for one in &all {
        let first = short(one.first.as_deref().unwrap_or("(nothing was said)"));
        let _ = writeln!(text, "{}  {:>3} turns  {first}", one.id, one.turns);
    }
    put(if text.is_empty() {
        "no sessions\n"
    } else {
        &text
    });
    Ok(0)
}

/// `model list` and `model check`.
pub(crate) fn model(args: &Model) -> Result<u8, Fail> {
    match args {
        Model::Check { model, how } => {
            let ready = start::Ready::of(how, true)?;
            let model = match model {
                Some(id) => ready.open(id)?,
                None => ready.model()?,
            };
            let effort = ready.options.effort;
            let (info, probed) = crate::runtime()?
                .block_on(async { (model.info().await, model.probe(effort).await) });
            let mut text = format!("model    {}\n", model.label());
            if let Some(window) = info.context_window {
                let _ = writeln!(text, "window   {window} tokens");
            }
            match info.prices {
                Some(prices) => {
                    let _ = writeln!(
                        text,
                        "price    {} in, {} out, a million tokens",
                        prices.base.input, prices.base.output
                    );
                }
                None => text.push_str("price    unknown\n"),
            }
            let probed = probed.map_err(|error| Fail::failed(error.to_string()))?;
            let answers = match probed {
                agent::Probe::Effort(effort) => format!("yes, with effort {effort}"),
                agent::Probe::NoEffort => "yes".to_owned(),
                agent::Probe::Unchecked(error) => format!("could not be told: {error}"),
            };
            let _ = writeln!(text, "answers  {answers}");
            put(&text);
        }
        Model::List { how } => {
            let ready = start::Ready::of(how, true)?;
            let models = crate::runtime()?.block_on(ready.providers().router_models());
            if models.is_empty() {
                return Err(Fail::failed(
                    "the router's list of models cannot be had; see `ml-intern doctor`",
                ));
            }
            for model in models.iter() {
                let live = model.providers.iter().filter(|provider| provider.live);
                let names: Vec<&str> = live.map(|provider| provider.name.as_str()).collect();
                put(&format!("{}  {}\n", model.id, names.join(", ")));
            }
        }
    }
    Ok(0)
}

/// `completions`: for a shell to read.
pub(crate) fn completions(shell: clap_complete::Shell) {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ml-intern", &mut text);
    put(&String::from_utf8_lossy(&text));
}

/// `man`: the manual page, and one for each command behind it.
pub(crate) fn manual() -> Result<u8, Fail> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut text)
        .map_err(|error| Fail::failed(error.to_string()))?;
    put(&String::from_utf8_lossy(&text));
    Ok(0)
}

/// `config show`, `config path` and `config schema`.
pub(crate) fn config(args: &Config) -> Result<u8, Fail> {
    match args {
        Config::Show { json } => {
            let here = Here::find(Vec::new())?;
            for warning in &here.loaded.warnings {
                warn(warning);
            }
            if *json {
                put(&format!("{:#}\n", here.loaded.show_json()));
            } else {
                put(&here.loaded.show());
            }
        }
        Config::Path => put(&config::places()?),
        Config::Schema => put(&config::published()),
    }
    Ok(0)
}

/// The plugins in some places, without a session around them.
pub(crate) fn load_plugins(places: &[PathBuf], paths: &Paths) -> Result<Vec<Plugin>, Fail> {
    crate::runtime()?.block_on(async {
        let sandbox = Sandbox::new(sandbox::Setup {
            cache: &paths.compiled(),
            mounts: Mounts::new(),
            programs: Vec::new(),
            worker: None,
            walls: policy::Walls::Required,
            patience: sandbox::PATIENCE,
        })
        .map_err(|error| Fail::failed(error.to_string()))?;
        load::load(&sandbox, places).await
    })
}

/// `tools`.
pub(crate) fn tools(args: &Tools) -> Result<u8, Fail> {
    let paths = Paths::find()?;
    let places = start::plugin_paths(&args.plugins.paths, &paths);
    let plugins = load_plugins(&places, &paths)?;
    if args.json {
        let all: Vec<Value> = plugins.iter().flat_map(as_json).collect();
        put(&format!("{:#}\n", Value::Array(all)));
        return Ok(0);
    }
    put(&offered(&plugins));
    Ok(0)
}

/// The plugins, their tools and operations, and what each of those does and needs.
pub(crate) fn offered(plugins: &[Plugin]) -> String {
    let mut text = String::new();
    for plugin in plugins {
        let manifest = plugin.manifest();
        text.push_str(&format!(
            "{} {}  {}\n",
            manifest.name, manifest.version, manifest.summary
        ));
        for tool in &manifest.tools {
            for operation in &tool.operations {
                let effects: Vec<&str> = operation
                    .effects
                    .iter()
                    .map(|effect| effect.as_str())
                    .collect();
                let needs: Vec<String> = operation.needs.iter().map(Need::to_string).collect();
                let name = if tool.selector.is_some() {
                    format!("{} {}", tool.name, operation.name)
                } else {
                    tool.name.clone()
                };
                text.push_str(&format!("  {name}: {}\n", effects.join(", ")));
                for need in needs {
                    text.push_str(&format!("    needs {need}\n"));
                }
            }
        }
    }
    text
}

fn as_json(plugin: &Plugin) -> Vec<Value> {
    let manifest = plugin.manifest();
    manifest
        .tools
        .iter()
        .map(|tool| {
            let operations: Vec<Value> = tool
                .operations
                .iter()
                .map(|operation| {
                    json!({"name": operation.name, "effects": operation.effects, "needs": operation.needs})
                })
                .collect();
            json!({
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "selector": tool.selector,
                "operations": operations,
                "plugin": manifest.name,
                "version": manifest.version,
                "digest": plugin.digest().as_str(),
                "imports": plugin.imports(),
            })
        })
        .collect()
}
