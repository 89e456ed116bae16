//! TLS: the certificate must be for the name, and from somebody who is trusted.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ml_intern_egress::{Egress, FixedResolver, Roots};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use crate::support::{Call, Server, get};

/// A server with a certificate for `name.test`, and the authority that signed it.
async fn server() -> (Server, CertificateDer<'static>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["name.test".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names)
        .unwrap()
        .signed_by(&key, &ca)
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::tcp(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                let host = request.headers()["host"].as_bytes().to_vec();
                Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(host))))
            });
            drop(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        }
    })
    .await;
    (server, ca.as_ref().der().clone())
}

fn egress(roots: Roots) -> Egress {
    let here = ["127.0.0.1".parse().unwrap()];
    let names = FixedResolver::new()
        .with("name.test", &here)
        .with("other.test", &here);
    Egress::builder()
        .resolver(names)
        .roots(roots)
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_name_counts_and_not_the_address() {
    let (server, ca) = server().await;
    let egress = egress(Roots::Only(vec![ca]));
    let port = server.address.port();
    for host in ["name.test", "127.0.0.1"] {
        let origin = format!("https://{host}:{port}");
        let call = Call::to(&egress, &origin);
        for _ in 0..2 {
            assert_eq!(
                call.text(get(&origin)).await.unwrap(),
                (200, format!("{host}:{port}"))
            );
        }
    }
    assert_eq!(server.connections(), 2);
    let origin = format!("https://other.test:{port}");
    let message = Call::to(&egress, &origin)
        .text(get(&origin))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with(&format!("{origin}: TLS failed: invalid peer certificate: certificate not valid for name \"other.test\"")),
        "{message}"
    );
}

#[tokio::test]
async fn who_is_trusted() {
    let (server, ca) = server().await;
    let (_, stranger) = self::server().await;
    let origin = format!("https://name.test:{}", server.address.port());
    let table = [
        (Roots::NativeAnd(vec![ca.clone()]), None),
        (Roots::Only(vec![stranger.clone(), ca]), None),
        (
            Roots::Only(vec![stranger]),
            Some("TLS failed: invalid peer certificate: "),
        ),
        (
            Roots::Only(Vec::new()),
            Some("TLS failed: this machine has no root certificates; "),
        ),
    ];
    for (roots, failure) in table {
        let shown = format!("{roots:?}");
        let result = Call::to(&egress(roots), &origin).text(get(&origin)).await;
        match failure {
            None => assert_eq!(result.unwrap().0, 200, "{shown}"),
            Some(start) => {
                let message = result.unwrap_err().to_string();
                assert!(
                    message.starts_with(&format!("{origin}: {start}")),
                    "{shown}: {message}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls() {
    let server = Server::tcp(|mut stream| async move {
        // A handshake is not a head of HTTP; its first byte is enough of it.
        drop(stream.read_u8().await);
        drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        drop(stream.read_to_end(&mut Vec::new()).await);
    })
    .await;
    let origin = format!("https://{}", server.address);
    let message = Call::to(&egress(Roots::Native), &origin)
        .text(get(&origin))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with(&format!("{origin}: TLS failed: ")),
        "{message}"
    );
}
