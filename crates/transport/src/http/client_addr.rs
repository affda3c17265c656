//! Who the caller is: its address behind reverse proxies, and whether it may use internal routes.
//!
//! A forwarding header is a claim anybody can make. It counts only when it comes from a proxy the
//! operator trusts; users and their tokens are not known here.

use std::{
    convert::Infallible,
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
};

use axum::extract::FromRequestParts;
use http::{Extensions, HeaderMap, HeaderName, header, request::Parts};
use ipnet::IpNet;
use subtle::ConstantTimeEq as _;

/// The header of the token that opens internal routes.
pub const INTERNAL_TOKEN: HeaderName = HeaderName::from_static("x-internal-token");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// A set of addresses from the configuration, such as `trusted_proxies` or `inner_allow`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressList(Vec<IpNet>);

/// An entry of an address list that is neither an address nor a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressListError(String);

impl fmt::Display for AddressListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no address; write an address like 10.0.0.7 or a network like 10.0.0.0/8",
            self.0
        )
    }
}

impl std::error::Error for AddressListError {}

impl AddressList {
    /// Reads addresses (`10.0.0.7`, `::1`) and networks (`10.0.0.0/8`, `fd00::/8`).
    ///
    /// # Errors
    /// [`AddressListError`] with the first entry that is neither.
    pub fn parse<T: AsRef<str>>(entries: impl IntoIterator<Item = T>) -> Result<Self, AddressListError> {
        let parse = |entry: T| {
            let text = entry.as_ref().trim();
            let net = IpAddr::from_str(text).map(|address| IpNet::from(address.to_canonical()));
            net.or_else(|_| text.parse())
                .map_err(|_| AddressListError(text.to_owned()))
        };
        entries.into_iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// The addresses by which a machine reaches itself.
    pub fn loopback() -> Self {
        Self(vec![
            IpNet::new_assert(IpAddr::from([127, 0, 0, 0]), 8),
            IpNet::from(IpAddr::from(std::net::Ipv6Addr::LOCALHOST)),
        ])
    }

    /// Whether `address` is in the set. An IPv4 address in IPv6 clothes counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }
}

/// How a caller's address is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The caller is connected to us and claims nothing else.
    Direct,
    /// A trusted proxy names the caller.
    Forwarded,
    /// Somebody else stands behind the connection, but who cannot be told for sure: the forwarding
    /// headers come from a peer that is not trusted, contradict each other, or cannot be read.
    Doubtful,
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The caller's address; the peer's where [`Route::Doubtful`].
    pub address: IpAddr,
    /// How the address is known.
    pub route: Route,
}

impl Caller {
    /// The caller that was noted with a request; where none was, somebody who cannot be told.
    pub fn noted_in(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self {
            address: Ipv4Addr::UNSPECIFIED.into(),
            route: Route::Doubtful,
        })
    }

    /// Whether the caller is on this machine, and nobody else hides behind it.
    pub fn is_loopback(&self) -> bool {
        self.address.is_loopback() && self.route != Route::Doubtful
    }
}

/// For handlers: the caller that was noted.
impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::noted_in(&parts.extensions))
    }
}

/// The caller of a request with these headers over a connection from `peer`.
pub fn caller(peer: IpAddr, headers: &HeaderMap, trusted_proxies: &AddressList) -> Caller {
    let peer = peer.to_canonical();
    let doubtful = Caller {
        address: peer,
        route: Route::Doubtful,
    };
    let claims = [
        headers
            .contains_key(X_FORWARDED_FOR)
            .then(|| forwarded_for(headers)),
        headers
            .contains_key(header::FORWARDED)
            .then(|| forwarded(headers)),
        headers.contains_key(X_REAL_IP).then(|| real_ip(headers)),
    ];
    let mut claims = claims.into_iter().flatten().peekable();
    if claims.peek().is_none() {
        return Caller {
            address: peer,
            route: Route::Direct,
        };
    }
    if !trusted_proxies.contains(peer) {
        return doubtful;
    }
    // Each header is walked from its near end to the first hop that is not a trusted proxy. A client
    // can forge a header its proxy does not write, so headers that name different callers are
    // believed neither; one that names only our own proxies contradicts nothing.
    let mut outside = None;
    let mut inside = None;
    for hops in claims {
        let Some(hops) = hops else { return doubtful };
        match hops
            .iter()
            .rev()
            .find(|hop| hop.is_none_or(|hop| !trusted_proxies.contains(hop)))
        {
            Some(None) => return doubtful,
            Some(Some(hop)) if outside.is_some_and(|known| known != *hop) => return doubtful,
            Some(Some(hop)) => outside = Some(*hop),
            None => inside = inside.or(hops.first().copied().flatten()),
        }
    }
    match outside.or(inside) {
        Some(address) => Caller {
            address,
            route: Route::Forwarded,
        },
        None => doubtful,
    }
}

/// The hops of a header, nearest last; `None` for a hop that names no address.
type Hops = Vec<Option<IpAddr>>;

/// All values of a header joined as one list; `None` if one is not text.
fn list(headers: &HeaderMap, name: HeaderName) -> Option<Vec<&str>> {
    let values = headers.get_all(name).into_iter().map(|value| value.to_str().ok());
    let values = values.collect::<Option<Vec<_>>>()?;
    Some(
        values
            .into_iter()
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect(),
    )
}

fn forwarded_for(headers: &HeaderMap) -> Option<Hops> {
    Some(list(headers, X_FORWARDED_FOR)?.into_iter().map(hop).collect())
}

fn real_ip(headers: &HeaderMap) -> Option<Hops> {
    Some(list(headers, X_REAL_IP)?.into_iter().map(hop).collect())
}

/// RFC 7239. A quoted comma or semicolon makes pieces that name no address, which is doubtful: good.
fn forwarded(headers: &HeaderMap) -> Option<Hops> {
    let elements = list(headers, header::FORWARDED)?.into_iter();
    let hops = elements.map(|element| {
        let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
        hop(node.trim().trim_matches('"'))
    });
    Some(hops.collect())
}

/// One hop: an address, alone or with a port, IPv6 with or without brackets.
fn hop(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()));
    address.map(|address| address.to_canonical())
}

/// Why a request may not use internal routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InternalRefusal {
    /// The caller's address is not in the allow list and it sent no valid token.
    NotAllowed,
    /// The request was forwarded, and for whom cannot be told for sure. The operator should list the
    /// proxy in `trusted_proxies`, or the caller send the token.
    UntrustedForwarding,
}

/// Guards routes meant for the operator's own systems.
#[derive(Clone)]
pub struct InternalGuard {
    /// Callers that need no token (`inner_allow`).
    pub allow: AddressList,
    /// Proxies whose forwarding headers count (`trusted_proxies`).
    pub trusted_proxies: AddressList,
    /// What [`INTERNAL_TOKEN`] must say; an empty token opens nothing.
    pub token: String,
}

impl fmt::Debug for InternalGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            allow,
            trusted_proxies,
            token: _,
        } = self;
        write!(
            f,
            "InternalGuard {{ allow: {allow:?}, trusted_proxies: {trusted_proxies:?}, token: … }}"
        )
    }
}

impl InternalGuard {
    /// Decides on a request with these headers over a connection from `peer`: a valid token is enough
    /// wherever it comes from, otherwise the caller's address must be allowed.
    ///
    /// # Errors
    /// [`InternalRefusal`], to be answered 403 in the dialect's form.
    pub fn check(&self, peer: IpAddr, headers: &HeaderMap) -> Result<(), InternalRefusal> {
        if headers
            .get(INTERNAL_TOKEN)
            .is_some_and(|token| self.is_token(token.as_bytes()))
        {
            return Ok(());
        }
        let caller = caller(peer, headers, &self.trusted_proxies);
        match caller.route {
            Route::Doubtful => Err(InternalRefusal::UntrustedForwarding),
            Route::Direct | Route::Forwarded if self.allow.contains(caller.address) => Ok(()),
            Route::Direct | Route::Forwarded => Err(InternalRefusal::NotAllowed),
        }
    }

    /// Takes the same time wherever the two differ; only the length may show.
    fn is_token(&self, given: &[u8]) -> bool {
        !self.token.is_empty() && bool::from(self.token.as_bytes().ct_eq(given))
    }
}

#[cfg(test)]
#[path = "client_addr_tests.rs"]
mod tests;
