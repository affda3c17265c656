//! Logging in with a tenant's signature, which stands for a password: the tenant's own system has checked who it is.

use std::sync::Arc;

use crate::account::user_sig::{self, Signer};
use crate::account::{Actor, BadSignature, Issued, TokenRequest};
use crate::command::NoteLogin;
use crate::core::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::tenant::Tenant;
use crate::types::{DEFAULT_TENANT, Timestamp};

/// Life of a signature when nobody says otherwise, in seconds: as the SDKs have it.
const LIFETIME_SECONDS: i64 = 180 * 86_400;
/// Longest life of a signature, in seconds.
const LIFETIME_SECONDS_MAX: i64 = 10 * 365 * 86_400;
/// Bytes of a platform's name, and of what a device calls itself.
const PLATFORM_BYTES_MAX: usize = 32;
const DEVICE_BYTES_MAX: usize = 128;

/// A log-in with a signature.
#[derive(Clone, Debug, Default)]
pub struct SignedLogin {
    /// Which tenant signed; none for the default one.
    pub app_key: Option<String>,
    /// Whom the signature must be for; none for whomever it is for.
    pub uid: Option<String>,
    /// The signature.
    pub signature: String,
    /// Kind of the device: at most 32 letters, digits, `_` or `-`; may be empty.
    pub platform: String,
    /// What the device calls itself: at most 128 bytes without control characters; may be empty.
    pub device: String,
}

/// A signature for somebody.
#[derive(Clone, Debug)]
pub struct SignedFor {
    /// The signature.
    pub signature: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A good signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedSignature {
    /// Whom it is for.
    pub uid: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Core {
    /// Issues a token to whoever brings a signature of the tenant. An account that is not known is made if the tenant
    /// allows it; one that was deleted stays gone. Other devices of the person are logged out as the tenant has it.
    ///
    /// # Errors
    /// `Unauthenticated` for everything that is wrong with tenant, signature or account; `Invalid` for a platform or
    /// device that cannot be one.
    pub async fn login_signed(
        &self,
        login: &SignedLogin,
        request: TokenRequest<'_>,
    ) -> Result<(Issued, Arc<Tenant>)> {
        check_device(&login.platform, &login.device)?;
        let tenant = match &login.app_key {
            Some(key) => self.tenant_by_key(key),
            None => self.default_tenant(),
        };
        let tenant = tenant.filter(|tenant| tenant.enabled);
        let tenant = tenant.ok_or_else(|| refused("no such appKey"))?;
        let signed = self.verified(&tenant, &login.signature);
        let signed = signed.map_err(|bad| refused(&format!("signature: {bad:?}")))?;
        if login.uid.as_ref().is_some_and(|uid| *uid != signed.uid) {
            return Err(refused("the signature is for another user"));
        }
        if !tenant.settings.auto_register && self.account_named(tenant.id, &signed.uid).await?.is_none() {
            return Err(refused("no such account"));
        }
        let vouched = self.vouch(tenant.id, &signed.uid, request).await;
        let issued = vouched.map_err(|error| match error.kind {
            ErrorKind::UserDisabled | ErrorKind::UserMissing => refused("no such active account"),
            _ => error,
        })?;
        self.note_login(&tenant, login, &issued).await?;
        Ok((issued, tenant))
    }

    /// The tenant that a signature says it is of, if it really is, and who it is for. For a connection that brings
    /// nothing else.
    ///
    /// # Errors
    /// As [`Self::login_signed`].
    pub async fn login_by_signature(
        &self,
        signature: &str,
        request: TokenRequest<'_>,
    ) -> Result<(Issued, Arc<Tenant>)> {
        let login = SignedLogin {
            app_key: user_sig::claimed_app_key(signature),
            signature: signature.to_owned(),
            ..SignedLogin::default()
        };
        self.login_signed(&login, request).await
    }

    /// Signs for somebody of the administrator's tenant, whether or not there is an account yet.
    ///
    /// # Errors
    /// `Forbidden`, `Invalid` for a life out of range, `ItemMissing` for a tenant without a secret.
    pub fn sign_for(&self, actor: &Actor, uid: &str, lifetime_seconds: Option<i64>) -> Result<SignedFor> {
        policy::administrator(actor)?;
        crate::field::uid(uid)?;
        let lifetime = lifetime_seconds.unwrap_or(LIFETIME_SECONDS);
        if !(1..=LIFETIME_SECONDS_MAX).contains(&lifetime) {
            return Err(Error::invalid(format!(
                "a signature lives 1 to {LIFETIME_SECONDS_MAX} seconds"
            )));
        }
        let tenant = self.tenant(actor.tenant_id)?;
        let now = self.now() / 1_000_000;
        let secret = tenant.secret.as_ref().ok_or(ErrorKind::ItemMissing)?;
        let signer = Signer {
            app_key: &tenant.app_key,
            secret: secret.text(),
        };
        Ok(SignedFor {
            signature: signer.sign(uid, now, lifetime)?,
            expires_at: (now + lifetime) * 1_000_000,
        })
    }

    /// What a signature is worth in the administrator's tenant.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn check_signature(
        &self,
        actor: &Actor,
        signature: &str,
    ) -> Result<std::result::Result<CheckedSignature, BadSignature>> {
        policy::administrator(actor)?;
        let tenant = self.tenant(actor.tenant_id)?;
        Ok(self.verified(&tenant, signature))
    }

    /// The tenant that exists from the first start.
    pub fn default_tenant(&self) -> Option<Arc<Tenant>> {
        self.tenants().by_id(DEFAULT_TENANT)
    }

    fn verified(
        &self,
        tenant: &Tenant,
        signature: &str,
    ) -> std::result::Result<CheckedSignature, BadSignature> {
        let secret = tenant.secret.as_ref().ok_or(BadSignature::Forged)?;
        let signer = Signer {
            app_key: &tenant.app_key,
            secret: secret.text(),
        };
        let signed = signer.verify(signature, self.now() / 1_000_000)?;
        Ok(CheckedSignature {
            uid: signed.uid,
            expires_at: signed.expires_at.saturating_mul(1_000_000),
        })
    }

    /// Keeps which device a token stands for, and logs out those that the tenant allows no longer.
    async fn note_login(&self, tenant: &Tenant, login: &SignedLogin, issued: &Issued) -> Result<()> {
        let command = NoteLogin {
            user_id: issued.user.id,
            token_id: issued.token_id.clone(),
            platform: login.platform.clone(),
            device: login.device.clone(),
            expires_at: issued.expires_at,
            rule: tenant.settings.devices,
        };
        self.execute(&Actor::system(tenant.id), command).await
    }
}

fn refused(detail: &str) -> Error {
    Error::new(ErrorKind::Unauthenticated, detail)
}

fn check_device(platform: &str, device: &str) -> Result<()> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if platform.len() > PLATFORM_BYTES_MAX || !platform.bytes().all(word) {
        return Err(Error::invalid(format!(
            "a platform has at most {PLATFORM_BYTES_MAX} letters, digits, _ or -"
        )));
    }
    if device.len() > DEVICE_BYTES_MAX || device.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "a device id has at most {DEVICE_BYTES_MAX} bytes and no control characters"
        )));
    }
    Ok(())
}
