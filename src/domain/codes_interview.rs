//! Closed vocabularies of the missing episode and of the interview (domain 3 to 4.2); reached through [`super::code`].

use super::code::vocabulary;

vocabulary! {
    /// Kind of episode (SSDA903).
    EpisodeKind {
        /// Missing.
        Missing = "MISSING",
        /// Away from placement without authorisation.
        Away = "AWAY",
    }
}

vocabulary! {
    /// The force's word about the missing episode (domain 5.1): stored as received, never computed.
    RiskLevel {
        /// Very low, formerly no apparent risk or absent.
        VeryLow = "VERY_LOW",
        /// Low.
        Low = "LOW",
        /// Medium.
        Medium = "MEDIUM",
        /// High.
        High = "HIGH",
    }
}

vocabulary! {
    /// Outcome of the interview (domain 4.2).
    InterviewOutcome {
        /// Offered and accepted, held.
        Completed = "COMPLETED",
        /// Accepted but not held.
        AcceptedNotHeld = "ACCEPTED_NOT_HELD",
        /// Declined by the child.
        DeclinedChild = "DECLINED_CHILD",
        /// Declined by the parent.
        DeclinedParent = "DECLINED_PARENT",
        /// Ended early, or carer-only where the child did not decline.
        Partial = "PARTIAL",
        /// Not offered: missing again.
        NotOfferedMissingAgain = "NOT_OFFERED_MISSING_AGAIN",
        /// Not offered: unable to make contact.
        NotOfferedNoContact = "NOT_OFFERED_NO_CONTACT",
        /// Not offered: other, with a reason.
        NotOfferedOther = "NOT_OFFERED_OTHER",
    }
}

vocabulary! {
    /// How the interview was held.
    Mode {
        /// Face to face.
        FaceToFace = "FACE_TO_FACE",
        /// By telephone.
        Phone = "PHONE",
        /// By video.
        Video = "VIDEO",
        /// By message.
        Message = "MESSAGE",
    }
}

vocabulary! {
    /// Whether a case is open with the responsible authority.
    CaseStatus {
        /// Open.
        Open = "OPEN",
        /// Closed.
        Closed = "CLOSED",
        /// Unknown, read as closed (D02).
        Unknown = "UNKNOWN",
    }
}

vocabulary! {
    /// What the sender proposes to tell the carer.
    TellCarer {
        /// Nothing.
        Nothing = "NOTHING",
        /// The redacted carer copy, released only by the lead practitioner.
        RedactedCopy = "REDACTED_COPY",
    }
}

vocabulary! {
    /// Answer to "have you rung 999?" on the stop screen (D14).
    EmergencyCall {
        /// Made, with reference and time.
        Made = "MADE",
        /// Cannot be made.
        Cannot = "CANNOT",
        /// Not needed.
        NotNeeded = "NOT_NEEDED",
    }
}

vocabulary! {
    /// Why the stop screen came up.
    DangerReason {
        /// Life or serious harm now.
        LifeOrSeriousHarmNow = "LIFE_OR_SERIOUS_HARM_NOW",
        /// A threat for tonight.
        ThreatTonight = "THREAT_TONIGHT",
        /// A weapon about to be used.
        WeaponAboutToBeUsed = "WEAPON_ABOUT_TO_BE_USED",
    }
}

vocabulary! {
    /// How willingly the child engaged.
    Engagement {
        /// Willing.
        Willing = "WILLING",
        /// Partial.
        Partial = "PARTIAL",
        /// Refused.
        Refused = "REFUSED",
        /// Ended early.
        EndedEarly = "ENDED_EARLY",
    }
}

vocabulary! {
    /// Type of a question asked (PEACE).
    QuestionType {
        /// Open.
        Open = "OPEN",
        /// Closed.
        Closed = "CLOSED",
        /// Leading.
        Leading = "LEADING",
        /// Multiple.
        Multiple = "MULTIPLE",
        /// Forced choice.
        ForcedChoice = "FORCED_CHOICE",
    }
}

vocabulary! {
    /// A carer's agreement for the child to be met: not the lawful basis for sharing.
    CarerAgreement {
        /// Agreed.
        Agreed = "AGREED",
        /// Refused.
        Refused = "REFUSED",
        /// Not sought, with reason in the account.
        NotSought = "NOT_SOUGHT",
        /// Not needed at the child's age.
        NotNeeded = "NOT_NEEDED",
    }
}

vocabulary! {
    /// How an offer was made.
    OfferMethod {
        /// Letter.
        Letter = "LETTER",
        /// Telephone.
        Phone = "PHONE",
        /// Text message.
        Text = "TEXT",
        /// App.
        App = "APP",
        /// Visit.
        Visit = "VISIT",
    }
}

vocabulary! {
    /// What came of an offer.
    OfferResult {
        /// Accepted.
        Accepted = "ACCEPTED",
        /// Declined.
        Declined = "DECLINED",
        /// No answer.
        NoAnswer = "NO_ANSWER",
        /// Postponed.
        Postponed = "POSTPONED",
    }
}

vocabulary! {
    /// What was read before the interview.
    HistoryRead {
        /// Case history.
        CaseHistory = "CASE_HISTORY",
        /// Missing and found notice.
        MissingFoundNotice = "MISSING_FOUND_NOTICE",
        /// Daily briefing.
        DailyBriefing = "DAILY_BRIEFING",
        /// Earlier interviews.
        EarlierInterviews = "EARLIER_INTERVIEWS",
        /// Police Prevention Interview note.
        PreventionInterviewNote = "PREVENTION_INTERVIEW_NOTE",
        /// Philomena form.
        PhilomenaForm = "PHILOMENA_FORM",
        /// Trigger plan.
        TriggerPlan = "TRIGGER_PLAN",
    }
}
