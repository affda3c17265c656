//! Who may do what in a group: every action, tried by every kind of person. Only that; what an action does is tested
//! beside its command.

use crate::command::*;
use crate::query::*;
use crate::testing::TestCore;
use crate::types::{ConversationId, JoinOption, Role};
use crate::{Actor, ErrorKind, Mandate, Result};

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
    RemoveEach,
    SilenceSeveral,
    SetAttributes,
    DeleteAttributes,
    Accept,
    Reject,
    Requests,
    Profile,
    MemberPage,
    Receipt,
}

/// A group of its own for one trial.
struct Scene<'a> {
    test: &'a TestCore,
    group: ConversationId,
    announcement_id: i64,
    message_id: i64,
    request_id: i64,
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
                    until: None,
                };
                self.run(self.owner, mute).await?;
                self.send(actor).await
            }
            Action::Post | Action::Edit | Action::Pin | Action::Recall | Action::Delete => {
                self.try_on_announcement(actor, action).await
            }
            Action::RemoveEach
            | Action::SilenceSeveral
            | Action::SetAttributes
            | Action::DeleteAttributes
            | Action::Accept
            | Action::Reject => self.try_managing(actor, action).await,
            Action::Requests | Action::Profile | Action::MemberPage | Action::Receipt => {
                self.try_looking(actor, action).await
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
                        until: None,
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

    async fn try_managing(&self, actor: &Actor, action: Action) -> Result<()> {
        let conversation_id = self.group;
        let user_ids = vec![self.other_member.user_id];
        match action {
            Action::RemoveEach => {
                let remove = RemoveEach {
                    conversation_id,
                    user_ids,
                };
                self.run(actor, remove).await
            }
            Action::SilenceSeveral => {
                let silence = SilenceMembers {
                    conversation_id,
                    user_ids,
                    until: None,
                };
                self.run(actor, silence).await
            }
            Action::SetAttributes => {
                let set = SetAttributes {
                    conversation_id,
                    attributes: [("color".to_owned(), "red".to_owned())].into(),
                };
                self.run(actor, set).await
            }
            Action::DeleteAttributes => {
                let delete = DeleteAttributes {
                    conversation_id,
                    names: vec!["color".to_owned()],
                };
                self.run(actor, delete).await
            }
            Action::Accept => self.answer(actor, JoinAnswer::Accept).await,
            _ => self.answer(actor, JoinAnswer::Reject).await,
        }
    }

    async fn answer(&self, actor: &Actor, answer: JoinAnswer) -> Result<()> {
        let handle = HandleJoinRequests {
            conversation_id: self.group,
            request_ids: vec![self.request_id],
            answer,
        };
        let mut outcomes = self.test.core.execute(actor, handle).await?;
        outcomes.remove(0).1.map(|_| ())
    }

    async fn try_looking(&self, actor: &Actor, action: Action) -> Result<()> {
        let conversation_id = self.group;
        match action {
            Action::Requests => self.ask(actor, JoinRequests::of(conversation_id)).await,
            Action::Profile => self.ask(actor, GroupProfileOf(conversation_id)).await,
            Action::MemberPage => {
                let page = MemberPage {
                    conversation_id,
                    keyword: String::new(),
                    skip: 0,
                    limit: 10,
                };
                self.ask(actor, page).await
            }
            _ => {
                let receipt = GroupReceiptOf {
                    conversation_id,
                    message_id: self.message_id,
                };
                self.ask(actor, receipt).await
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

/// A group that people may ask to come into.
async fn approval_group(test: &TestCore, owner: &Actor, members: &[&Actor]) -> ConversationId {
    let member_ids = members.iter().map(|member| member.user_id).collect();
    let create = CreateGroup {
        join_option: JoinOption::Approval,
        ..CreateGroup::named("team", member_ids)
    };
    test.core.execute(owner, create).await.unwrap().conversation_id
}

async fn asked(test: &TestCore, who: &Actor, conversation_id: ConversationId) -> i64 {
    let request = RequestToJoin {
        conversation_id,
        remark: String::new(),
    };
    test.core.execute(who, request).await.unwrap().request.id
}

const YES: Option<ErrorKind> = None;
const LOW: Option<ErrorKind> = Some(ErrorKind::RoleTooLow);
const OUT: Option<ErrorKind> = Some(ErrorKind::NotMember);
const GONE: Option<ErrorKind> = Some(ErrorKind::ItemMissing);
const PROTECTED: Option<ErrorKind> = Some(ErrorKind::OwnerProtected);
const MUTED: Option<ErrorKind> = Some(ErrorKind::Muted);
const NO: Option<ErrorKind> = Some(ErrorKind::Forbidden);

/// Action, then the refusal that these get: owner, administrator, member, outsider, and an administrator of the tenant
/// who is not in the group and acts by rank.
const RIGHTS: &[(Action, [Option<ErrorKind>; 5])] = &[
    (Action::Update, [YES, YES, LOW, OUT, YES]),
    (Action::Dissolve, [YES, LOW, LOW, OUT, YES]),
    (Action::Add, [YES, YES, LOW, OUT, YES]),
    (Action::RemoveMember, [YES, YES, LOW, OUT, YES]),
    (Action::RemoveAdmin, [YES, LOW, LOW, OUT, YES]),
    (Action::RemoveOwner, [PROTECTED, PROTECTED, LOW, OUT, PROTECTED]),
    (Action::Leave, [PROTECTED, YES, YES, OUT, OUT]),
    (Action::Promote, [YES, LOW, LOW, OUT, YES]),
    (Action::Demote, [YES, LOW, LOW, OUT, YES]),
    (Action::DemoteOwner, [PROTECTED, LOW, LOW, OUT, PROTECTED]),
    (Action::Transfer, [YES, LOW, LOW, OUT, YES]),
    (Action::SilenceMember, [YES, YES, LOW, OUT, YES]),
    (Action::SilenceAdmin, [YES, LOW, LOW, OUT, YES]),
    (Action::SilenceOwner, [PROTECTED, PROTECTED, LOW, OUT, PROTECTED]),
    (Action::Mute, [YES, YES, LOW, OUT, YES]),
    (Action::Send, [YES, YES, YES, OUT, YES]),
    (Action::SendWhileMuted, [YES, YES, MUTED, OUT, YES]),
    (Action::Read, [YES, YES, YES, OUT, OUT]),
    (Action::Post, [YES, YES, LOW, OUT, OUT]),
    (Action::Edit, [YES, YES, LOW, GONE, GONE]),
    (Action::Pin, [YES, YES, LOW, GONE, GONE]),
    (Action::Recall, [YES, YES, LOW, GONE, GONE]),
    (Action::Delete, [YES, YES, LOW, GONE, GONE]),
    (Action::Details, [YES, YES, YES, OUT, OUT]),
    (Action::Members, [YES, YES, YES, OUT, OUT]),
    (Action::Announcements, [YES, YES, YES, OUT, OUT]),
    (Action::WhySilent, [YES, YES, YES, OUT, OUT]),
    (Action::RemoveEach, [YES, YES, LOW, OUT, YES]),
    (Action::SilenceSeveral, [YES, YES, LOW, OUT, YES]),
    (Action::SetAttributes, [YES, YES, LOW, OUT, YES]),
    (Action::DeleteAttributes, [YES, YES, LOW, OUT, YES]),
    (Action::Accept, [YES, YES, LOW, OUT, YES]),
    (Action::Reject, [YES, YES, LOW, OUT, YES]),
    (Action::Requests, [YES, YES, LOW, OUT, YES]),
    (Action::Profile, [YES, YES, YES, OUT, YES]),
    (Action::MemberPage, [YES, YES, YES, OUT, YES]),
    (Action::Receipt, [NO, NO, NO, NO, YES]),
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
    let outsider = test.user("outsider").await;
    let chief = Actor {
        mandate: Mandate::Rank,
        ..test.admin("chief").await
    };
    for (action, expected) in RIGHTS {
        let guest = test.user(&format!("guest of {action:?}")).await;
        for (actor, expected) in [&owner, &admin, &member, &outsider, &chief]
            .into_iter()
            .zip(expected)
        {
            let people = [&admin, &member, &other_admin, &other_member];
            let group = approval_group(&test, &owner, &people).await;
            let scene = Scene {
                test: &test,
                group,
                announcement_id: test.core.execute(&owner, post(group)).await.unwrap(),
                message_id: test.say(&owner, group, "first").await.view.message.id,
                request_id: asked(&test, &guest, group).await,
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
        message_id: test.say(&owner, group, "first").await.view.message.id,
        request_id: 1,
        owner: &owner,
        other_admin: &member,
        other_member: &member,
        guest: &stranger,
    };
    for (action, [.., outsider, _]) in RIGHTS {
        let expected = match (outsider, action) {
            (&GONE | &NO, _) => *outsider,
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
