//! A page of a counted list.

use serde::Serialize;
use utoipa::ToSchema;

/// Some of many.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Page)]
pub(crate) struct WirePage<T> {
    /// How many there are in all.
    pub(crate) total: i64,
    pub(crate) items: Vec<T>,
}
