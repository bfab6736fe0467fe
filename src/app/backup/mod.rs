//! `homeward backup`: the command's side. It asks the daemon through the socket in the store's folder, while that serves, and keeps
//! what it is given. A part is whole or not there: after a break the same command goes on.

mod folder;
mod frames;
mod restore;
mod socket;

use std::{collections::HashSet, io, os::unix::net::UnixStream, path::PathBuf};

use serde_json::json;

use self::{
    folder::Folder,
    frames::{CHECKPOINT, FAR, FAULT, KEPT, KNOWN, MANIFEST, NAME, PART, SET, THERE},
};
pub(super) use self::{
    restore::{RestoreArgs, restore},
    socket::Listening,
};
use super::{config::Config, failure::Failure, print, progress::Progress};

#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    /// Folder to keep it in. One that holds a backup is brought up to date: only what changed is written.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Configuration of the daemon, which must be running.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was written and what was there.
#[derive(Default)]
struct Taken {
    parts: HashSet<String>,
    written: u64,
    bytes: u64,
}

/// Takes a backup.
pub(super) fn backup(args: &BackupArgs) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    let socket = socket::path(&config.store.path);
    let mut stream = UnixStream::connect(&socket).map_err(|error| {
        Failure::unavailable(format!("{}: {error}", socket.display()))
            .advise("the daemon takes the backup: start it, and run this as its user or as root")
    })?;
    let about = |error: io::Error| Failure::other(format!("{}: {error}", args.folder.display()));
    let folder = Folder::ready(&args.folder).map_err(about)?;
    let progress = Progress::new(1);
    progress.says("looking at what is there");
    let there = folder.whole().map_err(about)?;
    let set = folder.file("set").map_err(about)?.unwrap_or_default();
    let names: Vec<&str> = there.iter().map(String::as_str).collect();
    progress.says("taking the backup");
    let asked =
        frames::say(&mut stream, SET, &set).and_then(|()| frames::say(&mut stream, THERE, names.join("\n").as_bytes()));
    asked.map_err(|error| broken(&error))?;
    let taken = take(&mut stream, &folder, &progress)?;
    folder.keep_only(&taken.parts).map_err(about)?;
    drop(progress);
    let (parts, written, bytes) = (taken.parts.len(), taken.written, taken.bytes);
    if args.json {
        print::line(&json!({"parts": parts, "written": written, "bytes": bytes}).to_string());
    } else {
        print::line(&format!(
            "whole: {parts} parts, {written} of them written now ({bytes} bytes), in {}",
            args.folder.display()
        ));
    }
    Ok(())
}

/// Keeps what comes until the manifest does, and the daemon has written down that all of it is kept.
fn take(stream: &mut UnixStream, folder: &Folder, progress: &Progress) -> Result<Taken, Failure> {
    let mut taken = Taken::default();
    let kept = |kept: io::Result<()>| kept.map_err(|error| Failure::other(format!("the backup's folder: {error}")));
    loop {
        let (kind, bytes) = frames::hear(stream).map_err(|error| broken(&error))?;
        match kind {
            SET => kept(folder.put("set", &[&bytes]))?,
            KNOWN => {
                taken.parts.insert(named(&bytes)?);
            }
            PART => {
                let (name, sealed) = bytes.split_at_checked(NAME).ok_or_else(unreadable)?;
                let name = named(name)?;
                kept(folder.put_part(&name, sealed))?;
                taken.written += 1;
                taken.bytes += sealed.len() as u64;
                taken.parts.insert(name);
            }
            FAR => {
                let (done, of) = bytes.split_first_chunk::<8>().ok_or_else(unreadable)?;
                progress.of(u64::from_be_bytes(of.try_into().map_err(|_| unreadable())?));
                progress.at(u64::from_be_bytes(*done));
            }
            CHECKPOINT => kept(folder.put("checkpoint", &[&bytes]))?,
            MANIFEST => {
                kept(folder.put("manifest", &[&bytes]))?;
                frames::say(stream, KEPT, &[]).map_err(|error| broken(&error))?;
            }
            KEPT => return Ok(taken),
            FAULT => return Err(Failure::unavailable(String::from_utf8_lossy(&bytes).into_owned())),
            _ => return Err(unreadable()),
        }
    }
}

/// The name of a part: it becomes that of a file.
fn named(bytes: &[u8]) -> Result<String, Failure> {
    let hexadecimal = bytes.len() == NAME && bytes.iter().all(u8::is_ascii_hexdigit);
    if !hexadecimal {
        return Err(unreadable());
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn unreadable() -> Failure {
    Failure::other("the daemon says something that this program does not know: use the same version of both")
}

fn broken(error: &io::Error) -> Failure {
    Failure::unavailable(format!("the daemon went away: {error}"))
        .advise("run the same command again: what is there is not written again")
}
