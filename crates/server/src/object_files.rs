//! The object store for files, as the settings describe it: how it is reached, what it is told of each file, how its
//! links are signed, and whether it works at all. When a file goes there or is erased is the core's business.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer};
use object_store::{
    Attribute, Attributes, BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt, PutPayload,
    RetryConfig,
};
use parlance_core::files::ObjectFiles;
use parlance_core::types::StoredFile;
use parlance_transport::http::{served_as, use_ring};

use crate::config::{Config, FileStore, S3};
use crate::doctor::Finding;
use crate::failure::Failure;

/// How long it may take until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the store may be silent, also while a part of a file is on its way to it.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// How often a request is repeated that the store could not answer.
const RETRIES_MAX: usize = 4;
/// After this time it is not repeated any more.
const RETRY_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the check at the start may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(15);
/// The object with which it is found out whether the store works; gone right after.
const CHECK: &str = "parlance-check";

/// What to do when the store refuses.
const REFUSED: &str = "check files.s3.bucket, files.s3.region, files.s3.access_key and files.s3.secret_key, and that the \
                       key may read, write and delete objects";
/// What to do when there is no answer.
const UNREACHED: &str =
    "check files.s3.endpoint, and that the object store runs and can be reached from here";

/// An object store that speaks the S3 protocol.
#[derive(Debug)]
pub(crate) struct S3Files {
    store: AmazonS3,
    /// The same bucket as clients reach it.
    public: AmazonS3,
}

/// What is wrong with the store.
#[derive(Debug)]
enum Trouble {
    /// It answers, and says no.
    Refused(String),
    /// It does not answer, or not sensibly.
    Unreached(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "the object store refuses to keep files: {why}"),
            Self::Unreached(why) => write!(f, "the object store cannot be reached: {why}"),
        }
    }
}

/// The object store of the settings, if files are to lie in one.
///
/// # Errors
/// When it cannot be set up at all.
pub(crate) fn configured(config: &Config) -> Result<Option<Arc<S3Files>>, Failure> {
    match config.files.store {
        FileStore::Local => Ok(None),
        FileStore::S3 => S3Files::new(&config.files.s3).map(Arc::new).map(Some),
    }
}

/// Tries the store out before the server starts. One that says no is wrongly set up. One that does not answer may be
/// back soon, so it only keeps files from being sent.
///
/// # Errors
/// When the store refuses.
pub(crate) async fn check_at_start(files: &S3Files) -> Result<(), Failure> {
    match files.check().await {
        Ok(()) => Ok(()),
        Err(trouble @ Trouble::Refused(_)) => Err(Failure::new(trouble.to_string(), REFUSED)),
        Err(trouble @ Trouble::Unreached(_)) => {
            tracing::error!("{trouble}; files cannot be sent or fetched until it is back: {UNREACHED}");
            Ok(())
        }
    }
}

/// What `parlance doctor` finds out about the store; nothing when there is none. Writes a small object and erases it.
pub(crate) fn examine(config: &Config) -> Option<Finding> {
    let files = match configured(config) {
        Ok(files) => files?,
        Err(failure) => return Some(failure.into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let checked = match runtime {
        Ok(runtime) => runtime.block_on(files.check()),
        Err(error) => Err(Trouble::Unreached(error.to_string())),
    };
    let bucket = &config.files.s3.bucket;
    Some(match checked {
        Ok(()) => Finding::ok(format!("the object store keeps files in the bucket {bucket}")),
        Err(trouble @ Trouble::Refused(_)) => Finding::fail(trouble.to_string(), REFUSED),
        Err(trouble @ Trouble::Unreached(_)) => Finding::fail(trouble.to_string(), UNREACHED),
    })
}

impl S3Files {
    fn new(settings: &S3) -> Result<Self, Failure> {
        use_ring();
        let public = match settings.public_endpoint.as_str() {
            "" => &settings.endpoint,
            endpoint => endpoint,
        };
        Ok(Self {
            store: connect(settings, &settings.endpoint)?,
            public: connect(settings, public)?,
        })
    }

    /// Writes, reads and erases a small object.
    async fn check(&self) -> Result<(), Trouble> {
        let name = Path::from(CHECK);
        let tried = async {
            let bytes = PutPayload::from_static(CHECK.as_bytes());
            self.store.put(&name, bytes).await?;
            self.store.get(&name).await?.bytes().await?;
            self.store.delete(&name).await
        };
        let tried = tokio::time::timeout(CHECK_TIMEOUT, tried).await;
        let tried = tried.map_err(|_| {
            let seconds = CHECK_TIMEOUT.as_secs();
            Trouble::Unreached(format!("no answer within {seconds} seconds"))
        })?;
        tried.map_err(|error| match error {
            // Its own words would name the object that the check uses and no operator knows.
            Error::NotFound { .. } => Trouble::Refused("there is no such bucket".to_owned()),
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                Trouble::Refused("the key is not known, or not allowed to".to_owned())
            }
            error => Trouble::Unreached(with_causes(&error)),
        })
    }
}

/// What an error says, and what the innermost of its causes does.
fn with_causes(error: &dyn std::error::Error) -> String {
    let innermost = std::iter::successors(error.source(), |cause| cause.source()).last();
    match innermost.map(ToString::to_string) {
        Some(cause) if !error.to_string().contains(&cause) => format!("{error} ({cause})"),
        _ => error.to_string(),
    }
}

/// A client for the bucket at this endpoint.
fn connect(settings: &S3, endpoint: &str) -> Result<AmazonS3, Failure> {
    let client = ClientOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_read_timeout(SILENCE_MAX)
        // A download takes as long as its reader does.
        .with_timeout_disabled()
        // The setting says http:// only when that is what is meant.
        .with_allow_http(endpoint.starts_with("http://"));
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: RETRIES_MAX,
        retry_timeout: RETRY_TIMEOUT,
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&settings.bucket)
        .with_region(&settings.region)
        .with_access_key_id(&settings.access_key)
        .with_secret_access_key(&settings.secret_key.0)
        .with_virtual_hosted_style_request(!settings.path_style)
        // One object is erased at a time, and not every provider knows the call for many.
        .with_disable_bulk_delete(true)
        .with_client_options(client)
        .with_retry(retry);
    if !endpoint.is_empty() {
        builder = builder.with_endpoint(if settings.path_style {
            endpoint.to_owned()
        } else {
            before_host(endpoint, &settings.bucket)
        });
    }
    builder.build().map_err(|error| {
        Failure::new(
            format!("the object store cannot be set up: {error}"),
            "check the settings under files.s3",
        )
    })
}

/// The address with the bucket before the host name.
fn before_host(endpoint: &str, bucket: &str) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) => format!("{scheme}://{bucket}.{host}"),
        None => endpoint.to_owned(),
    }
}

impl ObjectFiles for S3Files {
    fn store(&self) -> &dyn ObjectStore {
        &self.store
    }

    fn label(&self, file: &StoredFile) -> Attributes {
        let (media_type, disposition) = served_as(&file.content_type, &file.name);
        Attributes::from_iter([
            (Attribute::ContentType, media_type.to_owned()),
            (Attribute::ContentDisposition, disposition),
        ])
    }

    fn link(&self, name: &Path, media_type: Option<&str>, lasting: Duration) -> Option<String> {
        let media_type = media_type.map(|media_type| ("response-content-type", media_type));
        let options = SignedUrlOptions::new().with_query(media_type);
        let signed = self.public.signed_url_opts(Method::GET, name, lasting, &options);
        // With a key from the settings there is nothing to wait for.
        let signed = signed.now_or_never()?;
        signed
            .inspect_err(|error| tracing::error!(%error, "a link could not be signed"))
            .ok()
            .map(String::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn settings(endpoint: &str, path_style: bool) -> S3 {
        S3 {
            endpoint: endpoint.into(),
            public_endpoint: String::new(),
            bucket: "files".into(),
            region: "eu-west-1".into(),
            access_key: "public".into(),
            secret_key: Secret("sesame".into()),
            path_style,
        }
    }

    fn link(settings: &S3) -> String {
        let files = S3Files::new(settings).unwrap();
        let lasting = Duration::from_secs(3599);
        files
            .link(&Path::from("kept/a"), Some("image/png"), lasting)
            .unwrap()
    }

    #[test]
    fn a_link_has_the_bucket_where_the_provider_wants_it() {
        for (endpoint, path_style, beginning) in [
            ("", true, "https://s3.eu-west-1.amazonaws.com/files/kept/a?"),
            ("", false, "https://files.s3.eu-west-1.amazonaws.com/kept/a?"),
            (
                "http://127.0.0.1:9000",
                true,
                "http://127.0.0.1:9000/files/kept/a?",
            ),
            (
                "https://oss.example.com",
                false,
                "https://files.oss.example.com/kept/a?",
            ),
        ] {
            let link = link(&settings(endpoint, path_style));
            assert!(link.starts_with(beginning), "{link}");
            assert!(
                link.contains("X-Amz-Expires=3599&") && link.contains("response-content-type=image%2Fpng")
            );
            assert!(!link.contains("sesame"));
        }
        let public = S3 {
            public_endpoint: "https://files.example.com".into(),
            ..settings("http://minio:9000", true)
        };
        assert!(link(&public).starts_with("https://files.example.com/files/kept/a?"));
    }
}
