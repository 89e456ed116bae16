//! The commands that look at things.

use policy::Need;
use sandbox::{Mounts, Plugin, Sandbox};
use serde_json::{Value, json};

use crate::args::{Config, Journal, Policy, Tools};
use crate::config::{self, Here};
use crate::fail::Fail;
use crate::paths::Paths;
use crate::render::{put, warn};
use crate::{profile, start, tools as load};

/// `journal verify`.
pub(crate) fn journal(args: &Journal) -> Result<u8, Fail> {
    let Journal::Verify { file } = args;
    let summary = journal::verify(file).map_err(|error| Fail::failed(error.to_string()))?;
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
    Ok(0)
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

/// `tools`.
pub(crate) fn tools(args: &Tools) -> Result<u8, Fail> {
    let paths = Paths::find()?;
    let plugins = crate::runtime()?.block_on(async {
        let sandbox = Sandbox::new(sandbox::Setup {
            cache: &paths.compiled(),
            mounts: Mounts::new(),
            programs: Vec::new(),
            worker: None,
            walls: policy::Walls::Required,
            patience: sandbox::PATIENCE,
        })
        .map_err(|error| Fail::failed(error.to_string()))?;
        load::load(&sandbox, &start::plugin_paths(&args.plugins.paths, &paths)).await
    })?;
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
