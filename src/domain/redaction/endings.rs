//! Names with an ending that a language puts behind them.

/// A name has at least this many letters to be known with an ending behind it.
const FEWEST: usize = 5;

/// Without their accents: of cases ("Nowakowi", "Petrovej"), of wives and daughters ("Nowakówna", "Petraitienė").
const ENDINGS: &[&str] = &[
    "a", "u", "y", "i", "e", "em", "om", "im", "owi", "owa", "owie", "owna", "ovna", "ova", "ovej", "ej", "emu", "ego",
    "iem", "ami", "ach", "ow", "ska", "ene", "iene", "aite", "ute",
];

/// True when `written` is `name` with an ending behind it.
pub(super) fn is_inflected(name: &[char], written: &[char]) -> bool {
    let ending = written.strip_prefix(name).filter(|_| name.len() >= FEWEST);
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| known.chars().eq(ending.iter().copied())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_an_ending_is_the_name_and_a_longer_one_is_not() {
        let inflected = |name: &str, written: &str| {
            is_inflected(&name.chars().collect::<Vec<_>>(), &written.chars().collect::<Vec<_>>())
        };
        assert!(inflected("wilkosz", "wilkoszowi") && inflected("wilkosz", "wilkoszowna"));
        assert!(!inflected("wilkosz", "wilkosz") && !inflected("wilkosz", "wilkoszek") && !inflected("wilk", "wilku"));
    }
}
