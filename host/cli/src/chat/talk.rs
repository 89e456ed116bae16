//! One session in conversation: what the user types becomes turns, answers and commands; what happens is printed.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use agent::{
    ApprovalAnswer, Desk, DeskError, Events, Handle, Operation, Outcome, QueueError, Ticket,
};
use tokio::runtime::Runtime;

use super::approve::{self, Reply};
use super::commands;
use super::complete::SharedWords;
use super::input::{Input, Printer, Read, Waker, joined, lock};
use super::state::State;
use super::{demo, edit, open, results};
use crate::attended::Waiving;
use crate::fail::Fail;
use crate::session::{self, Session};
use crate::start::{DEMO_ID, Opened, Ready, Started, start};
use crate::still::Still;
use crate::tools::PluginTools;

/// Two presses of Ctrl-C within this time leave.
const TWICE: Duration = Duration::from_secs(1);

/// How often what goes on is drawn anew while a turn runs.
const TICK: Duration = Duration::from_millis(500);

/// How long a session may take to end in order once the terminal is gone.
const GRACE: Duration = Duration::from_secs(3);

/// How long an answer waits for its question to be put: the event of it is sent a moment before.
const PUT: Duration = Duration::from_secs(2);

/// What comes after a session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Quit,
    /// A new one on the same directory.
    New,
    /// An earlier one.
    Session(PathBuf),
    /// A new one, on the files of the demo.
    Demo,
    /// A new one, and the private copy of the one in this directory is removed.
    Discard(PathBuf),
}

/// A session to begin with.
pub(crate) struct Begin {
    pub(crate) session: Session,
    /// It is the demo's: a script plays the model, and its prompt is the first.
    pub(crate) demo: bool,
}

/// A session, its agent, and who prints what it says.
pub(crate) struct Talk<'a> {
    pub(super) ready: &'a Ready,
    pub(super) runtime: &'a Runtime,
    pub(super) state: &'a Arc<State>,
    pub(super) session: Opened,
    pub(super) handle: Handle,
    pub(super) tools: Arc<PluginTools>,
    /// What Tab completes.
    pub(super) words: SharedWords,
    pub(super) printer: Printer,
    pub(super) on_terminal: bool,
    desk: Desk,
    pump: JoinHandle<()>,
    pressed: Option<Instant>,
    /// There is no model that could answer.
    pub(super) mute: bool,
}

impl<'a> Talk<'a> {
    /// Begins: loads what the agent needs, and says what it is.
    pub(crate) fn begin(
        ready: &'a Ready,
        runtime: &'a Runtime,
        state: &'a Arc<State>,
        words: &'a SharedWords,
        input: &mut Input,
        begin: Begin,
    ) -> Result<Talk<'a>, Fail> {
        let Begin { session, demo } = begin;
        let mut session = Opened::from(session);
        let resumed = session.is_resumed();
        let turns = session.turns();
        let mute = !demo && ready.missing_key.is_some();
        let model: Box<dyn agent::Model> = if demo {
            ready.open(DEMO_ID)?
        } else if mute {
            Box::new(Still {
                model: "none".to_owned(),
            })
        } else {
            ready.model()?
        };
        let desk = Desk::default();
        let switch = Arc::clone(state);
        let approver = Arc::new(Waiving {
            all: Arc::new(move || switch.is_yolo()),
            cpu_jobs: !ready.here.loaded.config.confirm_cpu_jobs,
            otherwise: desk.clone(),
        });
        let started = start(ready, &mut session, model, approver);
        let Started {
            agent,
            events,
            label,
            tools,
        } = runtime.block_on(started)?;
        let handle = {
            let _inside = runtime.enter();
            agent.spawn().attended(desk.clone())
        };
        state.begin(&label, turns);
        lock(words).root = session.workspace.root().to_owned();
        let printer = input.printer();
        let waker = input.waker();
        let path = session::journal_of(&session.directory);
        let pump = pump(events, state, &printer, &waker, path);
        let mut talk = Talk {
            ready,
            runtime,
            state,
            session,
            handle,
            tools,
            words: Arc::clone(words),
            printer,
            on_terminal: std::io::stdout().is_terminal(),
            desk,
            pump,
            pressed: None,
            mute,
        };
        if state.is_yolo() {
            talk.keep_a_cap();
        }
        talk.printer.print(&talk.opening(&label, resumed));
        if mute {
            talk.offer();
        }
        if demo {
            talk.printer.print(&format!("> {}\n", demo::PROMPT));
            talk.submit(demo::PROMPT);
        }
        Ok(talk)
    }

    /// Reads lines until something else comes next.
    pub(crate) fn go(&mut self, input: &mut Input) -> Result<Next, Fail> {
        let ticker = self.tick();
        let next = loop {
            let state = Arc::clone(self.state);
            let ready = move || state.is_idle() || state.asked().is_some();
            match input
                .read(ready)
                .map_err(|error| Fail::failed(format!("the terminal cannot be read: {error}")))?
            {
                Read::End => break Next::Quit,
                Read::Interrupt => {
                    if self.interrupted() {
                        break Next::Quit;
                    }
                }
                Read::Woken => {
                    if self.state.leaves() {
                        break Next::Quit;
                    }
                    if self.state.asked().is_some() {
                        input.set_aside();
                    } else {
                        input.bring_back();
                    }
                }
                Read::Line(line) => {
                    self.pressed = None;
                    if let Some(next) = self.line(&joined(&line), input) {
                        break next;
                    }
                }
            }
        };
        ticker.abort();
        // What still runs would write into a session that nobody sees any more.
        self.state.interrupt();
        Ok(next)
    }

    /// Ends the agent, and waits until all that it said is printed.
    pub(crate) fn end(self) {
        let Talk {
            handle,
            pump,
            runtime,
            session,
            ..
        } = self;
        if let Ok(agent) = runtime.block_on(handle.shutdown()) {
            drop(agent);
        }
        let _ = pump.join();
        open::close(&session);
    }

    /// A line; what comes next, where it ends the session.
    fn line(&mut self, line: &str, input: &mut Input) -> Option<Next> {
        // Also while something is asked: who looks at the changes before they answer has not answered.
        match commands::parse(line) {
            Some(Ok(command)) => return self.command(command),
            Some(Err(words)) => {
                self.say(&words);
                return None;
            }
            None => {}
        }
        if self.state.asked().is_some() {
            self.answer(line);
            if self.state.asked().is_none() {
                input.bring_back();
            }
            return None;
        }
        if line.trim().is_empty() {
            return None;
        }
        self.submit(line);
        None
    }

    /// What the user says to the model.
    fn submit(&mut self, text: &str) {
        if self.mute {
            return self.offer();
        }
        let input = Operation::UserInput {
            text: text.to_owned(),
        };
        let ticket = self.handle.submit(input);
        self.follow(ticket);
    }

    /// What can be done without a key.
    fn offer(&self) {
        let variable = self.ready.missing_key.unwrap_or_default();
        self.printer.print(&format!(
            "  There is no key for {}: set {variable}, in the environment or in .env, and start again.\n  Without one:\n    \
             /demo                trains a real model here, in the sandbox, by a script that plays the model\n    \
             /model llamacpp/NAME a model on this machine: also ollama/, vllm/ and lm_studio/, see docs/local-models.md\n    \
             /tools, /policy      what a model could do here, and what it may\n",
            self.ready.here.loaded.config.model_name
        ));
    }

    /// Waits for a submission in the background.
    pub(super) fn follow(&self, ticket: Result<Ticket, QueueError>) {
        let ticket = match ticket {
            Ok(ticket) => ticket,
            Err(error) => return self.say(&error.to_string()),
        };
        let id = ticket.id;
        self.state.runs(id, ticket.interrupter());
        let state = Arc::clone(self.state);
        let printer = self.printer.clone();
        let meter = self.handle.meter();
        self.runtime.spawn(async move {
            let outcome = ticket.outcome().await;
            // What it said last is printed first.
            let last = meter.events();
            state.printed(last).await;
            if let Outcome::Denied(denial) = &outcome {
                printer.print(&format!("  {denial}\n"));
            }
            state.ended(id);
            printer.redraw();
        });
    }

    /// Waits for a submission here.
    pub(super) fn finish(&self, ticket: Result<Ticket, QueueError>) -> Result<Outcome, String> {
        let ticket = ticket.map_err(|error| error.to_string())?;
        Ok(self.runtime.block_on(ticket.outcome()))
    }

    /// A line that answers what is asked.
    fn answer(&mut self, line: &str) {
        let Some(asked) = self.state.asked() else {
            return;
        };
        let answers = match approve::read(line, &asked) {
            Reply::Unclear(words) => return self.say(&words),
            Reply::Answers(answers) => answers,
            Reply::Yolo => {
                self.state.set_yolo(true);
                self.keep_a_cap();
                asked
                    .items
                    .iter()
                    .map(|item| ApprovalAnswer {
                        tool_call_id: item.tool_call_id.clone(),
                        approved: true,
                        ..ApprovalAnswer::default()
                    })
                    .collect()
            }
            Reply::Edit(at) => {
                let Some(item) = asked.items.get(at) else {
                    return;
                };
                let variable = |name: &str| self.ready.here.environment.process(name);
                match edit::arguments(&item.arguments, variable) {
                    Err(error) => return self.say(&error.to_string()),
                    Ok(edited) => vec![ApprovalAnswer {
                        tool_call_id: item.tool_call_id.clone(),
                        approved: true,
                        edited_arguments: Some(edited),
                        ..ApprovalAnswer::default()
                    }],
                }
            }
        };
        let Some((approvals, begun)) = self.state.answer(answers) else {
            if let Some(asked) = self.state.asked() {
                let open: Vec<String> = approve::open(&asked)
                    .iter()
                    .map(|at| at.saturating_add(1).to_string())
                    .collect();
                self.say(&format!("still open: {}", open.join(", ")));
            }
            return;
        };
        self.printer.print(&begun);
        let since = Instant::now();
        while self.desk.asks().is_empty() && since.elapsed() < PUT {
            std::thread::sleep(Duration::from_millis(1));
        }
        match self.handle.submit(Operation::ExecApproval { approvals }) {
            Ok(_) => {}
            // The turn was stopped meanwhile.
            Err(QueueError::Desk(DeskError::NothingAsked)) => {
                self.say("nothing is being asked any more");
            }
            Err(error) => self.say(&error.to_string()),
        }
    }

    /// Ctrl-C; whether to leave.
    fn interrupted(&mut self) -> bool {
        let now = Instant::now();
        let twice = self
            .pressed
            .is_some_and(|before| now.duration_since(before) < TWICE);
        if twice {
            return true;
        }
        self.pressed = Some(now);
        if !self.state.interrupt() {
            self.say("Ctrl-C again to leave");
        }
        false
    }

    /// A line of our own.
    pub(super) fn say(&self, text: &str) {
        self.printer.print(&format!("  {text}\n"));
    }

    fn tick(&self) -> tokio::task::JoinHandle<()> {
        let state = Arc::clone(self.state);
        let printer = self.printer.clone();
        self.runtime.spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                if !state.is_idle() {
                    printer.redraw();
                }
            }
        })
    }

    /// What is said at the beginning.
    fn opening(&self, label: &str, resumed: bool) -> String {
        let workspace = &self.session.workspace;
        let (place, how) = match workspace.staged() {
            Some(_) => (
                workspace.source(),
                "a private copy; /diff, /commit, /discard",
            ),
            None => (workspace.root(), "the directory itself"),
        };
        let mut text = format!(
            "model      {label}\npolicy     {}\ntools      {} of {} plugins\nworkspace  {} ({how})\n",
            self.ready.policy.policy.name(),
            self.tools.entries().len(),
            self.tools.plugins().len(),
            place.display(),
        );
        if resumed {
            text.push_str(&format!(
                "session    {}, resumed\n",
                self.session.directory.display()
            ));
        }
        text.push_str("/help lists the commands; Ctrl-D leaves\n\n");
        text
    }
}

/// Prints what the agent says, until it has ended.
fn pump(
    mut events: Events,
    state: &Arc<State>,
    printer: &Printer,
    waker: &Waker,
    journal: PathBuf,
) -> JoinHandle<()> {
    let (state, printer, waker) = (Arc::clone(state), printer.clone(), waker.clone());
    std::thread::spawn(move || {
        while let Some(envelope) = events.blocking_recv() {
            let reaction = state.event(&envelope);
            printer.print(&reaction.text);
            if let Some(call) = reaction.picture {
                for (png, alt) in results::pictures(&journal, &call) {
                    let place = format!("a picture, {alt}: in the journal, call {call}");
                    printer.print(&state.picture(&png, &place));
                }
            }
            state.print(envelope.seq);
            if reaction.wake {
                waker.wake();
            }
        }
    })
}

/// Ctrl-C where no editor sees the key, and requests to end.
pub(crate) async fn signals(state: Arc<State>, waker: Waker) {
    use tokio::signal::unix::{SignalKind, signal};
    let all = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = all else {
        return;
    };
    let code = loop {
        tokio::select! {
            _ = interrupt.recv() => waker.interrupt(),
            _ = hangup.recv() => break 129,
            _ = terminate.recv() => break 143,
        }
    };
    state.leave();
    state.interrupt();
    waker.wake();
    // A terminal that is gone cannot be read, and whoever reads it may never come back.
    tokio::time::sleep(GRACE).await;
    #[expect(
        clippy::exit,
        reason = "nothing else ends a thread that reads; the journal is whole at any instant"
    )]
    std::process::exit(code);
}
