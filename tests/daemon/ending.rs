//! Certificates that run out: 30, 14, 7 and 1 days before, in the log, the metrics, `WhoAmI`, and every answer's headers and trailers.

use homeward::wire::pb;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    foreign::{P256, Wish, client},
    handshakes::{daemon, profile},
    metrics::{fetched, figure},
};

/// A name, the hours its certificate is still good for, and the threshold that it is within.
const ENDS: [(&str, i64, Option<i64>); 6] = [
    ("in-31-days", 31 * 24, None),
    ("in-29-days", 29 * 24, Some(30)),
    ("in-15-days", 15 * 24, Some(30)),
    ("in-13-days", 13 * 24, Some(14)),
    ("in-6-days", 6 * 24, Some(7)),
    ("in-20-hours", 20, Some(1)),
];

/// One identity for each, so that each is told of by its own.
fn who(name: &str) -> String {
    format!("homeward://pilot.example/gss/E09000023/council_submitter/{name}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_whose_certificate_runs_out_is_told_with_every_answer_and_whoever_runs_the_server_in_log_and_metrics()
{
    let (daemon, pki) = daemon("metrics.listen = \"127.0.0.1:0\"", |pki| {
        for (name, hours, _) in ENDS {
            let extensions = client(&who(name));
            pki.issue("issuing", name, &Wish { key: P256, extensions: &extensions, hours: (-1, hours) });
        }
    })
    .await;
    let mut all = Vec::new();
    for (name, _, due) in ENDS {
        let from = daemon.log().len();
        let person = daemon.person_with(&profile(&daemon, &pki, name)).await;
        let mut asking = person.clone();
        let answer = asking.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
        assert_eq!(answer.metadata().contains_key("homeward-certificate-expires"), due.is_some(), "{name}");
        assert_eq!(answer.get_ref().certificate_renewal_due, due.is_some(), "{name}");
        // Of a good answer both its headers and its trailers say when.
        let end = answer.get_ref().certificate_expire_time.unwrap().seconds;
        for place in person.around("/homeward.v1.IdentityService/WhoAmI", Vec::new()).await.unwrap() {
            let said = place.get("homeward-certificate-expires").map(|said| said.to_str().unwrap());
            let said = said.map(|said| said.parse::<Timestamp>().unwrap().as_second());
            assert_eq!(said, due.map(|_| end), "{name}: {place:?}");
        }
        // The end of a refusal carries it, too: what came in place of an answer.
        let refused = asking.referrals.get_referral(pb::GetReferralRequest::default()).await.map(|_| ()).unwrap_err();
        assert_eq!(refused.metadata().contains_key("homeward-certificate-expires"), due.is_some(), "{name}");
        let said = &daemon.log()[from..];
        let lines = || said.lines().filter(|line| line.contains("CLIENT_CERTIFICATE_EXPIRES"));
        assert_eq!(lines().count(), usize::from(due.is_some()), "{name}: once a threshold: {said}");
        if let (Some(due), Some(line)) = (due, lines().next()) {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["fields"]["within_days"], due, "{name}: {line}");
        }
        all.push(person);
    }
    let line: Value = serde_json::from_str(&daemon.says(0, "\"metrics\"").await).unwrap();
    let text = fetched(line["fields"]["address"].as_str().unwrap(), "/metrics").1;
    for (within, those) in [(30, 2.0), (14, 1.0), (7, 1.0), (1, 1.0)] {
        let name = format!("homeward_client_certificates_ending{{within_days=\"{within}\"}}");
        assert_eq!(figure(&text, &name), those, "{within}");
    }
}
