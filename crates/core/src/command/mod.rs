//! Every change there is, one file each: the struct that asks for it, `apply`, and its tests.
//!
//! `apply` checks first and writes after: permission, idempotency, numbering, rows and events, all in one
//! transaction. It may be replayed, so it touches nothing but its context.

mod add_chunk;
mod add_contacts;
mod add_file;
mod add_members;
mod admit;
mod begin_upload;
mod block_people;
mod block_user;
mod cancel_upload;
mod change_avatar;
mod change_view;
mod clear_history;
mod contact_request;
mod count_download;
mod create_app;
mod create_app_category;
mod create_group;
mod create_mapping;
mod create_tenant;
mod create_user;
mod delete_announcement;
mod delete_app;
mod delete_files;
mod delete_mapping;
mod delete_messages;
mod delete_user;
mod dissolve_group;
mod edit_announcement;
mod edit_message;
mod ensure_user;
mod favorite;
mod finish_upload;
mod forward_messages;
mod handle_join_requests;
mod hold_upload;
mod import_accounts;
mod issue_ticket;
mod join_group;
mod leave_group;
mod mark_delivered;
mod mark_mentions_read;
mod mark_read;
mod message_change;
mod mute_group;
mod named_files;
mod note_last_online;
mod note_login;
mod note_positions;
mod notify;
mod open_direct;
mod pin_announcement;
mod poll_cursor;
mod post_announcement;
mod react;
mod read_inbox;
mod recall_announcement;
mod recall_message;
mod redeem_ticket;
mod remove_contacts;
mod remove_members;
mod request_to_join;
mod revoke_token;
mod save_settings;
mod send_from_app;
mod send_message;
mod send_to_account;
mod set_app_keys;
mod set_archived;
mod set_attributes;
mod set_password;
mod set_role;
mod set_user_status;
mod silence_member;
mod tidy_notifications;
mod transfer_group;
mod update_account;
mod update_app;
mod update_contact;
mod update_group;
mod update_mapping;
mod update_profile;
mod update_tenant;

use std::future::Future;

use parlance_store::{Log, Tx};

use crate::account::Actor;
use crate::env::Env;
use crate::error::Result;
use crate::event::Event;
use crate::types::Timestamp;

pub(crate) use add_chunk::AddChunk;
pub use add_contacts::{AddContacts, NewContact, SetContactGroup, Ways};
pub(crate) use add_file::AddFile;
pub use add_members::AddMembers;
pub(crate) use begin_upload::BeginUpload;
pub use block_people::{BlockPeople, UnblockPeople};
pub use block_user::{BlockUser, UnblockUser};
pub(crate) use cancel_upload::{CancelUpload, ExpireUploads};
pub(crate) use change_avatar::ChangeAvatar;
pub(crate) use change_view::FOLDERS_MAX;
pub use change_view::{ChangeView, ConversationRef, DeleteConversation, HideConversation, PinMessage};
pub use clear_history::ClearHistory;
pub(crate) use contact_request::CONTACTS_MAX;
pub use contact_request::{ContactAnswer, HandleContactRequest, SendContactRequest};
pub use count_download::CountDownload;
pub(crate) use create_app::CreateApp;
pub(crate) use create_app_category::CATEGORIES_MAX;
pub use create_app_category::CreateAppCategory;
pub use create_group::{CreateGroup, CreatedGroup};
pub use create_mapping::{CreateMapping, MappedPerson};
pub(crate) use create_tenant::{ADMIN_UID, CreateTenant};
pub(crate) use create_user::{Bootstrap, CreateUser, RegisterUser};
pub use delete_announcement::DeleteAnnouncement;
pub use delete_app::DeleteApp;
pub(crate) use delete_files::{DeleteFiles, ForgetErasures};
pub use delete_mapping::DeleteMapping;
pub use delete_messages::DeleteMessages;
pub use delete_user::DeleteUser;
pub use dissolve_group::DissolveGroup;
pub use edit_announcement::EditAnnouncement;
pub use edit_message::EditMessage;
pub(crate) use edit_message::VERSIONS_MAX;
pub use ensure_user::EnsureUser;
pub(crate) use ensure_user::{ENSURED_MAX, EnsureUsers};
pub use favorite::{AddFavorite, RemoveFavorite, UpdateFavorite};
pub(crate) use finish_upload::FinishUpload;
pub use forward_messages::{Forward, ForwardMessages};
pub use handle_join_requests::{HandleJoinRequests, JoinAnswer};
pub use hold_upload::{PauseUpload, ResumeUpload};
pub use import_accounts::{AccountImport, ImportAccounts};
pub(crate) use issue_ticket::{IssueTicket, Traveller};
pub use join_group::JoinGroup;
pub use leave_group::{LeaveGroup, OwnerLeaves};
pub use mark_delivered::MarkDelivered;
pub use mark_mentions_read::MarkMentionsRead;
pub use mark_read::{MarkRead, ReadUpTo};
pub use mute_group::MuteGroup;
pub use named_files::NamedFiles;
pub(crate) use note_last_online::NoteLastOnline;
pub(crate) use note_login::NoteLogin;
pub(crate) use note_positions::{NotePositions, Position, TakeDelivered};
pub use open_direct::{OpenDirect, OpenedDirect};
pub use pin_announcement::PinAnnouncement;
pub use poll_cursor::{AdvancePolling, StartPolling};
pub use post_announcement::PostAnnouncement;
pub use react::{Again, React, Unreact};
pub use read_inbox::{ReadAllFrom, ReadFrom, ReadMessage, ReadReceived};
pub use recall_announcement::RecallAnnouncement;
pub use recall_message::RecallMessage;
pub(crate) use redeem_ticket::RedeemTicket;
pub use remove_contacts::{RemoveContacts, WhichContacts};
pub use remove_members::{RemoveEach, RemoveMembers, Removed};
pub use request_to_join::RequestToJoin;
pub(crate) use revoke_token::RevokeToken;
pub use save_settings::SaveSettings;
pub use send_from_app::{Addressee, SendFromApp, Voice};
pub(crate) use send_message::load_quote;
pub use send_message::{Blank, Mentions, SendMessage, Sent, Target};
pub use send_to_account::SendToAccount;
pub(crate) use set_app_keys::{SetAppAccessToken, SetAppSecret};
pub use set_archived::SetArchived;
pub use set_attributes::{DeleteAttributes, SetAttributes};
pub(crate) use set_password::SetPassword;
pub use set_role::SetRole;
pub use set_user_status::SetUserStatus;
pub use silence_member::{SilenceMember, SilenceMembers};
pub use tidy_notifications::{DeleteNotifications, ReadNotifications};
pub use transfer_group::TransferGroup;
pub(crate) use update_account::UpdateAccount;
pub use update_app::{AppChanges, UpdateApp};
pub use update_contact::{
    DeleteContact, DeleteContactGroup, MoveContacts, RenameContactGroup, UpdateContact,
};
pub use update_group::UpdateGroup;
pub use update_mapping::{MappingChanges, UpdateMapping};
pub use update_profile::{ProfileChanges, UpdateProfile};
pub use update_tenant::TenantChanges;
pub(crate) use update_tenant::UpdateTenant;

/// A change.
pub trait Command: Send + Sync + 'static {
    /// What the caller gets.
    type Reply: Send + 'static;

    /// Checks and writes.
    fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> impl Future<Output = Result<Self::Reply>> + Send;
}

/// What a command sees.
pub struct Context<'a, T> {
    /// The transaction.
    pub tx: &'a mut T,
    /// Who asks.
    pub actor: &'a Actor,
    /// Limits, ids and clock.
    pub env: &'a Env,
    /// When it runs.
    pub now: Timestamp,
    pub(crate) log: &'a mut Log<Event>,
}

impl<T: Tx> Context<'_, T> {
    /// Records what was done: a row of the event log now, live delivery after the commit.
    pub fn record(&mut self, event: Event) {
        self.log.push(event.row(self.now), event);
    }
}
