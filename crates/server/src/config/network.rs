//! Address ranges such as `10.0.0.0/8`, as settings write them. Who may do what from such a range is not
//! decided here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::Deserialize;

/// A range of addresses: a base address and how many leading bits are fixed. A plain address is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether the address lies in the range. An IPv4 address in its IPv6 form counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.base.is_ipv4() && cut(address, self.prefix) == self.base
    }

    /// Base address of the range.
    #[must_use]
    pub fn base(&self) -> IpAddr {
        self.base
    }

    /// Number of fixed leading bits: 0 to 32 for IPv4, 0 to 128 for IPv6.
    #[must_use]
    pub fn prefix(&self) -> u8 {
        self.prefix
    }
}

/// The address with every bit after the first `prefix` cleared.
fn cut(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (base, prefix) = match text.split_once('/') {
            Some((base, prefix)) => (base, Some(prefix)),
            None => (text, None),
        };
        let base: IpAddr = base
            .parse()
            .map_err(|_| format!("\"{text}\" is no address or network"))?;
        let bits = if base.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|prefix| *prefix <= bits)
                .ok_or_else(|| format!("\"{text}\" needs a number from 0 to {bits} after the slash"))?,
        };
        let cut = cut(base, prefix);
        if cut != base {
            return Err(format!(
                "\"{text}\" has bits set after the first {prefix}; write \"{cut}/{prefix}\""
            ));
        }
        Ok(Self { base, prefix })
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(network: &str, address: &str) -> bool {
        network
            .parse::<Network>()
            .expect(network)
            .contains(address.parse().expect(address))
    }

    #[test]
    fn contains_by_leading_bits() {
        assert!(inside("10.0.0.0/8", "10.255.0.1"));
        assert!(!inside("10.0.0.0/8", "11.0.0.1"));
        assert!(inside("0.0.0.0/0", "203.0.113.9"));
        assert!(!inside("0.0.0.0/0", "2001:db8::1"));
        assert!(inside("192.0.2.7", "192.0.2.7"));
        assert!(!inside("192.0.2.7", "192.0.2.8"));
        assert!(inside("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!inside("2001:db8::/32", "2001:db9::1"));
        assert!(inside("::/0", "2001:db8::1"));
    }

    #[test]
    fn ipv4_in_ipv6_form_is_ipv4() {
        assert!(inside("127.0.0.0/8", "::ffff:127.0.0.1"));
    }

    #[test]
    fn wrong_text_says_what_is_wrong() {
        let message = |text: &str| text.parse::<Network>().expect_err(text);
        assert_eq!(message("localhost"), "\"localhost\" is no address or network");
        assert_eq!(
            message("10.0.0.0/33"),
            "\"10.0.0.0/33\" needs a number from 0 to 32 after the slash"
        );
        assert_eq!(
            message("10.0.0.0/"),
            "\"10.0.0.0/\" needs a number from 0 to 32 after the slash"
        );
        assert!(message("10.1.2.3/8").ends_with("write \"10.0.0.0/8\""));
        assert!(message("2001:db8::1/32").ends_with("write \"2001:db8::/32\""));
    }
}
