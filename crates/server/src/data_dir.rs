//! The data directory: made at first start, locked while a server runs, and told the address of that server. What
//! the database and the secrets look like inside is not known here.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Name of the file that a running server keeps locked.
const LOCK: &str = "lock";
/// Name of the file with the address of the running server.
const ADDRESS: &str = "address";
/// Only the owner may look into a new data directory.
const DIRECTORY_MODE: u32 = 0o700;
/// Only the owner may read a new file in it.
const FILE_MODE: u32 = 0o600;
/// Longest process number that is read from a lock file, in bytes.
const PROCESS_BYTES_MAX: u64 = 20;

/// A data directory that belongs to this process until dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Holds the lock; the system lets it go when the process ends, however it ends.
    _lock: File,
}

impl DataDir {
    /// Makes the directory if it is missing, and takes it for this process.
    ///
    /// # Errors
    /// When it cannot be made or written, or another process has it.
    pub fn take(path: &Path) -> Result<Self, Failure> {
        DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(path)
            .map_err(|error| {
                Failure::new(
                    format!("cannot make the data directory {}: {error}", path.display()),
                    "make it by hand for the user the server runs as, or choose another with --data-dir",
                )
            })?;
        let mut lock = open_lock(path).map_err(|error| cannot_write(path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(path, &process_in(&mut lock))),
            Err(TryLockError::Error(error)) => {
                return Err(Failure::new(
                    format!("cannot lock {}: {error}", path.join(LOCK).display()),
                    "use a data directory on a local disk",
                ));
            }
        }
        note_process(&mut lock).map_err(|error| cannot_write(path, &error))?;
        let data = Self {
            path: path.to_owned(),
            _lock: lock,
        };
        // An address left by a server that was killed would send scripts to the wrong place.
        data.forget_address();
        Ok(data)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the address the server really listens on, in one step, so that nobody reads half of it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_address(&self, address: SocketAddr) -> Result<(), Failure> {
        write_whole(&self.path.join(ADDRESS), format!("{address}\n").as_bytes())
            .map_err(|error| cannot_write(&self.path, &error))
    }

    /// Takes the address away, when the server no longer listens there.
    pub fn forget_address(&self) {
        if let Err(error) = std::fs::remove_file(self.path.join(ADDRESS))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the address file cannot be removed");
        }
    }
}

/// The address of the server that runs on this data directory, if it wrote one.
#[must_use]
pub fn address(path: &Path) -> Option<SocketAddr> {
    std::fs::read_to_string(path.join(ADDRESS))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Whether some process, and which, has taken the directory. Looks only; takes nothing for longer than a moment.
#[must_use]
pub fn holder(path: &Path) -> Option<String> {
    let mut lock = OpenOptions::new().read(true).open(path.join(LOCK)).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(process_in(&mut lock)),
        _ => None,
    }
}

/// Writes a file for the owner's eyes only, in one step and down to the disk.
///
/// # Errors
/// When the directory cannot be written; the old file is then untouched.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let aside = PathBuf::from(name);
    let done = (|| {
        match std::fs::remove_file(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&aside)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&aside, path)?;
        path.parent()
            .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
    })();
    if done.is_err() {
        _ = std::fs::remove_file(&aside);
    }
    done
}

/// Makes a file that only its owner can read, empty, unless there is one already. What SQLite makes beside its
/// database gets the same mode.
///
/// # Errors
/// When the directory cannot be written.
pub fn make_private(path: &Path) -> io::Result<()> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(path.join(LOCK))
}

fn note_process(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

fn process_in(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.take(PROCESS_BYTES_MAX).read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => format!("process {}", text.trim()),
        _ => "another process".to_owned(),
    }
}

fn taken(path: &Path, holder: &str) -> Failure {
    let address = address(path).map_or_else(String::new, |address| format!(", listening on {address}"));
    Failure::new(
        format!(
            "the data directory {} is in use by {holder}{address}",
            path.display()
        ),
        "stop that server first, or give this one its own directory with --data-dir",
    )
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        format!("cannot write into the data directory {}: {error}", path.display()),
        "make the user the server runs as its owner, or choose another with --data-dir",
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_directory_is_private_and_one_process_has_it() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        assert_eq!(holder(&path), None);
        let first = DataDir::take(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        first.write_address("127.0.0.1:4321".parse().unwrap()).unwrap();

        let refused = DataDir::take(&path).unwrap_err();
        let expected = format!(
            "the data directory {} is in use by process {}, listening on 127.0.0.1:4321",
            path.display(),
            std::process::id()
        );
        assert_eq!(refused.what(), expected);
        assert_eq!(holder(&path), Some(format!("process {}", std::process::id())));
        assert_eq!(
            address(&path),
            Some("127.0.0.1:4321".parse().unwrap()),
            "a refused start leaves it alone"
        );

        drop(first);
        assert_eq!(holder(&path), None);
        let _second = DataDir::take(&path).unwrap();
        assert_eq!(address(&path), None, "an old address is gone");
    }

    #[test]
    fn a_file_in_its_place_is_told() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file");
        std::fs::write(&path, "").unwrap();
        assert!(
            DataDir::take(&path)
                .unwrap_err()
                .what()
                .contains("cannot make the data directory")
        );
    }

    #[test]
    fn write_whole_replaces_and_leaves_nothing_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        std::fs::write(directory.path().join("x.tmp"), "left by a crash").unwrap();
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
