//! Members of groups: who is in, who comes and goes, with which role, and who may write.

use parlance_core::Limits;
use parlance_dialect_xuqm::Options;
use serde_json::{Value, json};

use crate::group_house::{GROUPS, column, people, staffed};
use crate::house::{House, ok, refused};

#[tokio::test]
async fn members_are_listed_paged_and_found() {
    let house = House::open().await;
    let [ann, eve] = people(&house, ["ann", "eve"]).await;
    let id = staffed(&house, &ann, json!({ "groupType": "PUBLIC" })).await;
    let all = ok(&ann.calls(&id, "GET /members", json!({})).await);
    assert_eq!(column(&all, "userId"), ["ann", "bob", "cid", "dan"]);
    assert_eq!(column(&all, "role"), ["OWNER", "ADMIN", "MEMBER", "MEMBER"]);
    let mut one = all[1].clone();
    assert!(one["joinedAt"].take().is_i64());
    let expected = json!({
        "userId": "bob", "nickname": "bob", "avatar": "", "role": "ADMIN", "joinedAt": null, "mutedUntil": null,
    });
    assert_eq!(one, expected);
    let page = ok(&ann.calls(&id, "GET /members?page=1&size=3", json!({})).await);
    assert_eq!(column(&page["content"], "userId"), ["dan"]);
    assert_eq!([&page["total"], &page["page"], &page["size"]], [4, 1, 3]);
    let found = ok(&ann.calls(&id, "GET /members/search?keyword=AN", json!({})).await);
    assert_eq!(column(&found, "userId"), ["ann", "dan"]);
    let page = ok(&ann
        .calls(&id, "GET /members/search?keyword=an&size=1", json!({}))
        .await);
    assert_eq!(
        (column(&page["content"], "userId"), &page["total"]),
        (vec!["ann"], &json!(2))
    );
    refused(&ann.calls(&id, "GET /members/search", json!({})).await, 400);
    for call in ["GET /members", "GET /members/search?keyword=a"] {
        refused(&eve.calls(&id, call, json!({})).await, 403);
        refused(&eve.calls("nothing", call, json!({})).await, 404);
        refused(
            &house.stranger().get(&format!("{GROUPS}/{id}/members")).await,
            401,
        );
    }
    house.server.stop().await;
}

#[tokio::test]
async fn people_are_brought_in() {
    let limits = Limits {
        group_members_max: 4,
        ..Limits::default()
    };
    let house = House::with(limits, Options::default()).await;
    let [ann, bob, _, dan, eve] = people(&house, ["ann", "bob", "cid", "dan", "eve"]).await;
    let work = ann.makes(json!({ "name": "work", "memberIds": ["bob"] })).await;
    let added = ok(&bob
        .calls(&work, "POST /members", json!({ "userId": "cid" }))
        .await);
    assert_eq!(
        added,
        json!({ "success": ["cid"], "failed": [] }),
        "any member of a WORK group may"
    );
    let batch = json!({ "userIds": ["ann", "nobody", "dan", "dan"] });
    let added = ok(&bob.calls(&work, "POST /members/batch", batch).await);
    let failed = json!([{ "userId": "nobody", "reason": "no such user" }]);
    assert_eq!(added, json!({ "success": ["ann", "dan"], "failed": failed }));
    assert_eq!(ok(&dan.calls(&work, "GET ", json!({})).await)["memberCount"], 4);
    refused(
        &bob.calls(&work, "POST /members", json!({ "userId": "eve" }))
            .await,
        400,
    );

    let open = ann
        .makes(json!({ "name": "open", "groupType": "PUBLIC", "memberIds": ["bob"] }))
        .await;
    for call in ["POST /members", "POST /members/batch"] {
        refused(&bob.calls(&open, call, json!({ "userIds": ["cid"] })).await, 403);
        refused(&eve.calls(&open, call, json!({ "userIds": ["eve"] })).await, 403);
        refused(&ann.calls(&open, call, json!({})).await, 400);
        refused(
            &ann.calls(&open, call, json!({ "userIds": "x,".repeat(501) }))
                .await,
            400,
        );
        refused(
            &ann.calls("nothing", call, json!({ "userIds": ["cid"] })).await,
            404,
        );
    }
    let by_query = ok(&ann.calls(&open, "POST /members?userIds=cid,dan", json!({})).await);
    assert_eq!(by_query["success"], json!(["cid", "dan"]));
    refused(
        &house
            .stranger()
            .post(&format!("{GROUPS}/{open}/members"), json!({}))
            .await,
        401,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn people_are_removed_and_leave() {
    let house = House::open().await;
    let [ann, cid, eve] = people(&house, ["ann", "cid", "eve"]).await;
    let id = staffed(&house, &ann, json!({})).await;
    let removed = ok(&ann.calls(&id, "DELETE /members/dan", json!({})).await);
    assert_eq!(removed, json!({ "success": ["dan"], "failed": [] }));
    ok(&cid.calls(&id, "DELETE /members/cid", json!({})).await);
    refused(&cid.calls(&id, "GET /members", json!({})).await, 403);
    refused(&cid.calls(&id, "DELETE /members/cid", json!({})).await, 403);
    refused(&ann.calls(&id, "DELETE /members/ann", json!({})).await, 403);
    refused(&ann.calls(&id, "DELETE /members/eve", json!({})).await, 404);
    refused(&ann.calls(&id, "DELETE /members/nobody", json!({})).await, 404);
    refused(&ann.calls("nothing", "DELETE /members/bob", json!({})).await, 404);
    refused(&eve.calls(&id, "DELETE /members/bob", json!({})).await, 403);
    let left = ok(&ann.calls(&id, "GET /members", json!({})).await);
    assert_eq!(column(&left, "userId"), ["ann", "bob"]);
    let path = format!("{GROUPS}/{id}/members/bob");
    refused(&house.stranger().delete(&path, json!({})).await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn several_are_removed_each_for_itself() {
    let house = House::open().await;
    let [ann, bob, eve] = people(&house, ["ann", "bob", "eve"]).await;
    let id = staffed(&house, &ann, json!({})).await;
    let batch = json!({ "userIds": ["cid", "ann", "bob", "eve", "nobody", "dan"] });
    let removed = ok(&bob.calls(&id, "POST /members/batch/remove", batch).await);
    assert_eq!(removed["success"], json!(["cid", "dan"]));
    assert_eq!(
        column(&removed["failed"], "userId"),
        ["nobody", "ann", "bob", "eve"]
    );
    for body in [
        json!({}),
        json!({ "userIds": [] }),
        json!({ "userIds": "x,".repeat(501) }),
    ] {
        refused(&ann.calls(&id, "POST /members/batch/remove", body).await, 400);
    }
    let one = json!({ "userIds": ["bob"] });
    refused(
        &eve.calls(&id, "POST /members/batch/remove", one.clone()).await,
        403,
    );
    refused(
        &ann.calls("nothing", "POST /members/batch/remove", one).await,
        404,
    );
    let left = ok(&ann.calls(&id, "GET /members", json!({})).await);
    assert_eq!(column(&left, "userId"), ["ann", "bob"]);
    house.server.stop().await;
}

#[tokio::test]
async fn roles_are_given_and_taken() {
    let house = House::open().await;
    let [ann, bob, _] = people(&house, ["ann", "bob", "eve"]).await;
    let id = staffed(&house, &ann, json!({})).await;
    let set = async |who: &str, role: &str| {
        let body = json!({ "userId": who, "role": role });
        ann.calls(&id, "POST /roles", body).await
    };
    let raised = ok(&set("cid", "admin").await);
    assert_eq!([&raised["userId"], &raised["role"]], ["cid", "ADMIN"]);
    assert_eq!(
        ok(&ann.calls(&id, "GET ", json!({})).await)["adminIds"],
        json!(["bob", "cid"])
    );
    assert_eq!(ok(&set("cid", "MEMBER").await)["role"], "MEMBER");
    refused(&set("ann", "MEMBER").await, 403);
    refused(&set("cid", "KING").await, 400);
    refused(&set("", "ADMIN").await, 400);
    refused(&set("nobody", "ADMIN").await, 404);
    refused(&set("eve", "ADMIN").await, 404);
    let by_bob = bob.calls(&id, "POST /roles", json!({ "userId": "cid", "role": "ADMIN" }));
    refused(&by_bob.await, 403);
    assert_eq!(ok(&set("bob", "OWNER").await)["role"], "OWNER");
    let owned = ok(&ann.calls(&id, "GET ", json!({})).await);
    assert_eq!([&owned["ownerId"], &owned["role"]], ["bob", "ADMIN"]);
    refused(&set("bob", "MEMBER").await, 403);
    house.server.stop().await;
}

#[tokio::test]
async fn one_several_or_all_are_muted_for_seconds() {
    let house = House::open().await;
    let [ann, bob, cid, dan, _] = people(&house, ["ann", "bob", "cid", "dan", "eve"]).await;
    let id = staffed(&house, &ann, json!({})).await;
    let mute = async |body: Value| ann.calls(&id, "POST /mute", body).await;
    let one = ok(&mute(json!({ "userId": "cid", "seconds": 3_600 })).await);
    assert_eq!(one["userId"], "cid");
    let until = one["mutedUntil"].as_i64().expect("a time");
    assert!(until > house.server.core.now() / 1_000 + 3_000_000);
    assert!(cid.says(&house, &id, "hello").await.is_err());

    // Leaving and coming back is no way around it.
    ok(&cid.calls(&id, "DELETE /members/cid", json!({})).await);
    ok(&bob.calls(&id, "POST /members", json!({ "userId": "cid" })).await);
    assert!(cid.says(&house, &id, "hello").await.is_err());
    let lifted = ok(&mute(json!({ "userId": "cid", "seconds": 0 })).await);
    assert_eq!(lifted["mutedUntil"], Value::Null);
    cid.says(&house, &id, "hello").await.expect("sent");

    let several = ok(&mute(json!({ "userIds": ["cid", "dan"], "seconds": "60" })).await);
    assert_eq!(column(&several, "userId"), ["cid", "dan"]);
    assert!(dan.says(&house, &id, "hello").await.is_err());
    ok(&mute(json!({ "userIds": ["cid", "dan"], "seconds": 0 })).await);
    let all = ok(&ann.calls(&id, "POST /mute?seconds=60", json!({})).await);
    assert_eq!([&all["groupId"], &all["mutedAll"]], [&json!(id), &json!(true)]);
    assert!(dan.says(&house, &id, "hello").await.is_err());
    bob.says(&house, &id, "quiet please").await.expect("sent");
    assert_eq!(ok(&mute(json!({ "seconds": 0 })).await)["mutedAll"], false);
    dan.says(&house, &id, "hello").await.expect("sent");

    for (body, status) in [
        (json!({}), 400),
        (json!({ "userId": "cid" }), 400),
        (json!({ "userId": "cid", "seconds": -1 }), 400),
        (json!({ "userId": "cid", "seconds": i64::MAX }), 400),
        (json!({ "userId": "cid", "seconds": "x" }), 400),
        (json!({ "userId": "nobody", "seconds": 1 }), 404),
        (json!({ "userId": "eve", "seconds": 1 }), 404),
        (json!({ "userId": "ann", "seconds": 1 }), 403),
    ] {
        refused(&mute(body).await, status);
    }
    let whole = json!({ "seconds": 60 });
    refused(&cid.calls(&id, "POST /mute", whole.clone()).await, 403);
    refused(&cid.calls("nothing", "POST /mute", whole).await, 404);
    house.server.stop().await;
}
