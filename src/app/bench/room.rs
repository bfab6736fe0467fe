//! Looks at the disk before anything is written to it.

use std::path::Path;

use crate::{
    app::{failure::Failure, print},
    platform::disk,
};

/// Bytes of disk that a record takes at the most: measured were 36 KB, and 42 KB with its settlement.
const BYTES_A_RECORD: u64 = 60_000;
/// With room for fewer nothing is measured.
const FEWEST: u64 = 5_000;

/// How many records there is room for, `wanted` at the most.
pub(super) fn for_at_most(folder: &Path, wanted: u64) -> Result<u64, Failure> {
    let fit = free(folder)? / BYTES_A_RECORD;
    if fit < wanted.min(FEWEST) { Err(too_full(folder, wanted.min(FEWEST), fit)) } else { Ok(wanted.min(fit)) }
}

/// Refuses where there is no room for all of them.
pub(super) fn for_all(folder: &Path, records: u64) -> Result<(), Failure> {
    let fit = free(folder)? / BYTES_A_RECORD;
    if fit < records { Err(too_full(folder, records, fit)) } else { Ok(()) }
}

fn free(folder: &Path) -> Result<u64, Failure> {
    let failed = |error: std::io::Error| Failure::unavailable(format!("the disk cannot be looked at: {error}"));
    if disk::is_memory(folder).map_err(failed)? {
        let words =
            format!("{} is memory, no disk: what is measured there is not durable. --folder DIR", folder.display());
        print::problem(&words);
    }
    disk::free_bytes(folder).map_err(failed)
}

fn too_full(folder: &Path, records: u64, fit: u64) -> Failure {
    let gigabytes = |records: u64| records.saturating_mul(BYTES_A_RECORD) as f64 / 1e9;
    let words = format!(
        "{records} records may need {:.1} GB, and where {} lies {:.1} GB are free",
        gigabytes(records),
        folder.display(),
        gigabytes(fit)
    );
    Failure::unavailable(words).advise("take another disk with --folder, or fewer --records")
}
