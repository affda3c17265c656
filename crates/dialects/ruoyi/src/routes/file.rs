//! Routes of files: under `/api/im/file`, the picture of the profile, and what is served to everybody.

use super::Guard::{Public, User};
use super::{Route, route};
use crate::handlers::{chunk, file};

const FILE: &str = "B7 (file), decision 14";
const CHUNK: &str = "B7 (chunks)";
const AVATAR: &str = "B7 (user), B2";
const PUBLIC: &str = "B7 (public), B4";

pub(super) fn routes() -> Vec<Route> {
    let mut routes = uploads();
    routes.extend(downloads());
    routes.extend(chunks());
    routes
}

fn uploads() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/file/upload"),
            User,
            FILE,
            "file::upload_and_download",
            file::upload,
        )
        .upload(),
        route(
            ("POST", "/api/im/file/upload/image"),
            User,
            FILE,
            "file::upload_and_download",
            file::upload,
        )
        .upload(),
        route(
            ("POST", "/api/im/file/upload/batch"),
            User,
            FILE,
            "file::batch",
            file::upload_batch,
        )
        .upload(),
        route(
            ("POST", "/api/im/user/avatar"),
            User,
            AVATAR,
            "file::avatar",
            file::upload_avatar,
        )
        .upload(),
        route(
            ("DELETE", "/api/im/file/batch"),
            User,
            FILE,
            "file::batch",
            file::delete_batch,
        ),
        route(
            ("DELETE", "/api/im/file/{id}"),
            User,
            FILE,
            "file::delete",
            file::delete,
        ),
    ]
}

fn downloads() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/file/download"),
            User,
            FILE,
            "file::upload_and_download",
            file::download_by_query,
        ),
        route(
            ("GET", "/api/im/file/download/{id}"),
            User,
            FILE,
            "file::ranges_and_conditions",
            file::download,
        ),
        route(
            ("GET", "/api/im/file/download/{id}/{year}/{month}/{day}/{name}"),
            User,
            FILE,
            "file::upload_and_download",
            file::download_by_path,
        ),
        route(
            ("GET", "/api/im/file/list"),
            User,
            FILE,
            "file::list_and_statistics",
            file::list,
        ),
        route(
            ("GET", "/api/im/file/statistics"),
            User,
            FILE,
            "file::list_and_statistics",
            file::statistics,
        ),
        route(
            ("GET", "/api/im/file/preview/{id}"),
            User,
            FILE,
            "file::upload_and_download",
            file::preview,
        ),
        route(
            ("GET", "/api/im/file/{id}"),
            User,
            FILE,
            "file::only_for_those_who_see_the_message",
            file::details,
        ),
        route(
            ("GET", "/avatar/{name}"),
            Public,
            PUBLIC,
            "file::avatar",
            file::default_picture,
        ),
        route(
            ("GET", "/uploads/{*path}"),
            Public,
            PUBLIC,
            "file::avatar",
            file::public_file,
        ),
    ]
}

fn chunks() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/file/chunk/init"),
            User,
            CHUNK,
            "chunk::resumed_and_merged",
            chunk::init,
        ),
        route(
            ("POST", "/api/im/file/chunk/upload"),
            User,
            CHUNK,
            "chunk::resumed_and_merged",
            chunk::upload,
        )
        .upload(),
        route(
            ("POST", "/api/im/file/chunk/merge"),
            User,
            CHUNK,
            "chunk::resumed_and_merged",
            chunk::merge,
        ),
        route(
            ("DELETE", "/api/im/file/chunk/cancel/{id}"),
            User,
            CHUNK,
            "chunk::paused_and_cancelled",
            chunk::cancel,
        ),
        route(
            ("PUT", "/api/im/file/chunk/pause/{id}"),
            User,
            CHUNK,
            "chunk::paused_and_cancelled",
            chunk::pause,
        ),
        route(
            ("POST", "/api/im/file/chunk/resume/{id}"),
            User,
            CHUNK,
            "chunk::resumed_and_merged",
            chunk::resume,
        ),
        route(
            ("GET", "/api/im/file/chunk/progress/{id}"),
            User,
            CHUNK,
            "chunk::resumed_and_merged",
            chunk::progress,
        ),
    ]
}
