//! The health check, areas that are no messaging, unknown paths and methods.

use serde_json::json;

use crate::people::{House, ok, refused};

#[tokio::test]
async fn health() {
    let house = House::open().await;
    let answer = house.stranger().get("/health").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["status"], "UP");
    assert!(answer.body["application"].is_string() && answer.body["environment"].is_string());
    house.server.stop().await;
}

#[tokio::test]
async fn areas_out_of_scope() {
    let house = House::open().await;
    let person = house.person("alice").await;
    for area in [
        "ding/received",
        "video-call/history/3",
        "workbench/todos",
        "task",
        "emails",
    ] {
        let path = format!("/api/im/{area}");
        assert_eq!(ok(person.http.get(&path).await), json!([]));
        refused(&house.stranger().get(&path).await, 401, 401);
        refused(&person.http.post(&path, json!({ "title": "x" })).await, 404, 404);
        refused(&person.http.delete(&path, json!([1])).await, 404, 404);
        refused(&house.stranger().put(&path, json!({})).await, 404, 404);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn unknown_paths_and_methods() {
    let house = House::open().await;
    let person = house.person("alice").await;
    for path in [
        "/api/im/nothing",
        "/api/im/message/list/1/2/3",
        "/api/im/message/list/",
        "/api/im/dings",
        "/api/auth/nothing",
    ] {
        refused(&person.http.get(path).await, 404, 404);
        refused(&house.stranger().post(path, json!({})).await, 404, 404);
    }
    let answer = person.http.put("/api/im/message/send", json!({})).await;
    refused(&answer, 405, 405);
    assert_eq!(answer.header("allow"), "POST");
    let answer = house.stranger().post("/api/im/user/info", json!({})).await;
    refused(&answer, 405, 405);
    house.server.stop().await;
}
