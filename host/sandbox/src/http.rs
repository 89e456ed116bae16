//! `wasi:http` for guests: every request goes through the egress gate.

use std::sync::{Arc, Mutex};

use egress::{Egress, EgressError, Exchange, Gate, Meter, Observe};
use http_body_util::BodyExt as _;
use policy::{Decision, Grant, LimitExceeded};
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

use crate::files::DENIALS;
use crate::services::{HostCall, Services};
use crate::state::Caller;
use crate::streams::lock;

/// What a response comes with: itself, and the work that goes on behind it.
type Sent = (
    ::http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

/// The guest's way out, or the lack of one.
pub(crate) struct Hooks {
    gate: Option<Gate>,
    meter: Option<Arc<Meter>>,
    seen: Arc<Mutex<Seen>>,
}

/// What happened on this guest's requests.
#[derive(Default)]
struct Seen {
    denials: Vec<Decision>,
    exceeded: Option<LimitExceeded>,
}

impl Hooks {
    /// No way out. Nothing that holds no grant for a request gets as far as asking.
    pub(crate) fn closed() -> Hooks {
        Hooks {
            gate: None,
            meter: None,
            seen: Arc::default(),
        }
    }

    /// Through the gate, under the call's grant, counted against its limits.
    pub(crate) fn open(
        egress: &Egress,
        grant: Arc<Grant>,
        services: Arc<dyn Services>,
        caller: Caller,
    ) -> Hooks {
        let meter = Arc::new(Meter::new(grant.limits()));
        let seen = Arc::<Mutex<Seen>>::default();
        let observer = Observer {
            services,
            caller,
            seen: Arc::clone(&seen),
        };
        let gate = egress.call(grant, Arc::clone(&meter), Arc::new(observer));
        Hooks {
            gate: Some(gate),
            meter: Some(meter),
            seen,
        }
    }

    /// The way out; none where there is none.
    pub(crate) fn gate(&self) -> Option<Gate> {
        self.gate.clone()
    }

    /// Requests begun.
    pub(crate) fn requests(&self) -> u64 {
        self.meter.as_ref().map_or(0, |meter| meter.requests())
    }

    /// Bytes sent and received.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        self.meter
            .as_ref()
            .map_or((0, 0), |meter| (meter.sent(), meter.received()))
    }

    /// What was refused.
    pub(crate) fn take_denials(&self) -> Vec<Decision> {
        std::mem::take(&mut lock(&self.seen).denials)
    }

    /// The limit that a request ran into.
    pub(crate) fn exceeded(&self) -> Option<LimitExceeded> {
        lock(&self.seen).exceeded.clone()
    }
}

/// Takes the gate's records to the journal.
struct Observer {
    services: Arc<dyn Services>,
    caller: Caller,
    seen: Arc<Mutex<Seen>>,
}

impl Observe for Observer {
    fn exchange(&self, exchange: &Exchange) {
        if let Some(denial) = &exchange.denial {
            let mut seen = lock(&self.seen);
            if seen.denials.len() < DENIALS && !seen.denials.contains(denial) {
                seen.denials.push(denial.clone());
            }
        }
        let record = HostCall {
            capability: exchange.capability(),
            outcome: exchange.outcome(),
            bytes_out: exchange.sent,
            bytes_in: exchange.received,
            elapsed_us: u64::try_from(exchange.elapsed.as_micros()).unwrap_or(u64::MAX),
        };
        self.services.host_call(&self.caller.call, &record);
    }
}

impl WasiHttpHooks for Hooks {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name| {
            // The gate refuses these too; here the guest learns it when it builds its request.
            matches!(
                name.as_str(),
                "authorization" | "cookie" | "proxy-authorization"
            ) || wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS.contains(name)
        })
    }

    fn set_host_header(&mut self) -> bool {
        // The gate writes it, from the URL that it has checked.
        false
    }

    fn send_request(
        &mut self,
        request: ::http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _sent: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let Some(gate) = self.gate.clone() else {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        };
        let seen = Arc::clone(&self.seen);
        Box::new(async move {
            let mut request = request;
            if let Some(options) = options {
                request.extensions_mut().insert(timeouts(&options));
            }
            let failed = |seen: &Arc<Mutex<Seen>>, error: EgressError| -> Error {
                if let EgressError::Limit(limit) = &error {
                    lock(seen).exceeded = Some(limit.clone());
                }
                code(&error)
            };
            let response = gate
                .send(request)
                .await
                .map_err(|error| failed(&seen, error))?;
            let response = response.map(|body| {
                body.map_err(move |error| failed(&seen, error))
                    .boxed_unsync()
            });
            let nothing: Box<dyn Future<Output = Result<(), Error>> + Send> =
                Box::new(async { Ok(()) });
            Ok((response, nothing))
        })
    }
}

/// What the guest asks for; the gate takes it only where it is shorter than its own.
fn timeouts(options: &RequestOptions) -> egress::Timeouts {
    let own = egress::Timeouts::default();
    egress::Timeouts {
        connect: options.connect_timeout.unwrap_or(own.connect),
        first_byte: options.first_byte_timeout.unwrap_or(own.first_byte),
        between_bytes: options.between_bytes_timeout.unwrap_or(own.between_bytes),
    }
}

/// The guest's error code. Its text is for the plugin's author; the host tells the person and the model itself.
fn code(error: &EgressError) -> Error {
    match error {
        EgressError::Denied(_) | EgressError::Secret { .. } => Error::HttpRequestDenied,
        EgressError::Limit(_) => Error::ConnectionLimitReached,
        EgressError::Dns { .. } => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        EgressError::Connect { .. } => Error::ConnectionRefused,
        EgressError::Tls { .. } => Error::TlsProtocolError,
        EgressError::Timeout { .. } => Error::HttpResponseTimeout,
        EgressError::Incomplete { .. } => Error::HttpResponseIncomplete,
        other => Error::InternalError(Some(other.to_string())),
    }
}
