//! Several brokers over one database: one ledger, no delivery with two holders, each knows what the others did, and a database
//! that goes away and comes back takes nothing with it that was answered.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use homeward::{
    platform::meters::METERS,
    store::{
        Examining, Finding, Round, Settle, Store, StoreError,
        postgres::{PostgresStore, Settings},
    },
};
use tokio::time::{sleep, timeout};

use crate::{
    postgres,
    store::fixtures::{
        accept_one, accept_with, at, header, holding, id, join_all, pull, pulling, queue, settle, settled, size,
        submission,
    },
};

fn settings(url: String) -> Settings {
    Settings { url, password: None, tls: None, readers: 4, statement: Duration::from_secs(10) }
}

async fn open(url: &str) -> Arc<dyn Store> {
    Arc::new(PostgresStore::open(&settings(url.to_owned())).await.unwrap())
}

/// What a broker answers out of its memory, and what is read.
async fn known(store: &dyn Store) -> String {
    let queues = ["MPU.SE", "MPU.NE", "MPU.NW"].map(queue);
    let round = Round { on_its_way: Vec::new(), of_a_queue: 100, limit: 100 };
    let late = store.late(at(1_000_000), 1000).await.unwrap();
    let pages = store.pages(at(1_000_000), round).await.unwrap();
    let counts = store.counts(&queues, at(1_000_000)).await.unwrap();
    let (wrapped, head) = (store.wrapped().await.unwrap(), store.head().await.unwrap());
    format!("{late:?}\n{pages:?}\n{counts:?}\n{wrapped:?}\n{head:?}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_write_one_ledger_without_a_gap_and_no_delivery_has_two_holders() {
    let url = postgres::database();
    let brokers = [open(&url).await, open(&url).await, open(&url).await];
    let submissions = (0..60).map(|number| {
        let store = Arc::clone(&brokers[number % 3]);
        async move { store.accept(submission(vec![header("MPU.SE")])).await.unwrap().ledger_index }
    });
    let indices: BTreeSet<u64> = join_all(submissions).await.into_iter().collect();
    assert_eq!(indices, (0..60).collect(), "each has its place in the one ledger");
    let pulls = (0..24).map(|number| {
        let store = Arc::clone(&brokers[number % 3]);
        async move { store.pull(pulling("MPU.SE", 4, 0)).await.unwrap() }
    });
    let pulled: Vec<_> = join_all(pulls).await.into_iter().flatten().map(|delivery| delivery.id).collect();
    assert_eq!(pulled.len(), 60, "everything was given to somebody");
    assert_eq!(pulled.iter().collect::<BTreeSet<_>>().len(), 60, "and nothing to two");
    let heads = [size(&*brokers[0]).await, size(&*brokers[1]).await, size(&*brokers[2]).await];
    assert!(heads[0] > 60 && heads.iter().all(|size| *size == heads[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_through_two_brokers_is_one() {
    let url = postgres::database();
    let (one, other) = (open(&url).await, open(&url).await);
    let twice = submission(vec![header("MPU.SE")]);
    let (first, second) = tokio::join!(one.accept(twice.clone()), other.accept(twice));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.ledger_index, &first.answer), (second.ledger_index, &second.answer));
    assert!(first.replayed != second.replayed);
    assert_eq!(size(&*other).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_knows_what_another_did_as_one_does_that_reads_everything() {
    let url = postgres::database();
    let (one, other) = (open(&url).await, open(&url).await);
    for (round, name) in ["MPU.SE", "MPU.NE", "MPU.NW", "MPU.SE", "MPU.NE", "MPU.SE"].into_iter().enumerate() {
        // Both have something in memory that the other's work outdates.
        assert_eq!(known(&*one).await, known(&*other).await);
        let (does, knows) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        for _ in 0..3 {
            accept_with(&**does, header(name)).await;
        }
        let pulled = pull(&**does, name, 2, 0).await;
        settle(&**does, holding(&pulled[0], 1), Settle::Complete(settled())).await.unwrap();
        let fresh = open(&url).await;
        assert_eq!(known(&**knows).await, known(&*fresh).await);
        assert_eq!(known(&**does).await, known(&*fresh).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn word_of_what_a_broker_did_reaches_the_others() {
    let url = postgres::database();
    let (one, other) = (open(&url).await, open(&url).await);
    let (mut changes, mut outbox) = (other.changes(), other.outbox());
    // Until the other listens there may be no word: that it follows at once then is part of what is tried.
    changes.mark_unchanged();
    accept_one(&*one, "MPU.SE").await;
    timeout(Duration::from_secs(30), changes.changed()).await.expect("word comes").unwrap();
    timeout(Duration::from_secs(30), outbox.wait_for(|outbox| outbox.waiting > 0))
        .await
        .expect("and of the page")
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_gone_nothing_is_accepted_and_what_was_is_there_when_it_is_back() {
    let mut server = postgres::Server::start();
    let store = open(&server.database()).await;
    let mut kept = Vec::new();
    for _ in 0..3 {
        kept.push(accept_one(&*store, "MPU.SE").await);
        server.kill();
        let lost = submission(vec![header("MPU.SE")]);
        let refused = store.accept(lost.clone()).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        assert!(matches!(store.head().await, Err(StoreError::Unavailable(_))));
        server.again();
        let again = async {
            loop {
                match store.accept(lost.clone()).await {
                    Ok(accepted) => break accepted,
                    Err(StoreError::Unavailable(_)) => sleep(Duration::from_millis(50)).await,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        let accepted = timeout(Duration::from_secs(60), again).await.expect("it is reached again");
        assert!(!accepted.replayed, "what was refused was not accepted");
        for id in &kept {
            assert!(store.delivery(*id).await.unwrap().is_some());
        }
    }
    assert_eq!(size(&*store).await, 6);
}

/// Another primary without the last batches, or a backup that somebody put back: what this broker has answered for is not in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_went_back_in_time_is_not_written_on_by_a_broker_that_knew_more() {
    let mut server = postgres::Server::start();
    let store = open(&server.database()).await;
    accept_one(&*store, "MPU.SE").await;
    server.kill();
    let kept = server.keep();
    server.again();
    let lost = async {
        while store.head().await.is_err() || store.accept(submission(vec![header("MPU.SE")])).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(60), lost).await.expect("it is reached again");
    server.kill();
    server.put_back(&kept);
    server.again();
    // Somebody who knows nothing of it goes on from there.
    let other = open(&server.database()).await;
    accept_one(&*other, "MPU.NE").await;
    let before = size(&*other).await;
    let ended = async {
        while store.recovers() {
            assert!(store.accept(submission(vec![header("MPU.SE")])).await.is_err());
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(60), ended).await.expect("it sees that");
    assert!(matches!(store.head().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.find(id()).await, Err(StoreError::Unavailable(_))));
    assert_eq!(size(&*other).await, before, "it has written nothing");
    let again = open(&server.database()).await;
    accept_one(&*again, "MPU.SE").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_a_later_version_are_left_alone() {
    let url = postgres::database();
    let store = open(&url).await;
    accept_one(&*store, "MPU.SE").await;
    store.close().await;
    assert!(matches!(store.find(id()).await, Err(StoreError::Unavailable(_))), "closed");
    postgres::run(&url, "INSERT INTO homeward_schema (version) VALUES (99)");
    let refused = PostgresStore::open(&settings(url)).await.err();
    assert!(refused.is_some_and(|error| error.to_string().contains("version 99")));
}

/// Somebody cancels what waits for a standby that is gone: the database has committed it on one machine, says so in a warning, and
/// answers as if all were well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_standby_has_is_answered_only_once_it_has_it() {
    let server = postgres::Server::start();
    let (url, waits) = (server.database(), "FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    let store = open(&url).await;
    postgres::run(&url, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    postgres::run(&url, "SELECT pg_reload_conf()");
    // The server takes that up in its own time: what it commits before waits for nobody.
    let one_waits = async {
        for accepted in 0.. {
            let sent = submission(vec![header("MPU.SE")]);
            let accepting = tokio::spawn({
                let (store, sent) = (Arc::clone(&store), sent.clone());
                async move { store.accept(sent).await }
            });
            while !accepting.is_finished() {
                if postgres::value(&url, &format!("SELECT count(*) {waits}")).as_deref() == Some("1") {
                    return (accepted, sent, accepting);
                }
                sleep(Duration::from_millis(20)).await;
            }
            accepting.await.unwrap().unwrap();
        }
        unreachable!("there is no last number")
    };
    let (accepted, sent, accepting) = timeout(Duration::from_secs(30), one_waits).await.expect("one waits");
    postgres::run(&url, &format!("SELECT pg_cancel_backend(pid) {waits}"));
    let refused = accepting.await.unwrap();
    assert!(matches!(&refused, Err(StoreError::Unavailable(words)) if words.contains("standby")), "{refused:?}");
    assert!(
        matches!(store.answered(&sent.once).await, Err(StoreError::Unavailable(_))),
        "nor does a repeat learn of it"
    );
    postgres::run(&url, "ALTER SYSTEM RESET synchronous_standby_names");
    postgres::run(&url, "SELECT pg_reload_conf()");
    let again = async {
        loop {
            match store.accept(sent.clone()).await {
                Ok(accepted) => break accepted,
                Err(StoreError::Unavailable(_)) => sleep(Duration::from_millis(50)).await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    assert!(timeout(Duration::from_secs(60), again).await.expect("it is confirmed").replayed, "once");
    assert_eq!(size(&*store).await, accepted + 1);
}

/// Two wait for each other, so that the database ends one and takes all of it back: that is done again, whole. Who is at work is seen by name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_database_takes_back_is_done_again_whole_and_each_transaction_has_its_name() {
    let url = postgres::database();
    let database = postgres::value(&url, "SELECT current_database()").unwrap();
    // The rival has so long to close the circle, and an answer is waited for longer: 15 seconds.
    postgres::run(&url, &format!("ALTER DATABASE {database} SET deadlock_timeout = '9s'"));
    let patient = Settings { statement: Duration::from_secs(60), ..settings(url.clone()) };
    let [one, other]: [Arc<dyn Store>; 2] = [
        Arc::new(PostgresStore::open(&patient).await.unwrap()),
        Arc::new(PostgresStore::open(&patient).await.unwrap()),
    ];
    let id = accept_one(&*one, "MPU.SE").await;
    let waits = async |name: &str, how_many: &str| {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() \
             AND application_name = 'homeward {name}'"
        );
        let waiting = async {
            while postgres::value(&url, &sql).as_deref() != Some(how_many) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(30), waiting).await.unwrap_or_else(|_| panic!("{name} does not wait"));
    };
    // Its question is known to the database by then: what waits is the transaction.
    assert!(other.delivery(id).await.unwrap().is_some());
    // It never looks itself whether it waits in a circle.
    let mut rival = postgres::Other::at(&url);
    rival.does("SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE homeward_keys");
    let reading = tokio::spawn({
        let other = Arc::clone(&other);
        async move { other.delivery(id).await }
    });
    waits("delivery", "1").await;
    rival.does("ROLLBACK");
    assert!(reading.await.unwrap().unwrap().is_some());

    rival.does("BEGIN; LOCK TABLE homeward_changes");
    let accepting = [Arc::clone(&one), other].map(|broker| {
        let sent = submission(vec![header("MPU.SE")]);
        tokio::spawn(async move { broker.accept(sent).await })
    });
    waits("accept", "2").await;
    rival.does("SELECT FROM homeward_head FOR UPDATE; COMMIT");
    let mut indices = BTreeSet::from([0]);
    for accepted in accepting {
        indices.insert(accepted.await.unwrap().expect("it is accepted all the same").ledger_index);
    }
    assert_eq!(indices, (0..3).collect(), "each once, over what was there by then");
    let again = METERS.again.get_or_create(&[("command", "accept")]).get();
    assert!(again >= 2, "both were taken back: {again}");
    let fresh = open(&url).await;
    assert_eq!(known(&*one).await, known(&*fresh).await);
}

/// Somebody holds a table, or a statement never comes to its end: the database ends what hangs, whoever of us asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_hangs_is_ended_and_the_next_is_answered() {
    let url = postgres::database();
    let short = Settings { statement: Duration::from_secs(1), ..settings(url.clone()) };
    let store = PostgresStore::open(&short).await.unwrap();
    let id = accept_one(&store, "MPU.SE").await;
    let says = |answer: Result<(), StoreError>, code: &str| {
        assert!(matches!(&answer, Err(StoreError::Unavailable(words)) if words.contains(code)), "{answer:?}");
    };
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let of_ours = |what: &str| postgres::value(&url, &format!("{waiting} AND {what}")).unwrap();
    let listens = async {
        while of_ours("query LIKE 'SET statement_timeout = 1000;%LISTEN homeward'") != "1" {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), listens).await.expect("who listens has limits too");

    postgres::run(&url, "ALTER TABLE homeward_keys RENAME TO aside");
    postgres::run(&url, "CREATE VIEW homeward_keys AS SELECT k, v FROM aside WHERE pg_sleep(60) IS NULL");
    says(store.delivery(id).await.map(|_| ()), "57014");
    postgres::run(&url, "DROP VIEW homeward_keys; ALTER TABLE aside RENAME TO homeward_keys");
    assert!(store.delivery(id).await.unwrap().is_some());

    let mut other = postgres::Other::at(&url);
    other.does("BEGIN; LOCK TABLE homeward_keys");
    let sent = submission(vec![header("MPU.SE")]);
    let (read, written) = tokio::join!(store.delivery(id), store.accept(sent.clone()));
    says(read.map(|_| ()), "55P03");
    says(written.map(|_| ()), "55P03");
    assert_eq!(of_ours("wait_event_type IN ('Lock', 'Timeout')"), "0", "nobody waits on");
    other.does("ROLLBACK");
    let again = async {
        while let Err(StoreError::Unavailable(_)) = store.accept(sent.clone()).await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(60), again).await.expect("it is accepted");
    assert_eq!(size(&store).await, 2, "once");
}

/// What a version may do to the tables while brokers of the version before are at work, which the runbook says: the second step, as it
/// was taken, and columns and tables with defaults.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_of_the_version_before_go_on_while_the_tables_are_brought_forward() {
    let url = postgres::database();
    let before = open(&url).await;
    accept_one(&*before, "MPU.SE").await;
    // As the first version left them: it uses no table but these.
    postgres::run(&url, "DROP TABLE homeward_arriving; DELETE FROM homeward_schema WHERE version > 1");
    accept_one(&*before, "MPU.SE").await;
    let after = open(&url).await;
    assert_eq!(postgres::value(&url, "SELECT max(version) FROM homeward_schema").as_deref(), Some("2"));
    for added in ["homeward_keys", "homeward_head", "homeward_changes"] {
        postgres::run(&url, &format!("ALTER TABLE {added} ADD COLUMN more text NOT NULL DEFAULT 'none'"));
        postgres::run(&url, &format!("CREATE TABLE {added}_more (key bytea PRIMARY KEY)"));
        accept_one(&*before, "MPU.SE").await;
        accept_one(&*after, "MPU.SE").await;
    }
    let taken = pull(&*before, "MPU.SE", 20, 0).await;
    assert_eq!(taken.len(), 8);
    settle(&*before, holding(&taken[0], 1), Settle::Complete(settled())).await.unwrap();
    assert_eq!(known(&*before).await, known(&*after).await);
}

/// Over a network each question costs a round trip: many keys come with one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_store_is_walked_with_few_questions() {
    let url = postgres::database();
    let store = open(&url).await;
    let accepting = (0..300).map(|number| {
        let store = Arc::clone(&store);
        let queue = ["MPU.SE", "MPU.NE", "MPU.NW"][number % 3];
        async move { store.accept(submission(vec![header(queue), header("MASH.E09000003")])).await.unwrap() }
    });
    join_all(accepting).await;
    for taken in pull(&*store, "MPU.SE", 20, 0).await {
        settle(&*store, holding(&taken, 1), Settle::Complete(settled())).await.unwrap();
    }
    store.close().await;
    drop(store);
    // Each connection says how often it looked as it ends.
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended = async || {
        while postgres::value(&url, others).as_deref() != Some("0") {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let looked = "SELECT coalesce(idx_scan, 0) + seq_scan FROM pg_stat_user_tables WHERE relname = 'homeward_keys'";
    let number = |sql: &str| postgres::value(&url, sql).unwrap().parse::<u64>().unwrap();
    ended().await;
    postgres::run(&url, "SELECT pg_stat_reset()");
    let (settings, keys) = (settings(url.clone()), number("SELECT count(*) FROM homeward_keys"));
    let before = number(looked);
    let walked = tokio::task::spawn_blocking(move || PostgresStore::examine(&settings, None, &mut Silent).unwrap());
    assert_eq!(walked.await.unwrap().records, 300);
    ended().await;
    let questions = number(looked) - before;
    println!("{keys} keys were walked with {questions} questions");
    assert!(questions * 20 < keys, "{questions} questions for {keys} keys");
}

/// Whoever waits for a walk and need not be told.
struct Silent;

impl Examining for Silent {
    fn at(&mut self, _: u64, _: u64) {}

    fn found(&mut self, finding: Finding) {
        panic!("{finding:?}");
    }
}
