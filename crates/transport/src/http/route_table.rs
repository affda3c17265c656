//! The table that a dialect's router is built from: one line for each call, with its guard, its place in the contract,
//! the test that covers it and its handler. The coverage ledger is made from the same lines.
//!
//! What a guard asks and how a refusal looks is the dialect's business.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, any, on};

use super::form::FORM_BYTES;
use super::limit::{BodyLimit, body_limit};

/// In place of a method: every one that has no line of its own on that path.
pub const ANY: &str = "*";

/// Who may make a call at all. `S` is the state of the router.
pub trait Guard<S> {
    /// What the ledger calls it.
    fn name(&self) -> &'static str;

    /// Puts the guard before a handler. It is asked before anything of the body is read.
    fn before(&self, handler: MethodRouter<S>, state: &S) -> MethodRouter<S>;
}

/// One line of the table.
pub struct Line<G, S> {
    /// HTTP method, or [`ANY`].
    pub method: &'static str,
    /// Path, as axum reads it.
    pub path: &'static str,
    /// Who may call.
    pub guard: G,
    /// Section of the contract.
    pub section: &'static str,
    /// The test that covers it: `file::function` under `tests/conformance`.
    pub test: &'static str,
    /// How large a body may be.
    pub body: Body,
    /// What answers.
    pub handler: MethodRouter<S>,
}

/// How large the body of a call may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// As large as any call's.
    Call,
    /// As large as a file, with room for the form around it.
    Upload,
}

/// Makes a line: method and path, guard, section of the contract, test, handler.
///
/// A method that axum does not know counts as [`ANY`].
pub fn route<G, S, H, P>(
    call: (&'static str, &'static str),
    guard: G,
    section: &'static str,
    test: &'static str,
    handler: H,
) -> Line<G, S>
where
    S: Clone + Send + Sync + 'static,
    H: Handler<P, S>,
    P: 'static,
{
    let (method, path) = call;
    Line {
        method,
        path,
        guard,
        section,
        test,
        body: Body::Call,
        handler: match filter(method) {
            Some(filter) => on(filter, handler),
            None => any(handler),
        },
    }
}

fn filter(method: &str) -> Option<MethodFilter> {
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    MethodFilter::try_from(method).ok()
}

impl<G, S> Line<G, S> {
    /// The same line for a call that carries a file.
    #[must_use]
    pub fn upload(self) -> Self {
        Self {
            body: Body::Upload,
            ..self
        }
    }
}

/// One line of the coverage ledger.
#[derive(Clone, Copy, Debug)]
pub struct LedgerRow {
    /// HTTP method, [`ANY`], or `frame` for what a socket speaks.
    pub method: &'static str,
    /// Path, or type of the frame.
    pub path: &'static str,
    /// The name of the guard.
    pub guard: &'static str,
    /// Section of the contract.
    pub section: &'static str,
    /// The test that covers it: `file::function` under `tests/conformance`.
    pub test: &'static str,
}

impl LedgerRow {
    /// What the ledger says of a line.
    pub fn of<S, G: Guard<S>>(line: &Line<G, S>) -> Self {
        Self {
            method: line.method,
            path: line.path,
            guard: line.guard.name(),
            section: line.section,
            test: line.test,
        }
    }
}

/// What holds for every line of a table.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Bytes of a body.
    pub body_bytes_max: u64,
    /// Bytes of an uploaded file.
    pub file_bytes_max: u64,
    /// Refuses a body that is larger.
    pub too_large: fn() -> Response,
    /// Refuses a method that a path does not have.
    pub wrong_method: fn() -> Response,
}

impl Rules {
    fn limit(&self, body: Body) -> BodyLimit {
        BodyLimit {
            bytes_max: match body {
                Body::Call => self.body_bytes_max,
                Body::Upload => self.file_bytes_max.saturating_add(FORM_BYTES),
            },
            refuse: self.too_large,
        }
    }
}

/// What answers on each path: the handlers of its lines behind their guards and limits, and the refusal of every other
/// method.
pub fn by_path<G, S>(
    lines: impl IntoIterator<Item = Line<G, S>>,
    rules: Rules,
    state: &S,
) -> BTreeMap<&'static str, MethodRouter<S>>
where
    G: Guard<S>,
    S: Clone + Send + Sync + 'static,
{
    let mut by_path: BTreeMap<&'static str, MethodRouter<S>> = BTreeMap::new();
    let mut any_method = BTreeSet::new();
    for line in lines {
        if line.method == ANY {
            any_method.insert(line.path);
        }
        let limit = from_fn_with_state(rules.limit(line.body), body_limit);
        let handler = line.guard.before(line.handler.layer(limit), state);
        let slot = by_path.entry(line.path).or_default();
        *slot = std::mem::take(slot).merge(handler);
    }
    for (path, methods) in &mut by_path {
        if !any_method.contains(path) {
            let refuse = rules.wrong_method;
            *methods = std::mem::take(methods).fallback(move || std::future::ready(refuse()));
        }
    }
    by_path
}

/// The router of a whole table, for a dialect whose paths are exact.
pub fn router<G, S>(lines: impl IntoIterator<Item = Line<G, S>>, rules: Rules, state: &S) -> Router<S>
where
    G: Guard<S>,
    S: Clone + Send + Sync + 'static,
{
    by_path(lines, rules, state)
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| {
            router.route(path, methods)
        })
}
