//! What the runbook says to do with three machines, done.

use std::{fs, path::Path, process::Command};

use crate::{
    Daemon, broker,
    daemon::recent,
    house::{LEWISHAM, MPU},
    nodes::{Cluster, missing},
    ours,
    person::{bytes, referral, request, submission},
};

const HEALTH: &str = "etcdctl --endpoints=http://DB1:2379,http://DB2:2379,http://DB3:2379 endpoint health";
const LIST: &str = "patronictl -c /etc/patroni/config.yml list";

/// Something is submitted, and sent again until it is acknowledged: the request and its receipt.
async fn acknowledged(broker: &Daemon) -> (Vec<u8>, Vec<u8>) {
    let body = bytes(&request(submission(&recent(1, "2026-11-20T16:30:00Z"))));
    for _ in 0..600 {
        if let Ok(council) = broker.try_person(LEWISHAM).await
            && let Ok(receipt) = council.call(&referral("SubmitReferral"), body.clone()).await
        {
            return (body, receipt);
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("nothing is acknowledged: {}", broker.log());
}

/// What was acknowledged, each request with its receipt.
type Receipts = Vec<(Vec<u8>, Vec<u8>)>;

/// What was acknowledged has the same answer again, and the store agrees with itself.
async fn all_is_there(broker: &Daemon, receipts: &Receipts) {
    let council = broker.person(LEWISHAM).await;
    for (body, receipt) in receipts {
        assert_eq!(&council.call(&referral("SubmitReferral"), body.clone()).await.unwrap(), receipt);
    }
    let whole = ours(broker, &["audit", "verify", "--deep", "--config", "homeward.toml"]);
    assert!(whole.contains("everything agrees"), "{whole}");
}

/// The primary's machine is lost: there is nothing to do. It comes back; the file is looked at before the ports are in use.
async fn a_machine_is_lost(cluster: &mut Cluster, one: &Daemon, receipts: &mut Receipts) {
    let primary = cluster.primary();
    cluster.loses_power(primary);
    receipts.push(acknowledged(one).await);
    cluster.votes(primary, "new");
    cluster.does((primary + 1) % 3, HEALTH);
    cluster.does(primary, "patroni --validate-config /etc/patroni/config.yml");
    cluster.serves(primary);
    cluster.whole();
}

async fn work_is_done_on_machines(cluster: &mut Cluster, one: &Daemon, receipts: &mut Receipts) {
    let primary = cluster.primary();
    cluster.does(primary, "patronictl -c /etc/patroni/config.yml switchover homeward --force");
    cluster.whole();
    assert_ne!(cluster.primary(), primary, "another leads");
    receipts.push(acknowledged(one).await);
    if cluster.primary() == 2 {
        cluster.does(0, "patronictl -c /etc/patroni/config.yml switchover homeward --force");
        cluster.whole();
    }
    cluster.does(0, "patronictl -c /etc/patroni/config.yml reinit homeward db3 --force --wait");
    cluster.whole();
    cluster.does(0, "patronictl -c /etc/patroni/config.yml restart homeward db3 --force");
    cluster.whole();
    receipts.push(acknowledged(one).await);
    cluster.has_a_new_machine();
    receipts.push(acknowledged(one).await);
    cluster.does(0, HEALTH);
}

/// What was erased goes from the files of the database.
async fn the_table_is_written_anew(cluster: &Cluster, one: &mut Daemon, receipts: &mut Receipts) {
    one.stop();
    cluster.does(cluster.primary(), "psql -d homeward -c \"VACUUM FULL homeward_keys\"");
    one.restart().await;
    receipts.push(acknowledged(one).await);
    all_is_there(one, receipts).await;
}

/// What was acknowledged before the moment is there, and what was after it is sent again.
async fn a_wrong_hand_destroys(cluster: &mut Cluster, one: &mut Daemon, receipts: &mut Receipts) {
    let moment = cluster.moment().await;
    let (body, receipt) = acknowledged(one).await;
    one.stop();
    cluster.is_destroyed();
    cluster.begins_elsewhere(Some(moment));
    one.restart().await;
    all_is_there(one, receipts).await;
    let council = one.person(LEWISHAM).await;
    let again = council.call(&referral("SubmitReferral"), body.clone()).await.unwrap();
    assert_ne!(again, receipt, "it was later than the moment");
    receipts.push((body, again));
    // Else the newest backup is one of what was given up.
    cluster.does(cluster.primary(), "pgbackrest --stanza=homeward backup");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_runbook_says_of_three_machines_does_what_it_says() {
    if missing() {
        return;
    }
    let mut cluster = Cluster::start();
    cluster.does(0, HEALTH);
    cluster.does(0, "haproxy -c -f /etc/haproxy/haproxy.cfg");
    let listed = cluster.does(1, LIST);
    assert!(["Leader", "Sync Standby", "Replica"].iter().all(|role| listed.contains(role)), "{listed}");
    let primary = cluster.primary();
    cluster.does(primary, "pgbackrest --stanza=homeward check");
    let mut one = broker(&cluster, None);
    one.restart().await;
    let mut receipts = vec![acknowledged(&one).await];
    cluster.does(primary, "pgbackrest --stanza=homeward backup");
    assert!(cluster.does(primary, "pgbackrest --stanza=homeward info").contains("full backup"));
    receipts.push(acknowledged(&one).await);

    a_machine_is_lost(&mut cluster, &one, &mut receipts).await;
    work_is_done_on_machines(&mut cluster, &one, &mut receipts).await;
    the_table_is_written_anew(&cluster, &mut one, &mut receipts).await;
    a_wrong_hand_destroys(&mut cluster, &mut one, &mut receipts).await;

    // Whatever was archived comes back; that it was, this waits for.
    receipts.push(acknowledged(&one).await);
    cluster.does(cluster.primary(), "pgbackrest --stanza=homeward check");
    one.stop();
    cluster.begins_elsewhere(None);
    one.restart().await;
    all_is_there(&one, &receipts).await;
    receipts.push(acknowledged(&one).await);
    let taken = one.person(MPU).await.pull("MPU.SE").await.unwrap();
    assert_eq!(taken.len(), receipts.len(), "everything is there once");
}

/// The example for containers names images, files and volumes that there are.
#[test]
fn the_compose_file_is_read_as_what_it_is() {
    if missing() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/cluster");
    // Patroni brings the reader along.
    let reads = "import yaml, sys; all = yaml.safe_load(open('compose.yml')); print(*sorted(all['services']))
for name, one in all['services'].items():
    for volume in one.get('volumes', []):
        place = volume.split(':')[0]
        assert place in all['volumes'] or place.startswith('./'), (name, place)";
    let done = Command::new("/usr/bin/python3").args(["-c", reads]).current_dir(&folder).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let services = String::from_utf8(done.stdout).unwrap();
    assert_eq!(services.trim(), "broker1 broker2 db1 db2 db3 etcd1 etcd2 etcd3 proxy1 proxy2");
    assert!(fs::read_to_string(folder.join("database.Dockerfile")).unwrap().contains("patroni"));
}
