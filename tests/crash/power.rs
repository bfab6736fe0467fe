//! A power cut, simulated: from a system-call trace every state of the disk that a cut could leave is built again, with
//! what was synced and any part of what was not. `kill -9` proves nothing about this: the page cache survives it.

use std::{collections::HashMap, fs, path::Path, process::Command};

use homeward::store::sled::SledStore;

use crate::{
    all_there,
    child::{Mode, arguments, instruct},
    durability::strace_is_missing,
};

/// One thing that happened, in order.
enum Did {
    /// Bytes written to a file at an offset.
    Wrote(usize, u64, Vec<u8>),
    /// A file was synced: everything written to it before the event with this number is on disk.
    Synced(usize, usize),
    /// A submission was acknowledged.
    Acknowledged(u64),
}

/// The files that a commit writes.
const FILES: [&str; 2] = ["db", "head"];
/// Disks write whole sectors, but of a larger write any of them.
const SECTOR: usize = 512;

#[tokio::test]
async fn nothing_acknowledged_is_lost_in_a_power_cut() {
    if strace_is_missing() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().canonicalize().unwrap().join("store");
    let trace = place.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-xx", "-s", "1100000", "-e", "trace=fdatasync,fsync,write,pwrite64", "-o"]);
    command.arg(&trace).args(arguments());
    instruct(&mut command, Mode::Burst, &dir, 1);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let did = read_trace(&fs::read_to_string(&trace).unwrap(), &dir);
    let answers = did.iter().filter(|did| matches!(did, Did::Acknowledged(_))).count();
    assert_eq!(answers, 64);

    // From the first answer on: before it the store may still be in the making.
    let first = did.iter().position(|did| matches!(did, Did::Acknowledged(_))).unwrap();
    let cuts = 60;
    for cut in 0..cuts {
        let until = first + 1 + (did.len() - first - 1) * cut / (cuts - 1);
        let image = place.path().join(format!("cut-{cut}"));
        build(&dir, &image, &did[..until], cut as u64);
        let acknowledged: Vec<u64> = did[..until]
            .iter()
            .filter_map(|did| if let Did::Acknowledged(number) = did { Some(*number) } else { None })
            .collect();
        let store = SledStore::open(&image).unwrap_or_else(|error| panic!("cut {cut}: {error}"));
        all_there(&store, &acknowledged).await.unwrap();
        drop(store);
        let _ = fs::remove_dir_all(image);
    }
}

/// Builds the disk after a cut: what was synced, and of the rest whatever chance leaves.
fn build(dir: &Path, image: &Path, did: &[Did], seed: u64) {
    fs::create_dir_all(image.join("blobs")).unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() && !FILES.iter().any(|name| entry.file_name() == *name) {
            fs::copy(entry.path(), image.join(entry.file_name())).unwrap();
        }
    }
    let mut chance = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for (file, name) in FILES.iter().enumerate() {
        let durable = did.iter().filter_map(|did| match did {
            Did::Synced(synced, before) if *synced == file => Some(*before),
            _ => None,
        });
        let durable = durable.max().unwrap_or(0);
        let mut bytes = Vec::new();
        for (number, did) in did.iter().enumerate() {
            let Did::Wrote(written, offset, data) = did else { continue };
            if *written != file {
                continue;
            }
            let mut at = usize::try_from(*offset).unwrap();
            for sector in data.chunks(SECTOR) {
                chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Some cuts leave everything, some nothing, most a part.
                let left = match seed % 4 {
                    0 => true,
                    1 => false,
                    _ => chance >> 63 == 1,
                };
                if number < durable || left {
                    bytes.resize(bytes.len().max(at + sector.len()), 0);
                    bytes[at..at + sector.len()].copy_from_slice(sector);
                }
                at += sector.len();
            }
        }
        fs::write(image.join(name), bytes).unwrap();
    }
}

/// Reads strace's lines, strings in hexadecimal.
fn read_trace(trace: &str, dir: &Path) -> Vec<Did> {
    let paths = FILES.map(|name| format!("<{}>", hexed(&dir.join(name))));
    let mut unfinished: HashMap<&str, (String, usize)> = HashMap::new();
    let mut did = Vec::new();
    for line in trace.lines() {
        let Some((process, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(call) = call.strip_suffix("<unfinished ...>") {
            let begun = did.len();
            if call.starts_with("write(1<") {
                // An answer counts from where it begins.
                did.extend(acknowledged(call));
            } else {
                unfinished.insert(process, (call.to_owned(), begun));
            }
            continue;
        }
        let (call, begun) = match call.strip_prefix("<... ") {
            Some(rest) => match unfinished.remove(process) {
                Some((begin, begun)) => (begin + rest, begun),
                None => continue,
            },
            None => (call.to_owned(), did.len()),
        };
        if call.contains("= -1") {
            continue;
        }
        let file = paths.iter().position(|path| call.contains(path.as_str()));
        match (file, call.split('(').next()) {
            (Some(file), Some("pwrite64")) => {
                let mut quoted = call.split('"');
                let data = unhexed(quoted.nth(1).unwrap());
                let offset = quoted.next().unwrap().split(", ").nth(2).unwrap();
                let offset = offset.split(|other: char| !other.is_ascii_digit()).next().unwrap().parse().unwrap();
                did.push(Did::Wrote(file, offset, data));
            }
            (Some(file), Some("fdatasync" | "fsync")) => did.push(Did::Synced(file, begun)),
            (None, Some("write")) if call.starts_with("write(1<") => did.extend(acknowledged(&call)),
            _ => {}
        }
    }
    did
}

/// The acknowledgement in the writing of a line.
fn acknowledged(call: &str) -> Option<Did> {
    let line = String::from_utf8(unhexed(call.split('"').nth(1)?)).ok()?;
    line.trim().strip_prefix("ack ")?.parse().ok().map(Did::Acknowledged)
}

fn hexed(path: &Path) -> String {
    path.to_str().unwrap().bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

fn unhexed(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}
