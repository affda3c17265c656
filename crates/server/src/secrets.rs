//! The secrets of a server: made at first start, kept in one private file, overridden by the environment, refused
//! when weak and reachable. What each is used for is decided where it is handed to; none is ever logged.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::data_dir;
use crate::failure::Failure;

/// Name of the file in the data directory.
pub const FILE: &str = "secrets.toml";
/// Bytes of chance in each generated secret, and the least a signing key must have.
const SIGNING_KEY_BYTES: usize = 32;
/// Bytes of the key that seals what is secret in the database.
const SEALING_KEY_BYTES: usize = 32;
const TOKEN_BYTES: usize = 24;
const APP_KEY_BYTES: usize = 12;
/// Characters of a generated password: 16 of 32 letters are 80 bits.
const PASSWORD_CHARS: usize = 16;
/// Letters of generated passwords, without those that look alike.
const PASSWORD_LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Shortest password that may be reached from other machines, in characters.
const PASSWORD_CHARS_MIN: usize = 8;
/// Shortest token or app secret that may be reached from other machines, in characters.
const TOKEN_CHARS_MIN: usize = 16;
/// Fewer different characters than this are no secret.
const DIFFERENT_CHARS_MIN: usize = 5;
/// Longest secret, in bytes.
const SECRET_BYTES_MAX: usize = 1024;
/// Largest secrets file, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// Parts of passwords that everybody tries first.
const WEAK_WORDS: &[&str] = &[
    "123456", "abc123", "admin", "changeit", "changeme", "default", "demo", "example", "guest", "iloveyou",
    "letmein", "parlance", "passw0rd", "password", "qwerty", "root", "ruoyi", "secret", "test", "token",
    "welcome", "quick-im", "internal",
];

const HEAD: &str = "\
# Secrets of this Parlance server, made at first start. Keep this file private and in your backups.
# Without token_signing_key everybody has to log in again. Without sealing_key the secrets of apps and tenants in the
# database cannot be read any more, and each of them needs a new one. admin_password is what the user admin was made
# with; it is not used again once admin exists. The environment variables PARLANCE_ADMIN_PASSWORD,
# PARLANCE_INTERNAL_TOKEN, PARLANCE_APP_KEY and PARLANCE_APP_SECRET go before what stands here.

";

/// Secrets that were given in the environment.
#[derive(Clone, Default)]
pub struct Given {
    admin_password: Option<String>,
    internal_token: Option<String>,
    app_key: Option<String>,
    app_secret: Option<String>,
}

impl Given {
    /// Picks the secrets out of environment variables. An empty one counts as not given, because container tools
    /// pass on variables that nobody set.
    ///
    /// # Errors
    /// When one is not UTF-8 or too long.
    pub fn from_environment(environment: &[(OsString, OsString)]) -> Result<Self, Failure> {
        let take = |name: &str| {
            let Some((_, value)) = environment.iter().find(|(other, _)| other == name) else {
                return Ok(None);
            };
            match value.to_str() {
                Some("") => Ok(None),
                Some(text) if text.len() <= SECRET_BYTES_MAX => Ok(Some(text.to_owned())),
                Some(_) => Err(Failure::new(
                    format!("{name} is longer than {SECRET_BYTES_MAX} bytes"),
                    "set a shorter one, or unset it to have one made",
                )),
                None => Err(Failure::new(
                    format!("{name} is not UTF-8"),
                    "set it again without odd bytes",
                )),
            }
        };
        Ok(Self {
            admin_password: take("PARLANCE_ADMIN_PASSWORD")?,
            internal_token: take("PARLANCE_INTERNAL_TOKEN")?,
            app_key: take("PARLANCE_APP_KEY")?,
            app_secret: take("PARLANCE_APP_SECRET")?,
        })
    }
}

/// The file, where anything may be missing.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    token_signing_key: Option<String>,
    sealing_key: Option<String>,
    internal_token: Option<String>,
    app_key: Option<String>,
    app_secret: Option<String>,
    admin_password: Option<String>,
}

/// The secrets in force.
pub struct Secrets {
    /// Signs tokens; at least 32 bytes.
    pub token_signing_key: Vec<u8>,
    /// Seals the secrets that are kept in the database.
    pub sealing_key: [u8; 32],
    /// Opens internal paths.
    pub internal_token: String,
    /// Public key of the default tenant.
    pub app_key: String,
    /// Secret of the default tenant.
    pub app_secret: String,
    given_password: Option<String>,
    kept: Kept,
    path: PathBuf,
}

/// The password to make `admin` with.
#[derive(Clone, PartialEq, Eq)]
pub enum AdminPassword {
    /// The operator set it and knows it.
    Given(String),
    /// It was generated, so the operator has to be told.
    Generated(String),
}

impl AdminPassword {
    /// The password itself.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Given(text) | Self::Generated(text) => text,
        }
    }
}

impl Secrets {
    /// Reads the secrets of a data directory, which must be held, and makes those that are missing.
    ///
    /// # Errors
    /// When the file can be read by others, is broken, or cannot be written.
    pub fn open(data: &Path, given: Given) -> Result<Self, Failure> {
        let path = data.join(FILE);
        let mut kept = read(&path)?;
        let before = kept.clone();
        let encoded = kept
            .token_signing_key
            .get_or_insert_with(|| STANDARD.encode(random::<SIGNING_KEY_BYTES>()));
        let token_signing_key = signing_key(encoded, &path)?;
        let encoded = kept
            .sealing_key
            .get_or_insert_with(|| STANDARD.encode(random::<SEALING_KEY_BYTES>()));
        let sealing_key = sealing_key(encoded, &path)?;
        let internal_token = choose(
            given.internal_token,
            &mut kept.internal_token,
            random_text::<TOKEN_BYTES>,
        );
        let app_key = choose(given.app_key, &mut kept.app_key, random_text::<APP_KEY_BYTES>);
        let app_secret = choose(given.app_secret, &mut kept.app_secret, random_text::<TOKEN_BYTES>);
        if kept != before {
            write(&path, &kept)?;
        }
        let given_password = given.admin_password;
        Ok(Self {
            token_signing_key,
            sealing_key,
            internal_token,
            app_key,
            app_secret,
            given_password,
            kept,
            path,
        })
    }

    /// The password for `admin`, to be asked for only when that user has to be made. A generated one is on disk
    /// before it is returned.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn admin_password(&mut self) -> Result<AdminPassword, Failure> {
        if let Some(given) = &self.given_password {
            return Ok(AdminPassword::Given(given.clone()));
        }
        if let Some(kept) = &self.kept.admin_password {
            return Ok(AdminPassword::Generated(kept.clone()));
        }
        let made = random_password();
        self.kept.admin_password = Some(made.clone());
        write(&self.path, &self.kept)?;
        Ok(AdminPassword::Generated(made))
    }

    /// What is too weak to be reached from other machines, each as a sentence.
    #[must_use]
    pub fn weaknesses(&self) -> Vec<String> {
        let password = self.given_password.as_ref().or(self.kept.admin_password.as_ref());
        weak(password, Some(&self.internal_token), Some(&self.app_secret))
    }

    /// Refuses weak secrets for a listener that other machines can reach; warns about them otherwise.
    ///
    /// # Errors
    /// Names every weak secret and what to do.
    pub fn fit_for(&self, listener: IpAddr) -> Result<(), Failure> {
        let weak = self.weaknesses();
        if weak.is_empty() {
            return Ok(());
        }
        if listener.to_canonical().is_loopback() {
            for sentence in &weak {
                tracing::warn!("{sentence}; fine for trying out on this machine only");
            }
            return Ok(());
        }
        Err(Failure::new(
            format!(
                "not listening on {listener}, where others could guess their way in: {}",
                weak.join("; ")
            ),
            format!(
                "set better ones, or unset the variables to have them made (and look into {}), or listen on 127.0.0.1",
                self.path.display()
            ),
        ))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Whether the file can be read by its owner only.
///
/// # Errors
/// Says who can read it and how to change that.
pub fn check_mode(path: &Path, mode: u32) -> Result<(), Failure> {
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Failure::new(
        format!(
            "{} can be read or changed by other users (mode {:03o})",
            path.display(),
            mode & 0o777
        ),
        format!("run: chmod 600 '{}'", path.display()),
    ))
}

/// What is too weak among the secrets of a data directory, without making any.
///
/// # Errors
/// As [`Secrets::open`].
pub fn weaknesses_of(data: &Path, given: &Given) -> Result<Vec<String>, Failure> {
    let path = data.join(FILE);
    let kept = read(&path)?;
    if let Some(encoded) = &kept.token_signing_key {
        signing_key(encoded, &path)?;
    }
    if let Some(encoded) = &kept.sealing_key {
        sealing_key(encoded, &path)?;
    }
    Ok(weak(
        given.admin_password.as_ref().or(kept.admin_password.as_ref()),
        given.internal_token.as_ref().or(kept.internal_token.as_ref()),
        given.app_secret.as_ref().or(kept.app_secret.as_ref()),
    ))
}

fn weak(
    admin_password: Option<&String>,
    internal_token: Option<&String>,
    app_secret: Option<&String>,
) -> Vec<String> {
    let checked = [
        (
            "the admin password",
            "PARLANCE_ADMIN_PASSWORD",
            admin_password,
            PASSWORD_CHARS_MIN,
        ),
        (
            "the internal token",
            "PARLANCE_INTERNAL_TOKEN",
            internal_token,
            TOKEN_CHARS_MIN,
        ),
        (
            "the app secret",
            "PARLANCE_APP_SECRET",
            app_secret,
            TOKEN_CHARS_MIN,
        ),
    ];
    let sentences = checked
        .into_iter()
        .filter_map(|(name, variable, secret, chars_min)| {
            let reason = weakness(secret?, chars_min)?;
            Some(format!("{name} ({variable}) {reason}"))
        });
    sentences.collect()
}

/// Why a password is too easy to guess, if it is.
pub(crate) fn password_weakness(password: &str) -> Option<String> {
    weakness(password, PASSWORD_CHARS_MIN)
}

/// Why a secret is too easy to guess, if it is.
fn weakness(secret: &str, chars_min: usize) -> Option<String> {
    let chars = secret.chars().count();
    if chars < chars_min {
        return Some(format!("has {chars} characters, at least {chars_min} are needed"));
    }
    let lower = secret.to_lowercase();
    let mut rest = lower.clone();
    for word in WEAK_WORDS {
        rest = rest.replace(word, "");
    }
    let left = rest.chars().filter(|c| c.is_alphabetic()).count();
    if rest.len() < lower.len() && left < 3 {
        return Some("is among those that everybody tries first".to_owned());
    }
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    (different.len() < DIFFERENT_CHARS_MIN).then(|| "repeats a few characters".to_owned())
}

fn read(path: &Path) -> Result<Kept, Failure> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
        Err(error) => return Err(cannot_read(path, &error.to_string())),
    };
    let mode = file
        .metadata()
        .map_err(|error| cannot_read(path, &error.to_string()))?
        .permissions()
        .mode();
    check_mode(path, mode)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| cannot_read(path, &error.to_string()))?;
    // The message of the TOML error is shown without the line it quotes, which could be a secret.
    toml::from_str(&text).map_err(|error| cannot_read(path, error.message()))
}

fn write(path: &Path, kept: &Kept) -> Result<(), Failure> {
    let cannot = |error: &dyn fmt::Display| {
        Failure::new(
            format!("cannot write {}: {error}", path.display()),
            "make the user the server runs as the owner of the data directory",
        )
    };
    let text = toml::to_string(kept).map_err(|error| cannot(&error))?;
    data_dir::write_whole(path, format!("{HEAD}{text}").as_bytes()).map_err(|error| cannot(&error))
}

fn cannot_read(path: &Path, error: &str) -> Failure {
    Failure::new(
        format!("cannot read the secrets in {}: {error}", path.display()),
        "correct it or put it back from a backup; if it is lost, move it away and everybody logs in again",
    )
}

fn signing_key(encoded: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    match STANDARD.decode(encoded.trim()) {
        Ok(key) if key.len() >= SIGNING_KEY_BYTES => Ok(key),
        _ => Err(cannot_read(
            path,
            &format!("token_signing_key must be at least {SIGNING_KEY_BYTES} bytes in base64"),
        )),
    }
}

fn sealing_key(encoded: &str, path: &Path) -> Result<[u8; SEALING_KEY_BYTES], Failure> {
    let key = STANDARD.decode(encoded.trim()).ok();
    key.and_then(|key| key.try_into().ok()).ok_or_else(|| {
        cannot_read(
            path,
            &format!("sealing_key must be {SEALING_KEY_BYTES} bytes in base64"),
        )
    })
}

fn choose(given: Option<String>, kept: &mut Option<String>, make: impl Fn() -> String) -> String {
    given.unwrap_or_else(|| kept.get_or_insert_with(make).clone())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes);
    bytes
}

fn random_text<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(random::<N>())
}

/// A password that nobody can guess and everybody can type.
pub(crate) fn random_password() -> String {
    let letter = |byte: u8| char::from(PASSWORD_LETTERS[usize::from(byte) % PASSWORD_LETTERS.len()]);
    random::<PASSWORD_CHARS>().into_iter().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(data: &Path, environment: &[(&str, &str)]) -> Result<Secrets, Failure> {
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)))
            .collect();
        Secrets::open(data, Given::from_environment(&environment)?)
    }

    #[test]
    fn made_once_and_kept() {
        let data = tempfile::tempdir().unwrap();
        let mut first = open(data.path(), &[]).unwrap();
        assert!(first.token_signing_key.len() >= 32);
        let AdminPassword::Generated(password) = first.admin_password().unwrap() else {
            panic!("not generated")
        };
        assert_eq!(first.weaknesses(), [""; 0]);
        let mode = std::fs::metadata(data.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);

        let mut second = open(data.path(), &[]).unwrap();
        assert_eq!(second.token_signing_key, first.token_signing_key);
        assert_eq!(second.sealing_key, first.sealing_key);
        assert_eq!(second.internal_token, first.internal_token);
        assert_eq!(second.app_key, first.app_key);
        assert_eq!(second.app_secret, first.app_secret);
        assert!(second.admin_password().unwrap() == AdminPassword::Generated(password));

        let other = tempfile::tempdir().unwrap();
        let third = open(other.path(), &[]).unwrap();
        assert_ne!(third.token_signing_key, first.token_signing_key);
        assert_ne!(third.sealing_key, first.sealing_key);
        assert_ne!(first.sealing_key.as_slice(), first.token_signing_key.as_slice());
        assert_ne!(third.app_secret, first.app_secret);
    }

    #[test]
    fn a_file_from_before_there_was_a_sealing_key_gets_one() {
        let data = tempfile::tempdir().unwrap();
        let first = open(data.path(), &[]).unwrap();
        let path = data.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        let older: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("sealing_key"))
            .collect();
        data_dir::write_whole(&path, older.join("\n").as_bytes()).unwrap();
        let second = open(data.path(), &[]).unwrap();
        assert_eq!(second.token_signing_key, first.token_signing_key);
        assert_ne!(second.sealing_key, first.sealing_key);
        let third = open(data.path(), &[]).unwrap();
        assert_eq!(third.sealing_key, second.sealing_key);
    }

    #[test]
    fn given_ones_win_and_are_not_written() {
        let data = tempfile::tempdir().unwrap();
        let environment = [
            ("PARLANCE_ADMIN_PASSWORD", "correct horse"),
            ("PARLANCE_INTERNAL_TOKEN", "given-internal"),
            ("PARLANCE_APP_KEY", "given-key"),
            ("PARLANCE_APP_SECRET", ""),
        ];
        let mut secrets = open(data.path(), &environment).unwrap();
        assert!(secrets.admin_password().unwrap() == AdminPassword::Given("correct horse".into()));
        assert_eq!(
            (secrets.internal_token.as_str(), secrets.app_key.as_str()),
            ("given-internal", "given-key")
        );
        assert!(
            !secrets.app_secret.is_empty(),
            "an empty variable is one nobody set"
        );
        let text = std::fs::read_to_string(data.path().join(FILE)).unwrap();
        assert!(!text.contains("given") && !text.contains("horse"), "{text}");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let data = tempfile::tempdir().unwrap();
        open(data.path(), &[]).unwrap();
        let path = data.path().join(FILE);
        for mode in [0o640, 0o604, 0o620] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let refused = open(data.path(), &[]).unwrap_err();
            assert_eq!(refused.remedy(), format!("run: chmod 600 '{}'", path.display()));
        }
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o400)).unwrap();
        assert!(open(data.path(), &[]).is_ok());
    }

    #[test]
    fn a_broken_file_is_refused_without_showing_it() {
        let data = tempfile::tempdir().unwrap();
        for text in [
            "internal_token = \"sesame",
            "internal_tokn = \"sesame\"",
            "token_signing_key = \"c2VzYW1l\"",
            "sealing_key = \"c2VzYW1l\"",
        ] {
            data_dir::write_whole(&data.path().join(FILE), text.as_bytes()).unwrap();
            let refused = open(data.path(), &[]).unwrap_err().to_string();
            assert!(refused.contains("cannot read the secrets"), "{refused}");
            assert!(
                !refused.contains("sesame") && !refused.contains("c2VzYW1l"),
                "{refused}"
            );
        }
    }

    #[test]
    fn weak_secrets_are_refused_only_where_others_can_reach_them() {
        let data = tempfile::tempdir().unwrap();
        let secrets = open(
            data.path(),
            &[
                ("PARLANCE_ADMIN_PASSWORD", "Admin123!"),
                ("PARLANCE_INTERNAL_TOKEN", "short"),
            ],
        )
        .unwrap();
        assert!(secrets.fit_for("127.0.0.1".parse().unwrap()).is_ok());
        assert!(secrets.fit_for("::1".parse().unwrap()).is_ok());
        for listener in ["0.0.0.0", "::", "192.0.2.1"] {
            let refused = secrets
                .fit_for(listener.parse().unwrap())
                .unwrap_err()
                .to_string();
            assert!(
                refused.contains("PARLANCE_ADMIN_PASSWORD") && refused.contains("PARLANCE_INTERNAL_TOKEN")
            );
            assert!(
                !refused.contains("Admin123") && !refused.contains("short;"),
                "{refused}"
            );
        }
        assert!(
            open(data.path(), &[])
                .unwrap()
                .fit_for("0.0.0.0".parse().unwrap())
                .is_ok()
        );
    }

    #[test]
    fn weakness_knows_the_usual_ones() {
        for weak in [
            "admin",
            "12345678",
            "password1",
            "P@ss",
            "ruoyi123",
            "aaaaaaaaaaaa",
            "testtest99",
            "changeme!!",
        ] {
            assert!(weakness(weak, PASSWORD_CHARS_MIN).is_some(), "{weak}");
        }
        for strong in [
            "correct horse",
            "k3vz-9qpw",
            "administrative overhead",
            "密码要长一点才行",
        ] {
            assert_eq!(weakness(strong, PASSWORD_CHARS_MIN), None, "{strong}");
        }
    }

    #[test]
    fn generated_passwords_are_never_weak_by_chance() {
        for _ in 0..1000 {
            let password = random_password();
            assert_eq!(password.len(), PASSWORD_CHARS);
            assert_eq!(weakness(&password, PASSWORD_CHARS_MIN), None, "{password}");
        }
    }
}
