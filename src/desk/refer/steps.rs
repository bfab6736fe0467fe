//! The steps of the form: the 999 screen, whose child it is, then the phases of PEACE with their prompts.

use super::{
    field::{Field, Kind, Option, Part, asks, line, long, yes_no},
    lists,
};

/// A step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) code: &'static str,
    pub(super) title: &'static str,
    pub(super) help: &'static str,
    pub(super) parts: &'static [Part],
    /// Also for a nil return.
    pub(super) of_nil: bool,
}

/// The last one: what would be decided, and sending it.
pub(super) const CHECK: &str = "check";
/// Whether it is a nil return.
pub(super) const NIL: &str = "answers.nil_intelligence";

/// Whether somebody is in danger now.
pub(super) const DANGER_NOW: &str = "answers.stop_screen.danger_now";
/// Whether 999 was rung.
pub(super) const CALL_999: &str = "answers.stop_screen.emergency_call";
/// That the page has asked so once more; no field of a submission.
pub(super) const ASKED_999: &str = "asked_999";

pub(super) const STEPS: &[Step] = &[
    Step {
        code: "stop",
        title: "Before anything else",
        help: "Nothing is kept until you send it at the end: what you type travels with the page. Do not close it.",
        parts: &[Part::Fields("Danger now", DANGER), Part::Fields("What you have to send", WHAT)],
        of_nil: true,
    },
    Step {
        code: "child",
        title: "The child and the episode",
        help: "Whose child, missing from where, back when. Police and front doors read this on a card; no text of a matter names the child.",
        parts: &[
            Part::Fields("You", YOU),
            Part::Fields("The child", CHILD),
            Part::Fields("Four places, not one", PLACES),
            Part::Fields("The episode", EPISODE),
            Part::List(&lists::OFFERS),
        ],
        of_nil: true,
    },
    Step {
        code: "plan",
        title: "Plan and prepare",
        help: "What was known before, who held the interview, and where.",
        parts: &[Part::Fields("The interview", PLAN)],
        of_nil: false,
    },
    Step {
        code: "engage",
        title: "Engage and explain",
        help: "Was the child told why you talk, and that what they say may go to the police if they or another child might be hurt?",
        parts: &[Part::Fields("", ENGAGE)],
        of_nil: false,
    },
    Step {
        code: "account",
        title: "Account",
        help: "Tell me, explain to me, describe to me: the child's own account, their words in quotation marks. Then list everybody and everything named in it: redaction knows whom you list.",
        parts: &[
            Part::Fields("The account", ACCOUNT),
            Part::List(&lists::QUESTIONS),
            Part::List(&lists::PERSONS),
            Part::List(&lists::PLACES),
            Part::List(&lists::VEHICLES),
            Part::List(&lists::PHONES),
            Part::List(&lists::ACCOUNTS),
            Part::List(&lists::OBJECTS),
        ],
        of_nil: false,
    },
    Step {
        code: "clarify",
        title: "Clarify",
        help: "One matter and one source each. You are not asked for a grade: say how it is known, and police grade it. Two sources for one matter are two matters here.",
        parts: &[Part::List(&lists::ITEMS), Part::Fields("Between the accounts", CLARIFY)],
        of_nil: false,
    },
    Step {
        code: "evaluate",
        title: "Evaluate",
        help: "Facts apart from what you make of them. These answers decide who gets what: what you leave open is never read as a no.",
        parts: &[Part::Fields("Harm", HARM), Part::Fields("Facts and assessment", EVALUATE)],
        of_nil: false,
    },
];

const DANGER: &[Field] = &[
    yes_no(DANGER_NOW, "Is a child, or anybody else, in danger of life or serious harm now?")
        .help("If so, ring 999 first. This form is no emergency channel."),
    asks("answers.stop_screen.reasons", "Why", Kind::Any(REASONS)),
    asks(CALL_999, "Has 999 been rung?", Kind::One(CALLED)),
    line("answers.stop_screen.reference", "Police reference of the call (CAD)"),
    asks("answers.stop_screen.at", "When it was rung", Kind::Time),
];

const REASONS: &[Option] = &[
    ("DANGER_REASON_LIFE_OR_SERIOUS_HARM_NOW", "Life or serious harm now"),
    ("DANGER_REASON_THREAT_TONIGHT", "A threat for tonight"),
    ("DANGER_REASON_WEAPON_ABOUT_TO_BE_USED", "A weapon about to be used"),
];

const CALLED: &[Option] = &[
    ("EMERGENCY_CALL_MADE", "Yes"),
    ("EMERGENCY_CALL_CANNOT", "It cannot be rung"),
    ("EMERGENCY_CALL_NOT_NEEDED", "Not needed"),
];

const WHAT: &[Field] = &[asks(NIL, "Is there anything for police or safeguarding?", Kind::One(NOTHING)).needed().help(
    "A nil return takes two minutes and still counts. A declined interview is no nil return if a carer told you something.",
)];

const NOTHING: &[Option] = &[
    ("YES_NO_NO", "Yes, there is something to send"),
    ("YES_NO_YES", "No: a nil return, for the count and the closure only"),
];

const YOU: &[Field] = &[
    asks("envelope.on_behalf_of", "Authority whose child it is", Kind::Authority).needed(),
    line("envelope.sender_reference", "Your own reference").help("For your list. Never a name."),
    line("envelope.reporter.name", "Your name")
        .needed()
        .help("Sealed. The receipt and the ledger hold a reference in its place."),
    line("envelope.reporter.role", "Your job").needed(),
    line("envelope.actor.id", "Your staff number").needed(),
    line("envelope.reporter.call_back", "A number where you, or your duty desk, can be rung back").needed(),
    asks("envelope.lawful_basis", "Lawful basis for sharing", Kind::One(BASIS))
        .needed()
        .help("Consent is not one, and is not needed."),
];

const BASIS: &[Option] = &[
    ("LAWFUL_BASIS_SAFEGUARDING_PUBLIC_TASK", "Public task in safeguarding"),
    ("LAWFUL_BASIS_CA2004_16LA", "Duty to disclose, Children Act 2004 section 16LA"),
    ("LAWFUL_BASIS_VITAL_INTERESTS", "Vital interests"),
    ("LAWFUL_BASIS_LEGAL_OBLIGATION", "Another legal obligation"),
];

const CHILD: &[Field] = &[
    line("child.name", "Full name").needed(),
    asks("child.aliases", "Other names and nicknames, one a line", Kind::Lines),
    asks("child.date_of_birth", "Date of birth", Kind::Day).help("Or the age below, where it is not known."),
    asks("child.age", "Age in years", Kind::Number),
    asks("child.sex", "Recorded sex", Kind::One(SEX)),
    line("child.home_address", "Home address").help("Hidden from police text wherever it occurs."),
    line("child.home_postcode", "Home postcode"),
    line("child.placement", "Name of the placement, where there is one"),
    line("child.school", "School or college"),
    line("child.source_reference", "Your random reference for this child")
        .help("The same each time, never a name or a case number."),
    line("child.communication_need", "Communication need, interpreter, SEND"),
    line("child.ethnicity", "Ethnicity, as the child says it").rare(),
    line("child.nhs_number", "NHS number").rare(),
];

pub(super) const SEX: &[Option] = &[("SEX_F", "Female"), ("SEX_M", "Male"), ("SEX_X", "Another")];

const PLACES: &[Field] = &[
    asks("missing_from", "Missing from which council's or force's area?", Kind::Area)
        .needed()
        .help("Decides the police unit. A name, a code, or: not known."),
    asks("lives_now", "Living where now? A placement counts", Kind::Area).needed().help("Decides the front door."),
    asks("responsible_authority", "Which authority is responsible?", Kind::Area).needed(),
    asks("answers.case", "Is a case open there?", Kind::One(CASE)),
    yes_no("answers.looked_after", "Is the child looked after?"),
];

const CASE: &[Option] = &[
    ("CASE_STATUS_OPEN", "Open"),
    ("CASE_STATUS_CLOSED", "Closed, or never open"),
    ("CASE_STATUS_UNKNOWN", "Not known"),
];

const EPISODE: &[Field] = &[
    asks("episode.kind", "Kind of episode", Kind::One(EPISODES)).needed(),
    line("episode.police_reference", "Police reference of the missing report"),
    line("episode.police_system", "Police system of that reference").rare(),
    asks("episode.reported", "Reported missing", Kind::Time),
    asks("episode.started", "Went missing", Kind::Time),
    asks("episode.returned", "Came back", Kind::Time).help("Both 72-hour clocks run from here."),
    asks("episode.risk", "Risk level, as the force gave it", Kind::One(RISK)).help("It never lowers anything."),
    line("episode.found_by", "Who found the child, or how they came back"),
    asks("episode.found_at", "Found in which council's or force's area", Kind::Area).rare(),
    line("episode.found_place", "Found where").rare(),
    line("episode.presentation", "How they presented: hungry, injured, new clothes"),
    asks("episode.episodes_30d", "Episodes in the last 30 days, with this one", Kind::Number),
    asks("episode.episodes_12m", "Episodes in the last 12 months, with this one", Kind::Number).rare(),
    asks("episode.outcome", "What came of the interview?", Kind::One(OUTCOME)).needed(),
    line("episode.outcome_reason", "Why, where it was not offered for another reason"),
    asks("interview.held_at", "When the interview was held", Kind::Time).help("Leave it empty where none was held."),
];

const EPISODES: &[Option] =
    &[("EPISODE_KIND_MISSING", "Missing"), ("EPISODE_KIND_AWAY", "Away from placement without authorisation")];

const RISK: &[Option] = &[
    ("RISK_LEVEL_VERY_LOW", "Very low"),
    ("RISK_LEVEL_LOW", "Low"),
    ("RISK_LEVEL_MEDIUM", "Medium"),
    ("RISK_LEVEL_HIGH", "High"),
];

const OUTCOME: &[Option] = &[
    ("INTERVIEW_OUTCOME_COMPLETED", "Offered and accepted; held"),
    ("INTERVIEW_OUTCOME_ACCEPTED_NOT_HELD", "Accepted, but not present or refused on arrival"),
    ("INTERVIEW_OUTCOME_DECLINED_CHILD", "Declined by the child"),
    ("INTERVIEW_OUTCOME_DECLINED_PARENT", "Declined by the parent"),
    ("INTERVIEW_OUTCOME_PARTIAL", "Ended early, or a carer alone told something"),
    ("INTERVIEW_OUTCOME_NOT_OFFERED_MISSING_AGAIN", "Not offered: missing again"),
    ("INTERVIEW_OUTCOME_NOT_OFFERED_NO_CONTACT", "Not offered: no contact possible"),
    ("INTERVIEW_OUTCOME_NOT_OFFERED_OTHER", "Not offered for another reason"),
];

const PLAN: &[Field] = &[
    asks("interview.history_read", "What was read before", Kind::Any(HISTORY)),
    asks("interview.mode", "How it was held", Kind::One(MODE)),
    line("interview.mode_reason", "Why not face to face"),
    yes_no("interview.place_neutral", "In a neutral place?"),
    yes_no("interview.work_device", "On a work device?"),
    line("interview.interviewer.name", "Who interviewed"),
    line("interview.interviewer.role", "Their job"),
    line("interview.interviewer.organisation", "Their organisation"),
    yes_no("interview.interviewer.independent_of_placement", "Independent of the placement?"),
    yes_no("interview.interviewer.independent_of_responsible", "Independent of the responsible authority?"),
    line("interview.interviewer.exception_reason", "If not: why, for example the child prefers a person they know"),
    yes_no("interview.interviewer.trained", "Trained for these interviews?"),
];

const HISTORY: &[Option] = &[
    ("HISTORY_READ_CASE_HISTORY", "Case history"),
    ("HISTORY_READ_MISSING_FOUND_NOTICE", "Missing and found notices"),
    ("HISTORY_READ_DAILY_BRIEFING", "Daily briefing"),
    ("HISTORY_READ_EARLIER_INTERVIEWS", "Earlier Return Home Interviews"),
    ("HISTORY_READ_PREVENTION_INTERVIEW_NOTE", "Note of the Police Prevention Interview"),
    ("HISTORY_READ_PHILOMENA_FORM", "Philomena form"),
    ("HISTORY_READ_TRIGGER_PLAN", "Trigger plan"),
];

const MODE: &[Option] = &[
    ("MODE_FACE_TO_FACE", "Face to face"),
    ("MODE_PHONE", "Telephone"),
    ("MODE_VIDEO", "Video call"),
    ("MODE_MESSAGE", "Messages"),
];

const ENGAGE: &[Field] = &[
    yes_no("interview.engage.purpose_explained", "The purpose was explained to the child?"),
    yes_no("interview.engage.sharing_explained", "The child was told that it may go to the police?"),
    long("interview.engage.child_view_on_sharing", "What the child thinks of that, in their words", 2)
        .help("Recorded, and no gate."),
    asks("interview.engage.carer_agreement", "The carer's agreement that the child be met", Kind::One(AGREEMENT)),
    asks("interview.engage.present", "Who else was present, one a line", Kind::Lines),
    yes_no("interview.engage.safe_to_talk", "Was it safe to talk?"),
    yes_no("interview.engage.carer_in_room", "Was a parent or carer in the room?"),
    asks("interview.engage.engagement", "How the child took part", Kind::One(ENGAGEMENT)),
];

const AGREEMENT: &[Option] = &[
    ("CARER_AGREEMENT_AGREED", "Agreed"),
    ("CARER_AGREEMENT_REFUSED", "Refused"),
    ("CARER_AGREEMENT_NOT_SOUGHT", "Not sought"),
    ("CARER_AGREEMENT_NOT_NEEDED", "Not needed at this age"),
];

const ENGAGEMENT: &[Option] = &[
    ("ENGAGEMENT_WILLING", "Willingly"),
    ("ENGAGEMENT_PARTIAL", "In part"),
    ("ENGAGEMENT_REFUSED", "Refused"),
    ("ENGAGEMENT_ENDED_EARLY", "Ended it early"),
];

const ACCOUNT: &[Field] = &[
    long("interview.account.first_account", "The child's account", 12)
        .help("First the whole, without interrupting; then detail by detail. Front doors read it redacted; police intelligence never does.")
        .probes(),
    long("interview.account.reasons", "Why the child went: push and pull", 3),
];

const CLARIFY: &[Field] = &[
    long("interview.contradictions", "Contradictions within the account, or with others", 3),
    long("interview.denied", "What the child denied, kept as a denial", 3),
];

const HARM: &[Field] = &[
    yes_no(
        "answers.significant_harm_suspected",
        "Reasonable cause to suspect that the child suffers, or is likely to suffer, significant harm?",
    ),
    asks("answers.codes", "Harm and exploitation of this child", Kind::Any(lists::CODES))
        .help("Those of the matters are added by themselves."),
    yes_no("answers.county_lines", "County lines?"),
    asks("answers.fgm", "Female genital mutilation", Kind::One(FGM)),
    asks("answers.fgm_disclosed_at", "If it is known: when it was disclosed or seen", Kind::Time).rare(),
    yes_no("answers.harm_source_at_home", "Does the harm come from a parent, a carer, or somebody who lives at home?")
        .help("Then nothing goes home."),
    yes_no("answers.suicidal_intent", "Does the child say that they want to die, or have a plan?"),
    yes_no("answers.wanted", "Wanted by police?"),
    yes_no("answers.missing_again_now", "Missing again now?"),
    asks("answers.tell_carer", "What you propose that the carer may be told", Kind::One(TELL))
        .help("Never in full. The lead practitioner decides later."),
];

const FGM: &[Option] = &[
    ("FGM_NONE", "None"),
    ("FGM_SUSPECTED", "Suspected, or at risk"),
    ("FGM_KNOWN", "Known: the girl says so herself, or a professional sees it"),
    ("FGM_REPORTED_BY_THIRD_PARTY", "Somebody else told of it"),
];

const TELL: &[Option] = &[("TELL_CARER_NOTHING", "Nothing"), ("TELL_CARER_REDACTED_COPY", "The redacted carer copy")];

const EVALUATE: &[Field] = &[
    long("interview.evaluate.facts", "Facts", 3),
    long("interview.evaluate.assessment", "Your assessment, kept apart from them", 3),
    long("interview.evaluate.needs", "The child's needs", 2),
    long("interview.evaluate.wishes", "What the child wants", 2),
    long("interview.evaluate.plan", "What happens next, and who does it", 3).help("Never a task for the child."),
    yes_no("interview.evaluate.significant_disclosure", "Was it a significant disclosure?"),
    long("interview.evaluate.immediate_safety_action", "Immediate safety action taken", 2),
    line("interview.evaluate.line_manager.name", "Line manager consulted"),
    asks("interview.evaluate.line_manager.at", "When", Kind::Time),
    long("interview.evaluate.line_manager.advice", "Their advice, with its timescale", 2),
    yes_no("interview.evaluate.detriment", "Would sharing harm the child more than not sharing?"),
    long("interview.evaluate.detriment_reason", "Why", 2),
    long("interview.evaluate.carer_plan", "What the carer may be told of the plan, in words meant for them", 2),
];
