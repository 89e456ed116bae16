//! Requests to providers, and what comes back. Everything goes through egress, under the policy.

mod events;
pub(crate) mod fault;
mod hint;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use agent::ModelError;
use bytes::{Bytes, BytesMut};
use egress::{Body, Egress, EgressError, Gate, Meter, Observe, Phase};
use http::header::{self, HeaderName, HeaderValue};
use http::{Method as HttpMethod, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use policy::{
    CallRequest, Decision, Effect, HttpNeed, Limits, Method, Need, PathPrefix, Policy, Verdict,
};
use serde_json::Value;

pub(crate) use self::events::Events;
pub(crate) use self::fault::Fault;
use crate::settings::{Account, Service};
use crate::time::Time;

/// How long nothing may come in the midst of an answer. Models that think send nothing for minutes.
pub(crate) const IDLE: Duration = Duration::from_secs(300);

/// Bytes of the body of an error that are read.
const ERROR_BYTES: usize = 64 * 1024;

/// Bytes of an answer that comes at once.
const WHOLE_BYTES: usize = 64 * 1024 * 1024;

/// The way to all providers.
pub(crate) struct Wire {
    egress: Egress,
    policy: Arc<Policy>,
    observer: Arc<dyn Observe>,
    pub(crate) time: Arc<dyn Time>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

/// Who is asked.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) service: Service,
    pub(crate) account: Account,
}

/// An answer that says that it is one.
#[derive(Debug)]
pub(crate) enum Reply {
    /// It comes in pieces.
    Events(Box<Events>),
    /// It came at once, as from servers that do not stream.
    Whole(Value),
}

impl Wire {
    pub(crate) fn new(
        egress: Egress,
        policy: Arc<Policy>,
        observer: Arc<dyn Observe>,
        time: Arc<dyn Time>,
    ) -> Wire {
        Wire {
            egress,
            policy,
            observer,
            time,
        }
    }

    /// The gate for one request: what the policy grants to `host/models` at this address.
    fn gate(&self, peer: &Peer, with_key: bool) -> Result<Gate, Fault> {
        let endpoint = &peer.account.endpoint;
        let origin = endpoint.origin().clone();
        // A key that nobody has is no credential; a local server always has its placeholder.
        let has_key = peer.account.key.is_some() || matches!(peer.service, Service::Local(_));
        let prefix = match endpoint.unversioned().path("") {
            path if path.is_empty() => PathPrefix::root(),
            path => PathPrefix::of_path(&path)
                .map_err(|error| Fault::lasting(ModelError::BadRequest(error.to_string())))?,
        };
        let request = CallRequest {
            plugin: "host".to_owned(),
            tool: "models".to_owned(),
            operation: "complete".to_owned(),
            effects: vec![Effect::Observe, Effect::Spend],
            needs: vec![Need::Http(HttpNeed {
                origin: origin.clone(),
                methods: vec![Method::Get, Method::Post],
                paths: vec![prefix],
                credential: (has_key && with_key).then(|| peer.service.credential().to_owned()),
                body_credential: None,
                reason: "the model that the user chose".to_owned(),
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
            configured: vec![origin],
        };
        let assessment = self.policy.decide(&request);
        if assessment.verdict != Verdict::Allow {
            // Nobody can be asked about a request of the host's own.
            return Err(Fault::lasting(ModelError::Denied(assessment.decisive)));
        }
        let grant = Arc::new(assessment.grant);
        let meter = Arc::new(Meter::new(grant.limits()));
        Ok(self.egress.call(grant, meter, Arc::clone(&self.observer)))
    }

    /// Asks for a turn.
    pub(crate) async fn post(
        &self,
        peer: &Peer,
        path: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: &Value,
    ) -> Result<Reply, Fault> {
        let gate = self.gate(peer, true)?;
        let mut request = request(peer, HttpMethod::POST, path, body.to_string())?;
        let accept = HeaderValue::from_static("text/event-stream, application/json");
        request.headers_mut().insert(header::ACCEPT, accept);
        for (name, value) in headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        let response = gate
            .send(request)
            .await
            .map_err(|error| of_egress(error, false, peer))?;
        if !response.status().is_success() {
            return Err(self.failure(response, peer).await);
        }
        let kind = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        if kind.contains("json") {
            let (body, whole) = self.read(response.into_body(), WHOLE_BYTES, peer).await?;
            if !whole {
                return Err(Fault::lasting(ModelError::BadRequest(format!(
                    "the answer has more than {WHOLE_BYTES} bytes"
                ))));
            }
            let value = serde_json::from_slice(&body).map_err(|error| {
                Fault::own(ModelError::Truncated(format!(
                    "the answer is not JSON: {error}"
                )))
            })?;
            return Ok(Reply::Whole(value));
        }
        if kind.is_empty()
            || kind.starts_with("text/event-stream")
            || kind.starts_with("text/plain")
        {
            let events = Events::new(response.into_body(), Arc::clone(&self.time), peer.clone());
            return Ok(Reply::Events(Box::new(events)));
        }
        Err(Fault::lasting(ModelError::BadRequest(format!(
            "{} answers with `{kind}`, not with an event stream or JSON; is this the address of a model server?",
            peer.account.endpoint
        ))))
    }

    /// Asks for something about a model, for at most so long.
    pub(crate) async fn ask(
        &self,
        peer: &Peer,
        with_key: bool,
        question: (HttpMethod, &str, String),
        within: Duration,
    ) -> Result<Value, Fault> {
        let (method, path, body) = question;
        let exchange = async {
            let gate = self.gate(peer, with_key)?;
            let request = request(peer, method, path, body)?;
            let response = gate
                .send(request)
                .await
                .map_err(|error| of_egress(error, false, peer))?;
            if !response.status().is_success() {
                return Err(self.failure(response, peer).await);
            }
            let (body, _) = self.read(response.into_body(), WHOLE_BYTES, peer).await?;
            serde_json::from_slice(&body).map_err(|error| {
                Fault::own(ModelError::Truncated(format!(
                    "the answer is not JSON: {error}"
                )))
            })
        };
        tokio::select! {
            biased;
            answer = exchange => answer,
            () = self.time.sleep(within) => Err(Fault::own(ModelError::Network(format!(
                "no answer within {} s", within.as_secs()
            )))),
        }
    }

    /// What a response with the status of an error, or a redirect, means.
    async fn failure(&self, response: Response<Body>, peer: &Peer) -> Fault {
        let status = response.status();
        let (head, body) = response.into_parts();
        if status.is_redirection() {
            let to = head
                .headers
                .get(header::LOCATION)
                .and_then(|to| to.to_str().ok())
                .and_then(|to| to.parse::<http::Uri>().ok())
                .and_then(|to| to.authority().map(|host| host.host().to_owned()))
                .map_or_else(String::new, |host| format!(" to `{host}`"));
            return Fault::lasting(ModelError::BadRequest(format!(
                "{} redirects{to} (status {}), and a request with a conversation in it does not follow; set the address \
                 that it leads to",
                peer.account.endpoint,
                status.as_u16()
            )));
        }
        // An error without its body is told by its status.
        let (body, _) = self.read(body, ERROR_BYTES, peer).await.unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        fault::of_response(status, &head.headers, &body, &*self.time)
    }

    /// Reads a body of up to so many bytes; and whether that was all of it.
    async fn read(
        &self,
        mut body: Body,
        limit: usize,
        peer: &Peer,
    ) -> Result<(Bytes, bool), Fault> {
        let mut all = BytesMut::new();
        while let Some(data) = next(&mut body, &*self.time, peer).await? {
            let room = limit.saturating_sub(all.len());
            if data.len() > room {
                all.extend_from_slice(data.get(..room).unwrap_or_default());
                return Ok((all.freeze(), false));
            }
            all.extend_from_slice(&data);
        }
        Ok((all.freeze(), true))
    }
}

fn request(
    peer: &Peer,
    method: HttpMethod,
    path: &str,
    body: String,
) -> Result<Request<Full<Bytes>>, Fault> {
    let mut request = Request::builder()
        .method(method)
        .uri(peer.account.endpoint.url(path));
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| Fault::lasting(ModelError::BadRequest(error.to_string())))
}

/// The next piece of a body; an error where nothing comes for too long.
async fn next(body: &mut Body, time: &dyn Time, peer: &Peer) -> Result<Option<Bytes>, Fault> {
    loop {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            () = time.sleep(IDLE) => {
                return Err(Fault::own(ModelError::Truncated(format!(
                    "nothing came for {} s", IDLE.as_secs()
                ))));
            }
        };
        match frame {
            None => return Ok(None),
            Some(Err(error)) => return Err(of_egress(error, true, peer)),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// What an error of egress means; `begun` is whether the answer had begun.
fn of_egress(error: EgressError, begun: bool, peer: &Peer) -> Fault {
    if let Some(decision) = error.denial() {
        return Fault::lasting(ModelError::Denied(decision));
    }
    match error {
        EgressError::Limit(exceeded) => Fault::lasting(ModelError::Denied(Decision {
            verdict: Verdict::Deny,
            subject: format!("a request to {}", peer.account.endpoint),
            rule: format!("limits: {exceeded}"),
            remedy: "raise the limit in the policy".to_owned(),
        })),
        EgressError::Request(cause) => Fault::lasting(ModelError::BadRequest(cause)),
        error if begun => Fault::own(ModelError::Truncated(error.to_string())),
        // Nobody will start the user's own server in the meantime, and a certificate does not get better by waiting.
        EgressError::Connect { .. } if peer.account.endpoint.is_loopback() => {
            let advice = match peer.service {
                Service::Local(local) => format!(
                    "start {}, or set {}_BASE_URL to where it is",
                    peer.service,
                    local.variable()
                ),
                _ => "is the server running?".to_owned(),
            };
            Fault::lasting(ModelError::Network(format!("{error}; {advice}")))
        }
        EgressError::Tls { .. } => Fault::lasting(ModelError::Network(error.to_string())),
        EgressError::Timeout {
            phase: Phase::Body, ..
        } => Fault::own(ModelError::Truncated(error.to_string())),
        error => Fault::own(ModelError::Network(error.to_string())),
    }
}

/// The status of a request that the server does not know the path of.
pub(crate) fn is_unknown_path(fault: &Fault) -> bool {
    let unknown = [
        StatusCode::NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::NOT_IMPLEMENTED,
    ];
    unknown
        .iter()
        .any(|status| fault.status == Some(status.as_u16()))
}

/// A header's value, where the text can be one.
pub(crate) fn header_value(text: &str, most: usize) -> Option<HeaderValue> {
    let text: String = text.chars().take(most).collect();
    HeaderValue::from_str(&text).ok()
}
