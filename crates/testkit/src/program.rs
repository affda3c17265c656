//! Programs that nobody here wrote, run against a server: a bound on their time, their words when they fail, and no
//! child left behind.
//!
//! Not in here: what a program says or should do. That is in the test that starts it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long a program may take for one answer, or for its end. Only a failing test ever waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the foreign clients and what they need lie.
pub(crate) fn clients_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients")
}

/// A running program. What it writes to standard error goes where the test's own goes; killed with all its children
/// when dropped.
pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    said: Vec<String>,
}

impl Program {
    /// Starts a program.
    ///
    /// # Panics
    /// When it cannot be started.
    #[expect(clippy::expect_used, reason = "a test cannot go on without its program")]
    pub fn start(mut command: Command) -> Self {
        let started = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => panic!("{command:?}: {error}; run scripts/prepare.sh clients"),
        };
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a piped output")).lines();
        Self {
            child,
            input,
            output,
            said: Vec::new(),
        }
    }

    /// A program in Python, with the packages that `tests/clients/requirements.txt` names.
    pub fn python(file: &Path) -> Self {
        let mut command = Command::new(clients_directory().join(".venv/bin/python"));
        command.arg("-B").arg(file).env("PYTHONIOENCODING", "utf-8");
        Self::start(command)
    }

    /// A program in JavaScript of `tests/clients`, with the packages that lie there and a directory to leave its
    /// files in.
    pub fn node(file: &str, directory: &Path) -> Self {
        let mut command = Command::new("node");
        command
            .arg(clients_directory().join(file))
            .arg(directory)
            .env("TMPDIR", directory);
        Self::start(command)
    }

    /// Writes a line to its input.
    ///
    /// # Panics
    /// When it does not read any more.
    #[expect(
        clippy::expect_used,
        reason = "only `finish` takes the input, and the program with it"
    )]
    pub async fn say(&mut self, line: &str) {
        let line = format!("{line}\n");
        let input = self.input.as_mut().expect("a piped input");
        if let Err(error) = input.write_all(line.as_bytes()).await {
            panic!("the program reads no more: {error}; it said {:?}", self.said);
        }
    }

    /// The next line of its output.
    ///
    /// # Panics
    /// When none comes.
    pub async fn line(&mut self) -> String {
        match tokio::time::timeout(PATIENCE, self.output.next_line()).await {
            Ok(Ok(Some(line))) => {
                self.said.push(line.clone());
                line
            }
            Ok(Ok(None)) => panic!("the program ended early; it said {:?}", self.said),
            Ok(Err(error)) => panic!("the program's output cannot be read: {error}"),
            Err(_) => panic!("no word from the program in time; it said {:?}", self.said),
        }
    }

    /// Ends its input, waits until it ends well, and gives all lines of its output.
    ///
    /// # Panics
    /// When it ends in failure, or not in time.
    pub async fn finish(mut self) -> Vec<String> {
        drop(self.input.take());
        let ended = tokio::time::timeout(PATIENCE, async {
            while let Ok(Some(line)) = self.output.next_line().await {
                self.said.push(line);
            }
            self.child.wait().await
        });
        let ended = ended.await;
        match ended {
            Ok(Ok(status)) if status.success() => std::mem::take(&mut self.said),
            Ok(status) => panic!("the program failed: {status:?}; it said {:?}", self.said),
            Err(_) => panic!("the program does not end; it said {:?}", self.said),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // None when it has ended and was waited for.
        let root = self.child.id().and_then(|id| i32::try_from(id).ok());
        for pid in root.into_iter().flat_map(family) {
            let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, Signal::KILL));
        }
    }
}

/// A process and all that descend from it, by what the system says of every process.
fn family(root: i32) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let parents: Vec<(i32, i32)> = entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name in parentheses may hold anything; state and parent come after it.
            let (_, rest) = stat.rsplit_once(')')?;
            Some((pid, rest.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        let children = parents.iter().filter(|(_, of)| *of == parent);
        family.extend(children.map(|(pid, _)| *pid));
        next += 1;
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Program::start(command)
    }

    #[tokio::test]
    async fn a_dropped_program_takes_its_children_with_it() {
        let mut program = shell("sh -c 'sleep 600 & echo $!; wait' & wait");
        let grandchild: i32 = program.line().await.parse().unwrap_or_default();
        let alive = || {
            // A killed process stays as a zombie where nobody collects it.
            let stat = std::fs::read_to_string(format!("/proc/{grandchild}/stat"));
            stat.is_ok_and(|stat| !stat.contains(") Z "))
        };
        assert!(alive(), "the grandchild runs");
        drop(program);
        let gone = async {
            while alive() {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, gone).await.is_ok(), "it is gone");
    }

    #[tokio::test]
    async fn it_answers_and_ends() {
        let mut program = shell("read a; echo \"heard $a\"; echo done");
        program.say("one").await;
        assert_eq!(program.line().await, "heard one");
        assert_eq!(program.finish().await, ["heard one", "done"]);
    }

    #[tokio::test]
    #[should_panic(expected = "the program failed")]
    async fn a_failure_is_told() {
        shell("exit 3").finish().await;
    }
}
