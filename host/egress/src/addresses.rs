//! What kind of place an IP address is.
//!
//! | range | what | source | class |
//! | --- | --- | --- | --- |
//! | 168.63.129.16 | cloud metadata (Azure) | vendor | refused |
//! | 100.100.100.200 | cloud metadata (Alibaba) | vendor | refused |
//! | 0.0.0.0/8 | this network | RFC 791 §3.2 | refused |
//! | 10.0.0.0/8 | private use | RFC 1918 | private |
//! | 100.64.0.0/10 | shared by carriers and overlay networks (CGNAT) | RFC 6598 | private |
//! | 127.0.0.0/8 | loopback | RFC 1122 §3.2.1.3 | loopback |
//! | 169.254.0.0/16 | link-local, cloud metadata | RFC 3927 | refused |
//! | 172.16.0.0/12 | private use | RFC 1918 | private |
//! | 192.0.0.0/24 | protocol assignments | RFC 6890 §2.1 | refused |
//! | 192.0.2.0/24 | documentation | RFC 5737 | refused |
//! | 192.88.99.0/24 | 6to4 relays | RFC 7526 | refused |
//! | 192.168.0.0/16 | private use | RFC 1918 | private |
//! | 198.18.0.0/15 | benchmarking | RFC 2544 | refused |
//! | 198.51.100.0/24 | documentation | RFC 5737 | refused |
//! | 203.0.113.0/24 | documentation | RFC 5737 | refused |
//! | 224.0.0.0/4 | multicast | RFC 5771 | refused |
//! | 240.0.0.0/4 | reserved, broadcast | RFC 1112 §4, RFC 919 | refused |
//! | every other IPv4 address | global | | public |
//! | ::1/128 | loopback | RFC 4291 §2.5.3 | loopback |
//! | ::/128 | unspecified | RFC 4291 §2.5.2 | refused |
//! | ::ffff:0:0/96 | IPv4-mapped | RFC 4291 §2.5.5.2 | as the IPv4 address in it |
//! | ::/96 | IPv4-compatible | RFC 4291 §2.5.5.1 | refused |
//! | 64:ff9b::/96 | NAT64 | RFC 6052 §2.1 | public if the IPv4 address in it is, else refused |
//! | 64:ff9b:1::/48 | local NAT64 | RFC 8215 | refused |
//! | 100::/64 | discard | RFC 6666 | refused |
//! | 2001::/23 | protocol assignments: Teredo, benchmarking, ORCHID | RFC 2928, RFC 4380 | refused |
//! | 2001:db8::/32 | documentation | RFC 3849 | refused |
//! | 2002::/16 | 6to4 | RFC 3056, RFC 7526 | refused |
//! | 3fff::/20 | documentation | RFC 9637 | refused |
//! | fd00:ec2::/32 | cloud metadata (Amazon) | vendor | refused |
//! | fd20:ce::/32 | cloud metadata (Google) | vendor | refused |
//! | fc00::/7 | private use (ULA) | RFC 4193 | private |
//! | fe80::/10 | link-local | RFC 4291 §2.5.6 | refused |
//! | fec0::/10 | site-local | RFC 3879 | refused |
//! | ff00::/8 | multicast | RFC 4291 §2.7 | refused |
//! | 2000::/3 | global | RFC 4291 §2.4 | public |
//! | every other IPv6 address | not assigned | RFC 4291 §2.4 | refused |
//!
//! The first row that fits decides.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of place an address is, as far as permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Reachable by anybody.
    Public,
    /// This machine.
    Loopback,
    /// A private network.
    Private,
    /// Never dialled, whatever the policy says.
    Refused,
}

/// An address with what is known about it. Shown as `10.0.0.1 (private use)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Classified {
    /// The address.
    pub address: IpAddr,
    /// Its class.
    pub class: AddressClass,
    /// What its range is for.
    pub what: &'static str,
}

impl fmt::Display for Classified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address, self.what)
    }
}

use AddressClass::{Loopback, Private, Public, Refused};

/// Base, prefix length, class, what.
type Row<A> = (A, u32, AddressClass, &'static str);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

const V4: &[Row<Ipv4Addr>] = &[
    (v4(168, 63, 129, 16), 32, Refused, "cloud metadata"),
    (v4(100, 100, 100, 200), 32, Refused, "cloud metadata"),
    (v4(0, 0, 0, 0), 8, Refused, "this network"),
    (v4(10, 0, 0, 0), 8, Private, "private use"),
    (v4(100, 64, 0, 0), 10, Private, "shared by carriers"),
    (v4(127, 0, 0, 0), 8, Loopback, "loopback"),
    (
        v4(169, 254, 0, 0),
        16,
        Refused,
        "link-local, cloud metadata",
    ),
    (v4(172, 16, 0, 0), 12, Private, "private use"),
    (v4(192, 0, 0, 0), 24, Refused, "protocol assignments"),
    (v4(192, 0, 2, 0), 24, Refused, "documentation"),
    (v4(192, 88, 99, 0), 24, Refused, "6to4 relays"),
    (v4(192, 168, 0, 0), 16, Private, "private use"),
    (v4(198, 18, 0, 0), 15, Refused, "benchmarking"),
    (v4(198, 51, 100, 0), 24, Refused, "documentation"),
    (v4(203, 0, 113, 0), 24, Refused, "documentation"),
    (v4(224, 0, 0, 0), 4, Refused, "multicast"),
    (v4(240, 0, 0, 0), 4, Refused, "reserved, broadcast"),
    (v4(0, 0, 0, 0), 0, Public, "global"),
];

/// The first three groups are enough for every row but those for single addresses and the embedded IPv4 ones.
const fn v6(a: u16, b: u16, c: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)
}

const MAPPED: Ipv6Addr = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0);
const NAT64: Ipv6Addr = v6(0x64, 0xff9b, 0);

const V6: &[Row<Ipv6Addr>] = &[
    (Ipv6Addr::LOCALHOST, 128, Loopback, "loopback"),
    (Ipv6Addr::UNSPECIFIED, 128, Refused, "unspecified"),
    (Ipv6Addr::UNSPECIFIED, 96, Refused, "IPv4-compatible"),
    (v6(0x64, 0xff9b, 1), 48, Refused, "local NAT64"),
    (v6(0x100, 0, 0), 64, Refused, "discard"),
    (v6(0x2001, 0, 0), 23, Refused, "protocol assignments"),
    (v6(0x2001, 0xdb8, 0), 32, Refused, "documentation"),
    (v6(0x2002, 0, 0), 16, Refused, "6to4"),
    (v6(0x3fff, 0, 0), 20, Refused, "documentation"),
    (v6(0xfd00, 0xec2, 0), 32, Refused, "cloud metadata"),
    (v6(0xfd20, 0xce, 0), 32, Refused, "cloud metadata"),
    (v6(0xfc00, 0, 0), 7, Private, "private use"),
    (v6(0xfe80, 0, 0), 10, Refused, "link-local"),
    (v6(0xfec0, 0, 0), 10, Refused, "site-local"),
    (v6(0xff00, 0, 0), 8, Refused, "multicast"),
    (v6(0x2000, 0, 0), 3, Public, "global"),
    (Ipv6Addr::UNSPECIFIED, 0, Refused, "not assigned"),
];

/// Looks the address up in the table at the top of this file.
#[must_use]
pub fn classify(address: IpAddr) -> Classified {
    let (class, what) = match address {
        IpAddr::V4(v4) => of_v4(v4),
        IpAddr::V6(v6) => of_v6(v6),
    };
    Classified {
        address,
        class,
        what,
    }
}

fn of_v4(address: Ipv4Addr) -> (AddressClass, &'static str) {
    let bits = address.to_bits();
    V4.iter()
        .find(|(base, length, ..)| same(bits.into(), base.to_bits().into(), 32 - length))
        .map_or((Refused, "unknown"), |&(_, _, class, what)| (class, what))
}

fn of_v6(address: Ipv6Addr) -> (AddressClass, &'static str) {
    let bits = address.to_bits();
    let embedded = Ipv4Addr::from_bits((bits & u128::from(u32::MAX)) as u32);
    if same(bits, MAPPED.to_bits(), 32) {
        return of_v4(embedded);
    }
    if same(bits, NAT64.to_bits(), 32) {
        return match of_v4(embedded) {
            (Public, _) => (Public, "NAT64 of a global address"),
            _ => (Refused, "NAT64 of an address that is not global"),
        };
    }
    V6.iter()
        .find(|(base, length, ..)| same(bits, base.to_bits(), 128 - length))
        .map_or((Refused, "unknown"), |&(_, _, class, what)| (class, what))
}

/// Whether two addresses agree in all but their last `free` bits.
fn same(a: u128, b: u128, free: u32) -> bool {
    (a ^ b).checked_shr(free).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let table = [
            // input, class, what
            ("1.1.1.1", Public, "global"),
            ("8.8.8.8", Public, "global"),
            ("0.0.0.0", Refused, "this network"),
            ("0.255.255.255", Refused, "this network"),
            ("1.0.0.0", Public, "global"),
            ("9.255.255.255", Public, "global"),
            ("10.0.0.0", Private, "private use"),
            ("10.255.255.255", Private, "private use"),
            ("11.0.0.0", Public, "global"),
            ("100.63.255.255", Public, "global"),
            ("100.64.0.0", Private, "shared by carriers"),
            ("100.100.100.200", Refused, "cloud metadata"),
            ("100.127.255.255", Private, "shared by carriers"),
            ("100.128.0.0", Public, "global"),
            ("126.255.255.255", Public, "global"),
            ("127.0.0.1", Loopback, "loopback"),
            ("127.255.255.255", Loopback, "loopback"),
            ("128.0.0.0", Public, "global"),
            ("168.63.129.15", Public, "global"),
            ("168.63.129.16", Refused, "cloud metadata"),
            ("168.63.129.17", Public, "global"),
            ("169.253.255.255", Public, "global"),
            ("169.254.0.0", Refused, "link-local, cloud metadata"),
            ("169.254.169.254", Refused, "link-local, cloud metadata"),
            ("169.255.0.0", Public, "global"),
            ("172.15.255.255", Public, "global"),
            ("172.16.0.0", Private, "private use"),
            ("172.31.255.255", Private, "private use"),
            ("172.32.0.0", Public, "global"),
            ("192.0.0.192", Refused, "protocol assignments"),
            ("192.0.1.0", Public, "global"),
            ("192.0.2.1", Refused, "documentation"),
            ("192.88.99.1", Refused, "6to4 relays"),
            ("192.167.255.255", Public, "global"),
            ("192.168.0.1", Private, "private use"),
            ("192.169.0.0", Public, "global"),
            ("198.17.255.255", Public, "global"),
            ("198.18.0.0", Refused, "benchmarking"),
            ("198.19.255.255", Refused, "benchmarking"),
            ("198.20.0.0", Public, "global"),
            ("198.51.100.7", Refused, "documentation"),
            ("203.0.113.7", Refused, "documentation"),
            ("223.255.255.255", Public, "global"),
            ("224.0.0.1", Refused, "multicast"),
            ("239.255.255.255", Refused, "multicast"),
            ("240.0.0.1", Refused, "reserved, broadcast"),
            ("255.255.255.255", Refused, "reserved, broadcast"),
            ("::", Refused, "unspecified"),
            ("::1", Loopback, "loopback"),
            ("::2", Refused, "IPv4-compatible"),
            ("::127.0.0.1", Refused, "IPv4-compatible"),
            ("::8.8.8.8", Refused, "IPv4-compatible"),
            ("::ffff:8.8.8.8", Public, "global"),
            ("::ffff:127.0.0.1", Loopback, "loopback"),
            ("::ffff:10.0.0.1", Private, "private use"),
            (
                "::ffff:169.254.169.254",
                Refused,
                "link-local, cloud metadata",
            ),
            ("64:ff9b::8.8.8.8", Public, "NAT64 of a global address"),
            (
                "64:ff9b::127.0.0.1",
                Refused,
                "NAT64 of an address that is not global",
            ),
            (
                "64:ff9b::10.0.0.1",
                Refused,
                "NAT64 of an address that is not global",
            ),
            (
                "64:ff9b::169.254.169.254",
                Refused,
                "NAT64 of an address that is not global",
            ),
            ("64:ff9b:0:0:1::1", Refused, "not assigned"),
            ("64:ff9b:1::8.8.8.8", Refused, "local NAT64"),
            ("64:ff9b:2::1", Refused, "not assigned"),
            ("100::1", Refused, "discard"),
            ("100:0:0:1::1", Refused, "not assigned"),
            ("1fff::1", Refused, "not assigned"),
            ("2000::1", Public, "global"),
            ("2001::1", Refused, "protocol assignments"),
            ("2001:2::1", Refused, "protocol assignments"),
            ("2001:1ff:ffff::1", Refused, "protocol assignments"),
            ("2001:200::1", Public, "global"),
            ("2001:db8::1", Refused, "documentation"),
            ("2001:db9::1", Public, "global"),
            ("2002:a00:1::1", Refused, "6to4"),
            ("2002:808:808::1", Refused, "6to4"),
            ("2003::1", Public, "global"),
            ("2606:4700:4700::1111", Public, "global"),
            ("3ffe::1", Public, "global"),
            ("3fff::1", Refused, "documentation"),
            ("3fff:1000::1", Public, "global"),
            ("4000::1", Refused, "not assigned"),
            ("5f00::1", Refused, "not assigned"),
            ("fc00::1", Private, "private use"),
            ("fd00::1", Private, "private use"),
            ("fd00:ec2::254", Refused, "cloud metadata"),
            ("fd20:ce::254", Refused, "cloud metadata"),
            ("fdff:ffff::1", Private, "private use"),
            ("fe00::1", Refused, "not assigned"),
            ("fe80::1", Refused, "link-local"),
            ("febf::1", Refused, "link-local"),
            ("fec0::1", Refused, "site-local"),
            ("ff02::1", Refused, "multicast"),
        ];
        for (input, class, what) in table {
            let address: IpAddr = input.parse().unwrap();
            assert_eq!(
                classify(address),
                Classified {
                    address,
                    class,
                    what
                },
                "{input}"
            );
        }
    }

    #[test]
    fn shown_with_its_range() {
        assert_eq!(
            classify("10.0.0.1".parse().unwrap()).to_string(),
            "10.0.0.1 (private use)"
        );
    }
}
