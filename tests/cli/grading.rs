//! The provenance ladder of domain 2.2 and D24, row by row, through the commands that a council and a sergeant use.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{fed, narrative, one_line};

/// Who the source is, how they know, what else was answered; then what must be proposed, and how it is handled.
///
/// Answers: `doubt` with its reason, `retracted`, `contradicted`, `plain` (the source could not be identified),
/// `known=no` (identifiable is answered, with yes), `by:P` corroboration by person P with three answers of yes, and
/// `by:P-answer` the same with one answer no or `~answer` not given.
const LADDER: &[(&str, &str, &str)] = &[
    // The child saw, did, lived it, or had it from the person concerned.
    ("CHILD SAW", "", "2A C"),
    ("CHILD DID", "", "2A C"),
    ("CHILD EXPERIENCED", "", "2A C"),
    ("CHILD TOLD_TO_FACE_BY_PERSON_CONCERNED", "", "2A C"),
    ("CHILD HEARD_DIRECTLY", "", "2A C"),
    ("CHILD MESSAGE_FROM_PERSON_CONCERNED", "", "2A C"),
    ("CHILD SAW_OWN_POST_OF_PERSON_CONCERNED", "", "2A C"),
    // Told by another, rumour.
    ("CHILD TOLD_BY_OTHER", "", "2C C"),
    ("CHILD RUMOUR", "", "2D C"),
    ("CHILD GROUP_CHAT", "", "2D C"),
    ("CHILD EVERYONE_KNOWS", "", "2D C"),
    // Carers and parents: their own sight and hearing, a message, a phone that they read; else as they had it.
    ("CARER SAW", "", "2A C"),
    ("CARER DID", "", "2A C"),
    ("CARER EXPERIENCED", "", "2A C"),
    ("CARER HEARD_DIRECTLY", "", "2A C"),
    ("CARER TOLD_TO_FACE_BY_PERSON_CONCERNED", "", "2A C"),
    ("CARER MESSAGE_FROM_PERSON_CONCERNED", "", "2A C"),
    ("CARER TOLD_BY_OTHER", "", "2C C"),
    ("CARER RUMOUR", "", "2D C"),
    ("CARER GROUP_CHAT", "", "2D C"),
    ("CARER EVERYONE_KNOWS", "", "2D C"),
    ("PARENT SAW", "", "2A C"),
    ("PARENT HEARD_DIRECTLY", "", "2A C"),
    ("PARENT SAW_OWN_POST_OF_PERSON_CONCERNED", "", "2A C"),
    ("PARENT TOLD_BY_OTHER", "", "2C C"),
    ("PARENT RUMOUR", "", "2D C"),
    // The worker's own sight or hearing; what the worker was told is not.
    ("PRACTITIONER SAW", "", "1A C"),
    ("PRACTITIONER HEARD_DIRECTLY", "", "1A C"),
    ("PRACTITIONER TOLD_TO_FACE_BY_PERSON_CONCERNED", "", "1A C"),
    ("PRACTITIONER TOLD_BY_OTHER", "", "2C C"),
    ("PRACTITIONER RUMOUR", "", "2D C"),
    ("PRACTITIONER EVERYONE_KNOWS", "", "2D C"),
    // Another professional's account is relayed, however they came by it.
    ("PROFESSIONAL SAW", "", "2C C"),
    ("PROFESSIONAL HEARD_DIRECTLY", "", "2C C"),
    ("PROFESSIONAL TOLD_BY_OTHER", "", "2C C"),
    ("PROFESSIONAL RUMOUR", "", "2D C"),
    ("PROFESSIONAL TOLD_BY_OTHER", "by:mum", "2B C"),
    // Corroboration: a different person, with own knowledge, in this record. All three, affirmed.
    ("CHILD TOLD_BY_OTHER", "by:friend", "2B C"),
    ("CARER TOLD_BY_OTHER", "by:friend", "2B C"),
    ("PARENT TOLD_BY_OTHER", "by:teacher", "2B C"),
    ("CHILD TOLD_BY_OTHER", "by:friend-in_this_record", "2C C"),
    ("CHILD TOLD_BY_OTHER", "by:friend-different_person", "2C C"),
    ("CHILD TOLD_BY_OTHER", "by:friend-own_knowledge", "2C C"),
    ("CHILD TOLD_BY_OTHER", "by:friend~in_this_record", "2C C"),
    ("CHILD TOLD_BY_OTHER", "by:friend~different_person", "2C C"),
    ("CHILD TOLD_BY_OTHER", "by:friend~own_knowledge", "2C C"),
    ("CHILD TOLD_BY_OTHER", "by:friend-own_knowledge by:teacher", "2B C"),
    ("CHILD TOLD_BY_OTHER", "by:friend-own_knowledge by:teacher-in_this_record", "2C C"),
    // The source does not support itself, whatever is answered.
    ("CARER TOLD_BY_OTHER", "by:carer", "2C C"),
    ("PARENT TOLD_BY_OTHER", "by:mum", "2C C"),
    // Support makes neither rumour nor own knowledge anything else.
    ("CHILD RUMOUR", "by:friend", "2D C"),
    ("CHILD GROUP_CHAT", "by:friend by:teacher", "2D C"),
    ("CHILD SAW", "by:friend", "2A C"),
    ("PRACTITIONER SAW", "by:friend", "1A C"),
    // A doubt with its reason; nothing else proposes E, and nothing proposes 3.
    ("CHILD SAW", "doubt", "2E C"),
    ("CHILD TOLD_BY_OTHER", "doubt by:friend", "2E C"),
    ("CHILD RUMOUR", "doubt", "2E C"),
    ("CARER SAW", "doubt", "2E C"),
    ("PROFESSIONAL SAW", "doubt", "2E C"),
    ("CHILD SAW", "doubt retracted contradicted", "2E C"),
    // A retraction or contradiction alone changes nothing.
    ("CHILD SAW", "retracted", "2A C"),
    ("CHILD EXPERIENCED", "contradicted", "2A C"),
    ("CHILD EXPERIENCED", "retracted contradicted", "2A C"),
    ("CHILD TOLD_BY_OTHER", "retracted", "2C C"),
    ("CHILD TOLD_BY_OTHER", "retracted by:friend", "2B C"),
    ("CARER SAW", "retracted", "2A C"),
    // Handling: conditions unless the source could not be identified; apart from the grade.
    ("CHILD SAW", "known=no", "2A C"),
    ("CHILD SAW", "plain", "2A P"),
    ("CHILD RUMOUR", "plain", "2D P"),
    ("CHILD SAW", "plain doubt", "2E P"),
    ("CARER SAW", "plain", "2A P"),
    ("PRACTITIONER SAW", "plain", "1A P"),
    ("PROFESSIONAL TOLD_BY_OTHER", "plain by:mum", "2B P"),
];

/// The item of a row.
fn item((source, answers, _): &(&str, &str, &str)) -> Value {
    let (role, how) = source.split_once(' ').unwrap();
    let who = match role {
        "CARER" => "carer",
        "PARENT" => "mum",
        "PROFESSIONAL" => "teacher",
        _ => "",
    };
    let mut from = json!({
        "source": who,
        "source_role": format!("SOURCE_ROLE_{role}"),
        "how_known": format!("HOW_KNOWN_{how}"),
    });
    let mut support = Vec::new();
    for answer in answers.split_whitespace() {
        match answer {
            "doubt" => {
                from["practitioner_doubts"] = json!("YES_NO_YES");
                from["doubt_reason"] = json!("The times cannot both be right.");
            }
            "plain" => from["source_identifiable"] = json!("YES_NO_NO"),
            "known=no" => from["source_identifiable"] = json!("YES_NO_YES"),
            "retracted" | "contradicted" => from[answer] = json!("YES_NO_YES"),
            by => {
                let by = by.strip_prefix("by:").unwrap();
                let cut = by.find(['-', '~']).unwrap_or(by.len());
                let mut entry = json!({ "by": &by[..cut] });
                for field in ["in_this_record", "different_person", "own_knowledge"] {
                    entry[field] = json!("YES_NO_YES");
                }
                match by[cut..].split_at_checked(1) {
                    Some(("-", field)) => entry[field] = json!("YES_NO_NO"),
                    Some((_, field)) => entry[field] = json!("YES_NO_UNSPECIFIED"),
                    None => {}
                }
                support.push(entry);
            }
        }
    }
    from["corroboration"] = Value::from(support);
    json!({ "kind": "ITEM_KIND_INTELLIGENCE", "text": "A grey van stood there.", "provenance": from })
}

fn person(id: &str, role: &str) -> Value {
    json!({
        "id": id,
        "name": format!("Somebody Called {id}"),
        "role": format!("PERSON_ROLE_{role}"),
        "category": "DATA_SUBJECT_CATEGORY_OTHER",
    })
}

/// Narrative 1 with the items of these rows in place of its own.
fn submission(rows: &[(&str, &str, &str)]) -> String {
    let mut value: Value = serde_json::from_str(&narrative(1)).unwrap();
    value["items"] = rows.iter().map(item).collect();
    let persons = value["persons"].as_array_mut().unwrap();
    for (id, role) in [("carer", "CARER"), ("mum", "PARENT"), ("teacher", "PROFESSIONAL"), ("friend", "FRIEND")] {
        persons.push(person(id, role));
    }
    value.to_string()
}

#[test]
fn every_rung_of_the_ladder_is_proposed_as_the_paper_says() {
    let folder = tempfile::tempdir().unwrap();
    assert!(LADDER.len() >= 60 && LADDER.iter().collect::<BTreeSet<_>>().len() == LADDER.len());
    for rows in LADDER.chunks(50) {
        let text = submission(rows);
        for command in [&["policy", "explain"][..], &["preview", "--offline"]] {
            let args = [command, &["--json", "--at", "2026-11-20T16:30:00Z", "-"]].concat();
            let value = one_line(&fed(folder.path(), &args, &text).with(0));
            let items = value["items"].as_array().unwrap();
            assert_eq!(items.len(), rows.len());
            for (number, (found, row)) in items.iter().zip(rows).enumerate() {
                let handling = if row.2.ends_with('P') { "P" } else { "C A1 S2" };
                assert_eq!(found["index"], number + 1);
                assert_eq!(found["proposed"], row.2[..2], "{row:?}");
                assert_eq!(found["handling"], handling, "{row:?}");
                let instruction = found["instruction"].as_str().unwrap();
                assert_eq!(instruction.is_empty(), handling == "P", "C is never without an instruction: {row:?}");
                let warned = found["why"].to_string().contains("a child's retraction is no proof of falsity");
                let warns = row.1.contains("doubt") || row.1.contains("retracted");
                assert_eq!(warned, warns, "{row:?}: {}", found["why"]);
            }
        }
    }
}

#[test]
fn a_doubt_without_a_reason_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut value: Value = serde_json::from_str(&submission(&[("CHILD SAW", "doubt", "")])).unwrap();
    value["items"][0]["provenance"]["doubt_reason"] = json!(" ");
    let ended = fed(folder.path(), &["policy", "explain", "-"], &value.to_string());
    ended.refused(65, &["submission.items[0].provenance.doubt_reason"]);
}
