//! Who may do what in a group: every action, tried by every kind of person. Only that; what an action does is tested
//! beside it.

use serde_json::{Value, json};

use crate::group_house::{people, staffed};
use crate::house::{House, ok, refused};

/// Action and body, then what owner, administrator, member, outsider, and an administrator of the tenant who is not in
/// the group get. `{request}` stands for a request that waits.
fn rights() -> Vec<(&'static str, Value, [u16; 5])> {
    const OWNERS: [u16; 5] = [200, 403, 403, 403, 200];
    const MANAGERS: [u16; 5] = [200, 200, 403, 403, 200];
    const MEMBERS: [u16; 5] = [200, 200, 200, 403, 200];
    const NOBODY: [u16; 5] = [403; 5];
    let none = || json!({});
    vec![
        ("GET ", none(), [200; 5]),
        ("PUT ", json!({ "name": "new" }), MANAGERS),
        ("PUT ", json!({ "joinOption": "FREE" }), MANAGERS),
        ("DELETE ", none(), OWNERS),
        ("POST /owner", json!({ "newOwnerId": "dan" }), OWNERS),
        ("PUT /attributes", json!({ "a": "b" }), MANAGERS),
        ("POST /attributes/delete", json!({ "keys": ["a"] }), MANAGERS),
        ("GET /members", none(), MEMBERS),
        ("GET /members/search?keyword=a", none(), MEMBERS),
        ("POST /members", json!({ "userId": "guest" }), MANAGERS),
        ("POST /members/batch", json!({ "userIds": ["guest"] }), MANAGERS),
        ("DELETE /members/dan", none(), MANAGERS),
        ("DELETE /members/fay", none(), OWNERS),
        ("DELETE /members/ann", none(), NOBODY),
        (
            "POST /members/batch/remove",
            json!({ "userIds": ["dan"] }),
            MANAGERS,
        ),
        ("POST /roles", json!({ "userId": "dan", "role": "ADMIN" }), OWNERS),
        (
            "POST /roles",
            json!({ "userId": "fay", "role": "MEMBER" }),
            OWNERS,
        ),
        ("POST /roles", json!({ "userId": "dan", "role": "OWNER" }), OWNERS),
        (
            "POST /roles",
            json!({ "userId": "ann", "role": "MEMBER" }),
            NOBODY,
        ),
        ("POST /mute", json!({ "seconds": 9 }), MANAGERS),
        ("POST /mute", json!({ "userId": "dan", "seconds": 9 }), MANAGERS),
        ("POST /mute", json!({ "userId": "fay", "seconds": 9 }), OWNERS),
        ("POST /mute", json!({ "userId": "ann", "seconds": 9 }), NOBODY),
        ("POST /join-requests", none(), [400, 400, 400, 200, 200]),
        ("GET /join-requests", none(), MANAGERS),
        ("POST /join-requests/{request}/accept", none(), MANAGERS),
        ("POST /join-requests/{request}/reject", none(), MANAGERS),
        (
            "POST /join-requests/batch/accept",
            json!({ "requestIds": [1] }),
            MANAGERS,
        ),
        (
            "POST /join-requests/batch/reject",
            json!({ "requestIds": [1] }),
            MANAGERS,
        ),
    ]
}

#[tokio::test]
async fn everybody_may_do_what_their_role_allows_and_nothing_else() {
    let house = House::open().await;
    let [ann, bob, cid, eve] = people(&house, ["ann", "bob", "cid", "eve"]).await;
    let [guest, _] = people(&house, ["guest", "fay"]).await;
    let admin = house.admin().await;
    for (action, body, expected) in rights() {
        for (person, status) in [&ann, &bob, &cid, &eve, &admin].into_iter().zip(expected) {
            let id = staffed(&house, &ann, json!({ "groupType": "PUBLIC" })).await;
            ok(&ann.calls(&id, "POST /members", json!({ "userId": "fay" })).await);
            ok(&ann
                .calls(&id, "POST /roles", json!({ "userId": "fay", "role": "ADMIN" }))
                .await);
            let mut call = action.to_owned();
            if action.contains("{request}") {
                let asked = ok(&guest.calls(&id, "POST /join-requests", json!({})).await);
                call = action.replace("{request}", &asked["id"].to_string());
            }
            let got = person.calls(&id, &call, body.clone()).await;
            assert_eq!(
                got.status, status,
                "{action} {body} by {}: {}",
                person.uid, got.body
            );
            if status != 200 {
                refused(&got, status);
            }
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_group_of_another_tenant_does_not_exist() {
    let house = House::open().await;
    let other = house.tenant("ak_other", json!({})).await;
    let ann = house.person("ann").await;
    let id = staffed(&house, &ann, json!({ "groupType": "PUBLIC", "groupId": "team" })).await;
    people(&house, ["guest", "fay"]).await;
    for uid in ["admin", "ann", "eve", "dan", "fay"] {
        let theirs = house.person_of(&other, uid).await;
        for (action, body, _) in rights() {
            let call = action.replace("{request}", "1");
            refused(&theirs.calls(&id, &call, body).await, 404);
        }
    }
    let admin = house.person_of(&other, "admin").await;
    let path = "/api/im/admin/groups/team/read-receipts?messageId=1";
    refused(&admin.http.get(path).await, 404);
    house.server.stop().await;
}
