//! A folded text as a reader takes it: words, what is known of each, sentences and rows.

use std::ops::Range;

use super::{
    ascii::PIECE,
    fold::{Casing, Folded},
    lexicon::{Flags, Lexicon, WordList},
    squeezed::offset,
    words::is_function,
};

/// One word: a run of letters and digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    start: u32,
    end: u32,
    /// What is known of it.
    pub flags: Flags,
    /// How it is written.
    pub letters: Letters,
    /// What divides it from the word before.
    pub gap: Gap,
    /// The number of its sentence.
    pub sentence: u32,
}

/// How a word is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// All small.
    Small,
    /// A capital, then small letters; or a script without case.
    Capital,
    /// All capitals, two or more.
    Capitals,
    /// With digits in it.
    Digits,
    /// Part of a replacement made earlier.
    Label,
}

/// What stands between two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// White space, or nothing.
    Space,
    /// An apostrophe.
    Apostrophe,
    /// A hyphen without space.
    Hyphen,
    /// A full stop and a space, inside a sentence: "J. Peel".
    Stop,
    /// A comma.
    Comma,
    /// Anything else.
    Sign,
    /// The end of a sentence or row.
    End,
}

/// One sentence: a range of words, and how it is written.
#[derive(Debug, Clone)]
pub(super) struct Sentence {
    /// Its words.
    pub words: Range<usize>,
    /// The number of its row.
    pub row: u32,
    /// Whether capitals say anything in it.
    pub casing: Casing,
}

/// The words and sentences of one text.
pub(super) struct Prose<'f> {
    /// The text.
    pub folded: &'f Folded<'f>,
    /// Its words.
    pub words: Vec<Word>,
    /// Its sentences.
    pub sentences: Vec<Sentence>,
    /// The phrases of the lexicon in it, and where they stand in the folded text.
    pub phrases: Vec<(WordList, Range<usize>)>,
    /// For each byte of the folded text up to the end of the last word: the first word that ends after it.
    at_byte: Vec<u32>,
}

impl Word {
    /// Its range in the folded text.
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// True when it is in `list`.
    pub fn is(&self, list: WordList) -> bool {
        self.flags.is(list)
    }

    /// In a text without capitals only words that are rather names than function words are tried.
    pub fn is_capital_or_common(&self, text: &str) -> bool {
        is_function(text) || self.flags.any(&[WordList::Going, WordList::BeforePlace])
    }

    /// True when it is written as a name is.
    pub fn is_capital(&self) -> bool {
        matches!(self.letters, Letters::Capital | Letters::Capitals)
    }
}

impl<'f> Prose<'f> {
    /// Reads `folded` with the words of `lexicon`.
    pub fn new(folded: &'f Folded<'f>, lexicon: &Lexicon) -> Self {
        let mut prose = Self {
            folded,
            words: Vec::with_capacity(folded.squeezed.runs().len()),
            sentences: Vec::with_capacity(folded.squeezed.runs().len() / 6 + 1),
            phrases: Vec::with_capacity(folded.squeezed.runs().len() / 6),
            at_byte: Vec::with_capacity(folded.text.len() + PIECE),
        };
        let mut at = 0;
        let mut rows = Rows::default();
        for (range, numbered) in folded.squeezed.runs() {
            let gap = match rows.gap(folded, at..range.start) {
                Gap::Space if prose.says_full_stop() => Gap::End,
                gap => gap,
            };
            let word = prose.word(range.clone(), numbered, gap, lexicon);
            if word.flags.begins_phrase() {
                lexicon.phrases_at(&folded.text, range.start, &mut prose.phrases);
            }
            prose.put(word, rows.row);
            at = range.end;
        }
        lexicon.other_phrases(&folded.text, &mut prose.phrases);
        prose.close();
        prose
    }

    /// True when the last two words are a full stop that was dictated.
    fn says_full_stop(&self) -> bool {
        let end = self.words.len();
        let last = |length: usize| self.words[end - 1].range().len() == length;
        end > 2
            && last(4)
            && self.text(end - 1) == "stop"
            && self.text(end - 2) == "full"
            && self.words[end - 1].gap == Gap::Space
    }

    fn word(&self, range: Range<usize>, numbered: bool, gap: Gap, lexicon: &Lexicon) -> Word {
        let text = &self.folded.text[range.clone()];
        let letters = self.letters(&range, numbered);
        let flags = if letters == Letters::Digits { Flags::default() } else { lexicon.flags(text) };
        Word { start: offset(range.start), end: offset(range.end), flags, letters, gap, sentence: 0 }
    }

    fn letters(&self, range: &Range<usize>, numbered: bool) -> Letters {
        if self.folded.at_label(range.start) {
            return Letters::Label;
        }
        if numbered {
            return Letters::Digits;
        }
        if !self.folded.is_capital(range.start) {
            return Letters::Small;
        }
        let text = &self.folded.text[range.clone()];
        let mut rest = text.char_indices().skip(1).map(|(at, _)| range.start + at).peekable();
        let more = rest.peek().is_some();
        let all = rest.all(|at| self.folded.is_capital(at) && self.folded.written(at).is_some_and(char::is_uppercase));
        if more && all { Letters::Capitals } else { Letters::Capital }
    }

    fn put(&mut self, mut word: Word, row: u32) {
        if word.gap == Gap::End || self.sentences.is_empty() {
            self.close();
            self.sentences.push(Sentence {
                words: self.words.len()..self.words.len(),
                row,
                casing: self.folded.casing,
            });
        }
        word.sentence = offset(self.sentences.len() - 1);
        fill_to(&mut self.at_byte, word.end as usize, offset(self.words.len()));
        self.words.push(word);
    }

    /// Ends the last sentence and sees how it is written.
    fn close(&mut self) {
        let end = self.words.len();
        let Some(last) = self.sentences.last_mut() else { return };
        last.words.end = end;
        if last.casing != Casing::Mixed {
            return;
        }
        let (mut small, mut capital, mut capitals, mut replaced) = (0, 0, 0, 0);
        for word in &self.words[last.words.clone()] {
            match word.letters {
                Letters::Small => small += 1,
                Letters::Capital => capital += 1,
                Letters::Capitals => capitals += 1,
                Letters::Label => replaced += usize::from(self.folded.text[..word.range().start].ends_with('[')),
                Letters::Digits => {}
            }
        }
        // In a sentence of capitals a replacement stands for capitals too.
        let shouted = capitals + if capitals > 1 { replaced } else { 0 };
        if shouted >= 4 && capitals > 2 * (small + capital) {
            last.casing = Casing::Upper;
        } else if small >= 4 && capital + capitals == 0 {
            last.casing = Casing::Lower;
        }
    }

    /// The text of word `at`.
    pub fn text(&self, at: usize) -> &str {
        &self.folded.text[self.words[at].range()]
    }

    /// The sentence of word `at`.
    pub fn sentence(&self, at: usize) -> &Sentence {
        &self.sentences[self.words[at].sentence as usize]
    }

    /// True when word `at` begins its sentence.
    pub fn begins(&self, at: usize) -> bool {
        self.sentence(at).words.start == at
    }

    /// The word before `at` in its sentence.
    pub fn before(&self, at: usize) -> Option<usize> {
        at.checked_sub(1).filter(|_| !self.begins(at))
    }

    /// The word after `at` in its sentence.
    pub fn after(&self, at: usize) -> Option<usize> {
        Some(at + 1).filter(|&next| next < self.sentence(at).words.end)
    }

    /// The first word that ends after byte `at`.
    pub fn word_at(&self, at: usize) -> usize {
        self.at_byte.get(at).map_or(self.words.len(), |&word| word as usize)
    }

    /// The words on which `bytes` lies; the first word behind where it lies on none.
    pub fn words_on(&self, bytes: &Range<usize>) -> Range<usize> {
        let start = self.word_at(bytes.start);
        let last = self.word_at(bytes.end.saturating_sub(1));
        let on_last = self.words.get(last).is_some_and(|word| (word.start as usize) < bytes.end);
        start..usize::max(start, last + usize::from(on_last))
    }

    /// The bytes that sentence `number` covers, from its first word to the next sentence.
    pub fn bytes(&self, number: usize) -> Range<usize> {
        let start =
            |number: usize| self.sentences.get(number).map(|sentence| self.words[sentence.words.start].range().start);
        let start_here = if number == 0 { 0 } else { start(number).unwrap_or(self.folded.text.len()) };
        start_here..start(number + 1).unwrap_or(self.folded.text.len())
    }
}

/// Fills `out` to this `length` with `value`, a piece of a fixed size at once: most words are short.
#[inline]
fn fill_to(out: &mut Vec<u32>, length: usize, value: u32) {
    while out.len() < length {
        out.extend_from_slice(&[value; PIECE]);
    }
    out.truncate(length);
}

/// Counts rows: lines that are not just the continuation of the line before.
#[derive(Default)]
struct Rows {
    row: u32,
    line_start: usize,
}

impl Rows {
    /// What divides two words.
    fn gap(&mut self, folded: &Folded<'_>, between: Range<usize>) -> Gap {
        match folded.text.as_bytes()[between.clone()] {
            [] => return Gap::Space,
            [sign] if sign != b' ' || folded.is_plain_space(between.start) => return one_sign(sign),
            _ => {}
        }
        let breaks = between.clone().filter(|&at| folded.text.as_bytes()[at] == b' ').map(|at| folded.lines_at(at));
        let lines = breaks.max().unwrap_or(0);
        if lines > 0 {
            let wrapped = lines == 1 && is_wrap(folded, &between, between.start - self.line_start.min(between.start));
            self.line_start = between.end;
            if !wrapped {
                self.row += 1;
                return Gap::End;
            }
        }
        // A tab divides cells.
        let cells = between.clone().any(|at| folded.text.as_bytes()[at] == b' ' && folded.written(at) == Some('\t'));
        if cells { Gap::Comma } else { several_signs(folded, &between) }
    }
}

fn one_sign(sign: u8) -> Gap {
    match sign {
        b' ' => Gap::Space,
        b'\'' => Gap::Apostrophe,
        b'-' => Gap::Hyphen,
        b',' => Gap::Comma,
        _ => Gap::Sign,
    }
}

fn several_signs(folded: &Folded<'_>, between: &Range<usize>) -> Gap {
    let signs = folded.text[between.clone()].trim();
    match signs {
        "" => Gap::Space,
        "," => Gap::Comma,
        "'" => Gap::Apostrophe,
        "-" => Gap::Sign,
        "." if is_abbreviation(&folded.text[..between.start]) => Gap::Stop,
        _ if signs.contains(['.', '!', '?', '|', ';', '\u{2022}']) && folded.text[between.clone()].contains(' ') => {
            Gap::End
        }
        _ => Gap::Sign,
    }
}

/// True when a full stop after `before` does not end a sentence: an initial or a title.
fn is_abbreviation(before: &str) -> bool {
    let start = before.rfind(|c: char| !c.is_alphanumeric()).map_or(0, |at| at + 1);
    let word = before.get(start..).unwrap_or_default();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic) && word != "i";
    initial
        || matches!(
            word,
            "mr" | "mrs"
                | "ms"
                | "dr"
                | "prof"
                | "rev"
                | "st"
                | "sgt"
                | "insp"
                | "cllr"
                | "no"
                | "nr"
                | "approx"
                | "tel"
                | "mob"
                | "ref"
                | "reg"
                | "dob"
                | "inc"
        )
}

/// True when a line break only wraps a long line: nothing ends before it and nothing of its own begins after it.
fn is_wrap(folded: &Folded<'_>, between: &Range<usize>, line: usize) -> bool {
    let signs = folded.text[between.clone()].trim();
    if signs.contains(['.', '!', '?', ':', ';', '*', '#', '>', '|', '=', '[', '\u{2022}'])
        || signs.ends_with('-') && signs.len() > 1
        // A point of a list, and not a word that is broken over two lines.
        || signs == "-" && folded.text[between.clone()].starts_with(' ')
    {
        return false;
    }
    let next = &folded.text[between.end..];
    let head = next.char_indices().nth(40).map_or(next, |(end, _)| &next[..end]);
    let is_key =
        head.find(':').is_some_and(|at| head[..at].split(' ').count() <= 4 && !head[..at].contains([',', '.', '(']));
    let is_time = head.len() > 4
        && head.as_bytes()[..2].iter().all(u8::is_ascii_digit)
        && matches!(head.as_bytes()[2], b':' | b'/');
    // "2;Jo", "3) Jo".
    let number = head.bytes().take_while(u8::is_ascii_digit).count();
    let is_numbered = (1..=3).contains(&number) && matches!(head.as_bytes().get(number), Some(b';' | b')' | b'|'));
    // "He", "The" behind the end of a line: inside a sentence it is written small.
    let word = next.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let begins = folded.casing == Casing::Mixed && folded.is_capital(between.end) && is_function(word) && word != "i";
    if is_key || is_time || is_numbered || begins {
        return false;
    }
    // A line of middling length that a capital follows is one of a list; a short one was broken by accident.
    !(24..40).contains(&line) || !folded.is_capital(between.end) || !signs.is_empty()
}
