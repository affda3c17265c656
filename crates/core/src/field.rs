//! The bounds of text fields, and what an account's names must look like. No rule about who may set them.

use crate::error::{Error, Result};

/// Characters of an account's text id.
const UID_CHARS_MAX: usize = 128;
/// Characters of a group's text id.
const GROUP_KEY_CHARS_MAX: usize = 64;
/// Characters of a text id that somebody chose at self-registration.
const CHOSEN_UID_CHARS_MIN: usize = 3;
const CHOSEN_UID_CHARS_MAX: usize = 20;
/// Characters of a password at self-registration, and of the one it is changed to later.
const CHOSEN_PASSWORD_CHARS_MIN: usize = 6;
const CHOSEN_PASSWORD_CHARS_MAX: usize = 20;
/// Characters of a password that an administrator sets.
const PASSWORD_CHARS_MAX: usize = 128;
/// Characters of a mobile number.
const MOBILE_CHARS_MIN: usize = 3;
const MOBILE_CHARS_MAX: usize = 20;
/// Characters of what an app calls itself.
const APP_CODE_CHARS_MAX: usize = 64;
/// Bytes of the public key of a tenant.
const APP_KEY_BYTES_MAX: usize = 64;
/// Bytes of what signs for a tenant.
const APP_SECRET_BYTES_MIN: usize = 8;
const APP_SECRET_BYTES_MAX: usize = 256;
/// Characters of the name of a device.
const DEVICE_CHARS_MAX: usize = 128;
/// Characters of a mail address.
const EMAIL_CHARS_MAX: usize = 100;

/// A text of at most `most` characters.
pub(crate) fn at_most(what: &str, value: &str, most: usize) -> Result<()> {
    if value.chars().count() > most {
        return Err(Error::invalid(format!("{what} has at most {most} characters")));
    }
    Ok(())
}

/// A text id: 1 to 128 characters that can be seen.
pub(crate) fn uid(value: &str) -> Result<()> {
    let count = value.chars().count();
    if count == 0 || count > UID_CHARS_MAX || !value.chars().all(is_visible) {
        return Err(Error::invalid(format!(
            "a user name has 1 to {UID_CHARS_MAX} visible characters and no spaces"
        )));
    }
    Ok(())
}

/// The text id that a group is given at creation: characters that can be seen.
pub(crate) fn group_key(value: &str) -> Result<()> {
    let count = value.chars().count();
    if count == 0 || count > GROUP_KEY_CHARS_MAX || !value.chars().all(is_visible) {
        return Err(Error::invalid(format!(
            "the id of a group has 1 to {GROUP_KEY_CHARS_MAX} visible characters and no spaces"
        )));
    }
    Ok(())
}

/// What a client calls the device that it runs on; empty if it does not say.
pub(crate) fn device(value: &str) -> Result<()> {
    if value.chars().count() > DEVICE_CHARS_MAX || value.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "a deviceId has at most {DEVICE_CHARS_MAX} characters and no control characters"
        )));
    }
    Ok(())
}

/// A text id that somebody chose: a short ASCII word.
pub(crate) fn chosen_uid(value: &str) -> Result<()> {
    let word = value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !word || !(CHOSEN_UID_CHARS_MIN..=CHOSEN_UID_CHARS_MAX).contains(&value.len()) {
        return Err(Error::invalid(format!(
            "a user name has {CHOSEN_UID_CHARS_MIN} to {CHOSEN_UID_CHARS_MAX} letters, digits or _"
        )));
    }
    Ok(())
}

/// A password that somebody chose for themselves.
pub(crate) fn chosen_password(value: &str) -> Result<()> {
    let range = CHOSEN_PASSWORD_CHARS_MIN..=CHOSEN_PASSWORD_CHARS_MAX;
    if !range.contains(&value.chars().count()) {
        return Err(Error::invalid(format!(
            "a password has {CHOSEN_PASSWORD_CHARS_MIN} to {CHOSEN_PASSWORD_CHARS_MAX} characters"
        )));
    }
    Ok(())
}

/// A password that an administrator sets for somebody.
pub(crate) fn password(value: &str) -> Result<()> {
    if !(CHOSEN_PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&value.chars().count()) {
        return Err(Error::invalid(format!(
            "a password has {CHOSEN_PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters"
        )));
    }
    Ok(())
}

/// A text with something to see in it and no control characters, of at most `most` characters.
pub(crate) fn line(what: &str, value: &str, most: usize) -> Result<()> {
    let blank = value.chars().all(|c| !is_visible(c));
    if blank || value.chars().count() > most || value.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "{what} has 1 to {most} characters, not only blanks and no control characters"
        )));
    }
    Ok(())
}

/// What an app calls itself: a word that means the same in a header, in an address and in a signed text.
pub(crate) fn app_code(value: &str) -> Result<()> {
    let word = value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if !word || !(1..=APP_CODE_CHARS_MAX).contains(&value.len()) {
        return Err(Error::invalid(format!(
            "an app calls itself 1 to {APP_CODE_CHARS_MAX} ASCII letters, digits, _, - or ."
        )));
    }
    Ok(())
}

/// The public key of a tenant: what needs no escaping anywhere.
pub(crate) fn app_key(value: &str) -> Result<()> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if value.is_empty() || value.len() > APP_KEY_BYTES_MAX || !value.bytes().all(word) {
        return Err(Error::invalid(format!(
            "an appKey has 1 to {APP_KEY_BYTES_MAX} letters, digits, _, - or ."
        )));
    }
    Ok(())
}

/// What signs for a tenant.
pub(crate) fn app_secret(value: &str) -> Result<()> {
    if !(APP_SECRET_BYTES_MIN..=APP_SECRET_BYTES_MAX).contains(&value.len()) {
        return Err(Error::invalid(format!(
            "an appSecret has {APP_SECRET_BYTES_MIN} to {APP_SECRET_BYTES_MAX} bytes"
        )));
    }
    Ok(())
}

/// A mobile number in any country's writing.
pub(crate) fn mobile(value: &str) -> Result<()> {
    let written = value.bytes().all(|b| b.is_ascii_digit() || b"+- ()".contains(&b));
    if !written || !(MOBILE_CHARS_MIN..=MOBILE_CHARS_MAX).contains(&value.len()) {
        return Err(Error::invalid(format!(
            "a mobile number has {MOBILE_CHARS_MIN} to {MOBILE_CHARS_MAX} digits"
        )));
    }
    Ok(())
}

/// A mail address, as far as one can tell without writing to it.
pub(crate) fn email(value: &str) -> Result<()> {
    let parts = value.split_once('@');
    let whole = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if !whole || value.chars().count() > EMAIL_CHARS_MAX || !value.chars().all(is_visible) {
        return Err(Error::invalid(format!(
            "a mail address looks like name@example.org and has at most {EMAIL_CHARS_MAX} characters"
        )));
    }
    Ok(())
}

/// Neither blank nor a character that only changes how others are shown.
fn is_visible(c: char) -> bool {
    let formatting = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !(formatting || c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_id_is_visible_and_bounded() {
        for good in ["a", "张三", "o'neil@example.org", "👩", &"x".repeat(128)] {
            assert!(uid(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "a\0", "a\u{200b}", "\u{202e}a", &"x".repeat(129)] {
            assert!(uid(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_chosen_name_is_a_short_word() {
        assert!(chosen_uid("abc").is_ok() && chosen_uid("A_1234567890123456_Z").is_ok());
        for bad in ["ab", "A_1234567890123456_Zx", "a-b", "张三李", "a b c"] {
            assert!(chosen_uid(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_app_calls_itself_a_word_that_needs_no_escaping() {
        for good in ["oa_system", "a", "A-1.b", &"x".repeat(64)] {
            assert!(app_code(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            " ",
            "a b",
            "a&b",
            "a=b",
            "办公",
            "a/b",
            "a%41",
            "a\0",
            &"x".repeat(65),
        ] {
            assert!(app_code(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_line_has_something_to_see_and_stays_one_line() {
        assert!(line("it", "OA系统 2", 6).is_ok());
        for bad in ["", " ", "\u{200b}", "a\nb", "a\0", "1234567"] {
            assert!(line("it", bad, 6).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn passwords_are_counted_in_characters() {
        assert!(chosen_password("密码密码密码").is_ok() && chosen_password(&"x".repeat(20)).is_ok());
        assert!(chosen_password("12345").is_err() && chosen_password(&"x".repeat(21)).is_err());
        assert!(password(&"x".repeat(128)).is_ok() && password(&"x".repeat(129)).is_err());
    }

    #[test]
    fn mobiles_and_mails_are_recognised() {
        assert!(mobile("13800138000").is_ok() && mobile("+44 20 7946 0958").is_ok());
        assert!(mobile("12").is_err() && mobile("1380013800a").is_err());
        assert!(email("a@b").is_ok());
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c"] {
            assert!(email(bad).is_err(), "{bad:?}");
        }
    }
}
