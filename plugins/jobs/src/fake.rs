//! A world for tests: a clock that pauses move, and lines where they take time, a store, files in memory, and a plain `python3` where it is wanted.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command as Process, Stdio};

use ml_intern_sdk::Failure;
use ml_intern_sdk::programs::{Command, Exit};

use crate::job::milliseconds;
use crate::started::Started;
use crate::world::World;

/// What the person who watches has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    Log(String),
    Report(u64, Option<u64>, String),
    Status(String),
}

#[derive(Debug)]
pub(crate) struct Fake {
    now: Cell<u64>,
    /// Milliseconds that each line for the person who watches takes.
    tick: u64,
    shown: RefCell<Vec<Shown>>,
    started: RefCell<Vec<Started>>,
    files: BTreeMap<String, String>,
    kept: RefCell<BTreeMap<String, String>>,
    python: bool,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self {
            now: Cell::new(milliseconds("2025-06-02T10:00:00Z").unwrap()),
            tick: 0,
            shown: RefCell::default(),
            started: RefCell::default(),
            files: BTreeMap::new(),
            kept: RefCell::default(),
            python: false,
        }
    }

    pub(crate) fn with_file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    pub(crate) fn with_tick(mut self, milliseconds: u64) -> Self {
        self.tick = milliseconds;
        self
    }

    pub(crate) fn with_python(mut self) -> Self {
        self.python = true;
        self
    }

    pub(crate) fn pass(&self, milliseconds: u64) {
        self.now.set(self.now.get() + milliseconds);
    }

    pub(crate) fn shown(&self) -> Vec<Shown> {
        self.shown.borrow().clone()
    }

    pub(crate) fn logged(&self) -> Vec<String> {
        let shown = self.shown.borrow();
        let lines = shown.iter().filter_map(|shown| match shown {
            Shown::Log(line) => Some(line.clone()),
            _ => None,
        });
        lines.collect()
    }

    pub(crate) fn kept(&self) -> BTreeMap<String, String> {
        self.kept.borrow().clone()
    }
}

impl World for Fake {
    fn now(&self) -> u64 {
        self.now.get()
    }

    fn pause(&self, milliseconds: u32) {
        self.pass(milliseconds.into());
    }

    fn log(&self, line: &str) {
        self.pass(self.tick);
        self.shown.borrow_mut().push(Shown::Log(line.to_owned()));
    }

    fn report(&self, done: u64, total: Option<u64>, unit: &str) {
        let report = Shown::Report(done, total, unit.to_owned());
        self.shown.borrow_mut().push(report);
    }

    fn status(&self, status: &str) {
        let status = Shown::Status(status.to_owned());
        self.shown.borrow_mut().push(status);
    }

    fn started(&self) -> Result<Vec<Started>, Failure> {
        Ok(self.started.borrow().clone())
    }

    fn set_started(&self, jobs: &[Started]) -> Result<(), Failure> {
        *self.started.borrow_mut() = jobs.to_vec();
        Ok(())
    }

    fn python(&self, command: &Command) -> Result<Exit, String> {
        if !self.python {
            return Err("`python` is not installed, or not granted".into());
        }
        let mut child = Process::new("python3")
            .args(&command.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&command.stdin).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        Ok(Exit {
            code: output.status.code().unwrap_or(-1),
            stopped: None,
            stdout: output.stdout,
            stderr: output.stderr,
            truncated: false,
            elapsed: 0,
            cpu: None,
            peak_memory: 0,
            figures: Vec::new(),
            fresh: true,
            lost: None,
        })
    }

    fn script(&self, path: &str, most: usize) -> Result<String, String> {
        let text = self
            .files
            .get(path)
            .ok_or_else(|| format!("there is no file `{path}` in the workspace"))?;
        if text.len() > most {
            return Err(format!("`{path}` has more than {most} bytes"));
        }
        Ok(text.clone())
    }

    fn keep(&self, name: &str, text: &str) -> Result<String, String> {
        self.kept.borrow_mut().insert(name.into(), text.into());
        Ok(format!("/tmp/{name}"))
    }
}
