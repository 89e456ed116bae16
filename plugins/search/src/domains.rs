//! Domains that results have to be of, or must not be of.
//!
//! | given | fits |
//! | --- | --- |
//! | `example.org` | `example.org`, `www.example.org`, `docs.example.org`; not `badexample.org` |
//! | `*.example.org`, `.example.org`, `www.example.org`, `https://example.org/x` | the same |
//! | `bücher.example` | `xn--bcher-kva.example` |

use ml_intern_sdk::Failure;
use url::Host;

/// Domains of one list at most.
const MOST: usize = 50;

/// A list of domains.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Domains(Vec<String>);

impl Domains {
    /// The list that an argument gives.
    ///
    /// # Errors
    /// [`Failure::InvalidArguments`] with the place of what is no domain.
    pub(crate) fn of(argument: &str, given: &[String]) -> Result<Self, Failure> {
        if given.len() > MOST {
            let expected = format!("{MOST} domains at most, not {}", given.len());
            return Err(Failure::argument(&format!("/{argument}"), expected));
        }
        let domains = given.iter().enumerate().map(|(at, text)| {
            domain(text).ok_or_else(|| {
                let shown: String = text.chars().take(80).collect();
                let expected = format!("a domain, as example.org, not {shown:?}");
                Failure::argument(&format!("/{argument}/{at}"), expected)
            })
        });
        Ok(Self(domains.collect::<Result<_, _>>()?))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// Whether a host is one of them, or below one.
    pub(crate) fn has(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.0.iter().any(|domain| {
            host.strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

fn domain(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let text = text.strip_prefix('*').unwrap_or(text);
    let text = text.trim_matches('.');
    let text = text
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("www."))
        .and_then(|_| text.get(4..))
        .unwrap_or(text);
    match Host::parse(text) {
        Ok(Host::Domain(domain)) if domain.contains('.') => Some(domain),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_taken_in_every_form_they_come_in() {
        for (given, expected) in [
            ("example.org", "example.org"),
            (" Example.ORG. ", "example.org"),
            ("*.example.org", "example.org"),
            (".example.org", "example.org"),
            ("www.example.org", "example.org"),
            ("https://docs.example.org:8443/x?y#z", "docs.example.org"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(domain(given).as_deref(), Some(expected), "{given}");
        }
        for given in [
            "",
            "org",
            "127.0.0.1",
            "[::1]",
            "exa mple.org",
            "https://",
            "a..b%",
        ] {
            assert_eq!(domain(given), None, "{given}");
        }
        assert_eq!(
            Domains::of("allowed_domains", &["a.example".into(), "x".into()]),
            Err(Failure::argument(
                "/allowed_domains/1",
                "a domain, as example.org, not \"x\""
            ))
        );
        assert_eq!(
            Domains::of("blocked_domains", &vec!["a.example".to_owned(); 51]),
            Err(Failure::argument(
                "/blocked_domains",
                "50 domains at most, not 51"
            ))
        );
    }

    #[test]
    fn a_domain_has_what_is_below_it() {
        let domains = Domains::of("x", &["example.org".into()]).unwrap();
        for (host, expected) in [
            ("example.org", true),
            ("EXAMPLE.org.", true),
            ("a.b.example.org", true),
            ("badexample.org", false),
            ("example.org.evil.example", false),
            ("org", false),
        ] {
            assert_eq!(domains.has(host), expected, "{host}");
        }
    }
}
