//! Groups: making, finding, changing and ending them, their attributes, and who has read what there.

use parlance_core::command::{MarkRead, ReadUpTo};
use parlance_core::query::FindGroupByKey;
use serde_json::{Value, json};

use crate::group_house::{GROUPS, column, people, staffed};
use crate::house::{House, Person, ok, refused};

#[tokio::test]
async fn a_group_is_made_with_all_that_it_may_have() {
    let house = House::open().await;
    let [ann, _, _] = people(&house, ["ann", "bob", "cid"]).await;
    let fields = json!({
        "groupId": "群/1", "name": " 周会 ", "groupType": "public", "memberIds": ["bob", "cid", "bob", "ann"],
        "announcement": "be kind", "avatar": "/a.png", "description": "weekly", "joinOption": "FREE",
        "attributes": { "color": "red", "n": 1 },
    });
    let mut made = ok(&ann.http.post(GROUPS, fields.clone()).await);
    let created_at = made["createdAt"].take();
    assert_eq!(
        created_at.as_i64(),
        Some(house.server.core.now() / 1_000 - ago(&house, &created_at))
    );
    let expected = json!({
        "groupId": "群/1", "name": "周会", "avatar": "/a.png", "announcement": "be kind", "description": "weekly",
        "groupType": "PUBLIC", "joinOption": "FREE", "ownerId": "ann", "adminIds": [], "memberCount": 3,
        "mutedAll": false, "role": "OWNER", "attributes": { "color": "red", "n": "1" }, "createdAt": null,
    });
    assert_eq!(made, expected);
    let shown = ok(&ann.calls("%E7%BE%A4%2F1", "GET ", json!({})).await);
    assert_eq!(
        (&shown["name"], &shown["attributes"]),
        (&made["name"], &made["attributes"])
    );
    let by_query = format!("{GROUPS}?name=plain&memberIds=bob,cid");
    let plain = ok(&ann.http.post(&by_query, json!({})).await);
    assert_eq!(plain["groupId"].as_str().map(str::len), Some(36));
    let rest = ["groupType", "joinOption", "memberCount", "attributes"].map(|field| &plain[field]);
    assert_eq!(rest, [&json!("WORK"), &json!("DISABLED"), &json!(3), &json!({})]);

    refused(&house.stranger().post(GROUPS, fields.clone()).await, 401);
    refused(&ann.http.post(GROUPS, fields).await, 409);
    refused(
        &ann.http
            .post(GROUPS, json!({ "name": "x", "memberIds": ["nobody"] }))
            .await,
        404,
    );
    for wrong in [
        json!({}),
        json!({ "name": "  " }),
        json!({ "name": "x".repeat(256) }),
        json!({ "name": "x", "groupType": "CLUB" }),
        json!({ "name": "x", "joinOption": "MAYBE", "groupType": "PUBLIC" }),
        json!({ "name": "x", "groupId": "a b" }),
        json!({ "name": "x", "groupId": "x".repeat(65) }),
        json!({ "name": "x", "groupId": "public" }),
        json!({ "name": "x", "memberIds": {} }),
        json!({ "name": "x", "attributes": [] }),
        json!({ "name": "x", "attributes": { "a": {} } }),
        json!({ "name": "x", "attributes": { "a": "v".repeat(4_001) } }),
    ] {
        refused(&ann.http.post(GROUPS, wrong).await, 400);
    }
    house.server.stop().await;
}

/// How many milliseconds ago that was, by the server's clock; less than a minute.
fn ago(house: &House, at: &Value) -> i64 {
    let ago = house.server.core.now() / 1_000 - at.as_i64().expect("a time");
    assert!((0..60_000).contains(&ago), "{ago}");
    ago
}

#[tokio::test]
async fn ones_own_groups_are_listed_and_paged() {
    let house = House::open().await;
    let [ann, bob] = people(&house, ["ann", "bob"]).await;
    for id in ["one", "two", "three"] {
        ann.makes(json!({ "name": id, "groupId": id, "memberIds": ["bob"], "attributes": { "a": "b" } }))
            .await;
    }
    let all = ok(&bob.http.get(GROUPS).await);
    assert_eq!(column(&all, "groupId"), ["three", "two", "one"]);
    assert_eq!(column(&all, "role"), ["MEMBER"; 3]);
    assert!(all[0].get("attributes").is_none());
    let page = ok(&bob.http.get(&format!("{GROUPS}?page=1&size=2")).await);
    assert_eq!(column(&page["content"], "groupId"), ["one"]);
    assert_eq!([&page["total"], &page["page"], &page["size"]], [3, 1, 2]);
    assert_eq!(ok(&house.person("eve").await.http.get(GROUPS).await), json!([]));
    refused(&house.stranger().get(GROUPS).await, 401);
    refused(&bob.http.get(&format!("{GROUPS}?page=-1")).await, 400);
    house.server.stop().await;
}

#[tokio::test]
async fn everybody_finds_open_groups_and_no_others() {
    let house = House::open().await;
    let other = house.tenant("ak_other", json!({})).await;
    let [ann, eve] = people(&house, ["ann", "eve"]).await;
    let theirs = house.person_of(&other, "ann").await;
    for (id, kind) in [("club-a", "PUBLIC"), ("club-b", "MEETING"), ("club-c", "WORK")] {
        ann.makes(json!({ "groupId": id, "name": format!("{id} 俱乐部"), "groupType": kind }))
            .await;
        let elsewhere = json!({ "groupId": id, "name": "elsewhere", "groupType": kind });
        theirs.makes(elsewhere).await;
    }
    let open = ok(&eve.http.get(&format!("{GROUPS}/public")).await);
    assert_eq!(column(&open, "groupId"), ["club-b", "club-a"]);
    assert_eq!(column(&open, "name"), ["club-b 俱乐部", "club-a 俱乐部"]);
    let page = ok(&eve.http.get(&format!("{GROUPS}/public?page=0&size=1")).await);
    assert_eq!(column(&page["content"], "groupId"), ["club-b"]);
    assert_eq!(page["total"], 2);
    for (keyword, expected) in [
        ("CLUB-A", vec!["club-a"]),
        ("%E4%BF%B1%E4%B9%90", vec!["club-b", "club-a"]),
        ("club-c", vec![]),
        ("elsewhere", vec![]),
        ("%25", vec![]),
    ] {
        let found = ok(&eve.http.get(&format!("{GROUPS}/search?keyword={keyword}")).await);
        assert_eq!(column(&found, "groupId"), expected, "{keyword}");
    }
    let long = "x".repeat(101);
    for keyword in ["", "?keyword=", "?keyword=%20", &format!("?keyword={long}")] {
        refused(&eve.http.get(&format!("{GROUPS}/search{keyword}")).await, 400);
    }
    for path in ["public", "search?keyword=x"] {
        refused(&house.stranger().get(&format!("{GROUPS}/{path}")).await, 401);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn outsiders_see_open_groups_only() {
    let house = House::open().await;
    let other = house.tenant("ak_other", json!({})).await;
    let (admin, theirs) = (house.admin().await, house.person_of(&other, "eve").await);
    let [ann, eve] = people(&house, ["ann", "eve"]).await;
    for (kind, status) in [("PUBLIC", 200), ("MEETING", 200), ("WORK", 403)] {
        let id = ann.makes(json!({ "name": kind, "groupType": kind })).await;
        let seen = eve.calls(&id, "GET ", json!({})).await;
        match status {
            200 => assert_eq!(ok(&seen)["role"], Value::Null),
            _ => refused(&seen, status),
        }
        assert_eq!(ok(&ann.calls(&id, "GET ", json!({})).await)["role"], "OWNER");
        assert_eq!(ok(&admin.calls(&id, "GET ", json!({})).await)["groupType"], kind);
        refused(&theirs.calls(&id, "GET ", json!({})).await, 404);
        refused(&house.stranger().get(&format!("{GROUPS}/{id}")).await, 401);
    }
    for odd in ["nothing", "%00", "%F0%9F%91%A9", &"x".repeat(5_000), "..%2f.."] {
        refused(&eve.calls(odd, "GET ", json!({})).await, 404);
    }
    refused(&eve.calls("%ff", "GET ", json!({})).await, 400);
    house.server.stop().await;
}

#[tokio::test]
async fn what_is_named_of_a_group_changes() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let id = ann
        .makes(json!({ "name": "old", "avatar": "/a.png", "groupType": "PUBLIC" }))
        .await;
    let change =
        json!({ "name": "new", "announcement": "hello", "joinOption": "FREE", "groupType": "PUBLIC" });
    let changed = ok(&ann.calls(&id, "PUT ", change).await);
    let seen = ["name", "announcement", "avatar", "joinOption"].map(|field| &changed[field]);
    assert_eq!(seen, ["new", "hello", "/a.png", "FREE"]);
    let by_query = ok(&ann
        .calls(&id, "PUT ?description=about&joinOption=DISABLED", json!({}))
        .await);
    assert_eq!(
        [&by_query["description"], &by_query["joinOption"]],
        ["about", "DISABLED"]
    );
    let work = ann.makes(json!({ "name": "work" })).await;
    let opened = ok(&ann.calls(&work, "PUT ", json!({ "joinOption": "FREE" })).await);
    assert_eq!(opened["joinOption"], "DISABLED", "by invitation only");
    for wrong in [
        json!({ "name": "" }),
        json!({ "name": [] }),
        json!({ "joinOption": "x" }),
        json!({ "groupType": "WORK" }),
        json!({ "announcement": "x".repeat(2_001) }),
    ] {
        refused(&ann.calls(&id, "PUT ", wrong).await, 400);
    }
    refused(&ann.calls("nothing", "PUT ", json!({ "name": "x" })).await, 404);
    refused(
        &house.stranger().put(&format!("{GROUPS}/{id}"), json!({})).await,
        401,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn a_dissolved_group_is_gone() {
    let house = House::open().await;
    let [ann, bob] = people(&house, ["ann", "bob"]).await;
    let id = ann
        .makes(json!({ "groupId": "once", "name": "x", "memberIds": ["bob"] }))
        .await;
    refused(&bob.calls(&id, "DELETE ", json!({})).await, 403);
    assert_eq!(ok(&ann.calls(&id, "DELETE ", json!({})).await), Value::Null);
    for person in [&ann, &bob] {
        refused(&person.calls(&id, "GET ", json!({})).await, 404);
        assert_eq!(ok(&person.http.get(GROUPS).await), json!([]));
    }
    refused(&ann.calls(&id, "DELETE ", json!({})).await, 404);
    refused(
        &ann.http
            .post(GROUPS, json!({ "groupId": "once", "name": "x" }))
            .await,
        409,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn a_group_is_handed_on() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let id = staffed(&house, &ann, json!({})).await;
    house.person("eve").await;
    for (body, status) in [
        (json!({}), 400),
        (json!({ "newOwnerId": "ann" }), 400),
        (json!({ "newOwnerId": "nobody" }), 404),
        (json!({ "newOwnerId": "eve" }), 404),
    ] {
        refused(&ann.calls(&id, "POST /owner", body).await, status);
    }
    let handed = ok(&ann.calls(&id, "POST /owner?newOwnerId=cid", json!({})).await);
    assert_eq!(handed["ownerId"], "cid");
    assert_eq!(handed["adminIds"], json!(["ann", "bob"]));
    refused(
        &ann.calls(&id, "POST /owner", json!({ "newOwnerId": "bob" }))
            .await,
        403,
    );
    refused(
        &ann.calls("nothing", "POST /owner", json!({ "newOwnerId": "bob" }))
            .await,
        404,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn attributes_are_set_bare_or_nested_and_deleted() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let id = ann.makes(json!({ "name": "x" })).await;
    let put = async |body| ann.calls(&id, "PUT /attributes", body).await;
    let bare = json!({ "appKey": crate::house::APP_KEY, "color": "red", "n": 7, "on": true });
    assert_eq!(
        ok(&put(bare).await),
        json!({ "color": "red", "n": "7", "on": "true" })
    );
    let nested = json!({ "attributes": { "颜色": "蓝", "n": "8" } });
    let all = json!({ "color": "red", "n": "8", "on": "true", "颜色": "蓝" });
    assert_eq!(ok(&put(nested).await), all);
    assert_eq!(ok(&ann.calls(&id, "GET ", json!({})).await)["attributes"], all);
    let many: serde_json::Map<String, Value> = (0..51).map(|n| (format!("k{n}"), json!(""))).collect();
    for wrong in [
        json!({}),
        json!({ "attributes": {} }),
        json!({ "a": null }),
        json!({ "a": { "b": 1 } }),
        json!({ "x".repeat(33): "" }),
        json!({ "": "x" }),
        json!({ "a": "x".repeat(4_001) }),
        json!({ "attributes": many }),
    ] {
        refused(&put(wrong).await, 400);
    }
    let delete = async |body| ann.calls(&id, "POST /attributes/delete", body).await;
    let left = ok(&delete(json!({ "keys": ["n", "on", "nothing"] })).await);
    assert_eq!(left, json!({ "color": "red", "颜色": "蓝" }));
    let by_query = ok(&ann
        .calls(&id, "POST /attributes/delete?keys=color", json!({}))
        .await);
    assert_eq!(by_query, json!({ "颜色": "蓝" }));
    refused(&delete(json!({})).await, 400);
    refused(&delete(json!({ "keys": [] })).await, 400);
    let eve = house.person("eve").await;
    refused(&eve.calls(&id, "PUT /attributes", json!({ "a": "b" })).await, 403);
    refused(
        &eve.calls("nothing", "PUT /attributes", json!({ "a": "b" })).await,
        404,
    );
    refused(
        &house
            .stranger()
            .put(&format!("{GROUPS}/{id}/attributes"), json!({}))
            .await,
        401,
    );
    house.server.stop().await;
}

async fn reads(house: &House, who: &Person, group_id: &str) {
    let core = &house.server.core;
    let (actor, _) = core
        .authenticate(who.http.token(), "xuqm")
        .await
        .expect("an actor");
    let key = group_id.to_owned();
    let conversation_id = core
        .query(&actor, FindGroupByKey { key })
        .await
        .expect("the group");
    let read = MarkRead {
        conversation_id,
        up_to: ReadUpTo::Newest,
    };
    core.execute(&actor, read).await.expect("read");
}

#[tokio::test]
async fn administrators_see_who_has_read_and_who_has_not() {
    let house = House::open().await;
    let [ann, bob] = people(&house, ["ann", "bob"]).await;
    let admin = house.admin().await;
    let id = staffed(&house, &ann, json!({ "groupId": "team" })).await;
    let message_id = ann.says(&house, &id, "hello").await.expect("sent");
    reads(&house, &bob, &id).await;
    let path = "/api/im/admin/groups/team/read-receipts";
    let receipt = ok(&admin.http.get(&format!("{path}?messageId={message_id}")).await);
    let expected = json!({
        "messageId": message_id.to_string(), "readCount": 1, "unreadCount": 2, "readUserIds": ["bob"],
        "unreadUserIds": ["cid", "dan"],
    });
    assert_eq!(receipt, expected);
    let other = ann.makes(json!({ "name": "other" })).await;
    let elsewhere = ann.says(&house, &other, "hello").await.expect("sent");
    refused(&admin.http.get(path).await, 400);
    for id in [elsewhere.to_string(), "0".into(), "x".into(), "9".repeat(30)] {
        refused(&admin.http.get(&format!("{path}?messageId={id}")).await, 404);
    }
    let nowhere = "/api/im/admin/groups/nothing/read-receipts?messageId=1";
    refused(&admin.http.get(nowhere).await, 404);
    refused(
        &ann.http.get(&format!("{path}?messageId={message_id}")).await,
        403,
    );
    refused(&house.stranger().get(path).await, 401);
    house.server.stop().await;
}
