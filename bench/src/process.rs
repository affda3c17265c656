//! What `/proc` says about a process and about the kernel: CPU time and memory. Linux only.

use std::fs;
use std::time::Duration;

use serde::Serialize;

use crate::failure::{Context as _, Outcome, fail};

/// Memory of one process, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Memory {
    /// Resident pages.
    pub(crate) rss_bytes: u64,
    /// Resident pages, shared ones counted in proportion.
    pub(crate) pss_bytes: u64,
}

/// User and system time of all threads of a process so far, with the kernel's resolution (usually 10 ms).
pub(crate) fn cpu_time(pid: u32) -> Outcome<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).context(|| format!("cannot read {path}; is the server alive"))?;
    let ticks = parse_cpu_ticks(&stat)?;
    Ok(Duration::from_secs_f64(
        ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
    ))
}

/// Resident and proportional memory of a process.
pub(crate) fn memory(pid: u32) -> Outcome<Memory> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let rollup = fs::read_to_string(&path).context(|| format!("cannot read {path}; is the server alive"))?;
    Ok(Memory {
        rss_bytes: kib_field(&rollup, "Rss:")?,
        pss_bytes: kib_field(&rollup, "Pss:")?,
    })
}

/// Kernel memory in slabs (sockets, inodes, …) of the whole machine, in bytes.
pub(crate) fn kernel_slab_bytes() -> Outcome<u64> {
    let path = "/proc/meminfo";
    kib_field(
        &fs::read_to_string(path).context(|| format!("cannot read {path}"))?,
        "Slab:",
    )
}

/// Raises this process's (and so its children's) limit of open files to the hard limit.
///
/// # Errors
/// `files` do not fit under the hard limit.
pub(crate) fn allow_open_files(files: u64) -> Outcome<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let hard = getrlimit(Resource::Nofile).maximum;
    if hard.is_some_and(|maximum| maximum < files) {
        return fail(format!(
            "{files} open files are needed but the hard limit is {}; raise it (`ulimit -Hn`) or ask for fewer \
             connections",
            hard.unwrap_or_default()
        ));
    }
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: hard,
            maximum: hard,
        },
    )
    .context(|| "cannot raise the limit of open files".to_owned())
}

fn parse_cpu_ticks(stat: &str) -> Outcome<u64> {
    // The command name may hold spaces and brackets, so fields are counted from the last closing one.
    let fields = stat
        .rsplit_once(')')
        .map(|(_, fields)| fields)
        .unwrap_or_default();
    let mut ticks = fields.split_ascii_whitespace().skip(11).map(str::parse::<u64>);
    match (ticks.next(), ticks.next()) {
        (Some(Ok(user)), Some(Ok(system))) => Ok(user + system),
        _ => fail("/proc/PID/stat has an unknown form"),
    }
}

fn kib_field(text: &str, name: &str) -> Outcome<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    match line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok()) {
        Some(kib) => Ok(kib * 1_024),
        None => fail(format!("the kernel does not report {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_added_whatever_the_command_is_called() {
        let stat = "4242 (a) b (c)) S 1 4242 4242 0 -1 4194560 100 0 0 0 250 50 7 8 20 0 3 0 99 1 2";
        assert_eq!(parse_cpu_ticks(stat).unwrap(), 300);
        assert!(parse_cpu_ticks("garbage").is_err());
    }

    #[test]
    fn memory_fields_are_kibibytes() {
        let rollup = "0-1 ---p 0 0:0 0 [rollup]\nRss:                1640 kB\nPss:                 260 kB\n";
        assert_eq!(kib_field(rollup, "Rss:").unwrap(), 1_640 * 1_024);
        assert_eq!(kib_field(rollup, "Pss:").unwrap(), 260 * 1_024);
        assert!(kib_field(rollup, "Swap:").is_err());
    }

    #[test]
    fn this_process_can_be_measured() {
        assert!(cpu_time(std::process::id()).is_ok());
        assert!(memory(std::process::id()).unwrap().rss_bytes > 0);
        assert!(kernel_slab_bytes().unwrap() > 0);
    }
}
