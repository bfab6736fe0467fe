//! Calls that their callers give up: work that has begun cannot be stopped, so no more of it is begun than there are
//! cores, and readers of the store find a thread.

use std::{fs, time::Duration};

use homeward::wire::pb;
use tonic::Request;

use crate::{
    house::{House, LEWISHAM, narrative},
    person::submission,
};

/// Large enough to keep a core busy for longer than its caller waits.
fn laborious() -> pb::Submission {
    let mut draft = submission(&narrative(1));
    let words = "Ella-Mae told Marcus Dray on 07700 900142 that QQ19 KLM was at Lewisham. ".repeat(130);
    let item = draft.items[0].clone();
    draft.items = vec![pb::Item { text: words, ..item }; 20];
    draft
}

/// Threads of this process, other tests' included.
fn threads() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap();
    line.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abandoned_judgements_do_not_fill_the_threads_that_read_the_store() {
    let before = threads();
    let house = House::open().await;
    let council = house.person(LEWISHAM).await;
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let mut council = council.clone();
            let mut asked = Request::new(pb::PreviewReferralRequest { submission: Some(laborious()) });
            asked.set_timeout(Duration::from_millis(500));
            tokio::spawn(async move { council.referrals.preview_referral(asked).await.is_err() })
        })
        .collect();
    let mut given_up = 0;
    for call in calls {
        given_up += usize::from(call.await.unwrap());
    }
    assert!(given_up > 100, "{given_up} were given up");
    let more = threads().saturating_sub(before);
    assert!(more < 36, "{more} threads are at work for nobody");
}
