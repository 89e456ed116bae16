//! Markdown as Slack's own markup, <https://docs.slack.dev/messaging/formatting-message-text>.
//!
//! In this order, since what one step has made no later one may change:
//!
//! | Markdown | Slack |
//! | --- | --- |
//! | code between three backquotes, or one | stays as it is |
//! | `[text](address)`, `![text](address)` | `<address\|text>` |
//! | `<https://…>`, `<mailto:…>`, `<tel:…>`, `<@…>`, `<#…>`, `<!…>` | stay as they are |
//! | `>` at the beginning of a line | stays as it is |
//! | `&`, `<`, `>` | `&amp;`, `&lt;`, `&gt;`, also where they were written so |
//! | `# heading`, up to six `#` | `*heading*` |
//! | `***text***` | `*_text_*` |
//! | `**text**` | `*text*` |
//! | `*text*` | `_text_` |
//! | `~~text~~` | `~text~` |
//!
//! A marker that stands at a blank (`2 * 3 * 4`) marks nothing.

use std::borrow::Cow;

use regex_lite::{Captures, Regex};

/// What is put in the place of what is finished: its number between two of these, which no text keeps.
const MARK: char = '\u{0}';

const FENCE: &str = "(?s)```.*?```";
const CODE: &str = r"`[^`\n]+`";
/// An address may have one pair of parentheses inside, and a title behind it.
const LINK: &str =
    r#"!?\[([^\[\]\n]+)\]\(\s*([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+"[^"\n]*")?\s*\)"#;
const ENTITY: &str = r"<(?:[@#!]|https?://|mailto:|tel:)[^<>\n]+>";
const QUOTE: &str = r"(?m)^(?:>[ \t]?)+";
const HEADING: &str = r"(?m)^#{1,6}[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*$";
const BOLD_ITALIC: &str = r"\*\*\*([^\s*](?:.*?[^\s*])??)\*\*\*";
const BOLD: &str = r"\*\*([^\s*](?:.*?\S)??)\*\*";
const ITALIC: &str = r"\*([^\s*](?:[^*\n]*[^\s*])?)\*";
const STRIKE: &str = r"~~([^\s~](?:.*?[^\s~])??)~~";

/// A text in Markdown, in Slack's markup.
#[must_use]
pub fn mrkdwn(markdown: &str) -> String {
    let mut done = Done(Vec::new());
    let text = markdown.replace(MARK, "");
    let text = each(&text, FENCE, |whole, _| done.keep(whole));
    let text = each(&text, CODE, |whole, _| done.keep(whole));
    let text = each(&text, LINK, |whole, parts| {
        match (part(parts, 1), part(parts, 2)) {
            (label, address) if !address.is_empty() => {
                let address = address.replace('<', "%3C").replace('>', "%3E");
                let address = address.replace('|', "%7C");
                done.keep(&format!("<{address}|{}>", escape(label)))
            }
            _ => whole.to_owned(),
        }
    });
    let text = each(&text, ENTITY, |whole, _| done.keep(whole));
    let text = each(&text, QUOTE, |whole, _| done.keep(whole));
    let text = escape(&text);
    let text = each(&text, HEADING, |_, parts| {
        // It is bold already.
        let inner = part(parts, 1).replace("**", "");
        let inner = strike(&italic(&inner, &mut done), &mut done);
        done.keep(&format!("*{inner}*"))
    });
    let text = each(&text, BOLD_ITALIC, |_, parts| {
        let inner = strike(part(parts, 1), &mut done);
        done.keep(&format!("*_{inner}_*"))
    });
    let text = each(&text, BOLD, |_, parts| {
        let inner = strike(&italic(part(parts, 1), &mut done), &mut done);
        done.keep(&format!("*{inner}*"))
    });
    let text = italic(&text, &mut done);
    let text = strike(&text, &mut done);
    done.restore(&text)
}

fn italic(text: &str, done: &mut Done) -> String {
    each(text, ITALIC, |whole, parts| {
        let found = parts.get(0).map_or(0..0, |found| found.range());
        let star = |c: Option<char>| c == Some('*');
        let before = text
            .get(..found.start)
            .and_then(|text| text.chars().next_back());
        let after = text.get(found.end..).and_then(|text| text.chars().next());
        if star(before) || star(after) {
            return whole.to_owned();
        }
        done.keep(&format!("_{}_", part(parts, 1)))
    })
}

fn strike(text: &str, done: &mut Done) -> String {
    each(text, STRIKE, |_, parts| {
        done.keep(&format!("~{}~", part(parts, 1)))
    })
}

/// `&`, `<` and `>` in the way that Slack wants them, also where they are so already.
fn escape(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">");
    let plain = plain.replace("&amp;", "&");
    let escaped = plain.replace('&', "&amp;");
    escaped.replace('<', "&lt;").replace('>', "&gt;")
}

/// Each match of a pattern, replaced.
fn each(text: &str, pattern: &str, mut by: impl FnMut(&str, &Captures<'_>) -> String) -> String {
    // The patterns are constants, and the table of the tests uses each.
    match Regex::new(pattern) {
        Ok(pattern) => {
            match pattern.replace_all(text, |parts: &Captures<'_>| by(part(parts, 0), parts)) {
                Cow::Borrowed(text) => text.to_owned(),
                Cow::Owned(text) => text,
            }
        }
        Err(_) => text.to_owned(),
    }
}

fn part<'t>(parts: &Captures<'t>, index: usize) -> &'t str {
    parts.get(index).map_or("", |part| part.as_str())
}

/// What is finished, and stands in the text as a mark.
struct Done(Vec<String>);

impl Done {
    fn keep(&mut self, text: &str) -> String {
        self.0.push(text.to_owned());
        format!("{MARK}{}{MARK}", self.0.len() - 1)
    }

    /// The text with everything that is finished in its place. What is finished may hold what was so before.
    fn restore(&self, text: &str) -> String {
        let mut whole = String::with_capacity(text.len());
        // Between two marks there always is a number: the text was freed of marks before.
        for (index, piece) in text.split(MARK).enumerate() {
            match piece.parse::<usize>().ok().and_then(|at| self.0.get(at)) {
                Some(kept) if index % 2 == 1 => whole.push_str(&self.restore(kept)),
                _ => whole.push_str(piece),
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_in_slacks_markup() {
        let table = [
            ("", ""),
            ("plain text", "plain text"),
            // ---- code
            ("```\n**a** & <b>\n# c\n```", "```\n**a** & <b>\n# c\n```"),
            (
                "```rust\nlet a = *b;\n```\n**c**",
                "```rust\nlet a = *b;\n```\n*c*",
            ),
            ("```open **a**", "```open *a*"),
            ("`**a** <b>` **c**", "`**a** <b>` *c*"),
            ("`[a](b)`", "`[a](b)`"),
            ("``", "``"),
            // ---- links
            ("[t](https://x.example/a)", "<https://x.example/a|t>"),
            (
                "![t](https://x.example/a.png)",
                "<https://x.example/a.png|t>",
            ),
            (
                "[a & b](https://x.example/?a=1&b=2)",
                "<https://x.example/?a=1&b=2|a &amp; b>",
            ),
            (
                "[a](https://x.example/b_(c))",
                "<https://x.example/b_(c)|a>",
            ),
            (
                "[a](https://x.example/ \"title\")",
                "<https://x.example/|a>",
            ),
            (
                "[a](https://x.example/<b>|c)",
                "<https://x.example/%3Cb%3E%7Cc|a>",
            ),
            ("[`a`](https://x.example/)", "<https://x.example/|`a`>"),
            (
                "[**a**](https://x.example/*b*)",
                "<https://x.example/*b*|**a**>",
            ),
            (
                "[a](https://x.example/) and [b](https://y.example/)",
                "<https://x.example/|a> and <https://y.example/|b>",
            ),
            ("[a] (b) [c]() [d]", "[a] (b) [c]() [d]"),
            ("[INFO] x [a](b)", "[INFO] x <b|a>"),
            // ---- entities
            ("<https://x.example/?a&b>", "<https://x.example/?a&b>"),
            (
                "<https://x.example|label> <mailto:a@b.c> <tel:1>",
                "<https://x.example|label> <mailto:a@b.c> <tel:1>",
            ),
            ("<@U1> <#C1|general> <!here>", "<@U1> <#C1|general> <!here>"),
            ("a < b > c <div>", "a &lt; b &gt; c &lt;div&gt;"),
            ("<ftp://x>", "&lt;ftp://x&gt;"),
            // ---- quotes
            (
                "> quoted & **b**\n>> twice\nnot > quoted",
                "> quoted &amp; *b*\n>> twice\nnot &gt; quoted",
            ),
            // ---- escapes
            ("a & b", "a &amp; b"),
            ("a &amp; b &lt;c&gt;", "a &amp; b &lt;c&gt;"),
            ("&amp;lt;", "&amp;lt;"),
            // ---- headings
            ("# One", "*One*"),
            ("###### Six ##\ntext", "*Six*\ntext"),
            ("####### Seven\n#Tag", "####### Seven\n#Tag"),
            (
                "## The **best** *of* ~~all~~ `x`",
                "*The best _of_ ~all~ `x`*",
            ),
            ("a # b", "a # b"),
            // ---- emphasis
            ("***a b***", "*_a b_*"),
            ("**a**", "*a*"),
            ("**a** and **b**", "*a* and *b*"),
            ("**a *b* c**", "*a _b_ c*"),
            ("**a**b", "*a*b"),
            ("*a*", "_a_"),
            ("*a* *b*", "_a_ _b_"),
            ("_a_ __b__", "_a_ __b__"),
            ("2 * 3 * 4, 2 ** 3 ** 4", "2 * 3 * 4, 2 ** 3 ** 4"),
            ("* one\n* *two*\n- **three**", "* one\n* _two_\n- *three*"),
            ("*a\nb*", "*a\nb*"),
            ("~~a~~ ~b~", "~a~ ~b~"),
            ("**~~a~~**", "*~a~*"),
            ("~~**a**~~", "~*a*~"),
            // ---- what would look like a mark of our own
            ("a\u{0}0\u{0}b `c`", "a0b `c`"),
        ];
        for (markdown, expected) in table {
            assert_eq!(mrkdwn(markdown), expected, "{markdown:?}");
        }
    }

    #[test]
    fn a_long_text_is_converted_whole() {
        let markdown = "**a** `b` [c](https://d.example) & *e*\n".repeat(1000);
        let expected = "*a* `b` <https://d.example|c> &amp; _e_\n".repeat(1000);
        assert_eq!(mrkdwn(&markdown), expected);
    }
}
