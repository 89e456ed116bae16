//! Where the user's lines come from: a line editor on a terminal that can move its cursor, and plain lines anywhere else.

use std::collections::VecDeque;
use std::io::{self, BufRead as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reedline::{
    ColumnarMenu, Completer, EditCommand, Emacs, ExternalPrinter, FileBackedHistory, Hinter,
    History, KeyCode, KeyModifiers, MenuBuilder as _, Prompt, PromptEditMode, PromptHistorySearch,
    PromptHistorySearchStatus, Reedline, ReedlineEvent, ReedlineMenu, Signal, ValidationResult,
    Validator, default_emacs_keybindings,
};

use crate::render::put;

/// Lines that are remembered from session to session.
const HISTORY: usize = 1_000;

/// How often the editor looks whether there is something to print.
const LOOK: Duration = Duration::from_millis(40);

/// Texts that may wait to be printed while nobody edits a line.
const WAITING: usize = 65_536;

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Read {
    /// A line, or several.
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D, or the end of a file.
    End,
    /// Somebody called [`Waker::wake`]. What was typed so far comes back with the next line.
    Woken,
}

/// Prints from any thread, above the line that is edited. Clones print to the same place.
#[derive(Clone)]
pub(crate) struct Printer {
    above: Option<SyncSender<String>>,
    repaint: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Printer {
    /// Prints whole lines.
    pub(crate) fn print(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        match &self.above {
            None => put(text),
            Some(above) => {
                let text = text.strip_suffix('\n').unwrap_or(text);
                // An empty line is one all the same.
                let text = if text.is_empty() { " " } else { text };
                let _ = above.send(text.to_owned());
            }
        }
    }

    /// Draws what is below the line anew.
    pub(crate) fn redraw(&self) {
        if let Some(repaint) = &self.repaint {
            repaint();
        }
    }
}

/// Makes [`Input::read`] return.
#[derive(Clone)]
pub(crate) enum Waker {
    Editor(Arc<AtomicBool>),
    Lines(Sender<Wake>),
}

impl Waker {
    /// Makes it return with [`Read::Woken`].
    pub(crate) fn wake(&self) {
        match self {
            Waker::Editor(signal) => signal.store(true, Ordering::Relaxed),
            Waker::Lines(sender) => {
                let _ = sender.send(Wake::Woken);
            }
        }
    }

    /// Makes it return with [`Read::Interrupt`]. An editor sees the key itself.
    pub(crate) fn interrupt(&self) {
        if let Waker::Lines(sender) = self {
            let _ = sender.send(Wake::Interrupt);
        }
    }
}

/// What plain lines wait for.
#[derive(Debug)]
pub(crate) enum Wake {
    Line(io::Result<Option<String>>),
    Interrupt,
    Woken,
}

/// What stands before the line, and below it. The editor asks for it whenever it draws.
pub(crate) trait Around: Send + Sync {
    /// What the line is for: `> `.
    fn indicator(&self) -> String;
    /// What goes on, below the line; empty where nothing does.
    fn below(&self) -> String;
}

/// The user's lines.
pub(crate) enum Input {
    Editor(Box<Editor>),
    Lines(Lines),
}

impl Input {
    /// With a line editor.
    pub(crate) fn editor(
        history: &Path,
        completer: Box<dyn Completer + Send>,
        around: Arc<dyn Around>,
        styles: bool,
    ) -> io::Result<Input> {
        Ok(Input::Editor(Box::new(Editor::new(
            history, completer, around, styles,
        )?)))
    }

    /// Without one.
    pub(crate) fn lines(around: Arc<dyn Around>, tty: bool) -> Input {
        let (sender, receiver) = channel();
        let reader = sender.clone();
        std::thread::spawn(move || {
            let mut lines = io::stdin().lock().lines();
            loop {
                let line = lines.next().transpose();
                let more = matches!(line, Ok(Some(_)));
                if reader.send(Wake::Line(line)).is_err() || !more {
                    return;
                }
            }
        });
        Input::Lines(Lines {
            receiver,
            sender,
            around,
            tty,
            early: VecDeque::new(),
        })
    }

    /// What prints above the line.
    pub(crate) fn printer(&mut self) -> Printer {
        match self {
            Input::Editor(editor) => {
                let signal = editor.reedline.repaint_signal();
                Printer {
                    above: Some(editor.above.clone()),
                    repaint: Some(Arc::new(move || signal.request_repaint())),
                }
            }
            Input::Lines(_) => Printer {
                above: None,
                repaint: None,
            },
        }
    }

    /// What makes reading return.
    pub(crate) fn waker(&self) -> Waker {
        match self {
            Input::Editor(editor) => Waker::Editor(Arc::clone(&editor.broken)),
            Input::Lines(lines) => Waker::Lines(lines.sender.clone()),
        }
    }

    /// The next thing that comes in. `ready` says whether a line may be taken now: lines of a file wait until what the
    /// one before began has come to its end.
    pub(crate) fn read(&mut self, ready: impl Fn() -> bool) -> io::Result<Read> {
        match self {
            Input::Editor(editor) => editor.read(),
            Input::Lines(lines) => lines.read(ready),
        }
    }

    /// Asks for a line of its own, past what was typed so far, which comes back with the next one.
    pub(crate) fn set_aside(&mut self) {
        if let Input::Editor(editor) = self {
            editor.aside = std::mem::take(&mut editor.typed);
        }
    }

    /// Brings back what was set aside.
    pub(crate) fn bring_back(&mut self) {
        if let Input::Editor(editor) = self {
            let aside = std::mem::take(&mut editor.aside);
            editor.typed = aside;
        }
    }
}

/// A line editor.
pub(crate) struct Editor {
    reedline: Reedline,
    prompt: Line,
    above: SyncSender<String>,
    broken: Arc<AtomicBool>,
    /// What was typed when it was woken.
    typed: String,
    aside: String,
}

impl Editor {
    fn new(
        history: &Path,
        completer: Box<dyn Completer + Send>,
        around: Arc<dyn Around>,
        styles: bool,
    ) -> io::Result<Editor> {
        let printer = ExternalPrinter::new(WAITING);
        let above = printer.sender();
        let broken = Arc::new(AtomicBool::new(false));
        let mut keys = default_emacs_keybindings();
        keys.add_binding(
            KeyModifiers::NONE,
            KeyCode::Tab,
            ReedlineEvent::UntilFound(vec![
                ReedlineEvent::Menu(MENU.to_owned()),
                ReedlineEvent::MenuNext,
            ]),
        );
        for modifiers in [KeyModifiers::ALT, KeyModifiers::SHIFT] {
            keys.add_binding(
                modifiers,
                KeyCode::Enter,
                ReedlineEvent::Edit(vec![EditCommand::InsertNewline]),
            );
        }
        let history = FileBackedHistory::with_file(HISTORY, history.to_owned())
            .map_err(|error| io::Error::other(error.to_string()))?;
        let menu = ColumnarMenu::default().with_name(MENU);
        let reedline = Reedline::create()
            .with_history(Box::new(history))
            .with_history_exclusion_prefix(Some(" ".to_owned()))
            .with_edit_mode(Box::new(Emacs::new(keys)))
            .with_completer(completer)
            .with_quick_completions(true)
            .with_partial_completions(true)
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
            .with_validator(Box::new(Whole))
            .with_hinter(Box::new(Below(Arc::clone(&around))))
            .with_ansi_colors(styles)
            .with_external_printer(printer)
            .with_break_signal(Arc::clone(&broken))
            .with_poll_interval(LOOK)
            .use_bracketed_paste(true);
        Ok(Editor {
            reedline,
            prompt: Line(around),
            above,
            broken,
            typed: String::new(),
            aside: String::new(),
        })
    }

    fn read(&mut self) -> io::Result<Read> {
        let typed = std::mem::take(&mut self.typed);
        self.reedline
            .run_edit_commands(&[EditCommand::Clear, EditCommand::InsertString(typed)]);
        Ok(match self.reedline.read_line(&self.prompt)? {
            Signal::Success(line) => Read::Line(line),
            Signal::CtrlC => Read::Interrupt,
            Signal::CtrlD => Read::End,
            Signal::ExternalBreak(typed) => {
                self.typed = typed;
                Read::Woken
            }
            _ => Read::Woken,
        })
    }
}

/// The menu of completions.
const MENU: &str = "completions";

/// What stands before the line.
struct Line(Arc<dyn Around>);

impl Prompt for Line {
    fn render_prompt_left(&self) -> std::borrow::Cow<'_, str> {
        "".into()
    }

    fn render_prompt_right(&self) -> std::borrow::Cow<'_, str> {
        "".into()
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> std::borrow::Cow<'_, str> {
        self.0.indicator().into()
    }

    fn render_prompt_multiline_indicator(&self) -> std::borrow::Cow<'_, str> {
        "· ".into()
    }

    fn render_prompt_history_search_indicator(
        &self,
        search: PromptHistorySearch,
    ) -> std::borrow::Cow<'_, str> {
        let found = match search.status {
            PromptHistorySearchStatus::Passing => "",
            PromptHistorySearchStatus::Failing => "nothing ",
        };
        format!("({found}found for {:?}) ", search.term).into()
    }
}

/// What goes on, below the line: the editor keeps a place there, which it draws and clears with the line.
struct Below(Arc<dyn Around>);

impl Hinter for Below {
    fn handle(&mut self, _: &str, _: usize, _: &dyn History, _: bool, _: &str) -> String {
        let below = self.0.below();
        if below.is_empty() {
            below
        } else {
            format!("\n{below}")
        }
    }

    fn complete_hint(&self) -> String {
        String::new()
    }

    fn next_hint_token(&self) -> String {
        String::new()
    }
}

/// Whether what was typed is all of it: not where a line ends with `\`, or a fence of code is open.
struct Whole;

impl Validator for Whole {
    fn validate(&self, text: &str) -> ValidationResult {
        if is_whole(text) {
            ValidationResult::Complete
        } else {
            ValidationResult::Incomplete
        }
    }
}

fn is_whole(text: &str) -> bool {
    let fences = text
        .lines()
        .filter(|line| line.trim_start().starts_with("```"))
        .count();
    !text.ends_with('\\') && fences % 2 == 0
}

/// A text without the `\` at the ends of its lines.
pub(crate) fn joined(text: &str) -> String {
    text.replace("\\\n", "\n")
}

/// Plain lines.
pub(crate) struct Lines {
    receiver: Receiver<Wake>,
    sender: Sender<Wake>,
    around: Arc<dyn Around>,
    /// Whether a person types them.
    tty: bool,
    /// Those that came before their time.
    early: VecDeque<io::Result<Option<String>>>,
}

impl Lines {
    fn read(&mut self, ready: impl Fn() -> bool) -> io::Result<Read> {
        let mut asked = false;
        let mut text = String::new();
        loop {
            let takes = self.tty || ready();
            if takes && !asked && (ready() || !text.is_empty()) {
                put(&if text.is_empty() {
                    self.around.indicator()
                } else {
                    "· ".to_owned()
                });
                asked = true;
            }
            let early = if takes { self.early.pop_front() } else { None };
            let line = match early {
                Some(line) => line,
                None => match self.receiver.recv_timeout(LOOK) {
                    Ok(Wake::Line(line)) if takes => line,
                    Ok(Wake::Line(line)) => {
                        self.early.push_back(line);
                        continue;
                    }
                    Ok(Wake::Interrupt) => return Ok(Read::Interrupt),
                    Ok(Wake::Woken) => return Ok(Read::Woken),
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return Ok(Read::End),
                },
            };
            match line? {
                None if text.is_empty() => {
                    if asked {
                        put("\n");
                    }
                    return Ok(Read::End);
                }
                None => return Ok(Read::Line(text)),
                Some(line) => {
                    if !self.tty {
                        // A terminal shows what is typed; a transcript should too.
                        put(&format!("{line}\n"));
                    }
                    text.push_str(&line);
                    if is_whole(&text) {
                        return Ok(Read::Line(text));
                    }
                    text.push('\n');
                    asked = false;
                }
            }
        }
    }
}

/// A value that several hold.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole() {
        for (text, whole, sent) in [
            ("one", true, "one"),
            ("one\\", false, "one\\"),
            ("one\\\ntwo", true, "one\ntwo"),
            ("```\nx", false, "```\nx"),
            ("look:\n```py\nx\n```", true, "look:\n```py\nx\n```"),
            ("a ``` in words", true, "a ``` in words"),
        ] {
            assert_eq!(is_whole(text), whole, "{text:?}");
            assert_eq!(joined(text), sent);
        }
    }
}
