//! `web_fetch`.

use ml_intern_markdown::{Html, page};
use ml_intern_sdk::http::{Error, Patience, Request, Response};
use ml_intern_sdk::page::piece;
use ml_intern_sdk::{Failure, Output};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::decode::{self, Kind};

/// Bytes that are read of a page.
const LARGEST: usize = 5 << 20;
/// Characters of a piece; with what stands above and beneath it a result has 16,000 at most.
const PIECE: usize = 14_500;
/// Bytes of an address at most.
const ADDRESS: usize = 1_000;
/// Redirects that are followed.
const HOPS: u32 = 5;
/// Milliseconds that an answer may take to begin.
const WAIT: u32 = 30_000;

/// What `web_fetch` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fetch {
    /// The page's address: http or https.
    url: String,
    /// Characters of the page to skip: to read on where a result says so.
    offset: Option<u32>,
}

/// The text of a page.
pub(crate) fn fetch(arguments: Fetch) -> Result<Output, Failure> {
    let url = address(&arguments.url)?;
    let patience = Patience {
        attempts: 2,
        waiting: 15_000,
    };
    let request = Request::get(url.as_str())
        .header(
            "accept",
            "text/markdown, text/html;q=0.9, application/xhtml+xml;q=0.9, text/*;q=0.8, application/json;q=0.8, */*;q=0.5",
        )
        .patience(WAIT);
    let answer = patience
        .follow(&request, HOPS)
        .and_then(Response::success)
        .map_err(explain)?;
    let content_type = answer.headers.get("content-type").map(str::to_owned);
    let content_type = content_type.as_deref();
    let size = answer
        .headers
        .get("content-length")
        .and_then(|length| length.trim().parse::<u64>().ok());
    let found = Url::parse(&answer.url).unwrap_or(url);
    let refuse = |kind: String, read: Option<u64>| refused(&found, &kind, size.or(read));
    let declared = decode::declared(content_type).map_err(|kind| refuse(kind, None))?;
    let (bytes, more) = answer.first_bytes(LARGEST).map_err(explain)?;
    let length = (!more).then_some(bytes.len() as u64);
    let kind = decode::looks_like(declared, &bytes).map_err(|kind| refuse(kind, length))?;
    let source = decode::text(&bytes, more, content_type, kind);
    drop(bytes);
    let (title, text, cut) = match kind {
        Kind::Text => (String::new(), source, false),
        Kind::Html => {
            let page = page(&Html::parse(&source), &found);
            (page.title, page.text, page.cut)
        }
    };
    let offset = arguments.offset.unwrap_or(0) as usize;
    let piece = piece(&text, offset, PIECE);
    if offset > 0 && offset >= piece.total {
        let expected = format!("less than {}: the page has no more characters", piece.total);
        return Err(Failure::argument("/offset", expected));
    }
    let what = match kind {
        Kind::Html => "HTML as Markdown",
        Kind::Text => content_type
            .and_then(|kind| kind.split(';').next())
            .filter(|kind| kind.len() <= 60)
            .unwrap_or("text"),
    };
    let mut head = String::new();
    if !title.is_empty() {
        head.push_str(&format!("# {}\n", shortened(&title, 200)));
    }
    head.push_str(&format!("{found}\n({what}, {} characters", piece.total));
    if more || cut {
        head.push_str(match more {
            true => ", of the first 5 MiB of the page: the rest was not read",
            false => ", of the page's beginning: the rest was not read",
        });
    }
    head.push_str(")\n\n");
    let body = match text.trim().is_empty() {
        true => "The page has no text, or none without running its scripts.".to_owned(),
        false => piece.with_note("offset"),
    };
    Output::text(format!("{head}{body}")).with_structured(&json!({
        "url": found.as_str(),
        "title": shortened(&title, 200),
        "content_type": content_type.map(|kind| shortened(kind, 100)),
        "offset": piece.from,
        "next": piece.next,
        "total": piece.total,
        "truncated": more || cut,
    }))
}

fn address(given: &str) -> Result<Url, Failure> {
    let wrong = |expected: String| Err(Failure::argument("/url", expected));
    let given = given.trim();
    let url = match Url::parse(given) {
        Ok(url) => url,
        Err(error) => {
            let shown = shortened(given, 100);
            return wrong(format!(
                "an address, as https://example.org/page, not {shown:?} ({error})"
            ));
        }
    };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong(format!(
            "an address of http or https, not {}",
            shortened(url.scheme(), 40)
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("an address without a user name or a password".into());
    }
    if url.as_str().len() > ADDRESS {
        return wrong(format!("{ADDRESS} bytes at most"));
    }
    Ok(url)
}

/// What is not text, with what there is to know about it.
fn refused(url: &Url, kind: &str, size: Option<u64>) -> Failure {
    let size = size.map_or_else(
        || "of unknown size".to_owned(),
        |size| format!("{size} bytes"),
    );
    let is_arxiv = url
        .host_str()
        .is_some_and(|host| host == "arxiv.org" || host.ends_with(".arxiv.org"));
    let hint = match is_arxiv {
        true => "; hf_papers with read_paper reads arXiv's papers",
        false => "",
    };
    Failure::failed(format!(
        "{url} is no text but {kind}, {size}: only text can be read{hint}"
    ))
}

/// A failure without the web page that came with it.
fn explain(error: Error) -> Failure {
    let Error::Status {
        request,
        status,
        retry_after,
        message,
        headers,
    } = error
    else {
        return error.into();
    };
    let message = match message.trim_start().starts_with('<') {
        true => String::new(),
        false => message,
    };
    Failure::from(Error::Status {
        request,
        status,
        retry_after,
        message,
        headers,
    })
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
