//! The tables, and how they came to be what they are: steps that only ever go forward, each with its number.

use tokio_postgres::Client;

use super::connect::engine;
use crate::store::StoreError;

/// Every step, the first first. A step that a broker of the version before could not live with is never taken: columns and
/// tables may be added, with defaults; what is no longer used goes one version later.
const STEPS: &[&str] = &[
    "
    CREATE TABLE homeward_keys (
        k bytea PRIMARY KEY,
        v bytea NOT NULL
    );
    -- Values are sealed or small: compressing them gains nothing, and up to the size of a page they stay in their row.
    ALTER TABLE homeward_keys ALTER COLUMN v SET STORAGE EXTERNAL;
    ALTER TABLE homeward_keys SET (toast_tuple_target = 8160);
    CREATE TABLE homeward_head (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        sequence bigint NOT NULL
    );
    INSERT INTO homeward_head (sequence) VALUES (0);
    CREATE TABLE homeward_changes (
        sequence bigint PRIMARY KEY,
        trace bytea NOT NULL
    );
",
    "
    -- A store that is on its way into this database, while the head's sequence is -1.
    CREATE TABLE homeward_arriving (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        origin text NOT NULL,
        upto bytea NOT NULL
    );
",
];

/// The sequence of the head while a store is on its way into the database: no broker serves from it.
pub(super) const ARRIVING: i64 = -1;
/// Whoever makes or changes the tables holds this lock of the database.
const LOCK: i64 = 0x686f_6d65_7761_7264;

/// Brings the tables up to the version of this program.
///
/// # Errors
/// [`StoreError::Unavailable`] where they are of a later version than this program knows, or the database refuses.
pub(super) async fn prepare(client: &mut Client) -> Result<(), StoreError> {
    let refused = |error: tokio_postgres::Error| engine(&error);
    let step = client.transaction().await.map_err(refused)?;
    let free = step.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&LOCK]).await.map_err(refused)?;
    if !free.get::<_, bool>(0) {
        tracing::warn!("another process makes or changes the tables of the store: waiting until it has");
        step.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(refused)?;
    }
    step.batch_execute(
        "CREATE TABLE IF NOT EXISTS homeward_schema (version integer PRIMARY KEY, taken timestamptz NOT NULL DEFAULT now())",
    )
    .await
    .map_err(refused)?;
    let row = step.query_one("SELECT coalesce(max(version), 0) FROM homeward_schema", &[]).await.map_err(refused)?;
    let version: i32 = row.get(0);
    let taken = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(ahead) = STEPS.get(taken..) else {
        return Err(StoreError::Unavailable(format!(
            "the tables are of version {version}, and this program knows {}: start a later one",
            STEPS.len()
        )));
    };
    for (number, sql) in (version + 1..).zip(ahead) {
        step.batch_execute(sql).await.map_err(refused)?;
        step.execute("INSERT INTO homeward_schema (version) VALUES ($1)", &[&number]).await.map_err(refused)?;
        tracing::info!(version = number, "the tables of the store were brought forward");
    }
    step.commit().await.map_err(refused)
}

/// Nothing is on its way into the database, so that its head may be gone by.
///
/// # Errors
/// [`StoreError::Unavailable`] where a store was to come in and has not.
pub(super) fn has_arrived(sequence: i64) -> Result<(), StoreError> {
    if sequence != ARRIVING {
        return Ok(());
    }
    let words = "a store is on its way into this database: end `homeward migrate` or `homeward restore`, by the same command again";
    Err(StoreError::Unavailable(words.into()))
}
