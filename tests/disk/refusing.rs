//! A disk that is full, that fails, and that can only be read: while the daemon works and while it starts. Whoever asks is refused, the
//! daemon ends and says what to do, nothing that was acknowledged is lost, and on a disk that works again it goes on.

use std::time::Duration;

use crate::{
    asked,
    daemon::Daemon,
    load::{Oracle, judge, load},
    preloaded::{Disk, EIO, ENOSPC, EROFS, READS, SYNCS, WRITES},
};

/// What the machine refuses, and with what.
const REFUSALS: [(&str, i64, i64); 5] = [
    ("a full disk", WRITES, ENOSPC),
    ("writes that fail", WRITES, EIO),
    ("syncs that fail", SYNCS, EIO),
    ("a disk that fills up as it is synced", SYNCS, ENOSPC),
    ("a disk that can only be read", WRITES | SYNCS, EROFS),
];

const A_MINUTE: Duration = Duration::from_secs(60);

/// Submissions answered before the disk refuses, and those that would be answered after if it did not.
const SUBMISSIONS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_refuses_ends_the_daemon_in_words_and_loses_nothing() {
    let mut daemon = Daemon::prepared("");
    let disk = Disk::below(&mut daemon);
    let mut oracle = Oracle::default();
    daemon.restart().await;
    for round in 0..asked("HOMEWARD_REFUSING_ROUNDS", 1) {
        for (number, (what, which, error)) in REFUSALS.iter().enumerate() {
            load(&daemon, &mut oracle, SUBMISSIONS, || 0).await;
            // Not at the same point of a commit each time.
            disk.refuse(*which, *error, (round * 7 + number) as i64);
            let before = oracle.acknowledged();
            load(&daemon, &mut oracle, 1_000, || 0).await;
            assert!(oracle.acknowledged() < before + 1_000, "{what}: it was not refused");
            assert!(disk.failed() > 0, "{what}: nothing failed");
            let code = daemon.ends().await;
            let said = daemon.log();
            assert_eq!(code, Some(69), "{what}: {said}");
            assert!(said.contains("NOT SERVING: the store cannot be written"), "{what}: {said}");
            assert!(said.contains("repair the disk, restart"), "{what}: {said}");
            assert!(!said.contains("a fault of ours"), "{what}: it panicked: {said}");
            disk.heal();
            daemon.forget_log();
            daemon.restart().await;
            assert_eq!(judge(&daemon, &mut oracle).await, Ok(()), "{what}");
        }
    }
    assert!(oracle.settled() > 0, "nothing was settled: it proves nothing");
}

/// As disks fail: after a while, and whatever was written beside it is there. The engine wakes nobody who waits for such a write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_late_and_alone_ends_the_daemon_too() {
    let mut daemon = Daemon::prepared("");
    let disk = Disk::below(&mut daemon);
    let mut oracle = Oracle::default();
    for after in 0..6 {
        daemon.forget_log();
        daemon.restart().await;
        load(&daemon, &mut oracle, SUBMISSIONS, || 0).await;
        disk.refuse_one_late(WRITES, EIO, after, 300);
        let ended = tokio::time::timeout(A_MINUTE, load(&daemon, &mut oracle, 1_000, || 0)).await;
        ended.unwrap_or_else(|_| panic!("after {after}: calls wait for ever, {} failed", disk.failed()));
        assert_eq!(disk.failed(), 1, "after {after}");
        let (code, said) = (daemon.ends().await, daemon.log());
        assert_eq!(code, Some(69), "after {after}: {said}");
        assert!(said.contains("NOT SERVING: the store cannot be written"), "after {after}: {said}");
    }
    disk.heal();
    daemon.forget_log();
    daemon.restart().await;
    assert_eq!(judge(&daemon, &mut oracle).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_refuses_at_the_start_is_named_and_changes_nothing() {
    let mut daemon = Daemon::prepared("");
    let disk = Disk::below(&mut daemon);
    let mut oracle = Oracle::default();
    daemon.restart().await;
    load(&daemon, &mut oracle, SUBMISSIONS, || 0).await;
    daemon.kill();
    let (mut started, mut refused) = (0, 0);
    for (what, which, error) in REFUSALS.into_iter().chain([("reads that fail", READS, EIO)]) {
        // From the first call on, and from some later ones: until there are so few that it starts.
        // What was read once before the engine opens is in memory: no later call for it reaches the disk.
        let calls = if which == READS { &[0, 1, 2, 3, 5][..] } else { &[0, 1, 2, 3, 5, 8, 13, 21][..] };
        for after in calls.iter().copied() {
            disk.refuse(which, error, after);
            daemon.forget_log();
            let start = daemon.try_restart().await;
            let failed = disk.failed();
            assert!(!daemon.log().contains("a fault of ours"), "{what} after {after}: it panicked: {}", daemon.log());
            match start {
                // What it could not do it need not have done: if it did need it, it ends as soon as it sees.
                Ok(()) => {
                    started += 1;
                    daemon.kill();
                }
                Err(said) => {
                    refused += 1;
                    assert!(failed > 0, "{what} after {after}: it does not start, and nothing failed: {said}");
                    assert!(
                        said.contains("the disk refused") || said.contains("os error"),
                        "{what} after {after}: {said}"
                    );
                }
            }
            disk.heal();
        }
    }
    eprintln!("of disks that refuse at the start, it started on {started} and named {refused}");
    assert!(refused > 10, "only {refused} were refused: it proves nothing");
    daemon.forget_log();
    daemon.restart().await;
    assert_eq!(judge(&daemon, &mut oracle).await, Ok(()));
}
