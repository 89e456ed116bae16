//! What the user's terminal can do.

/// How a terminal shows pictures among text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Images {
    /// It does not, as far as is known.
    None,
    /// The kitty graphics protocol.
    Kitty,
    /// iTerm2's inline images (OSC 1337).
    Iterm2,
    /// DEC sixel graphics.
    Sixel,
}

/// What the user's terminal can do, or what the user wants of it.
///
/// Colours are the sixteen of the user's own palette: those can be read on any background that the user has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a terminal has each of these or has it not"
)]
pub struct Terminal {
    /// Columns of a line.
    pub width: usize,
    /// Lines that are seen at once.
    pub height: usize,
    /// Whether a person looks, and not a file or a program.
    pub tty: bool,
    /// Whether text may be coloured, bold and so on. Without it nothing but words goes out.
    pub styles: bool,
    /// Whether the host's own marks may be outside ASCII.
    pub unicode: bool,
    /// Whether lines that are there may be drawn anew.
    pub moves: bool,
    /// Whether links may be put behind words (OSC 8).
    pub links: bool,
    /// Whether everything is read from first to last, as by a screen reader: words in place of marks, no columns.
    pub spoken: bool,
    /// How pictures are shown.
    pub images: Images,
}

/// Columns where nothing says how many.
const WIDTH: usize = 80;
/// Lines where nothing says how many.
const HEIGHT: usize = 24;
/// A narrower terminal is written to as if it had so many columns, and breaks the lines itself.
const NARROWEST: usize = 20;
/// A wider terminal is written to as if it had so many columns: no line is longer for it, whatever it claims.
const WIDEST: usize = 1_000;

impl Terminal {
    /// What standard output can do, by the environment's variables that `variable` looks up, whether it is a terminal,
    /// and its size in columns and lines where that is known.
    ///
    /// | variable | what it says |
    /// | --- | --- |
    /// | `NO_COLOR` (not empty) | no styles (no-color.org) |
    /// | `TERM=dumb`, or no `TERM` | no styles, no movement, no pictures, no links |
    /// | `ACCESSIBLE` (not empty, not `0`) | for a screen reader: no movement, no pictures, words in place of marks |
    /// | `CI` (not empty, not `false`) | no movement |
    /// | `LC_ALL`, `LC_CTYPE`, `LANG`: the first that is set | whether marks may be outside ASCII |
    /// | `COLUMNS`, `LINES` | the size, where the terminal does not tell |
    /// | `TMUX`, `TERM=screen…`, `TERM=tmux…` | neither links nor pictures: a multiplexer stands between |
    /// | `KITTY_WINDOW_ID`, `TERM`, `TERM_PROGRAM`, `LC_TERMINAL`, `WT_SESSION`, `VTE_VERSION` | links, pictures |
    #[must_use]
    pub fn detect(
        variable: impl Fn(&str) -> Option<String>,
        tty: bool,
        size: Option<(u16, u16)>,
    ) -> Terminal {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let program = set("TERM_PROGRAM").unwrap_or_default();
        let windows = set("WT_SESSION").is_some();
        // Windows sets no TERM.
        let able = tty && term != "dumb" && (!term.is_empty() || windows);
        let spoken = set("ACCESSIBLE").is_some_and(|value| value != "0");
        let ci = set("CI").is_some_and(|value| value != "false");
        let between =
            set("TMUX").is_some() || term.starts_with("screen") || term.starts_with("tmux");
        let direct = able && !between && !ci && !spoken;
        let given = |name: &str| {
            set(name)
                .and_then(|value| value.parse::<usize>().ok())
                .filter(|value| *value > 0)
        };
        let told = |part: Option<u16>| part.filter(|part| *part > 0).map(usize::from);
        let vte = set("VTE_VERSION").and_then(|version| version.parse::<u32>().ok());
        Terminal {
            width: told(size.map(|size| size.0))
                .or_else(|| given("COLUMNS"))
                .unwrap_or(WIDTH)
                .clamp(NARROWEST, WIDEST),
            height: told(size.map(|size| size.1))
                .or_else(|| given("LINES"))
                .unwrap_or(HEIGHT),
            tty,
            styles: able && set("NO_COLOR").is_none(),
            unicode: windows
                || ["LC_ALL", "LC_CTYPE", "LANG"]
                    .iter()
                    .find_map(|name| set(name))
                    .is_some_and(|locale| {
                        let locale = locale.to_ascii_lowercase();
                        locale.contains("utf-8") || locale.contains("utf8")
                    }),
            moves: able && !ci && !spoken,
            links: direct
                && (set("KITTY_WINDOW_ID").is_some()
                    || windows
                    || vte.is_some_and(|version| version >= 5_000)
                    || ["iTerm.app", "WezTerm", "vscode", "ghostty"].contains(&program.as_str())
                    || ["xterm-kitty", "xterm-ghostty", "alacritty", "foot"]
                        .iter()
                        .any(|name| term.starts_with(name))),
            spoken,
            images: if direct {
                images(
                    &term,
                    &program,
                    set("LC_TERMINAL").as_deref(),
                    set("KITTY_WINDOW_ID").is_some(),
                )
            } else {
                Images::None
            },
        }
    }

    /// The same terminal in another size.
    #[must_use]
    pub fn resized(&self, width: u16, height: u16) -> Terminal {
        Terminal {
            width: usize::from(width).clamp(NARROWEST, WIDEST),
            height: usize::from(height).max(1),
            ..self.clone()
        }
    }

    /// A file, a pipe or a program: eighty columns of words.
    #[must_use]
    pub fn pipe() -> Terminal {
        Terminal::detect(|_| None, false, None)
    }

    /// Words of the host's own, without marks that the terminal may not know.
    pub(crate) fn own(&self, text: String) -> String {
        if self.unicode {
            return text;
        }
        text.replace('·', "-").replace('→', "->").replace('▸', ">")
    }

    /// Ends what was cut off.
    pub(crate) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }
}

fn images(term: &str, program: &str, lc_terminal: Option<&str>, kitty: bool) -> Images {
    if kitty || term == "xterm-kitty" || term == "xterm-ghostty" || program == "ghostty" {
        Images::Kitty
    } else if matches!(program, "iTerm.app" | "WezTerm") || lc_terminal == Some("iTerm2") {
        Images::Iterm2
    } else if term.starts_with("foot") || term.starts_with("mlterm") || term.contains("sixel") {
        Images::Sixel
    } else {
        Images::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `styles unicode moves links spoken`, each by its letter or `-`, and the pictures.
    fn told(terminal: &Terminal) -> String {
        let flags = [
            (terminal.styles, 's'),
            (terminal.unicode, 'u'),
            (terminal.moves, 'm'),
            (terminal.links, 'l'),
            (terminal.spoken, 'r'),
        ];
        let letters: String = flags
            .iter()
            .map(|(has, letter)| if *has { *letter } else { '-' })
            .collect();
        format!("{letters} {:?}", terminal.images)
    }

    fn detect(variables: &str, tty: bool, size: Option<(u16, u16)>) -> Terminal {
        let lookup = |name: &str| {
            variables
                .split(' ')
                .filter_map(|one| one.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
        };
        Terminal::detect(lookup, tty, size)
    }

    #[test]
    fn what_variables_say() {
        for (variables, tty, expected) in [
            ("TERM=xterm-256color LANG=C.UTF-8", true, "sum-- None"),
            ("TERM=xterm-256color LANG=C.UTF-8", false, "-u--- None"),
            ("TERM=xterm LC_ALL=C LANG=C.UTF-8", true, "s-m-- None"),
            ("TERM=xterm LC_ALL= LANG=de_DE.utf8", true, "sum-- None"),
            ("TERM=xterm", true, "s-m-- None"),
            ("TERM=dumb LANG=C.UTF-8", true, "-u--- None"),
            ("LANG=C.UTF-8", true, "-u--- None"),
            ("TERM=xterm NO_COLOR=1", true, "--m-- None"),
            ("TERM=xterm NO_COLOR=", true, "s-m-- None"),
            ("TERM=xterm-kitty ACCESSIBLE=1", true, "s---r None"),
            ("TERM=xterm ACCESSIBLE=0", true, "s-m-- None"),
            ("TERM=xterm CI=true", true, "s---- None"),
            ("TERM=xterm CI=false", true, "s-m-- None"),
            ("TERM=xterm-kitty", true, "s-ml- Kitty"),
            ("TERM=xterm-kitty", false, "----- None"),
            ("TERM=xterm-256color KITTY_WINDOW_ID=1", true, "s-ml- Kitty"),
            ("TERM=xterm-kitty TMUX=/tmp/x", true, "s-m-- None"),
            ("TERM=screen KITTY_WINDOW_ID=1", true, "s-m-- None"),
            (
                "TERM=xterm-ghostty TERM_PROGRAM=ghostty",
                true,
                "s-ml- Kitty",
            ),
            ("TERM=xterm TERM_PROGRAM=iTerm.app", true, "s-ml- Iterm2"),
            ("TERM=xterm LC_TERMINAL=iTerm2", true, "s-m-- Iterm2"),
            ("TERM=xterm TERM_PROGRAM=WezTerm", true, "s-ml- Iterm2"),
            ("TERM=foot", true, "s-ml- Sixel"),
            ("TERM=mlterm", true, "s-m-- Sixel"),
            ("TERM=xterm VTE_VERSION=7200", true, "s-ml- None"),
            ("TERM=xterm VTE_VERSION=4600", true, "s-m-- None"),
            ("WT_SESSION=1", true, "suml- None"),
        ] {
            assert_eq!(
                told(&detect(variables, tty, None)),
                expected,
                "{variables} {tty}"
            );
        }
    }

    #[test]
    fn how_large_it_is() {
        for (variables, size, expected) in [
            ("", None, (80, 24)),
            ("", Some((120, 50)), (120, 50)),
            ("COLUMNS=100 LINES=30", None, (100, 30)),
            ("COLUMNS=100 LINES=30", Some((120, 50)), (120, 50)),
            ("COLUMNS=100", Some((0, 0)), (100, 24)),
            ("COLUMNS=wide LINES=0", None, (80, 24)),
            ("", Some((3, 1)), (20, 1)),
            ("COLUMNS=99999999", None, (1_000, 24)),
        ] {
            let terminal = detect(variables, true, size);
            assert_eq!(
                (terminal.width, terminal.height),
                expected,
                "{variables} {size:?}"
            );
        }
        let terminal = detect("", true, None).resized(40, 0);
        assert_eq!((terminal.width, terminal.height), (40, 1));
    }
}
