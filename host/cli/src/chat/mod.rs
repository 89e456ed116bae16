//! A conversation with a person: lines in, events out, until they leave.
//!
//! One thread reads the user's lines ([`input`]); one takes events and prints ([`talk`]); the agent runs on the runtime's
//! threads. What they all know is in [`state`]. A new session is a new agent with everything around it, so nothing of one
//! session can reach the next.

mod act;
mod approve;
mod commands;
mod complete;
mod demo;
mod edit;
mod input;
mod key;
mod open;
mod results;
mod state;
mod talk;

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::args;
use crate::fail::Fail;
use crate::render::{self, put};
use crate::session::{self, Session};
use crate::start::{DEMO_ID, Ready};

pub(crate) use open::{Listed, earlier, sessions};

use complete::{Completing, SharedWords, Words};
use input::Input;
use state::State;
use talk::{Next, Talk};

/// Where a conversation begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Begin<'a> {
    /// In a new session on a directory.
    New {
        workspace: &'a Path,
        session_dir: Option<&'a Path>,
    },
    /// Where an earlier one ended.
    Resume(&'a args::Resume),
}

/// Talks until the user leaves.
pub(crate) fn chat(begin: Begin<'_>, how: &args::How) -> Result<u8, Fail> {
    let mut ready = Ready::of(how, true)?;
    if key::ask(&ready)? {
        // With the token everywhere that it belongs.
        ready = Ready::of(how, true)?;
    }
    let yolo = ready.here.loaded.config.yolo_mode;
    let words: SharedWords = Arc::new(Mutex::new(Words {
        models: vec![
            ready.here.loaded.config.model_name.clone(),
            DEMO_ID.to_owned(),
        ],
        sessions: open::latest(&ready.paths)
            .into_iter()
            .map(|(id, _)| id)
            .collect(),
        ..Words::default()
    }));
    let variable = |name: &str| ready.here.environment.process(name);
    let terminal = render::terminal(variable);
    let state = Arc::new(State::new(&terminal, how.json, yolo));
    let mut input = reader(&ready, &terminal, &state, &words)?;
    let runtime = crate::runtime()?;
    let watch = runtime.spawn(talk::signals(Arc::clone(&state), input.waker()));
    let mut session = match begin {
        Begin::New {
            workspace,
            session_dir,
        } => open::new(&ready, workspace, session_dir)?,
        Begin::Resume(resume) => open::earlier(&ready, resume)?,
    };
    let workspace = session.workspace.source().to_owned();
    let direct = session.workspace.staged().is_none();
    let mut demo = false;
    let ended = loop {
        let begin = talk::Begin { session, demo };
        let mut talk = Talk::begin(&ready, &runtime, &state, &words, &mut input, begin)?;
        let next = talk.go(&mut input);
        talk.end();
        let next = next?;
        demo = next == Next::Demo;
        session = match next {
            Next::Quit => break Ok(0),
            Next::New => open::like(&ready, &workspace, direct)?,
            Next::Demo => demo::session(&ready)?,
            Next::Discard(directory) => {
                session::workspace(&directory)?
                    .discard()
                    .map_err(open::failed)?;
                open::like(&ready, &workspace, direct)?
            }
            Next::Session(directory) => {
                Session::go_on(&directory, ready.redactor.clone(), &ready.policy)?
            }
        };
    };
    watch.abort();
    put("Bye.\n");
    ended
}

/// The line editor, where there is a terminal that it can draw on.
fn reader(
    ready: &Ready,
    terminal: &screen::Terminal,
    state: &Arc<State>,
    words: &SharedWords,
) -> Result<Input, Fail> {
    let tty = std::io::stdin().is_terminal();
    let around = Arc::clone(state) as Arc<dyn input::Around>;
    if !tty || !terminal.moves {
        return Ok(Input::lines(around, tty));
    }
    let history = ready.paths.history()?;
    let completer = Box::new(Completing(Arc::clone(words)));
    Input::editor(&history, completer, around, terminal.styles)
        .map_err(|error| Fail::usage(format!("{}: {error}", history.display())))
}
