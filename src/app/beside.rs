//! The file beside the store that a restored store is held against: what was revoked, and what else must not come undone.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use crate::broker::Beside;

/// The file of a store.
pub(super) fn path(store: &Path) -> PathBuf {
    let name = store.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    store.with_file_name(format!("{name}.revoked"))
}

/// The file.
pub(super) struct FileBeside(pub(super) PathBuf);

impl Beside for FileBeside {
    fn lines(&self) -> io::Result<Vec<String>> {
        let text = match fs::read(&self.0) {
            // What has rotted is no line that anybody signed; the others are.
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        // Half a line is what a cut of the power leaves.
        let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
        Ok(whole.lines().map(str::to_owned).collect())
    }

    fn add(&self, lines: &[String]) -> io::Result<()> {
        let new = !self.0.exists();
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.0)?;
        let text = fs::read(&self.0)?;
        if let Some(half) = text.rsplit(|byte| *byte == b'\n').next().filter(|half| !half.is_empty()) {
            file.set_len((text.len() - half.len()) as u64)?;
        }
        file.write_all(lines.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes())?;
        file.sync_all()?;
        let parent = self.0.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if new { File::open(parent)?.sync_all() } else { Ok(()) }
    }

    fn replace(&self, lines: &[String], now: Timestamp) -> io::Result<String> {
        let parent = self.0.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let kept = self.0.with_extension(format!("revoked-damaged-{}", now.as_second()));
        let next = self.0.with_extension("revoked-next");
        match fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
        file.write_all(lines.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes())?;
        file.sync_all()?;
        // Two names of one file for a moment: killed in between, what is there is the old list or the new one, whole.
        match fs::hard_link(&self.0, &kept) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        fs::rename(&next, &self.0)?;
        File::open(parent)?.sync_all()?;
        Ok(kept.display().to_string())
    }

    fn put_aside(&self) -> io::Result<()> {
        fs::rename(&self.0, self.0.with_extension("revoked-of-another-store"))
    }
}
