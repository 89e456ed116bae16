//! An answer: its status, its headers, and its body, of which no more is read than the caller wants.

use std::fmt;
use std::io;

use serde::de::DeserializeOwned;

use super::{Error, date};

/// Bytes that are asked for at once.
const PIECE: usize = 64 << 10;
/// Bytes of a failed answer that are looked at for what it says.
const COMPLAINT: usize = 16 << 10;
/// Characters of it that are told.
const TOLD: usize = 500;

/// Where a body comes from.
pub(super) trait Source {
    /// The next bytes, at most so many; none at the end. It may give no bytes before the end.
    fn next(&mut self, most: usize) -> Result<Option<Vec<u8>>, Error>;
}

/// Headers, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first value of this name, in whatever case; none where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of this name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Names and values of all of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// An answer whose body has not been read.
pub struct Response {
    request: String,
    /// What was asked for, with its query: after redirects, where they led.
    pub url: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers. A value that is not UTF-8 has replacement characters.
    pub headers: Headers,
    source: Box<dyn Source>,
    /// Bytes of body that the headers promise.
    length: Option<u64>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("request", &self.request)
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

impl Response {
    /// An answer made up, to test what reads one.
    #[must_use]
    pub fn new<'a>(
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let body = io::Cursor::new(body.into());
        let subject = "http GET https://test.invalid:443/";
        let mut response = Self::of(subject, status, headers, Box::new(body));
        response.url = "https://test.invalid/".into();
        response
    }

    pub(super) fn of(
        request: &str,
        status: u16,
        headers: Vec<(String, String)>,
        source: Box<dyn Source>,
    ) -> Self {
        let headers = Headers(headers);
        Self {
            request: request.to_owned(),
            url: String::new(),
            status,
            length: headers
                .get("content-length")
                .and_then(|length| length.trim().parse().ok()),
            headers,
            source,
        }
    }

    /// Notes that its `content-length` is about another answer's body (RFC 9110 §9.3.2).
    pub(super) fn has_no_body(&mut self) {
        self.length = None;
    }

    /// Seconds that the service asks to wait, where it does.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        date::retry_after(self.headers.get("retry-after")?, self.headers.get("date"))
    }

    /// The same answer, if its status is one of success (2xx).
    ///
    /// # Errors
    /// [`Error::Status`] otherwise, with what the service said about it: the `error` or `message` of a JSON object, else
    /// the text.
    pub fn success(self) -> Result<Self, Error> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let (request, status, retry_after) =
            (self.request.clone(), self.status, self.retry_after());
        let headers = self.headers.clone();
        // What it says helps where it can be had; that it failed is known without.
        let text = self.start(COMPLAINT);
        Err(Error::Status {
            request,
            status,
            retry_after,
            message: complaint(&String::from_utf8_lossy(&text)),
            headers,
        })
    }

    /// The body, to be read piece by piece: `limit` bytes of it at most.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where the headers promise more.
    pub fn body(self, limit: usize) -> Result<Body, Error> {
        if self
            .length
            .is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit))
        {
            return Err(Error::TooLarge {
                request: self.request,
                limit,
            });
        }
        Ok(Body {
            request: self.request,
            source: self.source,
            limit,
            left: limit,
            piece: io::Cursor::default(),
        })
    }

    /// The whole body, of `limit` bytes at most.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where it has more, and what keeps the rest from coming.
    pub fn bytes(self, limit: usize) -> Result<Vec<u8>, Error> {
        let mut body = self.body(limit)?;
        let mut whole = Vec::new();
        while let Some(piece) = body.piece()? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }

    /// The whole body as text, of `limit` bytes at most.
    ///
    /// # Errors
    /// As [`Self::bytes`], and [`Error::Content`] where it is not UTF-8.
    pub fn text(self, limit: usize) -> Result<String, Error> {
        let request = self.request.clone();
        String::from_utf8(self.bytes(limit)?).map_err(|error| Error::Content {
            request,
            problem: format!(
                "is not text: byte {} is not UTF-8",
                error.utf8_error().valid_up_to()
            ),
        })
    }

    /// The whole body, of `limit` bytes at most, as what it means in JSON.
    ///
    /// # Errors
    /// As [`Self::bytes`], and [`Error::Content`] with the place that does not fit.
    pub fn json<T: DeserializeOwned>(self, limit: usize) -> Result<T, Error> {
        let request = self.request.clone();
        let bytes = self.bytes(limit)?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let wrong = |problem: String| Error::Content {
            request: request.clone(),
            problem: format!("is not the JSON that was expected: {problem}"),
        };
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let place = error.path().to_string();
            wrong(match place.as_str() {
                "." => error.into_inner().to_string(),
                place => format!("at `{place}`, {}", error.into_inner()),
            })
        })?;
        reader.end().map_err(|error| wrong(error.to_string()))?;
        Ok(value)
    }

    /// The body's first bytes, `limit` of them at most, and whether there are more.
    ///
    /// # Errors
    /// What keeps them from coming.
    pub fn first_bytes(mut self, limit: usize) -> Result<(Vec<u8>, bool), Error> {
        let mut first = Vec::new();
        // One byte more tells whether there is more.
        while first.len() <= limit {
            match self.source.next(PIECE.min(limit + 1 - first.len()))? {
                Some(piece) => first.extend_from_slice(&piece),
                None => return Ok((first, false)),
            }
        }
        first.truncate(limit);
        Ok((first, true))
    }

    /// The body's first bytes, as many as can be had.
    fn start(mut self, most: usize) -> Vec<u8> {
        let mut start = Vec::new();
        while start.len() < most
            && let Ok(Some(piece)) = self.source.next(most - start.len())
        {
            start.extend_from_slice(&piece);
        }
        start
    }
}

/// What a service says about its failure.
fn complaint(text: &str) -> String {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Said {
        Text(String),
        Object { message: String },
    }
    #[derive(serde::Deserialize)]
    struct Object {
        error: Option<Said>,
        message: Option<String>,
    }
    let said = serde_json::from_str(text).ok().and_then(|object: Object| {
        let error = object.error.map(|error| match error {
            Said::Text(text) | Said::Object { message: text } => text,
        });
        error.or(object.message)
    });
    let text = said.as_deref().unwrap_or(text).trim();
    match text.char_indices().nth(TOLD) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// A body that is read piece by piece, or as [`std::io::Read`], up to its bound.
pub struct Body {
    request: String,
    source: Box<dyn Source>,
    limit: usize,
    left: usize,
    /// What has come and was not taken yet by [`io::Read`].
    piece: io::Cursor<Vec<u8>>,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("request", &self.request)
            .field("limit", &self.limit)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl Body {
    /// The next bytes as they come; none at the end.
    ///
    /// # Errors
    /// [`Error::TooLarge`] at the first byte over the bound, and what keeps the rest from coming.
    pub fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            // One byte more than is left tells whether there is more.
            let most = PIECE.min(self.left.saturating_add(1));
            let Some(piece) = self.source.next(most)? else {
                return Ok(None);
            };
            if piece.is_empty() {
                continue;
            }
            self.left = self
                .left
                .checked_sub(piece.len())
                .ok_or_else(|| Error::TooLarge {
                    request: self.request.clone(),
                    limit: self.limit,
                })?;
            return Ok(Some(piece));
        }
    }
}

impl io::Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.piece.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        match self.piece().map_err(io::Error::other)? {
            None => Ok(0),
            Some(piece) => {
                self.piece = io::Cursor::new(piece);
                self.piece.read(buffer)
            }
        }
    }
}

/// A body that is there already.
impl Source for io::Cursor<Vec<u8>> {
    fn next(&mut self, most: usize) -> Result<Option<Vec<u8>>, Error> {
        let start = usize::try_from(self.position()).unwrap_or(usize::MAX);
        let rest = self.get_ref().get(start..).unwrap_or_default();
        let piece: Vec<u8> = rest.iter().copied().take(most).collect();
        self.set_position(self.position() + piece.len() as u64);
        Ok((!piece.is_empty()).then_some(piece))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use serde::Deserialize;

    use super::*;
    use crate::http::ErrorCode;

    const NO_HEADERS: [(&str, &str); 0] = [];

    /// Gives these pieces, and then breaks off.
    struct Broken(Vec<Vec<u8>>);

    impl Source for Broken {
        fn next(&mut self, _: usize) -> Result<Option<Vec<u8>>, Error> {
            match self.0.pop() {
                Some(piece) => Ok(Some(piece)),
                None => Err(Error::host("http GET x", ErrorCode::HttpResponseIncomplete)),
            }
        }
    }

    fn told<T: fmt::Debug>(result: Result<T, Error>) -> String {
        match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn first_bytes_are_had_without_the_rest() {
        let table: [(usize, &str, bool); 4] = [
            (0, "", true),
            (3, "abc", true),
            (5, "abcde", false),
            (9, "abcde", false),
        ];
        for (limit, expected, more) in table {
            let response = Response::new(200, [("content-length", "99")], "abcde");
            let found = response.first_bytes(limit).unwrap();
            assert_eq!(found, (expected.as_bytes().to_vec(), more), "{limit}");
        }
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let response = Response::new(200, [("ETag", "a"), ("link", "b"), ("Link", "c")], "");
        assert_eq!(response.headers.get("etag"), Some("a"));
        assert_eq!(response.headers.get("vary"), None);
        assert_eq!(response.headers.all("LINK").collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn a_body_is_read_up_to_its_bound() {
        let over = |limit| {
            format!("http GET https://test.invalid:443/: the answer has more than {limit} bytes")
        };
        let answer = |length: usize| Response::new(200, NO_HEADERS, vec![7; length]);
        assert_eq!(answer(0).bytes(0).unwrap(), [0; 0]);
        assert_eq!(answer(10).bytes(10).unwrap(), [7; 10]);
        assert_eq!(told(answer(11).bytes(10)), over(10));
        assert_eq!(told(answer(1).bytes(0)), over(0));
        let long = 3 * PIECE + 5;
        assert_eq!(answer(long).bytes(long).unwrap().len(), long);
        assert_eq!(told(answer(long).bytes(long - 1)), over(long - 1));
        assert_eq!(answer(long).bytes(usize::MAX).unwrap().len(), long);

        // What is promised is believed before it is read.
        let promised = |length| Response::new(200, [("content-length", length)], "abc");
        assert_eq!(told(promised("11").body(10)), over(10));
        assert_eq!(promised("10").bytes(10).unwrap(), b"abc");
        let mut head = promised("11");
        head.has_no_body();
        assert!(head.body(10).is_ok());
    }

    #[test]
    fn a_body_can_be_read_like_a_file() {
        let mut text = String::new();
        let mut body = Response::new(200, NO_HEADERS, "é".repeat(PIECE))
            .body(2 * PIECE)
            .unwrap();
        body.read_to_string(&mut text).unwrap();
        assert_eq!(text, "é".repeat(PIECE));

        let mut body = Response::new(200, NO_HEADERS, "abcd").body(3).unwrap();
        let error = body.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "http GET https://test.invalid:443/: the answer has more than 3 bytes"
        );
    }

    #[test]
    fn a_body_that_breaks_off_is_not_a_short_body() {
        let broken = Broken(vec![b"b".to_vec(), Vec::new(), b"a".to_vec()]);
        let response = Response::of("http GET x", 200, Vec::new(), Box::new(broken));
        let mut body = response.body(10).unwrap();
        assert_eq!(body.piece().unwrap(), Some(b"a".to_vec()));
        assert_eq!(body.piece().unwrap(), Some(b"b".to_vec()));
        assert_eq!(told(body.piece()), "http GET x: the answer broke off");
    }

    #[test]
    fn text_and_json_are_what_was_expected_or_say_where_not() {
        #[derive(Debug, Deserialize)]
        struct Row {
            n: u8,
        }
        let answer = |body: &[u8]| Response::new(200, NO_HEADERS, body);
        let row = |body: &[u8]| told(answer(body).json::<Vec<Row>>(100).map(|rows| rows[0].n));
        let at = |problem: &str| {
            format!(
                "http GET https://test.invalid:443/: the answer is not the JSON that was expected: {problem}"
            )
        };
        assert_eq!(answer("é".as_bytes()).text(2).unwrap(), "é");
        assert_eq!(
            told(answer(b"a\xff").text(9)),
            "http GET https://test.invalid:443/: the answer is not text: byte 1 is not UTF-8"
        );
        assert_eq!(row(b"[{\"n\": 3, \"more\": 1}]"), "3");
        let table: [(&[u8], &str); 4] = [
            (
                b"[{\"n\": 300}]",
                "at `[0].n`, invalid value: integer `300`, expected u8 at line 1 column 10",
            ),
            (b"<html>", "expected value at line 1 column 1"),
            (b"[] x", "trailing characters at line 1 column 4"),
            (b"", "EOF while parsing a value at line 1 column 0"),
        ];
        for (body, problem) in table {
            assert_eq!(row(body), at(problem));
        }
    }

    #[test]
    fn failures_say_what_the_service_said() {
        let cut = format!("{}…", "x".repeat(TOLD));
        let table = [
            (404, "", ""),
            (404, "Not Found\n", "Not Found"),
            (401, "{\"error\": \"Invalid token\"}", "Invalid token"),
            (
                403,
                "{\"message\": \"Rate limit\", \"documentation_url\": \"\"}",
                "Rate limit",
            ),
            (
                400,
                "{\"error\": {\"message\": \"Bad model\", \"code\": 1}}",
                "Bad model",
            ),
            (400, "{\"errors\": [1]}", "{\"errors\": [1]}"),
            (302, "moved", "moved"),
            (199, "", ""),
            (500, &"x".repeat(TOLD), &"x".repeat(TOLD)),
            (500, &"x".repeat(2 * COMPLAINT), &cut),
        ];
        for (status, body, expected) in table {
            match Response::new(status, NO_HEADERS, body).success() {
                Err(Error::Status {
                    status: found,
                    message,
                    retry_after,
                    ..
                }) => {
                    assert_eq!(
                        (found, message.as_str(), retry_after),
                        (status, expected, None)
                    );
                }
                other => panic!("a failure, not {other:?}"),
            }
        }
        for status in [200, 204, 299] {
            let response = Response::new(status, NO_HEADERS, "ok").success().unwrap();
            assert_eq!(response.text(2).unwrap(), "ok");
        }
        let response = Response::new(429, [("Retry-After", "30")], "");
        assert_eq!(response.retry_after(), Some(30));
        match response.success() {
            Err(Error::Status { retry_after, .. }) => assert_eq!(retry_after, Some(30)),
            other => panic!("a failure, not {other:?}"),
        }
    }
}
