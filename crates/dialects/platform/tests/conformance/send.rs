//! Sending, by people and by apps.

use serde_json::{Value, json};

use crate::people::{House, ok, refused};

const SEND: &str = "/api/v1/messages/";

fn detail(text: &str) -> Value {
    json!({ "detail": text })
}

#[tokio::test]
async fn a_message_is_answered_as_it_was_sent() {
    let house = House::open().await;
    let (alice, bob, _) = house.office().await;
    let sent = alice.says(&bob, "你好，这是一条私信").await;
    let expected = json!({
        "id": sent["id"], "sender_id": alice.id, "receiver_id": bob.id, "app_id": null, "app_name": null,
        "type": "MESSAGE", "content_type": "TEXT", "title": "私信", "content": "你好，这是一条私信",
        "action_url": null, "action_text": null, "is_read": false, "created_at": sent["created_at"], "read_at": null,
    });
    assert_eq!(sent, expected);
    let without_slash = json!({ "receiver_id": bob.id, "type": "MESSAGE", "title": "t", "content": "c" });
    ok(alice.http.post("/api/v1/messages", without_slash).await);
    let by_account = json!({
        "app_id": "oa", "app_user_id": "bob_oa", "type": "MESSAGE", "title": "t", "content": "c",
    });
    assert_eq!(ok(alice.http.post(SEND, by_account).await)["receiver_id"], bob.id);
    house.server.stop().await;
}

#[tokio::test]
async fn an_object_stays_in_its_order_and_a_button_leads_into_the_app() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let body = r#"{"receiver_id": RECEIVER, "type": "MESSAGE", "content_type": "USER_NOTIFICATION", "app_id": "oa",
        "title": "请假申请", "content": {"z": "LEAVE", "days": 2, "a": {"y": 1, "b": [1, 2.50]}}, "auto_sso": true,
        "target_url": "https://biz.example.com/leave/123", "action_text": "去审批"}"#;
    let body = body.replace("RECEIVER", &bob.id.to_string());
    let request = alice
        .http
        .request("POST", SEND)
        .header("content-type", "application/json");
    let sent = ok(alice.http.fetch(request.body(body)).await);
    assert_eq!(
        sent["content"],
        r#"{"z":"LEAVE","days":2,"a":{"y":1,"b":[1,2.50]}}"#
    );
    let link = "/api/v1/simple/sso/jump?app_id=oa&redirect_to=https%3A%2F%2Fbiz.example.com%2Fleave%2F123";
    assert_eq!(
        (&sent["action_url"], &sent["action_text"]),
        (&json!(link), &json!("去审批"))
    );
    assert_eq!(
        (&sent["app_id"], &sent["content_type"]),
        (&Value::Null, &json!("USER_NOTIFICATION"))
    );
    let list = ok(bob.http.get("/api/v1/messages/conversations").await);
    assert_eq!(list[0]["last_message"], "[USER_NOTIFICATION]");

    let from_app = json!({
        "app_id": "oa", "app_user_id": "bob_oa", "sender_app_user_id": "alice_oa", "type": "MESSAGE",
        "content_type": "USER_NOTIFICATION", "title": "t", "content": { "b": 1, "a": 2 }, "auto_sso": true,
        "target_url": "https://biz.example.com/1",
    });
    let sent = ok(oa.send(&house, from_app).await);
    assert_eq!(
        (&sent["sender_id"], &sent["app_id"]),
        (&json!(alice.id), &Value::Null)
    );
    assert!(
        sent["action_url"]
            .as_str()
            .expect("a link")
            .starts_with("/api/v1/simple/sso/jump?app_id=oa&")
    );
    assert_eq!(alice.history(bob.id).await.as_array().map(Vec::len), Some(2));
    house.server.stop().await;
}

#[tokio::test]
async fn a_notification_stays_with_its_app() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let body = json!({
        "app_id": "oa", "app_user_id": "alice_oa", "type": "NOTIFICATION", "content_type": "TEXT",
        "title": "审批通知", "content": "您有一条待审批任务", "auto_sso": true,
        "target_url": "https://biz.example.com/todo/123", "action_text": "立即处理",
    });
    let sent = ok(oa.send(&house, body.clone()).await);
    let link = "/api/v1/simple/sso/jump?app_id=oa&redirect_to=https%3A%2F%2Fbiz.example.com%2Ftodo%2F123";
    let expected = json!({
        "id": sent["id"], "sender_id": null, "receiver_id": alice.id, "app_id": oa.id, "app_name": "oa app",
        "type": "NOTIFICATION", "content_type": "TEXT", "title": "审批通知", "content": "您有一条待审批任务",
        "action_url": link, "action_text": "立即处理", "is_read": false, "created_at": sent["created_at"],
        "read_at": null,
    });
    assert_eq!(sent, expected);
    let mut with_sender = body;
    with_sender["sender_app_user_id"] = json!("bob_oa");
    assert_eq!(ok(oa.send(&house, with_sender).await)["sender_id"], bob.id);
    assert_eq!(alice.history(-oa.id).await.as_array().map(Vec::len), Some(2));
    assert_eq!(alice.history(bob.id).await, json!([]));

    let anonymous = json!({ "receiver_id": alice.id, "type": "MESSAGE", "title": "t", "content": "c" });
    let sent = ok(oa.send(&house, anonymous).await);
    assert_eq!(
        (&sent["type"], &sent["sender_id"], &sent["app_id"]),
        (&json!("MESSAGE"), &Value::Null, &json!(oa.id))
    );
    assert_eq!(alice.history(-oa.id).await[0], sent);
    house.server.stop().await;
}

#[tokio::test]
async fn everybody_hears_a_broadcast_once() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let sent = oa.notify(&house, None, "这是一条全员通知").await;
    assert_eq!(
        (&sent["receiver_id"], &sent["app_id"]),
        (&Value::Null, &json!(oa.id))
    );
    for person in [&alice, &bob] {
        assert_eq!(person.unread().await, 1);
        assert_eq!(person.history(-oa.id).await, json!([sent]));
    }
    let late = house.person("late").await;
    assert_eq!(late.unread().await, 0);
    assert_eq!(late.history(-oa.id).await, json!([]));
    assert_eq!(
        ok(late.http.get("/api/v1/messages/conversations").await),
        json!([])
    );
    house.server.stop().await;
}

#[tokio::test]
async fn people_send_no_notifications() {
    let house = House::open().await;
    let (alice, bob, _) = house.office().await;
    let send = |body: Value| alice.http.post(SEND, body);
    let body = json!({ "receiver_id": bob.id, "type": "NOTIFICATION", "title": "t", "content": "c" });
    refused(&send(body).await, 403, "Only apps send notifications");
    for kind in ["NOTIFICATION", "MESSAGE"] {
        let body = json!({ "is_broadcast": true, "type": kind, "title": "t", "content": "c" });
        refused(&send(body).await, 403, "Only apps send notifications");
    }
    assert_eq!(bob.unread().await, 0);
    house.server.stop().await;
}

#[tokio::test]
async fn an_app_speaks_for_itself_only_whatever_else_is_wrong() {
    let house = House::open().await;
    let (alice, _, oa) = house.office().await;
    house.speaker("crm", &[]).await;
    for body in [
        json!({ "app_id": "crm", "app_user_id": "x", "type": "NOTIFICATION", "title": "t", "content": "c" }),
        json!({ "app_id": "nobody", "type": "NONSENSE" }),
        json!({ "app_id": "OA", "receiver_id": alice.id, "type": "NOTIFICATION", "title": "t", "content": "c" }),
    ] {
        refused(
            &oa.send(&house, body).await,
            403,
            "app_id is not the app that has signed",
        );
    }
    let now = house.server.core.now() / 1_000_000;
    let doubled =
        r#"{"app_id":"oa","app_id":"crm","receiver_id":1,"type":"NOTIFICATION","title":"t","content":"c"}"#;
    let request = oa
        .request(now)
        .header("content-type", "application/json")
        .body(doubled);
    assert_eq!(house.stranger().fetch(request).await.status, 403);
    house.server.stop().await;
}

#[tokio::test]
async fn who_cannot_be_reached_is_told_apart() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let message = |more: Value| {
        let mut body = json!({ "type": "MESSAGE", "title": "t", "content": "c" });
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        body
    };
    let nobody = "receiver_id, or app_id with app_user_id, is required";
    for (more, status, text) in [
        (json!({}), 422, nobody),
        (json!({ "app_user_id": "bob_oa" }), 422, nobody),
        (json!({ "app_id": "oa", "app_user_id": "" }), 422, nobody),
        (json!({ "receiver_id": 987_654_321 }), 404, "Receiver not found"),
        (
            json!({ "app_id": "oa", "app_user_id": "nobody" }),
            404,
            "User not found",
        ),
        (
            json!({ "app_id": "none", "app_user_id": "bob_oa" }),
            404,
            "Item not found",
        ),
        (
            json!({ "receiver_id": bob.id, "content": "" }),
            422,
            "The content is empty",
        ),
        (
            json!({ "receiver_id": bob.id, "content": "x".repeat(65_537) }),
            413,
            "The content is too large",
        ),
    ] {
        refused(&alice.http.post(SEND, message(more)).await, status, text);
    }
    let notice = |more: Value| {
        let mut body = message(more);
        body["type"] = json!("NOTIFICATION");
        body
    };
    for (body, status, text) in [
        (notice(json!({})), 422, nobody),
        (notice(json!({ "app_id": "oa" })), 422, nobody),
        (
            notice(json!({ "is_broadcast": true, "receiver_id": bob.id })),
            422,
            "A broadcast has no receiver",
        ),
        (
            notice(json!({ "is_broadcast": true, "app_id": "oa", "app_user_id": "bob_oa" })),
            422,
            "A broadcast has no receiver",
        ),
        (
            message(json!({ "is_broadcast": true })),
            422,
            "Only a NOTIFICATION is sent to everybody",
        ),
        (notice(json!({ "app_user_id": "nobody" })), 404, "User not found"),
        (notice(json!({ "receiver_id": 0 })), 404, "Receiver not found"),
    ] {
        let answer = oa.send(&house, body).await;
        assert_eq!((answer.status, &answer.body), (status, &detail(text)));
    }
    house.server.stop().await;
}

#[tokio::test]
async fn wrong_fields_are_listed() {
    let house = House::open().await;
    let (alice, bob, _) = house.office().await;
    let wrong = |answer: parlance_testkit::Answer| {
        assert_eq!(answer.status, 422, "{:?}", answer.body);
        let first = &answer.body["detail"][0];
        (first["loc"].clone(), first["type"].clone())
    };
    let message = |field: &str, value: Value| {
        let mut body = json!({ "receiver_id": bob.id, "type": "MESSAGE", "title": "t", "content": "c" });
        body[field] = value;
        alice.http.post(SEND, body)
    };
    for (field, value, kind) in [
        ("title", json!("x".repeat(256)), "string_too_long"),
        ("title", Value::Null, "string_type"),
        ("content_type", json!("VOICE"), "enum"),
        ("type", json!("SMS"), "enum"),
        ("receiver_id", json!("x"), "int_parsing"),
        ("action_text", json!("x".repeat(51)), "string_too_long"),
        ("auto_sso", json!("perhaps"), "bool_parsing"),
    ] {
        assert_eq!(
            wrong(message(field, value).await),
            (json!(["body", field]), json!(kind))
        );
    }
    assert_eq!(wrong(message("content", json!([1])).await).1, "string_type");
    assert_eq!(message("title", json!("字".repeat(255))).await.status, 200);
    house.server.stop().await;
}

#[tokio::test]
async fn links_lead_to_the_web_and_where_the_app_allows() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let strict = house.speaker("strict", &["https://biz.example.com"]).await;
    let notice = |more: Value| {
        let mut body = json!({ "receiver_id": bob.id, "type": "NOTIFICATION", "title": "t", "content": "c" });
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        body
    };
    for link in [
        "javascript:alert(1)",
        "//evil.example",
        "/\\evil.example",
        "data:text/html,x",
        "ftp://x.example",
    ] {
        for more in [
            json!({ "action_url": link }),
            json!({ "target_url": link, "auto_sso": true }),
            json!({ "target_url": link }),
        ] {
            assert_eq!(oa.send(&house, notice(more)).await.status, 422, "{link}");
        }
    }
    for link in [
        "/todo/1",
        "https://anywhere.example/x",
        "/api/v1/simple/sso/jump?app_id=oa",
    ] {
        let sent = ok(oa.send(&house, notice(json!({ "action_url": link }))).await);
        assert_eq!(sent["action_url"], link);
    }
    let allowed = json!({ "target_url": "https://biz.example.com/1", "auto_sso": true });
    assert_eq!(strict.send(&house, notice(allowed)).await.status, 200);
    let elsewhere = json!({ "target_url": "https://other.example/1", "auto_sso": true });
    assert_eq!(strict.send(&house, notice(elsewhere)).await.status, 422);
    let smuggled = "/api/v1/simple/sso/jump?app_id=strict&redirect_to=https%3A%2F%2Fother.example";
    assert_eq!(
        oa.send(&house, notice(json!({ "action_url": smuggled })))
            .await
            .status,
        422
    );

    let body = json!({
        "receiver_id": bob.id, "type": "MESSAGE", "content_type": "USER_NOTIFICATION", "title": "t", "content": "c",
        "auto_sso": true, "target_url": "https://biz.example.com/1",
    });
    refused(&alice.http.post(SEND, body).await, 422, "auto_sso needs app_id");
    house.server.stop().await;
}

#[tokio::test]
async fn a_call_is_proven_by_a_token_or_a_signature() {
    let house = House::open().await;
    let (_, bob, oa) = house.office().await;
    let body = json!({ "receiver_id": bob.id, "type": "NOTIFICATION", "title": "t", "content": "c" });
    refused(
        &house.stranger().post(SEND, body.clone()).await,
        401,
        "Not authenticated",
    );
    let bad = house.stranger().with_token("x");
    refused(
        &bad.post(SEND, body.clone()).await,
        401,
        "Could not validate credentials",
    );
    let now = house.server.core.now() / 1_000_000;
    let http = house.stranger();
    let late = http.fetch(oa.request(now - 301).json(&body)).await;
    refused(&late, 401, "Invalid signature");
    let half = http.request("POST", SEND).header("X-App-Id", "oa").json(&body);
    refused(
        &http.fetch(half).await,
        401,
        "X-App-Id, X-Timestamp and X-Sign are required",
    );
    assert_eq!(http.fetch(oa.request(now - 299).json(&body)).await.status, 200);
    house.server.stop().await;
}

#[tokio::test]
async fn a_repeated_key_is_answered_with_the_first_message() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let now = house.server.core.now() / 1_000_000;
    let body =
        |text: &str| json!({ "receiver_id": bob.id, "type": "MESSAGE", "title": text, "content": "c" });
    let as_person = |text: &str| {
        let request = alice.http.request("POST", SEND).header("Idempotency-Key", "k1");
        alice.http.fetch(request.json(&body(text)))
    };
    let as_app = |text: &str| {
        let request = oa.request(now).header("Idempotency-Key", "k1").json(&body(text));
        alice.http.fetch(request)
    };
    let (of_person, of_app) = (ok(as_person("t").await), ok(as_app("t").await));
    assert_ne!(of_person["id"], of_app["id"]);
    assert_eq!(ok(as_person("t").await), of_person);
    assert_eq!(ok(as_app("t").await), of_app);
    let conflict = "This Idempotency-Key was used for another message";
    refused(&as_person("other").await, 409, conflict);
    refused(&as_app("other").await, 409, conflict);
    assert_eq!(bob.unread().await, 2);
    house.server.stop().await;
}
