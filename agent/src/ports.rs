//! Which TCP ports are listened on in the sandbox, as the kernel lists them. Never connects to any.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use halfway_agent::protocol::Port;

use crate::options::Options;

/// State "listen" in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// Listening sockets, the agent's own left out; where the network is shared, only the sandbox's ports.
pub fn list(options: &Options) -> Vec<Port> {
    let own = options.proxy.as_ref().map(|proxy| proxy.port);
    let range = options.landlock.as_ref().and_then(|form| form.ports);
    let mut ports: Vec<(u16, IpAddr)> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .flat_map(|text| text.lines().filter_map(parse).collect::<Vec<_>>())
        .filter(|(port, _)| Some(*port) != own && range.is_none_or(|(from, to)| (from..=to).contains(port)))
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
        .into_iter()
        .map(|(port, address)| Port {
            port,
            address: address.to_string(),
        })
        .collect()
}

/// One line: `sl local_address rem_address st …`; addresses are hexadecimal words in the machine's byte
/// order, ports plain hexadecimal.
fn parse(line: &str) -> Option<(u16, IpAddr)> {
    let mut fields = line.split_ascii_whitespace();
    let local = fields.nth(1)?;
    if fields.nth(1)? != LISTEN {
        return None;
    }
    let (address, port) = local.split_once(':')?;
    let words: Vec<[u8; 4]> = (0..address.len() / 8)
        .filter_map(|index| address.get(index * 8..index * 8 + 8))
        .filter_map(|word| u32::from_str_radix(word, 16).ok())
        .map(u32::to_ne_bytes)
        .collect();
    let address = match words.as_slice() {
        [word] => IpAddr::V4(Ipv4Addr::from(*word)),
        [_, _, _, _] => {
            let octets: [u8; 16] = words.concat().try_into().ok()?;
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some((u16::from_str_radix(port, 16).ok()?, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn reads_the_kernels_tables() {
        let four = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 1 1";
        assert_eq!(parse(four), Some((8080, IpAddr::V4(Ipv4Addr::LOCALHOST))));
        let six = "   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0 0";
        assert_eq!(parse(six), Some((80, IpAddr::V6(Ipv6Addr::LOCALHOST))));
    }

    #[test]
    fn other_lines_are_no_listeners() {
        for line in [
            "  sl  local_address rem_address   st tx_queue",
            "   0: 0100007F:1F90 0100007F:0001 01 0 0",
            "",
            "   0: zz:1F90 00000000:0000 0A 0",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
