//! Asking to come into a group, and answering.

use axum::extract::State;
use parlance_core::ErrorKind;
use parlance_core::command::{HandleJoinRequests, JoinAnswer, RequestToJoin};
use parlance_core::query::JoinRequests;

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::group::named;
use crate::input::Input;
use crate::path::{Segment, Segments};
use crate::refusal::Refusal;
use crate::reply::{self, Answer, List};
use crate::wire::group::{self as wire, WireAnswered, WireJoinRequest};

/// Requests that one call answers.
const REQUESTS_MAX: usize = 100;

/// Asks to come in.
pub(crate) async fn ask(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<WireJoinRequest> {
    let ask = RequestToJoin {
        remark: input.text("remark")?.unwrap_or_default(),
        conversation_id: named(&app, &caller, &group_id).await?,
    };
    let request = app.core.execute(&caller.actor, ask).await?;
    reply::data(WireJoinRequest::new(request, &group_id))
}

/// Who has asked.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<List<WireJoinRequest>> {
    let paging = input.paging()?;
    let status = input.text("status")?.filter(|word| !word.is_empty());
    let asked = JoinRequests {
        status: status.as_deref().map(wire::status).transpose()?,
        conversation_id: named(&app, &caller, &group_id).await?,
        skip: paging.offset(),
        limit: paging.limit(),
    };
    let found = app.core.query(&caller.actor, asked).await?;
    let requests = found.items.into_iter();
    let requests = requests.map(|view| WireJoinRequest::new(view, &group_id));
    reply::list(requests.collect(), found.total, paging)
}

/// Lets one asker in.
pub(crate) async fn accept(
    State(app): State<App>,
    caller: Caller,
    Segments(group_id, id): Segments,
) -> Answer<WireJoinRequest> {
    answer_one(&app, &caller, &group_id, &id, JoinAnswer::Accept).await
}

/// Turns one asker down.
pub(crate) async fn reject(
    State(app): State<App>,
    caller: Caller,
    Segments(group_id, id): Segments,
) -> Answer<WireJoinRequest> {
    answer_one(&app, &caller, &group_id, &id, JoinAnswer::Reject).await
}

async fn answer_one(
    app: &App,
    caller: &Caller,
    group_id: &str,
    id: &str,
    answer: JoinAnswer,
) -> Answer<WireJoinRequest> {
    let conversation_id = named(app, caller, group_id).await?;
    let handle = HandleJoinRequests {
        conversation_id,
        // What is no number is the id of no request; 0 never is one.
        request_ids: vec![id.parse().unwrap_or(0)],
        answer,
    };
    let mut outcomes = app.core.execute(&caller.actor, handle).await?;
    let outcome = outcomes.pop().ok_or(ErrorKind::RequestMissing)?.1;
    reply::data(WireJoinRequest::new(outcome?, group_id))
}

/// Lets several askers in, each for itself.
pub(crate) async fn accept_each(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<WireAnswered> {
    answer_each(&app, &caller, &group_id, &input, JoinAnswer::Accept).await
}

/// Turns several askers down, each for itself.
pub(crate) async fn reject_each(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<WireAnswered> {
    answer_each(&app, &caller, &group_id, &input, JoinAnswer::Reject).await
}

async fn answer_each(
    app: &App,
    caller: &Caller,
    group_id: &str,
    input: &Input,
    answer: JoinAnswer,
) -> Answer<WireAnswered> {
    let ids = input.required_texts(&["requestIds", "requestId"], REQUESTS_MAX)?;
    let number = |id: &String| id.parse().map_err(|_| Refusal::invalid("requestIds are numbers"));
    let request_ids = ids.iter().map(number).collect::<Result<_, _>>()?;
    let handle = HandleJoinRequests {
        conversation_id: named(app, caller, group_id).await?,
        request_ids,
        answer,
    };
    let outcomes = app.core.execute(&caller.actor, handle).await?;
    reply::data(WireAnswered::new(outcomes, group_id))
}
