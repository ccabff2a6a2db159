//! Which hosts a lab may reach, and at which of their addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::config::EgressConfig;
use super::learn::Registries;
use super::upstream::{Upstream, Upstreams};
use crate::model::Egress;

/// How long a name may take to resolve.
const RESOLVING: Duration = Duration::from_secs(10);

/// The policy of one session.
#[derive(Clone)]
pub(super) struct Policy {
    pub egress: Egress,
    pub config: Arc<EgressConfig>,
    pub registries: Registries,
    pub upstreams: Upstreams,
}

/// How to get there.
pub(super) enum Route {
    /// Straight to one of these.
    Direct(Vec<SocketAddr>),
    /// Through the machine's own proxy.
    Through(Upstream),
}

/// Why not, in one paragraph that names the host and the policy: it is what the learner's program prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The policy forbids it; else it could not be reached.
    pub forbidden: bool,
    pub text: String,
}

impl Policy {
    /// The way to a host, or why there is none.
    pub(super) async fn route(&self, host: &str, port: u16, tls: bool) -> Result<Route, Refusal> {
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .trim_end_matches('.')
            .to_ascii_lowercase();
        if host.is_empty() || host.len() > 253 {
            return Err(forbidden("That is not the name of a host.".to_owned()));
        }
        let excepted = self.is_excepted(&host, port);
        if !excepted {
            self.permits(&host).await?;
        }
        let private = || {
            forbidden(format!(
                "{host} is an address of this machine or of its private network, which labs cannot reach whatever \
                 their network policy (here: {}).",
                self.word()
            ))
        };
        let literal = host.parse::<IpAddr>().ok();
        if !excepted && (literal.is_some_and(|address| !is_public(address)) || is_local_name(&host)) {
            return Err(private());
        }
        if let Some(upstream) = self.upstreams.for_host(&host, port, tls) {
            // The other proxy resolves; a name that we know to be private is still refused.
            if !excepted
                && literal.is_none()
                && let Ok(addresses) = resolve(&host, port).await
                && !addresses.is_empty()
                && self.reachable(&host, &addresses, false).await.is_empty()
            {
                return Err(private());
            }
            return Ok(Route::Through(upstream));
        }
        let found = match literal {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => resolve(&host, port).await.map_err(|why| Refusal {
                forbidden: false,
                text: format!("{host} cannot be found: {why}."),
            })?,
        };
        let open = self.reachable(&host, &found, excepted).await;
        match (open.is_empty(), found.is_empty()) {
            (false, _) => Ok(Route::Direct(open)),
            (true, false) => Err(private()),
            (true, true) => Err(Refusal {
                forbidden: false,
                text: format!("{host} has no address."),
            }),
        }
    }

    /// Those of its addresses that a lab may connect to. A registry that this machine itself is set to may stand in the
    /// machine's private network, as a company's mirror does; never on the machine itself.
    async fn reachable(&self, host: &str, found: &[SocketAddr], excepted: bool) -> Vec<SocketAddr> {
        let public: Vec<SocketAddr> = found
            .iter()
            .copied()
            .filter(|one| excepted || is_public(one.ip()))
            .collect();
        if !public.is_empty() || found.iter().all(|one| is_near(one.ip())) {
            return public;
        }
        let hosts = self.registries.hosts().await;
        if hosts.iter().any(|allowed| matches(allowed, host)) {
            return found.iter().copied().filter(|one| !is_near(one.ip())).collect();
        }
        public
    }

    fn is_excepted(&self, host: &str, port: u16) -> bool {
        let with_port = format!("{host}:{port}");
        self.config
            .private
            .iter()
            .any(|entry| entry.eq_ignore_ascii_case(host) || entry.eq_ignore_ascii_case(&with_port))
    }

    async fn permits(&self, host: &str) -> Result<(), Refusal> {
        match self.egress {
            Egress::Open => Ok(()),
            Egress::None => Err(forbidden(format!(
                "{host} cannot be reached: this lab's network policy is `none`, it works without a network."
            ))),
            Egress::Registries => {
                let hosts = self.registries.hosts().await;
                if hosts.iter().any(|allowed| matches(allowed, host)) {
                    return Ok(());
                }
                let list = if hosts.is_empty() {
                    "none".to_owned()
                } else {
                    hosts.join(", ")
                };
                Err(forbidden(format!(
                    "{host} cannot be reached: this lab's network policy is `registries`, which opens package \
                     registries only: {list}."
                )))
            }
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match self.egress {
            Egress::None => "none",
            Egress::Registries => "registries",
            Egress::Open => "open",
        }
    }
}

fn forbidden(text: String) -> Refusal {
    Refusal { forbidden: true, text }
}

/// The host itself, or with a dot in front everything below it.
fn matches(allowed: &str, host: &str) -> bool {
    let allowed = allowed.to_ascii_lowercase();
    match allowed.strip_prefix('.') {
        Some(above) => host == above || host.ends_with(&allowed),
        None => host == allowed,
    }
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    match tokio::time::timeout(RESOLVING, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(_)) => Err("its name does not resolve".to_owned()),
        Err(_) => Err("its name takes too long to resolve".to_owned()),
    }
}

/// Names that mean this machine or its network wherever they are asked for.
fn is_local_name(host: &str) -> bool {
    let literal = host.parse::<IpAddr>().is_ok();
    // `0x7f.1` and `2130706433` are addresses to some resolvers.
    let odd_number = !literal
        && host.rsplit('.').next().is_some_and(|last| {
            last.bytes().all(|byte| byte.is_ascii_digit())
                || last
                    .strip_prefix("0x")
                    .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
        });
    !literal
        && (odd_number
            || !host.contains('.')
            || [".localhost", ".local", ".internal", ".localdomain", ".home.arpa"]
                .iter()
                .any(|end| host.ends_with(end)))
}

/// Whether an address is this machine, its link, or a cloud's metadata: what no registry can be.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_multicast()
                || address.octets()[0] == 0
        }
        // Private registries are reached by version 4, or configuration names them.
        IpAddr::V6(_) => !is_public(address),
    }
}

/// Whether an address belongs to the public internet (the IANA registries of special-purpose addresses).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // v4-mapped, v4-compatible, and translated: the address within counts.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            embedded(high, low)
        }
        [0, 0, 0, 0, 0, 0, ..] | [0x2001, 0xdb8, ..] | [0x100, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => false,
        // Only 2000::/3 is given out.
        [first, second, ..] => first & 0xe000 == 0x2000 && !(first == 0x2001 && second < 0x200),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(egress: Egress, registries: &[&str], private: &[&str]) -> Policy {
        Policy {
            egress,
            config: Arc::new(EgressConfig {
                registries: None,
                private: private.iter().map(|host| (*host).to_owned()).collect(),
            }),
            registries: Registries::new(Some(registries.iter().map(|host| (*host).to_owned()).collect())),
            upstreams: Upstreams::default(),
        }
    }

    #[test]
    fn addresses_that_are_not_public() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "::127.0.0.1",
            "2001:0::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "93.184.216.34",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[tokio::test]
    async fn nothing_private_is_open_whatever_the_policy() {
        let policy = policy(Egress::Open, &[], &[]);
        for host in [
            "127.0.0.1",
            "localhost",
            "LOCALHOST.",
            "app.localhost",
            "[::1]",
            "169.254.169.254",
            "metadata.internal",
            "router",
            "2130706433",
            "0x7f000001",
            "127.1",
        ] {
            let refusal = policy
                .route(host, 80, false)
                .await
                .err()
                .unwrap_or_else(|| panic!("{host}"));
            assert!(refusal.forbidden, "{host}: {}", refusal.text);
        }
        assert!(matches!(policy.route("1.1.1.1", 443, true).await, Ok(Route::Direct(_))));
    }

    #[tokio::test]
    async fn a_registry_may_stand_in_the_private_network_but_not_on_the_machine() {
        let policy = policy(Egress::Registries, &["mirror.test"], &[]);
        let at = |text: &str| vec![SocketAddr::new(text.parse().unwrap(), 443)];
        assert_eq!(
            policy.reachable("mirror.test", &at("10.1.2.3"), false).await,
            at("10.1.2.3")
        );
        assert_eq!(policy.reachable("other.test", &at("10.1.2.3"), false).await, []);
        for near in [
            "127.0.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "::1",
            "::ffff:127.0.0.1",
            "fd00:ec2::254",
        ] {
            assert_eq!(policy.reachable("mirror.test", &at(near), false).await, [], "{near}");
        }
    }

    #[tokio::test]
    async fn a_refusal_names_host_and_policy() {
        let closed = policy(Egress::None, &[], &[]);
        let refusal = closed.route("example.com", 443, true).await.err().unwrap();
        assert!(
            refusal.text.contains("example.com") && refusal.text.contains("`none`"),
            "{}",
            refusal.text
        );
        let some = policy(Egress::Registries, &["registry.test", ".files.test"], &[]);
        let refusal = some.route("evil-registry.test", 443, true).await.err().unwrap();
        assert!(refusal.text.contains("registry.test, .files.test"), "{}", refusal.text);
        assert!(some.permits("a.files.test").await.is_ok());
        assert!(some.permits("files.test").await.is_ok());
        assert!(some.permits("xfiles.test").await.is_err());
    }

    #[tokio::test]
    async fn configuration_may_open_a_private_host() {
        let policy = policy(Egress::Registries, &[], &["127.0.0.1:5555"]);
        assert!(matches!(
            policy.route("127.0.0.1", 5555, false).await,
            Ok(Route::Direct(_))
        ));
        assert!(policy.route("127.0.0.1", 5556, false).await.is_err());
    }
}
