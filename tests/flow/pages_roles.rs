//! Every page and every role, for what is theirs and for what is another's: what is not written here is refused, and an address
//! without a row fails. Beside it `matrix.rs` has the calls that pages make.

use std::collections::BTreeSet;

use homeward::domain::identity::Role;
use http::StatusCode;

use crate::{
    certificates::{FIRST, serial_of},
    house::{House, MPU},
    matrix::{APPROVES, FOLLOWS, GRANTED, LOOKS, SUBMITS, Scope, WORKS, grants, scopes},
    pages::{Browser, between},
    person::fresh,
};
use Role::*;

/// A page that is got: to whom it is anything, what they get for their own, and for what is another's.
struct Row {
    address: &'static str,
    roles: &'static [Role],
    own: u16,
    other: u16,
}

const fn row(address: &'static str, roles: &'static [Role], own: u16, other: u16) -> Row {
    Row { address, roles, own, other }
}

/// Whoever has a page of their own; an auditor and an analyst work by programs.
const AT_PAGES: &[Role] = &[
    CouncilSubmitter,
    ProviderSubmitter,
    CouncilManager,
    LeadPractitioner,
    MashOfficer,
    EdtOfficer,
    MpuOfficer,
    RefdeskOfficer,
    ForceOfficer,
    PoliceIntelligence,
    UnitSupervisor,
    HoldResolver,
    CertificateAdmin,
    KeyCustodian,
    PolicyAdmin,
];

const ROWS: &[Row] = &[
    row("/", AT_PAGES, 200, 200),
    row("/style.css", Role::ALL, 200, 200),
    row("/desk.js", Role::ALL, 200, 200),
    row("/live", LOOKS, 200, 200),
    row("/queues/{queue}", WORKS, 200, 403),
    row("/queues/{queue}/find", WORKS, 200, 403),
    // It is in nobody's hands: the page says so.
    row("/queues/{queue}/deliveries/{id}", WORKS, 409, 403),
    row("/supervision", &[UnitSupervisor], 200, 200),
    row("/supervision/{queue}", &[UnitSupervisor], 200, 403),
    row("/refer", SUBMITS, 200, 200),
    row("/referrals", FOLLOWS, 200, 200),
    row("/referrals/{id}", FOLLOWS, 200, 404),
    row("/referrals/{id}/receipt", FOLLOWS, 200, 404),
    // Its content is there still.
    row("/referrals/{id}/destruction", FOLLOWS, 409, 404),
    row("/ledger-key", Role::ALL, 200, 200),
    row("/certificates", &[CertificateAdmin], 200, 200),
    row("/certificates/{serial}", &[CertificateAdmin], 200, 404),
    row("/identities/{*who}", &[CertificateAdmin], 200, 404),
    row("/approvals", APPROVES, 200, 200),
    row("/keys", &[KeyCustodian], 200, 200),
    row("/policies", &[PolicyAdmin, Auditor], 200, 200),
    // For whoever runs the broker, and none of these do.
    row("/health", &[], 200, 200),
];

/// Every address of the desk that answers to this method, as it is written there.
fn addresses(method: &str) -> BTreeSet<String> {
    let source = include_str!("../../src/desk/mod.rs").replace("PAGES_STREAM", "\"/live\"");
    let routes = source.split(".route(").skip(1);
    let of_method = routes.filter(|route| route.lines().next().is_some_and(|line| line.contains(method)));
    of_method.filter_map(|route| between(route, "\"", "\"").map(str::to_owned)).collect()
}

/// An address with what stands for its pieces.
fn filled(address: &str, scope: &Scope, (serial, who): (&str, &str)) -> String {
    address
        .replace("deliveries/{id}", &format!("deliveries/{}", scope.delivery))
        .replace("{id}", &scope.referral)
        .replace("{queue}", scope.queue)
        .replace("{serial}", serial)
        .replace("{*who}", who)
        .replace("{act}", if address.starts_with("/keys") { "rotate" } else { "release" })
}

/// What a browser is shown in the end.
async fn shown(who: &Browser, path: &str) -> u16 {
    // What goes on for as long as it is looked at is not read to its end.
    let answer = who.stream(path).await;
    if answer.status() != StatusCode::SEE_OTHER {
        return answer.status().as_u16();
    }
    let on = answer.headers()["location"].to_str().unwrap().to_owned();
    who.stream(&on).await.status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_has_its_pages_for_what_is_theirs_and_no_other() {
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.address.to_owned()).collect();
    assert_eq!(addresses("get("), rows, "left: the desk's addresses; right: what this table knows");
    let house = House::open_issuing().await;
    let (own, other, _) = scopes(&house).await;
    house.grant(&grants());
    let serial = serial_of(&mut house.person(FIRST).await, MPU).await;
    let (ours, nobodys) = ((serial.as_str(), MPU), ("00", "met/SE/mpu_officer/p999"));
    let posted = addresses("post(");
    let mut wrong = Vec::new();
    for &role in Role::ALL {
        let who = Browser::of(&house, &format!("{GRANTED}/{role}/matrix")).await;
        for row in ROWS {
            let theirs = row.roles.contains(&role);
            for (scope, named, due) in [(&own, ours, row.own), (&other, nobodys, row.other)] {
                let (path, due) = (filled(row.address, scope, named), if theirs { due } else { 403 });
                let found = shown(&who, &path).await;
                if found != due {
                    wrong.push(format!("{role} {path}: {found}, not {due}"));
                }
            }
        }
        // What was not given out as a form does nothing, whoever sends it; the form of a referral stands there again.
        for address in &posted {
            let path = filled(address, &own, ours);
            let made_up = [("request_id".to_owned(), fresh()), ("seal".to_owned(), "00".repeat(32))];
            let found = who.post(&path, &made_up, &[]).await.status.as_u16();
            let again = address == "/refer" && SUBMITS.contains(&role) && found == 200;
            if !again && ![400, 403].contains(&found) {
                wrong.push(format!("{role} sends {path}: {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let operator = Browser::of(&house, FIRST).await;
    assert_eq!(shown(&operator, "/health").await, 200);
}
