//! A start: what was activated last is in force, else what this replica was started with. Nothing by which the broker went
//! before keeps it from starting as long as this program can read it.

use super::{Followed, PolicyRefused, following::Taken};
use crate::broker::Broker;

/// The folder of the configuration is gone by in place of what two persons activated.
pub(super) const STANDS_IN: &str = "POLICY_STANDS_IN";

/// The folder of reference data that the configuration names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// It names none: the broker has what the binary carries.
    Absent,
    /// The broker has what it holds.
    Read,
    /// It cannot be read as a policy; the broker has what the binary carries, which nobody asked for.
    Unreadable,
}

/// What a start is given besides the store.
#[derive(Debug, Clone, Copy)]
pub struct Begin {
    /// The folder.
    pub folder: Folder,
    /// Fingerprint of an activated policy in whose place the folder is gone by, if this program cannot read that policy.
    pub in_place_of: Option<[u8; 32]>,
}

impl Broker {
    /// Takes what the store says is in force, before the door is opened. Where nothing was activated yet, what this replica was
    /// started with stays in force, and is kept.
    ///
    /// # Errors
    /// The store cannot be read; what was activated cannot be read by this program; or nothing was, and what this replica was
    /// started with cannot be read, or was never gone by and does not pass the check.
    pub async fn begin_policy(&self, begin: Begin) -> Result<(), PolicyRefused> {
        let mut followed = self.policies.followed.lock().await;
        followed.folder = (begin.folder == Folder::Read).then_some(self.rulebook().fingerprint);
        followed.looked = Some(self.now());
        match self.take_policy(&mut followed, true).await? {
            Taken::InForce => {
                if begin.in_place_of.is_some() {
                    tracing::warn!("policy.in_place_of does nothing: what was activated can be read; take it out");
                }
                Ok(())
            }
            Taken::Refused(words) => self.stand_in(begin, &mut followed, words).await,
            Taken::NeverActivated if begin.folder == Folder::Unreadable => Err(PolicyRefused::Folder),
            Taken::NeverActivated => self.begin_by_what_it_was_given().await,
        }
    }

    /// Sound, or gone by before. What was gone by before is gone by with an alarm if it no longer passes the check: who restarts
    /// a broker at night must not be kept from it by what time has done to it.
    async fn begin_by_what_it_was_given(&self) -> Result<(), PolicyRefused> {
        let rulebook = self.rulebook();
        match self.went_by(rulebook.fingerprint).await? {
            true => self.tell_age(&rulebook, &self.aged(&rulebook).await?),
            false => self.may_be_in_force(&rulebook).await?,
        }
        Ok(self.keep_policy_files(&rulebook).await?)
    }

    /// The way back where no program that can read what was activated is at hand: whoever runs the daemon names exactly that
    /// policy, and a sound folder is gone by in its place. The ledger says so, and an alarm until two persons have activated
    /// another.
    async fn stand_in(&self, begin: Begin, followed: &mut Followed, words: String) -> Result<(), PolicyRefused> {
        let activated = self.in_force().await?.map(|(activation, _)| activation.fingerprint);
        let Some(activated) = activated.filter(|one| begin.in_place_of == Some(*one) && begin.folder == Folder::Read)
        else {
            return Err(PolicyRefused::Activated(words));
        };
        self.begin_by_what_it_was_given().await?;
        let rulebook = self.rulebook();
        let mut details = self.words_of(&rulebook);
        details.push(format!("in_place_of={}", hex::encode(activated)));
        self.enter("POLICY_STANDS_IN", details).await?;
        followed.stands_in = true;
        let words = format!(
            "{words}; by policy.in_place_of the folder of policy.reference is gone by, {}: have two policy administrators \
             activate it, or another, and take policy.in_place_of out",
            hex::encode(rulebook.fingerprint)
        );
        self.alarms.raise(STANDS_IN, &words, self.now());
        Ok(())
    }
}
