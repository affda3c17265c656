//! Cleaning up: what an interrupted run has left, uploads that nobody finished, bytes of deleted files.

use std::sync::Weak;
use std::time::Duration;

use crate::account::Actor;
use crate::command::{ExpireUploads, ForgetErasures};
use crate::core::{Core, Inner};
use crate::error::Result;
use crate::files::blob::{disk_error, is_key};
use crate::query::{HasFile, HasUpload, PendingErasures};
use crate::types::DEFAULT_TENANT;

/// Pause between two sweeps.
const SWEEP_INTERVAL: Duration = Duration::from_secs(600);
/// Rounds of one sweep; what is left then waits for the next.
const ROUNDS_MAX: usize = 100;

/// Puts rows and bytes right after an interrupted run. To be done before anything new comes in.
pub(crate) async fn settle(core: &Core) -> Result<()> {
    let blobs = core.blobs();
    let system = Actor::system(DEFAULT_TENANT);
    for name in blobs.left().await.map_err(|error| disk_error(&error))? {
        let known = HasFile {
            storage_key: name.clone(),
        };
        if is_key(&name) && core.query(&system, known).await? {
            let promoted = blobs.promote_left(&name).await;
            promoted.map_err(|error| disk_error(&error))?;
        } else if let Err(error) = blobs.erase_left(&name).await {
            // An object store that does not answer now would not for the others either. The next start tries again.
            tracing::warn!(%error, "what an interrupted run has left could not be erased");
            break;
        }
    }
    for upload_id in blobs.uploads().await.map_err(|error| disk_error(&error))? {
        let unfinished = HasUpload {
            upload_id: upload_id.clone(),
        };
        if is_key(&upload_id) && !core.query(&system, unfinished).await? {
            core.erase_chunks(&upload_id).await;
        }
    }
    core.erase_deleted().await;
    Ok(())
}

/// Sweeps from time to time until the core is gone.
pub(crate) async fn run(core: Weak<Inner>) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        match core.upgrade() {
            Some(inner) => Core { inner }.sweep_files().await,
            None => return,
        }
    }
}

impl Core {
    /// Forgets uploads whose time is over and erases what belongs to nobody.
    pub(crate) async fn sweep_files(&self) {
        for _ in 0..ROUNDS_MAX {
            match self.execute_as_system(ExpireUploads).await {
                Ok(expired) if expired.is_empty() => break,
                Ok(expired) => {
                    for upload_id in expired {
                        self.erase_chunks(&upload_id).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "expired uploads could not be forgotten");
                    break;
                }
            }
        }
        self.erase_deleted().await;
    }

    /// Erases the bytes of deleted files. What fails is tried again by the next sweep.
    pub(crate) async fn erase_deleted(&self) {
        for _ in 0..ROUNDS_MAX {
            match self.erase_some().await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "bytes of deleted files could not be erased yet");
                    return;
                }
            }
        }
    }

    async fn erase_some(&self) -> Result<usize> {
        let system = Actor::system(DEFAULT_TENANT);
        let keys = self.query(&system, PendingErasures).await?;
        for key in &keys {
            self.blobs().erase(key).await?;
        }
        let count = keys.len();
        if count > 0 {
            self.execute_as_system(ForgetErasures { keys }).await?;
        }
        Ok(count)
    }
}
