//! Settings, and the list of blocked people.

use serde_json::{Value, json};

use crate::people::{House, ok, ok_msg, refused};

#[tokio::test]
async fn settings() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let paths = [
        "/api/im/config",
        "/api/im/config/notification",
        "/api/im/config/privacy",
        "/api/im/config/shortcut",
    ];
    for (index, path) in paths.into_iter().enumerate() {
        assert_eq!(ok(a.http.get(path).await), json!({}));
        let with_query = format!("{path}?userId=1");
        let first = json!({ "number": index, "nested": { "键": [1, 2] }, "sound": true });
        ok_msg(a.http.put(&with_query, first).await, "更新成功");
        let merged = json!({ "number": index, "nested": { "键": [1, 2] }, "theme": "dark" });
        let answer = a.http.put(path, json!({ "sound": null, "theme": "dark" })).await;
        assert_eq!(
            ok(answer),
            merged,
            "keys are merged, null takes one away, the query is not saved"
        );
        assert_eq!(ok(a.http.get(path).await), merged);
        assert_eq!(ok(b.http.get(path).await), json!({}));
        for body in [json!([1]), json!("text"), Value::Null] {
            refused(&a.http.put(path, body).await, 400, 400);
        }
        refused(
            &a.http.put(path, json!({ "big": "x".repeat(66_000) })).await,
            400,
            413,
        );
        refused(&house.stranger().get(path).await, 401, 401);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn blocked() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let list = "/api/im/config/blocked";
    for (block, unblock) in [("blocked", "blocked"), ("block", "unblock")] {
        let block = format!("/api/im/config/{block}/{}", b.id);
        ok_msg(a.http.post(&block, json!({})).await, "已拉黑");
        ok(a.http.post(&block, json!({})).await);
        let shown = ok(a.http.get(list).await);
        assert_eq!(
            (shown.as_array().map(Vec::len), &shown[0]["id"]),
            (Some(1), &json!(b.id))
        );
        assert_eq!(ok(b.http.get(list).await), json!([]));
        let unblock = format!("/api/im/config/{unblock}/{}", b.id);
        ok_msg(a.http.delete(&unblock, json!({})).await, "已解除拉黑");
        ok(a.http.delete(&unblock, json!({})).await);
        assert_eq!(ok(a.http.get(list).await), json!([]));
    }
    refused(
        &a.http.post(&format!("{list}/{}", a.id), json!({})).await,
        400,
        400,
    );
    for id in ["0", "999999", "undefined", "%00"] {
        refused(&a.http.post(&format!("{list}/{id}"), json!({})).await, 400, 404);
    }

    ok(b.http.post(&format!("{list}/{}", a.id), json!({})).await);
    let body = json!({ "targetUserId": b.id, "message": "在吗" });
    ok_msg(
        a.http.post("/api/im/contact/request/send", body).await,
        "发送成功",
    );
    assert_eq!(
        ok(b.http.get("/api/im/contact/request/received").await),
        json!([]),
        "not shown"
    );
    let own = b
        .http
        .post("/api/im/contact/request/send", json!({ "targetUserId": a.id }))
        .await;
    refused(&own, 400, 400);
    assert_eq!(own.body["msg"], "您已拉黑对方，请先解除拉黑");
    house.server.stop().await;
}
