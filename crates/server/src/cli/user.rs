//! `parlance user`: the words of its commands, and the way to whoever can carry them out: the running server if there
//! is one, otherwise the database itself. The work is done in `user.rs`.

use std::io::{BufRead, Read};
use std::path::PathBuf;

use clap::Subcommand;
use parlance_core::Core;

use super::{Environment, print, runtime, say};
use crate::config::Config;
use crate::control;
use crate::data_dir::{self, DataDir};
use crate::failure::Failure;
use crate::secrets::{self, Given, Secrets};
use crate::serve;
use crate::user::{self, Accounts, Operator, Reply, Request, Role};

/// Longest password that is read, in bytes.
const PASSWORD_BYTES_MAX: u64 = 1024;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make an account, with a generated password unless one is given
    Add {
        /// Text id to log in with, unique on this server
        uid: String,
        /// Shown name
        #[arg(long, default_value = "")]
        name: String,
        /// What the account may do
        #[arg(long, value_enum, default_value = "user")]
        role: Role,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// List all accounts, one a line, columns apart by tabs
    List,
    /// Close an account: its tokens end at once and it cannot log in
    Disable {
        /// Whose
        uid: String,
    },
    /// Open a closed account again
    Enable {
        /// Whose
        uid: String,
    },
    /// Give an account a new password, generated unless one is given; its tokens end at once
    ResetPassword {
        /// Whose
        uid: String,
        #[command(flatten)]
        password: PasswordSource,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct PasswordSource {
    /// Read the password from the first line of standard input instead of making one
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    /// The password, and whether somebody has to be told it.
    fn take(&self, config: &Config) -> Result<(String, bool), Failure> {
        if !self.password_stdin {
            return Ok((secrets::random_password(), true));
        }
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .take(PASSWORD_BYTES_MAX)
            .read_line(&mut line)
            .map_err(|error| {
                Failure::new(
                    format!("no password can be read from standard input: {error}"),
                    "",
                )
            })?;
        let password = line.trim_end_matches(['\r', '\n']).to_owned();
        match secrets::password_weakness(&password) {
            Some(reason) if !config.listen.ip().is_loopback() => Err(Failure::new(
                format!("the password {reason}"),
                "choose another, or leave it to be made",
            )),
            Some(reason) => {
                say(&format!("warning: the password {reason}"));
                Ok((password, false))
            }
            None => Ok((password, false)),
        }
    }
}

/// Carries a command out.
pub(super) fn run(command: UserCommand, config: &Config, environment: &Environment) -> Result<(), Failure> {
    match command {
        UserCommand::Add {
            uid,
            name,
            role,
            password,
        } => {
            let (password, tell) = password.take(config)?;
            let way = Way::find(config, environment)?;
            way.ask(Request::Add {
                uid: uid.clone(),
                name,
                role,
                password: password.clone(),
            })?;
            done(&format!("{uid} was made"), tell.then_some(&password));
        }
        UserCommand::ResetPassword { uid, password } => {
            let (password, tell) = password.take(config)?;
            let way = Way::find(config, environment)?;
            way.ask(Request::ResetPassword {
                uid: uid.clone(),
                password: password.clone(),
            })?;
            done(&format!("{uid} has a new password"), tell.then_some(&password));
        }
        UserCommand::Disable { uid } => {
            Way::find(config, environment)?.ask(Request::Disable { uid: uid.clone() })?;
            done(&format!("{uid} is closed"), None);
        }
        UserCommand::Enable { uid } => {
            Way::find(config, environment)?.ask(Request::Enable { uid: uid.clone() })?;
            done(&format!("{uid} is open"), None);
        }
        UserCommand::List => list(&Way::find(config, environment)?)?,
    }
    Ok(())
}

fn done(what: &str, password: Option<&String>) {
    let password = password.map_or_else(String::new, |password| format!("password: {password}\n"));
    print(&format!("{what}\n{password}"));
}

fn list(way: &Way) -> Result<(), Failure> {
    print(user::LIST_HEAD);
    let mut after_id = 0;
    loop {
        let Reply::Accounts(page) = way.ask(Request::List { after_id })? else {
            return Ok(());
        };
        print(&user::list(&page));
        match page.last() {
            Some(last) => after_id = last.id,
            None => return Ok(()),
        }
    }
}

/// How to reach the accounts.
enum Way {
    /// Nobody else has the data directory: straight into the database.
    Direct {
        runtime: tokio::runtime::Runtime,
        core: Core,
        _data: DataDir,
    },
    /// Through the server that has it.
    Running(PathBuf),
}

impl Way {
    fn find(config: &Config, environment: &Environment) -> Result<Self, Failure> {
        let path = &config.data_dir;
        if !path.join(serve::DATABASE).exists() {
            return Err(Failure::new(
                format!("there is no database in {} yet", path.display()),
                "start the server once, or name its data directory with --data-dir",
            ));
        }
        let data = match DataDir::take(path) {
            Ok(data) => data,
            Err(_) if data_dir::holder(path).is_some() => return Ok(Self::Running(path.clone())),
            Err(failure) => return Err(failure),
        };
        let secrets = Secrets::open(path, Given::from_environment(environment)?)?;
        let runtime = runtime()?;
        let core = runtime.block_on(serve::open_core(config, &secrets, path))?;
        Ok(Self::Direct {
            runtime,
            core,
            _data: data,
        })
    }

    fn ask(&self, request: Request) -> Result<Reply, Failure> {
        match self {
            Self::Direct { runtime, core, .. } => runtime.block_on(Operator::new(core.clone()).run(request)),
            Self::Running(path) => control::ask(path, &request),
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Self::Direct { core, .. } = self {
            core.close();
        }
    }
}
