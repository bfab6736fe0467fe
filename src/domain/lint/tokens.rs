//! The words of a text as they are compared: plain, lower-case, whatever letters and invisible characters they were written
//! with, each with the place where it stands.

use std::ops::Range;

use crate::domain::redaction::plain;

/// One word, number or sign of currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    plain: Range<usize>,
    /// Bytes of the original.
    pub range: Range<usize>,
    /// Begins with a capital letter.
    pub capital: bool,
    /// Written in capitals throughout.
    pub capitals: bool,
    /// Counts up where a sentence begins.
    pub sentence: usize,
}

/// A text as words.
pub(super) struct Tokens<'t> {
    /// The original.
    pub original: &'t str,
    plain: String,
    list: Vec<Token>,
}

impl<'t> Tokens<'t> {
    /// Reads `original`, once through.
    pub fn new(original: &'t str) -> Self {
        let out = Self { original, plain: String::new(), list: Vec::new() };
        let mut reader = Reader { out, open: false, ended: false, apart: false, line_breaks: 0, sentence: 0 };
        for (at, c) in original.char_indices() {
            reader.read(at, c);
        }
        reader.out
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Word `at`, plain.
    pub fn word(&self, at: usize) -> &str {
        &self.plain[self.list[at].plain.clone()]
    }

    /// Word `at`, if there are so many.
    pub fn nth(&self, at: usize) -> Option<&str> {
        self.list.get(at).map(|token| &self.plain[token.plain.clone()])
    }

    /// Token `at`.
    pub fn get(&self, at: usize) -> &Token {
        &self.list[at]
    }

    /// What stands between word `at` and the next.
    pub fn gap(&self, at: usize) -> &'t str {
        self.list.get(at + 1).map_or("", |next| &self.original[self.list[at].range.end..next.range.start])
    }

    /// The bytes from the first of `words` to the end of the last.
    pub fn bytes(&self, words: &Range<usize>) -> Range<usize> {
        self.list[words.start].range.start..self.list[words.end - 1].range.end
    }

    /// The words of the sentence that word `at` stands in.
    pub fn sentence(&self, at: usize) -> Range<usize> {
        let number = self.list[at].sentence;
        let start = self.list.partition_point(|token| token.sentence < number);
        start..self.list.partition_point(|token| token.sentence <= number)
    }
}

struct Reader<'t> {
    out: Tokens<'t>,
    /// The last token may go on.
    open: bool,
    /// A sign that ends a sentence was read, and no word after it.
    ended: bool,
    /// White space came after that sign: a point within a number or an address ends no sentence.
    apart: bool,
    line_breaks: usize,
    sentence: usize,
}

impl Reader<'_> {
    fn read(&mut self, at: usize, c: char) {
        let (mut letters, mut other) = (String::new(), false);
        plain(c, |part| match part {
            part if part.is_alphanumeric() => letters.push(part),
            _ => other = true,
        });
        let end = at + c.len_utf8();
        if matches!(c, '£' | '€' | '$') {
            self.open = false;
            self.put(&c.to_string(), at..end, c);
            self.open = false;
        } else if !letters.is_empty() {
            self.put(&letters, at..end, c);
        } else if other && !is_apostrophe(c) {
            self.between(c);
        }
    }

    fn put(&mut self, letters: &str, range: Range<usize>, c: char) {
        let begins = self.out.plain.len();
        self.out.plain.push_str(letters);
        let now = self.out.plain.len();
        match self.out.list.last_mut().filter(|_| self.open) {
            Some(token) => {
                token.plain.end = now;
                token.range.end = range.end;
                token.capitals &= !c.is_lowercase();
            }
            None => {
                self.sentence += usize::from((self.apart || self.line_breaks > 1) && !self.out.list.is_empty());
                let (capital, capitals) = (c.is_uppercase(), !c.is_lowercase());
                self.out.list.push(Token { plain: begins..now, range, capital, capitals, sentence: self.sentence });
            }
        }
        (self.open, self.ended, self.apart, self.line_breaks) = (true, false, false, 0);
    }

    fn between(&mut self, c: char) {
        // Nor does the point of "Op."
        let short = self.out.list.last().is_some_and(|token| token.plain.len() <= 2 && token.capital);
        match c {
            '.' => self.ended = self.ended || !short,
            '!' | '?' => self.ended = true,
            '\n' => self.line_breaks += 1,
            _ => {}
        }
        self.apart |= self.ended && c.is_whitespace();
        self.open = false;
    }
}

/// An apostrophe does not part a word: "children's" and "childrens" are one.
fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '＇' | '`' | '´')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let tokens = Tokens::new(text);
        (0..tokens.len()).map(|at| tokens.word(at).to_owned()).collect()
    }

    #[test]
    fn words_are_plain_whatever_they_were_written_with() {
        assert_eq!(words("Foster-Carer’s £40"), ["foster", "carers", "£", "40"]);
        assert_eq!(words("d\u{200B}is\u{AD}closed ＲＨＩ"), ["disclosed", "rhi"]);
        assert_eq!(words(""), Vec::<String>::new());
    }

    #[test]
    fn each_word_knows_where_it_stands_and_in_which_sentence() {
        let text = "Zoë left. She met Op. Aegis at 3.15!\n\nThen home";
        let tokens = Tokens::new(text);
        let at = |word: &str| (0..tokens.len()).find(|&at| tokens.word(at) == word).unwrap();
        assert_eq!(&text[tokens.get(at("zoe")).range.clone()], "Zoë");
        let sentences: Vec<usize> =
            ["zoe", "she", "aegis", "15", "then"].map(|word| tokens.get(at(word)).sentence).into();
        assert_eq!(sentences, [0, 1, 1, 1, 2]);
        assert_eq!(tokens.sentence(at("met")), at("she")..at("then"));
        assert!(tokens.get(at("aegis")).capital && !tokens.get(at("met")).capital);
    }
}
