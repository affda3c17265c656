//! Contacts: one row per direction, `owner_id` has `contact_id` in the list.

use crate::error::Result;
use crate::fragment::{in_json_list, json_list};
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// One person in the list of another.
    pub struct Contact {
        /// Number id, from 1.
        pub id: i64,
        /// Whose list.
        pub owner_id: i64,
        /// Who is in it.
        pub contact_id: i64,
        /// A private name, or empty.
        pub remark: String,
        /// The group of the list, or empty for the default one.
        pub group_name: String,
        /// Since when.
        pub created_at: i64,
    }
}

/// Puts `contact_id` into the list of `owner_id`; `false` if it is there already.
pub async fn insert<T: Tx>(
    tx: &mut T,
    owner_id: i64,
    contact_id: i64,
    group_name: &str,
    at: i64,
) -> Result<bool> {
    let touched = tx
        .exec(
            "INSERT INTO contacts (owner_id, contact_id, group_name, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            params![owner_id, contact_id, group_name, at],
        )
        .await?;
    Ok(touched > 0)
}

/// The row with this number.
pub async fn by_id<T: Tx>(tx: &mut T, id: i64) -> Result<Option<Contact>> {
    let sql = format!("SELECT {} FROM contacts WHERE id = $1", Contact::COLUMNS);
    tx.one(&sql, params![id]).await
}

/// The row of `contact_id` in the list of `owner_id`.
pub async fn pair<T: Tx>(tx: &mut T, owner_id: i64, contact_id: i64) -> Result<Option<Contact>> {
    let sql = format!(
        "SELECT {} FROM contacts WHERE owner_id = $1 AND contact_id = $2",
        Contact::COLUMNS
    );
    tx.one(&sql, params![owner_id, contact_id]).await
}

/// The list of `owner_id`, oldest first.
pub async fn list<T: Tx>(tx: &mut T, owner_id: i64, limit: i64) -> Result<Vec<Contact>> {
    let sql = format!(
        "SELECT {} FROM contacts WHERE owner_id = $1 ORDER BY id LIMIT $2",
        Contact::COLUMNS
    );
    tx.many(&sql, params![owner_id, limit]).await
}

/// How many people `owner_id` has in the list.
pub async fn count<T: Tx>(tx: &mut T, owner_id: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM contacts WHERE owner_id = $1";
    Ok(tx
        .one::<(i64,)>(sql, params![owner_id])
        .await?
        .map_or(0, |row| row.0))
}

/// Those of `ids` who have `contact_id` in their lists.
pub async fn owners_among<T: Tx>(tx: &mut T, contact_id: i64, ids: &[i64]) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT owner_id FROM contacts WHERE contact_id = $1 AND {}",
        in_json_list("owner_id", 2)
    );
    let ids = json_list(ids.iter().copied());
    let rows: Vec<(i64,)> = tx.many(&sql, params![contact_id, &ids]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Everybody who has `contact_id` in their list.
pub async fn owners_of<T: Tx>(tx: &mut T, contact_id: i64, limit: i64) -> Result<Vec<i64>> {
    let sql = "SELECT owner_id FROM contacts WHERE contact_id = $1 ORDER BY owner_id LIMIT $2";
    let rows: Vec<(i64,)> = tx.many(sql, params![contact_id, limit]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Those of `ids` who are in the list of `owner_id`.
pub async fn among<T: Tx>(tx: &mut T, owner_id: i64, ids: &[i64]) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT contact_id FROM contacts WHERE owner_id = $1 AND {}",
        in_json_list("contact_id", 2)
    );
    let ids = json_list(ids.iter().copied());
    let rows: Vec<(i64,)> = tx.many(&sql, params![owner_id, &ids]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Whether two people are in each other's lists.
pub async fn both_ways<T: Tx>(tx: &mut T, a: i64, b: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM contacts x JOIN contacts y ON y.owner_id = x.contact_id AND y.contact_id = x.owner_id \
               WHERE x.owner_id = $1 AND x.contact_id = $2";
    Ok(tx.one::<(i64,)>(sql, params![a, b]).await?.is_some())
}

/// Part of the list of `owner_id`, oldest first, without the first `skip`; of one group only if it is named.
pub async fn page<T: Tx>(
    tx: &mut T,
    owner_id: i64,
    group_name: Option<&str>,
    skip: i64,
    limit: i64,
) -> Result<Vec<Contact>> {
    let sql = format!(
        "SELECT {} FROM contacts WHERE owner_id = $1 AND ($2 IS NULL OR group_name = $2) ORDER BY id LIMIT $3 OFFSET $4",
        Contact::COLUMNS
    );
    tx.many(&sql, params![owner_id, group_name, limit, skip]).await
}

/// How many [`page`] would give in all.
pub async fn count_page<T: Tx>(tx: &mut T, owner_id: i64, group_name: Option<&str>) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM contacts WHERE owner_id = $1 AND ($2 IS NULL OR group_name = $2)";
    let row = tx.one::<(i64,)>(sql, params![owner_id, group_name]).await?;
    Ok(row.map_or(0, |row| row.0))
}

/// The groups of a list without the default one, and how many people are in each, in the order they came up.
pub async fn group_sizes<T: Tx>(tx: &mut T, owner_id: i64, limit: i64) -> Result<Vec<(String, i64)>> {
    let sql = "SELECT group_name, COUNT(*) FROM contacts WHERE owner_id = $1 AND group_name <> '' \
               GROUP BY group_name ORDER BY MIN(id) LIMIT $2";
    tx.many(sql, params![owner_id, limit]).await
}

/// Writes remark and group back.
pub async fn update<T: Tx>(tx: &mut T, contact: &Contact) -> Result<()> {
    tx.exec(
        "UPDATE contacts SET remark = $1, group_name = $2 WHERE id = $3",
        params![&contact.remark, &contact.group_name, contact.id],
    )
    .await?;
    Ok(())
}

/// Moves everybody of one group of a list into another; tells how many.
pub async fn rename_group<T: Tx>(tx: &mut T, owner_id: i64, old: &str, new: &str) -> Result<u64> {
    tx.exec(
        "UPDATE contacts SET group_name = $1 WHERE owner_id = $2 AND group_name = $3",
        params![new, owner_id, old],
    )
    .await
}

/// The names of the groups of a list, without the default one.
pub async fn group_names<T: Tx>(tx: &mut T, owner_id: i64, limit: i64) -> Result<Vec<String>> {
    let sql = "SELECT group_name FROM contacts WHERE owner_id = $1 AND group_name <> '' \
               GROUP BY group_name ORDER BY MIN(id) LIMIT $2";
    let rows: Vec<(String,)> = tx.many(sql, params![owner_id, limit]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Takes two people out of each other's lists; tells how many rows that were.
pub async fn delete_pair<T: Tx>(tx: &mut T, a: i64, b: i64) -> Result<u64> {
    tx.exec(
        "DELETE FROM contacts WHERE (owner_id = $1 AND contact_id = $2) OR (owner_id = $2 AND contact_id = $1)",
        params![a, b],
    )
    .await
}

/// Takes `contact_id` out of the list of `owner_id`; tells how many rows that were.
pub async fn delete<T: Tx>(tx: &mut T, owner_id: i64, contact_id: i64) -> Result<u64> {
    tx.exec(
        "DELETE FROM contacts WHERE owner_id = $1 AND contact_id = $2",
        params![owner_id, contact_id],
    )
    .await
}

/// Empties the list of a person and takes the person out of all others.
pub async fn delete_all_of<T: Tx>(tx: &mut T, user_id: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM contacts WHERE owner_id = $1 OR contact_id = $1",
        params![user_id],
    )
    .await?;
    Ok(())
}
