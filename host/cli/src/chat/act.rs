//! What the commands do.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use agent::{Effort, MicroUsd, Operation, Outcome, Probe};

use super::commands::{self, Slash};
use super::input::lock;
use super::results;
use super::talk::{Next, Talk};
use crate::attended::YOLO_CAP;
use crate::render::put;
use crate::{commands as shell, session, workspaces};

/// Lines of a result that are printed; more of them go through a pager.
const PAGE: usize = 40;

impl Talk<'_> {
    /// Does what a command says; what comes next, where it ends the session.
    pub(super) fn command(&mut self, command: Slash) -> Option<Next> {
        match command {
            Slash::Quit => return Some(Next::Quit),
            Slash::New { clear } => {
                if self.is_free() {
                    if clear && self.on_terminal {
                        // Home, the screen, and what has scrolled off it (ECMA-48, xterm).
                        put("\u{1b}[H\u{1b}[2J\u{1b}[3J");
                    }
                    self.say("Started new chat.");
                    return Some(Next::New);
                }
            }
            Slash::Demo => {
                if self.is_free() {
                    return Some(Next::Demo);
                }
            }
            Slash::Resume(which) => return self.resume(which),
            Slash::Discard { sure } => return self.discard(sure),
            Slash::Help => self.printer.print(&commands::help()),
            Slash::Undo => self.undo(),
            Slash::Compact => {
                let ticket = self.handle.submit(Operation::Compact {});
                self.follow(ticket);
            }
            Slash::Model(id) => self.model(id),
            Slash::Effort(level) => self.effort(level),
            Slash::Yolo(bound) => self.yolo(bound.as_deref()),
            Slash::Status => self.status(),
            Slash::Cost => self.cost(),
            Slash::Policy(revoke) => self.policy(revoke.as_deref()),
            Slash::Tools => self.printer.print(&shell::offered(self.tools.plugins())),
            Slash::Plugins => self.plugins(),
            Slash::Diff { names } => {
                let changes = workspaces::changes(&self.session.workspace, names);
                self.tell(changes);
            }
            Slash::Commit(paths) => self.commit(&paths),
            Slash::Show(number) => self.show(number.as_deref()),
            Slash::Journal => self.journal(),
            Slash::ShareTraces(wanted) => self.share_traces(wanted.as_deref()),
        }
        None
    }

    /// Whether nothing runs; says so where something does.
    fn is_free(&self) -> bool {
        let free = self.state.is_idle();
        if !free {
            self.say("a turn runs; Ctrl-C stops it");
        }
        free
    }

    fn tell(&self, told: Result<String, crate::fail::Fail>) {
        match told {
            Ok(text) => self.printer.print(&text),
            Err(fail) => self.say(&fail.to_string()),
        }
    }

    fn resume(&self, which: Option<String>) -> Option<Next> {
        if !self.is_free() {
            return None;
        }
        let Some(which) = which else {
            let sessions = super::open::list(&self.ready.paths, &self.session.directory);
            self.printer.print(&sessions);
            return None;
        };
        match session::find(Some(which.as_ref()), &self.ready.paths) {
            Ok(directory) if directory == self.session.directory => {
                self.say("that is this session");
                None
            }
            Ok(directory) => Some(Next::Session(directory)),
            Err(fail) => {
                self.say(&fail.to_string());
                None
            }
        }
    }

    fn discard(&self, sure: bool) -> Option<Next> {
        if !self.is_free() {
            return None;
        }
        if self.session.workspace.staged().is_none() {
            self.say("this session works in the directory itself: there is no private copy; /undo takes turns back");
            return None;
        }
        if !sure {
            self.say("`/discard yes` removes the private copy with all its changes");
            return None;
        }
        Some(Next::Discard(self.session.directory.clone()))
    }

    fn undo(&mut self) {
        if !self.is_free() {
            return;
        }
        if self.state.known().turns == 0 {
            return self.say("there is no turn to undo");
        }
        let ticket = self.handle.submit(Operation::Undo {});
        match self.finish(ticket) {
            Ok(Outcome::Done { .. }) => {
                self.state.undone();
                self.say("Undone.");
            }
            Ok(Outcome::Failed { error }) | Err(error) => self.say(&error),
            Ok(other) => self.say(other.as_str()),
        }
    }

    fn model(&mut self, id: Option<String>) {
        let Some(id) = id else {
            let known = self.state.known();
            self.say(&format!("model  {}", known.model));
            self.learn_models();
            self.say("/model ID changes it: <org>/<model>[:provider], anthropic/…, openai/…, ollama/…, vllm/…, lm_studio/…, llamacpp/…");
            return;
        };
        if !self.is_free() {
            return;
        }
        let model = match self.ready.open(&id) {
            Ok(model) => model,
            Err(fail) => {
                self.say(&fail.to_string());
                let like = self.runtime.block_on(self.ready.suggestions(&id));
                if !like.is_empty() {
                    self.say(&format!("did you mean {}?", like.join(", ")));
                }
                return;
            }
        };
        let effort = self.ready.options.effort;
        let probed = self.runtime.block_on(async {
            tokio::select! {
                biased;
                probed = model.probe(effort) => Some(probed),
                _ = tokio::signal::ctrl_c() => None,
            }
        });
        let note = match probed {
            None => return self.say("stopped; the model is the one before"),
            Some(Err(error)) => {
                return self.say(&format!("{error}; the model is the one before"));
            }
            Some(Ok(Probe::Effort(accepted))) => format!(", effort {accepted}"),
            Some(Ok(Probe::NoEffort)) => String::new(),
            Some(Ok(Probe::Unchecked(error))) => format!("; it could not be checked: {error}"),
        };
        let label = model.label();
        let ticket = self.handle.switch_model(model.into());
        match self.finish(ticket) {
            Ok(Outcome::Done { .. }) => {
                self.state.set_model(&label);
                self.mute = false;
                self.say(&format!("model  {label}{note}"));
            }
            Ok(other) => self.say(other.as_str()),
            Err(error) => self.say(&error),
        }
    }

    /// Lets Tab complete what the router has, once its list is there.
    fn learn_models(&self) {
        let providers = self.ready.providers().clone();
        let words = Arc::clone(&self.words);
        self.runtime.spawn(async move {
            let models = providers.router_models().await;
            let known = &mut lock(&words).models;
            known.extend(models.iter().map(|model| model.id.clone()));
            known.sort();
            known.dedup();
        });
    }

    fn effort(&mut self, level: Option<String>) {
        let Some(level) = level else {
            let now = self.handle.meter().effort();
            self.say(&format!(
                "effort  {}; /effort minimal|low|medium|high|xhigh|max|off changes it",
                now.map_or("left to the model", Effort::as_str)
            ));
            return;
        };
        if !self.is_free() {
            return;
        }
        let effort = match level.as_str() {
            "off" => None,
            level => match level.parse::<Effort>() {
                Ok(effort) => Some(effort),
                Err(error) => return self.say(&error.to_string()),
            },
        };
        let ticket = self.handle.set_effort(effort);
        match self.finish(ticket) {
            Ok(_) => self.say(&format!(
                "effort  {}",
                effort.map_or("left to the model", Effort::as_str)
            )),
            Err(error) => self.say(&error),
        }
    }

    /// Puts a bound of dollars in force, where there is none.
    pub(super) fn keep_a_cap(&self) {
        let meter = self.handle.meter();
        if meter.bounds().cost.is_none() {
            let spent = meter.charged();
            meter.cap(Some(MicroUsd(spent.0.saturating_add(YOLO_CAP.0))));
        }
    }

    fn yolo(&self, bound: Option<&str>) {
        let on = match bound {
            None => !self.state.is_yolo(),
            Some("off") => false,
            Some("on") => true,
            Some(amount) => {
                let dollars = amount.trim_start_matches('$').parse().ok();
                let Some(cap) = dollars.and_then(MicroUsd::from_dollars) else {
                    return self.say("expected /yolo, /yolo off, or /yolo and US dollars");
                };
                self.handle.meter().cap(Some(cap));
                true
            }
        };
        self.state.set_yolo(on);
        if on {
            self.keep_a_cap();
            let cap = self.handle.meter().bounds().cost;
            let cap = cap.map_or_else(String::new, |cap| format!(" up to {cap} in all"));
            self.say(&format!(
                "YOLO mode: ON. What the policy asks about is done without asking{cap}; what it denies stays denied, and \
                 scheduled jobs are asked about."
            ));
        } else {
            self.say("YOLO mode: OFF");
        }
    }

    fn status(&self) {
        let known = self.state.known();
        let meter = self.handle.meter();
        let workspace = &self.session.workspace;
        let effort = meter.effort().map_or("left to the model", Effort::as_str);
        let context = known
            .context
            .map_or_else(|| "unknown".to_owned(), |tokens| format!("{tokens} tokens"));
        let yolo = if self.state.is_yolo() { "on" } else { "off" };
        self.printer.print(&format!(
            "  model      {}\n  effort     {effort}\n  policy     {}, yolo {yolo}\n  turns      {}\n  context    {} messages, \
             {context}\n  workspace  {}\n  session    {}\n",
            known.model,
            self.ready.policy.policy.name(),
            known.turns,
            known.messages,
            workspace.root().display(),
            self.session.directory.display(),
        ));
    }

    fn cost(&self) {
        let meter = self.handle.meter();
        let bounds = meter.bounds();
        let of =
            |bound: Option<String>| bound.map_or_else(String::new, |bound| format!(" of {bound}"));
        self.printer.print(&format!(
            "  {}\n  charged {}{}; calls {}{}; time {:.0} s{}{}\n",
            meter.tally(),
            meter.charged(),
            of(bounds.cost.map(|cost| cost.to_string())),
            meter.calls(),
            of(bounds.calls.map(|calls| calls.to_string())),
            meter.worked().as_secs_f64(),
            of(bounds.wall.map(|wall| format!("{} s", wall.as_secs()))),
            bounds
                .tokens
                .map_or_else(String::new, |tokens| format!("; bound of tokens {tokens}")),
        ));
    }

    fn policy(&mut self, argument: Option<&str>) {
        if let Some(argument) = argument {
            let number = argument
                .strip_prefix("revoke")
                .and_then(|number| number.trim().parse().ok());
            let Some(id) = number else {
                return self.say("expected /policy, or /policy revoke N");
            };
            if !self.is_free() {
                return;
            }
            let ticket = self.handle.submit(Operation::RevokeRule { id });
            return match self.finish(ticket) {
                Ok(Outcome::Done { .. }) => self.say(&format!("rule {id} holds no more")),
                Ok(Outcome::Failed { error }) | Err(error) => self.say(&error),
                Ok(other) => self.say(other.as_str()),
            };
        }
        let mut text = self.ready.policy.policy.to_string();
        let rules = self.handle.session_rules().list();
        if !rules.is_empty() {
            text.push_str("\nallowed by you for this session (/policy revoke N)\n");
        }
        for rule in rules {
            text.push_str(&format!(
                "  {}  {} {}: {}\n",
                rule.id,
                rule.tool,
                rule.operation,
                rule.subjects.join(", ")
            ));
        }
        self.printer.print(&text);
    }

    fn plugins(&self) {
        let lines = self.tools.plugins().iter().map(|plugin| {
            let manifest = plugin.manifest();
            format!(
                "  {} {}  {}\n    {}\n",
                manifest.name,
                manifest.version,
                manifest.summary,
                plugin.digest().as_str()
            )
        });
        self.printer.print(&lines.collect::<String>());
    }

    fn commit(&self, paths: &[String]) {
        if self.is_free() {
            let paths: Vec<_> = paths.iter().map(Into::into).collect();
            self.tell(workspaces::bring(&self.session.workspace, &paths, &[]));
        }
    }

    /// All of a result, from the journal.
    fn show(&self, number: Option<&str>) {
        let number = match number.map(str::parse::<usize>) {
            None => 0,
            Some(Ok(number)) if number > 0 => number,
            _ => return self.say("expected /show, or /show and the number of a result"),
        };
        let Some(call) = self.state.shown(number) else {
            return self.say("there is no such result in this conversation");
        };
        let path = session::journal_of(&self.session.directory);
        match results::words(&path, &call) {
            Some(text) => self.page(&text),
            None => self.say("the result is not in the journal"),
        }
    }

    /// Prints a text; a long one through the user's pager.
    fn page(&self, text: &str) {
        let text = crate::render::harmless(text);
        let short = text.lines().count() <= PAGE;
        let pager = self
            .ready
            .here
            .environment
            .process("PAGER")
            .unwrap_or_else(|| "less".to_owned());
        let mut words = pager.split_whitespace();
        if let (false, true, Some(program)) = (short, self.on_terminal, words.next()) {
            let spawned = Command::new(program)
                .args(words)
                .stdin(Stdio::piped())
                .spawn();
            if let Ok(mut child) = spawned {
                if let Some(mut pipe) = child.stdin.take() {
                    // Who leaves before the end closes it.
                    let _ = pipe.write_all(text.as_bytes());
                }
                let _ = child.wait();
                return;
            }
        }
        self.printer
            .print(&format!("{}\n", text.trim_end_matches('\n')));
    }

    fn journal(&self) {
        let path = session::journal_of(&self.session.directory);
        match journal::verify(&path) {
            Ok(summary) => self.say(&format!(
                "{}: intact; {} records",
                path.display(),
                summary.records
            )),
            Err(error) => self.say(&error.to_string()),
        }
    }

    fn share_traces(&self, wanted: Option<&str>) {
        let loaded = &self.ready.here.loaded;
        let shares = if loaded.config.share_traces {
            "on"
        } else {
            "off"
        };
        self.say(&format!(
            "share_traces is {shares} ({}); this session's record is {}, and nothing of it has left this machine",
            loaded.origin("share_traces"),
            session::journal_of(&self.session.directory).display()
        ));
        if wanted.is_some() {
            self.say("there is no uploaded trace whose visibility could be changed");
        }
    }
}
