//! The calls to AuditService.

use super::{Answer, Caller, answer};
use crate::wire::pb;

impl Caller {
    /// A page of the ledger.
    pub async fn ledger_entries(&mut self, page_size: i32, page_token: &str) -> Answer {
        let asked = pb::ListEntriesRequest { page_size, page_token: page_token.to_owned() };
        answer("ListEntriesResponse", self.audit.list_entries(asked).await)
    }

    /// The signed checkpoint and the public key.
    pub async fn checkpoint(&mut self) -> Answer {
        answer("GetCheckpointResponse", self.audit.get_checkpoint(pb::GetCheckpointRequest {}).await)
    }

    /// The proof that the ledger of `first_size` entries is the beginning of that of `second_size`.
    pub async fn prove_consistency(&mut self, first_size: u64, second_size: u64) -> Answer {
        let asked = pb::ProveConsistencyRequest { first_size, second_size };
        answer("ProveConsistencyResponse", self.audit.prove_consistency(asked).await)
    }

    /// A receipt to file, or the certificate of an erasure.
    pub async fn prove_referral(&mut self, referral_id: &str, erasure: bool) -> Answer {
        let asked = pb::ProveReferralRequest { referral_id: referral_id.to_owned(), erasure };
        answer("ProveReferralResponse", self.audit.prove_referral(asked).await)
    }
}
