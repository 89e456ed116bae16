//! arxiv.org and ar5iv: papers as the pages that LaTeXML makes of their source.

use crate::answer::Answer;
use crate::ask::Ask;
use crate::papers::{Paper, find};
use crate::world::World;

/// On arxiv.org itself; and a paper too old for that, which ar5iv has.
const NEW: (&str, &str) = ("2505.04321", include_str!("../data/arxiv/2505.04321.html"));
const OLD: (&str, &str) = ("2410.09912", include_str!("../data/arxiv/2410.09912.html"));

/// The id without its version; `None`: a version that there is not.
fn id(name: &str) -> Option<&str> {
    match name.split_once('v') {
        None => Some(name),
        Some((id, "1" | "2")) => Some(id),
        Some(_) => None,
    }
}

/// arxiv.org: `/html/{id}`, `/abs/{id}`.
pub(crate) fn answer(ask: &Ask, _: &mut World) -> Answer {
    let parts = ask.parts();
    match parts.as_slice() {
        ["html", name] if id(name) == Some(NEW.0) => Answer::html(NEW.1),
        ["html", name] => Answer {
            status: 404,
            ..Answer::html(format!(
                "<!DOCTYPE html><html><head><title>No HTML for '{name}'</title></head><body><h1>No HTML for '{name}'</h1><p>HTML is not available for the source.</p></body></html>"
            ))
        },
        ["abs", name] => match id(name).and_then(find) {
            Some(paper) => Answer::html(page(paper)),
            None => Answer {
                status: 404,
                ..Answer::html(format!(
                    "<!DOCTYPE html><html><head><title>Article {name} not found</title></head><body><h1>Article not found</h1></body></html>"
                ))
            },
        },
        ["pdf", name] if id(name.trim_end_matches(".pdf")).and_then(find).is_some() => Answer::new(
            200,
            "application/pdf",
            "%PDF-1.5\n%\u{e2}\u{e3}\n1 0 obj\n<<>>\nendobj\n%%EOF\n",
        ),
        _ => Answer {
            status: 404,
            ..Answer::html(
                "<!DOCTYPE html><html><head><title>Not found</title></head><body>404 Not Found</body></html>",
            )
        },
    }
}

fn page(paper: &Paper) -> String {
    format!(
        "<!DOCTYPE html><html><head><title>[{0}] {1}</title><meta name=\"citation_title\" content=\"{1}\"/></head><body>\
         <h1 class=\"title mathjax\"><span class=\"descriptor\">Title:</span>{1}</h1>\
         <blockquote class=\"abstract mathjax\"><span class=\"descriptor\">Abstract:</span>{2}</blockquote></body></html>",
        paper.id, paper.title, paper.summary
    )
}

/// ar5iv: what it has not converted leads to the page at arXiv.
pub(crate) fn answer_ar5iv(ask: &Ask, _: &mut World) -> Answer {
    let parts = ask.parts();
    match parts.as_slice() {
        ["html", name] if id(name) == Some(OLD.0) => Answer::html(OLD.1),
        ["html", name] => Answer::redirect(307, ask.link("arxiv.org", &format!("/abs/{name}"))),
        _ => Answer::empty(404),
    }
}
