//! Reading a paper: arXiv's HTML of it, else ar5iv's; where there is none, its abstract.

use ml_intern_markdown::Html;
use ml_intern_sdk::http::{Error, Patience, Request, Response};
use ml_intern_sdk::{Failure, Output};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::Offset;
use crate::arxiv::ArxivId;
use crate::hub_papers;
use crate::scholar::why;
use crate::sections::{Meant, Paper};
use crate::told::{MOST, count, short, told};
use crate::{AR5IV, ARXIV};

/// Bytes of a paper's HTML at most.
const LARGEST: usize = 16 << 20;
/// Characters of a section's piece.
const PIECE: usize = 8_000;
/// Characters of a section's beginning in the list of sections.
const PREVIEW: usize = 280;
/// Redirects that are followed.
const HOPS: u32 = 4;

/// What `read_paper` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    arxiv_id: ArxivId,
    /// Section by number or title, as `3.1` or `Training`; or `abstract`, `references`, `figures`, `tables`.
    section: Option<String>,
    offset: Option<Offset>,
}

/// The paper's abstract and sections, or the text of one of them.
pub(crate) fn read(arguments: Read) -> Result<Output, Failure> {
    let id = &arguments.arxiv_id;
    let offset = Offset::or_start(arguments.offset);
    let section = match arguments.section.as_deref().map(str::trim) {
        Some("") => {
            return Err(Failure::argument(
                "/section",
                "a number or a title; leave it out for the list",
            ));
        }
        Some(long) if long.chars().count() > 300 => {
            return Err(Failure::argument("/section", "300 characters at most"));
        }
        section => section,
    };
    let mut misses = Vec::new();
    for (name, origin) in [("arXiv", ARXIV), ("ar5iv", AR5IV)] {
        let url = format!("{origin}/html/{}", id.exact());
        let (text, url) = match page(&url) {
            Ok(found) => found,
            Err(miss) => {
                misses.push(format!("{name}: {miss}"));
                continue;
            }
        };
        let html = Html::parse(&text);
        match Paper::of(&html, &url) {
            Some(mut paper) => {
                let head = format!("# {}\n{}\n", paper.title(), id.page());
                return match section {
                    None => contents(&mut paper, &head, id, &url, offset),
                    Some(section) => part(&mut paper, &head, id, section, offset),
                };
            }
            None => misses.push(format!("{name}: its page holds no paper")),
        }
    }
    only_abstract(id, section, &misses)
}

/// A page, and where it was in the end.
fn page(url: &str) -> Result<(String, String), String> {
    let patience = Patience {
        attempts: 2,
        waiting: 10_000,
    };
    let answer = patience
        .follow(&Request::get(url).patience(30_000), HOPS)
        .and_then(Response::success)
        .map_err(|error| miss(url, &error))?;
    let found = answer.url.clone();
    let bytes = answer.bytes(LARGEST).map_err(|error| miss(url, &error))?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), found))
}

/// Why there is no page, in a line.
fn miss(url: &str, error: &Error) -> String {
    match error {
        Error::Status { status: 404, .. } => "no HTML of it (status 404)".into(),
        // A page about the paper in place of the paper: no operation needs that.
        Error::Host { request, .. } if error.is_denial() && !request.contains("/html/") => {
            format!(
                "no HTML of it (it leads to {})",
                request.trim_start_matches("http GET ")
            )
        }
        Error::Status { status, .. } => format!("status {status} ({url})"),
        other => short(&other.to_string(), 300),
    }
}

fn contents(
    paper: &mut Paper<'_>,
    head: &str,
    id: &ArxivId,
    url: &str,
    offset: usize,
) -> Result<Output, Failure> {
    let summary = paper.summary();
    let lengths: Vec<usize> = (0..paper.sections.len())
        .map(|at| paper.text(at).chars().count())
        .collect();
    // The beginnings of a long paper's many sections are shorter, so that the list fits into one result.
    let mut text = String::new();
    for preview in [PREVIEW, 120, 0] {
        text = format!(
            "{head}HTML: {url}\n\n## Abstract\n\n{}\n\n## Sections\n\n",
            short_text(&summary)
        );
        for (at, length) in lengths.iter().enumerate() {
            let begins = match preview {
                0 => String::new(),
                most => paper.preview(at, most),
            };
            let Some(section) = paper.sections.get(at) else {
                continue;
            };
            let indent = "  ".repeat(usize::from(section.level.saturating_sub(2)));
            let begins = match begins.as_str() {
                "" => String::new(),
                begins => format!(": {begins}"),
            };
            text.push_str(&format!(
                "{indent}- **{}** ({} characters){begins}\n",
                section.name(),
                count(*length as u64)
            ));
        }
        if text.chars().count() < MOST - 500 {
            break;
        }
    }
    let (references, figures, tables) = paper.counts();
    text.push_str(&format!(
        "\nFor the text: read_paper with section=\"<number or title>\". Also section=\"references\" ({references}), \
         \"figures\" ({figures}), \"tables\" ({tables})."
    ));
    let sections: Vec<Value> = paper
        .sections
        .iter()
        .zip(&lengths)
        .map(|(section, length)| {
            json!({
                "number": section.number,
                "title": section.title,
                "level": section.level,
                "characters": length,
            })
        })
        .collect();
    let structured = json!({
        "arxiv_id": id.to_string(),
        "title": paper.title(),
        "source": url,
        "sections": sections,
        "references": references,
        "figures": figures,
        "tables": tables,
    });
    told(&text, offset, MOST, &structured)
}

fn part(
    paper: &mut Paper<'_>,
    head: &str,
    id: &ArxivId,
    wanted: &str,
    offset: usize,
) -> Result<Output, Failure> {
    let mut note = String::new();
    let (name, text) = match paper.meant(wanted) {
        Meant::Sections(found) => {
            let names: Vec<String> = found
                .iter()
                .filter_map(|at| paper.sections.get(*at))
                .map(|section| section.name())
                .collect();
            let (Some(at), Some(name)) = (found.first().copied(), names.first().cloned()) else {
                return Err(unknown(paper, wanted));
            };
            if let [_, others @ ..] = names.as_slice()
                && !others.is_empty()
            {
                let others: Vec<&str> = others.iter().take(5).map(String::as_str).collect();
                note = format!("(also fits: {})\n\n", others.join("; "));
            }
            let text = format!("{}\n\n{}", paper.heading(at), paper.text(at));
            (name, text)
        }
        Meant::Abstract => (
            "Abstract".into(),
            format!("## Abstract\n\n{}", paper.summary()),
        ),
        Meant::References => {
            let list = paper.references();
            (
                "References".into(),
                format!("## References\n\n{}", or_none(list, "references")),
            )
        }
        Meant::Figures => {
            let figures = paper.floats("ltx_figure").join("\n\n");
            (
                "Figures".into(),
                format!("## Figures\n\n{}", or_none(figures, "figures")),
            )
        }
        Meant::Tables => {
            let tables = paper.floats("ltx_table").join("\n\n");
            (
                "Tables".into(),
                format!("## Tables\n\n{}", or_none(tables, "tables")),
            )
        }
        Meant::Nothing => return Err(unknown(paper, wanted)),
    };
    let total = text.chars().count();
    let structured = json!({
        "arxiv_id": id.to_string(),
        "section": name,
        "offset": offset,
        "total": total,
    });
    // The head is not counted: offsets are those of the text.
    let mut output = told(&text, offset, PIECE, &structured)?;
    for content in &mut output.content {
        if let ml_intern_sdk::Content::Text(piece) = content {
            *piece = format!("{head}\n{note}{piece}");
        }
    }
    Ok(output)
}

fn or_none(text: String, what: &str) -> String {
    match text.is_empty() {
        true => format!("The paper has no {what}."),
        false => text,
    }
}

/// The sections that there are, for one that is not.
fn unknown(paper: &Paper<'_>, wanted: &str) -> Failure {
    let names: Vec<String> = paper
        .sections
        .iter()
        .take(60)
        .map(|section| short(&section.name(), 80))
        .collect();
    Failure::argument(
        "/section",
        format!(
            "a section of the paper, not {wanted:?}; it has: {}; and abstract, references, figures, tables",
            names.join("; ")
        ),
    )
}

/// What the Hub has of a paper that nobody has HTML of.
fn only_abstract(
    id: &ArxivId,
    section: Option<&str>,
    misses: &[String],
) -> Result<Output, Failure> {
    let told_misses = misses.join("; ");
    let paper = hub_papers::paper(id).map_err(|failure| {
        Failure::failed(format!(
            "no text of the paper {id} was found ({told_misses}), and no abstract: {}. Its PDF would be {}",
            why(&failure),
            id.pdf()
        ))
    })?;
    let what = match section {
        Some(section) => format!("the section {section:?} cannot be given"),
        None => "there are no sections to list".into(),
    };
    let text = format!(
        "# {}\n{}\n\n**Only the abstract:** no HTML version of this paper could be read, so {what} ({told_misses}). The PDF \
         is at {}\n\n## Abstract\n\n{}",
        paper.title(),
        id.page(),
        id.pdf(),
        short_text(paper.summary.as_deref().unwrap_or("The Hub has none."))
    );
    let structured = json!({
        "arxiv_id": id.to_string(),
        "title": paper.title,
        "source": null,
        "pdf": id.pdf(),
        "misses": misses,
    });
    told(&text, 0, MOST, &structured)
}

/// An abstract, of a length that one has.
fn short_text(text: &str) -> String {
    match text.char_indices().nth(5_000) {
        None => text.trim().to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
