//! Whom to trust.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The certificate authorities that servers are checked against.
#[derive(Clone, Default)]
pub enum Roots {
    /// Those that the operating system trusts, a company's own among them; `SSL_CERT_FILE` and `SSL_CERT_DIR` of the
    /// host's environment name others.
    #[default]
    Native,
    /// These and no others.
    Only(Vec<CertificateDer<'static>>),
    /// Those of the operating system, and these.
    NativeAnd(Vec<CertificateDer<'static>>),
}

impl Roots {
    /// Reads certificates in PEM (RFC 7468), for [`Roots::Only`] and [`Roots::NativeAnd`].
    ///
    /// # Errors
    ///
    /// Where a certificate is malformed, or there is none.
    pub fn read_pem(pem: &[u8]) -> io::Result<Vec<CertificateDer<'static>>> {
        let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let certificates = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| invalid(format!("not a certificate in PEM: {error}")))?;
        if certificates.is_empty() {
            return Err(invalid(
                "no certificate found; expected `-----BEGIN CERTIFICATE-----`".to_owned(),
            ));
        }
        Ok(certificates)
    }

    fn store(&self) -> Result<RootCertStore, String> {
        let mut store = RootCertStore::empty();
        if let Roots::Native | Roots::NativeAnd(_) = self {
            // A store always holds some certificates that rustls cannot read; they are left out.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        if let Roots::Only(own) | Roots::NativeAnd(own) = self {
            for certificate in own {
                store.add(certificate.clone()).map_err(|error| {
                    format!("a configured root certificate is not usable: {error}")
                })?;
            }
        }
        if store.is_empty() {
            return Err(
                "this machine has no root certificates; install `ca-certificates`, or name a file of them in \
                 SSL_CERT_FILE"
                    .to_owned(),
            );
        }
        Ok(store)
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Roots::Native => f.write_str("Native"),
            Roots::Only(own) => write!(f, "Only({})", own.len()),
            Roots::NativeAnd(own) => write!(f, "NativeAnd({})", own.len()),
        }
    }
}

/// Shakes hands. The roots are read at the first handshake: a run that needs no TLS does not pay for them.
#[derive(Debug)]
pub(crate) struct Tls {
    roots: Roots,
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Tls {
    pub(crate) fn new(roots: Roots) -> Self {
        Tls {
            roots,
            config: OnceLock::new(),
        }
    }

    /// A handshake as a client of `name`.
    pub(crate) async fn handshake(
        &self,
        name: ServerName<'static>,
        tcp: TcpStream,
    ) -> Result<TlsStream<TcpStream>, String> {
        let config = self.config.get_or_init(|| config(&self.roots)).clone()?;
        TlsConnector::from(config)
            .connect(name, tcp)
            .await
            .map_err(|error| error.to_string())
    }
}

fn config(roots: &Roots) -> Result<Arc<ClientConfig>, String> {
    // Named, not taken from the process: which provider is the default depends on what else is linked.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots.store()?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem() {
        let text = |pem: &str| {
            Roots::read_pem(pem.as_bytes())
                .map(|found| found.len())
                .map_err(|e| e.to_string())
        };
        assert_eq!(
            text("").unwrap_err(),
            "no certificate found; expected `-----BEGIN CERTIFICATE-----`"
        );
        assert!(
            text("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")
                .unwrap_err()
                .starts_with("not a certificate in PEM: ")
        );
        assert_eq!(
            text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            Ok(1)
        );
    }

    #[test]
    fn a_store_without_roots_says_what_to_do() {
        assert_eq!(
            Roots::Only(Vec::new()).store().unwrap_err(),
            "this machine has no root certificates; install `ca-certificates`, or name a file of them in SSL_CERT_FILE"
        );
    }
}
