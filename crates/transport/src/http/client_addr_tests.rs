//! Tests of whose address counts and who may use internal routes. No connection is opened here.

use super::*;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_str(name).unwrap(), value.parse().unwrap());
    }
    headers
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn seen(peer: &str, pairs: &[(&str, &str)]) -> (String, Route) {
    let trusted = AddressList::parse(["10.0.0.0/8", "127.0.0.1"]).unwrap();
    let caller = caller(ip(peer), &headers(pairs), &trusted);
    (caller.address.to_string(), caller.route)
}

#[test]
fn lists_hold_addresses_and_networks() {
    let list = AddressList::parse(["10.0.0.0/8", " 192.0.2.7 ", "fd00::/8", "::1"]).unwrap();
    for inside in ["10.255.0.1", "192.0.2.7", "fd12::1", "::1", "::ffff:10.1.2.3"] {
        assert!(list.contains(ip(inside)), "{inside}");
    }
    for outside in ["11.0.0.1", "192.0.2.8", "fe80::1", "::2"] {
        assert!(!list.contains(ip(outside)), "{outside}");
    }
    let error = AddressList::parse(["10.0.0.0/8", "localhost"]).unwrap_err();
    assert!(error.to_string().contains("\"localhost\""), "{error}");
    assert!(AddressList::parse(["10.0.0.0/33"]).is_err());
    assert!(AddressList::loopback().contains(ip("127.8.8.8")) && AddressList::loopback().contains(ip("::1")));
    assert!(!AddressList::default().contains(ip("127.0.0.1")));
}

#[test]
fn without_forwarding_the_peer_is_the_caller() {
    assert_eq!(seen("192.0.2.1", &[]), ("192.0.2.1".into(), Route::Direct));
    assert_eq!(seen("::ffff:192.0.2.1", &[]), ("192.0.2.1".into(), Route::Direct));
    assert_eq!(seen("10.0.0.1", &[]), ("10.0.0.1".into(), Route::Direct));
}

#[test]
fn a_trusted_proxy_names_the_caller() {
    for pairs in [
        &[("x-forwarded-for", "203.0.113.9")][..],
        &[("x-forwarded-for", "1.1.1.1, 203.0.113.9, 10.0.0.2")],
        &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9")],
        &[("x-forwarded-for", "203.0.113.9:4711")],
        &[("x-real-ip", "203.0.113.9")],
        &[("forwarded", "for=203.0.113.9")],
        &[(
            "forwarded",
            "for=1.1.1.1, For=\"203.0.113.9:80\";proto=https;by=10.0.0.1",
        )],
        &[
            ("x-forwarded-for", "203.0.113.9, 10.0.0.2"),
            ("x-real-ip", "10.0.0.2"),
        ],
        &[
            ("x-forwarded-for", "203.0.113.9"),
            ("forwarded", "for=203.0.113.9"),
        ],
    ] {
        assert_eq!(
            seen("10.0.0.1", pairs),
            ("203.0.113.9".into(), Route::Forwarded),
            "{pairs:?}"
        );
    }
    let six = &[("forwarded", "for=\"[2001:db8::1]:4711\"")];
    assert_eq!(seen("10.0.0.1", six), ("2001:db8::1".into(), Route::Forwarded));
    let inside = &[("x-forwarded-for", "10.0.0.7, 10.0.0.8")];
    assert_eq!(seen("10.0.0.1", inside), ("10.0.0.7".into(), Route::Forwarded));
}

#[test]
fn what_cannot_be_believed_is_doubtful() {
    for pairs in [
        &[("x-forwarded-for", "127.0.0.1")][..],
        &[("x-real-ip", "203.0.113.9")],
        &[("forwarded", "for=203.0.113.9")],
    ] {
        assert_eq!(
            seen("192.0.2.1", pairs),
            ("192.0.2.1".into(), Route::Doubtful),
            "{pairs:?}"
        );
    }
    for pairs in [
        &[("x-forwarded-for", "203.0.113.9"), ("x-real-ip", "203.0.113.8")][..],
        &[
            ("x-forwarded-for", "127.0.0.1, 203.0.113.9"),
            ("forwarded", "for=198.51.100.1"),
        ],
        &[("x-forwarded-for", "")],
        &[("x-forwarded-for", "203.0.113.9, nonsense")],
        &[("x-forwarded-for", "203.0.113.9,")],
        &[("forwarded", "for=unknown")],
        &[("forwarded", "proto=https")],
        &[("forwarded", "for=\"_hidden\"")],
    ] {
        assert_eq!(
            seen("10.0.0.1", pairs),
            ("10.0.0.1".into(), Route::Doubtful),
            "{pairs:?}"
        );
    }
    let trusted = AddressList::default();
    let behind = caller(ip("127.0.0.1"), &headers(&[("x-real-ip", "127.0.0.1")]), &trusted);
    assert!(
        !behind.is_loopback(),
        "a proxy on this host must not lend its address"
    );
    assert!(caller(ip("127.0.0.1"), &HeaderMap::new(), &trusted).is_loopback());
}

#[test]
fn internal_routes_open_to_the_token_or_an_allowed_address() {
    use InternalRefusal::*;
    let guard = |trusted: &[&str]| InternalGuard {
        allow: AddressList::loopback(),
        trusted_proxies: AddressList::parse(trusted).unwrap(),
        token: "the-right-token".into(),
    };
    let check = |trusted: &[&str], peer: &str, pairs: &[(&str, &str)]| {
        guard(trusted).check(ip(peer), &headers(pairs))
    };
    let right = ("x-internal-token", "the-right-token");
    let wrong = ("x-internal-token", "the-wrong-token");
    assert_eq!(check(&[], "127.0.0.1", &[]), Ok(()));
    assert_eq!(check(&[], "::1", &[wrong]), Ok(()));
    assert_eq!(check(&[], "192.0.2.1", &[]), Err(NotAllowed));
    assert_eq!(check(&[], "192.0.2.1", &[wrong]), Err(NotAllowed));
    assert_eq!(
        check(&[], "192.0.2.1", &[("x-internal-token", "the-right-toke")]),
        Err(NotAllowed)
    );
    assert_eq!(check(&[], "192.0.2.1", &[right]), Ok(()));
    // A proxy on this host.
    let foreign = ("x-forwarded-for", "203.0.113.9");
    assert_eq!(check(&[], "127.0.0.1", &[foreign]), Err(UntrustedForwarding));
    assert_eq!(check(&[], "127.0.0.1", &[foreign, right]), Ok(()));
    assert_eq!(check(&["127.0.0.1"], "127.0.0.1", &[foreign]), Err(NotAllowed));
    assert_eq!(
        check(&["10.0.0.1"], "10.0.0.1", &[("x-real-ip", "127.0.0.1")]),
        Ok(())
    );
    let forged = ("x-forwarded-for", "127.0.0.1");
    assert_eq!(check(&[], "192.0.2.1", &[forged]), Err(UntrustedForwarding));
    assert_eq!(
        check(&["10.0.0.1"], "10.0.0.1", &[forged, ("x-real-ip", "203.0.113.9")]),
        Err(UntrustedForwarding)
    );
}

#[test]
fn an_empty_token_opens_nothing_and_no_token_is_printed() {
    let mut guard = InternalGuard {
        allow: AddressList::default(),
        trusted_proxies: AddressList::default(),
        token: String::new(),
    };
    let empty = headers(&[("x-internal-token", "")]);
    assert_eq!(
        guard.check(ip("127.0.0.1"), &empty),
        Err(InternalRefusal::NotAllowed)
    );
    guard.token = "secret-token".into();
    assert!(!format!("{guard:?}").contains("secret-token"));
}
