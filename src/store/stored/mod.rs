//! Stored formats of the embedded engine: values to bytes and back. What cannot be read is damage, never a guess.

mod delivery;
mod grade;
mod page;
mod partly;
mod prompt;
mod reading;
mod record;
mod retraction;
mod step;

use jiff::Timestamp;
use prost::Message;
use uuid::Uuid;

use super::{Document, Kept, Reference, StoreError};
use crate::{
    domain::{
        delivery::Delivery,
        grading::ConfirmedGrade,
        prompt::TrackedPrompt,
        reading::{Reading, is_full},
        retraction::Retraction,
    },
    ledger::Frontier,
};

pub(super) use page::PageRow;
pub(super) use record::{Head as RecordHead, Listed, StoredEvent, decode_record, encode_record};

/// Generated messages of `proto/internal/stored.proto`.
#[allow(missing_docs, clippy::all, reason = "generated")]
pub(super) mod pb {
    include!(concat!(env!("OUT_DIR"), "/homeward.internal.rs"));
}

/// The version of the formats written today.
const FORM: u32 = 1;

/// Confirmed grades of one item, at most: every delivery of the record is read and written with them.
const MOST_VERSIONS: u32 = 20;

/// The deliveries of one record, in leg order, whose record it is, and how its items were graded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Legs {
    /// Organisations that follow the record.
    pub followers: Vec<String>,
    /// Deliveries; each shows the confirmed grades of its items.
    pub deliveries: Vec<Delivery>,
    /// Confirmed grades, oldest first.
    pub confirmed: Vec<ConfirmedGrade>,
    /// The wraps of the record's keys: here, where they can be replaced without its sealed value.
    pub wraps: Vec<u8>,
    /// What they are wrapped under.
    pub wrapped_under: String,
    /// That it was corrected or recalled, oldest first.
    pub retractions: Vec<Retraction>,
    /// Who opened what, in the order of first openings.
    pub readings: Vec<Reading>,
    /// Once its content was erased: the ledger index of the entry that says so.
    pub erased: Option<u64>,
    /// Whom the record is kept from: those that it accuses, and those that a correction of it accuses.
    pub excluded: Vec<Reference>,
    /// The prompts that are followed, one of each kind; each delivery that shows one shows how it stands.
    pub prompts: Vec<TrackedPrompt>,
}

/// A kept first answer, opened by the kind of call it belongs to.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// Of an acceptance: the record that keeps it.
    Accepted(Uuid),
    /// Of a pull.
    Deliveries(Vec<Delivery>),
    /// Of a settlement.
    Delivery(Box<Delivery>),
    /// Of an amendment.
    Amended(Kept),
}

/// What every commit replaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Meta {
    /// Commits so far.
    pub sequence: u64,
    /// The ledger.
    pub frontier: Frontier,
    /// Records kept.
    pub records: u64,
    /// Deliveries that are not settled.
    pub live: u64,
    /// First answers kept.
    pub answers: u64,
    /// Submissions listed.
    pub listed: u64,
    /// Later events.
    pub events: u64,
    /// Documents on the shelves.
    pub documents: u64,
    /// Pages that wait.
    pub pages: u64,
    /// Records about which nothing is open, and whose content is not erased.
    pub finished: u64,
    /// Rows of prompts that are followed.
    pub prompts: u64,
}

impl Legs {
    /// The bytes of a record's legs; the record itself is in the key.
    pub fn encode(&self) -> Vec<u8> {
        let bare =
            |each| pb::Delivery { record: None, confirmed: Vec::new(), prompts: Vec::new(), ..delivery::put(each) };
        let deliveries = self.deliveries.iter().map(bare).collect();
        let confirmed = self.confirmed.iter().map(grade::put).collect();
        let (followers, wraps) = (self.followers.clone(), self.wraps.clone());
        let (wrapped_under, readings) = (self.wrapped_under.clone(), self.readings.iter().map(reading::put).collect());
        let erased = self.erased;
        let retractions = self.retractions.iter().map(retraction::put).collect();
        let excluded = self.excluded.iter().map(|reference| reference.to_vec()).collect();
        let prompts = self.prompts.iter().map(prompt::put).collect();
        pb::Legs {
            followers,
            deliveries,
            confirmed,
            wraps,
            wrapped_under,
            retractions,
            readings,
            erased,
            prompts,
            excluded,
        }
        .encode_to_vec()
    }

    /// Since when nothing about the record is open: every delivery is settled, and with it what was asked there, and every prompt ended.
    /// `None` while something is, and where there is no content that could be erased.
    pub fn finished(&self) -> Option<Timestamp> {
        if self.wraps.is_empty() {
            return None;
        }
        let settled = self.deliveries.iter().map(|delivery| delivery.settled.as_ref().map(|settled| settled.at));
        let ended = self.prompts.iter().map(|prompt| prompt.end.as_ref().map(|end| end.at));
        settled.chain(ended).collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Takes away what was sealed in it beside the record: its keys are gone.
    pub fn strip(&mut self) {
        self.deliveries.iter_mut().for_each(strip);
        for grade in &mut self.confirmed {
            (grade.instructions, grade.reason) = (Vec::new(), Vec::new());
        }
    }

    /// Adds what somebody opened; true where it is the first time that they opened this. Where it is full ([`is_full`]) nothing is added.
    pub fn read(&mut self, new: Reading) -> bool {
        let known = self.readings.iter_mut().find(|known| known.is_of(new.leg, &new.by, new.unit));
        if let Some(known) = known {
            (known.last, known.times) = (new.last, known.times.saturating_add(1));
            return false;
        }
        let room = !is_full(&self.readings, new.is_hidden());
        self.readings.extend(Some(new).filter(|_| room));
        room
    }

    /// Adds the next version of an item's confirmed grade.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] where the item has [`MOST_VERSIONS`] already.
    pub fn confirm(&mut self, grade: &ConfirmedGrade) -> Result<(), StoreError> {
        let before = self.confirmed.iter().filter(|earlier| earlier.item == grade.item).count();
        let version = u32::try_from(before + 1).ok().filter(|version| *version <= MOST_VERSIONS);
        let version = version.ok_or(StoreError::WrongState)?;
        self.confirmed.push(ConfirmedGrade { version, ..grade.clone() });
        self.show();
        Ok(())
    }

    /// Gives each delivery the confirmed grades of the items it carries, and how the prompts stand that it shows.
    pub fn show(&mut self) {
        self.deliveries.iter_mut().for_each(|delivery| show(delivery, &self.confirmed, &self.prompts));
    }

    /// Reads the legs of `record`.
    pub fn decode(record: Uuid, bytes: &[u8]) -> Result<Self, StoreError> {
        let read = || {
            let legs = pb::Legs::decode(bytes).ok()?;
            let deliveries =
                legs.deliveries.into_iter().map(|each| delivery::take(Some(record), each)).collect::<Option<_>>()?;
            let confirmed = legs.confirmed.into_iter().map(grade::take).collect::<Option<_>>()?;
            let (followers, wraps, wrapped_under) = (legs.followers, legs.wraps, legs.wrapped_under);
            let retractions = legs.retractions.into_iter().map(retraction::take).collect::<Option<_>>()?;
            let readings = legs.readings.into_iter().map(reading::take).collect::<Option<_>>()?;
            let erased = legs.erased;
            let prompts = legs.prompts.into_iter().map(prompt::take).collect::<Option<_>>()?;
            let excluded = legs.excluded.into_iter().map(|bytes| bytes.try_into().ok()).collect::<Option<_>>()?;
            let mut legs = Self {
                followers,
                deliveries,
                confirmed,
                wraps,
                wrapped_under,
                retractions,
                readings,
                erased,
                prompts,
                excluded,
            };
            legs.show();
            Some(legs)
        };
        read().ok_or_else(|| damaged("deliveries", record))
    }
}

/// Gives a delivery the confirmed grades of the items it carries, and how the prompts stand that it shows.
fn show(delivery: &mut Delivery, confirmed: &[ConfirmedGrade], prompts: &[TrackedPrompt]) {
    delivery.prompts = prompts.iter().filter(|prompt| delivery.shows(prompt.kind)).cloned().collect();
    let of = |grade: &&ConfirmedGrade| delivery.header.items.iter().any(|item| item.number == grade.item);
    delivery.confirmed = confirmed.iter().filter(of).cloned().collect();
}

/// Nothing that was sealed stays with a delivery.
pub(in crate::store) fn strip(delivery: &mut Delivery) {
    delivery.settled.iter_mut().for_each(|settled| settled.note = Vec::new());
    delivery.history.iter_mut().for_each(|step| (step.note, step.given) = (Vec::new(), Vec::new()));
    for grade in &mut delivery.confirmed {
        (grade.instructions, grade.reason) = (Vec::new(), Vec::new());
    }
}

impl Answer {
    /// Kept with the digest of its request.
    pub fn encode(&self, digest: &[u8; 32]) -> Vec<u8> {
        use pb::kept;
        let answer = match self {
            Self::Accepted(record) => kept::Answer::Record(record.as_bytes().to_vec()),
            Self::Deliveries(deliveries) => {
                kept::Answer::Deliveries(pb::Deliveries { deliveries: deliveries.iter().map(delivery::put).collect() })
            }
            Self::Delivery(one) => kept::Answer::Delivery(delivery::put(one)),
            Self::Amended(Kept { ledger_index, answer, root }) => kept::Answer::Amended(pb::Acceptance {
                ledger_index: *ledger_index,
                answer: answer.clone(),
                root: root.to_vec(),
            }),
        };
        pb::Kept { digest: digest.to_vec(), answer: Some(answer) }.encode_to_vec()
    }

    /// Reads a kept answer.
    ///
    /// # Errors
    /// [`StoreError::RequestIdReused`] when it was kept for another digest; [`StoreError::Damaged`].
    pub fn decode(bytes: &[u8], digest: &[u8; 32]) -> Result<Self, StoreError> {
        let kept = Self::kept(bytes)?;
        if kept.digest != digest {
            return Err(StoreError::RequestIdReused);
        }
        Self::take(kept)
    }

    /// Reads a kept answer, whatever request it was kept for, and that request's digest.
    pub fn of_any(bytes: &[u8]) -> Result<([u8; 32], Self), StoreError> {
        let kept = Self::kept(bytes)?;
        let digest = kept.digest.as_slice().try_into().expect("as long as was looked for");
        Ok((digest, Self::take(kept)?))
    }

    fn kept(bytes: &[u8]) -> Result<pb::Kept, StoreError> {
        let kept = pb::Kept::decode(bytes).ok().filter(|kept| kept.digest.len() == 32);
        kept.ok_or_else(|| StoreError::Damaged("a kept answer cannot be read".into()))
    }

    fn take(kept: pb::Kept) -> Result<Self, StoreError> {
        use pb::kept;
        let unreadable = || StoreError::Damaged("a kept answer cannot be read".into());
        match kept.answer.ok_or_else(unreadable)? {
            kept::Answer::Record(record) => uuid(&record).map(Self::Accepted),
            kept::Answer::Deliveries(kept) => kept
                .deliveries
                .into_iter()
                .map(|each| delivery::take(None, each))
                .collect::<Option<_>>()
                .map(Self::Deliveries),
            kept::Answer::Delivery(one) => delivery::take(None, one).map(Box::new).map(Self::Delivery),
            kept::Answer::Amended(pb::Acceptance { ledger_index, answer, root }) => {
                root.try_into().ok().map(|root| Self::Amended(Kept { ledger_index, answer, root }))
            }
        }
        .ok_or_else(unreadable)
    }
}

impl Meta {
    /// The bytes of the one value that every commit replaces.
    pub fn encode(&self) -> Vec<u8> {
        pb::Meta {
            form: FORM,
            sequence: self.sequence,
            ledger_size: self.frontier.size(),
            peaks: self.frontier.peaks().iter().map(|peak| peak.to_vec()).collect(),
            records: self.records,
            live: self.live,
            answers: self.answers,
            listed: self.listed,
            events: self.events,
            documents: self.documents,
            pages: self.pages,
            finished: self.finished,
            prompts: self.prompts,
        }
        .encode_to_vec()
    }

    /// Reads it.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let read = || {
            let meta = pb::Meta::decode(bytes).ok().filter(|meta| meta.form == FORM)?;
            let peaks = meta.peaks.into_iter().map(|peak| peak.try_into().ok()).collect::<Option<_>>()?;
            let frontier = Frontier::from_parts(meta.ledger_size, peaks)?;
            Some(Self {
                sequence: meta.sequence,
                frontier,
                records: meta.records,
                live: meta.live,
                answers: meta.answers,
                listed: meta.listed,
                events: meta.events,
                documents: meta.documents,
                pages: meta.pages,
                finished: meta.finished,
                prompts: meta.prompts,
            })
        };
        read().ok_or_else(|| StoreError::Damaged("the counts of the last commit cannot be read".into()))
    }
}

/// A document as bytes; its name is in the key.
pub(super) fn encode_document(version: u64, bytes: Vec<u8>) -> Vec<u8> {
    pb::Document { version, bytes }.encode_to_vec()
}

/// Reads a document.
pub(super) fn decode_document(name: &str, bytes: &[u8]) -> Result<Document, StoreError> {
    let read = pb::Document::decode(bytes).ok().filter(|document| document.version > 0);
    let pb::Document { version, bytes } =
        read.ok_or_else(|| StoreError::Damaged("a document cannot be read".into()))?;
    Ok(Document { name: name.to_owned(), version, bytes })
}

/// What to say when a value of a record cannot be read.
pub(super) fn damaged(what: &str, record: Uuid) -> StoreError {
    StoreError::Damaged(format!("{what} of record {record} cannot be read"))
}

/// A moment, exact to the nanosecond.
pub(in crate::store) fn time(at: Timestamp) -> pb::Time {
    let nanos = at.as_nanosecond();
    pb::Time {
        seconds: i64::try_from(nanos.div_euclid(1_000_000_000)).expect("a timestamp's seconds fit 64 bits"),
        nanos: u32::try_from(nanos.rem_euclid(1_000_000_000)).expect("a remainder below a thousand million"),
    }
}

/// Reads a moment.
pub(in crate::store) fn moment(time: Option<pb::Time>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::from_nanosecond(i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos)).ok()
}

/// Reads a moment that may be absent: absent is fine, unreadable is not.
fn maybe(time: Option<pb::Time>) -> Option<Option<Timestamp>> {
    match time {
        None => Some(None),
        some => moment(some).map(Some),
    }
}

/// Reads an id.
fn uuid(bytes: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(bytes).ok()
}
