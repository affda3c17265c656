//! What the API document learns from a handler's own signature: what its arguments take from a call and what it
//! answers with. A handler whose argument or answer is unknown here does not compile into the route table.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use parlance_transport::http::client_addr;
use utoipa::ToSchema;
use utoipa::openapi::{Ref, RefOr, Schema, Type};

use crate::app::App;
use crate::app_caller::{AppCaller, SignedHeaders};
use crate::caller::{Bearer, Caller};
use crate::handlers::send::{Posting, SendBody};
use crate::input::{BodyForm, Described, Input, Takes, Upload, describe};
use crate::refusal::Refusal;
use crate::reply::Deprecated;

/// What is known of a route's calls and answers.
#[derive(Default)]
pub(crate) struct Operation {
    /// The path of the handler in this crate.
    pub(crate) handler: &'static str,
    pub(crate) fields: Vec<Described>,
    pub(crate) body: Option<BodyForm>,
    /// The schema of a successful answer; none when it is no JSON.
    pub(crate) answer: Option<RefOr<Schema>>,
    /// The status of a success that is not 200.
    pub(crate) status: Option<&'static str>,
    /// The schemas that others refer to by name.
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

impl Operation {
    fn of<F>() -> Self {
        Self {
            handler: std::any::type_name::<F>(),
            ..Self::default()
        }
    }
}

/// An argument of a handler.
pub(crate) trait Argument {
    /// Notes what it takes from the call.
    fn describe(_operation: &mut Operation) {}
}

impl Argument for State<App> {}
impl Argument for Caller {}
impl Argument for Bearer {}
impl Argument for client_addr::Caller {}
impl Argument for Method {}
impl Argument for HeaderMap {}

impl Argument for AppCaller {
    fn describe(operation: &mut Operation) {
        operation.fields.extend(describe::<SignedHeaders>().1);
    }
}

impl Argument for Posting {
    fn describe(operation: &mut Operation) {
        Input::<SendBody>::describe(operation);
    }
}

impl Argument for Upload {
    fn describe(operation: &mut Operation) {
        let (body, field) = Self::describe();
        operation.body = Some(body);
        operation.fields.push(field);
    }
}

impl<T: Takes> Argument for Input<T> {
    fn describe(operation: &mut Operation) {
        let (body, fields) = describe::<T>();
        operation.body = Some(body);
        operation.fields.extend(fields);
    }
}

/// What a handler answers with when all goes well.
pub(crate) trait Output {
    /// Notes its shape.
    fn describe(operation: &mut Operation);
}

impl<T: ToSchema> Output for Json<T> {
    fn describe(operation: &mut Operation) {
        let mut schemas = Vec::new();
        T::schemas(&mut schemas);
        operation.schemas.extend(schemas);
        let schema = T::schema();
        let is_object =
            matches!(&schema, RefOr::T(Schema::Object(object)) if object.schema_type == Type::Object.into());
        operation.answer = Some(if is_object {
            operation.schemas.push((T::name().into(), schema));
            Ref::from_schema_name(T::name()).into()
        } else {
            schema
        });
    }
}

impl<T: ToSchema> Output for Deprecated<T> {
    fn describe(operation: &mut Operation) {
        Json::<T>::describe(operation);
    }
}

/// Bytes, or whatever else is no JSON.
impl Output for Response {
    fn describe(_operation: &mut Operation) {}
}

/// A handler that can be described. `P` is the marker that axum tells the arities of handlers apart by.
pub(crate) trait Endpoint<P> {
    /// Everything that its signature says.
    fn operation() -> Operation;
}

macro_rules! endpoint {
    ($($argument:ident),*) => {
        impl<F, R, O, M, $($argument),*> Endpoint<(M, $($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R,
            R: Future<Output = Result<O, Refusal>>,
            O: Output,
            $($argument: Argument),*
        {
            fn operation() -> Operation {
                let mut operation = Operation::of::<F>();
                $($argument::describe(&mut operation);)*
                O::describe(&mut operation);
                operation
            }
        }
    };
}

impl<F, R, O> Endpoint<((),)> for F
where
    F: Fn() -> R,
    R: Future<Output = Result<O, Refusal>>,
    O: Output,
{
    fn operation() -> Operation {
        let mut operation = Operation::of::<F>();
        O::describe(&mut operation);
        operation
    }
}

endpoint!(A);
endpoint!(A, B);
endpoint!(A, B, C);
endpoint!(A, B, C, D);
endpoint!(A, B, C, D, E);
