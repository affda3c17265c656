//! Registering, logging in and out, and proving a token (B3). Both prefixes do the same; the one that a client logs in
//! at decides which generation it is spoken to as.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use parlance_core::account::{Issued, Login, LoginName, Registration, TokenRequest};
use parlance_core::types::DEFAULT_TENANT;
use parlance_core::{Error, ErrorKind};
use parlance_transport::http::client_addr;
use serde::Deserialize;
use serde_json::json;

use crate::DIALECT;
use crate::app::App;
use crate::caller::{Caller, Profile, token};
use crate::input::{Input, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done, now_ms, said};
use crate::wire::user::{WireLogin, WireUserInfo};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LoginInput {
    #[serde(deserialize_with = "text")]
    username: Option<String>,
    #[serde(deserialize_with = "text")]
    password: Option<String>,
}

pub(crate) async fn login_doc(
    app: State<App>,
    from: client_addr::Caller,
    input: Input<LoginInput>,
) -> Answer<WireLogin> {
    login(app, from, input, Profile::Doc).await
}

pub(crate) async fn login_c(
    app: State<App>,
    from: client_addr::Caller,
    input: Input<LoginInput>,
) -> Answer<WireLogin> {
    login(app, from, input, Profile::C).await
}

async fn login(
    State(app): State<App>,
    from: client_addr::Caller,
    Input(input): Input<LoginInput>,
    profile: Profile,
) -> Answer<WireLogin> {
    let (Some(uid), Some(password)) = (input.username, input.password) else {
        return Err(Refusal::bad("用户名和密码不能为空"));
    };
    let login = Login {
        tenant_id: DEFAULT_TENANT,
        name: LoginName::Uid(uid),
        password,
        address: from.address,
    };
    let issued = app.core.login(login, request(profile)).await?;
    said("登录成功", WireLogin::new(&issued))
}

/// What kind of token a client of this generation gets.
fn request(profile: Profile) -> TokenRequest<'static> {
    TokenRequest {
        dialect: DIALECT,
        profile: profile.name(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RegisterInput {
    #[serde(deserialize_with = "text")]
    username: Option<String>,
    #[serde(deserialize_with = "text")]
    password: Option<String>,
    #[serde(deserialize_with = "text")]
    nickname: Option<String>,
    #[serde(deserialize_with = "text")]
    email: Option<String>,
    #[serde(deserialize_with = "text")]
    mobile: Option<String>,
    #[serde(deserialize_with = "text")]
    phone: Option<String>,
}

pub(crate) async fn register(State(app): State<App>, Input(input): Input<RegisterInput>) -> Answer<i64> {
    let (Some(uid), Some(password)) = (input.username, input.password) else {
        return Err(Refusal::bad("用户名和密码不能为空"));
    };
    let filled = |value: Option<String>| value.filter(|value| !value.is_empty());
    let mobile = filled(input.mobile).or(filled(input.phone));
    if mobile.as_deref().is_some_and(|mobile| !is_chinese_mobile(mobile)) {
        return Err(Refusal::bad("手机号格式不正确"));
    }
    let registration = Registration {
        tenant_id: DEFAULT_TENANT,
        uid,
        password,
        nickname: input.nickname.unwrap_or_default(),
        mobile,
        email: filled(input.email),
    };
    let id = app.core.register(registration).await.map_err(taken)?;
    said("注册成功", id)
}

/// `1`, then 3 to 9, then nine digits.
fn is_chinese_mobile(mobile: &str) -> bool {
    let bytes = mobile.as_bytes();
    bytes.len() == 11
        && bytes[0] == b'1'
        && (b'3'..=b'9').contains(&bytes[1])
        && bytes.iter().all(u8::is_ascii_digit)
}

/// Says which key of an account is taken.
pub(crate) fn taken(error: Error) -> Refusal {
    match (error.kind, error.detail.as_str()) {
        (ErrorKind::Taken, "uid") => Refusal::bad("用户名已存在"),
        (ErrorKind::Taken, "mobile") => Refusal::bad("手机号已被使用"),
        _ => error.into(),
    }
}

pub(crate) async fn get_info(State(app): State<App>, caller: Caller) -> Answer<WireLogin> {
    let issued = app.core.renew(&caller.actor, request(caller.profile)).await?;
    data(WireLogin::new(&issued))
}

pub(crate) async fn logout(State(app): State<App>, caller: Caller) -> Answer<()> {
    app.core.logout(&caller.actor, &caller.claims).await?;
    done("退出成功")
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RefreshInput {
    #[serde(deserialize_with = "text")]
    refresh_token: Option<String>,
}

/// A fresh token for a valid one. Some clients read it at the top of the body and some under `data`: both are there.
pub(crate) async fn refresh(
    State(app): State<App>,
    headers: HeaderMap,
    uri: Uri,
    Input(input): Input<RefreshInput>,
) -> Result<Response, Refusal> {
    let offered = token(&headers, uri.query()).or(input.refresh_token);
    let caller = Caller::of(&app, &offered.ok_or_else(Refusal::unauthenticated)?).await?;
    let issued = app.core.renew(&caller.actor, request(caller.profile)).await?;
    let expires_in = expires_in_ms(&app, &issued);
    let body = json!({
        "code": 200,
        "msg": "success",
        "data": {
            "token": issued.token,
            "expiresIn": expires_in,
            "userInfo": WireUserInfo::new(&issued.user),
        },
        "timestamp": now_ms(),
        "success": true,
        "token": issued.token,
        "expiresIn": expires_in,
    });
    Ok(Json(body).into_response())
}

fn expires_in_ms(app: &App, issued: &Issued) -> i64 {
    (issued.expires_at - app.core.now()) / 1000
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TokenInput {
    #[serde(deserialize_with = "text")]
    token: Option<String>,
}

/// Whether a token is valid: the one asked about, else the one of the call itself.
pub(crate) async fn validate_token(
    State(app): State<App>,
    headers: HeaderMap,
    Input(input): Input<TokenInput>,
) -> Answer<bool> {
    let Some(token) = input.token.or_else(|| token(&headers, None)) else {
        return data(false);
    };
    match Caller::of(&app, &token).await {
        Ok(_) => data(true),
        Err(error) if error.kind == ErrorKind::Unauthenticated => data(false),
        Err(error) => Err(error.into()),
    }
}

/// A token that the newest client wants before each change. Calls are proven by their bearer token, which no other site
/// can make a browser send, so what comes back in `X-CSRF-Token` is not looked at.
pub(crate) async fn csrf_token() -> Answer {
    data(json!({ "csrfToken": format!("{:032x}", rand::random::<u128>()) }))
}
