//! Following the store: whatever set of files was activated last is in force here too.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{PolicyRefused, beginning::STANDS_IN, kept};
use crate::{
    broker::{Broker, Error, Rulebook},
    reference::ReferenceError,
    store::{Amendment, Change, Expect, Shelf, StoreError},
};

/// Another replica's commit gives no hint.
const EVERY: Duration = Duration::from_millis(250);
/// Busy commits must not make us look without a pause.
const AT_MOST_EVERY: Duration = Duration::from_millis(50);
/// What is in force is looked at again this often: the check looks a year ahead.
const AGES: SignedDuration = SignedDuration::from_hours(24);
/// The folder of the configuration is not what is in force.
const DIFFERS: &str = "POLICY_FOLDER_DIFFERS";
/// What was activated cannot be read by this replica.
const NOT_TAKEN: &str = "POLICY_NOT_TAKEN";

/// What was seen of the store, and of the folder.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// Version of the newest activation's document; 0: there was none.
    version: u64,
    /// Fingerprint of what the configured folder held last; none where no folder is configured.
    pub(super) folder: Option<[u8; 32]>,
    /// The folder is gone by in place of what was activated, which cannot be read here.
    pub(super) stands_in: bool,
    /// When it was last looked whether what is in force still passes the check.
    pub(super) looked: Option<Timestamp>,
}

/// What came of a look at the store.
pub(super) enum Taken {
    /// What was activated last is in force.
    InForce,
    /// Nothing was activated yet.
    NeverActivated,
    /// What was activated cannot be read here, and why.
    Refused(String),
}

impl Broker {
    /// Follows the store for ever, within a quarter of a second.
    pub async fn keep_policy(&self) {
        let (mut changes, mut open, mut failing) = (self.changes(), true, false);
        loop {
            tokio::time::sleep(AT_MOST_EVERY).await;
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                changed = changes.changed(), if open => open = changed.is_ok(),
            }
            let looked = async {
                self.follow_policy().await?;
                self.look_once_a_day().await
            };
            let looked = looked.await;
            if let Err(error) = &looked
                && !failing
            {
                tracing::error!(%error, "the policy in force cannot be read from the store");
            }
            failing = looked.is_err();
        }
    }

    /// Takes what was activated since the last look; what cannot be read here raises an alarm, and what was in force stays.
    pub async fn follow_policy(&self) -> Result<(), Error> {
        let mut followed = self.policies.followed.lock().await;
        if let Taken::Refused(words) = self.take_policy(&mut followed, false).await? {
            self.alarms.raise(NOT_TAKEN, &format!("{words}; what was in force before stays"), self.now());
        }
        Ok(())
    }

    /// What is in force ages while the broker runs, too.
    async fn look_once_a_day(&self) -> Result<(), Error> {
        let now = self.now();
        {
            let mut followed = self.policies.followed.lock().await;
            if followed.looked.is_some_and(|looked| now.duration_since(looked) < AGES) {
                return Ok(());
            }
            followed.looked = Some(now);
        }
        let rulebook = self.rulebook();
        let faults = self.aged(&rulebook).await?;
        let _followed = self.policies.followed.lock().await;
        if self.rulebook().fingerprint == rulebook.fingerprint {
            self.tell_age(&rulebook, &faults);
        }
        Ok(())
    }

    pub(super) async fn take_policy(&self, followed: &mut Followed, at_start: bool) -> Result<Taken, Error> {
        let Some((activation, version)) = self.in_force().await? else { return Ok(Taken::NeverActivated) };
        if version == followed.version {
            return Ok(Taken::InForce);
        }
        if activation.fingerprint != self.rulebook().fingerprint {
            let files = match self.kept_policy(activation.fingerprint).await {
                Err(Error::Internal(_)) => None,
                files => files?,
            };
            let read = tokio::task::spawn_blocking(move || files.map(|files| Rulebook::read(files, Vec::new())));
            let rulebook = match read.await.map_err(|_| Error::Internal("reading a policy failed".to_owned()))? {
                Some(Ok(rulebook)) if rulebook.fingerprint == activation.fingerprint => Arc::new(rulebook),
                other => {
                    // It is looked at again when something else was activated.
                    followed.version = version;
                    return Ok(Taken::Refused(not_read(activation.fingerprint, other.and_then(Result::err))));
                }
            };
            // Whoever activated it has proved it then. Time alone, or a check that has become stricter, keeps no broker from
            // starting with what it went by.
            match at_start {
                true => self.tell_age(&rulebook, &self.aged(&rulebook).await?),
                false => self.is_new(),
            }
            self.go_by(rulebook);
        }
        followed.version = version;
        followed.stands_in = false;
        [NOT_TAKEN, STANDS_IN].iter().for_each(|alarm| self.alarms.clear(alarm));
        let (number, policy) = (activation.number, hex::encode(activation.fingerprint));
        tracing::info!(number, policy, "the policy that was activated is in force here");
        self.compare(followed);
        Ok(Taken::InForce)
    }

    /// What the folder holds now. It is put in force as long as nothing was activated; after that the store decides, and a
    /// folder that holds something else raises an alarm.
    ///
    /// # Errors
    /// It does not pass the check, and what was in force stays; or the store cannot be written.
    pub async fn offer_rulebook(&self, rulebook: Rulebook) -> Result<(), PolicyRefused> {
        let mut followed = self.policies.followed.lock().await;
        followed.folder = Some(rulebook.fingerprint);
        if self.in_force().await?.is_some() {
            self.compare(&followed);
            return Ok(());
        }
        if rulebook.fingerprint == self.rulebook().fingerprint {
            return Ok(());
        }
        let rulebook = Arc::new(rulebook);
        self.may_be_in_force(&rulebook).await?;
        self.keep_policy_files(&rulebook).await?;
        Ok(self.replace_rulebook(rulebook).await?)
    }

    fn compare(&self, followed: &Followed) {
        let now = self.rulebook().fingerprint;
        match followed.folder.filter(|folder| *folder != now) {
            None => self.alarms.clear(DIFFERS),
            Some(folder) => {
                let words = format!(
                    "the folder of policy.reference holds {}, in force is {}, {}: propose the folder \
                     with `homeward policy activate`, or fetch what is in force with `homeward policy get --out`",
                    hex::encode(folder),
                    hex::encode(now),
                    if followed.stands_in { "which it held at the start" } else { "which two persons activated" }
                );
                self.alarms.raise(DIFFERS, &words, self.now());
            }
        }
    }

    /// The broker went by exactly these files before.
    pub(super) async fn went_by(&self, fingerprint: [u8; 32]) -> Result<bool, Error> {
        Ok(self.kept_policy(fingerprint).await?.is_some() && !self.is_waiting(fingerprint).await?)
    }

    /// Keeps the files of what comes in force, so that its decisions can be explained for ever.
    pub(super) async fn keep_policy_files(&self, rulebook: &Rulebook) -> Result<(), Error> {
        let name = kept::set_name(rulebook.fingerprint);
        if self.store.document(Shelf::PolicyVersion, &name).await?.is_some() {
            return self.keep_for_good(rulebook.fingerprint).await;
        }
        let bytes = Some(kept::put_set(&rulebook.files));
        let change = Change { shelf: Shelf::PolicyVersion, name, expect: Expect::New, bytes };
        let amendment = Amendment { once: None, changes: vec![change], entries: Vec::new(), answer: Vec::new() };
        match self.store.amend(amendment).await {
            // There already, from another replica.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn not_read(fingerprint: [u8; 32], wrong: Option<Vec<ReferenceError>>) -> String {
    let wrong: Vec<String> = wrong.into_iter().flatten().take(5).map(|one| one.to_string()).collect();
    let why = if wrong.is_empty() { "its files are missing or damaged".to_owned() } else { wrong.join("; ") };
    format!("policy {} was activated and cannot be read by this program: {why}", hex::encode(fingerprint))
}
