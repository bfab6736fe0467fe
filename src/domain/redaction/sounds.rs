//! How names sound, over the spellings of many languages.

/// How a name sounds, coarsely and over the spellings of many languages: equal sounds may be one name.
pub(super) fn sound_of(letters: &[char]) -> String {
    let mut out = String::with_capacity(letters.len());
    let mut at = 0;
    while at < letters.len() {
        let (sound, step) = sound_at(letters, at);
        if step > 0 {
            sound.chars().for_each(|c| push_once(&mut out, c));
            at += step;
        } else {
            push_once(&mut out, letters[at]);
            at += 1;
        }
    }
    out
}

/// What the sound of `letters`, which are some, begins with.
pub(super) fn first_sound(letters: &[char]) -> char {
    sound_at(letters, 0).0.chars().next().unwrap_or(letters[0])
}

/// The sound at `at` and for how many letters it stands; none where the letter itself does.
fn sound_at(letters: &[char], at: usize) -> (&'static str, usize) {
    match (letters[at], letters.get(at + 1).copied()) {
        ('p', Some('h')) => ("f", 2),
        ('c' | 'k', Some('k' | 'h')) | ('q', Some('u')) => ("k", 2),
        ('g', Some('h')) => ("g", 2),
        ('t', Some('h')) => ("t", 2),
        ('d', Some('h')) => ("d", 2),
        ('c', Some('e' | 'i' | 'y')) => ("s", 1),
        ('g', Some('e' | 'i' | 'y')) => ("y", 1),
        ('o', Some('o' | 'u')) => ("u", 2),
        ('e', Some('e' | 'a' | 'y' | 'i')) | ('i', Some('e')) => ("i", 2),
        ('a', Some('i' | 'y' | 'a' | 'e')) => ("a", 2),
        ('c' | 'q', _) => ("k", 1),
        ('z', _) if at > 0 => ("s", 1),
        ('j', _) => ("y", 1),
        ('w', _) => ("v", 1),
        ('x', _) => ("ks", 1),
        ('y', _) if at > 0 => ("i", 1),
        ('h', _) if at > 0 => ("", 1),
        ('e', None) if at > 2 => ("", 1),
        _ => ("", 0),
    }
}

fn push_once(out: &mut String, c: char) {
    if !out.ends_with(c) {
        out.push(c);
    }
}

/// "Zulaikha" and "Zuleika": of six sounds or more one, which is no beginning, is another vowel.
pub(super) fn is_one_vowel_from(one: &str, other: &str) -> bool {
    let mut differing = one.bytes().zip(other.bytes()).enumerate().filter(|(_, (one, other))| one != other);
    let vowel = |byte: u8| matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u');
    let first = differing.next();
    one.len() >= 6
        && one.len() == other.len()
        && first.is_some_and(|(at, (one, other))| at > 0 && vowel(one) && vowel(other))
        && differing.next().is_none()
}
