//! A store that comes into a database in which there is none: back from a copy, or over from another engine. Until all of it is there
//! and verified the head says so, and no broker serves from it.

use std::{thread, time::Duration};

use super::{
    commit::signed,
    listen::CHANNEL,
    offline::{Desk, examined},
    schema::{self, ARRIVING},
    session::{FORWARD, HEAD, PUT, REMOVE, Writes},
};
use crate::{
    ledger::{Checkpoint, Entry},
    store::{
        Claim, Copied, Examined, Examining, MovedPart, Origin, Restored, Restoring, StoreError,
        ordered::{
            Books, Transaction,
            parts::{came_together, read_part},
            prove::prove,
            read::meta,
        },
    },
};

/// Whoever fills a database holds this lock of it, as long as its connection lasts.
const LOCK: i64 = 0x686f_6d65_7761_7266;
/// The connection of a command that was killed lasts a moment longer.
const LOCK_TRIES: u32 = 50;
const LOCK_WAIT: Duration = Duration::from_millis(100);
/// Limits of the connection that fills it.
const LIMITS: &str = "SET lock_timeout = '10s'; SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'; \
     SET client_min_messages = warning";
/// What a copy on its way back is called; each attempt begins anew.
const COPY: &str = "copy";

/// A database that is being filled.
struct Arriving(Desk);

impl Arriving {
    /// Begins, or goes on with what is called `origin` where it may; answers with where.
    fn begin(mut desk: Desk, origin: &str, goes_on: bool) -> Result<(Self, Vec<u8>), StoreError> {
        desk.said(LIMITS)?;
        desk.waits(async |client| schema::prepare(client).await)?;
        let mut tries = 0;
        while !desk.one::<bool>(&format!("SELECT pg_try_advisory_lock({LOCK})"))? {
            tries += 1;
            if tries == LOCK_TRIES {
                return Err(StoreError::Unavailable("another command fills this database".into()));
            }
            thread::sleep(LOCK_WAIT);
        }
        let upto = desk.as_one(|| {
            let sequence: i64 = desk.one(HEAD)?;
            if sequence == ARRIVING {
                let there: String = desk.one("SELECT origin FROM homeward_arriving")?;
                if goes_on && there == origin {
                    return desk.one("SELECT upto FROM homeward_arriving");
                }
            } else if sequence != 0 || desk.one("SELECT EXISTS (SELECT FROM homeward_keys)")? {
                return Err(StoreError::WrongState);
            }
            desk.said("TRUNCATE homeward_keys, homeward_changes, homeward_arriving")?;
            desk.does(FORWARD, &[&ARRIVING])?;
            desk.does("INSERT INTO homeward_arriving (origin, upto) VALUES ($1, '')", &[&origin])?;
            Ok(Vec::new())
        })?;
        Ok((Self(desk), upto))
    }

    /// Takes a part, and notes up to where that is.
    fn take(&self, part: &[u8], upto: &[u8]) -> Result<(), StoreError> {
        let pairs = read_part(part).ok_or_else(|| StoreError::Damaged("a part of the copy cannot be read".into()))?;
        let pairs = pairs.into_iter().map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec)));
        self.0.as_one(|| {
            self.write(&Writes::of(pairs))?;
            self.0.does("UPDATE homeward_arriving SET upto = $1", &[&upto]).map(|_| ())
        })
    }

    fn write(&self, writes: &Writes) -> Result<(), StoreError> {
        self.0.does(PUT, &[&writes.keys, &writes.values])?;
        self.0.does(REMOVE, &[&writes.gone]).map(|_| ())
    }

    /// Enters `entry` in its ledger, which is its next batch.
    fn enter(&self, entry: &Entry) -> Result<(), StoreError> {
        let writes = self.0.keys(|tree| {
            let mut books = Books::read(&tree)?;
            let mut tx = Transaction::new(&tree, &mut books);
            tx.run(|tx| tx.append(entry))?;
            tx.seal();
            Ok(Writes::of(tx.view.into_writes()))
        })?;
        self.write(&writes)
    }

    /// It is there: brokers serve from it.
    fn arrives(&self) -> Result<(), StoreError> {
        let sequence = signed(self.0.keys(|tree| meta(&tree))?.sequence)?;
        self.0.does(FORWARD, &[&sequence])?;
        self.0.does("DELETE FROM homeward_arriving", &[])?;
        self.0.does("SELECT pg_notify($1, $2)", &[&CHANNEL, &sequence.to_string()]).map(|_| ())
    }
}

/// A store on its way back into the database of `desk`.
pub(super) fn restoring(desk: Desk) -> Result<Box<dyn Restoring>, StoreError> {
    Ok(Box::new(Arriving::begin(desk, COPY, false)?.0))
}

impl Restoring for Arriving {
    fn take(&mut self, part: &[u8]) -> Result<(), StoreError> {
        Arriving::take(self, part, &[])
    }

    fn finish(
        self: Box<Self>,
        copied: &Copied,
        since: Option<Checkpoint>,
        entry: &Entry,
        watch: &mut dyn Examining,
    ) -> Result<Box<dyn Restored>, StoreError> {
        let examined = self.0.at_one_moment(|tree, _| {
            came_together(&meta(&tree)?, copied)?;
            examined(tree, None, since, watch)
        })?;
        if examined.findings > 0 {
            return Err(StoreError::Damaged(format!("{} things do not agree", examined.findings)));
        }
        self.0.as_one(|| self.enter(entry))?;
        Ok(Box::new(Whole { arriving: *self, examined }))
    }
}

/// A store that has come back whole, and that no broker serves from yet.
struct Whole {
    arriving: Arriving,
    examined: Examined,
}

impl Restored for Whole {
    fn put(self: Box<Self>) -> Result<Examined, StoreError> {
        self.arriving.0.as_one(|| self.arriving.arrives())?;
        Ok(self.examined)
    }
}

/// A store on its way over from another engine.
pub struct Moving {
    arriving: Arriving,
    upto: Vec<u8>,
}

/// What the end of the way notes: behind every key.
const END: &[u8] = &[0xff];

impl Moving {
    /// Begins, or goes on where an earlier attempt ended.
    pub(super) fn begin(desk: Desk, origin: &Origin) -> Result<Self, StoreError> {
        let (arriving, upto) = Arriving::begin(desk, &origin.name(), true)?;
        Ok(Self { arriving, upto })
    }

    /// Where the next part is to begin; `None` where all of it is there.
    pub fn from(&self) -> Option<&[u8]> {
        (self.upto != END).then_some(&self.upto)
    }

    /// Takes the next part.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub fn take(&mut self, part: &MovedPart) -> Result<(), StoreError> {
        let upto = part.next.clone().unwrap_or_else(|| END.to_vec());
        self.arriving.take(&part.bytes, &upto)?;
        self.upto = upto;
        Ok(())
    }

    /// What is there from a place on, as the other engine would give it.
    ///
    /// # Errors
    /// [`StoreError`]: it cannot be read.
    pub fn part(&self, from: &[u8]) -> Result<MovedPart, StoreError> {
        self.arriving.0.part(from)
    }

    /// It is there, and was verified: `entry` says so in its ledger, and brokers serve from it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: perhaps it was done; the same again tells.
    pub fn arrives(self, entry: &Entry) -> Result<(), StoreError> {
        self.arriving.0.as_one(|| {
            self.arriving.enter(entry)?;
            self.arriving.arrives()
        })
    }
}

/// Whether the store in the database goes on from `origin`.
///
/// # Errors
/// [`StoreError`]: it cannot be read.
pub(super) fn goes_on_from(desk: &Desk, origin: &Origin) -> Result<bool, StoreError> {
    let head = &origin.copied.head;
    let Some(last) = head.size.checked_sub(1) else { return Ok(false) };
    desk.at_one_moment(|tree, _| {
        let there = prove(&tree, Claim::Inclusion(last), Some(head.size))?;
        Ok(there.is_some_and(|there| there.head.root == head.root))
    })
}
