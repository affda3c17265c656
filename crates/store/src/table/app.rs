//! Apps: business systems that are joined to a tenant, and the categories they are shown under. The sealed secret is
//! no part of a row, so that it travels only where it is asked for.

use crate::error::Result;
use crate::fragment::contains_pattern;
use crate::tx::{Column, FromRow, RowView, Tx, qualified};
use crate::{params, row};

row! {
    /// An app.
    pub struct App {
        /// Number id, from 1, never given again.
        pub id: i64,
        /// The tenant it is joined to.
        pub tenant_id: i64,
        /// What it calls itself: unique among the apps of the tenant that are not deleted.
        pub code: String,
        /// What people call it.
        pub name: String,
        /// Where people come in with a ticket.
        pub callback_url: String,
        /// How it takes over a log-in.
        pub protocol: String,
        /// A line about it.
        pub description: String,
        /// The category it is shown under.
        pub category_id: Option<i64>,
        /// Whether it may do anything at all.
        pub active: bool,
        /// JSON list of origins that a jump may lead to; empty: any.
        pub redirect_origins: String,
        /// When made.
        pub created_at: i64,
        /// When last changed.
        pub updated_at: i64,
        /// When deleted.
        pub deleted_at: Option<i64>,
    }
}

/// An app with the name of its category.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The app.
    pub app: App,
    /// Its category, if it has one.
    pub category_name: Option<String>,
}

impl FromRow for Listed {
    fn from_row(row: &dyn RowView) -> Result<Self> {
        Ok(Self {
            app: App::from_row(row)?,
            category_name: Column::read(row, App::WIDTH)?,
        })
    }
}

row! {
    /// What apps are sorted under.
    pub struct Category {
        /// Number id, from 1.
        pub id: i64,
        /// Unique in the tenant.
        pub name: String,
    }
}

/// What only the check of a signature or of an access token needs.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// The sealed secret.
    pub secret: &'a [u8],
    /// SHA-256 of the access token, hexadecimal.
    pub access_token_hash: &'a str,
}

/// Writes a new app and gives its id. `app.id` is ignored.
pub async fn insert<T: Tx>(tx: &mut T, app: &App, keys: Keys<'_>) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO apps (tenant_id, code, name, secret, access_token_hash, callback_url, protocol, description, \
             category_id, active, redirect_origins, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
            params![
                app.tenant_id,
                &app.code,
                &app.name,
                keys.secret,
                keys.access_token_hash,
                &app.callback_url,
                &app.protocol,
                &app.description,
                app.category_id,
                app.active,
                &app.redirect_origins,
                app.created_at,
                app.updated_at
            ],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Writes every changeable field of an app back, keys excepted.
pub async fn update<T: Tx>(tx: &mut T, app: &App) -> Result<()> {
    tx.exec(
        "UPDATE apps SET name = $1, callback_url = $2, protocol = $3, description = $4, category_id = $5, active = $6, \
         redirect_origins = $7, updated_at = $8, deleted_at = $9 WHERE id = $10",
        params![
            &app.name,
            &app.callback_url,
            &app.protocol,
            &app.description,
            app.category_id,
            app.active,
            &app.redirect_origins,
            app.updated_at,
            app.deleted_at,
            app.id
        ],
    )
    .await?;
    Ok(())
}

/// Gives an app another secret.
pub async fn set_secret<T: Tx>(tx: &mut T, id: i64, secret: &[u8], at: i64) -> Result<()> {
    tx.exec(
        "UPDATE apps SET secret = $1, updated_at = $2 WHERE id = $3",
        params![secret, at, id],
    )
    .await?;
    Ok(())
}

/// Gives an app another access token.
pub async fn set_access_token<T: Tx>(tx: &mut T, id: i64, hash: &str, at: i64) -> Result<()> {
    tx.exec(
        "UPDATE apps SET access_token_hash = $1, updated_at = $2 WHERE id = $3",
        params![hash, at, id],
    )
    .await?;
    Ok(())
}

/// The app with this number, deleted or not.
pub async fn by_id<T: Tx>(tx: &mut T, id: i64) -> Result<Option<App>> {
    let sql = format!("SELECT {} FROM apps WHERE id = $1", App::COLUMNS);
    tx.one(&sql, params![id]).await
}

/// The app that calls itself this, unless it was deleted.
pub async fn by_code<T: Tx>(tx: &mut T, tenant_id: i64, code: &str) -> Result<Option<App>> {
    let sql = format!(
        "SELECT {} FROM apps WHERE tenant_id = $1 AND code = $2 AND deleted_at IS NULL",
        App::COLUMNS
    );
    tx.one(&sql, params![tenant_id, code]).await
}

/// The app with this access token, unless it was deleted.
pub async fn by_access_token<T: Tx>(tx: &mut T, hash: &str) -> Result<Option<App>> {
    let sql = format!(
        "SELECT {} FROM apps WHERE access_token_hash = $1 AND deleted_at IS NULL",
        App::COLUMNS
    );
    tx.one(&sql, params![hash]).await
}

/// The sealed secret of an app.
pub async fn secret<T: Tx>(tx: &mut T, id: i64) -> Result<Option<Vec<u8>>> {
    let row = tx
        .one::<(Vec<u8>,)>("SELECT secret FROM apps WHERE id = $1", params![id])
        .await?;
    Ok(row.map(|row| row.0))
}

/// An app with its category.
pub async fn listed<T: Tx>(tx: &mut T, id: i64) -> Result<Option<Listed>> {
    let sql = format!(
        "SELECT {}, c.name FROM apps a LEFT JOIN app_categories c ON c.id = a.category_id WHERE a.id = $1",
        qualified("a", App::COLUMNS)
    );
    tx.one(&sql, params![id]).await
}

/// Apps of a tenant that are in sight: all that were not deleted for `viewer` none, else the active ones in which
/// that person has an active account.
fn in_sight(viewer: Option<i64>) -> &'static str {
    match viewer {
        None => {
            "a.tenant_id = $1 AND a.deleted_at IS NULL AND (a.name LIKE $2 ESCAPE '\\' OR a.code LIKE $2 ESCAPE '\\')"
        }
        Some(_) => {
            "a.tenant_id = $1 AND a.deleted_at IS NULL AND (a.name LIKE $2 ESCAPE '\\' OR a.code LIKE $2 ESCAPE '\\') \
             AND a.active = 1 AND EXISTS (SELECT 1 FROM app_mappings m WHERE m.app_id = a.id AND m.user_id = $3 \
             AND m.active = 1)"
        }
    }
}

/// Apps whose name or code contains `keyword` (case-blind; empty matches all), in sight of `viewer` as in
/// [`count`], by number.
pub async fn page<T: Tx>(
    tx: &mut T,
    tenant_id: i64,
    viewer: Option<i64>,
    keyword: &str,
    skip: i64,
    limit: i64,
) -> Result<Vec<Listed>> {
    let select = format!(
        "SELECT {}, c.name FROM apps a LEFT JOIN app_categories c ON c.id = a.category_id WHERE {}",
        qualified("a", App::COLUMNS),
        in_sight(viewer)
    );
    let pattern = contains_pattern(keyword);
    match viewer {
        None => {
            let sql = format!("{select} ORDER BY a.id LIMIT $3 OFFSET $4");
            tx.many(&sql, params![tenant_id, &pattern, limit, skip]).await
        }
        Some(user_id) => {
            let sql = format!("{select} ORDER BY a.id LIMIT $4 OFFSET $5");
            tx.many(&sql, params![tenant_id, &pattern, user_id, limit, skip])
                .await
        }
    }
}

/// How many apps [`page`] goes through: all of the tenant for `viewer` none, else the active ones in which that
/// person has an active account.
pub async fn count<T: Tx>(tx: &mut T, tenant_id: i64, viewer: Option<i64>, keyword: &str) -> Result<i64> {
    let sql = format!("SELECT COUNT(*) FROM apps a WHERE {}", in_sight(viewer));
    let pattern = contains_pattern(keyword);
    let row: Option<(i64,)> = match viewer {
        None => tx.one(&sql, params![tenant_id, &pattern]).await?,
        Some(user_id) => tx.one(&sql, params![tenant_id, &pattern, user_id]).await?,
    };
    Ok(row.map_or(0, |row| row.0))
}

/// Adds a category and gives its number; none if the name is taken.
pub async fn insert_category<T: Tx>(tx: &mut T, tenant_id: i64, name: &str) -> Result<Option<i64>> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO app_categories (tenant_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id",
            params![tenant_id, name],
        )
        .await?;
    Ok(row.map(|row| row.0))
}

/// The category with this number.
pub async fn category<T: Tx>(tx: &mut T, tenant_id: i64, id: i64) -> Result<Option<Category>> {
    let sql = format!(
        "SELECT {} FROM app_categories WHERE tenant_id = $1 AND id = $2",
        Category::COLUMNS
    );
    tx.one(&sql, params![tenant_id, id]).await
}

/// The categories of a tenant, oldest first.
pub async fn categories<T: Tx>(tx: &mut T, tenant_id: i64, limit: i64) -> Result<Vec<Category>> {
    let sql = format!(
        "SELECT {} FROM app_categories WHERE tenant_id = $1 ORDER BY id LIMIT $2",
        Category::COLUMNS
    );
    tx.many(&sql, params![tenant_id, limit]).await
}
