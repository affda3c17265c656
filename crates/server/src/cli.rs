//! The command line: its words, its help, and which function each command calls. No command does its work here.

mod user;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::sources::{Problem, Sources};
use crate::config::{self, Loaded};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::secrets::{Given, Secrets};
use crate::serve::Content;
use crate::{doctor, logging, open_files, serve};

/// Exit code when the configuration is wrong, the same that a wrong command line has.
const MISCONFIGURED: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  parlance serve                             listen on 127.0.0.1:8080, keep data in ./parlance-data
  parlance serve --listen 0.0.0.0:8080       be reached from other machines
  parlance config print > parlance.toml      a file with every setting and what it means
  parlance --config parlance.toml config check
  parlance --config parlance.toml serve
  parlance user add zhangsan --name 张三     make an account; its password is printed
  parlance doctor                            look for trouble and say what to do
  parlance completions bash > /etc/bash_completion.d/parlance

Every setting can also be an environment variable: messages.edit_window_seconds is
PARLANCE_MESSAGES__EDIT_WINDOW_SECONDS.";

/// A messaging server in one program: several chat APIs over one store.
#[derive(Debug, Parser)]
#[command(name = "parlance", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Common {
    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE", global = true, env = "PARLANCE_CONFIG")]
    config: Option<PathBuf>,
    /// Keep everything in this directory instead of ./parlance-data
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until it gets SIGTERM or Ctrl-C
    #[command(after_help = "\
At first start a password for the user admin is made and printed once. It is kept with the other secrets in
secrets.toml in the data directory. To choose it yourself, set PARLANCE_ADMIN_PASSWORD.

The address the server really listens on is printed, and written to the file `address` in the data directory.")]
    Serve {
        /// Listen on this address; port 0 takes any free port
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
        /// Load people, groups and messages to play with, and say how
        #[arg(long)]
        demo: bool,
    },
    /// Add and manage accounts, also while the server runs
    #[command(subcommand)]
    User(user::UserCommand),
    /// Check or print the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look for trouble: data directory, permissions, secrets, settings, clock, port, database
    #[command(after_help = "Exit code: 0 all is well, 1 there are warnings, 2 something has to be mended.")]
    Doctor {
        /// Check this address instead of the configured one
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
    },
    /// Print the version
    Version,
    /// Print a completion script for a shell
    Completions {
        /// The shell to complete in
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Say OK, or everything that is wrong with the file and the environment
    Check,
    /// Print every setting with its default and what it means, as TOML
    Print {
        /// Print the values in force instead of the defaults
        #[arg(long)]
        effective: bool,
    },
}

/// Runs the command line of the process.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let environment: Vec<_> = std::env::vars_os().collect();
    let Cli { common, command } = cli;
    match command {
        Command::Serve { listen, demo } => {
            let content = if demo { Content::Demo } else { Content::Own };
            with_settings(common, listen, &environment, |loaded, environment| {
                run_server(loaded, environment, content)
            })
        }
        Command::User(command) => with_settings(common, None, &environment, |loaded, environment| {
            done(user::run(command, &loaded.config, environment))
        }),
        Command::Config(ConfigCommand::Check) => {
            with_settings(common, None, &environment, |_, _| print("OK\n"))
        }
        Command::Config(ConfigCommand::Print { effective: false }) => print(&config::print::default_toml()),
        Command::Config(ConfigCommand::Print { effective: true }) => {
            with_settings(common, None, &environment, |loaded, _| {
                print(&config::print::toml_with(&loaded.values))
            })
        }
        Command::Doctor { listen } => run_doctor(sources(common, listen, &environment), &environment),
        Command::Version => print(&version()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "parlance", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }
}

type Environment = [(OsString, OsString)];

fn sources(common: Common, listen: Option<String>, environment: &Environment) -> Sources {
    let mut flags = Vec::new();
    flags.extend(listen.map(|text| ("listen", text)));
    flags.extend(common.data_dir.map(|text| ("data_dir", text)));
    // Container tools pass on variables that nobody set as empty ones.
    let file = common.config.filter(|path| !path.as_os_str().is_empty());
    Sources {
        file,
        environment: environment.to_vec(),
        flags,
    }
}

fn with_settings(
    common: Common,
    listen: Option<String>,
    environment: &Environment,
    then: impl FnOnce(Loaded, &Environment) -> ExitCode,
) -> ExitCode {
    match config::load(&sources(common, listen, environment)) {
        Ok(loaded) => then(loaded, environment),
        Err(problems) => misconfigured(&problems),
    }
}

fn run_server(loaded: Loaded, environment: &Environment, content: Content) -> ExitCode {
    let config = loaded.config;
    let served = logging::start(&config.log).and_then(|()| {
        open_files::raise();
        let data = DataDir::take(&config.data_dir)?;
        let secrets = Secrets::open(data.path(), Given::from_environment(environment)?)?;
        runtime()?.block_on(serve::run(config, secrets, data, content))
    });
    done(served)
}

fn run_doctor(sources: Sources, environment: &Environment) -> ExitCode {
    let report = doctor::examine(&sources, environment, doctor::look_at_database);
    print(&report.text(std::io::stdout().is_terminal()));
    ExitCode::from(report.worst().exit_code())
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                format!("threads cannot be started: {error}"),
                "raise the limit of processes (ulimit -u)",
            )
        })
}

fn version() -> String {
    format!(
        "parlance {} ({} {})\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

fn misconfigured(problems: &[Problem]) -> ExitCode {
    for problem in problems {
        say(&format!("error: {problem}"));
    }
    ExitCode::from(MISCONFIGURED)
}

fn done(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("error: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output. A reader that has seen enough, as `head` does, is no failure.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            say(&format!("error: cannot write to standard output: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Writes a line to standard error; when even that is closed, nobody is left to tell.
fn say(line: &str) {
    _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_made() {
        Cli::command().debug_assert();
    }
}
