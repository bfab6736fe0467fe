//! What an author sees beside the decision: spans and their rules, the ledger's entries, what the last check took out.

use prost::Message;

use super::{
    coaching::coaching,
    decision::explanation,
    reader::wire_time,
    reasons::{not_fired, rule_details, units, versions},
};
use crate::{
    broker::Rulebook,
    domain::{
        coaching::Coaching,
        lint::{Advice, Lexicon, Meter, Question, advise, meters},
        preview::{Written, written},
        redaction::{ENGINE_VERSION, Lens, Mention},
        routing::nobody_gets,
        stage::{Degraded, Routed},
        unit::UnitLabel,
    },
    ledger::Entry,
    wire::pb,
};

/// What views, texts and spans may take of the 4 MiB that a client takes unless told otherwise; the rest is for advice, names of
/// fields and the ledger's entries, which have bounds of their own.
const ANSWER_BYTES: usize = 3_400_000;

/// The whole explanation of a judged submission, with the entries that the ledger would keep of it.
pub fn previewed(routed: &Routed, rulebook: &Rulebook, ledger: &[Entry]) -> pb::Explanation {
    let redacted = routed.redacted();
    let explained = explanation(routed.decision(), redacted.views());
    let left = ANSWER_BYTES.saturating_sub(explained.encoded_len());
    pb::Explanation {
        written: written(redacted, left).iter().map(written_text).collect(),
        degraded: redacted.degraded().iter().map(|taken| degraded(routed, taken)).collect(),
        redaction_policy: Some(pb::RedactionPolicyId {
            version: rulebook.redaction.version().to_owned(),
            sha256: hex::encode(rulebook.redaction_digest),
            engine: ENGINE_VERSION,
        }),
        ledger: ledger.iter().map(kept_entry).collect(),
        coaching: Some(coaching(&Coaching::of(routed.draft()))),
        advice: advise(redacted, &rulebook.lint).iter().map(advice).collect(),
        completeness: meters(redacted, &rulebook.lint)
            .iter()
            .map(|meter| completeness(meter, &rulebook.lint))
            .collect(),
        advice_version: rulebook.lint.version().to_owned(),
        rule_details: rule_details(routed.decision(), &rulebook.policy),
        not_fired: not_fired(routed.decision(), &rulebook.policy),
        nobody_gets: nobody_gets(routed, &rulebook.policy),
        received_time: Some(wire_time(routed.decision().received)),
        versions: versions(rulebook),
        units: units(routed.decision(), &rulebook.policy),
        ..explained
    }
}

fn written_text(written: &Written<'_>) -> pb::WrittenText {
    pb::WrittenText {
        field: written.field.clone(),
        text: written.text.map_or_else(String::new, |text| text.reveal().to_owned()),
        spans: written.spans.iter().map(|(start, end, mention)| span(*start, *end, mention)).collect(),
        shown_as: written.shown_as.iter().map(|(unit, field)| shown_as(*unit, field)).collect(),
        left_off: written.left_off,
    }
}

fn span(start: usize, end: usize, mention: &Mention<'_>) -> pb::TextSpan {
    let reading = |&lens: &Lens| {
        let reading = mention.under(lens);
        pb::SpanReading {
            lens: lens.code().to_owned(),
            action: reading.action.code().to_owned(),
            class: reading.class.code().to_owned(),
            role: reading.role.code().to_owned(),
            shown: reading.shown.clone(),
        }
    };
    pb::TextSpan {
        start: number(start),
        end: number(end),
        r#type: mention.entity.code().to_owned(),
        listed: mention.listed,
        readings: Lens::ALL.iter().map(reading).collect(),
    }
}

fn shown_as(unit: UnitLabel, field: &str) -> pb::ShownAs {
    pb::ShownAs {
        audience: unit.audience.code().to_owned(),
        part: unit.part.code().to_owned(),
        item: unit.item.map_or(0, u32::from),
        field: field.to_owned(),
    }
}

fn degraded(routed: &Routed, taken: &Degraded) -> pb::DegradedText {
    let mut of_unit = routed.redacted().views().iter().filter(|(label, _)| *label == taken.unit);
    let whole = of_unit.any(|(_, view)| view.fields.iter().any(|field| field.name == taken.field && field.withheld));
    let pb::ShownAs { audience, part, item, field } = shown_as(taken.unit, &taken.field);
    pb::DegradedText { audience, part, item, field, whole }
}

fn advice(one: &Advice) -> pb::Advice {
    let place = one.place.clone().unwrap_or_default();
    pb::Advice {
        kind: one.kind.code().to_owned(),
        rule: u32::from(one.rule),
        item: one.item.map_or(0, u32::from),
        field: if one.unit.is_none() { one.field.clone() } else { String::new() },
        shown_as: one.unit.map(|unit| shown_as(unit, &one.field)),
        start: number(place.start),
        end: number(place.end),
        say: one.say.clone(),
    }
}

fn completeness(meter: &Meter, lexicon: &Lexicon) -> pb::Completeness {
    let answered = |&(question, answered): &(Question, bool)| pb::Answered {
        question: question.code().to_owned(),
        answered,
        say: if answered { String::new() } else { lexicon.ask(question).to_owned() },
    };
    pb::Completeness { item: u32::from(meter.item), questions: meter.answers.iter().map(answered).collect() }
}

fn kept_entry(entry: &Entry) -> pb::KeptEntry {
    let collected = entry.verb == crate::ledger::Verb::Collection;
    let references: &[&str] = if collected { &["record", "actor", "commitment"] } else { &["record"] };
    pb::KeptEntry {
        verb: entry.verb.code().to_owned(),
        action: entry.action.clone(),
        who: entry.who.clone(),
        recipients: entry.recipients.iter().map(ToString::to_string).collect(),
        details: entry.details.clone(),
        references: references.iter().map(|&name| name.to_owned()).collect(),
    }
}

/// A place in a text; none has more characters than a message has bytes.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
