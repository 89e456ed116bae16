//! Secrets that the host puts on requests, and secrets that must not leave otherwise.

use std::collections::BTreeMap;
use std::fmt;

use http::{HeaderName, HeaderValue, header};
use policy::Origin;

use crate::headers;

/// Bytes of a secret at least: a shorter one would be found in ordinary text, and every such text would be refused.
pub const SECRET_MIN: usize = 8;
/// Bytes of a secret at most. So much, at worst, of a stream is held back while it could still become the secret.
pub const SECRET_MAX: usize = 4096;

/// One credential: never shown, never given to a guest.
#[derive(Clone)]
pub(crate) struct Credential {
    /// What is searched for; none for a placeholder, which is no secret.
    secret: Option<String>,
    /// The header and its value, complete; none for a secret that is known only so that it is found.
    header: Option<(HeaderName, HeaderValue)>,
    /// Where it may be sent.
    origins: Vec<Origin>,
}

impl Credential {
    /// The secret itself, for the body of a request to this origin; none where it may not be sent there.
    pub(crate) fn secret_for(&self, origin: &Origin) -> Option<&str> {
        self.secret
            .as_deref()
            .filter(|_| self.origins.contains(origin))
    }

    /// What to put on a request to this origin; none where it may not be sent there.
    pub(crate) fn for_origin(&self, origin: &Origin) -> Option<&(HeaderName, HeaderValue)> {
        self.header
            .as_ref()
            .filter(|_| self.origins.contains(origin))
    }
}

/// Every secret that the host knows, by name. `Debug` shows names and origins, never values.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, Credential>);

impl Credentials {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a token that is sent as `authorization: Bearer <secret>`, to these origins and nowhere else.
    ///
    /// # Errors
    ///
    /// Where the name is taken, or the secret has a length or a character that it cannot have.
    pub fn bearer(
        self,
        name: &str,
        secret: &str,
        origins: impl IntoIterator<Item = Origin>,
    ) -> Result<Self, CredentialError> {
        self.header(name, secret, header::AUTHORIZATION, "Bearer ", origins)
    }

    /// Adds a secret that is sent in a header of its own, after a prefix (`Bearer `, or nothing), to these origins and
    /// nowhere else.
    ///
    /// # Errors
    ///
    /// As [`Self::bearer`]; and where the header is one that the connection needs for itself.
    pub fn header(
        self,
        name: &str,
        secret: &str,
        header: HeaderName,
        prefix: &str,
        origins: impl IntoIterator<Item = Origin>,
    ) -> Result<Self, CredentialError> {
        let header = header_value(name, secret, header, prefix)?;
        let origins = origins.into_iter().collect();
        self.insert(
            name,
            Credential {
                secret: Some(secret.to_owned()),
                header: Some(header),
                origins,
            },
        )
    }

    /// Adds a token that is no secret, such as the text that a server on this machine wants where a key would be. It is
    /// sent as `authorization: Bearer <token>`, to these origins and nowhere else, but not searched for: it may be short,
    /// and may stand in any text.
    ///
    /// # Errors
    ///
    /// Where the name is taken, or the token has a character that it cannot have.
    pub fn placeholder(
        self,
        name: &str,
        token: &str,
        origins: impl IntoIterator<Item = Origin>,
    ) -> Result<Self, CredentialError> {
        let header = header_value(name, token, header::AUTHORIZATION, "Bearer ")?;
        let origins = origins.into_iter().collect();
        self.insert(
            name,
            Credential {
                secret: None,
                header: Some(header),
                origins,
            },
        )
    }

    /// Adds a secret that is never sent, so that it is found where it leaves and covered where it comes back.
    ///
    /// # Errors
    ///
    /// Where the name is taken, or the secret has a length that it cannot have.
    pub fn known(self, name: &str, secret: &str) -> Result<Self, CredentialError> {
        self.insert(
            name,
            Credential {
                secret: Some(secret.to_owned()),
                header: None,
                origins: Vec::new(),
            },
        )
    }

    fn insert(mut self, name: &str, credential: Credential) -> Result<Self, CredentialError> {
        let bytes = credential.secret.as_ref().map_or(SECRET_MIN, String::len);
        if !(SECRET_MIN..=SECRET_MAX).contains(&bytes) {
            return Err(CredentialError::Length {
                name: name.to_owned(),
                bytes,
            });
        }
        if self.0.contains_key(name) {
            return Err(CredentialError::Duplicate {
                name: name.to_owned(),
            });
        }
        self.0.insert(name.to_owned(), credential);
        Ok(self)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Credential> {
        self.0.get(name)
    }

    /// Names and values, for the scanner.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter_map(|(name, credential)| Some((name.as_str(), credential.secret.as_deref()?)))
    }
}

/// The header that carries a secret.
fn header_value(
    name: &str,
    secret: &str,
    header: HeaderName,
    prefix: &str,
) -> Result<(HeaderName, HeaderValue), CredentialError> {
    if header != header::AUTHORIZATION && headers::refusal(&header).is_some() {
        return Err(CredentialError::Header {
            name: name.to_owned(),
            header: header.to_string(),
        });
    }
    let mut value = HeaderValue::from_str(&format!("{prefix}{secret}")).map_err(|_| {
        CredentialError::NotAHeader {
            name: name.to_owned(),
        }
    })?;
    value.set_sensitive(true);
    Ok((header, value))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins = |credential: &Credential| {
            credential
                .origins
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        f.debug_map()
            .entries(
                self.0
                    .iter()
                    .map(|(name, credential)| (name, origins(credential))),
            )
            .finish()
    }
}

/// A credential that cannot be used. No message contains the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The name is taken.
    #[error("credential `{name}`: there are two of this name")]
    Duplicate {
        /// The credential's name.
        name: String,
    },
    /// Too short to be told from ordinary text, or too long.
    #[error(
        "credential `{name}`: its secret has {bytes} bytes; expected {SECRET_MIN} to {SECRET_MAX}, so that it can be \
         found where it leaks; leave it out where the service takes any text"
    )]
    Length {
        /// The credential's name.
        name: String,
        /// How many bytes the secret has.
        bytes: usize,
    },
    /// A character that no header value has.
    #[error(
        "credential `{name}`: its secret has a character that no header can carry, such as a line break"
    )]
    NotAHeader {
        /// The credential's name.
        name: String,
    },
    /// A header that carries no credential.
    #[error(
        "credential `{name}`: the header `{header}` belongs to the connection; expected `authorization` or a header \
         of the service's own"
    )]
    Header {
        /// The credential's name.
        name: String,
        /// The header's name.
        header: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    #[test]
    fn a_credential_is_for_its_own_origins() {
        let credentials = Credentials::new()
            .bearer("hub", "hf_secret", [origin("https://hub.example")])
            .unwrap()
            .header(
                "key",
                "sk-secret",
                HeaderName::from_static("x-api-key"),
                "",
                [origin("http://localhost:1")],
            )
            .unwrap()
            .known("other", "never-sent")
            .unwrap()
            .placeholder("local", "none", [origin("http://localhost:2")])
            .unwrap();
        let table = [
            (
                "local",
                "http://localhost:2",
                Some(("authorization", "Bearer none")),
            ),
            ("local", "http://localhost:1", None),
            (
                "hub",
                "https://hub.example",
                Some(("authorization", "Bearer hf_secret")),
            ),
            (
                "hub",
                "https://hub.example:443",
                Some(("authorization", "Bearer hf_secret")),
            ),
            ("hub", "https://hub.example:8443", None),
            ("hub", "http://hub.example", None),
            ("hub", "https://cdn.hub.example", None),
            (
                "key",
                "http://localhost:1",
                Some(("x-api-key", "sk-secret")),
            ),
            ("other", "https://hub.example", None),
        ];
        for (name, to, expected) in table {
            let found = credentials
                .get(name)
                .unwrap()
                .for_origin(&origin(to))
                .map(|(header, value)| (header.as_str(), value.to_str().unwrap()));
            assert_eq!(found, expected, "{name} to {to}");
        }
    }

    #[test]
    fn what_is_no_credential() {
        let text = |result: Result<Credentials, CredentialError>| result.unwrap_err().to_string();
        assert_eq!(
            text(Credentials::new().known("a", "1234567")),
            "credential `a`: its secret has 7 bytes; expected 8 to 4096, so that it can be found where it leaks; \
             leave it out where the service takes any text"
        );
        assert!(Credentials::new().known("a", "12345678").is_ok());
        assert!(
            Credentials::new()
                .known("a", &"x".repeat(SECRET_MAX))
                .is_ok()
        );
        assert_eq!(
            Credentials::new()
                .known("a", &"x".repeat(SECRET_MAX + 1))
                .unwrap_err(),
            CredentialError::Length {
                name: "a".into(),
                bytes: SECRET_MAX + 1
            }
        );
        assert_eq!(
            text(Credentials::new().bearer("a", "hf_secret\n", [])),
            "credential `a`: its secret has a character that no header can carry, such as a line break"
        );
        assert_eq!(
            text(
                Credentials::new()
                    .known("a", "12345678")
                    .unwrap()
                    .known("a", "87654321")
            ),
            "credential `a`: there are two of this name"
        );
        assert_eq!(
            text(Credentials::new().header("a", "hf_secret", header::HOST, "", [])),
            "credential `a`: the header `host` belongs to the connection; expected `authorization` or a header of \
             the service's own"
        );
    }

    #[test]
    fn a_placeholder_is_not_searched_for() {
        let credentials = Credentials::new()
            .placeholder("local", "none", [])
            .unwrap()
            .known("other", "never-sent")
            .unwrap();
        assert_eq!(
            credentials.secrets().collect::<Vec<_>>(),
            [("other", "never-sent")]
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let credentials = Credentials::new()
            .bearer("hub", "hf_secret", [origin("https://hub.example")])
            .unwrap()
            .known("other", "never-sent")
            .unwrap();
        assert_eq!(
            format!("{credentials:?}"),
            r#"{"hub": ["https://hub.example:443"], "other": []}"#
        );
    }
}
