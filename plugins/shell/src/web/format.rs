//! What `-w` writes: text with `%{variable}`, `%header{name}`, `%%` and `\n`, `\r`, `\t`, as curl has them.
//!
//! What the host keeps to itself (addresses, the times of a connection's steps) is no variable here.

use std::time::Duration;

use ml_intern_sdk::HttpMethod;
use ml_intern_sdk::http::method_name;

use super::Stop;

/// What is known of a transfer.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// The URL that was given.
    pub(super) given: String,
    /// The URL of the last request, or what was given.
    pub(super) effective: String,
    /// The name of a file at the end of the first one.
    pub(super) name: Option<String>,
    /// The last answer's status; 0 where there was none.
    pub(super) status: u16,
    pub(super) method: HttpMethod,
    pub(super) headers: Vec<(String, String)>,
    /// Bytes of body.
    pub(super) received: usize,
    /// Bytes of body.
    pub(super) sent: usize,
    pub(super) redirects: usize,
    /// Where a redirect that was not followed leads.
    pub(super) leads: Option<String>,
    /// Where the body was written.
    pub(super) file: Option<String>,
    pub(super) elapsed: Duration,
    /// From the last request to the head of its answer.
    pub(super) waited: Duration,
}

impl Facts {
    pub(super) fn of(url: &str) -> Self {
        Self {
            given: url.to_owned(),
            effective: url.to_owned(),
            name: None,
            status: 0,
            method: HttpMethod::Get,
            headers: Vec::new(),
            received: 0,
            sent: 0,
            redirects: 0,
            leads: None,
            file: None,
            elapsed: Duration::ZERO,
            waited: Duration::ZERO,
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The text, and complaints about what it names that there is not.
pub(super) fn write_out(text: &str, facts: &Facts, stop: Option<&Stop>) -> (String, String) {
    let (mut written, mut complaints) = (String::new(), String::new());
    let mut rest = text;
    while let Some(at) = rest.find(['%', '\\']) {
        let (before, from) = rest.split_at(at);
        written.push_str(before);
        rest = from;
        if let Some((escape, after)) = [("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"), ("%%", "%")]
            .into_iter()
            .find_map(|(escape, meant)| Some((meant, rest.strip_prefix(escape)?)))
        {
            written.push_str(escape);
            rest = after;
        } else if let Some((name, after)) = named(rest, "%{") {
            match variable(name, facts, stop) {
                Some(value) => written.push_str(&value),
                None => {
                    complaints.push_str(&format!("curl: unknown --write-out variable: '{name}'\n"))
                }
            }
            rest = after;
        } else if let Some((name, after)) = named(rest, "%header{") {
            written.push_str(facts.header(name).unwrap_or_default());
            rest = after;
        } else {
            let mut characters = rest.chars();
            written.extend(characters.next());
            rest = characters.as_str();
        }
    }
    written.push_str(rest);
    (written, complaints)
}

/// What stands between this and the brace that closes it, and what comes after.
fn named<'a>(text: &'a str, open: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(open)?.split_once('}')
}

fn variable(name: &str, facts: &Facts, stop: Option<&Stop>) -> Option<String> {
    let seconds = |time: Duration| format!("{:.6}", time.as_secs_f64());
    Some(match name {
        "http_code" | "response_code" => format!("{:03}", facts.status),
        "size_download" => facts.received.to_string(),
        "size_upload" => facts.sent.to_string(),
        "content_type" => facts.header("content-type").unwrap_or_default().to_owned(),
        "url" => facts.given.clone(),
        "url_effective" => facts.effective.clone(),
        "redirect_url" => facts.leads.clone().unwrap_or_default(),
        "num_redirects" => facts.redirects.to_string(),
        "num_headers" => facts.headers.len().to_string(),
        "method" => method_name(facts.method).to_owned(),
        "scheme" => facts
            .effective
            .split_once("://")
            .map_or("http", |(scheme, _)| scheme)
            .to_owned(),
        "filename_effective" => facts.file.clone().unwrap_or_default(),
        "time_total" => seconds(facts.elapsed),
        "time_starttransfer" => seconds(facts.waited),
        "exitcode" => stop.map_or(0, |stop| stop.code).to_string(),
        "errormsg" => stop.map(|stop| stop.text.clone()).unwrap_or_default(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_escapes() {
        let facts = Facts {
            status: 200,
            headers: vec![("Content-Type".into(), "text/html".into())],
            received: 12,
            sent: 3,
            redirects: 1,
            effective: "http://b.example/y".into(),
            elapsed: Duration::from_millis(1_250),
            method: HttpMethod::Post,
            ..Facts::of("http://a.example/x")
        };
        for (text, expected) in [
            ("", ""),
            ("%{http_code}\\n", "200\n"),
            (
                "%{response_code} %{size_download} %{size_upload}",
                "200 12 3",
            ),
            (
                "%{content_type}|%header{CONTENT-TYPE}|%header{x}",
                "text/html|text/html|",
            ),
            (
                "%{url} %{url_effective}",
                "http://a.example/x http://b.example/y",
            ),
            ("%{time_total}s", "1.250000s"),
            ("%{method} %{num_redirects} %{redirect_url}.", "POST 1 ."),
            ("100%% 5% %{open \\x é%", "100% 5% %{open \\x é%"),
            ("%{exitcode} %{errormsg}", "22 why"),
        ] {
            let stop = Stop::new(22, "why");
            let (found, complaints) = write_out(text, &facts, Some(&stop));
            assert_eq!(
                (found.as_str(), complaints.as_str()),
                (expected, ""),
                "{text}"
            );
        }
        let (found, complaints) = write_out("a%{remote_ip}b", &facts, None);
        assert_eq!(found, "ab");
        assert_eq!(
            complaints,
            "curl: unknown --write-out variable: 'remote_ip'\n"
        );
    }

    #[test]
    fn without_an_answer_the_code_is_000() {
        let facts = Facts::of("http://a.example/");
        assert_eq!(
            write_out("%{http_code}%{content_type}", &facts, None).0,
            "000"
        );
    }
}
