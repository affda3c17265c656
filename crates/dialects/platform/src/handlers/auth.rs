//! Logging in and out (decision 3).

use std::net::IpAddr;

use axum::extract::State;
use parlance_core::account::{Issued, Login, LoginName, TokenRequest};
use parlance_core::types::DEFAULT_TENANT;
use parlance_core::{Error, ErrorKind};
use parlance_transport::http::client_addr;

use crate::DIALECT;
use crate::app::App;
use crate::caller::Caller;
use crate::input::{BodyForm, Call, Input, Takes};
use crate::refusal::Refusal;
use crate::reply::{Answer, ok};
use crate::wire::auth::{WireDone, WireToken};

/// Characters of a name or password that are looked at; longer ones belong to nobody.
pub(super) const CHARS_MAX: usize = 256;

const REQUEST: TokenRequest<'static> = TokenRequest {
    dialect: DIALECT,
    profile: "",
};

/// The password form of OAuth 2. What else such a form may carry changes nothing here.
pub(crate) struct LoginForm {
    username: String,
    password: String,
}

impl Takes for LoginForm {
    const BODY: BodyForm = BodyForm::Form;

    fn read(call: &mut Call) -> Self {
        Self {
            username: call
                .body("username")
                .about("mobile, user name or English name")
                .text(0..=CHARS_MAX)
                .required(),
            password: call.body("password").secret().text(0..=CHARS_MAX).required(),
        }
    }
}

pub(crate) async fn login_form(
    State(app): State<App>,
    from: client_addr::Caller,
    Input(form): Input<LoginForm>,
) -> Answer<WireToken> {
    let issued = log_in(&app, form.username, form.password, from.address).await?;
    ok(wire(&app, issued))
}

/// The same as JSON, under any of three names.
pub(crate) struct LoginBody {
    mobile: Option<String>,
    username: Option<String>,
    identifier: Option<String>,
    password: String,
}

impl Takes for LoginBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        let mut name = |field| {
            let field = call.body(field).about("one of mobile, username and identifier");
            field.text(0..=CHARS_MAX).optional()
        };
        Self {
            mobile: name("mobile"),
            username: name("username"),
            identifier: name("identifier"),
            password: call.body("password").secret().text(0..=CHARS_MAX).required(),
        }
    }
}

pub(crate) async fn login_json(
    State(app): State<App>,
    from: client_addr::Caller,
    Input(body): Input<LoginBody>,
) -> Answer<WireToken> {
    let names = [body.mobile, body.username, body.identifier];
    let named = names.into_iter().flatten().find(|name| !name.is_empty());
    let name = named.ok_or_else(|| Refusal::rule("One of mobile, username and identifier is required"))?;
    let issued = log_in(&app, name, body.password, from.address).await?;
    ok(wire(&app, issued))
}

/// A token for a name and a password, wherever they were typed.
pub(super) async fn log_in(
    app: &App,
    name: String,
    password: String,
    address: IpAddr,
) -> Result<Issued, Refusal> {
    let login = Login {
        tenant_id: DEFAULT_TENANT,
        name: LoginName::Any(name),
        password,
        address,
    };
    app.core.login(login, REQUEST).await.map_err(wrong_login)
}

/// Nobody learns whether a name exists.
fn wrong_login(error: Error) -> Refusal {
    match error.kind {
        ErrorKind::UserMissing => ErrorKind::PasswordWrong.into(),
        _ => error.into(),
    }
}

/// Ends the token of the call, and with it whatever was opened with it.
pub(crate) async fn logout(State(app): State<App>, caller: Caller) -> Answer<WireDone> {
    app.core.logout(&caller.actor, &caller.claims).await?;
    ok(WireDone::new("Logged out"))
}

/// A fresh token for a valid one, which stays valid.
pub(crate) async fn refresh(State(app): State<App>, caller: Caller) -> Answer<WireToken> {
    let issued = app.core.renew(&caller.actor, REQUEST).await?;
    ok(wire(&app, issued))
}

pub(super) fn wire(app: &App, issued: Issued) -> WireToken {
    WireToken::new(issued, app.core.now())
}
