//! Clarification, the C of PEACE: an officer asks the sender what is known already, and the answer reaches the delivery, whoever
//! holds it by then. Nobody sets a child to find things out (domain 2.4). Both are sealed; the answer is redacted for its reader.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Broker, Error, Handle, Reader, Request, rejecting::note_of};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId},
        grants::{QueuePermit, ReadPermit},
        history::{Step, StepKind},
        lint::tasks_child,
        policy::QueueSide,
        queue::QueueId,
        redaction::{Lens, WITHHELD, redact_later},
        submission::Reading,
        text::Text,
        violation::{Violation, Violations},
    },
    ledger::{Entry, Verb},
    sealing::{Note, SealError, SealedRecordAt, open_given, open_note, open_original, seal_given},
    store::{Clarification, Keep, Once, Record, Settle, StoreError, Stored},
};

/// Through what the readers of a queue read what came later: police, a council, HOLD.
pub(super) const LENSES: [&[Lens]; 3] = [&[Lens::Item], &[Lens::Mash], &[Lens::Item, Lens::Mash]];

/// What an officer asks.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The item that it is about; `None`: the whole.
    pub item: Option<u16>,
    /// The question.
    pub text: Text,
    /// They state that it asks nothing of the child, whatever its words look like.
    pub nothing_of_the_child: bool,
}

/// What a sender was asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Names it.
    pub id: Uuid,
    /// The item that it is about, as its number is written; empty: the whole.
    pub item: String,
    /// The question; empty once the record was erased.
    pub text: Text,
    /// When it was asked.
    pub at: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
}

/// What a sender answers.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Their referral.
    pub referral: Uuid,
    /// Which question.
    pub question: Uuid,
    /// The answer.
    pub text: Text,
    /// Who answers: scheme, id, role.
    pub actor: [Text; 3],
}

impl Broker {
    /// Asks the sender. Deadlines run on.
    pub async fn request_clarification(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        asking: Asking,
    ) -> Result<Delivery, Error> {
        let now = self.now();
        let (record, delivery) = self.found(handle.delivery).await?;
        self.may_decide(permit, &record, &delivery, now)?;
        let lease = delivery.live_lease(&handle.token, now);
        // An answer that was given comes again, and whoever lost the lease hears that: the store says.
        if lease.is_some_and(|lease| lease.holder == permit.identity().as_str()) {
            self.may_ask(&record, &delivery, &asking)?;
        }
        let item = asking.item.map(|item| item.to_string()).unwrap_or_default();
        let kind = (StepKind::Asked, item.as_str());
        let step = self.step_of(permit, kind, request, (handle.delivery, &asking.text)).await?;
        let mut entry = self.entry_about(permit, (Verb::Disclosure, "REQUEST_CLARIFICATION"), handle.delivery, now);
        entry.details.push(format!("to={}", record.organisation));
        if tasks_child(asking.text.reveal(), &self.rulebook().lint).is_some() {
            entry.details.push("nothing_of_the_child=stated".to_owned());
        }
        let once = self.once_with_record(permit, request);
        Ok(self.store.settle(once, self.held(permit, handle, now), Settle::Ask(step), entry).await?)
    }

    /// Whoever asks has read something, and asks those who know it.
    fn may_ask(&self, record: &Record, delivery: &Delivery, asking: &Asking) -> Result<(), Error> {
        if record.on_behalf_of.is_empty() {
            return Err(Error::Precondition {
                reason: "NOBODY_TO_ASK",
                advice: "this is the broker's own alert of a submission that it may not keep: ring its sender, whom the ledger \
                         names in the entry UNSUPPORTED_MARKING of this record; an auditor tells you who it was",
            });
        }
        if record.linked_from.is_some() {
            return Err(Error::Precondition {
                reason: "ASK_ON_THE_REFERRAL",
                advice: "ask on a delivery of the referral that names this child: its sender has sent nothing else",
            });
        }
        if !delivery.is_begun() {
            return Err(Error::Precondition {
                reason: "OPEN_FIRST",
                advice: "open at least one part of the delivery before you ask",
            });
        }
        let mut wrong = Violations::default();
        if asking.item.is_some_and(|item| delivery.item(item).is_none()) {
            wrong.add("item", "give the number of an item that this delivery carries, or 0 for the whole");
        }
        let rulebook = self.rulebook();
        if let Some(say) = tasks_child(asking.text.reveal(), &rulebook.lint).filter(|_| !asking.nothing_of_the_child) {
            wrong.add("question", say);
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
    }

    /// Answers a question of the caller's own referral. `read` reads the submission as it was received: the answer is redacted for
    /// the reader of the delivery with all that was listed and found in it, and kept sealed as it was given, for whoever may open
    /// the original.
    pub async fn answer_clarification(
        &self,
        permit: &ReadPermit,
        request: Request,
        reply: Reply,
        read: impl FnOnce(&[u8]) -> Option<Reading> + Send + 'static,
    ) -> Result<Delivery, Error> {
        let now = self.now();
        let Stored { record, deliveries, .. } = self.store.find(reply.referral).await?.ok_or(Error::NotFound)?;
        if record.linked_from.is_some() || !self.shows(permit, &record) {
            return Err(Error::NotFound);
        }
        let asked = |delivery: &&Delivery| delivery.questions().any(|(asked, _)| asked.id == reply.question);
        let Some(asked) = deliveries.iter().find(asked) else {
            let advice = "give the id of a question as GetReferral shows it";
            return Err(Error::Invalid(Violations(vec![Violation::new("clarification_id", advice)])));
        };
        let delivery = asked.gone_to(&deliveries);
        // What is answered already, and what is settled, costs nothing: the store gives the first answer again, or refuses.
        let open = |(asked, answer): (&Step, Option<&Step>)| asked.id == reply.question && answer.is_none();
        let (note, given) = match delivery.settled.is_none() && delivery.questions().any(open) {
            true => {
                let lenses = self.lenses(&delivery.header.queue);
                self.as_answered(permit, (&record, asked.id, lenses), (request.id, &reply.text), read).await?
            }
            false => Default::default(),
        };
        let code = reply.question.hyphenated().to_string();
        let (kind, by) = (StepKind::Answered, String::new());
        let step = Step { id: request.id, kind, at: now, by, code, note, given, failed: 0 };
        let actor = reply.actor.each_ref().map(Text::reveal);
        let entry = Entry {
            at: now,
            verb: Verb::Collection,
            action: "ANSWER_CLARIFICATION".to_owned(),
            who: permit.identity().as_str().to_owned(),
            actor: Some(self.keyring.reference("actor", &actor)),
            record: Some(record.id),
            deliveries: vec![delivery.id],
            recipients: vec![delivery.header.queue.clone()],
            details: Vec::new(),
            commitment: None,
        };
        let once = Once {
            caller: permit.identity().as_str().to_owned(),
            method: "AnswerClarification",
            request: request.id,
            digest: request.digest,
            keep: Keep::WithRecord,
        };
        let clarification = Clarification { delivery: delivery.id, question: reply.question, step };
        self.store.clarify(once, clarification, entry).await.map_err(|error| match error {
            StoreError::WrongState => Error::Precondition {
                reason: "NOTHING_TO_ANSWER",
                advice: "it is answered already, or the matter is settled there: submit what is new as a referral",
            },
            other => other.into(),
        })
    }

    /// An answer to what was asked on a delivery, sealed as it is read through `lenses`, and as it was given. In its turn, as a submission
    /// is.
    async fn as_answered(
        &self,
        permit: &ReadPermit,
        (record, asked, lenses): (&Record, DeliveryId, &'static [Lens]),
        (step, text): (Uuid, &Text),
        read: impl FnOnce(&[u8]) -> Option<Reading> + Send + 'static,
    ) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let _until_sealed = self.turn(permit.identity()).await?;
        let (place, sealed) = self.sealed_of(record).await?;
        let original = open_original(&sealed, &place, &self.keyring)?;
        let (words, rulebook) = (text.clone(), self.rulebook());
        let shown = self.bench.does(move || {
            let reading = read(&original)?;
            Some(redact_later(reading.draft(), words.reveal(), &rulebook.redaction, lenses))
        });
        let shown = Text::new(shown.await?.unwrap_or_else(|| WITHHELD.to_owned()));
        let note = self.note(asked, &note_of(step), &shown).await?;
        let at = SealedRecordAt { sealed: &sealed, place: &place };
        let as_given = Note { number: asked.leg, purpose: &given_of(step) };
        let given = seal_given(at, as_given, text.reveal(), &self.keyring, &*self.entropy)?;
        Ok((note, given))
    }

    /// What was asked on a delivery that goes from HOLD to another queue, sealed as it is read there through `lenses`: by the question.
    pub(super) async fn as_asked(
        &self,
        permit: &QueuePermit,
        (record, delivery, lenses): (&Record, &Delivery, &'static [Lens]),
        read: Reader,
    ) -> Result<Vec<(Uuid, Vec<u8>)>, Error> {
        if delivery.questions().next().is_none() {
            return Ok(Vec::new());
        }
        let _until_sealed = self.turn(permit.identity()).await?;
        let (place, sealed) = self.sealed_of(record).await?;
        let at = SealedRecordAt { sealed: &sealed, place: &place };
        let mut asked = Vec::new();
        for (step, _) in delivery.questions() {
            let text =
                open_note(at, Note { number: delivery.id.leg, purpose: &note_of(step.id) }, &step.note, &self.keyring)?;
            asked.push((step.id, text));
        }
        let (original, rulebook) = (open_original(&sealed, &place, &self.keyring)?, self.rulebook());
        let shown = self.bench.does(move || {
            let reading = read(&original);
            let through = |text: &Text| match &reading {
                Some(reading) => redact_later(reading.draft(), text.reveal(), &rulebook.redaction, lenses),
                None => WITHHELD.to_owned(),
            };
            asked.into_iter().map(|(id, text)| (id, Text::new(through(&text)))).collect::<Vec<_>>()
        });
        let mut questions = Vec::new();
        for (id, text) in shown.await? {
            questions.push((id, self.note(delivery.id, &note_of(id), &text).await?));
        }
        Ok(questions)
    }

    /// What the sender of a record has answered since, as it was given, with the question that it answers.
    pub(super) fn given(&self, deliveries: &[Delivery], at: SealedRecordAt<'_>) -> Result<Vec<(String, Text)>, Error> {
        let answers = deliveries.iter().flat_map(|one| one.history.iter().map(move |step| (one, step)));
        let first = |(one, step): &(&Delivery, &Step)| one.written_on(step, deliveries) == one.id.leg;
        let mut given = Vec::new();
        for (one, step) in answers.filter(|(_, step)| !step.given.is_empty()).filter(first) {
            let (number, purpose) = (one.sealed_on(step, deliveries), given_of(step.id));
            let text = open_given(at, Note { number, purpose: &purpose }, &step.given, &self.keyring)?;
            given.push((step.code.clone(), text));
        }
        Ok(given)
    }

    /// What those who read a queue may read: one of [`LENSES`]. On HOLD it may be either side's.
    pub(super) fn lenses(&self, queue: &QueueId) -> &'static [Lens] {
        let [police, council, both] = LENSES;
        match self.rulebook().policy.queues.kind_of(queue).map(|kind| kind.side) {
            Some(QueueSide::Police) => police,
            Some(QueueSide::Council) => council,
            Some(QueueSide::Triage) | None => both,
        }
    }

    /// Adds what the sender of this record was asked. `all` are its deliveries: a question that went along with a transfer is answered
    /// there.
    pub(super) async fn add_questions(
        &self,
        (record, all): (&Record, &[Delivery]),
        destinations: &mut [super::Destination],
    ) -> Result<(), Error> {
        if destinations.iter().all(|found| found.delivery.questions().next().is_none()) {
            return Ok(());
        }
        let (place, sealed) = self.sealed_of(record).await?;
        let at = SealedRecordAt { sealed: &sealed, place: &place };
        let answers = |id: Uuid| all.iter().flat_map(Delivery::questions).filter(move |(asked, _)| asked.id == id);
        for found in destinations {
            for (asked, _) in found.delivery.questions() {
                // In the words in which it was asked, wherever it has gone since.
                let same = |one: &Delivery| one.history.iter().any(|step| step.id == asked.id);
                let first = all.iter().find(|one| same(one)).unwrap_or(&found.delivery);
                let step = first.history.iter().find(|step| step.id == asked.id).unwrap_or(asked);
                let note = Note { number: first.sealed_on(step, all), purpose: &note_of(asked.id) };
                let text = match open_note(at, note, &step.note, &self.keyring) {
                    Err(SealError::Erased) => Text::default(),
                    opened => opened?,
                };
                let answered = answers(asked.id).find_map(|(_, answer)| answer).map(|answer| answer.at);
                found.questions.push(Question { id: asked.id, item: asked.code.clone(), text, at: asked.at, answered });
            }
        }
        Ok(())
    }
}

/// What an answer as it was given is sealed for.
fn given_of(step: Uuid) -> String {
    format!("given/{}", step.hyphenated())
}
