//! Months as other languages write them, and in Roman figures.

/// The months in the order of the year, each by its Roman figure and its names without their accents. What English has too is not
/// among them.
const MONTHS: [&str; 12] = [
    "i janvier enero janeiro gennaio januar styczen stycznia ianuarie janar ocak",
    "ii fevrier febrero fevereiro febbraio februar luty lutego februarie shkurt subat",
    "iii mars marzo marco marz maerz marzec marca martie mart",
    "iv avril abril aprile kwiecien kwietnia aprilie prill nisan",
    "v mai mayo maio maggio maj maja mayis",
    "vi juin junio junho giugno juni czerwiec czerwca iunie qershor haziran",
    "vii juillet julio julho luglio juli lipiec lipca iulie korrik temmuz",
    "viii aout agosto sierpien sierpnia gusht agustos",
    "ix septembre septiembre setembro settembre wrzesien wrzesnia septembrie shtator eylul",
    "x octobre octubre outubro ottobre oktober pazdziernik pazdziernika octombrie tetor ekim",
    "xi novembre noviembre novembro listopad listopada noiembrie nentor kasim",
    "xii decembre diciembre dezembro dicembre dezember grudzien grudnia decembrie dhjetor aralik",
];

/// Every name, as a pattern that takes the longest.
pub(super) fn months() -> String {
    let mut names: Vec<&str> = MONTHS.iter().flat_map(|names| names.split(' ')).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.join("|")
}

/// The number of the month with this name, from one on.
pub(super) fn month(name: &str) -> Option<i16> {
    (1..).zip(MONTHS).find(|(_, names)| names.split(' ').any(|known| known == name)).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_known_in_other_languages_and_in_figures() {
        assert_eq!((month("listopada"), month("xi"), month("novembre")), (Some(11), Some(11), Some(11)));
        assert!(month("november").is_none() && months().starts_with("pazdziernika|"));
    }
}
