//! Which role has which method, and which role opens what the queue alone does not open (contract 3 and 4).

use super::OpenRequest;
use crate::domain::{
    code::vocabulary,
    identity::{Organisation, OrganisationScheme, Role},
    unit::{Audience, Part},
};

vocabulary! {
    /// The methods that a grant can cover, by their names in the contract.
    Action {
        /// ReferralService.
        SubmitReferral = "SubmitReferral",
        /// ReferralService.
        SubmitReferrals = "SubmitReferrals",
        /// ReferralService.
        PreviewReferral = "PreviewReferral",
        /// ReferralService.
        GetReferral = "GetReferral",
        /// ReferralService.
        ListReferrals = "ListReferrals",
        /// ReferralService.
        WatchReferrals = "WatchReferrals",
        /// ReferralService.
        AnswerClarification = "AnswerClarification",
        /// ReferralService.
        CorrectReferral = "CorrectReferral",
        /// ReferralService.
        RecallReferral = "RecallReferral",
        /// ReferralService.
        ExportSubject = "ExportSubject",
        /// QueueService.
        ListQueues = "ListQueues",
        /// QueueService.
        ListDeliveries = "ListDeliveries",
        /// QueueService.
        ListHeld = "ListHeld",
        /// QueueService.
        Pull = "Pull",
        /// QueueService.
        StreamPull = "StreamPull",
        /// QueueService.
        ExtendLease = "ExtendLease",
        /// QueueService.
        OpenPart = "OpenPart",
        /// QueueService.
        CompleteDelivery = "CompleteDelivery",
        /// QueueService.
        ReleaseDelivery = "ReleaseDelivery",
        /// QueueService.
        HandOver = "HandOver",
        /// QueueService.
        TakeBack = "TakeBack",
        /// QueueService.
        TransferDelivery = "TransferDelivery",
        /// QueueService.
        AnswerTransfer = "AnswerTransfer",
        /// QueueService.
        AcknowledgeNotice = "AcknowledgeNotice",
        /// QueueService.
        RejectDelivery = "RejectDelivery",
        /// QueueService.
        ListPrompts = "ListPrompts",
        /// QueueService.
        MarkPrompt = "MarkPrompt",
        /// AdminService, on a queue.
        ReplayDeadLetter = "ReplayDeadLetter",
        /// QueueService.
        ResolveHeld = "ResolveHeld",
        /// QueueService.
        RequestClarification = "RequestClarification",
        /// QueueService.
        ConfirmGrading = "ConfirmGrading",
        /// QueueService.
        ReleaseCarerCopy = "ReleaseCarerCopy",
        /// IdentityService.
        WhoAmI = "WhoAmI",
        /// IdentityService.
        RenewCertificate = "RenewCertificate",
        /// AdminService.
        SignCertificate = "SignCertificate",
        /// AdminService.
        ListCertificates = "ListCertificates",
        /// AdminService.
        PreviewRevocation = "PreviewRevocation",
        /// AdminService.
        RevokeCertificate = "RevokeCertificate",
        /// AdminService.
        RevokeHolder = "RevokeHolder",
        /// AdminService.
        GetRevocationList = "GetRevocationList",
        /// AdminService.
        GetTrustBundle = "GetTrustBundle",
        /// AdminService.
        ListProposals = "ListProposals",
        /// AdminService.
        ApproveProposal = "ApproveProposal",
        /// AdminService.
        ListKeys = "ListKeys",
        /// AdminService.
        RotateKey = "RotateKey",
        /// AdminService.
        RotateOuterKey = "RotateOuterKey",
        /// AdminService.
        DestroyKey = "DestroyKey",
        /// AdminService.
        RewrapStatus = "RewrapStatus",
        /// AdminService.
        PauseRewrap = "PauseRewrap",
        /// AdminService.
        ResumeRewrap = "ResumeRewrap",
        /// AdminService.
        GetPolicy = "GetPolicy",
        /// AdminService.
        CheckPolicy = "CheckPolicy",
        /// AdminService.
        ActivatePolicy = "ActivatePolicy",
        /// AdminService.
        EraseReferral = "EraseReferral",
        /// AdminService.
        PlaceLegalHold = "PlaceLegalHold",
        /// AdminService.
        ReleaseLegalHold = "ReleaseLegalHold",
        /// AdminService.
        ListLegalHolds = "ListLegalHolds",
        /// AdminService.
        CertifyCopiesGone = "CertifyCopiesGone",
        /// Withdraw that.
        WithdrawCopiesGone = "WithdrawCopiesGone",
        /// AuditService.
        ListEntries = "ListEntries",
        /// AuditService.
        GetCheckpoint = "GetCheckpoint",
        /// AuditService.
        ProveInclusion = "ProveInclusion",
        /// AuditService.
        ProveConsistency = "ProveConsistency",
        /// AuditService.
        ProveReferral = "ProveReferral",
    }
}

impl Action {
    /// True for the methods that are of one queue.
    pub fn is_of_queues(self) -> bool {
        use Action::*;
        let of_few = matches!(self, ResolveHeld | ConfirmGrading | ReleaseCarerCopy | ReplayDeadLetter | ListHeld);
        of_few || self.is_everyday_work()
    }

    /// The methods of every peer with a good certificate, granted or not.
    pub(super) fn is_everybodys(self) -> bool {
        matches!(self, Self::WhoAmI | Self::RenewCertificate)
    }

    /// The methods of everyone who works on a queue.
    fn is_everyday_work(self) -> bool {
        use Action::*;
        matches!(
            self,
            ListQueues
                | ListDeliveries
                | Pull
                | StreamPull
                | ExtendLease
                | OpenPart
                | CompleteDelivery
                | ReleaseDelivery
                | HandOver
                | TakeBack
                | TransferDelivery
                | AnswerTransfer
                | AcknowledgeNotice
                | RequestClarification
                | RejectDelivery
                | ListPrompts
                | MarkPrompt
        )
    }
}

/// Is the method one that makes a certificate good, or somebody able to do more? Whoever has a copy of the authority's key would
/// otherwise outlive that key's end by it.
pub(super) fn needs_register(role: Role, action: Action) -> bool {
    let administers = matches!(role, Role::CertificateAdmin | Role::KeyCustodian | Role::PolicyAdmin);
    action == Action::RenewCertificate || administers && !(is_public(action) || action.is_everybodys())
}

/// Public: what is revoked, what to trust, and that the ledger was not cut short.
fn is_public(action: Action) -> bool {
    use Action::*;
    matches!(action, GetRevocationList | GetTrustBundle | GetCheckpoint | ProveConsistency)
}

/// Does the role have the method? Everything that is not said here is denied.
pub(super) fn grants(role: Role, action: Action) -> bool {
    use Action::*;
    let follows = matches!(action, GetReferral | ListReferrals | WatchReferrals | ProveReferral | AnswerClarification);
    let submits = matches!(action, SubmitReferral | SubmitReferrals | PreviewReferral | CorrectReferral);
    let submits = follows || submits || action == RecallReferral;
    let works = action.is_everyday_work();
    let approves = matches!(action, ListProposals | ApproveProposal);
    let method = match role {
        Role::CouncilSubmitter | Role::ProviderSubmitter => submits,
        Role::CouncilManager => follows || action == RecallReferral,
        Role::LeadPractitioner => follows || works || matches!(action, ReleaseCarerCopy | ExportSubject),
        Role::MashOfficer | Role::EdtOfficer | Role::MpuOfficer | Role::RefdeskOfficer | Role::ForceOfficer => works,
        Role::PoliceIntelligence => works || action == ConfirmGrading,
        Role::HoldResolver => works || action == ResolveHeld,
        Role::UnitSupervisor => {
            let looks = matches!(action, ListQueues | ListDeliveries | ListHeld | ListPrompts);
            looks || matches!(action, HandOver | TakeBack | ReplayDeadLetter)
        }
        Role::CertificateAdmin => {
            let certificates = [SignCertificate, ListCertificates, PreviewRevocation, RevokeCertificate, RevokeHolder];
            approves || certificates.contains(&action)
        }
        Role::KeyCustodian => {
            let rewraps = matches!(action, RewrapStatus | PauseRewrap | ResumeRewrap);
            let keys = matches!(action, ListKeys | RotateKey | RotateOuterKey | DestroyKey);
            let erases = matches!(action, EraseReferral | PlaceLegalHold | ReleaseLegalHold | ListLegalHolds);
            approves || rewraps || keys || erases || matches!(action, CertifyCopiesGone | WithdrawCopiesGone)
        }
        Role::PolicyAdmin => approves || matches!(action, GetPolicy | CheckPolicy | ActivatePolicy),
        // Entries name policies by their fingerprints: what a decision was made by is part of what is audited.
        Role::Auditor => matches!(action, ListEntries | ProveInclusion | GetPolicy),
        Role::Analyst => false,
    };
    method || is_public(action) || action.is_everybodys()
}

/// Does whoever has this role work on queues?
pub fn works_on_queues(role: Role) -> bool {
    grants(role, Action::Pull)
}

/// Does the role open this unit, by itself or because the queue opens it?
pub(super) fn opens(role: Role, organisation: &Organisation, ask: &OpenRequest<'_>) -> bool {
    let queue_opens = ask.queue_opens.contains(&(ask.unit.part, ask.unit.audience));
    match ask.unit.part {
        // As received: police intelligence, or the lead practitioner of whoever sent it.
        Part::Original => {
            role == Role::PoliceIntelligence || (role == Role::LeadPractitioner && organisation == ask.sender)
        }
        Part::Provenance => role == Role::PoliceIntelligence,
        // The lead practitioner of a council, on the queues that bring the safeguarding part (ALLOC, else MASH).
        Part::Carer => {
            let brings_safeguarding = ask.queue_opens.contains(&(Part::Safeguarding, Audience::Mash));
            role == Role::LeadPractitioner && organisation.scheme() == OrganisationScheme::Gss && brings_safeguarding
        }
        Part::Withheld => role == Role::HoldResolver && queue_opens,
        // The sender reads its own reference with its referral, never through a queue.
        Part::Sender => false,
        Part::EpisodeCard | Part::Item | Part::Safeguarding | Part::Card => queue_opens,
    }
}

/// The source side opens only with a stated reason, and the carer copy by a recorded decision (contract 4).
pub(super) fn needs_reason(part: Part) -> bool {
    matches!(part, Part::Original | Part::Provenance | Part::Carer)
}

/// Reads `B/mpu`, `C`, `A`: a part, and its audience where the part does not tell (an item is always for somebody).
pub fn unit_kind(text: &str) -> Option<(Part, Audience)> {
    let (part, audience) = match text.split_once('/') {
        Some((part, audience)) => (Part::from_code(part)?, Some(Audience::from_code(audience)?)),
        None => (Part::from_code(text)?, None),
    };
    let audience = match (part, audience) {
        (_, Some(stated)) => stated,
        (Part::Item, None) => return None,
        (Part::Safeguarding, None) => Audience::Mash,
        (Part::Carer, None) => Audience::Carer,
        (Part::Original | Part::EpisodeCard | Part::Provenance | Part::Card, None) => Audience::Nobody,
        (Part::Sender | Part::Withheld, None) => Audience::Nobody,
    };
    Some((part, audience))
}
