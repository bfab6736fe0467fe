//! Subject access: what may be given is given, what is withheld is named with its reasons, and nothing else leaves the broker.

use homeward::{
    ledger::Verb,
    wire::pb::{self, approve_proposal_response::Effect},
};
use tonic::{Code, Status};

use crate::{
    accused::about,
    house::{BROMLEY, House, LEAD, LEWISHAM, MASH, MPU, REFDESK, RESOLVER, narrative},
    person::{Person, fresh, refusal, submission, why},
};

fn asking(ids: &[&str]) -> pb::ExportSubjectRequest {
    let referral_ids = ids.iter().map(|id| (*id).to_owned()).collect();
    pb::ExportSubjectRequest { referral_ids, reason: "SAR 2026/77".into(), neither_confirm_nor_deny: false }
}

async fn export(who: &mut Person, ids: &[&str]) -> Result<Vec<pb::SubjectRecord>, Status> {
    Ok(who.referrals.export_subject(asking(ids)).await?.into_inner().records)
}

/// What becomes of a part: how many fields are given, and why others are not.
fn part(record: &pb::SubjectRecord, name: &str) -> (usize, Vec<String>) {
    let found = record.parts.iter().find(|part| part.part == name).unwrap_or_else(|| panic!("{name} is not listed"));
    (found.fields.len(), found.withheld.clone())
}

#[tokio::test]
async fn a_lead_practitioner_takes_out_what_may_be_given_and_reads_why_the_rest_may_not() {
    let house = House::open().await;
    let id = house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let mut lead = house.person(LEAD).await;
    let before = usize::try_from(house.ledger_size().await).unwrap();
    let record = export(&mut lead, &[&id]).await.unwrap().remove(0);
    assert_eq!((record.referral_id.as_str(), record.on_behalf_of.as_str()), (id.as_str(), "E09000023"));
    let (given, withheld) = part(&record, "E");
    assert!(given > 5, "{given}");
    assert_eq!(withheld, ["third_party", "police"]);
    // The reference, and both clocks; not who reported.
    assert_eq!(part(&record, "SENDER"), (3, vec!["third_party".to_owned()]));
    assert!(part(&record, "CARER").0 > 0);
    assert_eq!(part(&record, "A"), (0, vec!["source".to_owned(), "third_party".to_owned()]));
    assert_eq!(part(&record, "B"), (0, vec!["police".to_owned(), "third_party".to_owned()]));
    assert_eq!(part(&record, "C"), (0, vec!["third_party".to_owned(), "serious_harm".to_owned()]));
    assert_eq!(part(&record, "O").0, 0);

    // The child, and nobody else: no suspect, no worker, no reference of police, nothing of the account.
    let fields: Vec<_> = record.parts.iter().flat_map(|part| &part.fields).collect();
    let all: String = fields.iter().map(|field| format!("{}: {}\n", field.name, field.value)).collect();
    assert!(all.contains("Fennimore") && all.contains("LEW-RHI-0117"), "{all}");
    for hidden in ["Dray", "07700", "police_reference", "call_back", "flag", "prompt", "Jas", "Castellane"] {
        assert!(!all.contains(hidden), "{hidden}: {all}");
    }

    let entries = house.ledger().await.split_off(before);
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!((entry.verb, entry.action.as_str()), (Verb::Disclosure, "EXPORT_SUBJECT"));
    assert!(entry.who.ends_with(LEAD) && entry.record.unwrap().to_string() == id);
    let said = |word: &str| entry.details.iter().any(|detail| detail == word);
    assert!(said("withheld=A[1]:source+third_party"), "{entry:?}");
    assert!(
        said("given_in_part=SENDER:third_party")
            && said("given_in_part=E:third_party+police")
            && said("given=CARER/carer"),
        "{entry:?}"
    );
    assert!(!format!("{entry:?}").contains("2026/77"), "the reason is sealed");
}

#[tokio::test]
async fn neither_confirmed_nor_denied_is_what_police_hold() {
    let house = House::open().await;
    let id = house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let mut lead = house.person(LEAD).await;
    let asked = pb::ExportSubjectRequest { neither_confirm_nor_deny: true, ..asking(&[&id]) };
    let record = lead.referrals.export_subject(asked).await.unwrap().into_inner().records.remove(0);
    assert!(record.parts.iter().all(|part| !part.withheld.contains(&"police".to_owned())));
    assert!(record.parts.iter().all(|part| !["B", "O", "CARD"].contains(&part.part.as_str())));
    assert_eq!(part(&record, "E").1, ["third_party"]);
}

#[tokio::test]
async fn only_ones_own_and_everything_that_is_wrong_is_named() {
    let house = House::open().await;
    let id = house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let foreign = narrative(1).replace("E09000023", "E09000006");
    let other = house.person(BROMLEY).await.submit(submission(&foreign)).await.unwrap().referral_id;
    let linked =
        house.person(LEWISHAM).await.referral(&id).await.unwrap().receipt.unwrap().linked_referral_ids.remove(0);
    let mut lead = house.person(LEAD).await;
    let before = house.ledger_size().await;
    for not_theirs in [other.as_str(), linked.as_str(), &fresh()] {
        assert_eq!(refusal(export(&mut lead, &[&id, not_theirs]).await).code, Code::NotFound);
    }
    let exported = |entry: &homeward::ledger::Entry| entry.action == "EXPORT_SUBJECT";
    let since = house.ledger().await.split_off(usize::try_from(before).unwrap());
    assert!(!since.iter().any(exported), "of several all or none");
    let none = refusal(export(&mut lead, &[]).await);
    assert_eq!(none.field_names(), ["referral_ids"]);
    let asked = pb::ExportSubjectRequest { reason: " ".into(), ..asking(&[&id, "x"]) };
    assert_eq!(refusal(lead.referrals.export_subject(asked).await).field_names(), ["referral_ids[1]", "reason"]);
    let mut council = house.person(LEWISHAM).await;
    let refused = why(export(&mut council, &[&id]).await);
    assert_eq!(refused, (Code::PermissionDenied, "METHOD_NOT_GRANTED".to_owned()));
}

#[tokio::test]
async fn what_must_not_go_home_does_not_go_in_an_export_and_what_was_erased_is_listed_as_that() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let accusing = council.submit(about("met/NE/mpu_officer/p900", "")).await.unwrap().referral_id;
    let mut lead = house.person(LEAD).await;
    let record = export(&mut lead, &[&accusing]).await.unwrap().remove(0);
    assert_eq!(part(&record, "CARER"), (0, vec!["serious_harm".to_owned()]));

    let id = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    house.person(RESOLVER).await.resolve_all("MASH.E09000023").await;
    for queue in ["MASH.E09000023", "EDT.E09000023"] {
        house.person(MASH).await.settle_all(queue, "early_help").await;
    }
    house.person(MPU).await.settle_all("MPU.SE", "recorded").await;
    house.person(REFDESK).await.settle_all("REFDESK.SE", "recorded").await;
    let (mut first, mut second) =
        (house.person("operator/key_custodian/k1").await, house.person("operator/key_custodian/k2").await);
    let reason = "data_subject_request".to_owned();
    let asked = pb::EraseReferralRequest { request_id: fresh(), referral_id: id.clone(), reason };
    let proposal = first.admin.erase_referral(asked).await.unwrap().into_inner().proposal.unwrap();
    let (proposal_id, fingerprint) = (proposal.proposal_id, proposal.fingerprint);
    let asked = pb::ApproveProposalRequest { request_id: fresh(), proposal_id, fingerprint };
    let done = second.admin.approve_proposal(asked).await.unwrap().into_inner().effect;
    assert!(matches!(done, Some(Effect::ErasedReferralId(_))));
    let record = export(&mut lead, &[&id]).await.unwrap().remove(0);
    assert!(record.parts.is_empty());
    assert_eq!(record.erasure.unwrap().reason, "data_subject_request");
}
