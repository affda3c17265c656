//! Files of messages.

use crate::handlers::media as handle;
use crate::routes::Guard::{Public, User};
use crate::routes::{Route, route};

const SECTION: &str = "decision 9";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/v1/messages/upload"),
            User,
            SECTION,
            "media::an_upload_is_answered_with_its_key_and_a_link",
            handle::upload,
        )
        .upload(),
        // The signature in the address is the permission.
        route(
            ("GET", "/api/v1/messages/media/{key}"),
            Public,
            SECTION,
            "media::a_link_works_without_a_token",
            handle::download,
        ),
    ]
}
