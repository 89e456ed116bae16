//! The binary in a terminal: tmux, which draws as terminals do and answers what they are asked.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long something may take to appear. Not a measurement: what hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A place for sessions: a workspace, a script, a home of its own.
pub(crate) struct Place {
    directory: TempDir,
    started: Cell<u32>,
}

impl Place {
    pub(crate) fn new() -> Place {
        let directory = tempfile::tempdir().unwrap();
        for name in ["work", "state", "config"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        std::fs::write(directory.path().join("work/notes.txt"), "one\ntwo\n").unwrap();
        Place {
            directory,
            started: Cell::new(0),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file into it.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A script that plays these turns, as a model's id.
    pub(crate) fn script(&self, name: &str, turns: &[Value]) -> String {
        let script: String = turns.iter().map(|turn| format!("{turn}\n")).collect();
        format!("scripted/{}", self.write(name, &script).display())
    }

    /// The variables of the binary: nothing of the user's own, but where setup has put things.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let home = PathBuf::from(std::env::var_os("HOME").unwrap());
        let at = |variable: &str, below: &str| {
            std::env::var(variable)
                .unwrap_or_else(|_| home.join(below).to_str().unwrap().to_owned())
        };
        vec![
            ("HOME", self.path("").to_str().unwrap().to_owned()),
            ("PATH", std::env::var("PATH").unwrap()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("XDG_DATA_HOME", at("XDG_DATA_HOME", ".local/share")),
            ("XDG_CACHE_HOME", at("XDG_CACHE_HOME", ".cache")),
            (
                "XDG_STATE_HOME",
                self.path("state").to_str().unwrap().to_owned(),
            ),
            (
                "XDG_CONFIG_HOME",
                self.path("config").to_str().unwrap().to_owned(),
            ),
            ("PAGER", "cat".to_owned()),
        ]
    }

    /// The binary, outside of any terminal.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ml-intern"));
        command
            .current_dir(self.path("work"))
            .env_clear()
            .envs(self.variables())
            .env("ML_INTERN_PLUGINS", plugins());
        command
    }

    /// A terminal with the binary in it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Screen {
        self.start_with(arguments, &[], (80, 24))
    }

    pub(crate) fn start_with(
        &self,
        arguments: &[&str],
        variables: &[(&str, &str)],
        size: (u16, u16),
    ) -> Screen {
        // A server that ends may still hold its socket.
        let number = self.started.get() + 1;
        self.started.set(number);
        let socket = self.path(&format!("tmux{number}"));
        let mut words = vec!["env".to_owned(), "-i".to_owned()];
        let plugins = plugins();
        let own = self.variables();
        let all = own
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain([
                ("ML_INTERN_PLUGINS", plugins.to_str().unwrap()),
                ("TERM", "tmux-256color"),
            ])
            .filter(|(name, _)| !variables.iter().any(|(other, _)| other == name))
            .chain(variables.iter().copied());
        words.extend(all.map(|(name, value)| format!("{name}={}", quoted(value))));
        words.push(quoted(env!("CARGO_BIN_EXE_ml-intern")));
        words.extend(arguments.iter().map(|argument| quoted(argument)));
        // Its exit code stays on the screen, and the screen stays.
        let line = format!("{}; echo \"[exit $?]\"; sleep 600", words.join(" "));
        let screen = Screen {
            socket,
            place: self.path(""),
        };
        let (width, height) = (size.0.to_string(), size.1.to_string());
        let output = screen.tmux(&[
            "-f",
            "/dev/null",
            "-u",
            "new-session",
            "-d",
            "-x",
            &width,
            "-y",
            &height,
            "-c",
            self.path("work").to_str().unwrap(),
            &line,
        ]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        screen
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

pub(crate) fn plugins() -> PathBuf {
    root().join("plugins/dist").canonicalize().unwrap()
}

/// What is in the terminal.
pub(crate) struct Screen {
    socket: PathBuf,
    place: PathBuf,
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]);
    }
}

impl Screen {
    fn tmux(&self, arguments: &[&str]) -> Output {
        Command::new("tmux")
            .arg("-S")
            .arg(&self.socket)
            .args(arguments)
            .env_remove("TMUX")
            .output()
            .expect("tmux is needed: see `make test`")
    }

    /// Everything that can be seen, and what has scrolled off.
    pub(crate) fn text(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p", "-J", "-S", "-2000"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// The same with the escape sequences of its styles.
    pub(crate) fn styled(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p", "-e", "-S", "-2000"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Only what can be seen.
    pub(crate) fn seen(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p"]);
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// Waits until a text can be read.
    #[track_caller]
    pub(crate) fn expect(&self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    /// Waits until a text can be read so often.
    #[track_caller]
    pub(crate) fn expect_times(&self, text: &str, times: usize) {
        self.until(text, |screen| screen.matches(text).count() >= times);
    }

    /// Waits until the line for the next thing to say is the last one.
    #[track_caller]
    pub(crate) fn ready(&self) {
        self.until("> at the end", |screen| screen.ends_with("\n>"));
    }

    #[track_caller]
    fn until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if holds(&text) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "no {what:?} in:\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types a line.
    pub(crate) fn line(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.key("Enter");
    }

    /// Types without Enter.
    pub(crate) fn typed(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Presses a key, by its name in tmux.
    pub(crate) fn key(&self, name: &str) {
        self.tmux(&["send-keys", name]);
    }

    /// Another size.
    pub(crate) fn resize(&self, width: u16, height: u16) {
        self.tmux(&[
            "resize-window",
            "-x",
            &width.to_string(),
            "-y",
            &height.to_string(),
        ]);
    }

    /// Compares what can be read with a reviewed file. What differs from run to run is replaced first.
    #[track_caller]
    pub(crate) fn matches(&self, name: &str) {
        let shown = same(&self.text(), &self.place);
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/terminal/snapshots")
            .join(format!("{name}.txt"));
        if std::env::var_os("REVIEW").is_some() {
            std::fs::write(&path, format!("{shown}\n")).unwrap();
        }
        let reviewed = std::fs::read_to_string(&path)
            .unwrap_or_else(|_| panic!("{} is not there; REVIEW=1 writes it", path.display()));
        assert_eq!(
            shown,
            reviewed.trim_end(),
            "{name}: REVIEW=1 writes it anew"
        );
    }
}

/// A screen without what differs from run to run: places, ids and times.
fn same(text: &str, place: &Path) -> String {
    let text = text.replace(place.to_str().unwrap().trim_end_matches('/'), "PLACE");
    let mut out = String::new();
    for word in text.split_inclusive([' ', '\n', '/', ')']) {
        let bare = word.trim_end_matches([' ', '\n', '/', ')']);
        let end = &word[bare.len()..];
        let is_id = bare.len() == 36 && bare.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
        let digits = bare.trim_end_matches('s');
        let is_time =
            bare.ends_with('s') && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
        let is_amount = bare.parse::<f64>().is_ok() && bare.contains('.');
        out.push_str(match bare {
            _ if is_id => "ID",
            _ if is_time => "0s",
            _ if is_amount => "0.00",
            bare => bare,
        });
        out.push_str(end);
    }
    out
}
