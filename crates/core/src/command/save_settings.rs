//! Saves a person's own settings, which only clients understand.

use parlance_store::Tx;
use parlance_store::table::setting;
use serde_json::{Map, Value};

use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::query::parse_settings;
use crate::types::SettingsSection;

/// Bytes of one section as JSON.
const SECTION_BYTES_MAX: usize = 64 * 1024;

/// Merges top-level keys into a section: a client that knows fewer settings does not wipe another's. A key with
/// `null` is taken away. Answers with the whole section.
///
/// # Errors
/// `TooLarge` beyond 64 KiB.
#[derive(Clone, Debug)]
pub struct SaveSettings {
    /// Which section.
    pub section: SettingsSection,
    /// What to change in it.
    pub changes: Map<String, Value>,
}

impl Command for SaveSettings {
    type Reply = Map<String, Value>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Map<String, Value>> {
        let me = cx.actor.user_id;
        let mut settings = parse_settings(setting::get(cx.tx, me, self.section.word()).await?)?;
        for (key, value) in &self.changes {
            if value.is_null() {
                settings.remove(key);
            } else {
                settings.insert(key.clone(), value.clone());
            }
        }
        let text = serde_json::to_string(&settings)
            .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        if text.len() > SECTION_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("a section of settings holds at most {SECTION_BYTES_MAX} bytes"),
            ));
        }
        setting::put(cx.tx, me, self.section.word(), &text, cx.now).await?;
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::query::Settings;
    use crate::testing::{TestCore, refusal};

    fn save(section: SettingsSection, changes: &Value) -> SaveSettings {
        SaveSettings {
            section,
            changes: changes.as_object().cloned().unwrap(),
        }
    }

    #[tokio::test]
    async fn keys_are_merged_per_person_and_section() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        let section = SettingsSection::Notification;
        t.core
            .execute(
                &a,
                save(section, &json!({ "sound": true, "volume": { "ring": 3 } })),
            )
            .await
            .unwrap();
        let after = t
            .core
            .execute(&a, save(section, &json!({ "sound": null, "desktop": "on" })))
            .await
            .unwrap();
        let wanted = json!({ "volume": { "ring": 3 }, "desktop": "on" });
        assert_eq!(Value::Object(after), wanted);
        assert_eq!(
            Value::Object(t.core.query(&a, Settings { section }).await.unwrap()),
            wanted
        );
        assert!(t.core.query(&b, Settings { section }).await.unwrap().is_empty());
        let other = SettingsSection::Privacy;
        assert!(
            t.core
                .query(&a, Settings { section: other })
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn a_section_has_an_end() {
        let t = TestCore::start().await;
        let a = t.user("a").await;
        let section = SettingsSection::General;
        let half = "x".repeat(40 * 1024);
        t.core
            .execute(&a, save(section, &json!({ "one": half })))
            .await
            .unwrap();
        let refused = t.core.execute(&a, save(section, &json!({ "two": half }))).await;
        assert_eq!(refusal(refused), ErrorKind::TooLarge);
        assert_eq!(t.core.query(&a, Settings { section }).await.unwrap().len(), 1);
    }
}
