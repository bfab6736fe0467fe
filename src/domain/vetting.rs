//! Levels of vetting: which stands for which, and which a queue, or a unit on it, asks for. A force's own words, as data.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    queue::QueueId,
    unit::{Audience, Part},
};

/// The levels that are known, and what asks for one. Where nothing asks, nobody needs any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vetting {
    levels: BTreeMap<String, Level>,
    needs: BTreeMap<Asker, Vec<String>>,
}

/// A level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// What people call it.
    pub label: String,
    /// The levels that it stands for besides itself, by their codes.
    pub covers: Vec<String>,
}

/// What asks for a level: work on a kind of queue, or, with a unit, opening that.
pub type Asker = (String, Option<(Part, Audience)>);

/// What one queue asks of whoever is granted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The unit, where it is asked for opening that alone.
    pub unit: Option<(Part, Audience)>,
    /// Any of these will do, and whatever stands for one of them.
    pub any_of: Vec<String>,
    /// The level that is recorded will do.
    pub met: bool,
}

impl Vetting {
    /// These levels, and what asks for them.
    ///
    /// # Errors
    /// A level that is not known, or that covers itself by way of others: every one, with where it is said.
    pub fn new(
        levels: BTreeMap<String, Level>,
        needs: BTreeMap<Asker, Vec<String>>,
    ) -> Result<Self, Vec<(String, String)>> {
        let vetting = Self { levels, needs };
        let wrong = vetting.wrong();
        if wrong.is_empty() { Ok(vetting) } else { Err(wrong) }
    }

    /// Nothing asks for a level.
    pub fn asks_nothing(&self) -> bool {
        self.needs.is_empty()
    }

    /// May whoever is recorded at `level` work on this queue? Where a level is asked for and none recorded, or one that is not
    /// known, they may not.
    pub fn admits(&self, queue: &QueueId, level: Option<&str>) -> bool {
        self.suffices(queue, None, level)
    }

    /// May they open such a unit there, as far as vetting goes?
    pub fn opens(&self, queue: &QueueId, unit: (Part, Audience), level: Option<&str>) -> bool {
        self.admits(queue, level) && self.suffices(queue, Some(unit), level)
    }

    /// Everything that this queue asks for, that for the work first, and whether `level` will do.
    pub fn needs(&self, queue: &QueueId, level: Option<&str>) -> Vec<Need> {
        let of_queue = self.needs.iter().filter(|((kind, _), _)| kind == queue.kind());
        let need = |((_, unit), any_of): (&Asker, &Vec<String>)| Need {
            unit: *unit,
            any_of: any_of.clone(),
            met: self.suffices(queue, *unit, level),
        };
        of_queue.map(need).collect()
    }

    fn suffices(&self, queue: &QueueId, unit: Option<(Part, Audience)>, level: Option<&str>) -> bool {
        match self.needs.get(&(queue.kind().to_owned(), unit)) {
            None => true,
            Some(any_of) => level.is_some_and(|level| {
                let standing_for = self.standing_for(level);
                any_of.iter().any(|one| standing_for.contains(one.as_str()))
            }),
        }
    }

    /// A level that is known, and all that it stands for, by way of others too.
    fn standing_for<'a>(&'a self, level: &'a str) -> BTreeSet<&'a str> {
        let (mut found, mut to_look) = (BTreeSet::new(), vec![level]);
        while let Some(code) = to_look.pop() {
            if let Some(level) = self.levels.get(code)
                && found.insert(code)
            {
                to_look.extend(level.covers.iter().map(String::as_str));
            }
        }
        found
    }

    fn wrong(&self) -> Vec<(String, String)> {
        let unknown = |code: &&String| !self.levels.contains_key(*code);
        let mut wrong = Vec::new();
        for (code, level) in &self.levels {
            let at = format!("vetting_level {code}");
            let no_level = level.covers.iter().filter(unknown);
            wrong.extend(no_level.map(|other| (at.clone(), format!("covers: `{other}` is no level"))));
            if level.covers.iter().any(|other| self.standing_for(other).contains(code.as_str())) {
                wrong.push((at, "covers itself".to_owned()));
            }
        }
        for ((kind, _), any_of) in &self.needs {
            let at = format!("kind {kind}");
            if any_of.is_empty() {
                wrong.push((at.clone(), "vetting: name a level, or leave it out".to_owned()));
            }
            let no_level = any_of.iter().filter(unknown);
            wrong.extend(no_level.map(|other| (at.clone(), format!("vetting: `{other}` is no level"))));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(covers: &[&str]) -> Level {
        Level { label: String::new(), covers: covers.iter().map(|one| (*one).to_owned()).collect() }
    }

    fn levels(rows: &[(&str, &[&str])]) -> BTreeMap<String, Level> {
        rows.iter().map(|(code, covers)| ((*code).to_owned(), level(covers))).collect()
    }

    fn vetting(rows: &[(&str, &[&str])], any_of: &[&str]) -> Result<Vetting, Vec<(String, String)>> {
        let any_of = any_of.iter().map(|one| (*one).to_owned()).collect();
        Vetting::new(levels(rows), [(("MPU".to_owned(), None), any_of)].into())
    }

    #[test]
    fn a_level_stands_for_what_it_covers_by_way_of_others_too_and_for_nothing_else() {
        let rows: &[(&str, &[&str])] = &[("1", &[]), ("2", &["1"]), ("3", &["2"]), ("X", &[])];
        let (queue, other) = (QueueId::of("MPU", "SE"), QueueId::of("MASH", "E09000006"));
        let vetting = vetting(rows, &["2"]).unwrap();
        for (level, enough) in
            [(None, false), (Some("1"), false), (Some("2"), true), (Some("3"), true), (Some("X"), false)]
        {
            assert_eq!(vetting.admits(&queue, level), enough, "{level:?}");
            assert!(vetting.admits(&other, level), "nothing is asked there: {level:?}");
        }
        assert!(!vetting.admits(&queue, Some("of nobody's words")) && !vetting.admits(&queue, Some("")));
    }

    #[test]
    fn a_level_that_is_not_known_or_that_covers_itself_is_named() {
        let told = |rows: &[(&str, &[&str])], any_of: &[&str]| {
            let wrong = vetting(rows, any_of).unwrap_err();
            wrong.into_iter().map(|(at, what)| format!("{at}: {what}")).collect::<Vec<_>>()
        };
        assert_eq!(told(&[("1", &["0"])], &["1"]), ["vetting_level 1: covers: `0` is no level"]);
        assert_eq!(told(&[("1", &[])], &["2"]), ["kind MPU: vetting: `2` is no level"]);
        assert_eq!(told(&[("1", &[])], &[]), ["kind MPU: vetting: name a level, or leave it out"]);
        let round: &[(&str, &[&str])] = &[("1", &["2"]), ("2", &["1"]), ("3", &["2"])];
        assert_eq!(told(round, &["1"]), ["vetting_level 1: covers itself", "vetting_level 2: covers itself"]);
    }
}
