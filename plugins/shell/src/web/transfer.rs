//! One URL, to its end: requests until an answer leads nowhere else, and its body.

use std::time::{Duration, Instant};

use ml_intern_sdk::HttpMethod;
use ml_intern_sdk::http::{Error, ErrorCode, Request, Response, method_name};
use url::Url;

use super::body::Inputs;
use super::format::Facts;
use super::options::{Fail, Options};
use super::{Stop, address, redirect};

/// What sends a request: the host, or a test.
pub(super) type Send = fn(&Request) -> Result<Response, Error>;

/// What came of a URL.
#[derive(Debug)]
pub(super) struct Transfer {
    /// The heads of all answers.
    pub(super) heads: Vec<u8>,
    pub(super) body: Vec<u8>,
    /// Whether the body is what should be kept.
    pub(super) came: bool,
    /// What `-v` tells.
    pub(super) log: String,
    pub(super) facts: Facts,
    pub(super) stop: Option<Stop>,
}

impl Transfer {
    /// Whether it failed in a way that may pass, as curl has it.
    pub(super) fn may_pass(&self) -> bool {
        match &self.stop {
            Some(stop) if stop.always => false,
            Some(stop) if matches!(stop.code, 6 | 7 | 18 | 28 | 52) => true,
            _ => matches!(self.facts.status, 408 | 429 | 500 | 502 | 503 | 504),
        }
    }
}

/// Runs it to its end, or until then.
pub(super) fn run(
    options: &Options,
    inputs: &Inputs,
    typed: &str,
    until: Instant,
    send: Send,
) -> Transfer {
    let begun = Instant::now();
    let until = options
        .max_time
        .and_then(|time| begun.checked_add(time))
        .map_or(until, |own| own.min(until));
    let mut transfer = Transfer {
        heads: Vec::new(),
        body: Vec::new(),
        came: false,
        log: String::new(),
        facts: Facts::of(typed),
        stop: None,
    };
    let clock = Clock { begun, until };
    transfer.stop = first(inputs, typed)
        .and_then(|url| transfer.follow(options, inputs, url, clock, send))
        .err();
    transfer.facts.elapsed = begun.elapsed();
    transfer
}

/// The URL of the first request.
fn first(inputs: &Inputs, typed: &str) -> Result<Url, Stop> {
    let mut url = address::parse(typed)?;
    if let Some(name) = &inputs.name
        && url.path().ends_with('/')
    {
        let path = format!("{}{}", url.path(), ml_intern_sdk::http::encode(name));
        url.set_path(&path);
    }
    if let Some(more) = &inputs.query {
        let query = match url.query() {
            Some(query) if !query.is_empty() => format!("{query}&{more}"),
            _ => more.clone(),
        };
        url.set_query(Some(&query));
    }
    Ok(url)
}

#[derive(Clone, Copy)]
struct Clock {
    begun: Instant,
    until: Instant,
}

impl Clock {
    fn left(self) -> Result<Duration, Stop> {
        let left = self.until.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(self.late()),
            false => Ok(left),
        }
    }

    fn late(self) -> Stop {
        let text = format!(
            "Operation timed out after {} milliseconds",
            self.begun.elapsed().as_millis()
        );
        Stop::new(28, text)
    }
}

fn milliseconds(time: Duration) -> u32 {
    // At least one: none would be no time at all.
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX).max(1)
}

impl Transfer {
    fn follow(
        &mut self,
        options: &Options,
        inputs: &Inputs,
        mut url: Url,
        clock: Clock,
        send: Send,
    ) -> Result<(), Stop> {
        let mut method = inputs.method.unwrap_or(HttpMethod::Get);
        let mut body = inputs.body.as_deref();
        self.facts.name = address::file_name(&url);
        loop {
            if options.https_only && url.scheme() != "https" {
                let text = format!("Protocol {:?} disabled by --proto", url.scheme());
                return Err(Stop::new(1, text));
            }
            self.facts.effective = url.to_string();
            self.facts.method = method;
            let request = self.request(options, inputs, &url, method, body, clock.left()?);
            let asked = Instant::now();
            let response = send(&request).map_err(|error| stop(&error, false))?;
            self.facts.waited = asked.elapsed();
            self.head(options, &response);

            let leads = match response.headers.get("location") {
                Some(location) if redirect::is_one(response.status) => {
                    Some(address::redirected(&url, location))
                }
                _ => None,
            };
            match leads {
                Some(to) if options.follow => {
                    if self.facts.redirects >= options.redirects {
                        let text = format!("Maximum ({}) redirects followed", options.redirects);
                        return Err(Stop::new(47, text));
                    }
                    self.facts.redirects += 1;
                    let keeps;
                    (method, keeps) =
                        redirect::next(response.status, method, options.method.is_some());
                    if !keeps {
                        body = None;
                    }
                    url = to?;
                }
                leads => {
                    self.facts.leads = leads.and_then(Result::ok).map(String::from);
                    return self.last(options, method, response, clock);
                }
            }
        }
    }

    /// The request, and what `-v` tells of it.
    fn request(
        &mut self,
        options: &Options,
        inputs: &Inputs,
        url: &Url,
        method: HttpMethod,
        body: Option<&[u8]>,
        left: Duration,
    ) -> Request {
        let mut request = Request::new(method, url.as_str()).patience(milliseconds(left));
        if let Some(time) = options.connect_time {
            request = request.connect_patience(milliseconds(time.min(left)));
        }
        let mut headers = inputs.headers.clone();
        if let (Some(_), Some(kind)) = (body, &inputs.kind) {
            headers.push(("Content-Type".into(), kind.clone()));
        }
        if options.verbose {
            let query = url.query().map(|query| format!("?{query}"));
            let port = url.port().map(|port| format!(":{port}"));
            self.log.push_str(&format!(
                "> {} {}{} HTTP/1.1\n> Host: {}{}\n",
                method_name(method),
                url.path(),
                query.unwrap_or_default(),
                url.host_str().unwrap_or_default(),
                port.unwrap_or_default()
            ));
            for (name, value) in &headers {
                self.log.push_str(&format!("> {name}: {value}\n"));
            }
            self.log.push_str(">\n");
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            self.facts.sent = body.len();
            request = request.body(body);
        }
        request
    }

    /// Notes the head of an answer. Which version of HTTP it came in is between the host and the service.
    fn head(&mut self, options: &Options, response: &Response) {
        self.facts.status = response.status;
        self.facts.headers = response
            .headers
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut lines = vec![format!("HTTP/1.1 {}", response.status)];
        lines.extend(
            response
                .headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}")),
        );
        lines.push(String::new());
        for line in lines {
            if options.verbose {
                self.log.push_str(format!("< {line}").trim_end_matches(' '));
                self.log.push('\n');
            }
            self.heads.extend_from_slice(line.as_bytes());
            self.heads.extend_from_slice(b"\r\n");
        }
    }

    /// The body of the answer that leads nowhere else.
    fn last(
        &mut self,
        options: &Options,
        method: HttpMethod,
        response: Response,
        clock: Clock,
    ) -> Result<(), Stop> {
        let failed = (response.status >= 400 && options.fail != Fail::Never).then(|| {
            let status = response.status;
            Stop::new(22, format!("The requested URL returned error: {status}"))
        });
        if let (Some(stop), Fail::WithoutBody) = (&failed, options.fail) {
            return Err(stop.clone());
        }
        if method != HttpMethod::Head {
            let mut body = response
                .body(options.largest)
                .map_err(|error| stop(&error, true))?;
            while let Some(piece) = body.piece().map_err(|error| stop(&error, true))? {
                self.body.extend_from_slice(&piece);
                self.facts.received = self.body.len();
                clock.left()?;
            }
        }
        self.came = true;
        failed.map_or(Ok(()), Err)
    }
}

/// An error, as curl numbers it. `begun`: whether the answer had begun.
fn stop(error: &Error, begun: bool) -> Stop {
    if error.is_denial() {
        return Stop {
            code: 7,
            text: format!(
                "{error}: the policy does not allow this request; the host's record of this call names the rule and what would have to be added"
            ),
            always: true,
        };
    }
    let code = match error {
        Error::Request(_) => 3,
        Error::Header { .. } => return Stop::usage(error.to_string()),
        Error::TooLarge { .. } => 63,
        Error::Host { code, .. } => match code {
            // The call's own limits: the service has no part in it.
            ErrorCode::ConnectionLimitReached => {
                return Stop {
                    always: true,
                    ..Stop::new(if begun { 56 } else { 7 }, error.to_string())
                };
            }
            ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => 6,
            ErrorCode::DestinationUnavailable
            | ErrorCode::DestinationIpUnroutable
            | ErrorCode::ConnectionRefused => 7,
            ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout => 28,
            ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => 35,
            ErrorCode::TlsCertificateError => 60,
            ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete if begun => 18,
            ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => 52,
            _ => 56,
        },
        Error::Status { .. } | Error::Content { .. } => 8,
    };
    Stop::new(code, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::options::{self, Asked};

    /// A service made up. `/r/N` leads to `/r/N-1`, and `/r/0` to `/`.
    fn service(request: &Request) -> Result<Response, Error> {
        let shown = format!("{request:?}");
        let url = shown
            .split_once("url: \"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(url, _)| url)
            .unwrap();
        let path = url.strip_prefix("http://a.example").unwrap();
        let body = shown.clone();
        Ok(match path.split('/').nth(1).unwrap() {
            "r" => {
                let left: u32 = path.rsplit('/').next().unwrap().parse().unwrap();
                let to = left
                    .checked_sub(1)
                    .map_or("/".into(), |left| format!("/r/{left}"));
                Response::new(302, [("location", to.as_str())], "moved")
            }
            "same" => Response::new(307, [("location", "/")], ""),
            "away" => Response::new(302, [("location", "file:///etc/passwd")], ""),
            "none" => Response::new(404, [], "nothing here"),
            "large" => Response::new(200, [], vec![b'x'; 101]),
            "denied" => return Err(host(ErrorCode::HttpRequestDenied)),
            _ => Response::new(200, [("content-type", "text/plain")], body),
        })
    }

    fn host(code: ErrorCode) -> Error {
        Error::Host {
            request: "http GET http://a.example:80/".into(),
            code,
        }
    }

    fn run(line: &str, inputs: Inputs) -> Transfer {
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let Ok(Asked::Transfers(options)) = options::parse(&arguments) else {
            panic!("{line}")
        };
        let until = Instant::now() + Duration::from_secs(60);
        super::run(&options, &inputs, &options.urls[0], until, service)
    }

    #[test]
    fn how_transfers_end() {
        for (line, code, status, redirects, kept) in [
            ("a.example", 0, 200, 0, true),
            ("a.example/r/0", 0, 302, 0, true),
            ("-L a.example/r/0", 0, 200, 1, true),
            ("-L a.example/r/9", 0, 200, 10, true),
            ("-L a.example/r/10", 47, 302, 10, false),
            ("-L --max-redirs 0 a.example/r/0", 47, 302, 0, false),
            ("-L --max-redirs 1 a.example/r/0", 0, 200, 1, true),
            ("-L a.example/away", 1, 302, 1, false),
            ("a.example/away", 0, 302, 0, true),
            ("a.example/none", 0, 404, 0, true),
            ("-f a.example/none", 22, 404, 0, false),
            ("--fail-with-body a.example/none", 22, 404, 0, true),
            ("--max-filesize 100 a.example/large", 63, 200, 0, false),
            ("--max-filesize 101 a.example/large", 0, 200, 0, true),
            ("a.example/denied", 7, 0, 0, false),
            ("--proto =https a.example", 1, 0, 0, false),
            ("ftp://a.example", 1, 0, 0, false),
            ("http://", 3, 0, 0, false),
        ] {
            let done = run(line, Inputs::default());
            let found = (
                done.stop.as_ref().map_or(0, |stop| stop.code),
                done.facts.status,
                done.facts.redirects,
                done.came,
            );
            assert_eq!(
                found,
                (code, status, redirects, kept),
                "{line}: {:?}",
                done.stop
            );
        }
    }

    #[test]
    fn a_redirect_changes_a_post_or_keeps_it() {
        let inputs = |method| Inputs {
            method: Some(method),
            body: Some(b"sent".to_vec()),
            kind: Some("text/csv".into()),
            ..Inputs::default()
        };
        for (line, method, expected, sent) in [
            ("-L a.example/r/0", HttpMethod::Post, HttpMethod::Get, false),
            (
                "-L -X POST a.example/r/0",
                HttpMethod::Post,
                HttpMethod::Post,
                false,
            ),
            (
                "-L a.example/same",
                HttpMethod::Post,
                HttpMethod::Post,
                true,
            ),
            ("-L a.example/r/0", HttpMethod::Put, HttpMethod::Put, true),
        ] {
            let done = run(line, inputs(method));
            assert_eq!(done.facts.method, expected, "{line}");
            let request = String::from_utf8(done.body).unwrap();
            assert_eq!(request.contains("text/csv"), sent, "{line}: {request}");
            let body = format!("body: {:?}", b"sent");
            assert_eq!(request.contains(&body), sent, "{line}: {request}");
        }
    }

    #[test]
    fn queries_and_names_are_put_into_the_url() {
        for (typed, query, name, expected) in [
            ("a.example", Some("q=1"), None, "http://a.example/?q=1"),
            (
                "a.example/x?y=2",
                Some("q=1"),
                None,
                "http://a.example/x?y=2&q=1",
            ),
            (
                "a.example/up/",
                None,
                Some("a b"),
                "http://a.example/up/a%20b",
            ),
            ("a.example/up/c", None, Some("a"), "http://a.example/up/c"),
        ] {
            let inputs = Inputs {
                query: query.map(str::to_owned),
                name: name.map(str::to_owned),
                ..Inputs::default()
            };
            assert_eq!(first(&inputs, typed).unwrap().as_str(), expected, "{typed}");
        }
    }

    #[test]
    fn heads_are_kept_and_told() {
        let done = run("-Lv a.example/r/0", Inputs::default());
        assert_eq!(
            String::from_utf8(done.heads).unwrap(),
            "HTTP/1.1 302\r\nlocation: /\r\n\r\nHTTP/1.1 200\r\ncontent-type: text/plain\r\n\r\n"
        );
        assert_eq!(
            done.log,
            "> GET /r/0 HTTP/1.1\n> Host: a.example\n>\n< HTTP/1.1 302\n< location: /\n<\n\
             > GET / HTTP/1.1\n> Host: a.example\n>\n< HTTP/1.1 200\n< content-type: text/plain\n<\n"
        );
    }

    #[test]
    fn errors_have_curls_numbers() {
        let table = [
            (ErrorCode::DnsTimeout, 6, 6),
            (ErrorCode::ConnectionRefused, 7, 7),
            (ErrorCode::ConnectionTimeout, 28, 28),
            (ErrorCode::HttpResponseTimeout, 28, 28),
            (ErrorCode::TlsProtocolError, 35, 35),
            (ErrorCode::TlsCertificateError, 60, 60),
            (ErrorCode::HttpResponseIncomplete, 52, 18),
            (ErrorCode::ConnectionLimitReached, 7, 56),
            (ErrorCode::HttpProtocolError, 56, 56),
        ];
        for (code, before, after) in table {
            assert_eq!(stop(&host(code.clone()), false).code, before, "{code:?}");
            assert_eq!(stop(&host(code.clone()), true).code, after, "{code:?}");
        }
        let denied = stop(&host(ErrorCode::HttpRequestDenied), false);
        assert_eq!((denied.code, denied.always), (7, true));
        assert_eq!(
            denied.text,
            "http GET http://a.example:80/: denied: the policy does not allow this request; the host's record of this call names the rule and what would have to be added"
        );
        assert_eq!(stop(&Error::Request("no".into()), false).code, 3);
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_does_not_is_not() {
        for (line, expected) in [
            ("a.example", false),
            ("-f a.example/none", false),
            ("a.example/denied", false),
            ("http://", false),
        ] {
            assert_eq!(run(line, Inputs::default()).may_pass(), expected, "{line}");
        }
        for status in [408, 429, 500, 503] {
            let mut done = run("a.example", Inputs::default());
            done.facts.status = status;
            assert!(done.may_pass(), "{status}");
        }
    }

    #[test]
    fn no_request_is_sent_when_the_time_is_over() {
        let Ok(Asked::Transfers(options)) = options::parse(&["a.example".to_owned()]) else {
            panic!("a command line")
        };
        let done = super::run(
            &options,
            &Inputs::default(),
            "a.example",
            Instant::now(),
            |_| panic!("sent"),
        );
        assert_eq!(done.stop.map(|stop| stop.code), Some(28));
    }
}
