//! What the tests that go over the whole table of routes share: a tenant with something in every list, the paths and
//! fields that name it, and the calls.

use std::collections::BTreeMap;

use parlance_dialect_xuqm::ledger;
use parlance_testkit::{Answer, Http};
use parlance_transport::http::route_table::LedgerRow;
use serde_json::{Value, json};

use url::form_urlencoded;

use crate::house::{House, Person, Signer, ok};

/// Bytes of a text that is sent in a query.
const QUERY_TEXT_BYTES_MAX: usize = 100;

/// One tenant with people, a group, messages and requests in it.
pub struct Side {
    pub admin: Person,
    pub ann: Person,
    /// What stands for each part of a path and each field.
    pub names: BTreeMap<&'static str, Value>,
}

/// Fills a tenant: every list of it has something in it, with `mark` in whatever is text. `people` and `group_id` may be
/// those of another tenant.
pub async fn fill(house: &House, signer: &Signer, mark: &str, people: [&str; 2], group_id: &str) -> Side {
    let admin = house.person_of(signer, "admin").await;
    let [one, two] = people;
    let ann = house.person_of(signer, one).await;
    let bob = house.person_of(signer, two).await;
    let eve = house.person_of(signer, "eve").await;
    for person in [&ann, &bob] {
        let path = format!("/api/im/accounts/{}", person.uid);
        ok(&person
            .http
            .put(&path, json!({ "nickname": format!("{mark} {}", person.uid) }))
            .await);
    }
    let group = json!({
        "groupId": group_id, "name": format!("{mark} group"), "groupType": "PUBLIC", "joinOption": "APPROVAL",
        "memberIds": [two], "attributes": { "key": mark },
    });
    ok(&ann.http.post("/api/im/groups", group).await);
    let path = format!("/api/im/groups/{group_id}/join-requests");
    let request = ok(&eve.http.post(&path, json!({ "remark": mark })).await);
    let say = async |from: &Person, to: &str, kind: &str| {
        let body = json!({ "toId": to, "chatType": kind, "msgType": "TEXT", "content": mark });
        ok(&from.http.post("/api/im/messages/send", body).await)
    };
    let message = say(&ann, two, "SINGLE").await;
    say(&bob, one, "SINGLE").await;
    say(&bob, group_id, "GROUP").await;
    let friend = json!({ "friendId": two, "remark": mark, "groupName": mark });
    ok(&ann.http.post("/api/im/friends", friend).await);
    ok(&ann
        .http
        .post("/api/im/blacklist", json!({ "targetId": "eve" }))
        .await);
    let path = format!("/api/im/conversations/{two}/group");
    ok(&ann
        .http
        .put(&path, json!({ "chatType": "SINGLE", "groupName": mark }))
        .await);
    let path = format!("/api/im/conversations/{two}/draft");
    ok(&ann
        .http
        .put(&path, json!({ "chatType": "SINGLE", "draft": mark }))
        .await);
    let names = BTreeMap::from([
        ("userId", json!(one)),
        ("friendId", json!(two)),
        ("targetId", json!(two)),
        ("targetUserId", json!(two)),
        ("toId", json!(two)),
        ("groupId", json!(group_id)),
        ("id", message["id"].clone()),
        ("messageId", message["id"].clone()),
        ("requestId", request["id"].clone()),
        ("groupName", json!(mark)),
        ("appKey", json!(signer.app_key)),
    ]);
    Side { admin, ann, names }
}

impl Side {
    /// A route's path with these ids in it.
    pub fn path(&self, route: &LedgerRow) -> String {
        let part = |part: &str| match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => {
                let value = self
                    .names
                    .get(name)
                    .unwrap_or_else(|| panic!("{route:?}: what is {name}?"));
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), |text| text.replace(' ', "%20"))
            }
            None => part.to_owned(),
        };
        route.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// Every field that some route takes, with these ids, and texts that are not those of the first tenant.
    pub fn fields(&self, kind: &str) -> Value {
        let [one, two, group, message] = ["userId", "toId", "groupId", "id"].map(|name| &self.names[name]);
        let target = if kind == "GROUP" { group } else { two };
        let mut fields = json!({
            "userId": two, "userIds": [one, two], "friendId": two, "friendIds": [two], "targetId": target,
            "targetIds": [two], "toId": target, "chatType": kind, "msgType": "TEXT", "content": "bbb text",
            "keyword": "kept", "messageId": message, "messageIds": [message], "groupId": group,
            "memberIds": [two], "role": "ADMIN", "newOwnerId": two, "name": "bbb name", "nickname": "bbb nick",
            "remark": "bbb remark", "groupName": "bbb", "draft": "bbb draft", "attributes": { "key": "bbb" },
            "keys": ["key"], "seconds": 60, "pinned": true, "muted": true, "hidden": true, "deleteType": "BOTH",
            "checkType": "BOTH", "accounts": [{ "userId": two, "nickname": "bbb" }], "limit": 50,
            "requestIds": [self.names["requestId"]], "userSig": "x",
        });
        let more = json!({
            "groupType": "PUBLIC", "joinOption": "FREE", "announcement": "bbb", "avatar": "bbb", "gender": 1,
            "signature": "bbb", "description": "bbb", "extra": { "key": "bbb" }, "admin": false, "bothWay": true,
            "status": "PENDING", "beforeId": message, "deviceId": "bbb", "typing": true,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            fields[name] = value.clone();
        }
        fields
    }
}

/// The routes that belong to one tenant, those last that take away what others need.
pub fn routes() -> Vec<LedgerRow> {
    let of_tenant =
        |route: &LedgerRow| matches!(route.guard, "user" | "admin") && route.path.starts_with('/');
    let mut routes: Vec<LedgerRow> = ledger().into_iter().filter(of_tenant).collect();
    routes.sort_by_key(|route| (route.method == "DELETE", route.path.contains("/accounts/")));
    assert!(
        routes.len() > 60,
        "the table has lost its routes: {}",
        routes.len()
    );
    routes
}

pub async fn call(http: &Http, method: &str, path: &str, fields: &Value) -> Answer {
    if method != "GET" {
        return http.fetch(http.request(method, path).json(fields)).await;
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.as_object().expect("fields") {
        let text = match value {
            Value::Array(list) => list
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        // What fits into no line of a request never reaches the dialect.
        if text.len() <= QUERY_TEXT_BYTES_MAX {
            query.append_pair(name, &text);
        }
    }
    http.get(&format!("{path}?{}", query.finish())).await
}
