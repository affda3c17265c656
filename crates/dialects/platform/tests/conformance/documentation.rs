//! The API document against the route table and against real answers, and the page that shows it.

use std::collections::BTreeSet;

use parlance_dialect_platform::ledger;
use serde_json::{Value, json};

use crate::people::{House, ok, refused};

const PATH: &str = "/api/v1/openapi.json";

#[tokio::test]
async fn document() {
    let house = House::open().await;
    let document = ok(house.stranger().get(PATH).await);
    assert_eq!(document["openapi"], "3.1.0");
    let mut named = BTreeSet::new();
    let mut described = 0;
    for row in ledger() {
        let operation = &document["paths"][row.path][row.method.to_lowercase()];
        assert!(operation.is_object(), "{row:?}");
        let id = operation["operationId"].as_str().expect("a name");
        assert!(named.insert(id.to_owned()), "{id} twice");
        assert_eq!(operation["security"].is_array(), row.guard != "public", "{row:?}");
        assert_eq!(
            operation["responses"]["401"].is_object(),
            row.guard != "public",
            "{row:?}"
        );
        assert_eq!(
            operation["responses"]["403"].is_object(),
            row.guard == "administrator",
            "{row:?}"
        );
        let parameters: Vec<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().expect("a name"))
            .collect();
        let in_path: Vec<&str> = row
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        assert_eq!(parameters, in_path, "{row:?}");
        described += 1;
    }
    let paths = document["paths"].as_object().expect("paths").values();
    let operations: usize = paths
        .map(|path| path.as_object().map_or(0, |path| path.len()))
        .sum();
    assert_eq!(operations, described, "nothing but the table");
    for name in references(&document) {
        assert!(document.pointer(&name[1..]).is_some(), "{name} leads nowhere");
    }
    house.server.stop().await;
}

/// Every `$ref` in a document.
fn references(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str).map(str::to_owned);
            fields.values().flat_map(references).chain(own).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

/// What is wrong with a value, if anything, by its schema: kinds, fields that must be there, and none besides those.
fn mismatch(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        return mismatch(document, document.pointer(&name[1..])?, value, at);
    }
    if let Some(options) = schema["oneOf"].as_array() {
        let fits = options
            .iter()
            .any(|option| mismatch(document, option, value, at).is_none());
        return (!fits).then(|| format!("{at} is none of its kinds: {value}"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = match &schema["type"] {
        Value::Array(kinds) => kinds.contains(&json!(kind)),
        Value::String(only) => only == kind,
        _ => true,
    };
    if !allowed {
        return Some(format!("{at} is {value}, not {}", schema["type"]));
    }
    if let Some(items) = value.as_array() {
        return items
            .iter()
            .find_map(|item| mismatch(document, &schema["items"], item, &format!("{at}[]")));
    }
    let fields = value.as_object()?;
    let missing = schema["required"].as_array().into_iter().flatten();
    if let Some(name) = missing
        .filter_map(Value::as_str)
        .find(|name| !fields.contains_key(*name))
    {
        return Some(format!("{at}.{name} is missing"));
    }
    fields
        .iter()
        .find_map(|(name, value)| match schema["properties"].get(name) {
            Some(schema) => mismatch(document, schema, value, &format!("{at}.{name}")),
            None => Some(format!("{at}.{name} is not described")),
        })
}

#[tokio::test]
async fn answers_are_what_the_document_says() {
    let house = House::open().await;
    let (admin, alice) = (house.administrator("root").await, house.person("alice").await);
    let document = ok(house.stranger().get(PATH).await);
    let user = format!("/api/v1/users/{}", alice.id);
    let new = json!({ "mobile": "13800138000", "name": "张三" });
    let anew = admin
        .http
        .request("PATCH", &user)
        .json(&json!({ "name": "Alice" }));
    let calls = [
        (
            "get",
            "/api/v1/users/me",
            200,
            admin.http.get("/api/v1/users/me").await,
        ),
        (
            "get",
            "/api/v1/users/",
            200,
            admin.http.get("/api/v1/users/").await,
        ),
        (
            "post",
            "/api/v1/users/",
            200,
            admin.http.post("/api/v1/users/", new).await,
        ),
        (
            "patch",
            "/api/v1/users/{user_id}",
            200,
            admin.http.fetch(anew).await,
        ),
        ("get", "/api/v1/users/{user_id}", 200, admin.http.get(&user).await),
        (
            "get",
            "/api/v1/users/search",
            200,
            alice.http.get("/api/v1/users/search?q=a").await,
        ),
        (
            "get",
            "/api/v1/users/search",
            422,
            alice.http.get("/api/v1/users/search").await,
        ),
        (
            "get",
            "/api/v1/users/",
            403,
            alice.http.get("/api/v1/users/").await,
        ),
        (
            "post",
            "/api/v1/auth/login/json",
            200,
            house.try_login("alice", "123456").await,
        ),
        (
            "post",
            "/api/v1/auth/login/json",
            422,
            house.try_login("", "123456").await,
        ),
        (
            "post",
            "/api/v1/auth/logout",
            200,
            alice.http.post("/api/v1/auth/logout", json!({})).await,
        ),
        (
            "post",
            "/api/v1/auth/logout",
            401,
            alice.http.post("/api/v1/auth/logout", json!({})).await,
        ),
        (
            "delete",
            "/api/v1/users/{user_id}",
            200,
            admin.http.delete(&user, json!({})).await,
        ),
    ];
    for (method, path, status, answer) in calls {
        assert_eq!(answer.status, status, "{method} {path} {:?}", answer.body);
        let response = &document["paths"][path][method]["responses"][status.to_string()];
        let schema = &response["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{method} {path} {status} has no schema");
        let wrong = mismatch(&document, schema, &answer.body, path);
        assert_eq!(wrong, None, "{method} {path} {status}");
    }
    let lie = mismatch(
        &document,
        &json!({ "$ref": "#/components/schemas/HTTPError" }),
        &json!({ "detail": 5 }),
        "lie",
    );
    assert!(lie.is_some(), "what does not fit is found");
    house.server.stop().await;
}

#[tokio::test]
async fn page() {
    let house = House::open().await;
    let http = house.stranger();
    for path in ["/api/v1/docs", "/api/v1/docs/"] {
        let page = http.get(path).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, "text/html; charset=utf-8")
        );
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self';"),
            "{policy}"
        );
        let text = String::from_utf8(page.bytes).expect("text");
        assert!(!text.contains("//"), "nothing comes from elsewhere: {text}");
        for part in text.split('"').filter(|part| part.starts_with("/api/v1/docs/")) {
            let answer = http.get(part).await;
            assert_eq!(
                (answer.status, answer.header("x-content-type-options")),
                (200, "nosniff"),
                "{part}"
            );
            assert!(!answer.bytes.is_empty());
            let packed = answer.bytes.starts_with(&[0x1f, 0x8b]);
            assert_eq!(packed, answer.header("content-encoding") == "gzip", "{part}");
        }
    }
    for part in ["x", "index.html", "..%2fCargo.toml", "swagger-ui.js"] {
        refused(&http.get(&format!("/api/v1/docs/{part}")).await, 404, "Not Found");
    }
    house.server.stop().await;
}
