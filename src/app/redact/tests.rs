//! Reading a line: everything that is wrong at once, by field, never by value.

use serde_json::{Value, json};

use super::{
    json::Notes,
    line::{self, Line},
    parse,
};
use crate::domain::redaction::{EffectiveRole, Entity, Sharing};

fn faults(value: &Value) -> Vec<String> {
    let notes = Notes::default();
    let read = line::read(value, &notes).is_some();
    let faults = notes.faults.into_inner();
    assert_eq!(read, faults.is_empty(), "{faults:?}");
    faults
}

fn whole() -> Value {
    json!({"id": "d1", "text": "Zoë rang Umut.", "structured": {
        "persons": [
            {"id": "p1", "name": "Zoë Peel", "aliases": ["Zo"], "role": "subject_child", "source": true, "dob": "2011-03-14"},
            {"id": "p2", "name": "Umut", "aliases": [], "role": "parent_carer", "nino": "PY 39 72 08 C"}],
        "phones": [{"number": "07700900604", "owner": "p2"}],
        "emails": [], "vehicles": [{"vrm": "TY18 FBY", "description": "a black car", "owner": null}],
        "handles": [{"handle": "zo_x", "url": "https://chat.example.com/zo_x", "owner": "p1"}],
        "places": [{"name": "Ferndown Bowl", "kind": "bowling alley", "address": "19 Mallowfield Road"}],
        "identifiers": [
            {"kind": "bank_account", "sort_code": "00-00-30", "account": "70776255", "owner": "p2"},
            {"kind": "case_ref", "value": "LCS 9910977", "owner": "p1"}],
        "sections": [{"title": "T", "start": 0, "end": 4, "mark": "share"}, {"title": "", "start": 4, "end": 14, "mark": "withhold"}]}})
}

#[test]
fn a_whole_line_reads() {
    let (value, notes) = (whole(), Notes::default());
    let Line { id, text, sections, listing } = line::read(&value, &notes).unwrap();
    assert!(notes.unread.into_inner().is_empty());
    assert_eq!((id, text.len()), ("d1", 15));
    let parts: Vec<(&str, Sharing)> = sections.iter().map(|one| (&text[one.range.clone()], one.mark)).collect();
    assert_eq!(parts, [("Zoë ", Sharing::Share), ("rang Umut.", Sharing::Withhold)]);
    let form = listing.form();
    let roles: Vec<EffectiveRole> = form.persons.iter().map(|person| person.role).collect();
    assert_eq!(roles, [EffectiveRole::SubjectSource, EffectiveRole::ParentOfSource]);
    assert_eq!(form.persons[0].names.len(), 2);
    assert!(form.persons[0].date_of_birth.is_some());
    use EffectiveRole as R;
    use Entity as E;
    let values: Vec<(E, &str, R)> = form.values.iter().map(|one| (one.entity, one.text.reveal(), one.role)).collect();
    assert_eq!(
        values,
        [
            (E::Nino, "PY 39 72 08 C", R::ParentOfSource),
            (E::Phone, "07700900604", R::ParentOfSource),
            (E::Handle, "zo_x", R::SubjectSource),
            (E::Url, "https://chat.example.com/zo_x", R::SubjectSource),
            (E::Vrm, "TY18 FBY", R::Unknown),
            (E::Place, "Ferndown Bowl", R::Place),
            (E::Address, "19 Mallowfield Road", R::Place),
            (E::BankAccount, "00-00-30 70776255", R::ParentOfSource),
            (E::CaseRef, "LCS 9910977", R::SubjectSource),
        ]
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let value = json!({"text": 5, "structured": {
        "persons": [
            {"id": "p1", "role": "SECRET", "source": "yes", "dob": "SECRET"},
            {"id": "p1", "name": "SECRET", "aliases": [7], "role": "witness"},
            "SECRET"],
        "phones": [{"number": 7, "owner": "SECRET"}],
        "places": {"name": "SECRET"},
        "identifiers": [{"kind": "SECRET"}, {"kind": "case_ref"}],
        "sections": [{"start": -1, "end": 9, "mark": "SECRET"}]}});
    let told = faults(&value).join("\n");
    assert!(!told.contains("SECRET"), "{told}");
    for field in [
        "id is missing",
        "text has to be a text",
        "structured.persons[0].name is missing",
        "structured.persons[0].role has to be one of subject_child, other_child,",
        "structured.persons[0].source has to be true or false",
        "structured.persons[0].dob has to be a date",
        "structured.persons[1].id is the id of an earlier person",
        "structured.persons[1].aliases has to be a list of texts",
        "structured.persons[2] has to be an object",
        "structured.phones[0].number has to be a text",
        "structured.phones[0].owner is the id of nobody",
        "structured.places has to be a list",
        "structured.identifiers[0].kind has to be one of person, phone,",
        "structured.identifiers[1].value is missing",
        "structured.sections[0].mark has to be one of share, withhold",
        "structured.sections[0].start has to be a number of characters",
        "structured.sections[0].end lies outside the text",
    ] {
        assert!(told.contains(field), "{field} is not in\n{told}");
    }
    assert_eq!(faults(&json!([])), ["the line has to be an object"]);
    assert_eq!(faults(&json!({"id": "a", "text": ""})), ["structured is missing"]);
}

#[test]
fn sections_lie_in_order_inside_the_text() {
    let sections = |list: Value| {
        let mut value = whole();
        value["structured"]["sections"] = list;
        faults(&value)
    };
    let one = |start: u32, end: u32| json!({"start": start, "end": end, "mark": "share"});
    assert_eq!(sections(json!([one(0, 14)])), [""; 0]);
    assert_eq!(sections(json!([one(0, 15)])), ["structured.sections[0].end lies outside the text"]);
    assert_eq!(sections(json!([one(3, 2)])), ["structured.sections[0].end lies before start"]);
    let overlapping = ["structured.sections[1].start lies before the end of the section before"];
    assert_eq!(sections(json!([one(0, 5), one(4, 9)])), overlapping);
}

#[test]
fn a_field_that_nothing_reads_is_told_and_does_no_harm() {
    let mut value = whole();
    value["structured"]["persons"][1]["nickname"] = "SECRET".into();
    value["\u{1F600} SECRET"] = 1.into();
    let notes = Notes::default();
    assert!(line::read(&value, &notes).is_some());
    let unread = notes.unread.into_inner();
    assert_eq!(unread.len(), 2);
    assert!(unread.contains(&"structured.persons[1].nickname".to_owned()), "{unread:?}");
    assert!(!unread.concat().contains("SECRET"));
}

#[test]
fn a_line_that_is_no_json_is_told_by_its_column() {
    let fault = |line: &[u8]| {
        let notes = Notes::default();
        assert!(parse(line, &notes).is_none());
        notes.faults.into_inner().concat()
    };
    assert_eq!(fault(b"{\"id\": SECRET}"), "column 8: not well-formed JSON");
    assert_eq!(fault(b"{\"id\": \"a\", \"id\": \"b\"}"), "column 19: id: this field is stated twice");
    assert_eq!(fault(b"\xff"), "the line is not UTF-8");
    assert!(parse("\u{FEFF}{}".as_bytes(), &Notes::default()).is_some());
}
