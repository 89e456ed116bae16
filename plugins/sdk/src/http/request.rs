//! A request, built part by part.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use serde::Serialize;

use super::Error;
use super::target::Target;
use crate::{Failure, HttpMethod};

/// A request: `Request::get("https://a.example/x").query("page", "2").header("accept", "application/json")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(super) method: HttpMethod,
    url: String,
    query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// What is sent in place of `body`.
    pub(super) stream: Option<Stream>,
    /// Milliseconds.
    pub(super) patience: Option<u32>,
    /// Milliseconds.
    pub(super) connect_patience: Option<u32>,
}

impl Request {
    /// A request without headers and body. The URL is absolute, `http` or `https`, its parts percent-encoded.
    #[must_use]
    pub fn new(method: HttpMethod, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            stream: None,
            patience: None,
            connect_patience: None,
        }
    }

    /// A GET request.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(HttpMethod::Get, url)
    }

    /// A POST request.
    #[must_use]
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(HttpMethod::Post, url)
    }

    /// The same with one more parameter in the URL's query; both parts are encoded here.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with these bytes as the body; `content-length` follows from them.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        self
    }

    /// The same with so many bytes as the body, read as they are sent: for what is larger than the memory. Whatever opens
    /// it is called each time that the request is sent.
    #[must_use]
    pub fn stream(
        mut self,
        length: u64,
        open: impl Fn() -> io::Result<Box<dyn Read>> + Send + Sync + 'static,
    ) -> Self {
        self.stream = Some(Stream {
            length,
            open: Arc::new(open),
        });
        self
    }

    /// The same with this value, as JSON, as the body.
    ///
    /// # Errors
    /// [`Failure::Failed`] where the value has no JSON form: a map whose keys are not strings.
    pub fn json(self, value: &impl Serialize) -> Result<Self, Failure> {
        let json = serde_json::to_vec(value).map_err(|error| {
            Failure::failed(format!("the body of a request has no JSON form: {error}"))
        })?;
        Ok(self.header("content-type", "application/json").body(json))
    }

    /// The same with so many milliseconds of waiting at most: for a connection, for the answer to begin, and for each
    /// further part of it. The host's own limits hold where they are shorter.
    #[must_use]
    pub fn patience(mut self, milliseconds: u32) -> Self {
        self.patience = Some(milliseconds);
        self
    }

    /// The same with so many milliseconds of waiting for a connection at most, where that is to be another time than
    /// [`Self::patience`].
    #[must_use]
    pub fn connect_patience(mut self, milliseconds: u32) -> Self {
        self.connect_patience = Some(milliseconds);
        self
    }

    /// The same request at another absolute URL, which has its own query.
    pub(super) fn at(mut self, url: &str) -> Self {
        url.clone_into(&mut self.url);
        self.query.clear();
        self
    }

    /// What is asked for, as a policy names it: `http GET https://a.example:443/x`.
    pub(super) fn subject(&self) -> String {
        Target::new(self.method, &self.url())
            .map_or_else(|error| error.to_string(), |target| target.subject)
    }

    /// What `content-length` has to say: an empty body too, where the method is one that is expected to have a body
    /// (RFC 9110 §8.6), since it would be sent as a chunked one otherwise.
    pub(super) fn length(&self) -> Option<u64> {
        if let Some(stream) = &self.stream {
            return Some(stream.length);
        }
        match self.method {
            HttpMethod::Get | HttpMethod::Head | HttpMethod::Options if self.body.is_empty() => {
                None
            }
            _ => Some(self.body.len() as u64),
        }
    }

    /// The URL with the query.
    pub(super) fn url(&self) -> String {
        let (url, fragment) = match self.url.split_once('#') {
            Some((url, _)) => (url, true),
            None => (self.url.as_str(), false),
        };
        if self.query.is_empty() && !fragment {
            return url.to_owned();
        }
        let mut whole = url.to_owned();
        for (name, value) in &self.query {
            let before = match whole.find('?') {
                None => "?",
                Some(at) if at + 1 == whole.len() => "",
                Some(_) => "&",
            };
            whole.push_str(&format!("{before}{}={}", encode(name), encode(value)));
        }
        whole
    }
}

/// What opens a body that is read as it is sent.
type Open = dyn Fn() -> io::Result<Box<dyn Read>> + Send + Sync;

/// A body that is read as it is sent.
#[derive(Clone)]
pub(super) struct Stream {
    length: u64,
    open: Arc<Open>,
}

impl Stream {
    /// The body, of no more bytes than was said.
    ///
    /// # Errors
    /// [`Error::Request`] where it cannot be opened.
    pub(super) fn open(&self) -> Result<io::Take<Box<dyn Read>>, Error> {
        let reader = (self.open)().map_err(|error| {
            Error::Request(format!("the body of a request cannot be opened: {error}"))
        })?;
        Ok(reader.take(self.length))
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Two are the same where what opens them is the same.
impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && Arc::ptr_eq(&self.open, &other.open)
    }
}

impl Eq for Stream {}

/// Text as one part of a URL: a segment of a path, a name or a value of a query. Everything but RFC 3986's unreserved
/// characters is percent-encoded, a `/` too.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_query_is_added_to_what_is_there() {
        let table = [
            (
                "https://a.example/x",
                "https://a.example/x?q=a%26b%20%C3%A9&n=1",
            ),
            (
                "https://a.example/x?",
                "https://a.example/x?q=a%26b%20%C3%A9&n=1",
            ),
            (
                "https://a.example/x?y=1",
                "https://a.example/x?y=1&q=a%26b%20%C3%A9&n=1",
            ),
            (
                "https://a.example#part",
                "https://a.example?q=a%26b%20%C3%A9&n=1",
            ),
        ];
        for (url, expected) in table {
            let request = Request::get(url).query("q", "a&b é").query("n", "1");
            assert_eq!(request.url(), expected, "{url}");
        }
        assert_eq!(
            Request::get("https://a.example/x#y").url(),
            "https://a.example/x"
        );
        assert_eq!(
            Request::get("https://a.example/?").url(),
            "https://a.example/?"
        );
    }

    #[test]
    fn a_body_has_a_length_and_so_has_none_where_one_is_expected() {
        let table = [
            (HttpMethod::Get, "", None),
            (HttpMethod::Head, "", None),
            (HttpMethod::Options, "", None),
            (HttpMethod::Post, "", Some(0)),
            (HttpMethod::Put, "", Some(0)),
            (HttpMethod::Patch, "", Some(0)),
            (HttpMethod::Delete, "", Some(0)),
            (HttpMethod::Get, "é", Some(2)),
            (HttpMethod::Post, "é", Some(2)),
        ];
        for (method, body, length) in table {
            let request = Request::new(method, "https://a.example/").body(body);
            assert_eq!(request.length(), length, "{method:?} {body}");
        }
        let open = || Ok(Box::new(io::empty()) as Box<dyn Read>);
        let streamed = Request::new(HttpMethod::Put, "https://a.example/").stream(7, open);
        assert_eq!(streamed.length(), Some(7));
    }

    #[test]
    fn a_body_is_read_as_it_is_sent() {
        use super::super::native::{Native, Reply};
        use super::super::send;
        let _served = Native::new()
            .replies("https://a.example", |request| {
                Reply::new(200).body(request.body.clone())
            })
            .enter();
        let sent = |length| {
            let open = || Ok(Box::new("a body".as_bytes()) as Box<dyn Read>);
            let request = Request::new(HttpMethod::Put, "https://a.example/").stream(length, open);
            send(&request)
                .and_then(|answer| answer.text(99))
                .map_err(|error| error.to_string())
        };
        assert_eq!(sent(6), Ok("a body".into()));
        assert_eq!(sent(4), Ok("a bo".into()));
        let short = sent(7).unwrap_err();
        assert!(
            short.starts_with("http PUT https://a.example:443/: "),
            "{short}"
        );
        let missing = Request::new(HttpMethod::Put, "https://a.example/")
            .stream(1, || Err(io::ErrorKind::NotFound.into()));
        assert_eq!(
            send(&missing).unwrap_err().to_string(),
            "the body of a request cannot be opened: entity not found"
        );
    }

    #[test]
    fn parts_of_a_url_are_encoded() {
        for (text, expected) in [
            ("AZaz09-._~", "AZaz09-._~"),
            ("a/b", "a%2Fb"),
            ("..%2f?#&=+", "..%252f%3F%23%26%3D%2B"),
            ("\u{1f600}\n", "%F0%9F%98%80%0A"),
        ] {
            assert_eq!(encode(text), expected, "{text}");
        }
    }

    #[test]
    fn a_body_can_be_json() -> Result<(), Failure> {
        let request = Request::post("https://a.example/").json(&BTreeMap::from([("a", 1)]))?;
        let expected = Request::post("https://a.example/")
            .header("content-type", "application/json")
            .body("{\"a\":1}");
        assert_eq!(request, expected);
        let no_json = Request::post("https://a.example/").json(&BTreeMap::from([(vec![1], 1)]));
        let failure = "the body of a request has no JSON form: key must be a string";
        assert_eq!(no_json, Err(Failure::failed(failure)));
        Ok(())
    }
}
