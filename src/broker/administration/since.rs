//! What the list beside a store knows of backups: whether it goes on from one that is to be restored, and what came after that one.

use jiff::Timestamp;

use super::{Manifest, listed};

/// What a line begins with that says that a backup was taken.
const BACKUP: &str = "backup";

/// The line that says that a backup of the ledger's first `entries` was taken.
pub(super) fn backup_line(set: &str, taken: Timestamp, entries: u64) -> String {
    format!("{BACKUP}\t{set}\t{taken}\t{entries}")
}

/// Whether the list beside a store was there when this backup was taken, so that it tells what was revoked since.
pub fn lists_since(lines: &[String], set: &str, manifest: &Manifest) -> bool {
    place(lines, set, manifest).is_some()
}

/// What came after a backup, as the list beside its store knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Later {
    /// The last backup that was taken after it: its set, and when.
    pub backup: Option<(String, Timestamp)>,
    /// So many entries the ledger had at least by then; none where nobody wrote it down.
    pub entries: Option<u64>,
}

impl Later {
    /// What of the ledger is lost with a backup that has its first `kept` entries: which are missing at least, both included.
    pub fn missing(&self, kept: u64) -> Option<(u64, u64)> {
        let last = self.entries?.checked_sub(1)?;
        (last >= kept).then_some((kept, last))
    }
}

/// What came after this backup; `None` where the list knows of nothing. Its signatures are not looked at, for the store has their key:
/// what nobody signed is a refusal more, and lets nothing in.
///
/// Behind the backup's own line everything is later, whatever clocks said. Where the list has no such line (it is another broker's, or
/// was begun anew) what says so of itself.
pub fn later_than(lines: &[String], set: &str, manifest: &Manifest) -> Option<Later> {
    let own = place(lines, set, manifest);
    let mut later = Later::default();
    for line in lines.iter().skip(own.map_or(0, |place| place + 1)) {
        let words = line.rsplit_once('\t').map_or(line.as_str(), |(words, _)| words);
        let entries = match backup(words) {
            Some((set, taken, entries)) if own.is_some() || taken > manifest.taken => {
                later.backup = Some((set.to_owned(), taken));
                entries
            }
            Some(_) => None,
            None => listed::heard_of(words),
        };
        later.entries = later.entries.max(entries.filter(|entries| *entries > manifest.copied.head.size));
    }
    (later != Later::default()).then_some(later)
}

/// Where the line of this backup is.
fn place(lines: &[String], set: &str, manifest: &Manifest) -> Option<usize> {
    let is_own = |line: &String| {
        let words = line.rsplit_once('\t').and_then(|(words, _)| backup(words));
        words.is_some_and(|(one, taken, _)| one == set && taken == manifest.taken)
    };
    lines.iter().rposition(is_own)
}

/// A backup's set, when it was taken, and of how many entries.
fn backup(words: &str) -> Option<(&str, Timestamp, Option<u64>)> {
    let mut fields = words.split('\t');
    fields.next().filter(|kind| *kind == BACKUP)?;
    let (set, taken) = (fields.next()?, fields.next()?.parse().ok()?);
    // Lists were begun without the number.
    Some((set, taken, fields.next().and_then(|entries| entries.parse().ok())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Copied, Head};

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3_600).unwrap()
    }

    fn manifest(hour: i64, size: u64) -> Manifest {
        let copied = Copied { sequence: 1, head: Head { size, root: [0; 32] }, records: 1 };
        Manifest { taken: at(hour), copied, parts: Vec::new(), checkpoint: String::new() }
    }

    fn list(words: &[String]) -> Vec<String> {
        words.iter().map(|words| format!("{words}\tsignature")).collect()
    }

    #[test]
    fn what_stands_behind_a_backup_is_later_and_says_which_entries_are_missing() {
        let words = [backup_line("a", at(1), 10), backup_line("b", at(2), 20), "revoked\t5a\tx".to_owned()];
        let lines = list(&words);
        let later = later_than(&lines, "a", &manifest(1, 10)).unwrap();
        assert_eq!((later.backup.clone(), later.missing(10)), (Some(("b".into(), at(2))), Some((10, 19))));
        assert_eq!(later_than(&lines, "b", &manifest(2, 20)), None);
        // A clock that was set back makes nothing earlier.
        let back = list(&[words[0].clone(), backup_line("b", at(0), 20)]);
        assert!(later_than(&back, "a", &manifest(1, 10)).is_some());
        // What was lost once, knowingly, is not asked for again after the next backup.
        let again = list(&[words[0].clone(), words[1].clone(), backup_line("a", at(3), 12)]);
        assert_eq!(later_than(&again, "a", &manifest(3, 12)), None);
        // The same folder, brought up to date since.
        assert!(later_than(&again, "a", &manifest(1, 10)).is_some());
    }

    #[test]
    fn a_list_without_the_line_of_that_backup_says_what_is_later_by_its_time_and_its_entries() {
        let lines = list(&[backup_line("b", at(1), 20), format!("backup\tc\t{}", at(3))]);
        assert!(!lists_since(&lines, "a", &manifest(2, 10)));
        let later = later_than(&lines, "a", &manifest(2, 10)).unwrap();
        assert_eq!((later.backup.clone(), later.missing(10)), (Some(("c".into(), at(3))), None));
        assert_eq!(later_than(&lines, "a", &manifest(4, 10)), None);
        let heard = list(&[listed::heard_line(30, &[0; 32])]);
        assert_eq!(later_than(&heard, "a", &manifest(2, 10)).unwrap().missing(10), Some((10, 29)));
        assert_eq!(later_than(&heard, "a", &manifest(2, 30)), None);
        assert_eq!(later_than(&list(&["backup\tnonsense".to_owned()]), "a", &manifest(2, 10)), None);
    }

    #[test]
    fn the_line_of_a_list_that_was_begun_without_numbers_is_known() {
        let lines = list(&[format!("backup\ta\t{}", at(1))]);
        assert!(lists_since(&lines, "a", &manifest(1, 10)));
        assert!(!lists_since(&lines, "a", &manifest(2, 10)));
    }
}
