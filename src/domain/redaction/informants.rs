//! Who told, where it is said by way of who must not know, who was told or why somebody suffers for it.

use std::ops::Range;

use super::{
    lexicon::WordList,
    named::Named,
    policy::EffectiveRole,
    prose::Gap,
    sources::{Near, Said},
};

/// Words further off than this are of another clause.
const CLAUSE: usize = 12;

impl Near<'_, '_> {
    /// Whose the confidence of the phrase at `cue` is.
    pub fn in_confidence(&self, cue: &Range<usize>) -> Option<&Named> {
        if self.is_silenced(cue) {
            return None;
        }
        let ahead = self.looks_ahead(cue);
        if (ahead || self.keeps_from_somebody(cue))
            && let Some(mention) = self.after(cue.end, 6)
        {
            return Some(mention);
        }
        match self.before(cue.start, if ahead { 8 } else { CLAUSE }) {
            Some(last) if last.end == cue.start && self.keeps_from_somebody(cue) => self.other_than(last),
            Some(last) => self.speaker(last),
            None => self.after(cue.end, 3).filter(|_| !ahead).or_else(|| self.subject_before(cue.start)),
        }
    }

    /// `mention`, or who speaks to them or of them: "Jo told PC Ali in confidence", "Jo spoke about Kane in confidence".
    fn speaker<'s>(&'s self, mention: &'s Named) -> Option<&'s Named> {
        let Some(before) = self.word_before(mention) else { return Some(mention) };
        let verb = self.verb_of(before);
        let at = match (self.prose.text(before), verb) {
            ("about" | "against" | "on", _) => before,
            (_, Some(verb)) if !self.is_ours(verb) => verb,
            _ => return Some(mention),
        };
        self.before(at, 8).filter(|other| other.person != mention.person).or_else(|| self.subject_before(at))
    }

    /// The word before `mention`, its titles and trades left out: "told" in "told her teacher Mrs Ali".
    fn word_before(&self, mention: &Named) -> Option<usize> {
        let mut at = self.prose.before(mention.start)?;
        for _ in 0..3 {
            let word = &self.prose.words[at];
            let people = word.flags.any(&[WordList::Title, WordList::Professional, WordList::People]);
            if !people && !matches!(self.prose.text(at), "the" | "her" | "his" | "their" | "my" | "our" | "a") {
                break;
            }
            at = self.prose.before(at)?;
        }
        Some(at)
    }

    /// The verb of telling whose object begins behind word `at`: "told", "spoke to".
    fn verb_of(&self, at: usize) -> Option<usize> {
        let to = matches!(self.prose.text(at), "to" | "with");
        let verb = if to { self.prose.before(at)? } else { at };
        let word = &self.prose.words[verb];
        // "..., said Jo in confidence".
        let inverted = !to && matches!(self.prose.text(verb), "said" | "says");
        (word.flags.any(&[WordList::Telling, WordList::Bringing]) && !inverted).then_some(verb)
    }

    /// "We rang", "the worker asked": whoever was asked is who told.
    fn is_ours(&self, verb: usize) -> bool {
        self.prose.before(verb).is_some_and(|at| {
            matches!(self.prose.text(at), "we" | "i" | "worker" | "staff" | "officer" | "officers" | "team" | "police")
        })
    }

    /// "Kane warned her not to say": whoever silences somebody did not tell.
    fn is_silenced(&self, cue: &Range<usize>) -> bool {
        let text = |at: usize| self.prose.text(at);
        let says = text(cue.start) == "not" && cue.len() > 2 && matches!(text(cue.start + 2), "say" | "tell");
        let threat = |at: usize| {
            let us = matches!(text(at + 1), "me" | "us" | "staff" | "the" | "this");
            let verb = matches!(
                text(at),
                "told" | "tells" | "warned" | "warns" | "threatened" | "ordered" | "made" | "forced" | "paid"
            );
            verb && !us
        };
        let begins = self.prose.sentence(cue.start).words.start;
        says && (begins.max(cue.start.saturating_sub(4))..cue.start).any(threat)
    }

    /// "must not know", "does not know that": said of who must not know.
    fn keeps_from_somebody(&self, cue: &Range<usize>) -> bool {
        cue.clone().any(|at| matches!(self.prose.text(at), "know" | "find" | "aware"))
            && matches!(self.prose.text(cue.start), "must" | "does" | "is" | "not" | "never")
    }

    /// Who else is mentioned before `mention`: in its sentence, or first in the one before.
    fn other_than(&self, mention: &Named) -> Option<&Named> {
        let number = self.prose.words[mention.start].sentence as usize;
        let from = |word: usize| self.mentions.partition_point(|mention| mention.start < word);
        let here = self.before(mention.start, CLAUSE).filter(|other| other.person != mention.person);
        here.or_else(|| {
            let before = self.prose.sentences[number.checked_sub(1)?].words.clone();
            let first = self.mentions.get(from(before.start))?;
            (first.start < before.end && first.person != mention.person).then_some(first)
        })
    }

    /// Who speaks in "Jo fears Kane will find out she spoke", "Jo doesn't want anyone to know it was her who said", "Kane hit
    /// Jo because she told": of the verb at `cue`, whose subject is no name.
    pub fn unnamed_speaker(&self, cue: &Range<usize>) -> Option<&Named> {
        let pronoun = self.skipped(cue.start, &["who", "that", "had", "has", "have", "ve", "been", "was"])?;
        if !matches!(self.prose.text(pronoun), "he" | "she" | "they" | "her" | "him" | "them") {
            return None;
        }
        let before = self.skipped(pronoun, &["it", "was", "is", "s", "that", "be", "of", "out"])?;
        match self.prose.text(before) {
            "because" | "cos" | "cuz" | "coz" => self.suffers(before, cue),
            "find" | "finds" | "found" | "finding" | "know" | "knows" | "knowing" | "knew" | "hear" | "hears"
            | "learn" | "learns" | "realise" | "realises" | "guess" | "guesses"
                if self.is_feared(before) =>
            {
                self.fears(before)
            }
            "think" | "thinks" | "suspect" | "suspects" | "believes" | "reckons"
                if matches!(self.prose.text(cue.start), "grassed" | "snitched") =>
            {
                self.other_than(self.before(before, 4)?)
            }
            _ => None,
        }
    }

    /// The last word before `at` in its sentence that is none of `small`.
    fn skipped(&self, at: usize, small: &[&str]) -> Option<usize> {
        let mut at = self.prose.before(at)?;
        for _ in 0..3 {
            if !small.contains(&self.prose.text(at)) {
                break;
            }
            at = self.prose.before(at)?;
        }
        Some(at)
    }

    /// True when what is known at word `know` is not to be: "doesn't want him to know", "is scared that they will find out".
    fn is_feared(&self, know: usize) -> bool {
        let begins = self.prose.sentence(know).words.start.max(know.saturating_sub(CLAUSE));
        (begins..know).any(|at| {
            let text = self.prose.text(at);
            matches!(
                text,
                "not"
                    | "t"
                    | "dont"
                    | "doesnt"
                    | "didnt"
                    | "cant"
                    | "mustnt"
                    | "never"
                    | "nobody"
                    | "no"
                    | "anyone"
                    | "anybody"
                    | "afraid"
                    | "scared"
                    | "frightened"
                    | "worried"
                    | "terrified"
                    | "panicking"
                    | "if"
            ) || text.starts_with("fear")
        })
    }

    /// Who fears what is known at word `know`: not who would know it.
    fn fears(&self, know: usize) -> Option<&Named> {
        let last = self.before(know, CLAUSE);
        let Some(last) = last else { return self.subject_before(know) };
        let unnamed = (last.end..know).any(|at| {
            matches!(
                self.prose.text(at),
                "anyone"
                    | "anybody"
                    | "nobody"
                    | "no"
                    | "someone"
                    | "somebody"
                    | "people"
                    | "others"
                    | "everyone"
                    | "him"
                    | "her"
                    | "them"
                    | "he"
                    | "she"
                    | "they"
            )
        });
        // "Jo does not want kane to know", who is written small and nobody known.
        let wanted = |at: &usize| matches!(self.prose.text(*at), "want" | "wants" | "wanted" | "let");
        let small = |at: usize| matches!(self.prose.text(at), "to" | "that" | "will");
        let someone = (last.end..know).rev().find(wanted).is_some_and(|want| !(want + 1..know).all(small));
        if unnamed || someone { Some(last) } else { self.other_than(last) }
    }

    /// Who suffers "because she told".
    fn suffers(&self, because: usize, cue: &Range<usize>) -> Option<&Named> {
        let verb =
            matches!(self.prose.text(cue.start), "told" | "grassed" | "snitched" | "spoke" | "talked" | "reported");
        let sentence = self.prose.sentence(because).words.clone();
        let closed = cue.end >= sentence.end
            || matches!(self.prose.words[cue.end].gap, Gap::Comma | Gap::Sign | Gap::End)
            || matches!(self.prose.text(cue.end), "on" | "about" | "someone" | "people" | "everyone" | "and" | "what");
        let last = self.before(because, 8).filter(|_| verb && closed)?;
        let by = self.prose.before(last.start).is_some_and(|at| self.prose.text(at) == "by");
        let other = self.before(last.start, CLAUSE);
        if by {
            return other;
        }
        let suffering = matches!(self.prose.text(last.end), "was" | "is" | "were" | "got" | "gets" | "has" | "had");
        (other.is_some() || suffering).then_some(last)
    }

    /// Who told it in "Ali knows this because Jo told her".
    pub fn reason_to_know(&self, cue: &Range<usize>) -> Option<&Named> {
        let mention = self.before(cue.start, 1)?;
        let because = self.prose.before(mention.start)?;
        let begins = self.prose.sentence(because).words.start.max(because.saturating_sub(CLAUSE));
        let knows = |at: usize| {
            matches!(self.prose.text(at), "know" | "knows" | "knew" | "aware" | "heard" | "certain" | "sure" | "found")
        };
        let gives = matches!(self.prose.text(because), "because" | "cos" | "cuz" | "coz" | "as" | "since");
        (gives && (begins..because).any(knows)).then_some(mention)
    }

    /// "if she told us": nobody did yet.
    pub fn is_supposed(&self, cue: &Range<usize>) -> bool {
        let pronoun = self.skipped(cue.start, &["ever"]);
        let pronoun = pronoun.filter(|&at| matches!(self.prose.text(at), "he" | "she" | "they"));
        pronoun.and_then(|at| self.prose.before(at)).is_some_and(|at| self.prose.text(at) == "if")
    }

    /// True where a denial, a threat or an order stands at word `at`, behind who is told by the verb at `cue`: "told us he did
    /// not do it", "told staff to back off". What is said of anybody else who is mentioned is none of the speaker's.
    pub fn is_defied(&self, said: &Said, cue: &Range<usize>, at: usize) -> bool {
        let text = |at: usize| self.prose.words.get(at).map_or("", |_| self.prose.text(at));
        if said.begins(WordList::Defying, at).is_some() {
            return true;
        }
        let at = at + usize::from(text(at) == "that");
        let own = matches!(text(at), "he" | "she" | "they" | "i");
        own && said.begins(WordList::Defying, at + 1).is_some() && !self.is_another_meant(cue.start)
    }

    /// True where "he" behind word `at` may be somebody other than who was named last before it: of two who were mentioned.
    fn is_another_meant(&self, at: usize) -> bool {
        let number = self.prose.words[at].sentence as usize;
        let from = self.prose.sentences[number.saturating_sub(1)].words.start.max(at.saturating_sub(2 * CLAUSE));
        let upto = |word: usize| self.mentions.partition_point(|mention| mention.start < word);
        let Some((last, others)) = self.mentions[upto(from)..upto(at)].split_last() else { return false };
        let none = |role| {
            matches!(
                role,
                EffectiveRole::SubjectChild
                    | EffectiveRole::SubjectSource
                    | EffectiveRole::Professional
                    | EffectiveRole::Submitter
            )
        };
        others.iter().any(|other| other.person != last.person && !none(other.role))
    }

    /// True where whoever the verb at `cue` is said of gives somebody away: "reported Kane", "grassed on Kane". Who is
    /// reported missing is not given away.
    pub fn gives_away(&self, cue: &Range<usize>) -> bool {
        let verb = matches!(self.prose.text(cue.end - 1), "reported" | "reports" | "flagged" | "grassed" | "snitched");
        let object = self.after(cue.end, 1);
        let missing = |object: &Named| {
            (object.end..object.end + 2)
                .any(|at| self.prose.words.get(at).is_some_and(|_| matches!(self.prose.text(at), "missing" | "absent")))
        };
        verb && object.is_some_and(|object| !missing(object))
    }
}
