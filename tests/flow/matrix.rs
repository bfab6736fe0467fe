//! Every method of the contract, every role and every scope, through the real door: what is not written here is denied, and a
//! method without a row fails (contract 2 and 3).

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use homeward::{
    domain::identity::Role,
    wire::{DESCRIPTOR, pb},
};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use tokio::task::JoinHandle;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{
    house::{BROMLEY, House, LEWISHAM, MPU, REFDESK, narrative},
    person::{Person, fresh, submission},
    vetting::{asking, goes_by, vetted_at_mpus},
};

/// What a method asks, and who has it.
struct Row {
    method: &'static str,
    roles: &'static [Role],
    /// The request in JSON; what stands in braces is of the scope.
    body: &'static str,
    /// What a scope is of this method: `Whole` has none, the whole of it is granted or not.
    of: Of,
}

/// What a scope is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Authority,
    Queue,
    Delivery,
    Referral,
    Whole,
    /// Who has a good certificate has it, granted or not.
    Everybody,
}

use Role::*;

pub const SUBMITS: &[Role] = &[CouncilSubmitter, ProviderSubmitter];
pub const FOLLOWS: &[Role] = &[CouncilSubmitter, ProviderSubmitter, CouncilManager, LeadPractitioner];
pub const WORKS: &[Role] = &[
    LeadPractitioner,
    MashOfficer,
    EdtOfficer,
    MpuOfficer,
    RefdeskOfficer,
    ForceOfficer,
    PoliceIntelligence,
    HoldResolver,
];
pub const LOOKS: &[Role] = &[
    LeadPractitioner,
    MashOfficer,
    EdtOfficer,
    MpuOfficer,
    RefdeskOfficer,
    ForceOfficer,
    PoliceIntelligence,
    HoldResolver,
    UnitSupervisor,
];

const OFFERS: &[Role] = LOOKS;
pub const APPROVES: &[Role] = &[CertificateAdmin, KeyCustodian, PolicyAdmin];

const fn row(method: &'static str, roles: &'static [Role], of: Of, body: &'static str) -> Row {
    Row { method, roles, body, of }
}

const HELD: &str = r#"{"requestId":"{id}","deliveryId":"{delivery}","leaseToken":"x"}"#;

const ROWS: &[Row] = &[
    row("ReferralService/SubmitReferral", SUBMITS, Of::Authority, r#"{"requestId":"{id}","submission":{submission}}"#),
    row("ReferralService/SubmitReferrals", SUBMITS, Of::Authority, r#"{"requestId":"{id}","submission":{submission}}"#),
    row("ReferralService/PreviewReferral", SUBMITS, Of::Authority, r#"{"submission":{submission}}"#),
    row("ReferralService/GetReferral", FOLLOWS, Of::Referral, r#"{"referralId":"{referral}"}"#),
    row("ReferralService/ListReferrals", FOLLOWS, Of::Authority, r#"{"onBehalfOf":"{authority}"}"#),
    row("ReferralService/WatchReferrals", FOLLOWS, Of::Authority, r#"{"onBehalfOf":"{authority}"}"#),
    row(
        "ReferralService/AnswerClarification",
        FOLLOWS,
        Of::Referral,
        r#"{"requestId":"{id}","referralId":"{referral}","clarificationId":"{id}","answer":"words","actor":{"scheme":"s","id":"i","role":"r"}}"#,
    ),
    row(
        "ReferralService/CorrectReferral",
        SUBMITS,
        Of::Authority,
        r#"{"requestId":"{id}","referralId":"{referral}","reason":"words","submission":{submission}}"#,
    ),
    row(
        "ReferralService/RecallReferral",
        &[CouncilSubmitter, ProviderSubmitter, CouncilManager],
        Of::Referral,
        r#"{"requestId":"{id}","referralId":"{referral}","reason":"words","actor":{"scheme":"s","id":"i","role":"r"}}"#,
    ),
    row(
        "ReferralService/ExportSubject",
        &[LeadPractitioner],
        Of::Referral,
        r#"{"referralIds":["{referral}"],"reason":"words"}"#,
    ),
    row("QueueService/ListQueues", LOOKS, Of::Whole, "{}"),
    row("QueueService/ListDeliveries", LOOKS, Of::Queue, r#"{"queue":"{queue}"}"#),
    row("QueueService/ListHeld", &[UnitSupervisor], Of::Queue, r#"{"queue":"{queue}"}"#),
    row("QueueService/Pull", WORKS, Of::Queue, r#"{"requestId":"{id}","queue":"{queue}","maxDeliveries":1}"#),
    row("QueueService/StreamPull", WORKS, Of::Queue, r#"{"start":{"queue":"{queue}","session":"s"}}"#),
    row("QueueService/ExtendLease", WORKS, Of::Delivery, HELD),
    row(
        "QueueService/OpenPart",
        WORKS,
        Of::Delivery,
        r#"{"deliveryId":"{delivery}","leaseToken":"x","part":"PART_E"}"#,
    ),
    row(
        "QueueService/CompleteDelivery",
        WORKS,
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","leaseToken":"x","outcome":"no_further_action","reasonCode":"duplicate"}"#,
    ),
    row(
        "QueueService/ReleaseDelivery",
        WORKS,
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","leaseToken":"x","reason":"words"}"#,
    ),
    row(
        "QueueService/HandOver",
        OFFERS,
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","leaseToken":"x","to":"homeward://pilot.example/met/SE/mpu_officer/p124","note":"words"}"#,
    ),
    row(
        "QueueService/TakeBack",
        OFFERS,
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","reason":"words"}"#,
    ),
    row(
        "QueueService/TransferDelivery",
        WORKS,
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","leaseToken":"x","toQueue":"MPU.NW","reason":"words"}"#,
    ),
    row(
        "QueueService/AnswerTransfer",
        WORKS,
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","leaseToken":"x","decision":"TRANSFER_DECISION_ACCEPT"}"#,
    ),
    row("QueueService/AcknowledgeNotice", WORKS, Of::Delivery, HELD),
    row(
        "QueueService/RequestClarification",
        WORKS,
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","leaseToken":"x","question":"words"}"#,
    ),
    row(
        "QueueService/RejectDelivery",
        WORKS,
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","leaseToken":"x","reasonCode":"DUPLICATE"}"#,
    ),
    row("QueueService/ListPrompts", LOOKS, Of::Queue, r#"{"queue":"{queue}"}"#),
    row(
        "QueueService/MarkPrompt",
        WORKS,
        Of::Queue,
        r#"{"requestId":"{id}","queue":"{queue}","referralId":"{referral}","kind":"STRATEGY","version":1,"outcome":"HELD"}"#,
    ),
    row(
        "AdminService/ReplayDeadLetter",
        &[UnitSupervisor],
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","reason":"words"}"#,
    ),
    row(
        "QueueService/ResolveHeld",
        &[HoldResolver],
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","leaseToken":"x","toQueue":"MPU.SE","reason":"words"}"#,
    ),
    row(
        "QueueService/ConfirmGrading",
        &[PoliceIntelligence],
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","leaseToken":"x","item":1,"source":"2","information":"A","handling":"P"}"#,
    ),
    row(
        "QueueService/ReleaseCarerCopy",
        &[LeadPractitioner],
        Of::Delivery,
        r#"{"requestId":"{id}","deliveryId":"{delivery}","leaseToken":"x","reason":"words"}"#,
    ),
    row("AdminService/SignCertificate", &[CertificateAdmin], Of::Whole, "{}"),
    row("AdminService/ListCertificates", &[CertificateAdmin], Of::Whole, "{}"),
    row("AdminService/PreviewRevocation", &[CertificateAdmin], Of::Whole, "{}"),
    row("AdminService/RevokeCertificate", &[CertificateAdmin], Of::Whole, "{}"),
    row("AdminService/RevokeHolder", &[CertificateAdmin], Of::Whole, "{}"),
    row("AdminService/GetRevocationList", Role::ALL, Of::Whole, "{}"),
    row("AdminService/GetTrustBundle", Role::ALL, Of::Whole, "{}"),
    row("AdminService/ListProposals", APPROVES, Of::Whole, "{}"),
    row("AdminService/ApproveProposal", APPROVES, Of::Whole, "{}"),
    row("AdminService/ListKeys", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/RotateKey", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/RotateOuterKey", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/DestroyKey", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/EraseReferral", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/PlaceLegalHold", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/ReleaseLegalHold", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/ListLegalHolds", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/CertifyCopiesGone", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/WithdrawCopiesGone", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/RewrapStatus", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/PauseRewrap", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/ResumeRewrap", &[KeyCustodian], Of::Whole, "{}"),
    row("AdminService/GetPolicy", &[PolicyAdmin, Auditor], Of::Whole, "{}"),
    row("AdminService/CheckPolicy", &[PolicyAdmin], Of::Whole, "{}"),
    row("AdminService/ActivatePolicy", &[PolicyAdmin], Of::Whole, "{}"),
    row("AuditService/ListEntries", &[Auditor], Of::Whole, "{}"),
    row("AuditService/GetCheckpoint", Role::ALL, Of::Whole, "{}"),
    row("AuditService/ProveInclusion", &[Auditor], Of::Whole, "{}"),
    row("AuditService/ProveConsistency", Role::ALL, Of::Whole, r#"{"firstSize":"1"}"#),
    row("AuditService/ProveReferral", FOLLOWS, Of::Referral, r#"{"referralId":"{referral}"}"#),
    row("IdentityService/WhoAmI", Role::ALL, Of::Everybody, "{}"),
    row("IdentityService/RenewCertificate", Role::ALL, Of::Everybody, "{}"),
];

/// The scopes, and what stands for them in a request.
pub struct Scope {
    authority: &'static str,
    pub queue: &'static str,
    pub delivery: String,
    pub referral: String,
}

/// Councils of which one has a grant in force, one had, one has it without the vetting that the queue asks for, and one never.
pub const GRANTED: &str = "gss/E09000023";
const EXPIRED: &str = "gss/E09000022";
const UNVETTED: &str = "gss/E09000021";
const NEVER: &str = "gss/E09000001";

/// The vetting that every Missing Person Unit asks for, and one that does not stand for it.
const ASKED: &str = "RV";
const OTHER: &str = "NPPV3";

pub fn grants() -> String {
    let mut text = vetted_at_mpus("MV");
    for (organisation, level, from, until) in
        [(GRANTED, "MV", 2020, 2096), (EXPIRED, "MV", 2020, 2021), (UNVETTED, OTHER, 2020, 2096)]
    {
        for role in Role::ALL {
            write!(
                text,
                "\n[[grant]]\nidentity = \"homeward://pilot.example/{organisation}/{role}/matrix\"\n\
                 submit_for = [\"E09000023\"]\nqueues = [\"MPU.SE\"]\nresolve_hold = true\nvetting = \"{level}\"\n\
                 not_before = \"{from}-01-01T00:00:00Z\"\nnot_after = \"{until}-01-01T00:00:00Z\"\n"
            )
            .unwrap();
        }
    }
    text
}

fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(DESCRIPTOR).unwrap();
    pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

fn short(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().name(), method.name())
}

#[test]
fn every_method_has_one_row_and_every_row_a_method() {
    let declared: BTreeSet<String> = methods().iter().map(short).collect();
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.method.to_owned()).collect();
    assert_eq!(rows.len(), ROWS.len(), "a method has two rows");
    assert_eq!(declared, rows, "left: what the contract declares; right: what this table knows");
}

#[tokio::test]
async fn every_role_has_its_methods_in_its_scope_and_no_other() {
    let house = House::open().await;
    let (own, other, none) = scopes(&house).await;
    house.grant(&grants());
    goes_by(&house, &asking("MPU", &format!("work = [\"{ASKED}\"]"))).await.unwrap();
    let (mut calls, mut streams) = (0, Vec::new());
    for &role in Role::ALL {
        let person = async |of: &str| house.person(&format!("{of}/{role}/matrix")).await;
        let granted = person(GRANTED).await;
        let (expired, unvetted, never) = (person(EXPIRED).await, person(UNVETTED).await, person(NEVER).await);
        let askers = [
            (&granted, &own),
            (&granted, &other),
            (&granted, &none),
            (&expired, &own),
            (&never, &own),
            (&unvetted, &own),
        ];
        for method in methods() {
            let name = short(&method);
            let row = ROWS.iter().find(|row| row.method == name).unwrap();
            calls += askers.len();
            if method.is_server_streaming() {
                let begun = askers.map(|(person, scope)| listens(person, &method, row, scope));
                // The next begins when these have ended. One that is let in stays open: it is listened to beside the others.
                let ended = async {
                    while !begun.iter().all(JoinHandle::is_finished) {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                };
                let _ = tokio::time::timeout(Duration::from_secs(2), ended).await;
                streams.push((role, row, begun));
                continue;
            }
            let mut answers = Vec::new();
            for (person, scope) in askers {
                answers.push(answered(person.clone(), method.clone(), request(&method, row, scope)).await);
            }
            judge(role, row, &answers);
        }
    }
    for (role, row, begun) in streams {
        let mut answers = Vec::new();
        for stream in begun {
            answers.push(stream.await.unwrap());
        }
        judge(role, row, &answers);
    }
    assert_eq!(calls, 6 * Role::ALL.len() * ROWS.len());
}

/// Of six answers three are those of who has a grant, of their own, of another's and of what does not exist; the others, of the
/// first of these, are those of whose grant is over, of who never had one and of who is not vetted.
fn judge(role: Role, row: &Row, answers: &[Option<Answer>]) {
    let [mine, foreign, unknown, late, stranger, barred] = answers else { panic!("six ask") };
    let at = |what: &str| format!("{role} {} {what}", row.method);
    assert_eq!(foreign, unknown, "{}: what is another's tells it is there", at("other"));
    assert_eq!(late, stranger, "{}", at("expired"));
    if matches!(row.of, Of::Queue | Of::Delivery) {
        assert_eq!(barred, unknown, "{}: without the vetting a queue is as one that is not granted", at("own"));
    }
    if row.of == Of::Everybody {
        let closed = |answer: &Option<Answer>| matches!(answer, Some((Code::PermissionDenied, ..)));
        assert!(!closed(mine) && !closed(late), "{}", at("own"));
        return;
    }
    let denied = Some((Code::PermissionDenied, "METHOD_NOT_GRANTED".to_owned()));
    let reason = |answer: &Option<Answer>| answer.as_ref().map(|(code, reason, _)| (*code, reason.clone()));
    assert_eq!(reason(late), denied, "{}", at("expired"));
    if !row.roles.contains(&role) {
        assert_eq!(reason(mine), denied, "{}", at("own"));
        assert_eq!(mine, foreign, "{}: the method comes first", at("other"));
        assert_eq!(mine, late, "{}: no grant and no such method answer alike", at("own"));
        return;
    }
    // Of what has no scope an empty request may name nothing that is there.
    let refused = |answer: &Option<Answer>| match answer {
        Some((Code::PermissionDenied, ..)) => true,
        Some((Code::NotFound, ..)) => row.of != Of::Whole,
        _ => false,
    };
    // A delivery at an MPU is not held and has no carer copy, and this referral no prompt with a date: that the method is theirs
    // is seen here, what it does to such a thing in tests of their own.
    let nothing_to_do = ["ResolveHeld", "ReleaseCarerCopy", "MarkPrompt"];
    let nothing_to_do = nothing_to_do.iter().any(|method| row.method.ends_with(method));
    assert_ne!(reason(mine), denied, "{}", at("own"));
    assert!(!refused(mine) || nothing_to_do, "{}: {mine:?}", at("own"));
    assert_eq!(refused(foreign), row.of != Of::Whole, "{}: {foreign:?}", at("other"));
}

/// Code, reason and words; none where it was answered.
type Answer = (Code, String, String);

/// What a method is sent of a scope.
fn request(method: &MethodDescriptor, row: &Row, scope: &Scope) -> Vec<u8> {
    let text = narrative(1).replace("E09000023", scope.authority);
    let json = row
        .body
        .replace("{id}", &fresh())
        .replace("{submission}", &text)
        .replace("{authority}", scope.authority)
        .replace("{queue}", scope.queue)
        .replace("{delivery}", &scope.delivery)
        .replace("{referral}", &scope.referral);
    let mut reader = serde_json::Deserializer::from_str(&json);
    let body =
        DynamicMessage::deserialize(method.input(), &mut reader).unwrap_or_else(|error| panic!("{error}: {json}"));
    body.encode_to_vec()
}

/// Asks for a stream, and listens beside what follows.
fn listens(person: &Person, method: &MethodDescriptor, row: &Row, scope: &Scope) -> JoinHandle<Option<Answer>> {
    let answered = answered(person.clone(), method.clone(), request(method, row, scope));
    // One that is let in stays open.
    tokio::spawn(async move { tokio::time::timeout(Duration::from_secs(10), answered).await.ok().flatten() })
}

async fn answered(person: Person, method: MethodDescriptor, request: Vec<u8>) -> Option<Answer> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let status: Status = match person.call(&path, request).await {
        Ok(answer) => return refused_within(&method, &answer),
        Err(status) => status,
    };
    let reason = status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default();
    Some((status.code(), reason, without_reference(status.message())))
}

/// What a message of a stream was refused with, where the stream goes on.
fn refused_within(method: &MethodDescriptor, answer: &[u8]) -> Option<Answer> {
    let answer = DynamicMessage::decode(method.output(), answer).unwrap();
    let refusal = answer.get_field_by_name("refusal").filter(|_| answer.has_field_by_name("refusal"))?;
    let refusal: pb::Refusal = refusal.as_message().unwrap().transcode_to().unwrap();
    Some((Code::from_i32(refusal.code), refusal.reason, without_reference(&refusal.message)))
}

/// The reference to a line of the log is of each call.
fn without_reference(words: &str) -> String {
    words.split(" (reference ").next().unwrap_or_default().to_owned()
}

/// What is granted, what is another's, and what does not exist.
pub async fn scopes(house: &House) -> (Scope, Scope, Scope) {
    let mut council = house.person(LEWISHAM).await;
    let mut neighbour = house.person(BROMLEY).await;
    let own = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let other =
        neighbour.submit(submission(&narrative(1).replace("E09000023", "E09000006"))).await.unwrap().referral_id;
    let first = |deliveries: Vec<pb::Delivery>| {
        let with_card = |one: &&pb::Delivery| one.openable.iter().any(|unit| unit.part() == pb::Part::E);
        deliveries.iter().find(with_card).unwrap().delivery_id.clone()
    };
    let at_mpu = first(house.person(MPU).await.deliveries("MPU.SE").await.unwrap());
    let at_desk = first(house.person(REFDESK).await.deliveries("REFDESK.SE").await.unwrap());
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let no_delivery = format!("{nowhere}{}", &at_mpu[nowhere.len()..]);
    (
        Scope { authority: "E09000023", queue: "MPU.SE", delivery: at_mpu, referral: own },
        Scope { authority: "E09000006", queue: "REFDESK.SE", delivery: at_desk, referral: other },
        Scope { authority: "E09000099", queue: "MPU.ZZ", delivery: no_delivery, referral: nowhere.to_owned() },
    )
}
