//! What the tests of groups share: a group with people of every role.

use parlance_testkit::Answer;
use serde_json::{Value, json};

use crate::house::{House, Person, ok};

pub const GROUPS: &str = "/api/im/groups";

impl Person {
    /// Makes a group of these fields and gives its id.
    pub async fn makes(&self, fields: Value) -> String {
        let made = ok(&self.http.post(GROUPS, fields).await);
        made["groupId"].as_str().expect("an id").to_owned()
    }

    /// A call about a group: `METHOD rest`, as `POST /members`.
    pub async fn calls(&self, group_id: &str, call: &str, body: Value) -> Answer {
        let (method, rest) = call.split_once(' ').expect("a method and a path");
        let path = format!("{GROUPS}/{group_id}{rest}");
        match method {
            "GET" => self.http.get(&path).await,
            "POST" => self.http.post(&path, body).await,
            "PUT" => self.http.put(&path, body).await,
            _ => self.http.delete(&path, body).await,
        }
    }

    /// Sends a text into a group.
    pub async fn says(&self, house: &House, group_id: &str, text: &str) -> Result<i64, parlance_core::Error> {
        use parlance_core::command::{SendMessage, Target};
        let (actor, _) = house
            .server
            .core
            .authenticate(self.http.token(), "xuqm")
            .await
            .expect("an actor");
        let send = SendMessage::text(Target::GroupKey(group_id.to_owned()), text);
        let sent = house.server.core.execute(&actor, send).await?;
        Ok(sent.view.message.id)
    }
}

/// The texts in a list of a reply, by name of the field.
pub fn column<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|one| one[field].as_str().expect("a text"))
        .collect()
}

/// People by name, who are made if they are new.
pub async fn people<const N: usize>(house: &House, uids: [&str; N]) -> [Person; N] {
    let mut people = Vec::with_capacity(N);
    for uid in uids {
        people.push(house.person(uid).await);
    }
    people.try_into().ok().expect("as many people")
}

/// A group of `ann` with the administrator `bob` and the members `cid` and `dan`; the type is in `fields`.
pub async fn staffed(house: &House, ann: &Person, fields: Value) -> String {
    people(house, ["bob", "cid", "dan"]).await;
    let mut group = json!({ "name": "team", "memberIds": ["bob", "cid", "dan"] });
    for (name, value) in fields.as_object().expect("an object") {
        group[name] = value.clone();
    }
    let id = ann.makes(group).await;
    let promote = json!({ "userId": "bob", "role": "ADMIN" });
    ok(&ann.calls(&id, "POST /roles", promote).await);
    id
}
