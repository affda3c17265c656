//! `/notify`: messages as they come, in one of three ways (A9, decisions 3 and 8).

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use parlance_core::command::{AdvancePolling, StartPolling};
use parlance_core::query::{Backlog, PollPosition};
use parlance_core::types::MessageId;
use parlance_core::{Attendance, Ended, Error, Event};
use parlance_transport::http::written::{self, Fate};
use parlance_transport::http::{Draining, event_stream};
use parlance_transport::websocket::Upgrade;

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::history::bound;
use crate::realtime::polls::{Arrival, Turn};
use crate::realtime::socket::Socket;
use crate::realtime::stream::Stream;
use crate::realtime::{Pushed, Why};
use crate::refusal::Refusal;
use crate::reply;

/// The header in which a browser says by itself how far it has come.
const LAST_EVENT_ID: &str = "last-event-id";
/// How a query says it.
const POSITIONS: [&str; 2] = ["last_msg_id", "last_event_id"];

/// Opens one of the three ways. A reader who says how far it has come gets first what it has missed.
pub(crate) async fn open(
    State(app): State<App>,
    caller: Caller,
    draining: Draining,
    request: Request,
) -> Result<Response, Refusal> {
    let query = pairs(request.uri());
    let of = |name: &str| {
        let found = query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let position = POSITIONS
        .iter()
        .find_map(|name| of(name).filter(|id| !id.is_empty()));
    match of("protoc") {
        Some("ws") => {
            let after = bound(position.unwrap_or_default())?;
            Ok(socket(&app, &caller, after, request).await)
        }
        Some("sse") => {
            // A browser that comes back has the address that it began with, and a newer position beside it.
            let header = request.headers().get(LAST_EVENT_ID);
            let header = header.map(|id| id.to_str().unwrap_or("?"));
            let newest = header.filter(|id| !id.is_empty()).or(position);
            let after = bound(newest.unwrap_or_default())?;
            let follower = app.core.attach_from(&caller.actor, after, Attendance::Present);
            Ok(event_stream(
                Stream(follower),
                app.options.notify.comment_every,
                draining,
            ))
        }
        Some("poll") => poll(&app, &caller, bound(position.unwrap_or_default())?, draining).await,
        _ => Err(Refusal::driver()),
    }
}

fn pairs(uri: &Uri) -> Vec<(String, String)> {
    Query::try_from_uri(uri).map_or_else(|_| Vec::new(), |Query(pairs)| pairs)
}

async fn socket(app: &App, caller: &Caller, after: Option<MessageId>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let upgrade = match Upgrade::from_parts(&mut parts) {
        Ok(upgrade) => upgrade,
        Err(error) => return error.into_response(),
    };
    // Before the answer: what is sent once the client has it, reaches the client.
    let follower = app.core.attach_from(&caller.actor, after, Attendance::Present);
    let socket = Socket::new(follower, app.options.notify.ping_every);
    upgrade.accept(None, socket, Arc::clone(&app.options.socket))
}

/// One message, or none in time. A client that says how far it has come is believed, also for later.
async fn poll(
    app: &App,
    caller: &Caller,
    after: Option<MessageId>,
    draining: Draining,
) -> Result<Response, Refusal> {
    let arrival = app.polls.arrive(caller.actor.user_id, caller.platform);
    let nothing = || Ok(StatusCode::NO_CONTENT.into_response());
    tokio::select! {
        biased;
        answer = next(app, caller, after, &arrival, &draining) => answer,
        () = arrival.replaced() => nothing(),
        () = draining.begun() => nothing(),
        () = tokio::time::sleep(app.options.notify.poll_wait) => nothing(),
    }
}

/// Waits for what comes next and answers with it.
async fn next(
    app: &App,
    caller: &Caller,
    after: Option<MessageId>,
    arrival: &Arc<Arrival>,
    draining: &Draining,
) -> Result<Response, Refusal> {
    let turn = arrival.turn().await;
    let after = position(app, caller, after).await?;
    // Subscribed before it is asked what was missed, so that nothing falls between.
    let mut follower = app.core.attach_from(&caller.actor, None, Attendance::Unseen);
    let missed = Backlog { after, limit: 1 };
    if let Some(sent) = app.core.query(&caller.actor, missed).await?.pop() {
        let event = Event::MessageSent(Box::new(sent));
        if let Some(pushed) = Pushed::of(&event) {
            return Ok(answer(app, caller, &pushed, turn, draining));
        }
    }
    loop {
        match follower.next().await {
            Ok(delivery) => match Pushed::of(&delivery.event) {
                Some(pushed) if pushed.why == Why::Changed || pushed.id > after => {
                    return Ok(answer(app, caller, &pushed, turn, draining));
                }
                _ => {}
            },
            Err(Ended::Revoked) => return Err(Refusal::token()),
            Err(_) => return Ok(StatusCode::NO_CONTENT.into_response()),
        }
    }
}

/// Where this client stands. The first time it begins now.
async fn position(app: &App, caller: &Caller, after: Option<MessageId>) -> Result<MessageId, Error> {
    let (core, actor, platform) = (&app.core, &caller.actor, caller.platform);
    if let Some(message_id) = after {
        let advance = AdvancePolling { platform, message_id };
        return core.execute(actor, advance).await;
    }
    match core.query(actor, PollPosition { platform }).await? {
        Some(known) => Ok(known),
        None => core.execute(actor, StartPolling { platform }).await,
    }
}

/// The answer with a message. The client has it when all of it was written; until that is known, nobody else is given
/// one, and the server does not stop.
fn answer(app: &App, caller: &Caller, pushed: &Pushed<'_>, turn: Turn, draining: &Draining) -> Response {
    let mut response = reply::json_line(StatusCode::OK, &pushed.message);
    if pushed.why == Why::Changed {
        return response;
    }
    let watch = written::watch(&mut response);
    let (core, actor, draining) = (app.core.clone(), caller.actor.clone(), draining.clone());
    let given = AdvancePolling {
        platform: caller.platform,
        message_id: pushed.id,
    };
    tokio::spawn(async move {
        if watch.await == Fate::Written
            && let Err(error) = core.execute(&actor, given).await
        {
            tracing::warn!(%error, "a polling client will be given a message again");
        }
        drop((turn, draining));
    });
    response
}
