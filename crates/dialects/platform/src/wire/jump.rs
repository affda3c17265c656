//! The links by which messages lead into apps, and those by which a browser is sent on. Where a jump may lead is
//! decided in core.

use std::fmt::Write as _;

use axum::extract::Query;
use axum::http::Uri;

/// Where such a link leads on this server.
pub(crate) const PATH: &str = "/api/v1/simple/sso/jump";

/// What a jump names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WireJump {
    /// What the app calls itself.
    pub(crate) app_id: String,
    /// The page to land on.
    pub(crate) redirect_to: Option<String>,
}

impl WireJump {
    /// The link, as it stands in `action_url`.
    pub(crate) fn link(&self) -> String {
        let app_id = encoded(&self.app_id);
        match &self.redirect_to {
            Some(page) => format!("{PATH}?app_id={app_id}&redirect_to={}", encoded(page)),
            None => format!("{PATH}?app_id={app_id}"),
        }
    }

    /// What a link names; none for one that is no jump on this server.
    pub(crate) fn of(link: &str) -> Option<Self> {
        let uri: Uri = link.parse().ok()?;
        let path = uri.path().strip_suffix('/').unwrap_or(uri.path());
        if uri.authority().is_some() || path != PATH {
            return None;
        }
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).ok()?;
        let value = |name: &str| {
            let found = pairs.iter().rev().find(|(known, _)| known == name);
            found
                .map(|(_, value)| value.clone())
                .filter(|value| !value.is_empty())
        };
        Some(Self {
            app_id: value("app_id")?,
            redirect_to: value("redirect_to"),
        })
    }

    /// The address of a page to log in on, which leads back to the jump.
    pub(crate) fn login(&self, login_page: &str) -> String {
        let (page, fragment) = match login_page.find('#') {
            Some(at) => login_page.split_at(at),
            None => (login_page, ""),
        };
        let joint = if page.contains('?') { '&' } else { '?' };
        format!("{page}{joint}next={}{fragment}", encoded(&self.link()))
    }
}

/// Percent-encoded as JavaScript's `encodeURIComponent` does it (decision 16).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jump(app_id: &str, redirect_to: Option<&str>) -> WireJump {
        WireJump {
            app_id: app_id.into(),
            redirect_to: redirect_to.map(str::to_owned),
        }
    }

    #[test]
    fn a_link_is_written_as_it_was_published() {
        assert_eq!(
            jump("oa_system", Some("https://biz.example.com/todo/123")).link(),
            "/api/v1/simple/sso/jump?app_id=oa_system&redirect_to=https%3A%2F%2Fbiz.example.com%2Ftodo%2F123"
        );
        assert_eq!(
            jump("oa", Some("https://b.example/a b?x=1&y='(中)'!*~_-.#f+%41")).link(),
            "/api/v1/simple/sso/jump?app_id=oa&redirect_to=https%3A%2F%2Fb.example%2Fa%20b%3Fx%3D1%26y%3D\
             '(%E4%B8%AD)'!*~_-.%23f%2B%2541"
        );
    }

    #[test]
    fn what_was_written_is_read_again() {
        for page in [
            None,
            Some("https://biz.example.com/todo/123"),
            Some("https://b.example/a b?x=1&y='(中)'#f+%41"),
        ] {
            let jump = jump("oa_system", page);
            assert_eq!(WireJump::of(&jump.link()), Some(jump));
        }
        let slashed = format!("{PATH}/?redirect_to=&app_id=oa");
        assert_eq!(WireJump::of(&slashed), Some(jump("oa", None)));
    }

    #[test]
    fn other_links_are_no_jumps() {
        for link in [
            "",
            PATH,
            "/api/v1/simple/sso/jump?app_id=",
            "/api/v1/simple/sso/jump?redirect_to=https%3A%2F%2Fb.example",
            "/api/v1/simple/sso/jumps?app_id=oa",
            "https://evil.example/api/v1/simple/sso/jump?app_id=oa",
            "//evil.example/api/v1/simple/sso/jump?app_id=oa",
            "https://biz.example.com/todo/123",
            "a b",
            "\0",
            "javascript:alert(1)",
        ] {
            assert_eq!(WireJump::of(link), None, "{link:?}");
        }
    }

    #[test]
    fn who_logs_in_comes_back_to_the_jump() {
        let jump = jump("oa", Some("https://b.example"));
        let back = "next=%2Fapi%2Fv1%2Fsimple%2Fsso%2Fjump%3Fapp_id%3Doa%26redirect_to%3Dhttps%253A%252F%252Fb.example";
        assert_eq!(jump.login("/"), format!("/?{back}"));
        assert_eq!(
            jump.login("https://a.example/in?x=1#/y"),
            format!("https://a.example/in?x=1&{back}#/y")
        );
    }
}
