//! Words with a meaning of their own: names that are also words, titles, family, parts of addresses and of names.

use std::sync::LazyLock;

use super::{ascii::has_more_than, lexicon::is_english, table::WordTable};

/// True for an ordinary English word or month that is also a name: only its capital makes it one.
pub(super) fn is_ordinary(word: &str) -> bool {
    !has_more_than(2, word) || KNOWN.get(word) & (FUNCTION | ORDINARY) != 0 || is_english(word)
}

/// True for two letters that are no word and no common abbreviation: "jo", "li". Also written small they are a name.
pub(super) fn is_no_word(piece: &str) -> bool {
    piece.chars().count() == 2
        && KNOWN.get(piece) & (FUNCTION | ORDINARY | TITLE) == 0
        && !OF_TWO_LETTERS.contains(&piece)
}

/// Words and abbreviations of two letters.
const OF_TWO_LETTERS: &[&str] = &[
    "ah", "am", "an", "as", "at", "aw", "be", "by", "do", "dr", "eg", "eh", "er", "et", "ex", "go", "ha", "he", "hi",
    "hm", "ho", "ie", "if", "in", "is", "it", "la", "lo", "ma", "me", "mm", "mr", "ms", "my", "no", "of", "oh", "ok",
    "on", "or", "ow", "ox", "pa", "pc", "pm", "re", "so", "st", "to", "tv", "uh", "uk", "um", "up", "us", "vs", "we",
    "ye", "yo",
];

/// True for words that stand in nearly every sentence: alone they are never read as a name at the start of one.
pub(super) fn is_function(word: &str) -> bool {
    KNOWN.get(word) & FUNCTION != 0
}

/// True for a title before a name.
pub(super) fn is_title(word: &str) -> bool {
    KNOWN.get(word) & TITLE != 0
}

/// True for particles of a name that name nobody alone.
pub(super) fn is_particle(word: &str) -> bool {
    KNOWN.get(word) & PARTICLE != 0
}

/// True for a word for family.
pub(super) fn is_family(word: &str) -> bool {
    KNOWN.get(word) & FAMILY != 0
}

/// True for a word of the name of an institution that says what kind it is, not which.
pub(super) fn is_institution(word: &str) -> bool {
    KNOWN.get(word) & INSTITUTION != 0
}

/// True for a word around the name of a council that is not its name.
pub(super) fn is_council(word: &str) -> bool {
    KNOWN.get(word) & COUNCIL != 0
}

/// True for a piece of a name that names nobody alone: a title, a particle, a word for family or for somebody unknown.
pub(super) fn is_nameless(piece: &str) -> bool {
    KNOWN.get(piece) & (TITLE | PARTICLE | FAMILY | NAMELESS) != 0
}

/// False for what a form has behind a name to say that more of it is not known, or what somebody is: "Kane unknown".
pub(super) fn may_be_surname(nameless: &str) -> bool {
    !matches!(
        nameless,
        "another"
            | "female"
            | "given"
            | "known"
            | "male"
            | "named"
            | "name"
            | "names"
            | "older"
            | "other"
            | "person"
            | "police"
            | "staff"
            | "the"
            | "unidentified"
            | "unknown"
            | "unnamed"
            | "worker"
            | "year"
            | "younger"
    ) && (!is_family(nameless) || matches!(nameless, "nana" | "carer" | "cousin" | "nanny"))
}

/// True when `before` shows that `word`, written small, is a word and not a name: "the brook", "very frank", "in june".
pub(super) fn makes_a_word(before: &str, word: &str) -> bool {
    let season = matches!(
        word,
        "april" | "may" | "june" | "july" | "august" | "easter" | "spring" | "summer" | "autumn" | "winter" | "march"
    );
    KNOWN.get(before) & BEFORE_A_WORD != 0
        || season && matches!(before, "in" | "since" | "until" | "till" | "during" | "by")
}

const FUNCTION: u64 = 1;
const ORDINARY: u64 = 2;
const TITLE: u64 = 4;
const PARTICLE: u64 = 8;
const BEFORE_A_WORD: u64 = 16;
const FAMILY: u64 = 32;
const INSTITUTION: u64 = 64;
const COUNCIL: u64 = 128;
const NAMELESS: u64 = 256;

/// The words of these kinds, in one table: every word of a name and many of a text are asked for.
static KNOWN: LazyLock<WordTable> = LazyLock::new(|| {
    let lists = [
        (FUNCTION, FUNCTION_WORDS),
        (ORDINARY, ORDINARY_WORDS),
        (TITLE, TITLES),
        (PARTICLE, PARTICLES),
        (BEFORE_A_WORD, WORDS_BEFORE_A_WORD),
        (INSTITUTION, INSTITUTION_WORDS),
        (COUNCIL, COUNCIL_WORDS),
        (NAMELESS, NAMELESS_WORDS),
    ];
    let mut table = WordTable::with_capacity(500);
    for (kind, list) in lists {
        list.split_whitespace().for_each(|word| table.add(word, kind));
    }
    family().for_each(|word| table.add(word, FAMILY));
    table
});

const WORDS_BEFORE_A_WORD: &str = "\
     a an the this that these those each every some any no my your his her its our their last next be been being very \
     quite more most too";

/// Words for family, as they stand in a fold.
pub(super) fn family() -> impl Iterator<Item = &'static str> {
    "mum, mummy, mums, mam, mom, mother, dad, daddy, dads, father, parent, parents, step-dad, stepdad, step-father, \
     stepfather, step-mum, stepmum, step-mother, stepmother, brother, brothers, sister, sisters, half-brother, half- \
     sister, step-brother, stepbrother, step-sister, stepsister, sibling, siblings, twin, nan, nana, nanna, nanny, \
     gran, granny, grandma, grandmother, grandad, granddad, grandpa, grandfather, grandparents, aunt, auntie, aunty, \
     uncle, cousin, cousins, niece, nephew, guardian, foster carer, foster carers, foster mother, foster mum, foster \
     father, foster dad, foster parents, foster home, carer, carers, boyfriend, girlfriend"
        .split(", ")
}

/// Words for institutions that are written short.
pub(super) const SHORT_INSTITUTION: &[(&str, &str)] = &[
    ("house", "hse"),
    ("academy", "acad"),
    ("school", "sch"),
    ("lodge", "ldg"),
    ("cottage", "cott"),
    ("college", "coll"),
];

/// Types of street and building, with their short forms.
pub(super) const STREET_TYPES: &[(&str, &[&str])] = &[
    ("avenue", &["ave", "av"]),
    ("close", &["cl"]),
    ("cottages", &[]),
    ("court", &["ct", "crt"]),
    ("crescent", &["cres", "cresc"]),
    ("drive", &["dr"]),
    ("estate", &["est"]),
    ("gardens", &["gdns", "gdn"]),
    ("grove", &["gr", "gro"]),
    ("hill", &["hl"]),
    ("house", &["hse"]),
    ("lane", &["ln", "la"]),
    ("mews", &[]),
    ("parade", &["pde"]),
    ("park", &["pk"]),
    ("place", &["pl"]),
    ("rise", &[]),
    ("road", &["rd"]),
    ("row", &[]),
    ("square", &["sq"]),
    ("street", &["st", "str"]),
    ("terrace", &["ter", "terr", "tce"]),
    ("tower", &["twr"]),
    ("walk", &["wlk"]),
    ("way", &["wy"]),
];

// Words that say what kind of institution a name is of, not which.
const INSTITUTION_WORDS: &str = "\
     the school academy college primary secondary high junior infant infants pru sixth form nursery children's \
     childrens children home house unit centre lodge residential placement foster";

// Words around the name of a council that are not its name.
const COUNCIL_WORDS: &str = "\
     london borough royal city council of the lb rb county metropolitan district children's childrens services social \
     care trust and for team";

// Words in the name field of somebody whose name is not known: they name nobody alone.
const NAMELESS_WORDS: &str = "\
     adult another boy child female friend gentleman girl given guy known lad lady little male man men name named \
     names older other person police staff the unidentified unknown unnamed woman worker year younger youth";

const FUNCTION_WORDS: &str = "\
     a am an and any are as at be but by can come do for get go got had has he her him his how i if in is it its like \
     may me my no not now of on one or our out see she so some than that the them then they this to too up us was we \
     well what when who why will you";

const ORDINARY_WORDS: &str = "\
     april art ash august autumn baker barber bay bear bell berry best bill birch bird bishop black blue bond bones \
     book booth bow boy bridge bridges brook brooks brown buck bull burns bush butcher carpenter case cash chance \
     charity chase chef cherry clay cliff coal cook coral cotton cross dawn day days dean diamond dice doll dove drew \
     duke dusty easter faith farmer fern field fields fisher flash flood ford forest foster fox frank freeman fresh \
     frost gardener gay ghost gift ginger gold good grace grant gray green grey ground guest guy hall hand hardy \
     haven head heaven hill hills honey hood hook hope hunt jewel joy judge july june justice key keys king kite \
     knight lake lamb lane large lefty little long love lucky march mark marks marsh mercy miles mill miller mills \
     mint monk moon moor moss noble north oak olive page park parks parrot penny pepper pike pole pool pop porter \
     power price prince prior queen rain rich rider river rivers rock rocky rose rush rusty savage sharp short shy \
     silver singer skip sky slim small smart smiley smoke snow south sparks spring steel stock stone storm street \
     stretch strong summer summers sunny swift tall tiger tiny town tricks turner victory walker wall ward ware water \
     waters wells west white winter winters wise wolf wood woods young";

const TITLES: &str = "\
     aunt auntie aunty cllr councillor dc detective dr ds lady lord miss mr mrs ms mx officer pc prof professor rev \
     sergeant sgt sir uncle";

const PARTICLES: &str =
    "abu al ap bin bint da de del della den der di dos du el fitz ibn la le mac mc ni o st ter ul van von y";
