//! The disk that a folder lies on: how much room is left, and whether it is one.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt, lchown},
    path::Path,
};

/// Bytes that whoever is no superuser may still write.
///
/// # Errors
/// Where the folder cannot be looked at.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Bytes that everything below takes on the disk, holes left out.
///
/// # Errors
/// Where something there cannot be looked at.
pub fn used_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        // The kernel counts in 512 bytes, whatever the disk does.
        bytes += if about.is_dir() { used_bytes(&entry.path())? } else { about.blocks() * 512 };
    }
    Ok(bytes)
}

/// Whether it is memory that is made to look like a disk: nothing there is ever durable.
///
/// # Errors
/// Where the folder cannot be looked at.
pub fn is_memory(folder: &Path) -> io::Result<bool> {
    const TMPFS: u64 = 0x0102_1994;
    let disk = rustix::fs::statfs(folder)?;
    Ok(u64::try_from(disk.f_type).is_ok_and(|kind| kind == TMPFS))
}

/// A file that nobody else has locked, locked for as long as it is held; `None` where somebody has, or there is no such file.
///
/// # Errors
/// Where it cannot be opened.
pub fn locked(path: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{FlockOperation, flock};
    match File::open(path) {
        Ok(file) => Ok(flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok().then_some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Each of two folders on one disk takes the other's name, in one step, and durably.
///
/// # Errors
/// Where one of them is missing, or the disk does not know such a step.
pub fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?;
    fs::File::open(one.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
}

/// Gives a folder, and everything below it, the owner and group of something else, and the folder its mode: so that what root
/// has made for somebody is theirs to use.
///
/// # Errors
/// Where something may not be given away.
pub fn own_as(folder: &Path, like: &fs::Metadata) -> io::Result<()> {
    if fs::metadata(folder)?.mode() & 0o7777 != like.mode() & 0o7777 {
        fs::set_permissions(folder, like.permissions())?;
    }
    give(folder, like)
}

fn give(path: &Path, like: &fs::Metadata) -> io::Result<()> {
    let about = fs::symlink_metadata(path)?;
    if (about.uid(), about.gid()) != (like.uid(), like.gid()) {
        lchown(path, Some(like.uid()), Some(like.gid()))?;
    }
    if about.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), like)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_a_file_locked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert!(locked(&path).unwrap().is_none());
        fs::write(&path, "").unwrap();
        let first = locked(&path).unwrap();
        assert!(first.is_some() && locked(&path).unwrap().is_none());
        drop(first);
        assert!(locked(&path).unwrap().is_some());
    }

    #[test]
    fn the_disk_of_a_folder_is_looked_at() {
        assert!(free_bytes(Path::new("/")).is_ok_and(|bytes| bytes > 0));
        assert!(is_memory(Path::new("/dev/shm")).unwrap());
        assert!(!is_memory(Path::new("/proc")).unwrap());
        let nowhere = Path::new("/nowhere/at/all");
        assert!(free_bytes(nowhere).is_err() && is_memory(nowhere).is_err());
        let used = used_bytes(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))).unwrap();
        assert!((100_000..100_000_000).contains(&used), "{used}");
    }
}
