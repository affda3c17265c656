//! Brings a database to this program's schema, one numbered step after the other, each in its own transaction.

use rusqlite::Connection;

use crate::error::{Error, ErrorKind, Result};

/// Every step, oldest first. A step that was released is never edited; a change is a new step.
const STEPS: &[&str] = &[
    include_str!("../migrations/sqlite/0001_initial.sql"),
    include_str!("../migrations/sqlite/0002_apps_and_channels.sql"),
];

/// The schema this program writes.
pub(crate) fn current() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// The schema the database has; 0 for an empty one.
pub(crate) fn version(connection: &Connection) -> Result<i64> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Applies what is missing. An interrupted step leaves nothing behind and runs again at the next start.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    let have = version(connection)?;
    if have > current() {
        return Err(Error::new(
            ErrorKind::Newer,
            format!(
                "the database has schema {have}, this program knows up to {}: start the newer parlance again, \
                 or restore a backup made before the upgrade",
                current()
            ),
        ));
    }
    for (index, step) in STEPS.iter().enumerate().skip(usize::try_from(have).unwrap_or(0)) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}
