//! Bringing what is kept up to date, with as few requests as that takes.
//!
//! | what | asked for |
//! | --- | --- |
//! | a part's sidebar | where it is not kept, or was last asked for an hour ago |
//! | a page's text | where it is not kept; where its sidebar's page is another than before; after a day |
//!
//! What is kept is asked for with its validators, so that only what changed comes again. A documentation is built as a
//! whole, each of its pages naming the build: a first page that is the same means the same pages.
//!
//! What one call fetches is bounded: pages, bytes and time. What is missing then is fetched by the next.

use ml_intern_hub::HUB;
use ml_intern_sdk::Failure;
use ml_intern_sdk::http::{self, Patience, Request, Response};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::Setting;
use crate::kept::{Kept, Page, Sidebar, Validators, hex};
use crate::markdown;
use crate::sidebar::{self, Link};

/// Milliseconds for which a sidebar is not asked for again.
pub(crate) const HOUR: u64 = 3_600_000;
/// Milliseconds for which a page is not asked for again.
pub(crate) const DAY: u64 = 24 * HOUR;
/// Pages that one call asks for at most.
pub(crate) const PAGES: usize = 300;
/// Milliseconds after which a call asks for no more pages.
const BUDGET: u64 = 60_000;
/// Bytes of pages that one call takes at most.
const CALL_BYTES: usize = 16 << 20;
/// Bytes of texts that are kept of one documentation at most.
pub(crate) const KEPT_BYTES: usize = 32 << 20;
/// Bytes of one page at most.
pub(crate) const PAGE_BYTES: usize = 1 << 20;
/// Bytes of a sidebar's page at most.
const SIDEBAR_BYTES: usize = 8 << 20;
/// Requests at one time.
const AT_ONCE: usize = 6;
/// Requests whose answers are kept together.
const BATCH: usize = 24;
/// Redirects that are followed.
const HOPS: u32 = 4;
/// Milliseconds that an answer may take to begin, and between its parts.
const WAIT: u32 = 30_000;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// All pages, in their order, and the part that each is of.
    pub(crate) pages: Vec<(Link, String)>,
    /// Pages that are still to be asked for.
    pub(crate) due: usize,
    /// What did not work, for the model.
    pub(crate) notes: Vec<String>,
}

/// Which texts are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    All,
    /// Those of so many pages, after so many.
    Window {
        from: usize,
        count: usize,
    },
}

/// Brings the documentation whose parts begin at these paths up to date.
///
/// # Errors
/// Where there is nothing to go on with: no sidebar was ever had, or no page, and why.
pub(crate) fn refresh(
    kept: &mut Kept,
    paths: &[String],
    wanted: Wanted,
    setting: &Setting,
) -> Result<Report, Failure> {
    let mut report = Report::default();
    let mut failed = None;
    for path in paths {
        let url = format!("{HUB}{path}");
        if let Err(failure) = ask_sidebar(kept, &url, setting) {
            let lasts = matches!(failure, Failure::Failed(_) | Failure::Denied(_));
            match kept.sidebar(&url) {
                Some(known) if !known.links.is_empty() => report.notes.push(format!(
                    "the list of pages of {url} is an older one, since {}",
                    said(&failure)
                )),
                _ if paths.len() > 1 => {
                    report
                        .notes
                        .push(format!("{url} is left out: {}", said(&failure)));
                    if lasts {
                        kept.set_sidebar(Sidebar::none(&url, setting.now()));
                    }
                }
                _ => {}
            }
            failed = Some(failure);
        } else if kept
            .sidebar(&url)
            .is_some_and(|known| known.links.is_empty())
        {
            report.notes.push(format!(
                "{url} is left out: it had no list of pages within this hour"
            ));
        }
        let part = path.rsplit('/').next().unwrap_or_default();
        let links = kept.sidebar(&url).map(|sidebar| sidebar.links.clone());
        for link in links.into_iter().flatten() {
            report.pages.push((link, part.to_owned()));
        }
    }
    kept.save();
    match failed {
        Some(failure) if report.pages.is_empty() => return Err(failure),
        _ => {}
    }
    ask_pages(kept, paths, wanted, setting, &mut report)?;
    kept.tidy();
    if let Some(trouble) = &kept.trouble {
        report
            .notes
            .push(format!("nothing can be kept for later calls: {trouble}"));
    }
    Ok(report)
}

/// What a failure says.
fn said(failure: &Failure) -> String {
    match failure {
        Failure::Upstream(error) => error.message.clone(),
        Failure::Denied(denial) => format!("{}: denied", denial.capability),
        Failure::Failed(text) => text.clone(),
        Failure::InvalidArguments(_) => "it is no address".to_owned(),
    }
}

fn with_validators(request: Request, validators: &Validators) -> Request {
    match (&validators.etag, &validators.modified) {
        (Some(etag), _) => request.header("if-none-match", etag),
        (None, Some(modified)) => request.header("if-modified-since", modified),
        (None, None) => request,
    }
}

fn validators(answer: &Response) -> Validators {
    let header = |name| answer.headers.get(name).filter(|value| value.len() < 300);
    Validators {
        etag: header("etag").map(str::to_owned),
        modified: header("last-modified").map(str::to_owned),
    }
}

fn ask_sidebar(kept: &mut Kept, url: &str, setting: &Setting) -> Result<(), Failure> {
    let now = setting.now();
    let before = kept.sidebar(url);
    if before.is_some_and(|known| now.saturating_sub(known.checked) < HOUR) {
        return Ok(());
    }
    let mut request = Request::get(url).patience(WAIT);
    if let Some(known) = before {
        request = with_validators(request, &known.validators);
    }
    let answer = Patience::default().follow(&request, HOPS)?;
    if answer.status == 304 && before.is_some() {
        kept.set_same(url, false, now);
        return Ok(());
    }
    let answer = answer.success()?;
    let validators = validators(&answer);
    let html = answer.bytes(SIDEBAR_BYTES)?;
    let digest = hex(&Sha256::digest(&html));
    if before.is_some_and(|known| known.digest == digest) {
        kept.set_same(url, false, now);
        return Ok(());
    }
    let at = Url::parse(url).map_err(|error| Failure::failed(format!("{url}: {error}")))?;
    let links = sidebar::links(&String::from_utf8_lossy(&html), &at);
    if links.is_empty() {
        return Err(Failure::failed(format!(
            "{url} has no list of pages: it is no documentation, or of a new form"
        )));
    }
    kept.set_sidebar(Sidebar {
        url: url.to_owned(),
        validators,
        digest,
        links,
        checked: now,
        changed: now,
    });
    Ok(())
}

/// Where the Markdown of a page is.
pub(crate) fn markdown_url(page: &str) -> String {
    let path = page.strip_prefix(HUB).unwrap_or_default();
    // A documentation's first page is called `index`.
    let first = path
        .strip_prefix("/docs/")
        .is_some_and(|rest| !rest.contains('/'));
    match (page.ends_with(".md"), first) {
        (true, _) => page.to_owned(),
        (false, true) => format!("{page}/index.md"),
        (false, false) => format!("{page}.md"),
    }
}

/// What came of a page.
enum Came {
    Page(Page),
    Same,
    /// It is somewhere else.
    Moved(String),
    /// It did not come; it may the next time.
    Failed(Failure),
}

fn ask_pages(
    kept: &mut Kept,
    paths: &[String],
    wanted: Wanted,
    setting: &Setting,
    report: &mut Report,
) -> Result<(), Failure> {
    let started = setting.now();
    let mut due: Vec<String> = Vec::new();
    for path in paths {
        let Some(sidebar) = kept.sidebar(&format!("{HUB}{path}")) else {
            continue;
        };
        let stale = |page: &Page| {
            page.checked < sidebar.changed || started.saturating_sub(page.checked) >= DAY
        };
        let links = sidebar.links.iter().map(|link| &link.url);
        due.extend(
            links
                .filter(|url| kept.page(url).is_none_or(stale))
                .cloned(),
        );
    }
    if let Wanted::Window { from, count } = wanted {
        let window = report.pages.iter().skip(from).take(count);
        let window: Vec<&str> = window.map(|(link, _)| link.url.as_str()).collect();
        due.retain(|url| window.contains(&url.as_str()));
    }
    // What has no text yet comes first.
    due.sort_by_key(|url| kept.page(url).is_some());
    let total = due.len().min(PAGES);
    let (mut done, mut bytes, mut failures) = (0, 0, 0);
    let mut first_failure: Option<Failure> = None;
    let mut pause = None;
    let mut full = false;
    for batch in due.chunks(BATCH) {
        let over = setting.now().saturating_sub(started) >= BUDGET || bytes >= CALL_BYTES;
        full = kept.text_bytes() >= KEPT_BYTES;
        if done >= PAGES || over || full || pause.is_some() {
            break;
        }
        let batch = batch.get(..batch.len().min(PAGES - done)).unwrap_or(batch);
        let mut failed_here = 0;
        for (url, came) in ask(kept, batch, started) {
            match came {
                Came::Page(page) => {
                    bytes += page.text.as_ref().map_or(0, String::len);
                    kept.set_page(page);
                }
                Came::Same => kept.set_same(&url, true, started),
                Came::Moved(_) => {}
                Came::Failed(failure) => {
                    failed_here += 1;
                    if let Failure::Upstream(error) = &failure
                        && error.status == Some(429)
                    {
                        pause = Some(error.retry_after);
                    }
                    first_failure.get_or_insert(failure);
                }
            }
        }
        kept.save();
        done += batch.len();
        failures += failed_here;
        setting.progress(done as u64, total as u64);
        // Nothing works any more.
        if failed_here == batch.len() {
            break;
        }
    }
    report.due = due
        .iter()
        .filter(|url| kept.page(url).is_none_or(|page| page.checked < started))
        .count();
    match (pause, first_failure) {
        // The first one cannot have had anything.
        (_, Some(failure)) if failures == done && nothing(kept, report) => return Err(failure),
        (Some(seconds), _) => report.notes.push(match seconds {
            Some(seconds) => format!("the Hub asks to wait {seconds} s before more is fetched"),
            None => "the Hub asks to wait before more is fetched".to_owned(),
        }),
        (None, Some(failure)) => report.notes.push(format!(
            "{failures} page(s) did not come, and are asked for again: {}",
            said(&failure)
        )),
        (None, None) => {}
    }
    if full && report.due > 0 {
        report.notes.push(format!(
            "only the titles of {} page(s) are searched, since the texts of this documentation have more than {} MiB",
            report.due,
            KEPT_BYTES >> 20
        ));
        report.due = 0;
    }
    Ok(())
}

/// Whether no page of these has ever been asked for with success.
fn nothing(kept: &Kept, report: &Report) -> bool {
    report
        .pages
        .iter()
        .all(|(link, _)| kept.page(&link.url).is_none())
}

/// Asks for these pages, redirects followed; each with what came of it.
fn ask(kept: &Kept, urls: &[String], now: u64) -> Vec<(String, Came)> {
    let mut open: Vec<(String, String)> = urls
        .iter()
        .map(|url| (url.clone(), markdown_url(url)))
        .collect();
    let mut came = Vec::new();
    for hop in 0..=HOPS {
        let requests: Vec<Request> = open
            .iter()
            .map(|(page, at)| {
                let request = Request::get(at).patience(WAIT);
                match kept.page(page) {
                    Some(known) => with_validators(request, &known.validators),
                    None => request,
                }
            })
            .collect();
        let mut moved = Vec::new();
        http::many(&requests, AT_ONCE, |index, answer| {
            let Some((page, at)) = open.get(index) else {
                return;
            };
            match read(kept, page, at, answer, now) {
                Came::Moved(to) if hop < HOPS => moved.push((page.clone(), to)),
                Came::Moved(_) => {
                    let why = "it redirects without an end".to_owned();
                    let page_ = Page::new(page, Validators::default(), Err(why), now);
                    came.push((page.clone(), Came::Page(page_)));
                }
                other => came.push((page.clone(), other)),
            }
        });
        if moved.is_empty() {
            break;
        }
        open = moved;
    }
    came
}

/// Reads the answer to a request for a page.
fn read(kept: &Kept, url: &str, at: &str, answer: Result<Response, http::Error>, now: u64) -> Came {
    let none = |why: String| Came::Page(Page::new(url, Validators::default(), Err(why), now));
    let answer = match answer {
        Ok(answer) => answer,
        // It leads where the tool does not go.
        Err(error) if error.is_denial() && at != markdown_url(url) => {
            return none(format!("it is at {at}"));
        }
        Err(error) => return Came::Failed(error.into()),
    };
    if answer.status == 304 && kept.page(url).is_some() {
        return Came::Same;
    }
    if matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        let to = answer
            .headers
            .get("location")
            .and_then(|to| Url::parse(at).ok()?.join(to).ok());
        return match to {
            Some(to) if !to.as_str().starts_with(&format!("{HUB}/")) => {
                none(format!("it is at {to}"))
            }
            Some(to) => Came::Moved(to.into()),
            None => none("it redirects nowhere".to_owned()),
        };
    }
    let validators = validators(&answer);
    let text = answer
        .success()
        .and_then(|answer| markdown_of(answer, PAGE_BYTES));
    match text {
        Ok(text) => Came::Page(Page::new(url, validators, Ok(text), now)),
        Err(error) => {
            let why = error.to_string();
            // Not there, or not what it should be: that stays so for a while.
            let lasts = matches!(
                error,
                http::Error::TooLarge { .. }
                    | http::Error::Content { .. }
                    | http::Error::Status {
                        status: 400..=499,
                        ..
                    }
            );
            match Failure::from(error) {
                Failure::Failed(_) if lasts => none(why),
                failure => Came::Failed(failure),
            }
        }
    }
}

/// The text of an answer that should be Markdown.
///
/// # Errors
/// Where it is a web page, or longer than `limit` bytes, or no text.
pub(crate) fn markdown_of(answer: Response, limit: usize) -> Result<String, http::Error> {
    let kind = answer.headers.get("content-type").unwrap_or_default();
    let web_page = kind.to_ascii_lowercase().starts_with("text/html");
    if web_page {
        return Err(http::Error::Content {
            request: "the page".to_owned(),
            problem: "is a web page: it has no Markdown form".to_owned(),
        });
    }
    Ok(markdown::clean(&answer.text(limit)?))
}
