//! Requests to services, and what comes back. Everything goes through egress, under the policy.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use egress::{Egress, EgressError, Gate, Meter, Observe};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use policy::{
    CallRequest, Decision, Effect, Grant, Host, HttpNeed, Limits, Method, Need, PathPrefix, Policy,
    Verdict,
};

use crate::address::WebAddress;
use crate::gateway::Fault;
use crate::time::Time;

/// How long one request may take, from the first to the last byte.
pub(crate) const REQUEST: Duration = Duration::from_secs(10);
/// Bytes of an answer at most: Slack repeats the message.
const ANSWER_BYTES: u64 = 1024 * 1024;
/// Characters that are told of what a service says about an error.
const SAID: usize = 200;
/// A service that asks for a longer wait than this does not mean it.
const LONGEST_HINT: Duration = Duration::from_secs(60 * 60 * 24);

/// The way to all services.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) egress: Egress,
    pub(crate) policy: Arc<Policy>,
    pub(crate) observer: Arc<dyn Observe>,
    pub(crate) time: Arc<dyn Time>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl Wire {
    /// What the policy grants to `host/gateways/send` at this address.
    ///
    /// # Errors
    ///
    /// A decision that names all that a person would have to change.
    pub(crate) fn grant(
        &self,
        address: &WebAddress,
        credential: Option<&str>,
    ) -> Result<Grant, Decision> {
        let origin = address.origin();
        let paths = PathPrefix::of_path(address.path()).into_iter().collect();
        let request = CallRequest {
            plugin: policy::HOST.to_owned(),
            tool: "gateways".to_owned(),
            operation: "send".to_owned(),
            effects: vec![Effect::Notify],
            needs: vec![Need::Http(HttpNeed {
                origin: origin.clone(),
                methods: vec![Method::Post],
                paths,
                credential: credential.map(str::to_owned),
                body_credential: None,
                reason: "messages to a destination that the user configured".to_owned(),
            })],
            // What the policy gives.
            limits: Limits {
                memory: 0,
                fuel: 0,
                deadline: u64::MAX,
                output: 0,
                open_files: 0,
                host_calls: 0,
                disk: 0,
                network: u64::MAX,
                requests: u64::MAX,
            },
            configured: vec![origin.clone()],
        };
        let assessment = self.policy.decide(&request);
        // Nobody can be asked about a request of the host's own.
        let mut refused = assessment
            .decisions
            .iter()
            .filter(|decision| decision.verdict != Verdict::Allow);
        if let Some(first) = refused.next() {
            let mut decision = first.clone();
            for more in refused {
                decision.remedy.push_str("; and ");
                decision.remedy.push_str(&more.remedy);
            }
            return Err(decision);
        }
        let grant = assessment.grant;
        grant.http(origin, Method::Post, address.path())?;
        if let Host::Name(name) = origin.host() {
            grant.resolve(name)?;
        }
        Ok(grant)
    }

    /// Posts JSON, once, and reads the answer.
    pub(crate) async fn post(
        &self,
        address: &WebAddress,
        credential: Option<&str>,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: String,
    ) -> Result<Response<Bytes>, Fault> {
        let grant = self
            .grant(address, credential)
            .map_err(|denial| Fault::Denied(Box::new(denial)))?;
        let grant = Arc::new(grant);
        let meter = Arc::new(Meter::new(grant.limits()));
        let gate: Gate = self.egress.call(grant, meter, Arc::clone(&self.observer));
        let mut request = Request::post(address.url())
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .body(Bytes::from(body))
            .map_err(|error| Fault::Lasting(error.to_string()))?;
        request.headers_mut().extend(headers);
        tokio::select! {
            biased;
            answer = gate.send_bytes(request, ANSWER_BYTES) => answer.map_err(of_egress),
            () = self.time.sleep(REQUEST) => Err(Fault::passing(format_args!(
                "{}: no answer within {} s", address.origin(), REQUEST.as_secs()
            ))),
        }
    }

    /// What a status says; none where it is a success.
    pub(crate) fn fault_of(&self, response: &Response<Bytes>) -> Option<Fault> {
        let status = response.status();
        if status.is_success() {
            return None;
        }
        let why = format!("answered {status}{}", said(response.body()));
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let after = retry_after(response.headers(), self.time.date());
            return Some(Fault::Passing { why, after });
        }
        Some(Fault::Lasting(why))
    }
}

/// What an error of egress means: what the network does may pass.
fn of_egress(error: EgressError) -> Fault {
    if let Some(denial) = error.denial() {
        return Fault::Denied(Box::new(denial));
    }
    match error {
        EgressError::Limit(_) | EgressError::Request(_) => Fault::Lasting(error.to_string()),
        _ => Fault::passing(error),
    }
}

/// What a service says about an error, in one line.
fn said(body: &Bytes) -> String {
    let text = String::from_utf8_lossy(body);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words
        .join(" ")
        .chars()
        .filter(|c| !c.is_control())
        .take(SAID)
        .collect();
    if line.is_empty() {
        line
    } else {
        format!(": {line}")
    }
}

/// `retry-after`: seconds, or a date (RFC 9110 §10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    };
    (wait <= LONGEST_HINT).then_some(wait)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn waits_that_services_ask_for() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let table = [
            ("3", Some(3)),
            (" 0 ", Some(0)),
            ("86400", Some(86_400)),
            ("86401", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("Wed, 06 Nov 2024 08:49:47 GMT", None),
        ];
        for (text, seconds) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(&headers, now), expected, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn what_a_service_says_is_one_short_line() {
        let table = [
            (String::new(), String::new()),
            (" \n ".to_owned(), String::new()),
            ("a\r\n\tb\u{1b}[31mc".to_owned(), ": a b[31mc".to_owned()),
            ("é".repeat(300), format!(": {}", "é".repeat(200))),
        ];
        for (body, line) in table {
            assert_eq!(said(&Bytes::from(body)), line);
        }
    }
}
