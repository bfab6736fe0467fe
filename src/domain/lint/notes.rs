//! Findings become advice: in order, each once, bounded, counted in characters.

use std::{collections::BTreeMap, ops::Range};

use super::{kind::Kind, lexicon::Lexicon};
use crate::domain::unit::UnitLabel;

/// At most so many findings of one kind in one text, and so many in all.
const MOST_OF_A_KIND: usize = 20;
const MOST: usize = 1_000;

/// One piece of advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What it is about.
    pub kind: Kind,
    /// The rule of domain 2.3; 0 where it is none of the five.
    pub rule: u8,
    /// The item, from 1.
    pub item: Option<u16>,
    /// The unit whose text it is about; `None` where it is about a field of the submission.
    pub unit: Option<UnitLabel>,
    /// The field: its path below the submission, or its name in the unit.
    pub field: String,
    /// First character and one past the last, counted in Unicode scalar values; `None` where it is about the whole.
    pub place: Option<Range<usize>>,
    /// What to write instead. Words of the reference data, never content.
    pub say: String,
}

/// Something found in one text.
pub(super) struct Finding {
    pub kind: Kind,
    /// Bytes of the text; `None` for the whole.
    pub bytes: Option<Range<usize>>,
    /// What to say, where it is not what is said about the kind.
    pub say: Option<String>,
}

impl Finding {
    pub fn at(kind: Kind, bytes: Range<usize>) -> Self {
        Self { kind, bytes: Some(bytes), say: None }
    }

    pub fn whole(kind: Kind) -> Self {
        Self { kind, bytes: None, say: None }
    }
}

/// Which text was read.
pub(super) struct About<'f> {
    pub item: Option<u16>,
    pub unit: Option<UnitLabel>,
    pub field: &'f str,
}

/// All advice as it grows.
pub(super) struct Notes<'l> {
    lexicon: &'l Lexicon,
    out: Vec<Advice>,
}

impl<'l> Notes<'l> {
    pub fn new(lexicon: &'l Lexicon) -> Self {
        Self { lexicon, out: Vec::new() }
    }

    pub fn done(self) -> Vec<Advice> {
        self.out
    }

    /// Takes what was found in `text`.
    pub fn put(&mut self, text: &str, about: &About<'_>, mut found: Vec<Finding>) {
        found.iter_mut().filter_map(|finding| finding.bytes.as_mut()).for_each(|bytes| with_token(text, bytes));
        let begins = |finding: &Finding| finding.bytes.as_ref().map_or((0, 0), |bytes| (bytes.start, bytes.end));
        found.sort_by_key(|finding| (begins(finding).0, finding.kind, std::cmp::Reverse(begins(finding).1)));
        // Of each kind: how many, and how far the last reaches.
        let mut seen: BTreeMap<Kind, (usize, usize)> = BTreeMap::new();
        let (mut byte, mut character) = (0, 0);
        for finding in found {
            let (start, end) = begins(&finding);
            let (count, reach) = seen.entry(finding.kind).or_insert((0, 0));
            if *count == MOST_OF_A_KIND || *count > 0 && start < *reach || self.out.len() == MOST {
                continue;
            }
            (*count, *reach) = (*count + 1, end);
            let place = finding.bytes.map(|bytes| {
                character += text[byte..bytes.start].chars().count();
                byte = bytes.start;
                character..character + text[bytes].chars().count()
            });
            self.out.push(Advice {
                kind: finding.kind,
                rule: self.lexicon.rule(finding.kind),
                item: about.item,
                unit: about.unit,
                field: about.field.to_owned(),
                place,
                say: finding.say.unwrap_or_else(|| self.lexicon.say(finding.kind).to_owned()),
            });
        }
    }
}

/// Words that begin within a token, `[CHILD] says`, begin with it.
fn with_token(text: &str, bytes: &mut Range<usize>) {
    if text[..bytes.start].ends_with('[') && text[bytes.clone()].contains(']') {
        bytes.start -= 1;
    }
}
