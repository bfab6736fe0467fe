//! Files rot: a bit, a block, an end of every file below the data of the daemon, and every file as a whole. The daemon says so as it
//! starts, or whoever asks for what is damaged is refused; what is answered is what it was.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    Chance, asked,
    daemon::Daemon,
    image::Image,
    load::{Oracle, Readings, arrive, judge, load},
};

/// What is done to a file.
#[derive(Debug, Clone, Copy)]
enum Rot {
    /// This bit of this byte.
    Flip(usize, u8),
    /// A block of a disk at this place reads as zeros.
    Block(usize),
    /// It ends here.
    Cut(usize),
    Gone,
}

const BLOCK: usize = 4096;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_rots_after_a_stop_in_order_is_named_and_never_served() {
    rots(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_rots_after_a_kill_is_named_and_never_served() {
    rots(false).await;
}

async fn rots(in_order: bool) {
    let few = asked("HOMEWARD_ROT_FLIPS", 3);
    let seed = asked("HOMEWARD_ROT_SEED", 1) as u64;
    let mut chance = Chance(seed);
    let mut daemon = Daemon::start().await;
    let mut oracle = Oracle::default();
    load(&daemon, &mut oracle, 20, || 0).await;
    arrive(&daemon, &mut oracle, 10).await;
    let readings = Readings::of(&daemon).await;
    if in_order {
        daemon.stop()
    } else {
        daemon.kill()
    }
    let data = daemon.folder("data");
    let whole = Image::read(&data);
    let mut came: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    for (path, bytes) in whole.files() {
        let name = path.strip_prefix(&data).unwrap().display().to_string();
        for rot in rots_of(bytes, few, &mut chance) {
            whole.write(&data);
            let words = format!("seed {seed}, {name}, {rot:?}");
            if !damage(path, bytes, rot) {
                continue;
            }
            let what = came.entry(name.clone()).or_default();
            daemon.forget_log();
            let outcome = match daemon.try_restart().await {
                Ok(()) => {
                    let judged = judge(&daemon, &mut oracle.clone()).await;
                    let read = readings.again(&daemon).await;
                    daemon.kill();
                    if judged.and(read).is_ok() { "whole all the same" } else { "refused what was asked" }
                }
                Err(said) => {
                    assert!(names_it(&said), "{words}: it does not say what is wrong: {said}");
                    "did not start"
                }
            };
            *what.entry(outcome).or_default() += 1;
        }
    }
    for (name, came) in &came {
        eprintln!("{name}: {came:?}");
    }
    let named: usize =
        came.values().flatten().filter(|(outcome, _)| **outcome != "whole all the same").map(|(_, n)| n).sum();
    assert!(named > 10, "only {named} were noticed: it proves nothing");
    whole.write(&data);
    daemon.restart().await;
    assert_eq!(judge(&daemon, &mut oracle).await, Ok(()));
    assert_eq!(readings.again(&daemon).await, Ok(()));
    daemon.stop();
}

/// What is done to a file that holds this; to a large one more of it.
fn rots_of(bytes: &[u8], few: usize, chance: &mut Chance) -> Vec<Rot> {
    // Behind it there is room for more, in which nothing stands yet.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let large = used > 10_000;
    let flips = if large { few * 4 } else { few };
    let mut rots = vec![Rot::Gone, Rot::Cut(0), Rot::Cut(used / 2), Rot::Cut(used.saturating_sub(1))];
    for part in 0..flips.min(used) {
        let at = used * part / flips + chance.below((used / flips).max(1));
        rots.push(Rot::Flip(at, chance.below(8) as u8));
        if large && part.is_multiple_of(4) {
            rots.push(Rot::Block(at / BLOCK * BLOCK));
        }
    }
    rots
}

/// Does it; false where the file is as it was.
fn damage(path: &Path, bytes: &[u8], rot: Rot) -> bool {
    let mut after = bytes.to_vec();
    match rot {
        Rot::Gone => {
            fs::remove_file(path).unwrap();
            return true;
        }
        Rot::Cut(length) => after.truncate(length),
        Rot::Flip(at, bit) => after[at] ^= 1 << bit,
        Rot::Block(at) => after[at..bytes.len().min(at + BLOCK)].fill(0),
    }
    fs::write(path, &after).unwrap();
    after != bytes
}

/// It says what is wrong and what to do, and it is no accident.
fn names_it(said: &str) -> bool {
    let named = ["damaged", "keyring", "key file", "cannot be read", "was not made by", "not of this"];
    named.iter().any(|words| said.contains(words))
}
