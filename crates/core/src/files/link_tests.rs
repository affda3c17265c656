//! Links of our own: what they open, and everything that they do not.

use super::tests::{PNG, bytes_of, upload};
use super::*;
use crate::command::{NamedFiles, RecallMessage, SendMessage, Target};
use crate::query::MessagesById;
use crate::testing::{TestCore, refusal};

fn own(test: &TestCore, key: &str) -> (i64, String) {
    match test.core.file_link(key).unwrap() {
        FileLink::Own {
            expires_at,
            signature,
        } => (expires_at, signature),
        elsewhere @ FileLink::Elsewhere(_) => panic!("{elsewhere:?}"),
    }
}

async fn open(test: &TestCore, key: &str, expires_at: i64, signature: &str) -> Result<Vec<u8>> {
    let opened = test.core.open_linked_file(key, expires_at, signature).await?;
    Ok(bytes_of(opened).await)
}

#[tokio::test]
async fn a_link_opens_its_file_for_an_hour_at_most() {
    let test = TestCore::start().await;
    let ann = test.user("ann").await;
    let key = file_key(&upload(&test, &ann, "a.png", PNG).await.file);
    let (expires_at, signature) = own(&test, &key);
    assert_eq!(expires_at, test.core.now() / 1_000_000 + 3600);
    assert_eq!(open(&test, &key, expires_at, &signature).await.unwrap(), PNG);
    test.clock.advance_seconds(299);
    assert_eq!(
        own(&test, &key),
        (expires_at, signature.clone()),
        "the same for a while"
    );
    test.clock.advance_seconds(1);
    assert_eq!(own(&test, &key).0, expires_at + 300);
    test.clock.advance_seconds(3299);
    assert_eq!(open(&test, &key, expires_at, &signature).await.unwrap(), PNG);
    test.clock.advance_seconds(1);
    let late = open(&test, &key, expires_at, &signature).await;
    assert_eq!(refusal(late), ErrorKind::Forbidden);
}

#[tokio::test]
async fn a_link_that_was_tampered_with_opens_nothing() {
    let test = TestCore::start().await;
    let ann = test.user("ann").await;
    let key = file_key(&upload(&test, &ann, "a.png", PNG).await.file);
    let other = file_key(&upload(&test, &ann, "b.png", PNG).await.file);
    let (expires_at, signature) = own(&test, &key);
    let mut changed = signature.clone();
    changed.replace_range(..1, if signature.starts_with('A') { "B" } else { "A" });
    for (key, expires_at, signature) in [
        (key.as_str(), expires_at, changed.as_str()),
        (&key, expires_at + 1, &signature),
        (&key, i64::MAX, &signature),
        (&other, expires_at, &signature),
        (&key[..32], expires_at, &signature),
        (&key, expires_at, ""),
        (&key, expires_at, &signature[..42]),
        (&key, expires_at, "照片"),
        ("", expires_at, &signature),
        ("../../secrets.toml", expires_at, &signature),
    ] {
        let refused = open(&test, key, expires_at, signature).await;
        assert_eq!(
            refusal(refused),
            ErrorKind::Forbidden,
            "{key} {expires_at} {signature}"
        );
    }
    for no_key in [
        "",
        "a.png",
        "../x",
        &"f".repeat(31),
        &format!("{}/..", "f".repeat(32)),
    ] {
        assert_eq!(test.core.file_link(no_key), None, "{no_key}");
    }
}

#[tokio::test]
async fn a_link_to_a_deleted_or_lost_file_finds_nothing() {
    let test = TestCore::start().await;
    let ann = test.user("ann").await;
    let file = upload(&test, &ann, "a.png", PNG).await.file;
    let lost = upload(&test, &ann, "b.png", PNG).await.file;
    test.core.delete_files(&ann, vec![file.id]).await.unwrap();
    let root = test.directory.path().join("files").join("kept");
    let lost_key = &lost.storage_key;
    std::fs::remove_file(root.join(&lost_key[..2]).join(&lost_key[2..4]).join(lost_key)).unwrap();
    let never = format!("{}.png", "f".repeat(32));
    for key in [file_key(&file), file_key(&lost), never] {
        let (expires_at, signature) = own(&test, &key);
        let missing = open(&test, &key, expires_at, &signature).await;
        assert_eq!(refusal(missing), ErrorKind::FileMissing);
    }
}

#[tokio::test]
async fn a_message_carries_the_keys_of_its_files_until_it_is_recalled() {
    let test = TestCore::start().await;
    let (ann, bob) = (test.user("ann").await, test.user("bob").await);
    let direct = test.direct(&ann, &bob).await;
    let picture = upload(&test, &ann, "a.png", PNG).await.file;
    let text = upload(&test, &ann, "b.txt", b"b").await.file;
    let message = SendMessage {
        content_type: "IMAGE".into(),
        files: NamedFiles {
            surely: vec![FileRef::Key(picture.storage_key.clone())],
            perhaps: vec![FileRef::Id(text.id), FileRef::Id(picture.id), FileRef::Id(99)],
        },
        ..SendMessage::text(Target::Conversation(direct), "x")
    };
    let sent = test.core.execute(&ann, message).await.unwrap().view.message;
    let expected = [file_key(&picture), file_key(&text)];
    assert_eq!(carried_keys(&sent).collect::<Vec<_>>(), expected);
    assert!(expected[0].ends_with(".png") && expected[1].ends_with(".txt"));

    let forward = SendMessage {
        content_type: "IMAGE".into(),
        forwarded_from: Some(sent.id),
        ..SendMessage::text(Target::Conversation(direct), "x")
    };
    let forwarded = test.core.execute(&bob, forward).await.unwrap().view.message;
    assert_eq!(carried_keys(&forwarded).collect::<Vec<_>>(), expected);

    let message_id = sent.id;
    test.core
        .execute(&ann, RecallMessage { message_id })
        .await
        .unwrap();
    let ids = vec![message_id];
    let recalled = test.core.query(&bob, MessagesById { ids }).await.unwrap();
    assert_eq!(carried_keys(&recalled[0].message).count(), 0);
}

#[tokio::test]
async fn a_file_of_somebody_else_cannot_be_named_for_sure() {
    let test = TestCore::start().await;
    let (ann, bob) = (test.user("ann").await, test.user("bob").await);
    let direct = test.direct(&ann, &bob).await;
    let theirs = upload(&test, &ann, "a.png", PNG).await.file;
    let named = |key: &str| SendMessage {
        content_type: "IMAGE".into(),
        files: NamedFiles {
            surely: vec![FileRef::Key(key.to_owned())],
            ..NamedFiles::default()
        },
        ..SendMessage::text(Target::Conversation(direct), key)
    };
    for key in [theirs.storage_key.clone(), "f".repeat(32)] {
        let refused = test.core.execute(&bob, named(&key)).await;
        assert_eq!(refusal(refused), ErrorKind::Forbidden);
    }
    test.core.execute(&ann, named(&theirs.storage_key)).await.unwrap();
    // It is in bob's sight now, so he may pass it on.
    test.core.execute(&bob, named(&theirs.storage_key)).await.unwrap();
    let many = SendMessage {
        files: NamedFiles {
            surely: vec![FileRef::Id(theirs.id); 21],
            ..NamedFiles::default()
        },
        ..named(&theirs.storage_key)
    };
    let refused = test.core.execute(&ann, many).await;
    assert_eq!(refusal(refused), ErrorKind::Invalid);
}
