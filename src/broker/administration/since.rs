//! What the list beside a store knows of backups: whether it goes on from one that is to be restored, and what came after that one.

use jiff::Timestamp;

use super::{Manifest, beside::title_of, listed};
use crate::ledger::VerifierKey;

/// What a line begins with that says that a backup was taken, and whoever took it has all of it.
pub(super) const BACKUP: &str = "backup";
/// What a line begins with that says that a backup was copied: it is written before the last of it is given out, and says nothing of
/// whether anybody has that.
pub(super) const COPIED: &str = "copied";

/// The line that says this of a backup of the ledger's first `entries`.
pub(super) fn backup_line(kind: &str, set: &str, taken: Timestamp, entries: u64) -> String {
    format!("{kind}\t{set}\t{taken}\t{entries}")
}

/// Whether the list is that of another store, by the ledger's public key in its title: then it says nothing of this backup's. A title
/// that cannot be read has rotted, and a list that has the line of this backup is this store's whatever its title says.
pub fn is_of_another(lines: &[String], set: &str, manifest: &Manifest) -> bool {
    let key = lines.iter().find_map(|line| VerifierKey::parse(title_of(line)?));
    key.is_some_and(|key| key.open(&manifest.checkpoint).is_err()) && place(lines, set, manifest).is_none()
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
/// was begun anew) what says so of itself. A later backup that was copied, and of which nobody said that they have it, is none that could
/// be restored instead: what its line says of the ledger is lost.
pub fn later_than(lines: &[String], set: &str, manifest: &Manifest) -> Option<Later> {
    let own = place(lines, set, manifest);
    let mut later = Later::default();
    for line in lines.iter().skip(own.map_or(0, |place| place + 1)) {
        let words = line.rsplit_once('\t').map_or(line.as_str(), |(words, _)| words);
        let entries = match backup(words) {
            Some(line) if line.is_of(set, manifest) => None,
            Some(line) if own.is_some() || line.taken > manifest.taken => {
                if line.is_whole {
                    later.backup = Some((line.set.to_owned(), line.taken));
                }
                line.entries
            }
            Some(_) => None,
            None => listed::heard_of(words),
        };
        later.entries = later.entries.max(entries.filter(|entries| *entries > manifest.copied.head.size));
    }
    (later != Later::default()).then_some(later)
}

/// Where the first line of this backup is: what is heard of between its two is later.
fn place(lines: &[String], set: &str, manifest: &Manifest) -> Option<usize> {
    let is_own = |line: &String| {
        let words = line.rsplit_once('\t').and_then(|(words, _)| backup(words));
        words.is_some_and(|line| line.is_of(set, manifest))
    };
    lines.iter().position(is_own)
}

/// What a line says of a backup.
struct Line<'l> {
    set: &'l str,
    taken: Timestamp,
    /// Of how many entries; lists were begun without the number.
    entries: Option<u64>,
    /// Somebody has all of it.
    is_whole: bool,
}

impl Line<'_> {
    fn is_of(&self, set: &str, manifest: &Manifest) -> bool {
        self.set == set && self.taken == manifest.taken
    }
}

fn backup(words: &str) -> Option<Line<'_>> {
    let mut fields = words.split('\t');
    let kind = fields.next().filter(|kind| [BACKUP, COPIED].contains(kind))?;
    let (set, taken) = (fields.next()?, fields.next()?.parse().ok()?);
    Some(Line { set, taken, entries: fields.next().and_then(|entries| entries.parse().ok()), is_whole: kind == BACKUP })
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

    fn taken(set: &str, taken: Timestamp, entries: u64) -> String {
        backup_line(BACKUP, set, taken, entries)
    }

    fn list(words: &[String]) -> Vec<String> {
        words.iter().map(|words| format!("{words}\tsignature")).collect()
    }

    #[test]
    fn what_stands_behind_a_backup_is_later_and_says_which_entries_are_missing() {
        let words = [taken("a", at(1), 10), taken("b", at(2), 20), "revoked\t5a\tx".to_owned()];
        let lines = list(&words);
        let later = later_than(&lines, "a", &manifest(1, 10)).unwrap();
        assert_eq!((later.backup.clone(), later.missing(10)), (Some(("b".into(), at(2))), Some((10, 19))));
        assert_eq!(later_than(&lines, "b", &manifest(2, 20)), None);
        // A clock that was set back makes nothing earlier.
        let back = list(&[words[0].clone(), taken("b", at(0), 20)]);
        assert!(later_than(&back, "a", &manifest(1, 10)).is_some());
        // What was lost once, knowingly, is not asked for again after the next backup.
        let again = list(&[words[0].clone(), words[1].clone(), taken("a", at(3), 12)]);
        assert_eq!(later_than(&again, "a", &manifest(3, 12)), None);
        // The same folder, brought up to date since.
        assert!(later_than(&again, "a", &manifest(1, 10)).is_some());
    }

    #[test]
    fn a_list_without_the_line_of_that_backup_says_what_is_later_by_its_time_and_its_entries() {
        let lines = list(&[taken("b", at(1), 20), format!("backup\tc\t{}", at(3))]);
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
    fn a_later_backup_that_nobody_has_whole_stops_nobody_and_what_it_knew_of_the_ledger_is_told() {
        let copied = |set: &str, hour, entries| backup_line(COPIED, set, at(hour), entries);
        let lines = list(&[copied("a", 1, 10), taken("a", at(1), 10), copied("b", 2, 20)]);
        let later = later_than(&lines, "a", &manifest(1, 10)).unwrap();
        assert_eq!((&later.backup, later.missing(10)), (&None, Some((10, 19))));
        // The daemon was killed before it heard that they have it: what was revoked since is known all the same.
        assert!(lists_since(&lines, "b", &manifest(2, 20)));
        assert_eq!(later_than(&lines, "b", &manifest(2, 20)), None);
        // What is heard of other brokers while somebody takes it, between its two lines.
        let heard = listed::heard_line(25, &[0; 32]);
        let between = list(&[copied("a", 1, 10), heard, taken("a", at(1), 10)]);
        let told = later_than(&between, "a", &manifest(1, 10)).unwrap();
        assert_eq!((&told.backup, told.missing(10)), (&None, Some((10, 24))));
        let later = later_than(&lines[2..], "a", &manifest(1, 10)).unwrap();
        assert_eq!(
            (&later.backup, later.missing(10)),
            (&None, Some((10, 19))),
            "the list has no line of the older one"
        );
    }

    #[test]
    fn a_list_is_of_another_store_by_the_key_in_its_title_unless_it_has_the_backups_own_line() {
        let key = |seed| crate::ledger::LogKey::new("a.example/ledger", &[seed; 32]).unwrap();
        let signed = Manifest { checkpoint: key(1).sign(10, &[0; 32]), ..manifest(1, 10) };
        let of_another = |title: &str, words: &[String]| {
            let lines = [vec!["stated\t5a".to_owned(), title.to_owned()], list(words)].concat();
            is_of_another(&lines, "a", &signed)
        };
        let title = |seed| format!("homeward beside 1\t{}", key(seed).verifier());
        let (own, theirs) = (taken("a", at(1), 10), taken("b", at(2), 20));
        assert!(of_another(&title(2), std::slice::from_ref(&theirs)));
        assert!(!of_another(&title(1), std::slice::from_ref(&theirs)));
        assert!(!of_another(&title(2), &[own, theirs.clone()]));
        assert!(!of_another(&title(2).replacen("a.example", "b.example", 1), &[theirs]), "it has rotted");
        assert!(!is_of_another(&[], "a", &signed));
    }

    #[test]
    fn the_line_of_a_list_that_was_begun_without_numbers_is_known() {
        let lines = list(&[format!("backup\ta\t{}", at(1))]);
        assert!(lists_since(&lines, "a", &manifest(1, 10)));
        assert!(!lists_since(&lines, "a", &manifest(2, 10)));
    }
}
