//! A job's log: server-sent events (WHATWG HTML §9.2) as lines of text, each once however often the stream is opened.
//!
//! | event | becomes |
//! | --- | --- |
//! | `data: {"timestamp": "…", "data": "step 1\n"}` | the line `step 1` |
//! | `: keep-alive`, an empty line, another field | nothing |
//! | `data` that begins with `===== Job started` | nothing |
//! | escape sequences, what a carriage return overwrote | nothing |

use ml_intern_sdk::prelude::*;
use ml_intern_sdk::printed;

/// Bytes of a log that are kept at most; what comes after is not read.
pub(crate) const KEPT: usize = 16 << 20;
/// Bytes of one event at most; a longer one is left out.
const EVENT: usize = 1 << 20;
/// Characters of one line at most.
const LINE: usize = 4_000;
/// What stands in place of the lines about packages.
const FOLDED: &str = "[installs truncated]";

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Event {
    #[serde(default)]
    pub(crate) timestamp: Option<String>,
    pub(crate) data: String,
}

/// Takes events out of a stream that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    /// The line is longer than an event may be.
    over: bool,
}

impl Events {
    /// The events that the next bytes complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            self.over |= self.line.len() + text.len() > EVENT;
            if !self.over {
                self.line.extend_from_slice(text);
            }
            if ends {
                if !std::mem::take(&mut self.over) {
                    events.extend(event(&self.line));
                }
                self.line.clear();
            }
        }
        events
    }
}

fn event(line: &[u8]) -> Option<Event> {
    let data = line.strip_prefix(b"data:")?;
    serde_json::from_slice(data).ok()
}

/// Which events of a stream that was opened again are known.
#[derive(Debug)]
pub(crate) struct Replay {
    /// The latest timestamp that is known, and how many events have it.
    known: Option<(String, u32)>,
    /// Events of that timestamp that came again.
    met: u32,
}

impl Replay {
    fn is_new(&mut self, stamp: &str) -> bool {
        match &self.known {
            Some((latest, _)) if stamp < latest.as_str() => return false,
            Some((latest, count)) if stamp == latest => {
                self.met += 1;
                if self.met <= *count {
                    return false;
                }
            }
            _ => {}
        }
        self.known = None;
        true
    }
}

/// The lines so far.
#[derive(Debug)]
pub(crate) struct Log {
    text: String,
    lines: u64,
    /// The latest timestamp, and how many events have it.
    latest: Option<(String, u32)>,
    most: usize,
    /// There was more than is kept.
    pub(crate) full: bool,
}

impl Log {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            text: String::new(),
            lines: 0,
            latest: None,
            most,
            full: false,
        }
    }

    /// For a stream that is opened (again).
    pub(crate) fn replay(&self) -> Replay {
        Replay {
            known: self.latest.clone(),
            met: 0,
        }
    }

    /// The lines of an event, if it is a new one.
    pub(crate) fn take(&mut self, replay: &mut Replay, event: &Event) -> Vec<String> {
        let stamp = event.timestamp.as_deref().unwrap_or_default();
        if !replay.is_new(stamp) {
            return Vec::new();
        }
        match &mut self.latest {
            Some((latest, count)) if latest == stamp => *count += 1,
            Some((latest, _)) if stamp < latest.as_str() => {}
            _ => self.latest = Some((stamp.to_owned(), 1)),
        }
        let text = printed::plain(event.data.as_bytes());
        if text.starts_with("===== Job started") {
            return Vec::new();
        }
        let mut lines = Vec::new();
        for line in text.strip_suffix('\n').unwrap_or(&text).split('\n') {
            let line = crate::table::short(line.trim_end(), LINE);
            if self.text.len() + line.len() + 1 > self.most {
                self.full = true;
                break;
            }
            if self.lines > 0 {
                self.text.push('\n');
            }
            self.text.push_str(&line);
            self.lines += 1;
            lines.push(line);
        }
        lines
    }

    /// Everything, without the lines about packages.
    pub(crate) fn folded(&self) -> String {
        fold(&self.text)
    }

    /// Everything.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// What comes before uv's last word about packages (`Installed 42 packages in 1.2s`), replaced by one line.
fn fold(text: &str) -> String {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && is_installed(line.trim()) {
            return format!("{FOLDED}\n{}", text.get(at..).unwrap_or_default());
        }
        at += line.len();
    }
    text.to_owned()
}

/// `Installed <n> package(s) in <number><unit>`, a blank before the unit or not.
fn is_installed(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let ["Installed", count, "package" | "packages", "in", time @ ..] = words.as_slice() else {
        return false;
    };
    let time = time.concat();
    let number = time
        .strip_suffix("ms")
        .or_else(|| time.strip_suffix('s'))
        .unwrap_or_default();
    count.bytes().all(|byte| byte.is_ascii_digit())
        && !count.is_empty()
        && number.parse::<f64>().is_ok_and(|number| number >= 0.0)
}

/// The text as a fenced block, whose fence no line of it closes; `(no logs)` where there is none.
pub(crate) fn fenced(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() {
        return "(no logs)".into();
    }
    let longest = text
        .lines()
        .map(|line| {
            let line = line.trim_start();
            line.len() - line.trim_start_matches('`').len()
        })
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(stamp: &str, data: &str) -> Event {
        Event {
            timestamp: Some(stamp.into()),
            data: data.into(),
        }
    }

    #[test]
    fn events_are_taken_out_of_pieces() {
        let stream = ": keep-alive\n\nevent: log\ndata: {\"timestamp\":\"1\",\"data\":\"é\"}\n\n\
                      data:{\"data\":\"b\"}\r\ndata: nonsense\ndata: \ndata: {\"timestamp\":\"2\"}\n";
        let expected = vec![
            event("1", "é"),
            Event {
                timestamp: None,
                data: "b".into(),
            },
        ];
        for size in [1, 2, 7, 1_000] {
            let mut events = Events::default();
            let found: Vec<Event> = stream
                .as_bytes()
                .chunks(size)
                .flat_map(|piece| events.push(piece))
                .collect();
            assert_eq!(found, expected, "{size}");
        }
    }

    #[test]
    fn an_event_that_is_too_long_is_left_out_and_its_neighbour_is_not() {
        let of = |length: usize| {
            let frame = "data: {\"data\":\"\"}".len();
            format!("data: {{\"data\":\"{}\"}}\n", "x".repeat(length - frame))
        };
        let found = |length| Events::default().push(of(length).as_bytes()).len();
        assert_eq!((found(EVENT), found(EVENT + 1)), (1, 0));
        let mut events = Events::default();
        assert_eq!(events.push(of(EVENT + 1).as_bytes()).len(), 0);
        assert_eq!(events.push(of(EVENT).as_bytes()).len(), 1);
    }

    #[test]
    fn each_line_once_however_often_the_stream_is_opened() {
        let all = [
            event("1", "===== Job started at 2025-06-02 =====\n"),
            event("2", "a\n"),
            event("2", "a\n"),
            event("3", "b\n"),
            event("3", "c\nd\n"),
            event("3", "e"),
            event("4", ""),
        ];
        for cuts in [
            vec![7],
            vec![1, 7],
            vec![2, 3, 7],
            vec![4, 5, 5, 6, 7],
            vec![0, 7],
        ] {
            let mut log = Log::new(KEPT);
            for cut in &cuts {
                let mut replay = log.replay();
                for event in &all[..*cut] {
                    log.take(&mut replay, event);
                }
            }
            assert_eq!(log.text(), "a\na\nb\nc\nd\ne\n", "{cuts:?}");
        }
    }

    #[test]
    fn lines_without_times_or_out_of_order_are_kept() {
        let mut log = Log::new(KEPT);
        let untimed = |data: &str| Event {
            timestamp: None,
            data: data.into(),
        };
        for _ in 0..2 {
            let mut replay = log.replay();
            for data in ["a", "b"] {
                log.take(&mut replay, &untimed(data));
            }
        }
        assert_eq!(log.text(), "a\nb");
        let mut log = Log::new(KEPT);
        for _ in 0..2 {
            let mut replay = log.replay();
            for (stamp, data) in [("2", "a"), ("1", "b"), ("3", "c")] {
                log.take(&mut replay, &event(stamp, data));
            }
        }
        assert_eq!(log.text(), "a\nb\nc");
    }

    #[test]
    fn no_more_is_kept_than_was_said() {
        let mut log = Log::new(5);
        let mut replay = log.replay();
        assert_eq!(log.take(&mut replay, &event("1", "ab\ncd\n")), ["ab", "cd"]);
        assert!(!log.full);
        assert_eq!(
            log.take(&mut replay, &event("2", "e\n")),
            Vec::<String>::new()
        );
        assert!(log.full);
        assert_eq!(log.text(), "ab\ncd");
        let mut log = Log::new(KEPT);
        let long = "x".repeat(LINE + 1);
        let mut replay = log.replay();
        assert_eq!(
            log.take(&mut replay, &event("1", &long)),
            [format!("{}…", "x".repeat(LINE - 1))]
        );
    }

    #[test]
    fn terminal_control_is_gone() {
        let mut log = Log::new(KEPT);
        let mut replay = log.replay();
        log.take(
            &mut replay,
            &event("1", "\u{1b}[31mred\u{1b}[0m\n 1%\r 2%\r\n"),
        );
        assert_eq!(log.text(), "red\n 2%");
    }

    #[test]
    fn packages_are_folded() {
        let table = [
            (
                "a\nInstalled 3 packages in 12 ms\nb",
                "[installs truncated]\nInstalled 3 packages in 12 ms\nb",
            ),
            (
                "a\n  Installed 1 package in 1.25s\nb\n",
                "[installs truncated]\n  Installed 1 package in 1.25s\nb\n",
            ),
            (
                "Installed 3 packages in 12ms\nb",
                "Installed 3 packages in 12ms\nb",
            ),
            (
                "a\nInstalled x packages in 12ms",
                "a\nInstalled x packages in 12ms",
            ),
            (
                "a\nInstalled 3 packages in no time",
                "a\nInstalled 3 packages in no time",
            ),
            ("a\nb", "a\nb"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(fold(text), expected, "{text}");
        }
    }

    #[test]
    fn fences_are_longer_than_what_they_hold() {
        for (text, expected) in [
            ("", "(no logs)"),
            (" \n", "(no logs)"),
            ("a\n", "```\na\n```"),
            ("a\n```\nb", "````\na\n```\nb\n````"),
            ("  `````", "``````\n  `````\n``````"),
        ] {
            assert_eq!(fenced(text), expected);
        }
    }
}
