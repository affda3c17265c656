//! People.

use serde_json::json;

use crate::people::{House, ok, refused};

#[tokio::test]
async fn me() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let shown = ok(alice.http.get("/api/v1/users/me").await);
    let expected = json!({
        "id": alice.id, "uid": "alice", "mobile": null, "name": "alice", "english_name": null, "status": "ACTIVE",
        "role": "ORDINARY_USER", "is_deleted": 0, "email": null, "avatar": null,
        "created_at": shown["created_at"], "updated_at": shown["updated_at"],
    });
    assert_eq!(shown, expected);
    let at = shown["created_at"].as_str().expect("a time");
    assert!(
        at.len() >= 19 && at.as_bytes()[10] == b'T' && !at.contains(['Z', '+']),
        "{at}"
    );
    refused(
        &house.stranger().get("/api/v1/users/me").await,
        401,
        "Not authenticated",
    );
    house.server.stop().await;
}
