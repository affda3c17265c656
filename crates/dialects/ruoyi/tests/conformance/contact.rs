//! Friends: requests, the list, its groups, blocks.

use serde_json::{Value, json};

use crate::people::{House, Person, ok, ok_msg, refused};

/// Sends a request and gives its id.
async fn ask(a: &Person, b: &Person, group: &str) -> i64 {
    let body = json!({ "targetUserId": b.id, "message": "我是好人", "groupName": group });
    let id = ok_msg(
        a.http.post("/api/im/contact/request/send", body).await,
        "发送成功",
    );
    id.as_i64().expect("an id")
}

async fn answer(person: &Person, id: i64, approved: bool) -> parlance_testkit::Answer {
    let path = format!("/api/im/contact/request/{id}/handle?approved={approved}");
    person.http.fetch(person.http.request("POST", &path)).await
}

/// Makes two people friends and gives the row that `a` has of `b`.
async fn befriend(a: &Person, b: &Person, group: &str) -> i64 {
    ok(answer(b, ask(a, b, group).await, true).await);
    row_of(a, b).await
}

async fn row_of(a: &Person, b: &Person) -> i64 {
    let list = ok(a.http.get("/api/im/contact/list").await);
    let row = list
        .as_array()
        .expect("an array")
        .iter()
        .find(|row| row["friendId"] == b.id);
    row.expect("a friend")["id"].as_i64().expect("an id")
}

#[tokio::test]
async fn requests() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person_c("bob").await,
        house.person("carol").await,
    );
    let id = ask(&a, &b, "同事").await;
    let received = ok(b.http.get("/api/im/contact/request/received").await);
    let request = &received[0];
    for (field, value) in [
        ("id", json!(id)),
        ("fromUserId", json!(a.id)),
        ("toUserId", json!(b.id)),
        ("message", json!("我是好人")),
        ("status", json!("PENDING")),
        ("handledTime", Value::Null),
        ("fromUserName", json!("alice")),
        ("fromUserAvatar", json!("/avatar/default.png")),
        ("toUserName", json!("bob")),
    ] {
        assert_eq!(request[field], value, "{field}");
    }
    assert!(request["createTime"].is_string());
    assert_eq!(ok(a.http.get("/api/im/contact/request/sent").await)[0]["id"], id);
    assert_eq!(
        ok(a.http.get("/api/im/contact/request/received").await),
        json!([])
    );

    let again = a
        .http
        .post("/api/im/contact/request/send", json!({ "targetUserId": b.id }))
        .await;
    refused(&again, 400, 400);
    for (person, request) in [(&a, id), (&c, id), (&b, 0), (&b, 4_711)] {
        refused(&answer(person, request, true).await, 400, 404);
    }
    refused(
        &b.http
            .post(&format!("/api/im/contact/request/{id}/handle"), json!({}))
            .await,
        400,
        400,
    );
    ok_msg(answer(&b, id, false).await, "已拒绝");
    assert_eq!(
        ok(b.http.get("/api/im/contact/request/received").await),
        json!([])
    );
    assert_eq!(
        ok(a.http.get("/api/im/contact/request/sent").await)[0]["status"],
        "REJECTED"
    );

    let id = ask(&a, &b, "").await;
    ok_msg(answer(&b, id, true).await, "已同意");
    let sent = ok(a.http.get("/api/im/contact/request/sent").await);
    assert_eq!(sent[0]["status"], "APPROVED");
    assert!(sent[0]["handledTime"].is_string());
    let again = a
        .http
        .post("/api/im/contact/request/send", json!({ "targetUserId": b.id }))
        .await;
    refused(&again, 400, 400);
    assert_eq!(again.body["msg"], "对方已经是您的好友");
    let conversations = ok(a.http.get("/api/im/conversation/list").await);
    assert_eq!(
        conversations[0]["peerUserId"], b.id,
        "friends have a conversation"
    );
    for body in [
        json!({ "targetUserId": a.id }),
        json!({}),
        json!({ "targetUserId": c.id, "message": "字".repeat(201) }),
        json!({ "targetUserId": c.id, "groupName": "组".repeat(21) }),
    ] {
        refused(&a.http.post("/api/im/contact/request/send", body).await, 400, 400);
    }
    let nobody = a
        .http
        .post("/api/im/contact/request/send", json!({ "targetUserId": 999_999 }))
        .await;
    refused(&nobody, 400, 404);
    house.server.stop().await;
}

#[tokio::test]
async fn list_and_detail() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let profile = json!({ "email": "b@example.org", "mobile": "13900139000", "signature": "在线" });
    ok(b.http.put(&format!("/api/im/user/{}", b.id), profile).await);
    let row = befriend(&a, &b, "").await;
    let _socket = house.socket(&b).await;
    let list = ok(a.http.get("/api/im/contact/list").await);
    let friend = &list[0];
    for (field, value) in [
        ("id", json!(row)),
        ("friendId", json!(b.id)),
        ("friendName", json!("bob")),
        ("friendAvatar", json!("/avatar/default.png")),
        ("username", json!("bob")),
        ("email", json!("b@example.org")),
        ("phone", json!("13900139000")),
        ("signature", json!("在线")),
        ("remark", json!("")),
        ("groupName", json!("默认分组")),
        ("status", json!("NORMAL")),
        ("online", json!(true)),
    ] {
        assert_eq!(friend[field], value, "{field}");
    }
    assert!(friend["createTime"].is_string());
    assert_eq!(&ok(a.http.get(&format!("/api/im/contact/{row}")).await), friend);
    refused(&b.http.get(&format!("/api/im/contact/{row}")).await, 400, 404);
    for id in ["0", "-1", "x", "99999999999999999999", "%F0%9F%98%80"] {
        refused(&a.http.get(&format!("/api/im/contact/{id}")).await, 400, 404);
    }
    refused(&house.stranger().get("/api/im/contact/list").await, 401, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn search() {
    let house = House::open().await;
    let (a, b) = (house.person("alice_x").await, house.person("bob_x").await);
    let c = house.person("carol_x").await;
    befriend(&a, &b, "").await;
    let found = ok(a.http.get("/api/im/contact/search?keyword=_x").await);
    let ids: Vec<&Value> = found
        .as_array()
        .expect("an array")
        .iter()
        .map(|user| &user["id"])
        .collect();
    assert_eq!(ids, [&json!(c.id)], "neither oneself nor friends");
    assert_eq!(ok(a.http.get("/api/im/contact/search?keyword=").await), json!([]));
    house.server.stop().await;
}

#[tokio::test]
async fn groups() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("carol").await,
    );
    let (of_b, of_c) = (befriend(&a, &b, "同事").await, befriend(&a, &c, "").await);
    let list = "/api/im/contact/group/list";
    assert_eq!(ok(a.http.get(list).await), json!(["默认分组", "同事"]));
    let grouped = ok(a.http.get("/api/im/contact/grouped").await);
    assert_eq!(
        (&grouped[0]["groupName"], &grouped[0]["count"]),
        (&json!("默认分组"), &json!(1))
    );
    assert_eq!(grouped[0]["friends"][0]["friendId"], c.id);
    assert_eq!(
        (&grouped[1]["groupName"], &grouped[1]["friends"][0]["id"]),
        (&json!("同事"), &json!(of_b))
    );

    let encoded = "%E5%90%8C%E4%BA%8B";
    let rename = format!("/api/im/contact/group/{encoded}");
    ok_msg(
        a.http.put(&rename, json!({ "newName": "老同事" })).await,
        "重命名成功",
    );
    assert_eq!(ok(a.http.get(list).await), json!(["默认分组", "老同事"]));
    let gone = a.http.put(&rename, json!({ "newName": "x" })).await;
    refused(&gone, 400, 400);
    assert_eq!(gone.body["msg"], "分组不存在");
    refused(&a.http.put("/api/im/contact/group/x", json!({})).await, 400, 400);
    refused(
        &a.http
            .put("/api/im/contact/group/x", json!({ "newName": "x".repeat(21) }))
            .await,
        400,
        400,
    );

    let into = json!({ "friendIds": [of_b, of_c, 4_711], "groupName": "家人" });
    ok_msg(a.http.put("/api/im/contact/group/move", into).await, "移动成功");
    let grouped = ok(a.http.get("/api/im/contact/grouped").await);
    assert_eq!(
        (&grouped[0]["groupName"], &grouped[0]["count"]),
        (&json!("家人"), &json!(2))
    );
    refused(
        &a.http
            .put("/api/im/contact/group/move", json!({ "groupName": "x" }))
            .await,
        400,
        400,
    );
    let stolen = json!({ "friendIds": [of_b], "groupName": "被偷" });
    ok(c.http.put("/api/im/contact/group/move", stolen).await);
    assert_eq!(
        ok(a.http.get(&format!("/api/im/contact/{of_b}")).await)["groupName"],
        "家人"
    );

    ok_msg(
        a.http
            .delete("/api/im/contact/group/%E5%AE%B6%E4%BA%BA", json!({}))
            .await,
        "删除成功",
    );
    assert_eq!(ok(a.http.get(list).await), json!(["默认分组"]));
    assert_eq!(ok(a.http.get("/api/im/contact/grouped").await)[0]["count"], 2);
    house.server.stop().await;
}

#[tokio::test]
async fn update_and_delete() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let row = befriend(&a, &b, "").await;
    let path = format!("/api/im/contact/{row}");
    ok_msg(
        a.http
            .put(&path, json!({ "remark": "老板", "groupName": "同事" }))
            .await,
        "更新成功",
    );
    ok(a.http.put(&path, json!({ "groupName": "默认分组" })).await);
    let shown = ok(a.http.get(&path).await);
    assert_eq!(
        (&shown["remark"], &shown["groupName"]),
        (&json!("老板"), &json!("默认分组"))
    );
    refused(
        &a.http.put(&path, json!({ "remark": "x".repeat(51) })).await,
        400,
        400,
    );
    refused(&b.http.put(&path, json!({ "remark": "x" })).await, 400, 404);
    refused(&b.http.delete(&path, json!({})).await, 400, 404);
    let mut socket = house.socket(&b).await;
    ok_msg(a.http.delete(&path, json!({})).await, "删除成功");
    socket.send(json!({ "type": "ping" })).await;
    socket.expect("pong").await;
    for person in [&a, &b] {
        assert_eq!(ok(person.http.get("/api/im/contact/list").await), json!([]));
    }
    refused(&a.http.delete(&path, json!({})).await, 400, 404);
    house.server.stop().await;
}

#[tokio::test]
async fn block() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let row = befriend(&a, &b, "").await;
    let path = format!("/api/im/contact/{row}/block");
    let put = |query: &str| a.http.request("PUT", &format!("{path}{query}"));
    ok_msg(a.http.fetch(put("?blocked=true")).await, "已拉黑");
    assert_eq!(
        ok(a.http.get("/api/im/contact/list").await)[0]["status"],
        "BLOCKED"
    );
    assert_eq!(
        ok(b.http.get("/api/im/contact/list").await)[0]["status"],
        "NORMAL",
        "nobody is told"
    );
    for (from, to) in [(&a, &b), (&b, &a)] {
        let body = json!({ "receiverId": to.id, "content": "hi" });
        refused(&from.http.post("/api/im/message/send", body).await, 400, 403);
    }
    ok_msg(a.http.fetch(put("?blocked=false")).await, "已解除拉黑");
    ok(b.http
        .post(
            "/api/im/message/send",
            json!({ "receiverId": a.id, "content": "hi" }),
        )
        .await);
    refused(&a.http.fetch(put("")).await, 400, 400);
    refused(
        &b.http.put(&format!("{path}?blocked=true"), json!({})).await,
        400,
        404,
    );
    house.server.stop().await;
}
