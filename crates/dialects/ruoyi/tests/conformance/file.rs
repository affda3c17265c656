//! Files: in, out, and who may open them.

use parlance_core::Limits;
use parlance_testkit::Answer;
use parlance_testkit::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::people::{House, Person, ok, ok_msg, refused};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest of a picture";
const MISSING: i64 = 404;

pub fn form(field: &'static str, name: &str, bytes: &[u8]) -> Form {
    Form::new().part(field, Part::bytes(bytes.to_vec()).file_name(name.to_owned()))
}

pub async fn post_form(person: &Person, path: &str, form: Form) -> Answer {
    person
        .http
        .fetch(person.http.request("POST", path).multipart(form))
        .await
}

async fn upload(person: &Person, name: &str, bytes: &[u8]) -> Value {
    ok_msg(
        post_form(person, "/api/im/file/upload", form("file", name, bytes)).await,
        "上传成功",
    )
}

async fn get(person: &Person, path: &str) -> Answer {
    person.http.get(path).await
}

fn url(file: &Value) -> &str {
    file["fileUrl"].as_str().expect("an address")
}

#[tokio::test]
async fn upload_and_download() {
    let house = House::open().await;
    let ann = house.person("alice").await;
    let file = upload(&ann, "猫 cat.PNG", PNG).await;
    assert!(file["id"].is_i64());
    assert_eq!((&file["id"], &file["url"]), (&file["fileId"], &file["fileUrl"]));
    assert_eq!(file["fileName"], "猫 cat.PNG");
    assert_eq!(file["fileSize"], PNG.len());
    assert_eq!(
        (&file["fileType"], &file["fileExtension"]),
        (&json!("image"), &json!("png"))
    );
    assert_eq!(
        (&file["uploaderId"], &file["uploaderName"]),
        (&json!(ann.id), &json!("alice"))
    );
    assert_eq!(
        (&file["downloadCount"], &file["deleted"]),
        (&json!(0), &json!(false))
    );
    assert!(url(&file).starts_with("/api/im/file/download/image/"));

    let id = file["id"].as_i64().expect("an id");
    for path in [
        url(&file).to_owned(),
        format!("/api/im/file/download/{id}"),
        format!("/api/im/file/download?fileId={id}"),
    ] {
        let fetched = get(&ann, &path).await;
        assert_eq!((fetched.status, fetched.bytes.as_slice()), (200, PNG), "{path}");
        assert_eq!(fetched.header("content-type"), "image/png");
        assert!(
            fetched
                .header("content-disposition")
                .ends_with("filename*=UTF-8''%E7%8C%AB%20cat.PNG")
        );
        let mark = if path.contains('?') { '&' } else { '?' };
        let by_query = format!("{path}{mark}token={}", ann.http.token());
        let fetched = house.stranger().get(&by_query).await;
        assert_eq!(
            (fetched.status, fetched.bytes.as_slice()),
            (200, PNG),
            "{by_query}"
        );
        refused(&house.stranger().get(&path).await, 401, 401);
    }
    let preview = ann.http.get(&format!("/api/im/file/preview/{id}")).await;
    assert_eq!(preview.body["msg"], file["fileUrl"]);
    assert_eq!(ok(preview), file["fileUrl"]);
    let now = ok(ann.http.get(&format!("/api/im/file/{id}")).await);
    assert_eq!(now["downloadCount"], 6);
    ok(post_form(&ann, "/api/im/file/upload/image", form("file", "b.png", PNG)).await);

    let none = post_form(&ann, "/api/im/file/upload", Form::new().text("file", "no file")).await;
    refused(&none, 400, 400);
    refused(&ann.http.post("/api/im/file/upload", json!({})).await, 400, 400);
    let gone = ann
        .http
        .get("/api/im/file/download/image/2026/01/01/nothing.png")
        .await;
    refused(&gone, 404, MISSING);
    refused(&ann.http.get("/api/im/file/download").await, 400, 400);
    house.server.stop().await;
}

#[tokio::test]
async fn only_for_those_who_see_the_message() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let file = upload(&ann, "a.txt", b"for bob").await;
    let id = file["id"].as_i64().expect("an id");
    let details = format!("/api/im/file/{id}");
    for person in [&bob, &eve] {
        refused(&person.http.get(&details).await, 400, MISSING);
        assert_eq!(get(person, url(&file)).await.status, 404);
    }
    let conversation = house.direct(&ann, &bob).await;
    let content = json!({ "fileId": id, "fileName": "a.txt", "size": 7, "fileUrl": url(&file) }).to_string();
    let body = json!({ "conversationId": conversation, "type": "FILE", "content": content });
    ok(ann.http.post("/api/im/message/send", body).await);
    let fetched = get(&bob, url(&file)).await;
    assert_eq!((fetched.status, fetched.bytes.as_slice()), (200, &b"for bob"[..]));
    assert_eq!(ok(bob.http.get(&details).await)["fileName"], "a.txt");
    assert_eq!(get(&eve, url(&file)).await.status, 404);

    // Naming it does not open it: not to oneself, and not to a third person.
    let theirs = house.direct(&eve, &bob).await;
    let body = json!({ "conversationId": theirs, "type": "FILE", "content": content });
    ok(eve.http.post("/api/im/message/send", body).await);
    refused(&eve.http.get(&details).await, 400, MISSING);
    refused(&bob.http.delete(&details, Value::Null).await, 400, MISSING);
    house.server.stop().await;
}

#[tokio::test]
async fn ranges_and_conditions() {
    let house = House::open().await;
    let ann = house.person("alice").await;
    let bytes: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
    let file = upload(&ann, "a.bin", &bytes).await;
    let path = format!("/api/im/file/download/{}", file["id"]);
    let part = ann
        .http
        .fetch(
            ann.http
                .request("GET", &path)
                .header("Range", "bytes=70000-139999"),
        )
        .await;
    assert_eq!(
        (part.status, part.header("content-range")),
        (206, "bytes 70000-139999/200000")
    );
    assert_eq!(part.bytes, bytes[70_000..140_000]);
    let beyond = ann
        .http
        .fetch(ann.http.request("GET", &path).header("Range", "bytes=200000-"))
        .await;
    assert_eq!(
        (beyond.status, beyond.header("content-range")),
        (416, "bytes */200000")
    );
    let head = ann.http.fetch(ann.http.request("HEAD", &path)).await;
    assert_eq!(
        (head.status, head.header("content-length"), head.bytes.len()),
        (200, "200000", 0)
    );
    assert_eq!(head.header("accept-ranges"), "bytes");
    let tag = head.header("etag").to_owned();
    let known = ann
        .http
        .fetch(ann.http.request("GET", &path).header("If-None-Match", tag))
        .await;
    assert_eq!((known.status, known.bytes.len()), (304, 0));
    house.server.stop().await;
}

#[tokio::test]
async fn hostile_files_are_inert() {
    let house = House::open().await;
    let ann = house.person("alice").await;
    let script = b"<html><script>alert(1)</script>";
    for (name, bytes, shown) in [
        ("page.html", &script[..], "page.html"),
        ("picture.svg", b"<svg onload=alert(1)>", "picture.svg"),
        ("../../../../etc/passwd", script, "passwd"),
        ("..\\..\\boot.ini", script, "boot.ini"),
        ("picture.png", script, "picture.png"),
        ("empty.txt", b"", "empty.txt"),
    ] {
        let file = upload(&ann, name, bytes).await;
        assert_eq!(file["fileName"], shown);
        let fetched = get(&ann, url(&file)).await;
        assert_eq!((fetched.status, fetched.bytes.as_slice()), (200, bytes), "{name}");
        assert_eq!(
            fetched.header("content-type"),
            "application/octet-stream",
            "{name}"
        );
        assert!(
            fetched.header("content-disposition").starts_with("attachment;"),
            "{name}"
        );
        assert_eq!(fetched.header("x-content-type-options"), "nosniff");
        assert_eq!(
            fetched.header("content-security-policy"),
            "sandbox; default-src 'none'"
        );
    }
    for path in [
        "/uploads/../parlance.db",
        "/uploads/..%2f..%2fparlance.db",
        "/uploads/%2e%2e/secrets.toml",
        "/avatar/..%2fdefault.png",
        "/api/im/file/download/a/b/c/d/..%2f..%2fparlance.db",
        "/api/im/file/download/%00",
    ] {
        assert_eq!(get(&ann, path).await.status, 404, "{path}");
    }
    house.server.stop().await;
}

#[tokio::test]
async fn over_the_limit() {
    let limits = Limits {
        upload_bytes_max: 1000,
        ..Limits::default()
    };
    let house = House::with_limits(limits).await;
    let ann = house.person("alice").await;
    upload(&ann, "a.bin", &[7; 1000]).await;
    let over = post_form(&ann, "/api/im/file/upload", form("file", "a.bin", &[7; 1001])).await;
    refused(&over, 413, 413);
    let announced = json!({ "fileName": "a", "fileSize": 1001 });
    refused(
        &ann.http.post("/api/im/file/chunk/init", announced).await,
        413,
        413,
    );

    // Far over: the answer comes although nothing of the body has been sent.
    let mut socket = TcpStream::connect(house.server.address)
        .await
        .expect("a connection");
    let head = format!(
        "POST /api/im/file/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=X\r\nContent-Length: 9000000000\r\n\r\n",
        ann.http.token()
    );
    socket.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    socket
        .read_to_string(&mut answer)
        .await
        .expect("an answer and the end");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("\"code\":413"), "{answer}");
    let left = std::fs::read_dir(house.server.directory.path().join("files/incoming"));
    assert_eq!(left.expect("a directory").count(), 0);
    house.server.stop().await;
}

#[tokio::test]
async fn batch() {
    let house = House::open().await;
    let ann = house.person("alice").await;
    let many = |count: usize| {
        (0..count).fold(Form::new(), |form, n| {
            form.part("files", Part::bytes(vec![b'x'; n]).file_name(format!("{n}.txt")))
        })
    };
    let files = ok(post_form(&ann, "/api/im/file/upload/batch", many(9)).await);
    let ids: Vec<&Value> = files
        .as_array()
        .expect("a list")
        .iter()
        .map(|file| &file["id"])
        .collect();
    assert_eq!(ids.len(), 9);
    assert_eq!(files[3]["fileName"], "3.txt");
    refused(
        &post_form(&ann, "/api/im/file/upload/batch", many(10)).await,
        400,
        400,
    );
    assert_eq!(
        ok(ann.http.get("/api/im/file/list").await)
            .as_array()
            .expect("a list")
            .len(),
        9
    );

    let bare = ann
        .http
        .delete("/api/im/file/batch", json!([ids[0], ids[1]]))
        .await;
    ok_msg(bare, "删除成功");
    let named = json!({ "fileIds": [ids[2], 999_999] });
    refused(&ann.http.delete("/api/im/file/batch", named).await, 400, MISSING);
    refused(&ann.http.delete("/api/im/file/batch", json!({})).await, 400, 400);
    assert_eq!(
        ok(ann.http.get("/api/im/file/list").await)
            .as_array()
            .expect("a list")
            .len(),
        7
    );
    house.server.stop().await;
}

#[tokio::test]
async fn delete() {
    let house = House::open().await;
    let ann = house.person("alice").await;
    let file = upload(&ann, "a.txt", b"x").await;
    let path = format!("/api/im/file/{}", file["id"]);
    ok_msg(ann.http.delete(&path, Value::Null).await, "删除成功");
    refused(&ann.http.delete(&path, Value::Null).await, 400, MISSING);
    refused(&ann.http.get(&path).await, 400, MISSING);
    assert_eq!(get(&ann, url(&file)).await.status, 404);
    for odd in ["0", "-1", "99999999999999999999", "abc", "%F0%9F%98%80"] {
        refused(&ann.http.get(&format!("/api/im/file/{odd}")).await, 400, MISSING);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn list_and_statistics() {
    let house = House::open().await;
    let (ann, bob) = (house.person("alice").await, house.person("bob").await);
    let picture = upload(&ann, "a.png", PNG).await;
    let text = upload(&ann, "a.txt", b"four").await;
    upload(&bob, "b.txt", b"not alice's").await;
    let ids = |list: Value| -> Vec<Value> {
        list.as_array()
            .expect("a list")
            .iter()
            .map(|file| file["id"].clone())
            .collect()
    };
    let list = |query: &'static str| ann.http.get(query);
    assert_eq!(
        ids(ok(list("/api/im/file/list").await)),
        [text["id"].clone(), picture["id"].clone()]
    );
    let pictures = ok(list("/api/im/file/list?fileType=IMAGE").await);
    assert_eq!(ids(pictures), [picture["id"].clone()]);
    assert_eq!(
        ids(ok(list("/api/im/file/list?limit=1").await)),
        [text["id"].clone()]
    );
    refused(&list("/api/im/file/list?fileType=spreadsheet").await, 400, 400);

    get(&ann, url(&text)).await;
    let totals = ok(ann.http.get("/api/im/file/statistics").await);
    assert_eq!(
        (&totals["totalFiles"], &totals["totalDownloads"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(totals["totalStorage"], PNG.len() + 4);
    for period in ["todayUploads", "weekUploads", "monthUploads"] {
        assert_eq!(totals[period], 2, "{period}");
    }
    let document = json!({ "fileType": "document", "count": 1, "totalSize": 4 });
    assert!(
        totals["typeStats"]
            .as_array()
            .expect("a list")
            .contains(&document)
    );
    house.server.stop().await;
}

#[tokio::test]
async fn avatar() {
    let house = House::open().await;
    let ann = house.person("alice").await;
    for default in ["/avatar/default.png", "/avatar/group_default.png"] {
        let fetched = house.stranger().get(default).await;
        assert_eq!(
            (fetched.status, fetched.header("content-type")),
            (200, "image/png")
        );
        assert!(fetched.bytes.starts_with(b"\x89PNG"));
    }
    let answer = post_form(&ann, "/api/im/user/avatar", form("avatarfile", "me.jpg", PNG)).await;
    assert_eq!(answer.body["msg"], answer.body["data"]);
    let first = ok(answer).as_str().expect("an address").to_owned();
    assert!(
        first.starts_with("/uploads/avatar/") && first.ends_with(".png"),
        "{first}"
    );
    let fetched = house.stranger().get(&first).await;
    assert_eq!((fetched.status, fetched.bytes.as_slice()), (200, PNG));
    assert!(fetched.header("cache-control").contains("public"));
    let me = ok(ann.http.get("/api/auth/getInfo").await);
    assert_eq!(me["userInfo"]["avatar"], first.as_str());

    let second = ok(post_form(
        &ann,
        "/api/im/user/avatar",
        form("avatarfile", "me.gif", b"GIF89a..."),
    )
    .await);
    assert_ne!(second, first.as_str());
    assert_eq!(house.stranger().get(&first).await.status, 404);
    for (name, bytes) in [
        ("me.png", &b"<svg onload=alert(1)>"[..]),
        ("me.png", b""),
        ("me.mp4", b"\0\0\0\x18ftypmp42"),
    ] {
        refused(
            &post_form(&ann, "/api/im/user/avatar", form("avatarfile", name, bytes)).await,
            400,
            400,
        );
    }
    let mut large = PNG.to_vec();
    large.resize(2 * 1024 * 1024 + 1, 0);
    refused(
        &post_form(&ann, "/api/im/user/avatar", form("avatarfile", "me.png", &large)).await,
        413,
        413,
    );
    let private = upload(&ann, "a.png", PNG).await;
    let name = url(&private).rsplit('/').next().expect("a name");
    let guessed = format!("/uploads/image/2026/01/01/{name}");
    assert_eq!(house.stranger().get(&guessed).await.status, 404);
    house.server.stop().await;
}
