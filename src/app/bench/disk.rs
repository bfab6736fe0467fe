//! What the disk could do: as many bytes as a submission is, appended and made durable, one after another.

use std::{fs::File, io::Write, path::Path, time::Duration};

use super::measure::Tally;
use crate::{app::failure::Failure, platform::clock::Stopwatch};

/// About what a submission of the benchmark takes in the store.
const BYTES: usize = 6_000;

/// Appends and syncs for `time`.
pub(super) async fn appended(folder: &Path, time: Duration) -> Result<Tally, Failure> {
    let file = folder.join("appended");
    let done = tokio::task::spawn_blocking(move || {
        let mut into = File::options().append(true).create(true).open(&file)?;
        let (all, mut tally) = (Stopwatch::start(), Tally::default());
        while all.spent() < time {
            let one = Stopwatch::start();
            into.write_all(&[b'h'; BYTES])?;
            into.sync_data()?;
            tally.note(one.spent(), 1);
        }
        std::fs::remove_file(&file)?;
        Ok::<_, std::io::Error>(tally.took(all.spent()))
    });
    let done = done.await.map_err(|error| Failure::other(error.to_string()))?;
    done.map_err(|error| Failure::other(format!("the disk: {error}")))
}
