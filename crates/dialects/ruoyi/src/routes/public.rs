//! Routes that belong to no area: the health check, the areas of the newer web client that are no messaging, and
//! every other path.

use super::Guard::{Public, User};
use super::{ANY, Route, route};
use crate::handlers::public;

const PUBLIC: &str = "B7 (public)";
const OUT_OF_SCOPE: &str = "decision 4, B7 (out of scope)";
const UNKNOWN: &str = "decision 12";

/// What the newer web client has beside messaging. It asks for lists there when it opens a page, and stays quiet if
/// they are empty. Under these paths there is nothing that could be changed.
const ELSEWHERE: [(&str, &str); 22] = [
    ("/api/im/ai", "/api/im/ai/{*rest}"),
    ("/api/im/approval", "/api/im/approval/{*rest}"),
    ("/api/im/attendance", "/api/im/attendance/{*rest}"),
    ("/api/im/bot", "/api/im/bot/{*rest}"),
    ("/api/im/cloud", "/api/im/cloud/{*rest}"),
    ("/api/im/cloud-drive", "/api/im/cloud-drive/{*rest}"),
    ("/api/im/ding", "/api/im/ding/{*rest}"),
    ("/api/im/ding-messages", "/api/im/ding-messages/{*rest}"),
    ("/api/im/document", "/api/im/document/{*rest}"),
    ("/api/im/email", "/api/im/email/{*rest}"),
    ("/api/im/emails", "/api/im/emails/{*rest}"),
    ("/api/im/mail", "/api/im/mail/{*rest}"),
    ("/api/im/meeting", "/api/im/meeting/{*rest}"),
    ("/api/im/meeting-room", "/api/im/meeting-room/{*rest}"),
    ("/api/im/schedule", "/api/im/schedule/{*rest}"),
    ("/api/im/task", "/api/im/task/{*rest}"),
    ("/api/im/todo", "/api/im/todo/{*rest}"),
    ("/api/im/video-call", "/api/im/video-call/{*rest}"),
    ("/api/im/video-calls", "/api/im/video-calls/{*rest}"),
    ("/api/im/work-report", "/api/im/work-report/{*rest}"),
    ("/api/im/workReport", "/api/im/workReport/{*rest}"),
    ("/api/im/workbench", "/api/im/workbench/{*rest}"),
];

/// Everything under the prefixes of the dialect that has no line of its own.
const UNKNOWN_PATHS: [&str; 6] = [
    "/api/im",
    "/api/im/",
    "/api/im/{*rest}",
    "/api/auth",
    "/api/auth/",
    "/api/auth/{*rest}",
];

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![route(
        ("GET", "/health"),
        Public,
        PUBLIC,
        "public::health",
        public::health,
    )];
    for path in ELSEWHERE.into_iter().flat_map(|(bare, below)| [bare, below]) {
        let test = "public::areas_out_of_scope";
        routes.push(route(
            ("GET", path),
            User,
            OUT_OF_SCOPE,
            test,
            public::nothing_kept,
        ));
        routes.push(route((ANY, path), Public, OUT_OF_SCOPE, test, public::missing));
    }
    for path in UNKNOWN_PATHS {
        let test = "public::unknown_paths_and_methods";
        routes.push(route((ANY, path), Public, UNKNOWN, test, public::missing));
    }
    routes
}
