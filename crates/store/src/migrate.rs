//! Brings a database to this program's schema, one numbered step after the other, each in its own transaction.

use rusqlite::Connection;

use crate::error::{Error, ErrorKind, Result};

/// Every step, oldest first. A step that was released is never edited; a change is a new step.
const STEPS: &[&str] = &[
    include_str!("../migrations/sqlite/0001_initial.sql"),
    include_str!("../migrations/sqlite/0002_apps_and_channels.sql"),
    include_str!("../migrations/sqlite/0003_tenants_and_groups.sql"),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A database as the step with this number has left it.
    fn at_step(number: usize) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for step in &STEPS[..number] {
            connection.execute_batch(step).unwrap();
        }
        connection
            .pragma_update(None, "user_version", i64::try_from(number).unwrap())
            .unwrap();
        connection
    }

    /// The first column of every row.
    fn texts(connection: &Connection, sql: &str) -> Vec<Option<String>> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<std::result::Result<_, _>>().unwrap()
    }

    #[test]
    fn groups_and_extras_of_an_older_database_are_carried_over() {
        let mut connection = at_step(1);
        connection
            .execute_batch(
                "INSERT INTO conversations (id, tenant_id, kind, created_at, updated_at) \
                 VALUES (1, 1, 1, 0, 0), (2, 1, 2, 0, 0), (3, 1, 2, 0, 0); \
                 INSERT INTO messages (id, conversation_id, seq, content_type, content, extra, created_at) \
                 VALUES (1, 2, 1, 'TEXT', 'a', '{\"k\":1}', 0), (2, 2, 2, 'TEXT', 'b', NULL, 0);",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), current());
        let uuids = texts(&connection, "SELECT uuid FROM conversations ORDER BY id");
        assert_eq!(uuids[0], None, "only groups have one");
        for uuid in &uuids[1..] {
            let uuid = uuid.as_ref().unwrap();
            let form: String = uuid.chars().map(|c| if c == '-' { '-' } else { 'x' }).collect();
            assert_eq!(form, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
            assert_eq!(uuid.as_bytes()[14], b'4');
            assert!(b"89ab".contains(&uuid.as_bytes()[19]));
        }
        assert_ne!(uuids[1], uuids[2]);
        let extras = texts(&connection, "SELECT extra FROM messages ORDER BY id");
        assert_eq!(extras, [Some("ruoyi {\"k\":1}".to_owned()), None]);
    }

    #[test]
    fn every_step_runs_once_whatever_the_start() {
        for number in 0..=STEPS.len() {
            let mut connection = at_step(number);
            migrate(&mut connection).unwrap();
            migrate(&mut connection).unwrap();
            assert_eq!(version(&connection).unwrap(), current(), "from step {number}");
        }
    }

    #[test]
    fn a_database_of_a_newer_program_is_left_alone() {
        let mut connection = at_step(STEPS.len());
        connection
            .pragma_update(None, "user_version", current() + 1)
            .unwrap();
        assert_eq!(migrate(&mut connection).unwrap_err().kind, ErrorKind::Newer);
    }
}
