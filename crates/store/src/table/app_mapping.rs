//! Mappings: under which account an app knows a person. One for each person and app, one for each account and app.

use crate::error::Result;
use crate::table::app;
use crate::table::user::User;
use crate::tx::{FromRow, RowView, Tail, Tx, qualified};
use crate::{params, row};

row! {
    /// A person's account in an app.
    pub struct AppMapping {
        /// Number id, from 1.
        pub id: i64,
        /// The app.
        pub app_id: i64,
        /// The person.
        pub user_id: i64,
        /// The account's name in the app.
        pub mapped_key: String,
        /// The account's mail address in the app, or empty.
        pub mapped_email: String,
        /// Whether the person may go there.
        pub active: bool,
        /// When made.
        pub created_at: i64,
    }
}

/// A mapping with the person.
#[derive(Clone, Debug)]
pub struct MappedUser {
    /// The mapping.
    pub mapping: AppMapping,
    /// Who it is.
    pub user: User,
}

impl FromRow for MappedUser {
    fn from_row(row: &dyn RowView) -> Result<Self> {
        let start = AppMapping::WIDTH;
        Ok(Self {
            mapping: AppMapping::from_row(row)?,
            user: User::from_row(&Tail { row, start })?,
        })
    }
}

/// A mapping with the app.
#[derive(Clone, Debug)]
pub struct MappedApp {
    /// The mapping.
    pub mapping: AppMapping,
    /// Where it is an account.
    pub listed: app::Listed,
}

impl FromRow for MappedApp {
    fn from_row(row: &dyn RowView) -> Result<Self> {
        let start = AppMapping::WIDTH;
        Ok(Self {
            mapping: AppMapping::from_row(row)?,
            listed: app::Listed::from_row(&Tail { row, start })?,
        })
    }
}

/// Writes a new mapping and gives its id. `mapping.id` is ignored.
pub async fn insert<T: Tx>(tx: &mut T, mapping: &AppMapping) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO app_mappings (app_id, user_id, mapped_key, mapped_email, active, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            params![
                mapping.app_id,
                mapping.user_id,
                &mapping.mapped_key,
                &mapping.mapped_email,
                mapping.active,
                mapping.created_at
            ],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Writes every changeable field of a mapping back.
pub async fn update<T: Tx>(tx: &mut T, mapping: &AppMapping) -> Result<()> {
    tx.exec(
        "UPDATE app_mappings SET mapped_key = $1, mapped_email = $2, active = $3 WHERE id = $4",
        params![
            &mapping.mapped_key,
            &mapping.mapped_email,
            mapping.active,
            mapping.id
        ],
    )
    .await?;
    Ok(())
}

/// Removes a mapping.
pub async fn delete<T: Tx>(tx: &mut T, id: i64) -> Result<()> {
    tx.exec("DELETE FROM app_mappings WHERE id = $1", params![id])
        .await?;
    Ok(())
}

/// Removes every mapping of a person, so that the accounts can be somebody else's.
pub async fn delete_all_of<T: Tx>(tx: &mut T, user_id: i64) -> Result<()> {
    tx.exec("DELETE FROM app_mappings WHERE user_id = $1", params![user_id])
        .await?;
    Ok(())
}

/// The mapping with this number.
pub async fn by_id<T: Tx>(tx: &mut T, id: i64) -> Result<Option<AppMapping>> {
    let sql = format!("SELECT {} FROM app_mappings WHERE id = $1", AppMapping::COLUMNS);
    tx.one(&sql, params![id]).await
}

/// A person's mapping in an app.
pub async fn of_user<T: Tx>(tx: &mut T, app_id: i64, user_id: i64) -> Result<Option<AppMapping>> {
    let sql = format!(
        "SELECT {} FROM app_mappings WHERE app_id = $1 AND user_id = $2",
        AppMapping::COLUMNS
    );
    tx.one(&sql, params![app_id, user_id]).await
}

/// The mapping of an account of an app.
pub async fn by_key<T: Tx>(tx: &mut T, app_id: i64, mapped_key: &str) -> Result<Option<AppMapping>> {
    let sql = format!(
        "SELECT {} FROM app_mappings WHERE app_id = $1 AND mapped_key = $2",
        AppMapping::COLUMNS
    );
    tx.one(&sql, params![app_id, mapped_key]).await
}

/// Which mappings of an app are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every one.
    All,
    /// Active ones of active people.
    Active,
}

impl Which {
    fn condition(self) -> &'static str {
        match self {
            Self::All => "m.app_id = $1",
            Self::Active => "m.app_id = $1 AND m.active = 1 AND u.status = 'ACTIVE'",
        }
    }
}

/// A mapping with its person.
pub async fn with_user<T: Tx>(tx: &mut T, id: i64) -> Result<Option<MappedUser>> {
    let sql = format!(
        "SELECT {}, {} FROM app_mappings m JOIN users u ON u.id = m.user_id WHERE m.id = $1",
        qualified("m", AppMapping::COLUMNS),
        qualified("u", User::COLUMNS)
    );
    tx.one(&sql, params![id]).await
}

/// Mappings of an app with their people, in the order of the people's numbers.
pub async fn page_of_app<T: Tx>(
    tx: &mut T,
    app_id: i64,
    which: Which,
    skip: i64,
    limit: i64,
) -> Result<Vec<MappedUser>> {
    let sql = format!(
        "SELECT {}, {} FROM app_mappings m JOIN users u ON u.id = m.user_id WHERE {} \
         ORDER BY m.user_id LIMIT $2 OFFSET $3",
        qualified("m", AppMapping::COLUMNS),
        qualified("u", User::COLUMNS),
        which.condition()
    );
    tx.many(&sql, params![app_id, limit, skip]).await
}

/// How many mappings [`page_of_app`] goes through.
pub async fn count_of_app<T: Tx>(tx: &mut T, app_id: i64, which: Which) -> Result<i64> {
    let sql = format!(
        "SELECT COUNT(*) FROM app_mappings m JOIN users u ON u.id = m.user_id WHERE {}",
        which.condition()
    );
    Ok(tx
        .one::<(i64,)>(&sql, params![app_id])
        .await?
        .map_or(0, |row| row.0))
}

/// A person's mappings with their apps, deleted apps left out, by app.
pub async fn of_person<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<MappedApp>> {
    let sql = format!(
        "SELECT {}, {}, c.name FROM app_mappings m JOIN apps a ON a.id = m.app_id \
         LEFT JOIN app_categories c ON c.id = a.category_id \
         WHERE m.user_id = $1 AND a.deleted_at IS NULL ORDER BY m.app_id LIMIT $2",
        qualified("m", AppMapping::COLUMNS),
        qualified("a", app::App::COLUMNS)
    );
    tx.many(&sql, params![user_id, limit]).await
}
