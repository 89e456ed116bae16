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

/// A longer line, in bytes, is data more often than code; it has no colours, for they would take long.
const LONGEST: usize = 4_096;

/// More lines have no colours: all that were coloured are remembered.
const LINES: usize = 20_000;

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
            highlighter: (!ending.is_empty())
                .then(|| synoptic::from_extension(ending, TAB))
                .flatten(),
            lines: 0,
        }
    }

    /// The next line, which is clean. What the spans say is the line, whatever the highlighter makes of it.
    pub(crate) fn line(&mut self, line: &str) -> Vec<Span> {
        let plain = || vec![Span::new(line, Style::plain())];
        if self.lines >= LINES {
            self.highlighter = None;
        }
        let Some(highlighter) = &mut self.highlighter else {
            return plain();
        };
        let at = self.lines;
        self.lines = self.lines.saturating_add(1);
        if line.len() > LONGEST {
            highlighter.append("");
            return plain();
        }
        highlighter.append(line);
        let tokens = highlighter.line(at, line);
        let mut rest = line;
        for token in &tokens {
            match rest.strip_prefix(token.text().as_str()) {
                Some(after) => rest = after,
                None => return plain(),
            }
        }
        if !rest.is_empty() {
            return plain();
        }
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
    use proptest::prelude::*;

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

    #[test]
    fn bounds() {
        let coloured = |spans: &[Span]| spans.iter().any(|span| span.style != Style::plain());
        let mut code = Code::new("py");
        assert!(coloured(&code.line("x = 'a'")));
        let long = format!("x = '{}'", "a".repeat(LONGEST));
        assert_eq!(code.line(&long), [Span::new(&long, Style::plain())]);
        // The next one is coloured as if that was not there.
        assert!(coloured(&code.line("x = 'a'")));
        for _ in 3..LINES {
            code.line("");
        }
        assert!(!coloured(&code.line("x = 'a'")));
        assert!(code.highlighter.is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Every language: what is shown is what was there.
        #[test]
        fn nothing_is_lost(lines in prop::collection::vec("([a-z(){}\\[\\]\"'`#/*<>=:;.,$%&|\\\\é日 0-9-]|\"\"\"|/\\*|\\*/|<!--|fn |def |f\"|\\$\\{){0,30}", 1..8)) {
            for ending in [
                "rs", "s", "py", "rb", "pm", "lua", "r", "go", "js", "ts", "dart", "c", "cpp", "cs", "swift", "json",
                "kt", "java", "vb", "m", "php", "scala", "pl", "hs", "css", "html", "md", "toml", "yaml", "csv", "sh",
                "sql", "xml", "nu", "tex", "diff",
            ] {
                let mut code = Code::new(ending);
                for line in &lines {
                    let said: String = code.line(line).iter().map(|span| span.text.as_str()).collect();
                    prop_assert_eq!(&said, line, "{}", ending);
                }
            }
        }
    }
}
