//! Multipart forms read part by part as they come, so that a file is never held in memory. What the parts mean is the
//! dialect's business, how large the whole may be the body limit's.

use std::fmt;
use std::time::Duration;

use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use tokio::time::timeout;

/// Bytes of a form beside the file that it carries: the room to leave in a body limit.
pub const FORM_BYTES: u64 = 64 * 1024;
/// Parts of one form; a form with more is refused.
const PARTS_MAX: usize = 64;
/// How long a client may be silent in the middle of a form.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Bytes of a part that are still read after it was refused. Past it, a client may not see the answer.
const DRAIN_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why a form cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormError {
    /// It is no multipart form, or it is damaged or cut off.
    Broken,
    /// It has more parts than any client needs.
    TooManyParts,
    /// A field that is no file is too long.
    FieldTooLong,
    /// The client fell silent.
    Stalled,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broken => "the body is not a complete multipart form",
            Self::TooManyParts => "the form has too many parts",
            Self::FieldTooLong => "a field of the form is too long",
            Self::Stalled => "the client stopped sending in the middle of the form",
        })
    }
}

impl std::error::Error for FormError {}

/// A multipart form on its way in.
pub struct Form {
    parts: Multipart,
    left: usize,
}

/// One part of a form. Its bytes have to be read before the next part.
pub struct Part<'a>(Field<'a>);

impl Form {
    /// Begins to read the form that a request carries.
    ///
    /// # Errors
    /// `Broken` when the request says that it carries something else.
    pub async fn of(request: Request) -> Result<Self, FormError> {
        let parts = Multipart::from_request(request, &()).await;
        Ok(Self {
            parts: parts.map_err(|_| FormError::Broken)?,
            left: PARTS_MAX,
        })
    }

    /// The next part, if there is one; what is left of the one before is passed over.
    ///
    /// # Errors
    /// Any but `FieldTooLong`.
    pub async fn next(&mut self) -> Result<Option<Part<'_>>, FormError> {
        let next = in_time(self.parts.next_field()).await?;
        let Some(field) = next else { return Ok(None) };
        self.left = self.left.checked_sub(1).ok_or(FormError::TooManyParts)?;
        Ok(Some(Part(field)))
    }
}

impl Part<'_> {
    /// The name of the field.
    pub fn name(&self) -> &str {
        self.0.name().unwrap_or_default()
    }

    /// What the client calls the file, if the part is one.
    pub fn file_name(&self) -> Option<&str> {
        self.0.file_name()
    }

    /// The next bytes, if there are any.
    ///
    /// # Errors
    /// `Broken` and `Stalled`.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FormError> {
        in_time(self.0.chunk()).await
    }

    /// Reads on for a while and throws away what comes: a client that is cut off while it sends does not see why.
    pub async fn drain(&mut self) {
        let mut left = DRAIN_BYTES_MAX;
        while let Ok(Some(bytes)) = self.chunk().await
            && bytes.len() <= left
        {
            left -= bytes.len();
        }
    }

    /// The whole part as text of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// `FieldTooLong`, `Stalled`, and `Broken` also for what is not UTF-8.
    pub async fn text(mut self, bytes_max: usize) -> Result<String, FormError> {
        let mut text = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if text.len() + chunk.len() > bytes_max {
                return Err(FormError::FieldTooLong);
            }
            text.extend_from_slice(&chunk);
        }
        String::from_utf8(text).map_err(|_| FormError::Broken)
    }
}

async fn in_time<T, E>(read: impl Future<Output = Result<T, E>>) -> Result<T, FormError> {
    timeout(SILENCE_MAX, read)
        .await
        .map_err(|_| FormError::Stalled)?
        .map_err(|_| FormError::Broken)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::header;

    use super::*;

    fn request(body: impl Into<Body>) -> Request {
        Request::builder()
            .method("POST")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
            .body(body.into())
            .unwrap()
    }

    fn field(name: &str, value: &str) -> String {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    #[tokio::test]
    async fn parts_come_in_order_and_a_part_may_be_passed_over() {
        let body = field("a", "1") + &field("b", "2") + &field("c", "3") + "--XX--\r\n";
        let mut form = Form::of(request(body)).await.unwrap();
        assert_eq!(form.next().await.unwrap().unwrap().name(), "a");
        let second = form.next().await.unwrap().unwrap();
        assert_eq!((second.name(), second.file_name()), ("b", None));
        assert_eq!(second.text(1).await.unwrap(), "2");
        let third = form.next().await.unwrap().unwrap();
        assert_eq!(third.text(0).await, Err(FormError::FieldTooLong));
        assert!(form.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_no_whole_form_is_broken() {
        let json = Request::builder().body(Body::from("{}")).unwrap();
        assert_eq!(Form::of(json).await.err(), Some(FormError::Broken));
        let mut form = Form::of(request(field("a", "cut off"))).await.unwrap();
        let part = form.next().await.unwrap().unwrap();
        assert_eq!(part.text(100).await, Err(FormError::Broken));
    }

    #[tokio::test]
    async fn parts_are_counted() {
        let body = field("a", "1").repeat(PARTS_MAX + 1) + "--XX--\r\n";
        let mut form = Form::of(request(body)).await.unwrap();
        for _ in 0..PARTS_MAX {
            assert!(form.next().await.unwrap().is_some());
        }
        assert_eq!(form.next().await.err(), Some(FormError::TooManyParts));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_falls_silent_is_given_up() {
        let silent = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let mut form = Form::of(request(Body::from_stream(silent))).await.unwrap();
        assert_eq!(form.next().await.err(), Some(FormError::Stalled));
    }
}
