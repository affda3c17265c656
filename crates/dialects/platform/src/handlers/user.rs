//! People (decisions 3, 4, 12 and 13).

use axum::extract::State;
use parlance_core::account::{AccountUpdate, NewAccount};
use parlance_core::command::{DeleteUser, ProfileChanges};
use parlance_core::query::{AccountPage, Directory, DirectoryEntry};
use parlance_core::types::{AccountRole, AccountStatus, UserId};
use parlance_core::{Error, ErrorKind};

use crate::app::App;
use crate::caller::Caller;
use crate::input::{BodyForm, Call, Input, Takes};
use crate::refusal::Refusal;
use crate::reply::{Answer, ok};
use crate::wire::page::WirePage;
use crate::wire::user::{WirePerson, WireUser};

/// People that one search gives at most, and without being asked for a number.
const FOUND_MAX: i64 = 50;
const FOUND: i64 = 20;
/// People on one page at most, and without being asked for a number.
const PAGE_MAX: i64 = 500;
const PAGE: i64 = 20;
/// Characters of a word to search for.
const WORD_CHARS_MAX: usize = 64;
/// Characters of names.
const NAME_CHARS_MAX: usize = 50;
const UID_CHARS_MAX: usize = 128;
/// Characters of a mobile number.
const MOBILE_CHARS_MAX: usize = 20;
const MOBILE_CHARS_MIN: usize = 3;
/// Characters of a password.
const PASSWORD_CHARS_MIN: usize = 6;
const PASSWORD_CHARS_MAX: usize = 128;
/// Characters of a mail address and of the URL of a picture.
const EMAIL_CHARS_MAX: usize = 100;
const AVATAR_CHARS_MAX: usize = 2_048;

/// Whoever calls.
pub(crate) async fn me(State(app): State<App>, caller: Caller) -> Answer<WireUser> {
    let id = caller.actor.user_id;
    show(&app, &caller, id).await
}

/// A number in the path.
pub(crate) struct UserPath {
    user_id: UserId,
}

impl Takes for UserPath {
    fn read(call: &mut Call) -> Self {
        Self {
            user_id: call.path("user_id").int().required(),
        }
    }
}

/// One person. Disabled people and mail addresses are shown to administrators only.
pub(crate) async fn one(
    State(app): State<App>,
    caller: Caller,
    Input(path): Input<UserPath>,
) -> Answer<WireUser> {
    show(&app, &caller, path.user_id).await
}

async fn show(app: &App, caller: &Caller, id: UserId) -> Answer<WireUser> {
    let user = app.core.query(&caller.actor, DirectoryEntry { id }).await?;
    ok(WireUser::new(user, &app.options.time_zone))
}

/// A search.
pub(crate) struct SearchQuery {
    q: String,
    limit: i64,
}

impl Takes for SearchQuery {
    fn read(call: &mut Call) -> Self {
        Self {
            q: call
                .query("q")
                .about("the beginning of a mobile, or a part of a name or English name")
                .text(1..=WORD_CHARS_MAX)
                .required(),
            limit: call.query("limit").int_in(1..=FOUND_MAX).or(FOUND),
        }
    }
}

/// Active people to write to.
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    Input(query): Input<SearchQuery>,
) -> Answer<Vec<WirePerson>> {
    let directory = Directory {
        keyword: query.q,
        limit: query.limit,
    };
    let found = app.core.query(&caller.actor, directory).await?;
    ok(found.into_iter().map(WirePerson::new).collect())
}

/// A page of the list.
pub(crate) struct PageQuery {
    skip: i64,
    limit: i64,
    keyword: String,
}

impl Takes for PageQuery {
    fn read(call: &mut Call) -> Self {
        Self {
            skip: call.query("skip").int_in(0..=i64::MAX).or(0),
            limit: call.query("limit").int_in(1..=PAGE_MAX).or(PAGE),
            keyword: call
                .query("keyword")
                .about("a part of mobile, user name, name or English name")
                .text(0..=WORD_CHARS_MAX)
                .or(String::new()),
        }
    }
}

/// Everybody, disabled people included.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Input(query): Input<PageQuery>,
) -> Answer<WirePage<WireUser>> {
    let page = AccountPage {
        keyword: query.keyword,
        skip: query.skip,
        limit: query.limit,
    };
    let page = app.core.query(&caller.actor, page).await?;
    let items = page.items.into_iter();
    ok(WirePage {
        total: page.total,
        items: items
            .map(|user| WireUser::new(user, &app.options.time_zone))
            .collect(),
    })
}

/// A new person.
pub(crate) struct CreateBody {
    mobile: String,
    name: String,
    english_name: Option<String>,
    uid: Option<String>,
    password: Option<String>,
    role: AccountRole,
    email: Option<String>,
    avatar: Option<String>,
}

impl Takes for CreateBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        Self {
            mobile: call
                .body("mobile")
                .text(MOBILE_CHARS_MIN..=MOBILE_CHARS_MAX)
                .required(),
            name: call.body("name").text(1..=NAME_CHARS_MAX).required(),
            english_name: call.body("english_name").text(0..=NAME_CHARS_MAX).optional(),
            uid: call
                .body("uid")
                .about("a name to log in with that never changes; the mobile if it is left out")
                .text(0..=UID_CHARS_MAX)
                .optional(),
            password: password(call),
            role: call.body("role").word().or(AccountRole::User),
            email: call.body("email").text(0..=EMAIL_CHARS_MAX).optional(),
            avatar: call.body("avatar").text(0..=AVATAR_CHARS_MAX).optional(),
        }
    }
}

fn password(call: &mut Call) -> Option<String> {
    call.body("password")
        .secret()
        .about("without one the account cannot log in by password")
        .text(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX)
        .optional()
}

/// Makes an account.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CreateBody>,
) -> Answer<WireUser> {
    let account = NewAccount {
        uid: body.uid.unwrap_or_default(),
        password: body.password,
        name: body.name,
        english_name: body.english_name.unwrap_or_default(),
        mobile: Some(body.mobile),
        email: body.email.filter(|email| !email.is_empty()),
        avatar: body.avatar.unwrap_or_default(),
        role: body.role,
        ..NewAccount::default()
    };
    let made = app.core.create_user(&caller.actor, account).await;
    show(&app, &caller, made.map_err(taken)?).await
}

/// What to change; what is left out stays, and null or an empty text takes away what can be missing.
pub(crate) struct UpdateBody {
    user_id: UserId,
    name: Option<String>,
    english_name: Option<Option<String>>,
    mobile: Option<Option<String>>,
    email: Option<Option<String>>,
    avatar: Option<Option<String>>,
    role: Option<AccountRole>,
    status: Option<AccountStatus>,
    password: Option<String>,
}

impl Takes for UpdateBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        Self {
            user_id: call.path("user_id").int().required(),
            name: call.body("name").text(1..=NAME_CHARS_MAX).optional(),
            english_name: call.body("english_name").text(0..=NAME_CHARS_MAX).change(),
            mobile: call.body("mobile").text(0..=MOBILE_CHARS_MAX).change(),
            email: call.body("email").text(0..=EMAIL_CHARS_MAX).change(),
            avatar: call.body("avatar").text(0..=AVATAR_CHARS_MAX).change(),
            role: call.body("role").word().optional(),
            status: call.body("status").word().optional(),
            password: password(call),
        }
    }
}

/// Changes an account, all of what is named or nothing.
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<UpdateBody>,
) -> Answer<WireUser> {
    let or_empty = |change: Option<Option<String>>| change.map(Option::unwrap_or_default);
    let update = AccountUpdate {
        user_id: body.user_id,
        profile: ProfileChanges {
            name: body.name,
            english_name: or_empty(body.english_name),
            mobile: or_empty(body.mobile),
            email: or_empty(body.email),
            avatar: or_empty(body.avatar),
            ..ProfileChanges::default()
        },
        role: body.role,
        status: body.status,
        password: body.password,
    };
    let updated = app.core.update_account(&caller.actor, update).await;
    updated.map_err(taken)?;
    show(&app, &caller, body.user_id).await
}

/// Deletes an account; what the person wrote stays. The answer is the account as it was.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Input(path): Input<UserPath>,
) -> Answer<WireUser> {
    let id = path.user_id;
    let user = app.core.query(&caller.actor, DirectoryEntry { id }).await?;
    app.core
        .execute(&caller.actor, DeleteUser { user_id: id })
        .await?;
    ok(WireUser::new(user, &app.options.time_zone).deleted())
}

/// Says which key of an account is taken.
fn taken(error: Error) -> Refusal {
    let conflict = |detail| Refusal::new(axum::http::StatusCode::CONFLICT, detail);
    match (error.kind, error.detail.as_str()) {
        (ErrorKind::Taken, "mobile") => conflict("This mobile is somebody else's"),
        (ErrorKind::Taken, "uid") => conflict("This user name is somebody else's"),
        _ => error.into(),
    }
}
