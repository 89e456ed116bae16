//! Requests to the Hub, and lists that come in pages.

use ml_intern_sdk::Failure;
use ml_intern_sdk::http::{Patience, Request, Response};
use serde::de::DeserializeOwned;

use crate::{HUB, explain};

/// Milliseconds that an answer may take to begin, and between its parts.
const WAIT: u32 = 30_000;

/// What a request that only reads gives, of at most `limit` bytes of JSON. The path begins with `/` and is encoded.
///
/// # Errors
/// What the Hub said, explained.
pub fn get<T: DeserializeOwned>(
    path: &str,
    query: &[(&str, &str)],
    limit: usize,
) -> Result<T, Failure> {
    let mut request = Request::get(format!("{HUB}{path}")).patience(WAIT);
    for (name, value) in query {
        request = request.query(*name, *value);
    }
    let answer = Patience::default().send(&request).map_err(explain)?;
    answer
        .success()
        .and_then(|answer| answer.json(limit))
        .map_err(explain)
}

/// Sends a request that changes something: once, and any answer but success is a failure.
///
/// # Errors
/// What the Hub said, explained.
pub fn send(request: &Request) -> Result<Response, Failure> {
    ml_intern_sdk::http::send(&request.clone().patience(WAIT))
        .and_then(Response::success)
        .map_err(explain)
}

/// Entries of a list that comes in pages.
#[derive(Debug)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Whether the list has more than was wanted.
    pub more: bool,
}

/// The entries of a list, from as many pages as it takes for `most` of them: each page names the next in its `link`
/// header (RFC 8288). Of that, the path and the query count: a Hub that is served elsewhere names itself there.
///
/// # Errors
/// What the Hub said, explained.
pub fn pages<T: DeserializeOwned>(
    path: &str,
    query: &[(&str, &str)],
    limit: usize,
    most: usize,
) -> Result<Page<T>, Failure> {
    let mut request = Request::get(format!("{HUB}{path}")).patience(WAIT);
    for (name, value) in query {
        request = request.query(*name, *value);
    }
    let mut items: Vec<T> = Vec::new();
    loop {
        let answer = Patience::default()
            .send(&request)
            .and_then(Response::success)
            .map_err(explain)?;
        let next = answer.headers.all("link").find_map(next_page);
        let page: Vec<T> = answer.json(limit).map_err(explain)?;
        items.extend(page);
        let more = items.len() > most;
        let Some(next) = next.filter(|_| !more) else {
            items.truncate(most);
            return Ok(Page { items, more });
        };
        request = Request::get(format!("{HUB}{next}")).patience(WAIT);
    }
}

/// Path and query of the link whose relation is `next`.
fn next_page(header: &str) -> Option<String> {
    header.split(',').find_map(|link| {
        let (target, parameters) = link.split_once(';')?;
        let next = parameters.split(';').any(|parameter| {
            let parameter = parameter.trim();
            parameter == "rel=\"next\"" || parameter == "rel=next"
        });
        let target = target.trim().strip_prefix('<')?.strip_suffix('>')?;
        let (_, after) = target.split_once("://")?;
        let path = after.get(after.find('/')?..)?;
        next.then(|| path.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use ml_intern_sdk::http::native::{Native, Reply};

    use super::*;

    #[test]
    fn pages_are_read_until_there_are_enough() {
        let served = |next: &'static str| {
            Native::new()
                .replies(HUB, move |request| match request.path.as_str() {
                    "/api/x?q=1" => Reply::new(200)
                        .header("link", &format!("<{next}>; rel=\"next\""))
                        .body("[1,2]"),
                    "/api/x?cursor=a" => Reply::new(200).body("[3]"),
                    _ => Reply::new(404),
                })
                .enter()
        };
        let list = |most| {
            let page: Page<u32> = pages("/api/x", &[("q", "1")], 99, most)?;
            Ok::<_, Failure>((page.items, page.more))
        };
        let entered = served("https://huggingface.co/api/x?cursor=a");
        assert_eq!(list(9), Ok((vec![1, 2, 3], false)));
        assert_eq!(list(3), Ok((vec![1, 2, 3], false)));
        assert_eq!(list(2), Ok((vec![1, 2], true)));
        assert_eq!(list(1), Ok((vec![1], true)));
        drop(entered);
        // One that is served elsewhere says so.
        let _entered = served("http://127.0.0.1:1/api/x?cursor=a");
        assert_eq!(list(9), Ok((vec![1, 2, 3], false)));
    }
}
