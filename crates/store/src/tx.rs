//! A transaction as commands and queries see it: three verbs, plain values, rows by position.
//!
//! The verbs return futures because a networked engine needs them; the embedded engine answers at once. SQL written
//! against this trait numbers its parameters `$1, $2 …` in the order of their first use, which both SQLite and
//! PostgreSQL read alike.

use std::future::Future;

use crate::error::{Error, ErrorKind, Result};

/// One parameter of a statement, borrowed for the call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// SQL `NULL`.
    Null,
    /// A 64-bit number; also booleans (0 or 1) and times (microseconds).
    Int(i64),
    /// UTF-8 text.
    Text(&'a str),
    /// Raw bytes.
    Bytes(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Builds a parameter list: `params![id, name.as_str(), None::<i64>]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] };
}

/// One row of an answer, read by column position from 0.
pub trait RowView {
    /// A number, or `None` for `NULL`.
    fn int(&self, index: usize) -> Result<Option<i64>>;
    /// A text, or `None` for `NULL`.
    fn text(&self, index: usize) -> Result<Option<&str>>;
    /// Bytes, or `None` for `NULL`.
    fn bytes(&self, index: usize) -> Result<Option<&[u8]>>;
}

/// A type that one column can be read as.
pub trait Column: Sized {
    /// Reads column `index`.
    fn read(row: &dyn RowView, index: usize) -> Result<Self>;
}

fn null(index: usize) -> Error {
    Error::new(ErrorKind::Other, format!("column {index} is NULL"))
}

impl Column for i64 {
    fn read(row: &dyn RowView, index: usize) -> Result<Self> {
        row.int(index)?.ok_or_else(|| null(index))
    }
}

impl Column for bool {
    fn read(row: &dyn RowView, index: usize) -> Result<Self> {
        Ok(i64::read(row, index)? != 0)
    }
}

impl Column for String {
    fn read(row: &dyn RowView, index: usize) -> Result<Self> {
        row.text(index)?.map(str::to_owned).ok_or_else(|| null(index))
    }
}

impl Column for Vec<u8> {
    fn read(row: &dyn RowView, index: usize) -> Result<Self> {
        row.bytes(index)?.map(<[u8]>::to_vec).ok_or_else(|| null(index))
    }
}

impl Column for Option<Vec<u8>> {
    fn read(row: &dyn RowView, index: usize) -> Result<Self> {
        Ok(row.bytes(index)?.map(<[u8]>::to_vec))
    }
}

impl Column for Option<i64> {
    fn read(row: &dyn RowView, index: usize) -> Result<Self> {
        row.int(index)
    }
}

impl Column for Option<String> {
    fn read(row: &dyn RowView, index: usize) -> Result<Self> {
        Ok(row.text(index)?.map(str::to_owned))
    }
}

/// A column list with every name qualified by a table's alias.
pub(crate) fn qualified(alias: &str, columns: &str) -> String {
    columns
        .split(", ")
        .map(|column| format!("{alias}.{column}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A type that a whole row can be read as.
pub trait FromRow: Sized + Send {
    /// Reads the columns in the order the statement names them.
    fn from_row(row: &dyn RowView) -> Result<Self>;
}

macro_rules! from_row_tuple {
    ($($name:ident $index:tt),+) => {
        impl<$($name: Column + Send),+> FromRow for ($($name,)+) {
            fn from_row(row: &dyn RowView) -> Result<Self> {
                Ok(($($name::read(row, $index)?,)+))
            }
        }
    };
}

from_row_tuple!(A 0);
from_row_tuple!(A 0, B 1);
from_row_tuple!(A 0, B 1, C 2);
from_row_tuple!(A 0, B 1, C 2, D 3);
from_row_tuple!(A 0, B 1, C 2, D 3, E 4);
from_row_tuple!(A 0, B 1, C 2, D 3, E 4, F 5);

/// Declares a row struct with its column list: `COLUMNS` for statements, [`FromRow`] in the same order.
#[macro_export]
macro_rules! row {
    ($(#[$meta:meta])* pub struct $name:ident { $(#[$field_meta:meta])* pub $first:ident : $first_type:ty, $($(#[$rest_meta:meta])* pub $rest:ident : $rest_type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $name { $(#[$field_meta])* pub $first: $first_type, $($(#[$rest_meta])* pub $rest: $rest_type),* }

        impl $name {
            /// The columns of this row, in order, for a `SELECT`.
            pub const COLUMNS: &'static str = concat!(stringify!($first) $(, ", ", stringify!($rest))*);
            /// How many columns those are.
            pub const WIDTH: usize = [stringify!($first) $(, stringify!($rest))*].len();
        }

        impl $crate::FromRow for $name {
            fn from_row(row: &dyn $crate::RowView) -> $crate::Result<Self> {
                let mut index = 0;
                let $first = $crate::Column::read(row, index)?;
                $(index += 1; let $rest = $crate::Column::read(row, index)?;)*
                let _ = index;
                Ok(Self { $first, $($rest),* })
            }
        }
    };
}

/// The columns of a row from `start` on, for a row that holds several things beside each other.
pub(crate) struct Tail<'a> {
    pub(crate) row: &'a dyn RowView,
    pub(crate) start: usize,
}

impl RowView for Tail<'_> {
    fn int(&self, index: usize) -> Result<Option<i64>> {
        self.row.int(self.start + index)
    }

    fn text(&self, index: usize) -> Result<Option<&str>> {
        self.row.text(self.start + index)
    }

    fn bytes(&self, index: usize) -> Result<Option<&[u8]>> {
        self.row.bytes(self.start + index)
    }
}

/// A transaction that is open. Reads see its own writes; nothing is visible outside before the commit.
pub trait Tx: Send {
    /// The first row of the answer, if any.
    fn one<R: FromRow>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
    ) -> impl Future<Output = Result<Option<R>>> + Send;

    /// All rows of the answer. Statements bound the number themselves (`LIMIT`, or a key).
    fn many<R: FromRow>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<R>>> + Send;

    /// Runs a change and tells how many rows it touched.
    fn exec(&mut self, sql: &str, params: &[Value<'_>]) -> impl Future<Output = Result<u64>> + Send;
}
