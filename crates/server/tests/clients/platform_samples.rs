//! The samples published with the platform API, as they were published: Python that sends, TypeScript that listens in
//! a browser.

use std::fs;

use parlance_testkit::{Browser, Program, sample};
use serde_json::{Value, json};

use crate::platform::{API, APP, LI_IN_APP, Person, World, made};

/// Milliseconds between two pings of the published program, and the longest it waits before it connects again.
const BEAT_MS: u64 = 30_000;
/// Beats until a connection must stand. Only a failing test uses them up.
const BEATS_MAX: usize = 10_000;

/// What the published program keeps to itself, where the test can reach it.
const WINDOW: &str = "
Object.assign(window, {
    startMessageWs,
    openNotificationAction,
    shown: () => conversations,
    enter: (key) => { currentChatKey = key; conversations.find(c => c.key === key).unread = 0 },
})";

async fn python(world: &World, text: &str) -> Vec<String> {
    let file = world.data.path().join("sample.py");
    fs::write(&file, text).unwrap();
    Program::python(&file).finish().await
}

#[tokio::test]
async fn published_python_sends_for_an_app_for_its_user_and_for_oneself() {
    let world = World::start().await;
    let (app, zhang, li) = (world.app_id, world.zhang.id, world.li.id);
    let mut zhang_hears = world.zhang.listen(world.proxy.address).await;
    let mut li_hears = world.li.listen(world.proxy.address).await;
    let api = world.api();
    let changed = [
        ("https://your-host.example.com/api/v1", api.as_str()),
        ("your_app_id_string", APP),
        ("your_app_secret", &world.app_secret),
        ("2048", &li.to_string()),
        ("eyJhbGciOiJIUzI1NiIsInR5cCI6...", world.zhang.http.token()),
        ("# print(", "print("),
    ];
    let printed = python(&world, &sample("platform_send.py", &changed)).await;
    assert_eq!(printed.len(), 3, "{printed:?}");

    let by_app = zhang_hears.expect("NEW_MESSAGE").await["data"].take();
    assert_eq!(by_app["type"], "NOTIFICATION");
    assert_eq!(by_app["content_type"], "TEXT");
    assert_eq!(by_app["title"], "审批通知");
    assert_eq!(by_app["content"], "您有一条待审批任务");
    assert_eq!(by_app["sender_id"], Value::Null);
    assert_eq!(by_app["sender_name"], "系统通知");
    assert_eq!(
        (&by_app["app_id"], &by_app["app_name"]),
        (&json!(app), &json!("OA系统"))
    );
    let jump =
        "/api/v1/simple/sso/jump?app_id=oa_system&redirect_to=https%3A%2F%2Fbiz.example.com%2Ftodo%2F123";
    assert_eq!(by_app["action_url"], jump);
    assert_eq!(by_app["action_text"], "立即处理");

    let for_user = li_hears.expect("NEW_MESSAGE").await["data"].take();
    let by_user = li_hears.expect("NEW_MESSAGE").await["data"].take();
    for message in [&for_user, &by_user] {
        assert_eq!(message["type"], "MESSAGE");
        assert_eq!(message["content_type"], "USER_NOTIFICATION");
        assert_eq!(message["sender_id"], zhang);
        assert_eq!(message["sender_name"], "用户私信");
        let content = message["content"].as_str().unwrap().replace(' ', "");
        assert_eq!(content, r#"{"applyType":"LEAVE","days":2,"businessId":123}"#);
    }
    for (line, message) in printed.iter().zip([&by_app, &for_user, &by_user]) {
        assert!(
            line.contains(&format!("'id': {}", message["id"])),
            "{line}\n{message}"
        );
    }
    let newest_first = json!([by_user["id"], for_user["id"]]);
    assert_eq!(history(&world.li, zhang).await, newest_first);
    assert_eq!(history(&world.zhang, -app).await, json!([by_app["id"]]));
}

/// The ids in somebody's conversation with another.
async fn history(person: &Person, other: i64) -> Value {
    let path = format!("{API}/messages/history/{other}");
    let list = made(person.http.get(&path).await);
    list.as_array()
        .unwrap()
        .iter()
        .map(|message| message["id"].clone())
        .collect()
}

#[tokio::test]
async fn published_python_signs_what_the_server_accepts() {
    let world = World::start().await;
    let changed = [
        ("your_app_id_string", APP),
        ("your_app_secret", world.app_secret.as_str()),
    ];
    let text = sample("platform_sign.py", &changed) + "\nprint(app_id)\nprint(timestamp)\nprint(sign)";
    let printed = python(&world, &text).await;
    let [app, timestamp, sign] = printed.as_slice() else {
        panic!("{printed:?}");
    };
    let mut li_hears = world.li.listen(world.proxy.address).await;
    let broadcast = json!({
        "type": "NOTIFICATION",
        "is_broadcast": true,
        "content_type": "TEXT",
        "title": "系统公告",
        "content": "这是一条全员通知",
    });
    let sent = made(world.send_signed([app, timestamp, sign], broadcast.clone()).await);
    assert_eq!(sent["receiver_id"], Value::Null);
    assert_eq!(li_hears.expect("NEW_MESSAGE").await["data"]["id"], sent["id"]);
    let other_sign = sign.replace(|letter: char| letter.is_ascii_digit(), "a");
    let refused = world.send_signed([app, timestamp, &other_sign], broadcast).await;
    assert_eq!(refused.status, 401);
}

/// The page of a person in a browser, with both published TypeScript samples in it.
struct Page(Browser);

impl Page {
    async fn open(world: &World, person: &Person) -> Self {
        let changed = [
            ("{{API_BASE_URL}}", world.api()),
            ("currentUserId = 10001", format!("currentUserId = {}", person.id)),
        ];
        let changed = changed.each_ref().map(|(old, new)| (*old, new.as_str()));
        let program = sample("platform_message_socket.ts", &changed) + WINDOW;
        let keys =
            sample("platform_conversation_key.ts", &[]) + "\nObject.assign(window, { getConversationKey })";
        let mut browser = Browser::open(&format!("http://{}/", world.proxy.address)).await;
        browser.typescript(&program).await;
        browser.typescript(&keys).await;
        browser
            .wait("window.startMessageWs && window.getConversationKey")
            .await;
        let start = format!(
            "window.stopMessageWs = startMessageWs('{}'), 0",
            person.http.token()
        );
        browser.evaluate(&start).await;
        let mut page = Self(browser);
        page.beat().await;
        page
    }

    async fn pongs(&mut self) -> usize {
        let frames = self.0.frames().await;
        frames.iter().filter(|frame| frame["received"] == "pong").count()
    }

    /// Lets time pass for the page until a ping of its own was answered.
    async fn beat(&mut self) {
        let before = self.pongs().await;
        for _ in 0..BEATS_MAX {
            self.0.forward(BEAT_MS).await;
            if self.pongs().await > before {
                return;
            }
        }
        panic!("no ping was answered");
    }

    /// What the page shows of a conversation once it has this many unread: kind, name, preview.
    async fn shows(&mut self, key: &str, unread: i64) -> Value {
        let shown = format!("shown().find(c => c.key === '{key}' && c.unread === {unread})");
        let shown = self.0.wait(&shown).await;
        json!([shown["kind"], shown["displayName"], shown["lastPreview"]])
    }

    /// The keys that the published function finds for all messages so far.
    async fn keys(&mut self, person: i64, open_with: i64) -> Vec<Value> {
        let mut keys = Vec::new();
        for frame in self.0.frames().await {
            let frame = frame["received"].as_str().unwrap_or("pong");
            if frame != "pong" {
                let call = format!("getConversationKey({frame}, {person}, {open_with})");
                keys.push(self.0.evaluate(&call).await);
            }
        }
        keys
    }
}

fn private(receiver: i64, content: &str) -> Value {
    json!({ "receiver_id": receiver, "type": "MESSAGE", "content_type": "TEXT", "title": "私信", "content": content })
}

fn todo_for(app_user_id: &str) -> Value {
    json!({
        "app_id": APP,
        "app_user_id": app_user_id,
        "type": "NOTIFICATION",
        "content_type": "TEXT",
        "title": "审批通知",
        "content": "您有一条待审批任务",
        "auto_sso": true,
        "target_url": "https://biz.example.com/todo/123",
        "action_text": "立即处理",
    })
}

// The relay has to run on while the test waits for the server's end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn published_typescript_counts_opens_and_comes_back_after_a_restart() {
    let mut world = World::start().await;
    let (app, zhang, li) = (world.app_id, world.zhang.id, world.li.id);
    let mut page = Page::open(&world, &world.li).await;
    let messages = format!("{API}/messages/");

    // What comes in is shown and counted, as the server counts it.
    let notice = made(world.send_as_app(todo_for(LI_IN_APP)).await);
    made(world.zhang.http.post(&messages, private(li, "你好")).await);
    made(world.zhang.http.post(&messages, private(li, "在吗")).await);
    let (app_key, chat_key) = (format!("app:{app}"), format!("chat:{zhang}"));
    let shown = page.shows(&app_key, 1).await;
    assert_eq!(shown, json!(["APP_NOTIFICATION", "OA系统", "您有一条待审批任务"]));
    let shown = page.shows(&chat_key, 2).await;
    assert_eq!(shown, json!(["CHAT", format!("用户-{zhang}"), "在吗"]));
    assert_eq!(unread(&world, &[-app, zhang]).await, [1, 2]);

    // An open conversation counts nothing, and what one sends oneself belongs to it.
    page.0.evaluate(&format!("enter('{chat_key}')")).await;
    made(world.zhang.http.post(&messages, private(li, "在的")).await);
    made(world.li.http.post(&messages, private(zhang, "好")).await);
    page.0
        .wait(&format!(
            "shown().find(c => c.key === '{chat_key}').lastPreview === '好'"
        ))
        .await;
    page.shows(&chat_key, 0).await;
    let keys = [&app_key, &chat_key, &chat_key, &chat_key, &chat_key].map(|key| json!(key));
    assert_eq!(page.keys(li, zhang).await, keys);

    click(&world, &mut page, notice["id"].as_i64().unwrap()).await;

    world.restart_server();
    page.beat().await;
    made(world.send_as_app(todo_for(LI_IN_APP)).await);
    page.shows(&app_key, 2).await;
    page.0.evaluate("stopMessageWs()").await;
    page.0.close().await;
}

/// The server's unread counts of Li's conversations with these.
async fn unread(world: &World, with: &[i64]) -> Vec<i64> {
    let list = made(world.li.http.get(&format!("{API}/messages/conversations")).await);
    let count = |id| {
        let found = list.as_array().unwrap().iter().find(|one| one["user_id"] == id);
        found.unwrap()["unread_count"].as_i64().unwrap()
    };
    with.iter().map(|&id| count(id)).collect()
}

/// A click on a notification's button opens the app with a ticket for Li, good for one time.
async fn click(world: &World, page: &mut Page, message: i64) {
    let token = world.li.http.token();
    let button = format!(
        "document.body.innerHTML = '<button>立即处理</button>',
         document.querySelector('button').onclick = () => openNotificationAction({message}, '{token}'), 0"
    );
    page.0.evaluate(&button).await;
    let opened = page.0.popup("button").await;
    let ticket = opened
        .strip_prefix(&format!("{}?ticket=", world.callback_url))
        .and_then(|rest| rest.strip_suffix("&next=https://biz.example.com/todo/123"));
    let Some(ticket) = ticket else {
        panic!("opened {opened}");
    };
    let valid = world.validate(ticket).await;
    assert_eq!(valid["valid"], true, "{valid}");
    assert_eq!(valid["user_id"], world.li.id);
    assert_eq!(valid["mapped_key"], LI_IN_APP);
    assert_eq!(world.validate(ticket).await, json!({ "valid": false }));
    let other = world.zhang.http.token();
    let refused = format!("openNotificationAction({message}, '{other}').catch(error => error.message)");
    assert_eq!(page.0.evaluate(&refused).await, "callback-url failed: 403");
}
