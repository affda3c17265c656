//! Two people, one on the dialect platform and one on ruoyi, over the whole program: what one writes the other has,
//! live and in history, read states and unread counts agree, and nobody else sees any of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use parlance_testkit::{Http, ServerProgram, Socket};
use serde_json::{Value, json};

const ADMIN_PASSWORD: &str = "Admin-Pass-for-tests-1";
const PASSWORD: &str = "secret-Pass-1";

/// Somebody who is logged in.
struct Person {
    id: i64,
    http: Http,
    socket: Socket,
}

async fn platform_token(http: &Http, name: &str, password: &str) -> String {
    let login = json!({ "identifier": name, "password": password });
    let answer = http.post("/api/v1/auth/login/json", login).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

async fn on_platform(server: &ServerProgram, admin: &Http, mobile: &str, name: &str) -> Person {
    let made = json!({ "mobile": mobile, "name": name, "password": PASSWORD });
    let made = admin.post("/api/v1/users/", made).await;
    assert!(made.status < 300, "{:?}", made.body);
    let http = Http::new(server.address);
    let token = platform_token(&http, mobile, PASSWORD).await;
    let path = format!("/api/v1/ws/messages?token={token}");
    Person {
        id: made.body["id"].as_i64().unwrap(),
        http: http.with_token(token),
        socket: Socket::open(server.address, &path).await,
    }
}

async fn on_ruoyi(server: &ServerProgram, name: &str) -> Person {
    let http = Http::new(server.address);
    let account = json!({ "username": name, "password": PASSWORD });
    assert_eq!(http.post("/api/auth/register", account.clone()).await.status, 200);
    let login = http.post("/api/auth/login", account).await.body;
    let token = login["data"]["token"].as_str().unwrap();
    let mut socket = Socket::open(server.address, &format!("/ws/im?token={token}")).await;
    socket.expect("connected").await;
    Person {
        id: login["data"]["userInfo"]["id"].as_i64().unwrap(),
        http: http.with_token(token),
        socket,
    }
}

impl Person {
    /// The unread counts of the one conversation that a ruoyi user has, and over all of them.
    async fn unread_on_ruoyi(&self) -> (i64, i64) {
        let list = self.http.get("/api/im/conversation/list").await.body;
        let total = self.http.get("/api/im/conversation/unreadCount").await.body;
        let total = total["data"].as_i64().or_else(|| total["data"]["total"].as_i64());
        (list["data"][0]["unreadCount"].as_i64().unwrap(), total.unwrap())
    }

    /// The same for a platform user.
    async fn unread_on_platform(&self) -> (i64, i64) {
        let list = self.http.get("/api/v1/messages/conversations").await.body;
        let total = self.http.get("/api/v1/messages/unread-count").await.body;
        (list[0]["unread_count"].as_i64().unwrap(), total.as_i64().unwrap())
    }

    async fn history_on_platform(&self, other: i64) -> Vec<Value> {
        let answer = self.http.get(&format!("/api/v1/messages/history/{other}")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body.as_array().unwrap().clone()
    }

    async fn history_on_ruoyi(&self, conversation: i64) -> Vec<Value> {
        let answer = self
            .http
            .get(&format!("/api/im/message/list/{conversation}"))
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let data = &answer.body["data"];
        data.as_array()
            .or_else(|| data["list"].as_array())
            .unwrap()
            .clone()
    }

    async fn write_on_platform(&self, receiver: i64, content: &str) -> Value {
        let message =
            json!({ "receiver_id": receiver, "type": "MESSAGE", "title": "私信", "content": content });
        let sent = self.http.post("/api/v1/messages/", message).await;
        assert!(sent.status < 300, "{:?}", sent.body);
        sent.body
    }
}

#[tokio::test]
async fn two_people_on_two_dialects_have_one_conversation() {
    let data = tempfile::tempdir().unwrap();
    let variables = [("PARLANCE_ADMIN_PASSWORD", ADMIN_PASSWORD)];
    let server = ServerProgram::start(env!("CARGO_BIN_EXE_parlance"), data.path(), &variables);
    let nobody = Http::new(server.address);
    let admin = nobody.with_token(platform_token(&nobody, "admin", ADMIN_PASSWORD).await);
    let mut zhang = on_platform(&server, &admin, "13800138000", "张三").await;
    let mut li = on_ruoyi(&server, "lisi").await;
    let wang = on_platform(&server, &admin, "13800138001", "王五").await;

    // From the platform to ruoyi.
    let first = zhang.write_on_platform(li.id, "你好").await;
    assert_eq!(
        (&first["is_read"], &first["receiver_id"]),
        (&json!(false), &json!(li.id))
    );
    let pushed = li.socket.expect("new_message").await;
    assert_eq!(pushed["payload"]["content"], "你好");
    assert_eq!(pushed["payload"]["senderId"], zhang.id);
    let echoed = zhang.socket.expect("NEW_MESSAGE").await;
    assert_eq!(echoed["data"]["id"], first["id"]);
    let conversation = pushed["payload"]["conversationId"].as_i64().unwrap();
    assert_eq!(li.history_on_ruoyi(conversation).await[0]["content"], "你好");
    assert_eq!(li.unread_on_ruoyi().await, (1, 1));
    assert_eq!(zhang.unread_on_platform().await, (0, 0));

    // Read there, seen here.
    let read = json!({ "conversationId": conversation, "messageIds": [first["id"]] });
    assert_eq!(li.http.put("/api/im/message/read", read).await.status, 200);
    assert_eq!(li.unread_on_ruoyi().await, (0, 0));
    let history = zhang.history_on_platform(li.id).await;
    assert_eq!(history[0]["is_read"], true);
    assert!(history[0]["read_at"].is_string(), "{history:?}");

    // From ruoyi to the platform, twice.
    for content in ["在吗", "晚上见"] {
        let message = json!({ "receiverId": zhang.id, "messageType": "TEXT", "content": content });
        assert_eq!(li.http.post("/api/im/message/send", message).await.status, 200);
        let pushed = zhang.socket.expect("NEW_MESSAGE").await["data"].clone();
        assert_eq!(
            (&pushed["content"], &pushed["sender_id"]),
            (&json!(content), &json!(li.id))
        );
        assert_eq!(
            (&pushed["type"], &pushed["app_id"]),
            (&json!("MESSAGE"), &Value::Null)
        );
    }
    assert_eq!(zhang.unread_on_platform().await, (2, 2));
    let list = zhang.http.get("/api/v1/messages/conversations").await.body;
    assert_eq!(
        (&list[0]["user_id"], &list[0]["last_message"]),
        (&json!(li.id), &json!("晚上见"))
    );

    // One read singly, then all.
    let history = zhang.history_on_platform(li.id).await;
    let texts: Vec<&str> = history
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["晚上见", "在吗", "你好"], "newest first");
    let single = format!("/api/v1/messages/{}/read", history[1]["id"]);
    assert_eq!(zhang.http.put(&single, json!({})).await.status, 200);
    assert_eq!(zhang.unread_on_platform().await, (1, 1));
    let all = format!("/api/v1/messages/history/{}/read-all", li.id);
    assert_eq!(
        zhang.http.put(&all, json!({})).await.body,
        json!({ "updated_count": 1 })
    );
    assert_eq!(zhang.unread_on_platform().await, (0, 0));

    // Recalled there, gone here.
    let recalled = &history[0]["id"];
    let recall = format!("/api/im/message/{recalled}/recall");
    assert_eq!(li.http.delete(&recall, json!({})).await.status, 200);
    assert_eq!(
        zhang.socket.expect("MESSAGE_RECALLED").await["data"]["id"],
        *recalled
    );
    let newest = zhang.history_on_platform(li.id).await.remove(0);
    assert_ne!(newest["content"], "晚上见");

    // Nobody else has any of it, and no token is worth anything elsewhere.
    assert!(wang.history_on_platform(li.id).await.is_empty());
    assert!(wang.history_on_platform(zhang.id).await.is_empty());
    let elsewhere = nobody.with_token(li.http.token());
    assert_eq!(elsewhere.get("/api/v1/messages/conversations").await.status, 401);
    let elsewhere = nobody.with_token(zhang.http.token());
    assert_eq!(elsewhere.get("/api/im/conversation/list").await.status, 401);

    // All of it is there after a restart.
    server.stop();
    let server = ServerProgram::start(env!("CARGO_BIN_EXE_parlance"), data.path(), &variables);
    let again = Http::new(server.address).with_token(zhang.http.token());
    let history = again
        .get(&format!("/api/v1/messages/history/{}", li.id))
        .await
        .body;
    assert_eq!(history.as_array().unwrap().len(), 3);
    assert_eq!(again.get("/api/v1/messages/unread-count").await.body, json!(0));
}
