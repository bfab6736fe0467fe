//! The lines of the list beside the store: what each says, and whether it is as it was written. Each is signed over its words and
//! the signature before it, so that none can be taken out, moved or changed without its being seen.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    Certificate, Revocation, Tainted,
    copies::Said,
    since::{BACKUP, COPIED},
};
use crate::domain::{
    certificate::RevocationReason,
    erasure::{LegalHold, LegalHoldReason},
};

/// What whoever restored a store has stated: not signed, for they run the machine.
pub(super) const STATED: &str = "stated";
/// What a line begins with that says how far the ledger was read for what other brokers did.
const HEARD: &str = "heard";
/// Signatures that the next line may have been signed behind, where some before it have rotted.
const DOUBTS: usize = 4;

/// What the lines say.
#[derive(Default)]
pub(super) struct Told {
    pub(super) revoked: Vec<Revocation>,
    pub(super) tainted: Vec<Tainted>,
    pub(super) issued: Vec<Certificate>,
    pub(super) destroyed: BTreeSet<String>,
    pub(super) erased: BTreeSet<Uuid>,
    /// Legal holds, by the record that each is on; and those that ended.
    pub(super) held: BTreeMap<(Uuid, Uuid), LegalHold>,
    pub(super) released: BTreeSet<(Uuid, Uuid)>,
    /// What was last said of copies.
    pub(super) gone: Option<Said>,
    /// Of how many entries of the ledger, and of which root, the list has what other brokers did.
    pub(super) heard: Option<(u64, String)>,
    /// Serial numbers that were stated, or that a line names which is not as it was written: they are out, too.
    pub(super) stated: Vec<String>,
}

/// What a line is about: nothing is said twice of it. A backup, what is said of copies, and how far the ledger was read, is about itself.
pub(super) fn about(line: &str) -> String {
    let mut fields = line.split('\t');
    match (fields.next(), fields.next()) {
        (Some(kind), Some(name)) if ![BACKUP, COPIED, "gone", HEARD].contains(&kind) => format!("{kind}\t{name}"),
        _ => line.to_owned(),
    }
}

/// The line that says that what others did by the first `size` entries of the ledger, of this root, is in the list.
pub(super) fn heard_line(size: u64, root: &[u8; 32]) -> String {
    format!("{HEARD}\t{size}\t{}", hex::encode(root))
}

/// Of how many entries such a line speaks, if it is one.
pub(super) fn heard_of(line: &str) -> Option<u64> {
    let mut fields = line.split('\t');
    fields.next().filter(|kind| *kind == HEARD)?;
    fields.next()?.parse().ok()
}

/// Whether it is such a line.
pub(super) fn is_heard(line: &str) -> bool {
    line.split('\t').next() == Some(HEARD)
}

/// A list as it was read.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) told: Told,
    /// The words of what is as it was written, in order.
    pub(super) words: Vec<String>,
    /// The numbers of the lines that are not.
    pub(super) damaged: Vec<usize>,
    /// The signature of the last line.
    pub(super) last: String,
}

/// A line that does not fit, until the next one shows whether it was its signature alone.
struct Doubted<'l> {
    words: &'l str,
    /// The signatures that it would have if its words are right.
    would_be: Vec<String>,
}

/// Reads a list that begins with `title`. None where it is of another store: nothing in it fits.
pub(super) fn read(title: &str, lines: &[String], sign: &dyn Fn(&str, &str) -> String) -> Option<Listed> {
    let mut listed = Listed::default();
    let (stated, signed): (Vec<_>, Vec<_>) =
        lines.iter().enumerate().partition(|(_, line)| line.split('\t').next() == Some(STATED));
    let stated = stated.iter().filter_map(|(_, line)| line.split('\t').nth(1)).filter(|serial| !serial.is_empty());
    listed.told.stated.extend(stated.map(str::to_owned));
    let Some(((_, first), lines)) = signed.split_first() else { return Some(listed) };
    let is_titled = *first == title;
    if !is_titled {
        listed.damaged.push(1);
    }
    let mut any_fits = is_titled;
    let (mut behind, mut doubted): (Vec<String>, Option<Doubted<'_>>) = (vec![title.to_owned()], None);
    for (place, line) in lines {
        let (words, signature) = line.rsplit_once('\t').unwrap_or((line, ""));
        let mut would_be: Vec<String> = behind.iter().map(|last| sign(last, words)).collect();
        let fits = would_be.iter().position(|one| one == signature);
        if let Some(before) = doubted.take() {
            // Signed behind what the line before would have had: its words are as they were written.
            let was_right = fits.and_then(|fits| behind.get(fits)).is_some_and(|last| before.would_be.contains(last));
            listed.takes(before.words, was_right);
        }
        any_fits |= fits.is_some();
        match fits {
            Some(_) if listed.told.take(words).is_some() => listed.words.push(words.to_owned()),
            Some(_) => listed.damaged.push(place + 1),
            None => {
                listed.damaged.push(place + 1);
                // The last is that of a list whose signatures alone have rotted.
                would_be.drain(..would_be.len().saturating_sub(DOUBTS));
                doubted = Some(Doubted { words, would_be: would_be.clone() });
            }
        }
        behind = vec![signature.to_owned()];
        behind.extend(doubted.iter().flat_map(|one| one.would_be.clone()));
        signature.clone_into(&mut listed.last);
    }
    if let Some(before) = doubted {
        listed.takes(before.words, false);
    }
    if listed.last.is_empty() {
        title.clone_into(&mut listed.last);
    }
    any_fits.then_some(listed)
}

impl Listed {
    /// A line that did not fit, and whether its words are known to be right all the same.
    fn takes(&mut self, words: &str, was_right: bool) {
        if (was_right && self.told.take(words).is_some()) || self.told.heed(words) {
            self.words.push(words.to_owned());
        }
    }
}

impl Told {
    /// Takes up what a line says; `None` where it says nothing that is known.
    fn take(&mut self, line: &str) -> Option<()> {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut next = || fields.next();
        match next()?.as_str() {
            "revoked" => self.revoked.push(Revocation {
                serial: next()?,
                holder: next()?,
                reason: RevocationReason::from_code(&next()?)?,
                at: next()?.parse().ok()?,
                by: next()?,
            }),
            "tainted" => self.tainted.push(Tainted { serial: next()?, at: next()?.parse().ok()? }),
            "issued" => self.issued.push(Certificate {
                serial: next()?,
                holder: next()?,
                not_before: next()?.parse().ok()?,
                not_after: next()?.parse().ok()?,
                issuer: next()?,
                fingerprint: next()?,
                chain: String::new(),
            }),
            "destroyed" => _ = self.destroyed.insert(next()?),
            "erased" => _ = self.erased.insert(next()?.parse().ok()?),
            "hold" => {
                let (on, reason, reference) = (on_record(&next()?)?, next()?, hex::decode(next()?).ok()?);
                let (reason, by, at) = (LegalHoldReason::from_code(&reason)?, next()?, next()?.parse().ok()?);
                let reference = String::from_utf8(reference).ok()?;
                self.held.insert(on, LegalHold { id: on.1, reason, reference, by, at });
            }
            "released" => _ = self.released.insert(on_record(&next()?)?),
            "gone" => {
                let said = Said { turn: next()?.parse().ok()?, compaction: next()?.parse().ok()? };
                self.gone = self.gone.filter(|before| before.turn > said.turn).or(Some(said));
            }
            BACKUP | COPIED => {}
            HEARD => self.heard = Some((next()?.parse().ok()?, next()?)),
            _ => return None,
        }
        Some(())
    }

    /// What a line that is not as it was written says against somebody or something is heeded: whoever can write the file can state as
    /// much. What would let somebody in (`issued`), let an older backup be restored (`backup`) or certify that copies are gone
    /// (`gone`, but for its withdrawal) is not. True where the line is to stand in the list from then on, too: who is revoked stands there by the store, which takes
    /// that over.
    fn heed(&mut self, line: &str) -> bool {
        let mut heard = Self::default();
        let whole = heard.take(line).is_some();
        let nothing = heard.tainted.is_empty() && heard.destroyed.is_empty() && heard.erased.is_empty();
        let stays = whole && !(nothing && heard.held.is_empty());
        self.destroyed.append(&mut heard.destroyed);
        self.erased.append(&mut heard.erased);
        // A hold that nobody placed keeps something for longer, and two custodians end it.
        self.held.append(&mut heard.held);
        // What takes a certificate back shuts; what certifies does not.
        if let Some(said) = heard.gone.filter(|said| said.compaction == 0) {
            self.gone = self.gone.filter(|before| before.turn > said.turn).or(Some(said));
        }
        let mut fields = line.split('\t');
        match (fields.next(), fields.next()) {
            (Some("revoked"), Some(serial)) if !serial.is_empty() => self.stated.push(serial.to_owned()),
            (Some("tainted"), _) if whole => self.tainted.append(&mut heard.tainted),
            _ => {}
        }
        stays
    }
}

/// A record, and the hold on it.
fn on_record(name: &str) -> Option<(Uuid, Uuid)> {
    let (record, hold) = name.split_once('/')?;
    Some((record.parse().ok()?, hold.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLE: &str = "homeward beside 1\tkey";
    const KINDS: [&str; 11] = [
        "revoked\t5a\tholder\tkey_compromise\t2026-11-21T12:00:00Z\tadministrator",
        "tainted\t5b\t2026-11-21T12:00:00Z",
        "issued\t5c\tholder\t2026-11-21T12:00:00Z\t2026-12-21T12:00:00Z\t5d\tprint",
        "destroyed\tkey-1\t2026-11-21T12:00:00Z",
        "erased\t00000000-0000-4000-8000-000000000001\t2026-11-21T12:00:00Z",
        "backup\tset\t2026-11-21T12:00:00Z",
        "gone\t1\t2\t2026-11-21T12:00:00Z",
        "heard\t7\t00ff",
        "hold\t00000000-0000-4000-8000-000000000001/00000000-0000-4000-8000-000000000002\tcourt_order\t54\twho\t2026-11-21T12:00:00Z",
        "released\t00000000-0000-4000-8000-000000000001/00000000-0000-4000-8000-000000000003\t2026-11-21T12:00:00Z",
        "copied\tset\t2026-11-21T12:00:00Z\t7",
    ];

    /// No signature that anybody should use: it depends on every sign of both.
    fn sign(last: &str, words: &str) -> String {
        hex::encode(crate::ledger::sha256(&[last.as_bytes(), words.as_bytes()]))
    }

    fn list(words: &[&str]) -> Vec<String> {
        let mut lines = vec![TITLE.to_owned()];
        let mut last = TITLE.to_owned();
        for words in words {
            last = sign(&last, words);
            lines.push(format!("{words}\t{last}"));
        }
        lines
    }

    /// How much of each kind is taken up.
    fn counts(told: &Told) -> [usize; 6] {
        let Told { revoked, tainted, issued, destroyed, erased, stated, .. } = told;
        [revoked.len(), tainted.len(), issued.len(), destroyed.len(), erased.len(), stated.len()]
    }

    fn change(line: &mut String, at: usize) {
        let other = if line.as_bytes()[at] == b'0' { "1" } else { "0" };
        line.replace_range(at..=at, other);
    }

    #[test]
    fn of_every_kind_a_signature_that_has_rotted_costs_nothing_but_itself() {
        for (place, kind) in KINDS.iter().enumerate() {
            let words: Vec<_> = KINDS.iter().chain(&KINDS).copied().collect();
            let mut lines = list(&words);
            let at = lines[place + 1].len() - 1;
            change(&mut lines[place + 1], at);
            let listed = read(TITLE, &lines, &sign).unwrap();
            assert_eq!(listed.damaged, [place + 2], "{kind}");
            assert_eq!(listed.words, words, "{kind}: the next line shows that its words are right");
            assert_eq!(counts(&listed.told), [2, 2, 2, 1, 1, 0], "{kind}");
        }
    }

    #[test]
    fn of_every_kind_words_that_have_rotted_cost_that_line_alone_and_what_shuts_is_heeded() {
        for (place, kind) in KINDS.iter().enumerate() {
            let mut lines = list(&KINDS);
            // The last sign but one of the words: nothing of what they are about.
            let at = KINDS[place].len() - 2;
            change(&mut lines[place + 1], at);
            let listed = read(TITLE, &lines, &sign).unwrap();
            assert_eq!(listed.damaged, [place + 2], "{kind}");
            let rotted = lines[place + 1].rsplit_once('\t').unwrap().0;
            let mut kept: Vec<_> = KINDS.to_vec();
            match kind.split('\t').next() {
                // Heeded, and nobody else may know of it: it stands in the list that is written anew.
                Some("tainted" | "destroyed" | "erased" | "hold") => kept[place] = rotted,
                _ => _ = kept.remove(place),
            }
            assert_eq!(listed.words, kept, "{kind}");
            let mut expected = [1, 1, 1, 1, 1, 0];
            match place {
                0 => (expected[0], expected[5]) = (0, 1),
                2 => expected[2] = 0,
                _ => {}
            }
            assert_eq!(counts(&listed.told), expected, "{kind}");
            assert!(place != 0 || listed.told.stated == ["5a"]);
        }
    }

    #[test]
    fn what_has_rotted_at_the_end_or_in_a_row_is_heeded_where_it_shuts_and_the_rest_is_taken_up() {
        for signatures in [vec![1], vec![2, 3], vec![1, 2, 3, 4], vec![6], vec![5, 6]] {
            let mut lines = list(&KINDS);
            for place in &signatures {
                let at = lines[*place].len() - 1;
                change(&mut lines[*place], at);
            }
            let listed = read(TITLE, &lines, &sign).unwrap();
            assert_eq!(listed.damaged, signatures.iter().map(|place| place + 1).collect::<Vec<_>>());
            let [revoked, tainted, _, destroyed, erased, stated] = counts(&listed.told);
            assert_eq!((revoked + stated, tainted, destroyed, erased), (1, 1, 1, 1), "{signatures:?}");
        }
    }

    #[test]
    fn a_list_of_another_store_says_nothing_and_one_whose_title_has_rotted_all_the_rest() {
        let mut lines = list(&KINDS);
        assert!(read("homeward beside 1\tanother", &lines, &|last, words| sign(words, last)).is_none());
        change(&mut lines[0], 3);
        let at = lines[1].len() - 1;
        change(&mut lines[1], at);
        lines.insert(2, format!("{STATED}\t77"));
        let listed = read(TITLE, &lines, &sign).unwrap();
        assert_eq!((listed.damaged, counts(&listed.told)), (vec![1, 2], [1, 1, 1, 1, 1, 1]));
        assert_eq!(listed.words, KINDS);
        assert!(read(TITLE, &[], &sign).unwrap().last.is_empty());
    }
}
