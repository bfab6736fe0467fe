//! Who told, by what a text says of them: the informant goes, and whom they told of stays.

use super::fixture::engine;
use crate::domain::redaction::Lens;

fn seen(text: &str) -> String {
    let mut engine = engine();
    engine.read(&[text], None);
    engine.finish(text, Lens::Mpu).text
}

#[test]
fn the_informant_goes_and_whom_they_told_of_stays() {
    for text in [
        "Perpetua reported Osric without giving a name, anonymously.",
        "Perpetua is frightened that Osric will find out she talked.",
        "Perpetua does not want Osric to know she snitched.",
        "Perpetua does not want osric to know she snitched. Osric sells.",
        "Perpetua doesn't want anybody to know that it was her who told. Osric drives the van.",
        "Perpetua said that Osric sells. Please keep her name out of this.",
        "Perpetua told him that Osric sells. She begged Ellie not to say.",
        "Ellie only knows this because Perpetua told her. Osric sells.",
        "Osric beat Perpetua because she told.",
        "Perpetua was beaten by Osric because she grassed.",
        "Perpetua whispered this to the worker. Osric was outside.",
        "Perpetua told her tutor that Osric waits at the gate.",
        "We got this off Perpetua at the bus stop. Osric sells there.",
        "We heard that off Perpetua. Osric sells there.",
        "Perpetua told us about Osric in confidence.",
        "Perpetua snitched on Osric.",
        "Perpetua saw Osric. He must not find out that she told us.",
        "Perpetua was with Osric. Perpetua told us he did not do it.",
        "Perpetua told us not to tell anyone. Osric sells.",
        "Perpetua told us to look under the stairs. Osric sells.",
    ] {
        let seen = seen(text);
        assert!(!seen.contains("Perpetua") && seen.contains("Osric"), "{text}: {seen}");
    }
}

#[test]
fn who_was_told_and_who_silences_did_not_tell() {
    for text in [
        "Perpetua told PC Osric in confidence.",
        "Perpetua spoke to her teacher Mrs Osric in strict confidence.",
        "Osric told Ellie not to tell anyone. Perpetua told us that.",
        "Osric told Ellie that he would hurt her if she told.",
        "Osric told her to bring the bag.",
        "Osric reported Ellie missing.",
        "Osric does not know it was Perpetua.",
        "Osric told us he did not do it. Perpetua told us that.",
        "Osric told school that he didn't touch her. Perpetua told us that.",
        "Osric told staff he would burn the place down. Perpetua told us that.",
        "Osric told the social worker to stay away. Perpetua told us that.",
        "Osric told her to keep quiet. Perpetua told us that.",
        "Osric told her not to tell. Perpetua told us that.",
        "Osric told Ellie he'd hurt her if she told school. Perpetua told us that.",
    ] {
        let seen = seen(text);
        assert!(seen.contains("Osric"), "{text}: {seen}");
        assert!(!seen.contains("Perpetua"), "{text}: {seen}");
    }
}
