//! From where a request comes, where proxies stand before this server.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{HeaderMap, request::Parts};

use crate::Error;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Where a request comes from; `None`: there was no connection, as in tests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Vec<Network>);

#[derive(Clone, Copy, Debug)]
struct Network {
    first: u128,
    bits: u32,
}

impl Proxies {
    /// Reads addresses and networks such as `10.0.0.0/8`.
    pub(crate) fn new(texts: &[String]) -> Result<Self, Error> {
        let wrong = |text: &String| Error::Proxy(text.clone());
        texts.iter().map(|text| Network::parse(text).ok_or_else(|| wrong(text))).collect::<Result<_, _>>().map(Self)
    }

    /// Gives the address that a request comes from: that of the connection, and when a proxy that is believed holds it, the last
    /// one in its header that is no such proxy. What others wrote there before is not looked at.
    pub(super) fn address_of(&self, parts: &Parts) -> Option<IpAddr> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
        if !self.has(peer) {
            return Some(peer);
        }
        Some(self.behind(&parts.headers).unwrap_or(peer))
    }

    fn behind(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let lines = headers.get_all(FORWARDED_FOR).iter().collect::<Vec<_>>();
        for line in lines.iter().rev() {
            // Part by part: bytes that a client made up must not hide what a proxy wrote behind them.
            for part in line.as_bytes().rsplit(|byte| *byte == b',') {
                let address = str::from_utf8(part).ok()?.trim().parse::<IpAddr>().ok()?.to_canonical();
                if !self.has(address) {
                    return Some(address);
                }
            }
        }
        None
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(address))
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.trim().parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(width), |bits| bits.trim().parse().ok().filter(|bits| *bits <= width))?;
        let bits = bits + 128 - width;
        Some(Self { first: number(address) & mask(bits), bits })
    }

    fn has(&self, address: IpAddr) -> bool {
        number(address) & mask(self.bits) == self.first
    }
}

/// IPv4 addresses stand among those of IPv6 (RFC 4291 §2.5.5.2).
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

const fn mask(bits: u32) -> u128 {
    if bits == 0 { 0 } else { u128::MAX << (128 - bits) }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn seen(proxies: &[&str], peer: &str, headers: &[impl AsRef<[u8]>]) -> String {
        let proxies: Vec<_> = proxies.iter().map(|text| (*text).to_owned()).collect();
        let proxies = Proxies::new(&proxies).expect("good");
        let mut request = Request::builder();
        for value in headers {
            request = request.header("X-Forwarded-For", value.as_ref());
        }
        let (mut parts, ()) = request.body(()).expect("good").into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().expect("an address"), 4711)));
        proxies.address_of(&parts).expect("an address").to_string()
    }

    #[test]
    fn a_forwarded_header_of_nobody_in_particular_says_nothing() {
        assert_eq!(seen(&[], "198.51.100.7", &["10.1.2.3"]), "198.51.100.7");
        assert_eq!(seen(&["10.0.0.0/8"], "198.51.100.7", &["10.1.2.3"]), "198.51.100.7");
        assert_eq!(seen(&[], "::ffff:198.51.100.7", &[""; 0]), "198.51.100.7");
    }

    #[test]
    fn a_proxy_that_is_believed_names_who_is_behind_it_and_no_more() {
        let proxies = &["10.0.0.0/8", "2001:db8::1"];
        assert_eq!(seen(proxies, "10.1.1.1", &["203.0.113.9"]), "203.0.113.9");
        // What the client made up stands before what the proxy saw.
        assert_eq!(seen(proxies, "10.1.1.1", &["127.0.0.1, 203.0.113.9, 10.2.2.2"]), "203.0.113.9");
        assert_eq!(seen(proxies, "2001:db8::1", &["127.0.0.1", "203.0.113.9"]), "203.0.113.9");
        for nothing in [&[][..], &["nobody"], &["203.0.113.9, nobody"], &["10.2.2.2"]] {
            assert_eq!(seen(proxies, "10.1.1.1", nothing), "10.1.1.1", "{nothing:?}");
        }
    }

    #[test]
    fn bytes_that_a_client_made_up_do_not_hide_it_behind_the_proxy() {
        for made_up in [&b"\xff, 203.0.113.9"[..], b"127.0.0.1, \xc3\xa4,203.0.113.9, 10.2.2.2"] {
            assert_eq!(seen(&["10.0.0.0/8"], "10.1.1.1", &[made_up]), "203.0.113.9");
        }
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        for wrong in ["", "proxy.example", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1"] {
            assert!(Proxies::new(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
        assert_eq!(seen(&["0.0.0.0/0"], "192.0.2.1", &["2001:db8::9"]), "2001:db8::9");
    }
}
