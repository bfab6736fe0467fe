//! Opening what must be a file: a pipe or a device in its place is neither waited for nor read.

use std::{fs::File, io, path::Path};

use rustix::fs::{Mode, OFlags};

/// Opens the file at `path` for reading.
///
/// # Errors
/// It cannot be opened, or is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    // Looked at first, for some devices do something when they are opened.
    regular(std::fs::metadata(path)?.is_file())?;
    let file = File::from(rustix::fs::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?);
    // Whatever was put there since.
    regular(file.metadata()?.is_file())?;
    Ok(file)
}

fn regular(is_file: bool) -> io::Result<()> {
    if is_file { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "is no file")) }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_file_opens_and_a_device_or_a_folder_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "text").unwrap();
        let mut text = String::new();
        open(&file).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
        for other in [folder.path(), Path::new("/dev/zero")] {
            assert_eq!(open(other).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{other:?}");
        }
        assert_eq!(open(&folder.path().join("nothing")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
