//! The files that the checks look at, and what a check reports.
//!
//! A tree is read from disk or made up by a test; checks never touch the disk themselves.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

/// Directories that hold no source of ours, wherever they are.
const SKIPPED_DIRECTORIES: &[&str] = &["target", "node_modules", ".venv", ".git"];

/// What the names of run-time data directories begin with.
const DATA_DIRECTORY_PREFIX: &str = "parlance-data";

/// The file by which Cargo marks its build directories, whatever their name.
const BUILD_DIRECTORY_TAG: &str = "CACHEDIR.TAG";

/// One text file of the repository.
#[derive(Debug, Clone)]
pub struct TreeFile {
    /// Path from the repository's root, with `/` between its parts.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl TreeFile {
    /// The file's name with its extension.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The directory the file lies in, empty for the root.
    #[must_use]
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }
}

/// Every text file of the repository, ordered by path.
#[derive(Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, TreeFile>,
}

impl Tree {
    /// Makes a tree from paths and texts.
    #[must_use]
    pub fn from_files(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.insert((*path).to_owned(), (*text).to_owned());
        }
        tree
    }

    /// Reads the repository at `root`, leaving out build output, data directories and version control.
    /// A file that is not UTF-8 is kept with an empty text, so that links to it resolve.
    ///
    /// # Errors
    /// When a directory or file cannot be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.read_directory(root, "")?;
        Ok(tree)
    }

    fn read_directory(&mut self, directory: &Path, prefix: &str) -> io::Result<()> {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}/{name}")
            };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let skipped = SKIPPED_DIRECTORIES.contains(&name.as_str())
                    || name.starts_with(DATA_DIRECTORY_PREFIX)
                    || entry.path().join(BUILD_DIRECTORY_TAG).exists();
                if !skipped {
                    self.read_directory(&entry.path(), &path)?;
                }
            } else if kind.is_file() {
                let text = String::from_utf8(std::fs::read(entry.path())?).unwrap_or_default();
                self.insert(path, text);
            }
        }
        Ok(())
    }

    fn insert(&mut self, path: String, text: String) {
        self.files.insert(path.clone(), TreeFile { path, text });
    }

    /// The file at exactly this path.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&TreeFile> {
        self.files.get(path)
    }

    /// Every file whose path ends with `.extension`.
    pub fn with_extension<'tree>(&'tree self, extension: &str) -> impl Iterator<Item = &'tree TreeFile> {
        let ending = format!(".{extension}");
        self.files
            .values()
            .filter(move |file| file.path.ends_with(&ending))
    }

    /// Every file with exactly this name, in any directory.
    pub fn named<'tree>(&'tree self, name: &'tree str) -> impl Iterator<Item = &'tree TreeFile> {
        self.files.values().filter(move |file| file.name() == name)
    }

    /// Every file directly in `directory`.
    pub fn in_directory<'tree>(&'tree self, directory: &'tree str) -> impl Iterator<Item = &'tree TreeFile> {
        self.files
            .values()
            .filter(move |file| file.directory() == directory)
    }

    /// Whether a file or a directory lies at this path; the root itself is the empty path.
    #[must_use]
    pub fn holds(&self, path: &str) -> bool {
        let directory = format!("{path}/");
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.keys().any(|known| known.starts_with(&directory))
    }
}

/// One breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file at fault, from the repository's root.
    pub path: String,
    /// Its line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl Finding {
    /// A finding at one line, or at the whole file when `line` is 0.
    #[must_use]
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.path, self.message),
            line => write!(formatter, "{}:{line}: {}", self.path, self.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_files_and_the_directories_above_them() {
        let tree = Tree::from_files(&[("docs/adr/0001-a.md", "")]);
        assert!(tree.holds("docs/adr/0001-a.md"));
        assert!(tree.holds("docs/adr"));
        assert!(tree.holds(""));
        assert!(!tree.holds("docs/ad"));
    }

    #[test]
    fn selects_by_extension_name_and_directory() {
        let tree = Tree::from_files(&[("a/Cargo.toml", ""), ("a/src/lib.rs", ""), ("b/Cargo.toml", "")]);
        assert_eq!(tree.with_extension("rs").count(), 1);
        assert_eq!(tree.named("Cargo.toml").count(), 2);
        assert_eq!(tree.in_directory("a").count(), 1);
    }

    #[test]
    fn a_finding_prints_its_line_only_when_it_has_one() {
        assert_eq!(
            Finding::new("a.rs", 3, "too long").to_string(),
            "a.rs:3: too long"
        );
        assert_eq!(Finding::new("a.rs", 0, "too long").to_string(), "a.rs: too long");
    }
}
