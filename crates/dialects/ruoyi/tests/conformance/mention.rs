//! Mentions.

use serde_json::{Value, json};

use crate::people::{House, Person, ok, ok_msg, refused};

async fn mention(by: &Person, conversation: i64, info: Value) -> i64 {
    let body = json!({ "conversationId": conversation, "content": "看这里", "mentionInfo": info });
    ok(by.http.post("/api/im/message/send", body).await)
        .as_i64()
        .expect("an id")
}

async fn group(owner: &Person, members: &[&Person]) -> i64 {
    let ids: Vec<i64> = members.iter().map(|member| member.id).collect();
    let body = json!({ "type": "GROUP", "name": "项目组", "memberIds": ids });
    let made = ok(owner.http.post("/api/im/conversation/create", body).await);
    made.as_i64().expect("an id")
}

#[tokio::test]
async fn unread() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let team = group(&a, &[&b]).await;
    let named = mention(&a, team, json!({ "userIds": [b.id, eve.id] })).await;
    let all = mention(&a, team, json!({ "mentionAll": true })).await;
    mention(&b, team, json!({ "mentionAll": true })).await;
    let batch = mention(&a, team, json!({ "userIds": [b.id] })).await;
    for base in ["/api/im/message/mention", "/api/im/mention"] {
        let unread = ok(b.http.get(&format!("{base}/unread")).await);
        let kinds: Vec<_> = unread
            .as_array()
            .expect("an array")
            .iter()
            .map(|m| (m["messageId"].clone(), m["mentionType"].clone()))
            .collect();
        assert_eq!(
            kinds,
            [
                (json!(batch), json!("USER")),
                (json!(all), json!("ALL")),
                (json!(named), json!("USER"))
            ]
        );
        assert_eq!(
            (
                &unread[0]["mentionedUserId"],
                &unread[0]["mentionedBy"],
                &unread[0]["isRead"]
            ),
            (&json!(b.id), &json!(a.id), &json!(false))
        );
        assert_eq!(ok(b.http.get(&format!("{base}/unread/count")).await), 3);
        let nothing = ok(eve.http.get(&format!("{base}/unread")).await);
        assert_eq!(nothing, json!([]), "who is not a member is not mentioned");
        assert_eq!(
            ok(a.http.get(&format!("{base}/unread/count")).await),
            0,
            "an ordinary member does not mention everybody"
        );
    }
    let one = format!("/api/im/message/{named}/mention/read");
    ok_msg(b.http.put(&one, json!({})).await, "已标记为已读");
    let other = format!("/api/im/mention/{all}/read");
    ok_msg(b.http.put(&other, json!({})).await, "已标记为已读");
    let left = ok(b.http.get("/api/im/mention/unread").await);
    assert_eq!(left.as_array().map(Vec::len), Some(1));
    let ids = json!([left[0]["id"]]);
    ok(eve
        .http
        .put("/api/im/message/mention/read/batch", ids.clone())
        .await);
    assert_eq!(
        ok(b.http.get("/api/im/mention/unread/count").await),
        1,
        "nobody marks for somebody else"
    );
    let marked = b.http.put("/api/im/mention/read/batch", ids).await;
    ok_msg(marked, "已批量标记为已读");
    assert_eq!(ok(b.http.get("/api/im/mention/unread/count").await), 0);
    house.server.stop().await;
}

#[tokio::test]
async fn users() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let team = group(&a, &[&b]).await;
    let url = format!("/api/im/mention/users/{team}");
    let found = ok(b.http.get(&format!("{url}?keyword=LIC")).await);
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&found[0]["userId"], &found[0]["nickname"]),
        (&json!(a.id), &json!("alice"))
    );
    assert_eq!(
        ok(b.http.get(&format!("{url}?keyword=bob")).await),
        json!([]),
        "not oneself"
    );
    refused(&eve.http.get(&url).await, 400, 10002);
    let all = format!("/api/im/mention/can-mention-all/{team}");
    assert_eq!(ok(a.http.get(&all).await), true);
    assert_eq!(ok(b.http.get(&all).await), false);
    refused(&eve.http.get(&all).await, 400, 10002);
    house.server.stop().await;
}
