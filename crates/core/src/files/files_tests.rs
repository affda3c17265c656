//! Files through the core's face: who may open what, what survives a restart, what is left on the disk.

use std::path::Path;

use ::bytes::Bytes;
use futures_util::TryStreamExt;

use super::*;
use crate::command::{
    CountDownload, LeaveGroup, NamedFiles, PauseUpload, RecallMessage, ResumeUpload, SendMessage, Sent,
    Target,
};
use crate::query::{FileStatistics, OwnFiles, UploadById};
use crate::testing::{TestCore, refusal};
use crate::types::{ConversationId, UploadView};

const CHUNK: usize = 64 * 1024;
pub(super) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";

pub(super) async fn upload(test: &TestCore, actor: &Actor, name: &str, bytes: &[u8]) -> FileView {
    let mut incoming = test.core.receive_file(1 << 20).await.unwrap();
    incoming.write(bytes).await.unwrap();
    test.core.keep_file(actor, incoming, name).await.unwrap()
}

pub(super) async fn read(test: &TestCore, actor: &Actor, id: FileId) -> Result<Vec<u8>> {
    Ok(bytes_of(test.core.open_file(actor, FileRef::Id(id)).await?).await)
}

pub(super) async fn bytes_of(open: OpenFile) -> Vec<u8> {
    let size = u64::try_from(open.file.size).unwrap();
    let read = open.bytes.read(0..size).await.unwrap();
    read.try_collect::<Vec<Bytes>>().await.unwrap().concat()
}

pub(super) async fn send(test: &TestCore, actor: &Actor, to: ConversationId, files: Vec<FileRef>) -> Sent {
    let message = SendMessage {
        content_type: "FILE".into(),
        files: NamedFiles::perhaps(files),
        ..SendMessage::text(Target::Conversation(to), "{}")
    };
    test.core.execute(actor, message).await.unwrap()
}

fn files_below(directory: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return 0;
    };
    let count = |path: std::path::PathBuf| if path.is_dir() { files_below(&path) } else { 1 };
    entries.map(|entry| count(entry.unwrap().path())).sum()
}

/// The same test with files on the disk and in an object store.
macro_rules! on_both_stores {
    ($($name:ident),+) => {$(
        mod $name {
            use crate::testing::TestCore;

            #[tokio::test]
            async fn on_the_disk() {
                super::$name(TestCore::start().await).await;
            }

            #[tokio::test]
            async fn in_an_object_store() {
                super::$name(TestCore::with_objects().await).await;
            }
        }
    )+};
}

on_both_stores!(
    a_file_is_its_owners_until_a_message_carries_it,
    a_deleted_file_is_gone_with_its_bytes,
    a_file_that_is_not_kept_leaves_nothing,
    a_new_picture_takes_the_place_of_the_old_one,
    chunks_survive_a_restart_and_become_one_file
);

impl TestCore {
    /// How many files are kept, wherever that is.
    pub(super) async fn kept(&self) -> usize {
        let Some(objects) = &self.objects else {
            return self.files_in("kept");
        };
        assert_eq!(self.files_in("kept"), 0, "nothing stays on the disk");
        let listed = objects.store().list(None).try_collect::<Vec<_>>().await.unwrap();
        assert!(
            listed
                .iter()
                .all(|object| object.location.as_ref().starts_with("kept/"))
        );
        listed.len()
    }

    pub(super) fn files_in(&self, part: &str) -> usize {
        files_below(&self.directory.path().join("files").join(part))
    }

    async fn chunk(&self, actor: &Actor, id: &str, number: i64, bytes: &[u8]) -> Result<UploadView> {
        let mut incoming = self.core.receive_file(1 << 20).await.unwrap();
        incoming.write(bytes).await.unwrap();
        self.core.keep_chunk(actor, id, number, incoming).await
    }
}

fn announced(size: usize, md5: Option<&str>) -> NewUpload {
    NewUpload {
        name: "big.bin".into(),
        size: i64::try_from(size).unwrap(),
        md5: md5.map(str::to_owned),
        chunk_size: Some(i64::try_from(CHUNK).unwrap()),
    }
}

async fn a_file_is_its_owners_until_a_message_carries_it(test: TestCore) {
    let (ann, bob, eve) = (
        test.user("ann").await,
        test.user("bob").await,
        test.user("eve").await,
    );
    let file = upload(&test, &ann, "cat.png", PNG).await.file;
    assert_eq!(
        (file.category.as_str(), file.content_type.as_str()),
        ("image", "image/png")
    );
    assert_eq!(read(&test, &ann, file.id).await.unwrap(), PNG);
    assert_eq!(refusal(read(&test, &bob, file.id).await), ErrorKind::FileMissing);

    let direct = test.direct(&ann, &bob).await;
    send(&test, &ann, direct, vec![FileRef::Key(file.storage_key.clone())]).await;
    assert_eq!(read(&test, &bob, file.id).await.unwrap(), PNG);
    assert_eq!(refusal(read(&test, &eve, file.id).await), ErrorKind::FileMissing);
    let counted = test.core.execute(&eve, CountDownload { file_id: file.id }).await;
    assert_eq!(refusal(counted), ErrorKind::FileMissing);
}

#[tokio::test]
async fn naming_a_file_in_a_message_opens_nothing_that_was_closed() {
    let test = TestCore::start().await;
    let (ann, bob) = (test.user("ann").await, test.user("bob").await);
    let file = upload(&test, &ann, "secret.txt", b"secret").await.file;
    let direct = test.direct(&ann, &bob).await;
    send(&test, &bob, direct, vec![FileRef::Id(file.id), FileRef::Id(99)]).await;
    assert_eq!(refusal(read(&test, &bob, file.id).await), ErrorKind::FileMissing);
}

#[tokio::test]
async fn a_forwarded_message_carries_its_files_on() {
    let test = TestCore::start().await;
    let (ann, bob, eve) = (
        test.user("ann").await,
        test.user("bob").await,
        test.user("eve").await,
    );
    let file = upload(&test, &ann, "a.txt", b"a").await.file;
    let first = test.direct(&ann, &bob).await;
    let sent = send(&test, &ann, first, vec![FileRef::Id(file.id)]).await;
    let second = test.direct(&bob, &eve).await;
    let forward = SendMessage {
        content_type: "FILE".into(),
        forwarded_from: Some(sent.view.message.id),
        ..SendMessage::text(Target::Conversation(second), "{}")
    };
    test.core.execute(&bob, forward).await.unwrap();
    assert_eq!(read(&test, &eve, file.id).await.unwrap(), b"a");
}

#[tokio::test]
async fn who_no_longer_sees_the_message_cannot_open_its_file() {
    let test = TestCore::start().await;
    let (ann, bob, eve) = (
        test.user("ann").await,
        test.user("bob").await,
        test.user("eve").await,
    );
    let file = upload(&test, &ann, "a.txt", b"a").await.file;
    let carried = || vec![FileRef::Id(file.id)];
    let group = test.group(&ann, "team", &[&bob, &eve]).await;
    send(&test, &ann, group, carried()).await;
    let leave = LeaveGroup::of(group);
    test.core.execute(&eve, leave).await.unwrap();
    assert_eq!(refusal(read(&test, &eve, file.id).await), ErrorKind::FileMissing);
    assert_eq!(read(&test, &bob, file.id).await.unwrap(), b"a");

    let direct = test.direct(&ann, &eve).await;
    let sent = send(&test, &ann, direct, carried()).await;
    assert_eq!(read(&test, &eve, file.id).await.unwrap(), b"a");
    let message_id = sent.view.message.id;
    test.core
        .execute(&ann, RecallMessage { message_id })
        .await
        .unwrap();
    assert_eq!(refusal(read(&test, &eve, file.id).await), ErrorKind::FileMissing);
}

async fn a_deleted_file_is_gone_with_its_bytes(test: TestCore) {
    let (ann, bob) = (test.user("ann").await, test.user("bob").await);
    let file = upload(&test, &ann, "a.txt", b"a").await.file;
    let other = upload(&test, &bob, "b.txt", b"b").await.file;
    assert_eq!(test.kept().await, 2);
    let both = test.core.delete_files(&ann, vec![file.id, other.id]).await;
    assert_eq!(refusal(both), ErrorKind::FileMissing);
    assert_eq!(read(&test, &ann, file.id).await.unwrap(), b"a", "all or none");
    test.core.delete_files(&ann, vec![file.id]).await.unwrap();
    assert_eq!(refusal(read(&test, &ann, file.id).await), ErrorKind::FileMissing);
    let again = test.core.delete_files(&ann, vec![file.id]).await;
    assert_eq!(refusal(again), ErrorKind::FileMissing);
    assert_eq!(test.kept().await, 1);
    let next = upload(&test, &ann, "c.txt", b"c").await.file;
    assert!(next.id > other.id, "numbers are not used again");
}

async fn a_file_that_is_not_kept_leaves_nothing(test: TestCore) {
    let mut incoming = test.core.receive_file(1 << 20).await.unwrap();
    incoming.write(b"half of").await.unwrap();
    assert_eq!(test.files_in("incoming"), 1);
    drop(incoming);
    assert_eq!(test.files_in("incoming"), 0);
}

#[tokio::test]
async fn a_start_completes_what_was_committed_and_removes_what_was_not() {
    let test = TestCore::start().await;
    let ann = test.user("ann").await;
    let file = upload(&test, &ann, "a.txt", b"a").await.file;
    let root = test.directory.path().join("files");
    let key = &file.storage_key;
    let kept = root.join("kept").join(&key[..2]).join(&key[2..4]).join(key);
    // As a crash between the commit and the move leaves it.
    std::fs::rename(&kept, root.join("incoming").join(key)).unwrap();
    std::fs::write(root.join("incoming").join("f".repeat(32)), "never committed").unwrap();
    std::fs::create_dir(root.join("chunks").join("e".repeat(32))).unwrap();
    let test = test.restart().await;
    assert_eq!(read(&test, &ann, file.id).await.unwrap(), b"a");
    assert_eq!(test.files_in("incoming"), 0);
    assert!(!root.join("chunks").join("e".repeat(32)).exists());
}

#[tokio::test]
async fn names_are_for_showing_only() {
    let test = TestCore::start().await;
    let ann = test.user("ann").await;
    for (given, kept) in [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\照片.png", "照片.png"),
        ("a\r\nX-Evil: 1.txt", "aX-Evil: 1.txt"),
        ("..", "file"),
        ("", "file"),
    ] {
        let file = upload(&test, &ann, given, b"").await.file;
        assert_eq!(file.name, kept);
        assert_eq!(read(&test, &ann, file.id).await.unwrap(), b"");
    }
    let long = upload(&test, &ann, &format!("{}.pdf", "长".repeat(400)), b"")
        .await
        .file;
    assert_eq!(long.name.chars().count(), NAME_CHARS_MAX);
    assert!(long.name.ends_with(".pdf"));
}

#[tokio::test]
async fn lists_and_statistics_show_the_callers_own() {
    let test = TestCore::start().await;
    let (ann, bob) = (test.user("ann").await, test.user("bob").await);
    let picture = upload(&test, &ann, "a.png", PNG).await.file;
    let text = upload(&test, &ann, "a.txt", b"text").await.file;
    upload(&test, &bob, "b.txt", b"not ann's").await;
    test.core
        .execute(&ann, CountDownload { file_id: text.id })
        .await
        .unwrap();
    let list = |category| OwnFiles {
        category,
        before: None,
        limit: 100,
    };
    let ids = |views: Vec<FileView>| views.into_iter().map(|view| view.file.id).collect::<Vec<_>>();
    let all = test.core.query(&ann, list(None)).await.unwrap();
    assert_eq!(all[0].owner.as_ref().unwrap().uid, "ann");
    assert_eq!(ids(all), [text.id, picture.id]);
    let pictures = test.core.query(&ann, list(Some(Category::Image))).await.unwrap();
    assert_eq!(ids(pictures), [picture.id]);
    let since = vec![test.core.now(), test.core.now() + 1];
    let totals = test.core.query(&ann, FileStatistics { since }).await.unwrap();
    assert_eq!(totals.since, [2, 0]);
    let documents = totals
        .categories
        .iter()
        .find(|total| total.category == Category::Document)
        .unwrap();
    assert_eq!((documents.files, documents.bytes, documents.downloads), (1, 4, 1));
}

async fn a_new_picture_takes_the_place_of_the_old_one(test: TestCore) {
    let ann = test.user("ann").await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        let mut incoming = test.core.receive_file(1 << 20).await.unwrap();
        incoming.write(PNG).await.unwrap();
        let key = incoming.storage_key().to_owned();
        let url = format!("/uploads/{key}.png");
        test.core
            .change_avatar(&ann, incoming, "me.png", url)
            .await
            .unwrap();
        keys.push(key);
    }
    assert_eq!(
        refusal(test.core.open_public_file(&keys[0]).await),
        ErrorKind::FileMissing
    );
    test.core.open_public_file(&keys[1]).await.unwrap();
    assert_eq!(test.kept().await, 1);
    let mut incoming = test.core.receive_file(1 << 20).await.unwrap();
    incoming.write(b"<svg/>").await.unwrap();
    let svg = test
        .core
        .change_avatar(&ann, incoming, "me.png", String::new())
        .await;
    assert_eq!(refusal(svg), ErrorKind::Invalid);
    let private = upload(&test, &ann, "a.png", PNG).await.file;
    let opened = test.core.open_public_file(&private.storage_key).await;
    assert_eq!(refusal(opened), ErrorKind::FileMissing);
}

async fn chunks_survive_a_restart_and_become_one_file(test: TestCore) {
    let (ann, bob) = (test.user("ann").await, test.user("bob").await);
    let whole: Vec<u8> = (0..CHUNK * 2 + 100).map(|n| (n % 251) as u8).collect();
    let place = test
        .core
        .begin_upload(&ann, announced(whole.len(), None))
        .await
        .unwrap();
    let id = place.upload.id.clone();
    assert_eq!((place.upload.chunks(), place.percent()), (3, 0));
    test.chunk(&ann, &id, 3, &whole[CHUNK * 2..]).await.unwrap();
    test.chunk(&ann, &id, 1, &whole[..CHUNK]).await.unwrap();
    let foreign = test.chunk(&bob, &id, 2, &whole[CHUNK..CHUNK * 2]).await;
    assert_eq!(refusal(foreign), ErrorKind::FileMissing);

    let test = test.restart().await;
    let place = test
        .core
        .execute(
            &ann,
            ResumeUpload {
                upload_id: id.clone(),
            },
        )
        .await
        .unwrap();
    assert_eq!((place.chunks.as_slice(), place.percent()), (&[1, 3][..], 66));
    let early = test.core.finish_upload(&ann, &id, None).await.unwrap_err();
    assert!(early.detail.ends_with(": 2"), "{early}");
    test.chunk(&ann, &id, 2, &whole[CHUNK..CHUNK * 2]).await.unwrap();
    let wrong = test.core.finish_upload(&ann, &id, Some(&"0".repeat(32))).await;
    assert_eq!(refusal(wrong), ErrorKind::Invalid);
    let (one, two) = tokio::join!(
        test.core.finish_upload(&ann, &id, None),
        test.core.finish_upload(&ann, &id, None)
    );
    let file = one.unwrap().file;
    assert_eq!(file.id, two.unwrap().file.id);
    assert_eq!(read(&test, &ann, file.id).await.unwrap(), whole);
    assert_eq!(
        (
            test.kept().await,
            test.files_in("incoming"),
            test.files_in("chunks")
        ),
        (1, 0, 0)
    );
}

#[tokio::test]
async fn what_the_owner_has_already_is_not_asked_for_again() {
    let test = TestCore::start().await;
    let (ann, bob) = (test.user("ann").await, test.user("bob").await);
    let file = upload(&test, &ann, "a.txt", b"a").await.file;
    let announce = || announced(1, Some(&file.md5));
    let own = test.core.begin_upload(&ann, announce()).await.unwrap();
    assert_eq!(own.file.as_ref().unwrap().file.id, file.id);
    let merged = test.core.finish_upload(&ann, &own.upload.id, None).await.unwrap();
    assert_eq!(merged.file.id, file.id);
    let others = test.core.begin_upload(&bob, announce()).await.unwrap();
    assert!(others.file.is_none(), "what others have does not show");
    let again = test.core.begin_upload(&bob, announce()).await.unwrap();
    assert_eq!(again.upload.id, others.upload.id, "an unfinished upload goes on");
    test.core.delete_files(&ann, vec![file.id]).await.unwrap();
    let gone = test.core.finish_upload(&ann, &own.upload.id, None).await;
    assert_eq!(refusal(gone), ErrorKind::FileMissing);
}

#[tokio::test]
async fn chunks_that_do_not_fit_are_refused() {
    let test = TestCore::start().await;
    let ann = test.user("ann").await;
    let place = test
        .core
        .begin_upload(&ann, announced(CHUNK + 1, None))
        .await
        .unwrap();
    let id = &place.upload.id;
    for (number, bytes) in [
        (0, &b"x"[..]),
        (3, b"x"),
        (-1, b"x"),
        (2, b"xx"),
        (1, b"x"),
        (i64::MAX, b"x"),
    ] {
        assert_eq!(
            refusal(test.chunk(&ann, id, number, bytes).await),
            ErrorKind::Invalid
        );
    }
    for odd in ["", "../..", "nope", "\0", &"a".repeat(10_000)] {
        assert_eq!(
            refusal(test.chunk(&ann, odd, 1, b"x").await),
            ErrorKind::FileMissing
        );
    }
    test.core
        .execute(
            &ann,
            PauseUpload {
                upload_id: id.clone(),
            },
        )
        .await
        .unwrap();
    assert_eq!(refusal(test.chunk(&ann, id, 2, b"x").await), ErrorKind::Invalid);
    test.core
        .execute(
            &ann,
            ResumeUpload {
                upload_id: id.clone(),
            },
        )
        .await
        .unwrap();
    test.chunk(&ann, id, 2, b"x").await.unwrap();
    assert_eq!(test.files_in("incoming"), 0);
}

#[tokio::test]
async fn uploads_are_bounded_in_size_and_number() {
    let test = TestCore::start().await;
    let ann = test.user("ann").await;
    let begin = async |upload| test.core.begin_upload(&ann, upload).await;
    let most = usize::try_from(test.core.limits().upload_bytes_max).unwrap();
    assert_eq!(
        refusal(begin(announced(most + 1, None)).await),
        ErrorKind::TooLarge
    );
    let negative = NewUpload {
        size: -1,
        ..announced(0, None)
    };
    assert_eq!(refusal(begin(negative).await), ErrorKind::Invalid);
    let thin = NewUpload {
        chunk_size: Some(1),
        ..announced(1, None)
    };
    assert_eq!(refusal(begin(thin).await), ErrorKind::Invalid);
    assert_eq!(
        refusal(begin(announced(1, Some("not an md5"))).await),
        ErrorKind::Invalid
    );
    let mut last = String::new();
    for _ in 0..20 {
        last = begin(announced(1, None)).await.unwrap().upload.id;
    }
    assert_eq!(refusal(begin(announced(1, None)).await), ErrorKind::Invalid);
    test.core.cancel_upload(&ann, &last).await.unwrap();
    begin(announced(1, None)).await.unwrap();
}

#[tokio::test]
async fn an_upload_that_nobody_finishes_is_swept_away() {
    let test = TestCore::start().await;
    let ann = test.user("ann").await;
    let place = test
        .core
        .begin_upload(&ann, announced(CHUNK + 1, None))
        .await
        .unwrap();
    let upload_id = place.upload.id;
    test.chunk(&ann, &upload_id, 2, b"x").await.unwrap();
    test.core.sweep_files().await;
    assert_eq!(test.files_in("chunks"), 1, "its time is not over");
    test.clock.advance_seconds(24 * 60 * 60);
    let expired = test.core.query(&ann, UploadById { upload_id }).await;
    assert_eq!(refusal(expired), ErrorKind::FileMissing);
    test.core.sweep_files().await;
    assert_eq!(test.files_in("chunks"), 0);
}
