//! A person's own settings, which only clients understand.

use parlance_store::Tx;
use parlance_store::table::setting;
use serde_json::{Map, Value};

use crate::core::{Query, ReadContext};
use crate::error::{Error, ErrorKind, Result};
use crate::types::SettingsSection;

/// One section of the caller's settings; empty until something is saved.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Which.
    pub section: SettingsSection,
}

impl Query for Settings {
    type Answer = Map<String, Value>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Map<String, Value>> {
        parse_settings(setting::get(cx.tx, cx.actor.user_id, self.section.word()).await?)
    }
}

/// A stored section as a map.
pub(crate) fn parse_settings(stored: Option<String>) -> Result<Map<String, Value>> {
    let Some(text) = stored else {
        return Ok(Map::new());
    };
    serde_json::from_str(&text).map_err(|error| Error::new(ErrorKind::Internal, format!("settings: {error}")))
}
