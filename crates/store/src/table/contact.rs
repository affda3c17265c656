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

/// Empties the list of a person and takes the person out of all others.
pub async fn delete_all_of<T: Tx>(tx: &mut T, user_id: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM contacts WHERE owner_id = $1 OR contact_id = $1",
        params![user_id],
    )
    .await?;
    Ok(())
}
