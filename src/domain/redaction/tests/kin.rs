//! The child's family, whom nobody listed: their names and the words for them go from what police read; a person of concern
//! keeps their name, and somebody else's family is theirs.

use super::fixture::engine;
use crate::domain::redaction::Lens;

fn seen(text: &str, lens: Lens) -> String {
    let mut engine = engine();
    engine.read(&[text], None);
    engine.finish(text, lens).text
}

#[test]
fn family_of_the_child_who_told_goes_by_name_and_by_word() {
    for (text, gone) in [
        ("Her little bro Osric knows.", "bro Osric"),
        ("Her auntie Perpetua saw it.", "auntie Perpetua"),
        ("Her nan Mrs Perpetua Wexcombe rang, 9 Tansy Close.", "nan Perpetua Wexcombe Tansy"),
        ("Her gran's name is Perpetua. Perpetua works nights.", "gran Perpetua"),
        ("Her stepmum Perpetua was there.", "stepmum Perpetua"),
        ("Ellie and her sister Perpetua went.", "sister Perpetua"),
        ("Ellie's cousin Osric saw it.", "cousin Osric"),
        ("Her baby brother, little Osric, cries.", "brother Osric"),
        ("Uncle Osric dropped her there.", "Osric"),
        ("Her auntie Perpetua made her tea.", "auntie Perpetua"),
        ("Her sister Perpetua hurt her knee.", "sister Perpetua"),
        ("Her brother Osric hit his head.", "brother Osric"),
        ("Her uncle Osric deals with the school.", "uncle Osric"),
        ("Her cousin Osric was hit by Marcus.", "cousin Osric"),
        ("Her foster carers Perpetua and Osric said so.", "carers Perpetua Osric"),
    ] {
        for lens in [Lens::Item, Lens::Mpu] {
            let seen = seen(text, lens);
            for word in gone.split(' ').filter(|word| lens == Lens::Item || word.starts_with(char::is_uppercase)) {
                assert!(!seen.contains(word), "{text}: {seen}");
            }
        }
    }
}

#[test]
fn a_person_of_concern_and_somebody_elses_family_stay() {
    for (text, kept) in [
        ("Her stepdad Osric beat her.", "Osric"),
        ("Her cousin Osric sells it.", "Osric"),
        ("Her cousin Osric threatened Ellie.", "Osric"),
        ("Her uncle Osric hurt her badly.", "Osric"),
        ("Marcus keeps it at his nan's.", "at his nan's"),
        ("Marcus and his little sister Perpetua went.", "his little sister Perpetua"),
        ("Marcus's cousin Osric drives.", "cousin Osric"),
        ("Osric hit his sister Perpetua.", "Perpetua"),
    ] {
        let seen = seen(text, Lens::Item);
        assert!(seen.contains(kept), "{text}: {seen}");
    }
    let hers = seen("Marcus waits for him at his nan's.", Lens::Item);
    assert!(!hers.contains("nan"), "{hers}");
}
