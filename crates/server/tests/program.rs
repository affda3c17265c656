//! The built program as an operator meets it: its words, its files, its exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

fn parlance() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PARLANCE_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    parlance().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    text(&output.stdout)
}

/// A server that has said where it listens. Killed when dropped, should the test fail before it is stopped.
struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    address: SocketAddr,
    said: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    fn start_with(data: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = parlance();
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .envs(variables.iter().copied());
        Self::run(command)
    }

    fn run(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self {
            child,
            out,
            address: ([0, 0, 0, 0], 0).into(),
            said: String::new(),
        };
        while server.address.port() == 0 {
            let mut line = String::new();
            assert_ne!(
                server.out.read_line(&mut line).unwrap(),
                0,
                "ended before it listened: {}",
                server.said
            );
            if let Some((_, url)) = line.trim().split_once("listening on ") {
                server.address = url.split_once("://").unwrap().1.parse().unwrap();
            }
            server.said.push_str(&line);
        }
        server
    }

    fn get(&self, path: &str) -> String {
        self.try_get(path).unwrap()
    }

    /// The same where the server may hang up in the middle.
    fn try_get(&self, path: &str) -> io::Result<String> {
        self.exchange(&format!(
            "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
        ))
    }

    /// Sends JSON with these header lines.
    fn post(&self, path: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        self.exchange(&format!(
            "POST {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        ))
        .unwrap()
    }

    fn exchange(&self, request: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Asks it to stop, and returns its exit code and all it said.
    fn stop(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        let code = self.child.wait().unwrap().code();
        let mut said = std::mem::take(&mut self.said);
        self.out.read_to_string(&mut said).unwrap();
        (code, said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn help_shows_every_command_and_examples() {
    let help = stdout(&run(&["--help"]));
    for word in [
        "serve",
        "config",
        "doctor",
        "version",
        "completions",
        "--config",
        "--data-dir",
        "Examples:",
    ] {
        assert!(help.contains(word), "{word}");
    }
    assert!(stdout(&run(&["serve", "--help"])).contains("--listen"));
}

#[test]
fn version_is_that_of_the_package() {
    let expected = format!("parlance {}", env!("CARGO_PKG_VERSION"));
    assert!(stdout(&run(&["version"])).starts_with(&expected));
    assert_eq!(stdout(&run(&["--version"])).trim(), expected);
}

#[test]
fn a_printed_configuration_passes_the_check() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("parlance.toml");
    let printed = stdout(&run(&["config", "print"]));
    fs::write(&file, &printed).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(stdout(&run(&["--config", file, "config", "check"])), "OK\n");
    assert_eq!(stdout(&run(&["config", "check", "--config", file])), "OK\n");
    assert_eq!(
        stdout(
            &parlance()
                .args(["config", "check"])
                .env("PARLANCE_CONFIG", file)
                .output()
                .unwrap()
        ),
        "OK\n"
    );
    assert_eq!(
        stdout(&run(&["--config", file, "config", "print", "--effective"])),
        printed
    );
}

#[test]
fn an_unknown_key_names_the_nearest_and_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("parlance.toml");
    fs::write(&file, "# mine\n[tokens]\nttl_secnods = 60\n").unwrap();
    for command in [["config", "check"].as_slice(), &["serve"]] {
        let data = directory.path().join("data");
        let mut program = parlance();
        let output = program
            .arg("--config")
            .arg(&file)
            .arg("--data-dir")
            .arg(&data)
            .args(command)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let expected = format!(
            "error: {}:3:1: there is no setting \"tokens.ttl_secnods\"; did you mean \"tokens.ttl_seconds\"?\n",
            file.display()
        );
        assert_eq!(text(&output.stderr), expected);
        assert!(!data.exists());
    }
}

#[test]
fn the_environment_goes_before_the_file_and_flags_before_both() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("parlance.toml");
    fs::write(
        &file,
        "data_dir = \"from-file\"\n[tokens]\nttl_seconds = 100\n[messages]\nedit_window_seconds = 5\n",
    )
    .unwrap();
    let mut command = parlance();
    command
        .args([
            "config",
            "print",
            "--effective",
            "--data-dir",
            "from-flag",
            "--config",
        ])
        .arg(&file);
    command
        .env("PARLANCE_TOKENS__TTL_SECONDS", "200")
        .env("PARLANCE_DATA_DIR", "from-environment");
    let printed = stdout(&command.output().unwrap());
    for line in [
        "data_dir = \"from-flag\"",
        "ttl_seconds = 200",
        "edit_window_seconds = 5",
    ] {
        assert!(
            printed.lines().any(|printed| printed == line),
            "{line} in\n{printed}"
        );
    }
    let unknown = parlance()
        .args(["config", "check"])
        .env("PARLANCE_TOKENS_TTL", "1")
        .output()
        .unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("PARLANCE_TOKENS_TTL: no setting"));
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            stdout(&run(&["completions", shell])).contains("doctor"),
            "{shell}"
        );
    }
}

#[test]
fn output_cut_short_by_its_reader_is_no_failure() {
    let mut child = parlance()
        .args(["config", "print"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn serves_from_nothing_and_stops_on_sigterm() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let server = Server::start(&data);
    assert_eq!(
        fs::read_to_string(data.join("address")).unwrap(),
        format!("{}\n", server.address)
    );
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200"));
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
    assert!(server.get("/").starts_with("HTTP/1.1 200") && server.get("/").ends_with("quick-im"));
    assert!(server.get("/metrics").contains("process_resident_memory_bytes"));
    assert!(server.get("/metrics").contains("parlance_users_online 0.0"));
    assert!(
        server
            .get("/api/im/conversation/list")
            .starts_with("HTTP/1.1 401"),
        "the dialect is there"
    );
    assert!(server.get("/no/such/path").starts_with("HTTP/1.1 404"));
    for file in fs::read_dir(&data).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?} is open to others", file.path());
    }

    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
    assert!(!data.join("address").exists());
}

#[test]
fn doubled_slashes_of_gateway_clients_are_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let body = r#"{"session":"ann","platform":1}"#;
    for path in [
        "/inner/get_token",
        "//inner//get_token",
        "/inner/get_token/",
        "//inner/get_token//?x=1",
    ] {
        let answer = server.post(path, "", body);
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains(r#"{"code":0,"data":"#),
            "{path}: {answer}"
        );
    }
    assert!(server.get("//notify?protoc=ws").contains("10101"));
    let answer = server.get("/inner//get_token");
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    for path in ["/inner/", "//", "/inner/nothing", "//healthz", "/send_messages"] {
        let answer = server.get(path);
        assert!(
            answer.starts_with("HTTP/1.1 404") && answer.contains("text/plain"),
            "{path}: {answer}"
        );
    }
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn the_settings_say_who_may_call_internal_paths() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [
        ("PARLANCE_INTERNAL_TOKEN", "a token for the tests"),
        ("PARLANCE_INNER_ALLOW", "10.0.0.0/8"),
        ("PARLANCE_TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let server = Server::start_with(directory.path(), &settings);
    for (headers, code) in [
        ("", 10003),
        ("X-Internal-Token: a token for the test\r\n", 10003),
        ("X-Internal-Token: a token for the tests\r\n", 0),
        ("X-Forwarded-For: 10.1.1.1\r\n", 0),
        ("X-Forwarded-For: 11.1.1.1\r\n", 10003),
        (
            "X-Forwarded-For: 11.1.1.1\r\nX-Internal-Token: a token for the tests\r\n",
            0,
        ),
    ] {
        let answer = server.post("/inner/get_token", headers, r#"{"session":"ann","platform":1}"#);
        assert!(answer.starts_with("HTTP/1.1 200"), "{headers}: {answer}");
        assert!(
            answer.contains(&format!(r#"{{"code":{code},"#)),
            "{headers}: {answer}"
        );
    }
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn two_servers_never_share_a_data_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = Server::start(directory.path());
    let mut second = parlance();
    second
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(directory.path());
    let output = second.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    let expected = format!(
        "in use by process {}, listening on {}",
        first.child.id(),
        first.address
    );
    assert!(message.contains(&expected), "{message}");
    assert_eq!(first.stop().0, Some(0));
}

#[test]
fn secrets_that_others_can_read_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(Server::start(directory.path()).stop().0, Some(0));
    let file = directory.path().join("secrets.toml");
    fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let mut command = parlance();
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(directory.path());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains(&format!("chmod 600 '{}'", file.display())));
}

#[test]
fn weak_secrets_are_refused_for_other_machines() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = parlance();
    command
        .args(["serve", "--listen", "0.0.0.0:0", "--data-dir"])
        .arg(directory.path());
    let output = command.env("PARLANCE_INTERNAL_TOKEN", "12345").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(
        message.contains("PARLANCE_INTERNAL_TOKEN") && !message.contains("12345"),
        "{message}"
    );
}

#[test]
fn doctor_grades_by_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let doctor = |listen: &str| {
        let mut command = parlance();
        command
            .args(["doctor", "--listen", listen, "--data-dir"])
            .arg(&data);
        command
            .env("PARLANCE_LIMITS__CONNECTIONS_MAX", "1")
            .output()
            .unwrap()
    };
    let early = doctor("127.0.0.1:0");
    assert_ne!(early.status.code(), Some(2), "{early:?}");
    assert!(
        text(&early.stdout).contains("the first start makes it"),
        "{early:?}"
    );
    let server = Server::start(&data);
    let sound = doctor(&server.address.to_string());
    assert!(
        stdout(&sound).contains("the server of this data directory"),
        "{sound:?}"
    );
    assert!(text(&sound.stdout).contains("the database is whole"), "{sound:?}");
    assert_eq!(server.stop().0, Some(0));

    assert_eq!(doctor("0.0.0.0:0").status.code(), Some(1), "no TLS");
    fs::set_permissions(data.join("secrets.toml"), PermissionsExt::from_mode(0o644)).unwrap();
    let unsound = doctor("127.0.0.1:0");
    assert_eq!(unsound.status.code(), Some(2));
    assert!(
        text(&unsound.stdout)
            .lines()
            .any(|line| line.starts_with("fail  ") && line.contains("— run: chmod 600"))
    );
}

#[test]
fn certificate_and_key_make_it_https() {
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (directory.path().join("c.pem"), directory.path().join("k.pem"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let variables = [
        ("PARLANCE_TLS__CERTIFICATE", certificate.to_str().unwrap()),
        ("PARLANCE_TLS__KEY", key.to_str().unwrap()),
    ];
    let data = directory.path().join("data");
    let server = Server::start_with(&data, &variables);
    assert!(
        server.said.contains("listening on https://127.0.0.1:"),
        "{}",
        server.said
    );
    let plain = server.try_get("/healthz");
    assert!(
        !plain.is_ok_and(|answer| answer.contains("HTTP/1.1 200")),
        "plain HTTP is not answered"
    );
    assert_eq!(server.stop().0, Some(0));

    fs::write(&key, "no key").unwrap();
    let mut command = parlance();
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&data)
        .envs(variables);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains(&format!("error: {}: ", key.display())),
        "{output:?}"
    );
}

/// Runs `parlance --data-dir DATA user …` with a line on standard input.
fn user(data: &Path, arguments: &[&str], line: &str) -> Output {
    let mut command = parlance();
    command.arg("--data-dir").arg(data).arg("user").args(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    text(&output.stderr)
}

#[test]
fn the_first_start_tells_the_password_of_admin_once() {
    let directory = tempfile::tempdir().unwrap();
    let (code, said) = Server::start(directory.path()).stop();
    assert_eq!(code, Some(0));
    let line = said.lines().find(|line| line.contains("admin")).unwrap();
    let kept: toml::Table = fs::read_to_string(directory.path().join("secrets.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let password = kept["admin_password"].as_str().unwrap();
    assert!(line.contains(&format!("password {password} ")), "{line}");
    let (_, said) = Server::start(directory.path()).stop();
    assert!(!said.contains("admin"), "{said}");
}

#[test]
fn a_given_password_is_not_repeated() {
    let directory = tempfile::tempdir().unwrap();
    let (code, said) = Server::start_with(
        directory.path(),
        &[("PARLANCE_ADMIN_PASSWORD", "correct horse battery")],
    )
    .stop();
    assert_eq!(code, Some(0));
    assert!(!said.contains("admin") && !said.contains("horse"), "{said}");
    let kept = fs::read_to_string(directory.path().join("secrets.toml")).unwrap();
    assert!(
        !kept.contains("horse") && !kept.contains("admin_password ="),
        "{kept}"
    );
}

/// The list as (uid, name, role, status), without `admin`.
fn accounts(data: &Path) -> Vec<String> {
    let listed = stdout(&user(data, &["list"], ""));
    let mut lines = listed.lines();
    assert_eq!(lines.next(), Some("ID\tUID\tNAME\tROLE\tSTATUS"));
    let without_id = lines.map(|line| line.split_once('\t').unwrap().1.to_owned());
    without_id.filter(|line| !line.starts_with("admin\t")).collect()
}

fn manage_accounts(data: &Path) {
    let made = stdout(&user(data, &["add", "zhangsan", "--name", "张三"], ""));
    let password = made
        .lines()
        .find_map(|line| line.strip_prefix("password: "))
        .unwrap();
    assert!(password.len() >= 16, "{made}");
    assert!(refusal(&user(data, &["add", "zhangsan"], "")).contains("there is an account zhangsan already"));
    let told = user(
        data,
        &["add", "boss", "--role", "admin", "--password-stdin"],
        "correct horse battery\n",
    );
    assert_eq!(stdout(&told), "boss was made\n");
    assert_eq!(
        accounts(data),
        ["zhangsan\t张三\tUSER\tACTIVE", "boss\t\tADMIN\tACTIVE"]
    );

    stdout(&user(data, &["disable", "zhangsan"], ""));
    assert_eq!(accounts(data)[0], "zhangsan\t张三\tUSER\tDISABLED");
    stdout(&user(data, &["enable", "zhangsan"], ""));
    assert_eq!(accounts(data)[0], "zhangsan\t张三\tUSER\tACTIVE");
    assert!(stdout(&user(data, &["reset-password", "zhangsan"], "")).contains("password: "));
    assert!(refusal(&user(data, &["disable", "nobody"], "")).contains("there is no account nobody"));
    assert!(refusal(&user(data, &["disable", "admin"], "")).contains("admin cannot be changed"));
    assert!(refusal(&user(data, &["add", "a b"], "")).contains("visible characters"));
    assert!(refusal(&user(data, &["add", "x", "--password-stdin"], "tiny\n")).contains("characters"));
}

#[test]
fn accounts_are_managed_while_the_server_is_stopped() {
    let directory = tempfile::tempdir().unwrap();
    assert!(refusal(&user(directory.path(), &["list"], "")).contains("no database"));
    assert_eq!(Server::start(directory.path()).stop().0, Some(0));
    manage_accounts(directory.path());
}

#[test]
fn accounts_are_managed_while_the_server_runs() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    manage_accounts(directory.path());
    assert_eq!(server.stop().0, Some(0));
    assert_eq!(accounts(directory.path()).len(), 2, "what the server did is kept");
}

#[test]
fn the_demo_is_loaded_once_and_only_for_this_machine() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let demo = |listen: &str| {
        let mut command = parlance();
        command
            .args(["serve", "--demo", "--listen", listen, "--data-dir"])
            .arg(data);
        Server::run(command)
    };
    for _ in 0..2 {
        let server = demo("127.0.0.1:0");
        let address = server.address;
        let (code, said) = server.stop();
        assert_eq!(code, Some(0));
        assert!(
            said.contains(&format!("http://{address}/api/auth/login")),
            "{said}"
        );
        let names: Vec<_> = accounts(data)
            .iter()
            .map(|line| line.split('\t').next().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["xiaoming", "xiaohong", "alice", "bob"]);
    }
    let mut command = parlance();
    command
        .args(["serve", "--demo", "--listen", "0.0.0.0:0", "--data-dir"])
        .arg(data);
    assert!(refusal(&command.output().unwrap()).contains("the demo is not served on 0.0.0.0"));
}
