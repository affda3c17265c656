//! Tickets: how one is given, and what an app learns from one.

use parlance_core::app::{JumpAddress, Visitor};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::auth::WireToken;
use crate::wire::user::shown_name;

/// A ticket, for an app that has logged somebody in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(crate) struct WireTicket {
    pub(crate) ticket: String,
}

/// What a log-in gives: to an app a ticket, to a person a token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = SimpleLogin)]
pub(crate) enum WireSimpleLogin {
    Ticket(WireTicket),
    Token(WireToken),
}

/// Whom a ticket has brought.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Visitor)]
pub(crate) struct WireVisitor {
    /// Always true.
    valid: bool,
    user_id: i64,
    mobile: Option<String>,
    name: String,
    english_name: Option<String>,
    mapped_key: String,
    mapped_email: Option<String>,
}

/// A ticket that is worth nothing: unknown, of another app, expired or used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoVisitor)]
pub(crate) struct WireNobody {
    /// Always false.
    valid: bool,
}

/// What a ticket is worth.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = TicketValidation)]
pub(crate) enum WireValidation {
    Visitor(WireVisitor),
    Nobody(WireNobody),
}

impl WireValidation {
    pub(crate) fn new(visitor: Option<Visitor>) -> Self {
        let filled = |text: String| (!text.is_empty()).then_some(text);
        let Some(Visitor { user, mapping }) = visitor else {
            return Self::Nobody(WireNobody { valid: false });
        };
        Self::Visitor(WireVisitor {
            valid: true,
            user_id: user.id,
            name: shown_name(&user),
            mobile: user.mobile,
            english_name: filled(user.english_name),
            mapped_key: mapping.mapped_key,
            mapped_email: filled(mapping.mapped_email),
        })
    }
}

/// A ticket together with the address that carries it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TicketAddress)]
pub(crate) struct WireExchange {
    ticket: String,
    redirect_url: String,
}

impl From<JumpAddress> for WireExchange {
    fn from(address: JumpAddress) -> Self {
        Self {
            ticket: address.ticket,
            redirect_url: address.url,
        }
    }
}

/// Where to go.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Redirect)]
pub(crate) struct WireRedirect {
    pub(crate) redirect_url: String,
}
