//! Why something is corrected or recalled, as each of its readers may read it.

use std::collections::BTreeMap;

use super::{Broker, Error, Reader, clarifying::LENSES};
use crate::{
    domain::{
        redaction::{Lens, WITHHELD, redact_later},
        submission::Reading,
        text::Text,
        validate::validate,
    },
    sealing::{SealError, open_original},
    store::Stored,
};

/// A text by the lenses through which it is read.
pub(super) type Shown = BTreeMap<&'static [Lens], Text>;

/// Why something is corrected or recalled.
pub(super) struct Why<'a> {
    /// In words.
    pub(super) reason: &'a Text,
    /// What stands in its place.
    pub(super) right: Option<&'a Reading>,
    /// Reads what does not.
    pub(super) read: Reader,
}

impl Broker {
    /// The reason as each side reads it, by the lenses of its queues: by all that what is right lists, and each of those that were not.
    pub(super) async fn shown_to(
        &self,
        chain: &[Stored],
        Why { reason, right, read }: Why<'_>,
    ) -> Result<Shown, Error> {
        let mut originals = Vec::new();
        for (earlier, subject) in chain.iter().enumerate() {
            let (place, sealed) = self.sealed_of(&subject.record).await?;
            match open_original(&sealed, &place, &self.keyring) {
                Err(SealError::Erased) if earlier > 0 => {}
                original => originals.push(original?),
            }
        }
        let (right, now) = (right.cloned(), self.now());
        let (reason, rulebook) = (reason.clone(), self.rulebook());
        let shown = self.bench.does(move || {
            let mut known = Vec::new();
            if let Some(right) = right {
                // What is not valid is refused in a moment, whatever the reason says.
                known.push(validate(right.finish().ok()?, &rulebook.policy, now).ok()?.draft().clone());
            }
            for original in &originals {
                known.push(read(original)?.draft().clone());
            }
            let through = |lenses: &&'static [Lens]| {
                let mut shown = reason.reveal().to_owned();
                known.iter().for_each(|draft| shown = redact_later(draft, &shown, &rulebook.redaction, lenses));
                (*lenses, Text::new(shown))
            };
            Some(LENSES.iter().map(through).collect::<Shown>())
        });
        let withheld = || LENSES.iter().map(|lenses| (*lenses, Text::from(WITHHELD))).collect();
        Ok(shown.await?.unwrap_or_else(withheld))
    }
}
