//! The way out for one call.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode, Uri, Version};
use http_body::Body as HttpBody;
use http_body_util::Full;
use hyper::body::Incoming;
use policy::{AddressScope, Grant, Host, Origin, Scheme};

use crate::addresses::{AddressClass, classify};
use crate::body::{Body, Lease, Source};
use crate::cache::{self, Answered, Keep, Question, Visit};
use crate::connection::{self, Connection, RESPONSE_HEAD_MAX, RESPONSE_HEADERS_MAX};
use crate::egress::Egress;
use crate::endpoint::Endpoint;
use crate::error::{EgressError, Phase, chain};
use crate::headers::{self, REQUEST_HEAD_MAX, REQUEST_HEADERS_MAX};
use crate::inject;
use crate::inspect;
use crate::meter::Meter;
use crate::observe::{FromCache, Observe};
use crate::outgoing::{Cause, Outgoing};
use crate::pool::{Key, Reach};
use crate::redirect;
use crate::target::{self, Target};
use crate::timeouts::Timeouts;
use crate::trail::Trail;
use crate::wait::Wait;

/// Addresses of one name that are tried at most. All of them are checked.
const ADDRESSES_TRIED: usize = 8;
/// Bytes of a redirect's body that are read, so that its connection can be kept.
const REDIRECT_BODY: u64 = 64 * 1024;
/// What this host calls itself where the caller does not say.
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("ml-intern/", env!("CARGO_PKG_VERSION")));
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// The way out for one call: every request is decided about by the call's grant and counted by its meter.
#[derive(Clone)]
pub struct Gate {
    pub(crate) egress: Egress,
    pub(crate) grant: Arc<Grant>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) observer: Arc<dyn Observe>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("meter", &self.meter)
            .finish_non_exhaustive()
    }
}

/// A response whose body has not been read.
struct Answer {
    response: Response<Source>,
    /// None where nobody was asked.
    lease: Option<Lease>,
    keep: Option<Keep>,
    timeouts: Timeouts,
}

impl Gate {
    /// Sends one request, to an absolute URL; a redirect is an answer like any other.
    ///
    /// [`Timeouts`] among the request's extensions shorten its waits. No content coding is asked for or undone.
    ///
    /// # Errors
    ///
    /// Where it is not granted, a limit is reached, or there is no answer: see [`EgressError`].
    pub async fn send<B>(&self, request: Request<B>) -> Result<Response<Body>, EgressError>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<Cause>,
    {
        self.exchange(request, true).await
    }

    /// Sends one request and reads its answer, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::send`] and [`Body::bytes`].
    pub async fn send_bytes(
        &self,
        request: Request<Bytes>,
        limit: u64,
    ) -> Result<Response<Bytes>, EgressError> {
        let (head, body) = self.send(request.map(Full::new)).await?.into_parts();
        Ok(Response::from_parts(head, body.bytes(limit).await?))
    }

    /// Sends a request, and follows as many as `hops` redirects. Each is a request of its own, through all checks; the
    /// credential stays behind for good once the origin changes. Which ones are followed is in the table of
    /// `redirect.rs`.
    ///
    /// # Errors
    ///
    /// As [`Self::send`], for each request; and where there are more redirects than that.
    pub async fn follow(
        &self,
        request: Request<Bytes>,
        hops: u32,
    ) -> Result<Response<Body>, EgressError> {
        let (mut head, mut body) = request.into_parts();
        let mut with_credential = true;
        let mut followed = 0;
        loop {
            let request = Request::from_parts(head.clone(), Full::new(body.clone()));
            let response = self.exchange(request, with_credential).await?;
            let wrong = |cause| EgressError::Http {
                origin: place(&head.uri),
                cause,
            };
            let Some((method, uri)) = redirect::next(
                &head.method,
                &head.uri,
                response.status(),
                response.headers(),
            )
            .map_err(wrong)?
            else {
                return Ok(response);
            };
            if followed == hops {
                return Err(wrong(format!("more than {hops} redirects")));
            }
            followed += 1;
            // What it says is of no interest, and an error shows again with the next request.
            drop(response.into_body().bytes(REDIRECT_BODY).await);
            with_credential = with_credential && place(&uri) == place(&head.uri);
            if method != head.method {
                body = Bytes::new();
                head.headers.remove(header::CONTENT_TYPE);
                head.headers.remove(header::CONTENT_LENGTH);
            }
            head.method = method;
            head.uri = uri;
        }
    }

    async fn exchange<B>(
        &self,
        request: Request<B>,
        with_credential: bool,
    ) -> Result<Response<Body>, EgressError>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<Cause>,
    {
        let mut trail = Trail::new(Arc::clone(&self.meter), Arc::clone(&self.observer));
        match self.attempt(request, with_credential, &mut trail).await {
            Ok(Answer {
                response,
                lease,
                keep,
                timeouts,
            }) => {
                let scanner = Arc::clone(&self.egress.0.scanner);
                Ok(response.map(|source| {
                    Body::new(source, keep, scanner, lease, timeouts.between_bytes, trail)
                }))
            }
            Err(error) => {
                // The sending half may know better why there is no answer.
                let error = trail.shared.take_fault().unwrap_or(error);
                trail.fail(&error);
                Err(error)
            }
        }
    }

    async fn attempt<B>(
        &self,
        request: Request<B>,
        with_credential: bool,
        trail: &mut Trail,
    ) -> Result<Answer, EgressError>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<Cause>,
    {
        let egress = &*self.egress.0;
        let (head, body) = request.into_parts();

        // What is searched here may be quoted from then on.
        inspect::url(&egress.scanner, &head.method, &head.uri)?;
        head.method.as_str().clone_into(&mut trail.exchange.method);
        let target = Target::read(&head.method, &head.uri)?;
        trail.exchange.origin = target.origin.to_string();
        trail.exchange.path = target.shown_path();
        let subject = target.subject();

        check_size(&head.uri, &head.headers)?;
        inspect::headers(&egress.scanner, &subject, &head.headers)?;
        let permit = self
            .grant
            .http(&target.origin, target.method, &target.path)?;
        if let Host::Name(name) = target.origin.host() {
            self.grant.resolve(name)?;
        }
        let announced = announced_length(&head.headers)?;
        let mut outgoing = Outgoing::new(
            body,
            announced,
            &egress.scanner,
            subject.clone(),
            &trail.shared,
        )?;
        self.meter.request()?;

        let credential = permit
            .credential
            .as_deref()
            .filter(|_| with_credential)
            .and_then(|name| Some((name, egress.credentials.get(name)?)))
            .and_then(|(name, known)| Some((name, known.for_origin(&target.origin)?)));
        let in_body = permit
            .body_credential
            .as_deref()
            .filter(|_| with_credential && inject::is_json(&head.headers));
        let in_body = match in_body {
            Some(name) if self.fill(name, &mut outgoing, &target).await? => Some(name),
            _ => None,
        };
        let endpoint = egress.endpoints.of(&target.origin);
        trail.exchange.endpoint = endpoint.map(Endpoint::to_string);
        let key = Key {
            origin: endpoint.map_or(&target.origin, Endpoint::origin).clone(),
            reach: endpoint.map_or(Reach::Permitted(permit.addresses), |_| Reach::Endpoint),
        };
        let question = match &egress.cache {
            Some(store) => Some((
                store,
                Question {
                    url: format!("{}{}", target.origin, origin_form(&head.uri, "")?),
                    endpoint: trail.exchange.endpoint.clone(),
                    reach: format!("{:?}", key.reach),
                    credential: credential.map(|(name, _)| name),
                },
            )),
            None => None,
        };
        let mut visit = match &question {
            // Guests stream every body, also those of which nothing comes; a GET whose body has no known length is sent
            // without one.
            Some((store, question))
                if cache::is_for(&head.method, &head.headers)
                    && outgoing.length().unwrap_or(0) == 0 =>
            {
                Visit::begin(store, question, &head.headers).await
            }
            _ => None,
        };
        let mut headers = outgoing_headers(
            head.headers,
            &key.origin,
            credential.map(|(_, header)| header),
        );
        let uri = origin_form(&head.uri, endpoint.map_or("", Endpoint::prefix))?;
        let dialled = endpoint.map(|_| format!("{}{uri}", key.origin));
        let way = Way {
            gate: self,
            timeouts: egress.timeouts.shorter(head.extensions.get::<Timeouts>()),
            wait: Wait {
                origin: &key.origin.clone(),
                meter: &self.meter,
            },
            key,
            subject: &subject,
            credential: credential.map(|(name, _)| name),
            in_body,
        };
        trail.exchange.credential = way.credential.map(str::to_owned);
        trail.exchange.body_credential = way.in_body.map(str::to_owned);

        if let Some(visit) = &mut visit {
            if let Some((headers, body)) = visit.fresh().await {
                trail.shared.receive(headers::size(&headers))?;
                trail.exchange.from_cache = Some(FromCache::Fresh);
                trail.exchange.credential = None;
                return Ok(Answer {
                    response: self.kept(headers, body, trail),
                    lease: None,
                    keep: None,
                    timeouts: way.timeouts,
                });
            }
            visit.condition(&mut headers);
        }

        let done = outgoing.done();
        let size = (target.method.as_str().len() + " HTTP/1.1\r\n\r\n".len()) as u64
            + uri
                .path_and_query()
                .map_or(0, |path| path.as_str().len() as u64)
            + headers::size(&headers);
        // For a server that does not know what the conditions are about.
        let plain = visit.is_some().then(|| outgoing.empty());
        let message = request_of(&head.method, &uri, &headers, outgoing);
        let (mut response, mut connection) = way.ask(message, size, trail).await?;
        let mut answered = Answered::Itself(None);
        if let Some(visit) = visit {
            answered = visit.answered(response.status(), response.headers()).await;
        } else if let Some((store, question)) = &question
            && !head.method.is_safe()
            && (response.status().is_success() || response.status().is_redirection())
        {
            cache::invalidate(store, question).await;
        }
        if let (Answered::Again, Some(plain)) = (&answered, plain) {
            drop(connection);
            for (_, condition) in cache::CONDITIONS {
                headers.remove(condition);
            }
            self.meter.request()?;
            let message = request_of(&head.method, &uri, &headers, plain);
            (response, connection) = way.ask(message, size, trail).await?;
        }

        let lease = Lease {
            connection,
            key: way.key,
            pool: Arc::clone(&egress.pool),
            done,
        };
        let (response, keep) = match answered {
            Answered::Kept(headers, body) => {
                trail.exchange.from_cache = Some(FromCache::Validated);
                (self.kept(headers, body, trail), None)
            }
            Answered::Itself(keep) => (response.map(Source::Network), keep),
            Answered::Again => (response.map(Source::Network), None),
        };
        let mut response = response;
        if let Some(dialled) = dialled {
            self.outward(&target.origin, &dialled, response.headers_mut());
        }
        Ok(Answer {
            response,
            lease: Some(lease),
            keep,
            timeouts: way.timeouts,
        })
    }

    /// An answer of the cache. Secrets are covered once more: who kept it may not have known all of them.
    fn kept(&self, headers: HeaderMap, body: Bytes, trail: &mut Trail) -> Response<Source> {
        trail.exchange.status = Some(StatusCode::OK.as_u16());
        let mut response = Response::new(Source::Cache(Full::new(body)));
        *response.headers_mut() = headers;
        inspect::cover(&self.egress.0.scanner, response.headers_mut());
        response
    }

    /// Puts a credential into the body where its placeholder is; whether it is anywhere.
    async fn fill(
        &self,
        name: &str,
        outgoing: &mut Outgoing,
        target: &Target,
    ) -> Result<bool, EgressError> {
        let Some(length) = outgoing.length() else {
            return Ok(false);
        };
        inject::check_length(length)?;
        let body = tokio::time::timeout_at(self.meter.deadline(), outgoing.whole())
            .await
            .map_err(|_| self.meter.late())??;
        let credentials = &self.egress.0.credentials;
        let subject = target.subject();
        let filled = inject::inject(&body, name, credentials, &target.origin, &subject)?;
        let put = filled.is_some();
        outgoing.replace(filled.unwrap_or(body));
        Ok(put)
    }

    /// Turns the `location` of an endpoint's answer into one that the policy can be asked about.
    fn outward(&self, public: &Origin, dialled: &str, headers: &mut HeaderMap) {
        let Ok(dialled) = dialled.parse::<Uri>() else {
            return;
        };
        let found = headers
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|location| self.egress.0.endpoints.outward(public, &dialled, location))
            .and_then(|location| HeaderValue::try_from(location).ok());
        if let Some(location) = found {
            headers.insert(header::LOCATION, location);
        }
    }
}

/// What the connection and the exchange over it need to know of one request.
struct Way<'a> {
    gate: &'a Gate,
    timeouts: Timeouts,
    wait: Wait<'a>,
    key: Key,
    subject: &'a str,
    /// The name of the credential that is on the request.
    credential: Option<&'a str>,
    /// The name of the credential that is in its body.
    in_body: Option<&'a str>,
}

impl Way<'_> {
    /// Sends the message, and takes the head of its answer.
    async fn ask(
        &self,
        message: Request<Outgoing>,
        size: u64,
        trail: &mut Trail,
    ) -> Result<(Response<Incoming>, Connection), EgressError> {
        trail.shared.send(size)?;
        let (response, connection) = self.send(message, size, trail).await?;
        let with_credential = self.credential.is_some() || self.in_body.is_some();
        let origin = &self.key.origin;
        let response = receive(response, self.gate, origin, with_credential, trail)?;
        Ok((response, connection))
    }

    /// Sends the message, over an idle connection where there is one. One that turns out to have been closed is
    /// replaced: always where nothing had been written, and for idempotent requests without a body in any case.
    async fn send(
        &self,
        mut message: Request<Outgoing>,
        size: u64,
        trail: &mut Trail,
    ) -> Result<(Response<Incoming>, Connection), EgressError> {
        loop {
            let (mut connection, reused) = self.connection().await?;
            trail.exchange.address = Some(connection.address);
            trail.exchange.reused = reused;
            let again = if reused { copy(&message) } else { None };
            let answer = self
                .wait
                .bounded(
                    Phase::Response,
                    self.timeouts.first_byte,
                    connection.sender.try_send_request(message),
                )
                .await?;
            let mut failure = match answer {
                Ok(response) => return Ok((response, connection)),
                Err(failure) => failure,
            };
            message = match (failure.take_message(), again) {
                (Some(unsent), _) if reused => unsent,
                (None, Some(again)) if broke_off(failure.error()) => {
                    trail.shared.send(size)?;
                    again
                }
                _ => {
                    return Err(broken(self.key.origin.to_string(), failure.error()));
                }
            };
        }
    }

    /// An idle connection to an address that this request may reach, else a new one; and whether it was idle.
    async fn connection(&self) -> Result<(Connection, bool), EgressError> {
        let egress = &*self.gate.egress.0;
        if let Some(connection) = egress.pool.take(&self.key).await {
            self.check_credential(&[connection.address])?;
            return Ok((connection, true));
        }
        let addresses = self.addresses().await?;
        self.check_credential(&addresses)?;
        let connection = connection::connect(
            &self.key.origin,
            &addresses,
            &egress.tls,
            &self.wait,
            self.timeouts.connect,
        )
        .await?;
        Ok((connection, false))
    }

    /// The addresses to dial: looked up once, each of them checked.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, EgressError> {
        let origin = &self.key.origin;
        let found = match origin.host() {
            Host::V4(address) => vec![IpAddr::V4(*address)],
            Host::V6(address) => vec![IpAddr::V6(*address)],
            Host::Name(name) => {
                let failed = |cause: String| EgressError::Dns {
                    origin: origin.to_string(),
                    name: name.clone(),
                    cause,
                };
                let lookup = self.gate.egress.0.resolver.resolve(name);
                let found = self
                    .wait
                    .bounded(Phase::Lookup, self.timeouts.connect, lookup)
                    .await?
                    .map_err(|error| failed(error.to_string()))?;
                if found.is_empty() {
                    return Err(failed("it has none".to_owned()));
                }
                found
            }
        };
        for address in &found {
            self.check_address(*address)?;
        }
        Ok(found
            .into_iter()
            .take(ADDRESSES_TRIED)
            .map(|address| SocketAddr::new(address.to_canonical(), origin.port()))
            .collect())
    }

    fn check_address(&self, address: IpAddr) -> Result<(), EgressError> {
        let classified = classify(address);
        // The user named the endpoint, so it may be anywhere that a policy could allow.
        let scope = match self.key.reach {
            Reach::Permitted(scope) => scope,
            Reach::Endpoint => AddressScope::Private,
        };
        let needed = match classified.class {
            AddressClass::Public => Some(AddressScope::Public),
            AddressClass::Loopback => Some(AddressScope::Loopback),
            AddressClass::Private => Some(AddressScope::Private),
            AddressClass::Refused => None,
        };
        let remedy = match needed {
            Some(needed) if needed <= scope => return Ok(()),
            Some(needed) => format!(
                "set `addresses = \"{needed}\"` on the rule that allows this request, instead of \"{scope}\""
            ),
            None => {
                "no policy can allow this address; use a name that does not lead to it".to_owned()
            }
        };
        Err(EgressError::denied(
            format!("{} at {classified}", self.subject),
            "addresses",
            remedy,
        ))
    }

    /// A credential goes over plain http to this machine alone.
    fn check_credential(&self, addresses: &[SocketAddr]) -> Result<(), EgressError> {
        let Some(name) = self.credential.or(self.in_body) else {
            return Ok(());
        };
        let local = |address: &SocketAddr| classify(address.ip()).class == AddressClass::Loopback;
        if self.key.origin.scheme() == Scheme::Https || addresses.iter().all(local) {
            return Ok(());
        }
        Err(EgressError::denied(
            format!("the credential `{name}` on {}", self.subject),
            "credentials",
            "use https: a credential goes over plain http to this machine alone".to_owned(),
        ))
    }
}

/// A request as it is written to a connection.
fn request_of(
    method: &http::Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Outgoing,
) -> Request<Outgoing> {
    let mut message = Request::new(body);
    method.clone_into(message.method_mut());
    uri.clone_into(message.uri_mut());
    *message.version_mut() = Version::HTTP_11;
    headers.clone_into(message.headers_mut());
    message
}

/// A second copy of a request that may be sent twice: idempotent (RFC 9110 §9.2.2) and without a body.
fn copy(message: &Request<Outgoing>) -> Option<Request<Outgoing>> {
    let idempotent = message.method().is_idempotent() && message.body().is_end_stream();
    idempotent.then(|| {
        request_of(
            message.method(),
            message.uri(),
            message.headers(),
            message.body().empty(),
        )
    })
}

/// Whether the server closed the connection rather than answer.
fn broke_off(error: &hyper::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    let kind = std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind);
    error.is_incomplete_message()
        || error.is_closed()
        || error.is_canceled()
        || matches!(
            kind,
            Some(BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected)
        )
}

/// What went wrong with a server.
pub(crate) fn broken(origin: String, error: &hyper::Error) -> EgressError {
    if error.is_parse_too_large() {
        let cause = format!(
            "the head of the response is too large; expected at most {RESPONSE_HEAD_MAX} bytes and \
             {RESPONSE_HEADERS_MAX} headers"
        );
        EgressError::Http { origin, cause }
    } else if error.is_parse() {
        let cause = format!("the response is not HTTP/1.1: {}", chain(error));
        EgressError::Http { origin, cause }
    } else if error.is_incomplete_message() || error.is_canceled() {
        let cause = "the server closed the connection before the response was complete".to_owned();
        EgressError::Incomplete { origin, cause }
    } else {
        let cause = format!("the exchange broke off: {}", chain(error));
        EgressError::Incomplete { origin, cause }
    }
}

/// Scheme, host and port of a URL as they are written there.
fn place(uri: &Uri) -> String {
    Target::read(&http::Method::GET, uri)
        .map(|target| target.origin.to_string())
        .unwrap_or_default()
}

fn check_size(uri: &Uri, headers: &HeaderMap) -> Result<(), EgressError> {
    let count = headers.len();
    if count > REQUEST_HEADERS_MAX {
        return Err(EgressError::Request(format!(
            "{count} headers; expected at most {REQUEST_HEADERS_MAX}"
        )));
    }
    let url = uri
        .path_and_query()
        .map_or(0, |path| path.as_str().len() as u64);
    let bytes = url + headers::size(headers);
    if bytes > REQUEST_HEAD_MAX {
        return Err(EgressError::Request(format!(
            "{bytes} bytes of URL and headers; expected at most {REQUEST_HEAD_MAX}"
        )));
    }
    Ok(())
}

/// The caller's `content-length`. One number, in digits alone: requests must not end where another reader thinks that
/// they go on.
fn announced_length(headers: &HeaderMap) -> Result<Option<u64>, EgressError> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let digits = value.to_str().unwrap_or_default();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(length) if plain && values.next().is_none() => Ok(Some(length)),
        _ => Err(EgressError::Request(
            "the header `content-length` is wrong; expected one number of bytes, or none"
                .to_owned(),
        )),
    }
}

/// The headers that are sent: the caller's, and the host's own.
fn outgoing_headers(
    mut headers: HeaderMap,
    dialled: &Origin,
    credential: Option<&(HeaderName, HeaderValue)>,
) -> HeaderMap {
    // Written anew by the connection, from the length of the body that was checked.
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::ACCEPT_ENCODING, IDENTITY);
    headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
    // An origin's host is made of characters that a header can carry.
    if let Ok(host) = HeaderValue::try_from(target::authority(dialled)) {
        headers.insert(header::HOST, host);
    }
    if let Some((name, value)) = credential {
        headers.insert(name.clone(), value.clone());
    }
    headers
}

/// Path and query alone, as a request line has them (RFC 9112 §3.2.1), after an endpoint's prefix.
fn origin_form(uri: &Uri, prefix: &str) -> Result<Uri, EgressError> {
    let text = uri.path_and_query().map_or("/", |path| path.as_str());
    let slash = if text.starts_with('/') { "" } else { "/" };
    let parsed = format!("{prefix}{slash}{text}").parse();
    parsed.map_err(|error: http::uri::InvalidUri| EgressError::Request(error.to_string()))
}

/// Takes the head of a response: counted, understood, and with known secrets covered.
fn receive(
    mut response: Response<Incoming>,
    gate: &Gate,
    dialled: &Origin,
    with_credential: bool,
    trail: &mut Trail,
) -> Result<Response<Incoming>, EgressError> {
    let status = response.status();
    trail.exchange.status = Some(status.as_u16());
    trail
        .shared
        .receive("HTTP/1.1 200\r\n\r\n".len() as u64 + headers::size(response.headers()))?;
    let wrong = |cause: &str| EgressError::Http {
        origin: dialled.to_string(),
        cause: cause.to_owned(),
    };
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(wrong(
            "the server switches protocols, which nobody asked for",
        ));
    }
    let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if with_credential
        && !response
            .headers()
            .get_all(header::CONTENT_ENCODING)
            .iter()
            .all(plain)
    {
        return Err(wrong(
            "the response to a request with a credential is compressed, although `identity` was asked for; it cannot \
             be searched for the secret",
        ));
    }
    inspect::cover(&gate.egress.0.scanner, response.headers_mut());
    // The reason phrase is there: free text that nobody needs.
    response.extensions_mut().clear();
    Ok(response)
}
