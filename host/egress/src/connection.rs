//! One open connection to a checked address.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use policy::{Host, Origin, Scheme};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::error::{EgressError, Phase, chain};
use crate::outgoing::Outgoing;
use crate::tls::Tls;
use crate::wait::Wait;

/// Headers of a response at most.
pub const RESPONSE_HEADERS_MAX: usize = 128;
/// Bytes of a response's head at most.
pub const RESPONSE_HEAD_MAX: usize = 64 * 1024;
/// Bytes that are read or written at once at most, and so what a connection holds in memory.
const BUFFER: usize = 256 * 1024;

/// An open connection. When it is dropped, it is closed at once, whatever was under way.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Outgoing>,
    pub(crate) address: SocketAddr,
    _task: Task,
}

/// A task that ends with its owner.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connects to the first of the addresses that answers. They are dialled as they are: no name is looked up here.
pub(crate) async fn connect(
    origin: &Origin,
    addresses: &[SocketAddr],
    tls: &Tls,
    wait: &Wait<'_>,
    timeout: Duration,
) -> Result<Connection, EgressError> {
    let mut failure = None;
    for &address in addresses {
        match wait
            .bounded(Phase::Connect, timeout, TcpStream::connect(address))
            .await
        {
            Ok(Ok(tcp)) => return over(origin, address, tcp, tls, wait, timeout).await,
            Ok(Err(error)) => {
                failure = Some(EgressError::Connect {
                    origin: origin.to_string(),
                    address,
                    cause: error.to_string(),
                });
            }
            Err(timeout @ EgressError::Timeout { .. }) => failure = Some(timeout),
            Err(limit) => return Err(limit),
        }
    }
    Err(failure.unwrap_or_else(|| EgressError::Request(format!("{origin}: no address to dial"))))
}

async fn over(
    origin: &Origin,
    address: SocketAddr,
    tcp: TcpStream,
    tls: &Tls,
    wait: &Wait<'_>,
    timeout: Duration,
) -> Result<Connection, EgressError> {
    // Small requests should not wait for each other; where the system refuses, they do.
    let _ = tcp.set_nodelay(true);
    match origin.scheme() {
        Scheme::Http => http(origin, address, tcp).await,
        Scheme::Https => {
            let failed = |cause| EgressError::Tls {
                origin: origin.to_string(),
                cause,
            };
            let name = server_name(origin.host()).map_err(failed)?;
            let stream = wait
                .bounded(Phase::Handshake, timeout, tls.handshake(name, tcp))
                .await?
                .map_err(failed)?;
            http(origin, address, stream).await
        }
    }
}

/// The name that the certificate must be for: the origin's, whatever address it resolved to.
fn server_name(host: &Host) -> Result<ServerName<'static>, String> {
    match host {
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|_| format!("`{name}` is no name that a certificate can be for")),
        Host::V4(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::V6(address) => Ok(ServerName::IpAddress((*address).into())),
    }
}

async fn http<S>(origin: &Origin, address: SocketAddr, stream: S) -> Result<Connection, EgressError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = Builder::new()
        .max_headers(RESPONSE_HEADERS_MAX)
        .max_header_size(RESPONSE_HEAD_MAX)
        .max_buf_size(BUFFER)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| EgressError::Http {
            origin: origin.to_string(),
            cause: chain(&error),
        })?;
    // Its errors reach the request that is under way; without one, the connection is just closed.
    let task = tokio::spawn(async move { drop(connection.await) });
    Ok(Connection {
        sender,
        address,
        _task: Task(task),
    })
}
