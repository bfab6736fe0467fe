//! A submission as received, read into a [`Draft`] with every fault named under `submission.`.

use super::{
    episode, interview, item, limits, named,
    reader::{Reader, area, optional},
};
use crate::{
    domain::{
        code::{CaseStatus, MarkingLevel, TellCarer},
        geography::Area,
        submission::{Actor, Answers, Draft, Envelope, Mark, Marking, Reading, Reporter, StopScreen},
        violation::Violations,
    },
    wire::pb,
};

/// Reads a submission. Nothing is lost and nothing is decided here.
pub fn submission(message: pb::Submission) -> Reading {
    let mut reader = Reader::default();
    let r = &mut reader;
    let draft = Draft {
        envelope: envelope(r, message.envelope),
        missing_from: geography(r, "submission.missing_from", message.missing_from),
        lives_now: geography(r, "submission.lives_now", message.lives_now),
        responsible_authority: geography(r, "submission.responsible_authority", message.responsible_authority),
        child: episode::child(r, message.child),
        episode: episode::episode(r, message.episode),
        interview: interview::interview(r, message.interview),
        items: each(r, "submission.items", message.items, limits::ITEMS, item::item),
        persons: each(r, "submission.persons", message.persons, limits::PERSONS, named::person),
        places: each(r, "submission.places", message.places, limits::OBJECTS, named::place),
        vehicles: each(r, "submission.vehicles", message.vehicles, limits::OBJECTS, named::vehicle),
        phones: each(r, "submission.phones", message.phones, limits::OBJECTS, named::phone),
        accounts: each(r, "submission.accounts", message.accounts, limits::OBJECTS, named::account),
        objects: each(r, "submission.objects", message.objects, limits::OBJECTS, named::object),
        answers: answers(r, message.answers),
    };
    Reading::new(draft, reader.violations())
}

impl TryFrom<pb::Submission> for Draft {
    type Error = Violations;

    fn try_from(message: pb::Submission) -> Result<Self, Violations> {
        submission(message).finish()
    }
}

/// Reads each entry of a list under `path[index]`.
pub(super) fn each<W, H>(
    r: &mut Reader,
    path: &str,
    values: Vec<W>,
    limit: usize,
    read: impl Fn(&mut Reader, &str, W) -> H,
) -> Vec<H> {
    let values = r.bounded(path, values, limit);
    values.into_iter().enumerate().map(|(index, value)| read(r, &format!("{path}[{index}]"), value)).collect()
}

/// One of the three geographies that must be stated, if only as unknown (D03).
fn geography(r: &mut Reader, field: &str, value: Option<pb::Area>) -> Area {
    let read = area(value);
    if read == Area::Absent {
        r.missing(field);
    }
    read
}

fn envelope(r: &mut Reader, message: Option<pb::Envelope>) -> Envelope {
    let message = r.message("submission.envelope", message);
    let actor = r.message("submission.envelope.actor", message.actor);
    let reporter = r.message("submission.envelope.reporter", message.reporter);
    Envelope {
        on_behalf_of: r.text("submission.envelope.on_behalf_of", message.on_behalf_of),
        submitting_organisation: r.text("submission.envelope.submitting_organisation", message.submitting_organisation),
        sender_reference: optional(message.sender_reference),
        actor: Actor {
            scheme: r.text("submission.envelope.actor.scheme", actor.scheme),
            id: r.text("submission.envelope.actor.id", actor.id),
            role: r.text("submission.envelope.actor.role", actor.role),
        },
        reporter: Reporter {
            name: r.text("submission.envelope.reporter.name", reporter.name),
            role: r.text("submission.envelope.reporter.role", reporter.role),
            call_back: r.text("submission.envelope.reporter.call_back", reporter.call_back),
        },
        marking: marking(r, message.marking.unwrap_or_default()),
        lawful_basis: r.required_choice("submission.envelope.lawful_basis", message.lawful_basis),
        marks: each(r, "submission.envelope.marks", message.marks, limits::MARKS, mark),
    }
}

/// Absent is OFFICIAL-SENSITIVE (domain 2.5).
fn marking(r: &mut Reader, message: pb::Marking) -> Marking {
    let level = r.choice("submission.envelope.marking.level", message.level);
    Marking {
        level: level.unwrap_or(MarkingLevel::OfficialSensitive),
        descriptors: r.texts("submission.envelope.marking.descriptors", message.descriptors, limits::SHORT),
        handling: optional(message.handling),
        lowering_reason: optional(message.lowering_reason),
    }
}

fn mark(r: &mut Reader, path: &str, message: pb::Mark) -> Mark {
    Mark {
        field: r.text(&format!("{path}.field"), message.field),
        start: message.start,
        end: message.end,
        mark: r.required_choice(&format!("{path}.mark"), message.mark),
    }
}

fn answers(r: &mut Reader, message: Option<pb::Answers>) -> Answers {
    let message = r.message("submission.answers", message);
    let at = |field: &str| format!("submission.answers.{field}");
    Answers {
        case: r.choice(&at("case"), message.case).unwrap_or(CaseStatus::Unknown),
        looked_after: r.yes_no(&at("looked_after"), message.looked_after),
        codes: r.choices(&at("codes"), message.codes),
        significant_harm_suspected: r.yes_no(&at("significant_harm_suspected"), message.significant_harm_suspected),
        county_lines: r.yes_no(&at("county_lines"), message.county_lines),
        fgm: r.choice(&at("fgm"), message.fgm),
        fgm_disclosed_at: r.time(&at("fgm_disclosed_at"), message.fgm_disclosed_at),
        harm_source_at_home: r.yes_no(&at("harm_source_at_home"), message.harm_source_at_home),
        tell_carer: r.choice(&at("tell_carer"), message.tell_carer).unwrap_or(TellCarer::Nothing),
        suicidal_intent: r.yes_no(&at("suicidal_intent"), message.suicidal_intent),
        wanted: r.yes_no(&at("wanted"), message.wanted),
        missing_again_now: r.yes_no(&at("missing_again_now"), message.missing_again_now),
        stop_screen: message.stop_screen.map(|screen| stop_screen(r, screen)),
        nil_intelligence: r.yes_no(&at("nil_intelligence"), message.nil_intelligence),
    }
}

fn stop_screen(r: &mut Reader, message: pb::StopScreen) -> StopScreen {
    let at = |field: &str| format!("submission.answers.stop_screen.{field}");
    StopScreen {
        danger_now: r.yes_no(&at("danger_now"), message.danger_now),
        reasons: r.choices(&at("reasons"), message.reasons),
        emergency_call: r.choice(&at("emergency_call"), message.emergency_call),
        reference: optional(message.reference),
        at: r.time(&at("at"), message.at),
    }
}
