//! Logging in with a signature, and making and checking signatures.

use axum::extract::{Request, State};
use parlance_core::account::{SignedLogin, TokenRequest};

use crate::DIALECT;
use crate::app::App;
use crate::caller::{self, Caller, Device};
use crate::input::Input;
use crate::path::Segment;
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::wire::auth::{WireChecked, WireLogin, WireSignature};

/// Who the events of the platform itself go to.
const PLATFORM_UID: &str = "platform";

/// A token for whoever brings a signature of the tenant's own secret (1.3, decision 2).
pub(crate) async fn login(State(app): State<App>, input: Input) -> Answer<WireLogin> {
    let (platform, device) = (input.text("platform")?, input.text("deviceId")?);
    let login = SignedLogin {
        app_key: input.app_key()?,
        uid: input.text("userId")?.filter(|uid| !uid.is_empty()),
        signature: input.required("userSig")?,
        platform: platform.unwrap_or_default().to_uppercase(),
        device: device.unwrap_or_default(),
    };
    let profile = Device {
        platform: &login.platform,
        id: &login.device,
    }
    .written();
    let request = TokenRequest {
        dialect: DIALECT,
        profile: &profile,
    };
    let (issued, tenant) = app.core.login_signed(&login, request).await?;
    reply::data(WireLogin::new(issued, &tenant.app_key))
}

/// A signature for somebody of the administrator's tenant.
pub(crate) async fn sign(
    State(app): State<App>,
    caller: Caller,
    Segment(uid): Segment,
    input: Input,
) -> Answer<WireSignature> {
    let lifetime = input.number("expireSeconds")?;
    let signed = app.core.sign_for(&caller.actor, &uid, lifetime)?;
    reply::data(WireSignature::new(uid, signed))
}

/// What a signature for somebody is worth (decision 17).
pub(crate) async fn verify(
    State(app): State<App>,
    caller: Caller,
    Segment(uid): Segment,
    input: Input,
) -> Answer<WireChecked> {
    let signature = input.required("userSig")?;
    let checked = app.core.check_signature(&caller.actor, &signature)?;
    reply::data(WireChecked::new(uid, checked))
}

/// A token for the account that hears of what concerns the tenant itself: for its administrators, and for the
/// operator's own systems, which name the tenant.
pub(crate) async fn platform_token(State(app): State<App>, request: Request) -> Answer<WireLogin> {
    let tenant = match caller::bearer(request.headers()) {
        Some(token) => {
            let caller = Caller::of(&app, token).await?.administrator()?;
            Input::of_query(request.uri()).check_app(&caller.tenant)?;
            caller.tenant
        }
        None if caller::is_inner(&app, &request) => {
            let key = Input::of_query(request.uri()).app_key()?;
            let tenant = match key {
                Some(key) => app.core.tenant_by_key(&key),
                None => app.core.default_tenant(),
            };
            tenant.ok_or_else(|| Refusal::unauthenticated("no such appKey"))?
        }
        None => return Err(Refusal::unauthenticated("log in first")),
    };
    let request = TokenRequest {
        dialect: DIALECT,
        profile: &Device { platform: "", id: "" }.written(),
    };
    let issued = app.core.vouch(tenant.id, PLATFORM_UID, request).await?;
    reply::data(WireLogin::new(issued, &tenant.app_key))
}
