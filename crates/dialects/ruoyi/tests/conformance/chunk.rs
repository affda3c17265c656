//! Uploads in parts.

use parlance_testkit::Answer;
use parlance_testkit::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::file::post_form;
use crate::people::{House, Person, ok, refused};

const CHUNK: usize = 64 * 1024;

fn whole() -> Vec<u8> {
    (0..CHUNK * 2 + 100).map(|n| (n % 251) as u8).collect()
}

async fn init(person: &Person, size: usize) -> Value {
    let body = json!({
        "fileName": "大文件.bin", "fileSize": size, "chunkSize": CHUNK, "fileType": "other", "conversationId": 1
    });
    ok(person.http.post("/api/im/file/chunk/init", body).await)
}

async fn send(person: &Person, id: &str, number: i64, bytes: &[u8]) -> Answer {
    // The file first: the order of the fields must not matter.
    let form = Form::new()
        .part("file", Part::bytes(bytes.to_vec()).file_name("blob"))
        .text("uploadId", id.to_owned())
        .text("chunkNumber", number.to_string());
    post_form(person, "/api/im/file/chunk/upload", form).await
}

#[tokio::test]
async fn resumed_and_merged() {
    let house = House::open().await;
    let (ann, bob) = (house.person("alice").await, house.person("bob").await);
    let whole = whole();
    let upload = init(&ann, whole.len()).await;
    let id = upload["uploadId"].as_str().expect("an id").to_owned();
    assert_eq!(
        (&upload["totalChunks"], &upload["chunkSize"]),
        (&json!(3), &json!(CHUNK))
    );
    assert_eq!(
        (&upload["needUpload"], &upload["status"]),
        (&json!(true), &json!("UPLOADING"))
    );
    assert_eq!(
        (&upload["uploadedChunks"], &upload["fileUrl"]),
        (&json!([]), &Value::Null)
    );
    assert!(upload["expireTime"].is_string());
    assert_eq!(ok(send(&ann, &id, 3, &whole[CHUNK * 2..]).await), true);
    assert_eq!(ok(send(&ann, &id, 1, &whole[..CHUNK]).await), true);
    assert_eq!(
        ok(send(&ann, &id, 1, &whole[..CHUNK]).await),
        true,
        "twice is once"
    );
    refused(&send(&bob, &id, 2, &whole[CHUNK..CHUNK * 2]).await, 400, 404);
    let merge = || {
        ann.http
            .post("/api/im/file/chunk/merge", json!({ "uploadId": id }))
    };
    refused(&merge().await, 400, 400);

    let resumed = ok(ann
        .http
        .post(&format!("/api/im/file/chunk/resume/{id}"), Value::Null)
        .await);
    assert_eq!(resumed["uploadedChunks"], json!([1, 3]));
    let progress = format!("/api/im/file/chunk/progress/{id}");
    assert_eq!(ok(ann.http.get(&progress).await), 66);
    refused(&bob.http.get(&progress).await, 400, 404);
    ok(send(&ann, &id, 2, &whole[CHUNK..CHUNK * 2]).await);
    assert_eq!(
        ok(ann.http.get(&progress).await),
        99,
        "not 100 before it is a file"
    );
    let file = ok(merge().await);
    assert_eq!(ok(merge().await)["id"], file["id"], "again is the same file");
    assert_eq!(ok(ann.http.get(&progress).await), 100);
    assert_eq!(
        (&file["fileName"], &file["fileSize"]),
        (&json!("大文件.bin"), &json!(whole.len()))
    );
    let request = ann
        .http
        .request("GET", file["fileUrl"].as_str().expect("an address"));
    let bytes = request
        .send()
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("a body");
    assert_eq!(bytes, whole);
    house.server.stop().await;
}

#[tokio::test]
async fn paused_and_cancelled() {
    let house = House::open().await;
    let ann = house.person("alice").await;
    let upload = init(&ann, CHUNK + 1).await;
    let id = upload["uploadId"].as_str().expect("an id").to_owned();
    let call = |method: &'static str, verb: &str| {
        let request = ann
            .http
            .request(method, &format!("/api/im/file/chunk/{verb}/{id}"));
        ann.http.fetch(request)
    };
    ok(call("PUT", "pause").await);
    refused(&send(&ann, &id, 2, b"x").await, 400, 400);
    assert_eq!(ok(call("POST", "resume").await)["status"], "UPLOADING");
    ok(send(&ann, &id, 2, b"x").await);
    for (number, bytes) in [(0, &b"x"[..]), (3, b"x"), (2, b"xx"), (1, b"x")] {
        refused(&send(&ann, &id, number, bytes).await, 400, 400);
    }
    ok(call("DELETE", "cancel").await);
    refused(&call("DELETE", "cancel").await, 400, 404);
    refused(&send(&ann, &id, 1, b"x").await, 400, 404);
    refused(&call("POST", "resume").await, 400, 404);
    let chunks = house.server.directory.path().join("files/chunks");
    assert_eq!(std::fs::read_dir(chunks).expect("a directory").count(), 0);
    house.server.stop().await;
}

#[tokio::test]
async fn not_sent_again() {
    let house = House::open().await;
    let (ann, bob) = (house.person("alice").await, house.person("bob").await);
    // MD5 of the one byte `x`.
    let md5 = "9DD4E461268C8034F5C8564E155C67A6";
    let body = json!({ "fileName": "x", "fileSize": 1, "fileMd5": md5 });
    let first = ok(ann.http.post("/api/im/file/chunk/init", body.clone()).await);
    assert_eq!(
        (&first["needUpload"], &first["chunkSize"]),
        (&json!(true), &json!(5 * 1024 * 1024))
    );
    let id = first["uploadId"].as_str().expect("an id");
    assert_eq!(
        ok(ann.http.post("/api/im/file/chunk/init", body.clone()).await)["uploadId"],
        id
    );
    ok(send(&ann, id, 1, b"y").await);
    let merge = json!({ "uploadId": id });
    refused(&ann.http.post("/api/im/file/chunk/merge", merge).await, 400, 400);
    ok(ann
        .http
        .delete(&format!("/api/im/file/chunk/cancel/{id}"), Value::Null)
        .await);

    let second = ok(ann.http.post("/api/im/file/chunk/init", body.clone()).await);
    let id = second["uploadId"].as_str().expect("an id");
    ok(send(&ann, id, 1, b"x").await);
    let file = ok(ann
        .http
        .post("/api/im/file/chunk/merge", json!({ "uploadId": id }))
        .await);
    let third = ok(ann.http.post("/api/im/file/chunk/init", body.clone()).await);
    assert_eq!(
        (&third["needUpload"], &third["status"]),
        (&json!(false), &json!("COMPLETED"))
    );
    assert_eq!(
        (&third["fileId"], &third["fileUrl"]),
        (&file["id"], &file["fileUrl"])
    );
    let others = ok(bob.http.post("/api/im/file/chunk/init", body).await);
    assert_eq!(others["needUpload"], true, "what others have does not show");
    house.server.stop().await;
}
