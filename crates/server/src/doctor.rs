//! `parlance doctor`: looks at everything a server needs before and while it runs, changes nothing, and says what to
//! do. The database is looked at by whoever knows it, through [`Database`].

use std::cmp::Ordering;
use std::ffi::OsString;
use std::fmt::Write;
use std::fs::Metadata;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use parlance_core::Integrity;
use rustix::fs::Access;

use crate::config::sources::Sources;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::secrets::{self, Given};
use crate::serve::DATABASE;
use crate::{data_dir, object_files, open_files};

/// Free space below which a server will soon stop, in bytes.
const FREE_BYTES_FAIL: u64 = 100 << 20;
/// Free space below which somebody should look for more, in bytes.
const FREE_BYTES_WARN: u64 = 1 << 30;
/// 2020-01-01, from which message numbers count; a clock before it is wrong.
const EARLIEST_UNIX_SECONDS: u64 = 1_577_836_800;
/// How far the clock may be behind the newest message, in seconds.
const BEHIND_SECONDS_MAX: u64 = 5;
/// What to do about a database that cannot be trusted.
const RESTORE: &str = "stop the server, keep a copy of the data directory, and put back a backup";
const MICROS_PER_SECOND: i64 = 1_000_000;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Works, but should be looked at.
    Warn,
    /// Does not work, or not safely.
    Fail,
}

impl Grade {
    /// Exit code of a report whose worst finding this is.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warn => 1,
            Self::Fail => 2,
        }
    }

    fn word(self, colours: bool) -> &'static str {
        match (self, colours) {
            (Self::Ok, false) => "ok  ",
            (Self::Warn, false) => "warn",
            (Self::Fail, false) => "fail",
            (Self::Ok, true) => "\x1b[32mok  \x1b[0m",
            (Self::Warn, true) => "\x1b[33mwarn\x1b[0m",
            (Self::Fail, true) => "\x1b[31mfail\x1b[0m",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What was found.
    pub what: String,
    /// What to do; empty when there is nothing to do.
    pub remedy: String,
}

impl Finding {
    /// All is well.
    pub fn ok(what: impl Into<String>) -> Self {
        Self {
            grade: Grade::Ok,
            what: what.into(),
            remedy: String::new(),
        }
    }

    /// Should be looked at.
    pub fn warn(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            grade: Grade::Warn,
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// Has to be mended.
    pub fn fail(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            grade: Grade::Fail,
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

impl From<Failure> for Finding {
    fn from(failure: Failure) -> Self {
        Self::fail(failure.what(), failure.remedy())
    }
}

/// What a look at the database brought.
#[derive(Debug, Default)]
pub struct Database {
    /// What was found.
    pub findings: Vec<Finding>,
    /// When the newest message was sent, in seconds since 1970, if there is any.
    pub newest_message_unix_seconds: Option<u64>,
}

/// Everything that was looked at.
#[derive(Debug, Default)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// The grade of the worst finding.
    #[must_use]
    pub fn worst(&self) -> Grade {
        self.findings
            .iter()
            .map(|finding| finding.grade)
            .max()
            .unwrap_or(Grade::Ok)
    }

    /// One line for each finding.
    #[must_use]
    pub fn text(&self, colours: bool) -> String {
        let mut text = String::new();
        for Finding { grade, what, remedy } in &self.findings {
            let dash = if remedy.is_empty() { "" } else { "  — " };
            _ = writeln!(text, "{}  {what}{dash}{remedy}", grade.word(colours));
        }
        text
    }
}

/// Looks at everything. `database` is called with the settings when there is a data directory to look into.
#[must_use]
pub fn examine(
    sources: &Sources,
    environment: &[(OsString, OsString)],
    database: impl FnOnce(&Config) -> Database,
) -> Report {
    let config = match config::load(sources) {
        Ok(loaded) => loaded.config,
        Err(problems) => {
            let finding = |problem: config::sources::Problem| {
                Finding::fail(
                    problem.to_string(),
                    "correct it; the rest can only be looked at afterwards",
                )
            };
            return Report {
                findings: problems.into_iter().map(finding).collect(),
            };
        }
    };
    let mut findings = vec![Finding::ok("the settings are right")];
    let database = match std::fs::metadata(&config.data_dir) {
        Ok(metadata) => {
            findings.extend(data_directory(&config.data_dir, &metadata));
            findings.extend(kept_secrets(&config, environment));
            database(&config)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            findings.push(missing_directory(&config.data_dir));
            Database::default()
        }
        Err(error) => {
            let what = format!(
                "the data directory {} cannot be reached: {error}",
                config.data_dir.display()
            );
            findings.push(Finding::fail(what, "run doctor as the user the server runs as"));
            Database::default()
        }
    };
    findings.push(clock(unix_seconds(), database.newest_message_unix_seconds));
    findings.push(time_zone(&config.time_zone));
    findings.push(port(&config));
    findings.extend(encryption(&config));
    findings.extend(object_files::examine(&config));
    findings.extend(allowed_files(&config));
    findings.extend(database.findings);
    Report { findings }
}

/// Looks at the database in the data directory, which a server may be using.
#[must_use]
pub fn look_at_database(config: &Config) -> Database {
    let path = config.data_dir.join(DATABASE);
    if !path.exists() {
        let finding = Finding::ok("there is no database yet; the first start makes it");
        return Database {
            findings: vec![finding],
            newest_message_unix_seconds: None,
        };
    }
    match parlance_core::check_integrity(&path) {
        Ok(integrity) => Database {
            newest_message_unix_seconds: integrity
                .newest_message_at
                .and_then(|micros| u64::try_from(micros / MICROS_PER_SECOND).ok()),
            findings: vec![soundness(&integrity), schema(&integrity)],
        },
        Err(error) => Database {
            findings: vec![Finding::fail(
                format!("the database {} cannot be checked: {error}", path.display()),
                RESTORE,
            )],
            newest_message_unix_seconds: None,
        },
    }
}

fn soundness(integrity: &Integrity) -> Finding {
    match integrity.damage.as_slice() {
        [] => Finding::ok("the database is whole"),
        [first, rest @ ..] => Finding::fail(
            format!("the database is damaged: {first} (and {} more)", rest.len()),
            RESTORE,
        ),
    }
}

fn schema(integrity: &Integrity) -> Finding {
    let Integrity {
        schema,
        schema_current,
        ..
    } = integrity;
    let what = format!("the database has schema {schema}, this program writes {schema_current}");
    match schema.cmp(schema_current) {
        Ordering::Equal => Finding::ok(what),
        Ordering::Less => Finding::warn(
            what,
            "back the data directory up; the next start brings it up to date",
        ),
        Ordering::Greater => Finding::fail(what, "use the newer program again, or restore an older backup"),
    }
}

fn missing_directory(path: &Path) -> Finding {
    let name = path.display();
    let existing = path.ancestors().skip(1).find_map(|parent| {
        let parent = if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        };
        parent.exists().then_some(parent)
    });
    match existing.map(|parent| rustix::fs::access(parent, Access::WRITE_OK)) {
        Some(Ok(())) => Finding::ok(format!(
            "there is no data directory {name} yet; the first start makes it"
        )),
        _ => Finding::fail(
            format!("the data directory {name} cannot be made here by this user"),
            "make it by hand for the user the server runs as, or choose another with --data-dir",
        ),
    }
}

fn data_directory(path: &Path, metadata: &Metadata) -> Vec<Finding> {
    let name = path.display();
    if !metadata.is_dir() {
        return vec![Finding::fail(
            format!("{name} is not a directory"),
            "choose another data directory with --data-dir",
        )];
    }
    let mut findings = vec![
        match rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK) {
            Ok(()) => Finding::ok(format!("the data directory {name} can be written")),
            Err(error) => Finding::fail(
                format!("the data directory {name} cannot be written: {error}"),
                "make the user the server runs as its owner (chown), and run doctor as that user",
            ),
        },
    ];
    let mode = metadata.permissions().mode();
    if mode & 0o077 != 0 {
        findings.push(Finding::warn(
            format!(
                "other users can look into the data directory (mode {:03o})",
                mode & 0o777
            ),
            format!("run: chmod 700 '{name}'"),
        ));
    }
    findings.push(match rustix::fs::statvfs(path) {
        Ok(space) => free_space(space.f_bavail.saturating_mul(space.f_frsize)),
        Err(error) => Finding::warn(
            format!("the free space cannot be asked: {error}"),
            "look with: df -h",
        ),
    });
    findings
}

fn free_space(bytes: u64) -> Finding {
    let what = format!("{} MiB are free on the disk of the data directory", bytes >> 20);
    match bytes {
        0..FREE_BYTES_FAIL => Finding::fail(what, "make room; without it no message can be stored"),
        FREE_BYTES_FAIL..FREE_BYTES_WARN => Finding::warn(what, "make room soon"),
        _ => Finding::ok(what),
    }
}

fn kept_secrets(config: &Config, environment: &[(OsString, OsString)]) -> Vec<Finding> {
    let given = match Given::from_environment(environment) {
        Ok(given) => given,
        Err(failure) => return vec![failure.into()],
    };
    match secrets::weaknesses_of(&config.data_dir, &given) {
        Err(failure) => vec![failure.into()],
        Ok(weak) if weak.is_empty() => vec![Finding::ok("the secrets are private and strong")],
        Ok(weak) => {
            let finding = |what| {
                let remedy = "set a better one, or unset the variable to have one made";
                if config.listen.ip().is_loopback() {
                    Finding::warn(what, remedy)
                } else {
                    Finding::fail(what, remedy)
                }
            };
            weak.into_iter().map(finding).collect()
        }
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn clock(now_unix_seconds: u64, newest_message_unix_seconds: Option<u64>) -> Finding {
    let remedy = "set the clock, best by NTP (timedatectl set-ntp true)";
    if now_unix_seconds < EARLIEST_UNIX_SECONDS {
        return Finding::fail("the clock is before 2020", remedy);
    }
    match newest_message_unix_seconds {
        Some(newest) if newest > now_unix_seconds.saturating_add(BEHIND_SECONDS_MAX) => {
            let behind = newest - now_unix_seconds;
            Finding::fail(
                format!("the clock is {behind} seconds behind the newest message"),
                remedy,
            )
        }
        _ => Finding::ok("the clock makes sense"),
    }
}

fn time_zone(name: &str) -> Finding {
    match jiff::tz::TimeZone::get(name) {
        Ok(zone) => {
            let local = jiff::Timestamp::now().to_zoned(zone).strftime("%Y-%m-%d %H:%M");
            Finding::ok(format!("in the time zone {name} it is {local}"))
        }
        Err(error) => Finding::fail(
            format!("the time zone {name} is not known: {error}"),
            "set time_zone",
        ),
    }
}

fn port(config: &Config) -> Finding {
    let listen = config.listen;
    match TcpListener::bind(listen) {
        Ok(_) => Finding::ok(format!("{listen} is free to listen on")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => match our_server(config) {
            Some(holder) => Finding::ok(format!(
                "the server of this data directory ({holder}) listens on {listen}"
            )),
            None => Finding::fail(
                format!("another program listens on {listen}"),
                format!(
                    "find it with `ss -ltnp 'sport = :{}'` and stop it, or choose another port",
                    listen.port()
                ),
            ),
        },
        Err(error) => Finding::fail(
            format!("cannot listen on {listen}: {error}"),
            "choose an address of this machine, and a port from 1024 up",
        ),
    }
}

/// Which process serves this data directory on the configured port, if one does.
fn our_server(config: &Config) -> Option<String> {
    let holder = data_dir::holder(&config.data_dir)?;
    let address: SocketAddr = data_dir::address(&config.data_dir)?;
    (address.port() == config.listen.port()).then_some(holder)
}

fn encryption(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in [&config.tls.certificate, &config.tls.key].into_iter().flatten() {
        if let Err(error) = std::fs::File::open(path) {
            findings.push(Finding::fail(
                format!("{} cannot be read: {error}", path.display()),
                "let the user the server runs as read it, or correct the settings under tls",
            ));
        }
    }
    if config.tls.certificate.is_none() && !config.listen.ip().is_loopback() {
        findings.push(Finding::warn(
            format!(
                "{} is open to other machines without TLS, so passwords can be read on the way",
                config.listen
            ),
            "set tls.certificate and tls.key, or put a proxy with TLS before it and listen on 127.0.0.1",
        ));
    }
    findings
}

fn allowed_files(config: &Config) -> Option<Finding> {
    let (highest, wanted) = (open_files::highest()?, open_files::wanted(&config.limits));
    let connections_max = config.limits.connections_max;
    (highest < wanted).then(|| {
        Finding::warn(
            format!(
                "a process may open {highest} files, too few for limits.connections_max = {connections_max}"
            ),
            format!(
                "raise it to {wanted} (ulimit -Hn, or LimitNOFILE= in systemd), or lower connections_max"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn flags(data: &Path, listen: &str) -> Sources {
        let text = data.to_str().unwrap().to_owned();
        Sources {
            flags: vec![("data_dir", text), ("listen", listen.into())],
            ..Sources::default()
        }
    }

    fn grade_of<'a>(report: &'a Report, part: &str) -> (Grade, &'a str) {
        let finding = report.findings.iter().find(|finding| finding.what.contains(part));
        let finding = finding.unwrap_or_else(|| panic!("nothing about {part} in\n{}", report.text(false)));
        (finding.grade, &finding.remedy)
    }

    /// A data directory as a first start leaves it.
    fn started() -> (tempfile::TempDir, PathBuf) {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        drop(data_dir::DataDir::take(&path).unwrap());
        secrets::Secrets::open(&path, Given::default()).unwrap();
        (parent, path)
    }

    #[test]
    fn a_sound_server_has_no_failure() {
        let (_parent, path) = started();
        let report = examine(&flags(&path, "127.0.0.1:0"), &[], |_| Database {
            findings: vec![Finding::ok("the database is whole")],
            newest_message_unix_seconds: Some(EARLIEST_UNIX_SECONDS),
        });
        for part in [
            "settings",
            "can be written",
            "secrets",
            "clock",
            "Asia/Shanghai",
            "free to listen",
            "whole",
        ] {
            assert_eq!(grade_of(&report, part), (Grade::Ok, ""), "{part}");
        }
        assert!(report.worst() < Grade::Fail, "{}", report.text(false));
    }

    #[test]
    fn a_directory_still_to_be_made_is_fine_and_stays_unmade() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let report = examine(&flags(&path, "127.0.0.1:0"), &[], |_| {
            panic!("there is nothing to look into")
        });
        assert_eq!(grade_of(&report, "no data directory").0, Grade::Ok);
        assert!(!path.exists());
    }

    #[test]
    fn open_permissions_come_with_the_command_that_closes_them() {
        let (_parent, path) = started();
        let file = path.join(secrets::FILE);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        let report = examine(&flags(&path, "127.0.0.1:0"), &[], |_| Database::default());
        let remedy = format!("run: chmod 700 '{}'", path.display());
        assert_eq!(
            grade_of(&report, "look into the data directory"),
            (Grade::Warn, remedy.as_str())
        );
        let remedy = format!("run: chmod 600 '{}'", file.display());
        assert_eq!(grade_of(&report, "secrets.toml"), (Grade::Fail, remedy.as_str()));
        assert_eq!(report.worst().exit_code(), 2);
    }

    #[test]
    fn weak_secrets_weigh_more_where_others_can_reach_them() {
        let (_parent, path) = started();
        let environment = [("PARLANCE_ADMIN_PASSWORD".into(), "admin123".into())];
        for (listen, grade) in [("127.0.0.1:0", Grade::Warn), ("0.0.0.0:0", Grade::Fail)] {
            let report = examine(&flags(&path, listen), &environment, |_| Database::default());
            assert_eq!(grade_of(&report, "PARLANCE_ADMIN_PASSWORD").0, grade, "{listen}");
        }
    }

    #[test]
    fn a_taken_port_is_told_from_our_own() {
        let (_parent, path) = started();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let look = || examine(&flags(&path, &address.to_string()), &[], |_| Database::default());
        assert_eq!(grade_of(&look(), "listens on").0, Grade::Fail);

        let data = data_dir::DataDir::take(&path).unwrap();
        data.write_address(address).unwrap();
        assert_eq!(
            grade_of(&look(), "the server of this data directory").0,
            Grade::Ok
        );
    }

    fn findings_of(schema: i64, damage: &[&str]) -> [Grade; 2] {
        let damage = damage.iter().map(|line| (*line).to_owned()).collect();
        let integrity = Integrity {
            schema,
            schema_current: 3,
            damage,
            newest_message_at: None,
        };
        [soundness(&integrity).grade, self::schema(&integrity).grade]
    }

    #[test]
    fn the_database_is_graded_by_damage_and_schema() {
        assert_eq!(findings_of(3, &[]), [Grade::Ok, Grade::Ok]);
        assert_eq!(findings_of(2, &[]), [Grade::Ok, Grade::Warn]);
        assert_eq!(findings_of(4, &[]), [Grade::Ok, Grade::Fail]);
        assert_eq!(
            findings_of(3, &["row 1 missing from index a"]),
            [Grade::Fail, Grade::Ok]
        );
    }

    #[test]
    fn a_file_that_is_no_database_is_found() {
        let (_parent, path) = started();
        let look = || examine(&flags(&path, "127.0.0.1:0"), &[], look_at_database);
        assert_eq!(grade_of(&look(), "no database yet").0, Grade::Ok);
        std::fs::write(
            path.join(DATABASE),
            "not a database, but longer than the head of one".repeat(100),
        )
        .unwrap();
        assert_eq!(grade_of(&look(), "cannot be checked").0, Grade::Fail);
    }

    #[test]
    fn the_clock_is_held_against_the_epoch_and_the_newest_message() {
        let now = EARLIEST_UNIX_SECONDS + 1000;
        assert_eq!(clock(now, None).grade, Grade::Ok);
        assert_eq!(clock(now, Some(now + BEHIND_SECONDS_MAX)).grade, Grade::Ok);
        assert_eq!(
            clock(now, Some(now + 60)).what,
            "the clock is 60 seconds behind the newest message"
        );
        assert_eq!(clock(EARLIEST_UNIX_SECONDS - 1, None).grade, Grade::Fail);
    }

    #[test]
    fn free_space_has_two_marks() {
        assert_eq!(free_space(FREE_BYTES_FAIL - 1).grade, Grade::Fail);
        assert_eq!(free_space(FREE_BYTES_FAIL).grade, Grade::Warn);
        assert_eq!(free_space(FREE_BYTES_WARN).grade, Grade::Ok);
    }

    #[test]
    fn wrong_settings_are_all_that_is_said() {
        let sources = Sources {
            flags: vec![("listen", "nowhere".into())],
            ..Sources::default()
        };
        let report = examine(&sources, &[], |_| Database::default());
        assert_eq!(report.findings.len(), 1);
        assert!(
            report.text(false).starts_with("fail  --listen: listen must be"),
            "{}",
            report.text(false)
        );
    }
}
