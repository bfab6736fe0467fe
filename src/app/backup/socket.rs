//! The daemon's side of a backup: a socket in the store's folder, for whoever may look into that folder and nobody else.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{UnixListener, UnixStream},
    sync::{Mutex, mpsc},
    task::{JoinHandle, JoinSet},
};

use super::frames::{self, CHECKPOINT, FAR, FAULT, KEPT, KNOWN, MANIFEST, PART, SET, THERE};
use crate::broker::{BackupSet, BackupStep, Broker};

/// All of a backup is kept, and the list beside the store does not say so.
const UNWRITTEN: &str =
    "the backup is whole, but the list beside the store cannot be written: mend that, and run it again";
/// Steps on their way.
const AHEAD: usize = 4;
/// Whoever connects says within this what it wants.
const FIRST_WORDS: Duration = Duration::from_secs(10);
/// So many may have connected and not said it, or wait for the one before.
const MOST: usize = 8;
/// A step is taken within this, or nobody takes it.
const TAKEN_WITHIN: Duration = Duration::from_secs(120);
/// After this long it listens again, where the machine had no room for one more.
const AGAIN: Duration = Duration::from_secs(1);

/// Where it is.
pub(in crate::app) fn path(store: &Path) -> PathBuf {
    store.join("backup.sock")
}

/// Listening for whoever wants a backup.
pub(in crate::app) struct Listening {
    path: PathBuf,
    task: Option<JoinHandle<()>>,
}

impl Listening {
    /// In the folder of the store, which is open: what lies there under this name is left of an earlier daemon.
    pub(in crate::app) fn begin(store: &Path, broker: Arc<Broker>) -> Self {
        let path = path(store);
        let listener = match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => UnixListener::bind(&path),
        };
        let task = match listener {
            Ok(listener) => Some(tokio::spawn(serve(listener, broker))),
            Err(error) => {
                tracing::error!(%error, "no backup can be taken: its socket cannot be made");
                None
            }
        };
        Self { path, task }
    }

    /// No longer.
    pub(in crate::app) fn end(self) {
        if let Some(task) = self.task {
            task.abort();
            // What stays would be taken for that of an earlier daemon.
            let _ = std::fs::remove_file(self.path);
        }
    }
}

/// Takes backups for whoever asks, one after the other. Whoever says nothing keeps nobody waiting.
async fn serve(listener: UnixListener, broker: Arc<Broker>) {
    let (one, mut served) = (Arc::new(Mutex::new(())), JoinSet::new());
    loop {
        while served.len() >= MOST {
            served.join_next().await;
        }
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        let (broker, one) = (Arc::clone(&broker), Arc::clone(&one));
        served.spawn(async move {
            match take(stream, &broker, &one).await {
                Ok(()) => tracing::info!("a backup was taken"),
                Err(error) => tracing::warn!(%error, "a backup ended before it was whole"),
            }
        });
        while served.try_join_next().is_some() {}
    }
}

async fn take(mut stream: UnixStream, broker: &Broker, one: &Mutex<()>) -> io::Result<()> {
    let stream = &mut stream;
    let by = stream.peer_cred().map(|peer| format!("uid:{}", peer.uid())).unwrap_or_default();
    let asked = tokio::time::timeout(FIRST_WORDS, asked(stream)).await;
    let (set, there) = asked.map_err(|_| io::Error::other("nobody said what is wanted"))??;
    let _alone = one.lock().await;
    let (steps, given) = mpsc::channel(AHEAD);
    let taking = async {
        let taken = broker.back_up(&by, set, &there, &steps).await;
        drop(steps);
        taken
    };
    let sending = async {
        // Gone with whoever does not take it, so that nobody goes on giving.
        let mut given = given;
        while let Some(step) = given.recv().await {
            let sent = tokio::time::timeout(TAKEN_WITHIN, send(stream, step)).await;
            sent.map_err(|_| io::Error::other("nobody takes what is given"))??;
        }
        Ok::<_, io::Error>(stream)
    };
    let (taken, sent) = tokio::join!(taking, sending);
    let stream = sent?;
    match taken {
        Ok(given) => {
            let kept = tokio::time::timeout(TAKEN_WITHIN, frames::receive(stream)).await;
            let (KEPT, _) = kept.map_err(|_| unsaid())?? else { return Err(unsaid()) };
            if broker.backup_is_whole(&given) {
                return frames::send(stream, KEPT, &[]).await;
            }
            frames::send(stream, FAULT, &[UNWRITTEN.as_bytes()]).await?;
            Err(io::Error::other(UNWRITTEN))
        }
        Err(error) => {
            // The words of the broker's errors are for whoever runs the machine, which this is.
            frames::send(stream, FAULT, &[error.to_string().as_bytes()]).await?;
            Err(io::Error::other(error.to_string()))
        }
    }
}

fn unsaid() -> io::Error {
    io::Error::other("nobody said that all of it is kept")
}

/// The set and the parts that are there.
async fn asked(stream: &mut UnixStream) -> io::Result<(Option<BackupSet>, HashSet<String>)> {
    let unreadable = || io::Error::other("it is not a backup that was asked for");
    let text = |bytes| String::from_utf8(bytes).map_err(|_| unreadable());
    let (SET, set) = frames::receive(stream).await? else { return Err(unreadable()) };
    let (THERE, there) = frames::receive(stream).await? else { return Err(unreadable()) };
    let set = text(set)?;
    let set = if set.is_empty() { None } else { Some(BackupSet::read(&set).ok_or_else(unreadable)?) };
    Ok((set, text(there)?.lines().map(str::to_owned).collect()))
}

async fn send(stream: &mut UnixStream, step: BackupStep) -> io::Result<()> {
    match step {
        BackupStep::Set(text) => frames::send(stream, SET, &[text.as_bytes()]).await,
        BackupStep::Part { name, sealed, done, of } => {
            match sealed {
                Some(sealed) => frames::send(stream, PART, &[name.as_bytes(), &sealed]).await?,
                None => frames::send(stream, KNOWN, &[name.as_bytes()]).await?,
            }
            frames::send(stream, FAR, &[&done.to_be_bytes(), &of.to_be_bytes()]).await
        }
        BackupStep::End { manifest, checkpoint } => {
            frames::send(stream, CHECKPOINT, &[checkpoint.as_bytes()]).await?;
            frames::send(stream, MANIFEST, &[&manifest]).await
        }
    }
}
