//! The chat as a person starts it, in a pseudo-terminal: how long until the line to type in is there, the memory by then,
//! and what 100,000 lines of a tool's output do to both. Needs the release binary, and what `make setup` installs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    missing_docs,
    reason = "a benchmark; a panic is its report"
)]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;

/// Launches.
const RUNS: usize = 15;

/// The binary in a terminal.
struct Terminal {
    child: Child,
    master: File,
    seen: Vec<u8>,
    since: Instant,
}

impl Terminal {
    fn start(binary: &Path, place: &Path, model: &str) -> Terminal {
        let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = || {
            let path = PathBuf::from(name.to_str().unwrap());
            let file = File::options().read(true).write(true).open(path).unwrap();
            Stdio::from(file)
        };
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/dist");
        let since = Instant::now();
        let child = Command::new(binary)
            .args(["chat", "--model", model, "--workspace"])
            .arg(place.join("work"))
            .arg("--plugins")
            .arg(plugins)
            .env("XDG_STATE_HOME", place.join("state"))
            .env("TERM", "xterm-256color")
            .env("COLUMNS", "80")
            .env("LC_ALL", "C.UTF-8")
            .stdin(slave())
            .stdout(slave())
            .stderr(slave())
            .spawn()
            .unwrap();
        Terminal {
            child,
            master: File::from(master),
            seen: Vec::new(),
            since,
        }
    }

    /// Reads until a text is there, and gives the time since the start. What the terminal is asked is answered.
    fn until(&mut self, text: &str) -> Duration {
        let mut buffer = [0; 65_536];
        loop {
            let found = self
                .seen
                .windows(text.len())
                .any(|window| window == text.as_bytes());
            if found {
                self.seen.clear();
                return self.since.elapsed();
            }
            let read = self.master.read(&mut buffer).unwrap();
            let piece = &buffer[..read];
            // Where the cursor is (DSR, ECMA-48): in the first row, which is as good as any.
            for _ in 0..piece
                .windows(4)
                .filter(|window| window == b"\x1b[6n")
                .count()
            {
                self.master.write_all(b"\x1b[1;1R").unwrap();
            }
            self.seen.extend_from_slice(piece);
        }
    }

    fn status(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .unwrap();
        line.trim_start_matches(':')
            .trim()
            .strip_suffix(" kB")
            .unwrap()
            .parse()
            .unwrap()
    }

    fn end(mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

/// The median, the least and the most.
fn spread(mut values: Vec<u64>) -> (u64, u64, u64) {
    values.sort_unstable();
    (
        values[values.len() / 2],
        values[0],
        values[values.len() - 1],
    )
}

fn main() {
    let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../release/ml-intern");
    if !binary.is_file() {
        println!(
            "launch: {} is not there; `make bench` builds it",
            binary.display()
        );
        return;
    }
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::create_dir(place.path().join("work")).unwrap();
    let script = |lines: u32| {
        let path = place.path().join(format!("{lines}.jsonl"));
        let call = json!({"text": "", "tool_calls": [{"name": "bash", "arguments": {"command": format!("seq {lines}")}}]});
        std::fs::write(
            &path,
            format!("{call}\n{}\n", json!({"text": "All is printed."})),
        )
        .unwrap();
        format!("scripted/{}", path.display())
    };
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut terminal = Terminal::start(&binary, place.path(), &script(100));
        let time = terminal.until("> ");
        times.push(u64::try_from(time.as_millis()).unwrap());
        memory.push(terminal.status("VmRSS") / 1024);
        terminal.end();
    }
    let (median, least, most) = spread(times);
    println!("launch to prompt: {median} ms ({least} to {most}; {RUNS} runs)");
    let (median, _, most) = spread(memory);
    println!("memory at the prompt: {median} MiB (at most {most})");
    for lines in [100, 100_000] {
        let (mut times, mut peaks) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let mut terminal = Terminal::start(&binary, place.path(), &script(lines));
            terminal.until("> ");
            terminal.since = Instant::now();
            terminal.master.write_all(b"print\r").unwrap();
            let time = terminal.until("All is printed.");
            times.push(u64::try_from(time.as_millis()).unwrap());
            peaks.push(terminal.status("VmHWM") / 1024);
            terminal.end();
        }
        let (time, ..) = spread(times);
        let (peak, ..) = spread(peaks);
        println!("a turn that prints {lines} lines: {time} ms, {peak} MiB at most");
    }
}
