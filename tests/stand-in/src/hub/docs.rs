//! `/docs/{library}` and `/learn/{course}`: a page whose sidebar names the others, and each as Markdown.
//!
//! The texts are in `data/docs/*.md`: pages start with a line `@@ slug | section | title`.

use std::sync::LazyLock;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::errors::{Reply, not_found};

/// A page: `sft_trainer`, the heading it is under, its title, its text.
#[derive(Debug)]
struct Page {
    slug: &'static str,
    section: &'static str,
    title: &'static str,
    text: &'static str,
}

/// Where a library or a course is, and its pages.
type Book = (&'static str, Vec<Page>);

static BOOKS: LazyLock<Vec<Book>> = LazyLock::new(|| {
    [
        ("docs/trl", include_str!("../../data/docs/trl.md")),
        (
            "docs/transformers",
            include_str!("../../data/docs/transformers.md"),
        ),
        ("docs/peft", include_str!("../../data/docs/peft.md")),
        ("docs/datasets", include_str!("../../data/docs/datasets.md")),
        ("docs/hub", include_str!("../../data/docs/hub.md")),
        ("docs/trackio", include_str!("../../data/docs/trackio.md")),
        ("docs/optimum", include_str!("../../data/docs/optimum.md")),
        (
            "learn/llm-course",
            include_str!("../../data/docs/llm-course.md"),
        ),
        (
            "learn/smol-course",
            include_str!("../../data/docs/smol-course.md"),
        ),
        (
            "learn/cookbook",
            include_str!("../../data/docs/cookbook.md"),
        ),
    ]
    .into_iter()
    .map(|(place, text)| (place, pages(text)))
    .collect()
});

fn pages(text: &'static str) -> Vec<Page> {
    text.split("@@ ")
        .skip(1)
        .map(|page| {
            let (head, text) = page.split_once('\n').unwrap();
            let fields: Vec<&str> = head.split(" | ").collect();
            Page {
                slug: fields[0],
                section: fields[1],
                title: fields[2],
                text: text.trim_start(),
            }
        })
        .collect()
}

/// `/docs/trl`, `/docs/trl/index`, `/docs/trl/main/en/sft_trainer`, and each with `.md` behind it.
pub(crate) fn page(ask: &Ask, parts: &[&str]) -> Reply {
    let [area, name, rest @ ..] = parts else {
        return Err(not_found());
    };
    // A version and a language may stand before the page.
    let rest: Vec<&str> = rest
        .iter()
        .copied()
        .skip_while(|part| {
            *part == "main"
                || *part == "en"
                || part.starts_with('v') && part[1..].starts_with(|c: char| c.is_ascii_digit())
        })
        .collect();
    let place = format!("{area}/{name}");
    let place = place.trim_end_matches(".md");
    let (_, pages) = BOOKS
        .iter()
        .find(|(book, _)| *book == place)
        .ok_or_else(not_found)?;
    let slug = rest.join("/");
    let markdown = ask.path.ends_with(".md");
    let slug = slug.trim_end_matches(".md");
    let page = if slug.is_empty() {
        &pages[0]
    } else {
        pages
            .iter()
            .find(|page| page.slug == slug)
            .ok_or_else(not_found)?
    };
    if markdown {
        return Ok(Answer::new(200, "text/markdown; charset=utf-8", page.text));
    }
    // A course begins at its first chapter.
    if slug.is_empty() && *area == "learn" {
        let location = ask.hub(&format!("/{place}/{}", pages[0].slug));
        return Ok(Answer::redirect(307, location));
    }
    Ok(Answer::html(html(place, pages, page)))
}

fn html(place: &str, pages: &[Page], page: &Page) -> String {
    let mut sidebar = String::new();
    let mut section = "";
    for one in pages {
        if one.section != section {
            if !section.is_empty() {
                sidebar.push_str("</div>");
            }
            section = one.section;
            sidebar.push_str(&format!(
                "<div class=\"group flex cursor-pointer items-center pl-2 text-[0.8rem] font-semibold leading-9\"><span>{section}</span></div><div class=\"flex flex-col\">"
            ));
        }
        sidebar.push_str(&format!(
            "<a class=\"rounded-xl text-gray-500 pl-2 hover:text-black py-1 pr-2 text-[0.82rem]\" href=\"/{place}/{}\" id=\"{}\">{}</a>",
            one.slug, one.slug.replace('/', "-"), one.title
        ));
    }
    sidebar.push_str("</div>");
    let body: String = page
        .text
        .split("\n\n")
        .map(|paragraph| match paragraph.trim_start_matches('#') {
            heading if heading.len() < paragraph.len() => format!("<h2>{}</h2>", heading.trim()),
            text => format!("<p>{}</p>", text.replace('&', "&amp;").replace('<', "&lt;")),
        })
        .collect();
    format!(
        "<!doctype html><html class=\"\"><head><meta charset=\"utf-8\" /><title>{0}</title></head><body>\
         <header><nav aria-label=\"Main\" class=\"ml-auto hidden lg:block\"><ul><li><a href=\"/models\">Models</a></li><li><a href=\"/datasets\">Datasets</a></li></ul></nav></header>\
         <main><div class=\"docs\"><nav class=\"flex flex-auto flex-col overflow-y-auto px-4 pt-3 pb-16 lg:border-r\">{sidebar}</nav>\
         <div class=\"prose-doc prose\">{body}</div></div></main></body></html>",
        page.title
    )
}
