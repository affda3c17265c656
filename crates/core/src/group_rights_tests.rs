//! Who may do what in a group: every action, tried by every kind of person. Only that; what an action does is tested
//! beside its command.

use crate::command::*;
use crate::query::*;
use crate::testing::TestCore;
use crate::types::{ConversationId, Role};
use crate::{Actor, ErrorKind, Result};

#[derive(Clone, Copy, Debug)]
enum Action {
    Update,
    Dissolve,
    Add,
    RemoveMember,
    RemoveAdmin,
    RemoveOwner,
    Leave,
    Promote,
    Demote,
    DemoteOwner,
    Transfer,
    SilenceMember,
    SilenceAdmin,
    SilenceOwner,
    Mute,
    Send,
    SendWhileMuted,
    Read,
    Post,
    Edit,
    Pin,
    Recall,
    Delete,
    Details,
    Members,
    Announcements,
    WhySilent,
}

/// A group of its own for one trial.
struct Scene<'a> {
    test: &'a TestCore,
    group: ConversationId,
    announcement_id: i64,
    owner: &'a Actor,
    other_admin: &'a Actor,
    other_member: &'a Actor,
    guest: &'a Actor,
}

impl Scene<'_> {
    async fn run<C: Command>(&self, actor: &Actor, command: C) -> Result<()> {
        self.test.core.execute(actor, command).await.map(|_| ())
    }

    async fn ask<Q: crate::Query>(&self, actor: &Actor, query: Q) -> Result<()> {
        self.test.core.query(actor, query).await.map(|_| ())
    }

    async fn try_as(&self, actor: &Actor, action: Action) -> Result<()> {
        match action {
            Action::Update
            | Action::Dissolve
            | Action::Add
            | Action::Leave
            | Action::Transfer
            | Action::Mute => self.try_on_group(actor, action).await,
            Action::RemoveMember => self.remove(actor, self.other_member).await,
            Action::RemoveAdmin => self.remove(actor, self.other_admin).await,
            Action::RemoveOwner => self.remove(actor, self.owner).await,
            Action::Promote => self.set_role(actor, self.other_member, Role::Admin).await,
            Action::Demote => self.set_role(actor, self.other_admin, Role::Member).await,
            Action::DemoteOwner => self.set_role(actor, self.owner, Role::Member).await,
            Action::SilenceMember => self.silence(actor, self.other_member).await,
            Action::SilenceAdmin => self.silence(actor, self.other_admin).await,
            Action::SilenceOwner => self.silence(actor, self.owner).await,
            Action::Send => self.send(actor).await,
            Action::SendWhileMuted => {
                let mute = MuteGroup {
                    conversation_id: self.group,
                    muted: true,
                };
                self.run(self.owner, mute).await?;
                self.send(actor).await
            }
            Action::Post | Action::Edit | Action::Pin | Action::Recall | Action::Delete => {
                self.try_on_announcement(actor, action).await
            }
            Action::Read | Action::Details | Action::Members | Action::Announcements | Action::WhySilent => {
                self.try_reading(actor, action).await
            }
        }
    }

    async fn try_on_group(&self, actor: &Actor, action: Action) -> Result<()> {
        let conversation_id = self.group;
        match action {
            Action::Update => {
                let name = Some("renamed".to_owned());
                let update = UpdateGroup {
                    conversation_id,
                    name,
                    ..UpdateGroup::default()
                };
                self.run(actor, update).await
            }
            Action::Dissolve => self.run(actor, DissolveGroup { conversation_id }).await,
            Action::Add => {
                let user_ids = vec![self.guest.user_id];
                self.run(
                    actor,
                    AddMembers {
                        conversation_id,
                        user_ids,
                    },
                )
                .await
            }
            Action::Leave => self.run(actor, LeaveGroup::of(conversation_id)).await,
            Action::Transfer => {
                let user_id = self.other_member.user_id;
                self.run(
                    actor,
                    TransferGroup {
                        conversation_id,
                        user_id,
                    },
                )
                .await
            }
            _ => {
                self.run(
                    actor,
                    MuteGroup {
                        conversation_id,
                        muted: true,
                    },
                )
                .await
            }
        }
    }

    async fn try_on_announcement(&self, actor: &Actor, action: Action) -> Result<()> {
        let announcement_id = self.announcement_id;
        match action {
            Action::Post => self.run(actor, post(self.group)).await,
            Action::Edit => {
                let content = "changed".to_owned();
                self.run(
                    actor,
                    EditAnnouncement {
                        announcement_id,
                        content,
                    },
                )
                .await
            }
            Action::Pin => {
                self.run(
                    actor,
                    PinAnnouncement {
                        announcement_id,
                        pinned: true,
                    },
                )
                .await
            }
            Action::Recall => self.run(actor, RecallAnnouncement { announcement_id }).await,
            _ => self.run(actor, DeleteAnnouncement { announcement_id }).await,
        }
    }

    async fn try_reading(&self, actor: &Actor, action: Action) -> Result<()> {
        let conversation_id = self.group;
        match action {
            Action::Read => {
                self.run(
                    actor,
                    MarkRead {
                        conversation_id,
                        up_to: ReadUpTo::Newest,
                    },
                )
                .await
            }
            Action::Details => self.ask(actor, GroupDetails { conversation_id }).await,
            Action::Members => self.ask(actor, GroupMembers::of(conversation_id)).await,
            Action::Announcements => {
                self.ask(
                    actor,
                    Announcements {
                        conversation_id,
                        which: Which::All,
                    },
                )
                .await
            }
            _ => {
                let user_id = self.other_member.user_id;
                self.ask(
                    actor,
                    WhySilent {
                        conversation_id,
                        user_id,
                    },
                )
                .await
            }
        }
    }

    async fn remove(&self, actor: &Actor, who: &Actor) -> Result<()> {
        let remove = RemoveMembers {
            conversation_id: self.group,
            user_ids: vec![who.user_id],
        };
        self.run(actor, remove).await
    }

    async fn set_role(&self, actor: &Actor, who: &Actor, role: Role) -> Result<()> {
        let set = SetRole {
            conversation_id: self.group,
            user_id: who.user_id,
            role,
        };
        self.run(actor, set).await
    }

    async fn silence(&self, actor: &Actor, who: &Actor) -> Result<()> {
        let silence = SilenceMember {
            conversation_id: self.group,
            user_id: who.user_id,
            until: Some(self.test.core.now() + 60_000_000),
        };
        self.run(actor, silence).await
    }

    async fn send(&self, actor: &Actor) -> Result<()> {
        self.run(
            actor,
            SendMessage::text(Target::Conversation(self.group), "hello"),
        )
        .await
    }
}

fn post(conversation_id: ConversationId) -> PostAnnouncement {
    PostAnnouncement {
        conversation_id,
        content: "read this".into(),
        kind: String::new(),
        pinned: false,
    }
}

const YES: Option<ErrorKind> = None;
const LOW: Option<ErrorKind> = Some(ErrorKind::RoleTooLow);
const OUT: Option<ErrorKind> = Some(ErrorKind::NotMember);
const GONE: Option<ErrorKind> = Some(ErrorKind::ItemMissing);
const PROTECTED: Option<ErrorKind> = Some(ErrorKind::OwnerProtected);
const MUTED: Option<ErrorKind> = Some(ErrorKind::Muted);

/// Action, then the refusal that owner, administrator, member and outsider get.
const RIGHTS: &[(Action, [Option<ErrorKind>; 4])] = &[
    (Action::Update, [YES, YES, LOW, OUT]),
    (Action::Dissolve, [YES, LOW, LOW, OUT]),
    (Action::Add, [YES, YES, LOW, OUT]),
    (Action::RemoveMember, [YES, YES, LOW, OUT]),
    (Action::RemoveAdmin, [YES, LOW, LOW, OUT]),
    (Action::RemoveOwner, [PROTECTED, PROTECTED, LOW, OUT]),
    (Action::Leave, [PROTECTED, YES, YES, OUT]),
    (Action::Promote, [YES, LOW, LOW, OUT]),
    (Action::Demote, [YES, LOW, LOW, OUT]),
    (Action::DemoteOwner, [PROTECTED, LOW, LOW, OUT]),
    (Action::Transfer, [YES, LOW, LOW, OUT]),
    (Action::SilenceMember, [YES, YES, LOW, OUT]),
    (Action::SilenceAdmin, [YES, LOW, LOW, OUT]),
    (Action::SilenceOwner, [PROTECTED, PROTECTED, LOW, OUT]),
    (Action::Mute, [YES, YES, LOW, OUT]),
    (Action::Send, [YES, YES, YES, OUT]),
    (Action::SendWhileMuted, [YES, YES, MUTED, OUT]),
    (Action::Read, [YES, YES, YES, OUT]),
    (Action::Post, [YES, YES, LOW, OUT]),
    (Action::Edit, [YES, YES, LOW, GONE]),
    (Action::Pin, [YES, YES, LOW, GONE]),
    (Action::Recall, [YES, YES, LOW, GONE]),
    (Action::Delete, [YES, YES, LOW, GONE]),
    (Action::Details, [YES, YES, YES, OUT]),
    (Action::Members, [YES, YES, YES, OUT]),
    (Action::Announcements, [YES, YES, YES, OUT]),
    (Action::WhySilent, [YES, YES, YES, OUT]),
];

#[tokio::test]
async fn everybody_may_do_what_their_role_allows_and_nothing_else() {
    let test = TestCore::start().await;
    let (owner, admin, member) = (
        test.user("owner").await,
        test.user("admin").await,
        test.user("member").await,
    );
    let (other_admin, other_member) = (test.user("admin2").await, test.user("member2").await);
    let (outsider, guest) = (test.user("outsider").await, test.user("guest").await);
    for (action, expected) in RIGHTS {
        for (actor, expected) in [&owner, &admin, &member, &outsider].into_iter().zip(expected) {
            let people = [&admin, &member, &other_admin, &other_member];
            let group = test.group(&owner, "team", &people).await;
            let announcement_id = test.core.execute(&owner, post(group)).await.unwrap();
            let scene = Scene {
                test: &test,
                group,
                announcement_id,
                owner: &owner,
                other_admin: &other_admin,
                other_member: &other_member,
                guest: &guest,
            };
            for who in [&admin, &other_admin] {
                scene.set_role(&owner, who, Role::Admin).await.unwrap();
            }
            let got = scene.try_as(actor, *action).await.err().map(|error| error.kind);
            assert_eq!(got, *expected, "{action:?} by user {}", actor.user_id);
        }
    }
}

#[tokio::test]
async fn a_group_of_another_tenant_does_not_exist() {
    let test = TestCore::start().await;
    let (owner, member) = (test.user("owner").await, test.user("member").await);
    let stranger = test.user_of(7, "stranger").await;
    let group = test.group(&owner, "team", &[&member]).await;
    let announcement_id = test.core.execute(&owner, post(group)).await.unwrap();
    let scene = Scene {
        test: &test,
        group,
        announcement_id,
        owner: &owner,
        other_admin: &member,
        other_member: &member,
        guest: &stranger,
    };
    for (action, [.., outsider]) in RIGHTS {
        let expected = match (outsider, action) {
            (&GONE, _) => GONE,
            (_, Action::Send | Action::SendWhileMuted | Action::Read) => Some(ErrorKind::ConversationMissing),
            _ => Some(ErrorKind::GroupMissing),
        };
        let got = scene
            .try_as(&stranger, *action)
            .await
            .err()
            .map(|error| error.kind);
        assert_eq!(got, expected, "{action:?}");
    }
    let add = AddMembers {
        conversation_id: group,
        user_ids: vec![stranger.user_id],
    };
    let refused = test.core.execute(&owner, add).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::UserMissing);
    assert_eq!(refused.detail, format!("no active account: {}", stranger.user_id));
}
