//! Reads of files: one that the caller may open, the caller's own, and what the housekeeping looks for.

use parlance_store::Tx;
use parlance_store::table::file::{self, StoredFile};

use crate::core::{Query, ReadContext};
use crate::error::{Error, ErrorKind, Result};
use crate::files::Category;
use crate::policy;
use crate::types::{FileId, FileRef, FileView, Timestamp};

/// Files on one page.
const PAGE_FILES_MAX: i64 = 200;
/// Erasures taken up at a time.
const ERASURES_MAX: i64 = 100;
/// Times that statistics count from.
const TIMES_MAX: usize = 8;

/// A file that the caller may open.
///
/// # Errors
/// `FileMissing`, whether there is none or it is not the caller's to read.
#[derive(Clone, Debug)]
pub struct FileByRef {
    /// Which.
    pub file: FileRef,
}

impl Query for FileByRef {
    type Answer = FileView;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<FileView> {
        let file = policy::readable_file(cx.tx, cx.actor, &self.file).await?;
        FileView::load(cx.tx, file).await
    }
}

/// A file that everybody may read.
pub(crate) struct PublicFile {
    pub(crate) storage_key: String,
}

impl Query for PublicFile {
    type Answer = StoredFile;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<StoredFile> {
        let found = file::by_key(cx.tx, &self.storage_key).await?;
        found
            .filter(|file| file.public && file.deleted_at.is_none())
            .ok_or_else(|| ErrorKind::FileMissing.into())
    }
}

/// A file for which somebody has a link of ours, which is the permission.
pub(crate) struct LinkedFile {
    pub(crate) storage_key: String,
}

impl Query for LinkedFile {
    type Answer = StoredFile;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<StoredFile> {
        let found = file::by_key(cx.tx, &self.storage_key).await?;
        found
            .filter(|file| file.deleted_at.is_none())
            .ok_or_else(|| ErrorKind::FileMissing.into())
    }
}

/// The caller's own files, newest first, pictures of the profile excepted.
#[derive(Clone, Debug)]
pub struct OwnFiles {
    /// Of this category only.
    pub category: Option<Category>,
    /// With a smaller number than this.
    pub before: Option<FileId>,
    /// How many; at most 200.
    pub limit: i64,
}

impl Query for OwnFiles {
    type Answer = Vec<FileView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<FileView>> {
        let category = self.category.map(Category::as_str);
        let before = self.before.unwrap_or(i64::MAX);
        let limit = self.limit.clamp(0, PAGE_FILES_MAX);
        let files = file::page_of_owner(cx.tx, cx.actor.user_id, category, before, limit).await?;
        let owner = FileView::owner(cx.tx, cx.actor.user_id).await?;
        let view = |file| FileView {
            file,
            owner: owner.clone(),
        };
        Ok(files.into_iter().map(view).collect())
    }
}

/// What the caller's own files come to.
///
/// # Errors
/// `Invalid` for more than 8 times.
#[derive(Clone, Debug)]
pub struct FileStatistics {
    /// Count uploads since each of these times.
    pub since: Vec<Timestamp>,
}

/// Files of one category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryTotal {
    /// Which.
    pub category: Category,
    /// How many files.
    pub files: i64,
    /// How many bytes.
    pub bytes: i64,
    /// How often they were fetched.
    pub downloads: i64,
}

/// What somebody's files come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTotals {
    /// Every category, also empty ones.
    pub categories: Vec<CategoryTotal>,
    /// Uploads since each of the times asked for.
    pub since: Vec<i64>,
}

impl Query for FileStatistics {
    type Answer = FileTotals;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<FileTotals> {
        if self.since.len() > TIMES_MAX {
            return Err(Error::invalid(format!(
                "statistics count from at most {TIMES_MAX} times"
            )));
        }
        let found = file::totals(cx.tx, cx.actor.user_id).await?;
        let total = |category: Category| {
            let row = found.iter().find(|row| row.0 == category.as_str());
            let (files, bytes, downloads) = row.map_or((0, 0, 0), |row| (row.1, row.2, row.3));
            CategoryTotal {
                category,
                files,
                bytes,
                downloads,
            }
        };
        let categories = Category::ALL.into_iter().map(total).collect();
        let mut since = Vec::with_capacity(self.since.len());
        for time in &self.since {
            since.push(file::count_since(cx.tx, cx.actor.user_id, *time).await?);
        }
        Ok(FileTotals { categories, since })
    }
}

/// Whether a file that is not deleted lies under a key.
pub(crate) struct HasFile {
    pub(crate) storage_key: String,
}

impl Query for HasFile {
    type Answer = bool;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<bool> {
        let found = file::by_key(cx.tx, &self.storage_key).await?;
        Ok(found.is_some_and(|file| file.deleted_at.is_none()))
    }
}

/// Keys of bytes that are to be erased, some at a time.
pub(crate) struct PendingErasures;

impl Query for PendingErasures {
    type Answer = Vec<String>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<String>> {
        Ok(file::erasures(cx.tx, ERASURES_MAX).await?)
    }
}
