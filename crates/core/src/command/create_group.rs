//! Makes a group: its creator owns it, and it is in every member's list at once, without a message.

use parlance_store::Tx;
use parlance_store::table::{conversation, member, message};

use crate::command::notify::notify_each;
use crate::command::set_attributes::{check_attributes, put_attributes};
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, MessageSent};
use crate::place::Place;
use crate::types::{
    Attributes, Conversation, ConversationId, ConversationKind, JoinOption, Message, MessageView, NOTICE,
    NotificationKind, Role, UserCard, UserId,
};
use crate::{field, policy};

/// Characters of what a group is about, and of its notice.
const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// Bytes of a picture's URL.
const AVATAR_BYTES_MAX: usize = 2_048;
/// Characters of a group's type.
const GROUP_TYPE_CHARS_MAX: usize = 32;
/// The highest number that a creator may give a group.
const CATEGORY_MAX: i64 = 15;
/// A group has room for its owner and somebody else at least.
const MEMBERS_MAX_LEAST: i64 = 2;
/// Members whose names make the name of a group that was given none.
const NAMED_MEMBERS_MAX: usize = 4;

/// Makes a group of the caller, who becomes its owner, and these people. A group that the server itself makes has no
/// owner.
///
/// Who is named twice, and the caller, count once. All or nothing: the answer is only an id and could not tell who
/// was left out, so a person who does not exist refuses the whole.
///
/// # Errors
/// `Invalid` for an empty or long field and for a group of nobody, `Taken` for a key that a group of the tenant has or
/// had, `UserMissing` for nobody, somebody disabled or of
/// another tenant (the detail names them), `GroupFull` for more people than it may have.
#[derive(Clone, Debug)]
pub struct CreateGroup {
    /// Its name, not blank; at most the limit `title_chars_max`. None for the names of its first four people, the
    /// creator first.
    pub name: Option<String>,
    /// URL of a picture, or empty: at most 2,048 bytes.
    pub avatar: String,
    /// What it is about: at most 2,000 characters.
    pub description: String,
    /// A line shown on top of it: at most 2,000 characters.
    pub notice: String,
    /// A free word of the dialect: at most 32 characters.
    pub group_type: String,
    /// Most members, from 2 to the limit `group_members_max`; none for that limit, whatever it is later.
    pub members_max: Option<i64>,
    /// Whether new members see what was said before.
    pub history_open: bool,
    /// The least role that may bring people in.
    pub invite_role: Role,
    /// Who may come in without being brought in.
    pub join_option: JoinOption,
    /// A number of the creator's, 0 to 15, that means nothing to the server.
    pub category: i64,
    /// The text id that clients know it by: 1 to 64 visible characters, given once in a tenant and never again. None
    /// for its UUID.
    pub group_key: Option<String>,
    /// What its people keep with it under names of their own; the bounds are those of
    /// [`SetAttributes`](super::SetAttributes).
    pub attributes: Attributes,
    /// What the server says in it first: a notice in the creator's name that is in the history and is pushed, but is
    /// never unread and never shown as the newest message.
    pub opening: Option<String>,
    /// The other members.
    pub member_ids: Vec<UserId>,
}

impl CreateGroup {
    /// A group with this name and these people, everything else as usual.
    pub fn named(name: impl Into<String>, member_ids: Vec<UserId>) -> Self {
        Self {
            name: Some(name.into()),
            avatar: String::new(),
            description: String::new(),
            notice: String::new(),
            group_type: String::new(),
            members_max: None,
            history_open: true,
            invite_role: Role::Admin,
            join_option: JoinOption::Invited,
            category: 0,
            group_key: None,
            attributes: Attributes::new(),
            opening: None,
            member_ids,
        }
    }
}

/// A group that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedGroup {
    /// Its number.
    pub conversation_id: ConversationId,
    /// Its UUID.
    pub uuid: String,
    /// The text id that clients know it by: what its creator chose, or else the UUID.
    pub key: String,
}

impl Command for CreateGroup {
    type Reply = CreatedGroup;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<CreatedGroup> {
        let me = cx.actor.user_id;
        let creator = policy::server(cx.actor).is_err().then_some(me);
        let others = distinct_without(&self.member_ids, me);
        let mut group = self.row(cx, creator)?;
        let room = usize::try_from(policy::room(&group, &cx.env.limits)).unwrap_or(0);
        let people = others.len() + usize::from(creator.is_some());
        if people == 0 {
            return Err(Error::invalid("a group has one member at least"));
        }
        if people > room {
            return Err(ErrorKind::GroupFull.into());
        }
        policy::peers(cx.tx, cx.actor, &others).await?;
        self.check_key(cx).await?;
        check_attributes(&self.attributes)?;
        if self.name.is_none() {
            group.name = self.name_of_members(cx, creator).await?;
        }

        group.id = conversation::insert(cx.tx, &group).await?;
        self.join(cx, &group, creator, &others).await?;
        put_attributes(cx, group.id, &self.attributes).await?;
        cx.record(Event::ConversationCreated {
            conversation_id: group.id,
            kind: ConversationKind::Group,
            by: me,
            user_ids: creator.into_iter().chain(others.iter().copied()).collect(),
        });
        if let Some(opening) = &self.opening {
            open(cx, &group, creator, opening).await?;
        }
        let told = NotificationKind::GroupJoined;
        notify_each(cx, &others, told, &group.name, group.id).await?;
        Ok(CreatedGroup {
            conversation_id: group.id,
            key: group.key().to_owned(),
            uuid: group.uuid.unwrap_or_default(),
        })
    }
}

impl CreateGroup {
    async fn join<T: Tx>(
        &self,
        cx: &mut Context<'_, T>,
        group: &Conversation,
        creator: Option<UserId>,
        others: &[UserId],
    ) -> Result<()> {
        let mut joining = member::Joining {
            conversation_id: group.id,
            role: Role::Owner.number(),
            at: cx.now,
            joined_seq: 0,
            read_seq: 0,
        };
        if let Some(creator) = creator {
            member::join(cx.tx, &joining, &[creator]).await?;
        }
        joining.role = Role::Member.number();
        member::join(cx.tx, &joining, others).await?;
        Ok(())
    }

    /// Whether the group may be known by its key: a UUID counts as taken, too, so that a key names one group.
    async fn check_key<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let Some(key) = &self.group_key else { return Ok(()) };
        field::group_key(key)?;
        match conversation::id_by_key(cx.tx, cx.actor.tenant_id, key).await? {
            Some(_) => Err(Error::new(ErrorKind::Taken, "a group has or had this id")),
            None => Ok(()),
        }
    }

    /// The names of the first people, as lists show groups that nobody has named.
    async fn name_of_members<T: Tx>(
        &self,
        cx: &mut Context<'_, T>,
        creator: Option<UserId>,
    ) -> Result<String> {
        let mut names: Vec<String> = Vec::new();
        let mut named: Vec<UserId> = Vec::new();
        for user_id in creator.into_iter().chain(self.member_ids.iter().copied()) {
            if named.len() == NAMED_MEMBERS_MAX {
                break;
            }
            if named.contains(&user_id) {
                continue;
            }
            named.push(user_id);
            let card = message::card(cx.tx, user_id).await?;
            names.extend(card.map(|card| UserCard::from(card).name));
        }
        let most = cx.env.limits.title_chars_max;
        Ok(names.join("、").chars().take(most).collect())
    }

    fn row<T>(&self, cx: &Context<'_, T>, creator: Option<UserId>) -> Result<Conversation> {
        Ok(Conversation {
            id: 0,
            tenant_id: cx.actor.tenant_id,
            kind: conversation::GROUP,
            user_low: None,
            user_high: None,
            name: match &self.name {
                Some(name) => checked_name(cx, name)?,
                None => String::new(),
            },
            avatar: checked_avatar(&self.avatar)?,
            description: checked_text("description", &self.description, DESCRIPTION_CHARS_MAX)?,
            notice: checked_text("notice", &self.notice, DESCRIPTION_CHARS_MAX)?,
            group_type: checked_text("type", &self.group_type, GROUP_TYPE_CHARS_MAX)?,
            owner_id: creator,
            members_max: self
                .members_max
                .map_or(Ok(0), |most| checked_members_max(cx, most))?,
            members_count: 0,
            history_open: self.history_open,
            invite_role: self.invite_role.number(),
            muted_all: false,
            muted_until: None,
            last_seq: 0,
            last_message_id: None,
            last_message_at: None,
            pinned_message_id: None,
            created_at: cx.now,
            updated_at: cx.now,
            dissolved_at: None,
            uuid: Some(cx.env.new_uuid()),
            category: checked_category(self.category)?,
            archived: false,
            join_option: self.join_option.number(),
            app_id: None,
            group_key: self.group_key.clone(),
        })
    }
}

/// Writes the notice that a new group begins with.
async fn open<T: Tx>(
    cx: &mut Context<'_, T>,
    group: &Conversation,
    creator: Option<UserId>,
    content: &str,
) -> Result<()> {
    let message = Message {
        id: cx.env.next_message_id(cx.now),
        conversation_id: group.id,
        seq: 1,
        sender_id: creator,
        content_type: NOTICE.to_owned(),
        content: content.to_owned(),
        client_id: None,
        reply_to: None,
        forwarded_from: None,
        extra: None,
        files: None,
        mention_all: false,
        edited_at: None,
        recalled_at: None,
        deleted_at: None,
        uncounted: true,
        created_at: cx.now,
    };
    message::insert(cx.tx, &message).await?;
    conversation::advance_unlisted(cx.tx, group.id, message.seq).await?;
    let mut sender = None;
    if let Some(creator) = creator {
        member::count_own(cx.tx, group.id, creator).await?;
        sender = message::card(cx.tx, creator).await?.map(UserCard::from);
    }
    cx.record(Event::MessageSent(Box::new(MessageSent {
        view: MessageView {
            message,
            sender,
            quote: None,
        },
        place: Place::of(group),
        mentioned: Vec::new(),
        origin: None,
    })));
    Ok(())
}

/// Each id once, in rising order.
pub(crate) fn distinct(user_ids: &[UserId]) -> Vec<UserId> {
    let mut ids = user_ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Each id once, without `me`, in rising order.
pub(crate) fn distinct_without(user_ids: &[UserId], me: UserId) -> Vec<UserId> {
    let mut ids = distinct(user_ids);
    ids.retain(|id| *id != me);
    ids
}

/// A group's name, without the blanks around it.
pub(crate) fn checked_name<T>(cx: &Context<'_, T>, name: &str) -> Result<String> {
    let (name, most) = (name.trim(), cx.env.limits.title_chars_max);
    if name.is_empty() || name.chars().count() > most {
        return Err(Error::invalid(format!("the name has 1 to {most} characters")));
    }
    Ok(name.to_owned())
}

/// The URL of a group's picture.
pub(crate) fn checked_avatar(avatar: &str) -> Result<String> {
    if avatar.len() > AVATAR_BYTES_MAX {
        return Err(Error::invalid(format!(
            "the avatar is a URL of at most {AVATAR_BYTES_MAX} bytes"
        )));
    }
    Ok(avatar.to_owned())
}

fn checked_category(category: i64) -> Result<i64> {
    if !(0..=CATEGORY_MAX).contains(&category) {
        return Err(Error::invalid(format!(
            "the category is a number from 0 to {CATEGORY_MAX}"
        )));
    }
    Ok(category)
}

/// What a group is about.
pub(crate) fn checked_description(description: &str) -> Result<String> {
    checked_text("description", description, DESCRIPTION_CHARS_MAX)
}

/// A group's notice.
pub(crate) fn checked_notice(notice: &str) -> Result<String> {
    checked_text("notice", notice, DESCRIPTION_CHARS_MAX)
}

/// How many members a group may have at most.
pub(crate) fn checked_members_max<T>(cx: &Context<'_, T>, members_max: i64) -> Result<i64> {
    let most = cx.env.limits.group_members_max;
    if !(MEMBERS_MAX_LEAST..=most).contains(&members_max) {
        return Err(Error::invalid(format!(
            "a group has room for {MEMBERS_MAX_LEAST} to {most} members"
        )));
    }
    Ok(members_max)
}

fn checked_text(field: &str, text: &str, most: usize) -> Result<String> {
    if text.chars().count() > most {
        return Err(Error::invalid(format!(
            "the {field} has at most {most} characters"
        )));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{SendMessage, Target};
    use crate::query::{FindGroupByKey, GroupDetails, GroupMembers, MyGroups};
    use crate::testing::{TestCore, refusal};
    use crate::types::Timestamp;
    use crate::{Actor, Limits};

    #[tokio::test]
    async fn a_new_group_shows_at_once_in_every_members_list() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let (live, outside) = (test.core.attach(&bob), test.core.attach(&eve));
        let mut create = CreateGroup::named("  周会 weekly ", vec![bob.user_id, bob.user_id, ann.user_id]);
        create.description = "plans".into();
        let group = test.core.execute(&ann, create).await.unwrap().conversation_id;

        let told = live.next().await.unwrap();
        let Event::ConversationCreated {
            conversation_id,
            kind,
            by,
            user_ids,
        } = &told.event
        else {
            panic!("expected a new conversation, got {:?}", told.event)
        };
        assert_eq!(
            (*conversation_id, *kind, *by),
            (group, ConversationKind::Group, ann.user_id)
        );
        assert_eq!(*user_ids, [ann.user_id, bob.user_id], "each person once");

        for (who, role) in [(&ann, Role::Owner), (&bob, Role::Member)] {
            let list = test.core.query(who, MyGroups).await.unwrap();
            assert_eq!(list.len(), 1);
            assert_eq!(
                (list[0].conversation.id, list[0].role, list[0].room),
                (group, role, 10_000)
            );
            assert_eq!(list[0].conversation.name, "周会 weekly");
            assert_eq!(list[0].conversation.members_count, 2);
            assert_eq!(list[0].owner.as_ref().map(|card| card.id), Some(ann.user_id));
        }
        assert!(test.core.query(&eve, MyGroups).await.unwrap().is_empty());

        // The next thing that eve hears of is her own message, so nothing of the group came before it.
        let direct = test.direct(&eve, &ann).await;
        let heard = outside.next().await.unwrap();
        assert!(
            matches!(&heard.event, Event::ConversationCreated { conversation_id, .. } if *conversation_id == direct)
        );
    }

    #[tokio::test]
    async fn members_are_listed_with_role_and_card() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let group = test.group(&ann, "team", &[&bob]).await;
        let members = test.core.query(&bob, GroupMembers::of(group)).await.unwrap();
        let seen: Vec<(UserId, &str, Role, Timestamp)> = members
            .iter()
            .map(|m| (m.user.id, m.user.name.as_str(), m.role, m.joined_at))
            .collect();
        let now = test.core.now();
        assert_eq!(
            seen,
            [
                (ann.user_id, "ann", Role::Owner, now),
                (bob.user_id, "bob", Role::Member, now)
            ]
        );
        let second = GroupMembers {
            conversation_id: group,
            after: ann.user_id,
            limit: 1,
        };
        let page = test.core.query(&bob, second).await.unwrap();
        assert_eq!(page.iter().map(|m| m.user.id).collect::<Vec<_>>(), [bob.user_id]);
        for limit in [0, 10_001] {
            let wrong = GroupMembers { limit, ..second };
            assert_eq!(refusal(test.core.query(&bob, wrong).await), ErrorKind::Invalid);
        }
    }

    #[tokio::test]
    async fn nobody_is_left_out_silently() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let foreign = test.user_of(9, "foreign").await;
        let create = CreateGroup::named("team", vec![bob.user_id, foreign.user_id, 4_000_000, -1]);
        let refused = test.core.execute(&ann, create).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::UserMissing);
        assert_eq!(
            refused.detail,
            format!("no active account: -1, {}, 4000000", foreign.user_id)
        );
        assert!(test.core.query(&bob, MyGroups).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_key_names_one_group_of_a_tenant_for_ever() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let foreign = test.user_of(9, "foreign").await;
        let keyed = |key: &str| CreateGroup {
            group_key: Some(key.to_owned()),
            ..CreateGroup::named("team", Vec::new())
        };
        let first = test.core.execute(&ann, keyed("群/1")).await.unwrap();
        assert_eq!(first.key, "群/1");
        let plain = CreateGroup::named("plain", vec![bob.user_id]);
        let plain = test.core.execute(&ann, plain).await.unwrap();
        assert_eq!(plain.key, plain.uuid);
        let over = crate::command::DissolveGroup {
            conversation_id: first.conversation_id,
        };
        test.core.execute(&ann, over).await.unwrap();
        for key in ["群/1", &plain.uuid] {
            assert_eq!(
                refusal(test.core.execute(&bob, keyed(key)).await),
                ErrorKind::Taken
            );
        }
        for key in ["", "a b", "a\0", "\u{200b}", &"x".repeat(65)] {
            assert_eq!(
                refusal(test.core.execute(&bob, keyed(key)).await),
                ErrorKind::Invalid
            );
        }
        let other = test.core.execute(&foreign, keyed("群/1")).await.unwrap();
        assert_ne!(other.conversation_id, first.conversation_id);

        let find = |key: &str| FindGroupByKey { key: key.to_owned() };
        let found = test.core.query(&foreign, find("群/1")).await;
        assert_eq!(found.unwrap(), other.conversation_id);
        for key in ["群/1", "", "nothing", &other.uuid] {
            let refused = test.core.query(&bob, find(key)).await;
            assert_eq!(refusal(refused), ErrorKind::GroupMissing, "{key}");
        }

        let live = test.core.attach(&foreign);
        for (who, key, kind) in [
            (&foreign, "群/1", None),
            (&foreign, other.uuid.as_str(), None),
            (&ann, "群/1", Some(ErrorKind::ConversationMissing)),
            (&ann, other.uuid.as_str(), Some(ErrorKind::GroupMissing)),
            (&foreign, plain.uuid.as_str(), Some(ErrorKind::GroupMissing)),
            (&bob, plain.uuid.as_str(), None),
        ] {
            let send = SendMessage::text(Target::GroupKey(key.to_owned()), "hello");
            let got = test.core.execute(who, send).await;
            assert_eq!(got.err().map(|error| error.kind), kind, "{key}");
        }
        let heard = live.next().await.unwrap();
        assert!(
            matches!(&heard.event, Event::MessageSent(sent) if sent.place.key() == Some("群/1")),
            "{:?}",
            heard.event
        );
    }

    #[tokio::test]
    async fn every_field_has_a_bound() {
        let limits = Limits {
            group_members_max: 3,
            title_chars_max: 5,
            ..Limits::default()
        };
        let test = TestCore::with_limits(limits).await;
        let ann = test.user("ann").await;
        let mut others = Vec::new();
        for uid in ["a", "b", "c"] {
            others.push(test.user(uid).await.user_id);
        }
        let good = CreateGroup::named("群群群群群", others[..2].to_vec());
        let wrong = [
            CreateGroup {
                name: Some("  ".into()),
                ..good.clone()
            },
            CreateGroup {
                name: Some("六六六六六六".into()),
                ..good.clone()
            },
            CreateGroup {
                avatar: "a".repeat(2_049),
                ..good.clone()
            },
            CreateGroup {
                description: "描".repeat(2_001),
                ..good.clone()
            },
            CreateGroup {
                notice: "告".repeat(2_001),
                ..good.clone()
            },
            CreateGroup {
                group_type: "t".repeat(33),
                ..good.clone()
            },
            CreateGroup {
                members_max: Some(1),
                ..good.clone()
            },
            CreateGroup {
                members_max: Some(4),
                ..good.clone()
            },
        ];
        for create in wrong {
            let shown = format!("{create:?}");
            assert_eq!(
                refusal(test.core.execute(&ann, create).await),
                ErrorKind::Invalid,
                "{shown}"
            );
        }
        for full in [
            CreateGroup {
                member_ids: others.clone(),
                ..good.clone()
            },
            CreateGroup {
                members_max: Some(2),
                ..good.clone()
            },
        ] {
            assert_eq!(refusal(test.core.execute(&ann, full).await), ErrorKind::GroupFull);
        }
        let group = test.core.execute(&ann, good).await.unwrap().conversation_id;
        let details = details(&test, &ann, group).await;
        assert_eq!((details.room, details.conversation.members_count), (3, 3));
    }

    async fn details(test: &TestCore, actor: &Actor, conversation_id: ConversationId) -> crate::query::Group {
        test.core
            .query(actor, GroupDetails { conversation_id })
            .await
            .unwrap()
    }
}
