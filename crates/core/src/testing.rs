//! What the core's own tests stand on: a core on a throw-away database, with a clock that tests move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use object_store::path::Path;
use object_store::{Attribute, Attributes, ObjectStore};
use parlance_store::table::user;

use crate::account::{Issued, Login, LoginName, NewAccount, Registration, TokenRequest};
use crate::app::{AppActor, CreatedApp, NewApp};
use crate::command::{
    Addressee, Command, ContactAnswer, Context, CreateGroup, CreateMapping, HandleContactRequest,
    MappedPerson, NamedFiles, OpenDirect, SendContactRequest, SendFromApp, SendMessage, Sent, Target,
    TenantChanges, Voice,
};
use crate::files::ObjectFiles;
use crate::types::{
    AccountRole, AppId, ConversationId, DEFAULT_TENANT, StoredFile, TenantId, Timestamp, User, UserId,
};
use crate::{
    Actor, BlockRule, Clock, Core, CoreOptions, ErrorKind, Limits, Mandate, PasswordCost, Result,
    SqliteOptions, Tx,
};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.load(Ordering::SeqCst)
    }
}

/// A core of its own, on a directory that goes when it is dropped.
pub(crate) struct TestCore {
    pub(crate) core: Core,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) directory: tempfile::TempDir,
    /// Where kept files lie, unless on the disk.
    pub(crate) objects: Option<Arc<MemoryObjects>>,
}

/// An object store that lasts as long as a test.
#[derive(Debug, Default)]
pub(crate) struct MemoryObjects(object_store::memory::InMemory);

impl ObjectFiles for MemoryObjects {
    fn store(&self) -> &dyn ObjectStore {
        &self.0
    }

    fn label(&self, file: &StoredFile) -> Attributes {
        Attributes::from_iter([(Attribute::ContentType, file.content_type.clone())])
    }

    fn link(&self, name: &Path, media_type: Option<&str>, lasting: Duration) -> Option<String> {
        let media_type = media_type.unwrap_or_default();
        Some(format!("memory://{name}?{media_type}&{}", lasting.as_secs()))
    }
}

impl TestCore {
    pub(crate) async fn start() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        Self::with(limits, None).await
    }

    /// A core that keeps files in an object store.
    pub(crate) async fn with_objects() -> Self {
        Self::with(Limits::default(), Some(Arc::default())).await
    }

    async fn with(limits: Limits, objects: Option<Arc<MemoryObjects>>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // 2026-01-09 10:00:00 in Shanghai.
        let clock = Arc::new(TestClock(AtomicI64::new(1_767_924_000_000_000)));
        let core = open(&directory, &clock, limits, objects.clone()).await;
        Self {
            core,
            clock,
            directory,
            objects,
        }
    }

    /// Closes the core and opens it again on the same data.
    pub(crate) async fn restart(self) -> Self {
        let limits = self.core.limits().clone();
        let core = self.core;
        tokio::task::spawn_blocking(move || core.close()).await.unwrap();
        let core = open(&self.directory, &self.clock, limits, self.objects.clone()).await;
        Self {
            core,
            clock: self.clock,
            directory: self.directory,
            objects: self.objects,
        }
    }

    /// An active account of the default tenant.
    pub(crate) async fn user(&self, uid: &str) -> Actor {
        self.user_of(DEFAULT_TENANT, uid).await
    }

    /// An active account of a tenant.
    pub(crate) async fn user_of(&self, tenant_id: TenantId, uid: &str) -> Actor {
        let system = Actor::system(tenant_id);
        let user_id = self
            .core
            .execute(&system, AddUser { uid: uid.to_owned() })
            .await
            .unwrap();
        Actor {
            user_id,
            tenant_id,
            role: AccountRole::User,
            epoch: 0,
            session: None,
            token_id: Arc::from(""),
            mandate: Mandate::Place,
            block_rule: BlockRule::Mutual,
        }
    }

    /// An account that manages users.
    pub(crate) async fn admin(&self, uid: &str) -> Actor {
        self.ranked(uid, AccountRole::Admin).await
    }

    /// An account that manages everybody.
    pub(crate) async fn super_admin(&self, uid: &str) -> Actor {
        self.ranked(uid, AccountRole::SuperAdmin).await
    }

    async fn ranked(&self, uid: &str, role: AccountRole) -> Actor {
        let system = Actor::system(DEFAULT_TENANT);
        let account = NewAccount {
            uid: uid.to_owned(),
            role,
            ..NewAccount::default()
        };
        Actor {
            user_id: self.core.create_user(&system, account).await.unwrap(),
            role,
            mandate: Mandate::Place,
            block_rule: BlockRule::Mutual,
            ..system
        }
    }

    /// An active app of the default tenant.
    pub(crate) async fn app(&self, code: &str) -> CreatedApp {
        let system = Actor::system(DEFAULT_TENANT);
        self.core.create_app(&system, new_app(code)).await.unwrap()
    }

    /// An active app of the default tenant that has proven itself.
    pub(crate) async fn app_actor(&self, code: &str) -> AppActor {
        AppActor::of(self.app(code).await.listed.app)
    }

    /// Changes the settings of the default tenant.
    pub(crate) async fn set_tenant(&self, changes: TenantChanges) {
        self.core
            .bootstrap("secret1", "ak_test", "as_secret")
            .await
            .unwrap();
        let system = Actor::system(DEFAULT_TENANT);
        self.core
            .update_tenant(&system, "ak_test", changes)
            .await
            .unwrap();
    }

    /// Gives somebody an account in an app; the number of the mapping.
    pub(crate) async fn map(&self, app_id: AppId, person: &Actor, mapped_key: &str) -> i64 {
        let mapping = CreateMapping {
            app_id,
            person: MappedPerson::Id(person.user_id),
            mapped_key: mapped_key.to_owned(),
            mapped_email: String::new(),
            active: true,
        };
        let system = Actor::system(person.tenant_id);
        self.core.execute(&system, mapping).await.unwrap().mapping.id
    }

    /// Registers somebody with the password `secret1`.
    pub(crate) async fn try_register(&self, uid: &str) -> Result<UserId> {
        let registration = Registration {
            tenant_id: DEFAULT_TENANT,
            uid: uid.to_owned(),
            password: "secret1".into(),
            ..Registration::default()
        };
        self.core.register(registration).await
    }

    /// Registers somebody with the password `secret1`.
    pub(crate) async fn register(&self, uid: &str) -> UserId {
        self.try_register(uid).await.unwrap()
    }

    /// A token of the dialect `test`.
    pub(crate) async fn log_in(&self, uid: &str, password: &str) -> Result<Issued> {
        let login = Login {
            tenant_id: DEFAULT_TENANT,
            name: LoginName::Any(uid.to_owned()),
            password: password.to_owned(),
            address: [127, 0, 0, 1].into(),
        };
        let request = TokenRequest {
            dialect: "test",
            profile: "",
        };
        self.core.login(login, request).await
    }

    /// Who a token of the dialect `test` belongs to.
    pub(crate) async fn authenticated(&self, issued: &Issued) -> Actor {
        self.core.authenticate(&issued.token, "test").await.unwrap().0
    }

    /// A contact request.
    pub(crate) async fn ask(&self, from: &Actor, to: &Actor) -> i64 {
        let request = SendContactRequest {
            user_id: to.user_id,
            message: String::new(),
            group_name: String::new(),
        };
        self.core.execute(from, request).await.unwrap()
    }

    /// Makes two people contacts.
    pub(crate) async fn befriend(&self, a: &Actor, b: &Actor) {
        let approve = HandleContactRequest {
            request_id: self.ask(a, b).await,
            answer: ContactAnswer::Approve,
        };
        self.core.execute(b, approve).await.unwrap();
    }

    /// The direct conversation of two people.
    pub(crate) async fn direct(&self, a: &Actor, b: &Actor) -> ConversationId {
        self.core
            .execute(a, OpenDirect { peer_id: b.user_id })
            .await
            .unwrap()
            .conversation_id
    }

    /// A group of `owner` and these people.
    pub(crate) async fn group(&self, owner: &Actor, name: &str, members: &[&Actor]) -> ConversationId {
        let member_ids = members.iter().map(|member| member.user_id).collect();
        self.core
            .execute(owner, CreateGroup::named(name, member_ids))
            .await
            .unwrap()
            .conversation_id
    }

    /// Sends a text.
    pub(crate) async fn say(&self, actor: &Actor, conversation_id: ConversationId, text: &str) -> Sent {
        self.core
            .execute(
                actor,
                SendMessage::text(Target::Conversation(conversation_id), text),
            )
            .await
            .unwrap()
    }
}

async fn open(
    directory: &tempfile::TempDir,
    clock: &Arc<TestClock>,
    limits: Limits,
    objects: Option<Arc<MemoryObjects>>,
) -> Core {
    let options = CoreOptions {
        database: SqliteOptions::new(directory.path().join("parlance.db")),
        files: directory.path().join("files"),
        objects: objects.map(|objects| objects as Arc<dyn ObjectFiles>),
        token_key: vec![7; 32],
        sealing_key: [8; 32],
        password_cost: PasswordCost {
            memory_kib: 8,
            passes: 1,
        },
        limits,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
    };
    Core::open(options).await.unwrap()
}

/// A plain text that an app says.
pub(crate) fn notice(app: &AppActor, to: Addressee, text: &str) -> SendFromApp {
    SendFromApp {
        app: app.clone(),
        voice: Voice::App,
        to,
        sender: None,
        content_type: "TEXT".into(),
        content: text.to_owned(),
        client_id: None,
        extra: None,
        files: NamedFiles::default(),
    }
}

/// An active app whose callback address is `https://CODE.example.com/callback`.
pub(crate) fn new_app(code: &str) -> NewApp {
    NewApp {
        code: code.to_owned(),
        name: format!("{code} app"),
        callback_url: format!("https://{code}.example.com/callback"),
        protocol: "SIMPLE_API".into(),
        active: true,
        ..NewApp::default()
    }
}

/// The kind of a refusal.
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.expect_err("should have been refused").kind
}

struct AddUser {
    uid: String,
}

impl Command for AddUser {
    type Reply = i64;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<i64> {
        let account = User {
            id: 0,
            tenant_id: cx.actor.tenant_id,
            uid: self.uid.clone(),
            mobile: None,
            email: None,
            name: String::new(),
            english_name: String::new(),
            nickname: String::new(),
            avatar: String::new(),
            gender: 0,
            signature: String::new(),
            department: String::new(),
            position: String::new(),
            role: "USER".into(),
            status: "ACTIVE".into(),
            password_hash: None,
            token_epoch: 0,
            last_online_at: None,
            created_at: cx.now,
            updated_at: cx.now,
            extra: None,
        };
        Ok(user::insert(cx.tx, &account).await?)
    }
}
