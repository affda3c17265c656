//! Data to play with: a few people, groups and messages in Chinese and English, and how to use them. Only for a
//! listener that nobody else can reach, because everybody can read the passwords here.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use parlance_core::account::NewAccount;
use parlance_core::command::{CreateGroup, SendMessage, Target};
use parlance_core::query::FindUserByUid;
use parlance_core::types::{AccountRole, DEFAULT_TENANT, UserId};
use parlance_core::{Actor, BlockRule, Core, Error, ErrorKind, Mandate};

use crate::failure::Failure;

/// The password of all people of the demo.
const PASSWORD: &str = "parlance-demo";

/// Text id and nickname. The others are named by their place in this list.
const PEOPLE: [(&str, &str); 4] = [
    ("xiaoming", "小明"),
    ("xiaohong", "小红"),
    ("alice", "Alice"),
    ("bob", "Bob"),
];
const XIAOMING: usize = 0;
const XIAOHONG: usize = 1;
const ALICE: usize = 2;
const BOB: usize = 3;

/// Who says what to whom.
struct Direct {
    between: [usize; 2],
    lines: &'static [(usize, &'static str)],
}

/// A group; the first of its people owns it.
struct Group {
    name: &'static str,
    people: &'static [usize],
    lines: &'static [(usize, &'static str)],
}

const DIRECTS: &[Direct] = &[
    Direct {
        between: [XIAOMING, XIAOHONG],
        lines: &[
            (XIAOMING, "小红，晚上一起吃饭吗？"),
            (XIAOHONG, "好啊，去上次那家面馆？"),
            (XIAOMING, "可以，七点门口见。"),
            (XIAOHONG, "👌"),
        ],
    },
    Direct {
        between: [XIAOMING, ALICE],
        lines: &[
            (ALICE, "Hi! Is the Friday meeting still at two?"),
            (XIAOMING, "改到下午三点了。It moved to three, room 402."),
            (ALICE, "Thanks, see you there."),
        ],
    },
    Direct {
        between: [ALICE, BOB],
        lines: &[(BOB, "Could you look at my draft when you have a minute?")],
    },
];

const GROUPS: &[Group] = &[
    Group {
        name: "周末爬山 Weekend hike",
        people: &[XIAOHONG, XIAOMING, ALICE, BOB],
        lines: &[
            (XIAOHONG, "这周六天气不错，去爬香山吧！"),
            (BOB, "I'm in. How long is the way up?"),
            (XIAOMING, "两个小时左右，About two hours."),
            (ALICE, "I'll bring sandwiches 🥪"),
            (XIAOHONG, "早上八点地铁站集合，别迟到。"),
        ],
    },
    Group {
        name: "项目组 Project Kite",
        people: &[ALICE, XIAOMING, BOB],
        lines: &[
            (ALICE, "Release notes are due on Thursday."),
            (XIAOMING, "我负责中文版本。"),
            (BOB, "Then I'll take the English ones."),
        ],
    },
];

/// Loads the demo, unless its people are there already, and gives a signature to log in at the dialect xuqm with.
///
/// # Errors
/// When the listener can be reached by others, or the store refuses.
pub(crate) async fn load(core: &Core, listener: IpAddr) -> Result<String, Failure> {
    if !listener.to_canonical().is_loopback() {
        return Err(Failure::new(
            format!("the demo is not served on {listener}, because its passwords are known to everybody"),
            "listen on 127.0.0.1, or leave --demo out",
        ));
    }
    let loaded = match fill(core).await {
        Ok(()) => signature(core),
        Err(error) => Err(error),
    };
    loaded.map_err(|error| {
        Failure::new(
            format!("the demo data cannot be loaded: {error}"),
            "take a data directory of its own for the demo with --data-dir",
        )
    })
}

/// What the default tenant signs for somebody of the demo, to log in at the dialect xuqm with.
fn signature(core: &Core) -> Result<String, Error> {
    let (first, _) = PEOPLE[XIAOMING];
    let signed = core.sign_for(&Actor::system(DEFAULT_TENANT), first, None)?;
    Ok(signed.signature)
}

async fn fill(core: &Core) -> Result<(), Error> {
    let system = Actor::system(DEFAULT_TENANT);
    let (first, _) = PEOPLE[XIAOMING];
    match core
        .query(
            &system,
            FindUserByUid {
                uid: first.to_owned(),
            },
        )
        .await
    {
        Ok(_) => return Ok(()),
        Err(error) if error.kind == ErrorKind::UserMissing => {}
        Err(error) => return Err(error),
    }
    let mut people = Vec::with_capacity(PEOPLE.len());
    for (uid, nickname) in PEOPLE {
        let account = NewAccount {
            uid: uid.to_owned(),
            nickname: nickname.to_owned(),
            password: Some(PASSWORD.to_owned()),
            ..NewAccount::default()
        };
        people.push(core.create_user(&system, account).await?);
    }
    for Direct {
        between: [one, other],
        lines,
    } in DIRECTS
    {
        for (speaker, text) in *lines {
            let listener = if speaker == one { other } else { one };
            say(core, people[*speaker], Target::User(people[*listener]), text).await?;
        }
    }
    for Group {
        name,
        people: members,
        lines,
    } in GROUPS
    {
        let ids: Vec<UserId> = members.iter().map(|member| people[*member]).collect();
        let (owner, others) = ids.split_first().ok_or(ErrorKind::Internal)?;
        let group = core
            .execute(&person(*owner), CreateGroup::named(*name, others.to_vec()))
            .await?
            .conversation_id;
        for (speaker, text) in *lines {
            say(core, people[*speaker], Target::Conversation(group), text).await?;
        }
    }
    Ok(())
}

async fn say(core: &Core, speaker: UserId, target: Target, text: &str) -> Result<(), Error> {
    core.execute(&person(speaker), SendMessage::text(target, text))
        .await
        .map(drop)
}

/// Somebody of the demo as a caller, without a log-in.
fn person(user_id: UserId) -> Actor {
    Actor {
        user_id,
        role: AccountRole::User,
        mandate: Mandate::Place,
        block_rule: BlockRule::Mutual,
        ..Actor::system(DEFAULT_TENANT)
    }
}

/// How to use the demo of a server at this URL's address, to be pasted into a shell.
pub(crate) fn instructions(scheme: &str, address: SocketAddr, signature: &str) -> String {
    let mut text = String::from("\nDemo people, all with the password ");
    let socket = if scheme == "https" { "wss" } else { "ws" };
    let (first, _) = PEOPLE[XIAOMING];
    _ = writeln!(text, "{PASSWORD}:");
    for (uid, nickname) in PEOPLE {
        _ = writeln!(text, "  {uid:<10} {nickname}");
    }
    _ = write!(
        text,
        r#"
Log in, list the conversations, and watch messages arrive:

  TOKEN=$(curl -s {scheme}://{address}/api/auth/login -H 'Content-Type: application/json' \
    -d '{{"username":"{first}","password":"{PASSWORD}"}}' | sed 's/.*"token":"\([^"]*\)".*/\1/')
  curl -s {scheme}://{address}/api/im/conversation/list -H "Authorization: Bearer $TOKEN"; echo
  npx -y wscat -c "{socket}://{address}/ws/im?token=$TOKEN"

and in the socket, to send one:

  {{"type":"message","payload":{{"conversationId":1,"messageType":"TEXT","content":"你好 hello"}}}}

The dialect platform explains itself at {scheme}://{address}/api/v1/docs and takes the same people:

  curl -s {scheme}://{address}/api/v1/auth/login -d 'username={first}&password={PASSWORD}'; echo

The dialect xuqm takes a signature instead of a password, here one for {first}:

  TOKEN=$(curl -s {scheme}://{address}/api/im/auth/login -d userSig={signature} \
    | sed 's/.*"token":"\([^"]*\)".*/\1/')
  curl -s {scheme}://{address}/api/im/conversations -H "Authorization: Bearer $TOKEN"; echo

"#
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_who_speaks_is_there() {
        for Direct { between, lines } in DIRECTS {
            assert!(lines.iter().all(|(speaker, _)| between.contains(speaker)));
        }
        for Group { people, lines, name } in GROUPS {
            assert!(
                lines.iter().all(|(speaker, _)| people.contains(speaker)),
                "{name}"
            );
        }
    }

    #[test]
    fn instructions_name_the_address() {
        let text = instructions("https", "127.0.0.1:8443".parse().unwrap(), "sig");
        assert!(text.contains("curl -s https://127.0.0.1:8443/api/auth/login"));
        assert!(text.contains("wss://127.0.0.1:8443/ws/im?token=$TOKEN"));
        assert!(text.contains(r#"{"type":"message""#));
        assert!(text.contains("https://127.0.0.1:8443/api/v1/docs"));
        assert!(text.contains("userSig=sig"));
    }
}
