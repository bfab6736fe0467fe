//! Following the store: whatever set of files was activated last is in force here too.

use std::{sync::Arc, time::Duration};

use super::{Fault, PolicyRefused, kept, refused::named};
use crate::{
    broker::{Broker, Error, Rulebook},
    reference::ReferenceError,
    store::{Amendment, Change, Expect, Shelf, StoreError},
};

/// Another replica's commit gives no hint.
const EVERY: Duration = Duration::from_millis(250);
/// Busy commits must not make us look without a pause.
const AT_MOST_EVERY: Duration = Duration::from_millis(50);
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
    folder: Option<[u8; 32]>,
}

/// What came of a look at the store.
enum Taken {
    /// What was activated last is in force.
    InForce,
    /// Nothing was activated yet.
    NeverActivated,
    /// What was activated cannot be read here, and why.
    Refused(String),
}

impl Broker {
    /// Takes what the store says is in force, before the door is opened. Where nothing was activated yet, what this replica was
    /// started with stays in force, and is kept.
    ///
    /// # Errors
    /// The store cannot be read; what was activated cannot be in force here; or nothing was, and what this replica was started
    /// with does not pass the check.
    pub async fn begin_policy(&self, from_folder: bool) -> Result<(), PolicyRefused> {
        let rulebook = self.rulebook();
        let mut followed = self.policies.followed.lock().await;
        followed.folder = from_folder.then_some(rulebook.fingerprint);
        match self.take_policy(&mut followed, true).await? {
            Taken::Refused(words) => Err(PolicyRefused::Activated(words)),
            Taken::InForce => Ok(()),
            Taken::NeverActivated => {
                let went_by_it = self.went_by(rulebook.fingerprint).await?;
                self.may_be_in_force(&rulebook, went_by_it).await?;
                Ok(self.keep_policy_files(&rulebook).await?)
            }
        }
    }

    /// Follows the store for ever, within a quarter of a second.
    pub async fn keep_policy(&self) {
        let (mut changes, mut open, mut failing) = (self.changes(), true, false);
        loop {
            tokio::time::sleep(AT_MOST_EVERY).await;
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                changed = changes.changed(), if open => open = changed.is_ok(),
            }
            let looked = self.follow_policy().await;
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

    async fn take_policy(&self, followed: &mut Followed, at_start: bool) -> Result<Taken, Error> {
        let Some((activation, version)) = self.in_force().await? else { return Ok(Taken::NeverActivated) };
        if version == followed.version {
            return Ok(Taken::InForce);
        }
        if activation.fingerprint != self.rulebook().fingerprint {
            let files = self.kept_policy(activation.fingerprint).await?;
            let read = tokio::task::spawn_blocking(move || files.map(|files| Rulebook::read(files, Vec::new())));
            let rulebook = match read.await.map_err(|_| Error::Internal("reading a policy failed".to_owned()))? {
                Some(Ok(rulebook)) if rulebook.fingerprint == activation.fingerprint => Arc::new(rulebook),
                other => {
                    // It is looked at again when something else was activated.
                    followed.version = version;
                    return Ok(Taken::Refused(not_read(activation.fingerprint, other.and_then(Result::err))));
                }
            };
            // While this replica runs, whoever activated it has just proved it.
            if at_start && let Err(refused) = self.may_be_in_force(&rulebook, true).await {
                return match refused {
                    PolicyRefused::Failed(error) => Err(error),
                    PolicyRefused::Activated(words) => Ok(Taken::Refused(words)),
                    PolicyRefused::Faults(faults) => Ok(Taken::Refused(not_sound(activation.fingerprint, &faults))),
                };
            }
            self.rulebook.replace(rulebook);
        }
        followed.version = version;
        self.alarms.clear(NOT_TAKEN);
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
        self.may_be_in_force(&rulebook, false).await?;
        self.keep_policy_files(&rulebook).await?;
        Ok(self.replace_rulebook(rulebook).await?)
    }

    fn compare(&self, followed: &Followed) {
        let now = self.rulebook().fingerprint;
        match followed.folder.filter(|folder| *folder != now) {
            None => self.alarms.clear(DIFFERS),
            Some(folder) => {
                let words = format!(
                    "the folder of policy.reference holds {}, in force is {}, which two persons activated: propose the folder \
                     with `homeward policy activate`, or fetch what is in force with `homeward policy get --out`",
                    hex::encode(folder),
                    hex::encode(now)
                );
                self.alarms.raise(DIFFERS, &words, self.now());
            }
        }
    }

    /// The broker went by exactly these files before.
    async fn went_by(&self, fingerprint: [u8; 32]) -> Result<bool, Error> {
        Ok(self.kept_policy(fingerprint).await?.is_some() && !self.is_waiting(fingerprint).await?)
    }

    /// Keeps the files of what comes in force, so that its decisions can be explained for ever.
    async fn keep_policy_files(&self, rulebook: &Rulebook) -> Result<(), Error> {
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

fn not_sound(fingerprint: [u8; 32], faults: &[Fault]) -> String {
    let fingerprint = hex::encode(fingerprint);
    format!("policy {fingerprint} was activated and does not pass the check of this program: {}", named(faults))
}

fn not_read(fingerprint: [u8; 32], wrong: Option<Vec<ReferenceError>>) -> String {
    let wrong: Vec<String> = wrong.into_iter().flatten().take(5).map(|one| one.to_string()).collect();
    format!(
        "policy {} was activated and cannot be read by this program: {}",
        hex::encode(fingerprint),
        wrong.join("; ")
    )
}
