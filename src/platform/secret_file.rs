//! Files that hold keys: read only when nobody else can, made once and never overwritten.
//!
//! Errors name the path and what to do, never the content.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use zeroize::Zeroizing;

/// No secret we keep is larger; a larger file is a mistake.
const LARGEST: u64 = 1 << 20;
const OTHERS: u32 = 0o077;
/// What a credential may not have: it may be read by whom its access control list names.
const BEYOND_MASK: u32 = 0o037;

/// Why a file was not read or not made.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Others can read or write the file.
    #[error("{path} can be used by others (mode {mode:04o}); run: chmod 600 '{path}'")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A symbolic link could point anywhere by the time it is followed.
    #[error(
        "{path} is a symbolic link; put the file itself there, run: \
         cp --remove-destination \"$(readlink -f '{path}')\" '{path}' && chmod 600 '{path}'"
    )]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A directory, a device, or a file too large to be a secret.
    #[error("{path} is not a plain file of at most 1 MiB")]
    NotPlain {
        /// The path.
        path: PathBuf,
    },
    /// It is there already and is never overwritten.
    #[error("{path} exists and is never overwritten; move it away first if you mean to replace it")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The operating system said no.
    #[error("{path}: {source}")]
    Io {
        /// The path.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Reads a secret of mode 0600 or stricter. Symbolic links and looser modes are refused with the command that helps.
pub fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(path, OTHERS)
}

/// Reads a secret that the service manager laid into a folder for this service alone. It gives the service's user access
/// by an access control list, whose mask stands where a mode has the group's bits.
pub fn read_credential(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(path, BEYOND_MASK)
}

fn read(path: &Path, refused: u32) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let named = fs::symlink_metadata(path).map_err(|source| failed(path, source))?;
    if named.file_type().is_symlink() {
        return Err(FileError::Link { path: path.into() });
    }
    let mut file = File::open(path).map_err(|source| failed(path, source))?;
    let opened = file.metadata().map_err(|source| failed(path, source))?;
    // Somebody may have swapped the file between the look and the opening.
    let same = (named.dev(), named.ino()) == (opened.dev(), opened.ino());
    if !same || !opened.is_file() || opened.len() > LARGEST {
        return Err(FileError::NotPlain { path: path.into() });
    }
    let mode = opened.mode() & 0o7777;
    if mode & refused != 0 {
        return Err(FileError::TooOpen { path: path.into(), mode });
    }
    // The buffer never grows while it is read, so no copy of the secret stays behind in freed memory.
    let mut content = Zeroizing::new(vec![0; usize::try_from(opened.len()).unwrap_or(0)]);
    file.read_exact(&mut content).map_err(|source| failed(path, source))?;
    Ok(content)
}

/// Makes a file of mode 0600 with `content`, complete and on disk, or leaves nothing; never overwrites.
pub fn create_secret(path: &Path, content: &[u8]) -> Result<(), FileError> {
    create(path, content, 0o600)
}

/// As [`create_secret`], for what others may read (mode 0644): certificates, an endpoint.
pub fn create_public(path: &Path, content: &[u8]) -> Result<(), FileError> {
    create(path, content, 0o644)
}

/// Puts `content` in place of a file that others may read (mode 0644), complete and on disk: a list that is made anew.
pub fn replace_public(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let unfinished = unfinished_name(path);
    let written = write_new(&unfinished, content, 0o644).and_then(|()| fs::rename(&unfinished, path));
    written.and_then(|()| sync_parent(path)).map_err(|source| {
        let _ = fs::remove_file(&unfinished);
        failed(path, source)
    })
}

/// Makes a new directory of mode 0700, and its parents. An existing *empty* directory is taken and made 0700.
pub fn create_private_dir(path: &Path) -> Result<(), FileError> {
    let occupied = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(source) => return Err(failed(path, source)),
    };
    if occupied {
        return Err(FileError::Exists { path: path.into() });
    }
    ensure_private_dir(path)?;
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .map_err(|source| failed(path, source))
}

/// Makes `path` with mode 0700 if it is not there; leaves an existing directory as it is.
pub fn ensure_private_dir(path: &Path) -> Result<(), FileError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| failed(path, source))
}

/// Appends one line to a file of mode 0600 and waits until it is on disk. The file is made when it is not there.
pub fn append_line(path: &Path, line: &str) -> Result<(), FileError> {
    let append = || -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()
    };
    append().map_err(|source| failed(path, source))
}

fn create(path: &Path, content: &[u8], mode: u32) -> Result<(), FileError> {
    let unfinished = unfinished_name(path);
    write_new(&unfinished, content, mode).map_err(|source| {
        let _ = fs::remove_file(&unfinished);
        failed(path, source)
    })?;
    // A link fails where the name is taken, so nothing is overwritten and nobody sees half a file.
    let linked = fs::hard_link(&unfinished, path);
    let _ = fs::remove_file(&unfinished);
    match linked {
        Ok(()) => sync_parent(path).map_err(|source| failed(path, source)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(FileError::Exists { path: path.into() }),
        Err(source) => Err(failed(path, source)),
    }
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A name beside `path` that nobody else uses, so that the link stays within one file system.
fn unfinished_name(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".{name}.{}-{count}.unfinished", std::process::id()))
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

fn failed(path: &Path, source: io::Error) -> FileError {
    FileError::Io { path: path.into(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_secret_comes_back_and_has_mode_0600() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create_secret(&path, b"thirty-two bytes").unwrap();
        assert_eq!(read_secret(&path).unwrap().as_slice(), b"thirty-two bytes");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no unfinished file stays behind");
    }

    #[test]
    fn a_secret_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create_secret(&path, b"first").unwrap();
        assert!(matches!(create_secret(&path, b"second"), Err(FileError::Exists { .. })));
        assert_eq!(read_secret(&path).unwrap().as_slice(), b"first");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_secret_others_can_read_is_refused_with_the_command_that_helps() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create_secret(&path, b"MARKER-CONTENT").unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = read_secret(&path).unwrap_err();
            assert!(matches!(error, FileError::TooOpen { .. }));
            let words = error.to_string();
            assert!(words.contains(&format!("chmod 600 '{}'", path.display())), "{words}");
            assert!(!words.contains("MARKER-CONTENT"));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(read_secret(&path).is_ok(), "stricter is welcome");
    }

    #[test]
    fn a_credential_may_have_the_mask_of_a_list_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create_secret(&path, b"words").unwrap();
        for (mode, taken) in [(0o400, true), (0o440, true), (0o444, false), (0o460, false), (0o404, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_credential(&path).is_ok(), taken, "{mode:o}");
        }
    }

    #[test]
    fn links_directories_and_absent_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("key"), dir.path().join("link"));
        create_secret(&path, b"x").unwrap();
        symlink(&path, &link).unwrap();
        assert!(matches!(read_secret(&link), Err(FileError::Link { .. })));
        assert!(matches!(read_secret(dir.path()), Err(FileError::NotPlain { .. })));
        assert!(matches!(read_secret(&dir.path().join("none")), Err(FileError::Io { .. })));
    }

    #[test]
    fn a_private_directory_is_new_or_empty_and_0700() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        create_private_dir(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o700);
        create_private_dir(&path).unwrap();
        create_secret(&path.join("key"), b"x").unwrap();
        assert!(matches!(create_private_dir(&path), Err(FileError::Exists { .. })));
    }
}
