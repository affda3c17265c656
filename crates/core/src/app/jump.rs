//! Where a jump may lead, and which address it has. Plain functions over text; who may jump is the policy's business,
//! and how a jump is written into a message is the dialect's.

use std::fmt::Write as _;

use url::{Origin, Url};

use crate::error::{Error, Result};

/// Characters of an address, whether of an app or of a page to land on.
pub(crate) const URL_CHARS_MAX: usize = 1_000;
/// Origins that an app lists.
pub(crate) const ORIGINS_MAX: usize = 50;

/// Reads an address that a browser may be sent to: http or https, with a host and without a user name, and nothing in
/// it that some readers take for something else.
///
/// # Errors
/// `Invalid`.
pub fn web_address(text: &str) -> Result<Url> {
    let refused = |why: &str| Err(Error::invalid(format!("not an address to go to: {why}")));
    if text.chars().count() > URL_CHARS_MAX {
        return refused("it is too long");
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return refused("it has control characters or blanks around it");
    }
    let Some(rest) = without_scheme(text) else {
        return refused("it begins neither with http:// nor with https://");
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    if authority.is_empty() || authority.contains(['@', '\\']) || authority.contains(char::is_whitespace) {
        return refused("its host is missing or hidden");
    }
    match Url::parse(text) {
        Ok(url) if url.has_host() && matches!(url.origin(), Origin::Tuple(..)) => Ok(url),
        _ => refused("its host cannot be read"),
    }
}

/// What follows `http://` or `https://`, in any case.
fn without_scheme(text: &str) -> Option<&str> {
    ["https://", "http://"].into_iter().find_map(|scheme| {
        let head = text.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
    })
}

/// Reads an origin as an app lists it (scheme, host and port, and nothing behind) and spells it in the one way that
/// equal origins share.
///
/// # Errors
/// `Invalid`.
pub(crate) fn origin(text: &str) -> Result<String> {
    let url = web_address(text)?;
    // A star is no wildcard, but whoever writes one means it so.
    if text.contains('*') || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(Error::invalid(
            "an origin is scheme, host and port, and nothing behind them",
        ));
    }
    Ok(url.origin().ascii_serialization())
}

/// Whether a jump may land on this page: an address to go to, and of one of these origins unless there are none.
///
/// # Errors
/// `Invalid`.
pub fn landing(text: &str, origins: &[String]) -> Result<()> {
    let url = web_address(text)?;
    let origin = url.origin().ascii_serialization();
    if origins.is_empty() || origins.contains(&origin) {
        return Ok(());
    }
    Err(Error::invalid("the app does not let jumps lead to this host"))
}

/// An app's callback address as it is kept: as it was given, or in its ASCII form where it is not ASCII already.
///
/// # Errors
/// `Invalid`.
pub(crate) fn callback_address(text: &str) -> Result<String> {
    let url = web_address(text)?;
    if text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    let url = String::from(url);
    if url.len() > URL_CHARS_MAX {
        return Err(Error::invalid("not an address to go to: it is too long"));
    }
    Ok(url)
}

/// The address under which an app takes somebody in: its callback address with the ticket, and with the page to land
/// on if there is one. A fragment stays at the end.
pub fn with_ticket(callback_url: &str, ticket: &str, next: Option<&str>) -> String {
    let (address, fragment) = match callback_url.find('#') {
        Some(at) => callback_url.split_at(at),
        None => (callback_url, ""),
    };
    let joint = match address.find('?') {
        None => "?",
        Some(_) if address.ends_with(['?', '&']) => "",
        Some(_) => "&",
    };
    let next = next.map(|next| format!("&next={}", escaped(next)));
    format!(
        "{address}{joint}ticket={ticket}{}{fragment}",
        next.unwrap_or_default()
    )
}

/// A page to land on as the value of a parameter: what would end the value is escaped, and what no address may hold;
/// the rest stays readable, because that is how it was published.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'&' | b'#' | b'+' | b'%') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_web_is_an_address_to_go_to() {
        for good in [
            "https://biz.example.com/todo/123",
            "http://biz.example.com",
            "HTTPS://BIZ.example.com:8443/a?b=c#d",
            "http://127.0.0.1:5173/",
            "http://[::1]:80/",
            "https://例子.example/路径?查询=值",
            "https://biz.example.com/a b",
            "https://biz.example.com/@me?at=a@b",
        ] {
            assert!(web_address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "biz.example.com",
            "/todo/123",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https:/evil.example",
            "https:evil.example",
            "https:\\\\evil.example",
            "https:///evil.example",
            "https://\\evil.example",
            "https://good.example\\@evil.example",
            "https://good.example@evil.example",
            "https://user:pass@evil.example",
            "https://@evil.example",
            "https://",
            "https://?x",
            "https://#x",
            "https://a b.example",
            "https://evil.example:99999",
            "javascript:alert(1)",
            "JavaScript://example.com/%0aalert(1)",
            "java\tscript:alert(1)",
            "ht\ntps://evil.example",
            "https://evil.example\r\nSet-Cookie: a=b",
            "https://evil.example/\0",
            " https://evil.example",
            "https://evil.example ",
            "data:text/html,x",
            "file:///etc/passwd",
            "ftp://example.com",
            "ws://example.com",
            "blob:https://example.com/1",
            "https://exa<mple.com",
        ] {
            assert!(web_address(bad).is_err(), "{bad:?}");
        }
        let long = format!("https://example.com/{}", "x".repeat(URL_CHARS_MAX));
        assert!(web_address(&long).is_err());
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_in_one_spelling() {
        for (given, kept) in [
            ("https://Biz.Example.com", "https://biz.example.com"),
            ("https://biz.example.com:443/", "https://biz.example.com"),
            ("http://biz.example.com:80", "http://biz.example.com"),
            ("http://biz.example.com:443", "http://biz.example.com:443"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(origin(given).unwrap(), kept);
        }
        for bad in [
            "https://biz.example.com/path",
            "https://biz.example.com/?q",
            "https://biz.example.com/#f",
            "*",
            "https://*",
            "https://*.example.com/x",
            "biz.example.com",
            "",
        ] {
            assert!(origin(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_jump_lands_on_a_listed_origin_or_anywhere_if_none_is() {
        let origins = vec![
            "https://biz.example.com".to_owned(),
            "http://localhost:5173".to_owned(),
        ];
        for good in [
            "https://biz.example.com/todo/123",
            "https://BIZ.example.com:443/",
            "http://localhost:5173/#/x",
        ] {
            assert!(landing(good, &origins).is_ok(), "{good}");
        }
        for bad in [
            "http://biz.example.com/",
            "https://biz.example.com:8443/",
            "https://biz.example.com.evil.example/",
            "https://evil.example/?https://biz.example.com",
            "https://evilbiz.example.com/",
            "https://biz.example.com@evil.example/",
            "https://sub.biz.example.com/",
            "http://localhost/",
            "javascript:alert(1)//https://biz.example.com",
        ] {
            assert!(landing(bad, &origins).is_err(), "{bad}");
        }
        assert!(landing("https://anywhere.example", &[]).is_ok());
        assert!(landing("//anywhere.example", &[]).is_err());
    }

    #[test]
    fn a_callback_address_carries_ticket_and_page() {
        let next = Some("https://biz.example.com/todo/123");
        for (callback, next, whole) in [
            (
                "https://app.example.com/callback",
                next,
                "https://app.example.com/callback?ticket=T&next=https://biz.example.com/todo/123",
            ),
            (
                "https://oa.example.com/callback",
                None,
                "https://oa.example.com/callback?ticket=T",
            ),
            ("https://a.example/?x=1", None, "https://a.example/?x=1&ticket=T"),
            ("https://a.example/?", None, "https://a.example/?ticket=T"),
            ("https://a.example/?x&", None, "https://a.example/?x&ticket=T"),
            ("https://a.example/#/in", None, "https://a.example/?ticket=T#/in"),
            (
                "https://a.example/?x#/in?y",
                None,
                "https://a.example/?x&ticket=T#/in?y",
            ),
            (
                "https://a.example/",
                Some("https://b.example/a b?x=1&y=%41+2#/f 中"),
                "https://a.example/?ticket=T&next=https://b.example/a%20b?x=1%26y=%2541%2B2%23/f%20%E4%B8%AD",
            ),
        ] {
            assert_eq!(with_ticket(callback, "T", next), whole);
        }
    }

    #[test]
    fn a_callback_address_is_kept_as_given_unless_it_is_not_ascii() {
        let kept = |text: &str| callback_address(text).unwrap();
        assert_eq!(kept("https://OA.example.com"), "https://OA.example.com");
        assert_eq!(
            kept("https://oa.example.com/回 调"),
            "https://oa.example.com/%E5%9B%9E%20%E8%B0%83"
        );
        let long = format!("https://example.com/{}", "路".repeat(200));
        assert!(callback_address(&long).is_err());
    }
}
