//! Options and headers that are the host's business: each says why.

/// Why an option cannot be given; none where it can be, or is not known.
pub(super) fn option(name: &str) -> Option<&'static str> {
    Some(match name {
        "u" | "user" | "oauth2-bearer" | "n" | "netrc" | "netrc-file" | "netrc-optional"
        | "aws-sigv4" | "basic" | "digest" | "anyauth" | "negotiate" | "ntlm" | "b" | "cookie"
        | "c" | "cookie-jar" => CREDENTIALS,
        "k"
        | "insecure"
        | "cacert"
        | "capath"
        | "E"
        | "cert"
        | "key"
        | "ciphers"
        | "pinnedpubkey"
        | "no-check-certificate" => CERTIFICATES,
        "x" | "proxy" | "socks4" | "socks5" | "socks5-hostname" | "noproxy" | "preproxy"
        | "interface" | "resolve" | "connect-to" | "unix-socket" | "dns-servers" | "doh-url" => {
            CONNECTION
        }
        _ => return None,
    })
}

/// Why a header cannot be set; none where it can. The host refuses more of them, and says so itself.
pub(super) fn header(name: &str) -> Option<&'static str> {
    ["authorization", "proxy-authorization", "cookie", "cookie2"]
        .iter()
        .any(|one| name.eq_ignore_ascii_case(one))
        .then_some(CREDENTIALS)
}

pub(super) const CREDENTIALS: &str =
    "credentials are put on by the host, where the policy names one for the origin";
const CERTIFICATES: &str =
    "the host makes the connection and checks certificates; that cannot be changed from here";
const CONNECTION: &str = "the host makes the connection, as far as the policy allows it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_hosts_is_told_from_what_is_not() {
        assert_eq!(option("u"), Some(CREDENTIALS));
        assert_eq!(option("insecure"), Some(CERTIFICATES));
        assert_eq!(option("proxy"), Some(CONNECTION));
        assert_eq!(option("o"), None);
        assert_eq!(header("AUTHORIZATION"), Some(CREDENTIALS));
        assert_eq!(header("Cookie"), Some(CREDENTIALS));
        assert_eq!(header("x-authorization"), None);
    }
}
