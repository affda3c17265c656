//! The API document in OpenAPI's form, made from the route table: calls from the inputs of the handlers, answers from
//! what they give. Nothing is said here of any single route.

use axum::body::Bytes;
use parlance_core::{Error, ErrorKind};
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder, SchemaType};
use utoipa::openapi::security::{
    Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, ObjectBuilder, OpenApiBuilder, PathItem,
    PathsBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Responses, ResponsesBuilder, Schema,
    SecurityRequirement, Type,
};

use crate::endpoint::Operation;
use crate::input::{BodyForm, Described, Place};
use crate::routes::{Guard, PREFIX, Route};

/// Names of things that many routes refer to.
const BEARER: &str = "bearer";
const PASSWORD: &str = "password";
const REFUSAL: &str = "HTTPError";
const PROBLEM: &str = "ValidationError";
const PROBLEMS: &str = "HTTPValidationError";

/// The document of these routes as JSON.
pub(super) fn json(routes: Vec<Route>) -> Result<Bytes, Error> {
    let mut paths = PathsBuilder::new();
    let mut components = components();
    for route in routes {
        let operation = (route.operation)();
        for (name, schema) in &operation.schemas {
            components = components.schema(name, schema.clone());
        }
        let item = PathItem::new(method(route.line.method), describe(&route, operation));
        paths = paths.path(route.line.path, item);
    }
    let info = InfoBuilder::new()
        .title("Parlance: dialect platform")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "People, apps and what they write to each other. A path with a slash at its end is the same as without it.",
        ));
    let document = OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components.build()));
    let json = document.build().to_json();
    json.map(Bytes::from)
        .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))
}

fn method(name: &str) -> HttpMethod {
    match name {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn describe(route: &Route, operation: Operation) -> OperationBuilder {
    let area = route.line.path.trim_start_matches(PREFIX).trim_start_matches('/');
    let area = area.split('/').next().unwrap_or_default();
    let summary = Some(route.summary).filter(|summary| !summary.is_empty());
    let mut described = OperationBuilder::new()
        .tag(area)
        .operation_id(Some(operation_id(operation.handler)))
        .summary(summary)
        .responses(responses(route, &operation));
    if route.line.guard != Guard::Public {
        let none: [&str; 0] = [];
        described = described
            .security(SecurityRequirement::new(BEARER, none))
            .security(SecurityRequirement::new(PASSWORD, none));
    }
    let (body, others): (Vec<Described>, Vec<Described>) = operation
        .fields
        .into_iter()
        .partition(|field| field.place == Place::Body);
    for field in others {
        described = described.parameter(parameter(field));
    }
    let kind = match operation.body {
        None | Some(BodyForm::None) => return described,
        Some(BodyForm::Json) => "application/json",
        Some(BodyForm::Form) => "application/x-www-form-urlencoded",
        Some(BodyForm::Upload) => "multipart/form-data",
    };
    described.request_body(Some(request_body(kind, body)))
}

/// `users_search` for `…::handlers::users::search`.
fn operation_id(handler: &str) -> String {
    let short = handler
        .rsplit_once("handlers::")
        .map_or(handler, |(_, short)| short);
    short.replace("::", "_")
}

fn parameter(field: Described) -> ParameterBuilder {
    let place = match field.place {
        Place::Path => ParameterIn::Path,
        Place::Header => ParameterIn::Header,
        Place::Query | Place::Body => ParameterIn::Query,
    };
    let about = Some(field.about).filter(|about| !about.is_empty());
    // A path without its part is another path.
    let required = if field.required || field.place == Place::Path {
        Required::True
    } else {
        Required::False
    };
    ParameterBuilder::new()
        .name(field.name)
        .parameter_in(place)
        .required(required)
        .description(about)
        .schema(Some(with_default(field.schema, field.default)))
}

fn request_body(kind: &str, fields: Vec<Described>) -> RequestBody {
    let mut object = ObjectBuilder::new().schema_type(Type::Object);
    let mut required = Required::False;
    for field in fields {
        if field.required {
            required = Required::True;
            object = object.required(field.name);
        }
        let schema = with_about(with_default(field.schema, field.default), field.about);
        object = object.property(field.name, schema);
    }
    let content = ContentBuilder::new().schema(Some(object)).build();
    RequestBodyBuilder::new()
        .content(kind, content)
        .required(Some(required))
        .build()
}

fn with_default(mut schema: Schema, default: Option<serde_json::Value>) -> Schema {
    match &mut schema {
        Schema::Object(object) => object.default = default,
        Schema::Array(array) => array.default = default,
        Schema::OneOf(either) => either.default = default,
        _ => {}
    }
    schema
}

fn with_about(mut schema: Schema, about: &str) -> Schema {
    let about = Some(about.to_owned()).filter(|about| !about.is_empty());
    match &mut schema {
        Schema::Object(object) => object.description = about,
        Schema::Array(array) => array.description = about,
        Schema::OneOf(either) => either.description = about,
        _ => {}
    }
    schema
}

/// What a route may answer, as far as its table line and its input say.
fn responses(route: &Route, operation: &Operation) -> Responses {
    let good = ResponseBuilder::new().description("It went well");
    let good = match &operation.answer {
        Some(schema) => good.content(
            "application/json",
            ContentBuilder::new().schema(Some(schema.clone())).build(),
        ),
        None => good,
    };
    let mut responses = ResponsesBuilder::new().response(operation.status.unwrap_or("200"), good);
    if route.line.guard != Guard::Public {
        responses = responses.response("401", refusal("No token, or not a valid one", REFUSAL));
    }
    if route.line.guard == Guard::Administrator {
        responses = responses.response("403", refusal("Not a SUPER_ADMIN", REFUSAL));
    }
    if !operation.fields.is_empty() {
        responses = responses.response("422", refusal("Fields are missing or wrong", PROBLEMS));
    }
    responses.response("default", refusal("Refused", REFUSAL)).build()
}

fn refusal(description: &str, schema: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema)));
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content.build())
        .build()
}

/// What many routes refer to: how to prove who one is, and the forms of refusals.
fn components() -> ComponentsBuilder {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let place = OneOfBuilder::new()
        .item(text())
        .item(ObjectBuilder::new().schema_type(Type::Integer));
    let problem = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("type", text())
        .property("loc", ArrayBuilder::new().items(place))
        .property("msg", text())
        .property("input", any())
        .property("ctx", ObjectBuilder::new().schema_type(Type::Object));
    let problem = ["type", "loc", "msg", "input"]
        .into_iter()
        .fold(problem, ObjectBuilder::required);
    let list = ArrayBuilder::new().items(Ref::from_schema_name(PROBLEM));
    let details = OneOfBuilder::new().item(list).item(text());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT");
    let password = Password::new(format!("{PREFIX}/auth/login"), Scopes::new());
    ComponentsBuilder::new()
        .schema(REFUSAL, detail(text()))
        .schema(PROBLEM, problem)
        .schema(PROBLEMS, detail(details))
        .security_scheme(BEARER, SecurityScheme::Http(bearer.build()))
        .security_scheme(
            PASSWORD,
            SecurityScheme::OAuth2(OAuth2::new([Flow::Password(password)])),
        )
}

fn detail(schema: impl Into<RefOr<Schema>>) -> ObjectBuilder {
    let object = ObjectBuilder::new().schema_type(Type::Object);
    object.property("detail", schema).required("detail")
}

fn any() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue)
}
