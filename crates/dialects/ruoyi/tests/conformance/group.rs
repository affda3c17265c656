//! Groups and their members.

use parlance_core::Limits;
use serde_json::{Value, json};

use crate::people::{House, Person, ok, ok_msg, refused};

/// A group of `owner` and these people.
pub async fn group(owner: &Person, name: &str, members: &[&Person]) -> i64 {
    let ids: Vec<i64> = members.iter().map(|member| member.id).collect();
    let body = json!({ "name": name, "memberIds": ids });
    let made = owner.http.post("/api/im/group/create", body).await;
    ok_msg(made, "创建成功").as_i64().expect("a group id")
}

/// The user ids and roles of a group's members, in the order of the answer.
async fn members(person: &Person, group: i64) -> Vec<(i64, String)> {
    let list = ok_msg(
        person.http.get(&format!("/api/im/group/{group}/members")).await,
        "success",
    );
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|member| {
            (
                member["userId"].as_i64().expect("an id"),
                member["role"].as_str().expect("a role").to_owned(),
            )
        })
        .collect()
}

fn named(people: &[(&Person, &str)]) -> Vec<(i64, String)> {
    people
        .iter()
        .map(|(person, role)| (person.id, (*role).to_owned()))
        .collect()
}

#[tokio::test]
async fn create_and_read() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person_c("bobby").await,
        house.person("carol").await,
    );
    let body = json!({
        "name": " 产品组 ", "avatar": "", "description": "计划", "type": "public", "memberLimit": 20,
        "memberIds": [b.id, b.id.to_string(), a.id],
    });
    let id = ok_msg(a.http.post("/api/im/group/create", body).await, "创建成功");
    assert!(id.is_i64());
    for (person, role) in [(&a, "OWNER"), (&b, "MEMBER")] {
        let list = ok_msg(person.http.get("/api/im/group/list").await, "success");
        assert_eq!(list.as_array().map(Vec::len), Some(1));
        let shown = ok_msg(person.http.get(&format!("/api/im/group/{id}")).await, "success");
        assert_eq!(list[0], shown);
        let expected = json!({
            "id": id, "groupId": id, "conversationId": id, "name": "产品组", "groupName": "产品组",
            "avatar": "/avatar/group_default.png", "notice": "", "description": "计划", "type": "PUBLIC",
            "ownerId": a.id, "ownerName": "alice", "ownerAvatar": "/avatar/default.png", "memberCount": 2,
            "memberLimit": 20, "maxMembers": 20, "status": "NORMAL", "myRole": role, "role": role,
            "isMuted": false, "allMuted": false,
            "createTime": shown["createTime"], "updateTime": shown["updateTime"],
        });
        assert_eq!(shown, expected);
        assert_eq!(
            shown["createTime"].as_str().map(str::len),
            Some("2026-01-09 10:00:00".len())
        );
        // The group is a conversation, and in the list at once, without a message.
        let conversations = ok(person.http.get("/api/im/conversation/list").await);
        assert_eq!(
            (&conversations[0]["id"], &conversations[0]["type"]),
            (&id, &json!("GROUP"))
        );
        assert_eq!(
            (&conversations[0]["name"], &conversations[0]["unreadCount"]),
            (&json!("产品组"), &json!(0))
        );
    }
    assert_eq!(ok(c.http.get("/api/im/group/list").await), json!([]));
    refused(&c.http.get(&format!("/api/im/group/{id}")).await, 400, 10002);
    refused(&a.http.get("/api/im/group/999999").await, 400, 404);
    refused(&a.http.get("/api/im/group/%F0%9F%98%80").await, 400, 404);
    house.server.stop().await;
}

#[tokio::test]
async fn create_with_defaults_and_wrong_fields() {
    let limits = Limits {
        group_members_max: 600,
        ..Limits::default()
    };
    let house = House::with_limits(limits).await;
    let (a, b) = (house.person("alice").await, house.person("bobby").await);
    let plain = group(&a, "团队", &[&b]).await;
    let shown = ok(a.http.get(&format!("/api/im/group/{plain}")).await);
    assert_eq!(
        (&shown["memberLimit"], &shown["type"]),
        (&json!(500), &json!("PRIVATE"))
    );
    let alias = json!({ "groupName": "别名", "groupAvatar": "/x.png" });
    let alias = ok(a.http.post("/api/im/group/create", alias).await);
    let shown = ok(a.http.get(&format!("/api/im/group/{alias}")).await);
    assert_eq!(
        (&shown["name"], &shown["avatar"]),
        (&json!("别名"), &json!("/x.png"))
    );

    let wrong = [
        (json!({}), 400),
        (json!({ "name": "  " }), 400),
        (json!({ "name": "字".repeat(51) }), 400),
        (json!({ "name": "x", "description": "字".repeat(501) }), 400),
        (json!({ "name": "x", "memberLimit": 601 }), 400),
        (json!({ "name": "x", "memberLimit": 1 }), 400),
        (json!({ "name": "x", "memberLimit": "many" }), 400),
        (
            json!({ "name": "x", "memberLimit": 2, "memberIds": [b.id, 77] }),
            400,
        ),
        (json!({ "name": "x", "memberIds": [b.id, 999_999] }), 404),
        (json!({ "name": "x", "memberIds": ["\u{0}", {}] }), 404),
    ];
    for (body, code) in wrong {
        let answer = a.http.post("/api/im/group/create", body.clone()).await;
        assert_eq!(answer.body["code"], code, "{body}");
        refused(&answer, 400, code);
    }
    assert_eq!(
        ok(b.http.get("/api/im/group/list").await)
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    refused(
        &house
            .stranger()
            .post("/api/im/group/create", json!({ "name": "x" }))
            .await,
        401,
        401,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn update() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bobby").await,
        house.person("carol").await,
    );
    let id = group(&a, "old", &[&b, &c]).await;
    let path = format!("/api/im/group/{id}");
    let body = json!({ "notice": "请友善", "description": "新", "memberLimit": 30 });
    assert_eq!(ok_msg(a.http.put(&path, body).await, "更新成功"), Value::Null);
    let shown = ok(b.http.get(&path).await);
    assert_eq!(
        (
            &shown["name"],
            &shown["notice"],
            &shown["description"],
            &shown["memberLimit"]
        ),
        (&json!("old"), &json!("请友善"), &json!("新"), &json!(30))
    );
    ok(a.http
        .put(&path, json!({ "name": "new", "avatar": "/g.png" }))
        .await);
    assert_eq!(ok(b.http.get(&path).await)["name"], "new");
    refused(&b.http.put(&path, json!({ "name": "mine" })).await, 400, 403);
    refused(&a.http.put(&path, json!({ "name": "" })).await, 400, 400);
    refused(&a.http.put(&path, json!({ "memberLimit": 2 })).await, 400, 400);
    assert_eq!(ok(b.http.get(&path).await)["name"], "new");
    house.server.stop().await;
}

#[tokio::test]
async fn dissolve() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bobby").await);
    let id = group(&a, "team", &[&b]).await;
    let path = format!("/api/im/group/{id}");
    refused(&b.http.delete(&path, Value::Null).await, 400, 403);
    assert_eq!(
        ok_msg(a.http.delete(&path, Value::Null).await, "解散成功"),
        Value::Null
    );
    for person in [&a, &b] {
        refused(&person.http.get(&path).await, 400, 404);
        assert_eq!(ok(person.http.get("/api/im/group/list").await), json!([]));
        assert_eq!(ok(person.http.get("/api/im/conversation/list").await), json!([]));
        let send = json!({ "conversationId": id, "type": "TEXT", "content": "late" });
        refused(&person.http.post("/api/im/message/send", send).await, 400, 10001);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn quit() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bobby").await);
    let id = group(&a, "team", &[&b]).await;
    let path = format!("/api/im/group/{id}/quit");
    refused(&a.http.post(&path, Value::Null).await, 400, 403);
    assert_eq!(
        ok_msg(b.http.post(&path, Value::Null).await, "退出成功"),
        Value::Null
    );
    refused(&b.http.post(&path, Value::Null).await, 400, 10002);
    assert_eq!(members(&a, id).await, named(&[(&a, "OWNER")]));
    house.server.stop().await;
}

#[tokio::test]
async fn members_come_and_go() {
    let house = House::open().await;
    let (a, b, c, d) = (
        house.person("alice").await,
        house.person("bobby").await,
        house.person("carol").await,
        house.person("david").await,
    );
    let id = group(&a, "team", &[&b]).await;
    let path = format!("/api/im/group/{id}/members");
    a.say(id, "before").await;
    refused(&b.http.post(&path, json!([c.id])).await, 400, 403);
    assert_eq!(
        ok_msg(a.http.post(&path, json!([c.id, b.id])).await, "添加成功"),
        Value::Null
    );
    ok(a.http.post(&path, json!({ "userIds": [d.id] })).await);
    assert_eq!(
        members(&d, id).await,
        named(&[(&a, "OWNER"), (&b, "MEMBER"), (&c, "MEMBER"), (&d, "MEMBER")])
    );
    let unread = ok(c.http.get("/api/im/message/unread/count").await);
    assert_eq!(unread, 0, "what was said before is not unread");
    let history = ok(c.http.get(&format!("/api/im/message/list/{id}")).await);
    assert_eq!(history[0]["content"], "before", "but it can be read");

    let mut socket = house.socket(&c).await;
    assert_eq!(
        ok_msg(a.http.delete(&path, json!([c.id])).await, "移除成功"),
        Value::Null
    );
    let remove = format!("{path}/{}", d.id);
    assert_eq!(
        ok_msg(a.http.delete(&remove, Value::Null).await, "移除成功"),
        Value::Null
    );
    refused(&a.http.delete(&remove, Value::Null).await, 400, 10002);
    assert_eq!(members(&b, id).await, named(&[(&a, "OWNER"), (&b, "MEMBER")]));

    // Removed: no list, no history, no sending, no live messages.
    refused(&c.http.get(&path).await, 400, 10002);
    refused(
        &c.http.get(&format!("/api/im/message/list/{id}")).await,
        400,
        10002,
    );
    let send = json!({ "conversationId": id, "type": "TEXT", "content": "still here" });
    refused(&c.http.post("/api/im/message/send", send).await, 400, 10002);
    a.say(id, "about carol").await;
    let direct = house.direct(&a, &c).await;
    a.say(direct, "to carol").await;
    assert_eq!(
        socket.expect("new_message").await["payload"]["content"],
        "to carol"
    );

    // Back again: what was missed is not unread.
    ok(a.http.post(&path, json!([c.id])).await);
    assert_eq!(
        ok(c.http.get(&format!("/api/im/message/unread/count/{id}")).await),
        0
    );
    a.say(id, "welcome back").await;
    assert_eq!(
        ok(c.http.get(&format!("/api/im/message/unread/count/{id}")).await),
        1
    );

    let wrong = [
        (json!([]), 400),
        (json!({}), 400),
        (json!("x"), 404),
        (json!([{}]), 404),
        (json!([999_999]), 404),
    ];
    for (body, code) in wrong {
        refused(&a.http.post(&path, body).await, 400, code);
    }
    refused(&a.http.delete(&path, json!([a.id])).await, 400, 403);
    house.server.stop().await;
}

#[tokio::test]
async fn member_fields() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bobby").await);
    let id = group(&a, "team", &[&b]).await;
    let _socket = house.socket(&a).await;
    let list = ok(b.http.get(&format!("/api/im/group/{id}/members")).await);
    let expected = json!({
        "id": a.id, "groupId": id, "userId": a.id, "username": "alice", "userName": "alice", "nickname": "alice",
        "name": "alice", "groupNickname": "alice", "userAvatar": "/avatar/default.png",
        "avatar": "/avatar/default.png", "role": "OWNER", "online": true, "isMuted": false, "muteEndTime": null,
        "joinedTime": list[0]["joinedTime"], "joinTime": list[0]["joinTime"],
    });
    assert_eq!(list[0], expected);
    assert_eq!(
        list[0]["joinTime"].as_str().map(str::len),
        Some("2026-01-09 10:00:00".len())
    );
    assert_eq!(list[1]["online"], false);
    house.server.stop().await;
}

#[tokio::test]
async fn roles() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bobby").await,
        house.person("carol").await,
    );
    let id = group(&a, "team", &[&b, &c]).await;
    let admin = |who: &Person, flag: &str| format!("/api/im/group/{id}/admin/{}?isAdmin={flag}", who.id);
    refused(&b.http.put(&admin(&c, "true"), Value::Null).await, 400, 403);
    ok_msg(
        a.http.put(&admin(&c, "true"), Value::Null).await,
        "设置管理员成功",
    );
    assert_eq!(
        members(&a, id).await,
        named(&[(&a, "OWNER"), (&c, "ADMIN"), (&b, "MEMBER")])
    );
    ok_msg(
        a.http.put(&admin(&c, "false"), Value::Null).await,
        "取消管理员成功",
    );
    ok(a.http.put(&admin(&b, "1"), Value::Null).await);
    refused(&a.http.put(&admin(&a, "false"), Value::Null).await, 400, 403);
    refused(
        &a.http
            .put(&format!("/api/im/group/{id}/admin/{}", b.id), Value::Null)
            .await,
        400,
        400,
    );
    refused(
        &a.http
            .put(
                &format!("/api/im/group/{id}/admin/999999?isAdmin=true"),
                Value::Null,
            )
            .await,
        400,
        10002,
    );

    let transfer = |who: &Person| format!("/api/im/group/{id}/transfer/{}", who.id);
    refused(&b.http.put(&transfer(&b), Value::Null).await, 400, 403);
    refused(&a.http.put(&transfer(&a), Value::Null).await, 400, 400);
    assert_eq!(
        ok_msg(a.http.put(&transfer(&c), Value::Null).await, "转让成功"),
        Value::Null
    );
    assert_eq!(
        members(&a, id).await,
        named(&[(&c, "OWNER"), (&a, "ADMIN"), (&b, "ADMIN")])
    );
    let shown = ok(a.http.get(&format!("/api/im/group/{id}")).await);
    assert_eq!(
        (&shown["ownerId"], &shown["ownerName"]),
        (&json!(c.id), &json!("carol"))
    );
    // An administrator does not remove another one.
    refused(
        &a.http
            .delete(&format!("/api/im/group/{id}/members/{}", b.id), Value::Null)
            .await,
        400,
        403,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn plural_paths() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bobby").await,
        house.person("carol").await,
    );
    let id = group(&a, "team", &[&b]).await;
    let base = format!("/api/im/groups/{id}");
    assert_eq!(
        ok(a.http.get(&base).await),
        ok(a.http.get(&format!("/api/im/group/{id}")).await)
    );
    assert_eq!(ok(a.http.get("/api/im/groups/list").await)[0]["id"], json!(id));
    ok_msg(
        a.http.post(&format!("{base}/members"), json!([c.id])).await,
        "添加成功",
    );
    let role = |who: &Person| format!("{base}/members/{}/role", who.id);
    ok_msg(
        a.http
            .put(&role(&c), json!({ "userId": c.id, "role": "admin" }))
            .await,
        "更新成功",
    );
    let list = ok(b.http.get(&format!("{base}/members")).await);
    assert_eq!(
        (&list[1]["userId"], &list[1]["role"]),
        (&json!(c.id), &json!("ADMIN"))
    );
    for wrong in [json!({}), json!({ "role": "KING" }), json!({ "role": "OWNER" })] {
        refused(&a.http.put(&role(&c), wrong).await, 400, 400);
    }
    ok_msg(
        a.http.put(&role(&c), json!({ "role": "MEMBER" })).await,
        "更新成功",
    );
    ok_msg(
        a.http
            .delete(&format!("{base}/members/{}", c.id), Value::Null)
            .await,
        "移除成功",
    );
    assert_eq!(members(&a, id).await, named(&[(&a, "OWNER"), (&b, "MEMBER")]));
    house.server.stop().await;
}

#[tokio::test]
async fn qr_code() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bobby").await);
    let id = group(&a, "team", &[]).await;
    let path = format!("/api/im/group/{id}/qrcode");
    let picture = ok_msg(a.http.get(&path).await, "success");
    let picture = picture.as_str().expect("a text");
    assert!(picture.starts_with("data:image/svg+xml;base64,"));
    assert!(picture.len() > 500, "a picture, not an empty frame");
    let other = group(&a, "other", &[]).await;
    let other = ok(a.http.get(&format!("/api/im/group/{other}/qrcode")).await);
    assert_ne!(other, picture, "each group has its own");
    refused(&b.http.get(&path).await, 400, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn odd_ids_are_refused_and_nothing_else() {
    let house = House::open().await;
    let a = house.person("alice").await;
    let long = "9".repeat(4_000);
    for odd in [
        "0",
        "-1",
        "..",
        "%00",
        "9223372036854775808",
        "1e3",
        long.as_str(),
        "null",
        "%F0%9F%98%80",
    ] {
        for path in [
            "/api/im/group/ID/members",
            "/api/im/groups/ID/members",
            "/api/im/group/ID/qrcode",
        ] {
            let answer = a.http.get(&path.replace("ID", odd)).await;
            assert!(
                matches!(answer.status, 400 | 404),
                "{odd} {path}: {}",
                answer.status
            );
        }
    }
    house.server.stop().await;
}
