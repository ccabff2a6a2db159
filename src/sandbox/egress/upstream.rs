//! The machine's own way out: `https_proxy`, `http_proxy`, `no_proxy`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of a proxy's answer to CONNECT.
const LARGEST_ANSWER: usize = 8 * 1024;

/// A proxy of this machine.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Upstream {
    pub host: String,
    pub port: u16,
    /// Ready for the header.
    pub authorization: Option<String>,
}

/// Which hosts go through which.
#[derive(Clone, Default)]
pub(super) struct Upstreams {
    http: Option<Upstream>,
    https: Option<Upstream>,
    except: Vec<String>,
}

impl Upstreams {
    pub(super) fn from_environment() -> Self {
        let variable = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        };
        let all = variable(&["all_proxy", "ALL_PROXY"]);
        let parse = |names: &[&str]| variable(names).or_else(|| all.clone()).and_then(|text| parse(&text));
        Self {
            http: parse(&["http_proxy", "HTTP_PROXY"]),
            https: parse(&["https_proxy", "HTTPS_PROXY"]),
            except: variable(&["no_proxy", "NO_PROXY"])
                .unwrap_or_default()
                .split(',')
                .map(|entry| entry.trim().to_ascii_lowercase())
                .filter(|entry| !entry.is_empty())
                .collect(),
        }
    }

    pub(super) fn for_host(&self, host: &str, port: u16, tls: bool) -> Option<Upstream> {
        let excepted = self.except.iter().any(|entry| {
            let (name, only_port) = match entry.rsplit_once(':') {
                Some((name, only)) if only.bytes().all(|byte| byte.is_ascii_digit()) => {
                    (name, only.parse::<u16>().ok())
                }
                _ => (entry.as_str(), None),
            };
            let name = name.trim_start_matches("*.").trim_start_matches('.');
            (entry == "*" || host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')))
                && only_port.is_none_or(|only| only == port)
        });
        if excepted {
            return None;
        }
        if tls { self.https.clone() } else { self.http.clone() }
    }
}

/// `http://user:password@host:port`; other kinds of proxy are none that we speak.
fn parse(text: &str) -> Option<Upstream> {
    let rest = match text.split_once("://") {
        Some(("http", rest)) => rest,
        Some(_) => return None,
        None => text,
    };
    let authority = rest.split('/').next()?;
    let (credentials, place) = match authority.rsplit_once('@') {
        Some((credentials, place)) => (Some(credentials), place),
        None => (None, authority),
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (place, 80),
    };
    Some(Upstream {
        host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
        port,
        authorization: credentials.map(|credentials| format!("Basic {}", STANDARD.encode(decoded(credentials)))),
    })
}

/// Percent-decoding, as credentials in an address are encoded.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after
            .get(..2)
            .and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        if let (b'%', Some(byte)) = (first, pair) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

impl Upstream {
    pub(super) async fn connect(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect((self.host.as_str(), self.port)).await
    }

    /// A tunnel to the host (RFC 9110, section 9.3.6).
    pub(super) async fn tunnel(&self, host: &str, port: u16) -> std::io::Result<TcpStream> {
        let mut stream = self.connect().await?;
        let target = if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        let authorization = self
            .authorization
            .as_ref()
            .map(|value| format!("Proxy-Authorization: {value}\r\n"))
            .unwrap_or_default();
        stream
            .write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n").as_bytes())
            .await?;
        let mut answer = Vec::new();
        // A byte at a time: what follows the answer belongs to the tunnel.
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() >= LARGEST_ANSWER {
                return Err(std::io::Error::other("the machine's own proxy answers too much"));
            }
            answer.push(stream.read_u8().await?);
        }
        let status = String::from_utf8_lossy(&answer);
        match status.split(' ').nth(1) {
            Some(code) if code.starts_with('2') => Ok(stream),
            code => Err(std::io::Error::other(format!(
                "the machine's own proxy refuses with status {}",
                code.unwrap_or("unknown")
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_with_its_credentials() {
        let upstream = parse("http://me:p%40ss@proxy.test:3128/").unwrap();
        assert_eq!((upstream.host.as_str(), upstream.port), ("proxy.test", 3128));
        assert_eq!(upstream.authorization.as_deref(), Some("Basic bWU6cEBzcw=="));
        assert!(parse("socks5://proxy.test:1080").is_none());
        assert_eq!(parse("proxy.test:8080").unwrap().port, 8080);
    }

    #[test]
    fn exceptions_go_by_name_suffix_and_port() {
        let upstreams = Upstreams {
            http: parse("http://p.test:1"),
            https: parse("http://p.test:2"),
            except: vec![".inside.test".to_owned(), "exact.test:8443".to_owned()],
        };
        assert!(upstreams.for_host("a.inside.test", 443, true).is_none());
        assert!(upstreams.for_host("inside.test", 443, true).is_none());
        assert!(upstreams.for_host("exact.test", 8443, true).is_none());
        assert_eq!(upstreams.for_host("exact.test", 443, true).unwrap().port, 2);
        assert_eq!(upstreams.for_host("notinside.test", 80, false).unwrap().port, 1);
    }
}
