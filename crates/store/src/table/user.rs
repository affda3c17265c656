//! People: one row per account of a tenant.

use crate::error::Result;
use crate::fragment::{contains_pattern, in_json_list, json_list, prefix_pattern};
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// An account. `uid` is unique in its tenant, `id` everywhere.
    pub struct User {
        /// Number id, from 1.
        pub id: i64,
        /// The tenant it belongs to.
        pub tenant_id: i64,
        /// Text id: the name used to log in.
        pub uid: String,
        /// Phone number, unique in the tenant.
        pub mobile: Option<String>,
        /// Mail address.
        pub email: Option<String>,
        /// Real name.
        pub name: String,
        /// Latin name.
        pub english_name: String,
        /// Display name chosen by the person.
        pub nickname: String,
        /// URL of a picture, or empty.
        pub avatar: String,
        /// 0 unknown, 1 male, 2 female.
        pub gender: i64,
        /// A line about oneself.
        pub signature: String,
        /// Organisational unit.
        pub department: String,
        /// Job title.
        pub position: String,
        /// `USER`, `ADMIN` or `SUPER_ADMIN`.
        pub role: String,
        /// `ACTIVE`, `DISABLED` or `DELETED`.
        pub status: String,
        /// Argon2id in PHC form; none for accounts that log in otherwise.
        pub password_hash: Option<String>,
        /// Tokens of an older epoch are void.
        pub token_epoch: i64,
        /// When the last connection closed.
        pub last_online_at: Option<i64>,
        /// When made.
        pub created_at: i64,
        /// When last changed.
        pub updated_at: i64,
        /// What clients keep with the account: JSON or any text, not read by the server.
        pub extra: Option<String>,
    }
}

/// Writes a new account and gives its id. `user.id` is ignored.
pub async fn insert<T: Tx>(tx: &mut T, user: &User) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO users (tenant_id, uid, mobile, email, name, english_name, nickname, avatar, gender, signature, \
             department, position, role, status, password_hash, token_epoch, created_at, updated_at, extra) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) RETURNING id",
            params![
                user.tenant_id,
                &user.uid,
                user.mobile.as_deref(),
                user.email.as_deref(),
                &user.name,
                &user.english_name,
                &user.nickname,
                &user.avatar,
                user.gender,
                &user.signature,
                &user.department,
                &user.position,
                &user.role,
                &user.status,
                user.password_hash.as_deref(),
                user.token_epoch,
                user.created_at,
                user.updated_at,
                user.extra.as_deref()
            ],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Writes every changeable field of an account back.
pub async fn update<T: Tx>(tx: &mut T, user: &User) -> Result<()> {
    tx.exec(
        "UPDATE users SET mobile = $1, email = $2, name = $3, english_name = $4, nickname = $5, avatar = $6, \
         gender = $7, signature = $8, department = $9, position = $10, role = $11, status = $12, password_hash = $13, \
         token_epoch = $14, updated_at = $15, extra = $16 WHERE id = $17",
        params![
            user.mobile.as_deref(),
            user.email.as_deref(),
            &user.name,
            &user.english_name,
            &user.nickname,
            &user.avatar,
            user.gender,
            &user.signature,
            &user.department,
            &user.position,
            &user.role,
            &user.status,
            user.password_hash.as_deref(),
            user.token_epoch,
            user.updated_at,
            user.extra.as_deref(),
            user.id
        ],
    )
    .await?;
    Ok(())
}

/// Notes when the last connection of an account closed.
pub async fn touch_last_online<T: Tx>(tx: &mut T, id: i64, at: i64) -> Result<()> {
    tx.exec(
        "UPDATE users SET last_online_at = $1 WHERE id = $2",
        params![at, id],
    )
    .await?;
    Ok(())
}

/// The account with this number.
pub async fn by_id<T: Tx>(tx: &mut T, id: i64) -> Result<Option<User>> {
    tx.one(
        &format!("SELECT {} FROM users WHERE id = $1", User::COLUMNS),
        params![id],
    )
    .await
}

/// When an account was made.
pub async fn created_at<T: Tx>(tx: &mut T, id: i64) -> Result<Option<i64>> {
    let row = tx
        .one::<(i64,)>("SELECT created_at FROM users WHERE id = $1", params![id])
        .await?;
    Ok(row.map(|row| row.0))
}

/// The account with this text id.
pub async fn by_uid<T: Tx>(tx: &mut T, tenant_id: i64, uid: &str) -> Result<Option<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE tenant_id = $1 AND uid = $2",
        User::COLUMNS
    );
    tx.one(&sql, params![tenant_id, uid]).await
}

/// The number of the account with this text id, whatever its status.
pub async fn id_of<T: Tx>(tx: &mut T, tenant_id: i64, uid: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM users WHERE tenant_id = $1 AND uid = $2";
    Ok(tx
        .one::<(i64,)>(sql, params![tenant_id, uid])
        .await?
        .map(|row| row.0))
}

/// The text id of a person.
pub async fn uid_of<T: Tx>(tx: &mut T, user_id: i64) -> Result<Option<String>> {
    let sql = "SELECT uid FROM users WHERE id = $1";
    Ok(tx.one::<(String,)>(sql, params![user_id]).await?.map(|row| row.0))
}

/// The accounts with these numbers, in the order of the numbers.
pub async fn by_ids<T: Tx>(tx: &mut T, tenant_id: i64, ids: &[i64]) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE tenant_id = $1 AND {} ORDER BY id",
        User::COLUMNS,
        in_json_list("id", 2)
    );
    tx.many(&sql, params![tenant_id, &json_list(ids.iter().copied())])
        .await
}

/// Those of these numbers that are active accounts of the tenant, in the order of the numbers.
pub async fn active_ids<T: Tx>(tx: &mut T, tenant_id: i64, ids: &[i64]) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT id FROM users WHERE tenant_id = $1 AND status = 'ACTIVE' AND {} ORDER BY id",
        in_json_list("id", 2)
    );
    let rows: Vec<(i64,)> = tx
        .many(&sql, params![tenant_id, &json_list(ids.iter().copied())])
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Active accounts whose text id or names contain `keyword` (case-blind; empty matches all), or whose mobile or mail
/// is exactly it: nobody can collect phone numbers digit by digit. By id, after `after_id`.
pub async fn search<T: Tx>(
    tx: &mut T,
    tenant_id: i64,
    keyword: &str,
    after_id: i64,
    limit: i64,
) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE tenant_id = $1 AND id > $2 AND status = 'ACTIVE' AND (uid LIKE $3 ESCAPE '\\' \
         OR nickname LIKE $3 ESCAPE '\\' OR name LIKE $3 ESCAPE '\\' OR english_name LIKE $3 ESCAPE '\\' \
         OR mobile = $4 OR email = $4) ORDER BY id LIMIT $5",
        User::COLUMNS
    );
    let pattern = contains_pattern(keyword);
    tx.many(&sql, params![tenant_id, after_id, &pattern, keyword, limit])
        .await
}

/// Which accounts [`found`] gives and [`count_found`] counts.
const FOUND: &str = "tenant_id = $1 AND status = 'ACTIVE' AND (uid LIKE $2 ESCAPE '\\' OR nickname LIKE $2 ESCAPE '\\' \
     OR name LIKE $2 ESCAPE '\\' OR english_name LIKE $2 ESCAPE '\\' OR mobile = $3 OR email = $3)";

/// The accounts that [`search`] finds. By id, without the first `skip`.
pub async fn found<T: Tx>(
    tx: &mut T,
    tenant_id: i64,
    keyword: &str,
    skip: i64,
    limit: i64,
) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE {FOUND} ORDER BY id LIMIT $4 OFFSET $5",
        User::COLUMNS
    );
    let pattern = contains_pattern(keyword);
    tx.many(&sql, params![tenant_id, &pattern, keyword, limit, skip])
        .await
}

/// How many accounts [`found`] would give in all.
pub async fn count_found<T: Tx>(tx: &mut T, tenant_id: i64, keyword: &str) -> Result<i64> {
    let sql = format!("SELECT COUNT(*) FROM users WHERE {FOUND}");
    let pattern = contains_pattern(keyword);
    let row: Option<(i64,)> = tx.one(&sql, params![tenant_id, &pattern, keyword]).await?;
    Ok(row.map_or(0, |row| row.0))
}

/// All accounts of a tenant whatever their status, by id, after `after_id`.
pub async fn page<T: Tx>(tx: &mut T, tenant_id: i64, after_id: i64, limit: i64) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        User::COLUMNS
    );
    tx.many(&sql, params![tenant_id, after_id, limit]).await
}

/// Active accounts whose name or latin name contains `keyword` (case-blind), or whose mobile begins with it: for
/// contracts that publish mobiles to everybody of the tenant. By id.
pub async fn directory<T: Tx>(tx: &mut T, tenant_id: i64, keyword: &str, limit: i64) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE tenant_id = $1 AND status = 'ACTIVE' AND (name LIKE $2 ESCAPE '\\' \
         OR english_name LIKE $2 ESCAPE '\\' OR mobile LIKE $3 ESCAPE '\\') ORDER BY id LIMIT $4",
        User::COLUMNS
    );
    let (contains, begins) = (contains_pattern(keyword), prefix_pattern(keyword));
    tx.many(&sql, params![tenant_id, &contains, &begins, limit]).await
}

/// Which accounts [`listed`] gives and [`count_listed`] counts.
const LISTED: &str = "tenant_id = $1 AND status <> 'DELETED' AND (uid LIKE $2 ESCAPE '\\' OR mobile LIKE $2 ESCAPE '\\' \
     OR name LIKE $2 ESCAPE '\\' OR english_name LIKE $2 ESCAPE '\\' OR nickname LIKE $2 ESCAPE '\\')";

/// Accounts that were not deleted whose text id, mobile or names contain `keyword` (case-blind; empty matches all). By
/// id, without the first `skip`.
pub async fn listed<T: Tx>(
    tx: &mut T,
    tenant_id: i64,
    keyword: &str,
    skip: i64,
    limit: i64,
) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE {LISTED} ORDER BY id LIMIT $3 OFFSET $4",
        User::COLUMNS
    );
    let pattern = contains_pattern(keyword);
    tx.many(&sql, params![tenant_id, &pattern, limit, skip]).await
}

/// How many accounts [`listed`] would give in all.
pub async fn count_listed<T: Tx>(tx: &mut T, tenant_id: i64, keyword: &str) -> Result<i64> {
    let sql = format!("SELECT COUNT(*) FROM users WHERE {LISTED}");
    let pattern = contains_pattern(keyword);
    let row: Option<(i64,)> = tx.one(&sql, params![tenant_id, &pattern]).await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Accounts that were not deleted with this latin name, case-blind.
pub async fn by_english_name<T: Tx>(tx: &mut T, tenant_id: i64, name: &str, limit: i64) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE tenant_id = $1 AND lower(english_name) = lower($2) AND english_name <> '' \
         AND status <> 'DELETED' ORDER BY id LIMIT $3",
        User::COLUMNS
    );
    tx.many(&sql, params![tenant_id, name, limit]).await
}

/// The account with this mobile number.
pub async fn by_mobile<T: Tx>(tx: &mut T, tenant_id: i64, mobile: &str) -> Result<Option<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE tenant_id = $1 AND mobile = $2",
        User::COLUMNS
    );
    tx.one(&sql, params![tenant_id, mobile]).await
}

/// How many active accounts of a tenant have this role.
pub async fn count_active<T: Tx>(tx: &mut T, tenant_id: i64, role: &str) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM users WHERE tenant_id = $1 AND role = $2 AND status = 'ACTIVE'";
    Ok(tx
        .one::<(i64,)>(sql, params![tenant_id, role])
        .await?
        .map_or(0, |row| row.0))
}
