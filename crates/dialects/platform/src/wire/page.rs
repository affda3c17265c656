//! A page of a counted list.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Some of many.
#[derive(Debug, Serialize)]
pub(crate) struct WirePage<T> {
    /// How many there are in all.
    pub(crate) total: i64,
    pub(crate) items: Vec<T>,
}

// By hand: the derived form of a generic type names its items, but does not bring their schema along.
impl<T: ToSchema> PartialSchema for WirePage<T> {
    fn schema() -> RefOr<Schema> {
        let total = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .description(Some("How many there are in all"));
        let items = ArrayBuilder::new().items(Ref::from_schema_name(T::name()));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .property("total", total)
            .required("total")
            .property("items", items)
            .required("items")
            .into()
    }
}

impl<T: ToSchema> ToSchema for WirePage<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into(), T::schema()));
        T::schemas(schemas);
    }
}
