//! Apps and their categories (decisions 4, 8 and 13).

use axum::extract::State;
use parlance_core::app::NewApp;
use parlance_core::command::{AppChanges, CreateAppCategory, DeleteApp, UpdateApp};
use parlance_core::query::{AppCategories, Apps, OneApp};
use parlance_core::types::{AppId, ListedApp};
use parlance_core::{Error, ErrorKind};

use crate::app::App;
use crate::caller::Caller;
use crate::input::{BodyForm, Call, Input, Takes, Word};
use crate::refusal::Refusal;
use crate::reply::{Answer, ok};
use crate::wire::app::{Protocol, WireApp, WireCategory, WireNewAccessToken, WireNewApp, WireNewSecret};
use crate::wire::auth::WireDone;
use crate::wire::page::WirePage;

/// Apps on one page at most, and without being asked for a number.
const PAGE_MAX: i64 = 500;
const PAGE: i64 = 100;
/// Characters of a word to search for.
const WORD_CHARS_MAX: usize = 100;
/// Characters of an app's fields.
const CODE_CHARS_MAX: usize = 64;
const NAME_CHARS_MAX: usize = 100;
const URL_CHARS_MAX: usize = 1_000;
const DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Origins of an app.
const ORIGINS_MAX: usize = 50;
/// Characters of a category's name.
const CATEGORY_CHARS_MAX: usize = 50;

/// A page of the list.
pub(crate) struct ListQuery {
    search: String,
    skip: i64,
    limit: i64,
}

impl Takes for ListQuery {
    fn read(call: &mut Call) -> Self {
        Self {
            search: call
                .query("search")
                .about("a part of the name or of what the app calls itself")
                .text(0..=WORD_CHARS_MAX)
                .or(String::new()),
            skip: call.query("skip").int_in(0..=i64::MAX).or(0),
            limit: call.query("limit").int_in(1..=PAGE_MAX).or(PAGE),
        }
    }
}

/// The apps that the caller may see: administrators all, everybody else those that they can go to.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Input(query): Input<ListQuery>,
) -> Answer<WirePage<WireApp>> {
    let apps = Apps {
        keyword: query.search,
        skip: query.skip,
        limit: query.limit,
    };
    let (total, listed) = app.core.query(&caller.actor, apps).await?;
    let items = listed.into_iter().map(|listed| wire(&app, listed));
    ok(WirePage {
        total,
        items: items.collect::<Result<_, _>>()?,
    })
}

/// A new app.
pub(crate) struct CreateBody {
    app_id: String,
    app_name: String,
    callback_url: String,
    protocol_type: Protocol,
    description: Option<String>,
    category_id: Option<i64>,
    is_active: bool,
    allowed_redirects: Option<Vec<String>>,
}

impl Takes for CreateBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        Self {
            app_id: call
                .body("app_id")
                .about("ASCII letters, digits, `_`, `-` and `.`; never changes")
                .text(1..=CODE_CHARS_MAX)
                .required(),
            app_name: call.body("app_name").text(1..=NAME_CHARS_MAX).required(),
            callback_url: call
                .body("callback_url")
                .about("where people come in with a ticket; http or https")
                .text(1..=URL_CHARS_MAX)
                .required(),
            protocol_type: call.body("protocol_type").word().or(Protocol::Simple),
            description: call
                .body("description")
                .text(0..=DESCRIPTION_CHARS_MAX)
                .optional(),
            category_id: call.body("category_id").int().optional(),
            is_active: call.body("is_active").flag().or(true),
            allowed_redirects: call
                .body("allowed_redirects")
                .about("origins that a jump may land on; none: any")
                .texts(ORIGINS_MAX, 1..=URL_CHARS_MAX)
                .optional(),
        }
    }
}

/// Joins an app. Its keys are in this answer only.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CreateBody>,
) -> Answer<WireNewApp> {
    let new = NewApp {
        code: body.app_id,
        name: body.app_name,
        callback_url: body.callback_url,
        protocol: body.protocol_type.spelt().to_owned(),
        description: body.description.unwrap_or_default(),
        category_id: body.category_id,
        active: body.is_active,
        redirect_origins: body.allowed_redirects.unwrap_or_default(),
    };
    let made = app.core.create_app(&caller.actor, new).await.map_err(worded)?;
    ok(WireNewApp::new(wire(&app, made.listed)?, made.keys))
}

/// A number in the path.
pub(crate) struct AppPath {
    id: AppId,
}

impl Takes for AppPath {
    fn read(call: &mut Call) -> Self {
        Self {
            id: call.path("id").int().required(),
        }
    }
}

/// One app.
pub(crate) async fn one(
    State(app): State<App>,
    caller: Caller,
    Input(path): Input<AppPath>,
) -> Answer<WireApp> {
    ok(wire(&app, find(&app, &caller, path.id).await?)?)
}

/// What to change; what is left out stays, and null takes away what can be missing.
pub(crate) struct UpdateBody {
    id: AppId,
    app_id: Option<String>,
    app_name: Option<String>,
    callback_url: Option<String>,
    protocol_type: Option<Protocol>,
    description: Option<Option<String>>,
    category_id: Option<Option<i64>>,
    is_active: Option<bool>,
    allowed_redirects: Option<Option<Vec<String>>>,
}

impl Takes for UpdateBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        Self {
            id: call.path("id").int().required(),
            app_id: call
                .body("app_id")
                .about("as it is: what an app calls itself never changes")
                .text(0..=CODE_CHARS_MAX)
                .optional(),
            app_name: call.body("app_name").text(1..=NAME_CHARS_MAX).optional(),
            callback_url: call.body("callback_url").text(1..=URL_CHARS_MAX).optional(),
            protocol_type: call.body("protocol_type").word().optional(),
            description: call.body("description").text(0..=DESCRIPTION_CHARS_MAX).change(),
            category_id: call.body("category_id").int().change(),
            is_active: call.body("is_active").flag().optional(),
            allowed_redirects: call
                .body("allowed_redirects")
                .texts(ORIGINS_MAX, 1..=URL_CHARS_MAX)
                .change(),
        }
    }
}

/// Changes an app, all of what is named or nothing.
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<UpdateBody>,
) -> Answer<WireApp> {
    if let Some(code) = body.app_id
        && find(&app, &caller, body.id).await?.app.code != code
    {
        return Err(Refusal::rule("The app_id of an app never changes"));
    }
    let update = UpdateApp {
        app_id: body.id,
        changes: AppChanges {
            name: body.app_name,
            callback_url: body.callback_url,
            protocol: body.protocol_type.map(|protocol| protocol.spelt().to_owned()),
            description: body.description.map(Option::unwrap_or_default),
            category_id: body.category_id,
            active: body.is_active,
            redirect_origins: body.allowed_redirects.map(Option::unwrap_or_default),
        },
    };
    let listed = app.core.execute(&caller.actor, update).await.map_err(worded)?;
    ok(wire(&app, listed)?)
}

/// Deletes an app; what it said stays.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Input(path): Input<AppPath>,
) -> Answer<WireDone> {
    let delete = DeleteApp { app_id: path.id };
    app.core.execute(&caller.actor, delete).await.map_err(worded)?;
    ok(WireDone::new("App deleted"))
}

/// Gives an app a new secret, which replaces the one so far at once.
pub(crate) async fn rotate_secret(
    State(app): State<App>,
    caller: Caller,
    Input(path): Input<AppPath>,
) -> Answer<WireNewSecret> {
    let id = path.id;
    let app_id = find(&app, &caller, id).await?.app.code;
    let rotated = app.core.rotate_app_secret(&caller.actor, id).await;
    ok(WireNewSecret {
        id,
        app_id,
        app_secret: rotated.map_err(worded)?,
    })
}

/// Gives an app a new access token, which replaces the one so far at once.
pub(crate) async fn rotate_access_token(
    State(app): State<App>,
    caller: Caller,
    Input(path): Input<AppPath>,
) -> Answer<WireNewAccessToken> {
    let id = path.id;
    let app_id = find(&app, &caller, id).await?.app.code;
    let rotated = app.core.rotate_app_access_token(&caller.actor, id).await;
    ok(WireNewAccessToken {
        id,
        app_id,
        access_token: rotated.map_err(worded)?,
    })
}

/// The categories.
pub(crate) async fn categories(State(app): State<App>, caller: Caller) -> Answer<Vec<WireCategory>> {
    let listed = app.core.query(&caller.actor, AppCategories).await?;
    ok(listed.into_iter().map(WireCategory::from).collect())
}

/// A new category.
pub(crate) struct CategoryBody {
    name: String,
}

impl Takes for CategoryBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        Self {
            name: call.body("name").text(1..=CATEGORY_CHARS_MAX).required(),
        }
    }
}

/// Adds a category.
pub(crate) async fn create_category(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CategoryBody>,
) -> Answer<WireCategory> {
    let name = body.name;
    let create = CreateAppCategory { name: name.clone() };
    let id = app.core.execute(&caller.actor, create).await.map_err(worded)?;
    ok(WireCategory { id, name })
}

async fn find(app: &App, caller: &Caller, app_id: AppId) -> Result<ListedApp, Refusal> {
    let found = app.core.query(&caller.actor, OneApp { app_id }).await;
    found.map_err(worded)
}

fn wire(app: &App, listed: ListedApp) -> Result<WireApp, Refusal> {
    WireApp::new(listed, &app.options.time_zone)
}

/// Says what is missing or taken.
pub(super) fn worded(error: Error) -> Refusal {
    let conflict = |detail| Refusal::new(axum::http::StatusCode::CONFLICT, detail);
    match (error.kind, error.detail.as_str()) {
        (ErrorKind::ItemMissing, _) => Refusal::new(axum::http::StatusCode::NOT_FOUND, "App not found"),
        (ErrorKind::Taken, "code") => conflict("Another app has this app_id"),
        (ErrorKind::Taken, "name") => conflict("Another category has this name"),
        (ErrorKind::Taken, "mapped_key") => conflict("This mapped_key is somebody else's"),
        (ErrorKind::Taken, "user") => conflict("This user has a mapping in this app already"),
        _ => error.into(),
    }
}
