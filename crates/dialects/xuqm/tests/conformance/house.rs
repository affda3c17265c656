//! A server with the dialect on it, tenants, and people who have logged in.

use axum::Router;
use parlance_core::{Core, Limits};
use parlance_dialect_xuqm::{Options, router};
use parlance_testkit::{Answer, Http, TestServer};
use serde_json::{Value, json};

/// The default tenant.
pub const APP_KEY: &str = "ak_default";
pub const APP_SECRET: &str = "as_default_secret";

/// A server that speaks the dialect.
pub struct House {
    pub server: TestServer,
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Person {
    pub uid: String,
    pub http: Http,
}

/// What a tenant signs with.
#[derive(Clone)]
pub struct Signer {
    pub app_key: String,
    pub secret: String,
}

impl House {
    pub async fn open() -> Self {
        Self::with(Limits::default(), Options::default()).await
    }

    pub async fn with(limits: Limits, options: Options) -> Self {
        let build = |core: Core| -> Router { router(core, options) };
        let server = TestServer::with_limits(limits, build).await;
        let made = server
            .core
            .bootstrap("password of admin", APP_KEY, APP_SECRET)
            .await;
        made.expect("the default tenant");
        Self { server }
    }

    /// Stops the server and starts it again over the same data, at another address.
    pub async fn restart(self) -> Self {
        let build = |core: Core| -> Router { router(core, Options::default()) };
        Self {
            server: self.server.restart(build).await,
        }
    }

    /// Nobody in particular.
    pub fn stranger(&self) -> Http {
        Http::new(self.server.address)
    }

    /// What the default tenant signs with.
    pub fn signer(&self) -> Signer {
        Signer {
            app_key: APP_KEY.into(),
            secret: APP_SECRET.into(),
        }
    }

    /// Somebody of the default tenant, who is made if they are new.
    pub async fn person(&self, uid: &str) -> Person {
        self.person_of(&self.signer(), uid).await
    }

    /// Somebody of a tenant.
    pub async fn person_of(&self, signer: &Signer, uid: &str) -> Person {
        self.person_on(signer, uid, "", "").await
    }

    /// Somebody on a device.
    pub async fn person_on(&self, signer: &Signer, uid: &str, platform: &str, device: &str) -> Person {
        let body = json!({
            "appKey": signer.app_key, "userId": uid, "userSig": self.signature(signer, uid),
            "platform": platform, "deviceId": device,
        });
        let login = ok(&self.stranger().post("/api/im/auth/login", body).await);
        Person {
            uid: uid.to_owned(),
            http: self
                .stranger()
                .with_token(login["token"].as_str().expect("a token")),
        }
    }

    /// The administrator of the default tenant, and of the server.
    pub async fn admin(&self) -> Person {
        self.person("admin").await
    }

    /// Makes a tenant and gives what it signs with.
    pub async fn tenant(&self, app_key: &str, settings: Value) -> Signer {
        let signer = Signer {
            app_key: app_key.to_owned(),
            secret: format!("secret of {app_key}"),
        };
        let body = json!({
            "appKey": app_key, "appSecret": signer.secret, "name": app_key, "settings": settings,
        });
        ok(&self.admin().await.http.post("/api/im/admin/tenants", body).await);
        signer
    }

    /// A signature of a tenant that ends in an hour of the server's clock.
    pub fn signature(&self, signer: &Signer, uid: &str) -> String {
        let now = self.server.core.now() / 1_000_000;
        signer.sign(&json!({ "sub": uid, "appKey": signer.app_key, "iat": now, "exp": now + 3600 }))
    }
}

impl Signer {
    /// An HS256 JWT of these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let key = jsonwebtoken::EncodingKey::from_secret(self.secret.as_bytes());
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).expect("a signature")
    }
}

/// The data of a success, whose envelope is checked.
#[track_caller]
pub fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let data = answer.body["data"].clone();
    let whole = json!({ "code": 200, "status": "0", "data": data, "message": "success" });
    assert_eq!(answer.body, whole);
    data
}

/// Checks that a call was refused with this status, and its envelope.
#[track_caller]
pub fn refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.body);
    let message = answer.body["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty(), "{}", answer.body);
    let whole = json!({ "code": status, "status": "1", "data": null, "message": message });
    assert_eq!(answer.body, whole);
}
