//! A start that has to wait: it says for what, and ends when it is told to.

use crate::{
    brokers::{broker, keyed},
    house::place::postgres::{Other, Server},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_waits_for_the_tables_says_so_and_ends_when_it_is_told_to() {
    let server = Server::start();
    let mut one = broker(&server, None);
    keyed(&one);
    // As a broker that makes the tables, and stands still over it.
    let mut other = Other::at(&server.database());
    other.does("SELECT pg_advisory_lock(x'686f6d6577617264'::bit(64)::bigint)");
    let from = one.begin();
    one.says(from, "waiting until it has").await;
    one.signal("TERM");
    assert_eq!(one.ends().await, Some(0), "{}", one.log());
    one.says(from, "stopped before it served").await;

    let from = one.begin();
    one.says(from, "waiting until it has").await;
    drop(other);
    one.says(from, "\"serving\"").await;
}
