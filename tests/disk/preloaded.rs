//! `disk.c`, made into a library and put in front of the C library of a daemon: what it wrote, what fails, and what the clock says.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::daemon::Daemon;

/// Calls that can be made to fail; added up.
pub const WRITES: i64 = 1;
pub const SYNCS: i64 = 2;
pub const READS: i64 = 4;

/// What the machine says when it refuses.
pub const EIO: i64 = 5;
pub const ENOSPC: i64 = 28;
pub const EROFS: i64 = 30;

/// Places in the file that says what fails.
const WHICH: u64 = 0;
const ERROR: u64 = 8;
const AFTER: u64 = 16;
const TIMES: u64 = 24;
const CLOCK: u64 = 32;
const FAILED: u64 = 40;
const LATE: u64 = 48;
const CONTROL: usize = 56;

/// The disk below the data of a daemon.
pub struct Disk {
    log: PathBuf,
    control: File,
}

/// One thing that was done.
#[derive(Debug)]
pub enum Did {
    Wrote {
        inode: u64,
        offset: u64,
        data: Vec<u8>,
    },
    Cut {
        inode: u64,
        length: u64,
    },
    /// A sync that ended later is of what was written before this.
    Began {
        inode: u64,
    },
    Synced {
        inode: u64,
        path: PathBuf,
    },
    Made {
        inode: u64,
        path: PathBuf,
    },
    Folder(PathBuf),
    Renamed(PathBuf, PathBuf),
    Linked(PathBuf, PathBuf),
    Removed(PathBuf),
}

/// One thing that was done, and how long the log was then.
#[derive(Debug)]
pub struct Event {
    pub end: u64,
    pub did: Did,
}

impl Did {
    /// What was done, in short.
    pub fn words(&self) -> String {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match self {
            Self::Wrote { inode, offset, data } => format!("{} bytes at {offset} of {inode}", data.len()),
            Self::Cut { inode, length } => format!("{inode} cut to {length}"),
            Self::Began { inode } => format!("{inode} is synced"),
            Self::Synced { path, .. } => format!("{} synced", name(path)),
            Self::Made { inode, path } => format!("{} made as {inode}", name(path)),
            Self::Folder(path) => format!("folder {}", name(path)),
            Self::Renamed(from, to) => format!("{} renamed to {}", name(from), name(to)),
            Self::Linked(from, to) => format!("{} linked to {}", name(from), name(to)),
            Self::Removed(path) => format!("{} removed", name(path)),
        }
    }
}

impl Disk {
    /// Puts a disk below a daemon that is not started yet; none where there is no C compiler, which every linker of Rust is.
    pub fn below(daemon: &mut Daemon) -> Self {
        let root = daemon.folder("").canonicalize().unwrap();
        let (log, control) = (root.join("disk.log"), root.join("disk.control"));
        fs::write(&control, [0; CONTROL]).unwrap();
        daemon.environment("LD_PRELOAD", library().to_owned());
        daemon.environment("DISK_DIR", root.join("data"));
        daemon.environment("DISK_LOG", log.clone());
        daemon.environment("DISK_CONTROL", control.clone());
        let control = File::options().read(true).write(true).open(control).unwrap();
        Self { log, control }
    }

    fn set(&self, at: u64, value: i64) {
        self.control.write_all_at(&value.to_ne_bytes(), at).unwrap();
    }

    /// So many of these calls succeed, and all that come then fail.
    pub fn refuse(&self, which: i64, error: i64, after: i64) {
        self.heal();
        for (at, value) in [(FAILED, 0), (ERROR, error), (AFTER, after), (TIMES, -1), (LATE, 0), (WHICH, which)] {
            self.set(at, value);
        }
    }

    /// So many of these calls succeed, the one after them fails after so many milliseconds, and the others go on meanwhile.
    pub fn refuse_one_late(&self, which: i64, error: i64, after: i64, milliseconds: i64) {
        self.heal();
        let values = [(FAILED, 0), (ERROR, error), (AFTER, after), (TIMES, 1), (LATE, milliseconds), (WHICH, which)];
        values.into_iter().for_each(|(at, value)| self.set(at, value));
    }

    /// Nothing fails any longer.
    pub fn heal(&self) {
        self.set(WHICH, 0);
    }

    /// The clock is so many seconds ahead of the machine's.
    pub fn clock(&self, seconds: i64) {
        self.set(CLOCK, seconds);
    }

    /// How many calls have failed.
    pub fn failed(&self) -> i64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, FAILED).unwrap();
        i64::from_ne_bytes(bytes)
    }

    /// Where the log lies.
    pub fn log(&self) -> PathBuf {
        self.log.clone()
    }

    /// How long a log is: what was done before this moment stands before this place.
    pub fn length(log: &Path) -> u64 {
        fs::metadata(log).map_or(0, |log| log.len())
    }

    /// What was done since the log was last forgotten.
    pub fn events(&self) -> Vec<Event> {
        let bytes = fs::read(&self.log).unwrap();
        let (mut events, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let number = |place: usize| u64::from_ne_bytes(bytes[at + place..at + place + 8].try_into().unwrap());
            let short = |place: usize| usize::from(u16::from_ne_bytes([bytes[at + place], bytes[at + place + 1]]));
            assert_eq!(bytes[at..at + 4], 0x4b53_4944_u32.to_ne_bytes(), "the log at {at}");
            let (what, inode, offset, length) = (number(8), number(16), number(24), number(32));
            let first = at + 40;
            let second = first + short(4);
            let data = second + short(6);
            let text = |from: usize, to: usize| PathBuf::from(std::str::from_utf8(&bytes[from..to]).unwrap());
            let (path, other) = (text(first, second), text(second, data));
            at = data;
            let did = match u8::try_from(what).unwrap() {
                b'W' => {
                    at += usize::try_from(length).unwrap();
                    Did::Wrote { inode, offset, data: bytes[data..at].to_vec() }
                }
                b'T' => Did::Cut { inode, length },
                b'B' => Did::Began { inode },
                b'E' => Did::Synced { inode, path },
                b'C' => Did::Made { inode, path },
                b'D' => Did::Folder(path),
                b'R' => Did::Renamed(path, other),
                b'L' => Did::Linked(path, other),
                b'U' => Did::Removed(path),
                other => panic!("the log says {other}"),
            };
            events.push(Event { end: at as u64, did });
        }
        events
    }

    /// Begins a new log; the daemon is not running.
    pub fn forget(&self) {
        let _ = fs::remove_file(&self.log);
    }
}

/// The library, made once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = LIBRARY.get_or_init(|| {
        let place = tempfile::tempdir().unwrap();
        let library = place.path().join("disk.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/disk/disk.c");
        let made =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").output();
        let made = made.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        (place, library)
    });
    library
}
