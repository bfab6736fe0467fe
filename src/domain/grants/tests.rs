//! Grants: default deny, dates, order of checks, units, HOLD and exclusion.

use super::*;
use crate::domain::{identity::TrustDomain, vetting::Level};

const NOW: &str = "2026-11-21T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn domain() -> TrustDomain {
    TrustDomain::parse("pilot.example").unwrap()
}

fn peer(path: &str) -> Peer {
    let identity = Identity::parse(&format!("homeward://pilot.example/{path}"), &domain()).unwrap();
    Peer { identity, serial: "01".to_owned(), not_after: at("2027-02-01T00:00:00Z"), unlisted: false }
}

fn queue(name: &str) -> QueueId {
    QueueId::parse(name).unwrap()
}

fn grant(holder: Holder) -> Grant {
    Grant {
        holder,
        submit_for: Vec::new(),
        queues: Vec::new(),
        units: None,
        resolve_hold: false,
        vetting: None,
        not_before: at("2026-11-01T00:00:00Z"),
        not_after: at("2026-12-01T00:00:00Z"),
    }
}

fn role_in(organisation: &str, role: Role) -> Holder {
    Holder::RoleIn(Organisation::parse(organisation).unwrap(), role)
}

fn submitter(path: &str, codes: &[&str]) -> (Peer, Grants) {
    let peer = peer(path);
    let row = Grant {
        submit_for: codes.iter().map(|code| (*code).to_owned()).collect(),
        ..grant(Holder::Exactly(peer.identity.clone()))
    };
    (peer, Grants::new(vec![row]))
}

fn officer(path: &str, name: &str) -> (Peer, Grants) {
    let peer = peer(path);
    let row = Grant {
        queues: vec![queue(name)],
        ..grant(Holder::RoleIn(peer.identity.organisation().clone(), peer.identity.role()))
    };
    (peer, Grants::new(vec![row]))
}

fn label(part: Part, audience: Audience, item: Option<u16>) -> UnitLabel {
    UnitLabel { item, part, audience }
}

#[test]
fn without_a_grant_everything_is_denied_but_who_am_i_and_ones_own_renewal() {
    let grants = Grants::default();
    for role in Role::ALL {
        let peer = peer(&format!("met/SE/{role}/x"));
        for action in Action::ALL {
            let answer = grants.may_call(&peer, *action, at(NOW));
            let everybodys = matches!(action, Action::WhoAmI | Action::RenewCertificate);
            assert_eq!(answer.is_ok(), everybodys, "{role} {action}");
        }
    }
}

#[test]
fn administrators_cannot_touch_referrals_and_officers_cannot_submit() {
    for role in Role::ALL {
        let peer = peer(&format!("met/SE/{role}/x"));
        let grants = Grants::new(vec![grant(role_in("met/SE", *role))]);
        let can = |action| grants.may_call(&peer, action, at(NOW)).is_ok();
        let submits = matches!(role, Role::CouncilSubmitter | Role::ProviderSubmitter);
        assert_eq!(can(Action::SubmitReferral), submits, "{role}");
        assert_eq!(can(Action::ResolveHeld), *role == Role::HoldResolver, "{role}");
        assert_eq!(can(Action::ConfirmGrading), *role == Role::PoliceIntelligence, "{role}");
        assert_eq!(can(Action::ReleaseCarerCopy), *role == Role::LeadPractitioner, "{role}");
        assert_eq!(can(Action::ExportSubject), *role == Role::LeadPractitioner, "{role}");
        let administers = matches!(
            role,
            Role::CertificateAdmin | Role::KeyCustodian | Role::PolicyAdmin | Role::Auditor | Role::Analyst
        );
        let administration = |action: &Action| {
            use Action::*;
            let certificates = [SignCertificate, ListCertificates, PreviewRevocation, RevokeCertificate, RevokeHolder];
            let keys = [
                ListKeys,
                RotateKey,
                RotateOuterKey,
                DestroyKey,
                RewrapStatus,
                PauseRewrap,
                ResumeRewrap,
                EraseReferral,
                PlaceLegalHold,
                ReleaseLegalHold,
                ListLegalHolds,
                CertifyCopiesGone,
                WithdrawCopiesGone,
            ];
            let policy = [GetPolicy, CheckPolicy, ActivatePolicy];
            let approval = matches!(action, ListProposals | ApproveProposal);
            let audit = matches!(action, ListEntries | ProveInclusion);
            certificates.contains(action) || keys.contains(action) || policy.contains(action) || approval || audit
        };
        let public = [
            Action::WhoAmI,
            Action::RenewCertificate,
            Action::GetRevocationList,
            Action::GetTrustBundle,
            Action::GetCheckpoint,
            Action::ProveConsistency,
        ];
        let own: Vec<_> = Action::ALL.iter().filter(|one| !public.contains(one) && can(**one)).collect();
        assert!(public.iter().all(|one| can(*one)), "{role}");
        assert!(own.iter().all(|one| administration(one) == administers), "{role}: {own:?}");
        let certificates = can(Action::SignCertificate) && can(Action::RevokeCertificate);
        assert_eq!(certificates, *role == Role::CertificateAdmin, "{role}");
        let keys =
            can(Action::RotateKey) && can(Action::RotateOuterKey) && can(Action::DestroyKey) && can(Action::ListKeys);
        assert_eq!(keys, *role == Role::KeyCustodian, "{role}");
        let policy = can(Action::CheckPolicy) && can(Action::ActivatePolicy);
        assert_eq!(policy, *role == Role::PolicyAdmin, "{role}");
        assert_eq!(can(Action::GetPolicy), policy || *role == Role::Auditor, "{role}");
        let audit = can(Action::ListEntries) && can(Action::ProveInclusion);
        assert_eq!(audit, *role == Role::Auditor, "{role}");
        assert_eq!(own.is_empty(), *role == Role::Analyst, "{role}");
    }
}

#[test]
fn submitting_is_for_the_granted_authority_only_and_the_method_comes_first() {
    let (bromley, grants) = submitter("gss/E09000006/council_submitter/cs", &["E09000006"]);
    assert_eq!(grants.may_submit(&bromley, "E09000006", at(NOW)).unwrap().on_behalf_of(), "E09000006");
    assert_eq!(grants.may_submit(&bromley, "E09000008", at(NOW)), Err(Refusal::Authority));
    for malformed in ["", "Bromley", "E0900000", "E090000066", "W09000006", "E0900000x", "E0900000\u{661}"] {
        assert_eq!(grants.may_submit(&bromley, malformed, at(NOW)), Err(Refusal::AuthorityMalformed), "{malformed}");
    }
    let (mpu, grants) = submitter("met/SE/mpu_officer/p1", &["E09000006"]);
    assert_eq!(grants.may_submit(&mpu, "E09000008", at(NOW)), Err(Refusal::Method));
    assert_eq!(grants.may_preview(&mpu, "nonsense", at(NOW)), Err(Refusal::Method));
}

#[test]
fn a_grant_holds_from_its_first_moment_until_just_before_its_last() {
    let (peer, grants) = submitter("gss/E09000006/council_submitter/cs", &["E09000006"]);
    for (when, holds) in [
        ("2026-10-31T23:59:59Z", false),
        ("2026-11-01T00:00:00Z", true),
        ("2026-11-30T23:59:59Z", true),
        ("2026-12-01T00:00:00Z", false),
    ] {
        assert_eq!(grants.may_submit(&peer, "E09000006", at(when)).is_ok(), holds, "{when}");
    }
    assert_eq!(grants.next_end(&peer, at(NOW)), Some(at("2026-12-01T00:00:00Z")));
    let expired = Peer { not_after: at("2026-11-20T00:00:00Z"), ..peer };
    assert_eq!(grants.may_submit(&expired, "E09000006", at(NOW)), Err(Refusal::Expired));
    assert_eq!(grants.may_call(&expired, Action::WhoAmI, at(NOW)), Err(Refusal::Expired));
}

#[test]
fn a_provider_follows_what_it_sent_and_a_council_what_was_sent_for_it() {
    let (provider, grants) = submitter("provider/safer-returns/provider_submitter/crm", &["E09000007"]);
    let read = grants.may_read_referrals(&provider, Action::GetReferral, at(NOW)).unwrap();
    let own = provider.identity.organisation();
    let camden = Organisation::parse("gss/E09000007").unwrap();
    assert!(read.covers(own, "E09000007"));
    assert!(!read.covers(own, "E09000008"), "sent under a grant that is no longer there");
    assert!(!read.covers(&camden, "E09000007"), "sent by somebody else");
    let (council, grants) = submitter("gss/E09000007/council_submitter/cs", &["E09000007"]);
    let read = grants.may_read_referrals(&council, Action::WatchReferrals, at(NOW)).unwrap();
    assert!(read.covers(&camden, "E09000007") && read.covers(own, "E09000007"));
    assert!(!read.covers(own, "E09000008"));
    assert_eq!(grants.may_read_referrals(&council, Action::SubmitReferral, at(NOW)), Err(Refusal::Method));
}

#[test]
fn a_queue_is_served_by_those_granted_it_and_hold_by_its_resolver_only() {
    let (mpu, grants) = officer("met/SE/mpu_officer/p1", "MPU.SE");
    assert!(grants.may_serve(&mpu, Action::Pull, &queue("MPU.SE"), at(NOW)).is_ok());
    assert_eq!(grants.may_serve(&mpu, Action::Pull, &queue("MPU.SX"), at(NOW)), Err(Refusal::Queue));
    assert_eq!(grants.may_serve(&mpu, Action::ResolveHeld, &QueueId::hold(), at(NOW)), Err(Refusal::Method));
    assert_eq!(grants.queues(&mpu, at(NOW)).unwrap(), [queue("MPU.SE")]);
    let other = peer("met/SX/mpu_officer/p1");
    assert_eq!(grants.may_serve(&other, Action::Pull, &queue("MPU.SE"), at(NOW)), Err(Refusal::Method));
    let (mpu, grants) = officer("met/SE/mpu_officer/p1", "HOLD.human");
    assert_eq!(grants.may_serve(&mpu, Action::Pull, &QueueId::hold(), at(NOW)), Err(Refusal::Queue));
    assert!(grants.queues(&mpu, at(NOW)).unwrap().is_empty());
}

struct Case<'a> {
    who: &'a str,
    opens: &'a str,
    unit: UnitLabel,
    reason: bool,
    answer: Option<Refusal>,
}

#[test]
fn units_open_to_those_whom_contract_4_names() {
    use Refusal::*;
    let kinds = [("E", Audience::Nobody), ("B/mpu", Audience::Mpu), ("C", Audience::Mash), ("CARER", Audience::Carer)];
    assert!(kinds.iter().all(|(text, audience)| unit_kind(text).unwrap().1 == *audience));
    assert_eq!([unit_kind("B"), unit_kind("D"), unit_kind("B/king")], [None; 3]);
    let item = label(Part::Item, Audience::Mpu, Some(1));
    let original = label(Part::Original, Audience::Nobody, None);
    let source = label(Part::Provenance, Audience::Nobody, Some(1));
    let carer = label(Part::Carer, Audience::Carer, None);
    let case = |who, opens, unit, reason, answer| Case { who, opens, unit, reason, answer };
    for Case { who, opens, unit, reason, answer } in [
        case("met/SE/mpu_officer/a", "B/mpu", item, false, None),
        case("met/SE/mpu_officer/a", "B/mash", item, false, Some(Unit)),
        case("met/SE/mpu_officer/a", "A", source, true, Some(Unit)),
        case("met/SE/police_intelligence/a", "E", source, true, None),
        case("met/SE/police_intelligence/a", "E", source, false, Some(ReasonMissing)),
        case("met/SE/mpu_officer/a", "O", original, true, Some(Unit)),
        case("met/SE/police_intelligence/a", "E", original, true, None),
        case("gss/E09000006/lead_practitioner/a", "C", original, true, None),
        case("gss/E09000008/lead_practitioner/a", "C", original, true, Some(Unit)),
        case("gss/E09000006/lead_practitioner/a", "C", carer, true, None),
        case("gss/E09000006/lead_practitioner/a", "C", carer, false, Some(ReasonMissing)),
        case("gss/E09000006/lead_practitioner/a", "E", carer, true, Some(Unit)),
        case("gss/E09000006/mash_officer/a", "C", carer, true, Some(Unit)),
        case("met/SE/lead_practitioner/a", "C", carer, true, Some(Unit)),
    ] {
        let (peer, grants) = officer(who, "MPU.SE");
        let permit = grants.may_serve(&peer, Action::OpenPart, &queue("MPU.SE"), at(NOW)).unwrap();
        let sender = Organisation::parse("gss/E09000006").unwrap();
        let queue_opens = [unit_kind(opens).unwrap()];
        let ask = OpenRequest {
            unit,
            queue_opens: &queue_opens,
            sender: &sender,
            excluded: &[],
            excluded_queues: &[],
            reason_stated: reason,
        };
        assert_eq!(grants.may_open(&permit, &ask).err(), answer, "{who} {unit:?}");
        let pull = grants.may_serve(&peer, Action::Pull, &queue("MPU.SE"), at(NOW)).unwrap();
        assert_eq!(grants.may_open(&pull, &ask).err(), Some(Method), "a permit to pull opens nothing");
        let accused = [peer.identity.as_str().to_owned()];
        let ask = OpenRequest { excluded: &accused, ..ask };
        assert_eq!(grants.may_open(&permit, &ask).err(), Some(Excluded));
        let ask = OpenRequest { excluded: &[], excluded_queues: &[queue("MPU.SE")], ..ask };
        assert_eq!(grants.may_open(&permit, &ask).err(), Some(Excluded));
    }
}

#[test]
fn a_grant_can_open_less_than_its_queue_never_more() {
    let (peer, grants) = officer("met/SE/mpu_officer/a", "MPU.SE");
    let narrow = Grants::new(vec![Grant { units: unit_kind("E").map(|kind| vec![kind]), ..grants.rows()[0].clone() }]);
    let permit = narrow.may_serve(&peer, Action::OpenPart, &queue("MPU.SE"), at(NOW)).unwrap();
    let sender = Organisation::parse("gss/E09000006").unwrap();
    let queue_opens = [unit_kind("E").unwrap(), unit_kind("B/mpu").unwrap()];
    let ask = |unit| OpenRequest {
        unit,
        queue_opens: &queue_opens,
        sender: &sender,
        excluded: &[],
        excluded_queues: &[],
        reason_stated: false,
    };
    let opened = narrow.may_open(&permit, &ask(label(Part::EpisodeCard, Audience::Nobody, None))).unwrap();
    assert_eq!(opened.unit().part, Part::EpisodeCard);
    let item = label(Part::Item, Audience::Mpu, Some(1));
    assert_eq!(narrow.may_open(&permit, &ask(item)), Err(Refusal::Unit));
}

#[test]
fn hold_is_resolved_by_a_granted_resolver_who_does_not_work_where_the_accused_does() {
    let (resolver, plain) = officer("met/SE/hold_resolver/h1", "HOLD.human");
    assert_eq!(plain.may_resolve_hold(&resolver, &[], at(NOW)), Err(Refusal::Method), "needs resolve_hold");
    let granted = Grants::new(vec![Grant { resolve_hold: true, ..plain.rows()[0].clone() }]);
    assert!(granted.may_resolve_hold(&resolver, &[], at(NOW)).is_ok());
    assert!(granted.may_resolve_hold(&resolver, &[queue("MASH.E09000006")], at(NOW)).is_ok());
    for own in ["MPU.SE", "REFDESK.SE"] {
        assert_eq!(granted.may_resolve_hold(&resolver, &[queue(own)], at(NOW)), Err(Refusal::Excluded), "{own}");
    }
    let both = Grant { resolve_hold: true, queues: vec![QueueId::hold(), queue("MPU.SX")], ..plain.rows()[0].clone() };
    let serves_there = Grants::new(vec![both]);
    assert_eq!(serves_there.may_resolve_hold(&resolver, &[queue("MPU.SX")], at(NOW)), Err(Refusal::Excluded));
}

#[test]
fn where_vetting_is_asked_for_every_answer_about_a_queue_goes_by_the_level_of_the_row() {
    let level =
        |covers: &[&str]| Level { label: String::new(), covers: covers.iter().map(|one| (*one).into()).collect() };
    let levels = [("RV".to_owned(), level(&[])), ("MV".to_owned(), level(&["RV"])), ("X".to_owned(), level(&[]))];
    let (provenance, hold) = (unit_kind("A").unwrap(), QueueId::hold());
    let asked = |kind: &str, unit, level: &str| ((kind.to_owned(), unit), vec![level.to_owned()]);
    let needs = [asked("MPU", None, "RV"), asked("MPU", Some(provenance), "MV"), asked("HOLD", None, "RV")];
    let vetting = Vetting::new(levels.into(), needs.into()).unwrap();
    for (recorded, works, opens) in
        [(None, false, false), (Some("X"), false, false), (Some("RV"), true, false), (Some("MV"), true, true)]
    {
        let (peer, rows) = officer("met/HQ/police_intelligence/a", "MPU.SE");
        let with = |row: &Grant| Grant { vetting: recorded.map(str::to_owned), ..row.clone() };
        let grants = Grants::new(vec![with(&rows.rows()[0])]).under(vetting.clone());
        let now = at(NOW);
        for action in Action::ALL.iter().filter(|one| one.is_of_queues() && **one != Action::ListQueues) {
            let asked = rows.may_serve(&peer, *action, &queue("MPU.SE"), now);
            let answer = grants.may_serve(&peer, *action, &queue("MPU.SE"), now).map(drop);
            let expected = if works { asked.map(drop) } else { asked.and(Err(Refusal::Queue)) };
            assert_eq!(answer, expected, "{recorded:?} {action}");
        }
        assert_eq!(grants.queues(&peer, now).unwrap().len(), usize::from(works), "{recorded:?}");
        assert_eq!(grants.served(&peer, now).len(), usize::from(works), "{recorded:?}");
        let permit = rows.may_serve(&peer, Action::OpenPart, &queue("MPU.SE"), now).unwrap();
        let other = Identity::parse("homeward://pilot.example/met/HQ/police_intelligence/b", &domain()).unwrap();
        assert_eq!(grants.colleague(&permit, &other, &[], now).is_some(), works, "{recorded:?}");
        let stranded: Vec<_> = grants.stranded(now).into_iter().map(|one| one.unit).collect();
        let unmet = [(!works).then_some(None), (!opens).then_some(Some(provenance))];
        assert_eq!(stranded, unmet.into_iter().flatten().collect::<Vec<_>>(), "{recorded:?}");
        if let Ok(permit) = grants.may_serve(&peer, Action::OpenPart, &queue("MPU.SE"), now) {
            let source = label(Part::Provenance, Audience::Nobody, Some(1));
            assert_eq!(grants.could_open(&permit, source, &[provenance]), opens, "{recorded:?}");
        }
        let (resolver, rows) = officer("met/HQ/hold_resolver/h1", "HOLD.human");
        let row = Grant { resolve_hold: true, ..with(&rows.rows()[0]) };
        let resolves = Grants::new(vec![row]).under(vetting.clone());
        assert_eq!(resolves.may_resolve_hold(&resolver, &[], now).is_ok(), works, "{recorded:?}");
        let permit = rows.may_serve(&resolver, Action::CompleteDelivery, &hold, now).unwrap();
        assert_eq!(resolves.may_complete_hold(&permit, &[], now).is_ok(), works, "{recorded:?}");
        let before = Grants::new(vec![with(&grants.rows()[0])]);
        assert_eq!(grants.give_what_was_given(&before, &peer, now), works && opens, "{recorded:?}: asked for since");
        assert!(before.give_what_was_given(&grants, &peer, now), "{recorded:?}: asked for no longer");
    }
    // Each row stands for itself: a level that is recorded with one queue is none with another.
    let (peer, rows) = officer("met/HQ/police_intelligence/a", "MPU.SE");
    let other = Grant { vetting: Some("MV".into()), queues: vec![queue("MPU.SX")], ..rows.rows()[0].clone() };
    let both = Grants::new(vec![rows.rows()[0].clone(), other]).under(vetting);
    assert_eq!(both.queues(&peer, at(NOW)).unwrap(), [queue("MPU.SX")]);
}

#[test]
fn a_grant_that_gives_less_is_noticed_and_one_that_gives_more_or_longer_is_not() {
    let (peer, before) = officer("met/SE/mpu_officer/a", "MPU.SE");
    let row = before.rows()[0].clone();
    let kept = |row: Grant| Grants::new(vec![row]).give_what_was_given(&before, &peer, at(NOW));
    let more =
        Grant { queues: vec![queue("MPU.SX"), queue("MPU.SE")], submit_for: vec!["E09000006".into()], ..row.clone() };
    let sooner = Grant { not_after: at("2026-11-22T00:00:00Z"), ..row.clone() };
    assert!(kept(row.clone()) && kept(more.clone()) && kept(sooner), "its end is waited for");
    let over = Grant { not_after: at(NOW), ..row.clone() };
    let others = Grant { holder: role_in("met/SX", Role::MpuOfficer), ..row.clone() };
    let narrow = Grant { units: Some(vec![unit_kind("E").unwrap()]), ..row.clone() };
    for less in [Grant { queues: Vec::new(), ..row.clone() }, over, others, narrow.clone()] {
        assert!(!kept(less.clone()), "{less:?}");
    }
    let rich = Grants::new(vec![Grant { resolve_hold: true, ..more.clone() }]);
    for less in [more.clone(), Grant { submit_for: Vec::new(), resolve_hold: true, ..more }] {
        assert!(!Grants::new(vec![less.clone()]).give_what_was_given(&rich, &peer, at(NOW)), "{less:?}");
    }
    let narrower = Grants::new(vec![Grant { units: Some(vec![unit_kind("A").unwrap()]), ..row.clone() }]);
    assert!(!narrower.give_what_was_given(&Grants::new(vec![narrow.clone()]), &peer, at(NOW)));
    assert!(Grants::new(vec![row]).give_what_was_given(&Grants::new(vec![narrow]), &peer, at(NOW)));
}
