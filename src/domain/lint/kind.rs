//! What advice there is: closed kinds, and the questions that an item answers.

use crate::domain::code::vocabulary;

vocabulary! {
    /// What a finding is about. The reference data gives each its rule of domain 2.3 and its words.
    Kind {
        /// The child's name in any form.
        ChildNamed = "child_named",
        /// The child's date of birth, address, school, placement, number, handle or reference.
        ChildDetail = "child_detail",
        /// Name of a source who is not the child.
        SourceNamed = "source_named",
        /// Address, number or another detail of such a source.
        SourceDetail = "source_detail",
        /// Name of family who are not of concern.
        FamilyNamed = "family_named",
        /// Address or another detail of theirs.
        FamilyDetail = "family_detail",
        /// Another child, or a detail of theirs.
        OtherChild = "other_child",
        /// Whoever bears an item out, or a detail of theirs.
        SecondSource = "second_source",
        /// The submitting council, team, home or worker.
        SubmitterNamed = "submitter_named",
        /// Something else that police would read a label for.
        HiddenValue = "hidden_value",
        /// Words that tell that somebody spoke to us, and who.
        SourceWords = "source_words",
        /// The date of the interview.
        InterviewDate = "interview_date",
        /// A date of the missing episode.
        EpisodeDate = "episode_date",
        /// How the interview was held.
        InterviewMode = "interview_mode",
        /// Where interviews are held.
        InterviewPlace = "interview_place",
        /// A word for a relationship.
        Relationship = "relationship",
        /// Who else knows.
        WhoElseKnows = "who_else_knows",
        /// An exact amount that only those who were there know.
        ExactAmount = "exact_amount",
        /// An exact time that only those who were there know.
        ExactTime = "exact_time",
        /// Health, sexuality, immigration.
        NotNeeded = "not_needed",
        /// Tactics and capability.
        Tactics = "tactics",
        /// A check of a police system.
        PoliceCheck = "police_check",
        /// Name of an operation.
        OperationName = "operation_name",
        /// More than one source in an item.
        SeveralSources = "several_sources",
        /// More than one matter in an item.
        SeveralMatters = "several_matters",
        /// Nobody whom the item is about.
        LacksSubject = "lacks_subject",
        /// Nothing that happened.
        LacksAct = "lacks_act",
        /// Nowhere.
        LacksPlace = "lacks_place",
        /// No time and no period.
        LacksTime = "lacks_time",
        /// How it is known, told in the text.
        ProvenanceInProse = "provenance_in_prose",
        /// The same, where the subject child is only a pronoun.
        ChildSays = "child_says",
        /// An opinion among facts.
        Opinion = "opinion",
        /// A denial that is not marked as one.
        DenialUnmarked = "denial_unmarked",
        /// Language that blames or labels a child.
        HarmfulLanguage = "harmful_language",
        /// A question that would have the child, or the worker through the child, find something out.
        TasksChild = "tasks_child",
    }
}

impl Kind {
    /// True where the finding follows from the words of a finished police view, or from what stands beside it, alone: such
    /// advice tells its reader nothing that the view does not, and goes with the delivery. The others need what the source
    /// side knows, and are for the author.
    pub const fn tells_nothing_new(self) -> bool {
        matches!(
            self,
            Self::SubmitterNamed
                | Self::SourceWords
                | Self::InterviewMode
                | Self::Relationship
                | Self::WhoElseKnows
                | Self::ExactAmount
                | Self::ExactTime
                | Self::NotNeeded
                | Self::Tactics
                | Self::PoliceCheck
                | Self::OperationName
                | Self::LacksSubject
                | Self::LacksAct
                | Self::LacksPlace
                | Self::LacksTime
                | Self::ProvenanceInProse
                | Self::Opinion
        )
    }

    /// True where words decide, so that the reference data lists them.
    pub const fn has_terms(self) -> bool {
        matches!(
            self,
            Self::SubmitterNamed
                | Self::SourceWords
                | Self::InterviewMode
                | Self::InterviewPlace
                | Self::Relationship
                | Self::WhoElseKnows
                | Self::ExactAmount
                | Self::ExactTime
                | Self::NotNeeded
                | Self::Tactics
                | Self::PoliceCheck
                | Self::OperationName
                | Self::SeveralSources
                | Self::SeveralMatters
                | Self::ProvenanceInProse
                | Self::ChildSays
                | Self::Opinion
                | Self::DenialUnmarked
                | Self::HarmfulLanguage
                | Self::TasksChild
        )
    }
}

vocabulary! {
    /// What an item should answer (rule 5 of domain 2.3).
    Question {
        /// Who.
        Who = "who",
        /// What.
        What = "what",
        /// Why.
        Why = "why",
        /// Where.
        Where = "where",
        /// When.
        When = "when",
        /// How.
        How = "how",
    }
}
