//! Files in an object store: what a crash leaves, what goes in parts, and what is said when an object is gone.

use object_store::path::Path;
use object_store::{Attribute, ObjectStoreExt, PutPayload};

use super::tests::{PNG, bytes_of, read, upload};
use super::*;
use crate::testing::{TestCore, refusal};

fn object(key: &str) -> Path {
    Path::from(format!("kept/{}/{}/{key}", &key[..2], &key[2..4]))
}

impl TestCore {
    fn store(&self) -> &dyn object_store::ObjectStore {
        self.objects.as_ref().unwrap().store()
    }
}

#[tokio::test]
async fn a_long_file_goes_in_parts_and_comes_back_in_ranges() {
    let test = TestCore::with_objects().await;
    let ann = test.user("ann").await;
    // Two whole parts and a bit.
    let bytes: Vec<u8> = (0..16 * 1024 * 1024 + 9_u32).map(|n| (n % 251) as u8).collect();
    let mut incoming = test.core.receive_file(1 << 30).await.unwrap();
    for piece in bytes.chunks(1_000_003) {
        incoming.write(piece).await.unwrap();
    }
    let file = test.core.keep_file(&ann, incoming, "a.bin").await.unwrap().file;
    assert!(read(&test, &ann, file.id).await.unwrap() == bytes);
    let open = test.core.open_file(&ann, FileRef::Id(file.id)).await.unwrap();
    let range = 8 * 1024 * 1024 - 3..8 * 1024 * 1024 + 4;
    let part: Vec<::bytes::Bytes> = {
        use futures_util::TryStreamExt;
        open.bytes
            .read(range.clone())
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap()
    };
    assert_eq!(part.concat(), bytes[range.start as usize..range.end as usize]);
}

#[tokio::test]
async fn an_object_says_what_it_is() {
    let test = TestCore::with_objects().await;
    let ann = test.user("ann").await;
    for (bytes, media_type) in [
        (PNG, "image/png"),
        (b"<svg onload=x>", "application/octet-stream"),
    ] {
        let file = upload(&test, &ann, "a.svg", bytes).await.file;
        let got = test.store().get(&object(&file.storage_key)).await.unwrap();
        assert_eq!(
            &**got.attributes.get(&Attribute::ContentType).unwrap(),
            media_type
        );
    }
}

#[tokio::test]
async fn a_start_keeps_what_was_committed_and_erases_what_was_not() {
    let test = TestCore::with_objects().await;
    let ann = test.user("ann").await;
    let file = upload(&test, &ann, "a.txt", b"a").await.file;
    let incoming = test.directory.path().join("files").join("incoming");
    // As a crash leaves it after the commit, and one before it.
    std::fs::write(incoming.join(&file.storage_key), "a").unwrap();
    let lost = "f".repeat(32);
    std::fs::write(incoming.join(&lost), "never committed").unwrap();
    let bytes = PutPayload::from_static(b"never committed");
    test.store().put(&object(&lost), bytes).await.unwrap();
    let test = test.restart().await;
    assert_eq!(read(&test, &ann, file.id).await.unwrap(), b"a");
    assert_eq!((test.kept().await, test.files_in("incoming")), (1, 0));
}

#[tokio::test]
async fn an_object_that_is_gone_is_a_missing_file() {
    let test = TestCore::with_objects().await;
    let ann = test.user("ann").await;
    let file = upload(&test, &ann, "a.png", PNG).await.file;
    test.store().delete(&object(&file.storage_key)).await.unwrap();
    assert_eq!(refusal(read(&test, &ann, file.id).await), ErrorKind::FileMissing);
    // Shorter than its row says, as after a restore gone wrong.
    let bytes = PutPayload::from_static(b"half");
    test.store().put(&object(&file.storage_key), bytes).await.unwrap();
    assert_eq!(refusal(read(&test, &ann, file.id).await), ErrorKind::FileMissing);
    test.core.delete_files(&ann, vec![file.id]).await.unwrap();
    assert_eq!(test.kept().await, 0);
}

#[tokio::test]
async fn the_stores_links_are_kept_for_a_while_and_never_live_longer_than_an_hour() {
    let test = TestCore::with_objects().await;
    let ann = test.user("ann").await;
    let file = upload(&test, &ann, "a.png", PNG).await.file;
    let link = |key: &str| match test.core.file_link(key).unwrap() {
        FileLink::Elsewhere(link) => link,
        own => panic!("{own:?}"),
    };
    let key = file_key(&file);
    let object = object(&file.storage_key);
    assert_eq!(link(&key), format!("memory://{object}?image/png&3600"));
    test.clock.advance_seconds(299);
    assert_eq!(link(&key), format!("memory://{object}?image/png&3600"));
    test.clock.advance_seconds(2);
    assert_eq!(link(&key), format!("memory://{object}?image/png&3599"));
    let active = format!("{}.svg", file.storage_key);
    test.clock.advance_seconds(300);
    assert_eq!(
        link(&active),
        format!("memory://{object}?application/octet-stream&3599")
    );
    // A link that was made before the files moved to the object store goes on working.
    let now = test.core.now() / 1_000_000;
    let own = test.core.link_signer().sign(&key, now + 9);
    let open = test.core.open_linked_file(&key, now + 9, &own).await.unwrap();
    assert_eq!(bytes_of(open).await, PNG);
}
