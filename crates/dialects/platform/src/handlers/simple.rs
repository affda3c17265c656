//! Ways into apps: tickets, and the jumps that carry them (decisions 1, 8, 10 and 16; 3.2).

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parlance_core::app::Jump;
use parlance_core::app::jump::web_address;
use parlance_core::query::{MyApps, WhichApps};
use parlance_core::{Actor, Error, ErrorKind};
use parlance_transport::http::client_addr;

use crate::DIALECT;
use crate::app::App;
use crate::app_caller::SignedBody;
use crate::caller::{Bearer, Caller};
use crate::endpoint::{Operation, Output};
use crate::handlers::auth::{self, CHARS_MAX};
use crate::input::{BodyForm, Call, Input, Takes};
use crate::refusal::Refusal;
use crate::reply::{Answer, ok};
use crate::wire::app::WireMyApp;
use crate::wire::jump::WireJump;
use crate::wire::page::WirePage;
use crate::wire::simple::{WireExchange, WireRedirect, WireSimpleLogin, WireTicket, WireValidation};

/// Characters of a name, ticket or mobile that are looked at; a longer one is nobody's.
const WORD_CHARS_MAX: usize = 256;
/// Characters of a page to land on that are looked at; what is too long is refused with its reason.
const URL_CHARS_MAX: usize = 8_192;

/// A log-in with a password: of a person, or of an app for somebody who has typed it there.
pub(crate) struct LoginBody {
    identifier: String,
    password: String,
    signed: Option<SignedBody>,
}

impl Takes for LoginBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        Self {
            identifier: call
                .body("identifier")
                .about("mobile, user name or English name")
                .text(0..=CHARS_MAX)
                .required(),
            password: call.body("password").secret().text(0..=CHARS_MAX).required(),
            signed: SignedBody::read_if_any(call),
        }
    }
}

/// A ticket for the app that has signed, or without one a token of the platform.
pub(crate) async fn login(
    State(app): State<App>,
    from: client_addr::Caller,
    Input(body): Input<LoginBody>,
) -> Answer<WireSimpleLogin> {
    let asking = match body.signed {
        Some(signed) => Some(signed.prove(&app, from).await?),
        None => None,
    };
    let issued = auth::log_in(&app, body.identifier, body.password, from.address).await?;
    let Some(asking) = asking else {
        return ok(WireSimpleLogin::Token(auth::wire(&app, issued)));
    };
    let (actor, _) = app.core.authenticate(&issued.token, DIALECT).await?;
    let jump = Jump {
        code: asking.code,
        landing: None,
    };
    let address = app.core.jump(&actor, jump).await.map_err(worded)?;
    ok(WireSimpleLogin::Ticket(WireTicket {
        ticket: address.ticket,
    }))
}

/// A ticket that somebody has brought to an app.
pub(crate) struct ValidateBody {
    ticket: String,
    signed: SignedBody,
}

impl Takes for ValidateBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        Self {
            ticket: call.body("ticket").secret().text(0..=WORD_CHARS_MAX).required(),
            signed: SignedBody::read(call),
        }
    }
}

/// Tells an app whom a ticket has brought, and uses it up.
pub(crate) async fn validate(
    State(app): State<App>,
    from: client_addr::Caller,
    Input(body): Input<ValidateBody>,
) -> Answer<WireValidation> {
    let asking = body.signed.prove(&app, from).await?;
    let visitor = app.core.redeem_ticket(&asking, &body.ticket).await?;
    ok(WireValidation::new(visitor))
}

/// Somebody whom one app sends on to another.
pub(crate) struct ExchangeBody {
    target_app_id: String,
    user_mobile: String,
    redirect_to: Option<String>,
    signed: SignedBody,
}

impl Takes for ExchangeBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        Self {
            target_app_id: call.body("target_app_id").text(1..=WORD_CHARS_MAX).required(),
            user_mobile: call
                .body("user_mobile")
                .about("of somebody who has an account in both apps")
                .text(1..=WORD_CHARS_MAX)
                .required(),
            redirect_to: redirect_to(call.body("redirect_to").text(0..=URL_CHARS_MAX).optional()),
            signed: SignedBody::read(call),
        }
    }
}

/// A ticket for the target app.
pub(crate) async fn exchange(
    State(app): State<App>,
    from: client_addr::Caller,
    Input(body): Input<ExchangeBody>,
) -> Answer<WireExchange> {
    let asking = body.signed.prove(&app, from).await?;
    let jump = Jump {
        code: body.target_app_id,
        landing: body.redirect_to,
    };
    let address = app.core.jump_for(&asking, &body.user_mobile, jump).await;
    ok(address.map_err(worded)?.into())
}

/// A person on the way into an app.
pub(crate) struct SsoLoginBody {
    app_id: String,
    username: Option<String>,
    password: Option<String>,
}

impl Takes for SsoLoginBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        Self {
            app_id: call.body("app_id").text(1..=WORD_CHARS_MAX).required(),
            username: call
                .body("username")
                .about("with `password`, in place of a token")
                .text(0..=CHARS_MAX)
                .optional(),
            password: call.body("password").secret().text(0..=CHARS_MAX).optional(),
        }
    }
}

/// Where to go to be in the app.
pub(crate) async fn sso_login(
    State(app): State<App>,
    from: client_addr::Caller,
    Bearer(bearer): Bearer,
    Input(body): Input<SsoLoginBody>,
) -> Answer<WireRedirect> {
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let actor = match (filled(body.username), filled(body.password)) {
        (Some(name), Some(password)) => {
            let issued = auth::log_in(&app, name, password, from.address).await?;
            app.core.authenticate(&issued.token, DIALECT).await?.0
        }
        _ => {
            let token = bearer.ok_or_else(Refusal::unauthenticated)?;
            Caller::of(&app, &token, from).await?.actor
        }
    };
    let jump = Jump {
        code: body.app_id,
        landing: None,
    };
    let address = app.core.jump(&actor, jump).await.map_err(worded)?;
    ok(WireRedirect {
        redirect_url: address.url,
    })
}

/// A jump that a browser follows.
pub(crate) struct JumpQuery {
    jump: WireJump,
    token: Option<String>,
}

impl Takes for JumpQuery {
    fn read(call: &mut Call) -> Self {
        Self {
            jump: WireJump {
                app_id: call.query("app_id").text(1..=WORD_CHARS_MAX).required(),
                redirect_to: redirect_to(call.query("redirect_to").text(0..=URL_CHARS_MAX).optional()),
            },
            token: call
                .query("token")
                .about("in place of the header")
                .secret()
                .text(0..=URL_CHARS_MAX)
                .optional(),
        }
    }
}

/// Sends a browser into the app with a fresh ticket, or to log in first.
pub(crate) async fn jump(
    State(app): State<App>,
    from: client_addr::Caller,
    Bearer(bearer): Bearer,
    Input(query): Input<JumpQuery>,
) -> Result<Found, Refusal> {
    if let Some(page) = &query.jump.redirect_to {
        web_address(page)?;
    }
    let token = bearer.or(query.token).filter(|token| !token.is_empty());
    let Some(actor) = session(&app, token, from).await? else {
        return Found::at(&query.jump.login(&app.options.login_page));
    };
    let jump = Jump {
        code: query.jump.app_id,
        landing: query.jump.redirect_to,
    };
    let address = app.core.jump(&actor, jump).await.map_err(worded)?;
    Found::at(&address.url)
}

/// Who has sent a token; nobody if it is good no more.
async fn session(
    app: &App,
    token: Option<String>,
    from: client_addr::Caller,
) -> Result<Option<Actor>, Refusal> {
    let Some(token) = token else {
        return Ok(None);
    };
    match Caller::of(app, &token, from).await {
        Ok(caller) => Ok(Some(caller.actor)),
        Err(refusal) if refusal.is_unauthenticated() => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Apps in which the caller has an account, in whatever state.
pub(crate) async fn my_mappings(State(app): State<App>, caller: Caller) -> Answer<WirePage<WireMyApp>> {
    mine(&app, &caller, WhichApps::All).await
}

/// Apps that the caller can go to.
pub(crate) async fn launchpad(State(app): State<App>, caller: Caller) -> Answer<WirePage<WireMyApp>> {
    mine(&app, &caller, WhichApps::Open).await
}

async fn mine(app: &App, caller: &Caller, which: WhichApps) -> Answer<WirePage<WireMyApp>> {
    let listed = app.core.query(&caller.actor, MyApps(which)).await?;
    ok(WirePage {
        total: i64::try_from(listed.len()).unwrap_or(i64::MAX),
        items: listed.into_iter().map(WireMyApp::from).collect(),
    })
}

/// An empty page to land on is none.
fn redirect_to(given: Option<String>) -> Option<String> {
    given.filter(|page| !page.is_empty())
}

/// Says what is missing.
fn worded(error: Error) -> Refusal {
    match error.kind {
        ErrorKind::ItemMissing => Refusal::new(StatusCode::NOT_FOUND, "App not found"),
        ErrorKind::Forbidden => Refusal::new(StatusCode::FORBIDDEN, "You have no active account in this app"),
        _ => error.into(),
    }
}

/// 302: a browser goes on to another address, which nobody keeps and of which nobody else hears.
pub(crate) struct Found(HeaderValue);

impl Found {
    fn at(address: &str) -> Result<Self, Refusal> {
        // The address holds a ticket, so the log does not get it.
        let location = HeaderValue::from_str(address);
        location
            .map(Self)
            .map_err(|_| Error::new(ErrorKind::Internal, "a callback address is not ASCII").into())
    }
}

impl IntoResponse for Found {
    fn into_response(self) -> Response {
        const SILENT: [(HeaderName, &str); 2] = [
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        (StatusCode::FOUND, SILENT, [(header::LOCATION, self.0)]).into_response()
    }
}

impl Output for Found {
    fn describe(operation: &mut Operation) {
        operation.status = Some("302");
    }
}
