//! Web origins: `scheme://host:port`, as rules, needs and requests name them.
//!
//! There is exactly one spelling of each origin once it is read, so that two of them can be compared byte by byte.
//!
//! | written | means |
//! | --- | --- |
//! | `https://huggingface.co` | `https://huggingface.co:443`: the scheme's own port |
//! | `http://localhost:8080` | that name and port; names are not resolved here |
//! | `HTTPS://HuggingFace.CO` | `https://huggingface.co:443`: ASCII case does not count |
//! | `https://xn--bcher-kva.example` | an international name, in punycode |
//! | `http://my_service:80` | underscores are common in service names, and are taken |
//! | `http://127.0.0.1:11434` | an IPv4 address: four decimal numbers without leading zeros |
//! | `http://[::1]:8000` | an IPv6 address, in brackets, shown in the form of RFC 5952 |
//! | `http://[::ffff:127.0.0.1]` | an IPv4-mapped IPv6 address; it stays one, and is not the IPv4 origin |
//!
//! Everything else is refused: other schemes, user names, paths (a lone `/` too), queries, fragments, blanks, percent
//! signs, names that are not ASCII, a dot at the end, empty labels, labels over 63 bytes, names over 253 bytes, labels
//! that begin or end with `-`, other spellings of IPv4 (`127.1`, `2130706433`, `0x7f.0.0.1`, `0177.0.0.1`), zone ids
//! (`fe80::1%eth0`), port 0, empty ports and ports with leading zeros.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Bytes of a host name at most (RFC 1035 §2.3.4, without the root's dot).
const NAME_BYTES: usize = 253;
/// Bytes of one label of a host name at most (RFC 1035 §2.3.4).
const LABEL_BYTES: usize = 63;

/// The protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// As it stands before `://`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port that is meant where none is written.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A host: a name to resolve, or an address. [`Host::from_str`] is the way to make one; it checks the grammar.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A name in lower-case ASCII, without a dot at its end.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, IPv4-mapped ones included.
    V6(Ipv6Addr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::V4(address) => write!(f, "{address}"),
            Host::V6(address) => write!(f, "[{address}]"),
        }
    }
}

impl FromStr for Host {
    type Err = OriginError;

    /// Reads a host as it stands in an origin: IPv6 in brackets.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        host(text, 0).map_err(|(at, problem)| OriginError::new(text, at, problem))
    }
}

/// Where requests go: scheme, host and port. Text forms are in the table at the top of this file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Origin {
    /// An origin from its parts; `host` as it stands in a URL, IPv6 in brackets.
    ///
    /// # Errors
    ///
    /// Where the host is none that the grammar takes, or the port is 0.
    pub fn new(scheme: Scheme, host: &str, port: u16) -> Result<Self, OriginError> {
        let host = Host::from_str(host)?;
        if port == 0 {
            return Err(OriginError::new("0", 0, OriginProblem::Port));
        }
        Ok(Origin { scheme, host, port })
    }

    /// The protocol.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, never 0.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        origin(text).map_err(|(at, problem)| OriginError::new(text, at, problem))
    }
}

/// A text that is not an origin, or not a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an origin: {text:?}, byte {at}: {problem}")]
pub struct OriginError {
    /// What was read; its first 80 characters.
    pub text: String,
    /// Where in it: a byte offset.
    pub at: usize,
    /// What is wrong there, and what would be right.
    pub problem: OriginProblem,
}

impl OriginError {
    fn new(text: &str, at: usize, problem: OriginProblem) -> Self {
        OriginError {
            text: text.chars().take(80).collect(),
            at,
            problem,
        }
    }
}

/// What is wrong with an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginProblem {
    /// It does not begin with a scheme that is known.
    #[error("expected `http://` or `https://`")]
    Scheme,
    /// Nothing stands where the host should.
    #[error("expected a host")]
    NoHost,
    /// An `@`.
    #[error("user names and passwords are not part of an origin; name a credential instead")]
    UserInfo,
    /// A `/`, `\`, `?` or `#`.
    #[error("expected the end: a path, query or fragment is not part of an origin")]
    AfterOrigin,
    /// White space or a control character.
    #[error("white space and control characters are not allowed")]
    Blank,
    /// A percent sign.
    #[error("percent signs are not allowed: write the characters themselves, and no zone id")]
    Percent,
    /// A character outside ASCII.
    #[error("only ASCII is allowed: write an international name in punycode (`xn--…`)")]
    NotAscii,
    /// Another character that no host has.
    #[error("expected a letter, a digit, `-`, `_` or `.`")]
    Character,
    /// Two dots in a row, or one at the beginning.
    #[error("expected a label before the dot")]
    EmptyLabel,
    /// A dot at the end of the name.
    #[error("expected no dot at the end of the name")]
    TrailingDot,
    /// A label that is too long.
    #[error("expected at most 63 bytes in a label")]
    LongLabel,
    /// A name that is too long.
    #[error("expected at most 253 bytes in a name")]
    LongName,
    /// A label that begins or ends with a hyphen.
    #[error("expected a label that neither begins nor ends with `-`")]
    Hyphen,
    /// An address in a spelling that programs read differently.
    #[error("expected an IPv4 address as four decimal numbers, for example 127.0.0.1")]
    Ipv4,
    /// Not an IPv6 address between brackets.
    #[error("expected an IPv6 address in brackets, for example [::1]")]
    Ipv6,
    /// Not a port.
    #[error("expected a port from 1 to 65535, without leading zeros")]
    Port,
}

type Parsed<T> = Result<T, (usize, OriginProblem)>;

fn origin(text: &str) -> Parsed<Origin> {
    let (scheme, rest) = scheme(text).ok_or((0, OriginProblem::Scheme))?;
    let start = text.len() - rest.len();
    characters(rest, start)?;
    let (host_text, port_text) = split_port(rest, start)?;
    let host = host(host_text, start)?;
    let port = match port_text {
        None => scheme.default_port(),
        Some(digits) => port(digits).ok_or((text.len() - digits.len(), OriginProblem::Port))?,
    };
    Ok(Origin { scheme, host, port })
}

fn scheme(text: &str) -> Option<(Scheme, &str)> {
    [Scheme::Https, Scheme::Http]
        .into_iter()
        .find_map(|scheme| {
            let (word, rest) = text.split_at_checked(scheme.as_str().len())?;
            let rest = rest.strip_prefix("://")?;
            word.eq_ignore_ascii_case(scheme.as_str())
                .then_some((scheme, rest))
        })
}

/// Refuses every character that cannot be in a host and port, with the reason that helps most.
fn characters(text: &str, start: usize) -> Parsed<()> {
    for (at, character) in text.char_indices() {
        let problem = match character {
            '@' => OriginProblem::UserInfo,
            '/' | '\\' | '?' | '#' => OriginProblem::AfterOrigin,
            '%' => OriginProblem::Percent,
            _ if character.is_whitespace() || character.is_control() => OriginProblem::Blank,
            _ if !character.is_ascii() => OriginProblem::NotAscii,
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | ':' | '[' | ']' => continue,
            _ => OriginProblem::Character,
        };
        return Err((start + at, problem));
    }
    Ok(())
}

/// Splits at the colon before the port, which is not one of those inside brackets.
fn split_port(text: &str, start: usize) -> Parsed<(&str, Option<&str>)> {
    if !text.starts_with('[') {
        return Ok(match text.split_once(':') {
            None => (text, None),
            Some((host, port)) => (host, Some(port)),
        });
    }
    let end = text.find(']').ok_or((start, OriginProblem::Ipv6))? + 1;
    let (host, rest) = text
        .split_at_checked(end)
        .ok_or((start, OriginProblem::Ipv6))?;
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err((start + end, OriginProblem::Port)),
    }
}

fn port(digits: &str) -> Option<u16> {
    let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

fn host(text: &str, start: usize) -> Parsed<Host> {
    characters(text, start)?;
    if text.is_empty() {
        return Err((start, OriginProblem::NoHost));
    }
    if let Some(inside) = text.strip_prefix('[') {
        return inside
            .strip_suffix(']')
            .and_then(|address| address.parse().ok())
            .map(Host::V6)
            .ok_or((start, OriginProblem::Ipv6));
    }
    let last = text.rsplit('.').next().unwrap_or(text);
    if is_number(last) {
        // URL parsers read a name whose last label is a number as an address, in many spellings. One is taken here.
        return text
            .parse()
            .map(Host::V4)
            .map_err(|_| (start, OriginProblem::Ipv4));
    }
    name(text, start)
}

/// Whether URL parsers take this label for a part of an IPv4 address: decimal, octal or hexadecimal digits.
fn is_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_hexdigit()),
        None => !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()),
    }
}

fn name(text: &str, start: usize) -> Parsed<Host> {
    if text.len() > NAME_BYTES {
        return Err((start + NAME_BYTES, OriginProblem::LongName));
    }
    let mut at = start;
    for label in text.split('.') {
        let end = at + label.len();
        if label.is_empty() {
            let last = at > start && end == start + text.len();
            return Err(if last {
                (end - 1, OriginProblem::TrailingDot)
            } else {
                (at, OriginProblem::EmptyLabel)
            });
        }
        if let Some(odd) = label.find([':', '[', ']']) {
            return Err((at + odd, OriginProblem::Character));
        }
        if label.len() > LABEL_BYTES {
            return Err((at + LABEL_BYTES, OriginProblem::LongLabel));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err((at, OriginProblem::Hyphen));
        }
        at = end + 1;
    }
    Ok(Host::Name(text.to_ascii_lowercase()))
}

#[cfg(test)]
#[path = "origin_tests.rs"]
mod tests;
