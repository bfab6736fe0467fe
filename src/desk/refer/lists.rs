//! What there may be several of: offers, people, places, things, and the matters themselves.

use super::{
    field::{Field, Kind, List, Option, asks, line, long, yes_no},
    steps::SEX,
};

pub(super) const OFFERS: List = List {
    path: "episode.offers",
    one: "Offer of an interview",
    id: "",
    help: "Each offer, in time order. A child may always decline.",
    fields: &[
        asks("at", "When", Kind::Time).needed(),
        asks("method", "How", Kind::One(METHOD)).needed(),
        line("to", "To whom"),
        asks("result", "What came of it", Kind::One(RESULT)).needed(),
    ],
    most: 20,
};

const METHOD: &[Option] = &[
    ("OFFER_METHOD_PHONE", "Telephone"),
    ("OFFER_METHOD_VISIT", "Visit"),
    ("OFFER_METHOD_TEXT", "Text message"),
    ("OFFER_METHOD_APP", "App"),
    ("OFFER_METHOD_LETTER", "Letter"),
];

const RESULT: &[Option] = &[
    ("OFFER_RESULT_ACCEPTED", "Accepted"),
    ("OFFER_RESULT_DECLINED", "Declined"),
    ("OFFER_RESULT_NO_ANSWER", "No answer"),
    ("OFFER_RESULT_POSTPONED", "Put off"),
];

pub(super) const PERSONS: List = List {
    path: "persons",
    one: "Person",
    id: "p",
    help: "Everybody named, the child apart. A nickname is enough; \"unknown man\" where there is none.",
    fields: &[
        line("name", "Name").needed(),
        asks("aliases", "Other names, one a line", Kind::Lines),
        asks("role", "Who they are", Kind::One(ROLE)).needed(),
        asks("category", "In this matter", Kind::One(CATEGORY))
            .needed()
            .help("A suspect keeps their name in police text; everybody else's is replaced."),
        line("relationship", "Relationship to the child"),
        asks("date_of_birth", "Date of birth", Kind::Day).rare(),
        line("nhs_number", "NHS number").rare(),
        line("organisation", "Employer, home or agency").rare(),
        line("description.age_range", "Age, about"),
        asks("description.sex", "Sex", Kind::One(SEX)),
        line("description.appearance", "Looks: build, height, hair, marks, accent, clothing").probes(),
        line("address", "Address"),
        line("postcode", "Postcode").rare(),
        line("school", "School"),
        asks("lives", "Lives in which council's area", Kind::Area),
        yes_no("significant_harm", "Another child: is significant harm to them suspected?"),
        yes_no("at_risk", "Another child: are they at risk?").rare(),
        yes_no("identifiable", "Another child: could police or a front door find out who they are?").rare(),
        asks("looked_after_by", "Another child: which authority looks after them, if one does", Kind::Area).rare(),
        yes_no("missing_with_subject", "Were they missing together with this child?"),
        yes_no("allegation", "Is something alleged against them as carer, staff, police or professional?"),
        line("works_in_queue", "If so, the unit they work in, for example MPU.SE")
            .help("So that their own unit does not get it."),
        line("identity", "And their identity on Homeward, if they have one")
            .help("So that they themselves do not read it. Your administrator knows it."),
    ],
    most: 100,
};

const ROLE: &[Option] = &[
    ("PERSON_ROLE_SUSPECT", "Person of concern"),
    ("PERSON_ROLE_FRIEND", "Friend"),
    ("PERSON_ROLE_OTHER_CHILD", "Another child"),
    ("PERSON_ROLE_SIBLING", "Brother or sister"),
    ("PERSON_ROLE_PARENT", "Parent or step-parent"),
    ("PERSON_ROLE_CARER", "Carer"),
    ("PERSON_ROLE_HOUSEHOLD_MEMBER", "Somebody else in the household"),
    ("PERSON_ROLE_OTHER_ADULT", "Another adult"),
    ("PERSON_ROLE_ADULT_AT_RISK", "Adult at risk"),
    ("PERSON_ROLE_PRACTITIONER", "Practitioner who interviewed, or a colleague"),
    ("PERSON_ROLE_PROFESSIONAL", "Another professional"),
    ("PERSON_ROLE_POLICE", "Police officer or staff"),
];

const CATEGORY: &[Option] = &[
    ("DATA_SUBJECT_CATEGORY_SUSPECT", "Suspected of an offence"),
    ("DATA_SUBJECT_CATEGORY_CONVICTED", "Convicted of an offence"),
    ("DATA_SUBJECT_CATEGORY_VICTIM", "Victim, or suspected to be one"),
    ("DATA_SUBJECT_CATEGORY_WITNESS", "Witness, or has information"),
    ("DATA_SUBJECT_CATEGORY_OTHER", "Anybody else"),
];

pub(super) const PLACES: List = List {
    path: "places",
    one: "Place",
    id: "l",
    help: "Where it happened, and where people are met.",
    fields: &[
        line("name", "Name or what it is").needed(),
        asks("kind", "Kind", Kind::One(PLACE)).needed(),
        line("address", "Address, or the street alone"),
        line("postcode", "Postcode"),
        asks("area", "In which council's or force's area", Kind::Area)
            .help("Decides which other police unit reads what happened there."),
        asks("owner", "Whose home or place", Kind::OneOf("persons")),
    ],
    most: 50,
};

const PLACE: &[Option] = &[
    ("PLACE_KIND_ADDRESS", "A dwelling"),
    ("PLACE_KIND_OPEN_PLACE", "A street, estate, park"),
    ("PLACE_KIND_VENUE", "A business, shop or venue"),
    ("PLACE_KIND_STATION", "A station or stop"),
    ("PLACE_KIND_SCHOOL", "A school or college"),
    ("PLACE_KIND_PLACEMENT", "A children's home or foster placement"),
    ("PLACE_KIND_ROUTE", "A route or journey"),
    ("PLACE_KIND_OTHER", "Anything else"),
];

const OWNER: Field = asks("owner", "Whose", Kind::OneOf("persons"));

pub(super) const VEHICLES: List = List {
    path: "vehicles",
    one: "Vehicle",
    id: "v",
    help: "A question mark for each character that is not known: ????VWT.",
    fields: &[line("vrm", "Registration"), line("description", "Colour, make, model, and how sure"), OWNER],
    most: 50,
};

pub(super) const PHONES: List = List {
    path: "phones",
    one: "Telephone",
    id: "t",
    help: "",
    fields: &[line("number", "Number").needed(), OWNER],
    most: 50,
};

pub(super) const ACCOUNTS: List = List {
    path: "accounts",
    one: "Online account",
    id: "h",
    help: "",
    fields: &[
        line("platform", "Platform; email for an address").needed(),
        line("handle", "Handle or address").needed(),
        line("display_name", "Name that is shown"),
        line("url", "Web address of the profile"),
        OWNER,
    ],
    most: 50,
};

pub(super) const OBJECTS: List = List {
    path: "objects",
    one: "Money, drug, weapon or other object",
    id: "o",
    help: "No pictures or files, ever: do not view, copy or forward an indecent image.",
    fields: &[
        line("kind", "What it is").needed(),
        line("description", "Description; seen or told"),
        line("amount", "Amount"),
        OWNER,
    ],
    most: 20,
};

pub(super) const ITEMS: List = List {
    path: "items",
    one: "Matter",
    id: "",
    help: "",
    fields: &[
        asks("kind", "What it is", Kind::One(ITEM)).needed(),
        long("text", "What happened", 6).needed().help("In full sentences that stand alone: who, what, where, when, how. It must read well to somebody who has nothing else.").probes(),
        long("exactly", "The exact words", 2),
        long("sanitised_text", "Your own wording for police, if you wish", 3).help("Without anything that points to the source. Else police read the text above, redacted."),
        asks("codes", "Evidence for", Kind::Any(CODES)),
        asks("about", "About whom, where not the child", Kind::OneOf("persons")),
        asks("who", "Who appears in it", Kind::AnyOf(&["persons"])),
        asks("at", "Where it happened", Kind::AnyOf(&["places"])),
        asks("things", "What appears in it", Kind::AnyOf(&["vehicles", "phones", "accounts", "objects"])),
        line("when", "When, as said").probes(),
        asks("frequency", "How often", Kind::One(FREQUENCY)),
        asks("still_happening", "Does it go on?", Kind::One(GOES_ON)),
        yes_no("danger_now", "Danger to life or of serious harm now?").help("Ring 999 first."),
        yes_no("sexual_offence", "Is a sexual offence disclosed, or was one witnessed?"),
        yes_no("images", "Are indecent images held, shared or threatened?").help("Never send them."),
        asks("online", "Did it happen online, also or only?", Kind::Flag).rare(),
        yes_no("adult_at_risk", "Is an adult at risk concerned?").rare(),
        yes_no("allegation", "Is it an allegation against a carer, staff, police or a professional?").rare(),
        yes_no("rail", "On the railway or Underground?"),
        yes_no("journey_only", "Did the child only travel through?"),
        asks("provenance.source_role", "Who told you, or saw it", Kind::One(SOURCE)).needed(),
        asks("provenance.source", "Which person, where not the child and not you", Kind::OneOf("persons")),
        asks("provenance.how_known", "How do they know?", Kind::One(HOW)).needed().help("\"The child told me\" is no answer: how does the child know?"),
        line("provenance.told_by", "Who told them"),
        asks("provenance.learned", "When they learned it", Kind::Time).rare(),
        line("provenance.relationship", "Relationship of the source to those concerned").rare(),
        asks("provenance.corroboration[0].by", "Who supports it", Kind::OneOf("persons")).rare(),
        yes_no("provenance.corroboration[0].in_this_record", "Is their account in this referral?").rare(),
        yes_no("provenance.corroboration[0].different_person", "Are they somebody else than the source?").rare(),
        yes_no("provenance.corroboration[0].own_knowledge", "Do they know it themselves?").rare(),
        yes_no("provenance.retracted", "Did the source take it back?").rare().help("That lowers nothing: a child who takes it back proves nothing."),
        yes_no("provenance.contradicted", "Does another account contradict it?").rare(),
        line("provenance.opinion", "How reliable you think the source is, and why").rare(),
        long("provenance.who_else_knows", "Who else knows", 2).help("Tells police whom a use of it would expose."),
        yes_no("provenance.source_at_risk", "Are they at risk if it is used?"),
        yes_no("provenance.source_identifiable", "Could they be made out as the source?"),
        yes_no("provenance.practitioner_doubts", "Do you doubt it?").help("That a child takes it back is no proof of falsity."),
        line("provenance.doubt_reason", "If so, why"),
    ],
    most: 50,
};

pub(super) const QUESTIONS: List = List {
    path: "interview.account.questions",
    one: "Question asked",
    id: "",
    help: "The questions that led to what matters, in their words.",
    fields: &[line("text", "Its words").needed(), asks("kind", "What kind of question", Kind::One(QUESTION)).needed()],
    most: 20,
};

const QUESTION: &[Option] = &[
    ("QUESTION_TYPE_OPEN", "Open: tell, explain, describe"),
    ("QUESTION_TYPE_CLOSED", "Closed"),
    ("QUESTION_TYPE_LEADING", "Leading"),
    ("QUESTION_TYPE_MULTIPLE", "Several at once"),
    ("QUESTION_TYPE_FORCED_CHOICE", "A choice between answers"),
];

const ITEM: &[Option] = &[
    ("ITEM_KIND_INTELLIGENCE", "Intelligence: persons, places, vehicles, phones, handles"),
    ("ITEM_KIND_SAFEGUARDING", "A safeguarding matter that is no intelligence"),
];

pub(super) const CODES: &[Option] = &[
    ("HARM_CODE_CSE", "Sexual exploitation"),
    ("HARM_CODE_OCSE", "Sexual exploitation online"),
    ("HARM_CODE_CSA", "Sexual abuse"),
    ("HARM_CODE_CCE", "Criminal exploitation"),
    ("HARM_CODE_GANG", "Gang association"),
    ("HARM_CODE_DEBT", "Debt bondage"),
    ("HARM_CODE_MSHT", "Trafficking or modern slavery"),
    ("HARM_CODE_SYV", "Serious youth violence, weapons"),
    ("HARM_CODE_RAD", "Radicalisation"),
    ("HARM_CODE_HBA", "Honour-based abuse"),
    ("HARM_CODE_FM", "Forced marriage"),
    ("HARM_CODE_FGM", "Female genital mutilation"),
    ("HARM_CODE_CALFB", "Abuse linked to faith or belief"),
    ("HARM_CODE_PHYS", "Physical abuse"),
    ("HARM_CODE_EMO", "Emotional abuse"),
    ("HARM_CODE_NEG", "Neglect"),
    ("HARM_CODE_SELF", "Self-harm or suicide"),
    ("HARM_CODE_HIDDEN", "Another child or adult at risk"),
    ("HARM_CODE_NONE", "None of these"),
];

const FREQUENCY: &[Option] =
    &[("FREQUENCY_ONCE", "Once"), ("FREQUENCY_REPEATED", "More than once"), ("FREQUENCY_PLANNED", "Still to come")];

const GOES_ON: &[Option] =
    &[("YES_NO_UNKNOWN_YES", "Yes"), ("YES_NO_UNKNOWN_NO", "No"), ("YES_NO_UNKNOWN_UNKNOWN", "Not known")];

const SOURCE: &[Option] = &[
    ("SOURCE_ROLE_CHILD", "The child"),
    ("SOURCE_ROLE_CARER", "A carer"),
    ("SOURCE_ROLE_PARENT", "A parent"),
    ("SOURCE_ROLE_PRACTITIONER", "You saw or heard it yourself"),
    ("SOURCE_ROLE_PROFESSIONAL", "Another professional"),
];

const HOW: &[Option] = &[
    ("HOW_KNOWN_SAW", "Saw it"),
    ("HOW_KNOWN_DID", "Did it"),
    ("HOW_KNOWN_EXPERIENCED", "It was done to them"),
    ("HOW_KNOWN_TOLD_TO_FACE_BY_PERSON_CONCERNED", "The person concerned told them to their face"),
    ("HOW_KNOWN_HEARD_DIRECTLY", "Heard or overheard the person concerned"),
    ("HOW_KNOWN_MESSAGE_FROM_PERSON_CONCERNED", "Had a message from the person concerned"),
    ("HOW_KNOWN_SAW_OWN_POST_OF_PERSON_CONCERNED", "Saw the own post of the person concerned"),
    ("HOW_KNOWN_TOLD_BY_OTHER", "Somebody else told them"),
    ("HOW_KNOWN_RUMOUR", "Rumour"),
    ("HOW_KNOWN_GROUP_CHAT", "A group chat"),
    ("HOW_KNOWN_EVERYONE_KNOWS", "\"Everyone knows\""),
];
