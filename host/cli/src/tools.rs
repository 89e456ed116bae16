//! The loaded plugins, as the agent's tools: where the policy's answer becomes a grant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent::{
    Approval, CallContext, Denial, Part, Prepared, Quote, ToolFailure, ToolOutcome, ToolOutput,
    ToolSpec,
};
use async_trait::async_trait;
use policy::{Assessment, CallRequest, Policy};
use sandbox::{Content, Failure, Outcome, Plugin, Sandbox};
use serde_json::Value;

use crate::fail::Fail;
use crate::services::SessionServices;

/// The longest target that is shown, in characters.
const TARGET: usize = 120;

/// Loads component files, and those in directories, in the order of their names.
pub(crate) async fn load(sandbox: &Sandbox, paths: &[PathBuf]) -> Result<Vec<Plugin>, Fail> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut found = components(path)?;
            if found.is_empty() {
                return Err(Fail::usage(format!(
                    "{}: no plugins (*.wasm) here; `make plugins` builds them",
                    path.display()
                )));
            }
            files.append(&mut found);
        } else {
            files.push(path.clone());
        }
    }
    let mut plugins: Vec<Plugin> = Vec::with_capacity(files.len());
    for file in files {
        let plugin = sandbox
            .load(&file)
            .await
            .map_err(|error| Fail::usage(error.to_string()))?;
        for other in &plugins {
            clash(other, &plugin)?;
        }
        plugins.push(plugin);
    }
    Ok(plugins)
}

fn components(directory: &Path) -> Result<Vec<PathBuf>, Fail> {
    let fail = |error: std::io::Error| Fail::usage(format!("{}: {error}", directory.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Two plugins with one name, or two tools with one name, cannot be told apart.
fn clash(one: &Plugin, two: &Plugin) -> Result<(), Fail> {
    let place = |plugin: &Plugin| plugin.path().display().to_string();
    if one.manifest().name == two.manifest().name {
        return Err(Fail::usage(format!(
            "{} and {} are both plugins named {}",
            place(one),
            place(two),
            one.manifest().name
        )));
    }
    for tool in &one.manifest().tools {
        if two
            .manifest()
            .tools
            .iter()
            .any(|other| other.name == tool.name)
        {
            return Err(Fail::usage(format!(
                "{} and {} both have a tool named {}",
                place(one),
                place(two),
                tool.name
            )));
        }
    }
    Ok(())
}

/// The tools of a session.
pub(crate) struct PluginTools {
    plugins: Vec<Plugin>,
    by_tool: BTreeMap<String, usize>,
    policy: Policy,
    services: Arc<SessionServices>,
    egress: egress::Egress,
}

/// A decided call, between the two steps.
struct Token {
    plugin: usize,
    request: CallRequest,
    assessment: Assessment,
    arguments: String,
}

impl PluginTools {
    pub(crate) fn new(
        plugins: Vec<Plugin>,
        policy: Policy,
        services: Arc<SessionServices>,
        egress: egress::Egress,
    ) -> PluginTools {
        let by_tool = plugins
            .iter()
            .enumerate()
            .flat_map(|(i, plugin)| {
                plugin
                    .manifest()
                    .tools
                    .iter()
                    .map(move |tool| (tool.name.clone(), i))
            })
            .collect();
        PluginTools {
            plugins,
            by_tool,
            policy,
            services,
            egress,
        }
    }

    /// The plugins.
    pub(crate) fn plugins(&self) -> &[Plugin] {
        &self.plugins
    }

    /// The tools, as code is told of them.
    pub(crate) fn entries(&self) -> Vec<sandbox::ToolEntry> {
        use agent::Tools as _;
        self.specs()
            .into_iter()
            .map(|spec| sandbox::ToolEntry {
                name: spec.name,
                description: spec.description,
                parameters: spec.parameters,
            })
            .collect()
    }

    /// A call that code makes. Nobody can be asked in the middle of a script, so the policy must allow it outright.
    pub(crate) async fn nested(
        &self,
        id: &str,
        tool: &str,
        arguments: &str,
    ) -> Result<sandbox::ToolAnswer, sandbox::ToolFailure> {
        let failed = |failure: ToolFailure| sandbox::ToolFailure::Failed(failure.to_string());
        let parsed: Value = serde_json::from_str(arguments)
            .map_err(|error| sandbox::ToolFailure::Failed(error.to_string()))?;
        let index = *self.by_tool.get(tool).ok_or_else(|| {
            let known: Vec<&str> = self.by_tool.keys().map(String::as_str).collect();
            sandbox::ToolFailure::Failed(format!(
                "there is no tool named {tool}; there are {}",
                known.join(", ")
            ))
        })?;
        let plugin = self.plugin(index).map_err(failed)?;
        let request = plugin
            .request(tool, &parsed)
            .map_err(|error| failed(failure(error)))?;
        let assessment = self.policy.decide(&request);
        let decisive = &assessment.decisive;
        if decisive.verdict != policy::Verdict::Allow {
            return Err(sandbox::ToolFailure::Denied(format!(
                "{} is not allowed to code without asking (rule: {}). {}",
                decisive.subject, decisive.rule, decisive.remedy
            )));
        }
        let outcome = plugin
            .invoke(sandbox::Call {
                id: id.into(),
                tool: request.tool,
                operation: request.operation,
                arguments: arguments.to_owned(),
                grant: Arc::new(assessment.grant),
                services: Arc::clone(&self.services) as Arc<dyn sandbox::Services>,
                egress: Some(self.egress.clone()),
                // Whoever waits for it drops it.
                cancel: tokio_util::sync::CancellationToken::new(),
            })
            .await;
        match translate(outcome).result {
            Ok(output) => Ok(sandbox::ToolAnswer {
                text: agent::in_words(&output.content),
                structured: output.structured,
            }),
            Err(ToolFailure::Denied(denial)) => {
                Err(sandbox::ToolFailure::Denied(denial.to_string()))
            }
            Err(other) => Err(failed(other)),
        }
    }

    fn plugin(&self, index: usize) -> Result<&Plugin, ToolFailure> {
        // The index came from `by_tool`, whose plugins never change.
        self.plugins.get(index).ok_or_else(|| ToolFailure::Failed {
            message: "the plugin is gone".into(),
        })
    }
}

#[async_trait]
impl agent::Tools for PluginTools {
    fn specs(&self) -> Vec<ToolSpec> {
        self.plugins
            .iter()
            .flat_map(|plugin| &plugin.manifest().tools)
            .map(|tool| ToolSpec {
                name: tool.name.clone(),
                description: tool.description.clone(),
                parameters: tool.parameters.clone(),
            })
            .collect()
    }

    fn prepare(&self, tool: &str, arguments: &Value) -> Result<Prepared, ToolFailure> {
        let index = *self.by_tool.get(tool).ok_or_else(|| ToolFailure::Failed {
            message: format!("there is no tool `{tool}`"),
        })?;
        let plugin = self.plugin(index)?;
        let request = plugin.request(tool, arguments).map_err(failure)?;
        let assessment = self.policy.decide(&request);
        Ok(Prepared {
            plugin: request.plugin.clone(),
            tool: request.tool.clone(),
            operation: request.operation.clone(),
            effects: request.effects.clone(),
            target: target(arguments),
            decision: assessment.decisive.clone(),
            decisions: assessment.decisions.clone(),
            token: Box::new(Token {
                plugin: index,
                request,
                assessment,
                arguments: arguments.to_string(),
            }),
        })
    }

    async fn quote(
        &self,
        prepared: &Prepared,
        context: &CallContext,
    ) -> Result<Option<Quote>, ToolFailure> {
        let Some(token) = prepared.token.downcast_ref::<Token>() else {
            return Ok(None);
        };
        let plugin = self.plugin(token.plugin)?;
        let Some(request) = plugin.quote(&token.request) else {
            return Ok(None);
        };
        let assessment = self.policy.decide(&request);
        // Nobody is asked about a question.
        if assessment.decisive.verdict != policy::Verdict::Allow {
            return Err(ToolFailure::Denied((&assessment.decisive).into()));
        }
        self.services.enter(context);
        let outcome = plugin
            .invoke(sandbox::Call {
                id: context.call_id.to_string().into(),
                tool: request.tool,
                operation: request.operation,
                arguments: token.arguments.clone(),
                grant: Arc::new(assessment.grant),
                services: Arc::clone(&self.services) as Arc<dyn sandbox::Services>,
                egress: Some(self.egress.clone()),
                cancel: context.cancel.clone(),
            })
            .await;
        self.services.leave(context);
        let output = translate(outcome).result?;
        quoted(output.structured).map(Some)
    }

    async fn run(
        &self,
        prepared: Prepared,
        approval: Approval,
        context: CallContext,
    ) -> ToolOutcome {
        let Ok(token) = prepared.token.downcast::<Token>() else {
            return ended(Err(ToolFailure::Failed {
                message: "this call was prepared elsewhere".into(),
            }));
        };
        let Token {
            plugin,
            request,
            assessment,
            arguments,
        } = *token;
        let plugin = match self.plugin(plugin) {
            Ok(plugin) => plugin,
            Err(failure) => return ended(Err(failure)),
        };
        let grant = match approval {
            Approval::Policy => assessment.grant,
            Approval::Person => assessment.grant_if_approved,
        };
        self.services.enter(&context);
        let outcome = plugin
            .invoke(sandbox::Call {
                id: context.call_id.to_string().into(),
                tool: request.tool,
                operation: request.operation,
                arguments,
                grant: Arc::new(grant),
                services: Arc::clone(&self.services) as Arc<dyn sandbox::Services>,
                egress: Some(self.egress.clone()),
                cancel: context.cancel.clone(),
            })
            .await;
        self.services.leave(&context);
        translate(outcome)
    }
}

/// The most rows of a quote that are shown, and characters of each part.
const ROWS: (usize, usize) = (20, 300);

/// What an operation that tells a price has answered.
fn quoted(structured: Option<Value>) -> Result<Quote, ToolFailure> {
    #[derive(serde::Deserialize)]
    struct Told {
        usd: Option<f64>,
        rows: Vec<(String, String)>,
    }
    let wrong = |problem: String| ToolFailure::Failed {
        message: format!("the tool's quote is none: {problem}"),
    };
    let told: Told = serde_json::from_value(structured.unwrap_or_default())
        .map_err(|error| wrong(error.to_string()))?;
    let cost = told
        .usd
        .map(|usd| {
            agent::MicroUsd::from_dollars(usd).ok_or_else(|| wrong(format!("${usd} is no price")))
        })
        .transpose()?;
    let short = |text: String| text.chars().take(ROWS.1).collect();
    let rows = told.rows.into_iter().take(ROWS.0);
    Ok(Quote {
        cost,
        rows: rows
            .map(|(name, value)| (short(name), short(value)))
            .collect(),
    })
}

fn ended(result: Result<ToolOutput, ToolFailure>) -> ToolOutcome {
    ToolOutcome {
        result,
        receipt: agent::Receipt::default(),
        denials: Vec::new(),
    }
}

/// What a call works on, for people: its first short argument.
fn target(arguments: &Value) -> String {
    let text = arguments
        .as_object()
        .and_then(|map| {
            let known = [
                "path", "script", "code", "command", "url", "repo_id", "query",
            ];
            known
                .iter()
                .find_map(|key| map.get(*key))
                .or_else(|| map.values().next())
        })
        .map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(TARGET).collect()
}

fn translate(outcome: Outcome) -> ToolOutcome {
    let Outcome {
        result,
        receipt,
        denials,
    } = outcome;
    let denials: Vec<Denial> = denials.iter().map(Denial::from).collect();
    let told = |text: &mut String| {
        for denial in &denials {
            text.push_str(&format!("\n[{denial}]"));
        }
    };
    // The model learns of every refusal, also where the tool went on without.
    let result = match result {
        Ok(output) => {
            let mut content: Vec<Part> = output.content.into_iter().map(part).collect();
            let mut text = String::new();
            told(&mut text);
            if !text.is_empty() {
                content.push(Part::text(text.trim_start()));
            }
            Ok(ToolOutput {
                content,
                structured: output.structured,
            })
        }
        Err(error) => Err(match failure(error) {
            ToolFailure::Failed { mut message } => {
                told(&mut message);
                ToolFailure::Failed { message }
            }
            other => other,
        }),
    };
    let sandbox::Receipt {
        fuel,
        peak_memory,
        wall_us,
        bytes_in,
        bytes_out,
        host_calls,
        disk,
        open_files,
    } = receipt;
    ToolOutcome {
        result,
        receipt: agent::Receipt {
            fuel,
            peak_memory,
            wall_us,
            bytes_in,
            bytes_out,
            host_calls,
            disk,
            open_files,
        },
        denials,
    }
}

fn part(content: Content) -> Part {
    match content {
        Content::Text(text) => Part::Text { text },
        Content::Image { mime, bytes, alt } => Part::Image { mime, bytes, alt },
        Content::Link { uri, mime, title } => Part::Link { uri, mime, title },
    }
}

fn failure(found: Failure) -> ToolFailure {
    match found {
        Failure::InvalidArguments(errors) => ToolFailure::InvalidArguments {
            errors: errors
                .into_iter()
                .map(|error| agent::ArgumentError {
                    pointer: error.pointer,
                    expected: error.expected,
                })
                .collect(),
        },
        Failure::Denied {
            capability,
            rule,
            remedy,
        } => ToolFailure::Denied(Denial {
            capability,
            rule,
            remedy,
        }),
        Failure::Upstream {
            status,
            retry_after,
            message,
        } => ToolFailure::Upstream {
            status,
            retry_after,
            message,
        },
        Failure::Limit(limit) => ToolFailure::Limit(limit),
        Failure::Cancelled => ToolFailure::Cancelled,
        Failure::Failed(message) => ToolFailure::Failed { message },
        trapped @ Failure::Trapped(_) => ToolFailure::Failed {
            message: trapped.to_string(),
        },
    }
}
