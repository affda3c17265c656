//! Two dialects over one server: what is made, said, edited and recalled in one shows in the other.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::net::SocketAddr;

use parlance_testkit::{Http, ServerProgram, Socket};
use serde_json::{Value, json};

/// One person with a token of each dialect.
struct Person {
    id: i64,
    ruoyi: Http,
    gateway: Http,
}

async fn person(address: SocketAddr, name: &str) -> Person {
    let nobody = Http::new(address);
    let account = json!({ "username": name, "password": "123456", "nickname": name });
    nobody.post("/api/auth/register", account.clone()).await;
    let data = nobody.post("/api/auth/login", account).await.body["data"].clone();
    let session = json!({ "session": name, "platform": 1 });
    let token = nobody.post("/inner/get_token", session).await.body["data"].clone();
    Person {
        id: data["userInfo"]["id"].as_i64().unwrap(),
        ruoyi: nobody.with_token(data["token"].as_str().unwrap()),
        gateway: nobody.with_token(token.as_str().unwrap()),
    }
}

impl Person {
    /// A call of the gateway that must succeed.
    async fn call(&self, path: &str, body: Value) -> Value {
        let answer = self.gateway.post(path, body).await;
        assert_eq!(answer.body["code"], 0, "{path} {}", answer.body);
        answer.body["data"].clone()
    }

    async fn say(&self, conversation: &str, kind: i32, content: &str) {
        let body = json!({ "conversation_id": conversation, "type": kind, "content": content });
        self.call("/send_msg", body).await;
    }

    /// The newest message as the gateway shows it.
    async fn last(&self, conversation: &str) -> Value {
        let body = json!({ "conversation_id": conversation });
        self.call("/get_conversation_lastone_msg", body).await["Msg"][0].clone()
    }

    /// The data of a ruoyi answer that must be a success.
    async fn list(&self, path: &str) -> Value {
        let answer = self.ruoyi.get(path).await;
        assert_eq!(answer.body["code"], 200, "{path} {}", answer.body);
        answer.body["data"].clone()
    }

    /// The one conversation of this name in ruoyi's list.
    async fn listed(&self, name: &str) -> Value {
        let list = self.list("/api/im/conversation/list").await;
        let found = list.as_array().unwrap().iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{list}")).clone()
    }

    async fn send(&self, conversation: i64, kind: &str, content: &str) -> i64 {
        let body = json!({ "conversationId": conversation, "messageType": kind, "content": content });
        let answer = self.ruoyi.post("/api/im/message/send", body).await;
        assert_eq!(answer.body["code"], 200, "{}", answer.body);
        answer.body["data"].as_i64().unwrap()
    }
}

async fn at_gateway(address: SocketAddr, person: &Person) -> Socket {
    let path = format!("/notify?protoc=ws&token={}", person.gateway.token());
    Socket::open(address, &path).await
}

#[tokio::test]
async fn a_conversation_of_the_gateway_is_a_group_in_ruoyi() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(env!("CARGO_BIN_EXE_parlance"), data.path(), &[]);
    let address = server.address;
    let (ann, bob) = (person(address, "anne").await, person(address, "bob1").await);
    let path = format!("/ws/im?token={}", ann.ruoyi.token());
    let mut at_ann = Socket::open(address, &path).await;
    let mut at_bob = at_gateway(address, &bob).await;

    let made = json!({ "conversation_type": 2, "sessions": ["anne"], "name": "plans" });
    let made = bob.call("/create_conversation", made).await;
    let uuid = made["ConversationId"].as_str().unwrap();
    assert_eq!(at_bob.next().await["Type"], 0);
    at_ann.expect("new_message").await;
    for who in [&ann, &bob] {
        let shown = who.listed("plans").await;
        assert_eq!(
            (&shown["type"], &shown["unreadCount"]),
            (&json!("GROUP"), &json!(0))
        );
        assert!(shown["lastMessage"].is_null(), "{shown}");
    }
    let here = ann.listed("plans").await["id"].as_i64().unwrap();

    bob.say(uuid, 1, "from the gateway").await;
    let heard = at_ann.expect("new_message").await;
    assert_eq!(heard["payload"]["content"], "from the gateway");
    assert_eq!(heard["payload"]["senderId"], bob.id);
    assert_eq!(at_bob.next().await["FromSession"], "bob1");
    assert_eq!(ann.listed("plans").await["unreadCount"], 1);
    bob.say(uuid, 42, "own").await;
    let heard = at_ann.expect("new_message").await;
    assert_eq!(heard["payload"]["messageType"], "CUSTOM");
    assert_eq!(at_bob.next().await["Type"], 42);

    let id = ann.send(here, "TEXT", "from ruoyi").await;
    let mut expected = at_bob.next().await;
    assert_eq!(
        (&expected["FromSession"], &expected["Type"], &expected["Content"]),
        (&json!("anne"), &json!(1), &json!("from ruoyi"))
    );
    let edit = json!({ "content": "better" });
    ann.ruoyi.put(&format!("/api/im/message/{id}/edit"), edit).await;
    expected["Status"] = json!(2);
    expected["Content"] = json!("better");
    assert_eq!(at_bob.next().await, expected);
    assert_eq!(bob.last(uuid).await, expected);
    ann.ruoyi
        .delete(&format!("/api/im/message/{id}/recall"), json!({}))
        .await;
    expected["Status"] = json!(1);
    expected["Content"] = json!("");
    assert_eq!(at_bob.next().await, expected);
    assert_eq!(bob.last(uuid).await, expected);
    for (kind, number) in [("IMAGE", 2), ("VOICE", 4), ("EMOJI", 99)] {
        ann.send(here, kind, "{}").await;
        assert_eq!(at_bob.next().await["Type"], number, "{kind}");
    }
    server.stop();
}

#[tokio::test]
async fn a_group_of_ruoyi_is_a_conversation_of_the_gateway() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(env!("CARGO_BIN_EXE_parlance"), data.path(), &[]);
    let address = server.address;
    let (ann, bob) = (person(address, "anne").await, person(address, "bob1").await);
    let eve = person(address, "eve1").await;
    let mut at_bob = at_gateway(address, &bob).await;
    let group = json!({ "name": "team", "memberIds": [bob.id] });
    ann.ruoyi.post("/api/im/group/create", group).await;
    let here = ann.listed("team").await["id"].as_i64().unwrap();
    let joined = bob.call("/get_joined_conversation", json!({})).await;
    let uuid = joined["Conversations"][0].as_str().unwrap().to_owned();
    ann.send(here, "TEXT", "hello").await;
    let heard = at_bob.next().await;
    assert_eq!(
        (&heard["ConversationID"], &heard["Content"]),
        (&json!(uuid), &json!("hello"))
    );
    let detail = json!({ "conversation_id": uuid });
    let detail = bob.call("/get_conversation_detail", detail).await;
    assert_eq!(
        (&detail["ConversationType"], &detail["LastMsgID"]),
        (&json!(0), &heard["MsgId"])
    );
    // Who is to come in has to be brought in, as ruoyi has it.
    let body = json!({ "conversation_id": uuid });
    let refused = eve.gateway.post("/join_conversation", body.clone()).await;
    assert_eq!(refused.body["code"], 10002);
    bob.say(&uuid, 1, "answer").await;
    let page = ann.list(&format!("/api/im/message/list/{here}")).await;
    assert_eq!(page[0]["content"], "answer");
    // A direct conversation is not shown: the next thing that bob hears is of the group.
    let private = json!({ "receiverId": bob.id, "content": "private" });
    ann.ruoyi.post("/api/im/message/send", private).await;
    ann.send(here, "TEXT", "last").await;
    assert_eq!(at_bob.next().await["Content"], "answer");
    assert_eq!(at_bob.next().await["Content"], "last");
    server.stop();
}
