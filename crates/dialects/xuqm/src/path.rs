//! What stands in a path: ids as clients write them, percent-decoded. Any text is an id; whether there is such a thing is
//! asked later.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::app::App;
use crate::refusal::Refusal;

/// The only id of a path.
pub(crate) struct Segment(pub(crate) String);

/// The two ids of a path.
pub(crate) struct Segments(pub(crate) String, pub(crate) String);

fn unreadable() -> Refusal {
    Refusal::invalid("the path is not UTF-8")
}

impl FromRequestParts<App> for Segment {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        path.map(|Path(id)| Self(id)).map_err(|_| unreadable())
    }
}

impl FromRequestParts<App> for Segments {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        path.map(|Path((first, second))| Self(first, second))
            .map_err(|_| unreadable())
    }
}
