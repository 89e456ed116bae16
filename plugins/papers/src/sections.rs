//! A paper's parts, as LaTeXML marks them.
//!
//! Which section a name means, the first rule that fits (case does not matter; `Section`, `Appendix`, `§` before a number
//! are left out):
//!
//! | rule | `section` | fits |
//! | --- | --- | --- |
//! | number | `3.1`, `A` | 3.1 |
//! | title | `Training`, `3.1 Training` | 3.1 Training |
//! | part | `abstract`, `references`, `figures`, `tables` | what it says |
//! | in a title | `train` | 3.1 Training |
//! | number begins with it | `4` | 4.1, where there is no 4 |

use ml_intern_markdown::{Converter, Html, NodeId};
use url::Url;

/// Kinds of sections, and how deep they stand.
const KINDS: [(&str, u8); 8] = [
    ("part", 0),
    ("chapter", 1),
    ("section", 2),
    ("appendix", 2),
    ("bibliography", 2),
    ("acknowledgements", 2),
    ("subsection", 3),
    ("subsubsection", 4),
];

/// One section.
#[derive(Debug)]
pub(crate) struct Section {
    /// `3.1`, `A`; empty where it has none.
    pub(crate) number: String,
    pub(crate) title: String,
    pub(crate) level: u8,
    kind: &'static str,
    heading: NodeId,
    /// What is in it, sections in it too.
    all: Vec<NodeId>,
    /// What is in it alone.
    own: Vec<NodeId>,
}

impl Section {
    /// `3.1 Training`.
    pub(crate) fn name(&self) -> String {
        match (self.number.as_str(), self.kind) {
            ("", _) => self.title.clone(),
            (number, "appendix") => format!("Appendix {number} {}", self.title),
            (number, _) => format!("{number} {}", self.title),
        }
        .trim_end()
        .to_owned()
    }
}

/// What `section` means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    /// Sections by their places; the first is it.
    Sections(Vec<usize>),
    Abstract,
    References,
    Figures,
    Tables,
    Nothing,
}

/// A paper.
#[derive(Debug)]
pub(crate) struct Paper<'h> {
    html: &'h Html,
    converter: Converter<'h>,
    article: NodeId,
    pub(crate) sections: Vec<Section>,
}

impl<'h> Paper<'h> {
    /// The paper that a page holds, if it is one of LaTeXML's.
    pub(crate) fn of(html: &'h Html, url: &str) -> Option<Self> {
        let root = html.root();
        let article = html.find(root, |node| html.has_class(node, "ltx_document"))?;
        let has_text = html
            .find(article, |node| html.has_class(node, "ltx_para"))
            .is_some()
            || html
                .find(article, |node| html.has_class(node, "ltx_abstract"))
                .is_some();
        // Pictures are in a directory of the paper's name, which arXiv's pages say with a `base`, if at all.
        let url = Url::parse(&format!("{}/", url.trim_end_matches('/'))).ok();
        has_text.then(|| Self {
            html,
            converter: Converter::new(html, url),
            article,
            sections: sections(html, article),
        })
    }

    /// Its title, without the notes at it.
    pub(crate) fn title(&self) -> String {
        let html = self.html;
        let found = html.find(self.article, |node| {
            html.has_class(node, "ltx_title_document")
        });
        let Some(heading) = found else {
            return String::new();
        };
        let parts: Vec<String> = html
            .children(heading)
            .iter()
            .filter(|child| !html.has_class(**child, "ltx_note"))
            .map(|child| match html.name(*child) {
                "br" => " ".to_owned(),
                "" => html.own_text(*child).unwrap_or_default().to_owned(),
                _ => self.converter.line(*child),
            })
            .collect();
        crate::told::short(&parts.concat(), 300)
    }

    pub(crate) fn summary(&mut self) -> String {
        let html = self.html;
        let found = html.find(self.article, |node| html.has_class(node, "ltx_abstract"));
        let Some(part) = found else {
            return String::new();
        };
        let body: Vec<NodeId> = html
            .children(part)
            .iter()
            .copied()
            .filter(|child| !html.has_class(*child, "ltx_title"))
            .collect();
        self.converter.blocks(body)
    }

    /// The text of a section, with what is in it.
    pub(crate) fn text(&mut self, at: usize) -> String {
        let Some(section) = self.sections.get(at) else {
            return String::new();
        };
        if section.kind == "bibliography" && !self.entries().is_empty() {
            return self.references();
        }
        self.converter.blocks(section.all.clone())
    }

    /// How a section begins, before the sections in it.
    pub(crate) fn preview(&mut self, at: usize, most: usize) -> String {
        let Some(section) = self.sections.get(at) else {
            return String::new();
        };
        if section.kind == "bibliography" {
            return String::new();
        }
        let text = self.converter.blocks(section.own.clone());
        // Tables, code and captions say little when they are cut.
        let furniture = [
            "|",
            "```",
            "[^",
            "**Table",
            "**Figure",
            "**Algorithm",
            "![",
            "- [",
        ];
        let prose: Vec<&str> = text
            .split("\n\n")
            .filter(|block| !furniture.iter().any(|start| block.starts_with(start)))
            .collect();
        crate::told::short(&prose.join(" "), most)
    }

    fn entries(&self) -> Vec<NodeId> {
        let html = self.html;
        let is_entry = |node: NodeId| html.has_class(node, "ltx_bibitem");
        html.within(self.article, |_| true)
            .filter(|node| is_entry(*node))
            .collect()
    }

    /// The references, one a line.
    pub(crate) fn references(&self) -> String {
        let lines: Vec<String> = self
            .entries()
            .into_iter()
            .map(|entry| format!("- {}", self.converter.reference(entry)))
            .collect();
        lines.join("\n")
    }

    /// Figures or tables, each with its caption; figures in a figure belong to it.
    pub(crate) fn floats(&mut self, class: &'static str) -> Vec<String> {
        let floats = self.float_nodes(class);
        floats
            .into_iter()
            .map(|float| self.converter.blocks([float]))
            .collect()
    }

    fn float_nodes(&self, class: &'static str) -> Vec<NodeId> {
        let html = self.html;
        html.within(self.article, |node| html.name(node) != "figure")
            .filter(|node| html.name(*node) == "figure" && html.has_class(*node, class))
            .collect()
    }

    /// References, figures and tables: how many.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (
            self.entries().len(),
            self.float_nodes("ltx_figure").len(),
            self.float_nodes("ltx_table").len(),
        )
    }

    /// What a name means.
    pub(crate) fn meant(&self, given: &str) -> Meant {
        let wanted = plain(given);
        let number = number_of(&wanted);
        let those = |fits: &dyn Fn(&Section) -> bool| -> Vec<usize> {
            let sections = self.sections.iter().enumerate();
            sections
                .filter(|(_, section)| fits(section))
                .map(|(at, _)| at)
                .collect()
        };
        let rules: [&dyn Fn(&Section) -> bool; 2] = [
            &|section| !section.number.is_empty() && plain(&section.number) == number,
            &|section| plain(&section.title) == wanted || plain(&section.name()) == wanted,
        ];
        for rule in rules {
            let found = those(rule);
            if !found.is_empty() {
                return Meant::Sections(found);
            }
        }
        match wanted.as_str() {
            "abstract" => return Meant::Abstract,
            "references" | "bibliography" => return Meant::References,
            "figures" => return Meant::Figures,
            "tables" => return Meant::Tables,
            _ => {}
        }
        let inside = those(&|section| plain(&section.title).contains(&wanted));
        if !inside.is_empty() {
            return Meant::Sections(inside);
        }
        let begins = those(&|section| {
            plain(&section.number)
                .strip_prefix(number.as_str())
                .is_some_and(|rest| rest.starts_with('.'))
        });
        match begins.is_empty() {
            false => Meant::Sections(begins),
            true => Meant::Nothing,
        }
    }

    /// The heading of a section, as it stands in the text.
    pub(crate) fn heading(&self, at: usize) -> String {
        let Some(section) = self.sections.get(at) else {
            return String::new();
        };
        let level = usize::from(section.level.clamp(2, 5));
        format!(
            "{} {}",
            "#".repeat(level),
            self.converter.line(section.heading)
        )
    }
}

fn sections(html: &Html, article: NodeId) -> Vec<Section> {
    let kind = |node: NodeId, prefix: &str| {
        KINDS
            .iter()
            .copied()
            .find(|(kind, _)| html.has_class(node, &format!("{prefix}{kind}")))
    };
    let is_heading =
        |node: NodeId| matches!(html.name(node), "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
    let mut found = Vec::new();
    for heading in html.within(article, |node| !html.has_class(node, "ltx_title")) {
        let Some((kind_name, level)) = kind(heading, "ltx_title_").filter(|_| is_heading(heading))
        else {
            continue;
        };
        let Some(parent) = html.parent(heading) else {
            continue;
        };
        let others = html
            .children(parent)
            .iter()
            .copied()
            .filter(|child| *child != heading);
        let (all, own): (Vec<NodeId>, Vec<NodeId>) = if kind(parent, "ltx_").is_some() {
            let all: Vec<NodeId> = others.collect();
            let own = all
                .iter()
                .copied()
                .filter(|child| kind(*child, "ltx_").is_none());
            let own = own.collect();
            (all, own)
        } else {
            // Headings beside the text: what follows, to the next of the same rank.
            let after: Vec<NodeId> = html
                .children(parent)
                .iter()
                .copied()
                .skip_while(|child| *child != heading)
                .skip(1)
                .collect();
            let rank = |node: NodeId| kind(node, "ltx_title_").map(|(_, level)| level);
            let all = after
                .iter()
                .copied()
                .take_while(|child| rank(*child).is_none_or(|other| other > level));
            let own = after
                .iter()
                .copied()
                .take_while(|child| rank(*child).is_none());
            (all.collect(), own.collect())
        };
        let tag = html
            .find(heading, |node| html.has_class(node, "ltx_tag"))
            .map(|tag| html.text(tag))
            .unwrap_or_default();
        let whole = Converter::new(html, None).line(heading);
        let title = whole.strip_prefix(&tag).unwrap_or(&whole).trim().to_owned();
        found.push(Section {
            number: number_of(&tag).to_uppercase(),
            title,
            level,
            kind: kind_name,
            heading,
            all,
            own,
        });
    }
    if found.is_empty() {
        // A short paper without sections.
        let front = [
            "ltx_title_document",
            "ltx_authors",
            "ltx_abstract",
            "ltx_dates",
        ];
        let all: Vec<NodeId> = html
            .children(article)
            .iter()
            .copied()
            .filter(|child| !front.iter().any(|class| html.has_class(*child, class)))
            .collect();
        if let Some(heading) = all.first().copied() {
            found.push(Section {
                number: String::new(),
                title: "Text".into(),
                level: 2,
                kind: "section",
                heading,
                own: all.clone(),
                all,
            });
        }
    }
    found
}

/// In lower case, with single spaces.
fn plain(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// A section's number, without what may stand around it: `Appendix A.1` is `a.1`, `IV.` is `iv`.
fn number_of(text: &str) -> String {
    let text = plain(text);
    let words = [
        "section", "sect.", "sec.", "appendix", "chapter", "part", "§",
    ];
    let text = words
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .unwrap_or(&text);
    text.trim_matches([' ', '.', ':', '\u{2003}']).to_owned()
}
