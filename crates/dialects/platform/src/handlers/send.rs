//! Sending (seed 3.1, decisions 8, 14 and 15): one call for people and for apps, which do different things with it.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use parlance_core::Actor;
use parlance_core::app::AppActor;
use parlance_core::app::jump::web_address;
use parlance_core::command::{Addressee, SendFromApp, SendMessage, SendToAccount, Sent, Target, Voice};
use parlance_core::query::CheckLanding;
use parlance_transport::http::client_addr;

use crate::app::App;
use crate::app_caller::AppCaller;
use crate::caller::{Caller, bearer};
use crate::input::{BodyForm, Call, Document, Input, Takes, Word, named_app};
use crate::refusal::Refusal;
use crate::reply::{Answer, ok};
use crate::wire::jump::WireJump;
use crate::wire::media::named_in;
use crate::wire::message::{ContentType, Kept, MessageType, WireMessage};

/// Characters of a title.
const TITLE_CHARS_MAX: usize = 255;
/// Characters of the address behind a button, and of a page to land on.
const URL_CHARS_MAX: usize = 1_000;
/// Characters on a button.
const ACTION_TEXT_CHARS_MAX: usize = 50;
/// Characters of what an app calls itself or a person.
const NAME_CHARS_MAX: usize = 255;
/// Characters of a caller's own name for a call.
const KEY_CHARS_MAX: usize = 256;

/// A message to be sent.
pub(crate) struct SendBody {
    kind: MessageType,
    title: String,
    content: Document,
    content_type: ContentType,
    receiver_id: Option<i64>,
    app_id: Option<String>,
    app_user_id: Option<String>,
    sender_app_user_id: Option<String>,
    is_broadcast: bool,
    auto_sso: bool,
    target_url: Option<String>,
    action_url: Option<String>,
    action_text: Option<String>,
    key: Option<String>,
}

impl Takes for SendBody {
    const BODY: BodyForm = BodyForm::Json;

    fn read(call: &mut Call) -> Self {
        let mut text = |name, about, chars_max| {
            let given = call.body(name).about(about).text(0..=chars_max).optional();
            given.filter(|text| !text.is_empty())
        };
        Self {
            app_id: text(
                "app_id",
                "what the app calls itself; of an app the same as X-App-Id",
                NAME_CHARS_MAX,
            ),
            app_user_id: text(
                "app_user_id",
                "the receiver's account in that app",
                NAME_CHARS_MAX,
            ),
            sender_app_user_id: text(
                "sender_app_user_id",
                "the sender's account, from apps only",
                NAME_CHARS_MAX,
            ),
            target_url: text("target_url", "the page to land on, with auto_sso", URL_CHARS_MAX),
            action_url: text(
                "action_url",
                "where the button leads without auto_sso",
                URL_CHARS_MAX,
            ),
            action_text: text("action_text", "what stands on the button", ACTION_TEXT_CHARS_MAX),
            kind: call
                .body("type")
                .about("NOTIFICATION from apps only")
                .word()
                .required(),
            title: call.body("title").text(0..=TITLE_CHARS_MAX).required(),
            content: call
                .body("content")
                .about("text, or an object that is kept as text")
                .document()
                .required(),
            content_type: call.body("content_type").word().or(ContentType::Text),
            receiver_id: call
                .body("receiver_id")
                .about("or app_id with app_user_id")
                .int()
                .optional(),
            is_broadcast: call
                .body("is_broadcast")
                .about("to everybody; notifications of apps only")
                .flag()
                .or(false),
            auto_sso: call
                .body("auto_sso")
                .about("makes action_url from app_id and target_url")
                .flag()
                .or(false),
            key: call
                .header("idempotency-key")
                .about("the same call again is answered with the first message")
                .text(0..=KEY_CHARS_MAX)
                .optional()
                .filter(|key| !key.is_empty()),
        }
    }
}

/// Who sends.
enum Sender {
    Person(Caller),
    App(AppActor),
}

/// A call to send. Who calls is looked at before the body, and whether an app speaks for itself before the rest of it.
pub(crate) struct Posting {
    sender: Sender,
    body: SendBody,
}

impl FromRequest<App> for Posting {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let from = client_addr::Caller::noted_in(&parts.extensions);
        let sender = if AppCaller::is_meant(&parts.headers) {
            Sender::App(AppCaller::of(app, &parts.headers, from).await?.app)
        } else {
            let token = bearer(&parts.headers).ok_or_else(Refusal::unauthenticated)?;
            Sender::Person(Caller::of(app, token, from).await?)
        };
        let bytes_max = usize::try_from(app.options.body_bytes_max).unwrap_or(usize::MAX);
        let bytes = to_bytes(body, bytes_max)
            .await
            .map_err(|_| Refusal::too_large())?;
        if let (Sender::App(actor), Some(named)) = (&sender, named_app(&bytes)) {
            speaks_for(actor, &named)?;
        }
        let request = Request::from_parts(parts, Body::from(bytes));
        let Input(body) = Input::from_request(request, app).await?;
        Ok(Self { sender, body })
    }
}

/// Whether an app speaks for itself.
fn speaks_for(app: &AppActor, named: &str) -> Result<(), Refusal> {
    if app.code == named {
        Ok(())
    } else {
        Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "app_id is not the app that has signed",
        ))
    }
}

pub(crate) async fn send(State(app): State<App>, posting: Posting) -> Answer<WireMessage> {
    let sent = match posting.sender {
        Sender::Person(caller) => from_person(&app, &caller.actor, posting.body).await?,
        Sender::App(actor) => from_app(&app, actor, posting.body).await?,
    };
    ok(WireMessage::unread(&app, &sent.view, &sent.place))
}

fn no_receiver() -> Refusal {
    Refusal::rule("receiver_id, or app_id with app_user_id, is required")
}

async fn from_person(app: &App, actor: &Actor, body: SendBody) -> Result<Sent, Refusal> {
    if body.kind == MessageType::Notification || body.is_broadcast {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "Only apps send notifications",
        ));
    }
    let kept = Kept {
        action_url: button(app, actor, &body, body.app_id.as_deref()).await?,
        ..kept(&body)
    };
    let content = text_of(body.content);
    let content_type = body.content_type.spelt();
    let mut message = SendMessage {
        content_type: content_type.to_owned(),
        files: named_in(content_type, &content),
        client_id: body.key,
        extra: Some(kept.extra()?),
        ..SendMessage::text(Target::User(0), content)
    };
    let sent = match (body.receiver_id, body.app_id, body.app_user_id) {
        (Some(receiver_id), _, _) => {
            message.target = Target::User(receiver_id);
            app.core.execute(actor, message).await?
        }
        (None, Some(code), Some(account)) => {
            let named = SendToAccount {
                app: code,
                account,
                message,
            };
            app.core.execute(actor, named).await?
        }
        _ => return Err(no_receiver()),
    };
    Ok(sent)
}

async fn from_app(app: &App, speaker: AppActor, body: SendBody) -> Result<Sent, Refusal> {
    if let Some(named) = &body.app_id {
        speaks_for(&speaker, named)?;
    }
    let to = match (body.is_broadcast, body.receiver_id, &body.app_user_id) {
        (true, None, None) if body.kind == MessageType::Notification => Addressee::Everybody,
        (true, None, None) => return Err(Refusal::rule("Only a NOTIFICATION is sent to everybody")),
        (true, _, _) => return Err(Refusal::rule("A broadcast has no receiver")),
        (false, Some(receiver_id), _) => Addressee::User(receiver_id),
        (false, None, Some(account)) => Addressee::Account(account.clone()),
        (false, None, None) => return Err(no_receiver()),
    };
    let system = Actor::system(speaker.tenant_id);
    let kept = Kept {
        action_url: button(app, &system, &body, Some(&speaker.code)).await?,
        is_message: body.kind == MessageType::Message && body.sender_app_user_id.is_none(),
        ..kept(&body)
    };
    let content = text_of(body.content);
    let content_type = body.content_type.spelt();
    let message = SendFromApp {
        app: speaker,
        voice: match body.kind {
            MessageType::Message => Voice::Person,
            MessageType::Notification => Voice::App,
        },
        to,
        sender: body.sender_app_user_id,
        content_type: content_type.to_owned(),
        files: named_in(content_type, &content),
        content,
        client_id: body.key,
        extra: Some(kept.extra()?),
    };
    Ok(app.core.execute(&system, message).await?)
}

fn text_of(content: Document) -> String {
    match content {
        Document::Text(text) | Document::Object(text) => text,
    }
}

fn kept(body: &SendBody) -> Kept {
    Kept {
        title: body.title.clone(),
        action_text: body.action_text.clone(),
        ..Kept::default()
    }
}

/// Where the button of a message leads: into an app, or where the caller says. `code` is the app that is jumped into.
async fn button(
    app: &App,
    actor: &Actor,
    body: &SendBody,
    code: Option<&str>,
) -> Result<Option<String>, Refusal> {
    if let Some(target) = &body.target_url {
        web_address(target)?;
    }
    let jumps = body.kind == MessageType::Notification || body.content_type == ContentType::UserNotification;
    let (jump, link) = match (&body.target_url, &body.action_url) {
        (Some(target), _) if body.auto_sso && jumps => {
            let jump = WireJump {
                app_id: code
                    .ok_or_else(|| Refusal::rule("auto_sso needs app_id"))?
                    .to_owned(),
                redirect_to: Some(target.clone()),
            };
            let link = jump.link();
            (Some(jump), link)
        }
        (_, Some(link)) => (WireJump::of(link), link.clone()),
        (_, None) => return Ok(None),
    };
    match jump {
        Some(jump) => {
            let check = CheckLanding {
                code: jump.app_id,
                landing: jump.redirect_to,
            };
            app.core.query(actor, check).await?;
        }
        None if is_path(&link) => {}
        None => {
            web_address(&link)?;
        }
    }
    Ok(Some(link))
}

/// Whether this is a path on this server, and nothing that a browser takes for another host.
fn is_path(link: &str) -> bool {
    let plain = !link
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    plain && link.starts_with('/') && !link.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_on_this_server() {
        assert!(is_path("/todo/123?a=b#c"));
        for other in [
            "",
            "todo",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/a b",
        ] {
            assert!(!is_path(other), "{other}");
        }
    }
}
