//! Code, in colours.

use synoptic::{Highlighter, TokOpt};

use crate::style::{BLUE, CYAN, GREEN, MAGENTA, Span, Style, YELLOW};

/// Names of languages as fences have them, and the endings of files that the highlighter knows them by.
const NAMES: [(&str, &str); 18] = [
    ("python", "py"),
    ("python3", "py"),
    ("rust", "rs"),
    ("javascript", "js"),
    ("typescript", "ts"),
    ("shell", "sh"),
    ("bash", "sh"),
    ("zsh", "sh"),
    ("console", "sh"),
    ("markdown", "md"),
    ("yml", "yaml"),
    ("jsonc", "json"),
    ("jsonl", "json"),
    ("c++", "cpp"),
    ("golang", "go"),
    ("ruby", "rb"),
    ("csharp", "cs"),
    ("html", "html"),
];

/// Columns of a tab.
const TAB: usize = 4;

/// Colours one piece of code, line by line, as it comes.
pub(crate) struct Code {
    highlighter: Option<Highlighter>,
    lines: usize,
}

impl Code {
    /// Of a language, by the name that a fence has, or the ending of a file. One that is not known has no colours.
    pub(crate) fn new(language: &str) -> Code {
        let language = language.to_lowercase();
        let ending = NAMES
            .iter()
            .find(|(name, _)| *name == language)
            .map_or(language.as_str(), |(_, ending)| ending);
        Code {
            highlighter: synoptic::from_extension(ending, TAB),
            lines: 0,
        }
    }

    /// The next line, which is clean.
    pub(crate) fn line(&mut self, line: &str) -> Vec<Span> {
        let Some(highlighter) = &mut self.highlighter else {
            return vec![Span::new(line, Style::plain())];
        };
        highlighter.append(line);
        let tokens = highlighter.line(self.lines, line);
        self.lines = self.lines.saturating_add(1);
        tokens
            .into_iter()
            .map(|token| match token {
                TokOpt::Some(text, name) => Span::new(text, style(&name)),
                TokOpt::None(text) => Span::new(text, Style::plain()),
            })
            .collect()
    }
}

fn style(name: &str) -> Style {
    match name {
        "comment" | "block" => Style::dim(),
        "string" | "character" => Style::colour(GREEN),
        "keyword" | "conditional" | "loop" | "import" => Style::colour(MAGENTA),
        "function" | "macro" | "attribute" => Style::colour(BLUE),
        "digit" | "boolean" | "constant" => Style::colour(YELLOW),
        "type" | "struct" | "tag" | "namespace" => Style::colour(CYAN),
        _ => Style::plain(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours() {
        let mut code = Code::new("Python");
        let line = code.line("x = \"a\"  # why");
        let of = |text: &str| {
            line.iter()
                .find(|span| span.text.contains(text))
                .map(|span| span.style)
        };
        assert_eq!(of("\"a\""), Some(Style::colour(GREEN)));
        assert_eq!(of("# why"), Some(Style::dim()));
        let whole: String = line.iter().map(|span| span.text.as_str()).collect();
        assert_eq!(whole, "x = \"a\"  # why");
        // A string over several lines.
        code.line("y = \"\"\"");
        assert_eq!(code.line("in it")[0].style, Style::colour(GREEN));
        assert_eq!(Code::new("nothing").line("x = 1")[0].style, Style::plain());
    }
}
