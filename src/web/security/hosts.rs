//! The names that the server answers to. A page of another site whose name was rebound to a loopback address still
//! sends its own name, and is refused.

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, header};

/// What a request was addressed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// The site itself.
    Site,
    /// A service tab: the label before `.localhost`.
    Service(String),
    /// A name that is none of ours.
    Foreign,
}

/// Names besides those of loopback, lower-case.
#[derive(Clone, Debug, Default)]
pub struct Hosts(BTreeSet<String>);

impl Hosts {
    /// These names besides those of loopback.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whom the request is for. Both the address line (in absolute form) and `Host` must agree.
    #[must_use]
    pub fn addressee(&self, uri: &Uri, headers: &HeaderMap) -> Addressee {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Addressee::Foreign;
        };
        let Ok(host) = host.to_str() else {
            return Addressee::Foreign;
        };
        if uri.authority().is_some_and(|authority| authority.as_str() != host) {
            return Addressee::Foreign;
        }
        self.of(host)
    }

    /// The origins that pages of these names have; a content security policy has no words for IPv6 addresses.
    #[must_use]
    pub fn origins(&self, port: u16) -> Vec<String> {
        let local = ["127.0.0.1", "localhost"].map(|name| format!("http://{name}:{port}"));
        let named = self
            .0
            .iter()
            .filter(|name| !name.contains(':'))
            .flat_map(|name| [format!("http://{name}:{port}"), format!("https://{name}")]);
        local.into_iter().chain(named).collect()
    }

    fn of(&self, host: &str) -> Addressee {
        let Some(name) = without_port(host) else {
            return Addressee::Foreign;
        };
        let name = name.to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']');
        let loopback = name == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if loopback || self.0.contains(&name) || self.0.contains(address) {
            return Addressee::Site;
        }
        match name.strip_suffix(".localhost") {
            Some(label) if !label.contains('.') => Addressee::Service(label.to_owned()),
            _ => Addressee::Foreign,
        }
    }
}

/// `name`, `name:port`, `[address]:port` without its port; nothing where that is malformed.
fn without_port(host: &str) -> Option<&str> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let digits = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let bracketed = !name.contains(':') || (name.starts_with('[') && name.ends_with(']'));
    (digits && bracketed && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(host: &str) -> Addressee {
        Hosts::new(["Lab.Example.org".to_owned()]).of(host)
    }

    #[test]
    fn loopback_and_named_hosts_are_ours() {
        for host in [
            "127.0.0.1:8420",
            "localhost:8420",
            "LOCALHOST",
            "[::1]:8420",
            "127.1.2.3",
            "lab.example.org",
            "lab.example.org:443",
        ] {
            assert_eq!(of(host), Addressee::Site, "{host}");
        }
    }

    #[test]
    fn other_names_are_foreign() {
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "",
            ":8420",
            "localhost:",
            "localhost:80a",
            "::1",
            "0.0.0.0:8420",
            "10.0.0.1",
            "a.b.localhost",
            "localhost:80@evil.example",
        ] {
            assert_eq!(of(host), Addressee::Foreign, "{host}");
        }
    }

    #[test]
    fn a_label_before_localhost_is_a_service() {
        assert_eq!(of("abc.localhost:8420"), Addressee::Service("abc".into()));
    }

    #[test]
    fn two_hosts_or_a_contradiction_are_foreign() {
        let hosts = Hosts::default();
        let mut headers = HeaderMap::new();
        let uri = Uri::from_static("/");
        assert_eq!(hosts.addressee(&uri, &headers), Addressee::Foreign);
        headers.append(header::HOST, HeaderValue::from_static("localhost"));
        assert_eq!(hosts.addressee(&uri, &headers), Addressee::Site);
        assert_eq!(
            hosts.addressee(&Uri::from_static("http://evil.example/"), &headers),
            Addressee::Foreign
        );
        headers.append(header::HOST, HeaderValue::from_static("localhost"));
        assert_eq!(hosts.addressee(&uri, &headers), Addressee::Foreign);
    }
}
