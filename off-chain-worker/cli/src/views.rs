//! Views that several commands print.

use crate::output::json::Hex;
use inktensor_primitives::registry::{Axon, Host};
use serde::Serialize;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An axon as it is printed.
#[derive(Debug, Serialize)]
pub struct AxonView {
    host: String,
    port: u16,
    protocol: u8,
    version: u32,
    tls: Option<Hex>,
}

impl From<&Axon> for AxonView {
    fn from(axon: &Axon) -> Self {
        Self {
            host: host_text(&axon.host),
            port: axon.port,
            protocol: axon.protocol,
            version: axon.version,
            tls: axon.tls.map(Hex::from),
        }
    }
}

impl AxonView {
    /// Returns host and port.
    pub fn text(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Returns a host as it is written in front of a port.
pub fn host_text(host: &Host) -> String {
    match host {
        Host::V4(bytes) => Ipv4Addr::from(*bytes).to_string(),
        Host::V6(bytes) => format!("[{}]", Ipv6Addr::from(*bytes)),
        // The registry has checked the name's syntax.
        Host::Name(name) => name.escape_debug().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values;

    #[test]
    fn hosts_are_shown_as_they_are_written() {
        for (text, shown) in [
            ("203.0.113.7", "203.0.113.7"),
            ("2001:db8::1", "[2001:db8::1]"),
            ("a.example", "a.example"),
        ] {
            assert_eq!(host_text(&values::host(text).unwrap()), shown);
        }
    }
}
