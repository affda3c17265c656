//! Under which accounts apps know people (decisions 4 and 13).

use axum::extract::State;
use axum::http::StatusCode;
use parlance_core::command::{CreateMapping, DeleteMapping, MappedPerson, MappingChanges, UpdateMapping};
use parlance_core::query::{AppMappings, MappedPeople, MappingsPage};
use parlance_core::types::{AppId, MappedUser, UserId};
use parlance_core::{Actor, Error, ErrorKind};
use parlance_transport::http::client_addr;
use parlance_transport::http::limit::RateKey;

use crate::app::App;
use crate::caller::{Caller, within_rate};
use crate::handlers::app::worded;
use crate::input::{BodyForm, Call, Input, Takes};
use crate::refusal::Refusal;
use crate::reply::{Answer, ok};
use crate::wire::app::{WireMappedPerson, WireMapping};
use crate::wire::auth::WireDone;
use crate::wire::page::WirePage;

/// Mappings on one page at most, and without being asked for a number.
const PAGE_MAX: i64 = 1_000;
const PAGE: i64 = 100;
/// Characters of an account's name in an app.
const KEY_CHARS_MAX: usize = 255;
/// Characters of a mail address.
const EMAIL_CHARS_MAX: usize = 100;
/// Characters of a mobile number.
const MOBILE_CHARS_MAX: usize = 20;
/// Characters of an access token that are looked at; a longer one is nobody's.
const TOKEN_CHARS_MAX: usize = 256;

fn page(call: &mut Call) -> MappingsPage {
    MappingsPage {
        skip: call.query("skip").int_in(0..=i64::MAX).or(0),
        limit: call.query("limit").int_in(1..=PAGE_MAX).or(PAGE),
    }
}

/// A page of an app's mappings.
pub(crate) struct ListQuery {
    id: AppId,
    page: MappingsPage,
}

impl Takes for ListQuery {
    fn read(call: &mut Call) -> Self {
        Self {
            id: call.path("id").int().required(),
            page: page(call),
        }
    }
}

/// Whom an app knows.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Input(query): Input<ListQuery>,
) -> Answer<WirePage<WireMapping>> {
    let mappings = AppMappings {
        app_id: query.id,
        page: query.page,
    };
    let (total, listed) = app.core.query(&caller.actor, mappings).await.map_err(worded)?;
    ok(WirePage {
        total,
        items: listed.into_iter().map(|mapped| wire(&app, mapped)).collect(),
    })
}

/// A new mapping.
pub(crate) struct CreateBody {
    id: AppId,
    user_id: Option<UserId>,
    user_mobile: Option<String>,
    mapped_key: String,
    mapped_email: Option<String>,
    is_active: bool,
}

impl Takes for CreateBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        Self {
            id: call.path("id").int().required(),
            user_id: call
                .body("user_id")
                .about("this or `user_mobile`")
                .int()
                .optional(),
            user_mobile: call
                .body("user_mobile")
                .about("this or `user_id`")
                .text(0..=MOBILE_CHARS_MAX)
                .optional(),
            mapped_key: call
                .body("mapped_key")
                .about("the person's account in the app")
                .text(1..=KEY_CHARS_MAX)
                .required(),
            mapped_email: call.body("mapped_email").text(0..=EMAIL_CHARS_MAX).optional(),
            is_active: call.body("is_active").flag().or(true),
        }
    }
}

/// Maps a person to an account of an app.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CreateBody>,
) -> Answer<WireMapping> {
    let mobile = body.user_mobile.filter(|mobile| !mobile.is_empty());
    let person = match (body.user_id, mobile) {
        (Some(id), None) => MappedPerson::Id(id),
        (None, Some(mobile)) => MappedPerson::Mobile(mobile),
        _ => return Err(Refusal::rule("Either user_id or user_mobile is required")),
    };
    let create = CreateMapping {
        app_id: body.id,
        person,
        mapped_key: body.mapped_key,
        mapped_email: body.mapped_email.unwrap_or_default(),
        active: body.is_active,
    };
    let mapped = app.core.execute(&caller.actor, create).await.map_err(worded)?;
    ok(wire(&app, mapped))
}

/// What to change; what is left out stays.
pub(crate) struct UpdateBody {
    id: AppId,
    mapping_id: i64,
    mapped_key: Option<String>,
    mapped_email: Option<Option<String>>,
    is_active: Option<bool>,
}

impl Takes for UpdateBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        Self {
            id: call.path("id").int().required(),
            mapping_id: call.path("mapping_id").int().required(),
            mapped_key: call.body("mapped_key").text(1..=KEY_CHARS_MAX).optional(),
            mapped_email: call.body("mapped_email").text(0..=EMAIL_CHARS_MAX).change(),
            is_active: call.body("is_active").flag().optional(),
        }
    }
}

/// Changes a mapping.
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<UpdateBody>,
) -> Answer<WireMapping> {
    let update = UpdateMapping {
        app_id: body.id,
        mapping_id: body.mapping_id,
        changes: MappingChanges {
            mapped_key: body.mapped_key,
            mapped_email: body.mapped_email.map(Option::unwrap_or_default),
            active: body.is_active,
        },
    };
    let mapped = app.core.execute(&caller.actor, update).await;
    ok(wire(&app, mapped.map_err(mapping_missing)?))
}

/// The numbers of an app and of a mapping in it.
pub(crate) struct MappingPath {
    id: AppId,
    mapping_id: i64,
}

impl Takes for MappingPath {
    fn read(call: &mut Call) -> Self {
        Self {
            id: call.path("id").int().required(),
            mapping_id: call.path("mapping_id").int().required(),
        }
    }
}

/// Takes a person's account in an app away.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Input(path): Input<MappingPath>,
) -> Answer<WireDone> {
    let delete = DeleteMapping {
        app_id: path.id,
        mapping_id: path.mapping_id,
    };
    let deleted = app.core.execute(&caller.actor, delete).await;
    deleted.map_err(mapping_missing)?;
    ok(WireDone::new("Mapping deleted"))
}

/// A page of the people whom the asking app knows.
pub(crate) struct PeopleQuery {
    access_token: Option<String>,
    page: MappingsPage,
}

impl Takes for PeopleQuery {
    fn read(call: &mut Call) -> Self {
        Self {
            access_token: call
                .header("x-app-access-token")
                .about("the app's access token")
                .secret()
                .text(0..=TOKEN_CHARS_MAX)
                .optional(),
            page: page(call),
        }
    }
}

/// The active people who have an active account in the asking app.
pub(crate) async fn people(
    State(app): State<App>,
    from: client_addr::Caller,
    Input(query): Input<PeopleQuery>,
) -> Answer<WirePage<WireMappedPerson>> {
    let token = query.access_token.ok_or_else(Refusal::unauthenticated)?;
    let asking = app.core.authenticate_app_token(&token).await;
    let asking = asking.map_err(wrong_token)?;
    within_rate(&app, RateKey::App(asking.app_id.unsigned_abs()), from)?;
    let system = Actor::system(asking.tenant_id);
    let people = MappedPeople {
        app: asking,
        page: query.page,
    };
    let (total, listed) = app.core.query(&system, people).await.map_err(wrong_token)?;
    ok(WirePage {
        total,
        items: listed.into_iter().map(WireMappedPerson::new).collect(),
    })
}

fn wire(app: &App, mapped: MappedUser) -> WireMapping {
    WireMapping::new(mapped, &app.options.time_zone)
}

fn mapping_missing(error: Error) -> Refusal {
    match error.kind {
        ErrorKind::ItemMissing => Refusal::new(StatusCode::NOT_FOUND, "Mapping not found"),
        _ => worded(error),
    }
}

/// A wrong access token is 403 (3.2).
fn wrong_token(error: Error) -> Refusal {
    match error.kind {
        ErrorKind::Unauthenticated => Refusal::new(StatusCode::FORBIDDEN, "Invalid access token"),
        _ => error.into(),
    }
}
