//! How an app proves who it is: by signing with its secret, or by its access token.

use hmac::{Hmac, KeyInit, Mac};
use parlance_store::table::app;
use parlance_store::{Read, Tx};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::app::{AppActor, kept_hash, secret_owner};
use crate::core::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::hex::hexadecimal;
use crate::types::{App, TenantId};

/// Signed with in place of the secret of an app that is not there, so that the time tells nothing.
const DECOY: &str = "decoy";

/// A signed call of an app.
#[derive(Clone)]
pub struct AppSignature {
    /// Where the app is joined.
    pub tenant_id: TenantId,
    /// What it calls itself.
    pub code: String,
    /// When it says that it signed, in seconds since 1970.
    pub timestamp: i64,
    /// The text that it signed: code and timestamp are in it, in whatever form the dialect has for them.
    pub signed: String,
    /// HMAC-SHA256 of that text with the secret, lower-case hexadecimal.
    pub sign: String,
}

impl Core {
    /// Which app has signed a call. The same signature is good as often as it comes within the window: what must not
    /// happen twice needs an idempotency key.
    ///
    /// # Errors
    /// `Unauthenticated`, alike for an app that is unknown, deleted or not active, for a wrong signature, and for one
    /// made too long ago or too far ahead.
    pub async fn authenticate_app(&self, signature: AppSignature) -> Result<AppActor> {
        let now_seconds = self.now() / 1_000_000;
        let window = self.limits().signature_window_seconds.unsigned_abs();
        let in_time = now_seconds.abs_diff(signature.timestamp) <= window;
        let found = self
            .store()
            .read(SignedWith {
                tenant_id: signature.tenant_id,
                code: signature.code,
            })
            .await?;
        let opened = found.and_then(|(app, sealed)| Some((self.open_secret(&app, &sealed)?, app)));
        let secret = opened.as_ref().map_or(DECOY, |(secret, _)| secret);
        let fits = fits(secret, &signature.signed, &signature.sign)?;
        match opened {
            Some((_, app)) if fits && in_time => Ok(AppActor::of(app)),
            Some(_) if fits => Err(refused("signed too long ago or too far ahead")),
            _ => Err(refused("no such app or a wrong signature")),
        }
    }

    /// Which app an access token belongs to.
    ///
    /// # Errors
    /// `Unauthenticated`.
    pub async fn authenticate_app_token(&self, access_token: &str) -> Result<AppActor> {
        let found = self.store().read(WithToken(kept_hash(access_token))).await?;
        found
            .map(AppActor::of)
            .ok_or_else(|| refused("no such access token"))
    }

    fn open_secret(&self, app: &App, sealed: &[u8]) -> Option<String> {
        let opened = self
            .sealer()
            .open(sealed, &secret_owner(app.tenant_id, &app.code));
        if opened.is_none() {
            tracing::error!(
                app_id = app.id,
                "the secret of an app cannot be opened, so its calls are refused; put the sealing_key back that it \
                 was made with, or give the app a new secret"
            );
        }
        opened
    }
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::Unauthenticated, why)
}

/// Whether `sign` is what `secret` makes of `text`, in constant time.
fn fits(secret: &str, text: &str, sign: &str) -> Result<bool> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map_err(|error| Error::new(ErrorKind::Internal, format!("signature: {error}")))?;
    mac.update(text.as_bytes());
    let expected = hexadecimal(&mac.finalize().into_bytes());
    Ok(expected.as_bytes().ct_eq(sign.as_bytes()).into())
}

/// An active app with its sealed secret.
struct SignedWith {
    tenant_id: TenantId,
    code: String,
}

impl Read for SignedWith {
    type Answer = Option<(App, Vec<u8>)>;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer> {
        let found = app::by_code(tx, self.tenant_id, &self.code).await?;
        let Some(app) = found.filter(|app| app.active) else {
            return Ok(None);
        };
        let sealed = app::secret(tx, app.id).await?;
        Ok(sealed.map(|sealed| (app, sealed)))
    }
}

/// The active app with this hash of an access token.
struct WithToken(String);

impl Read for WithToken {
    type Answer = Option<App>;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<App>> {
        let found = app::by_access_token(tx, &self.0).await?;
        Ok(found.filter(|app| app.active))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::CreatedApp;
    use crate::command::{AppChanges, DeleteApp, UpdateApp};
    use crate::query::OneApp;
    use crate::testing::{TestCore, refusal};
    use crate::types::DEFAULT_TENANT;

    /// Made with another tool.
    #[test]
    fn the_signature_is_the_published_one() {
        let text = "app_id=your_app_id_string&timestamp=1708848000";
        let sign = "b8d9e261e5e2aee5074344e96b43bf64f7f4c123919b1e8d2a41763814829ca9";
        assert!(fits("your_app_secret", text, sign).unwrap());
        assert!(!fits("your_app_secret", text, &sign.to_uppercase()).unwrap());
        assert!(!fits("your_app_secret", text, &sign[..63]).unwrap());
        assert!(!fits("your_app_secret", text, "").unwrap());
        assert!(!fits("another", text, sign).unwrap());
    }

    fn signed(t: &TestCore, code: &str, secret: &str, ahead_seconds: i64) -> AppSignature {
        let timestamp = t.core.now() / 1_000_000 + ahead_seconds;
        let signed = format!("app_id={code}&timestamp={timestamp}");
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        AppSignature {
            tenant_id: DEFAULT_TENANT,
            code: code.into(),
            timestamp,
            sign: hexadecimal(&mac.finalize().into_bytes()),
            signed,
        }
    }

    #[tokio::test]
    async fn an_app_is_known_by_its_signature() {
        let t = TestCore::start().await;
        let CreatedApp { listed, keys } = t.app("oa").await;
        let app = t.core.authenticate_app(signed(&t, "oa", &keys.secret, 0)).await;
        let app = app.unwrap();
        assert_eq!(
            (app.app_id, app.code.as_str(), app.tenant_id),
            (listed.app.id, "oa", DEFAULT_TENANT)
        );
        let t = t.restart().await;
        let again = t.core.authenticate_app(signed(&t, "oa", &keys.secret, 0)).await;
        assert_eq!(again.unwrap(), app);
    }

    #[tokio::test]
    async fn a_signature_is_good_within_its_window_only() {
        let t = TestCore::start().await;
        let keys = t.app("oa").await.keys;
        for ahead in [-300, -1, 0, 300] {
            let in_time = signed(&t, "oa", &keys.secret, ahead);
            assert!(t.core.authenticate_app(in_time).await.is_ok(), "{ahead}");
        }
        for ahead in [-301, 301, -1_000_000_000] {
            let late = signed(&t, "oa", &keys.secret, ahead);
            assert_eq!(
                refusal(t.core.authenticate_app(late).await),
                ErrorKind::Unauthenticated,
                "{ahead}"
            );
        }
        for timestamp in [i64::MIN, i64::MAX, 0] {
            let odd = AppSignature {
                timestamp,
                ..signed(&t, "oa", &keys.secret, 0)
            };
            assert_eq!(
                refusal(t.core.authenticate_app(odd).await),
                ErrorKind::Unauthenticated
            );
        }
    }

    #[tokio::test]
    async fn unknown_inactive_and_deleted_apps_are_refused_alike() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let CreatedApp { listed, keys } = t.app("oa").await;
        let id = listed.app.id;
        let other = t.app("crm").await.keys;
        let unknown = [
            signed(&t, "nobody", &keys.secret, 0),
            signed(&t, "nobody", DECOY, 0),
            signed(&t, "oa", &other.secret, 0),
            signed(&t, "crm", &keys.secret, 0),
            signed(&t, "", "", 0),
            AppSignature {
                tenant_id: 2,
                ..signed(&t, "oa", &keys.secret, 0)
            },
        ];
        let mut details = Vec::new();
        for signature in unknown {
            let refused = t.core.authenticate_app(signature).await.unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Unauthenticated);
            details.push(refused.detail);
        }
        let active = |active| UpdateApp {
            app_id: id,
            changes: AppChanges {
                active: Some(active),
                ..AppChanges::default()
            },
        };
        t.core.execute(&boss, active(false)).await.unwrap();
        let call = || signed(&t, "oa", &keys.secret, 0);
        details.push(t.core.authenticate_app(call()).await.unwrap_err().detail);
        assert!(t.core.authenticate_app_token(&keys.access_token).await.is_err());
        t.core.execute(&boss, active(true)).await.unwrap();
        assert!(t.core.authenticate_app(call()).await.is_ok());
        assert!(t.core.authenticate_app_token(&keys.access_token).await.is_ok());
        t.core.execute(&boss, DeleteApp { app_id: id }).await.unwrap();
        details.push(t.core.authenticate_app(call()).await.unwrap_err().detail);
        assert!(t.core.authenticate_app_token(&keys.access_token).await.is_err());
        details.dedup();
        assert_eq!(details.len(), 1, "{details:?}");
    }

    #[tokio::test]
    async fn new_keys_replace_the_old_ones_one_by_one() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let CreatedApp { listed, keys } = t.app("oa").await;
        let id = listed.app.id;
        let secret = t.core.rotate_app_secret(&boss, id).await.unwrap();
        assert_ne!(secret, keys.secret);
        let sign = |secret: &str| signed(&t, "oa", secret, 0);
        assert!(t.core.authenticate_app(sign(&keys.secret)).await.is_err());
        assert!(t.core.authenticate_app(sign(&secret)).await.is_ok());
        assert!(t.core.authenticate_app_token(&keys.access_token).await.is_ok());
        let token = t.core.rotate_app_access_token(&boss, id).await.unwrap();
        assert!(t.core.authenticate_app_token(&keys.access_token).await.is_err());
        let app = t.core.authenticate_app_token(&token).await.unwrap();
        assert_eq!(app.app_id, id);
        for odd in ["", " ", "x", &token[..63], &secret] {
            assert_eq!(
                refusal(t.core.authenticate_app_token(odd).await),
                ErrorKind::Unauthenticated
            );
        }
        let (ann, admin) = (t.user("ann").await, t.admin("admin").await);
        for somebody in [&ann, &admin] {
            assert_eq!(
                refusal(t.core.rotate_app_secret(somebody, id).await),
                ErrorKind::Forbidden
            );
            assert_eq!(
                refusal(t.core.rotate_app_access_token(somebody, id).await),
                ErrorKind::Forbidden
            );
        }
        assert_eq!(
            refusal(t.core.rotate_app_secret(&boss, 99).await),
            ErrorKind::ItemMissing
        );
    }

    #[tokio::test]
    async fn neither_secret_nor_token_lies_readable_on_the_disk() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let CreatedApp { listed, keys } = t.app("oa").await;
        let shown = format!(
            "{keys:?}{:?}",
            t.core
                .query(
                    &boss,
                    OneApp {
                        app_id: listed.app.id
                    }
                )
                .await
        );
        assert!(!shown.contains(&keys.secret) && !shown.contains(&keys.access_token));
        let core = t.core.clone();
        tokio::task::spawn_blocking(move || core.close()).await.unwrap();
        for entry in std::fs::read_dir(t.directory.path()).unwrap() {
            let path = entry.unwrap().path();
            if !path.is_file() {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for text in [&keys.secret, &keys.access_token] {
                let found = bytes.windows(text.len()).any(|part| part == text.as_bytes());
                assert!(!found, "{}", path.display());
            }
        }
    }
}
