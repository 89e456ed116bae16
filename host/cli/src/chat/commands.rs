//! The commands that begin with `/`.

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Slash {
    Help,
    New { clear: bool },
    Undo,
    Compact,
    Resume(Option<String>),
    Model(Option<String>),
    Effort(Option<String>),
    Yolo(Option<String>),
    Status,
    Cost,
    Policy(Option<String>),
    Tools,
    Plugins,
    Diff { names: bool },
    Commit(Vec<String>),
    Discard { sure: bool },
    Show(Option<String>),
    Journal,
    ShareTraces(Option<String>),
    Demo,
    Quit,
}

/// A command as people are told of it.
pub(crate) struct Told {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static str,
    pub(crate) what: &'static str,
}

const fn told(name: &'static str, arguments: &'static str, what: &'static str) -> Told {
    Told {
        name,
        arguments,
        what,
    }
}

/// All of them, in the order of the help.
#[rustfmt::skip]
pub(crate) const TOLD: [Told; 23] = [
    told("/help", "", "this list"),
    told("/new", "", "begin a new session; this one is kept"),
    told("/clear", "", "the same, and clear the screen"),
    told("/resume", "[session]", "go on with an earlier session"),
    told("/undo", "", "take back the last turn: what was said, the plan and the files"),
    told("/compact", "", "make the conversation shorter"),
    told("/model", "[id]", "show the model, or change it"),
    told("/effort", "[level|off]", "show how hard the model thinks, or change it"),
    told("/yolo", "[dollars|off]", "do without asking, up to a bound of dollars; what the policy denies stays denied"),
    told("/status", "", "the session in a few lines"),
    told("/cost", "", "tokens, calls, time and dollars so far, and their bounds"),
    told("/policy", "[revoke N]", "what is allowed, denied and asked about, and what you allowed for this session"),
    told("/tools", "", "what the model is offered"),
    told("/plugins", "", "where that comes from"),
    told("/diff", "[names]", "what the session has changed in its private copy"),
    told("/commit", "[path…]", "bring those changes to your directory: all of them, or these paths"),
    told("/discard", "yes", "remove the private copy with all its changes, and begin a new session"),
    told("/show", "[N]", "all of a result that was folded; the last one, without a number"),
    told("/journal", "", "where the record is, and whether it is whole"),
    told("/share-traces", "[public|private]", "whether traces leave this machine"),
    told("/demo", "", "train a real model in the sandbox, by a script: no key is needed"),
    told("/quit", "", "leave; the session is kept"),
    told("/exit", "", "the same"),
];

/// Reads a line that may be a command; none where it is none.
pub(crate) fn parse(line: &str) -> Option<Result<Slash, String>> {
    let line = line.trim();
    if ["exit", "quit"].contains(&line.to_lowercase().as_str()) {
        return Some(Ok(Slash::Quit));
    }
    if !line.starts_with('/') {
        return None;
    }
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    // A path may begin a sentence.
    if word.get(1..).is_none_or(|word| word.contains('/')) {
        return None;
    }
    let rest = rest.trim();
    let argument = || (!rest.is_empty()).then(|| rest.to_owned());
    let word = word.to_lowercase();
    let command = match word.as_str() {
        "/help" => Slash::Help,
        "/new" => Slash::New { clear: false },
        "/clear" => Slash::New { clear: true },
        "/undo" => Slash::Undo,
        "/compact" => Slash::Compact,
        "/resume" => Slash::Resume(argument()),
        "/model" => Slash::Model(argument()),
        "/effort" => Slash::Effort(argument()),
        "/yolo" => Slash::Yolo(argument()),
        "/status" => Slash::Status,
        "/cost" => Slash::Cost,
        "/policy" => Slash::Policy(argument()),
        "/tools" => Slash::Tools,
        "/plugins" => Slash::Plugins,
        "/diff" => Slash::Diff {
            names: rest == "names",
        },
        "/commit" => Slash::Commit(rest.split_whitespace().map(str::to_owned).collect()),
        "/discard" => Slash::Discard {
            sure: rest == "yes",
        },
        "/show" => Slash::Show(argument()),
        "/journal" => Slash::Journal,
        "/share-traces" => Slash::ShareTraces(argument()),
        "/demo" => Slash::Demo,
        "/quit" | "/exit" => Slash::Quit,
        other => {
            let names = TOLD.iter().map(|told| told.name);
            let near = crate::config::nearest(other, names)
                .map_or_else(String::new, |near| format!(" Did you mean {near}?"));
            return Some(Err(format!(
                "Unknown command: {other}. Type /help for available commands.{near}"
            )));
        }
    };
    Some(Ok(command))
}

/// The help.
pub(crate) fn help() -> String {
    let left = |told: &Told| format!("{} {}", told.name, told.arguments);
    let width = TOLD
        .iter()
        .map(|told| left(told).chars().count())
        .max()
        .unwrap_or(0);
    let lines = TOLD.iter().map(|told| {
        let left = left(told);
        let gap = width.saturating_sub(left.chars().count());
        format!("  {left}{}  {}\n", " ".repeat(gap), told.what)
    });
    let keys = "\n  Enter sends, Alt-Enter or a \\ at the end begins a new line, Tab completes commands, models, @files and\n  \
                sessions. What you type while a turn runs joins it. Ctrl-C stops the turn; twice within a second leaves.\n";
    lines.chain([keys.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let text = |text: &str| Some(text.to_owned());
        for (line, expected) in [
            ("hello", None),
            ("/usr/bin/python is missing", None),
            ("/", Some(Err(()))),
            ("exit", Some(Ok(Slash::Quit))),
            (" QUIT ", Some(Ok(Slash::Quit))),
            ("/HELP", Some(Ok(Slash::Help))),
            ("/clear", Some(Ok(Slash::New { clear: true }))),
            ("/model", Some(Ok(Slash::Model(None)))),
            ("/model  a/b:c ", Some(Ok(Slash::Model(text("a/b:c"))))),
            ("/diff names", Some(Ok(Slash::Diff { names: true }))),
            (
                "/commit a b/c",
                Some(Ok(Slash::Commit(vec!["a".into(), "b/c".into()]))),
            ),
            ("/modle", Some(Err(()))),
        ] {
            let found = parse(line).map(|found| found.map_err(drop));
            assert_eq!(found, expected, "{line}");
        }
        let error = parse("/modle x").unwrap().unwrap_err();
        assert_eq!(
            error,
            "Unknown command: /modle. Type /help for available commands. Did you mean /model?"
        );
    }

    /// Each that is told of is one.
    #[test]
    fn all_are_known() {
        for told in TOLD {
            assert!(matches!(parse(told.name), Some(Ok(_))), "{}", told.name);
            assert!(help().contains(told.what));
        }
    }
}
